//! Pools and reps: turns, loads, presence.

use std::collections::BTreeMap;

use leadline_core::ids::{PoolId, RepId};
use leadline_core::plant::Plant;
use leadline_core::routing::{PoolState, RepState, Snapshot};
use serde::{Deserialize, Serialize};

use crate::due;
use crate::leads::ReadError;
use crate::rows::{Corrupt, from_item, number, to_item};
use crate::table::{AttributeValue, Condition, Consistency, Item, Key, Table, Write};

#[derive(Debug, Clone, Serialize, Deserialize)]
struct PoolRow {
    pool_id: PoolId,
    version: u64,
    #[serde(flatten)]
    state: PoolState,
}

fn pool_key(pool_id: &PoolId) -> Key {
    Key::new(format!("POOL#{pool_id}"), "POOL")
}

fn rep_key(rep_id: &RepId) -> Key {
    Key::new(format!("REP#{rep_id}"), "REP")
}

/// A pool's state with the version that a write must find.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Versioned {
    /// The pool and its members.
    pub snapshot: Snapshot,
    /// The version of the pool's row; 0 when there is none yet.
    pub pool_version: u64,
}

/// Reads a pool and its members in one round trip.
pub async fn snapshot<T: Table>(
    table: &T,
    pool_id: &PoolId,
    members: &[RepId],
) -> Result<Versioned, ReadError> {
    let mut keys = vec![pool_key(pool_id)];
    keys.extend(members.iter().map(rep_key));
    let mut found = Versioned::default();
    let mut reps = BTreeMap::new();
    for item in table.get_many(&keys).await? {
        if Key::of(&item).is_some_and(|k| k == keys[0]) {
            let row: PoolRow = from_item(item)?;
            found.pool_version = row.version;
            found.snapshot.pool = row.state;
        } else {
            let state: RepState = from_item(item)?;
            reps.insert(state.rep_id.clone(), state);
        }
    }
    found.snapshot.reps = reps;
    Ok(found)
}

/// The write that replaces a pool's state, if it is still at `version`.
pub fn pool_put(pool_id: &PoolId, state: &PoolState, version: u64) -> Result<Write, Corrupt> {
    let row = PoolRow { pool_id: pool_id.clone(), version: version + 1, state: state.clone() };
    let only_if = (!Plant::UnconditionalRoute.is_on()).then(|| at_version(version));
    Ok(Write::Put { item: to_item(pool_key(pool_id), &row)?, only_if })
}

/// Reads a rep's state; a fresh one when nothing is stored yet.
pub async fn rep<T: Table>(table: &T, rep_id: &RepId) -> Result<RepState, ReadError> {
    let item: Option<Item> = table.get(&rep_key(rep_id), Consistency::Strong).await?;
    Ok(item.map(from_item).transpose()?.unwrap_or_else(|| RepState::new(rep_id.clone())))
}

/// The write that replaces a rep's state, if it is still at the version before `next`.
pub fn rep_put(next: &RepState) -> Result<Write, Corrupt> {
    let only_if = (!Plant::CapCheckedBefore.is_on() && !Plant::UnconditionalRoute.is_on())
        .then(|| at_version(next.version.saturating_sub(1)));
    let mut item = to_item(rep_key(&next.rep_id), next)?;
    for (name, value) in due::keys(&due::name_of_rep(&next.rep_id), next.next_at) {
        item.insert(name.to_owned(), AttributeValue::S(value));
    }
    Ok(Write::Put { item, only_if })
}

fn at_version(version: u64) -> Condition {
    if version == 0 { Condition::Absent } else { Condition::Equals("version", number(version)) }
}
