//! The clocks that run while somebody in sales works on a lead: how often it was tried, by when it is an opportunity,
//! and how long nothing has happened. They begin with the policy, version and calendar of the offer, which its accept clock
//! names.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Answer, AnswerError, EventKind, Lead, Stage, Step};
use crate::calendar::{Calendar, Span};
use crate::ids::{CalendarId, PlaybookVersion};
use crate::plant::Plant;
use crate::playbook::Versions;
use crate::sla::{self, Clock, ClockKind, ClockStatus, Policy, got_through, stops_the_clock};

/// The reason for giving up a lead that takes tries first.
pub const UNREACHABLE: &str = "unreachable";

/// What a clock is kept by.
struct Terms<'p> {
    policy: &'p Policy,
    version: PlaybookVersion,
    calendar: (&'p CalendarId, &'p Calendar),
}

impl Terms<'_> {
    fn start(&self, kind: ClockKind, at: Timestamp) -> Result<Option<Clock>, AnswerError> {
        let Some(rules) = self.policy.rules(kind) else { return Ok(None) };
        sla::start(kind, rules, &self.policy.policy, self.version, self.calendar, at)
            .map(Some)
            .map_err(|_| AnswerError::Untimed)
    }
}

/// What a clock names, which need not be what the offer was made by: it may have been re-based.
fn terms_of<'p>(clock: &'p Clock, playbooks: &'p Versions) -> Result<Terms<'p>, AnswerError> {
    let playbook = playbooks.get(&clock.playbook).ok_or(AnswerError::Untimed)?;
    let policy = playbook.policy(&clock.policy).ok_or(AnswerError::Untimed)?;
    let calendar = playbook.calendar(&clock.calendar).ok_or(AnswerError::Untimed)?;
    Ok(Terms { policy, version: clock.playbook, calendar: (&clock.calendar, calendar) })
}

/// A try to reach the prospect.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Try {
    /// Somebody was reached.
    GotThrough,
    /// Nobody was.
    InVain,
}

impl Answer {
    /// When sales did something about the lead, if this says so: a human reached out, took the lead or confirmed it.
    /// What the prospect or a machine did is nothing that sales did.
    fn sales_activity(&self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Answer::Contact(c) if stops_the_clock(c.direction, c.outcome) => Some(c.occurred_at.min(now)),
            Answer::Accept { .. } | Answer::Qualify { .. } => Some(now),
            _ => None,
        }
    }

    fn attempt(&self) -> Option<Try> {
        match self {
            Answer::Contact(c) if got_through(c.direction, c.outcome) => Some(Try::GotThrough),
            Answer::Contact(c) if stops_the_clock(c.direction, c.outcome) => Some(Try::InVain),
            _ => None,
        }
    }

    fn gives_up(&self) -> Option<&str> {
        match self {
            Answer::Recycle { reason, .. }
            | Answer::Disqualify { reason }
            | Answer::Lose { reason }
            | Answer::Reject { reason, .. } => Some(reason),
            _ => None,
        }
    }
}

impl Lead {
    /// Takes an answer and keeps the clocks of sales: the way to take one. `playbooks` are those that the lead's clocks
    /// name.
    ///
    /// # Errors
    /// [`AnswerError`] when the answer cannot be taken, or a clock's rules are not among `playbooks`.
    pub fn answered_under(
        &self,
        answer: &Answer,
        playbooks: &Versions,
        step: &Step,
    ) -> Result<Lead, AnswerError> {
        let found = self.as_found_by(answer, playbooks, step.at)?;
        let mut after = found.answered(answer, step)?.unpaused_by(answer);
        found.tried_often_enough(answer, playbooks)?;
        if let Some(at) = answer.sales_activity(step.at) {
            // What an earlier holder did stops the buyer's clock and none of whoever has the lead now.
            if !found.is_of_an_earlier_holder(answer) {
                after.keep_sales_clocks(&found, answer.attempt(), (at, step.at), playbooks)?;
            }
            let turned = after.met_after_all(&found, at);
            if let EventKind::Contacted { met_after_all, .. } = &mut after.last_event.kind {
                *met_after_all = turned;
            }
        }
        after.hold_while_paused();
        after.put_since(self, self.known_at(step.at));
        Ok(after)
    }

