//! Clocks: one running deadline with its ladder, kept in the lead's row.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{ClockRules, StepAction, StepTime};
use crate::calendar::{Calendar, CalendarError, Span};
use crate::ids::{CalendarId, PlaybookVersion, RuleId};

/// What a clock measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockKind {
    /// From the offer until the rep accepts.
    Accept,
    /// From receipt until a human reaches out.
    FirstTouch,
}

impl ClockKind {
    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            ClockKind::Accept => "accept",
            ClockKind::FirstTouch => "first_touch",
        }
    }
}

/// How a clock stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockStatus {
    /// Runs, in time.
    Running,
    /// Runs, too late; the ladder goes on.
    Breached,
    /// Stopped in time.
    Met,
    /// Stopped too late.
    MetLate,
    /// Stopped because the lead went another way.
    Cancelled,
}

/// One clock of a lead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// What it measures.
    #[serde(rename = "clock")]
    pub kind: ClockKind,
    /// The policy it follows.
    pub policy: RuleId,
    /// The playbook version it was started with and keeps.
    pub playbook: PlaybookVersion,
    /// The calendar it counts in.
    pub calendar: CalendarId,
    /// When it began to count.
    pub started_at: Timestamp,
    /// The deadline.
    pub due_at: Timestamp,
    /// When the first step before the deadline comes, if there is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub warn_at: Option<Timestamp>,
    /// The next entry of its schedule.
    pub step: u32,
    /// When that is; `None` when nothing is left to do or the clock has stopped.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next_at: Option<Timestamp>,
    /// How it stands.
    pub status: ClockStatus,
}

/// An entry of a clock's schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// The deadline itself passes.
    Breach,
    /// A step of the ladder.
    Step(StepAction),
}

/// Starts a clock.
pub fn start(
    kind: ClockKind,
    rules: &ClockRules,
    policy: &RuleId,
    playbook: PlaybookVersion,
    calendar: (&CalendarId, &Calendar),
    started_at: Timestamp,
) -> Result<Clock, CalendarError> {
    let due_at = calendar.1.due_at(started_at, &rules.within)?;
    let schedule = schedule(rules, calendar.1, started_at, due_at)?;
    Ok(Clock {
        kind,
        policy: policy.clone(),
        playbook,
        calendar: calendar.0.clone(),
        started_at,
        due_at,
        warn_at: schedule.first().map(|(at, _)| *at).filter(|at| *at < due_at),
        step: 0,
        next_at: schedule.first().map(|(at, _)| *at),
        status: ClockStatus::Running,
    })
}

/// The whole schedule of a clock: the ladder's steps and the breach, in order of time. At the same instant the breach
/// comes first, then the steps as the playbook lists them.
fn schedule(
    rules: &ClockRules,
    calendar: &Calendar,
    started_at: Timestamp,
    due_at: Timestamp,
) -> Result<Vec<(Timestamp, Due)>, CalendarError> {
    let mut entries = vec![(due_at, Due::Breach)];
    let business = !matches!(rules.within, Span::Elapsed(_));
    for step in &rules.ladder {
        let at = if business {
            in_business_time(step.at, calendar, started_at, due_at)?
        } else {
            in_elapsed_time(step.at, started_at, due_at)
        };
        entries.push((at, Due::Step(step.action)));
    }
    entries.sort_by_key(|(at, _)| *at);
    Ok(entries)
}

fn in_elapsed_time(at: StepTime, started_at: Timestamp, due_at: Timestamp) -> Timestamp {
    match at {
        StepTime::Share(percent) => {
            let total = due_at.as_millisecond() - started_at.as_millisecond();
            started_at + SignedDuration::from_millis(total * i64::from(percent) / 100)
        }
        StepTime::Offset(seconds) => (due_at + SignedDuration::from_secs(seconds)).max(started_at),
    }
}

fn in_business_time(
    at: StepTime,
    calendar: &Calendar,
    started_at: Timestamp,
    due_at: Timestamp,
) -> Result<Timestamp, CalendarError> {
    let total = calendar.between(started_at, due_at);
    let seconds = match at {
        StepTime::Share(100) | StepTime::Offset(0) => return Ok(due_at),
        StepTime::Share(percent) => total * i64::from(percent) / 100,
        StepTime::Offset(offset) => (total + offset).max(0),
    };
    let span = |seconds: i64| Span::BusinessTime(u32::try_from(seconds).unwrap_or(u32::MAX));
    if seconds > total {
        calendar.due_at(due_at, &span(seconds - total))
    } else {
        calendar.due_at(started_at, &span(seconds))
    }
}

impl Clock {
    /// Whether it still counts.
    pub fn is_running(&self) -> bool {
        matches!(self.status, ClockStatus::Running | ClockStatus::Breached)
    }

    /// Whether what it waited for has happened, in time or late.
    pub fn is_met(&self) -> bool {
        matches!(self.status, ClockStatus::Met | ClockStatus::MetLate)
    }

    /// What is due at `now`: the next entry of the schedule, if its time has come.
    pub fn due(
        &self,
        rules: &ClockRules,
        calendar: &Calendar,
        now: Timestamp,
    ) -> Result<Option<Due>, CalendarError> {
        if !self.is_running() || self.next_at.is_none_or(|at| at > now) {
            return Ok(None);
        }
        let schedule = schedule(rules, calendar, self.started_at, self.due_at)?;
        Ok(schedule.get(self.step as usize).map(|(_, due)| *due))
    }

    /// The clock after its next entry has been dealt with.
    pub fn stepped(&self, rules: &ClockRules, calendar: &Calendar) -> Result<Clock, CalendarError> {
        let schedule = schedule(rules, calendar, self.started_at, self.due_at)?;
        let mut next = self.clone();
        if let Some((_, Due::Breach)) = schedule.get(self.step as usize) {
            next.status = ClockStatus::Breached;
        }
        next.step = self.step + 1;
        next.next_at = schedule.get(next.step as usize).map(|(at, _)| *at);
        Ok(next)
    }

    /// Stops it because what it waited for happened at `happened_at`. Late evidence is dated by when it happened, so a
    /// breached clock may turn out to have been met.
    pub fn met(&self, happened_at: Timestamp) -> Clock {
        let status = if happened_at <= self.due_at { ClockStatus::Met } else { ClockStatus::MetLate };
        Clock { status, next_at: None, ..self.clone() }
    }

    /// Holds its ladder while nobody has the lead; the deadline itself goes on counting.
    pub fn suspended(&self) -> Clock {
        Clock { next_at: None, ..self.clone() }
    }

    /// Goes on with the ladder where it was held.
    pub fn resumed(&self, rules: &ClockRules, calendar: &Calendar) -> Result<Clock, CalendarError> {
        let schedule = schedule(rules, calendar, self.started_at, self.due_at)?;
        Ok(Clock { next_at: schedule.get(self.step as usize).map(|(at, _)| *at), ..self.clone() })
    }

    /// Stops it because the lead went another way.
    pub fn cancelled(&self) -> Clock {
        Clock { status: ClockStatus::Cancelled, next_at: None, ..self.clone() }
    }
}
