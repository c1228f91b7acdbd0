//! What only the twin has: prices, lag, and views for a simulator.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::conformance::Space;
use crate::conformance::random::{compare, operations};
use crate::table::{AttributeValue, Condition, Index, PK, Range, SK, Source};

fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn item(sort: &str, attributes: &[(&str, &str)]) -> Item {
    let keys = [(PK, "p"), (SK, sort)];
    keys.iter().chain(attributes).map(|(name, value)| ((*name).to_owned(), s(value))).collect()
}

fn put(item: Item) -> Write {
    Write::Put { item, only_if: None }
}

fn due(sort: &str, at: &str) -> Item {
    item(sort, &[("due_shard", "0"), ("due_key", at)])
}

/// The sort keys of the table's items in the due index, in its order.
fn in_due(twin: &Twin) -> Vec<String> {
    let query = Query {
        source: Source::Index(Index::Due),
        partition: "0".to_owned(),
        range: Range::All,
        limit: 100,
        start: None,
    };
    twin.query_now(&query).unwrap().items.iter().filter_map(Key::of).map(|key| key.sk).collect()
}

fn writes(twin: &Twin, operation: impl FnOnce(&Twin)) -> u64 {
    let before = twin.units();
    operation(twin);
    twin.units().since(before).write
}

/// Prices from the published rules: a unit for each begun KB of the larger image, twice in a transaction, and for a
/// keys-only index one to enter or leave, two to move, none when its keys stay.
#[test]
fn writes_cost_what_the_price_list_says() {
    let twin = Twin::new();
    let bulk = |bytes: usize| item("s", &[("bulk", &"x".repeat(bytes))]);
    let write = |twin: &Twin, item: Item| twin.write_now(put(item)).unwrap();
    assert_eq!(writes(&twin, |twin| write(twin, bulk(10))), 1);
    // "pk" + "p" + "sk" + "s" + "bulk" are 10 bytes.
    assert_eq!(writes(&twin, |twin| write(twin, bulk(1014))), 1);
    assert_eq!(writes(&twin, |twin| write(twin, bulk(1015))), 2);
    assert_eq!(writes(&twin, |twin| write(twin, bulk(10))), 2, "the larger image counts");
    assert_eq!(writes(&twin, |twin| twin.transact_now(vec![put(bulk(1015))]).unwrap()), 4);
    let delete = || Write::Delete { key: Key::new("p", "s"), only_if: None };
    assert_eq!(writes(&twin, |twin| twin.write_now(delete()).unwrap()), 2);
    assert_eq!(writes(&twin, |twin| twin.write_now(delete()).unwrap()), 1, "deleting nothing");

    assert_eq!(writes(&twin, |twin| write(twin, due("s", "1"))), 2);
    let mut changed = due("s", "1");
    changed.insert("more".to_owned(), s("x"));
    assert_eq!(writes(&twin, |twin| write(twin, changed.clone())), 1);
    assert_eq!(writes(&twin, |twin| write(twin, due("s", "2"))), 3);
    assert_eq!(writes(&twin, |twin| write(twin, bulk(0))), 2);
    assert_eq!(writes(&twin, |twin| twin.transact_now(vec![put(due("s", "1"))]).unwrap()), 3);
    assert_eq!(
        writes(&twin, |twin| assert_eq!(twin.add_now(&Key::new("p", "s"), "count", 1, 9).unwrap(), 1)),
        1
    );

    let check = Write::Check { key: Key::new("p", "s"), only_if: Condition::Exists };
    assert_eq!(writes(&twin, |twin| twin.transact_now(vec![check]).unwrap()), 2);
    let failing = Write::Put { item: bulk(3000), only_if: Some(Condition::Absent) };
    assert_eq!(writes(&twin, |twin| drop(twin.write_now(failing).unwrap_err())), 3, "a failed condition");
    let malformed = put(item("", &[]));
    assert_eq!(writes(&twin, |twin| drop(twin.write_now(malformed).unwrap_err())), 0);
    assert_eq!((twin.calls().put, twin.calls().delete, twin.calls().transact), (9, 2, 3));
    assert_eq!((twin.calls().add, twin.calls().condition_failed), (1, 1));
}

