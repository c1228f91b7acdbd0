//! What sales and marketing say about a lead, through the CRM or a signed link.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{Actor, EventKind, IllegalMove, Lead, Move, Stage, Step};
use crate::ids::{LeadId, RepId, RuleId};
use crate::plant::Plant;
use crate::playbook::Rejection;
use crate::routing::LastOwner;
use crate::sla::{
    Clock, ClockKind, ClockStatus, ContactChannel, ContactDirection, ContactOutcome, stops_the_clock,
};

/// A contact as reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contacted {
    /// Who reports it.
    pub rep_id: RepId,
    /// How.
    pub channel: ContactChannel,
    /// From whom to whom.
    pub direction: ContactDirection,
    /// With what result.
    pub outcome: ContactOutcome,
    /// When it happened; evidence may come late.
    pub occurred_at: Timestamp,
}

/// How far another system's clock may be ahead of ours.
const CLOCK_SLACK: SignedDuration = SignedDuration::from_mins(5);

/// How long a lead rests that a rep rejects as not ready, which names no date.
const REJECTED_FOR: SignedDuration = SignedDuration::from_hours(24 * 30);

/// An answer of a person.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// The rep takes the lead.
    Accept {
        /// Who.
        rep_id: RepId,
    },
    /// The rep does not.
    Reject {
        /// Who.
        rep_id: RepId,
        /// The playbook's reason.
        reason: String,
        /// What follows from it.
        means: Rejection,
    },
    /// There was contact.
    Contact(Contacted),
    /// Sales confirms it.
    Qualify {
        /// Who.
        rep_id: RepId,
        /// What the rep answers to the playbook's checklist.
        checklist: BTreeMap<RuleId, bool>,
    },
    /// Put aside until a date: no clock counts.
    Pause {
        /// Who.
        rep_id: RepId,
        /// Why.
        reason: String,
        /// Until when at the latest.
        until: Timestamp,
    },
    /// Taken up again.
    Resume {
        /// Who.
        rep_id: RepId,
    },
    /// Back to marketing until a date.
    Recycle {
        /// Why.
        reason: String,
        /// Until when.
        wake_at: Timestamp,
    },
    /// Not wanted.
    Disqualify {
        /// Why.
        reason: String,
    },
    /// Became a customer.
    Win,
    /// Did not.
    Lose {
        /// Why.
        reason: String,
    },
    /// Look for an owner again.
    Unpark,
}

/// Why an answer cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// The lead is not at a stage for it.
    #[error(transparent)]
    Illegal(#[from] IllegalMove),
    /// Somebody else has the lead.
    #[error("this lead is with somebody else")]
    NotYours,
    /// The instant lies ahead, or before the lead existed.
    #[error("the instant must lie between receipt and now")]
    Implausible,
    /// Nobody is unreachable who has not been tried often enough.
    #[error("{made} of {at_least} tries have been made")]
    TooFewTries {
        /// How many were.
        made: u32,
        /// How many are asked for.
        at_least: u32,
    },
    /// A pause ends within [`MAX_PAUSE`](super::MAX_PAUSE), and not before it begins.
    #[error("the pause is too long, or over before it begins")]
    PauseOutOfBounds,
    /// A step of the lead's ladder is due at this moment; it comes first.
    #[error("a deadline of this lead is being dealt with")]
    StepDue,
    /// There is no pause to end.
    #[error("this lead is not paused")]
    NotPaused,
    /// The rules or the calendar of one of its clocks cannot be read.
    #[error("the rules of a clock cannot be read")]
    Untimed,
}

impl Lead {
    /// What an answer does to the lead, its sales clocks aside; [`Lead::answered_under`] takes one with them.
    pub fn answered(&self, answer: &Answer, step: &Step) -> Result<Lead, AnswerError> {
        match answer {
            Answer::Accept { rep_id } => self.accepted(rep_id, step),
            Answer::Reject { rep_id, reason, means } => self.rejected(rep_id, reason, *means, step),
            Answer::Contact(contacted) => self.contacted(contacted, step),
            Answer::Qualify { rep_id, checklist } => {
                self.legal(Move::Qualify)?;
                self.held_only_by(rep_id)?;
                let kind = EventKind::Qualified { rep_id: rep_id.clone(), checklist: checklist.clone() };
                // Whoever confirms an opportunity has spoken to the prospect, reported or not; and the ladder of a
                // clock that ran on could not be climbed from here.
                Ok(self.advance(step, Move::Qualify, Stage::Qualified, kind, |next| {
                    next.stop(ClockKind::FirstTouch, step.at);
                    next.stop(ClockKind::Attempts, step.at);
                    next.stop(ClockKind::QualifiedBy, step.at);
                })?)
            }
            Answer::Pause { rep_id, reason, until } => self.paused_by(rep_id, reason, *until, step),
            Answer::Resume { rep_id } => self.resumed_by(rep_id, step),
            Answer::Recycle { reason, wake_at } => {
                self.legal(Move::Recycle)?;
                if *wake_at <= step.at {
                    return Err(AnswerError::Implausible);
                }
                Ok(self.recycled(reason, *wake_at, step)?)
            }
            Answer::Disqualify { reason } => {
                let kind = EventKind::Disqualified { reason: reason.clone() };
                Ok(self.advance(step, Move::Disqualify, Stage::Disqualified, kind, |next| {
                    next.let_go();
                    next.reason = Some(reason.clone());
                })?)
            }
            Answer::Win => {
                self.legal(Move::Win)?;
                let kind = EventKind::Won { rep_id: self.holder()? };
                Ok(self.advance(step, Move::Win, Stage::Won, kind, |next| {
                    next.stop(ClockKind::QualifiedBy, step.at);
                    next.close();
                })?)
            }
            Answer::Lose { reason } => {
                let kind = EventKind::Lost { reason: reason.clone() };
                Ok(self.advance(step, Move::Lose, Stage::Lost, kind, |next| {
                    next.close();
                    next.reason = Some(reason.clone());
                })?)
            }
            Answer::Unpark => Ok(self.unparked(step)?),
        }
    }

