//! Leads: the row, its events, and the one way to commit a transition.

use std::collections::HashMap;

use jiff::Timestamp;
use leadline_core::ids::LeadId;
use leadline_core::lead::{Accountable, Event, EventKind, Lead};
use leadline_core::plant::Plant;
use serde::de::DeserializeOwned;

use crate::due;
use crate::rows::{Corrupt, from_item, number, to_item};
use crate::table::{
    AttributeValue, Condition, Consistency, Cursor, Index, Item, Key, Page, Query, Range, Source, Table,
    TableError, Write,
};

const ROW: &str = "LEAD";

/// Reading failed.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The table did not answer as it should.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The row makes no sense.
    #[error(transparent)]
    Corrupt(#[from] Corrupt),
}

/// A transition was not committed.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// The lead has changed since it was read: load it and decide again.
    #[error("the lead has changed meanwhile")]
    LeadChanged,
    /// Another row of the transaction has changed since it was read: load and decide again.
    #[error("write {index} of the transaction found something else")]
    OtherChanged {
        /// Position among the extra writes, from 0.
        index: usize,
    },
    /// Nothing is known to be written; the same can be tried again.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A row makes no sense.
    #[error(transparent)]
    Corrupt(#[from] Corrupt),
}

impl From<ReadError> for CommitError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Table(error) => CommitError::Table(error),
            ReadError::Corrupt(error) => CommitError::Corrupt(error),
        }
    }
}

impl CommitError {
    /// Whether loading and deciding again right away may help.
    pub fn is_race(&self) -> bool {
        matches!(
            self,
            CommitError::LeadChanged
                | CommitError::OtherChanged { .. }
                | CommitError::Table(TableError::Conflict)
        )
    }
}

/// The key of a lead's row.
pub fn lead_key(lead_id: &LeadId) -> Key {
    Key::new(lead_id.partition(), ROW)
}

/// The key of an item beside a lead's row.
pub(crate) fn beside(lead_id: &LeadId, sk: &str) -> Key {
    Key::new(lead_id.partition(), sk)
}

/// Lets a transaction fail when the lead is erased: for what is written beside a row without moving it.
pub(crate) fn unless_erased(lead_id: &LeadId) -> Write {
    let only_if = Condition::All(vec![Condition::Exists, Condition::Missing("erasure")]);
    Write::Check { key: lead_key(lead_id), only_if }
}

fn event_key(lead_id: &LeadId, version: u64) -> Key {
    Key::new(lead_id.partition(), format!("T#{version:010}"))
}

/// The row of a lead with the keys of all indexes.
pub fn lead_item(lead: &Lead) -> Result<Item, Corrupt> {
    let mut item = to_item(lead_key(&lead.lead_id), lead)?;
    let mut set = |name: &str, value: String| item.insert(name.to_owned(), AttributeValue::S(value));
    let due_at = if Plant::DueIndexForgotten.is_on() { Some(lead.created_at) } else { lead.due_at() };
    for (name, value) in due::keys(lead.lead_id.as_str(), due_at) {
        set(name, value);
    }
    let (own_key, own_sort) = Index::Owner.attributes();
    let owned = match lead.accountable() {
        Accountable::Rep(rep) if lead.stage.is_held() => {
            lead.owner.as_ref().map(|o| (format!("REP#{rep}"), o.offered_at))
        }
        Accountable::Pool(pool) => lead.parked.as_ref().map(|p| (format!("POOL#{pool}"), p.since)),
        Accountable::Rep(_) | Accountable::Queue(_) => None,
    };
    if let Some((owner, since)) = owned {
        set(own_key, owner);
        // Who is parked stands in line by priority, what a rep holds by time.
        let before = lead.place_in_line().map_or_else(String::new, |place| format!("{place}#"));
        set(own_sort, format!("{before}{:013}", since.as_millisecond()));
    }
    let (upd_shard, upd_key) = Index::Updated.attributes();
    set(upd_shard, format!("UPD#{}", due::shard(lead.lead_id.as_str())));
    set(upd_key, hour(lead.updated_at));
    Ok(item)
}

/// The hour of an instant, sortable as text. Coarse on purpose: an index key that changes with every transition would
/// cost two writes each time.
fn hour(at: Timestamp) -> String {
    format!("{:010}", at.as_second().div_euclid(3_600))
}

/// Loads a lead, strongly consistent.
pub async fn load<T: Table>(table: &T, lead_id: &LeadId) -> Result<Option<Lead>, ReadError> {
    let item = table.get(&lead_key(lead_id), Consistency::Strong).await?;
    Ok(item.map(from_item).transpose()?)
}

