//! The sparse, keys-only indexes.

use super::{Space, delete, drain, item, must, must_refuse, n, put, query, s, store};
use crate::table::{AttributeValue, Index, Item, Key, Range, Source, Table};

pub(super) async fn check<T: Table>(table: &T, space: &Space) {
    for index in Index::ALL {
        let space = space.inner(index.name());
        membership(table, &space, index).await;
        order_and_pages(table, &space, index).await;
        refusals(table, &space, index).await;
    }
}

/// How often an index is asked before it must show what was written.
const PATIENCE: usize = 500;

async fn must_show<T: Table>(table: &T, index: Index, partition: &str, expected: &[Item]) {
    let mut last = Vec::new();
    for _ in 0..PATIENCE {
        last = drain(table, query(Source::Index(index), partition, Range::All, 100)).await.0;
        if last == expected {
            return;
        }
    }
    assert_eq!(last, expected, "index {}", index.name());
}

async fn membership<T: Table>(table: &T, space: &Space, index: Index) {
    let (partition_name, sort_name) = index.attributes();
    let (shard, other) = (space.partition("shard"), space.partition("other"));
    let key = space.key("lead", "LEAD");
    let entry =
        |partition: &str, sort: &str| item(&key, &[(partition_name, s(partition)), (sort_name, s(sort))]);
    let with = |entry: Item, version: &str| {
        let mut item = entry;
        item.insert("version".to_owned(), n(version));
        item
    };
    let bare = || item(&key, &[("version", n("0"))]);

    store(table, bare()).await;
    must_show(table, index, &shard, &[]).await;
    // Only the keys of table and index are given, whatever else the item holds.
    store(table, with(entry(&shard, "0001"), "1")).await;
    must_show(table, index, &shard, &[entry(&shard, "0001")]).await;
    store(table, with(entry(&shard, "0001"), "2")).await;
    must_show(table, index, &shard, &[entry(&shard, "0001")]).await;
    store(table, with(entry(&shard, "0002"), "3")).await;
    must_show(table, index, &shard, &[entry(&shard, "0002")]).await;
    store(table, with(entry(&other, "0002"), "4")).await;
    must_show(table, index, &shard, &[]).await;
    must_show(table, index, &other, &[entry(&other, "0002")]).await;
    // One of the two attributes alone is not enough.
    store(table, item(&key, &[(partition_name, s(&shard))])).await;
    must_show(table, index, &shard, &[]).await;
    must_show(table, index, &other, &[]).await;
    store(table, item(&key, &[(sort_name, s("0003"))])).await;
    must_show(table, index, &shard, &[]).await;
    must(table.transact(vec![put(with(entry(&shard, "0004"), "5"))]).await, "a put into the index");
    must_show(table, index, &shard, &[entry(&shard, "0004")]).await;
    must(table.add(&key, "version", 1, 1000).await, "an addition");
    must_show(table, index, &shard, &[entry(&shard, "0004")]).await;
    store(table, bare()).await;
    must_show(table, index, &shard, &[]).await;
    store(table, entry(&shard, "0005")).await;
    must_show(table, index, &shard, &[entry(&shard, "0005")]).await;
    must(table.write(delete(&key)).await, "a delete");
    must_show(table, index, &shard, &[]).await;
}

async fn order_and_pages<T: Table>(table: &T, space: &Space, index: Index) {
    let (partition_name, sort_name) = index.attributes();
    let shard = space.partition("ordered");
    let mut expected = Vec::new();
    // Two leads share each sort key; which of them comes first is the table's own business.
    for number in (0..12).rev() {
        let key = space.key(&format!("lead{number:02}"), "LEAD");
        let sort = format!("{:04}#", number / 2);
        let entry = item(&key, &[(partition_name, s(&shard)), (sort_name, s(&sort))]);
        let whole = item(&key, &[(partition_name, s(&shard)), (sort_name, s(&sort)), ("more", n("1"))]);
        store(table, whole).await;
        expected.insert(0, entry);
    }
    for _ in 0..PATIENCE {
        if drain(table, query(Source::Index(index), &shard, Range::All, 100)).await.0.len() == expected.len()
        {
            break;
        }
    }
    let sort_of = |item: &Item| match item.get(sort_name) {
        Some(AttributeValue::S(sort)) => sort.clone(),
        _ => String::new(),
    };
    let text = |text: &str| text.to_owned();
    let cases = [
        (Range::All, 0..12),
        (Range::UpTo(text("0003")), 0..6),
        (Range::UpTo(text("0003#")), 0..8),
        (Range::From(text("0003#")), 6..12),
        (Range::Between(text("0001#"), text("0002#")), 2..6),
        (Range::Prefix(text("0005")), 10..12),
        (Range::Prefix(text("0006")), 0..0),
    ];
    for (range, expected_range) in cases {
        for limit in [1, 3, 5, 100] {
            let (items, _) = drain(table, query(Source::Index(index), &shard, range.clone(), limit)).await;
            assert!(items.is_sorted_by_key(sort_of), "{range:?} in pages of {limit}");
            let mut found = items;
            found.sort_by_key(Key::of);
            assert_eq!(found, expected[expected_range.clone()], "{range:?} in pages of {limit}");
        }
    }
}

async fn refusals<T: Table>(table: &T, space: &Space, index: Index) {
    let (partition_name, sort_name) = index.attributes();
    let key = space.key("bad", "LEAD");
    for name in [partition_name, sort_name] {
        for bad in [AttributeValue::Null(true), n("5"), s(""), AttributeValue::Bool(true)] {
            let result = table.write(put(item(&key, &[(name, bad)]))).await;
            must_refuse(result, "an index key that is no text");
        }
    }
    must_refuse(
        table.query(query(Source::Index(index), "", Range::All, 5)).await,
        "an empty index partition",
    );
}
