//! How long sales has been silent: since the last thing that it did, whenever that is told, with the pauses since then
//! taken out.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use leadline_core::ids::LeadId;
use leadline_core::lead::Lead;

use super::sales::ended;

/// The pauses of each lead that are over, under the offer that it is at.
#[derive(Default)]
pub(crate) struct Silence {
    pauses: BTreeMap<LeadId, Vec<(Timestamp, Timestamp)>>,
}

impl Silence {
    /// A lead has made a transition.
    pub(crate) fn changed(&mut self, before: &Lead, after: &Lead) {
        let offer = |lead: &Lead| lead.owner.as_ref().map(|owner| (lead.cycle, owner.offer));
        if offer(before) != offer(after) {
            self.pauses.remove(&after.lead_id);
            return;
        }
        let Some(pause) = &before.paused else { return };
        if after.paused.as_ref().is_none_or(|later| later.since != pause.since) {
            let ended = ended(pause, after);
            self.pauses.entry(after.lead_id.clone()).or_default().push((pause.since, ended));
        }
    }

    /// When it is too long, of so many seconds by the clock from `since`. One that was missed before a pause stays.
    pub(crate) fn due_at(&self, lead: &Lead, since: Timestamp, seconds: i64) -> Timestamp {
        let mut due = since + SignedDuration::from_secs(seconds);
        let whole = Timestamp::from_second(since.as_second()).unwrap_or(since);
        for (from, to) in self.pauses.get(&lead.lead_id).into_iter().flatten().filter(|(_, to)| *to > since) {
            let from = whole.max(*from);
            if due <= from {
                break;
            }
            due += SignedDuration::from_secs(to.duration_since(from).as_secs());
        }
        due
    }
}