#[test]
fn reads_cost_a_unit_for_each_begun_four_kilobytes_and_half_when_eventual() {
    let twin = Twin::new();
    for sort in ["a", "b", "c"] {
        twin.write_now(put(item(sort, &[("bulk", &"x".repeat(2000))]))).unwrap();
    }
    let reads = |operation: &dyn Fn()| {
        let before = twin.units();
        operation();
        twin.units().since(before).read()
    };
    let query =
        |source| Query { source, partition: "p".to_owned(), range: Range::All, limit: 9, start: None };
    let (key, none) = (Key::new("p", "a"), Key::new("p", "z"));
    let strong = Source::Table(Consistency::Strong);
    assert_eq!(reads(&|| drop(twin.get_now(&key, Consistency::Strong).unwrap())), 1.0);
    assert_eq!(reads(&|| drop(twin.get_now(&key, Consistency::Eventual).unwrap())), 0.5);
    assert_eq!(reads(&|| drop(twin.get_now(&none, Consistency::Strong).unwrap())), 1.0);
    // Three items of two KB make six KB: a query adds sizes up before it rounds, a batch rounds each.
    assert_eq!(reads(&|| drop(twin.query_now(&query(strong)).unwrap())), 2.0);
    assert_eq!(reads(&|| drop(twin.query_now(&query(Source::Table(Consistency::Eventual))).unwrap())), 1.0);
    let keys = ["a", "b", "c"].map(|sort| Key::new("p", sort));
    assert_eq!(reads(&|| drop(twin.get_many_now(&keys).unwrap())), 3.0);
    assert_eq!(reads(&|| drop(twin.query_now(&query(Source::Index(Index::Due))).unwrap())), 0.5);
    assert_eq!(reads(&|| drop(twin.peek(&key))), 0.0);
    assert_eq!((twin.calls().get, twin.calls().batch_get, twin.calls().query), (3, 1, 3));
}

#[test]
fn an_index_that_lags_shows_the_past_and_the_table_does_not() {
    let twin = Twin::new();
    twin.set_index_lag(100);
    twin.set_time(1000);
    twin.write_now(put(due("a", "1"))).unwrap();
    assert_eq!(in_due(&twin), [""; 0]);
    twin.set_time(1099);
    assert_eq!(in_due(&twin), [""; 0]);
    twin.set_time(1100);
    assert_eq!(in_due(&twin), ["a"]);

    // Moved, removed and put back: each step shows a hundred milliseconds later.
    twin.set_time(1200);
    twin.write_now(put(due("b", "0"))).unwrap();
    twin.write_now(put(due("a", "2"))).unwrap();
    assert_eq!(in_due(&twin), ["a"]);
    twin.set_time(1250);
    twin.write_now(put(item("a", &[]))).unwrap();
    twin.set_time(1299);
    assert_eq!(in_due(&twin), ["a"]);
    twin.set_time(1300);
    assert_eq!(in_due(&twin), ["b", "a"]);
    twin.write_now(put(due("a", "2"))).unwrap();
    twin.set_time(1350);
    assert_eq!(in_due(&twin), ["b"]);
    assert!(twin.get_now(&Key::new("p", "a"), Consistency::Strong).unwrap().unwrap().contains_key("due_key"));
    twin.set_time(1400);
    assert_eq!(in_due(&twin), ["b", "a"]);

    // The lag may shrink and grow: what was kept for the longest one is still known.
    twin.write_now(put(item("b", &[]))).unwrap();
    assert_eq!(in_due(&twin), ["b", "a"]);
    twin.set_index_lag(0);
    assert_eq!(in_due(&twin), ["a"]);
    twin.set_time(1350);
    assert_eq!(in_due(&twin), ["a"], "time never goes back");
    twin.set_time(1499);
    twin.set_index_lag(100);
    assert_eq!(in_due(&twin), ["b", "a"]);
}

#[test]
fn views_are_in_the_order_of_keys_and_tell_no_content_to_logs() {
    let twin = Twin::new();
    for sort in ["c", "a", "b"] {
        twin.write_now(put(item(sort, &[("email", "ada@example.org")]))).unwrap();
    }
    let sorted = |items: Vec<Item>| items.iter().filter_map(Key::of).map(|key| key.sk).collect::<Vec<_>>();
    assert_eq!(sorted(twin.snapshot()), ["a", "b", "c"]);
    let mut visited = Vec::new();
    twin.for_each(|key, item| visited.push((key.sk.clone(), item.len())));
    assert_eq!(visited, [("a".to_owned(), 3), ("b".to_owned(), 3), ("c".to_owned(), 3)]);
    assert_eq!(twin.size_of(&Key::new("p", "a")), Some(2 + 1 + 2 + 1 + 5 + 15));
    assert_eq!(twin.len(), 3);
    assert_eq!(format!("{twin:?}"), "Twin { items: 3, .. }");
}

