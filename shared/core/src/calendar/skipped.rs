//! What closed time was, in the words of people who work in a calendar.

use std::fmt;

use jiff::civil::{Date, Weekday};
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use super::Calendar;
use super::walk::floor_second;

/// A weekend is no longer than this many dates; more than that are days off.
const WEEKEND_DAYS: usize = 2;

/// Why a calendar was closed for a while, holidays aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClosedTime {
    /// Between two shifts of one date, such as lunch.
    Break,
    /// Before the first shift of a date or after its last.
    Night,
    /// Over a Saturday or Sunday, or both, or one of them with the day beside it, on which no shift starts.
    Weekend,
    /// Over other dates on which no shift starts.
    DaysOff,
}

impl ClosedTime {
    /// In one word or two.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Break => "break",
            Self::Night => "night",
            Self::Weekend => "weekend",
            Self::DaysOff => "days off",
        }
    }
}

impl fmt::Display for ClosedTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Calendar {
    /// What the closed time in `from..to` was. Dates that a holiday closed are not days off: ask the ledger.
    #[must_use]
    pub fn closed_time(&self, from: Timestamp, to: Timestamp) -> ClosedTime {
        let moment = SignedDuration::from_nanos(1);
        let before = from.checked_sub(moment).unwrap_or(from);
        let (first, last) = (self.local_date(from), self.local_date(to.checked_sub(moment).unwrap_or(to)));
        let off: Vec<Date> = first
            .series(1.day())
            .take_while(|date| *date <= last)
            .filter(|date| self.is_off(*date))
            .collect();
        if off.is_empty() {
            let ended =
                self.is_open(before) || self.week_open_on(first).any(|open| open.to <= floor_second(from));
            if first == last && ended { ClosedTime::Break } else { ClosedTime::Night }
        } else if off.len() <= WEEKEND_DAYS
            && off.iter().any(|date| matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday))
        {
            ClosedTime::Weekend
        } else {
            ClosedTime::DaysOff
        }
    }

    /// Whether no shift starts on a date, and not because of a holiday.
    fn is_off(&self, date: Date) -> bool {
        !self.leaves_out(date) && !self.works_on(date) && self.week_hours_on(date).is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{CalendarDoc, LedgerKind, Span};
    use super::*;

    fn calendar(yaml: &str) -> Calendar {
        let doc: CalendarDoc = serde_yaml_ng::from_str(yaml).unwrap();
        Calendar::try_from(doc).unwrap()
    }

    /// What a deadline's ledger skipped, in order; holidays aside.
    fn skipped(calendar: &Calendar, start: &str, seconds: u32) -> Vec<ClosedTime> {
        let deadline = calendar.add(start.parse().unwrap(), &Span::BusinessTime(seconds)).unwrap();
        let closed = deadline.ledger.iter().filter(|entry| entry.what == LedgerKind::Closed);
        closed.map(|entry| calendar.closed_time(entry.from, entry.to)).collect()
    }

    /// 2026-11-20 is a Friday.
    #[test]
    fn closed_time_has_a_name() {
        use ClosedTime::{Break, DaysOff, Night, Weekend};
        let office = "zone: UTC\nholidays: ['2026-11-24', {date: '2026-11-28', open: [['10:00', '12:00']]}]\n\
            weekly: {mon: &d [['09:00', '12:00'], ['13:00', '17:00']], tue: *d, wed: *d, thu: *d, fri: *d}";
        let office = calendar(office);
        for (start, hours, expected) in [
            ("2026-11-20T11:00:00Z", 2, vec![Break]),
            ("2026-11-20T16:00:00Z", 2, vec![Weekend]),
            ("2026-11-21T15:00:00Z", 1, vec![Weekend]),
            ("2026-11-22T23:00:00Z", 1, vec![Weekend]),
            ("2026-11-23T07:00:00Z", 1, vec![Night]),
            // Over the holiday on Tuesday with its own lunch.
            ("2026-11-23T16:00:00Z", 2, vec![Night, Break, Night]),
            // To the Saturday that is open, and over the Sunday.
            ("2026-11-27T16:00:00Z", 4, vec![Night, Weekend]),
        ] {
            assert_eq!(skipped(&office, start, hours * 3600), expected, "{start}");
        }
        let part_time = calendar("zone: UTC\nweekly: {mon: [['09:00', '17:00']], wed: [['09:00', '17:00']]}");
        assert_eq!(skipped(&part_time, "2026-11-23T16:00:00Z", 10 * 3600), [DaysOff, DaysOff]);
        let gulf = "weekly: {sun: &d [['09:00', '17:00']], mon: *d, tue: *d, wed: *d, thu: *d}";
        let gulf = calendar(&format!("zone: Asia/Dubai\n{gulf}"));
        assert_eq!(skipped(&gulf, "2026-11-19T12:00:00Z", 2 * 3600), [Weekend]);
        let nights = calendar("zone: UTC\nweekly: {thu: [['22:00', '06:00']], fri: [['22:00', '06:00']]}");
        assert_eq!(skipped(&nights, "2026-11-20T05:00:00Z", 2 * 3600), [Break]);
        let samoa = "weekly: {thu: [['09:00', '17:00']], sat: [['09:00', '17:00']]}";
        let samoa = calendar(&format!("zone: Pacific/Apia\n{samoa}"));
        assert_eq!(skipped(&samoa, "2011-12-30T02:00:00Z", 2 * 3600), [Night], "there was no Friday");
    }
}
