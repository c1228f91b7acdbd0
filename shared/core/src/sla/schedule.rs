//! The schedule of a clock: the steps of its ladder and the breach, in order of time, and what comes after the last.

use jiff::{SignedDuration, Timestamp};

use super::{ClockKind, ClockRules, Hours, StepAction, StepTime};
use crate::calendar::{Calendar, CalendarError, Span};
use crate::plant::Plant;

/// What is due for a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// The deadline itself passes.
    Breach,
    /// A step of the ladder.
    Step(StepAction),
    /// A step that only tells somebody, and by now has less to tell than what is due after it: it is noted and not
    /// sent.
    Overtaken(StepAction),
}

/// One entry.
#[derive(Debug, Clone, Copy)]
struct Entry {
    /// When it is due.
    at: Timestamp,
    /// When the ladder has it, which may be outside hours.
    nominal: Timestamp,
    /// The step; none is the breach.
    step: Option<StepAction>,
    hours: Hours,
}

/// The entries of a clock in order. At the same instant the breach comes first, then the steps as the playbook lists
/// them. The order is settled when the clock starts: pauses put entries off and change no order.
#[derive(Debug)]
pub(super) struct Schedule<'c> {
    entries: Vec<Entry>,
    due_at: Timestamp,
    calendar: &'c Calendar,
    /// How often the manager is told again after the last entry, if that leaves the lead where it is.
    repeat: Option<Span>,
}

impl<'c> Schedule<'c> {
    pub(super) fn of(
        kind: ClockKind,
        rules: &ClockRules,
        calendar: &'c Calendar,
        started_at: Timestamp,
        held_s: u32,
    ) -> Result<Self, CalendarError> {
        let time = Time { calendar, business: rules.within.is_business() };
        let due_at = calendar.due_at(started_at, &rules.within)?;
        let mut entries = vec![Entry { at: due_at, nominal: due_at, step: None, hours: Hours::Any }];
        for step in &rules.ladder {
            let nominal = time.of(step.at, started_at, due_at)?;
            let at = time.told(nominal, step.hours)?;
            entries.push(Entry { at, nominal, step: Some(step.action), hours: step.hours });
        }
        entries.sort_by_key(|entry| entry.at);
        let mut schedule = Schedule { entries, due_at, calendar, repeat: rules.repeated(kind) };
        if held_s > 0 {
            schedule.put_off(time, held_s)?;
        }
        Ok(schedule)
    }

    fn put_off(&mut self, time: Time<'_>, held_s: u32) -> Result<(), CalendarError> {
        self.due_at = time.later(self.due_at, held_s)?;
        let mut reached = Timestamp::MIN;
        for entry in &mut self.entries {
            entry.nominal = time.later(entry.nominal, held_s)?;
            // What it comes behind may be a deadline, which has no hours.
            entry.at = time.told(entry.nominal.max(reached), entry.hours)?;
            reached = entry.at;
        }
        Ok(())
    }

    /// The deadline.
    pub(super) fn due_at(&self) -> Timestamp {
        self.due_at
    }

    /// When an entry is due; `None` behind the last.
    pub(super) fn at(&self, index: u32) -> Result<Option<Timestamp>, CalendarError> {
        Ok(self.entry(index)?.map(|entry| entry.at))
    }

    /// Whether an entry is the deadline itself.
    pub(super) fn is_breach(&self, index: u32) -> bool {
        self.entries.get(index as usize).is_some_and(|entry| entry.step.is_none())
    }

    /// Whether an entry takes the lead from whoever has it for good.
    pub(super) fn takes_away(&self, index: u32) -> bool {
        let step = self.entries.get(index as usize).and_then(|entry| entry.step);
        matches!(step, Some(StepAction::Fallback | StepAction::ReturnToMarketing))
    }

    fn entry(&self, index: u32) -> Result<Option<Entry>, CalendarError> {
        if let Some(entry) = self.entries.get(index as usize) {
            return Ok(Some(*entry));
        }
        let (Some(repeat), Some(last)) = (self.repeat, self.entries.last()) else { return Ok(None) };
        let nth = index + 1 - u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        let times = match repeat {
            Span::Elapsed(s) => Span::Elapsed(s.saturating_mul(nth)),
            Span::BusinessTime(s) => Span::BusinessTime(s.saturating_mul(nth)),
            Span::BusinessDays(d) => Span::BusinessDays(d.saturating_mul(nth)),
        };
        let nominal = self.calendar.due_at(last.at, &times)?;
        let at = opening(self.calendar, nominal)?;
        Ok(Some(Entry { at, nominal, step: Some(StepAction::NotifyManager), hours: Hours::Inside }))
    }

