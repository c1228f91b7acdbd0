//! The timeline in words: one sentence for each event.

use super::{EventKind, ParkReason, RebasedClock};
use crate::recycling::WakeCause;

impl EventKind {
    /// One sentence for people.
    pub fn summary(&self) -> String {
        match self {
            EventKind::Captured { .. } => "A form submission made this lead.".into(),
            EventKind::Quarantined { reasons, .. } => {
                format!("Quarantined as likely spam: {}.", reasons.join(", "))
            }
            EventKind::Released => "Released from quarantine.".into(),
            EventKind::Merged { into } => format!("Merged into {into}."),
            EventKind::Touched { fields, .. } if fields.is_empty() => {
                "The person submitted a form again.".into()
            }
            EventKind::Touched { fields, .. } => {
                format!("The person submitted a form again; new: {}.", fields.join(", "))
            }
            EventKind::Enriched { fields, providers, .. } if providers.is_empty() => {
                format!("Enriched from our own lists: {}.", or_none(fields))
            }
            EventKind::Enriched { fields, providers, .. } => {
                format!("Enriched by {}: {}.", providers.join(", "), or_none(fields))
            }
            EventKind::Scored { fit, interest, grade, .. } => {
                format!("Qualified with grade {grade}: fit {fit}, interest {interest}.")
            }
            EventKind::Nurtured { fit, interest, grade, .. } => {
                format!("Not ready for sales, grade {grade}: fit {fit}, interest {interest}.")
            }
            EventKind::Rescored { fit, interest, grade, .. } => {
                format!("Scored again, grade {grade}: fit {fit}, interest {interest}.")
            }
            EventKind::Disqualified { reason } => format!("Disqualified: {reason}."),
            EventKind::Suppressed { suppress, reason } => {
                format!("Kept from sales for now by {suppress}: {reason}.")
            }
            EventKind::Offered { rep_id, offer, basis, .. } if !basis.took_turn() => {
                format!("Offered to {rep_id}, {} (offer {offer}).", basis.words())
            }
            EventKind::Reassigned { from, rep_id, offer, basis, .. } if !basis.took_turn() => {
                format!("Moved from {from} to {rep_id}, {} (offer {offer}).", basis.words())
            }
            EventKind::Offered { rep_id, pool_id, offer, route, .. } => {
                format!("Offered to {rep_id} of pool {pool_id} by route {route} (offer {offer}).")
            }
            EventKind::Reassigned { from, rep_id, pool_id, offer, .. } => {
                format!("Moved from {from} to {rep_id} of pool {pool_id} (offer {offer}).")
            }
            EventKind::Withdrawn { rep_id, because } => {
                format!("Taken back from {rep_id}, who {}: it does not count as had.", because.words())
            }
            EventKind::OwnerGone { rep_id } => {
                format!("Told the manager: {rep_id} is not active and still has this lead.")
            }
            EventKind::Parked { pool_id, reason: ParkReason::NobodyEligible } => {
                format!("Parked for pool {pool_id}: nobody can take it now.")
            }
            EventKind::Parked { reason: ParkReason::Stuck, .. } => {
                "Parked: it did not move after eight attempts, a person has to look.".into()
            }
            EventKind::Parked { reason: ParkReason::Review, .. } => {
                "Recycled as often as the playbook allows; marketing decides whether it goes to sales again."
                    .into()
            }
            EventKind::Unparked => "To be looked at again.".into(),
            EventKind::Accepted { rep_id } => format!("Accepted by {rep_id}."),
            EventKind::Rejected { rep_id, reason } => format!("Rejected by {rep_id}: {reason}."),
            EventKind::Contacted { rep_id, channel, direction, outcome, met_after_all, .. } => {
                let met: Vec<&str> = met_after_all.iter().map(|c| c.name()).collect();
                let met = match met.as_slice() {
                    [] => String::new(),
                    met => format!(" It was in time: {} counted as missed and was met.", met.join(", ")),
                };
                format!("{} {} by {rep_id}: {}.{met}", direction.name(), channel.name(), outcome.name())
            }
            EventKind::Qualified { rep_id, .. } => format!("Qualified as an opportunity by {rep_id}."),
            EventKind::Paused { rep_id, reason, until } => {
                format!("Paused by {rep_id} until {until} at the latest: {reason}.")
            }
            EventKind::Resumed { since } => format!("Taken up again after a pause since {since}."),
            EventKind::Recycled { reason, wake_at } => format!("Recycled until {wake_at}: {reason}."),
            EventKind::Woken { cycle, because: WakeCause::Date } => format!("Back for cycle {cycle}."),
            EventKind::Woken { cycle, because: WakeCause::StrongInterest } => {
                format!("Back for cycle {cycle} before its date: the person asked again.")
            }
            EventKind::Woken { cycle, because: WakeCause::Score } => {
                format!("Back for cycle {cycle} before its date: the score is over the mark.")
            }
            EventKind::Won { rep_id } => format!("Won by {rep_id}."),
            EventKind::Lost { reason } => format!("Lost: {reason}."),
            EventKind::Reminded { clock, .. } => {
                format!("Reminded the rep: the {} clock is running out.", clock.name())
            }
            EventKind::ManagerTold { clock, .. } => {
                format!("Told the manager: the {} deadline was missed.", clock.name())
            }
            EventKind::HandedOver { from: Some(from), rep_id, reason, .. } => {
                format!("Given by hand to {rep_id}, from {from}: {reason}.")
            }
            EventKind::HandedOver { rep_id, reason, .. } => format!("Given by hand to {rep_id}: {reason}."),
            EventKind::NobodyLeft { .. } => "Nobody else could take it; the ladder goes on.".into(),
            EventKind::Overtaken { clock, .. } => {
                format!("A step of the {} clock was overtaken by what came after it.", clock.name())
            }
            EventKind::Rebased { version, clocks } => {
                let words =
                    |c: &RebasedClock| format!("{} {} instead of {}", c.clock.name(), c.due_at, c.was);
                let clocks: Vec<String> = clocks.iter().map(words).collect();
                format!("Deadlines by version {} of the playbook: {}.", version.0, clocks.join(", "))
            }
            EventKind::Breached { clock } => format!("The {} deadline was missed.", clock.name()),
            EventKind::ReturnedToMarketing { .. } => {
                "Returned to marketing: sales did not take it in time.".into()
            }
            EventKind::ReviewDue => "A month in nurturing is over; the lead is scored again.".into(),
            EventKind::Redriven { redrives } => format!("Woken up again (attempt {redrives})."),
            EventKind::Notified { .. } => "Notifications sent.".into(),
            EventKind::Forgotten { submissions } if submissions.len() == 1 => {
                "The answers of a submission were deleted, they had been kept for long enough.".into()
            }
            EventKind::Forgotten { submissions } => {
                let count = submissions.len();
                format!(
                    "The answers of {count} submissions were deleted, they had been kept for long enough."
                )
            }
            EventKind::Erased => "Erased.".into(),
        }
    }
}

fn or_none(fields: &[String]) -> String {
    if fields.is_empty() { "nothing new".into() } else { fields.join(", ") }
}
