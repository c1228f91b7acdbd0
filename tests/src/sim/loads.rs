//! A rep's load is the number of leads the rep holds, at every instant.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use leadline_core::ids::{LeadId, RepId};
use leadline_core::lead::{Lead, Stage};
use leadline_core::routing::{CapKind, Limit, RepState};
use leadline_store::Item;
use leadline_store::rows::from_item;

use super::check::Harm;

/// Every rep's row, with the one before.
#[derive(Default)]
pub(crate) struct Loads {
    reps: BTreeMap<RepId, (Option<RepState>, RepState)>,
    /// Whether each rep is switched off, and since when that is so.
    switched: BTreeMap<RepId, (bool, i64)>,
    unread: BTreeSet<String>,
}

/// Whether a person has switched the rep off.
fn is_off(row: &RepState) -> bool {
    row.away || row.active == Some(false)
}

impl Loads {
    pub(crate) fn rep(&mut self, item: &Item, now_ms: i64) {
        match from_item::<RepState>(item.clone()) {
            Ok(state) => {
                let switched = self.switched.entry(state.rep_id.clone()).or_insert((is_off(&state), now_ms));
                if switched.0 != is_off(&state) {
                    *switched = (is_off(&state), now_ms);
                }
                let before = self.reps.remove(&state.rep_id).map(|(_, now)| now);
                self.reps.insert(state.rep_id.clone(), (before, state));
            }
            Err(_) => {
                self.unread.insert("a rep's row cannot be read".to_owned());
            }
        }
    }

    /// Whether the rep was switched off when the row was written last.
    pub(crate) fn was_away(&self, rep_id: &RepId) -> bool {
        self.reps.get(rep_id).is_some_and(|(before, now)| is_off(now) || before.as_ref().is_some_and(is_off))
    }

    /// Whether the rep is switched off, if that has been so, or not, since an instant.
    pub(crate) fn is_away_since(&self, rep_id: &RepId, since_ms: i64) -> Option<bool> {
        self.switched.get(rep_id).filter(|(_, at)| *at <= since_ms).map(|(off, _)| *off)
    }

    /// The cap on open leads that was set by hand, if one was.
    pub(crate) fn by_hand(&self, rep_id: &RepId) -> Option<Limit> {
        self.reps.get(rep_id)?.1.caps.get(&CapKind::Open).copied()
    }

    /// Holds what the rows count against what the leads say.
    pub(crate) fn check(
        &self,
        leads: &BTreeMap<LeadId, Arc<Lead>>,
        worth: &BTreeMap<LeadId, u32>,
    ) -> Vec<Harm> {
        // Open, not answered, worth.
        let mut held: BTreeMap<&RepId, [u32; 3]> = BTreeMap::new();
        for lead in leads.values().filter(|l| l.stage.is_held()) {
            if let Some(owner) = &lead.owner {
                let [open, unaccepted, value] = held.entry(&owner.rep_id).or_default();
                *open += 1;
                *unaccepted += u32::from(lead.stage == Stage::Offered);
                *value += worth.get(&lead.lead_id).copied().unwrap_or(0);
            }
        }
        let mut harm: Vec<Harm> = self.unread.iter().cloned().map(Harm::DoubleRouted).collect();
        let everybody: BTreeSet<&RepId> = held.keys().copied().chain(self.reps.keys()).collect();
        for rep_id in everybody {
            let holds = held.get(rep_id).copied().unwrap_or_default();
            let row = self.reps.get(rep_id).map(|(_, now)| now);
            let counted = row.map(|row| [row.open, row.unaccepted, row.value]).unwrap_or_default();
            if holds != counted {
                harm.push(Harm::DoubleRouted(format!(
                    "{rep_id} holds {holds:?} (leads, unanswered, worth), the row counts {counted:?}"
                )));
            }
        }
        harm
    }
}
