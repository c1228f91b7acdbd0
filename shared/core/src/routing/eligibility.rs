//! Who may take a lead now, and if nobody, when that may change.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{CapKind, Gone, Pool, Rep, RepState, Wanted};
use crate::calendar::Calendar;
use crate::ids::RepId;
use crate::plant::Plant;

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
    /// As many leads on the last seven days as the cap allows.
    AtWeekCap,
    /// As many leads on the last thirty days as the cap allows.
    AtMonthCap,
    /// As many unanswered offers as the cap allows.
    AtUnacceptedCap,
    /// As many open leads as the cap allows.
    AtOpenCap,
    /// With this lead, the open leads would be worth more than the cap allows.
    AtValueCap,
    /// Does not speak the lead's language.
    OtherLanguage,
    /// Lacks a skill that the route asks for.
    Unskilled,
    /// Gives way to a member who catches up after an absence.
    GivesWay,
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
            Ineligible::AtWeekCap => "has reached the cap on seven days",
            Ineligible::AtMonthCap => "has reached the cap on thirty days",
            Ineligible::AtUnacceptedCap => "has reached the cap on unanswered offers",
            Ineligible::AtOpenCap => "has reached the cap on open leads",
            Ineligible::AtValueCap => "would hold more value than the cap allows",
            Ineligible::OtherLanguage => "does not speak the language",
            Ineligible::Unskilled => "lacks a skill that is asked for",
            Ineligible::GivesWay => "gives way to a member who catches up after an absence",
            Ineligible::AlreadyTried => "has had this lead already",
        }
    }

    /// What it is to have reached a cap.
    const fn at(kind: CapKind) -> Self {
        match kind {
            CapKind::PerDay => Ineligible::AtDailyCap,
            CapKind::PerWeek => Ineligible::AtWeekCap,
            CapKind::PerMonth => Ineligible::AtMonthCap,
            CapKind::Unaccepted => Ineligible::AtUnacceptedCap,
            CapKind::Open => Ineligible::AtOpenCap,
            CapKind::Value => Ineligible::AtValueCap,
        }
    }

    fn cap(self) -> Option<CapKind> {
        CapKind::ALL.into_iter().find(|kind| Ineligible::at(*kind) == self)
    }
}

/// What keeps a rep from a lead, and what it hangs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Obstacle {
    /// Why.
    pub why: Ineligible,
    /// When time alone may change it; `None` when only an event can.
    pub until: Option<Timestamp>,
    /// The limit that is reached, the playbook's or one set by hand.
    pub cap: Option<u32>,
}

impl Obstacle {
    pub(super) fn new(
        rep: &Rep,
        state: &RepState,
        calendar: &Calendar,
        why: Ineligible,
        now: Timestamp,
    ) -> Self {
        let cap = why.cap().and_then(|kind| state.caps(rep).get(kind));
        Self { why, until: next_chance(rep, state, calendar, why, now), cap }
    }
}

impl From<Gone> for Ineligible {
    fn from(gone: Gone) -> Self {
        match gone {
            Gone::Inactive => Ineligible::Inactive,
            Gone::Away => Ineligible::Away,
            Gone::Absent => Ineligible::Absent,
        }
    }
}

/// Whether a rep may take a lead at `now`, whatever lead it is.
pub fn check(
    rep: &Rep,
    state: &RepState,
    pool: &Pool,
    calendar: &Calendar,
    tried: &[RepId],
    now: Timestamp,
) -> Result<(), Ineligible> {
    let gone = state.gone(Some(rep), now);
    if gone == Some(Gone::Inactive) {
        Err(Ineligible::Inactive)
    } else if tried.contains(&state.rep_id) {
        Err(Ineligible::AlreadyTried)
    } else if let Some(gone) = gone {
        Err(gone.into())
    } else {
        has_time(rep, state, pool, calendar, now)
    }
}

/// Whether a rep who is there works at `now` and has room.
fn has_time(
    rep: &Rep,
    state: &RepState,
    pool: &Pool,
    calendar: &Calendar,
    now: Timestamp,
) -> Result<(), Ineligible> {
    if !pool.always_open && !calendar.is_open(now) && !Plant::HoursForgotten.is_on() {
        return Err(Ineligible::OffHours);
    }
    under_caps(rep, state, calendar, 0, now)
}

