//! Every trace of an erased lead beside its row: found from the lead itself, so that the same look finds what is left
//! however often it has been interrupted.

use std::collections::BTreeSet;

use jiff::Timestamp;
use leadline_core::ids::LeadId;
use leadline_core::lead::Event;
use leadline_core::submission::Submission;

use super::{ErasedLead, Store, Touched};
use crate::claims::{self, Remembered};
use crate::leads::{self, CommitError};
use crate::rows::from_item;
use crate::table::{Item, Key, Table, TableError, Write};
use crate::{deliveries, limits};

/// One item, and the write that takes it away or reduces it.
type Trace = (Store, Write);

/// How many items there are beside leads, by store; what several of them share is one.
pub async fn count<T: Table>(
    table: &T,
    leads: &[ErasedLead],
    erased_at: Timestamp,
) -> Result<Touched, CommitError> {
    let mut items = BTreeSet::new();
    for lead in leads {
        for (store, write) in traces(table, lead, erased_at).await? {
            items.extend(key_of(&write).map(|key| (store, key)));
        }
    }
    let mut touched = Touched::new();
    for (store, _) in items {
        *touched.entry(store).or_default() += 1;
    }
    Ok(touched)
}

fn key_of(write: &Write) -> Option<Key> {
    match write {
        Write::Put { item, .. } => Key::of(item),
        Write::Delete { key, .. } | Write::Check { key, .. } => Some(key.clone()),
    }
}

/// Takes away what is beside a lead. What is gone already, or another's by now, is passed over.
pub async fn clean_up<T: Table>(
    table: &T,
    lead: &ErasedLead,
    erased_at: Timestamp,
) -> Result<(), CommitError> {
    for (_, write) in traces(table, lead, erased_at).await? {
        match table.write(write).await {
            Ok(()) | Err(TableError::ConditionFailed { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Everything beside a lead, in the order in which it has to go: what is found through another item goes before that.
async fn traces<T: Table>(
    table: &T,
    lead: &ErasedLead,
    erased_at: Timestamp,
) -> Result<Vec<Trace>, CommitError> {
    let mut found = Vec::new();
    for item in leads::everything(table, &lead.lead_id).await? {
        let Some(key) = Key::of(&item) else { continue };
        let delete = |store: Store| (store, Write::Delete { key: key.clone(), only_if: None });
        match key.sk.split('#').next().unwrap_or_default() {
            "LEAD" => {}
            "T" => found.extend(event(&lead.lead_id, item)?),
            "SUB" => {
                found.extend(submission(table, &lead.lead_id, item, erased_at).await?);
                found.push(delete(Store::Submissions));
            }
            "DLV" => {
                let row = deliveries::named_by(&key.sk);
                found.extend(row.map(|key| (Store::Deliveries, Write::Delete { key, only_if: None })));
                found.push(delete(Store::Pointers));
            }
            "ENR" => found.push(delete(Store::Facts)),
            "SCORE" => found.push(delete(Store::Scores)),
            "ROUTE" => found.push(delete(Store::Routes)),
            // Whatever is kept beside a lead goes with it, also what this place has not been told of.
            _ => found.push(delete(Store::Others)),
        }
    }
    if let Some(mailbox) = &lead.mailbox {
        if limits::has_mails(table, mailbox).await? {
            found.push((Store::MailCounters, limits::mails_delete(mailbox)));
        }
        if claims::has_pointer(table, mailbox, &lead.lead_id).await? {
            found.push((Store::Pointers, claims::pointer_delete(mailbox, &lead.lead_id)));
        }
    }
    Ok(found)
}

/// An event stays, without the words that people chose.
fn event(lead_id: &LeadId, item: Item) -> Result<Option<Trace>, CommitError> {
    let event: Event = from_item(item)?;
    let Some(kind) = event.kind.without_words() else { return Ok(None) };
    Ok(Some((Store::Timelines, leads::event_replace(lead_id, &Event { kind, ..event })?)))
}

/// What is found through a submission: pointers from further mailboxes, its receipt, and the record of its answers.
async fn submission<T: Table>(
    table: &T,
    lead_id: &LeadId,
    item: Item,
    erased_at: Timestamp,
) -> Result<Vec<Trace>, CommitError> {
    let submission: Submission = from_item(item)?;
    let mut found = Vec::new();
    for mailbox in &submission.mailboxes {
        if claims::has_pointer(table, mailbox, lead_id).await? {
            found.push((Store::Pointers, claims::pointer_delete(mailbox, lead_id)));
        }
    }
    if let Some(Remembered::Kept(receipt)) = claims::receipt(table, &submission.submission_id).await? {
        let repeat = claims::repeat(table, &receipt.content).await?;
        if repeat.is_some_and(|r| r.submission_id == submission.submission_id) {
            let delete = claims::repeat_delete(&receipt.content, &submission.submission_id);
            found.push((Store::Repeats, delete));
        }
        found.push((Store::Receipts, claims::receipt_block(&receipt, erased_at)?));
    }
    Ok(found)
}
