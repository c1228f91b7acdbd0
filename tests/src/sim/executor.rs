//! Running handlers step by step: every port call is a step, a killed worker is a future that is dropped between two.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// A handler at work.
pub(crate) type Work = Pin<Box<dyn Future<Output = Done>>>;

/// What a piece of work came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Done {
    /// A message was handled, or has to come again.
    Message { id: u64, handled: bool },
    /// A tick was handled.
    Tick,
    /// A client or a rep has its answer.
    Call { call: usize, status: u16, body: String },
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
        // A handler that runs several futures at once polls only those that were woken.
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Lets a piece of work make one step.
pub(crate) fn poll(work: &mut Work) -> Option<Done> {
    let mut context = Context::from_waker(Waker::noop());
    match work.as_mut().poll(&mut context) {
        Poll::Ready(done) => Some(done),
        Poll::Pending => None,
    }
}