/// Whether a rep who is away or absent would have been a candidate for this lead: only such a turn is missed. Nobody is
/// owed for nights, for what others' languages and skills are asked for, or for what a cap would have kept away.
pub(super) fn misses_out(
    rep: &Rep,
    state: &RepState,
    pool: &Pool,
    calendar: &Calendar,
    wanted: &Wanted,
    now: Timestamp,
) -> bool {
    has_time(rep, state, pool, calendar, now).and_then(|()| suits(rep, state, calendar, wanted, now)).is_ok()
}

/// Whether a rep who may take a lead may take this one.
pub fn suits(
    rep: &Rep,
    state: &RepState,
    calendar: &Calendar,
    wanted: &Wanted,
    now: Timestamp,
) -> Result<(), Ineligible> {
    let asked = !Plant::NeedsForgotten.is_on();
    if asked && !wanted.speaks(rep) {
        Err(Ineligible::OtherLanguage)
    } else if asked && !wanted.is_skilled(rep) {
        Err(Ineligible::Unskilled)
    } else {
        under_caps(rep, state, calendar, wanted.value, now)
    }
}

/// Whether one more lead, worth `value`, stays within every cap.
pub(super) fn under_caps(
    rep: &Rep,
    state: &RepState,
    calendar: &Calendar,
    value: u32,
    now: Timestamp,
) -> Result<(), Ineligible> {
    let caps = state.caps(rep);
    let day = state.counting_day(calendar.local_date(now));
    for kind in CapKind::ALL {
        if kind == CapKind::PerWeek && Plant::RollingCapForgotten.is_on() {
            continue;
        }
        let Some(cap) = caps.get(kind) else { continue };
        let after = match kind {
            CapKind::PerDay | CapKind::PerWeek | CapKind::PerMonth => {
                state.given_within(day, kind.days().unwrap_or(1)).saturating_add(1)
            }
            CapKind::Unaccepted => state.unaccepted.saturating_add(1),
            CapKind::Open => state.open.saturating_add(1),
            // A lead that is worth nothing fits as long as what is held does.
            CapKind::Value => state.value.saturating_add(value),
        };
        if after > cap || (kind == CapKind::Value && cap == 0) {
            return Err(Ineligible::at(kind));
        }
    }
    Ok(())
}

/// The next instant at which time alone may make this rep eligible; `None` when only an event can.
pub(super) fn next_chance(
    rep: &Rep,
    state: &RepState,
    calendar: &Calendar,
    why: Ineligible,
    now: Timestamp,
) -> Option<Timestamp> {
    match why {
        Ineligible::OffHours => calendar.next_open(now),
        Ineligible::Absent => state.back_at(now),
        _ => window_moves(rep, state, calendar, why.cap()?, now),
    }
}

/// The rep with one more lead, worth `value`. A cap on leads given that is reached by it is noted with the time when its
/// window moves on: whoever waits is woken in order then.
pub(super) fn with_one_more(
    rep: &Rep,
    state: &RepState,
    calendar: &Calendar,
    value: u32,
    now: Timestamp,
) -> RepState {
    let mut after = state.with_one_more(calendar.local_date(now), value);
    if let Some(room) = room_again(rep, &after, calendar, now) {
        after.next_at = Some(after.next_at.map_or(room, |at| at.min(room)));
    }
    after
}

/// When a rep who has reached caps on leads given may take one again; `None` when no such cap is reached.
pub fn room_again(rep: &Rep, state: &RepState, calendar: &Calendar, now: Timestamp) -> Option<Timestamp> {
    let (day, caps) = (state.counting_day(calendar.local_date(now)), state.caps(rep));
    let reached = CapKind::ALL.into_iter().filter(|kind| {
        let given = kind.days().map(|days| state.given_within(day, days));
        given.zip(caps.get(*kind)).is_some_and(|(given, cap)| given >= cap)
    });
    // There is room when the last of them has let go.
    reached.filter_map(|kind| window_moves(rep, state, calendar, kind, now)).max()
}

/// The midnight at which the window of a cap on leads given makes room again.
fn window_moves(
    rep: &Rep,
    state: &RepState,
    calendar: &Calendar,
    kind: CapKind,
    now: Timestamp,
) -> Option<Timestamp> {
    let (days, cap) = (kind.days()?, state.caps(rep).get(kind)?);
    let mut day = state.counting_day(calendar.local_date(now));
    // The window moves at midnight; after as many midnights as it has days it holds nothing of today's.
    (0..days).find_map(|_| {
        day = day.tomorrow().ok()?;
        (state.given_within(day, days) < cap).then(|| calendar.start_of_day(day))
    })
}
