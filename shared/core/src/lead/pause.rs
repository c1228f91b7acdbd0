//! Putting a lead aside: while it is paused no clock of it counts, and it wakes by itself.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Answer, AnswerError, EventKind, Lead, Move, Step};
use crate::ids::RepId;
use crate::plant::Plant;
use crate::playbook::Versions;
use crate::sla::{stops_the_clock, whole_second};

/// The longest pause: a lead that has to wait longer is recycled.
pub const MAX_PAUSE: SignedDuration = SignedDuration::from_hours(24 * 30);

/// A pause that runs. Both ends are whole seconds, so that what it takes from a clock is exact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// Since when.
    pub since: Timestamp,
    /// Until when at the latest.
    pub until: Timestamp,
    /// Why.
    pub reason: String,
    /// When that was said last, if its end was put off since it began.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub told_at: Option<Timestamp>,
}

impl Answer {
    /// Whether it says that the lead is being worked on again, or that the work is over. What only tells of the prospect
    /// or of a machine leaves a pause alone, and so does what happened before it.
    fn ends_a_pause(&self, told_at: Timestamp) -> bool {
        match self {
            Answer::Contact(contacted) => {
                let in_it = contacted.occurred_at >= told_at || Plant::PauseEndedByThePast.is_on();
                in_it && stops_the_clock(contacted.direction, contacted.outcome)
            }
            Answer::Pause { .. } | Answer::Unpark => false,
            Answer::Accept { .. }
            | Answer::Reject { .. }
            | Answer::Qualify { .. }
            | Answer::Resume { .. }
            | Answer::Recycle { .. }
            | Answer::Disqualify { .. }
            | Answer::Win
            | Answer::Lose { .. } => true,
        }
    }

    /// When an answer that ends a pause does so: a call when it was made, however late it is told.
    fn ends_a_pause_at(&self, at: Timestamp) -> Timestamp {
        match self {
            Answer::Contact(contacted) => contacted.occurred_at.min(at),
            _ => at,
        }
    }
}

impl Lead {
    pub(super) fn paused_by(
        &self,
        rep_id: &RepId,
        reason: &str,
        until: Timestamp,
        step: &Step,
    ) -> Result<Lead, AnswerError> {
        self.legal(Move::Pause)?;
        self.held_only_by(rep_id)?;
        // Somebody who pauses again puts off the end of the pause that runs.
        let since = self.paused.as_ref().map_or_else(|| whole_second(step.at), |p| p.since);
        let until = whole_second(until);
        if until <= step.at || until > since + MAX_PAUSE {
            return Err(AnswerError::PauseOutOfBounds);
        }
        // What has come due already is not put off by a pause that begins after it.
        if self.exact_due_at().is_some_and(|due| due <= step.at) {
            return Err(AnswerError::StepDue);
        }
        let kind = EventKind::Paused { rep_id: rep_id.clone(), reason: reason.to_owned(), until };
        Ok(self.advance(step, Move::Pause, self.stage, kind, |next| {
            let told_at = Some(whole_second(step.at)).filter(|at| *at != since);
            next.paused = Some(Pause { since, until, reason: reason.to_owned(), told_at });
            for clock in next.clocks.iter_mut().filter(|c| c.is_running()) {
                *clock = clock.suspended();
            }
        })?)
    }

    pub(super) fn resumed_by(&self, rep_id: &RepId, step: &Step) -> Result<Lead, AnswerError> {
        self.legal(Move::Resume)?;
        self.held_only_by(rep_id)?;
        self.resumed(step)
    }

    fn resumed(&self, step: &Step) -> Result<Lead, AnswerError> {
        let since = self.paused.as_ref().ok_or(AnswerError::NotPaused)?.since;
        let kind = EventKind::Resumed { since };
        Ok(self.advance(step, Move::Resume, self.stage, kind, |next| next.paused = None)?)
    }

