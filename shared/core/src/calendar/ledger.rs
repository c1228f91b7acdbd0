//! How a deadline was counted, for a person to check.

use std::fmt::Write as _;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _, Zoned};
use serde::{Deserialize, Serialize};

use super::Calendar;
use super::deadline::NANOS;
use super::span::{Span, clock_length};
use super::walk::{at_second, floor_second};

/// How many intervals [`describe`] writes out before it leaves out the middle.
const SHOWN: usize = 12;

/// One interval between the start and the deadline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerEntry {
    /// Its first instant.
    pub from: Timestamp,
    /// The instant after its last.
    pub to: Timestamp,
    /// Its length in whole seconds. Lengths of counted time add up to the span exactly, even where a stretch
    /// begins within a second.
    pub seconds: i64,
    /// Whether it counted, or why not.
    #[serde(flatten)]
    pub what: LedgerKind,
}

/// What an interval of a [`Deadline`](super::Deadline) was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", content = "date", rename_all = "snake_case")]
pub enum LedgerKind {
    /// Counted by the clock, whatever the calendar says.
    Elapsed,
    /// Counted working time.
    Work,
    /// Counted as one working day: from the day before, at the same local time, to this date.
    BusinessDay(Date),
    /// Skipped: outside working hours.
    Closed,
    /// Skipped: would have been working time but for the holiday on this date.
    Holiday(Date),
}

impl LedgerKind {
    /// Whether time of this kind counts toward the deadline.
    #[must_use]
    pub fn is_counted(self) -> bool {
        matches!(self, Self::Elapsed | Self::Work | Self::BusinessDay(_))
    }
}

/// Collects a ledger front to back and fills the holes with reasons.
pub(super) struct LedgerBuilder<'c> {
    calendar: &'c Calendar,
    reached: Timestamp,
    counted: i128,
    entries: Vec<LedgerEntry>,
}

impl<'c> LedgerBuilder<'c> {
    pub(super) fn new(calendar: &'c Calendar, start: Timestamp) -> Self {
        Self { calendar, reached: start, counted: 0, entries: Vec::new() }
    }

    pub(super) fn finish(self) -> Vec<LedgerEntry> {
        self.entries
    }

    pub(super) fn elapsed(&mut self, to: Timestamp) {
        self.push(to, LedgerKind::Elapsed);
    }

    /// Working time between two instants in nanoseconds, at or after what was reached.
    pub(super) fn work(&mut self, from: i128, to: i128) {
        // Both lie between instants that exist, so neither conversion can fail.
        if let (Ok(from), Ok(to)) = (Timestamp::from_nanosecond(from), Timestamp::from_nanosecond(to)) {
            self.gap(self.reached, from);
            self.push(to, LedgerKind::Work);
        }
    }

    /// One date of a count of days, which ends at `to`.
    pub(super) fn day(&mut self, date: Date, works: bool, to: Timestamp) {
        let holiday = self.calendar.holidays.contains_key(&date);
        let what = if works {
            LedgerKind::BusinessDay(date)
        } else if holiday && self.calendar.week_open_on(date).next().is_some() {
            LedgerKind::Holiday(date)
        } else {
            LedgerKind::Closed
        };
        self.push(to, what);
    }

    /// Closed time: what holidays took of the week's hours, and the rest.
    pub(super) fn gap(&mut self, from: Timestamp, to: Timestamp) {
        let (from_second, to_second) = (floor_second(from), floor_second(to));
        let dates = self.calendar.local_date(from).saturating_sub(2.days())..=self.calendar.local_date(to);
        let mut lost: Vec<(i64, i64, Date)> = self
            .calendar
            .holidays
            .range(dates)
            .flat_map(|(date, _)| self.calendar.week_open_on(*date).map(|open| (open.from, open.to, *date)))
            .filter(|(lost_from, lost_to, _)| from_second < *lost_to && *lost_from < to_second)
            .collect();
        lost.sort_unstable();
        for (lost_from, lost_to, date) in lost {
            let lost_from = at_second(lost_from).unwrap_or(from).clamp(self.reached, to);
            let lost_to = at_second(lost_to).unwrap_or(to).clamp(self.reached, to);
            if lost_from < lost_to {
                self.push(lost_from, LedgerKind::Closed);
                self.push(lost_to, LedgerKind::Holiday(date));
            }
        }
        self.push(to, LedgerKind::Closed);
    }