    /// An opportunity as somebody finds it who is given it: whoever has done nothing yet has not stalled.
    ///
    /// # Errors
    /// [`AnswerError`] when the rules of the clock are not among `playbooks`.
    pub fn watched_anew(&self, playbooks: &Versions, at: Timestamp) -> Result<Lead, AnswerError> {
        let mut next = self.clone();
        if Plant::StalledHandedOver.is_on() {
            return Ok(next);
        }
        let stalled = |c: &&mut Clock| c.kind == ClockKind::Stalled && c.is_running() && c.started_at < at;
        for clock in next.clocks.iter_mut().filter(stalled).filter(|_| self.stage == Stage::Qualified) {
            let terms = terms_of(clock, playbooks)?;
            let rules = terms.policy.rules(ClockKind::Stalled).ok_or(AnswerError::Untimed)?;
            // Pauses were of whoever had it before.
            let theirs = Clock { pauses: Vec::new(), ..clock.clone() };
            let anew = theirs.begun_anew(rules, terms.calendar.1, at).map_err(|_| AnswerError::Untimed)?;
            *clock = anew;
        }
        Ok(next)
    }

    /// What a clock that begins now is kept by: what the offer was made by.
    fn terms<'p>(&'p self, playbooks: &'p Versions) -> Result<Terms<'p>, AnswerError> {
        let offer = self.clocks.iter().find(|c| c.kind == ClockKind::Accept).ok_or(AnswerError::Untimed)?;
        terms_of(offer, playbooks)
    }

    /// Nobody whom sales holds is given up as unreachable before the tries that the policy asks for.
    fn tried_often_enough(&self, answer: &Answer, playbooks: &Versions) -> Result<(), AnswerError> {
        if answer.gives_up() != Some(UNREACHABLE) || !self.stage.is_held() {
            return Ok(());
        }
        let clock = self.clocks.iter().find(|c| c.kind == ClockKind::Attempts);
        let terms = match clock.filter(|_| self.stage != Stage::Offered) {
            Some(clock) => terms_of(clock, playbooks)?,
            None => self.terms(playbooks)?,
        };
        let Some(at_least) = terms.policy.attempts.as_ref().map(|a| a.at_least) else { return Ok(()) };
        let made = clock.map_or(0, |c| u32::try_from(c.tries.len()).unwrap_or(u32::MAX));
        if made >= at_least || clock.is_some_and(Clock::is_met) {
            return Ok(());
        }
        Err(AnswerError::TooFewTries { made, at_least })
    }

