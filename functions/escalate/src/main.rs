//! Wires the escalate function: timer messages and the schedule's ticks.

use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::sqs::SqsEvent;
use jiff::SignedDuration;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use leadline_escalate::{Lateness, handle, sweep};
use leadline_runtime::aws::AwsPorts;
use leadline_runtime::batch;
use leadline_runtime::config::required;
use leadline_runtime::embedded::Meter;
use leadline_runtime::ports::Ports;
use leadline_runtime::shelf::Shelf;
use leadline_runtime::telemetry;
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::start();
    let ports = Arc::new(AwsPorts::connect().await?);
    let shelf = Arc::new(Shelf::default());
    let meter = Arc::new(Meter::of(required("STACK_NAME")?));
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| {
        let (ports, shelf, meter) = (Arc::clone(&ports), Arc::clone(&shelf), Arc::clone(&meter));
        async move {
            let time_left = batch::time_left(&event.context);
            let lateness = Lateness::default();
            let done = run(&shelf, &ports, event.payload, time_left, &lateness).await;
            // Also of a run that failed in the end.
            for line in lateness.lines(&meter, ports.now()) {
                telemetry::metric_line(&line);
            }
            done
        }
    }))
    .await
}

/// One run: a tick of the schedule, or a batch of timer messages.
async fn run(
    shelf: &Shelf,
    ports: &AwsPorts,
    payload: Value,
    time_left: Duration,
    lateness: &Lateness,
) -> Result<Value, Error> {
    if payload.get("Records").is_none() {
        // Half a second for the answer is off already; the last page needs some more.
        let budget = time_left.saturating_sub(Duration::from_secs(2));
        let until = ports.now() + SignedDuration::try_from(budget)?;
        sweep(shelf, ports, until, lateness).await?;
        return Ok(Value::Null);
    }
    let event: SqsEvent = serde_json::from_value(payload)?;
    let handle = async |wake_up| handle(shelf, ports, &wake_up, lateness).await;
    let response = batch::run(ports, event, leadline_escalate::CONCURRENCY, time_left, handle).await;
    Ok(serde_json::to_value(response)?)
}
