//! What can be stored, and comes back as it was.

use std::collections::HashMap;

use super::{Space, item, must, must_refuse, n, put, s, store, stored};
use crate::table::{AttributeValue, Key, Table, Write};

pub(super) async fn check<T: Table>(table: &T, space: &Space) {
    round_trips(table, space).await;
    numbers(table, space).await;
    keys(table, space).await;
    sizes(table, space).await;
}

async fn round_trips<T: Table>(table: &T, space: &Space) {
    let texts = [
        "",
        " ",
        "é",
        "\u{FFFE}",
        "\u{FFFF}",
        "a\0b",
        "\u{1F600}\u{200D}",
        "\u{202E}abc",
        "\r\n\t\"\\/",
        "\u{10FFFF}",
    ];
    for (number, text) in texts.into_iter().enumerate() {
        let key = space.key("text", &number.to_string());
        let whole = item(&key, &[("text", s(text)), ("in", AttributeValue::L(vec![s(text)]))]);
        store(table, whole.clone()).await;
        assert_eq!(stored(table, &key).await, Some(whole), "{text:?}");
    }
    let nested = (0..31).fold(s("core"), |inner, level| match level % 2 {
        0 => AttributeValue::L(vec![inner]),
        _ => AttributeValue::M(HashMap::from([("in".to_owned(), inner)])),
    });
    let values = [
        AttributeValue::Bool(false),
        AttributeValue::Null(true),
        AttributeValue::B(vec![]),
        AttributeValue::B((0..=255).collect()),
        AttributeValue::L(vec![]),
        AttributeValue::M(HashMap::new()),
        AttributeValue::Ss(vec!["one".to_owned()]),
        AttributeValue::Ns(vec!["1".to_owned()]),
        AttributeValue::Bs(vec![vec![1, 2, 3]]),
        nested.clone(),
    ];
    for (number, value) in values.into_iter().enumerate() {
        let key = space.key("value", &number.to_string());
        let whole = item(&key, &[("value", value)]);
        store(table, whole.clone()).await;
        assert_eq!(stored(table, &key).await, Some(whole));
    }
    let key = space.key("value", "bad");
    let twice = || vec!["a".to_owned(), "a".to_owned()];
    for bad in [AttributeValue::Ss(vec![]), AttributeValue::Ss(twice()), AttributeValue::L(vec![nested])] {
        must_refuse(
            table.write(put(item(&key, &[("value", bad)]))).await,
            "a value that DynamoDB cannot hold",
        );
    }
    assert_eq!(stored(table, &key).await, None);
}

async fn numbers<T: Table>(table: &T, space: &Space) {
    let digits = "9".repeat(38);
    let cases = [
        ("0", "0"),
        ("-0", "0"),
        ("1.0", "1"),
        ("007", "7"),
        ("-12.50", "-12.5"),
        ("1e3", "1000"),
        ("0.00001", "0.00001"),
        ("9223372036854775807", "9223372036854775807"),
        ("-9223372036854775808", "-9223372036854775808"),
        (digits.as_str(), digits.as_str()),
    ];
    for (number, (written, read)) in cases.into_iter().enumerate() {
        let key = space.key("number", &number.to_string());
        store(table, item(&key, &[("number", n(written))])).await;
        assert_eq!(stored(table, &key).await, Some(item(&key, &[("number", n(read))])), "{written}");
    }
    let key = space.key("number", "bad");
    for bad in ["", "NaN", "Infinity", "1e126", "1e-131", "1_0", " 1", "0x10", &"9".repeat(39)] {
        must_refuse(table.write(put(item(&key, &[("number", n(bad))]))).await, bad);
    }
}

async fn keys<T: Table>(table: &T, space: &Space) {
    for sort in ["\u{FFFE}", "a\0b", "😀", " ", "#:/"] {
        let key = space.key("key", sort);
        store(table, item(&key, &[])).await;
        assert_eq!(stored(table, &key).await, Some(item(&key, &[])), "{sort:?}");
    }
    let partition = |bytes: usize| {
        let prefix = space.partition("long");
        format!("{prefix}{}", "x".repeat(bytes - prefix.len()))
    };
    let longest = Key::new(partition(2048), "y".repeat(1024));
    store(table, item(&longest, &[])).await;
    assert_eq!(stored(table, &longest).await, Some(item(&longest, &[])));
    let bad = [
        Key::new(partition(2049), "y"),
        Key::new(partition(100), "y".repeat(1025)),
        Key::new("", "y"),
        Key::new(partition(100), ""),
    ];
    for key in bad {
        must_refuse(table.write(put(item(&key, &[]))).await, "a put with a bad key");
        must_refuse(table.write(Write::Delete { key, only_if: None }).await, "a delete with a bad key");
    }
    let mut keyless = item(&longest, &[]);
    keyless.remove("sk");
    must_refuse(table.write(put(keyless.clone())).await, "a put without sort key");
    keyless.insert("sk".to_owned(), n("1"));
    must_refuse(table.write(put(keyless)).await, "a put with a number as sort key");
}

async fn sizes<T: Table>(table: &T, space: &Space) {
    const LIMIT: usize = 400 * 1024;
    let key = space.key("size", "LEAD");
    // Names and values count: "pk" and "sk" with their values, and "bulk".
    let rest = 2 + key.pk.len() + 2 + key.sk.len() + "bulk".len();
    let largest = item(&key, &[("bulk", s(&"x".repeat(LIMIT - rest)))]);
    let too_large = item(&key, &[("bulk", s(&"x".repeat(LIMIT - rest + 1)))]);
    must_refuse(table.write(put(too_large.clone())).await, "an item above 400 KB");
    must_refuse(table.transact(vec![put(too_large)]).await, "an item above 400 KB in a transaction");
    assert_eq!(stored(table, &key).await, None);
    store(table, largest.clone()).await;
    assert_eq!(stored(table, &key).await, Some(largest));
    must_refuse(table.add(&key, "count", 1, 1000).await, "an addition that makes the item too large");

    // Twelve items of 350 KB are more than the 4 MB of a transaction.
    let bulk = s(&"x".repeat(350 * 1024));
    let writes: Vec<Write> = (0..12)
        .map(|number| put(item(&space.key("size", &format!("T#{number}")), &[("bulk", bulk.clone())])))
        .collect();
    must_refuse(table.transact(writes).await, "a transaction above 4 MB");
    must(table.write(Write::Delete { key, only_if: None }).await, "a delete");
}
