//! What routing does to a lead: offers it to a rep, keeps it from sales, or parks it for a pool.

use jiff::{SignedDuration, Timestamp};

use super::pipeline::REVIEW_AFTER;
use super::{
    Effect, EffectKind, EventKind, IllegalMove, Lead, Move, Owner, ParkReason, Parking, Stage, Step,
};
use crate::ids::{AttemptId, PlaybookVersion, PoolId, RepId, RuleId};
use crate::routing::{Basis, Suppression};
use crate::sla::{Clock, ClockKind};

/// One assignment: who, from where, until when.
#[derive(Debug, Clone, PartialEq)]
pub struct Assignment {
    /// The rep.
    pub rep_id: RepId,
    /// The pool.
    pub pool_id: PoolId,
    /// How the rep came to it.
    pub basis: Basis,
    /// The route that chose the first pool.
    pub route: RuleId,
    /// The clocks that run from now on.
    pub clocks: Vec<Clock>,
    /// The playbook it was decided with.
    pub playbook: PlaybookVersion,
    /// What the lead is worth, in the playbook's points.
    pub value: u32,
}

impl Assignment {
    pub(super) fn accept_by(&self) -> Option<Timestamp> {
        self.clocks.iter().find(|c| c.kind == ClockKind::Accept).map(|c| c.due_at)
    }
}

impl Lead {
    /// Qualified, and kept from sales for now: it waits in nurturing for its next score.
    pub fn suppressed(&self, by: &Suppression, step: &Step) -> Result<Lead, IllegalMove> {
        let kind = EventKind::Suppressed { suppress: by.suppress.clone(), reason: by.reason.clone() };
        self.advance(step, Move::Suppress, Stage::Nurturing, kind, |next| {
            next.let_go();
            next.wake_at = Some(step.at + REVIEW_AFTER);
            next.reason = Some(by.reason.clone());
        })
    }

    /// An offer with its deadline.
    pub fn offered(&self, to: &Assignment, step: &Step) -> Result<Lead, IllegalMove> {
        let offer = self.offers + 1;
        let kind = EventKind::Offered {
            rep_id: to.rep_id.clone(),
            pool_id: to.pool_id.clone(),
            offer,
            route: to.route.clone(),
            accept_by: to.accept_by(),
            basis: to.basis,
        };
        self.advance(step, Move::Offer, Stage::Offered, kind, |next| next.hand_to(to, offer, step.at))
    }

    /// The offer goes to the next rep; the one before is told. `after_entry` is the clock whose ladder asked for it.
    pub fn reassigned(&self, to: &Assignment, after_entry: &Clock, step: &Step) -> Result<Lead, IllegalMove> {
        let offer = self.offers + 1;
        let from = self.owner.clone();
        let kind = EventKind::Reassigned {
            from: from.as_ref().map_or_else(|| to.rep_id.clone(), |o| o.rep_id.clone()),
            rep_id: to.rep_id.clone(),
            pool_id: to.pool_id.clone(),
            offer,
            accept_by: to.accept_by(),
            basis: to.basis,
        };
        self.advance(step, Move::Reassign, Stage::Offered, kind, |next| {
            // A clock that goes on over the offers must not ask for this again.
            next.with_clock(after_entry.clone());
            next.hand_to(to, offer, step.at);
            if let Some(from) = from {
                let moved = EffectKind::OfferMoved { rep_id: from.rep_id, offer: from.offer };
                next.effects.push(Effect::new(&self.lead_id, self.cycle, moved));
            }
        })
    }

    pub(super) fn hand_to(&mut self, to: &Assignment, offer: u32, at: Timestamp) {
        self.owner = Some(Owner {
            rep_id: to.rep_id.clone(),
            pool_id: to.pool_id.clone(),
            offer,
            offered_at: at,
            accepted_at: None,
            value: to.value,
            gone_told_at: None,
            basis: to.basis,
        });
        self.last_owner = None;
        self.offers = offer;
        // Whom a person names may have had it before.
        if !self.tried.contains(&to.rep_id) {
            self.tried.push(to.rep_id.clone());
        }
        self.parked = None;
        self.wake_at = None;
        self.playbook = to.playbook;
        self.paused = None;
        // What the one before did with it does not count for the next.
        self.clocks.retain(|c| !c.kind.is_of_one_offer());
        for clock in &to.clocks {
            self.clocks.retain(|c| c.kind != clock.kind);
            self.clocks.push(clock.clone());
        }
        // An earlier offer's notices are beside the point now.
        self.effects.retain(|e| !matches!(e.kind, EffectKind::Offer { .. } | EffectKind::Reminder { .. }));
        let kind = EffectKind::Offer { rep_id: to.rep_id.clone(), offer };
        self.effects.push(Effect::new(&self.lead_id, self.cycle, kind));
    }

    /// Nobody can take it: it waits for the pool, and is looked at again at `wake_at` or when capacity returns. An
    /// alert goes out when it was not parked for this reason before.
    pub fn parked(
        &self,
        pool_id: &PoolId,
        reason: ParkReason,
        wake_at: Timestamp,
        step: &Step,
    ) -> Result<Lead, IllegalMove> {
        let kind = EventKind::Parked { pool_id: pool_id.clone(), reason };
        let before = self.parked.as_ref().filter(|p| p.reason == reason);
        let (since, first) = (before.map_or(step.at, |p| p.since), before.is_none());
        self.advance(step, Move::Park, Stage::Parked, kind, |next| {
            next.parked = Some(Parking { pool_id: pool_id.clone(), reason, since, looked: None });
            next.wake_at = Some(wake_at);
            if first {
                let alert = EffectKind::ParkedAlert { version: next.version };
                next.effects.push(Effect::new(&self.lead_id, self.cycle, alert));
            }
        })
    }

    /// Still nobody: only the next look is put off, without another event for people to read. `looked` is where the reasons
    /// of this look are kept, if they are other ones.
    pub fn still_parked(&self, looked: Option<AttemptId>, wake_at: Timestamp) -> Lead {
        let parked = self.parked.clone().map(|parked| Parking { looked, ..parked });
        Lead { parked, wake_at: Some(wake_at), ..self.clone() }
    }

    /// A parked lead goes back to routing. One that only waits for somebody is looked at at once and keeps its place in
    /// line; it is still parked until then.
    pub fn unparked(&self, step: &Step) -> Result<Lead, IllegalMove> {
        if self.parked.as_ref().is_some_and(|p| p.reason == ParkReason::NobodyEligible) {
            let looked_at = |next: &mut Lead| next.wake_at = Some(step.at);
            return self.advance(step, Move::Unpark, Stage::Parked, EventKind::Unparked, looked_at);
        }
        let reviewed = self.parked.as_ref().is_some_and(|p| p.reason == ParkReason::Review);
        // A score alone may be an earlier cycle's; only this cycle's crossing of the threshold leads to sales.
        let stage = if self.qualified_at.is_some() && !reviewed { Stage::Scored } else { Stage::Received };
        self.advance(step, Move::Unpark, stage, EventKind::Unparked, |next| {
            next.parked = None;
            next.wake_at = None;
            if reviewed {
                next.open_cycle();
                next.received_at = step.at;
                next.reason = None;
            }
        })
    }

    /// When a parked lead is looked at again at the latest.
    pub fn look_again(now: Timestamp, chance: Option<Timestamp>) -> Timestamp {
        let latest = now + SignedDuration::from_mins(15);
        chance.filter(|at| *at > now).map_or(latest, |at| at.min(latest))
    }
}
