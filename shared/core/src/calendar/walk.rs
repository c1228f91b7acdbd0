//! Walking through a calendar's open time in order.

use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan as _};

use super::{Calendar, DAY, Hours};

/// Open time, in seconds since the Unix epoch: closed at `from`, open at `to`, never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Open {
    pub(super) from: i64,
    pub(super) to: i64,
}

/// Every interval of a range of dates, by start. Intervals may overlap; the consumer keeps a cursor.
pub(super) struct OpenTime<'c> {
    calendar: &'c Calendar,
    /// The next date to read, none after the last.
    next: Option<Date>,
    last: Date,
    /// Read and not yet handed out, the earliest at the end.
    pending: Vec<Pending>,
}

struct Pending {
    open: Open,
    /// The local date of the start: dates after it cannot start earlier.
    starts_on: Date,
}

impl<'c> OpenTime<'c> {
    /// Everything that may hold `at`.
    pub(super) fn around(calendar: &'c Calendar, at: Timestamp) -> Self {
        Self::between(calendar, at, at)
    }

    /// Everything that may hold `from` or begin after it, for ten years.
    pub(super) fn after(calendar: &'c Calendar, from: Timestamp) -> Self {
        let date = calendar.local_date(from);
        Self::dates(calendar, date, calendar.horizon(date))
    }

    /// Everything that may hold an instant in `from..=to`.
    pub(super) fn between(calendar: &'c Calendar, from: Timestamp, to: Timestamp) -> Self {
        // Where a clock is turned back over midnight, tomorrow's first shift may have begun already.
        let last = calendar.local_date(to).saturating_add(1.day());
        Self::dates(calendar, calendar.local_date(from), last)
    }

    fn dates(calendar: &'c Calendar, date: Date, last: Date) -> Self {
        // Yesterday's shift may run into today, and yesterday may have been left out by the zone.
        let first = date.yesterday().and_then(Date::yesterday).unwrap_or(Date::MIN);
        Self { calendar, next: Some(first), last, pending: Vec::new() }
    }

    fn read(&mut self, date: Date) {
        self.next = date.tomorrow().ok().filter(|next| *next <= self.last);
        let before = self.pending.len();
        self.pending.extend(self.calendar.hours_on(date).iter().filter_map(|hours| {
            let (open, starts_on) = place(&self.calendar.zone, date, *hours)?;
            Some(Pending { open, starts_on })
        }));
        if self.pending.len() - before > 1 || before > 0 {
            self.pending.sort_unstable_by_key(|pending| std::cmp::Reverse(pending.open.from));
        }
    }
}

impl Iterator for OpenTime<'_> {
    type Item = Open;

    fn next(&mut self) -> Option<Open> {
        loop {
            match (self.pending.last(), self.next) {
                // A start that a clock change pushed past midnight may come after one of the next day.
                (Some(pending), Some(date)) if date <= pending.starts_on => self.read(date),
                (Some(_), _) => return self.pending.pop().map(|pending| pending.open),
                (None, Some(date)) => self.read(date),
                (None, None) => return None,
            }
        }
    }
}

impl Calendar {
    /// Whether any work starts on `date`.
    pub(super) fn works_on(&self, date: Date) -> bool {
        self.hours_on(date).iter().any(|hours| place(&self.zone, date, *hours).is_some())
    }

    /// Whether the zone left `date` out, as Samoa did with 30 December 2011.
    pub(super) fn leaves_out(&self, date: Date) -> bool {
        exists(&self.zone, date) == Some(false)
    }

    /// When the week alone, holidays aside, would be open for the shifts of `date`.
    pub(super) fn week_open_on(&self, date: Date) -> impl Iterator<Item = Open> {
        self.week_hours_on(date)
            .iter()
            .filter_map(move |hours| place(&self.zone, date, *hours).map(|(open, _)| open))
    }
}

/// The real interval of one shift of `date` and the local date on which it really starts; none when a clock
/// change leaves nothing of it or the zone has no such date.
fn place(zone: &TimeZone, date: Date, hours: Hours) -> Option<(Open, Date)> {
    let (from, in_gap) = instant(zone, wall(date, hours.from)?)?;
    let (to, _) = instant(zone, wall(date, hours.to)?)?;
    if to <= from {
        return None;
    }
    if !in_gap {
        return Some((Open { from, to }, date));
    }
    // The start lies later than written, at most into the next date.
    exists(zone, date)?.then_some((Open { from, to }, date.tomorrow().unwrap_or(date)))
}

/// Whether the zone has that date at all; none at the end of the time line.
fn exists(zone: &TimeZone, date: Date) -> Option<bool> {
    let (day_starts, _) = instant(zone, wall(date, 0)?)?;
    let (day_ends, _) = instant(zone, wall(date, DAY)?)?;
    Some(day_starts < day_ends)
}

/// The wall clock `minutes` after midnight of `date`; none past the end of the time line.
fn wall(date: Date, minutes: u16) -> Option<DateTime> {
    let date = if minutes < DAY { date } else { date.tomorrow().ok()? };
    let minutes = minutes % DAY;
    let part = |value: u16| i8::try_from(value).ok();
    Some(date.at(part(minutes / 60)?, part(minutes % 60)?, 0, 0))
}

/// The instant at which the wall clock shows `wall`, in seconds since the Unix epoch, and whether it fell into
/// a gap: the later instant in a gap, the earlier where it occurs twice.
fn instant(zone: &TimeZone, wall: DateTime) -> Option<(i64, bool)> {
    let ambiguous = zone.to_ambiguous_timestamp(wall);
    let in_gap = matches!(ambiguous.offset(), AmbiguousOffset::Gap { .. });
    Some((ambiguous.compatible().ok()?.as_second(), in_gap))
}

/// The whole second that `at` lies in. Interval ends are whole seconds, so this decides what holds `at`.
pub(super) fn floor_second(at: Timestamp) -> i64 {
    let toward_zero = at.as_second();
    if at.subsec_nanosecond() < 0 { toward_zero - 1 } else { toward_zero }
}

/// A whole second as an instant; none outside the time line.
pub(super) fn at_second(second: i64) -> Option<Timestamp> {
    Timestamp::from_second(second).ok()
}