/// Loads leads, strongly consistent, in the order of the ids; one that is not there is left out.
pub async fn load_many<'i, T: Table>(
    table: &T,
    ids: impl IntoIterator<Item = &'i LeadId>,
) -> Result<Vec<Lead>, ReadError> {
    in_order(table, ids.into_iter().map(lead_key).collect()).await
}

async fn in_order<T: Table>(table: &T, keys: Vec<Key>) -> Result<Vec<Lead>, ReadError> {
    let items = if keys.is_empty() { Vec::new() } else { table.get_many(&keys).await? };
    let mut leads = items.into_iter().map(from_item::<Lead>).collect::<Result<Vec<_>, _>>()?;
    let place: HashMap<Key, usize> = keys.into_iter().zip(0..).collect();
    leads.sort_by_key(|lead| place.get(&lead_key(&lead.lead_id)).copied());
    Ok(leads)
}

/// Commits a transition: the event that the row still holds goes under its version first, then the new row replaces
/// the old one on condition that nobody came between, together with `extras` if there are any.
///
/// After an answer that leaves the outcome open, and after a conflict that may be our own earlier success, the row is
/// read back: the attempt in its events tells whose commit it was.
pub async fn commit<T: Table>(
    table: &T,
    before: Option<&Lead>,
    after: &Lead,
    extras: Vec<Write>,
) -> Result<(), CommitError> {
    if let Some(before) = before
        && !Plant::EventForgotten.is_on()
    {
        keep_event(table, before).await?;
    }
    let only_if = match before {
        Some(_) if Plant::NoVersionCheck.is_on() => None,
        Some(_) if Plant::UnconditionalRoute.is_on() && is_offer(after) => None,
        Some(before) => Some(Condition::Equals("version", number(before.version))),
        None => Some(Condition::Absent),
    };
    let put = Write::Put { item: lead_item(after)?, only_if };
    let outcome = if extras.is_empty() {
        table.write(put).await
    } else {
        table.transact(std::iter::once(put).chain(extras).collect()).await
    };
    let error = match outcome {
        Ok(()) => return Ok(()),
        Err(error @ (TableError::ConditionFailed { .. } | TableError::Unclear(_))) => error,
        Err(error) => return Err(error.into()),
    };
    if !Plant::NoReadBack.is_on() && is_committed(table, after).await? {
        return Ok(());
    }
    match error {
        TableError::ConditionFailed { index: 0, .. } => Err(CommitError::LeadChanged),
        TableError::ConditionFailed { index, .. } => Err(CommitError::OtherChanged { index: index - 1 }),
        other => Err(other.into()),
    }
}

fn is_offer(lead: &Lead) -> bool {
    matches!(lead.last_event.kind, EventKind::Offered { .. })
}

/// The write that replaces an event which is kept already, with one of the same version.
pub(crate) fn event_replace(lead_id: &LeadId, event: &Event) -> Result<Write, Corrupt> {
    Ok(Write::Put { item: to_item(event_key(lead_id, event.seq), event)?, only_if: Some(Condition::Exists) })
}

/// Whether this very attempt stands in the lead's history.
async fn is_committed<T: Table>(table: &T, after: &Lead) -> Result<bool, ReadError> {
    let Some(now) = load(table, &after.lead_id).await? else { return Ok(false) };
    if now.version < after.version {
        return Ok(false);
    }
    if now.version == after.version {
        return Ok(now.attempt() == after.attempt());
    }
    let item = table.get(&event_key(&after.lead_id, after.version), Consistency::Strong).await?;
    let event: Option<Event> = item.map(from_item).transpose()?;
    Ok(event.is_some_and(|e| e.attempt == *after.attempt()))
}

/// The write that replaces a lead's row on condition of its version, for transactions over two leads.
pub fn replace(before: &Lead, after: &Lead) -> Result<Write, Corrupt> {
    let only_if = Some(Condition::Equals("version", number(before.version)));
    Ok(Write::Put { item: lead_item(after)?, only_if })
}

