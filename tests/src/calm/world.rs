//! The state of a calm world.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use leadline_runtime::ports::{DomainEvent, HttpError, HttpRequest, HttpResponse, Mail, MailError};
use leadline_runtime::wake::WakeUp;
use leadline_store::{Key, Twin};

use super::uses::Uses;
use crate::sim::{MAX_RECEIVES, Random, VISIBILITY_MS};

/// The schedule of the sweep.
const TICK_MS: i64 = 60_000;

/// Something and when it happened.
pub type Timed<T> = (Timestamp, T);

/// What has gone out.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// Every wake-up that a handler sent.
    pub wake_ups: Vec<Timed<WakeUp>>,
    /// Every request to a provider, webhook or chat.
    pub requests: Vec<Timed<HttpRequest>>,
    /// Every mail, refused ones too.
    pub mails: Vec<Timed<Mail>>,
    /// Every batch of domain events.
    pub events: Vec<Timed<Vec<DomainEvent>>>,
    /// Messages that were received too often.
    pub dead_letters: Vec<WakeUp>,
}

type OnHttp = Box<dyn FnMut(&HttpRequest) -> Result<HttpResponse, HttpError> + Send>;
type OnMail = Box<dyn FnMut(&Mail) -> Result<(), MailError> + Send>;
/// Something that happens while somebody else is at work.
type Happening = Box<dyn FnOnce() + Send>;
type OnEvent = Box<dyn FnMut(&DomainEvent) -> bool + Send>;

/// What receivers do: take everything, unless told otherwise.
pub struct Receivers {
    /// Answers an HTTP request.
    pub http: OnHttp,
    /// Takes a mail.
    pub mail: OnMail,
    /// Whether the bus takes an event.
    pub bus: OnEvent,
}

impl Default for Receivers {
    fn default() -> Self {
        let empty = || HttpResponse { status: 200, retry_after_s: None, body: b"{}".to_vec() };
        Self { http: Box::new(move |_| Ok(empty())), mail: Box::new(|_| Ok(())), bus: Box::new(|_| true) }
    }
}

/// What a client hears when the answer to a write that happened got lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LostAnswer {
    /// Nothing.
    Silence,
    /// That the condition does not hold any more: it sent the write again by itself.
    Conflict,
}

/// A message that has been received.
pub(super) struct Received {
    pub(super) wake_up: WakeUp,
    times: u32,
}

pub(super) struct World {
    pub(super) twin: Twin,
    inner: Mutex<Inner>,
}

pub(super) struct Inner {
    pub(super) random: Random,
    now: Timestamp,
    /// Messages by when they can be received, then in the order of sending; with how often they were received.
    pub(super) queue: BTreeMap<(Timestamp, u64), (WakeUp, u32)>,
    sent: u64,
    pub(super) losing: bool,
    pub(super) ticking: bool,
    /// How far the clocks of workers are ahead.
    pub(super) ahead: SignedDuration,
    pub(super) counters_down: bool,
    pub(super) lost_answer: Option<LostAnswer>,
    pub(super) before_transaction: Option<Happening>,
    /// The beginning of a row's keys, and what happens before the next write to such a row.
    pub(super) before_write: Option<(&'static str, &'static str, Happening)>,
    /// How many more writes take effect before the table stops to answer; any number when there is none.
    pub(super) writes_left: Option<u32>,
    /// Partitions, of the table or of an index, that nobody can query.
    pub(super) unreadable: BTreeSet<String>,
    /// A row of which the next read finds the table overwhelmed.
    pub(super) throttled_row: Option<Key>,
    pub(super) uses: Uses,
    pub(super) before_reads: Option<Box<dyn FnMut() + Send>>,
    pub(super) secrets: BTreeMap<String, String>,
    pub(super) receivers: Receivers,
    pub(super) record: Record,
}

