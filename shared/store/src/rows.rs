//! Items: how values become rows and rows become values.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::table::{AttributeValue, Item, Key, PK, SK};

/// A row that cannot be read as what it should be: a bug or a row of another release, never the caller's fault.
#[derive(Debug, thiserror::Error)]
#[error("row under {pk_kind} cannot be read: {what}")]
pub struct Corrupt {
    /// The kind of row, the part of its key before the first `#`; ids stay out of it.
    pub pk_kind: String,
    what: String,
}

impl Corrupt {
    /// Keeps of an error what names fields; any other words may quote a value, which may be personal.
    fn new(pk_kind: String, error: &serde_dynamo::Error) -> Self {
        let words = error.to_string();
        let names_fields = ["missing field", "unknown field"].iter().any(|said| words.starts_with(said));
        Self { pk_kind, what: if names_fields { words } else { "a value does not fit".to_owned() } }
    }
}

/// Writes a value as the row under `key`.
pub fn to_item<T: Serialize>(key: Key, value: &T) -> Result<Item, Corrupt> {
    let mut item: Item = serde_dynamo::to_item(value).map_err(|error| Corrupt::new(kind(&key), &error))?;
    item.insert(PK.to_owned(), AttributeValue::S(key.pk));
    item.insert(SK.to_owned(), AttributeValue::S(key.sk));
    Ok(item)
}

/// Reads a value from a row; the attributes that are keys of table or indexes are passed over.
pub fn from_item<T: DeserializeOwned>(item: Item) -> Result<T, Corrupt> {
    let pk_kind = Key::of(&item).as_ref().map(kind).unwrap_or_default();
    serde_dynamo::from_item(item).map_err(|error| Corrupt::new(pk_kind, &error))
}

fn kind(key: &Key) -> String {
    let first = |text: &str| text.split('#').next().unwrap_or_default().to_owned();
    format!("{}/{}", first(&key.pk), first(&key.sk))
}

/// A number attribute.
pub(crate) fn number(value: impl std::fmt::Display) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_row_that_cannot_be_read_is_not_quoted() {
        let item = to_item(Key::new("LEAD#zqx", "LEAD"), &BTreeMap::from([("zqx", "zqx")])).unwrap();
        let error = from_item::<BTreeMap<String, u8>>(item).unwrap_err();
        assert_eq!(error.to_string(), "row under LEAD/LEAD cannot be read: a value does not fit");
        assert!(!format!("{error:?}").contains("zqx"), "{error:?}");

        #[derive(Debug, serde::Deserialize)]
        struct Named {
            #[allow(dead_code, reason = "read by serde")]
            version: u64,
        }
        let item = to_item(Key::new("LEAD#zqx", "LEAD"), &BTreeMap::from([("zqx", "zqx")])).unwrap();
        let error = from_item::<Named>(item).unwrap_err();
        assert_eq!(error.to_string(), "row under LEAD/LEAD cannot be read: missing field `version`");
    }
}
