//! Whoever is parked is woken in the order of the line: the better grade first, then whoever has waited longer. Judged when a
//! drain sends its wake-ups, by how long they are put off.

use std::collections::BTreeMap;

use leadline_core::ids::LeadId;
use leadline_core::lead::{Lead, ParkReason};
use leadline_runtime::wake::{Hop, WakeUp};

use super::check::Harm;
use super::witness::short;

/// An index may be so far behind the rows.
const BEHIND_MS: i64 = 8_000;
/// Whoever has waited for a day goes before everybody; nearly so long, and the judgement is off.
const NEARLY_A_DAY_MS: i64 = 23 * 3_600_000;

/// Where everybody who is parked stands in line.
#[derive(Default)]
pub(crate) struct Line {
    parked: BTreeMap<LeadId, Place>,
}

#[derive(PartialEq)]
struct Place {
    pool: String,
    grade: String,
    since_ms: i64,
    /// From when on it has stood there.
    from_ms: i64,
}

impl Line {
    /// A lead has changed.
    pub(crate) fn changed(&mut self, after: &Lead, now_ms: i64) {
        let waits = after.parked.as_ref().filter(|parked| parked.reason == ParkReason::NobodyEligible);
        let place = waits.map(|parked| Place {
            pool: parked.pool_id.to_string(),
            grade: after.score.as_ref().map_or_else(|| "Z".to_owned(), |score| score.grade.clone()),
            since_ms: parked.since.as_millisecond(),
            from_ms: now_ms,
        });
        let Some(place) = place else {
            self.parked.remove(&after.lead_id);
            return;
        };
        match self.parked.get(&after.lead_id) {
            Some(before)
                if (&before.pool, &before.grade, before.since_ms)
                    == (&place.pool, &place.grade, place.since_ms) => {}
            _ => {
                self.parked.insert(after.lead_id.clone(), place);
            }
        }
    }

    /// Wake-ups are sent. Several at once that go to routing are those of a drain.
    pub(crate) fn woken(&self, wake_ups: &[WakeUp], now_ms: i64) -> Option<Harm> {
        let mut drained: Vec<&WakeUp> = wake_ups.iter().filter(|w| w.hop == Hop::Route).collect();
        drained.sort_by_key(|w| w.delay_s);
        let places: Vec<(LeadId, &Place)> = drained
            .iter()
            .filter_map(|w| LeadId::parse(&w.id).ok())
            .filter_map(|id| Some((id.clone(), self.parked.get(&id)?)))
            .filter(|(_, place)| {
                place.from_ms + BEHIND_MS < now_ms && now_ms < place.since_ms + NEARLY_A_DAY_MS
            })
            .collect();
        places.windows(2).find_map(|pair| {
            let [(first, a), (second, b)] = pair else { return None };
            let wrong = a.pool == b.pool && (&a.grade, a.since_ms) > (&b.grade, b.since_ms);
            wrong.then(|| {
                let (first, second) = (short(first), short(second));
                Harm::Drift(format!(
                    "{first} is woken before {second}, which stands before it in the line of {}",
                    a.pool
                ))
            })
        })
    }
}
