//! The one port to the table: few operations, structured conditions, errors that say what happened.
//!
//! Conditions are values, not expression strings, so that the DynamoDB adapter compiles them and the in-memory
//! twin evaluates the very same ones.
//!
//! Items hold what people typed, so whatever carries one shows its keys in `Debug` and nothing else.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;

pub use serde_dynamo::AttributeValue;

/// The attributes of one item, its key included under [`PK`] and [`SK`].
pub type Item = HashMap<String, AttributeValue>;

/// Name of the partition key attribute.
pub const PK: &str = "pk";
/// Name of the sort key attribute.
pub const SK: &str = "sk";
/// Name of the time-to-live attribute: seconds since the epoch after which DynamoDB may remove the item.
pub const EXPIRES_AT: &str = "expires_at";

/// The primary key of an item.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Partition key.
    pub pk: String,
    /// Sort key.
    pub sk: String,
}

impl Key {
    /// Builds a key from its two parts.
    pub fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self { pk: pk.into(), sk: sk.into() }
    }

    /// Reads the key out of an item; `None` when either attribute is missing or not a string.
    pub fn of(item: &Item) -> Option<Self> {
        match (item.get(PK), item.get(SK)) {
            (Some(AttributeValue::S(pk)), Some(AttributeValue::S(sk))) => Some(Self::new(pk, sk)),
            _ => None,
        }
    }
}

/// The table's secondary indexes. All are sparse and project keys only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Index {
    /// Every timer: `due_shard` / `due_key`.
    Due,
    /// Who is accountable for a lead: `own_key` / `own_sort`.
    Owner,
    /// Leads by the hour of their last change: `upd_shard` / `upd_key`.
    Updated,
}

impl Index {
    /// All indexes, for adapters that must keep each of them.
    pub const ALL: [Index; 3] = [Index::Due, Index::Owner, Index::Updated];

    /// The name of the index in the table's definition.
    pub const fn name(self) -> &'static str {
        match self {
            Index::Due => "due",
            Index::Owner => "owner",
            Index::Updated => "updated",
        }
    }

    /// The attributes that make up its partition and sort key.
    pub const fn attributes(self) -> (&'static str, &'static str) {
        match self {
            Index::Due => ("due_shard", "due_key"),
            Index::Owner => ("own_key", "own_sort"),
            Index::Updated => ("upd_shard", "upd_key"),
        }
    }
}

/// What must hold on the stored item for a write to go through.
#[derive(Clone, PartialEq)]
pub enum Condition {
    /// There is no item under the key.
    Absent,
    /// There is an item under the key.
    Exists,
    /// The item has no such attribute, or there is no item.
    Missing(&'static str),
    /// The attribute exists and equals the value.
    Equals(&'static str, AttributeValue),
    /// The attribute exists, is a number, and is below the value.
    Below(&'static str, i64),
    /// All of them hold.
    All(Vec<Condition>),
    /// At least one of them holds.
    Any(Vec<Condition>),
}

/// One write, on its own or as a part of a transaction.
#[derive(Clone, PartialEq)]
pub enum Write {
    /// Replaces the whole item.
    Put {
        /// The new item, keys included.
        item: Item,
        /// What must hold before, if anything.
        only_if: Option<Condition>,
    },
    /// Removes the item.
    Delete {
        /// Which one.
        key: Key,
        /// What must hold before, if anything.
        only_if: Option<Condition>,
    },
    /// Writes nothing, but lets the transaction fail unless the condition holds. Only inside a transaction.
    Check {
        /// Which item.
        key: Key,
        /// What must hold.
        only_if: Condition,
    },
}

/// How fresh a read must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consistency {
    /// Sees every write acknowledged before the read.
    Strong,
    /// May be behind; half the price.
    Eventual,
}

/// What a query reads from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The table itself, read with the given consistency.
    Table(Consistency),
    /// An index; always eventually consistent.
    Index(Index),
}

/// Which sort keys a query returns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Range {
    /// All of the partition.
    All,
    /// Those beginning with a prefix.
    Prefix(String),
    /// Those at or below the bound.
    UpTo(String),
    /// Those at or above the bound.
    From(String),
    /// Those between the bounds, both included.
    Between(String, String),
}

/// Where the next page begins: the last evaluated key, as DynamoDB hands it out.
#[derive(Clone, PartialEq)]
pub struct Cursor(pub Item);

/// A query over one partition, in ascending order of the sort key.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// Table or index.
    pub source: Source,
    /// The partition (of the table, or of the index).
    pub partition: String,
    /// Which sort keys.
    pub range: Range,
    /// At most so many items in this page; at least 1.
    pub limit: u32,
    /// Where an earlier page ended.
    pub start: Option<Cursor>,
}

/// One page of a query. An index gives only the key attributes of table and index.
#[derive(Clone, PartialEq, Default)]
pub struct Page {
    /// The items, in order.
    pub items: Vec<Item>,
    /// Where the next page begins; `None` after the last one.
    pub next: Option<Cursor>,
}

