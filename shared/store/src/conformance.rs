//! What every implementation of the table must do, as checks that panic when it does not.
//!
//! [`everything`] runs the same checks against the in-memory twin and against DynamoDB or an emulator of it, and
//! [`random`] compares two tables operation by operation. Neither needs an empty table: all keys lie in a
//! [`Space`] of the caller's choice.
//!
//! An index of the real DynamoDB follows the table a little later, so that checks of an index ask again until they
//! see what they expect, a bounded number of times.
//!
//! # What a passing emulator does not prove
//!
//! Run against MiniStack 1.5.33, every check here passes. It does not model, and so these checks do not show:
//! transaction conflicts (it takes one request after the other), throttling and unprocessed keys of batch reads,
//! indexes that lag behind, and time-to-live beyond a sweep each minute. A lost acknowledgement it never causes by
//! itself. It accepts an update that names one attribute twice and an index key longer than a key may be, and its price
//! of a read is flat. The error mapping is therefore tested with made-up answers, the rest on the twin alone.
//! Amazon's DynamoDB Local, which LocalStack runs, keeps its indexes up to date as well.

pub mod random;

mod conditions;
mod indexes;
mod ranges;
mod transactions;
mod values;

use std::fmt::Debug;

use crate::table::{
    AttributeValue, Consistency, Cursor, Item, Key, PK, Page, Query, Range, SK, Source, Table, TableError,
    Write,
};

/// A part of the table's keys that belongs to one run.
#[derive(Debug, Clone)]
pub struct Space(String);

impl Space {
    /// Keys that begin with a prefix no other run uses. At most 100 bytes.
    pub fn new(prefix: impl Into<String>) -> Self {
        Self(prefix.into())
    }

    /// A space inside this one.
    fn inner(&self, name: &str) -> Self {
        Self(format!("{}/{name}", self.0))
    }

    fn partition(&self, name: &str) -> String {
        format!("{}/{name}", self.0)
    }

    fn key(&self, name: &str, sort: &str) -> Key {
        Key::new(self.partition(name), sort)
    }
}

/// Runs every check on a table with the keys, attributes and indexes of [`crate::Index`].
///
/// # Panics
///
/// When the table does anything else than DynamoDB would.
pub async fn everything<T: Table>(table: &T, space: &Space) {
    Box::pin(conditions::check(table, &space.inner("conditions"))).await;
    Box::pin(transactions::check(table, &space.inner("transactions"))).await;
    Box::pin(ranges::check(table, &space.inner("ranges"))).await;
    Box::pin(indexes::check(table, &space.inner("indexes"))).await;
    Box::pin(values::check(table, &space.inner("values"))).await;
}

fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn n(text: &str) -> AttributeValue {
    AttributeValue::N(text.to_owned())
}

/// An item under the key with these further attributes.
fn item(key: &Key, attributes: &[(&str, AttributeValue)]) -> Item {
    let keys = [(PK.to_owned(), s(&key.pk)), (SK.to_owned(), s(&key.sk))];
    keys.into_iter()
        .chain(attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())))
        .collect()
}

fn put(item: Item) -> Write {
    Write::Put { item, only_if: None }
}

fn delete(key: &Key) -> Write {
    Write::Delete { key: key.clone(), only_if: None }
}

fn query(source: Source, partition: &str, range: Range, limit: u32) -> Query {
    Query { source, partition: partition.to_owned(), range, limit, start: None }
}

async fn store<T: Table>(table: &T, item: Item) {
    must(table.write(put(item)).await, "an unconditional put");
}

async fn stored<T: Table>(table: &T, key: &Key) -> Option<Item> {
    must(table.get(key, Consistency::Strong).await, "a read by key")
}

/// All pages of a query, with how many items each held.
async fn drain<T: Table>(table: &T, mut query: Query) -> (Vec<Item>, Vec<usize>) {
    let (mut items, mut sizes) = (Vec::new(), Vec::new());
    loop {
        let page: Page = must(table.query(query.clone()).await, "a page of a query");
        assert!(page.items.len() <= query.limit as usize, "a page above its limit");
        sizes.push(page.items.len());
        items.extend(page.items);
        assert!(sizes.len() < 1000, "a query that does not end");
        match page.next {
            Some(Cursor(start)) => query.start = Some(Cursor(start)),
            None => return (items, sizes),
        }
    }
}

fn sort_keys(items: &[Item]) -> Vec<String> {
    items.iter().filter_map(Key::of).map(|key| key.sk).collect()
}

fn must<V>(result: Result<V, TableError>, what: &str) -> V {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{what} failed: {error}: {error:?}"),
    }
}

fn must_refuse<V: Debug>(result: Result<V, TableError>, what: &str) {
    match result {
        Err(TableError::Refused(_)) => {}
        other => panic!("{what} was not refused but gave {other:?}"),
    }
}

fn must_fail_condition<V: Debug>(result: Result<V, TableError>, at: usize, item: Option<&Item>, what: &str) {
    match result {
        Err(TableError::ConditionFailed { index, current }) => {
            assert_eq!(index, at, "{what}: position");
            assert_eq!(current.as_ref(), item, "{what}: the item that stood there");
        }
        other => panic!("{what} did not fail its condition but gave {other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Twin;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    #[test]
    fn the_twin_conforms() {
        // The twin never waits, so that its futures are ready at the first poll.
        let twin = Twin::new();
        let space = Space::new("twin");
        let run = pin!(everything(&twin, &space));
        assert_eq!(run.poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(()));
        assert!(!twin.is_empty());
    }
}
