//! Queries of the table and reads of many keys.

use super::{Space, delete, drain, item, must, must_refuse, put, query, s, sort_keys, store};
use crate::table::{Consistency, Cursor, Key, Query, Range, Source, Table};

pub(super) async fn check<T: Table>(table: &T, space: &Space) {
    each_range(table, space).await;
    pages_and_cursors(table, space).await;
    a_page_ends_at_one_megabyte(table, space).await;
    many_keys(table, space).await;
    refusals(table, space).await;
}

const STRONG: Source = Source::Table(Consistency::Strong);

/// In the order of their UTF-8 bytes, which for the last two differs from the order of UTF-16.
const SORTED: [&str; 11] =
    ["LEAD", "SUB#1", "T#", "T#001", "T#002", "T#010", "T$", "a", "é", "\u{FFFE}", "😀"];

async fn each_range<T: Table>(table: &T, space: &Space) {
    let partition = space.partition("lead");
    // Stored in another order than they are read.
    for sort in SORTED.iter().rev() {
        store(table, item(&Key::new(partition.as_str(), *sort), &[("of", s(sort))])).await;
    }
    // Neighbours of the partition on both sides, which no range may reach.
    for neighbour in [space.partition("lea"), space.partition("lead#"), space.partition("lead0")] {
        store(table, item(&Key::new(neighbour, "T#001"), &[])).await;
    }
    let text = |text: &str| text.to_owned();
    let cases = [
        (Range::All, 0..11),
        (Range::Prefix(text("T#")), 2..6),
        (Range::Prefix(text("T#00")), 3..5),
        (Range::Prefix(text("T#001")), 3..4),
        (Range::Prefix(text("U")), 0..0),
        (Range::UpTo(text("SUB#1")), 0..2),
        (Range::UpTo(text("SUB#0")), 0..1),
        (Range::UpTo(text("A")), 0..0),
        (Range::From(text("T#002")), 4..11),
        (Range::From(text("T#003")), 5..11),
        (Range::From(text("é")), 8..11),
        (Range::From(text("\u{10FFFF}")), 0..0),
        (Range::Between(text("T#"), text("T#002")), 2..5),
        (Range::Between(text("T#0"), text("T#009")), 3..5),
        (Range::Between(text("a"), text("a")), 7..8),
        (Range::Between(text("b"), text("c")), 0..0),
    ];
    for (range, expected) in cases {
        for source in [STRONG, Source::Table(Consistency::Eventual)] {
            let page = must(table.query(query(source, &partition, range.clone(), 1000)).await, "a query");
            assert_eq!(sort_keys(&page.items), SORTED[expected.clone()], "{range:?}");
            assert_eq!(page.next, None, "{range:?}");
            assert!(page.items.iter().all(|item| item.len() == 3), "the table gives whole items");
        }
        for limit in [1, 2, 4] {
            let (items, _) = drain(table, query(STRONG, &partition, range.clone(), limit)).await;
            assert_eq!(sort_keys(&items), SORTED[expected.clone()], "{range:?} in pages of {limit}");
        }
    }
    let nothing = must(table.query(query(STRONG, &space.partition("none"), Range::All, 5)).await, "a query");
    assert!(nothing.items.is_empty() && nothing.next.is_none());
}

