//! Many workers at once, one port call at a time. Who goes on is decided by a seed, so that a schedule can be run again.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use jiff::Timestamp;
use leadline_runtime::follow_up::HandleError;
use leadline_runtime::ports::{
    Courier, DomainEvent, HttpError, HttpRequest, HttpResponse, Mail, MailError, Outbound, Ports, Secret,
    SecretError,
};
use leadline_runtime::wake::WakeUp;
use leadline_store::{Consistency, Item, Key, Page, Query, Table, TableError, Write};

use super::Calm;
use super::ports::CalmPorts;
use super::world::Received;
use crate::sim::{Random, step};

/// A call takes some five milliseconds, in which each of sixteen workers makes two steps.
const TURNS_PER_MILLI: u64 = 6;

/// A message, and whoever is at work on it.
type AtWork = (Received, Pin<Box<dyn Future<Output = Result<(), HandleError>>>>);

/// A worker's view of the world, among others: every call is two steps, one before its effect and one after.
#[derive(Clone)]
struct CrowdPorts {
    calm: CalmPorts,
    turns: Arc<AtomicU64>,
    written: Arc<Mutex<Vec<Write>>>,
}

impl CrowdPorts {
    fn wrote(&self, writes: impl IntoIterator<Item = Write>) {
        self.written.lock().unwrap_or_else(PoisonError::into_inner).extend(writes);
    }

    fn take_written(&self) -> Vec<Write> {
        std::mem::take(&mut self.written.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Calm {
    /// So many workers take messages from the queues at the same time, until none can be received now. The seed decides
    /// who makes the next step, between any two port calls. `saw` gets every commit as it takes effect: all that was
    /// written together.
    pub fn crowd(&self, workers: usize, seed: u64, mut saw: impl FnMut(Vec<Write>)) {
        let mut random = Random::new(seed);
        let ports = CrowdPorts { calm: self.ports.clone(), turns: Arc::default(), written: Arc::default() };
        let mut context = Context::from_waker(Waker::noop());
        let mut at_work: Vec<AtWork> = Vec::new();
        loop {
            while at_work.len() < workers
                && let Some(message) = self.world.receive()
            {
                let (ports, deployment, wake_up) =
                    (ports.clone(), self.deployment.clone(), message.wake_up.clone());
                at_work.push((message, Box::pin(async move { deployment.wake(&ports, &wake_up).await })));
            }
            if at_work.is_empty() {
                return;
            }
            let index = usize::try_from(random.below(at_work.len() as u64)).unwrap_or(0);
            ports.turns.fetch_add(1, Ordering::Relaxed);
            let polled = at_work[index].1.as_mut().poll(&mut context);
            let written = ports.take_written();
            if !written.is_empty() {
                saw(written);
            }
            if let Poll::Ready(done) = polled {
                let (message, _) = at_work.swap_remove(index);
                self.world.handled(message, done.is_ok());
            }
        }
    }
}

impl Table for CrowdPorts {
    async fn get(&self, key: &Key, consistency: Consistency) -> Result<Option<Item>, TableError> {
        step().await;
        let result = self.calm.get(key, consistency).await;
        step().await;
        result
    }

    async fn get_many(&self, keys: &[Key]) -> Result<Vec<Item>, TableError> {
        step().await;
        let result = self.calm.get_many(keys).await;
        step().await;
        result
    }

    async fn query(&self, query: Query) -> Result<Page, TableError> {
        step().await;
        let result = self.calm.query(query).await;
        step().await;
        result
    }

    async fn write(&self, write: Write) -> Result<(), TableError> {
        step().await;
        let result = self.calm.write(write.clone()).await;
        if result.is_ok() {
            self.wrote([write]);
        }
        step().await;
        result
    }

    async fn transact(&self, writes: Vec<Write>) -> Result<(), TableError> {
        step().await;
        let result = self.calm.transact(writes.clone()).await;
        if result.is_ok() {
            self.wrote(writes);
        }
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
        let result = self.calm.add(key, counter, by, expires_at).await;
        step().await;
        result
    }
}

impl Ports for CrowdPorts {
    type Table = CrowdPorts;

    fn table(&self) -> &CrowdPorts {
        self
    }

    fn now(&self) -> Timestamp {
        self.calm.now()
    }

    fn random(&self) -> [u8; 16] {
        self.calm.random()
    }

    async fn pause(&self, millis: u64) {
        let until = self.turns.load(Ordering::Relaxed) + millis * TURNS_PER_MILLI;
        while self.turns.load(Ordering::Relaxed) < until {
            step().await;
        }
    }

    async fn wake(&self, wake_ups: Vec<WakeUp>) -> Vec<WakeUp> {
        step().await;
        let failed = self.calm.wake(wake_ups).await;
        step().await;
        failed
    }
}

impl Outbound for CrowdPorts {
    async fn http(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        step().await;
        let result = self.calm.http(request).await;
        step().await;
        result
    }

    async fn secret(&self, name: &str) -> Result<Secret, SecretError> {
        self.calm.secret(name).await
    }
}

impl Courier for CrowdPorts {
    async fn mail(&self, mail: Mail) -> Result<(), MailError> {
        step().await;
        let result = self.calm.mail(mail).await;
        step().await;
        result
    }

    async fn publish(&self, events: Vec<DomainEvent>) -> Vec<String> {
        step().await;
        let failed = self.calm.publish(events).await;
        step().await;
        failed
    }
}
