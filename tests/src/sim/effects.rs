//! Invariant 6: what a transition causes is owed in the same commit, has one id for ever, and is not crossed out before
//! somebody has it.

use jiff::Timestamp;
use leadline_core::ids::{LeadId, PlaybookVersion};
use leadline_core::lead::{Effect, EffectKind, EventKind, Lead, ParkReason, Stage};
use leadline_core::sla::ClockKind;
use leadline_store::Key;

use super::check::Harm;
use super::witness::{Scene, Witness, short};

pub(crate) fn check(witness: &mut Witness, before: Option<&Lead>, after: &Lead, scene: &Scene<'_>) {
    let name = short(&after.lead_id);
    let known = |id: &str| before.is_some_and(|b| b.effects.iter().any(|e| e.id == id));
    // A transition belongs to the cycle that it finds.
    let cycle = before.map_or(after.cycle, |b| b.cycle);
    for effect in after.effects.iter().filter(|e| !known(&e.id)) {
        remember(witness, after, cycle, effect);
    }
    let mut harm = Vec::new();
    if let Some(what) = caused(after)
        && !after.effects.iter().any(|e| what(&e.kind))
    {
        let kind = after.last_event.kind.name();
        let what = format!("{name} v{} was {kind} and nobody is to be told", after.version);
        harm.push(Harm::MissingEffects(what));
    }
    step_once(witness, after, &mut harm);
    if let (Some(before), EventKind::Notified { effects }) = (before, &after.last_event.kind) {
        for effect in before.effects.iter().filter(|e| effects.contains(&e.id)) {
            if !is_told(before, effect, scene) {
                harm.push(Harm::MissingEffects(format!("{} was crossed out before it was told", effect.id)));
            }
        }
    }
    if let Some(before) = before {
        crossed_out(before, after, &mut harm);
    }
    witness.harm.extend(harm);
}

/// One cause, one id.
fn remember(witness: &mut Witness, lead: &Lead, cycle: u32, effect: &Effect) {
    witness.owed.entry(effect.id.clone()).or_insert_with(|| (lead.lead_id.clone(), effect.clone()));
    let cause = format!("{:?}", effect.kind);
    let known =
        witness.causes.entry((lead.lead_id.clone(), cycle, cause)).or_insert_with(|| effect.id.clone());
    if *known != effect.id {
        let what = format!("{} has the ids {known} and {}", short(&lead.lead_id), effect.id);
        witness.harm.insert(Harm::DuplicateEffects(what));
    }
}

type IsIt<'l> = Box<dyn Fn(&EffectKind) -> bool + 'l>;

/// What has to be owed after a transition.
fn caused(after: &Lead) -> Option<IsIt<'_>> {
    use EffectKind as K;
    Some(match &after.last_event.kind {
        EventKind::Captured { submission_id } => {
            Box::new(move |k| matches!(k, K::Acknowledge { submission_id: s } if s == submission_id))
        }
        EventKind::HandedOver { rep_id, offer, accept_by: None, .. } => {
            Box::new(move |k| matches!(k, K::HandedOver { rep_id: r, offer: o } if r == rep_id && o == offer))
        }
        EventKind::Parked { reason: ParkReason::Review, .. } => {
            Box::new(|k| matches!(k, K::ReviewAsked { .. }))
        }
        EventKind::Offered { rep_id, offer, .. }
        | EventKind::Reassigned { rep_id, offer, .. }
        | EventKind::HandedOver { rep_id, offer, .. } => {
            Box::new(move |k| matches!(k, K::Offer { rep_id: r, offer: o } if r == rep_id && o == offer))
        }
        EventKind::Reminded { clock, step } => {
            Box::new(move |k| matches!(k, K::Reminder { clock: c, step: s, .. } if c == clock && s == step))
        }
        EventKind::ManagerTold { clock, step } => Box::new(
            move |k| matches!(k, K::ManagerAlert { clock: c, step: s, .. } if c == clock && s == step),
        ),
        EventKind::Withdrawn { rep_id, .. } => {
            Box::new(move |k| matches!(k, K::OfferMoved { rep_id: r, .. } if r == rep_id))
        }
        EventKind::OwnerGone { rep_id } => {
            Box::new(move |k| matches!(k, K::OwnerGone { rep_id: r, .. } if r == rep_id))
        }
        EventKind::ReturnedToMarketing { .. } => Box::new(|k| matches!(k, K::ReturnedToMarketing { .. })),
        EventKind::Touched { submission_id, .. } if after.owner.is_some() && after.stage.is_held() => {
            Box::new(move |k| matches!(k, K::NewTouch { submission_id: s, .. } if s == submission_id))
        }
        _ => return None,
    })
}

