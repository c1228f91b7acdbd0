//! What is known about a rep beside the playbook: load, presence, limits set by hand. Survives a publish.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{CapKind, Caps, Limit, Load, Rep, is_unset};
use crate::ids::RepId;

/// How many days before the current one are remembered: enough for thirty days with it.
const DAYS_BEFORE: u16 = 29;

/// What is known about a rep beside the playbook: load, presence, overrides. Survives a publish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepState {
    /// Who.
    pub rep_id: RepId,
    /// Goes up by one with every write.
    pub version: u64,
    /// Leads offered to or held by this rep now.
    pub open: u32,
    /// Those of them that are offered and not answered.
    #[serde(skip_serializing_if = "is_unset", default)]
    pub unaccepted: u32,
    /// What they are worth together, each as it was when it was given.
    #[serde(skip_serializing_if = "is_unset", default)]
    pub value: u32,
    /// The local day that `today` counts. It does not go back, should the rep's zone change.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub day: Option<Date>,
    /// Leads given on that day.
    #[serde(default)]
    pub today: u32,
    /// Leads given on the days before it, the latest first; days without any at the end are left out.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub earlier: Vec<u32>,
    /// Switched off by hand.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub away: bool,
    /// Deactivated or activated by hand, whatever the playbook says.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub active: Option<bool>,
    /// Absent from then, or for as long as can be told when that is left out …
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub absent_from: Option<Timestamp>,
    /// … until then, or until further notice when that is left out.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub absent_until: Option<Timestamp>,
    /// Further absences.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub absences: Vec<Absence>,
    /// Limits set by hand, which go before those of the playbook.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub caps: BTreeMap<CapKind, Limit>,
    /// When limits were last set by hand: before that, others held.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub caps_set_at: Option<Timestamp>,
    /// When this row is looked at: offers are to move on, or there may be room again.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next_at: Option<Timestamp>,
}

/// An announced absence, be it of an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Absence {
    /// From then …
    pub from: Timestamp,
    /// … until then, when the rep is back.
    pub until: Timestamp,
}

/// Why a rep takes nothing and answers nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gone {
    /// Deactivated.
    Inactive,
    /// Switched to away.
    Away,
    /// On leave.
    Absent,
}

impl Gone {
    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Gone::Inactive => "is not active",
            Gone::Away => "is switched to away",
            Gone::Absent => "is absent",
        }
    }
}

impl RepState {
    /// A rep of whom nothing is stored yet.
    pub fn new(rep_id: RepId) -> Self {
        Self {
            rep_id,
            version: 0,
            open: 0,
            unaccepted: 0,
            value: 0,
            day: None,
            today: 0,
            earlier: Vec::new(),
            away: false,
            active: None,
            absent_from: None,
            absent_until: None,
            absences: Vec::new(),
            caps: BTreeMap::new(),
            caps_set_at: None,
            next_at: None,
        }
    }

    /// Leads given on the local day `day`.
    pub fn given_on(&self, day: Date) -> u32 {
        self.given_within(day, 1)
    }

    /// Leads given on the `days` local days that end with `day`.
    pub fn given_within(&self, day: Date, days: u16) -> u32 {
        let Some(counted) = self.day else { return 0 };
        // How many days ago, seen from `day`, the day is that `today` counts.
        let ago = days_between(counted, day);
        let so_far = std::iter::once(&self.today).chain(&self.earlier);
        so_far.zip(ago..).filter(|(_, ago)| *ago < i32::from(days)).map(|(given, _)| *given).sum()
    }

    /// The day that leads given now count for. It does not go back, should the rep's zone change.
    pub(super) fn counting_day(&self, local: Date) -> Date {
        self.day.map_or(local, |day| day.max(local))
    }

    /// After one more lead, worth `value`, was offered on the local day `day`.
    #[must_use]
    pub fn with_one_more(&self, day: Date, value: u32) -> RepState {
        let day = self.counting_day(day);
        let before = self.day.map_or(0, |counted| days_between(counted, day));
        let mut earlier: Vec<u32> = self.earlier.clone();
        if before > 0 {
            let quiet = usize::try_from(before - 1).unwrap_or(0).min(usize::from(DAYS_BEFORE));
            let days = std::iter::repeat_n(0, quiet).chain([self.today]).chain(earlier);
            earlier = days.take(usize::from(DAYS_BEFORE)).collect();
        }
        while earlier.last() == Some(&0) {
            earlier.pop();
        }
        let today = if before > 0 { 1 } else { self.today + 1 };
        let offered = Load { open: 1, unaccepted: 1, value };
        RepState { day: Some(day), today, earlier, ..self.with_load(Load::default(), offered) }
    }