async fn pages_and_cursors<T: Table>(table: &T, space: &Space) {
    let partition = space.partition("pages");
    let key = |sort: &str| Key::new(partition.as_str(), sort);
    for sort in ["a", "b", "c", "d"] {
        store(table, item(&key(sort), &[])).await;
    }
    // Nobody looks ahead: a page that is just full has a next one, if an empty one.
    assert_eq!(drain(table, query(STRONG, &partition, Range::All, 2)).await.1, [2, 2, 0]);
    assert_eq!(drain(table, query(STRONG, &partition, Range::All, 3)).await.1, [3, 1]);
    assert_eq!(drain(table, query(STRONG, &partition, Range::All, 4)).await.1, [4, 0]);
    assert_eq!(drain(table, query(STRONG, &partition, Range::All, 5)).await.1, [4]);

    let first = must(table.query(query(STRONG, &partition, Range::All, 2)).await, "a first page");
    assert_eq!(first.next, Some(Cursor(item(&key("b"), &[]))));
    // A cursor is a place, not an item: what goes or comes in between does not disturb it.
    must(table.write(delete(&key("b"))).await, "a delete");
    store(table, item(&key("aa"), &[])).await;
    store(table, item(&key("bb"), &[])).await;
    let next = Query { start: first.next, ..query(STRONG, &partition, Range::All, 10) };
    let second = must(table.query(next).await, "a second page");
    assert_eq!(sort_keys(&second.items), ["bb", "c", "d"]);
}

async fn a_page_ends_at_one_megabyte<T: Table>(table: &T, space: &Space) {
    let partition = space.partition("large");
    for sort in ["a", "b", "c", "d"] {
        let bulk = s(&"x".repeat(300 * 1024));
        store(table, item(&Key::new(partition.as_str(), sort), &[("bulk", bulk)])).await;
    }
    let (items, sizes) = drain(table, query(STRONG, &partition, Range::All, 10)).await;
    assert_eq!(sort_keys(&items), ["a", "b", "c", "d"]);
    assert_eq!(sizes, [3, 1]);
}

async fn many_keys<T: Table>(table: &T, space: &Space) {
    let keys: Vec<Key> = (0..230).map(|number| space.key("many", &format!("{number:03}"))).collect();
    for chunk in keys[..220].chunks(100) {
        let puts = chunk.iter().map(|key| put(item(key, &[("of", s(&key.sk))]))).collect();
        must(table.transact(puts).await, "a transaction of puts");
    }
    // Ten keys are missing and one comes twice.
    let asked: Vec<Key> = keys.iter().cloned().chain([keys[7].clone()]).collect();
    let mut found = must(table.get_many(&asked).await, "a read of many keys");
    found.sort_by_key(Key::of);
    let expected: Vec<_> = keys[..220].iter().map(|key| item(key, &[("of", s(&key.sk))])).collect();
    assert_eq!(found, expected);
    assert_eq!(must(table.get_many(&[]).await, "a read of no keys"), Vec::<crate::Item>::new());
    assert_eq!(must(table.get_many(&keys[225..]).await, "a read of missing keys"), Vec::<crate::Item>::new());
}

async fn refusals<T: Table>(table: &T, space: &Space) {
    let partition = space.partition("lead");
    let text = |text: &str| text.to_owned();
    for range in [
        Range::Prefix(text("")),
        Range::UpTo(text("")),
        Range::From(text("")),
        Range::Between(text(""), text("a")),
        Range::Between(text("b"), text("a")),
    ] {
        let what = format!("a query over {range:?}");
        must_refuse(table.query(query(STRONG, &partition, range, 5)).await, &what);
    }
    must_refuse(table.query(query(STRONG, "", Range::All, 5)).await, "a query of no partition");
    must_refuse(table.query(query(STRONG, &partition, Range::All, 0)).await, "a query of no items");
    let outside = Query {
        start: Some(Cursor(item(&Key::new(partition.as_str(), "z"), &[]))),
        ..query(STRONG, &partition, Range::UpTo(text("m")), 5)
    };
    must_refuse(table.query(outside).await, "a cursor outside the range");
    let halved = Query {
        start: Some(Cursor(crate::Item::from([("sk".to_owned(), s("a"))]))),
        ..query(STRONG, &partition, Range::All, 5)
    };
    must_refuse(table.query(halved).await, "a cursor without its partition");
    let no_key = Key::new("", "LEAD");
    must_refuse(table.get(&no_key, Consistency::Strong).await, "a read of an empty key");
    must_refuse(table.get_many(&[no_key]).await, "a read of many with an empty key");
}
