//! Erasures: what is left to do for one, and in the end the receipt of it.
//!
//! The row is the state machine here as well. It is due until everything is done, so that the sweep goes on where a
//! worker stopped; the first transaction that names a lead in it makes the erasure of that lead irrevocable.

mod trace;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use leadline_core::ids::{ErasureId, LeadId};
use serde::{Deserialize, Serialize};

use crate::due;
use crate::leads::{CommitError, ReadError};
use crate::rows::{Corrupt, from_item, number, to_item};
use crate::table::{AttributeValue, Condition, Consistency, Key, Table, TableError, Write};

pub use trace::{clean_up, count};

/// What an erasure does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Look for the leads of the mailbox and erase each.
    Search,
    /// Count what stands beside them, for the receipt.
    Count,
    /// Take that away.
    CleanUp,
    /// Wait until nobody can still be at work who began before, and take away what such a one left.
    LookAgain,
    /// Nothing.
    Done,
}

/// A lead that has been erased, and the key of its mailbox while that is still needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasedLead {
    /// The lead.
    pub lead_id: LeadId,
    /// Keyed hash of its own address.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub mailbox: Option<String>,
}

/// A place where personal data, or something that leads to it, is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Store {
    /// Rows of leads.
    Leads,
    /// Events.
    Timelines,
    /// What was typed.
    Submissions,
    /// What enrichment found.
    Facts,
    /// Score cards.
    Scores,
    /// Decisions of routing.
    Routes,
    /// Notifications with their own retries.
    Deliveries,
    /// Submissions by their id.
    Receipts,
    /// Submissions by their answers.
    Repeats,
    /// Mailboxes.
    Claims,
    /// Leads by further mailboxes.
    Pointers,
    /// Acknowledgements by address.
    MailCounters,
    /// What a company's leads know of each other.
    Companies,
    /// Reps' loads.
    Loads,
    /// Submissions by network address.
    RateCounters,
    /// Anything else beside a lead.
    Others,
}

impl Store {
    /// The name in receipts.
    pub const fn name(self) -> &'static str {
        match self {
            Store::Leads => "leads",
            Store::Timelines => "timelines",
            Store::Submissions => "submissions",
            Store::Facts => "facts",
            Store::Scores => "scores",
            Store::Routes => "routes",
            Store::Deliveries => "deliveries",
            Store::Receipts => "receipts",
            Store::Repeats => "repeats",
            Store::Claims => "claims",
            Store::Pointers => "pointers",
            Store::MailCounters => "mail_counters",
            Store::Companies => "companies",
            Store::Loads => "loads",
            Store::RateCounters => "rate_counters",
            Store::Others => "others",
        }
    }

    /// What an erasure does there.
    pub const fn what(self) -> &'static str {
        match self {
            Store::Leads => "reduced to a stub without personal data",
            Store::Timelines => "words that people chose taken out; ids, times and the playbook's words stay",
            Store::Submissions
            | Store::Facts
            | Store::Scores
            | Store::Routes
            | Store::Deliveries
            | Store::Repeats
            | Store::Pointers
            | Store::MailCounters
            | Store::Others => "deleted",
            Store::Receipts => "reduced to the blocked id; forgotten 400 days after receipt",
            Store::Claims => "turned into a tombstone: a keyed hash and the time",
            Store::Companies => {
                "lead and rep taken out; what is left is a keyed hash, forgotten 400 days after the last offer"
            }
            Store::Loads => "place given back",
            Store::RateCounters => {
                "left: counts under a keyed hash of a network address, which expire by themselves"
            }
        }
    }
}

/// How much was touched, by store.
pub type Touched = BTreeMap<Store, u64>;

/// One erasure. Without personal data: who asked, when, which leads, and how much was touched where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// Its id.
    pub erasure_id: ErasureId,
    /// Goes up by one with every write.
    pub version: u64,
    /// From when it holds: what was received before does not come back.
    pub erased_at: Timestamp,
    /// The subject of the key that asked for it.
    pub by: String,
    /// Why, as a short code.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
    /// What comes next.
    pub phase: Phase,
    /// The key of the mailbox that is to be searched.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub mailbox: Option<String>,
    /// The leads erased so far.
    pub leads: Vec<ErasedLead>,
    /// What was touched so far.
    pub stores: Touched,
    /// When the sweep goes on with it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next_at: Option<Timestamp>,
    /// When everything that had been there was done away with.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub finished_at: Option<Timestamp>,
}

/// How long a worker is left alone with an erasure before the sweep goes on with it.
const PATIENCE: SignedDuration = SignedDuration::from_secs(60);

/// After that nobody is at work any more who read a lead before it was erased: the longest that Lambda lets a function
/// run. Such a worker can no longer commit, but it may still put the record of a decision that then comes to nothing.
const STRAGGLERS: SignedDuration = SignedDuration::from_mins(15);

