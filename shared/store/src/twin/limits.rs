//! What DynamoDB accepts as an item, and how large it says the item is.

use std::collections::HashSet;

use super::number::Decimal;
use super::refusal::Refusal;
use crate::table::{AttributeValue, Condition, Index, Item, Key, PK, SK};

const ITEM_BYTES: usize = 400 * 1024;
const PARTITION_KEY_BYTES: usize = 2048;
const SORT_KEY_BYTES: usize = 1024;
const NAME_BYTES: usize = 65_535;
const DEPTH: usize = 32;

/// An item that DynamoDB would take: checked, its numbers canonical, its size known.
#[derive(Clone)]
pub(super) struct Stored {
    pub(super) item: Item,
    /// Names and values, in bytes, as DynamoDB counts them.
    pub(super) size: usize,
}

impl Stored {
    /// Checks an item as a put does.
    pub(super) fn admit(mut item: Item) -> Result<(Key, Self), Refusal> {
        let key = Key::of(&item).ok_or(Refusal::KeyMissing)?;
        check_key(&key)?;
        let mut size = 0;
        for (name, value) in &mut item {
            check_name(name)?;
            check(value, 1)?;
            settle(value);
            size += name.len() + value_size(value);
        }
        for index in Index::ALL {
            let (partition, sort) = index.attributes();
            check_index_key(&item, partition, PARTITION_KEY_BYTES)?;
            check_index_key(&item, sort, SORT_KEY_BYTES)?;
        }
        if size > ITEM_BYTES {
            return Err(Refusal::ItemTooLarge);
        }
        Ok((key, Self { item, size }))
    }
}

/// Checks a primary key.
pub(super) fn check_key(key: &Key) -> Result<(), Refusal> {
    if key.pk.is_empty() || key.sk.is_empty() {
        return Err(Refusal::EmptyKey);
    }
    if key.pk.len() > PARTITION_KEY_BYTES || key.sk.len() > SORT_KEY_BYTES {
        return Err(Refusal::KeyTooLong);
    }
    Ok(())
}

fn check_index_key(item: &Item, name: &'static str, limit: usize) -> Result<(), Refusal> {
    match item.get(name) {
        None => Ok(()),
        Some(AttributeValue::S(text)) if !text.is_empty() && text.len() <= limit => Ok(()),
        Some(_) => Err(Refusal::IndexKey(name)),
    }
}

/// Checks the values a condition compares with.
pub(super) fn check_condition(condition: &Condition) -> Result<(), Refusal> {
    match condition {
        Condition::Absent | Condition::Exists | Condition::Missing(_) | Condition::Below(..) => Ok(()),
        Condition::Equals(_, value) => check(value, 1),
        Condition::All(parts) | Condition::Any(parts) => parts.iter().try_for_each(check_condition),
    }
}

fn check_name(name: &str) -> Result<(), Refusal> {
    if (1..=NAME_BYTES).contains(&name.len()) { Ok(()) } else { Err(Refusal::AttributeName) }
}

fn check(value: &AttributeValue, depth: usize) -> Result<(), Refusal> {
    if depth > DEPTH {
        return Err(Refusal::TooDeep);
    }
    match value {
        AttributeValue::S(_)
        | AttributeValue::B(_)
        | AttributeValue::Bool(_)
        | AttributeValue::Null(true) => Ok(()),
        AttributeValue::Null(false) => Err(Refusal::FalseNull),
        AttributeValue::N(text) if is_plain(text) => Ok(()),
        AttributeValue::N(text) => Decimal::parse(text).map(drop),
        AttributeValue::M(map) => map.iter().try_for_each(|(name, value)| {
            check_name(name)?;
            check(value, depth + 1)
        }),
        AttributeValue::L(list) => list.iter().try_for_each(|value| check(value, depth + 1)),
        AttributeValue::Ss(members) => check_set(members),
        AttributeValue::Bs(members) => check_set(members),
        AttributeValue::Ns(members) => {
            let numbers: Result<Vec<_>, _> =
                members.iter().map(|text| Decimal::parse(text).map(|number| number.to_string())).collect();
            check_set(&numbers?)
        }
    }
}

fn check_set<T: Eq + std::hash::Hash>(members: &[T]) -> Result<(), Refusal> {
    if members.is_empty() {
        return Err(Refusal::EmptySet);
    }
    let distinct: HashSet<&T> = members.iter().collect();
    if distinct.len() < members.len() { Err(Refusal::SetMemberTwice) } else { Ok(()) }
}

