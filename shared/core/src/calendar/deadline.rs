//! Adding a span to an instant, and measuring working time between two.

use jiff::Timestamp;
use jiff::civil::Date;

use super::ledger::{LedgerBuilder, LedgerEntry};
use super::walk::OpenTime;
use super::{Calendar, FIRST_YEAR, HORIZON_DAYS, LAST_YEAR, Span};

/// Nanoseconds in a second.
pub(super) const NANOS: i128 = 1_000_000_000;

/// When a promise falls due, and how that was counted.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Deadline {
    /// The earliest instant at which the span has passed.
    pub due_at: Timestamp,
    /// Every counted interval and every skipped one, in order and without holes from the start to `due_at`;
    /// empty for a span of zero.
    pub ledger: Vec<LedgerEntry>,
}

/// Why a calendar cannot say when a span ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// Holidays cover everything for ten years.
    #[error("the calendar does not open within ten years after {after}")]
    NeverOpens {
        /// Where the search began.
        after: Timestamp,
    },
    /// The calendar opens, but not for long enough.
    #[error("the calendar has too little working time within ten years after {after}")]
    TooFar {
        /// Where the counting began.
        after: Timestamp,
    },
    /// The calendar has public holidays, and of a year that was reached none are known.
    #[error(
        "public holidays of {year} are not known, only those from {FIRST_YEAR} to {LAST_YEAR}; list the dates in the calendar instead, or install a newer release"
    )]
    HolidaysUnknown {
        /// The year.
        year: i16,
    },
    /// The deadline lies after the year 9999.
    #[error("the deadline would lie outside the time line")]
    OutOfRange,
}

impl Calendar {
    /// The earliest instant at which `span` has passed since `start`, with its ledger. A span of zero gives
    /// `start` itself, open or not.
    ///
    /// "n business days" is the same local time on the n-th date after the local date of `start` that has a
    /// shift starting on it, and the next opening after that if it is not working time.
    ///
    /// # Errors
    /// [`CalendarError`] when the working time of ten years does not reach.
    pub fn add(&self, start: Timestamp, span: &Span) -> Result<Deadline, CalendarError> {
        let mut ledger = LedgerBuilder::new(self, start);
        let due_at = match *span {
            Span::Elapsed(seconds) => {
                let due_at = elapsed(start, seconds)?;
                ledger.elapsed(due_at);
                due_at
            }
            Span::BusinessTime(seconds) => self.spend(start, seconds, |from, to| ledger.work(from, to))?,
            Span::BusinessDays(days) => {
                let (same_time, due_at) =
                    self.count_days(start, days, |date, works, to| ledger.day(date, works, to))?;
                ledger.gap(same_time, due_at);
                due_at
            }
        };
        self.reaches(start, due_at, span)?;
        Ok(Deadline { due_at, ledger: ledger.finish() })
    }

    /// [`Calendar::add`] without the ledger, which is cheaper.
    ///
    /// # Errors
    /// The same as [`Calendar::add`].
    pub fn due_at(&self, start: Timestamp, span: &Span) -> Result<Timestamp, CalendarError> {
        let due_at = match *span {
            Span::Elapsed(seconds) => elapsed(start, seconds)?,
            Span::BusinessTime(seconds) => self.spend(start, seconds, |_, _| ())?,
            Span::BusinessDays(days) => self.count_days(start, days, |_, _, _| ())?.1,
        };
        self.reaches(start, due_at, span)?;
        Ok(due_at)
    }

    /// Whether every date that a deadline was counted over is known. Elapsed time asks no calendar.
    fn reaches(&self, start: Timestamp, due_at: Timestamp, span: &Span) -> Result<(), CalendarError> {
        if matches!(span, Span::Elapsed(_)) { Ok(()) } else { self.knows(start, due_at) }
    }

    /// The working time in `a..b` in whole seconds, cut toward zero; negative when `b` is before `a`.
    ///
    /// The inverse of [`Calendar::add`]: the business time between a start and its deadline is the span.
    #[must_use]
    pub fn between(&self, a: Timestamp, b: Timestamp) -> i64 {
        if b < a {
            return -self.between(b, a);
        }
        let (mut cursor, end) = (a.as_nanosecond(), b.as_nanosecond());
        let mut worked = 0;
        for open in OpenTime::between(self, a, b) {
            let from = cursor.max(i128::from(open.from) * NANOS);
            let to = end.min(i128::from(open.to) * NANOS);
            if from < to {
                worked += to - from;
                cursor = to;
            }
        }
        i64::try_from(worked / NANOS).unwrap_or(i64::MAX)
    }

    /// Uses up `seconds` of working time from `start` and reports each stretch; stretches may touch.
    fn spend(
        &self,
        start: Timestamp,
        seconds: u32,
        mut on_work: impl FnMut(i128, i128),
    ) -> Result<Timestamp, CalendarError> {
        if seconds == 0 {
            return Ok(start);
        }
        let mut left = i128::from(seconds) * NANOS;
        let mut cursor = start.as_nanosecond();
        let mut opened = false;
        for open in OpenTime::after(self, start) {
            let from = cursor.max(i128::from(open.from) * NANOS);
            let to = (i128::from(open.to) * NANOS).min(from + left);
            if to <= from {
                continue;
            }
            opened = true;
            on_work(from, to);
            cursor = to;
            left -= to - from;
            if left == 0 {
                return Timestamp::from_nanosecond(to).map_err(|_| CalendarError::OutOfRange);
            }
        }
        Err(if opened {
            CalendarError::TooFar { after: start }
        } else {
            CalendarError::NeverOpens { after: start }
        })
    }

    /// Goes forward `days` working days; gives the same local time there, and the first working time from then.
    /// Reports each date passed, whether it counted, and the instant reached.
    fn count_days(
        &self,
        start: Timestamp,
        days: u32,
        mut on_day: impl FnMut(Date, bool, Timestamp),
    ) -> Result<(Timestamp, Timestamp), CalendarError> {
        if days == 0 {
            return Ok((start, start));
        }
        let local = self.zone.to_datetime(start);
        let (mut date, mut left, mut reached) = (local.date(), days, start);
        for _ in 0..HORIZON_DAYS {
            date = date.tomorrow().map_err(|_| CalendarError::OutOfRange)?;
            if self.leaves_out(date) {
                // It did not pass. Its local times mean those of the next date, which would then have none left.
                continue;
            }
            let same_time = self.zone.to_ambiguous_timestamp(date.to_datetime(local.time())).compatible();
            reached = reached.max(same_time.map_err(|_| CalendarError::OutOfRange)?);
            let works = self.works_on(date);
            on_day(date, works, reached);
            if works {
                left -= 1;
            }
            if left == 0 {
                let due_at = self.next_open(reached).ok_or(CalendarError::NeverOpens { after: reached })?;
                return Ok((reached, due_at));
            }
        }
        Err(if left == days {
            CalendarError::NeverOpens { after: start }
        } else {
            CalendarError::TooFar { after: start }
        })
    }
}

fn elapsed(start: Timestamp, seconds: u32) -> Result<Timestamp, CalendarError> {
    start
        .checked_add(jiff::SignedDuration::from_secs(i64::from(seconds)))
        .map_err(|_| CalendarError::OutOfRange)
}