impl Erasure {
    /// The erasure of one lead, which the same transaction will name in it.
    pub fn of_lead(id: ErasureId, by: &str, reason: Option<String>, erased_at: Timestamp) -> Self {
        Self {
            erasure_id: id,
            version: 0,
            erased_at,
            by: by.to_owned(),
            reason,
            phase: Phase::Count,
            mailbox: None,
            leads: Vec::new(),
            stores: Touched::from([(Store::RateCounters, 0)]),
            next_at: None,
            finished_at: None,
        }
    }

    /// The erasure of everything behind a mailbox, by its key, whose claim the same transaction makes a tombstone.
    pub fn of_mailbox(
        id: ErasureId,
        by: &str,
        reason: Option<String>,
        mailbox: &str,
        now: Timestamp,
        erased_at: Timestamp,
    ) -> Self {
        let fresh = Self::of_lead(id, by, reason, erased_at);
        let begun = Self { phase: Phase::Search, mailbox: Some(mailbox.to_owned()), ..fresh };
        begun.next(now, [(Store::Claims, 1)])
    }

    /// With one more lead. `stores` is what its transaction touches.
    #[must_use]
    pub fn with_lead(
        &self,
        lead: ErasedLead,
        stores: impl IntoIterator<Item = (Store, u64)>,
        now: Timestamp,
    ) -> Self {
        let mut next = self.next(now, stores);
        next.leads.push(lead);
        next
    }

    /// All leads of the mailbox are found.
    #[must_use]
    pub fn searched(&self, now: Timestamp) -> Self {
        Self { phase: Phase::Count, ..self.next(now, []) }
    }

    /// What stands beside the leads is counted.
    #[must_use]
    pub fn counted(&self, stores: Touched, now: Timestamp) -> Self {
        Self { phase: Phase::CleanUp, ..self.next(now, stores) }
    }

    /// Nothing personal is left. What is not needed for the receipt goes.
    #[must_use]
    pub fn finished(&self, now: Timestamp) -> Self {
        let leads =
            self.leads.iter().map(|l| ErasedLead { lead_id: l.lead_id.clone(), mailbox: None }).collect();
        Self {
            phase: Phase::LookAgain,
            mailbox: None,
            leads,
            next_at: Some(now + STRAGGLERS),
            finished_at: Some(now),
            ..self.next(now, [])
        }
    }

    /// Nothing can come any more.
    #[must_use]
    pub fn closed(&self, now: Timestamp) -> Self {
        Self { phase: Phase::Done, next_at: None, ..self.next(now, []) }
    }

    /// Whether there is nothing to do for it, at least for now.
    pub fn waits(&self, now: Timestamp) -> bool {
        match self.phase {
            Phase::Done => true,
            Phase::LookAgain => self.next_at.is_some_and(|at| at > now),
            Phase::Search | Phase::Count | Phase::CleanUp => false,
        }
    }

    fn next(&self, now: Timestamp, stores: impl IntoIterator<Item = (Store, u64)>) -> Self {
        let mut next = Self { version: self.version + 1, next_at: Some(now + PATIENCE), ..self.clone() };
        for (store, items) in stores {
            *next.stores.entry(store).or_default() += items;
        }
        next
    }
}

fn key(erasure_id: &ErasureId) -> Key {
    Key::new(format!("ERASE#{erasure_id}"), "ERASE")
}

/// Reads an erasure.
pub async fn load<T: Table>(table: &T, erasure_id: &ErasureId) -> Result<Option<Erasure>, ReadError> {
    let item = table.get(&key(erasure_id), Consistency::Strong).await?;
    Ok(item.map(from_item).transpose()?)
}

/// The write of an erasure's next state, if nobody came between.
pub fn put(erasure: &Erasure) -> Result<Write, Corrupt> {
    let mut item = to_item(key(&erasure.erasure_id), erasure)?;
    for (name, value) in due::keys(erasure.erasure_id.as_str(), erasure.next_at) {
        item.insert(name.to_owned(), AttributeValue::S(value));
    }
    let only_if = match erasure.version {
        1 => Condition::Absent,
        version => Condition::Equals("version", number(version - 1)),
    };
    Ok(Write::Put { item, only_if: Some(only_if) })
}

/// Writes an erasure's next state; [`CommitError::LeadChanged`] when another worker came between.
pub async fn advance<T: Table>(table: &T, next: &Erasure) -> Result<(), CommitError> {
    match table.write(put(next)?).await {
        Ok(()) => Ok(()),
        Err(TableError::ConditionFailed { .. }) => Err(CommitError::LeadChanged),
        Err(error) => Err(error.into()),
    }
}
