//! The ports of a simulated worker. Every call is two steps, one before its effect and one after, and may meet a fault.

use std::sync::Arc;

use jiff::Timestamp;
use leadline_runtime::ports::{
    Courier, DomainEvent, HttpError, HttpRequest, HttpResponse, Mail, MailError, Outbound, Ports, Secret,
    SecretError,
};
use leadline_runtime::wake::WakeUp;
use leadline_store::{Consistency, Item, Key, Page, Query, Source, Table, TableError, Write};

use super::executor::step;
use super::faults::Fault;
use super::receivers;
use super::world::World;

/// A worker's view of the world.
#[derive(Clone)]
pub(crate) struct SimPorts {
    world: Arc<World>,
    table: SimTable,
}

impl SimPorts {
    pub(crate) fn new(world: &Arc<World>) -> Self {
        Self { world: Arc::clone(world), table: SimTable { world: Arc::clone(world) } }
    }
}

/// The table as a worker sees it.
#[derive(Clone)]
pub(crate) struct SimTable {
    world: Arc<World>,
}

#[derive(Debug, thiserror::Error)]
#[error("no answer")]
struct NoAnswer;

/// What the table makes of a write that the client sends again: a transaction carries a token by which it is known.
#[derive(Clone, Copy)]
enum Resent {
    Anew,
    Recognised,
}

impl SimTable {
    fn throttled(&self) -> Result<(), TableError> {
        if self.world.strikes(Fault::Throttle) { Err(TableError::Throttled) } else { Ok(()) }
    }

    /// Performs a write that may be lost on the way there or back. Where its answer is lost, the client may send it
    /// again by itself, and what it hears then looks like somebody else's success.
    fn perform<R>(&self, resent: Resent, write: impl Fn() -> Result<R, TableError>) -> Result<R, TableError> {
        if self.world.strikes(Fault::LostRequest) {
            return Err(TableError::Unclear(Box::new(NoAnswer)));
        }
        let result = write();
        if !self.world.strikes(Fault::LostAcknowledgement) {
            return result;
        }
        let silent = self.world.lock().detail(Fault::LostAcknowledgement, 0, 1) == 0;
        match (silent, resent) {
            (true, _) => Err(TableError::Unclear(Box::new(NoAnswer))),
            (false, Resent::Anew) => write(),
            (false, Resent::Recognised) => result,
        }
    }
}

impl Table for SimTable {
    async fn get(&self, key: &Key, consistency: Consistency) -> Result<Option<Item>, TableError> {
        step().await;
        self.throttled()?;
        let result = self.world.twin.get_now(key, consistency);
        step().await;
        result
    }

    async fn get_many(&self, keys: &[Key]) -> Result<Vec<Item>, TableError> {
        step().await;
        self.throttled()?;
        let result = self.world.twin.get_many_now(keys);
        step().await;
        result
    }

    async fn query(&self, query: Query) -> Result<Page, TableError> {
        step().await;
        self.throttled()?;
        let stale = matches!(query.source, Source::Index(_)) && self.world.strikes(Fault::StaleIndex);
        let lag = if stale { self.world.lock().detail(Fault::StaleIndex, 0, 5_000) } else { 0 };
        self.world.twin.set_index_lag(u32::try_from(lag).unwrap_or(0));
        let result = self.world.twin.query_now(&query);
        step().await;
        result
    }

    async fn write(&self, write: Write) -> Result<(), TableError> {
        step().await;
        self.throttled()?;
        let result = self.perform(Resent::Anew, || {
            let result = self.world.twin.write_now(write.clone());
            if result.is_ok() {
                self.world.observe(std::slice::from_ref(&write));
            }
            result
        });
        step().await;
        result
    }

    async fn transact(&self, writes: Vec<Write>) -> Result<(), TableError> {
        step().await;
        self.throttled()?;
        if self.world.strikes(Fault::Conflict) {
            return Err(TableError::Conflict);
        }
        let result = self.perform(Resent::Recognised, || {
            let result = self.world.twin.transact_now(writes.clone());
            if result.is_ok() {
                self.world.observe(&writes);
            }
            result
        });
        step().await;
        result
    }

    async fn add(
        &self,
        key: &Key,
        counter: &'static str,
        by: i64,
        expires_at: i64,
    ) -> Result<i64, TableError> {
        step().await;
        self.throttled()?;
        let count = || self.world.twin.add_now(key, counter, by, expires_at);
        let result = self.perform(Resent::Anew, count);
        step().await;
        result
    }
}

impl Ports for SimPorts {
    type Table = SimTable;

    fn table(&self) -> &SimTable {
        &self.table
    }

    fn now(&self) -> Timestamp {
        self.world.local_now()
    }

    fn random(&self) -> [u8; 16] {
        self.world.lock().random.bytes()
    }

    async fn pause(&self, millis: u64) {
        self.world.pause(millis).await;
    }

    async fn wake(&self, wake_ups: Vec<WakeUp>) -> Vec<WakeUp> {
        step().await;
        let mut failed = Vec::new();
        {
            let mut inner = self.world.lock();
            let harm = inner.witness.line.woken(&wake_ups, inner.now_ms);
            inner.witness.harm.extend(harm);
            for wake_up in wake_ups {
                if inner.strikes(Fault::PartialSend) {
                    failed.push(wake_up);
                } else {
                    inner.enqueue(wake_up);
                }
            }
        }
        step().await;
        failed
    }
}

impl Outbound for SimPorts {
    async fn http(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        step().await;
        let result = receivers::http(&self.world, request).await;
        step().await;
        result
    }

    async fn secret(&self, _name: &str) -> Result<Secret, SecretError> {
        if self.world.strikes(Fault::ReceiverFails) {
            return Err(SecretError::Unavailable);
        }
        Ok(Secret::new("whsec_c2ltdWxhdGVkIHNlY3JldCBvZiAzMiBieXRlcyE=".to_owned()))
    }
}

impl Courier for SimPorts {
    async fn mail(&self, mail: Mail) -> Result<(), MailError> {
        step().await;
        let result = receivers::mail(&self.world, mail).await;
        step().await;
        result
    }

    async fn publish(&self, events: Vec<DomainEvent>) -> Vec<String> {
        step().await;
        let failed = receivers::publish(&self.world, events);
        step().await;
        failed
    }
}
