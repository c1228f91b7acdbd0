//! The fair pick: after every assignment each member is less than one lead away from its exact share, as long as the
//! set of eligible members does not change.
//!
//! R. Tijdeman, "The chairman assignment problem", Discrete Mathematics 32 (1980): among the members that are not
//! ahead by more than 1/(2k−2), the one whose deviation would leave the bound 1 − 1/(2k−2) first is picked. Plain
//! stride scheduling drifts several leads at some weights, and random ties cannot be replayed.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::is_unset;
use crate::ids::RepId;
use crate::plant::Plant;

/// One turn in fixed point. Divisible by every whole number up to 24 and many more, so that the shares of ordinary
/// weights are exact; for others the error is below 10⁻¹¹ of a lead a pick.
pub const TURN: i64 = 963_761_198_400;

/// A member that may be picked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Who.
    pub rep_id: RepId,
    /// Its weight, at least 1.
    pub weight: u32,
}

/// What the pool remembers of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct MemberTurn {
    /// Share minus assigned, in [`TURN`]s. Stays as it is while the member is absent.
    pub deviation: i64,
    /// Leads assigned by turn so far.
    pub assigned: u64,
    /// What went by while it was absent and is still to be given as extra turns, in [`TURN`]s; only in a pool that lets
    /// members catch up.
    #[serde(skip_serializing_if = "is_unset", default)]
    pub owed: i64,
    /// The local day that `extra` counts.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub extra_day: Option<Date>,
    /// Extra turns on that day.
    #[serde(skip_serializing_if = "is_unset", default)]
    pub extra: u32,
}

/// What the pool remembers: one entry for each member that was ever eligible; a new one starts at 0.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PoolState {
    /// By member.
    pub members: BTreeMap<RepId, MemberTurn>,
    /// Turns taken.
    pub picks: u64,
    /// Those of them that were given back.
    #[serde(skip_serializing_if = "is_unset", default)]
    pub given_back: u64,
}

/// The arithmetic of one pick, for the decision record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PickRecord {
    /// Who was picked.
    pub rep_id: RepId,
    /// The turn's number.
    pub turn: u64,
    /// Every candidate with its weight and its deviation after this turn's share was added, in thousandths of a lead.
    pub candidates: Vec<(RepId, u32, i64)>,
    /// The local day of an extra turn, which made good for an absence.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub extra_on: Option<Date>,
    /// Members with their weights who are owed their part of the turn, being absent.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub missed_by: Vec<(RepId, u32)>,
}

/// Takes a turn among the candidates, which come in the order of the playbook. `None` when there are none.
pub fn pick(state: &PoolState, candidates: &[Candidate]) -> Option<(PickRecord, PoolState)> {
    let shares = shares(candidates);
    let mut next = state.clone();
    for (candidate, share) in candidates.iter().zip(&shares) {
        next.members.entry(candidate.rep_id.clone()).or_default().deviation += share;
    }
    let deviation = |c: &Candidate| next.members.get(&c.rep_id).map_or(0, |m| m.deviation);
    let k = i64::try_from(candidates.len()).unwrap_or(i64::MAX);
    let slack = TURN / (2 * k - 2).max(1);
    let bound = TURN - slack;

    // Whose time runs out first: (bound − deviation) / share, compared without dividing.
    let runs_out = |i: usize| (i128::from(bound - deviation(&candidates[i])), i128::from(shares[i].max(1)));
    let sooner = |a: &usize, b: &usize| {
        let ((room_a, share_a), (room_b, share_b)) = (runs_out(*a), runs_out(*b));
        (room_a * share_b).cmp(&(room_b * share_a)).then(a.cmp(b))
    };
    let in_turn = (0..candidates.len()).filter(|i| deviation(&candidates[*i]) >= slack).min_by(sooner);
    // After credits or a change of members nobody may be in turn: then the one furthest behind its share.
    let furthest_behind = || {
        (0..candidates.len())
            .max_by(|a, b| deviation(&candidates[*a]).cmp(&deviation(&candidates[*b])).then(b.cmp(a)))
    };
    let first = || (Plant::FirstComeFirstServed.is_on() && !candidates.is_empty()).then_some(0);
    let chosen = &candidates[first().or(in_turn).or_else(furthest_behind)?];

    let record = PickRecord {
        rep_id: chosen.rep_id.clone(),
        turn: state.picks + 1,
        candidates: candidates
            .iter()
            .map(|c| (c.rep_id.clone(), c.weight, deviation(c) / (TURN / 1_000)))
            .collect(),
        extra_on: None,
        missed_by: Vec::new(),
    };
    let member = next.members.entry(chosen.rep_id.clone()).or_default();
    member.deviation -= TURN;
    member.assigned += 1;
    next.picks += 1;
    Some((record, next))
}

