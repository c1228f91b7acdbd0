//! Durable acknowledgement: every submission that the timeline tells of is kept, once, by the lead its receipt names.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Kept, RECEIPT_FOR, ReceiptAt, Violation};
use crate::ids::SubmissionId;
use crate::lead::{EventKind, Stage};

pub(super) fn check(kept: &Kept, now: Timestamp, found: &mut BTreeSet<Violation>) {
    let lead = &kept.lead;
    let lead_id = || lead.lead_id.clone();
    let has_gone = lead.stage == Stage::Merged;
    let history = kept.history();
    let told: BTreeSet<&SubmissionId> = history
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::Captured { submission_id }
            | EventKind::Quarantined { submission_id, .. }
            | EventKind::Touched { submission_id, .. } => Some(submission_id),
            _ => None,
        })
        .collect();
    let here: BTreeSet<&SubmissionId> = kept.submissions.iter().map(|s| &s.submission_id).collect();
    if !has_gone {
        for submission_id in told.difference(&here) {
            let submission_id = (*submission_id).clone();
            found.insert(Violation::LostSubmission { submission_id, lead_id: lead_id() });
        }
        if here.len() != lead.touches as usize {
            found.insert(Violation::MiscountedTouches { lead_id: lead_id() });
        }
    }
    let is_whole = kept.is_whole();
    for submission in &kept.submissions {
        let submission_id = submission.submission_id.clone();
        let young = submission.received_at + RECEIPT_FOR > now;
        let untold = is_whole && !told.contains(&submission_id);
        let stray = match &submission.receipt {
            ReceiptAt::Doubled(other) => {
                let other_lead_id = other.clone();
                found.insert(Violation::DoubledSubmission {
                    submission_id,
                    lead_id: lead_id(),
                    other_lead_id,
                });
                continue;
            }
            ReceiptAt::Elsewhere => true,
            // Receipts expire; submissions do not.
            ReceiptAt::Missing => young,
            ReceiptAt::Here => false,
        };
        if has_gone || stray || untold || submission.lead_id != lead.lead_id {
            found.insert(Violation::StraySubmission { submission_id, lead_id: lead_id() });
        }
    }
}
