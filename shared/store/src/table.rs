//! The one port to the table: few operations, structured conditions, errors that say what happened.
//!
//! Conditions are values, not expression strings, so that the DynamoDB adapter compiles them and the in-memory
//! twin evaluates the very same ones.

use std::collections::HashMap;
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
#[derive(Debug, Clone, PartialEq)]
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
#[derive(Debug, Clone, PartialEq)]
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
#[derive(Debug, Clone, PartialEq)]
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
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Page {
    /// The items, in order.
    pub items: Vec<Item>,
    /// Where the next page begins; `None` after the last one.
    pub next: Option<Cursor>,
}

/// Why an operation on the table did not succeed.
#[derive(Debug, thiserror::Error)]
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
