//! What a person decides about who has a lead: giving it to a rep by hand, and marketing's review.

use jiff::SignedDuration;

use super::{
    Assignment, Effect, EffectKind, EventKind, IllegalMove, Lead, Move, Owner, ParkReason, Parking, Stage,
    Step,
};
use crate::ids::PoolId;
use crate::sla::ClockKind;

/// Until marketing is reminded of a lead that it is to look at.
const REVIEW_WITHIN: SignedDuration = SignedDuration::from_hours(7 * 24);

impl Lead {
    /// Whether marketing is to look at it first.
    pub fn is_in_review(&self) -> bool {
        self.parked.as_ref().is_some_and(|p| p.reason == ParkReason::Review)
    }

    /// Gives it to the rep whom somebody names: an offer like any other, but outside the turns of the pool. An
    /// opportunity changes hands as it is.
    ///
    /// # Errors
    /// [`IllegalMove`] where nobody can have it, or while marketing is to look at it first.
    pub fn handed_over(&self, to: &Assignment, reason: &str, step: &Step) -> Result<Lead, IllegalMove> {
        if self.is_in_review() {
            return Err(IllegalMove { tried: Move::HandOver, stage: self.stage });
        }
        let offer = self.offers + 1;
        let from = self.owner.clone().filter(|_| self.stage.is_held());
        let stays = self.stage == Stage::Qualified;
        let kind = EventKind::HandedOver {
            from: from.as_ref().map(|o| o.rep_id.clone()),
            rep_id: to.rep_id.clone(),
            pool_id: to.pool_id.clone(),
            offer,
            reason: reason.to_owned(),
            accept_by: to.accept_by().filter(|_| !stays),
        };
        let stage = if stays { Stage::Qualified } else { Stage::Offered };
        self.advance(step, Move::HandOver, stage, kind, |next| {
            if stays {
                next.entrust(to, offer, step);
            } else {
                // An accept clock belongs to one offer.
                next.clocks.retain(|c| c.kind != ClockKind::Accept);
                next.hand_to(to, offer, step.at);
            }
            if let Some(from) = from {
                let moved = EffectKind::OfferMoved { rep_id: from.rep_id, offer: from.offer };
                next.effects.push(Effect::new(&self.lead_id, self.cycle, moved));
            }
        })
    }

    /// An opportunity has another owner, who need not accept it.
    fn entrust(&mut self, to: &Assignment, offer: u32, step: &Step) {
        self.owner = Some(Owner {
            rep_id: to.rep_id.clone(),
            pool_id: to.pool_id.clone(),
            offer,
            offered_at: step.at,
            accepted_at: Some(step.at),
            value: to.value,
            gone_told_at: None,
            basis: to.basis,
        });
        self.last_owner = None;
        self.offers = offer;
        if !self.tried.contains(&to.rep_id) {
            self.tried.push(to.rep_id.clone());
        }
        self.playbook = to.playbook;
        self.drop_offer_notices();
        let kind = EffectKind::HandedOver { rep_id: to.rep_id.clone(), offer };
        self.effects.push(Effect::new(&self.lead_id, self.cycle, kind));
    }

    /// It has been recycled as often as the playbook allows: marketing looks at it first, and is reminded until it has.
    ///
    /// # Errors
    /// [`IllegalMove`] for a lead that neither comes back from recycling nor waits for this already.
    pub fn sent_for_review(&self, step: &Step) -> Result<Lead, IllegalMove> {
        let pool_id = PoolId::parse("marketing-review").expect("a valid name");
        let reason = ParkReason::Review;
        if self.stage != Stage::Recycled && !self.is_in_review() {
            return Err(IllegalMove { tried: Move::Park, stage: self.stage });
        }
        let since = self.parked.as_ref().map_or(step.at, |p| p.since);
        let kind = EventKind::Parked { pool_id: pool_id.clone(), reason };
        self.advance(step, Move::Park, Stage::Parked, kind, |next| {
            next.owner = None;
            next.parked = Some(Parking { pool_id, reason, since, looked: None });
            next.wake_at = Some(step.at + REVIEW_WITHIN);
            let kind = EffectKind::ReviewAsked { version: next.version };
            next.effects.push(Effect::new(&self.lead_id, self.cycle, kind));
        })
    }
}
