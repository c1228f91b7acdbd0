//! Invariants 2 and 8 at every commit: legal steps, versions by one, a whole timeline, somebody accountable, one due
//! time that is the earliest of all timers, and a watchdog over whatever is owed.

use std::collections::BTreeSet;

use leadline_core::ids::LeadId;
use leadline_core::lead::{Event, EventKind, Lead, Parking, Stage};
use leadline_store::rows::from_item;
use leadline_store::{Item, Key};

use super::check::Harm;
use super::witness::{Scene, short, text};

/// Clocks of workers differ by so much at most.
const SKEW_MS: i64 = 2 * 300_000 + 5_000;

/// One line of history.
pub(crate) fn line(before: Option<&Lead>, after: &Lead) -> String {
    let name = short(&after.lead_id);
    match before {
        Some(before) if before.version == after.version => format!("  {name} v{} is put off", after.version),
        _ => format!(
            "  {name} v{} {} {} by {:?}{}",
            after.version,
            after.stage.name(),
            after.last_event.kind.name(),
            after.last_event.actor,
            after.due_at().map_or(String::new(), |at| format!(", due {at}")),
        ),
    }
}

pub(crate) fn check(
    before: Option<&Lead>,
    after: &Lead,
    item: &Item,
    scene: &Scene<'_>,
    harm: &mut BTreeSet<Harm>,
) {
    let name = format!("{} v{}", short(&after.lead_id), after.version);
    let mut wrong = |what: String| {
        harm.insert(Harm::Illegal(format!("{name} {what}")));
    };
    match before {
        Some(before) if before.version == after.version => {
            // Only timers may move without a new version, events be on the bus, and a parked lead be looked at again.
            let looked = before.parked.as_ref().and_then(|parked| parked.looked.clone());
            let moved = Lead {
                parked: after.parked.clone().map(|parked| Parking { looked, ..parked }),
                wake_at: before.wake_at,
                published: before.published,
                watchdog: before.watchdog.clone(),
                ..after.clone()
            };
            if moved != *before || after.published > after.version {
                wrong("changed without a new version".to_owned());
            }
        }
        _ => {
            let expected = before.map_or(1, |b| b.version + 1);
            if after.version != expected {
                wrong(format!("does not follow version {}", expected - 1));
            }
            let event = &after.last_event;
            if event.seq != after.version || event.stage != after.stage {
                wrong("has an event of another transition".to_owned());
            }
            if !may(before.map(|b| b.stage), &event.kind, after.stage) {
                let from = before.map_or("nothing", |b| b.stage.name());
                wrong(format!("went from {from} to {} by {}", after.stage.name(), event.kind.name()));
            }
            if before.is_some_and(|b| event.at.as_millisecond() + SKEW_MS < b.updated_at.as_millisecond()) {
                wrong("went back in time".to_owned());
            }
            if let Some(before) = before.filter(|_| !is_kept(before, scene)) {
                wrong(format!("forgets the event of version {}", before.version));
            }
        }
    }
    accountable(after, &mut wrong);
    due(after, item, &mut wrong);
}

/// The event of the version before stands in the table when the next is committed.
fn is_kept(before: Option<&Lead>, scene: &Scene<'_>) -> bool {
    before.is_none_or(|before| {
        let key = Key::new(format!("LEAD#{}", before.lead_id), format!("T#{:010}", before.version));
        let event = scene.twin.peek(&key).and_then(|item| from_item::<Event>(item).ok());
        // Of an erased lead the words that somebody chose are gone, and nothing else.
        event.is_some_and(|event| {
            event == before.last_event
                || (event.attempt == before.last_event.attempt && before.stage == Stage::Erased)
        })
    })
}

/// Somebody answers for every open lead, and something will happen to it.
fn accountable(lead: &Lead, wrong: &mut impl FnMut(String)) {
    let stage = lead.stage.name();
    if lead.stage.is_held() && lead.owner.is_none() {
        wrong(format!("is {stage} without an owner"));
    }
    if !lead.stage.is_held() && lead.owner.is_some() && !matches!(lead.stage, Stage::Won | Stage::Lost) {
        wrong(format!("is {stage} and has an owner all the same"));
    }
    if (lead.stage == Stage::Parked) != lead.parked.is_some() {
        wrong(format!("is {stage} and parked nowhere, or the other way round"));
    }
    let waits = matches!(lead.stage, Stage::Parked | Stage::Recycled | Stage::Nurturing);
    if waits && lead.wake_at.is_none() {
        wrong(format!("is {stage} and would never be looked at again"));
    }
    let owes =
        lead.in_pipeline() || !lead.effects.is_empty() || lead.published < lead.to_publish || lead.score_due;
    if owes && lead.stage != Stage::Erased && lead.watchdog.is_none() {
        wrong(format!("is {stage}, owes something and has no watchdog"));
    }
    if lead.stage == Stage::Offered && !lead.clocks.iter().any(|c| c.is_running() && c.next_at.is_some()) {
        wrong("is offered and no clock runs".to_owned());
    }
    let closed = matches!(
        lead.stage,
        Stage::Quarantined | Stage::Disqualified | Stage::Won | Stage::Lost | Stage::Merged | Stage::Erased
    );
    // Whoever works on a lead is reminded some day, or somebody else is.
    let worked_on = matches!(lead.stage, Stage::Accepted | Stage::Working | Stage::Qualified);
    let clocks = lead.clocks.iter().any(|c| c.is_running() && c.next_at.is_some());
    if worked_on && !clocks && lead.paused.is_none() {
        wrong(format!("is {stage} and no clock runs"));
    }
    if !closed && timers(lead).next().is_none() {
        wrong(format!("is {stage} without a due time"));
    }
}

