//! What an offer asks of whoever gets it, and by which policy its deadlines are, in the words of `playbook.yaml`: the
//! language, working hours, the first policy that holds, turns after an absence; and that steps wait for the opening.

use std::collections::{BTreeMap, BTreeSet};

use leadline_core::ids::{LeadId, RepId};
use leadline_core::lead::{Actor, EventKind, Lead};
use leadline_core::routing::{Basis, Ineligible};
use leadline_core::sla::ClockKind;
use leadline_core::submission::Submission;
use leadline_runtime::route_record::RouteRecord;
use leadline_store::Key;
use leadline_store::records::Record;
use leadline_store::rows::from_item;

use super::check::Harm;
use super::playbooks::{
    CATCHES_UP, GERMAN_POLICY, GERMAN_SPEAKERS, GERMAN_WISH, OTHER_POLICY, SHIFT_WORKER, SHIFTS, is_closed,
};
use super::witness::{Scene, short};

/// What has to be remembered of offers.
#[derive(Default)]
pub(crate) struct Narrowing {
    /// Extra turns that were given.
    extra: BTreeMap<RepId, u32>,
}

impl Narrowing {
    /// A lead has made a transition. `kept` says under which leads each submission is kept.
    pub(crate) fn check(
        &mut self,
        before: Option<&Lead>,
        after: &Lead,
        kept: &BTreeMap<String, BTreeSet<LeadId>>,
        scene: &Scene<'_>,
        harm: &mut BTreeSet<Harm>,
    ) {
        let name = short(&after.lead_id);
        if let Some(before) = before {
            steps_inside_hours(before, after, harm);
        }
        let (EventKind::Offered { rep_id, pool_id, basis, .. }
        | EventKind::Reassigned { rep_id, pool_id, basis, .. }) = &after.last_event.kind
        else {
            return;
        };
        let mut wrong = |what: String| {
            harm.insert(Harm::DoubleRouted(format!("{name} v{} {what}", after.version)));
        };
        let german = is_german(after, kept, scene);
        if *basis == Basis::Turn && german == Some(true) && !GERMAN_SPEAKERS.contains(&rep_id.as_str()) {
            wrong(format!("is offered to {rep_id}, who does not speak its language"));
        }
        // The fallback is there at any hour; by hand is no offer of these kinds.
        let at_ms = after.last_event.at.as_millisecond();
        if *basis != Basis::Fallback && rep_id.as_str() == SHIFT_WORKER && is_closed(at_ms) {
            wrong(format!("is offered to {rep_id}, who does not work then"));
        }
        let policy = match german {
            Some(true) => GERMAN_POLICY,
            Some(false) => OTHER_POLICY,
            None => "",
        };
        let clock = after.clocks.iter().find(|c| c.kind == ClockKind::Accept && c.is_running());
        if let Some(clock) = clock.filter(|c| german.is_some() && c.policy.as_str() != policy) {
            wrong(format!("is due by policy {}, not {policy}", clock.policy));
        }
        if *basis == Basis::Turn && took_an_extra_turn(after, scene) {
            let (pool, a_day) = CATCHES_UP;
            let given = self.extra.entry(rep_id.clone()).or_default();
            *given += 1;
            if pool_id.as_str() != pool {
                wrong(format!("catches up in {pool_id}, where nobody does"));
            } else if *given > a_day {
                wrong(format!("is the {given}th extra turn of {rep_id} on one day"));
            }
        }
    }
}

/// Whether the person asks for German, if everything that is kept of theirs says the same.
fn is_german(lead: &Lead, kept: &BTreeMap<String, BTreeSet<LeadId>>, scene: &Scene<'_>) -> Option<bool> {
    let own = kept.iter().filter(|(_, leads)| leads.contains(&lead.lead_id)).map(|(id, _)| id);
    let wishes: BTreeSet<bool> = own
        .filter_map(|id| scene.twin.peek(&Key::new(format!("LEAD#{}", lead.lead_id), format!("SUB#{id}"))))
        .filter_map(|item| from_item::<Submission>(item).ok())
        .map(|submission| submission.answers.get("wish").is_some_and(|wish| wish == GERMAN_WISH))
        .collect();
    wishes.first().copied().filter(|_| wishes.len() == 1)
}

/// Whether others gave way to whoever got it.
fn took_an_extra_turn(lead: &Lead, scene: &Scene<'_>) -> bool {
    let key = Key::new(format!("LEAD#{}", lead.lead_id), format!("ROUTE#{}", lead.last_event.attempt));
    let record = scene.twin.peek(&key).and_then(|item| from_item::<Record<RouteRecord>>(item).ok());
    record.is_some_and(|record| {
        let mut fell_out = record.decision.pools.iter().flat_map(|pool| &pool.fell_out);
        fell_out.any(|member| member.why == Ineligible::GivesWay)
    })
}

/// No step was meant for a time at which whoever is to act does not work. A deadline passes when it passes.
fn steps_inside_hours(before: &Lead, after: &Lead, harm: &mut BTreeSet<Harm>) {
    let event = &after.last_event;
    if !matches!(&event.actor, Actor::System { function } if function == "escalate") {
        return;
    }
    let clock = match &event.kind {
        EventKind::Reminded { clock, .. } | EventKind::ManagerTold { clock, .. } => Some(*clock),
        EventKind::Reassigned { .. }
        | EventKind::NobodyLeft { .. }
        | EventKind::ReturnedToMarketing { .. } => {
            let running = before.clocks.iter().filter_map(|c| Some((c.next_at?, c.kind)));
            running.min().map(|(_, kind)| kind)
        }
        _ => None,
    };
    // A clock keeps the calendar of whom it was started for.
    let of_shifts = before.clocks.iter().filter(|c| c.calendar.as_str() == SHIFTS);
    let meant = of_shifts.filter(|c| Some(c.kind) == clock).find_map(|c| c.next_at);
    if meant.is_some_and(|at| is_closed(at.as_millisecond())) {
        let what = format!("{} v{} {} off hours", short(&after.lead_id), after.version, event.kind.name());
        harm.insert(Harm::Late(what));
    }
}
