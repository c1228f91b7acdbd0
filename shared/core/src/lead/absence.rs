//! What becomes of a lead whose rep is gone: an open offer moves on at once, a lead at work stays and the manager is told.

use super::{Effect, EffectKind, EventKind, IllegalMove, Lead, Move, Stage, Step};
use crate::plant::Plant;
use crate::routing::Gone;

impl Lead {
    /// The rep is gone and has not answered: the offer is taken back and the lead goes to routing again. It was no refusal
    /// of the rep's, who may be offered it again in this cycle once he is back.
    ///
    /// # Errors
    /// [`IllegalMove`] unless the lead is offered.
    pub fn withdrawn(&self, because: Gone, step: &Step) -> Result<Lead, IllegalMove> {
        self.legal(Move::Withdraw)?;
        let Some(owner) = &self.owner else {
            return Err(IllegalMove { tried: Move::Withdraw, stage: self.stage });
        };
        let (rep_id, offer) = (owner.rep_id.clone(), owner.offer);
        let kind = EventKind::Withdrawn { rep_id: rep_id.clone(), because };
        self.advance(step, Move::Withdraw, Stage::Scored, kind, |next| {
            next.let_go();
            next.tried.retain(|tried| *tried != rep_id);
            if !next.withdrawn.contains(&rep_id) && !Plant::WithdrawnForgotten.is_on() {
                next.withdrawn.push(rep_id.clone());
            }
            let moved = EffectKind::OfferMoved { rep_id, offer };
            next.effects.push(Effect::new(&self.lead_id, self.cycle, moved));
        })
    }

    /// The rep is deactivated and holds the lead beyond the offer: the manager is told, who knows best with whom it goes on.
    ///
    /// # Errors
    /// [`IllegalMove`] unless the lead is accepted, working or qualified.
    pub fn owner_gone(&self, step: &Step) -> Result<Lead, IllegalMove> {
        self.legal(Move::TellOwnerGone)?;
        let Some(owner) = &self.owner else {
            return Err(IllegalMove { tried: Move::TellOwnerGone, stage: self.stage });
        };
        let (rep_id, offer) = (owner.rep_id.clone(), owner.offer);
        let kind = EventKind::OwnerGone { rep_id: rep_id.clone() };
        self.advance(step, Move::TellOwnerGone, self.stage, kind, |next| {
            if let Some(owner) = &mut next.owner {
                owner.gone_told_at = Some(step.at);
            }
            let told = EffectKind::OwnerGone { rep_id, offer };
            next.effects.push(Effect::new(&self.lead_id, self.cycle, told));
        })
    }
}