/// Every timer of a row, found without the product's own list.
fn timers(lead: &Lead) -> impl Iterator<Item = i64> {
    let others = [
        lead.watchdog.as_ref().map(|w| w.at),
        lead.lookup.as_ref().map(|l| l.at),
        lead.wake_at,
        lead.forget_at,
        lead.paused.as_ref().map(|p| p.until),
    ];
    let clocks = lead.clocks.iter().filter_map(|c| c.next_at);
    clocks.chain(others.into_iter().flatten()).map(|at| at.as_millisecond())
}

/// The due index has the row at its earliest timer, and has it not when there is none.
fn due(lead: &Lead, item: &Item, wrong: &mut impl FnMut(String)) {
    let indexed = text(item, "due_key").parse::<i64>().ok();
    if text(item, "due_shard").is_empty() != indexed.is_none() {
        wrong("stands in half of the due index".to_owned());
    }
    if indexed != timers(lead).min() {
        wrong("is not in the due index where its earliest timer is".to_owned());
    }
}

/// The table of transitions, from the words of the field and not from the product.
fn may(from: Option<Stage>, kind: &EventKind, to: Stage) -> bool {
    use EventKind as E;
    use Stage::*;
    let Some(from) = from else {
        return matches!((kind, to), (E::Captured { .. }, Received) | (E::Quarantined { .. }, Quarantined));
    };
    if from == Erased {
        // What was caused before is still told.
        return same_kind_of_telling(kind) && to == Erased;
    }
    let same = from == to;
    let sales = matches!(from, Offered | Accepted | Working);
    match kind {
        E::Captured { .. } | E::Quarantined { .. } => false,
        E::Released => from == Quarantined && to == Received,
        E::Merged { .. } => from == Quarantined && to == Merged,
        E::Touched { .. } => same && !matches!(from, Quarantined | Merged),
        E::Enriched { .. } => same || (from == Received && to == Enriched),
        E::Scored { .. } => matches!(from, Enriched | Nurturing | Disqualified) && to == Scored,
        E::Nurtured { .. } => matches!(from, Enriched | Disqualified | Parked) && to == Nurturing,
        E::Rescored { .. } => same,
        E::Disqualified { .. } => {
            !matches!(from, Received | Won | Lost | Merged | Disqualified) && to == Disqualified
        }
        E::Suppressed { .. } => matches!(from, Scored | Parked) && to == Nurturing,
        E::Offered { .. } => matches!(from, Scored | Parked) && to == Offered,
        E::Reassigned { .. } => sales && to == Offered,
        E::HandedOver { .. } if from == Qualified => same,
        E::HandedOver { .. } => (sales || from == Parked) && to == Offered,
        E::Parked { .. } => matches!(from, Received | Enriched | Scored | Parked | Recycled) && to == Parked,
        E::Unparked => from == Parked && matches!(to, Scored | Received | Parked),
        E::Accepted { .. } => from == Offered && to == Accepted,
        E::Rejected { .. } => {
            matches!(from, Offered | Accepted) && matches!(to, Scored | Disqualified | Recycled)
        }
        E::Contacted { .. } => {
            (sales || from == Qualified) && (same || to == Working) || matches!(from, Scored | Parked) && same
        }
        E::Qualified { .. } => matches!(from, Accepted | Working) && to == Qualified,
        E::Recycled { .. } => (sales || from == Qualified) && to == Recycled,
        E::Woken { .. } => matches!(from, Recycled | Parked) && to == Received,
        E::Won { .. } => matches!(from, Working | Qualified) && to == Won,
        E::Lost { .. } => matches!(from, Accepted | Working | Qualified) && to == Lost,
        E::Reminded { .. }
        | E::ManagerTold { .. }
        | E::Breached { .. }
        | E::NobodyLeft { .. }
        | E::Overtaken { .. } => same && (sales || from == Qualified),
        E::Rebased { .. } => same && (sales || matches!(from, Scored | Parked | Qualified)),
        E::Paused { .. } | E::Resumed { .. } => same && matches!(from, Accepted | Working | Qualified),
        E::ReturnedToMarketing { .. } => {
            (sales || matches!(from, Scored | Parked | Qualified)) && to == Nurturing
        }
        E::Withdrawn { .. } => from == Offered && to == Scored,
        E::OwnerGone { .. } => same && matches!(from, Accepted | Working | Qualified),
        E::ReviewDue => same && from == Nurturing,
        E::Redriven { .. } | E::Notified { .. } | E::Forgotten { .. } => same,
        E::Erased => to == Erased,
    }
}

fn same_kind_of_telling(kind: &EventKind) -> bool {
    matches!(kind, EventKind::Notified { .. } | EventKind::Redriven { .. })
}

/// The timeline of a lead as it was committed, for messages.
pub(crate) fn seqs(events: &std::collections::BTreeMap<(LeadId, u64), Event>, lead: &LeadId) -> Vec<u64> {
    events.range((lead.clone(), 0)..=(lead.clone(), u64::MAX)).map(|((_, seq), _)| *seq).collect()
}
