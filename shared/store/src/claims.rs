//! Claims on addresses and what erasures leave of them, pointers to leads without a claim, and the records by which the
//! same submission is recognised.

mod repeats;

use jiff::{SignedDuration, Timestamp};
use leadline_core::ids::{LeadId, SubmissionId};
use leadline_core::plant::Plant;
use serde::{Deserialize, Serialize};

use crate::leads::ReadError;
use crate::rows::{Corrupt, from_item, number, to_item};
use crate::table::{
    AttributeValue, Condition, Consistency, Key, Query, Range, Source, Table, TableError, Write,
};

pub(crate) use repeats::repeat_delete;
pub use repeats::{Repeat, repeat, repeat_again, repeat_begun, repeat_counted, repeat_open};

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
    /// The submission that made the lead. The same answers have the same mailbox, so that a repetition of it is recognised
    /// here, and needs a record of its own only when there is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub first: Option<FirstAnswers>,
}

/// What the first submission of a lead said.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FirstAnswers {
    /// Keyed hash of the answers.
    pub content: String,
    /// The submission.
    pub submission_id: SubmissionId,
    /// Milliseconds since the epoch of its receipt.
    pub at_ms: i64,
}

impl Claim {
    /// Whether what was received then is from before the mailbox was erased.
    pub fn bars(&self, received_at: Timestamp) -> bool {
        self.erased_ms.is_some_and(|erased_ms| received_at.as_millisecond() < erased_ms)
    }

    /// The first submission, if it said the same, as one that has not been repeated yet.
    pub fn repeated_by(&self, content: &str) -> Option<Repeat> {
        let first = self.first.as_ref().filter(|first| first.content == content)?;
        let submission_id = first.submission_id.clone();
        Some(Repeat { submission_id, last_ms: first.at_ms, repeats: 0, expires_at: 0 })
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
pub fn claim_put(
    key: &str,
    lead_id: &LeadId,
    first: Option<FirstAnswers>,
    seen: Option<&Claim>,
) -> Result<Write, Corrupt> {
    let claim = Claim { lead_id: Some(lead_id.clone()), erased_ms: seen.and_then(|s| s.erased_ms), first };
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
    let claim = Claim { lead_id: holder, erased_ms, first: None };
    Ok(Write::Put { item: to_item(claim_at(key), &claim)?, only_if: Some(as_read(seen)) })
}

/// Lets a transaction fail when a claim no longer stands as it was read: for what takes none although it could.
pub fn claim_check(key: &str, seen: Option<&Claim>) -> Write {
    Write::Check { key: claim_at(key), only_if: as_read(seen) }
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
