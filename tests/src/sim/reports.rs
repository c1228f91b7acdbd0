//! Who may tell of a call: whoever has the lead, and whoever had it before in this cycle, of what happened then. An offer that
//! was taken back was one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use leadline_core::ids::{LeadId, RepId};
use leadline_core::lead::{EventKind, Lead, Stage};

use super::check::Harm;
use super::witness::short;

/// An offer of a lead, or that nobody has it: it says who had it before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Holding {
    cycle: u32,
    offer: Option<u32>,
}

impl Holding {
    /// None for a lead of which nobody in sales can tell anything.
    pub(crate) fn of(lead: &Lead) -> Option<Holding> {
        let offer = lead.owner.as_ref().filter(|_| lead.stage.is_held()).map(|owner| owner.offer);
        let waits = matches!(lead.stage, Stage::Scored | Stage::Parked);
        (waits || offer.is_some()).then_some(Holding { cycle: lead.cycle, offer })
    }
}

/// Who had each lead in its present cycle.
#[derive(Default)]
pub(crate) struct Reports {
    had: BTreeMap<LeadId, (u32, BTreeSet<RepId>)>,
}

impl Reports {
    /// A lead has made a transition.
    pub(crate) fn changed(&mut self, after: &Lead) {
        let (EventKind::Offered { rep_id, .. }
        | EventKind::Reassigned { rep_id, .. }
        | EventKind::HandedOver { rep_id, .. }) = &after.last_event.kind
        else {
            return;
        };
        let (cycle, had) = self.had.entry(after.lead_id.clone()).or_default();
        if *cycle != after.cycle {
            (*cycle, *had) = (after.cycle, BTreeSet::new());
        }
        had.insert(rep_id.clone());
    }

    /// Those who had it before whoever has it now.
    pub(crate) fn before(&self, lead: &Lead) -> Vec<&RepId> {
        let had = self.had.get(&lead.lead_id).filter(|(cycle, _)| *cycle == lead.cycle);
        let now = lead.held_by();
        had.into_iter().flat_map(|(_, had)| had).filter(|rep_id| Some(*rep_id) != now).collect()
    }
}

/// A report of an earlier holder was refused as none of theirs; rightly only if the lead has changed hands meanwhile.
pub(crate) fn refused(
    lead_id: &str,
    told: Option<Holding>,
    leads: &BTreeMap<LeadId, Arc<Lead>>,
) -> Option<Harm> {
    let lead_id = LeadId::parse(lead_id).ok()?;
    let now = leads.get(&lead_id).and_then(|lead| Holding::of(lead));
    let unchanged = told.is_some() && told == now;
    unchanged.then(|| Harm::Illegal(format!("{} takes no report of whoever had it before", short(&lead_id))))
}
