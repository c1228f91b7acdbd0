//! Leads with their whole past, for the audit's own tests: made by legal moves, as the functions make them, with
//! everything kept beside them that belongs there.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Claimed, HolderRow, Kept, KeptSubmission, ReceiptAt, needs_claim};
use crate::enrichment::Findings;
use crate::ids::{LeadId, SubmissionId};
use crate::lead::samples::{
    after, assignment, call, captured, card, playbooks, pool, profile, rep, step, submission_id,
};
use crate::lead::{Actor, Answer, Event, EventKind, Lead, Move, ParkReason, Stage, Step};
use crate::qualification::Verdict;
use crate::submission::VerdictKind;

/// A lead and what happened to it before.
#[derive(Clone)]
pub(super) struct Story {
    pub(super) lead: Lead,
    events: Vec<Event>,
}

impl Story {
    pub(super) fn begins(lead: Lead) -> Self {
        Self { lead, events: Vec::new() }
    }

    /// The next move, so many seconds after receipt.
    pub(super) fn then(mut self, next: impl FnOnce(&Lead) -> Lead) -> Self {
        self.events.push(self.lead.last_event.clone());
        self.lead = next(&self.lead);
        self
    }

    pub(super) fn answered(self, answer: &Answer, seconds: i64) -> Self {
        self.then(|lead| lead.answered_under(answer, &playbooks(), &step(after(seconds))).unwrap())
    }

    /// Everything owed is told.
    pub(super) fn notified(self, seconds: i64) -> Self {
        self.then(|lead| {
            let told: Vec<String> = lead.effects.iter().map(|e| e.id.clone()).collect();
            lead.notified(&told, lead.to_publish, &step(after(seconds))).unwrap()
        })
    }

    /// As it is kept.
    pub(super) fn kept(self) -> Kept {
        let Story { lead, events } = self;
        let all: Vec<&Event> = events.iter().chain([&lead.last_event]).collect();
        let of = |wanted: fn(&EventKind) -> bool| -> BTreeSet<_> {
            all.iter().filter(|e| wanted(&e.kind)).map(|e| e.attempt.clone()).collect()
        };
        let scores = of(|kind| {
            matches!(kind, EventKind::Scored { .. } | EventKind::Nurtured { .. } | EventKind::Rescored { .. })
        });
        let routes = of(|kind| matches!(kind, EventKind::Offered { .. } | EventKind::Reassigned { .. }));
        let submissions = all
            .iter()
            .filter_map(|e| match &e.kind {
                EventKind::Captured { submission_id }
                | EventKind::Quarantined { submission_id, .. }
                | EventKind::Touched { submission_id, .. } => Some(KeptSubmission {
                    submission_id: submission_id.clone(),
                    lead_id: lead.lead_id.clone(),
                    received_at: e.at,
                    receipt: ReceiptAt::Here,
                }),
                _ => None,
            })
            .filter(|_| !lead.stage.is_final())
            .collect();
        let claim = if needs_claim(&lead) { Claimed::ByIt } else { Claimed::Unneeded };
        Kept {
            submissions,
            scores,
            routes,
            claim,
            wrong_indexes: Vec::new(),
            holder_row: HolderRow::There,
            lead,
            events,
        }
    }
}

/// The story of a lead up to a stage.
pub(super) fn story(stage: Stage) -> Story {
    let reason = || "a reason".to_owned();
    match stage {
        Stage::Received => Story::begins(captured(VerdictKind::Clean)),
        Stage::Quarantined => Story::begins(captured(VerdictKind::Spam)),
        Stage::Enriched => story(Stage::Received).then(|lead| {
            lead.enriched(lead.profile.clone(), Findings::default(), None, &step(after(10))).unwrap()
        }),
        Stage::Scored => story(Stage::Enriched)
            .then(|lead| lead.scored(&card(60, 60), &Verdict::Qualified, &step(after(20))).unwrap()),
        Stage::Nurturing => story(Stage::Enriched)
            .then(|lead| lead.scored(&card(10, 10), &Verdict::Nurturing, &step(after(20))).unwrap()),
        Stage::Disqualified => {
            // By a person; what a veto disqualifies has a score card.
            let step = Step { actor: Actor::Key { subject: "test".to_owned() }, ..step(after(40)) };
            let answer = Answer::Disqualify { reason: reason() };
            story(Stage::Nurturing).then(|lead| lead.answered(&answer, &step).unwrap())
        }
        Stage::Parked => story(Stage::Scored).then(|lead| {
            lead.parked(&pool(), ParkReason::NobodyEligible, after(600), &step(after(30))).unwrap()
        }),
        Stage::Offered => story(Stage::Scored)
            .then(|lead| lead.offered(&assignment(lead, "anna", after(30)), &step(after(30))).unwrap()),
        Stage::Accepted => story(Stage::Offered).answered(&Answer::Accept { rep_id: rep("anna") }, 60),
        Stage::Working => story(Stage::Accepted).answered(&call("anna", after(90)), 90),
        Stage::Qualified => story(Stage::Working)
            .answered(&Answer::Qualify { rep_id: rep("anna"), checklist: Default::default() }, 120),
        Stage::Recycled => {
            story(Stage::Working).answered(&Answer::Recycle { reason: reason(), wake_at: after(86_400) }, 120)
        }
        Stage::Won => story(Stage::Working).answered(&Answer::Win, 120),
        Stage::Lost => story(Stage::Working).answered(&Answer::Lose { reason: reason() }, 120),
        Stage::Merged => story(Stage::Quarantined)
            .then(|lead| lead.merged(&LeadId::from_bits([2; 16]), &step(after(60))).unwrap()),
        Stage::Erased => story(Stage::Nurturing).then(|lead| {
            let gone = |next: &mut Lead| {
                next.visitor = None;
                next.profile = profile("erased@erased.invalid");
            };
            lead.advance(&step(after(60)), Move::Erase, Stage::Erased, EventKind::Erased, gone).unwrap()
        }),
    }
}

/// A lead at a stage with everything beside it.
pub(super) fn kept(stage: Stage) -> Kept {
    story(stage).kept()
}

/// Four minutes after receipt, when every sample is fresh.
pub(super) fn fresh() -> Timestamp {
    after(240)
}

/// Another submission and another lead than those of the samples.
pub(super) fn others() -> (SubmissionId, LeadId) {
    (submission_id(9), LeadId::from_bits([9; 16]))
}