/// Why an operation on the table did not succeed.
#[derive(thiserror::Error)]
pub enum TableError {
    /// A condition did not hold. After a retried call this may also be our own earlier success: read back.
    #[error("condition failed on write {index}")]
    ConditionFailed {
        /// Position of the first failed write in the transaction; 0 for a single write.
        index: usize,
        /// The item that stood there, when the table told.
        current: Option<Item>,
    },
    /// Another transaction is at work on one of the items; nothing was written. A retry helps.
    #[error("transaction conflict")]
    Conflict,
    /// The table asked us to slow down; nothing was written. A retry helps.
    #[error("throttled")]
    Throttled,
    /// No answer, or one that leaves open whether the write happened: read back before doing it again.
    #[error("outcome unknown")]
    Unclear(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The table refused the request as such (too large, malformed). A retry does not help; it is a bug.
    #[error("refused: {0}")]
    Refused(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// An item, shown by its key.
struct ByKey<'i>(&'i Item);

impl fmt::Debug for ByKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Key::of(self.0) {
            Some(key) => write!(f, "{}/{}", key.pk, key.sk),
            None => f.write_str("no key"),
        }
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Condition::Absent => f.write_str("Absent"),
            Condition::Exists => f.write_str("Exists"),
            Condition::Missing(name) => write!(f, "Missing({name})"),
            Condition::Equals(name, _) => write!(f, "Equals({name}, …)"),
            Condition::Below(name, bound) => write!(f, "Below({name}, {bound})"),
            Condition::All(all) => f.debug_tuple("All").field(all).finish(),
            Condition::Any(any) => f.debug_tuple("Any").field(any).finish(),
        }
    }
}

impl fmt::Debug for Write {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Write::Put { item, only_if } => f.debug_tuple("Put").field(&ByKey(item)).field(only_if).finish(),
            Write::Delete { key, only_if } => f.debug_tuple("Delete").field(key).field(only_if).finish(),
            Write::Check { key, only_if } => f.debug_tuple("Check").field(key).field(only_if).finish(),
        }
    }
}

impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Cursor").field(&ByKey(&self.0)).finish()
    }
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let items: Vec<ByKey<'_>> = self.items.iter().map(ByKey).collect();
        f.debug_struct("Page").field("items", &items).field("next", &self.next).finish()
    }
}

impl fmt::Debug for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TableError::ConditionFailed { index, current } => {
                let current = current.as_ref().map(ByKey);
                f.debug_struct("ConditionFailed").field("index", index).field("current", &current).finish()
            }
            TableError::Conflict => f.write_str("Conflict"),
            TableError::Throttled => f.write_str("Throttled"),
            TableError::Unclear(source) => f.debug_tuple("Unclear").field(&source.to_string()).finish(),
            TableError::Refused(source) => f.debug_tuple("Refused").field(&source.to_string()).finish(),
        }
    }
}

impl TableError {
    /// Whether doing the same again later can succeed without any other change.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Conflict | Self::Throttled | Self::Unclear(_))
    }
}

/// The table. Implemented by [`crate::DynamoTable`] and by the in-memory [`crate::Twin`].
pub trait Table: Send + Sync {
    /// Reads one item.
    fn get(
        &self,
        key: &Key,
        consistency: Consistency,
    ) -> impl Future<Output = Result<Option<Item>, TableError>> + Send;

    /// Reads up to any number of items, strongly consistent; missing ones are left out, order is not kept.
    /// Splits into batches and asks again for what the table left unprocessed. A key named twice is read once.
    fn get_many(&self, keys: &[Key]) -> impl Future<Output = Result<Vec<Item>, TableError>> + Send;

    /// Reads one page of one partition.
    fn query(&self, query: Query) -> impl Future<Output = Result<Page, TableError>> + Send;

    /// Performs a single put or delete.
    fn write(&self, write: Write) -> impl Future<Output = Result<(), TableError>> + Send;

    /// Performs all writes or none; at most 100, each on another item.
    fn transact(&self, writes: Vec<Write>) -> impl Future<Output = Result<(), TableError>> + Send;

    /// Adds to a number attribute (0 when missing), sets the time to live, and returns the new value. Creates the
    /// item when there is none. Not idempotent: an unclear outcome may count twice or not at all.
    fn add(
        &self,
        key: &Key,
        counter: &'static str,
        by: i64,
        expires_at: i64,
    ) -> impl Future<Output = Result<i64, TableError>> + Send;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_carries_an_item_shows_its_key_only() {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let item = Item::from([
            (PK.to_owned(), text("LEAD#1")),
            (SK.to_owned(), text("LEAD")),
            ("email".to_owned(), text("zqx@zqx.example")),
        ]);
        let condition =
            Condition::All(vec![Condition::Equals("email", text("zqx")), Condition::Below("last_ms", 5)]);
        let carriers: [&dyn fmt::Debug; 5] = [
            &Write::Put { item: item.clone(), only_if: Some(condition.clone()) },
            &Page { items: vec![item.clone()], next: Some(Cursor(item.clone())) },
            &TableError::ConditionFailed { index: 0, current: Some(item.clone()) },
            &Cursor(item.clone()),
            &Query {
                source: Source::Index(Index::Due),
                partition: "LEAD#1".to_owned(),
                range: Range::All,
                limit: 1,
                start: Some(Cursor(item.clone())),
            },
        ];
        for carrier in carriers {
            let shown = format!("{carrier:?} {carrier:#?}");
            assert!(shown.contains("LEAD#1") && !shown.contains("zqx"), "{shown}");
        }
        assert_eq!(format!("{condition:?}"), "All([Equals(email, …), Below(last_ms, 5)])");
    }
}
