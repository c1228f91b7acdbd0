//! The SQS batch runner: each record is parsed, run and judged on its own, so that one bad record never takes the
//! others along, and what is reported as failed is exactly what failed.

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::time::Duration;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use futures_util::future::{Either, select};
use futures_util::{FutureExt, StreamExt};
use leadline_core::plant::Plant;

use crate::follow_up::HandleError;
use crate::ports::Ports;
use crate::wake::{self, WakeUp};

/// How many records of a batch run at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concurrency {
    /// One after the other: they would get into each other's way.
    OneByOne,
    /// So many.
    AtOnce(usize),
}

/// Runs a batch. `time_left` is what the function has until it is ended, less a margin to answer in: a record that is
/// not done by then counts as failed and comes again.
pub async fn run<P: Ports, F>(
    ports: &P,
    event: SqsEvent,
    concurrency: Concurrency,
    time_left: Duration,
    handle: F,
) -> SqsBatchResponse
where
    F: AsyncFn(WakeUp) -> Result<(), HandleError>,
{
    let width = match concurrency {
        Concurrency::OneByOne => 1,
        Concurrency::AtOnce(n) => n.max(1),
    };
    // One clock for the whole batch: records that wait for their turn wait on the same time.
    let out_of_time = ports.pause(u64::try_from(time_left.as_millis()).unwrap_or(u64::MAX)).shared();
    let failed: Vec<Option<BatchItemFailure>> = futures_util::stream::iter(event.records)
        .map(|record| one(record, out_of_time.clone(), &handle))
        .buffer_unordered(width)
        .collect()
        .await;
    let mut response = SqsBatchResponse::default();
    if !Plant::BatchFailureSwallowed.is_on() {
        response.batch_item_failures = failed.into_iter().flatten().collect();
    }
    response
}

async fn one<F>(
    record: SqsMessage,
    out_of_time: impl Future<Output = ()>,
    handle: &F,
) -> Option<BatchItemFailure>
where
    F: AsyncFn(WakeUp) -> Result<(), HandleError>,
{
    // Without an id nothing can be reported; SQS always sends one.
    let message_id = record.message_id.clone().filter(|id| !id.is_empty())?;
    let Some(wake_up) = record.body.as_deref().and_then(wake::parse) else {
        tracing::error!(
            message.id = message_id,
            error = "malformed_message",
            "message is not a wake-up of ours"
        );
        return Some(failure(message_id));
    };
    let (id, hop) = (wake_up.id.clone(), wake_up.hop.name());
    let work = AssertUnwindSafe(handle(wake_up)).catch_unwind();
    // Work comes first: what is done when the time is over is done.
    match select(pin!(work), pin!(out_of_time)).await {
        Either::Left((Ok(Ok(())), _)) => None,
        Either::Left((Ok(Err(error)), _)) => {
            tracing::warn!(row.id = id, hop, error = error.name(), detail = %error, "record failed; it comes again");
            Some(failure(message_id))
        }
        Either::Left((Err(_panic), _)) => {
            tracing::error!(row.id = id, hop, error = "panic", "record panicked; it comes again");
            Some(failure(message_id))
        }
        Either::Right(_) => {
            tracing::warn!(row.id = id, hop, error = "out_of_time", "record ran out of time; it comes again");
            Some(failure(message_id))
        }
    }
}

fn failure(message_id: String) -> BatchItemFailure {
    let mut failure = BatchItemFailure::default();
    failure.item_identifier = message_id;
    failure
}

/// The time a record may take: what Lambda leaves, less half a second to answer in.
#[allow(clippy::disallowed_methods, reason = "the deadline is an instant of this machine's clock")]
pub fn time_left(context: &lambda_runtime::Context) -> Duration {
    context
        .deadline()
        .duration_since(std::time::SystemTime::now())
        .unwrap_or_default()
        .saturating_sub(Duration::from_millis(500))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(id: &str, body: &str) -> SqsMessage {
        let mut message = SqsMessage::default();
        message.message_id = Some(id.to_owned());
        message.body = Some(body.to_owned());
        message
    }

    /// A worker of whose ports only the clock is needed.
    #[derive(Default)]
    struct OnlyTime(leadline_store::Twin);

    impl Ports for OnlyTime {
        type Table = leadline_store::Twin;

        fn table(&self) -> &leadline_store::Twin {
            &self.0
        }

        fn now(&self) -> jiff::Timestamp {
            jiff::Timestamp::UNIX_EPOCH
        }

        fn random(&self) -> [u8; 16] {
            [0; 16]
        }

        async fn pause(&self, millis: u64) {
            tokio::time::sleep(Duration::from_millis(millis)).await;
        }

        async fn wake(&self, wake_ups: Vec<WakeUp>) -> Vec<WakeUp> {
            wake_ups
        }
    }

    #[tokio::test]
    async fn exactly_what_failed_is_reported() {
        let body = |id: &str| format!(r#"{{"v":1,"hop":"score","id":"{id}","version":1}}"#);
        let mut event = SqsEvent::default();
        event.records = vec![
            message("m-ack", &body("good")),
            message("m-retry", &body("bad")),
            message("m-panic", &body("panic")),
            message("m-slow", &body("slow")),
            message("m-garbage", "{"),
            message("m-newer", r#"{"v":999,"hop":"score","id":"x","version":1}"#),
        ];
        let ports = OnlyTime::default();
        let response =
            run(&ports, event, Concurrency::AtOnce(10), Duration::from_millis(50), async |wake_up| {
                match wake_up.id.as_str() {
                    "good" => Ok(()),
                    "panic" => panic!("planned"),
                    "slow" => std::future::pending().await,
                    _ => Err(HandleError::Missing),
                }
            })
            .await;
        let mut failed: Vec<_> =
            response.batch_item_failures.into_iter().map(|f| f.item_identifier).collect();
        failed.sort();
        assert_eq!(failed, ["m-garbage", "m-newer", "m-panic", "m-retry", "m-slow"]);
    }
}
