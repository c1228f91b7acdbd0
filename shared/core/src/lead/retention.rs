//! Retention: for how long what was typed is kept, and what is left of a submission afterwards.

use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::{EventKind, IllegalMove, Lead, Move, Step};
use crate::ids::SubmissionId;
use crate::submission::Submission;

/// What the playbook says about keeping data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct RetentionRules {
    /// How long the answers of a submission are kept, from its receipt; for as long as the lead when left out.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub submissions: Option<KeepFor>,
}

impl RetentionRules {
    /// Whether everything is kept.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Until when the answers of a submission are kept that is received at `from`.
    pub fn submissions_until(&self, from: Timestamp) -> Option<Timestamp> {
        self.submissions.map(|keep| keep.after(from))
    }
}

/// A period in calendar days and months, at least a day: `P180D`, `P6M`, `P1Y6M`, `P2W`. Counted in UTC; the 31st of a
/// month and a month later is the last of the next month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeepFor {
    months: u32,
    days: u32,
}

/// What is wrong with a period, and how to write it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeriodMistake {
    /// Not of the form `PnYnMnWnD`.
    #[error("“{0}” is not a period of days or months; write for example P180D or P6M")]
    Malformed(String),
    /// Hours or less.
    #[error("“{0}” counts hours; a period is at least a day, such as P1D")]
    Hours(String),
    /// Nothing at all.
    #[error("“{0}” is no time; write at least P1D")]
    Nothing(String),
    /// More than a hundred years.
    #[error("“{0}” is too long; write at most 100 years, or leave it out to keep everything")]
    TooLong(String),
}

const MOST_MONTHS: u32 = 1_200;
const MOST_DAYS: u32 = 36_525;

impl KeepFor {
    /// Reads an ISO 8601 period of years, months, weeks and days.
    ///
    /// # Errors
    /// [`PeriodMistake`] says how to write it.
    pub fn parse(text: &str) -> Result<KeepFor, PeriodMistake> {
        let malformed = || PeriodMistake::Malformed(text.to_owned());
        let mut rest = text.strip_prefix('P').filter(|rest| !rest.is_empty()).ok_or_else(malformed)?;
        if rest.contains('T') {
            return Err(PeriodMistake::Hours(text.to_owned()));
        }
        let (mut months, mut days) = (0_u64, 0_u64);
        // Each unit once, the largest first.
        for (unit, in_months, in_days) in [('Y', 12, 0), ('M', 1, 0), ('W', 0, 7), ('D', 0, 1)] {
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let (number, after) = rest.split_at(digits);
            let Some(after) = after.strip_prefix(unit) else { continue };
            let number: u64 = match number.parse() {
                Ok(number) => number,
                Err(_) if number.is_empty() => return Err(malformed()),
                Err(_) => return Err(PeriodMistake::TooLong(text.to_owned())),
            };
            months = months.saturating_add(number.saturating_mul(in_months));
            days = days.saturating_add(number.saturating_mul(in_days));
            rest = after;
        }
        if !rest.is_empty() {
            return Err(malformed());
        }
        let within = |n: u64, most: u32| u32::try_from(n).ok().filter(|n| *n <= most);
        match (within(months, MOST_MONTHS), within(days, MOST_DAYS)) {
            (Some(0), Some(0)) => Err(PeriodMistake::Nothing(text.to_owned())),
            (Some(months), Some(days)) => Ok(KeepFor { months, days }),
            _ => Err(PeriodMistake::TooLong(text.to_owned())),
        }
    }

    /// The end of the period that begins at `from`.
    pub fn after(self, from: Timestamp) -> Timestamp {
        let span = jiff::Span::new()
            .try_months(self.months)
            .and_then(|span| span.try_days(self.days))
            .and_then(|span| from.to_zoned(TimeZone::UTC).checked_add(span));
        // Beyond the last instant there is: never.
        span.map_or(Timestamp::MAX, |end| end.timestamp())
    }
}

impl fmt::Display for KeepFor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("P")?;
        for (number, unit) in [(self.months, 'M'), (self.days, 'D')].into_iter().filter(|(n, _)| *n > 0) {
            write!(f, "{number}{unit}")?;
        }
        Ok(())
    }
}

impl From<KeepFor> for String {
    fn from(keep: KeepFor) -> String {
        keep.to_string()
    }
}

impl TryFrom<String> for KeepFor {
    type Error = PeriodMistake;
    fn try_from(text: String) -> Result<Self, PeriodMistake> {
        Self::parse(&text)
    }
}

/// Which submissions of a lead have been kept for long enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forgetting {
    /// What is left of those, at most as many as were asked for, the oldest first.
    pub left: Vec<Submission>,
    /// When the next one is due: now, when there are more than were asked for.
    pub next: Option<Timestamp>,
}

impl Forgetting {
    /// Looks through a lead's submissions. Without a period nothing is due, now or later.
    pub fn of(submissions: &[Submission], keep: Option<KeepFor>, most: usize, now: Timestamp) -> Forgetting {
        let Some(keep) = keep else { return Forgetting { left: Vec::new(), next: None } };
        let mut whole: Vec<(Timestamp, &Submission)> = submissions
            .iter()
            .filter(|s| s.forgotten_at.is_none())
            .map(|s| (keep.after(s.received_at), s))
            .collect();
        whole.sort_by(|a, b| (a.0, &a.1.submission_id).cmp(&(b.0, &b.1.submission_id)));
        let due = whole.iter().take_while(|(at, _)| *at <= now).count().min(most);
        let left = whole[..due].iter().map(|(_, s)| s.without_answers(now)).collect();
        Forgetting { left, next: whole.get(due).map(|(at, _)| *at) }
    }
}

impl Lead {
    /// The lead with a submission that is kept until then; the earliest such time counts.
    #[must_use]
    pub fn kept_until(mut self, until: Option<Timestamp>) -> Lead {
        self.forget_at = [self.forget_at, until].into_iter().flatten().min();
        self
    }

    /// The answers of these submissions are gone; the next are due at `next`.
    ///
    /// # Errors
    /// [`IllegalMove`] for a lead whose submissions are elsewhere or gone already.
    pub fn forgotten(
        &self,
        submissions: Vec<SubmissionId>,
        next: Option<Timestamp>,
        step: &Step,
    ) -> Result<Lead, IllegalMove> {
        let kind = EventKind::Forgotten { submissions };
        self.advance(step, Move::Forget, self.stage, kind, |lead| lead.forget_at = next)
    }
}
