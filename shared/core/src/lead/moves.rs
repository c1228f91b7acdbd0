//! The one table of legal transitions, and the one way to make one.

use jiff::Timestamp;

use super::{Actor, Event, EventKind, Lead, Stage, Watchdog};
use crate::ids::AttemptId;
use crate::plant::Plant;

/// A kind of transition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Move {
    /// Another submission joins.
    Join,
    /// First facts are in; on to the score.
    Enrich,
    /// Late facts from a provider.
    AddFacts,
    /// Over the threshold: to sales.
    Promote,
    /// Under it: to marketing.
    Nurture,
    /// A new score that changes nothing else.
    Rescore,
    /// A veto, or a person's verdict.
    Disqualify,
    /// Qualified, and kept from sales for now.
    Suppress,
    /// To a rep, with a deadline.
    Offer,
    /// From one rep to the next.
    Reassign,
    /// An offer back to routing, because the rep is gone.
    Withdraw,
    /// Word to the manager that the owner is gone.
    TellOwnerGone,
    /// To a rep whom a person names.
    HandOver,
    /// Wait for capacity or for a person.
    Park,
    /// Back to routing.
    Unpark,
    /// The rep takes it.
    Accept,
    /// The rep does not.
    Reject,
    /// The rep reached out, or the prospect did.
    Contact,
    /// Sales confirms it.
    Qualify,
    /// Put aside until a date, with the rep who has it.
    Pause,
    /// Taken up again.
    Resume,
    /// Back to marketing until a date.
    Recycle,
    /// A lead that sales gave back comes back.
    Wake,
    /// Became a customer.
    Win,
    /// Did not.
    Lose,
    /// Out of quarantine.
    Release,
    /// Into another lead.
    Merge,
    /// A ladder step that tells somebody.
    Escalate,
    /// Deadlines put on the rules of another version.
    Rebase,
    /// The end of the ladder.
    Return,
    /// Wake-ups once more.
    Redrive,
    /// Notifications confirmed.
    Confirm,
    /// The answers of submissions gone whose time is over.
    Forget,
    /// Personal data gone.
    Erase,
}

impl Move {
    /// The moves that a person can ask for, with the words of the API.
    pub const BY_PERSON: [(Move, &'static str); 14] = [
        (Move::Accept, "accept"),
        (Move::Reject, "reject"),
        (Move::Contact, "contact"),
        (Move::Qualify, "qualify"),
        (Move::Pause, "pause"),
        (Move::Resume, "resume"),
        (Move::Recycle, "recycle"),
        (Move::Disqualify, "disqualify"),
        (Move::Win, "win"),
        (Move::Lose, "lose"),
        (Move::Release, "release"),
        (Move::HandOver, "reassign"),
        (Move::Unpark, "unpark"),
        (Move::Erase, "erase"),
    ];

    /// Whether a lead at `stage` may make this move.
    pub fn is_legal_from(self, stage: Stage) -> bool {
        use Stage::*;
        if stage.is_final() {
            // What happened last is still to be told.
            return matches!(
                (self, stage),
                (Move::Confirm | Move::Redrive, Merged | Erased) | (Move::Erase, Merged)
            );
        }
        match self {
            Move::Join => stage != Quarantined,
            Move::Enrich => stage == Received,
            Move::AddFacts | Move::Rescore | Move::Redrive | Move::Confirm => true,
            Move::Forget | Move::Erase => true,
            Move::Promote => matches!(stage, Enriched | Nurturing | Disqualified),
            Move::Nurture => matches!(stage, Enriched | Disqualified | Parked),
            Move::Disqualify => !matches!(stage, Received | Won | Lost | Disqualified),
            Move::Suppress => matches!(stage, Scored | Parked),
            Move::Offer => matches!(stage, Scored | Parked),
            Move::Reassign => matches!(stage, Offered | Accepted | Working),
            Move::Withdraw => stage == Offered,
            Move::TellOwnerGone => matches!(stage, Accepted | Working | Qualified),
            Move::HandOver => matches!(stage, Parked | Offered | Accepted | Working | Qualified),
            Move::Park => matches!(stage, Received | Enriched | Scored | Parked | Recycled),
            Move::Unpark => stage == Parked,
            Move::Accept => stage == Offered,
            Move::Reject => matches!(stage, Offered | Accepted),
            // Whoever had it before may tell of a call also while nobody has it.
            Move::Contact => matches!(stage, Scored | Parked | Offered | Accepted | Working | Qualified),
            Move::Qualify => matches!(stage, Accepted | Working),
            Move::Pause | Move::Resume => matches!(stage, Accepted | Working | Qualified),
            Move::Recycle => matches!(stage, Offered | Accepted | Working | Qualified),
            Move::Wake => matches!(stage, Recycled | Parked),
            Move::Win => matches!(stage, Working | Qualified),
            Move::Lose => matches!(stage, Accepted | Working | Qualified),
            Move::Release | Move::Merge => stage == Quarantined,
            Move::Escalate => matches!(stage, Offered | Accepted | Working | Qualified),
            Move::Return | Move::Rebase => {
                matches!(stage, Scored | Parked | Offered | Accepted | Working | Qualified)
            }
        }
    }

    /// The words of the moves that a person may ask for at `stage`.
    pub fn allowed_for_people(stage: Stage) -> Vec<&'static str> {
        // What an earlier holder may tell of while nobody has the lead is nothing for anybody else.
        let for_all = |m: Move| m != Move::Contact || stage.is_held();
        let legal = |m: Move| m.is_legal_from(stage) && for_all(m);
        Move::BY_PERSON.iter().filter(|(m, _)| legal(*m)).map(|(_, word)| *word).collect()
    }
}

