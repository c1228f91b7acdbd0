//! Clocks: one running deadline with its ladder, kept in the lead's row.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::schedule::Schedule;
use super::{ClockRules, Due};
use crate::calendar::{Calendar, CalendarError, LedgerEntry, Span};
use crate::ids::{CalendarId, PlaybookVersion, RuleId};
use crate::plant::Plant;

/// What a clock measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockKind {
    /// From the offer until the rep accepts.
    Accept,
    /// From receipt until a human reaches out.
    FirstTouch,
    /// From acceptance until sales has tried often enough, or has got through.
    Attempts,
    /// From acceptance until sales confirms the lead as an opportunity.
    QualifiedBy,
    /// From the last thing that sales did; begins anew with the next.
    Stalled,
}

impl ClockKind {
    /// All kinds.
    pub const ALL: [ClockKind; 5] = [
        ClockKind::Accept,
        ClockKind::FirstTouch,
        ClockKind::Attempts,
        ClockKind::QualifiedBy,
        ClockKind::Stalled,
    ];

    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            ClockKind::Accept => "accept",
            ClockKind::FirstTouch => "first_touch",
            ClockKind::Attempts => "attempts",
            ClockKind::QualifiedBy => "qualified_by",
            ClockKind::Stalled => "stalled",
        }
    }

    /// Whether it measures what one rep does with one offer, and begins anew with the next; the buyer's wait for the
    /// first touch goes on whoever has the lead.
    pub const fn is_of_one_offer(self) -> bool {
        !matches!(self, ClockKind::FirstTouch)
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

/// How a deadline was counted: without a gap from its start to the deadline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockLedger {
    /// The time that the rules give.
    pub counted: Vec<LedgerEntry>,
    /// As much time of the same kind as pauses took, from where the deadline would have been without them.
    pub made_up: Vec<LedgerEntry>,
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
    /// How often it has begun anew under the same offer; tells the steps of one round from those of the next.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub round: u32,
    /// Seconds that pauses have put its deadline and steps off by, of the kind of time that it counts in.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub held_s: u32,
    /// When sales tried to reach the prospect, the earliest only, as many as are asked for. Counted by `attempts`.
    #[serde(skip_serializing_if = "BTreeSet::is_empty", default)]
    pub tries: BTreeSet<Timestamp>,
    /// When what is next was put into the past, by new rules or by a late report: it could not be taken earlier.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub put_at: Option<Timestamp>,
    /// The pauses since it began, from and to, the earliest first. Kept by `stalled`, which may begin anew before them.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub pauses: Vec<(Timestamp, Timestamp)>,
}

/// So many pauses of a clock are told apart. With more the first ones count as one, the time between them as well: whoever
/// tells late of a time before them has rather more time than less.
const MOST_PAUSES: usize = 8;

/// How much time of the kind that the rules count in a pause takes.
fn took((from, to): (Timestamp, Timestamp), rules: &ClockRules, calendar: &Calendar) -> u32 {
    let took = match rules.within {
        Span::Elapsed(_) => to.duration_since(from).as_secs(),
        Span::BusinessTime(_) | Span::BusinessDays(_) => calendar.between(from, to),
    };
    u32::try_from(took.max(0)).unwrap_or(u32::MAX)
}

/// An instant without its fraction of a second, as pauses are counted.
pub(crate) fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

