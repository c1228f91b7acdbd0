//! What deadlines promise whoever sells: a step comes because its time has come and not after what it was to warn of,
//! only what sales does puts off a stalled lead, a pause takes exactly its own time, and nobody is given up untried.

use jiff::Timestamp;
use leadline_core::ids::RepId;
use leadline_core::lead::{Actor, EventKind, Lead, Pause, Stage};
use leadline_core::sla::{Clock, ClockKind, ClockStatus, ContactDirection, ContactOutcome};

use super::check::Harm;
use super::playbooks::TRIES;
use super::witness::{Scene, Witness, short};

pub(crate) fn check(witness: &mut Witness, before: Option<&Lead>, after: &Lead, scene: &Scene<'_>) {
    let Some(before) = before else { return };
    let mut wrong = Vec::new();
    steps(before, after, &mut wrong);
    witness.silence.changed(before, after);
    stalled(witness, before, after, scene, &mut wrong);
    pauses(witness, before, after, &mut wrong);
    accepted_in_time(before, after, &mut wrong);
    others(before, after, &mut wrong);
    let given_up = gives_up(before, after) && tries(witness, before, after.version) < TRIES;
    if given_up {
        wrong.push("is given up as unreachable and was not tried".to_owned());
    }
    started(witness, before, after, scene, &mut wrong);
    versions(witness, before, after, scene, &mut wrong);
    let name = short(&after.lead_id);
    witness
        .harm
        .extend(wrong.into_iter().map(|what| Harm::Late(format!("{name} v{} {what}", after.version))));
}

fn of(lead: &Lead, kind: ClockKind) -> Option<&Clock> {
    lead.clocks.iter().find(|c| c.kind == kind)
}

/// A step is taken because some clock of the row has come to it.
fn steps(before: &Lead, after: &Lead, wrong: &mut Vec<String>) {
    let event = &after.last_event;
    let by_time = matches!(&event.actor, Actor::System { function } if function == "escalate");
    let is_due = |c: &Clock| c.is_running() && c.next_at.is_some_and(|at| at <= event.at);
    // Nobody loses a lead for what came before the offer.
    let since = before.owner.as_ref().map(|owner| owner.offered_at);
    let may_take = |c: &Clock| is_due(c) && c.next_at >= since;
    let of_clock = |kind: &ClockKind| of(before, *kind).is_some_and(is_due);
    let fits = match &event.kind {
        EventKind::Reminded { clock, .. }
        | EventKind::ManagerTold { clock, .. }
        | EventKind::Overtaken { clock, .. }
        | EventKind::Breached { clock } => of_clock(clock),
        EventKind::Reassigned { .. } | EventKind::NobodyLeft { .. } => before.clocks.iter().any(may_take),
        EventKind::ReturnedToMarketing { .. } => !by_time || before.clocks.iter().any(may_take),
        _ => true,
    };
    if !fits {
        wrong.push(format!("was {} and nothing was due", event.kind.name()));
    }
    // All reminders of these playbooks come before the deadline.
    if let EventKind::Reminded { clock, .. } = &event.kind
        && of(before, *clock).is_some_and(|c| c.due_at <= event.at)
    {
        wrong.push(format!("is reminded of the {} deadline that has passed", clock.name()));
    }
}

/// When sales did something, if that is what happened: a person reached out, took the lead or confirmed it.
fn did(after: &Lead) -> Option<Timestamp> {
    let event = &after.last_event;
    match &event.kind {
        EventKind::Accepted { .. } | EventKind::Qualified { .. } => Some(event.at),
        // Whoever is given an opportunity has not stalled yet.
        EventKind::HandedOver { .. } if after.stage == Stage::Qualified => Some(event.at),
        EventKind::Contacted { rep_id, direction, outcome, occurred_at, .. }
            if reaches_out(*direction, *outcome) && has(after, rep_id) =>
        {
            Some((*occurred_at).min(event.at))
        }
        _ => None,
    }
}

fn has(lead: &Lead, rep_id: &RepId) -> bool {
    lead.owner.as_ref().is_some_and(|o| o.rep_id == *rep_id)
}

/// What an earlier holder tells of leaves the lead where it is, with whoever has it and with their clocks.
fn others(before: &Lead, after: &Lead, wrong: &mut Vec<String>) {
    let EventKind::Contacted { rep_id, .. } = &after.last_event.kind else { return };
    if has(after, rep_id) {
        return;
    }
    let theirs = |lead: &Lead| -> Vec<Clock> {
        lead.clocks.iter().filter(|c| c.kind != ClockKind::FirstTouch).cloned().collect()
    };
    if before.stage != after.stage || before.owner != after.owner || theirs(before) != theirs(after) {
        wrong.push(format!("is moved by {rep_id}, who does not have it"));
    }
}

fn reaches_out(direction: ContactDirection, outcome: ContactOutcome) -> bool {
    direction == ContactDirection::Outbound
        && outcome != ContactOutcome::Automated
        && outcome != ContactOutcome::Bounced
}

