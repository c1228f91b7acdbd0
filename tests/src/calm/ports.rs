//! The ports of a calm world.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use leadline_runtime::ports::{
    Courier, DomainEvent, HttpError, HttpRequest, HttpResponse, Mail, MailError, Outbound, Ports, Secret,
    SecretError,
};
use leadline_runtime::wake::WakeUp;
use leadline_store::{Consistency, Item, Key, Page, Query, Source, Table, TableError, Write};

use super::text;
use super::uses::{Function, Use, of_write};
use super::world::{LostAnswer, World};

/// A worker's view of the world: table and ports in one.
#[derive(Clone)]
pub(super) struct CalmPorts {
    world: Arc<World>,
    /// Whose they are; none of a crowd, whose messages belong to several.
    of: Option<Function>,
}

impl CalmPorts {
    pub(super) fn new(world: &Arc<World>) -> Self {
        Self { world: Arc::clone(world), of: None }
    }

    /// The same, in the hands of a function.
    pub(super) fn of(&self, function: Function) -> Self {
        Self { world: Arc::clone(&self.world), of: Some(function) }
    }

    fn uses(&self, used: Use) {
        self.world.lock().uses.extend(self.of.map(|function| (function, used)));
    }

    /// The answer to a write that happened, unless it gets lost.
    fn answer(&self, is_commit: bool) -> Result<(), TableError> {
        let lost = if is_commit { self.world.lock().lost_answer.take() } else { None };
        match lost {
            None => Ok(()),
            Some(LostAnswer::Silence) => Err(TableError::Unclear(Box::new(fmt::Error))),
            Some(LostAnswer::Conflict) => Err(TableError::ConditionFailed { index: 0, current: None }),
        }
    }
}

impl CalmPorts {
    /// Whether the table still answers.
    fn reachable(&self) -> Result<(), TableError> {
        if self.world.lock().writes_left == Some(0) { Err(TableError::Throttled) } else { Ok(()) }
    }

    /// One more write, if the table still answers; what a test wants to happen before it does.
    fn writable(&self, writes: &[Write]) -> Result<(), TableError> {
        let concerns = |pk: &str, sk: &str| {
            writes.iter().any(|write| match write {
                Write::Put { item, .. } => {
                    text(item, "pk").starts_with(pk) && text(item, "sk").starts_with(sk)
                }
                Write::Delete { key, .. } => key.pk.starts_with(pk) && key.sk.starts_with(sk),
                Write::Check { .. } => false,
            })
        };
        let happens = self.world.lock().before_write.take_if(|(pk, sk, _)| concerns(pk, sk));
        if let Some((_, _, happens)) = happens {
            happens();
        }
        self.reachable()?;
        let mut inner = self.world.lock();
        inner.writes_left = inner.writes_left.map(|left| left - 1);
        Ok(())
    }
}

/// Whether a write is the row of a lead.
fn is_commit(write: &Write) -> bool {
    matches!(write, Write::Put { item, .. } if text(item, "sk") == "LEAD")
}

impl Table for CalmPorts {
    async fn get(&self, key: &Key, consistency: Consistency) -> Result<Option<Item>, TableError> {
        self.uses(Use::Rows("GetItem"));
        self.reachable()?;
        if self.world.lock().throttled_row.take_if(|row| row == key).is_some() {
            return Err(TableError::Throttled);
        }
        self.world.before_read();
        self.world.twin.get_now(key, consistency)
    }

    async fn get_many(&self, keys: &[Key]) -> Result<Vec<Item>, TableError> {
        self.uses(Use::Rows("BatchGetItem"));
        self.reachable()?;
        self.world.before_read();
        self.world.twin.get_many_now(keys)
    }

    async fn query(&self, query: Query) -> Result<Page, TableError> {
        self.uses(match query.source {
            Source::Table(_) => Use::Rows("Query"),
            Source::Index(index) => Use::Query(index),
        });
        self.reachable()?;
        if self.world.lock().unreadable.contains(&query.partition) {
            return Err(TableError::Throttled);
        }
        self.world.before_read();
        self.world.twin.query_now(&query)
    }

    async fn write(&self, write: Write) -> Result<(), TableError> {
        self.uses(of_write(&write));
        let is_commit = is_commit(&write);
        self.writable(std::slice::from_ref(&write))?;
        self.world.twin.write_now(write)?;
        self.answer(is_commit)
    }

    async fn transact(&self, writes: Vec<Write>) -> Result<(), TableError> {
        writes.iter().for_each(|write| self.uses(of_write(write)));
        let happens = self.world.lock().before_transaction.take();
        if let Some(happens) = happens {
            happens();
        }
        let is_commit = writes.iter().any(is_commit);
        self.writable(&writes)?;
        self.world.twin.transact_now(writes)?;
        self.answer(is_commit)
    }

    async fn add(
        &self,
        key: &Key,
        counter: &'static str,
        by: i64,
        expires_at: i64,
    ) -> Result<i64, TableError> {
        self.uses(Use::Rows("UpdateItem"));
        if self.world.lock().counters_down {
            return Err(TableError::Throttled);
        }
        self.writable(&[])?;
        self.world.twin.add_now(key, counter, by, expires_at)
    }
}

impl Ports for CalmPorts {
    type Table = CalmPorts;

    fn table(&self) -> &CalmPorts {
        self
    }

    fn now(&self) -> Timestamp {
        self.world.now() + self.world.lock().ahead
    }

    fn random(&self) -> [u8; 16] {
        self.world.lock().random.bytes()
    }

    async fn pause(&self, millis: u64) {
        self.world.pause(millis);
    }

    async fn wake(&self, wake_ups: Vec<WakeUp>) -> Vec<WakeUp> {
        for wake_up in wake_ups {
            self.uses(Use::Wake(wake_up.hop));
            self.world.send(wake_up);
        }
        Vec::new()
    }
}

impl Outbound for CalmPorts {
    async fn http(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let now = self.world.now();
        let mut inner = self.world.lock();
        let answer = (inner.receivers.http)(&request);
        inner.record.requests.push((now, request));
        answer
    }

    async fn secret(&self, name: &str) -> Result<Secret, SecretError> {
        self.uses(Use::Secret);
        self.world.lock().secrets.get(name).cloned().map(Secret::new).ok_or(SecretError::Missing)
    }
}

impl Courier for CalmPorts {
    async fn mail(&self, mail: Mail) -> Result<(), MailError> {
        self.uses(Use::Mail);
        let now = self.world.now();
        let mut inner = self.world.lock();
        let answer = (inner.receivers.mail)(&mail);
        inner.record.mails.push((now, mail));
        answer
    }

    async fn publish(&self, events: Vec<DomainEvent>) -> Vec<String> {
        self.uses(Use::Publish);
        let now = self.world.now();
        let mut inner = self.world.lock();
        let mut refused = Vec::new();
        for event in &events {
            if !(inner.receivers.bus)(event) {
                refused.push(event.id.clone());
            }
        }
        inner.record.events.push((now, events));
        refused
    }
}