    /// Whether the table has this move for the lead's stage.
    pub fn legal(&self, tried: Move) -> Result<(), IllegalMove> {
        if tried.is_legal_from(self.stage) { Ok(()) } else { Err(IllegalMove { tried, stage: self.stage }) }
    }

    fn holder(&self) -> Result<RepId, AnswerError> {
        self.owner.as_ref().map(|o| o.rep_id.clone()).ok_or(AnswerError::NotYours)
    }

    pub(super) fn held_only_by(&self, rep_id: &RepId) -> Result<(), AnswerError> {
        if self.holder()? == *rep_id { Ok(()) } else { Err(AnswerError::NotYours) }
    }

    fn accepted(&self, rep_id: &RepId, step: &Step) -> Result<Lead, AnswerError> {
        // Somebody else's late accept is told apart from an accept that comes twice.
        self.legal(Move::Accept)?;
        self.held_only_by(rep_id)?;
        let kind = EventKind::Accepted { rep_id: rep_id.clone() };
        Ok(self.advance(step, Move::Accept, Stage::Accepted, kind, |next| next.take_up(step.at, step.at))?)
    }

    /// The owner takes the lead up: the accept clock has done its work.
    fn take_up(&mut self, at: Timestamp, now: Timestamp) {
        // What was done before this offer does not answer it in time once it was missed.
        let before = self.owner.as_ref().is_some_and(|owner| at < owner.offered_at);
        let is_missed = |c: &Clock| c.kind == ClockKind::Accept && c.is_running() && c.due_at < now;
        let at = if before && self.clocks.iter().any(is_missed) { now } else { at };
        if let Some(owner) = &mut self.owner {
            // A contact may have happened before the offer; nothing is accepted before it is offered.
            owner.accepted_at = owner.accepted_at.or(Some(at.max(owner.offered_at)));
        }
        self.stop(ClockKind::Accept, at);
    }

    fn stop(&mut self, kind: ClockKind, happened_at: Timestamp) {
        // A clock stopped by a late contact is put right when an earlier one is reported afterwards; by whoever has the
        // lead, and not by whoever it was handed over to.
        let offered_at = self.owner.as_ref().map(|owner| owner.offered_at);
        let stops = |c: &Clock| {
            let dated = kind == ClockKind::FirstTouch
                || (kind == ClockKind::Accept && !Plant::LateAcceptanceKept.is_on());
            let of_offer = offered_at == Some(c.started_at) && happened_at >= c.started_at;
            let in_time = happened_at <= c.due_at && (kind != ClockKind::Accept || of_offer);
            let earlier = dated && c.status == ClockStatus::MetLate && in_time;
            c.kind == kind && (c.is_running() || earlier)
        };
        for clock in self.clocks.iter_mut().filter(|c| stops(c)) {
            *clock = clock.met(happened_at);
        }
    }

    fn rejected(
        &self,
        rep_id: &RepId,
        reason: &str,
        means: Rejection,
        step: &Step,
    ) -> Result<Lead, AnswerError> {
        self.legal(Move::Reject)?;
        self.held_only_by(rep_id)?;
        let kind = EventKind::Rejected { rep_id: rep_id.clone(), reason: reason.to_owned() };
        let to = match means {
            Rejection::Reroute => Stage::Scored,
            Rejection::Disqualify => Stage::Disqualified,
            Rejection::Recycle => Stage::Recycled,
        };
        Ok(self.advance(step, Move::Reject, to, kind, |next| {
            next.let_go();
            next.reason = Some(reason.to_owned());
            if means == Rejection::Recycle {
                next.last_owner = self.letting_go(step.at);
                next.wake_at = Some(step.at + REJECTED_FOR);
                next.given_back_at = Some(step.at);
            }
        })?)
    }

