//! Conditions of single writes, and counters.

use super::{Space, item, must, must_fail_condition, must_refuse, n, s, store, stored};
use crate::table::{Condition, EXPIRES_AT, Key, Table, Write};

pub(super) async fn check<T: Table>(table: &T, space: &Space) {
    each_condition(table, space).await;
    absent_keys_and_values(table, space).await;
    counters(table, space).await;
}

fn equals(name: &'static str, value: crate::AttributeValue) -> Condition {
    Condition::Equals(name, value)
}

/// Each condition, whether it holds on the item `{state: "open", version: 3, tags: {"a", "b"}}`, and whether it
/// holds where there is no item.
fn cases() -> Vec<(Condition, bool, bool)> {
    use Condition::{Absent, All, Any, Below, Exists, Missing};
    let open = || equals("state", s("open"));
    let closed = || equals("state", s("closed"));
    let tags = |members: &[&str]| {
        equals("tags", crate::AttributeValue::Ss(members.iter().map(|tag| (*tag).to_owned()).collect()))
    };
    vec![
        (Absent, false, true),
        (Exists, true, false),
        (Missing("state"), false, true),
        (Missing("nothing"), true, true),
        (All(vec![Exists, Missing("nothing")]), true, false),
        (Any(vec![Missing("version"), Below("version", 4)]), true, true),
        (Any(vec![Missing("version"), Below("version", 3)]), false, true),
        (open(), true, false),
        (closed(), false, false),
        (equals("nothing", s("open")), false, false),
        (equals("version", n("3")), true, false),
        (equals("version", n("3.0")), true, false),
        (equals("version", n("30e-1")), true, false),
        (equals("version", n("4")), false, false),
        (equals("version", s("3")), false, false),
        (tags(&["b", "a"]), true, false),
        (tags(&["a"]), false, false),
        (Below("version", 4), true, false),
        (Below("version", 3), false, false),
        (Below("version", -4), false, false),
        (Below("version", i64::MAX), true, false),
        (Below("state", 9), false, false),
        (Below("nothing", 9), false, false),
        (All(vec![Exists, open(), Below("version", 4)]), true, false),
        (All(vec![Exists, open(), Below("version", 3)]), false, false),
        (Any(vec![Absent, open()]), true, true),
        (Any(vec![Absent, closed()]), false, true),
        (Any(vec![closed(), Below("version", 1)]), false, false),
        (All(vec![Any(vec![Absent, closed(), open()]), Any(vec![Exists, open()])]), true, false),
        (Any(vec![All(vec![Exists, closed()]), All(vec![open(), Below("version", 9)])]), true, false),
        (All(vec![All(vec![All(vec![Exists])])]), true, false),
        (Any(vec![All(vec![]), closed()]), true, true),
        (All(vec![Any(vec![]), Exists]), false, false),
        (All(vec![]), true, true),
        (Any(vec![]), false, false),
    ]
}

async fn each_condition<T: Table>(table: &T, space: &Space) {
    let tags = crate::AttributeValue::Ss(vec!["a".to_owned(), "b".to_owned()]);
    for (number, (condition, on_item, on_nothing)) in cases().into_iter().enumerate() {
        let name = format!("{number}");
        let (there, nowhere) = (space.key(&name, "there"), space.key(&name, "nowhere"));
        let old = item(&there, &[("state", s("open")), ("version", n("3")), ("tags", tags.clone())]);
        store(table, old.clone()).await;
        for (key, expected, current) in [(&there, on_item, Some(&old)), (&nowhere, on_nothing, None)] {
            let what = format!("{condition:?} with {current:?}");
            let new = item(key, &[("state", s("new"))]);
            let writes = [
                Write::Check { key: key.clone(), only_if: condition.clone() },
                Write::Put { item: new.clone(), only_if: Some(condition.clone()) },
                Write::Delete { key: key.clone(), only_if: Some(condition.clone()) },
            ];
            for write in writes {
                let after = match (&write, expected) {
                    (Write::Put { .. }, true) => Some(new.clone()),
                    (Write::Delete { .. }, true) => None,
                    _ => current.cloned(),
                };
                // A check stands only in a transaction; the others are tried both ways.
                let mut results = vec![table.transact(vec![write.clone()]).await];
                if !matches!(write, Write::Check { .. }) {
                    assert_eq!(
                        stored(table, key).await,
                        if expected { after.clone() } else { current.cloned() }
                    );
                    restore(table, key, current).await;
                    results.push(table.write(write).await);
                }
                for result in results {
                    if expected {
                        must(result, &what);
                    } else {
                        must_fail_condition(result, 0, current, &what);
                    }
                }
                assert_eq!(stored(table, key).await, after, "{what}: what is stored after");
                restore(table, key, current).await;
            }
        }
    }
}

async fn restore<T: Table>(table: &T, key: &Key, old: Option<&crate::Item>) {
    match old {
        Some(old) => store(table, old.clone()).await,
        None => must(table.write(super::delete(key)).await, "a delete without condition"),
    }
}

async fn absent_keys_and_values<T: Table>(table: &T, space: &Space) {
    let key = space.key("plain", "nothing");
    must(table.write(super::delete(&key)).await, "deleting what is not there");
    let check = Write::Check { key: key.clone(), only_if: Condition::Absent };
    must_refuse(table.write(check).await, "a check outside a transaction");
    let strange = Write::Delete { key, only_if: Some(equals("state", n("NaN"))) };
    must_refuse(table.write(strange).await, "a condition on what is no number");
}

async fn counters<T: Table>(table: &T, space: &Space) {
    let key = space.key("counter", "minute");
    assert_eq!(must(table.add(&key, "count", 1, 1000).await, "a first addition"), 1);
    let expected = item(&key, &[("count", n("1")), (EXPIRES_AT, n("1000"))]);
    assert_eq!(stored(table, &key).await, Some(expected));
    assert_eq!(must(table.add(&key, "count", 41, 1060).await, "a second addition"), 42);
    assert_eq!(must(table.add(&key, "other", -7, 1060).await, "another counter"), -7);
    assert_eq!(must(table.add(&key, "count", -50, 1120).await, "a subtraction"), -8);
    assert_eq!(must(table.add(&key, "count", 0, 1120).await, "adding nothing"), -8);
    let expected = item(&key, &[("count", n("-8")), ("other", n("-7")), (EXPIRES_AT, n("1120"))]);
    assert_eq!(stored(table, &key).await, Some(expected));

    let large = space.key("counter", "large");
    let start = i64::MAX - 1;
    store(table, item(&large, &[("count", n(&start.to_string()))])).await;
    assert_eq!(must(table.add(&large, "count", 1, 1000).await, "the largest sum"), i64::MAX);

    let text = space.key("counter", "text");
    let old = item(&text, &[("count", s("many"))]);
    store(table, old.clone()).await;
    must_refuse(table.add(&text, "count", 1, 1000).await, "adding to a text");
    must_refuse(table.add(&text, "sk", 1, 1000).await, "counting in a key");
    must_refuse(table.add(&text, "due_key", 1, 1000).await, "counting in the key of an index");
    assert_eq!(stored(table, &text).await, Some(old));
}
