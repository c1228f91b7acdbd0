//! No lead left behind: everybody open has somebody accountable and one due time that is kept.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Kept, OVERDUE_AFTER, Violation, WITHIN};
use crate::lead::{ParkReason, Stage};

pub(super) fn check(kept: &Kept, now: Timestamp, found: &mut BTreeSet<Violation>) {
    let lead = &kept.lead;
    let lead_id = || lead.lead_id.clone();
    let held_by_nobody = lead.stage.is_held() && lead.owner.is_none();
    let parked_nowhere = lead.stage == Stage::Parked && lead.parked.is_none();
    if held_by_nobody || parked_nowhere {
        found.insert(Violation::Unaccountable { lead_id: lead_id() });
    }
    if lead.stage.is_open() && lead.due_at().is_none() {
        found.insert(Violation::Timeless { lead_id: lead_id() });
    }
    if lead.due_at().is_some_and(|at| at + OVERDUE_AFTER < now) {
        found.insert(Violation::Overdue { lead_id: lead_id() });
    }
    if lead.watchdog.is_none() && !lead.wake_ups().is_empty() {
        found.insert(Violation::Unwatched { lead_id: lead_id() });
    }
    for index in &kept.wrong_indexes {
        found.insert(Violation::WrongIndex { lead_id: lead_id(), index });
    }
    if on_its_way_since(kept).is_some_and(|since| since + WITHIN < now) {
        found.insert(Violation::Lingering { lead_id: lead_id() });
    }
    if lead.parked.as_ref().is_some_and(|p| p.reason == ParkReason::Stuck) {
        found.insert(Violation::Stuck { lead_id: lead_id() });
    }
}

/// Since when a lead has been on its way, if it is: re-drives and new touches do not start that anew.
fn on_its_way_since(kept: &Kept) -> Option<Timestamp> {
    if !kept.lead.in_pipeline() {
        return None;
    }
    let history = kept.history();
    let on_its_way = history
        .iter()
        .rev()
        .take_while(|e| matches!(e.stage, Stage::Received | Stage::Enriched | Stage::Scored));
    on_its_way.last().map(|e| e.at)
}
