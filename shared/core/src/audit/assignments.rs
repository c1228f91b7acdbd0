//! One route: for each (cycle, offer) one assignment, nobody twice in a cycle, and the row as the last one left it.

use std::collections::BTreeSet;

use super::{HolderRow, Kept, Violation};
use crate::ids::{PoolId, RepId};
use crate::lead::{EventKind, ParkReason, Stage};

/// What the timeline says of the cycle that it ends in.
#[derive(Default)]
struct Replayed<'e> {
    cycle: u32,
    offers: u32,
    tried: Vec<&'e RepId>,
    last: Option<(&'e RepId, &'e PoolId, u32)>,
}

pub(super) fn check(kept: &Kept, found: &mut BTreeSet<Violation>) {
    let lead = &kept.lead;
    let lead_id = || lead.lead_id.clone();
    if kept.holder_row == HolderRow::Missing
        && let Some(rep_id) = lead.held_by()
    {
        found.insert(Violation::UnknownRep { lead_id: lead_id(), rep_id: rep_id.clone() });
    }
    if !kept.is_whole() {
        return;
    }
    let mut so_far = Replayed { cycle: 1, ..Replayed::default() };
    let mut offers = BTreeSet::new();
    let history = kept.history();
    let mut reviewed = false;
    for event in &history {
        match &event.kind {
            EventKind::Woken { cycle, .. } => so_far = Replayed { cycle: *cycle, ..Replayed::default() },
            // Marketing has it again: what follows is another pass.
            EventKind::ReturnedToMarketing { .. } => {
                so_far = Replayed { cycle: so_far.cycle + 1, ..Replayed::default() };
            }
            EventKind::Offered { rep_id, pool_id, offer, .. }
            | EventKind::Reassigned { rep_id, pool_id, offer, .. }
            | EventKind::HandedOver { rep_id, pool_id, offer, .. } => {
                if !offers.insert((so_far.cycle, *offer)) {
                    found.insert(Violation::RepeatedOffer { lead_id: lead_id(), offer: *offer });
                }
                let had_it = so_far.tried.contains(&rep_id);
                // Whom a person names may have had it before.
                if had_it && !matches!(event.kind, EventKind::HandedOver { .. }) {
                    found.insert(Violation::RepeatedRep { lead_id: lead_id(), rep_id: rep_id.clone() });
                }
                so_far.offers += 1;
                if !had_it {
                    so_far.tried.push(rep_id);
                }
                so_far.last = Some((rep_id, pool_id, *offer));
            }
            // The rep was gone and had no chance to answer.
            EventKind::Withdrawn { rep_id, .. } => so_far.tried.retain(|tried| *tried != rep_id),
            // Marketing has looked at it: another cycle.
            EventKind::Unparked if reviewed => {
                so_far = Replayed { cycle: so_far.cycle + 1, ..Replayed::default() };
            }
            _ => {}
        }
        if let EventKind::Parked { reason, .. } = &event.kind {
            reviewed = *reason == ParkReason::Review;
        } else if event.stage != Stage::Parked {
            reviewed = false;
        }
    }
    let owner = lead.owner.as_ref().map(|o| (&o.rep_id, &o.pool_id, o.offer));
    let agrees = lead.cycle == so_far.cycle
        && lead.offers == so_far.offers
        && lead.tried.iter().eq(so_far.tried.iter().copied())
        && (owner.is_none() || owner == so_far.last);
    if !agrees {
        found.insert(Violation::WrongAssignment { lead_id: lead_id() });
    }
}
