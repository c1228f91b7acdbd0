//! What happens to the turns that went by while a member was away. By default nothing: the deviation is frozen and the
//! member goes on where it stood. A pool may give extra turns after the return instead, a few a day.
//!
//! An extra turn is a turn among one candidate: the member is entitled to all of it and takes all of it, so that nobody's
//! deviation moves and the bound of the others stays what it was.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Candidate, PickRecord, PoolState, TURN};
use crate::ids::RepId;
use crate::plant::Plant;

/// A pool's policy for members who come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum CatchUp {
    /// What went by is gone.
    #[default]
    None,
    /// At most so many extra turns on a day of the member's zone, until the member is made whole.
    PerDay(u32),
}

impl CatchUp {
    /// Whether it is the default.
    pub fn is_none(&self) -> bool {
        *self == CatchUp::None
    }

    /// The policy, unless a bug is planted in its place.
    pub(super) fn in_force(self) -> CatchUp {
        if Plant::CatchUpAtOnce.is_on() { CatchUp::PerDay(u32::MAX) } else { self }
    }
}

impl PoolState {
    /// How many whole turns a member is still owed for its absence.
    pub fn owed(&self, rep_id: &RepId) -> u64 {
        self.members.get(rep_id).map_or(0, |m| u64::try_from(m.owed / TURN).unwrap_or(0))
    }

    /// The candidate who gets an extra turn now: the one owed most, the first of the playbook when equal. `day` is the
    /// local day of a candidate.
    pub(super) fn next_to_catch_up(
        &self,
        policy: CatchUp,
        candidates: &[Candidate],
        day: impl Fn(&RepId) -> Date,
    ) -> Option<usize> {
        let CatchUp::PerDay(most) = policy.in_force() else { return None };
        let may = |candidate: &Candidate| {
            let member = self.members.get(&candidate.rep_id)?;
            let today = member.extra_day.filter(|d| *d == day(&candidate.rep_id)).map_or(0, |_| member.extra);
            (member.owed >= TURN && today < most).then_some(member.owed)
        };
        let owed = candidates.iter().enumerate().filter_map(|(i, c)| Some((may(c)?, i)));
        owed.max_by(|(a, i), (b, j)| a.cmp(b).then(j.cmp(i))).map(|(_, i)| i)
    }

    /// An extra turn was taken.
    pub(super) fn caught_up(&mut self, rep_id: &RepId, day: Date) {
        let member = self.members.entry(rep_id.clone()).or_default();
        member.owed -= TURN;
        let before = member.extra_day.filter(|d| *d == day).map_or(0, |_| member.extra);
        (member.extra_day, member.extra) = (Some(day), before + 1);
    }

    /// A turn was given back: one that made good for an absence is still owed, and one that went by is not.
    pub(super) fn catch_up_given_back(&mut self, turn: &PickRecord) {
        let weight = |weight: u32| i64::from(weight.max(1));
        let all: i64 = turn.candidates.iter().map(|(_, w, _)| weight(*w)).sum::<i64>()
            + turn.missed_by.iter().map(|(_, w)| weight(*w)).sum::<i64>();
        for (rep_id, missed) in &turn.missed_by {
            let member = self.members.entry(rep_id.clone()).or_default();
            member.owed -= (TURN / all * weight(*missed)).min(member.owed);
        }
        if let (Some(day), Some(member)) = (turn.extra_on, self.members.get_mut(&turn.rep_id)) {
            member.owed += TURN;
            member.extra = member.extra.saturating_sub(u32::from(member.extra_day == Some(day)));
        }
    }

    /// A turn went by that these members would have had a share of, had they been there beside the candidates.
    pub(super) fn went_by(&mut self, absent: &[Candidate], candidates: &[Candidate]) {
        let weight = |c: &Candidate| i64::from(c.weight.max(1));
        let all: i64 = candidates.iter().chain(absent).map(weight).sum();
        for candidate in absent {
            let member = self.members.entry(candidate.rep_id.clone()).or_default();
            // Less than one part in 10¹¹ is lost to rounding, and nobody is owed too much.
            member.owed += TURN / all * weight(candidate);
        }
    }
}
