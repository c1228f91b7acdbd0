//! Invariant 5, in exact fractions and without the product's arithmetic: each pick adds every candidate's share and
//! takes one turn from whoever was picked; one that is given back was none.

use std::collections::BTreeMap;

use leadline_core::ids::{LeadId, PoolId, RepId};
use leadline_core::lead::{EventKind, Lead};
use leadline_core::routing::{Basis, PoolState, TURN};
use leadline_runtime::route_record::RouteRecord;
use leadline_store::records::Record;
use leadline_store::rows::from_item;
use leadline_store::{Item, Key};
use serde::Deserialize;

use super::check::Harm;
use super::witness::Scene;

/// One lead, divisible by every sum of weights up to ten.
const LEAD: i64 = 2_520;

#[derive(Deserialize)]
struct PoolRow {
    pool_id: PoolId,
    #[serde(flatten)]
    state: PoolState,
}

/// What each pool owes its members.
#[derive(Default)]
pub(crate) struct Fairness {
    pools: BTreeMap<PoolId, Pool>,
    /// Pools whose row has been written since the last look.
    written: Vec<(PoolId, PoolState)>,
}

#[derive(Default)]
struct Pool {
    /// Share minus assigned, in parts of a lead.
    behind: BTreeMap<RepId, i64>,
    assigned: BTreeMap<RepId, u64>,
    picks: u64,
    given_back: u64,
    /// Among whom each lead was given to somebody last.
    turns: BTreeMap<(LeadId, RepId), Vec<(RepId, u32)>>,
    /// The candidates and weights of all picks so far, while they have been the same ones.
    constant: Option<Vec<(RepId, u32)>>,
    /// A turn was given back, or the candidates changed: the bound is the rule's no longer.
    disturbed: bool,
}

impl Fairness {
    pub(crate) fn pool(&mut self, item: &Item) {
        if let Ok(row) = from_item::<PoolRow>(item.clone()) {
            self.written.push((row.pool_id, row.state));
        }
    }

    /// Holds the rows that were written against what happened in the same write.
    pub(crate) fn check<'l>(
        &mut self,
        changed: impl Iterator<Item = &'l Lead>,
        scene: &Scene<'_>,
    ) -> Vec<Harm> {
        let mut harm = Vec::new();
        let changed: Vec<&Lead> = changed.collect();
        let written = std::mem::take(&mut self.written);
        for lead in &changed {
            let (EventKind::Offered { pool_id, rep_id, basis, .. }
            | EventKind::Reassigned { pool_id, rep_id, basis, .. }) = &lead.last_event.kind
            else {
                continue;
            };
            if *basis != Basis::Turn {
                if let Some((id, _)) = written.first() {
                    harm.push(Harm::Drift(format!("an offer to {rep_id} outside the turn took one of {id}")));
                }
                continue;
            }
            if !written.iter().any(|(id, _)| id == pool_id) {
                harm.push(Harm::Drift(format!("an offer to {rep_id} took no turn of {pool_id}")));
            }
            self.pools.entry(pool_id.clone()).or_default().pick(lead, pool_id, rep_id, scene, &mut harm);
        }
        for (pool_id, state) in written {
            let pool = self.pools.entry(pool_id.clone()).or_default();
            let back = changed.iter().find_map(|l| match &l.last_event.kind {
                // Not the rep's to have, or the rep had no chance to answer.
                EventKind::Rejected { rep_id, .. } | EventKind::Withdrawn { rep_id, .. } => {
                    Some((l.lead_id.clone(), rep_id.clone()))
                }
                _ => None,
            });
            if let Some(turn) = back {
                pool.give_back(&turn);
            }
            pool.compare(&pool_id, &state, &mut harm);
        }
        harm
    }
}

impl Pool {
    fn pick(
        &mut self,
        lead: &Lead,
        pool_id: &PoolId,
        picked: &RepId,
        scene: &Scene<'_>,
        harm: &mut Vec<Harm>,
    ) {
        let key = Key::new(format!("LEAD#{}", lead.lead_id), format!("ROUTE#{}", lead.last_event.attempt));
        let record = scene.twin.peek(&key).and_then(|item| from_item::<Record<RouteRecord>>(item).ok());
        let Some(pick) = record.and_then(|r| r.decision.pick) else {
            harm.push(Harm::Drift(format!("an offer of {pool_id} has no record of its pick")));
            return;
        };
        let candidates: Vec<(RepId, u32)> = pick.candidates.iter().map(|(r, w, _)| (r.clone(), *w)).collect();
        let sum: i64 = candidates.iter().map(|(_, w)| i64::from(*w)).sum();
        if sum == 0 || !candidates.iter().any(|(r, _)| r == picked) {
            harm.push(Harm::Drift(format!("{picked} was picked from {pool_id} without being a candidate")));
            return;
        }
        match &self.constant {
            None => self.constant = Some(candidates.clone()),
            Some(before) if *before == candidates => {}
            Some(_) => self.disturbed = true,
        }
        for (rep_id, weight) in &candidates {
            *self.behind.entry(rep_id.clone()).or_default() += LEAD * i64::from(*weight) / sum;
        }
        self.turns.insert((lead.lead_id.clone(), picked.clone()), candidates.clone());
        *self.behind.entry(picked.clone()).or_default() -= LEAD;
        *self.assigned.entry(picked.clone()).or_default() += 1;
        self.picks += 1;
        let most = self.behind.values().map(|b| b.abs()).max().unwrap_or(0);
        if !self.disturbed && most >= LEAD {
            harm.push(Harm::Drift(format!("pool {pool_id} is a lead or more away from its shares")));
        }
    }

    /// As if that turn had not been taken.
    fn give_back(&mut self, turn: &(LeadId, RepId)) {
        let candidates = self.turns.remove(turn).unwrap_or_default();
        let sum: i64 = candidates.iter().map(|(_, w)| i64::from(*w)).sum();
        for (rep_id, weight) in candidates {
            *self.behind.entry(rep_id).or_default() -= LEAD * i64::from(weight) / sum;
        }
        self.given_back += 1;
        let (_, rep_id) = turn;
        *self.behind.entry(rep_id.clone()).or_default() += LEAD;
        let assigned = self.assigned.entry(rep_id.clone()).or_default();
        *assigned = assigned.saturating_sub(1);
        self.disturbed = true;
    }

    fn compare(&self, pool_id: &PoolId, state: &PoolState, harm: &mut Vec<Harm>) {
        let ours = |rep_id: &RepId| self.behind.get(rep_id).copied().unwrap_or(0);
        let fits = (state.picks, state.given_back) == (self.picks, self.given_back)
            && state.members.iter().all(|(rep_id, member)| {
                i128::from(member.deviation) * i128::from(LEAD) == i128::from(ours(rep_id)) * i128::from(TURN)
                    && member.assigned == self.assigned.get(rep_id).copied().unwrap_or(0)
            })
            && self.behind.keys().all(|rep_id| state.members.contains_key(rep_id));
        if !fits {
            harm.push(Harm::Drift(format!("pool {pool_id} does not count what it gave")));
        }
    }
}
