//! What the audit reads: everything under one lead, and how far it got last time.

use std::collections::BTreeSet;

use jiff::Timestamp;
use leadline_core::ids::{AttemptId, LeadId, SubmissionId};
use leadline_core::lead::{Event, Lead};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::leads::{self, ReadError, lead_item};
use crate::rows::{from_item, to_item};
use crate::table::{Consistency, Index, Item, Key, Query, Range, Source, Table, TableError, Write};

/// A submission, as far as the audit looks at it: nothing of what was typed.
#[derive(Debug, Clone, Deserialize)]
pub struct SubmissionRow {
    /// Its id.
    pub submission_id: SubmissionId,
    /// The lead that it names.
    pub lead_id: LeadId,
    /// When it was received.
    pub received_at: Timestamp,
}

/// Everything under one lead, as one reading found it.
#[derive(Debug, Clone, Default)]
pub struct Partition {
    /// The row, if there is one that can be read.
    pub lead: Option<Lead>,
    /// The indexes whose keys in the row do not follow from the row.
    pub wrong_indexes: Vec<&'static str>,
    /// The events under their versions.
    pub events: Vec<Event>,
    /// The submissions.
    pub submissions: Vec<SubmissionRow>,
    /// The attempts that have a score card.
    pub scores: BTreeSet<AttemptId>,
    /// The attempts that have a routing record.
    pub routes: BTreeSet<AttemptId>,
    /// The kinds of rows that cannot be read: `lead`, `event`, `submission`.
    pub unreadable: BTreeSet<&'static str>,
}

impl Partition {
    /// Sorts the items of one lead's partition, in any order. Kinds that the audit has no rule for are passed over.
    pub fn of(items: impl IntoIterator<Item = Item>) -> Partition {
        let mut partition = Partition::default();
        items.into_iter().for_each(|item| partition.take(item));
        partition
    }

    fn take(&mut self, item: Item) {
        let Some(Key { sk, .. }) = Key::of(&item) else { return };
        let (kind, rest) = sk.split_once('#').unwrap_or((&sk, ""));
        match kind {
            "LEAD" => {
                if let Some(lead) = self.read::<Lead>(&item, "lead") {
                    self.wrong_indexes = wrong_indexes(&lead, &item);
                    self.lead = Some(lead);
                }
            }
            "T" => {
                let event = self.read(&item, "event");
                self.events.extend(event);
            }
            "SUB" => {
                let submission = self.read(&item, "submission");
                self.submissions.extend(submission);
            }
            "SCORE" => self.scores.extend(AttemptId::parse(rest).ok()),
            "ROUTE" => self.routes.extend(AttemptId::parse(rest).ok()),
            _ => {}
        }
    }

    fn read<T: DeserializeOwned>(&mut self, item: &Item, kind: &'static str) -> Option<T> {
        let value = from_item(item.clone()).ok();
        if value.is_none() {
            self.unreadable.insert(kind);
        }
        value
    }
}

/// The indexes whose keys differ from those that the row would be written with.
fn wrong_indexes(lead: &Lead, stored: &Item) -> Vec<&'static str> {
    let Ok(right) = lead_item(lead) else { return Vec::new() };
    let differs = |index: &Index| {
        let (partition, sort) = index.attributes();
        [partition, sort].iter().any(|name| stored.get(*name) != right.get(*name))
    };
    Index::ALL.iter().filter(|index| differs(index)).map(|index| index.name()).collect()
}

/// Reads everything under a lead.
pub async fn partition<T: Table>(
    table: &T,
    lead_id: &LeadId,
    consistency: Consistency,
) -> Result<Partition, TableError> {
    let Key { pk, .. } = leads::lead_key(lead_id);
    let mut partition = Partition::default();
    let mut start = None;
    loop {
        let query = Query {
            source: Source::Table(consistency),
            partition: pk.clone(),
            range: Range::All,
            limit: 500,
            start,
        };
        let page = table.query(query).await?;
        page.items.into_iter().for_each(|item| partition.take(item));
        match page.next {
            None => return Ok(partition),
            next => start = next,
        }
    }
}

/// The lead that an entry of an index is about; `None` for an entry that is about something else.
pub fn lead_of(entry: &Item) -> Option<LeadId> {
    let Key { pk, .. } = Key::of(entry)?;
    LeadId::parse(pk.strip_prefix("LEAD#")?).ok()
}

/// How far the hourly audit has got.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Progress {
    /// From when on changes have still to be looked at.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub changed_since: Option<Timestamp>,
    /// When the look at changes began that did not come to its end.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub changed_began_at: Option<Timestamp>,
    /// Where it goes on.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub changed_place: Option<String>,
    /// Where the pass over all leads goes on.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub pass_place: Option<String>,
    /// When that pass began.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub pass_began_at: Option<Timestamp>,
    /// When the pass before it had seen every lead.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub pass_ended_at: Option<Timestamp>,
    /// Leads that were wrong last time: they are looked at every hour until they are right.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub suspects: Vec<LeadId>,
}

fn progress_key() -> Key {
    Key::new("AUDIT", "PROGRESS")
}

/// Reads how far the hourly audit has got. A row of another release counts as none: the audit begins anew.
pub async fn progress<T: Table>(table: &T) -> Result<Progress, TableError> {
    let item = table.get(&progress_key(), Consistency::Strong).await?;
    Ok(item.and_then(|item| from_item(item).ok()).unwrap_or_default())
}

/// Keeps how far it has got. The last one counts: two audits at once look at some leads twice and miss none.
pub async fn keep_progress<T: Table>(table: &T, progress: &Progress) -> Result<(), ReadError> {
    let item = to_item(progress_key(), progress)?;
    Ok(table.write(Write::Put { item, only_if: None }).await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Twin;
    use crate::table::AttributeValue;

    fn item(sk: &str) -> Item {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        Item::from([("pk".to_owned(), text("LEAD#x")), ("sk".to_owned(), text(sk))])
    }

    #[test]
    fn rows_that_cannot_be_read_are_told_by_kind_and_strange_ones_passed_over() {
        let attempt = AttemptId::from_bits([7; 16]);
        let keys = ["LEAD", "T#0000000001", "SUB#x", "ENR#x", "NOTE#x"];
        let records = [format!("SCORE#{attempt}"), format!("ROUTE#{attempt}")];
        let items = keys.iter().map(|k| item(k)).chain(records.iter().map(|k| item(k)));
        let partition = Partition::of(items);
        assert!(partition.lead.is_none() && partition.events.is_empty());
        assert_eq!(partition.unreadable, ["event", "lead", "submission"].into());
        assert_eq!((partition.scores, partition.routes), ([attempt.clone()].into(), [attempt].into()));
    }

    #[tokio::test]
    async fn progress_is_kept_and_a_strange_row_is_none() {
        let twin = Twin::new();
        assert_eq!(progress(&twin).await.unwrap(), Progress::default());
        let kept = Progress {
            changed_since: Some("2026-11-22T12:00:00Z".parse().unwrap()),
            suspects: vec![LeadId::from_bits([1; 16])],
            ..Progress::default()
        };
        keep_progress(&twin, &kept).await.unwrap();
        assert_eq!(progress(&twin).await.unwrap(), kept);
        let Key { pk, sk } = progress_key();
        let mut strange = item(&sk);
        strange.insert("pk".to_owned(), AttributeValue::S(pk));
        strange.insert("suspects".to_owned(), AttributeValue::S("all".to_owned()));
        twin.write_now(Write::Put { item: strange, only_if: None }).unwrap();
        assert_eq!(progress(&twin).await.unwrap(), Progress::default());
    }
}
