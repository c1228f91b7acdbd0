//! Published playbooks: immutable versions in chunks, and the pointer to the one in force.

use jiff::Timestamp;
use leadline_core::ids::{LeadId, PlaybookVersion};
use leadline_core::lead::Lead;
use serde::{Deserialize, Serialize};

use crate::leads::{ReadError, lead_key};
use crate::rows::{from_item, number, to_item};
use crate::table::{Condition, Consistency, Key, Query, Range, Source, Table, TableError, Write};

const PARTITION: &str = "PLAYBOOK";
/// Well under the 400 KB that one item may have.
const CHUNK: usize = 300_000;

/// What is known about a published version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// Its number.
    pub version: PlaybookVersion,
    /// SHA-256 of its text, hexadecimal.
    pub sha256: String,
    /// In how many chunks it is kept.
    pub chunks: u32,
    /// When it was published.
    pub published_at: Timestamp,
    /// By whom.
    pub published_by: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Pointer {
    version: u32,
    newest: u32,
}

#[derive(Debug, Serialize, Deserialize)]
struct Chunk {
    text: String,
}

fn active_key() -> Key {
    Key::new(PARTITION, "ACTIVE")
}

fn version_key(version: PlaybookVersion) -> Key {
    Key::new(PARTITION, format!("V#{:08}", version.0))
}

/// The text's hash is part of the key: two who publish at once cannot mix their chunks.
fn chunk_key(version: PlaybookVersion, sha256: &str, chunk: u32) -> Key {
    Key::new(format!("PLAYBOOK#{:08}#{sha256}", version.0), format!("C#{chunk:04}"))
}

/// Publishing failed.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// Somebody else published at the same time: look at theirs and try again.
    #[error("another version was published meanwhile")]
    Raced,
    /// There is no such version.
    #[error("there is no such version")]
    NoSuchVersion,
    /// The table did not answer as it should.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl From<TableError> for PublishError {
    fn from(error: TableError) -> Self {
        match error {
            TableError::ConditionFailed { .. } => PublishError::Raced,
            other => PublishError::Read(other.into()),
        }
    }
}

async fn pointer<T: Table>(table: &T) -> Result<Option<Pointer>, ReadError> {
    let item = table.get(&active_key(), Consistency::Strong).await?;
    Ok(item.map(from_item).transpose()?)
}

/// The version that a pointer names; 0, the bundled one, when none was published.
fn named(pointer: Option<Pointer>) -> PlaybookVersion {
    PlaybookVersion(pointer.map_or(0, |p| p.version))
}

/// The version in force; 0, the bundled one, when none was published.
pub async fn active<T: Table>(table: &T) -> Result<PlaybookVersion, ReadError> {
    Ok(named(pointer(table).await?))
}

/// A lead and the version in force, in one request; strongly consistent.
pub async fn active_with_lead<T: Table>(
    table: &T,
    lead_id: &LeadId,
) -> Result<(Option<Lead>, PlaybookVersion), ReadError> {
    let (mut lead, mut pointer) = (None, None);
    for item in table.get_many(&[lead_key(lead_id), active_key()]).await? {
        if Key::of(&item) == Some(active_key()) {
            pointer = Some(from_item(item)?);
        } else {
            lead = Some(from_item(item)?);
        }
    }
    Ok((lead, named(pointer)))
}

/// The text of a version; `None` when there is no such version. Version 0 is bundled and not in the table.
pub async fn text<T: Table>(table: &T, version: PlaybookVersion) -> Result<Option<String>, ReadError> {
    let Some(item) = table.get(&version_key(version), Consistency::Strong).await? else { return Ok(None) };
    let published: Published = from_item(item)?;
    let keys: Vec<Key> = (0..published.chunks).map(|i| chunk_key(version, &published.sha256, i)).collect();
    let mut parts = table.get_many(&keys).await?;
    parts.sort_by_key(|item| Key::of(item).map(|k| k.sk));
    let mut text = String::new();
    for item in parts {
        text.push_str(&from_item::<Chunk>(item)?.text);
    }
    Ok(Some(text))
}

/// Publishes a text that has been checked, under the next number, and puts it in force. The chunks are written first,
/// so that a version that can be named is always whole.
pub async fn publish<T: Table>(
    table: &T,
    text: &str,
    sha256: &str,
    by: &str,
    now: Timestamp,
) -> Result<Published, PublishError> {
    let before = pointer(table).await?;
    let version = PlaybookVersion(before.as_ref().map_or(0, |p| p.newest) + 1);
    let mut chunks = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let mut end = rest.len().min(CHUNK);
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        let (part, tail) = rest.split_at(end);
        let item = to_item(chunk_key(version, sha256, chunks), &Chunk { text: part.to_owned() })
            .map_err(ReadError::from)?;
        table.write(Write::Put { item, only_if: None }).await?;
        chunks += 1;
        rest = tail;
    }
    let published = Published {
        version,
        sha256: sha256.to_owned(),
        chunks,
        published_at: now,
        published_by: by.to_owned(),
    };
    let row = to_item(version_key(version), &published).map_err(ReadError::from)?;
    let next = Pointer { version: version.0, newest: version.0 };
    let put = Write::Put { item: row, only_if: Some(Condition::Absent) };
    match table.transact(vec![put, move_pointer(before.as_ref(), &next)?]).await {
        Ok(()) => Ok(published),
        Err(error @ (TableError::ConditionFailed { .. } | TableError::Unclear(_))) => {
            // It may be our own earlier success: the attempt is told by text, publisher and time.
            let item =
                table.get(&version_key(version), Consistency::Strong).await.map_err(ReadError::from)?;
            match item.map(from_item::<Published>).transpose().map_err(ReadError::from)? {
                Some(there) if there == published => Ok(published),
                _ => Err(error.into()),
            }
        }
        Err(error) => Err(error.into()),
    }
}

/// Puts an earlier version in force again.
pub async fn activate<T: Table>(table: &T, version: PlaybookVersion) -> Result<(), PublishError> {
    let Some(before) = pointer(table).await? else { return Err(PublishError::NoSuchVersion) };
    if table.get(&version_key(version), Consistency::Strong).await.map_err(ReadError::from)?.is_none() {
        return Err(PublishError::NoSuchVersion);
    }
    let next = Pointer { version: version.0, newest: before.newest };
    let write = move_pointer(Some(&before), &next)?;
    table.write(write).await?;
    Ok(())
}

fn move_pointer(before: Option<&Pointer>, next: &Pointer) -> Result<Write, PublishError> {
    let only_if = match before {
        None => Condition::Absent,
        Some(before) => Condition::All(vec![
            Condition::Equals("version", number(before.version)),
            Condition::Equals("newest", number(before.newest)),
        ]),
    };
    let item = to_item(active_key(), next).map_err(ReadError::from)?;
    Ok(Write::Put { item, only_if: Some(only_if) })
}

/// Every published version, the oldest first.
pub async fn versions<T: Table>(table: &T) -> Result<Vec<Published>, ReadError> {
    let mut found = Vec::new();
    let mut start = None;
    loop {
        let query = Query {
            source: Source::Table(Consistency::Strong),
            partition: PARTITION.to_owned(),
            range: Range::Prefix("V#".to_owned()),
            limit: 100,
            start,
        };
        let page = table.query(query).await?;
        for item in page.items {
            found.push(from_item(item)?);
        }
        match page.next {
            None => return Ok(found),
            next => start = next,
        }
    }
}
