//! One effect: none twice in a row, none owed for long.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Kept, OVERDUE_AFTER, Violation, WITHIN};
use crate::ids::{DeliveryId, LeadId};
use crate::lead::{EffectKind, Event, EventKind, Stage};

pub(super) fn check(kept: &Kept, now: Timestamp, found: &mut BTreeSet<Violation>) {
    let lead = &kept.lead;
    let mut ids = BTreeSet::new();
    for effect in &lead.effects {
        if !ids.insert(&effect.id) {
            found.insert(Violation::DoubledEffect {
                lead_id: lead.lead_id.clone(),
                effect: effect.id.clone(),
            });
        }
    }
    if lead.in_pipeline() {
        // Nobody is told anything before the lead has settled; how long that takes is another rule's.
        return;
    }
    let history = kept.history();
    let settled = settled_at(&history).unwrap_or(lead.updated_at);
    let mut overdue = |since: Timestamp, effect: String| {
        if since.max(settled) + WITHIN < now {
            found.insert(Violation::OverdueEffect { lead_id: lead.lead_id.clone(), effect });
        }
    };
    for effect in &lead.effects {
        let cause = history.iter().rev().find(|event| causes(event, &effect.kind));
        overdue(cause.map_or(settled, |event| event.at), effect.id.clone());
    }
    let unpublished = |e: &&&Event| e.seq > lead.published && e.kind.domain_name().is_some();
    if lead.published < lead.to_publish
        && let Some(event) = history.iter().find(unpublished)
    {
        overdue(event.at, format!("{}.{}", lead.lead_id, event.seq));
    }
}

/// When the lead came to where it can be told about.
fn settled_at(history: &[&Event]) -> Option<Timestamp> {
    let settled = history
        .iter()
        .rev()
        .take_while(|e| !matches!(e.stage, Stage::Received | Stage::Enriched | Stage::Scored));
    settled.last().map(|e| e.at)
}

/// Whether an event is the one that this effect tells of.
fn causes(event: &Event, effect: &EffectKind) -> bool {
    match (effect, &event.kind) {
        (
            EffectKind::Acknowledge { submission_id } | EffectKind::NewTouch { submission_id, .. },
            EventKind::Captured { submission_id: told }
            | EventKind::Quarantined { submission_id: told, .. }
            | EventKind::Touched { submission_id: told, .. },
        ) => submission_id == told,
        (
            EffectKind::Offer { offer, .. },
            EventKind::Offered { offer: made, .. }
            | EventKind::Reassigned { offer: made, .. }
            | EventKind::HandedOver { offer: made, .. },
        ) => offer == made,
        (
            EffectKind::OfferMoved { offer, .. },
            EventKind::Reassigned { offer: made, .. } | EventKind::HandedOver { offer: made, .. },
        ) => offer < made,
        (EffectKind::HandedOver { offer, .. }, EventKind::HandedOver { offer: made, .. }) => offer == made,
        (EffectKind::Reminder { clock, .. }, EventKind::Reminded { clock: of, .. }) => clock == of,
        (EffectKind::ManagerAlert { clock, .. }, EventKind::ManagerTold { clock: of, .. }) => clock == of,
        (
            EffectKind::ParkedAlert { version }
            | EffectKind::ReturnedToMarketing { version }
            | EffectKind::ReviewAsked { version },
            _,
        ) => *version == event.seq,
        _ => false,
    }
}

/// Whether the next try of a delivery, due at `next_at`, has been due for too long.
pub fn delivery(
    delivery_id: &DeliveryId,
    lead_id: &LeadId,
    next_at: Option<Timestamp>,
    now: Timestamp,
) -> Option<Violation> {
    next_at
        .filter(|at| *at + OVERDUE_AFTER < now)
        .map(|_| Violation::OverdueDelivery { delivery_id: delivery_id.clone(), lead_id: lead_id.clone() })
}