    /// Without a lead that was given on the local day `day` and taken back before the rep could answer.
    #[must_use]
    pub fn with_one_less(self, day: Date) -> RepState {
        let ago = self.day.map_or(0, |counted| days_between(day, counted));
        let mut next = self;
        match usize::try_from(ago) {
            Ok(0) | Err(_) => next.today = next.today.saturating_sub(1),
            Ok(ago) => {
                if let Some(given) = next.earlier.get_mut(ago - 1) {
                    *given = given.saturating_sub(1);
                }
                while next.earlier.last() == Some(&0) {
                    next.earlier.pop();
                }
            }
        }
        next
    }

    /// After a lead that weighed `before` weighs `after` on this rep: it was accepted, or left the rep's hands. What was
    /// given stays given; of an offer that was withdrawn see [`RepState::with_one_less`].
    #[must_use]
    pub fn with_load(&self, before: Load, after: Load) -> RepState {
        let moved = |have: u32, less: u32, more: u32| have.saturating_sub(less).saturating_add(more);
        RepState {
            version: self.version + 1,
            open: moved(self.open, before.open, after.open),
            unaccepted: moved(self.unaccepted, before.unaccepted, after.unaccepted),
            value: moved(self.value, before.value, after.value),
            ..self.clone()
        }
    }

    /// Whether what people have said about the rep is the same as in `other`, whatever came and went meanwhile.
    pub fn is_as_told(&self, other: &RepState) -> bool {
        let told = |s: &RepState| (s.away, s.active, s.absent_from, s.absent_until, s.caps_set_at);
        told(self) == told(other) && self.absences == other.absences && self.caps == other.caps
    }

    /// What the leads of this rep weigh, as the row counts them.
    pub fn load(&self) -> Load {
        Load { open: self.open, unaccepted: self.unaccepted, value: self.value }
    }

    /// The limits that hold: those set by hand, else those of the playbook.
    pub fn caps(&self, rep: &Rep) -> Caps {
        rep.caps.under(&self.caps)
    }

    /// Whether the rep is deactivated, away or absent at `now`. A rep whom the playbook no longer names is deactivated.
    pub fn gone(&self, rep: Option<&Rep>, now: Timestamp) -> Option<Gone> {
        let active = rep.is_some_and(|rep| self.active.unwrap_or(rep.active));
        if !active {
            Some(Gone::Inactive)
        } else if self.away {
            Some(Gone::Away)
        } else {
            self.is_absent(now).then_some(Gone::Absent)
        }
    }

    /// Every absence, with a beginning and an end where it has them.
    fn all_absences(&self) -> impl Iterator<Item = (Option<Timestamp>, Option<Timestamp>)> + '_ {
        let announced = self.absent_from.is_some() || self.absent_until.is_some();
        let first = announced.then_some((self.absent_from, self.absent_until));
        first.into_iter().chain(self.absences.iter().map(|a| (Some(a.from), Some(a.until))))
    }

    fn absences_at(&self, now: Timestamp) -> impl Iterator<Item = Option<Timestamp>> + '_ {
        self.all_absences()
            .filter(move |(from, until)| {
                from.is_none_or(|from| from <= now) && until.is_none_or(|until| now < until)
            })
            .map(|(_, until)| until)
    }

    /// Whether an absence covers `now`.
    pub fn is_absent(&self, now: Timestamp) -> bool {
        self.absences_at(now).next().is_some()
    }

    /// When the rep is back, over absences that follow each other without a gap; `None` when nobody knows, and `now` for
    /// a rep who is there.
    pub fn back_at(&self, now: Timestamp) -> Option<Timestamp> {
        let mut at = now;
        // Each absence is left once.
        for _ in 0..=self.absences.len() + 1 {
            match self.absences_at(at).map(|until| until.unwrap_or(Timestamp::MAX)).max() {
                None => return Some(at),
                Some(until) if until == Timestamp::MAX => return None,
                Some(until) => at = until,
            }
        }
        Some(at)
    }

    /// The next instant at which an absence begins or ends.
    pub fn next_boundary(&self, now: Timestamp) -> Option<Timestamp> {
        self.all_absences().flat_map(|(from, until)| [from, until]).flatten().filter(|at| *at > now).min()
    }
}

/// Calendar days from one date to a later one; negative when it is earlier.
fn days_between(from: Date, to: Date) -> i32 {
    from.until(to).map_or(0, |span| span.get_days())
}
