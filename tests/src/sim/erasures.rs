//! Erased stays erased: nothing that was received before an erasure comes back after it, however late it arrives.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use leadline_core::ids::LeadId;
use leadline_core::lead::{Field, Lead, Stage};
use leadline_core::submission::Submission;
use leadline_store::rows::from_item;
use leadline_store::{Item, Key, Twin};

use super::check::Harm;
use super::witness::{short, text};

/// Which mailboxes have been erased, and up to when, in milliseconds.
#[derive(Default)]
pub(crate) struct Erasures {
    mailboxes: BTreeMap<String, i64>,
}

fn mailbox(lead: &Lead) -> String {
    lead.profile.contact.email.canonical().as_str().to_owned()
}

/// Whether the lead is the one that its mailbox leads to.
fn is_the_one(lead: &Lead) -> bool {
    !matches!(lead.stage, Stage::Quarantined | Stage::Merged | Stage::Erased)
}

impl Erasures {
    /// A lead has changed: it may have been erased, and if it is, nothing of the person is left in it.
    pub(crate) fn changed(
        &mut self,
        before: Option<&Lead>,
        after: &Lead,
        leads: &BTreeMap<LeadId, Arc<Lead>>,
        twin: &Twin,
        harm: &mut BTreeSet<Harm>,
    ) {
        if after.stage != Stage::Erased {
            return;
        }
        let fields = Field::ALL.into_iter().filter(|field| *field != Field::Email);
        let tells = fields.filter_map(|field| after.profile.get(field)).next().is_some();
        if tells
            || mailbox(after) != "erased@erased.invalid"
            || after.visitor.is_some()
            || after.reason.is_some()
        {
            harm.insert(Harm::Resurrected(format!(
                "{} is erased and still tells of somebody",
                short(&after.lead_id)
            )));
        }
        let Some(before) = before.filter(|b| b.stage != Stage::Erased) else { return };
        let mailbox = mailbox(before);
        // Another lead that has the address goes on with it.
        let another = leads
            .values()
            .any(|l| l.lead_id != after.lead_id && is_the_one(l) && self::mailbox(l) == mailbox);
        if !another {
            // Erased is what was received before the erasure was asked for, which its own row says.
            let row =
                after.erasure.as_ref().and_then(|id| twin.peek(&Key::new(format!("ERASE#{id}"), "ERASE")));
            let asked = row.and_then(|row| text(&row, "erased_at").parse::<Timestamp>().ok());
            let until = asked.unwrap_or(after.last_event.at).as_millisecond();
            let known = self.mailboxes.entry(mailbox).or_insert(until);
            *known = until.max(*known);
        }
    }

    /// A submission was written beside a lead.
    pub(crate) fn kept(
        &self,
        leads: &BTreeMap<LeadId, Arc<Lead>>,
        lead_id: &LeadId,
        item: &Item,
        harm: &mut BTreeSet<Harm>,
    ) {
        let Some(lead) = leads.get(lead_id) else { return };
        if lead.stage == Stage::Erased {
            harm.insert(Harm::Resurrected(format!("{} is erased and gets a submission", short(lead_id))));
        }
        let Ok(submission) = from_item::<Submission>(item.clone()) else { return };
        let until = self.mailboxes.get(&mailbox(lead)).copied();
        if until.is_some_and(|until| submission.received_at.as_millisecond() < until) {
            harm.insert(Harm::Resurrected(format!(
                "{} is from before the erasure",
                submission.submission_id
            )));
        }
    }
}