/// It counts from the last thing that sales did, and each pause since then adds its time.
fn stalled(witness: &mut Witness, before: &Lead, after: &Lead, scene: &Scene<'_>, wrong: &mut Vec<String>) {
    if !matches!(after.stage, Stage::Accepted | Stage::Working | Stage::Qualified) {
        return;
    }
    let Some(clock) = of(after, ClockKind::Stalled).filter(|c| c.is_running()) else {
        wrong.push(format!("is {} and nobody hears of it when nothing happens", after.stage.name()));
        return;
    };
    let known =
        of(before, ClockKind::Stalled).filter(|_| before.stage != Stage::Offered).map(|c| c.started_at);
    // Evidence of something before the rep took it up counts from then.
    let taken_up = after.owner.as_ref().and_then(|o| o.accepted_at);
    let expected = did(after).map_or(known, |at| Some(at).max(known.or(taken_up)));
    if Some(clock.started_at) != expected {
        wrong.push(format!("is not stalled since {expected:?} but since {}", clock.started_at));
    }
    if known.is_none_or(|known| known == clock.started_at) {
        return;
    }
    let Some(rules) = witness.rules(clock.playbook, scene.twin) else { return };
    let due = witness.silence.due_at(after, clock.started_at, rules.stalled_s);
    if clock.due_at != due {
        wrong.push(format!("is stalled at {} and not at {due}", clock.due_at));
    }
}

fn called(after: &Lead) -> Option<Timestamp> {
    match &after.last_event.kind {
        EventKind::Contacted { occurred_at, .. } => Some(*occurred_at),
        _ => None,
    }
}

/// When a pause ended that is over: a call ends it when it was made.
pub(crate) fn ended(pause: &Pause, after: &Lead) -> Timestamp {
    let said = called(after).map_or(after.last_event.at, |at| at.min(after.last_event.at));
    let ended = said.min(pause.until);
    Timestamp::from_second(ended.as_second()).unwrap_or(ended)
}

/// While it is paused nothing is due, and its end moves each deadline by exactly what it took.
fn pauses(witness: &Witness, before: &Lead, after: &Lead, wrong: &mut Vec<String>) {
    if after.paused.is_some() && after.clocks.iter().any(|c| c.next_at.is_some()) {
        wrong.push("is paused and a clock runs".to_owned());
    }
    let Some(pause) = &before.paused else { return };
    if after.paused.as_ref().is_some_and(|later| later.since == pause.since) {
        return;
    }
    let called = called(after);
    let told_at = witness.paused_at(&after.lead_id).unwrap_or(pause.since);
    let before_it = called.is_some_and(|at| at.as_second() < told_at.as_second());
    match (&after.paused, called) {
        (None, _) if before_it => wrong.push("has its pause ended by a call before it".to_owned()),
        (None, _) => {}
        // Put off after the call, it goes on from there.
        (Some(later), Some(at)) if before_it && later.since.as_second() == at.as_second() => {}
        (Some(_), _) => wrong.push("was paused since another time".to_owned()),
    }
    let took = (ended(pause, after).as_second() - pause.since.as_second()).max(0);
    for clock in before.clocks.iter().filter(|c| c.status == ClockStatus::Running) {
        let now = of(after, clock.kind).filter(|c| c.started_at == clock.started_at);
        let Some(now) = now.filter(|_| after.stage != Stage::Erased) else { continue };
        let moved = now.due_at.duration_since(clock.due_at).as_secs();
        // Re-based in the pause, and missed before it.
        let took = if clock.due_at <= pause.since { 0 } else { took };
        if moved != took {
            wrong.push(format!("{} moved by {moved} s in a pause of {took} s", clock.kind.name()));
        }
    }
}

/// Whoever calls has accepted: a call in time means an acceptance in time, whenever it is told.
fn accepted_in_time(before: &Lead, after: &Lead, wrong: &mut Vec<String>) {
    let EventKind::Contacted { rep_id, direction, outcome, occurred_at, .. } = &after.last_event.kind else {
        return;
    };
    // Another clock may be ahead of ours.
    let called_at = (*occurred_at).min(after.last_event.at);
    let counts = has(after, rep_id) && reaches_out(*direction, *outcome);
    if let Some(clock) =
        of(after, ClockKind::Accept).filter(|c| counts && (c.started_at..=c.due_at).contains(&called_at))
    {
        // An opportunity that was handed over was accepted by somebody else, of whom this says nothing.
        let theirs = after.owner.as_ref().is_some_and(|owner| owner.offered_at == clock.started_at);
        let known = of(before, ClockKind::Accept).map(|c| c.status);
        if theirs && clock.status != ClockStatus::Met {
            wrong.push(format!("was called in time and its acceptance is {:?}", clock.status));
        }
        if !theirs && Some(clock.status) != known {
            wrong.push("was called before it was handed over, and was accepted otherwise".to_owned());
        }
    }
    let missed =
        of(before, ClockKind::Accept).is_some_and(|c| c.is_running() && c.due_at < after.last_event.at);
    let made_good = of(after, ClockKind::Accept)
        .is_some_and(|c| c.status == ClockStatus::Met && called_at < c.started_at);
    if counts && missed && made_good {
        wrong.push("has missed an acceptance that a call before the offer made good".to_owned());
    }
}