fn is_zero(number: &u32) -> bool {
    *number == 0
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
    let schedule = Schedule::of(kind, rules, calendar.1, started_at, 0)?;
    let due_at = schedule.due_at();
    let first = schedule.at(0)?;
    Ok(Clock {
        kind,
        policy: policy.clone(),
        playbook,
        calendar: calendar.0.clone(),
        started_at,
        due_at,
        warn_at: first.filter(|at| *at < due_at),
        step: 0,
        next_at: first,
        status: ClockStatus::Running,
        round: 0,
        held_s: 0,
        tries: BTreeSet::new(),
        put_at: None,
        pauses: Vec::new(),
    })
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
        self.schedule(rules, calendar)?.due(self.step, now)
    }

    fn schedule<'c>(
        &self,
        rules: &ClockRules,
        calendar: &'c Calendar,
    ) -> Result<Schedule<'c>, CalendarError> {
        Schedule::of(self.kind, rules, calendar, self.started_at, self.held_s)
    }

    /// The clock after its next entry has been dealt with.
    pub fn stepped(&self, rules: &ClockRules, calendar: &Calendar) -> Result<Clock, CalendarError> {
        let schedule = self.schedule(rules, calendar)?;
        let mut next = self.clone();
        if schedule.is_breach(self.step) {
            next.status = ClockStatus::Breached;
        }
        next.step = self.step + 1;
        next.next_at = schedule.at(next.step)?;
        next.put_at = self.put_at.filter(|put_at| next.next_at.is_some_and(|at| at < *put_at));
        Ok(next)
    }

    /// With a note of what is next having been put into the past at `now`, if it has.
    pub fn put(&self, now: Timestamp) -> Clock {
        let put_at = self.next_at.filter(|at| *at < now).map(|_| now);
        Clock { put_at, ..self.clone() }
    }

    /// Stops it because what it waited for happened at `happened_at`. Late evidence is dated by when it happened, so a
    /// breached clock may turn out to have been met.
    pub fn met(&self, happened_at: Timestamp) -> Clock {
        let status = if happened_at <= self.due_at { ClockStatus::Met } else { ClockStatus::MetLate };
        Clock { status, next_at: None, put_at: None, ..self.clone() }
    }

    /// Counts a try to reach the prospect. With `at_least` of them it is met when the last of those was made; reports
    /// may come in any order, and one that comes late may show that it was met in time. Two tries at one instant are
    /// one.
    pub fn tried(&self, at: Timestamp, at_least: u32) -> Clock {
        let mut next = self.clone();
        next.tries.insert(at);
        while next.tries.len() > at_least as usize {
            next.tries.pop_last();
        }
        match next.tries.last().copied().filter(|_| next.tries.len() >= at_least as usize) {
            Some(last) => next.met(last),
            None => next,
        }
    }

    /// Begins anew at `at`, which the last thing that sales did has set. The pauses since then count as they did.
    pub fn begun_anew(
        &self,
        rules: &ClockRules,
        calendar: &Calendar,
        at: Timestamp,
    ) -> Result<Clock, CalendarError> {
        let counted = (&self.calendar, calendar);
        let fresh = start(self.kind, rules, &self.policy, self.playbook, counted, at)?;
        let mut anew = Clock { round: self.round + 1, ..fresh };
        let since = |(_, to): &&(Timestamp, Timestamp)| *to > at && !Plant::PauseForgotten.is_on();
        for (from, to) in self.pauses.iter().filter(since) {
            anew = self.done_in(anew, *from, rules, calendar)?;
            anew = anew.paused_over((whole_second(at).max(*from), *to), rules, calendar)?;
        }
        Ok(anew)
    }

    /// A new round of this clock with the entries done that came by `then`, when it was paused, and that this round has
    /// done: nobody hears of them again. What this round has not done is still to be done.
    pub fn done_in(
        &self,
        mut anew: Clock,
        then: Timestamp,
        rules: &ClockRules,
        calendar: &Calendar,
    ) -> Result<Clock, CalendarError> {
        let schedule = anew.schedule(rules, calendar)?;
        while anew.step < self.step && schedule.at(anew.step)?.is_some_and(|at| at <= then) {
            if schedule.is_breach(anew.step) {
                if self.status != ClockStatus::Breached {
                    break;
                }
                anew.status = ClockStatus::Breached;
            }
            anew.step += 1;
        }
        anew.next_at = schedule.at(anew.step)?;
        Ok(anew)
    }

    /// Holds its ladder while nobody has the lead, or while the lead is paused.
    pub fn suspended(&self) -> Clock {
        Clock { next_at: None, put_at: None, ..self.clone() }
    }

    /// Goes on with the ladder where it was held.
    pub fn resumed(&self, rules: &ClockRules, calendar: &Calendar) -> Result<Clock, CalendarError> {
        Ok(Clock { next_at: self.schedule(rules, calendar)?.at(self.step)?, ..self.clone() })
    }

    /// Goes on after a pause from `from` to `to`, both whole seconds. What had not come by then comes later by exactly
    /// the time of the clock's kind that the pause took: a pause over closed hours moves nothing. A deadline that was
    /// missed before the pause stays where it was.
    pub fn paused_over(
        &self,
        (from, to): (Timestamp, Timestamp),
        rules: &ClockRules,
        calendar: &Calendar,
    ) -> Result<Clock, CalendarError> {
        let took = took((from, to), rules, calendar);
        let mut next = Clock { held_s: self.held_s.saturating_add(took), ..self.clone() };
        let schedule = next.schedule(rules, calendar)?;
        next.next_at = schedule.at(next.step)?;
        if next.status == ClockStatus::Running {
            // One that was put on other rules in the pause may turn out to have been missed before it.
            if self.due_at <= from && !Plant::MissedIsPutOff.is_on() {
                next.status = ClockStatus::Breached;
            } else {
                next.due_at = schedule.due_at();
            }
        }
        if next.step == 0 {
            next.warn_at = next.next_at.filter(|at| *at < next.due_at);
        }
        if self.kind == ClockKind::Stalled && from < to {
            next.pauses.push((from, to));
        }
        if next.pauses.len() > MOST_PAUSES {
            let (first, _) = next.pauses.remove(0);
            next.pauses[0].0 = first;
        }
        Ok(next)
    }

    /// What its pauses come to by other rules; what they came to by its own where it is not known when they were.
    pub(super) fn held_by(&self, rules: &ClockRules, calendar: &Calendar) -> u32 {
        if self.pauses.is_empty() || self.pauses.len() >= MOST_PAUSES {
            return self.held_s;
        }
        let each = self.pauses.iter().map(|pause| took(*pause, rules, calendar));
        each.fold(0, u32::saturating_add)
    }

    /// How its deadline was counted.
    pub fn ledger(&self, rules: &ClockRules, calendar: &Calendar) -> Result<ClockLedger, CalendarError> {
        let fresh = calendar.add(self.started_at, &rules.within)?;
        let mut ledger = ClockLedger { counted: fresh.ledger, made_up: Vec::new() };
        // A deadline that was missed before a pause stays where it was.
        if fresh.due_at < self.due_at {
            ledger.made_up = calendar.add(fresh.due_at, &rules.within.of_its_kind(self.held_s))?.ledger;
            ledger.made_up.retain(|entry| entry.from < self.due_at);
        }
        if let Some(last) = ledger.made_up.last_mut().filter(|last| last.to > self.due_at) {
            last.to = self.due_at;
            last.seconds = last.to.duration_since(last.from).as_secs();
        }
        Ok(ledger)
    }

    /// Whether its instants follow from its rules, for the audit.
    pub fn follows(&self, rules: &ClockRules, calendar: &Calendar) -> Result<bool, CalendarError> {
        let fresh = Schedule::of(self.kind, rules, calendar, self.started_at, 0)?;
        let held = self.schedule(rules, calendar)?;
        let due = if self.status == ClockStatus::Running {
            self.due_at == held.due_at()
        } else {
            // It may have been missed, or met, before the last pause.
            (fresh.due_at()..=held.due_at()).contains(&self.due_at)
        };
        let warned = fresh.at(0)?.filter(|at| *at < fresh.due_at());
        let warn = self.held_s > 0 || self.warn_at == warned;
        // A clock that is held or has stopped has no next step; one that runs has the step it names.
        let step = self.next_at.is_none() || self.next_at == held.at(self.step)?;
        Ok(due && warn && step)
    }

    /// Stops it because the lead went another way.
    pub fn cancelled(&self) -> Clock {
        Clock { status: ClockStatus::Cancelled, next_at: None, put_at: None, ..self.clone() }
    }
}