/// Whether the text is a non-negative whole number in canonical form: nearly every number here, told fast.
fn is_plain(text: &str) -> bool {
    (1..=18).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && (text.len() == 1 || !text.starts_with('0'))
}

/// Brings the numbers of a checked value into canonical form.
pub(super) fn settle(value: &mut AttributeValue) {
    let canonical = |text: &mut String| {
        if !is_plain(text)
            && let Ok(number) = Decimal::parse(text)
        {
            *text = number.to_string();
        }
    };
    match value {
        AttributeValue::N(text) => canonical(text),
        AttributeValue::Ns(members) => members.iter_mut().for_each(canonical),
        AttributeValue::M(map) => map.values_mut().for_each(settle),
        AttributeValue::L(list) => list.iter_mut().for_each(settle),
        _ => {}
    }
}

fn number_size(text: &str) -> usize {
    Decimal::parse(text).map_or(1, |number| number.size())
}

fn value_size(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::B(bytes) => bytes.len(),
        AttributeValue::N(text) => number_size(text),
        AttributeValue::Bool(_) | AttributeValue::Null(_) => 1,
        AttributeValue::Ss(members) => members.iter().map(String::len).sum(),
        AttributeValue::Bs(members) => members.iter().map(Vec::len).sum(),
        AttributeValue::Ns(members) => members.iter().map(|text| number_size(text)).sum(),
        AttributeValue::L(list) => 3 + list.iter().map(|value| 1 + value_size(value)).sum::<usize>(),
        AttributeValue::M(map) => {
            3 + map.iter().map(|(name, value)| 1 + name.len() + value_size(value)).sum::<usize>()
        }
    }
}

/// Bytes of an item that holds nothing but its key.
pub(super) fn key_size(key: &Key) -> usize {
    PK.len() + SK.len() + key.pk.len() + key.sk.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn n(text: &str) -> AttributeValue {
        AttributeValue::N(text.to_owned())
    }

    fn s(text: &str) -> AttributeValue {
        AttributeValue::S(text.to_owned())
    }

    /// Sizes worked out by hand from the published rules.
    #[test]
    fn item_sizes_follow_the_published_rules() {
        let nested =
            AttributeValue::M(HashMap::from([("ab".to_owned(), AttributeValue::L(vec![s("xyz"), n("7")]))]));
        let item = Item::from([
            (PK.to_owned(), s("p")),                         // 2 + 1
            (SK.to_owned(), s("ssss")),                      // 2 + 4
            ("é".to_owned(), s("ü")),                        // 2 + 2
            ("n".to_owned(), n("1234")),                     // 1 + 3
            ("b".to_owned(), AttributeValue::B(vec![0; 9])), // 1 + 9
            ("t".to_owned(), AttributeValue::Bool(true)),    // 1 + 1
            ("m".to_owned(), nested),                        // 1 + 3 + (1 + 2 + (3 + (1 + 3) + (1 + 2)))
        ]);
        assert_eq!(Stored::admit(item).unwrap().1.size, 3 + 6 + 4 + 4 + 10 + 2 + 17);
        assert_eq!(key_size(&Key::new("p", "ssss")), 9);
    }

    #[test]
    fn values_that_dynamodb_refuses_are_refused() {
        let nested = (0..40).fold(s("x"), |inner, _| AttributeValue::L(vec![inner]));
        let cases = [
            (AttributeValue::Null(false), Refusal::FalseNull),
            (AttributeValue::Ss(vec![]), Refusal::EmptySet),
            (AttributeValue::Ss(vec!["a".to_owned(), "a".to_owned()]), Refusal::SetMemberTwice),
            (AttributeValue::Ns(vec!["1".to_owned(), "1.0".to_owned()]), Refusal::SetMemberTwice),
            (n("NaN"), Refusal::NotANumber),
            (AttributeValue::L(vec![n("")]), Refusal::NotANumber),
            (nested, Refusal::TooDeep),
            (s(&"x".repeat(ITEM_BYTES)), Refusal::ItemTooLarge),
        ];
        for (value, expected) in cases {
            let item =
                Item::from([(PK.to_owned(), s("p")), (SK.to_owned(), s("s")), ("v".to_owned(), value)]);
            assert_eq!(Stored::admit(item).err(), Some(expected));
        }
    }
}
