//! Running handlers step by step. Every port call is a step; a killed worker is a future that is dropped between two.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use leadline_runtime::http::Response;

/// A handler at work.
pub(crate) type Work = Pin<Box<dyn Future<Output = Done>>>;

/// What a piece of work came to.
#[derive(Debug)]
pub(crate) enum Done {
    /// A batch of messages was handled; these have to come again.
    Batch { messages: Vec<u64>, again: Vec<String> },
    /// A tick was handled.
    Tick,
    /// A client, a rep or an operator has an answer.
    Call { call: usize, response: Response },
}

/// A piece of work that can be polled once something has happened for it.
pub(crate) struct Task {
    work: Work,
    ready: Arc<Ready>,
    waker: Waker,
    /// How far this worker's clock is off, in milliseconds.
    pub(crate) skew_ms: i64,
    /// The call that it answers, if any.
    pub(crate) call: Option<usize>,
    /// What it is, for the history.
    pub(crate) what: String,
    /// When it began.
    pub(crate) began_ms: i64,
}

struct Ready(AtomicBool);

impl Wake for Ready {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What a poll came to.
pub(crate) enum Polled {
    Pending,
    Done(Done),
    Panicked,
}

impl Task {
    pub(crate) fn new(work: Work, skew_ms: i64, call: Option<usize>, what: String, began_ms: i64) -> Self {
        let ready = Arc::new(Ready(AtomicBool::new(true)));
        let waker = Waker::from(Arc::clone(&ready));
        Self { work, ready, waker, skew_ms, call, what, began_ms }
    }

    /// Whether it has something to do; otherwise it waits for time to pass.
    pub(crate) fn is_ready(&self) -> bool {
        self.ready.0.load(Ordering::Relaxed)
    }

    /// Lets it make one step.
    pub(crate) fn poll(&mut self) -> Polled {
        self.ready.0.store(false, Ordering::Relaxed);
        let mut context = Context::from_waker(&self.waker);
        let work = AssertUnwindSafe(&mut self.work);
        match catch_unwind(move || { work }.0.as_mut().poll(&mut context)) {
            Ok(Poll::Pending) => Polled::Pending,
            Ok(Poll::Ready(done)) => Polled::Done(done),
            Err(_) => Polled::Panicked,
        }
    }
}

/// Yields once, so that the world may let somebody else go first.
pub(crate) fn step() -> Step {
    Step { yielded: false }
}

pub(crate) struct Step {
    yielded: bool,
}

impl Future for Step {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.yielded {
            return Poll::Ready(());
        }
        self.yielded = true;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}