impl PoolState {
    /// Gives a turn back: the lead was not the member's to have. It counts as if it had not been taken, for whoever had a
    /// part in it: the lead goes on and takes another, and would be shared out twice. Nothing is given back of a turn that
    /// the counters do not know, having begun anew since.
    pub fn give_back(&mut self, turn: &PickRecord) {
        let candidates: Vec<Candidate> = turn
            .candidates
            .iter()
            .map(|(rep_id, weight, _)| Candidate { rep_id: rep_id.clone(), weight: *weight })
            .collect();
        let parts: Vec<(&RepId, i64)> =
            candidates.iter().map(|c| &c.rep_id).zip(shares(&candidates)).collect();
        let is_counted = |(rep_id, part): &(&RepId, i64)| {
            self.members.get(*rep_id).is_some_and(|m| m.entitled() >= i128::from(*part))
        };
        let had = self.members.get(&turn.rep_id).is_some_and(|m| m.assigned > 0);
        if turn.turn > self.picks || !had || !parts.iter().all(is_counted) {
            return;
        }
        for (rep_id, part) in parts.iter().filter(|_| !Plant::SharesKept.is_on()) {
            self.members.entry((*rep_id).clone()).or_default().deviation -= part;
        }
        let member = self.members.entry(turn.rep_id.clone()).or_default();
        member.deviation += TURN;
        member.assigned -= 1;
        self.given_back += 1;
        self.catch_up_given_back(turn);
    }

    /// Turns taken and not given back.
    pub fn kept(&self) -> u64 {
        self.picks.saturating_sub(self.given_back)
    }

    /// Whether the counters are what turns make of them: what the members were entitled to so far adds up to the turns
    /// kept, no member's part is outside of that, and no more are assigned.
    pub fn adds_up(&self) -> bool {
        let all = i128::from(self.kept()) * i128::from(TURN);
        let parts = || self.members.values().map(MemberTurn::entitled);
        let assigned: u128 = self.members.values().map(|m| u128::from(m.assigned)).sum();
        parts().sum::<i128>() == all
            && parts().all(|part| (0..=all).contains(&part))
            && assigned <= u128::from(self.kept())
    }

    /// Whether every turn so far was taken among just these candidates with these weights, and none was given back.
    pub fn is_steady(&self, candidates: &[Candidate]) -> bool {
        let shares = shares(candidates);
        let part = |share: &i64| i128::from(self.picks) * i128::from(*share);
        let assigned: u64 = self.members.values().map(|m| m.assigned).sum();
        assigned == self.picks
            && self.given_back == 0
            && self.members.len() == candidates.len()
            && candidates.iter().zip(&shares).all(|(candidate, share)| {
                self.members.get(&candidate.rep_id).is_some_and(|m| m.entitled() == part(share))
            })
    }

    /// Whether each member is less than one lead away from its share.
    pub fn is_within_one(&self) -> bool {
        self.members.values().all(|m| m.deviation.abs() < TURN)
    }
}

impl MemberTurn {
    /// What the member was entitled to so far, in [`TURN`]s.
    pub fn entitled(&self) -> i128 {
        i128::from(self.deviation) + i128::from(self.assigned) * i128::from(TURN)
    }
}

/// Each candidate's share of one turn. They add up to exactly one turn: what division leaves over goes to the largest
/// remainders, in the order of the playbook where those are equal.
fn shares(candidates: &[Candidate]) -> Vec<i64> {
    let total: i128 = candidates.iter().map(|c| i128::from(c.weight.max(1))).sum();
    if total == 0 {
        return Vec::new();
    }
    let exact = |c: &Candidate| i128::from(TURN) * i128::from(c.weight.max(1));
    let mut shares: Vec<i64> =
        candidates.iter().map(|c| i64::try_from(exact(c) / total).unwrap_or(TURN)).collect();
    let mut left = TURN - shares.iter().sum::<i64>();
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    order.sort_by_key(|i| (std::cmp::Reverse(exact(&candidates[*i]) % total), *i));
    for i in order {
        if left == 0 {
            break;
        }
        shares[i] += 1;
        left -= 1;
    }
    shares
}