    /// What an entry is at `now`, when its time has come.
    pub(super) fn due(&self, index: u32, now: Timestamp) -> Result<Option<Due>, CalendarError> {
        let Some(entry) = self.entry(index)? else { return Ok(None) };
        let Some(action) = entry.step else { return Ok(Some(Due::Breach)) };
        let overtaken = !Plant::StormAfterSilence.is_on() && self.is_overtaken(index, entry, action, now)?;
        Ok(Some(if overtaken { Due::Overtaken(action) } else { Due::Step(action) }))
    }

    /// A reminder is overtaken by whatever came due after it, and by the deadline that it was to remind of; word to the
    /// manager by later word to the manager.
    fn is_overtaken(
        &self,
        index: u32,
        entry: Entry,
        action: StepAction,
        now: Timestamp,
    ) -> Result<bool, CalendarError> {
        let by: fn(Option<StepAction>) -> bool = match action {
            StepAction::Remind => |_| true,
            StepAction::NotifyManager => |step| step == Some(StepAction::NotifyManager),
            StepAction::Reassign | StepAction::Fallback | StepAction::ReturnToMarketing => return Ok(false),
        };
        if action == StepAction::Remind && entry.nominal < self.due_at && self.due_at <= now {
            return Ok(true);
        }
        let last = u32::try_from(self.entries.len()).unwrap_or(u32::MAX).max(index + 1);
        for later in index + 1..=last {
            if let Some(other) = self.entry(later)?
                && by(other.step)
                && entry.at < other.at
                && other.at <= now
            {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn opening(calendar: &Calendar, at: Timestamp) -> Result<Timestamp, CalendarError> {
    calendar.next_open(at).ok_or(CalendarError::NeverOpens { after: at })
}

/// The kind of time that a clock counts in.
#[derive(Debug, Clone, Copy)]
struct Time<'c> {
    calendar: &'c Calendar,
    business: bool,
}

impl Time<'_> {
    /// When the ladder has a step.
    fn of(self, at: StepTime, started_at: Timestamp, due_at: Timestamp) -> Result<Timestamp, CalendarError> {
        if !self.business {
            return Ok(match at {
                StepTime::Share(percent) => {
                    let total = due_at.as_millisecond() - started_at.as_millisecond();
                    started_at + SignedDuration::from_millis(total * i64::from(percent) / 100)
                }
                StepTime::Offset(seconds) => (due_at + SignedDuration::from_secs(seconds)).max(started_at),
            });
        }
        let total = self.calendar.between(started_at, due_at);
        let seconds = match at {
            StepTime::Share(100) | StepTime::Offset(0) => return Ok(due_at),
            StepTime::Share(percent) => total * i64::from(percent) / 100,
            StepTime::Offset(offset) => (total + offset).max(0),
        };
        let span = |seconds: i64| Span::BusinessTime(u32::try_from(seconds).unwrap_or(u32::MAX));
        if seconds == 0 {
            opening(self.calendar, started_at)
        } else if seconds > total {
            self.calendar.due_at(due_at, &span(seconds - total))
        } else {
            self.calendar.due_at(started_at, &span(seconds))
        }
    }

    /// When it is told: inside hours, unless the playbook says at any time. Business time is inside hours by itself;
    /// its end of a day counts as inside.
    fn told(self, nominal: Timestamp, hours: Hours) -> Result<Timestamp, CalendarError> {
        match hours {
            Hours::Inside if !self.business && !Plant::StepOffHours.is_on() => {
                opening(self.calendar, nominal)
            }
            Hours::Inside | Hours::Any => Ok(nominal),
        }
    }

    /// An instant, so many seconds of this kind of time later. None is the instant itself.
    fn later(self, at: Timestamp, seconds: u32) -> Result<Timestamp, CalendarError> {
        let span = if self.business { Span::BusinessTime(seconds) } else { Span::Elapsed(seconds) };
        self.calendar.due_at(at, &span)
    }
}
