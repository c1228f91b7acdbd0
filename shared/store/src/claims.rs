//! Claims on addresses and what erasures leave of them, pointers to leads without a claim, and the records by which the
//! same submission is recognised.

use jiff::{SignedDuration, Timestamp};
use leadline_core::identity::REPEAT_WINDOW_S;
use leadline_core::ids::{LeadId, SubmissionId};
use leadline_core::plant::Plant;
use serde::{Deserialize, Serialize};

use crate::leads::ReadError;
use crate::rows::{Corrupt, from_item, number, to_item};
use crate::table::{
    AttributeValue, Condition, Consistency, Key, Query, Range, Source, Table, TableError, Write,
};

/// For how long an `Idempotency-Key` is remembered, and a submission can be looked up by its id: 400 days.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24 * 400);

/// What stands for a mailbox: the lead that has it, and since when nothing older may come back.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Claim {
    /// The lead; none when the last one was erased.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub lead_id: Option<LeadId>,
    /// Milliseconds since the epoch of the last erasure. It stays for good: a tombstone under a keyed hash.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub erased_ms: Option<i64>,
}

impl Claim {
    /// Whether what was received then is from before the mailbox was erased.
    pub fn bars(&self, received_at: Timestamp) -> bool {
        self.erased_ms.is_some_and(|erased_ms| received_at.as_millisecond() < erased_ms)
    }
}

fn mailbox_partition(key: &str) -> String {
    format!("ID#EMAIL#{key}")
}

fn claim_at(key: &str) -> Key {
    Key::new(mailbox_partition(key), "ID")
}

/// Reads the claim on an address by its keyed hash.
pub async fn claim<T: Table>(table: &T, key: &str) -> Result<Option<Claim>, ReadError> {
    let item = table.get(&claim_at(key), Consistency::Strong).await?;
    Ok(item.map(from_item).transpose()?)
}

/// The condition that a claim stands as it was read.
fn as_read(seen: Option<&Claim>) -> Condition {
    let Some(seen) = seen else { return Condition::Absent };
    let text = |id: &LeadId| AttributeValue::S(id.to_string());
    Condition::All(vec![
        seen.lead_id
            .as_ref()
            .map_or(Condition::Missing("lead_id"), |id| Condition::Equals("lead_id", text(id))),
        seen.erased_ms
            .map_or(Condition::Missing("erased_ms"), |ms| Condition::Equals("erased_ms", number(ms))),
    ])
}

/// The write that takes an address for a lead, if its claim still stands as it was read. When it was erased stays.
pub fn claim_put(key: &str, lead_id: &LeadId, seen: Option<&Claim>) -> Result<Write, Corrupt> {
    let claim = Claim { lead_id: Some(lead_id.clone()), erased_ms: seen.and_then(|s| s.erased_ms) };
    let only_if = (!Plant::ClaimTaken.is_on()).then(|| as_read(seen));
    Ok(Write::Put { item: to_item(claim_at(key), &claim)?, only_if })
}

/// The write that makes a mailbox's claim a tombstone, if it still stands as it was read. `of` is the lead that has it no
/// longer; another lead's claim stays beside the tombstone. The later of two erasures counts.
pub fn tombstone_put(
    key: &str,
    seen: Option<&Claim>,
    of: Option<&LeadId>,
    erased_at: Timestamp,
) -> Result<Write, Corrupt> {
    let holder = seen.and_then(|s| s.lead_id.clone()).filter(|holder| Some(holder) != of);
    let erased_ms = seen.and_then(|s| s.erased_ms).max(Some(erased_at.as_millisecond()));
    let erased_ms = if Plant::TombstoneSkipped.is_on() { None } else { erased_ms };
    let claim = Claim { lead_id: holder, erased_ms };
    Ok(Write::Put { item: to_item(claim_at(key), &claim)?, only_if: Some(as_read(seen)) })
}

/// Lets a transaction fail when a mailbox has been erased after `received_at`: for what takes no claim on it.
pub fn unless_erased(key: &str, received_at: Timestamp) -> Write {
    let before = Condition::Below("erased_ms", received_at.as_millisecond() + 1);
    let only_if = Condition::Any(vec![Condition::Missing("erased_ms"), before]);
    Write::Check { key: claim_at(key), only_if }
}

/// Leads from a mailbox to a lead that has it without the claim: quarantined, merged, behind a shared address, or with
/// this mailbox as a further one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Pointer {
    /// The lead.
    pub lead_id: LeadId,
    /// The key of the lead's own mailbox.
    pub mailbox: String,
}

fn pointer_at(key: &str, lead_id: &LeadId) -> Key {
    Key::new(mailbox_partition(key), format!("LEAD#{lead_id}"))
}

/// The write that lets a lead be found by a mailbox.
pub fn pointer_put(key: &str, pointer: &Pointer) -> Result<Write, Corrupt> {
    let item = to_item(pointer_at(key, &pointer.lead_id), pointer)?;
    Ok(Write::Put { item, only_if: None })
}

/// The write that takes a pointer away.
pub fn pointer_delete(key: &str, lead_id: &LeadId) -> Write {
    Write::Delete { key: pointer_at(key, lead_id), only_if: None }
}

/// Whether there is such a pointer.
pub(crate) async fn has_pointer<T: Table>(
    table: &T,
    key: &str,
    lead_id: &LeadId,
) -> Result<bool, TableError> {
    Ok(table.get(&pointer_at(key, lead_id), Consistency::Strong).await?.is_some())
}

/// Everything that is known of a mailbox.
#[derive(Debug, Clone, Default)]
pub struct Mailbox {
    /// The claim, or what an erasure left of it.
    pub claim: Option<Claim>,
    /// The leads without the claim.
    pub pointers: Vec<Pointer>,
}

