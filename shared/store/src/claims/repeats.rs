//! Repetitions: the same answers within ten minutes of the last time are one submission. What made a lead is recognised by
//! the claim on its mailbox; everything else, and what has been repeated, by a record under the hash of the answers.

use jiff::Timestamp;
use leadline_core::identity::REPEAT_WINDOW_S;
use leadline_core::ids::SubmissionId;
use serde::{Deserialize, Serialize};

use crate::leads::ReadError;
use crate::rows::{Corrupt, from_item, number, to_item};
use crate::table::{AttributeValue, Condition, Consistency, Key, Table, TableError, Write};

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
    // A late count may have come by after the record was erased: a number alone says nothing.
    let item = item.filter(|item| item.contains_key("submission_id"));
    Ok(item.map(from_item).transpose()?)
}

/// The write that deletes the record, if it is still this submission's.
pub(crate) fn repeat_delete(content: &str, submission_id: &SubmissionId) -> Write {
    let own = Condition::Equals("submission_id", AttributeValue::S(submission_id.to_string()));
    Write::Delete { key: repeat_at(content), only_if: Some(own) }
}

fn repeat_item(content: &str, repeat: &Repeat) -> Result<crate::table::Item, Corrupt> {
    to_item(repeat_at(content), repeat)
}

/// The conditions of which one has to hold for a new window to open.
fn is_free(now: Timestamp) -> Vec<Condition> {
    let closed = Condition::Below("last_ms", now.as_millisecond() - REPEAT_WINDOW_S * 1_000 + 1);
    vec![Condition::Missing("last_ms"), closed]
}

/// The write that opens a new window for these answers, unless one is open; that of `erased`, a submission which is no
/// longer there, does not count.
pub fn repeat_open(
    content: &str,
    submission_id: &SubmissionId,
    erased: Option<&SubmissionId>,
    now: Timestamp,
) -> Result<Write, Corrupt> {
    let fresh = Repeat {
        submission_id: submission_id.clone(),
        last_ms: now.as_millisecond(),
        repeats: 0,
        expires_at: now.as_second() + 86_400,
    };
    let mut free = is_free(now);
    let text = |id: &SubmissionId| AttributeValue::S(id.to_string());
    free.extend(erased.map(|id| Condition::Equals("submission_id", text(id))));
    Ok(Write::Put { item: repeat_item(content, &fresh)?, only_if: Some(Condition::Any(free)) })
}

/// Counts one more repetition of a window that another has just slid, so that only the number is left to write. It needs
/// no condition: however many come at once, each is counted and none has to come again.
pub async fn repeat_counted<T: Table>(table: &T, content: &str, now: Timestamp) -> Result<(), TableError> {
    table.add(&repeat_at(content), "repeats", 1, now.as_second() + 86_400).await.map(|_| ())
}

/// The write that counts the first repetition of what only the claim knows of, unless another came between.
pub fn repeat_begun(content: &str, first: &Repeat, now: Timestamp) -> Result<Write, Corrupt> {
    let begun = Repeat {
        last_ms: now.as_millisecond().max(first.last_ms),
        repeats: 1,
        expires_at: now.as_second() + 86_400,
        ..first.clone()
    };
    Ok(Write::Put { item: repeat_item(content, &begun)?, only_if: Some(Condition::Any(is_free(now))) })
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
