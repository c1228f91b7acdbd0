//! Conditions as DynamoDB evaluates them: a missing attribute equals nothing, numbers compare as numbers, and a
//! comparison across types is false rather than an error.

use super::number::Decimal;
use crate::table::{AttributeValue, Condition, Item};

/// Whether the condition holds on what is stored under the key.
pub(super) fn holds(condition: &Condition, stored: Option<&Item>) -> bool {
    let attribute = |name: &str| stored.and_then(|item| item.get(name));
    match condition {
        Condition::Absent => stored.is_none(),
        Condition::Exists => stored.is_some(),
        Condition::Missing(name) => attribute(name).is_none(),
        Condition::Equals(name, value) => attribute(name).is_some_and(|found| same(found, value)),
        Condition::Below(name, bound) => match attribute(name) {
            Some(AttributeValue::N(text)) => {
                Decimal::parse(text).is_ok_and(|number| number < Decimal::from(*bound))
            }
            _ => false,
        },
        Condition::All(parts) => parts.iter().all(|part| holds(part, stored)),
        Condition::Any(parts) => parts.iter().any(|part| holds(part, stored)),
    }
}

fn same(left: &AttributeValue, right: &AttributeValue) -> bool {
    match (left, right) {
        (AttributeValue::N(left), AttributeValue::N(right)) => same_number(left, right),
        (AttributeValue::L(left), AttributeValue::L(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (AttributeValue::M(left), AttributeValue::M(right)) => {
            left.len() == right.len()
                && left.iter().all(|(name, value)| right.get(name).is_some_and(|other| same(value, other)))
        }
        // Members are distinct, so that equal lengths and one inclusion make equal sets.
        (AttributeValue::Ss(left), AttributeValue::Ss(right)) => {
            left.len() == right.len() && left.iter().all(|member| right.contains(member))
        }
        (AttributeValue::Bs(left), AttributeValue::Bs(right)) => {
            left.len() == right.len() && left.iter().all(|member| right.contains(member))
        }
        (AttributeValue::Ns(left), AttributeValue::Ns(right)) => {
            left.len() == right.len()
                && left.iter().all(|member| right.iter().any(|other| same_number(member, other)))
        }
        _ => left == right,
    }
}

fn same_number(left: &str, right: &str) -> bool {
    left == right
        || matches!((Decimal::parse(left), Decimal::parse(right)), (Ok(left), Ok(right)) if left == right)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn documents_compare_deeply_and_sets_without_order() {
        let n = |text: &str| AttributeValue::N(text.to_owned());
        let texts = |members: &[&str]| members.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let map =
            |value| AttributeValue::M(HashMap::from([("a".to_owned(), AttributeValue::L(vec![value]))]));
        assert!(same(&map(n("1.50")), &map(n("1.5"))));
        assert!(!same(&map(n("1.51")), &map(n("1.5"))));
        assert!(same(&AttributeValue::Ss(texts(&["a", "b"])), &AttributeValue::Ss(texts(&["b", "a"]))));
        assert!(!same(&AttributeValue::Ss(texts(&["a", "b"])), &AttributeValue::Ss(texts(&["b", "c"]))));
        assert!(same(&AttributeValue::Ns(texts(&["1", "20"])), &AttributeValue::Ns(texts(&["2e1", "1.0"]))));
        assert!(!same(&AttributeValue::Ss(texts(&["1"])), &AttributeValue::Ns(texts(&["1"]))));
    }
}
