//! Running deadlines keep the rules that they were started with. Re-basing puts one on the rules of another version of
//! the playbook, and says who would flip by it.

use jiff::Timestamp;
use serde::Serialize;

use super::schedule::Schedule;
use super::{Clock, ClockRules, ClockStatus};
use crate::calendar::{Calendar, CalendarError};
use crate::ids::{CalendarId, PlaybookVersion, RuleId};
use crate::plant::Plant;

/// What a new deadline makes of a clock that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Flip {
    /// In time until now, and too late by the new rules.
    Breaches,
    /// Too late until now, and in time by the new rules.
    Recovers,
}

/// The rules that a clock is put on.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'p> {
    /// The policy.
    pub policy: &'p RuleId,
    /// Its rules for this kind of clock.
    pub rules: &'p ClockRules,
    /// The version that has them.
    pub playbook: PlaybookVersion,
    /// The calendar to count in.
    pub calendar: (&'p CalendarId, &'p Calendar),
}

impl Clock {
    /// The clock as if it had been started by other rules: from the same instant, with its pauses and tries counted.
    ///
    /// What the new ladder would have done before `now` is not done after the fact, or the change of a rule would send a
    /// storm of notices about the past. Two things are: a deadline that by the new rules has passed, and by the old had
    /// not, is missed now, and its ladder goes on from there; and where the new ladder would have given the lead to
    /// somebody for good, it does so now.
    ///
    /// Seconds of pauses are taken over as they are, also from working time to time by the clock, by all clocks but
    /// `stalled`: when the pauses were is not known any more.
    ///
    /// # Errors
    /// [`CalendarError`] when the calendar cannot count the new deadline.
    pub fn rebased(&self, onto: Terms<'_>, now: Timestamp) -> Result<Clock, CalendarError> {
        let (calendar_id, calendar) = onto.calendar;
        let started_at = if Plant::RebaseRestarts.is_on() { now } else { self.started_at };
        let held_s = self.held_by(onto.rules, calendar);
        let schedule = Schedule::of(self.kind, onto.rules, calendar, started_at, held_s)?;
        let due_at = schedule.due_at();
        let passed = due_at <= now;
        let is_missed_anew = passed && self.status == ClockStatus::Running;
        let mut step = 0;
        while let Some(at) = schedule.at(step)?
            && at <= now
            && !(is_missed_anew && schedule.is_breach(step))
            && !schedule.takes_away(step)
        {
            step += 1;
        }
        let warned = schedule.at(0)?.filter(|at| *at < due_at);
        Ok(Clock {
            policy: onto.policy.clone(),
            playbook: onto.playbook,
            calendar: calendar_id.clone(),
            started_at,
            held_s,
            due_at,
            warn_at: warned,
            step,
            next_at: schedule.at(step)?,
            status: if passed && !is_missed_anew { ClockStatus::Breached } else { ClockStatus::Running },
            // Its steps are other steps than those that have been told.
            round: self.round + 1,
            put_at: None,
            ..self.clone()
        })
    }

    /// What changes for whoever is held to it, when this clock is put on the rules that `after` follows.
    pub fn flips(&self, after: &Clock, now: Timestamp) -> Option<Flip> {
        match (self.due_at <= now, after.due_at <= now) {
            (false, true) => Some(Flip::Breaches),
            (true, false) => Some(Flip::Recovers),
            _ => None,
        }
    }
}
