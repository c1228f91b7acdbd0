//! The ladder: what a deadline that comes near or passes does to a lead. Each entry of a clock's schedule is one
//! transition, so that it happens once for (lead, cycle, clock, step) however often it is tried.

use jiff::Timestamp;

use super::pipeline::REVIEW_AFTER;
use super::{Effect, EffectKind, EventKind, IllegalMove, Lead, Move, Stage, Step};
use crate::calendar::{Calendar, CalendarError};
use crate::plant::Plant;
use crate::sla::{Clock, ClockKind, ClockRules, Due};

impl Lead {
    pub(super) fn with_clock(&mut self, clock: Clock) {
        for slot in self.clocks.iter_mut().filter(|c| c.kind == clock.kind && c.is_running()) {
            *slot = clock.clone();
        }
    }

    /// Since when the next entry of this clock's schedule could have been taken. A buyer's clock may have run out while
    /// nobody had the lead, and new rules or a late report may have put an entry into the past: neither is late before
    /// that.
    pub fn could_step_at(&self, clock: &Clock) -> Option<Timestamp> {
        let offered_at = self.owner.as_ref().map(|owner| owner.offered_at);
        clock.next_at.map(|at| [offered_at, clock.put_at].into_iter().flatten().fold(at, Timestamp::max))
    }

    /// What is due for a clock of this lead. Steps that take a lead from whoever has it count from the offer on: nobody
    /// loses it for the time in which it waited for somebody, so those whose time came before are overtaken.
    ///
    /// # Errors
    /// [`CalendarError`] when the calendar cannot count the clock's schedule.
    pub fn due(
        &self,
        clock: &Clock,
        rules: &ClockRules,
        calendar: &Calendar,
        now: Timestamp,
    ) -> Result<Option<Due>, CalendarError> {
        let due = clock.due(rules, calendar, now)?;
        let came_before =
            self.owner.as_ref().is_some_and(|o| clock.next_at.is_some_and(|at| at < o.offered_at));
        Ok(match due {
            Some(Due::Step(action))
                if action.takes_away() && came_before && !Plant::TakenForThePast.is_on() =>
            {
                Some(Due::Overtaken(action))
            }
            due => due,
        })
    }

    /// The deadline itself passed. `after` is the clock after this entry.
    pub fn breached(&self, after: Clock, step: &Step) -> Result<Lead, IllegalMove> {
        let kind = EventKind::Breached { clock: after.kind };
        self.advance(step, Move::Escalate, self.stage, kind, |next| next.with_clock(after))
    }

    /// The rep is reminded.
    pub fn reminded(&self, after: Clock, step: &Step) -> Result<Lead, IllegalMove> {
        let (clock, entry, round) = (after.kind, after.step, after.round);
        self.advance(step, Move::Escalate, self.stage, EventKind::Reminded { clock, step: entry }, |next| {
            if let Some(owner) = &self.owner {
                let (rep_id, offer) = (owner.rep_id.clone(), owner.offer);
                let kind = EffectKind::Reminder { rep_id, offer, clock, step: entry, round };
                next.effects.push(Effect::new(&self.lead_id, self.cycle, kind));
            }
            next.with_clock(after);
        })
    }

    /// The manager is told.
    pub fn manager_told(&self, after: Clock, step: &Step) -> Result<Lead, IllegalMove> {
        let (clock, entry, round) = (after.kind, after.step, after.round);
        self.advance(
            step,
            Move::Escalate,
            self.stage,
            EventKind::ManagerTold { clock, step: entry },
            |next| {
                if let Some(owner) = &self.owner {
                    let (rep_id, offer) = (owner.rep_id.clone(), owner.offer);
                    let kind = EffectKind::ManagerAlert { rep_id, offer, clock, step: entry, round };
                    next.effects.push(Effect::new(&self.lead_id, self.cycle, kind));
                }
                next.with_clock(after);
            },
        )
    }

    /// A step was overtaken, by what came due after it or by an offer: nothing is done, and the ladder goes on.
    pub fn overtaken(&self, after: Clock, step: &Step) -> Result<Lead, IllegalMove> {
        let kind = EventKind::Overtaken { clock: after.kind, step: after.step };
        self.advance(step, Move::Escalate, self.stage, kind, |next| next.with_clock(after))
    }

    /// The step wanted another rep, but there was none; the ladder goes on.
    pub fn nobody_left(&self, after: Clock, step: &Step) -> Result<Lead, IllegalMove> {
        let kind = EventKind::NobodyLeft { step: after.step };
        self.advance(step, Move::Escalate, self.stage, kind, |next| next.with_clock(after))
    }

    /// Everybody who could take it has had it in this cycle: marketing has it again.
    pub fn exhausted(&self, step: &Step) -> Result<Lead, IllegalMove> {
        self.hand_back("everybody had it", 0, step)
    }

    /// The end of the ladder: marketing has it again, and when it comes back to sales that is another cycle, in which
    /// everybody may be offered it afresh.
    pub fn returned(&self, clock: ClockKind, entry: u32, step: &Step) -> Result<Lead, IllegalMove> {
        self.hand_back(&format!("{} deadline missed", clock.name().replace('_', " ")), entry, step)
    }

    fn hand_back(&self, reason: &str, entry: u32, step: &Step) -> Result<Lead, IllegalMove> {
        let kind = EventKind::ReturnedToMarketing { step: entry };
        self.advance(step, Move::Return, Stage::Nurturing, kind, |next| {
            next.let_go();
            next.open_cycle();
            next.wake_at = Some(step.at + REVIEW_AFTER);
            next.reason = Some(reason.to_owned());
            let kind = EffectKind::ReturnedToMarketing { version: next.version };
            next.effects.push(Effect::new(&self.lead_id, self.cycle, kind));
        })
    }
}
