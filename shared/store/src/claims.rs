//! Claims on addresses, and the records by which the same submission is recognised.

use jiff::{SignedDuration, Timestamp};
use leadline_core::identity::REPEAT_WINDOW_S;
use leadline_core::ids::{LeadId, SubmissionId};
use leadline_core::plant::Plant;
use serde::{Deserialize, Serialize};

use crate::leads::ReadError;
use crate::rows::{Corrupt, from_item, number, to_item};
use crate::table::{Condition, Consistency, Key, Table, TableError, Write};

/// For how long an `Idempotency-Key` is remembered, and a submission can be looked up by its id: 400 days.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24 * 400);

/// Who has an address.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Claim {
    /// The lead.
    pub lead_id: LeadId,
}

fn claim_at(key: &str) -> Key {
    Key::new(format!("ID#EMAIL#{key}"), "ID")
}

/// Reads the claim on an address by its keyed hash.
pub async fn claim<T: Table>(table: &T, key: &str) -> Result<Option<Claim>, ReadError> {
    let item = table.get(&claim_at(key), Consistency::Strong).await?;
    Ok(item.map(from_item).transpose()?)
}

/// The write that takes an address for a lead, if nobody has it.
pub fn claim_put(key: &str, lead_id: &LeadId) -> Result<Write, Corrupt> {
    let item = to_item(claim_at(key), &Claim { lead_id: lead_id.clone() })?;
    let only_if = (!Plant::ClaimTaken.is_on()).then_some(Condition::Absent);
    Ok(Write::Put { item, only_if })
}

/// Where a submission is, by its id. With an `Idempotency-Key` the id is derived from the key, so that this is the
/// idempotency record as well.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Receipt {
    /// The submission.
    pub submission_id: SubmissionId,
    /// The lead it belongs to.
    pub lead_id: LeadId,
    /// Keyed hash of the answers; tells a key that is used for something else.
    pub content: String,
    /// When it was received.
    pub received_at: Timestamp,
    /// Seconds since the epoch after which the table may forget it.
    pub expires_at: i64,
}

fn receipt_at(submission_id: &SubmissionId) -> Key {
    Key::new(format!("SUB#{submission_id}"), "SUB")
}

/// Reads a receipt.
pub async fn receipt<T: Table>(
    table: &T,
    submission_id: &SubmissionId,
) -> Result<Option<Receipt>, ReadError> {
    let item = table.get(&receipt_at(submission_id), Consistency::Strong).await?;
    Ok(item.map(from_item).transpose()?)
}

impl Receipt {
    /// A new receipt.
    pub fn new(
        submission_id: &SubmissionId,
        lead_id: &LeadId,
        content: &str,
        received_at: Timestamp,
    ) -> Self {
        Self {
            submission_id: submission_id.clone(),
            lead_id: lead_id.clone(),
            content: content.to_owned(),
            received_at,
            expires_at: (received_at + REMEMBERED).as_second(),
        }
    }
}

/// The write that keeps a receipt under an id: the submission's own, or the one that another `Idempotency-Key` for the
/// same answers would have given it.
pub fn receipt_put(under: &SubmissionId, receipt: &Receipt) -> Result<Write, Corrupt> {
    let item = to_item(receipt_at(under), receipt)?;
    Ok(Write::Put { item, only_if: Some(Condition::Absent) })
}

/// The write that moves a receipt to another lead.
pub fn receipt_move(receipt: &Receipt, lead_id: &LeadId) -> Result<Write, Corrupt> {
    let moved = Receipt { lead_id: lead_id.clone(), ..receipt.clone() };
    let item = to_item(receipt_at(&receipt.submission_id), &moved)?;
    Ok(Write::Put { item, only_if: Some(Condition::Exists) })
}

/// The same answers on the same form within ten minutes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Repeat {
    /// The submission that came first.
    pub submission_id: SubmissionId,
    /// Milliseconds since the epoch of the last time; the window slides with it.
    pub last_ms: i64,
    /// How often it came again.
    pub repeats: u32,
    /// Seconds since the epoch after which the table may forget it.
    pub expires_at: i64,
}

impl Repeat {
    /// Whether the window is still open.
    pub fn is_open(&self, now: Timestamp) -> bool {
        now.as_millisecond() - self.last_ms < REPEAT_WINDOW_S * 1_000
    }
}

fn repeat_at(content: &str) -> Key {
    Key::new(format!("SAME#{content}"), "SAME")
}

/// Reads the record of an answer's hash.
pub async fn repeat<T: Table>(table: &T, content: &str) -> Result<Option<Repeat>, ReadError> {
    let item = table.get(&repeat_at(content), Consistency::Strong).await?;
    Ok(item.map(from_item).transpose()?)
}

fn repeat_item(content: &str, repeat: &Repeat) -> Result<crate::table::Item, Corrupt> {
    to_item(repeat_at(content), repeat)
}

/// The write that opens a new window for these answers, unless one is open.
pub fn repeat_open(content: &str, submission_id: &SubmissionId, now: Timestamp) -> Result<Write, Corrupt> {
    let fresh = Repeat {
        submission_id: submission_id.clone(),
        last_ms: now.as_millisecond(),
        repeats: 0,
        expires_at: now.as_second() + 86_400,
    };
    let closed = Condition::Below("last_ms", now.as_millisecond() - REPEAT_WINDOW_S * 1_000 + 1);
    Ok(Write::Put {
        item: repeat_item(content, &fresh)?,
        only_if: Some(Condition::Any(vec![Condition::Absent, closed])),
    })
}

/// Counts one more repetition of a window that another has just slid, so that only the number is left to write. It needs
/// no condition: however many come at once, each is counted and none has to come again.
pub async fn repeat_counted<T: Table>(table: &T, content: &str, now: Timestamp) -> Result<(), TableError> {
    table.add(&repeat_at(content), "repeats", 1, now.as_second() + 86_400).await.map(|_| ())
}

/// The write that counts one more repetition and slides the window, unless another came between.
pub fn repeat_again(content: &str, seen: &Repeat, now: Timestamp) -> Result<Write, Corrupt> {
    let again = Repeat {
        last_ms: now.as_millisecond().max(seen.last_ms),
        repeats: seen.repeats + 1,
        expires_at: now.as_second() + 86_400,
        ..seen.clone()
    };
    Ok(Write::Put {
        item: repeat_item(content, &again)?,
        only_if: Some(Condition::All(vec![
            Condition::Equals("last_ms", number(seen.last_ms)),
            Condition::Equals("repeats", number(seen.repeats)),
        ])),
    })
}
