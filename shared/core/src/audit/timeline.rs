//! Legal moves only: the timeline is gap-free, each step is one of the table, and the row is where its last event left
//! it. And each decision in it has its record.

use std::collections::BTreeSet;

use super::{CLOCK_SKEW, Kept, Violation};
use crate::lead::{Actor, Event, EventKind, Move, Stage};

pub(super) fn check(kept: &Kept, found: &mut BTreeSet<Violation>) {
    let (lead, history) = (&kept.lead, kept.history());
    let lead_id = &lead.lead_id;
    let last = &lead.last_event;
    if last.seq != lead.version || last.stage != lead.stage {
        found.insert(Violation::WrongVersion { lead_id: lead_id.clone() });
    }
    let seqs: BTreeSet<u64> = history.iter().map(|e| e.seq).collect();
    if let Some(seq) = (1..=lead.version).find(|seq| !seqs.contains(seq)) {
        found.insert(Violation::Gap { lead_id: lead_id.clone(), seq });
    }
    if let Some(seq) = first_illegal(&history) {
        found.insert(Violation::IllegalStep { lead_id: lead_id.clone(), seq });
    }
    let mut latest = history.first().map(|e| e.at);
    for event in &history {
        if latest.is_some_and(|latest| event.at + CLOCK_SKEW < latest) {
            found.insert(Violation::Backwards { lead_id: lead_id.clone(), seq: event.seq });
            break;
        }
        latest = latest.max(Some(event.at));
    }
    if lead.stage != Stage::Erased
        && let Some(event) = history.iter().find(|event| !has_record(kept, event))
    {
        found.insert(Violation::MissingRecord { lead_id: lead_id.clone(), seq: event.seq });
    }
}

/// The first event that no legal move leads to. Over a gap nothing can be said.
fn first_illegal(history: &[&Event]) -> Option<u64> {
    let first = history.first().filter(|e| e.seq == 1 && !begins(e)).map(|e| e.seq);
    let later = history
        .windows(2)
        .find(|pair| pair[1].seq == pair[0].seq + 1 && !follows(pair[0].stage, pair[1]))
        .map(|pair| pair[1].seq);
    first.or(later)
}

fn begins(event: &Event) -> bool {
    matches!(
        (&event.kind, event.stage),
        (EventKind::Captured { .. }, Stage::Received) | (EventKind::Quarantined { .. }, Stage::Quarantined)
    )
}

/// Whether the table of moves leads from `before` to an event and its stage.
fn follows(before: Stage, event: &Event) -> bool {
    let to = |made: Move, stages: &[Stage]| made.is_legal_from(before) && stages.contains(&event.stage);
    let stays = |made: Move| to(made, &[before]);
    match &event.kind {
        EventKind::Captured { .. } | EventKind::Quarantined { .. } => false,
        EventKind::Released => to(Move::Release, &[Stage::Received]),
        EventKind::Merged { .. } => to(Move::Merge, &[Stage::Merged]),
        EventKind::Touched { .. } => stays(Move::Join),
        EventKind::Enriched { .. } if before == Stage::Received => to(Move::Enrich, &[Stage::Enriched]),
        EventKind::Enriched { .. } => stays(Move::AddFacts),
        EventKind::Scored { .. } => to(Move::Promote, &[Stage::Scored]),
        EventKind::Nurtured { .. } => to(Move::Nurture, &[Stage::Nurturing]),
        EventKind::Rescored { .. } | EventKind::ReviewDue => stays(Move::Rescore),
        EventKind::Disqualified { .. } => to(Move::Disqualify, &[Stage::Disqualified]),
        EventKind::Suppressed { .. } => to(Move::Suppress, &[Stage::Nurturing]),
        EventKind::Offered { .. } => to(Move::Offer, &[Stage::Offered]),
        EventKind::Parked { .. } => to(Move::Park, &[Stage::Parked]),
        EventKind::Unparked => to(Move::Unpark, &[Stage::Scored, Stage::Received, Stage::Parked]),
        EventKind::Accepted { .. } => to(Move::Accept, &[Stage::Accepted]),
        EventKind::Rejected { .. } => {
            to(Move::Reject, &[Stage::Scored, Stage::Disqualified, Stage::Recycled])
        }
        EventKind::Contacted { .. } if before == Stage::Qualified => stays(Move::Contact),
        EventKind::Contacted { .. } => to(Move::Contact, &[before, Stage::Working]),
        EventKind::Qualified { .. } => to(Move::Qualify, &[Stage::Qualified]),
        EventKind::Paused { .. } => stays(Move::Pause),
        EventKind::Resumed { .. } => stays(Move::Resume),
        EventKind::Recycled { .. } => to(Move::Recycle, &[Stage::Recycled]),
        EventKind::Woken { .. } => to(Move::Wake, &[Stage::Received]),
        EventKind::Won { .. } => to(Move::Win, &[Stage::Won]),
        EventKind::Lost { .. } => to(Move::Lose, &[Stage::Lost]),
        EventKind::Reminded { .. }
        | EventKind::ManagerTold { .. }
        | EventKind::NobodyLeft { .. }
        | EventKind::Overtaken { .. }
        | EventKind::Breached { .. } => stays(Move::Escalate),
        EventKind::Rebased { .. } => stays(Move::Rebase),
        EventKind::Reassigned { .. } => to(Move::Reassign, &[Stage::Offered]),
        EventKind::Withdrawn { .. } => to(Move::Withdraw, &[Stage::Scored]),
        EventKind::OwnerGone { .. } => stays(Move::TellOwnerGone),
        EventKind::HandedOver { .. } if before == Stage::Qualified => stays(Move::HandOver),
        EventKind::HandedOver { .. } => to(Move::HandOver, &[Stage::Offered]),
        EventKind::ReturnedToMarketing { .. } => to(Move::Return, &[Stage::Nurturing]),
        EventKind::Redriven { .. } => stays(Move::Redrive),
        EventKind::Notified { .. } => stays(Move::Confirm),
        EventKind::Forgotten { .. } => stays(Move::Forget),
        EventKind::Erased => to(Move::Erase, &[Stage::Erased]),
    }
}

/// Whether a decision is explained by its record; anything else needs none.
fn has_record(kept: &Kept, event: &Event) -> bool {
    match &event.kind {
        EventKind::Scored { .. } | EventKind::Nurtured { .. } | EventKind::Rescored { .. } => {
            kept.scores.contains(&event.attempt)
        }
        // By a veto; what a person disqualifies has the person's reason.
        EventKind::Disqualified { .. } if matches!(event.actor, Actor::System { .. }) => {
            kept.scores.contains(&event.attempt)
        }
        EventKind::Offered { .. } | EventKind::Reassigned { .. } | EventKind::Suppressed { .. } => {
            kept.routes.contains(&event.attempt)
        }
        _ => true,
    }
}