    fn push(&mut self, to: Timestamp, what: LedgerKind) {
        if to <= self.reached {
            return;
        }
        let from = std::mem::replace(&mut self.reached, to);
        let length = to.as_nanosecond() - from.as_nanosecond();
        let seconds = if what.is_counted() {
            let before = self.counted / NANOS;
            self.counted += length;
            self.counted / NANOS - before
        } else {
            length / NANOS
        };
        let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
        match self.entries.last_mut() {
            Some(last) if last.what == what => {
                last.to = to;
                last.seconds += seconds;
            }
            _ => self.entries.push(LedgerEntry { from, to, seconds, what }),
        }
    }
}

/// A ledger as one line, such as "10 business hours = Fri 16:00–18:00 (2 h) + Mon 13 Apr holiday skipped +
/// Tue 09:00–17:00 (8 h)". Local times are those of `zone`. Days carry their date when the ledger spans a week
/// or more, and a long ledger leaves out its middle.
#[must_use]
pub fn describe(ledger: &[LedgerEntry], zone: &TimeZone) -> String {
    let (Some(first), Some(last)) = (ledger.first(), ledger.last()) else {
        return "due at once".to_owned();
    };
    let start = first.from.to_zoned(zone.clone());
    let end = last.to.to_zoned(zone.clone());
    let days = Days { year: start.year(), dated: start.date().saturating_add(6.days()) < end.date() };

    let counted = ledger.iter().filter(|entry| entry.what.is_counted());
    let seconds = counted.clone().map(|entry| entry.seconds).sum::<i64>();
    let seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
    let total = match counted.clone().next().map(|entry| entry.what) {
        Some(LedgerKind::BusinessDay(_)) => {
            let days_counted = u32::try_from(counted.count()).unwrap_or(u32::MAX);
            format!("{} from {}", Span::BusinessDays(days_counted).human(), days.moment(&start))
        }
        Some(LedgerKind::Elapsed) => Span::Elapsed(seconds).human(),
        _ => Span::BusinessTime(seconds).human(),
    };

    let mut named = None;
    let mut parts: Vec<String> = Vec::new();
    for entry in ledger {
        match entry.what {
            LedgerKind::Elapsed | LedgerKind::Work => parts.push(days.stretch(entry, zone)),
            LedgerKind::BusinessDay(date) => parts.push(days.day(date)),
            // A holiday that takes two shifts of a day is still one holiday.
            LedgerKind::Holiday(date) if named != Some(date) => {
                named = Some(date);
                parts.push(format!("{} holiday skipped", days.with_date(date)));
            }
            LedgerKind::Holiday(_) | LedgerKind::Closed => {}
        }
    }
    if parts.len() > SHOWN {
        let left_out = parts.len() - SHOWN + 1;
        parts.splice(SHOWN - 3..parts.len() - 2, [format!("… {left_out} more …")]);
    }
    let mut line = format!("{total} = {}", parts.join(" + "));
    let by_days = ledger.iter().rev().find(|entry| entry.what.is_counted());
    if let Some(LedgerEntry { what: LedgerKind::BusinessDay(_), to, .. }) = by_days {
        let joint = if *to < last.to { ", then the next opening" } else { "," };
        // Writing to a string cannot fail.
        let _ = write!(line, "{joint} {}", days.moment(&end));
    }
    line
}

/// How days are written in one line.
struct Days {
    /// The year that goes without saying.
    year: i16,
    /// Whether the weekday alone would be unclear.
    dated: bool,
}

impl Days {
    fn day(&self, date: Date) -> String {
        if self.dated { self.with_date(date) } else { date.strftime("%a").to_string() }
    }

    fn with_date(&self, date: Date) -> String {
        let format = if date.year() == self.year { "%a %-d %b" } else { "%a %-d %b %Y" };
        date.strftime(format).to_string()
    }

    fn moment(&self, at: &Zoned) -> String {
        format!("{} {}", self.day(at.date()), clock(at.time()))
    }

    fn stretch(&self, entry: &LedgerEntry, zone: &TimeZone) -> String {
        let from = entry.from.to_zoned(zone.clone());
        let to = entry.to.to_zoned(zone.clone());
        let end = if to.date() == from.date() {
            clock(to.time())
        } else if to.time() == Time::midnight() && from.date().tomorrow().is_ok_and(|next| next == to.date())
        {
            "24:00".to_owned()
        } else {
            self.moment(&to)
        };
        let length = clock_length(entry.seconds.unsigned_abs());
        format!("{}–{end} ({length})", self.moment(&from))
    }
}

