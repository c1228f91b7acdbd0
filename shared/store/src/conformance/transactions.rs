//! Transactions: all or nothing, and who was to blame.

use super::{Space, delete, item, must, must_fail_condition, must_refuse, n, put, s, store, stored};
use crate::table::{Condition, Item, Key, Table, Write};

pub(super) async fn check<T: Table>(table: &T, space: &Space) {
    all_or_nothing(table, space).await;
    blame_is_positional(table, space).await;
    limits(table, space).await;
}

fn put_if(item: Item, condition: Condition) -> Write {
    Write::Put { item, only_if: Some(condition) }
}

fn check_that(key: &Key, only_if: Condition) -> Write {
    Write::Check { key: key.clone(), only_if }
}

async fn all_or_nothing<T: Table>(table: &T, space: &Space) {
    let [lead, claim, old, witness] =
        ["lead", "claim", "old", "witness"].map(|sort| space.key("atomic", sort));
    store(table, item(&old, &[("state", s("open"))])).await;
    store(table, item(&witness, &[("state", s("alive"))])).await;
    let writes = |witness_state: &str| {
        vec![
            put(item(&lead, &[("version", n("1"))])),
            put_if(item(&claim, &[]), Condition::Absent),
            Write::Delete { key: old.clone(), only_if: Some(Condition::Exists) },
            check_that(&witness, Condition::Equals("state", s(witness_state))),
        ]
    };

    let failed = table.transact(writes("dead")).await;
    must_fail_condition(failed, 3, Some(&item(&witness, &[("state", s("alive"))])), "a check that fails");
    assert_eq!(stored(table, &lead).await, None);
    assert_eq!(stored(table, &claim).await, None);
    assert_eq!(stored(table, &old).await, Some(item(&old, &[("state", s("open"))])));

    must(table.transact(writes("alive")).await, "a transaction whose conditions hold");
    assert_eq!(stored(table, &lead).await, Some(item(&lead, &[("version", n("1"))])));
    assert_eq!(stored(table, &claim).await, Some(item(&claim, &[])));
    assert_eq!(stored(table, &old).await, None);
    assert_eq!(stored(table, &witness).await, Some(item(&witness, &[("state", s("alive"))])));

    // The same again is a new transaction, not a repetition of the first: the claim is there now.
    must_fail_condition(table.transact(writes("alive")).await, 1, Some(&item(&claim, &[])), "the same again");
}

async fn blame_is_positional<T: Table>(table: &T, space: &Space) {
    let keys: Vec<Key> = (0..5).map(|number| space.key("blame", &number.to_string())).collect();
    for key in &keys[..3] {
        store(table, item(key, &[("name", s(&key.sk))])).await;
    }
    // Which positions fail: the first one is blamed, whatever comes after it.
    for failing in
        [vec![0], vec![1], vec![2], vec![3], vec![4], vec![1, 2, 4], vec![3, 4], vec![0, 1, 2, 3, 4]]
    {
        let writes = keys.iter().enumerate().map(|(position, key)| {
            let (there, fails) = (position < 3, failing.contains(&position));
            let condition = if there != fails { Condition::Exists } else { Condition::Absent };
            match position {
                0 | 3 => check_that(key, condition),
                1 => Write::Delete { key: key.clone(), only_if: Some(condition) },
                _ => put_if(item(key, &[]), condition),
            }
        });
        let result = table.transact(writes.collect()).await;
        let first = failing[0];
        let current = (first < 3).then(|| item(&keys[first], &[("name", s(&keys[first].sk))]));
        must_fail_condition(result, first, current.as_ref(), &format!("positions {failing:?}"));
    }
}

async fn limits<T: Table>(table: &T, space: &Space) {
    let puts = |from: u32, to: u32| -> Vec<Write> {
        (from..to).map(|number| put(item(&space.key("many", &format!("{number:03}")), &[]))).collect()
    };
    must_refuse(table.transact(vec![]).await, "a transaction of nothing");
    must_refuse(table.transact(puts(0, 101)).await, "a transaction of 101 writes");
    assert_eq!(stored(table, &space.key("many", "000")).await, None);
    must(table.transact(puts(0, 100)).await, "a transaction of 100 writes");
    assert!(stored(table, &space.key("many", "099")).await.is_some());

    let (twice, other) = (space.key("twice", "item"), space.key("twice", "other"));
    let changes = [
        put(item(&twice, &[("a", n("1"))])),
        delete(&twice),
        check_that(&twice, Condition::Any(vec![Condition::Absent, Condition::Exists])),
    ];
    for first in &changes {
        for second in &changes {
            let writes = vec![first.clone(), put(item(&other, &[])), second.clone()];
            must_refuse(table.transact(writes).await, "a transaction that names an item twice");
        }
    }
    assert_eq!(stored(table, &other).await, None);

    // A malformed write refuses all of it, before any condition is looked at.
    let empty_key = Key::new(twice.pk.as_str(), "");
    for bad in [put(item(&empty_key, &[])), delete(&empty_key), put(item(&twice, &[("due_key", n("1"))]))] {
        let writes = vec![put(item(&other, &[])), bad];
        must_refuse(table.transact(writes).await, "a transaction with a malformed write");
    }
    assert_eq!(stored(table, &other).await, None);
}