    fn contacted(&self, contacted: &Contacted, step: &Step) -> Result<Lead, AnswerError> {
        self.legal(Move::Contact)?;
        let human = stops_the_clock(contacted.direction, contacted.outcome);
        let holds = self.held_by() == Some(&contacted.rep_id);
        let had = || self.had_before(&contacted.rep_id, contacted.occurred_at);
        if !(holds || human && had()) {
            return Err(AnswerError::NotYours);
        }
        // What happened in an earlier cycle says nothing about the clocks of this one.
        if contacted.occurred_at > step.at + CLOCK_SLACK || contacted.occurred_at < self.received_at {
            return Err(AnswerError::Implausible);
        }
        let to = match self.stage {
            Stage::Qualified => Stage::Qualified,
            _ if human && holds => Stage::Working,
            stage => stage,
        };
        let kind = EventKind::Contacted {
            rep_id: contacted.rep_id.clone(),
            channel: contacted.channel,
            direction: contacted.direction,
            outcome: contacted.outcome,
            occurred_at: contacted.occurred_at,
            met_after_all: Vec::new(),
        };
        Ok(self.advance(step, Move::Contact, to, kind, |next| {
            let happened_at = contacted.occurred_at.min(step.at);
            if human && (holds || Plant::OthersTakeUp.is_on()) {
                // Whoever calls the prospect has taken the lead.
                next.take_up(happened_at, step.at);
            }
            if human {
                next.stop(ClockKind::FirstTouch, happened_at);
            }
        })?)
    }

    /// Whether it tells of a contact by somebody who does not have the lead now.
    pub(super) fn is_of_an_earlier_holder(&self, answer: &Answer) -> bool {
        matches!(answer, Answer::Contact(contacted) if self.held_by() != Some(&contacted.rep_id))
    }

    /// Whether this rep had the lead earlier in this cycle, and did something at `at`, before whoever has it now, if anybody
    /// has. The prospect was reached then, whoever tells of it when.
    fn had_before(&self, rep_id: &RepId, at: Timestamp) -> bool {
        let had = self.tried.contains(rep_id) || self.withdrawn.contains(rep_id);
        had && self.owner.as_ref().is_none_or(|o| at < o.offered_at)
    }

    fn recycled(&self, reason: &str, wake_at: Timestamp, step: &Step) -> Result<Lead, IllegalMove> {
        let kind = EventKind::Recycled { reason: reason.to_owned(), wake_at };
        self.advance(step, Move::Recycle, Stage::Recycled, kind, |next| {
            next.let_go();
            next.last_owner = self.letting_go(step.at);
            next.reason = Some(reason.to_owned());
            next.wake_at = Some(wake_at);
            next.given_back_at = Some(step.at);
        })
    }

    /// Who hands it back to marketing, to be asked first when it returns.
    fn letting_go(&self, at: Timestamp) -> Option<LastOwner> {
        let owner = self.owner.as_ref()?;
        Some(LastOwner { rep_id: owner.rep_id.clone(), pool_id: owner.pool_id.clone(), at })
    }

    /// Out of quarantine and on its way, with its original receipt time.
    pub fn released(&self, step: &Step) -> Result<Lead, IllegalMove> {
        self.advance(step, Move::Release, Stage::Received, EventKind::Released, |next| next.reason = None)
    }

    /// Out of quarantine and into the lead that already has the address.
    pub fn merged(&self, into: &LeadId, step: &Step) -> Result<Lead, IllegalMove> {
        self.advance(step, Move::Merge, Stage::Merged, EventKind::Merged { into: into.clone() }, |next| {
            next.merged_into = Some(into.clone());
            next.reason = None;
            // Its submission goes along, and with it how long that is kept.
            next.forget_at = None;
        })
    }

    /// Nobody has it and nothing is awaited any more: the accept clock ends, a first-touch clock is held unless the
    /// lead has left the way to sales, and notices about the offer are beside the point.
    pub(super) fn let_go(&mut self) {
        self.owner = None;
        self.parked = None;
        self.wake_at = None;
        let on_its_way = self.stage == Stage::Scored;
        self.paused = None;
        self.clocks.retain(|c| c.kind != ClockKind::Accept || !c.is_running());
        for clock in self.clocks.iter_mut().filter(|c| c.is_running()) {
            let goes_on = on_its_way && !clock.kind.is_of_one_offer();
            *clock = if goes_on { clock.suspended() } else { clock.cancelled() };
        }
        self.drop_offer_notices();
    }

    fn close(&mut self) {
        self.paused = None;
        for clock in self.clocks.iter_mut().filter(|c| c.is_running()) {
            *clock = clock.cancelled();
        }
        self.drop_offer_notices();
    }

    pub(super) fn drop_offer_notices(&mut self) {
        use super::EffectKind::{Offer, Reminder};
        self.effects.retain(|e| !matches!(e.kind, Offer { .. } | Reminder { .. }));
    }

    /// Who is taken to have acted when a rep answers through the API.
    pub fn acting(rep_id: Option<&RepId>, subject: &str) -> Actor {
        match rep_id {
            Some(rep_id) => Actor::Rep { rep_id: rep_id.clone() },
            None => Actor::Key { subject: subject.to_owned() },
        }
    }
}
