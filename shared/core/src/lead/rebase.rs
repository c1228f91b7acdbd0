//! Putting the deadlines that run on the rules of another version of the playbook: only when somebody asks for it, and
//! never without saying first who would flip.

use jiff::Timestamp;

use super::{EventKind, IllegalMove, Lead, Move, RebasedClock, Step};
use crate::calendar::{Calendar, CalendarError};
use crate::ids::{CalendarId, PlaybookVersion};
use crate::playbook::Playbook;
use crate::sla::{Clock, ClockKind, Flip, Policy, Terms};

/// What re-basing makes of one clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The clock as it runs.
    pub before: Clock,
    /// By the new rules.
    pub after: Clock,
    /// Whether it would be too late by one set of rules and in time by the other.
    pub flip: Option<Flip>,
}

impl Lead {
    /// What re-basing would make of the clocks that run by another version, under the policy that the new version has for
    /// the lead. A clock that the policy does not have keeps the rules that it was started with, and so does one whose
    /// calendar is gone.
    ///
    /// # Errors
    /// [`CalendarError`] when a calendar cannot count a deadline.
    pub fn changes_onto(
        &self,
        (version, playbook): (PlaybookVersion, &Playbook),
        policy: &Policy,
        now: Timestamp,
    ) -> Result<Vec<Change>, CalendarError> {
        if self.legal(Move::Rebase).is_err() {
            return Ok(Vec::new());
        }
        // A clock that is paused stands where it was then.
        let now = self.paused.as_ref().map_or(now, |paused| paused.since);
        let mut changes = Vec::new();
        for before in self.clocks.iter().filter(|c| c.is_running() && c.playbook != version) {
            let Some((rules, calendar)) = policy.rules(before.kind).zip(self.calendar_in(playbook, before))
            else {
                continue;
            };
            let terms = Terms { policy: &policy.policy, rules, playbook: version, calendar };
            let mut after = before.rebased(terms, now)?;
            if self.paused.is_some() || !self.stage.is_held() {
                after = after.suspended();
            }
            // What was due already by the old rules could be taken since then, and not only now.
            let since = before.next_at.filter(|at| *at <= now);
            let since = since.map_or(now, |at| before.put_at.map_or(at, |put_at| put_at.max(at)));
            after = after.put(since);
            let tries = policy.attempts.as_ref().filter(|_| before.kind == ClockKind::Attempts);
            let enough =
                tries.and_then(|rules| before.tries.iter().nth(rules.at_least.checked_sub(1)? as usize));
            if let Some(last) = enough {
                after = after.met(*last);
            }
            let flip = before.flips(&after, now);
            changes.push(Change { before: before.clone(), after, flip });
        }
        Ok(changes)
    }

    /// The calendar that the new version has for a clock: that of the rep who holds the lead, or else the one it counts
    /// in by now.
    fn calendar_in<'p>(
        &self,
        playbook: &'p Playbook,
        clock: &Clock,
    ) -> Option<(&'p CalendarId, &'p Calendar)> {
        let of_rep =
            self.held_by().and_then(|rep_id| playbook.doc().reps.get(rep_id)).map(|rep| &rep.calendar);
        playbook.calendars().get_key_value(of_rep.unwrap_or(&clock.calendar))
    }

    /// The lead with its clocks on other rules.
    ///
    /// # Errors
    /// [`IllegalMove`] for a lead that nobody works on.
    pub fn rebased(
        &self,
        version: PlaybookVersion,
        changes: &[Change],
        step: &Step,
    ) -> Result<Lead, IllegalMove> {
        let clocks = changes
            .iter()
            .map(|c| RebasedClock { clock: c.before.kind, was: c.before.due_at, due_at: c.after.due_at })
            .collect();
        let kind = EventKind::Rebased { version, clocks };
        self.advance(step, Move::Rebase, self.stage, kind, |next| {
            for change in changes {
                next.with_clock(change.after.clone());
            }
        })
    }
}