impl World {
    pub(super) fn new(start: Timestamp) -> Arc<World> {
        let twin = Twin::new();
        twin.set_time(start.as_millisecond());
        let inner = Inner {
            random: Random::new(1),
            now: start,
            queue: BTreeMap::new(),
            sent: 0,
            losing: false,
            ticking: true,
            ahead: SignedDuration::ZERO,
            counters_down: false,
            lost_answer: None,
            before_transaction: None,
            before_write: None,
            writes_left: None,
            unreadable: BTreeSet::new(),
            throttled_row: None,
            uses: Uses::new(),
            before_reads: None,
            secrets: BTreeMap::new(),
            receivers: Receivers::default(),
            record: Record::default(),
        };
        Arc::new(World { twin, inner: Mutex::new(inner) })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.lock().now
    }

    pub(super) fn set_now(&self, now: Timestamp) {
        let mut inner = self.lock();
        // Something that happens on the way may have taken its time.
        inner.now = inner.now.max(now);
        drop(inner);
        self.twin.set_time(now.as_millisecond());
    }

    /// Whatever is to happen before each read; what that reads itself, it reads undisturbed.
    pub(super) fn before_read(&self) {
        let happens = self.lock().before_reads.take();
        if let Some(mut happens) = happens {
            happens();
            self.lock().before_reads.get_or_insert(happens);
        }
    }

    /// A pause takes its time only while something happens between reads; elsewhere time stands still.
    pub(super) fn pause(&self, millis: u64) {
        if self.lock().before_reads.is_some() {
            let millis = i64::try_from(millis).unwrap_or(0);
            self.set_now(self.now() + SignedDuration::from_millis(millis));
            self.before_read();
        }
    }

    /// When something happens next: a message can be received, or the schedule ticks.
    pub(super) fn next(&self) -> Option<Timestamp> {
        let inner = self.lock();
        let message = inner.queue.keys().next().map(|(at, _)| *at);
        let ticks = (inner.now.as_millisecond() - super::START.as_millisecond()).div_euclid(TICK_MS) + 1;
        let tick = super::START + SignedDuration::from_millis(ticks * TICK_MS);
        [message, inner.ticking.then_some(tick)].into_iter().flatten().min()
    }

    /// Whether the schedule ticks at this very instant.
    pub(super) fn is_tick(&self) -> bool {
        let inner = self.lock();
        let since = inner.now.as_millisecond() - super::START.as_millisecond();
        inner.ticking && since.rem_euclid(TICK_MS) == 0
    }

    pub(super) fn send(&self, wake_up: WakeUp) {
        let mut inner = self.lock();
        let now = inner.now;
        inner.record.wake_ups.push((now, wake_up.clone()));
        if !inner.losing {
            let at = now + SignedDuration::from_secs(i64::from(wake_up.delay_s));
            inner.put(at, wake_up, 0);
        }
    }

    /// The message that has been receivable for longest.
    pub(super) fn receive(&self) -> Option<Received> {
        let mut inner = self.lock();
        let key = inner.queue.keys().next().copied().filter(|(at, _)| *at <= inner.now)?;
        let (wake_up, times) = inner.queue.remove(&key)?;
        Some(Received { wake_up, times: times + 1 })
    }

    /// A message that was not handled comes again, until it has come too often.
    pub(super) fn handled(&self, message: Received, handled: bool) {
        let mut inner = self.lock();
        match (handled, message.times >= MAX_RECEIVES) {
            (true, _) => {}
            (false, true) => inner.record.dead_letters.push(message.wake_up),
            (false, false) => {
                let at = inner.now + SignedDuration::from_millis(VISIBILITY_MS);
                inner.put(at, message.wake_up, message.times);
            }
        }
    }
}

impl Inner {
    fn put(&mut self, at: Timestamp, wake_up: WakeUp, received: u32) {
        self.sent += 1;
        self.queue.insert((at, self.sent), (wake_up, received));
    }
}