/// A move that the table does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a lead that is {} cannot make this move", .stage.name())]
pub struct IllegalMove {
    /// The move that was asked for.
    pub tried: Move,
    /// Where the lead stands.
    pub stage: Stage,
}

impl IllegalMove {
    /// What a person may do instead.
    pub fn allowed(&self) -> Vec<&'static str> {
        Move::allowed_for_people(self.stage)
    }
}

/// Who makes a transition, when, and under which attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// A fresh random id for this try to commit.
    pub attempt: AttemptId,
}

impl Lead {
    /// Makes a transition: checks that it is legal, applies `change`, and writes what every transition writes: the
    /// version, the event, what is to be published, and the watchdog over everything owed.
    pub fn advance(
        &self,
        step: &Step,
        tried: Move,
        to: Stage,
        kind: EventKind,
        change: impl FnOnce(&mut Lead),
    ) -> Result<Lead, IllegalMove> {
        if !tried.is_legal_from(self.stage) {
            return Err(IllegalMove { tried, stage: self.stage });
        }
        let mut next = self.clone();
        next.version = self.version + 1;
        next.stage = to;
        next.updated_at = step.at;
        if kind.domain_name().is_some() {
            next.to_publish = next.version;
        }
        next.last_event = Event {
            seq: next.version,
            at: step.at,
            actor: step.actor.clone(),
            attempt: step.attempt.clone(),
            stage: to,
            kind,
        };
        change(&mut next);
        if Plant::NoOwedEffects.is_on() {
            next.effects.retain(|e| self.effects.contains(e));
        }
        if Plant::StalledResetByEnrichment.is_on() && matches!(tried, Move::AddFacts | Move::Rescore) {
            next.put_off_stalled(step.at);
        }
        next.settle_watchdog(self, step.at, tried);
        Ok(next)
    }

    /// A watchdog runs exactly while something is owed. It keeps its time through the pipeline, so that the due index
    /// is not moved at every stage; progress after a re-drive starts it afresh.
    fn settle_watchdog(&mut self, before: &Lead, now: Timestamp, made: Move) {
        if self.wake_ups().is_empty() || Plant::NoWatchdog.is_on() {
            self.watchdog = None;
        } else if made == Move::Redrive {
            // The re-drive itself has set the next time.
        } else {
            let running = before.watchdog.clone().filter(|w| w.redrives == 0);
            self.watchdog = Some(running.unwrap_or_else(|| Watchdog::start(now)));
        }
    }
}