impl Mailbox {
    /// Every lead, the one with the claim first, each with the key of its own mailbox. `key` is that of this one.
    pub fn leads(&self, key: &str) -> Vec<Pointer> {
        let holder = self.claim.as_ref().and_then(|c| c.lead_id.clone());
        let own = holder.map(|lead_id| Pointer { lead_id, mailbox: key.to_owned() });
        let is_holder = |p: &&Pointer| own.as_ref().is_some_and(|own| own.lead_id == p.lead_id);
        let others = self.pointers.iter().filter(|p| !is_holder(p)).cloned().collect::<Vec<_>>();
        own.into_iter().chain(others).collect()
    }
}

/// Reads everything about a mailbox, strongly consistent.
pub async fn mailbox<T: Table>(table: &T, key: &str) -> Result<Mailbox, ReadError> {
    let mut found = Mailbox::default();
    let mut start = None;
    loop {
        let query = Query {
            source: Source::Table(Consistency::Strong),
            partition: mailbox_partition(key),
            range: Range::All,
            limit: 100,
            start,
        };
        let page = table.query(query).await?;
        for item in page.items {
            if Key::of(&item) == Some(claim_at(key)) {
                found.claim = Some(from_item(item)?);
            } else {
                found.pointers.push(from_item(item)?);
            }
        }
        match page.next {
            None => return Ok(found),
            next => start = next,
        }
    }
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

/// What is known of a submission's id.
#[derive(Debug, Clone)]
pub enum Remembered {
    /// The submission is there.
    Kept(Receipt),
    /// It was, and has been erased: the id stays blocked.
    Erased,
}

/// Stands under the id that another `Idempotency-Key` for the same answers would have given a submission.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Alias {
    alias_of: SubmissionId,
    expires_at: i64,
}

/// What an erasure leaves of a receipt.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Blocked {
    erased_ms: i64,
    expires_at: i64,
}

fn receipt_at(submission_id: &SubmissionId) -> Key {
    Key::new(format!("SUB#{submission_id}"), "SUB")
}

/// Reads a receipt, also by another key's id for the same submission.
pub async fn receipt<T: Table>(
    table: &T,
    submission_id: &SubmissionId,
) -> Result<Option<Remembered>, ReadError> {
    let mut item = table.get(&receipt_at(submission_id), Consistency::Strong).await?;
    if let Some(alias) = item.take_if(|item| item.contains_key("alias_of")) {
        let alias: Alias = from_item(alias)?;
        item = table.get(&receipt_at(&alias.alias_of), Consistency::Strong).await?;
    }
    match item {
        None => Ok(None),
        Some(item) if item.contains_key("erased_ms") => Ok(Some(Remembered::Erased)),
        Some(item) => Ok(Some(Remembered::Kept(from_item(item)?))),
    }
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

/// The write that keeps a receipt under its submission's own id.
pub fn receipt_put(receipt: &Receipt) -> Result<Write, Corrupt> {
    let item = to_item(receipt_at(&receipt.submission_id), receipt)?;
    Ok(Write::Put { item, only_if: Some(Condition::Absent) })
}

/// The write that lets another key's id mean a submission as well. It holds nothing but the two ids, so that what becomes
/// of the submission needs to be known in one place only.
pub fn alias_put(under: &SubmissionId, of: &Receipt) -> Result<Write, Corrupt> {
    let alias = Alias { alias_of: of.submission_id.clone(), expires_at: of.expires_at };
    Ok(Write::Put { item: to_item(receipt_at(under), &alias)?, only_if: Some(Condition::Absent) })
}

/// The write that moves a receipt to another lead.
pub fn receipt_move(receipt: &Receipt, lead_id: &LeadId) -> Result<Write, Corrupt> {
    let moved = Receipt { lead_id: lead_id.clone(), ..receipt.clone() };
    let item = to_item(receipt_at(&receipt.submission_id), &moved)?;
    Ok(Write::Put { item, only_if: Some(Condition::Exists) })
}

/// The write that leaves of a receipt only that its id is blocked.
pub(crate) fn receipt_block(receipt: &Receipt, erased_at: Timestamp) -> Result<Write, Corrupt> {
    let blocked = Blocked { erased_ms: erased_at.as_millisecond(), expires_at: receipt.expires_at };
    let item = to_item(receipt_at(&receipt.submission_id), &blocked)?;
    Ok(Write::Put { item, only_if: Some(Condition::Exists) })
}

/// Blocks the id of a submission that came too late to be kept: its person was erased while it was on its way.
pub async fn block<T: Table>(
    table: &T,
    submission_id: &SubmissionId,
    received_at: Timestamp,
) -> Result<(), ReadError> {
    let expires_at = (received_at + REMEMBERED).as_second();
    let blocked = Blocked { erased_ms: received_at.as_millisecond(), expires_at };
    let item = to_item(receipt_at(submission_id), &blocked)?;
    match table.write(Write::Put { item, only_if: Some(Condition::Absent) }).await {
        // The same submission, twice at once.
        Ok(()) | Err(TableError::ConditionFailed { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
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
    let closed = Condition::Below("last_ms", now.as_millisecond() - REPEAT_WINDOW_S * 1_000 + 1);
    let mut free = vec![Condition::Missing("last_ms"), closed];
    let text = |id: &SubmissionId| AttributeValue::S(id.to_string());
    free.extend(erased.map(|id| Condition::Equals("submission_id", text(id))));
    Ok(Write::Put { item: repeat_item(content, &fresh)?, only_if: Some(Condition::Any(free)) })
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