/// The keys of an index have the limits of the table's; MiniStack does not check, so that the suite leaves it out.
#[test]
fn index_keys_are_no_longer_than_the_tables() {
    let refused = |item: Item| matches!(Twin::new().write_now(put(item)), Err(TableError::Refused(_)));
    let at = |bytes: usize| item("s", &[("due_shard", "0"), ("due_key", &"x".repeat(bytes))]);
    let shard = |bytes: usize| item("s", &[("due_shard", &"x".repeat(bytes)), ("due_key", "1")]);
    assert!(refused(at(1025)) && refused(shard(2049)));
    assert!(!refused(at(1024)) && !refused(shard(2048)));
}

/// DynamoDB refuses two updates of one attribute in one request; MiniStack does not, so that the suite leaves it out.
#[test]
fn the_time_to_live_is_no_counter() {
    let refused = Twin::new().add_now(&Key::new("p", "s"), "expires_at", 1, 1000);
    assert!(matches!(refused, Err(TableError::Refused(_))), "{refused:?}");
}

/// DynamoDB refuses names without a letter at every depth; MiniStack takes them, so that the suite leaves it out.
#[test]
fn no_name_is_empty_however_deep() {
    let refused = |name: &str| {
        let map = AttributeValue::M([(name.to_owned(), s("x"))].into());
        let mut item = item("s", &[]);
        item.insert("list".to_owned(), AttributeValue::L(vec![map]));
        matches!(Twin::new().write_now(put(item)), Err(TableError::Refused(_)))
    };
    assert!(refused("") && !refused("n"));
}

#[test]
fn threads_share_it() {
    let twin = Arc::new(Twin::new());
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let twin = Arc::clone(&twin);
            std::thread::spawn(move || {
                for _ in 0..250 {
                    twin.add_now(&Key::new("p", "count"), "count", 1, 0).unwrap();
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(twin.peek(&Key::new("p", "count")).unwrap()["count"], AttributeValue::N("1000".to_owned()));
}

/// Runs a future that never waits.
fn at_once<V>(future: impl Future<Output = V>) -> V {
    match std::pin::pin!(future).poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => panic!("the twin waits"),
    }
}

proptest! {
    /// An index is nothing but the items of the table that have both its attributes, sorted: kept change by change,
    /// it must equal what one look over the table finds, and its pages must add up to it.
    #[test]
    fn an_index_is_what_a_scan_would_find(operations in operations(60), limit in 1..5_u32) {
        let (twin, other) = (Twin::new(), Twin::new());
        let space = Space::new("space");
        prop_assert_eq!(at_once(compare(&twin, &other, &space, &operations)), Ok(()));
        for index in Index::ALL {
            let (partition_name, sort_name) = index.attributes();
            for partition in ["space/p0", "space/p1"] {
                let mut expected = Vec::new();
                twin.for_each(|key, item| {
                    if let (Some(AttributeValue::S(found)), Some(AttributeValue::S(sort))) =
                        (item.get(partition_name), item.get(sort_name))
                        && found == partition
                    {
                        expected.push((sort.clone(), key.clone()));
                    }
                });
                expected.sort();
                let mut query = Query {
                    source: Source::Index(index),
                    partition: partition.to_owned(),
                    range: Range::All,
                    limit,
                    start: None,
                };
                let mut found = Vec::new();
                loop {
                    let page = twin.query_now(&query).unwrap();
                    found.extend(page.items.iter().filter_map(|item| match (item.get(sort_name), Key::of(item)) {
                        (Some(AttributeValue::S(sort)), Some(key)) => Some((sort.clone(), key)),
                        _ => None,
                    }));
                    match page.next {
                        Some(next) => query.start = Some(next),
                        None => break,
                    }
                }
                prop_assert_eq!(found, expected);
            }
        }
    }
}