/// Puts the event that a row still holds under its version, as every commit does first. The first put counts: a worker
/// that was held up must not bring back words that an erasure has taken out since.
pub async fn keep_event<T: Table>(table: &T, lead: &Lead) -> Result<(), CommitError> {
    let item = to_item(event_key(&lead.lead_id, lead.last_event.seq), &lead.last_event)?;
    match table.write(Write::Put { item, only_if: Some(Condition::Absent) }).await {
        Ok(()) | Err(TableError::ConditionFailed { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Writes what is no transition, on condition of the version: a look at the lead that is put off, events that are on the
/// bus. Of two such writes at once one is lost, so only that may be written which is looked at or sent again then.
pub async fn amend<T: Table>(table: &T, lead: &Lead) -> Result<(), CommitError> {
    let checked = Some(Condition::Equals("version", number(lead.version)));
    let only_if = if Plant::AmendUnchecked.is_on() { None } else { checked };
    match table.write(Write::Put { item: lead_item(lead)?, only_if }).await {
        Err(TableError::ConditionFailed { .. }) => Err(CommitError::LeadChanged),
        other => Ok(other?),
    }
}

/// The events of a lead from `from` on, in order, at most `limit`; the row's own event is the last.
pub async fn events<T: Table>(
    table: &T,
    lead: &Lead,
    from: u64,
    limit: u32,
) -> Result<Vec<Event>, ReadError> {
    let mut events = Vec::new();
    let mut start = None;
    loop {
        if from >= lead.version {
            break;
        }
        let query = Query {
            source: Source::Table(Consistency::Strong),
            partition: lead.lead_id.partition(),
            // Below the row's version only: what a stalled worker may still put there is not history.
            range: Range::Between(format!("T#{from:010}"), format!("T#{:010}", lead.version - 1)),
            limit,
            start,
        };
        let Page { items, next } = table.query(query).await?;
        for item in items {
            events.push(from_item(item)?);
        }
        start = next;
        if start.is_none() || events.len() >= limit as usize {
            break;
        }
    }
    events.truncate(limit as usize);
    if events.len() < limit as usize && from <= lead.version {
        events.push(lead.last_event.clone());
    }
    Ok(events)
}

/// Everything of a partition that begins with a prefix, whole.
pub(crate) async fn all<T: Table, V: DeserializeOwned>(
    table: &T,
    lead_id: &LeadId,
    prefix: &str,
) -> Result<Vec<V>, ReadError> {
    let items = items(table, lead_id, Range::Prefix(prefix.to_owned())).await?;
    Ok(items.into_iter().map(from_item).collect::<Result<_, _>>()?)
}

/// A lead's row and everything beside it, as it is stored.
pub(crate) async fn everything<T: Table>(table: &T, lead_id: &LeadId) -> Result<Vec<Item>, TableError> {
    items(table, lead_id, Range::All).await
}

async fn items<T: Table>(table: &T, lead_id: &LeadId, range: Range) -> Result<Vec<Item>, TableError> {
    let mut items = Vec::new();
    let mut start = None;
    loop {
        let query = Query {
            source: Source::Table(Consistency::Strong),
            partition: lead_id.partition(),
            range: range.clone(),
            limit: 100,
            start,
        };
        let page = table.query(query).await?;
        items.extend(page.items);
        match page.next {
            None => return Ok(items),
            next => start = next,
        }
    }
}

/// A page of leads.
#[derive(Debug, Default)]
pub struct LeadPage {
    /// The leads, as their rows are now.
    pub leads: Vec<Lead>,
    /// Where the next page begins.
    pub next: Option<Cursor>,
}

/// The leads of one partition of an index whose rows are read back.
pub async fn by_index<T: Table>(table: &T, query: Query) -> Result<LeadPage, ReadError> {
    let page = table.query(query).await?;
    let keys: Vec<Key> = page.items.iter().filter_map(Key::of).collect();
    Ok(LeadPage { leads: in_order(table, keys).await?, next: page.next })
}

/// The query for the leads that a rep holds, the longest held first.
pub fn held_by_query(rep_id: &leadline_core::ids::RepId, limit: u32, start: Option<Cursor>) -> Query {
    index_query(Index::Owner, format!("REP#{rep_id}"), Range::All, limit, start)
}

/// The query for the leads that are parked for a pool, in the order in which they are due a rep.
pub fn parked_query(pool_id: &leadline_core::ids::PoolId, limit: u32, start: Option<Cursor>) -> Query {
    index_query(Index::Owner, format!("POOL#{pool_id}"), Range::All, limit, start)
}

/// The query for the leads of one shard that changed in or after the hour of `since`.
pub fn updated_query(shard: u8, since: Option<Timestamp>, limit: u32, start: Option<Cursor>) -> Query {
    let range = since.map_or(Range::All, |at| Range::From(hour(at)));
    index_query(Index::Updated, format!("UPD#{shard}"), range, limit, start)
}

fn index_query(index: Index, partition: String, range: Range, limit: u32, start: Option<Cursor>) -> Query {
    Query { source: Source::Index(index), partition, range, limit, start }
}
