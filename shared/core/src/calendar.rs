//! Business time: when a calendar is open, and which instant a promise falls due.
//!
//! A [`CalendarDoc`] is what a playbook says; a [`Calendar`] is the checked form. The rules:
//!
//! - A day has any number of intervals, each closed at its start and open at its end. An end before its start
//!   runs overnight into the next day.
//! - A shift belongs to the day it starts on, and so does a holiday: an overnight shift that starts on a
//!   holiday is closed whole, one that started the day before runs to its end.
//! - A local time inside a clock change's gap means the later instant, one that occurs twice means the earlier.
//!   A date that the zone left out altogether (Samoa, 30 December 2011) has no shifts.
//! - Intervals that overlap across midnight count once. Durations are real elapsed seconds of open time.
//! - Public holidays come from a table by region; what the calendar says of a date itself goes before them.
//! - Nothing searches further than ten years, and with public holidays not beyond the years that are known.

mod check;
mod deadline;
mod doc;
mod ledger;
mod public;
mod skipped;
mod span;
mod stretches;
mod walk;

#[cfg(test)]
mod clock_changes;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod oracle;

pub use check::{CalendarMistake, CalendarProblem};
pub use deadline::{CalendarError, Deadline};
pub use doc::{CalendarDoc, HolidayDoc, HoursDoc, WeekDoc};
pub use ledger::{LedgerEntry, LedgerKind, describe};
pub use public::{FIRST_YEAR, LAST_YEAR};
pub use skipped::ClosedTime;
pub use span::{Span, SpanMistake, clock_length};
pub use stretches::Stretch;

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};

use walk::{OpenTime, at_second, floor_second};

/// Minutes in a day by the clock on the wall.
const DAY: u16 = 24 * 60;

/// How far any search looks ahead, in days: ten years.
const HORIZON_DAYS: i32 = 3653;

/// Opening hours in one time zone, checked: the zone exists, no two intervals of a day overlap, and the week
/// is not empty. Made from a [`CalendarDoc`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    zone: TimeZone,
    /// Monday first; each day's intervals in order.
    week: [Vec<Hours>; 7],
    /// What is open on the shifts of that date instead of the week's hours; nothing for a whole holiday.
    holidays: BTreeMap<Date, Vec<Hours>>,
    /// The region whose public holidays are among them.
    region: Option<String>,
}

/// One interval in minutes after the local midnight of the day it starts on: `from < 24 h`, and `from < to`,
/// which passes 24 h when the interval runs overnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Hours {
    from: u16,
    to: u16,
}

impl Calendar {
    /// The zone that local times are read in.
    #[must_use]
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Whether `at` is working time. The last instant of an interval is not: intervals are open at their end.
    #[must_use]
    pub fn is_open(&self, at: Timestamp) -> bool {
        let second = floor_second(at);
        OpenTime::around(self, at).take_while(|open| open.from <= second).any(|open| second < open.to)
    }

    /// The first instant of working time at or after `at`: `at` itself when open, `None` when the calendar
    /// does not open within ten years.
    #[must_use]
    pub fn next_open(&self, at: Timestamp) -> Option<Timestamp> {
        let second = floor_second(at);
        let open = OpenTime::after(self, at).find(|open| second < open.to)?;
        if open.from <= second { Some(at) } else { at_second(open.from) }
    }

    /// The first instant after `at` at which working time ends: the end of the running stretch when open, of
    /// the next one when closed. `None` when the calendar does not open, or does not close, within ten years.
    #[must_use]
    pub fn next_close(&self, at: Timestamp) -> Option<Timestamp> {
        let second = floor_second(at);
        let mut stretch_end = None;
        for open in OpenTime::after(self, at).filter(|open| second < open.to) {
            match stretch_end {
                Some(end) if end < open.from => return at_second(end),
                Some(end) => stretch_end = Some(open.to.max(end)),
                None => stretch_end = Some(open.to),
            }
        }
        // The days ran out. A stretch that still went on at the last of them has no known end.
        let last_day = self.horizon(self.local_date(at));
        stretch_end.and_then(at_second).filter(|end| self.local_date(*end) <= last_day)
    }

    /// The date on the wall at `at`, in the calendar's zone.
    #[must_use]
    pub fn local_date(&self, at: Timestamp) -> Date {
        self.zone.to_datetime(at).date()
    }

    /// The first instant of a local date, for counts per local day. Where the zone jumps over midnight this is
    /// the instant of the jump; for a date that the zone left out it is the start of the next one. Saturates
    /// at the ends of the time line.
    #[must_use]
    pub fn start_of_day(&self, date: Date) -> Timestamp {
        let midnight = self.zone.to_ambiguous_timestamp(date.to_datetime(civil::Time::midnight()));
        let is_gap = matches!(midnight.offset(), jiff::tz::AmbiguousOffset::Gap { .. });
        let Ok(start) = midnight.compatible() else {
            return if date.year() < 0 { Timestamp::MIN } else { Timestamp::MAX };
        };
        if !is_gap {
            return start;
        }
        // The rule for gaps may land behind the jump, which is when the day really began. `preceding` is strict.
        let just_after = start.checked_add(jiff::SignedDuration::from_secs(1)).unwrap_or(start);
        self.zone.preceding(just_after).next().map_or(start, |jump| jump.timestamp())
    }

    /// The last year of which the calendar knows the public holidays; `None` when it has none and every year will do.
    #[must_use]
    pub fn known_until(&self) -> Option<i16> {
        self.region.is_some().then_some(LAST_YEAR)
    }

    /// Whether the public holidays at both instants, and so between them, are known.
    ///
    /// # Errors
    /// [`CalendarError::HolidaysUnknown`] when they are not.
    pub fn knows(&self, from: Timestamp, to: Timestamp) -> Result<(), CalendarError> {
        let years = [from, to].map(|at| self.local_date(at).year());
        match years.into_iter().find(|year| !(FIRST_YEAR..=LAST_YEAR).contains(year)) {
            Some(year) if self.region.is_some() => Err(CalendarError::HolidaysUnknown { year }),
            _ => Ok(()),
        }
    }

    /// The hours of a date after holidays are taken into account.
    fn hours_on(&self, date: Date) -> &[Hours] {
        self.holidays.get(&date).map_or_else(|| self.week_hours_on(date), Vec::as_slice)
    }

    /// The hours that the week gives a date, holiday or not.
    fn week_hours_on(&self, date: Date) -> &[Hours] {
        let monday_first = usize::from(date.weekday().to_monday_zero_offset().unsigned_abs());
        &self.week[monday_first]
    }

    /// The last date that a search starting on `date` may look at.
    fn horizon(&self, date: Date) -> Date {
        date.saturating_add(jiff::Span::new().days(HORIZON_DAYS))
    }
}