/// A step of a ladder that was taken.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Taken {
    lead_id: LeadId,
    cycle: u32,
    /// Within a cycle, the instant from which the buyer waits tells passes through marketing apart. Cycles may have the
    /// same one: a submission whose clock was ahead counts as later than the return that came after it.
    received_at: Timestamp,
    /// A stalled clock begins anew with what sales does, and a clock that was put on the rules of another version has
    /// other steps.
    since: Option<(Timestamp, PlaybookVersion)>,
    offer: u32,
    clock: ClockKind,
    step: u32,
}

/// Each step of a ladder happens once for (lead, cycle, offer, clock, step).
fn step_once(witness: &mut Witness, after: &Lead, harm: &mut Vec<Harm>) {
    let (clock, step) = match &after.last_event.kind {
        EventKind::Reminded { clock, step } | EventKind::ManagerTold { clock, step } => (*clock, *step),
        _ => return,
    };
    // A first-touch clock goes on over the offers, every other belongs to one of them.
    let offer = match clock {
        ClockKind::FirstTouch => 0,
        _ => after.offers,
    };
    let taken = Taken {
        lead_id: after.lead_id.clone(),
        cycle: after.cycle,
        received_at: after.received_at,
        since: after.clocks.iter().find(|c| c.kind == clock).map(|c| (c.started_at, c.playbook)),
        offer,
        clock,
        step,
    };
    if !witness.steps.insert(taken) {
        let what = format!(
            "{} {} step {step} of offer {offer} was taken twice",
            short(&after.lead_id),
            clock.name()
        );
        harm.push(Harm::DuplicateEffects(what));
    }
}

/// Whether somebody has it, or retries of its own, or it is beside the point.
fn is_told(lead: &Lead, effect: &Effect, scene: &Scene<'_>) -> bool {
    let stands = |rep_id: &leadline_core::ids::RepId, offer: u32| {
        lead.stage.is_held() && lead.owner.as_ref().is_some_and(|o| o.rep_id == *rep_id && o.offer == offer)
    };
    match &effect.kind {
        // How many acknowledgements one address gets a day is limited.
        EffectKind::Acknowledge { .. } => return true,
        EffectKind::Offer { rep_id, offer }
        | EffectKind::HandedOver { rep_id, offer }
        | EffectKind::Reminder { rep_id, offer, .. }
            if !stands(rep_id, *offer) =>
        {
            return true;
        }
        _ => {}
    }
    let has_row = |channel: &str| {
        let id = effect.delivery_id(channel);
        scene.twin.peek(&Key::new(format!("DLV#{id}"), "DLV")).is_some()
    };
    let by_mail = scene.receivers.mails.contains_key(effect.delivery_id("mail").as_str()) || has_row("mail");
    let wants_webhook = matches!(effect.kind, EffectKind::Offer { .. } | EffectKind::ManagerAlert { .. });
    let by_webhook = !wants_webhook || scene.receivers.webhooks.contains_key(&effect.id) || has_row("hook");
    by_mail && by_webhook
}

/// An effect leaves the row by being confirmed, or because its offer is over.
fn crossed_out(before: &Lead, after: &Lead, harm: &mut Vec<Harm>) {
    let confirmed = match &after.last_event.kind {
        EventKind::Notified { effects } => effects.as_slice(),
        _ => &[],
    };
    let over = before.owner != after.owner || !after.stage.is_held() || after.stage == Stage::Erased;
    for effect in &before.effects {
        let stays = after.effects.iter().any(|e| e.id == effect.id);
        let of_an_offer = matches!(effect.kind, EffectKind::Offer { .. } | EffectKind::Reminder { .. });
        let may_go = confirmed.contains(&effect.id) || (of_an_offer && over) || after.stage == Stage::Erased;
        if !stays && !may_go {
            harm.push(Harm::MissingEffects(format!("{} is owed no more and nobody was told", effect.id)));
        }
    }
}