    /// The pause is over by itself: every clock goes on with what was left.
    ///
    /// # Errors
    /// [`AnswerError`] when there is no pause, or the rules of a clock are not among `playbooks`.
    pub fn pause_over(&self, playbooks: &Versions, step: &Step) -> Result<Lead, AnswerError> {
        let pause = self.paused.as_ref().ok_or(AnswerError::NotPaused)?;
        let mut counted = self.counted_over(pause, playbooks, step.at)?;
        counted.put_since(self, self.known_at(step.at));
        counted.resumed(step)
    }

    /// The lead without its pause, the time that it took counted: as somebody finds it who gives it to another.
    ///
    /// # Errors
    /// [`AnswerError`] when the rules of a clock are not among `playbooks`.
    pub fn unpaused(&self, playbooks: &Versions, at: Timestamp) -> Result<Lead, AnswerError> {
        match &self.paused {
            Some(pause) => Ok(Lead { paused: None, ..self.counted_over(pause, playbooks, at)? }),
            None => Ok(self.clone()),
        }
    }

    /// Whether this answer ends a pause. What an earlier holder tells of belongs to the time before.
    fn is_paused_until(&self, answer: &Answer) -> bool {
        let ends = self
            .paused
            .as_ref()
            .is_some_and(|pause| answer.ends_a_pause(pause.told_at.unwrap_or(pause.since)));
        ends && !self.is_of_an_earlier_holder(answer)
    }

    /// The lead as an answer finds it: one that ends a pause finds the time that the pause took counted first, in the
    /// same write.
    pub(super) fn as_found_by(
        &self,
        answer: &Answer,
        playbooks: &Versions,
        at: Timestamp,
    ) -> Result<Lead, AnswerError> {
        let Some(pause) = &self.paused else { return Ok(self.clone()) };
        let ended_at = answer.ends_a_pause_at(at);
        if self.is_paused_until(answer) {
            self.counted_over(pause, playbooks, ended_at)
        } else if answer.ends_a_pause(pause.since) && !self.is_of_an_earlier_holder(answer) {
            // Called in the pause, which was put off afterwards: it goes on from there.
            let counted = self.counted_over(pause, playbooks, ended_at)?;
            let since = whole_second(ended_at).max(pause.since);
            Ok(Lead { paused: Some(Pause { since, ..pause.clone() }), ..counted })
        } else {
            Ok(self.clone())
        }
    }

    /// When it could be known what an answer makes of a pause, at `at` or when the pause was over by itself.
    pub(super) fn known_at(&self, at: Timestamp) -> Timestamp {
        self.paused.as_ref().map_or(at, |pause| pause.until.min(at))
    }

    /// Holds what an answer has begun anew on a lead that stays paused.
    pub(super) fn hold_while_paused(&mut self) {
        if self.paused.is_some() {
            for clock in self.clocks.iter_mut().filter(|c| c.is_running()) {
                *clock = clock.suspended();
            }
        }
    }

    /// Ends the pause of a lead that an answer has changed.
    pub(super) fn unpaused_by(mut self, answer: &Answer) -> Lead {
        if self.is_paused_until(answer) {
            self.paused = None;
        }
        self
    }

    /// The lead with a pause counted that ends at `at`, or has ended by itself before.
    fn counted_over(&self, pause: &Pause, playbooks: &Versions, at: Timestamp) -> Result<Lead, AnswerError> {
        let ended = if Plant::PauseAddsTime.is_on() { pause.until } else { at.min(pause.until) };
        let span = (pause.since, whole_second(ended).max(pause.since));
        let mut next = self.clone();
        for clock in next.clocks.iter_mut().filter(|c| c.is_running()) {
            let playbook = playbooks.get(&clock.playbook).ok_or(AnswerError::Untimed)?;
            let rules = playbook.clock_rules(&clock.policy, clock.kind);
            let calendar = playbook.calendar(&clock.calendar);
            let (rules, calendar) = rules.zip(calendar).ok_or(AnswerError::Untimed)?;
            *clock = clock.paused_over(span, rules, calendar).map_err(|_| AnswerError::Untimed)?;
        }
        Ok(next)
    }
}
