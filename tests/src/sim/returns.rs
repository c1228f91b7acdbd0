//! Recycled leads come back when they may: on their date, when the person asks again, or on their score after the
//! cool-down; and after so many cycles marketing decides.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use leadline_core::ids::LeadId;
use leadline_core::lead::{EventKind, Lead, ParkReason, Stage};
use leadline_core::recycling::WakeCause;
use leadline_core::submission::Submission;
use leadline_store::rows::from_item;
use leadline_store::{Key, Twin};

use super::check::Harm;
use super::playbooks::{COOL_DOWN_S, MOST_CYCLES, STRONG_WISH};
use super::witness::short;

/// When sales gave each lead back last.
#[derive(Default)]
pub(crate) struct Returns {
    given_back: BTreeMap<LeadId, Timestamp>,
    /// How often each came back without having been asked for.
    unasked: BTreeMap<LeadId, u32>,
}

impl Returns {
    /// A lead has made a transition. `kept` are the submissions that are kept with it.
    pub(crate) fn changed<'k>(
        &mut self,
        before: Option<&Lead>,
        after: &Lead,
        kept: impl Iterator<Item = &'k String>,
        twin: &Twin,
        harm: &mut BTreeSet<Harm>,
    ) {
        let event = &after.last_event;
        let mut wrong = |what: &str| {
            harm.insert(Harm::Illegal(format!("{} {what}", short(&after.lead_id))));
        };
        if after.stage == Stage::Recycled && before.is_some_and(|b| b.stage != Stage::Recycled) {
            self.given_back.insert(after.lead_id.clone(), event.at);
        }
        let Some(before) = before else { return };
        let since = self.given_back.get(&after.lead_id).copied();
        // The first time round counts as well.
        let often = 1 + self.unasked.get(&after.lead_id).copied().unwrap_or(0) >= MOST_CYCLES;
        if let EventKind::Woken { because: WakeCause::Date | WakeCause::Score, .. } = &event.kind {
            *self.unasked.entry(after.lead_id.clone()).or_default() += 1;
        }
        let unasked = self.unasked.get(&after.lead_id).copied().unwrap_or(0);
        if after.unasked != unasked && after.stage != Stage::Erased {
            wrong(&format!("counts {} cycles that nobody asked for, of {unasked}", after.unasked));
        }
        match &event.kind {
            EventKind::Woken { because, cycle } => {
                if *cycle != before.cycle + 1 || after.cycle != *cycle {
                    wrong("came back in another cycle than the next");
                }
                let rested = since.is_some_and(|at| at + SignedDuration::from_secs(COOL_DOWN_S) <= event.at);
                match because {
                    WakeCause::Date | WakeCause::Score if before.stage != Stage::Recycled => {
                        wrong("came back past marketing");
                    }
                    WakeCause::Date if before.wake_at.is_none_or(|at| at > event.at) => {
                        wrong("came back before its date");
                    }
                    WakeCause::Score if !rested => wrong("came back by its score within the cool-down"),
                    WakeCause::Date | WakeCause::Score if often => {
                        wrong("came back although it has been round often enough");
                    }
                    WakeCause::StrongInterest if !given_back(before) => {
                        wrong("came back though sales had not given it back");
                    }
                    WakeCause::StrongInterest if !asked(after, since, kept, twin) => {
                        wrong("came back as if the person had asked");
                    }
                    _ => {}
                }
            }
            EventKind::Parked { reason: ParkReason::Review, .. } if !often => {
                wrong("waits for marketing before it has been round often enough");
            }
            _ => {}
        }
    }
}

/// Whether it sleeps until a date, or marketing is asked about it.
fn given_back(lead: &Lead) -> bool {
    let review = lead.parked.as_ref().is_some_and(|parked| parked.reason == ParkReason::Review);
    lead.stage == Stage::Recycled || (lead.stage == Stage::Parked && review)
}

/// Whether the buyer waits since a submission that asks and came after sales had given the lead back.
fn asked<'k>(
    lead: &Lead,
    since: Option<Timestamp>,
    mut kept: impl Iterator<Item = &'k String>,
    twin: &Twin,
) -> bool {
    kept.any(|id| {
        let item = twin.peek(&Key::new(format!("LEAD#{}", lead.lead_id), format!("SUB#{id}")));
        item.and_then(|item| from_item::<Submission>(item).ok()).is_some_and(|submission| {
            submission.answers.get("wish").is_some_and(|wish| wish == STRONG_WISH)
                && submission.received_at == lead.received_at
                && since.is_some_and(|at| submission.received_at > at)
        })
    })
}