/// The clocks of whoever takes a lead up are due when the rules of the offer say.
fn started(witness: &mut Witness, before: &Lead, after: &Lead, scene: &Scene<'_>, wrong: &mut Vec<String>) {
    let taken_up = before.stage == Stage::Offered && matches!(after.stage, Stage::Accepted | Stage::Working);
    let since = after.owner.as_ref().and_then(|o| o.accepted_at).filter(|_| taken_up);
    let offer = of(after, ClockKind::Accept).map(|c| c.playbook);
    let (Some(since), Some(version)) = (since, offer) else { return };
    let Some(rules) = witness.rules(version, scene.twin) else { return };
    for (kind, seconds) in [
        (ClockKind::Attempts, rules.attempts_s),
        (ClockKind::QualifiedBy, rules.qualified_by_s),
        (ClockKind::Stalled, rules.stalled_s),
    ] {
        let due = of(after, kind).map(|c| c.due_at.duration_since(since).as_millis());
        if due != Some(i128::from(seconds) * 1_000) {
            wrong.push(format!("{} is not due {seconds} s after it was taken up", kind.name()));
        }
    }
}

/// A clock keeps the version that it was started with. Re-basing, which only an operator does, moves its deadline to
/// where the rules of the other version have it, from the same start.
fn versions(witness: &mut Witness, before: &Lead, after: &Lead, scene: &Scene<'_>, wrong: &mut Vec<String>) {
    let event = &after.last_event;
    let onto = match &event.kind {
        EventKind::Rebased { version, .. } => Some(*version),
        _ => None,
    };
    if onto.is_some() && !matches!(event.actor, Actor::Key { .. }) {
        wrong.push("is re-based and nobody asked for it".to_owned());
    }
    let running = before.clocks.iter().filter(|c| c.is_running());
    for clock in running.filter(|_| after.stage != Stage::Erased) {
        let now = of(after, clock.kind).filter(|c| onto.is_some() || c.started_at == clock.started_at);
        let Some(now) = now else { continue };
        if now.playbook != onto.unwrap_or(clock.playbook) {
            wrong.push(format!("{} follows version {}", clock.kind.name(), now.playbook.0));
        }
        let Some(rules) = onto.filter(|v| *v != clock.playbook).and_then(|v| witness.rules(v, scene.twin))
        else {
            continue;
        };
        let seconds = match clock.kind {
            ClockKind::Accept => rules.accept_s,
            ClockKind::FirstTouch => rules.first_touch_s,
            ClockKind::Attempts => rules.attempts_s,
            ClockKind::QualifiedBy => rules.qualified_by_s,
            ClockKind::Stalled => rules.stalled_s,
        };
        let due = clock.started_at.as_millisecond() + (seconds + i64::from(clock.held_s)) * 1_000;
        if (now.started_at, now.due_at.as_millisecond()) != (clock.started_at, due) {
            wrong.push(format!("{} is re-based and due at {}", clock.kind.name(), now.due_at));
        }
    }
}

fn gives_up(before: &Lead, after: &Lead) -> bool {
    let reason = match &after.last_event.kind {
        EventKind::Recycled { reason, .. }
        | EventKind::Disqualified { reason }
        | EventKind::Lost { reason } => reason,
        _ => return false,
    };
    reason == "unreachable" && before.stage.is_held()
}

/// How often whoever has the lead tried; somebody who got through has tried enough.
fn tries(witness: &Witness, lead: &Lead, until: u64) -> usize {
    let mut tried = std::collections::BTreeSet::new();
    for (_, event) in witness.events.range((lead.lead_id.clone(), 0)..(lead.lead_id.clone(), until)) {
        match &event.kind {
            EventKind::Offered { .. } | EventKind::Reassigned { .. } | EventKind::HandedOver { .. } => {
                tried.clear();
            }
            // Whoever confirmed an opportunity has spoken to the prospect.
            EventKind::Qualified { .. } => return TRIES,
            EventKind::Contacted { rep_id, direction, outcome, occurred_at, .. }
                if reaches_out(*direction, *outcome) && has(lead, rep_id) =>
            {
                if matches!(
                    outcome,
                    ContactOutcome::Connected | ContactOutcome::Replied | ContactOutcome::MeetingBooked
                ) {
                    return TRIES;
                }
                tried.insert((*occurred_at).min(event.at));
            }
            _ => {}
        }
    }
    tried.len()
}