    /// Starts the clocks of whoever has just taken the lead up, counts a try, and begins the stalled clock anew.
    fn keep_sales_clocks(
        &mut self,
        before: &Lead,
        tried: Option<Try>,
        (at, now): (Timestamp, Timestamp),
        playbooks: &Versions,
    ) -> Result<(), AnswerError> {
        if !matches!(self.stage, Stage::Accepted | Stage::Working | Stage::Qualified) {
            return Ok(());
        }
        let mut fresh: Vec<Clock> = Vec::new();
        {
            let terms = self.terms(playbooks)?;
            let since = self.owner.as_ref().and_then(|o| o.accepted_at).unwrap_or(at);
            if before.stage == Stage::Offered {
                for kind in [ClockKind::Attempts, ClockKind::QualifiedBy] {
                    fresh.extend(terms.start(kind, since)?);
                }
            }
            let stalled = self.running_clock(ClockKind::Stalled);
            match stalled {
                // A lead of an earlier release may be without one; it gets it now.
                None => fresh.extend(terms.start(ClockKind::Stalled, at.max(since))?),
                Some(clock) if clock.started_at < at => {
                    let terms = terms_of(clock, playbooks)?;
                    let rules = terms.policy.rules(ClockKind::Stalled).ok_or(AnswerError::Untimed)?;
                    let calendar = terms.calendar.1;
                    let paused_since = self.paused.as_ref().map_or(Timestamp::MIN, |pause| pause.since);
                    let anew = clock
                        .begun_anew(rules, calendar, at)
                        .and_then(|anew| clock.done_in(anew, paused_since, rules, calendar))
                        .map_err(|_| AnswerError::Untimed)?;
                    // Counted in working days the later of two calls may be due earlier; telling of one takes no time away.
                    let is_earlier = matches!(rules.within, Span::BusinessDays(_))
                        && clock.status == ClockStatus::Running
                        && anew.due_at < clock.due_at;
                    if at == now || !is_earlier {
                        fresh.push(anew);
                    }
                }
                // Evidence of something earlier than what is known already.
                Some(_) => {}
            }
        }
        for clock in fresh {
            self.clocks.retain(|c| c.kind != clock.kind);
            self.clocks.push(clock);
        }
        if let Some(tried) = tried {
            self.count_try(tried, at, playbooks)?;
        }
        Ok(())
    }

    fn count_try(&mut self, tried: Try, at: Timestamp, playbooks: &Versions) -> Result<(), AnswerError> {
        let offered_at = self.owner.as_ref().map(|owner| owner.offered_at);
        // What was before an opportunity was handed over is no try of whoever had it then.
        let of_another = |c: &Clock| offered_at.is_some_and(|offered| c.started_at < offered && at < offered);
        let counts = |c: &&mut Clock| {
            c.kind == ClockKind::Attempts
                && (c.is_running() || c.status == ClockStatus::MetLate)
                && !of_another(c)
        };
        for clock in self.clocks.iter_mut().filter(counts) {
            let at_least = terms_of(clock, playbooks)?.policy.attempts.as_ref().map_or(1, |a| a.at_least);
            let counted = clock.tried(at, at_least);
            *clock = match tried {
                Try::GotThrough if !counted.is_met() || at <= counted.due_at => counted.met(at),
                Try::GotThrough | Try::InVain => counted,
            };
        }
        Ok(())
    }

    /// Takes note of entries that were put into the past just now: nobody could have taken them earlier.
    pub(super) fn put_since(&mut self, before: &Lead, now: Timestamp) {
        let known = |kind| before.clocks.iter().find(|c| c.kind == kind).and_then(|c| c.next_at);
        for clock in self.clocks.iter_mut().filter(|c| c.is_running() && c.next_at != known(c.kind)) {
            *clock = clock.put(now);
        }
    }

    /// A planted bug: the stalled clock begins anew although sales has done nothing.
    pub(super) fn put_off_stalled(&mut self, at: Timestamp) {
        for clock in self.clocks.iter_mut().filter(|c| c.kind == ClockKind::Stalled && c.next_at.is_some()) {
            let later = at.duration_since(clock.started_at);
            clock.started_at = at;
            clock.due_at += later;
            clock.next_at = clock.next_at.map(|next| next + later);
        }
    }

    /// The deadlines that counted as missed before, and of which evidence from `at` shows that they were not.
    fn met_after_all(&self, before: &Lead, at: Timestamp) -> Vec<ClockKind> {
        let missed = |c: &&Clock| matches!(c.status, ClockStatus::Breached | ClockStatus::MetLate);
        let missed: BTreeSet<ClockKind> =
            before.clocks.iter().filter(missed).filter(|c| at <= c.due_at).map(|c| c.kind).collect();
        let in_time = |c: &&Clock| match c.kind {
            ClockKind::Stalled => c.status == ClockStatus::Running,
            _ => c.status == ClockStatus::Met,
        };
        self.clocks.iter().filter(in_time).map(|c| c.kind).filter(|k| missed.contains(k)).collect()
    }
}
