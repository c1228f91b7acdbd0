//! What a parked lead says of why nobody takes it is what the last look found: who is gone by now, and which pool it is for.

use std::collections::{BTreeMap, BTreeSet};

use leadline_core::ids::{AttemptId, LeadId};
use leadline_core::lead::{EventKind, Lead, ParkReason};
use leadline_core::routing::Ineligible;
use leadline_runtime::route_record::RouteRecord;
use leadline_store::Key;
use leadline_store::records::Record;
use leadline_store::rows::from_item;

use super::check::Harm;
use super::loads::Loads;
use super::witness::{Scene, short};

/// A look takes no longer, from its first read to its last write.
const LOOK_MS: i64 = 12_000;

/// Where each parked lead keeps what was found first.
#[derive(Default)]
pub(crate) struct Looks {
    first: BTreeMap<LeadId, AttemptId>,
}

impl Looks {
    /// A lead's row was written.
    pub(crate) fn changed(
        &mut self,
        before: Option<&Lead>,
        after: &Lead,
        loads: &Loads,
        scene: &Scene<'_>,
        harm: &mut BTreeSet<Harm>,
    ) {
        if matches!(after.last_event.kind, EventKind::Parked { .. })
            && before.is_none_or(|b| b.version < after.version)
        {
            self.first.insert(after.lead_id.clone(), after.last_event.attempt.clone());
        }
        let waits =
            |lead: &Lead| lead.parked.as_ref().is_some_and(|p| p.reason == ParkReason::NobodyEligible);
        // Only the next look was put off: routing has looked and found nobody. One that is due stands in the row again when
        // what a look wrote is lost to another note, and is had then.
        let is_later = after.wake_at.is_some_and(|at| at.as_millisecond() > scene.now_ms);
        let looked =
            is_later && before.is_some_and(|b| b.version == after.version && b.wake_at != after.wake_at);
        let Some(parked) = after.parked.as_ref().filter(|_| looked && waits(after)) else { return };
        let attempt = parked.looked.as_ref().or_else(|| self.first.get(&after.lead_id));
        let Some(record) = attempt.and_then(|attempt| record(after, attempt, scene)) else { return };
        let mut wrong = |what: String| {
            harm.insert(Harm::Drift(format!("{} is parked and says {what}", short(&after.lead_id))));
        };
        if let Some(first) = record.pools.first().filter(|first| first.pool_id != parked.pool_id) {
            wrong(format!("that it is for {}, and waits for {}", first.pool_id, parked.pool_id));
        }
        for member in record.pools.iter().flat_map(|pool| &pool.fell_out) {
            let is_away = loads.is_away_since(&member.rep_id, scene.now_ms - LOOK_MS);
            use Ineligible::{Absent, AlreadyTried, Away, Inactive, OtherLanguage, Unskilled};
            let fits = match is_away {
                // On leave besides, or out of the question for this lead anyway.
                Some(true) => {
                    matches!(member.why, Away | Inactive | Absent | AlreadyTried | OtherLanguage | Unskilled)
                }
                Some(false) => !matches!(member.why, Away | Inactive),
                None => true,
            };
            if !fits {
                wrong(format!("that {} {}", member.rep_id, member.why.words()));
            }
        }
    }
}

fn record(lead: &Lead, attempt: &AttemptId, scene: &Scene<'_>) -> Option<RouteRecord> {
    let key = Key::new(format!("LEAD#{}", lead.lead_id), format!("ROUTE#{attempt}"));
    Some(from_item::<Record<RouteRecord>>(scene.twin.peek(&key)?).ok()?.decision)
}
