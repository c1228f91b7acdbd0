//! Decision records beside a lead's row: what a decision was made on, in full.

use jiff::Timestamp;
use leadline_core::ids::{AttemptId, LeadId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::leads::ReadError;
use crate::rows::{Corrupt, from_item, to_item};
use crate::table::{Key, Table, Write};

/// A decision in full, kept under the attempt that committed it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Record<D> {
    /// The version that the decision produced.
    pub version: u64,
    /// When.
    pub at: Timestamp,
    /// The decision.
    pub decision: D,
}

/// Which kind of decision a record holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RecordKind {
    /// Facts.
    Enrich,
    /// A score card.
    Score,
    /// The narrowing and the pick.
    Route,
}

impl RecordKind {
    const fn name(self) -> &'static str {
        match self {
            RecordKind::Enrich => "ENR",
            RecordKind::Score => "SCORE",
            RecordKind::Route => "ROUTE",
        }
    }

    /// How the sort keys of such records begin.
    pub(crate) fn prefix(self) -> String {
        format!("{}#", self.name())
    }

    /// The sort key of an attempt's record.
    pub(crate) fn sort(self, attempt: &AttemptId) -> String {
        format!("{}#{attempt}", self.name())
    }
}

/// The records of some attempts, strongly consistent and in no order; one that is not there is left out.
pub async fn decided<'a, T: Table, D: DeserializeOwned>(
    table: &T,
    lead_id: &LeadId,
    kind: RecordKind,
    attempts: impl Iterator<Item = &'a AttemptId>,
) -> Result<Vec<Record<D>>, ReadError> {
    let keys: Vec<Key> = attempts.map(|attempt| Key::new(lead_id.partition(), kind.sort(attempt))).collect();
    let items = if keys.is_empty() { Vec::new() } else { table.get_many(&keys).await? };
    Ok(items.into_iter().map(from_item).collect::<Result<_, _>>()?)
}

/// The write that keeps a decision record. Its key holds the attempt, so that a try that loses never overwrites one
/// that won; readers know by the lead's events which is which.
pub fn put<D: Serialize>(
    lead_id: &LeadId,
    kind: RecordKind,
    attempt: &AttemptId,
    record: &Record<D>,
) -> Result<Write, Corrupt> {
    let key = Key::new(lead_id.partition(), kind.sort(attempt));
    Ok(Write::Put { item: to_item(key, record)?, only_if: None })
}
