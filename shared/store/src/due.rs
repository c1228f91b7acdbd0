//! The index of everything that is due some time: leads, deliveries, erasures and reps.

use jiff::Timestamp;
use leadline_core::ids::RepId;

use crate::table::{AttributeValue, Cursor, Index, Item, Key, Query, Range, Source};

/// Over how many partitions the due and updated indexes are spread. May only be raised: readers visit every shard.
pub const SHARDS: u8 = 4;

/// The shard of a row by its id, which ends in random hexadecimal digits or is a rep's.
pub(crate) fn shard(id: &str) -> u8 {
    id.bytes().last().map_or(0, |b| b % SHARDS)
}

/// The index's keys for a row: present exactly while a timer runs. Rows that are due at the same instant have the same
/// keys; the table's own tell them apart.
pub(crate) fn keys(id: &str, due_at: Option<Timestamp>) -> Vec<(&'static str, String)> {
    let (partition, sort) = Index::Due.attributes();
    due_at.map_or_else(Vec::new, |at| {
        vec![(partition, format!("DUE#{}", shard(id))), (sort, format!("{:013}", at.as_millisecond()))]
    })
}

/// The query for what is due in one shard up to an instant.
pub fn query(shard: u8, until: Timestamp, limit: u32, start: Option<Cursor>) -> Query {
    let range = Range::UpTo(format!("{:013}", until.as_millisecond()));
    Query { source: Source::Index(Index::Due), partition: format!("DUE#{shard}"), range, limit, start }
}

/// What an entry of the index says: when, in milliseconds since the epoch, and the name of the row in wake-ups.
pub fn entry(item: &Item) -> Option<(i64, String)> {
    let Key { pk, .. } = Key::of(item)?;
    let Some(AttributeValue::S(due_ms)) = item.get(Index::Due.attributes().1) else { return None };
    let (kind, id) = pk.split_once('#')?;
    let id = if kind == "REP" { format!("{REP_PREFIX}{id}") } else { id.to_owned() };
    Some((due_ms.parse().ok()?, id))
}

const REP_PREFIX: &str = "rep:";

/// The name of a rep's row in wake-ups. Names of the playbook have no colon.
pub fn name_of_rep(rep_id: &RepId) -> String {
    format!("{REP_PREFIX}{rep_id}")
}

/// The rep behind such a name, if it is one.
pub fn rep_of(name: &str) -> Option<RepId> {
    RepId::parse(name.strip_prefix(REP_PREFIX)?).ok()
}
