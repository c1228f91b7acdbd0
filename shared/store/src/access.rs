//! API keys: stored as hashes, bound to a subject, limited to scopes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::leads::ReadError;
use crate::rows::{from_item, to_item};
use crate::table::{Condition, Consistency, Key, Query, Range, Source, Table, TableError, Write};

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Scope {
    /// Read leads, timelines, submissions, reps and pools.
    #[serde(rename = "leads:read")]
    LeadsRead,
    /// Answer for leads, change reps.
    #[serde(rename = "leads:write")]
    LeadsWrite,
    /// Publish playbooks.
    #[serde(rename = "playbook:write")]
    PlaybookWrite,
    /// Everything else, such as audit and erasure.
    #[serde(rename = "admin")]
    Admin,
}

impl Scope {
    /// All scopes.
    pub const ALL: [Scope; 4] = [Scope::LeadsRead, Scope::LeadsWrite, Scope::PlaybookWrite, Scope::Admin];

    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Scope::LeadsRead => "leads:read",
            Scope::LeadsWrite => "leads:write",
            Scope::PlaybookWrite => "playbook:write",
            Scope::Admin => "admin",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Scope> {
        Scope::ALL.into_iter().find(|s| s.name() == text)
    }
}

/// A key as stored. The key itself is `llk_<id>_<secret>`: 16 hexadecimal digits to find it by and 64 that are the
/// secret, of which only the hash is here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// The public part.
    pub key_id: String,
    /// SHA-256 of the secret part, hexadecimal. The secret has 256 random bits, so that no slow hash is needed.
    pub secret_sha256: String,
    /// Who uses it; the timeline names this subject.
    pub subject: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was revoked, if it was.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub revoked_at: Option<Timestamp>,
}

const PREFIX: &str = "llk_";

/// The two parts of a key as presented; `None` when it is not of the form.
pub fn split(presented: &str) -> Option<(&str, &str)> {
    let (id, secret) = presented.strip_prefix(PREFIX)?.split_once('_')?;
    let hexadecimal = |s: &str, n: usize| s.len() == n && s.bytes().all(|b| b.is_ascii_hexdigit());
    (hexadecimal(id, 16) && hexadecimal(secret, 64)).then_some((id, secret))
}

/// Puts the two parts of a new key together, to be shown once.
pub fn join(key_id: &str, secret: &str) -> String {
    format!("{PREFIX}{key_id}_{secret}")
}

fn key(key_id: &str) -> Key {
    Key::new("KEYS", format!("KEY#{key_id}"))
}

/// Reads a key by its public part.
pub async fn find<T: Table>(table: &T, key_id: &str) -> Result<Option<ApiKey>, ReadError> {
    let item = table.get(&key(key_id), Consistency::Strong).await?;
    Ok(item.map(from_item).transpose()?)
}

/// Keeps a new key.
pub async fn create<T: Table>(table: &T, api_key: &ApiKey) -> Result<(), ReadError> {
    let item = to_item(key(&api_key.key_id), api_key)?;
    Ok(table.write(Write::Put { item, only_if: Some(Condition::Absent) }).await?)
}

/// Revokes a key; whether there was one.
pub async fn revoke<T: Table>(table: &T, key_id: &str, now: Timestamp) -> Result<bool, ReadError> {
    let Some(found) = find(table, key_id).await? else { return Ok(false) };
    let revoked = ApiKey { revoked_at: found.revoked_at.or(Some(now)), ..found };
    let item = to_item(key(key_id), &revoked)?;
    match table.write(Write::Put { item, only_if: Some(Condition::Exists) }).await {
        Ok(()) => Ok(true),
        Err(TableError::ConditionFailed { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Every key.
pub async fn list<T: Table>(table: &T) -> Result<Vec<ApiKey>, ReadError> {
    let mut keys = Vec::new();
    let mut start = None;
    loop {
        let query = Query {
            source: Source::Table(Consistency::Strong),
            partition: "KEYS".to_owned(),
            range: Range::Prefix("KEY#".to_owned()),
            limit: 100,
            start,
        };
        let page = table.query(query).await?;
        for item in page.items {
            keys.push(from_item(item)?);
        }
        match page.next {
            None => return Ok(keys),
            next => start = next,
        }
    }
}