fn clock(time: Time) -> String {
    time.strftime(if time.second() == 0 { "%H:%M" } else { "%H:%M:%S" }).to_string()
}

#[cfg(test)]
mod tests {
    use super::super::doc::tests::weekdays;
    use super::super::{Calendar, HolidayDoc};
    use super::*;

    /// What [`describe`] says about a span on a Berlin calendar, 09–17 on weekdays with Easter Monday off.
    /// 2020-04-10 is a Friday.
    fn line(start: &str, span: Span) -> String {
        let mut doc = weekdays("Europe/Berlin", &[("09:00", "17:00"), ("17:00", "18:00")]);
        doc.holidays =
            vec![HolidayDoc::Whole("2020-04-13".to_owned()), HolidayDoc::Whole("2020-04-12".to_owned())];
        let calendar = Calendar::try_from(doc).unwrap();
        let start: jiff::civil::DateTime = start.parse().unwrap();
        let start = start.in_tz("Europe/Berlin").unwrap().timestamp();
        describe(&calendar.add(start, &span).unwrap().ledger, calendar.zone())
    }

    #[test]
    fn one_line_tells_how_a_deadline_was_counted() {
        for (start, span, expected) in [
            (
                "2020-04-10T16:00",
                Span::BusinessTime(36_000),
                "10 business hours = Fri 16:00–18:00 (2 h) + Mon 13 Apr holiday skipped + Tue 09:00–17:00 (8 h)",
            ),
            (
                "2020-04-14T08:00",
                Span::BusinessTime(5445),
                "1 business hour 30 minutes 45 seconds = Tue 09:00–10:30:45 (1 h 30 min 45 s)",
            ),
            ("2020-04-10T16:00", Span::Elapsed(86_400), "24 hours = Fri 16:00–Sat 16:00 (24 h)"),
            ("2020-04-10T16:00", Span::Elapsed(0), "due at once"),
            (
                "2020-04-10T16:00",
                Span::BusinessDays(2),
                "2 business days from Fri 16:00 = Mon 13 Apr holiday skipped + Tue + Wed, Wed 16:00",
            ),
            (
                "2020-04-14T20:00",
                Span::BusinessDays(1),
                "1 business day from Tue 20:00 = Wed, then the next opening Thu 09:00",
            ),
            (
                "2020-12-30T16:00",
                Span::BusinessTime(58 * 3600),
                "58 business hours = Wed 30 Dec 16:00–18:00 (2 h) + Thu 31 Dec 09:00–18:00 (9 h) + \
                 Fri 1 Jan 2021 09:00–18:00 (9 h) + Mon 4 Jan 2021 09:00–18:00 (9 h) + \
                 Tue 5 Jan 2021 09:00–18:00 (9 h) + Wed 6 Jan 2021 09:00–18:00 (9 h) + \
                 Thu 7 Jan 2021 09:00–18:00 (9 h) + Fri 8 Jan 2021 09:00–11:00 (2 h)",
            ),
        ] {
            assert_eq!(line(start, span), expected);
        }
    }

    #[test]
    fn a_holiday_is_named_once_however_many_shifts_it_takes() {
        let mut doc = weekdays("UTC", &[("09:00", "12:00"), ("13:00", "17:00")]);
        doc.holidays = vec![HolidayDoc::Whole("2020-04-13".to_owned())];
        let calendar = Calendar::try_from(doc).unwrap();
        let start = "2020-04-10T16:30:00Z".parse().unwrap();
        let ledger = calendar.add(start, &Span::BusinessTime(3600)).unwrap().ledger;
        assert_eq!(ledger.iter().filter(|entry| matches!(entry.what, LedgerKind::Holiday(_))).count(), 2);
        assert_eq!(
            describe(&ledger, calendar.zone()),
            "1 business hour = Fri 16:30–17:00 (30 min) + Mon 13 Apr holiday skipped + Tue 09:00–09:30 (30 min)"
        );
    }

    #[test]
    fn a_long_ledger_leaves_out_its_middle() {
        let line = line("2020-06-01T09:00", Span::BusinessTime(9 * 3600 * 100));
        assert!(line.starts_with("900 business hours = Mon 1 Jun 09:00–18:00 (9 h) + "), "{line}");
        assert!(line.contains(" + … 89 more … + "), "{line}");
        assert_eq!(line.matches(" + ").count(), SHOWN - 1);
    }
}
