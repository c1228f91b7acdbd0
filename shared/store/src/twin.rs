//! An in-memory table that obeys the conditions, limits and prices of the real one, for simulation and tests.
//!
//! It never throttles, never conflicts and always answers: whoever wants faults wraps it. Time does not pass in it
//! either; [`Twin::set_time`] tells it the time, which matters only to how far its indexes lag behind. Nothing
//! expires: DynamoDB may keep an expired item for days, so nothing may rely on its going.
//!
//! Where it is stricter or plainer than DynamoDB: a malformed write refuses the whole transaction before any
//! condition is looked at; a counter that holds no whole number within 64 bits refuses to count; a cancelled
//! transaction costs what it would have cost without its index writes.

mod condition;
mod index;
mod limits;
mod meter;
mod number;
mod query;
mod refusal;
mod state;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

pub use meter::{Calls, Units};

use crate::table::{Consistency, Item, Key, Page, Query, Table, TableError, Write};
use state::State;

/// The table in memory.
///
/// Each operation exists twice: as the port has it, and with the suffix `_now` without `async`, for a simulator that
/// decides itself when an operation takes effect.
#[derive(Default)]
pub struct Twin {
    state: Mutex<State>,
}

impl Twin {
    /// An empty table at time 0, its indexes up to date, its meters at zero.
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every operation checks before it changes anything: a panic elsewhere leaves nothing half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the time, in milliseconds from any epoch. A time before the last one is ignored.
    pub fn set_time(&self, millis: i64) {
        self.lock().set_time(millis);
    }

    /// How far index reads are behind from now on, in milliseconds: they see the index as it stood that long before
    /// the time last set. A lag longer than any before reaches only as far back as the past was kept.
    pub fn set_index_lag(&self, millis: u32) {
        let mut state = self.lock();
        state.lag = i64::from(millis);
        state.longest_lag = state.longest_lag.max(state.lag);
    }

    /// Reads one item. See [`Table::get`].
    pub fn get_now(&self, key: &Key, consistency: Consistency) -> Result<Option<Item>, TableError> {
        self.lock().get(key, consistency)
    }

    /// Reads items by key, in the order of their keys. See [`Table::get_many`].
    pub fn get_many_now(&self, keys: &[Key]) -> Result<Vec<Item>, TableError> {
        self.lock().get_many(keys)
    }

    /// Reads a page, an index with the lag set. See [`Table::query`].
    pub fn query_now(&self, query: &Query) -> Result<Page, TableError> {
        let mut state = self.lock();
        let lag = state.lag;
        state.query(query, lag)
    }

    /// Performs a put or delete. See [`Table::write`].
    pub fn write_now(&self, write: Write) -> Result<(), TableError> {
        self.lock().write(write)
    }

    /// Performs all writes or none. See [`Table::transact`].
    pub fn transact_now(&self, writes: Vec<Write>) -> Result<(), TableError> {
        self.lock().transact(writes)
    }

    /// Adds to a counter. See [`Table::add`].
    pub fn add_now(
        &self,
        key: &Key,
        counter: &'static str,
        by: i64,
        expires_at: i64,
    ) -> Result<i64, TableError> {
        self.lock().add(key, counter, by, expires_at)
    }

    /// Looks at one item without being metered.
    pub fn peek(&self, key: &Key) -> Option<Item> {
        self.lock().items.get(key).map(|stored| stored.item.clone())
    }

    /// Every item, in the order of the keys, unmetered.
    pub fn snapshot(&self) -> Vec<Item> {
        self.lock().items.values().map(|stored| stored.item.clone()).collect()
    }

    /// Visits every item in the order of the keys, unmetered and without copying. The visitor must not call the twin.
    pub fn for_each(&self, mut visit: impl FnMut(&Key, &Item)) {
        self.lock().items.iter().for_each(|(key, stored)| visit(key, &stored.item));
    }

    /// How many items there are.
    pub fn len(&self) -> usize {
        self.lock().items.len()
    }

    /// Whether there is no item.
    pub fn is_empty(&self) -> bool {
        self.lock().items.is_empty()
    }

    /// Size of an item in bytes as DynamoDB counts it, unmetered; `None` when there is none.
    pub fn size_of(&self, key: &Key) -> Option<usize> {
        self.lock().items.get(key).map(|stored| stored.size)
    }

    /// Capacity used since the twin was made.
    pub fn units(&self) -> Units {
        self.lock().units
    }

    /// Operations performed since the twin was made.
    pub fn calls(&self) -> Calls {
        self.lock().calls
    }
}

impl fmt::Debug for Twin {
    /// Tells the number of items and nothing of what is in them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Twin").field("items", &self.len()).finish_non_exhaustive()
    }
}

impl Table for Twin {
    async fn get(&self, key: &Key, consistency: Consistency) -> Result<Option<Item>, TableError> {
        self.get_now(key, consistency)
    }

    async fn get_many(&self, keys: &[Key]) -> Result<Vec<Item>, TableError> {
        self.get_many_now(keys)
    }

    async fn query(&self, query: Query) -> Result<Page, TableError> {
        self.query_now(&query)
    }

    async fn write(&self, write: Write) -> Result<(), TableError> {
        self.write_now(write)
    }

    async fn transact(&self, writes: Vec<Write>) -> Result<(), TableError> {
        self.transact_now(writes)
    }

    async fn add(
        &self,
        key: &Key,
        counter: &'static str,
        by: i64,
        expires_at: i64,
    ) -> Result<i64, TableError> {
        self.add_now(key, counter, by, expires_at)
    }
}
