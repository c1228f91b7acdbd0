//! What all workers share: the table, the queues, the receivers, the clock, the faults.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use leadline_runtime::wake::WakeUp;
use leadline_store::Twin;

use super::check::Harm;
use super::faults::{Fault, Faults};
use super::random::Random;

/// A message in a queue.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) id: u64,
    pub(crate) wake_up: WakeUp,
    /// When it can be received.
    pub(crate) visible_ms: i64,
    /// How often it has been received.
    pub(crate) received: u32,
}

/// How long a received message stays invisible.
pub(crate) const VISIBILITY_MS: i64 = 60_000;

/// After so many receipts a message goes to the dead-letter queue.
pub(crate) const MAX_RECEIVES: u32 = 5;

/// The shared part of a world.
pub(crate) struct World {
    pub(crate) twin: Twin,
    inner: Mutex<Inner>,
}

pub(crate) struct Inner {
    pub(crate) random: Random,
    pub(crate) now_ms: i64,
    pub(crate) healed: bool,
    pub(crate) faults: Faults,
    pub(crate) queue: BTreeMap<u64, Message>,
    pub(crate) next_message: u64,
    pub(crate) dead_letters: usize,
    /// Mails by delivery id: how many were accepted, and to whom.
    pub(crate) mails: BTreeMap<String, (u32, String)>,
    /// What was wrong for a moment, whatever the end looks like.
    pub(crate) witnessed: BTreeSet<Harm>,
    /// Domain events by id.
    pub(crate) events: BTreeMap<String, u32>,
}

thread_local! {
    /// How far the clock of the worker that is being polled is off, in milliseconds.
    static SKEW: RefCell<i64> = const { RefCell::new(0) };
}

impl World {
    pub(crate) fn new(seed: u64, start: Timestamp) -> Arc<World> {
        let twin = Twin::new();
        twin.set_index_lag(5_000);
        twin.set_time(start.as_millisecond());
        twin.set_index_lag(0);
        Arc::new(World {
            twin,
            inner: Mutex::new(Inner {
                random: Random::new(seed),
                now_ms: start.as_millisecond(),
                healed: false,
                faults: Faults::default(),
                queue: BTreeMap::new(),
                next_message: 1,
                dead_letters: 0,
                mails: BTreeMap::new(),
                witnessed: BTreeSet::new(),
                events: BTreeMap::new(),
            }),
        })
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a fault fires at this occasion.
    pub(crate) fn strikes(&self, fault: Fault) -> bool {
        self.lock().strikes(fault)
    }

    pub(crate) fn skew_to(&self, millis: i64) {
        SKEW.with(|skew| *skew.borrow_mut() = millis);
    }

    /// The time as the worker that is being polled sees it.
    pub(crate) fn local_now(&self) -> Timestamp {
        let skew = SKEW.with(|skew| *skew.borrow());
        Timestamp::from_millisecond(self.lock().now_ms + skew)
            .expect("the world ends before the calendar does")
    }
}

impl Inner {
    pub(crate) fn strikes(&mut self, fault: Fault) -> bool {
        if self.healed || !self.random.chance(fault.per_mille()) {
            return false;
        }
        self.faults.count(fault);
        true
    }

    /// Puts a message into the queue, with whatever the world does to it.
    pub(crate) fn enqueue(&mut self, wake_up: WakeUp) {
        if self.strikes(Fault::Drop) {
            return;
        }
        let copies = if self.strikes(Fault::Duplicate) { 2 } else { 1 };
        for _ in 0..copies {
            let late = if self.strikes(Fault::Delay) { self.random.between(0, 30_000) } else { 0 };
            let visible_ms =
                self.now_ms + i64::from(wake_up.delay_s) * 1_000 + self.random.between(5, 60) + late;
            let id = self.next_message;
            self.next_message += 1;
            self.queue.insert(id, Message { id, wake_up: wake_up.clone(), visible_ms, received: 0 });
        }
    }
}
