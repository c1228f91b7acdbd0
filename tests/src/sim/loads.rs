//! A rep's load is the number of leads the rep holds, at every instant.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use leadline_core::ids::{LeadId, RepId};
use leadline_core::lead::Lead;
use leadline_core::routing::RepState;
use leadline_store::Item;
use leadline_store::rows::from_item;

use super::check::Harm;

/// Every rep's row, with the one before.
#[derive(Default)]
pub(crate) struct Loads {
    reps: BTreeMap<RepId, (Option<RepState>, RepState)>,
    unread: BTreeSet<String>,
}

impl Loads {
    pub(crate) fn rep(&mut self, item: &Item) {
        match from_item::<RepState>(item.clone()) {
            Ok(state) => {
                let before = self.reps.remove(&state.rep_id).map(|(_, now)| now);
                self.reps.insert(state.rep_id.clone(), (before, state));
            }
            Err(_) => {
                self.unread.insert("a rep's row cannot be read".to_owned());
            }
        }
    }

    /// How many leads the rep's row counts.
    pub(crate) fn open(&self, rep_id: &RepId) -> Option<u32> {
        self.reps.get(rep_id).map(|(_, now)| now.open)
    }

    /// Whether the rep was switched off when the row was written last.
    pub(crate) fn was_away(&self, rep_id: &RepId) -> bool {
        self.reps.get(rep_id).is_some_and(|(before, now)| now.away || before.as_ref().is_some_and(|b| b.away))
    }

    /// Holds what the rows count against what the leads say.
    pub(crate) fn check(&self, leads: &BTreeMap<LeadId, Arc<Lead>>) -> Vec<Harm> {
        let mut held: BTreeMap<&RepId, u32> = BTreeMap::new();
        for lead in leads.values().filter(|l| l.stage.is_held()) {
            if let Some(owner) = &lead.owner {
                *held.entry(&owner.rep_id).or_default() += 1;
            }
        }
        let mut harm: Vec<Harm> = self.unread.iter().cloned().map(Harm::DoubleRouted).collect();
        let everybody: BTreeSet<&RepId> = held.keys().copied().chain(self.reps.keys()).collect();
        for rep_id in everybody {
            let (holds, counted) = (held.get(rep_id).copied().unwrap_or(0), self.open(rep_id).unwrap_or(0));
            if holds != counted {
                harm.push(Harm::DoubleRouted(format!(
                    "{rep_id} holds {holds} leads, the row counts {counted}"
                )));
            }
        }
        harm
    }
}
