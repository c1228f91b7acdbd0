//! Who may take a lead now, and if nobody, when that may change.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Pool, Rep};
use crate::calendar::Calendar;
use crate::ids::RepId;

/// What is known about a rep beside the playbook: load, presence, overrides. Survives a publish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepState {
    /// Who.
    pub rep_id: RepId,
    /// Goes up by one with every write.
    pub version: u64,
    /// Leads offered to or held by this rep now.
    pub open: u32,
    /// The local day that `today` counts.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub day: Option<Date>,
    /// Leads given on that day.
    #[serde(default)]
    pub today: u32,
    /// Switched off by hand.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub away: bool,
    /// Absent from then, or for as long as can be told when that is left out …
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub absent_from: Option<Timestamp>,
    /// … until then, or until further notice when that is left out.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub absent_until: Option<Timestamp>,
}

impl RepState {
    /// A rep of whom nothing is stored yet.
    pub fn new(rep_id: RepId) -> Self {
        Self {
            rep_id,
            version: 0,
            open: 0,
            day: None,
            today: 0,
            away: false,
            absent_from: None,
            absent_until: None,
        }
    }

    /// Leads given on the local day `day`.
    pub fn given_on(&self, day: Date) -> u32 {
        if self.day == Some(day) { self.today } else { 0 }
    }

    /// After one more lead was given on the local day `day`.
    pub fn with_one_more(&self, day: Date) -> RepState {
        let today = self.given_on(day) + 1;
        RepState { version: self.version + 1, open: self.open + 1, day: Some(day), today, ..self.clone() }
    }

    /// After a lead left the rep's hands.
    pub fn with_one_less(&self) -> RepState {
        RepState { version: self.version + 1, open: self.open.saturating_sub(1), ..self.clone() }
    }

    fn is_absent(&self, now: Timestamp) -> bool {
        let announced = self.absent_from.is_some() || self.absent_until.is_some();
        announced
            && self.absent_from.is_none_or(|from| from <= now)
            && self.absent_until.is_none_or(|until| now < until)
    }
}

/// Why a rep falls out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ineligible {
    /// Not active in the playbook.
    Inactive,
    /// Switched off by hand.
    Away,
    /// On leave.
    Absent,
    /// Outside working hours.
    OffHours,
    /// As many leads today as the daily cap allows.
    AtDailyCap,
    /// As many open leads as the cap allows.
    AtOpenCap,
    /// Has had this lead in this cycle.
    AlreadyTried,
}

impl Ineligible {
    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Ineligible::Inactive => "is not active",
            Ineligible::Away => "is switched to away",
            Ineligible::Absent => "is absent",
            Ineligible::OffHours => "is outside working hours",
            Ineligible::AtDailyCap => "has reached today's cap",
            Ineligible::AtOpenCap => "has reached the cap on open leads",
            Ineligible::AlreadyTried => "has had this lead already",
        }
    }
}

/// Whether a rep may take a lead at `now`.
pub fn check(
    rep: &Rep,
    state: &RepState,
    pool: &Pool,
    calendar: &Calendar,
    tried: &[RepId],
    now: Timestamp,
) -> Result<(), Ineligible> {
    let today = state.given_on(calendar.local_date(now));
    if !rep.active {
        Err(Ineligible::Inactive)
    } else if tried.contains(&state.rep_id) {
        Err(Ineligible::AlreadyTried)
    } else if state.away {
        Err(Ineligible::Away)
    } else if state.is_absent(now) {
        Err(Ineligible::Absent)
    } else if !pool.always_open && !calendar.is_open(now) {
        Err(Ineligible::OffHours)
    } else if rep.caps.per_day.is_some_and(|cap| today >= cap) {
        Err(Ineligible::AtDailyCap)
    } else if rep.caps.open.is_some_and(|cap| state.open >= cap) {
        Err(Ineligible::AtOpenCap)
    } else {
        Ok(())
    }
}

/// The next instant at which time alone may make this rep eligible; `None` when only an event can.
pub fn next_chance(
    state: &RepState,
    calendar: &Calendar,
    why: Ineligible,
    now: Timestamp,
) -> Option<Timestamp> {
    match why {
        Ineligible::OffHours => calendar.next_open(now),
        Ineligible::Absent => state.absent_until,
        Ineligible::AtDailyCap => {
            let tomorrow = calendar.local_date(now).tomorrow().ok()?;
            Some(calendar.start_of_day(tomorrow))
        }
        Ineligible::Inactive | Ineligible::Away | Ineligible::AtOpenCap | Ineligible::AlreadyTried => None,
    }
}
