//! What all workers share: the table, the queues, the receivers, the clock, the chances.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use jiff::Timestamp;
use leadline_runtime::wake::WakeUp;
use leadline_store::{Twin, Write};

use super::faults::{Cause, Chances, Fault};
use super::presence;
use super::random::Random;
use super::receivers::Receivers;
use super::run::Options;
use super::transitions;
use super::witness::Witness;

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
    pub(crate) chances: Chances,
    pub(crate) now_ms: i64,
    pub(crate) healed: bool,
    pub(crate) queue: BTreeMap<u64, Message>,
    next_message: u64,
    /// Who waits for time to pass, by when.
    timers: BTreeMap<(i64, u64), Waker>,
    next_timer: u64,
    pub(crate) receivers: Receivers,
    pub(crate) witness: Witness,
    /// What happened, for people; kept only when asked for.
    history: Option<Vec<String>>,
}

thread_local! {
    /// How far the clock of the worker that is being polled is off, in milliseconds.
    static SKEW: Cell<i64> = const { Cell::new(0) };
}

impl World {
    pub(crate) fn new(seed: u64, start: Timestamp, options: &Options) -> Arc<World> {
        let twin = Twin::new();
        twin.set_index_lag(5_000);
        twin.set_time(start.as_millisecond());
        twin.set_index_lag(0);
        Arc::new(World {
            twin,
            inner: Mutex::new(Inner {
                random: Random::new(seed),
                chances: Chances::new(seed, options.keep.clone()),
                now_ms: start.as_millisecond(),
                healed: false,
                queue: BTreeMap::new(),
                next_message: 1,
                timers: BTreeMap::new(),
                next_timer: 1,
                receivers: Receivers::default(),
                witness: Witness::default(),
                history: options.history.then(Vec::new),
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
        SKEW.with(|skew| skew.set(millis));
    }

    /// The time as the worker that is being polled sees it.
    pub(crate) fn local_now(&self) -> Timestamp {
        let skew = SKEW.with(Cell::get);
        Timestamp::from_millisecond(self.lock().now_ms + skew)
            .expect("the world ends before the calendar does")
    }

    /// Time passes, and whoever waited for it goes on.
    pub(crate) fn advance_to(&self, now_ms: i64) {
        let woken: Vec<Waker> = {
            let mut inner = self.lock();
            inner.now_ms = inner.now_ms.max(now_ms);
            let next = (inner.now_ms + 1, 0);
            let later = inner.timers.split_off(&next);
            std::mem::replace(&mut inner.timers, later).into_values().collect()
        };
        woken.into_iter().for_each(Waker::wake);
        self.twin.set_time(now_ms);
    }

    /// Waits until so many milliseconds have passed.
    pub(crate) fn pause(self: &Arc<Self>, millis: u64) -> Pause {
        let until = self.lock().now_ms.saturating_add(i64::try_from(millis).unwrap_or(i64::MAX));
        Pause { world: Arc::clone(self), until, timer: None }
    }

    /// The witness sees what was written, as soon as it is.
    pub(crate) fn observe(&self, writes: &[Write]) {
        let mut inner = self.lock();
        let inner = &mut *inner;
        let seen = inner.witness.observe(writes, inner.now_ms, &self.twin, &inner.receivers);
        if let Some(history) = &mut inner.history {
            let leads = seen.iter().map(|(before, after)| transitions::line(before.as_deref(), after));
            let lines = leads.chain(writes.iter().filter_map(presence::line));
            history.extend(lines.map(|line| format!("{} {line}", clock(inner.now_ms))));
        }
    }

    /// Writes a line of the history, if there is one.
    pub(crate) fn note(&self, line: impl FnOnce() -> String) {
        self.lock().note(line);
    }

    /// The history, if one was kept.
    pub(crate) fn history(&self) -> Vec<String> {
        self.lock().history.clone().unwrap_or_default()
    }
}

/// Seconds since the beginning of the world.
fn clock(now_ms: i64) -> String {
    let since = now_ms - super::run::START_MS;
    format!("{:>7}.{:03}", since / 1_000, since % 1_000)
}

impl Inner {
    pub(crate) fn strikes(&mut self, fault: Fault) -> bool {
        if self.healed || !self.chances.strikes(fault) {
            return false;
        }
        self.note(|| format!("! {}", fault.name()));
        true
    }

    pub(crate) fn note(&mut self, line: impl FnOnce() -> String) {
        let now_ms = self.now_ms;
        if let Some(history) = &mut self.history {
            history.push(format!("{} {}", clock(now_ms), line()));
        }
    }

    /// A number for the details of a fault.
    pub(crate) fn detail(&mut self, fault: Fault, low: i64, high: i64) -> i64 {
        self.chances.random(Cause::Fault(fault)).between(low, high)
    }

    /// When the next timer fires.
    pub(crate) fn next_timer_ms(&self) -> Option<i64> {
        self.timers.keys().next().map(|(at, _)| *at)
    }

    /// Puts a message into its queue, with whatever the world does to it.
    pub(crate) fn enqueue(&mut self, wake_up: WakeUp) {
        if self.strikes(Fault::Drop) {
            return;
        }
        let copies = if self.strikes(Fault::Duplicate) { 2 } else { 1 };
        for _ in 0..copies {
            let late = if self.strikes(Fault::Delay) { self.detail(Fault::Delay, 0, 30_000) } else { 0 };
            let visible_ms =
                self.now_ms + i64::from(wake_up.delay_s) * 1_000 + self.random.between(5, 60) + late;
            let id = self.next_message;
            self.next_message += 1;
            self.queue.insert(id, Message { id, wake_up: wake_up.clone(), visible_ms, received: 0 });
        }
    }
}

/// Waits for time to pass.
pub(crate) struct Pause {
    world: Arc<World>,
    until: i64,
    timer: Option<(i64, u64)>,
}

impl Future for Pause {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let world = Arc::clone(&self.world);
        let mut inner = world.lock();
        if inner.now_ms >= self.until {
            return Poll::Ready(());
        }
        let key = self.timer.unwrap_or((self.until, inner.next_timer));
        inner.next_timer = inner.next_timer.max(key.1 + 1);
        inner.timers.insert(key, context.waker().clone());
        drop(inner);
        self.timer = Some(key);
        Poll::Pending
    }
}

impl Drop for Pause {
    fn drop(&mut self) {
        if let Some(key) = self.timer {
            self.world.lock().timers.remove(&key);
        }
    }
}
