//! Items: how values become rows and rows become values.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::table::{AttributeValue, Item, Key, PK, SK};

/// A row that cannot be read as what it should be: a bug or a row of another release, never the caller's fault.
#[derive(Debug, thiserror::Error)]
#[error("row under {pk_kind} cannot be read")]
pub struct Corrupt {
    /// The kind of row, the part of its key before the first `#`; ids stay out of it.
    pub pk_kind: String,
    #[source]
    source: serde_dynamo::Error,
}

/// Writes a value as the row under `key`.
pub fn to_item<T: Serialize>(key: Key, value: &T) -> Result<Item, Corrupt> {
    let mut item: Item =
        serde_dynamo::to_item(value).map_err(|source| Corrupt { pk_kind: kind(&key), source })?;
    item.insert(PK.to_owned(), AttributeValue::S(key.pk));
    item.insert(SK.to_owned(), AttributeValue::S(key.sk));
    Ok(item)
}

/// Reads a value from a row; the attributes that are keys of table or indexes are passed over.
pub fn from_item<T: DeserializeOwned>(item: Item) -> Result<T, Corrupt> {
    let pk_kind = Key::of(&item).as_ref().map(kind).unwrap_or_default();
    serde_dynamo::from_item(item).map_err(|source| Corrupt { pk_kind, source })
}

fn kind(key: &Key) -> String {
    let first = |text: &str| text.split('#').next().unwrap_or_default().to_owned();
    format!("{}/{}", first(&key.pk), first(&key.sk))
}

/// A number attribute.
pub(crate) fn number(value: impl std::fmt::Display) -> AttributeValue {
    AttributeValue::N(value.to_string())
}
