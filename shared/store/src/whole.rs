//! A lead with everything beside it, read at once: a page of the table instead of a read for each part.

use leadline_core::ids::{AttemptId, LeadId};
use leadline_core::lead::{Event, Lead};
use leadline_core::submission::Submission;
use serde::de::DeserializeOwned;

use crate::leads::{ReadError, everything};
use crate::records::{Record, RecordKind};
use crate::rows::from_item;
use crate::submissions;
use crate::table::{AttributeValue, Item, SK, Table};

/// What stands beside a lead's row.
#[derive(Debug)]
pub struct Whole {
    items: Vec<Item>,
}

impl Whole {
    /// Reads it, strongly consistent. Events are whole only for a row that was read before.
    pub async fn read<T: Table>(table: &T, lead_id: &LeadId) -> Result<Self, ReadError> {
        Ok(Self { items: everything(table, lead_id).await? })
    }

    fn under(&self, prefix: &str) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(move |item| match item.get(SK) {
            Some(AttributeValue::S(sk)) => sk.starts_with(prefix),
            _ => false,
        })
    }

    fn all<V: DeserializeOwned>(&self, prefix: &str) -> Result<Vec<V>, ReadError> {
        Ok(self.under(prefix).cloned().map(from_item).collect::<Result<_, _>>()?)
    }

    /// All submissions.
    pub fn submissions(&self) -> Result<Vec<Submission>, ReadError> {
        self.all(submissions::PREFIX)
    }

    /// The events up to the version of a row, which has the last of them itself. What a worker that was held up has put
    /// there beyond it is not history.
    pub fn events(&self, lead: &Lead) -> Result<Vec<Event>, ReadError> {
        let mut events: Vec<Event> = self.all("T#")?;
        events.retain(|event| event.seq < lead.version);
        events.push(lead.last_event.clone());
        Ok(events)
    }

    /// The decision record of an attempt.
    pub fn record<D: DeserializeOwned>(
        &self,
        kind: RecordKind,
        attempt: &AttemptId,
    ) -> Result<Option<Record<D>>, ReadError> {
        let sort = kind.sort(attempt);
        Ok(self.under(&sort).next().cloned().map(from_item).transpose()?)
    }

    /// All decision records of a kind, the oldest first.
    pub fn records<D: DeserializeOwned>(&self, kind: RecordKind) -> Result<Vec<Record<D>>, ReadError> {
        let mut records: Vec<Record<D>> = self.all(&kind.prefix())?;
        records.sort_by_key(|record| (record.version, record.at));
        Ok(records)
    }
}
