//! Wires the audit function: the schedule's ticks.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use leadline_audit::{Audit, metrics, run};
use leadline_runtime::aws::AwsPorts;
use leadline_runtime::config::required;
use leadline_runtime::embedded::Meter;
use leadline_runtime::ports::Ports;
use leadline_runtime::shelf::Shelf;
use leadline_runtime::{batch, telemetry};
use serde_json::Value;

/// What the last page may take: a second look, and the row that says how far it came.
const LAST_PAGE: Duration = Duration::from_secs(30);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::start();
    let ports = Arc::new(AwsPorts::connect().await?);
    let audit = Arc::new(Audit { seal: ports.master_secret().await?, shelf: Shelf::default() });
    let meter = Arc::new(Meter::of(required("STACK_NAME")?));
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| {
        let (ports, audit, meter) = (Arc::clone(&ports), Arc::clone(&audit), Arc::clone(&meter));
        async move {
            let budget = batch::time_left(&event.context).saturating_sub(LAST_PAGE);
            let until = ports.now() + SignedDuration::try_from(budget)?;
            let done = Box::pin(run(&audit, &*ports, until)).await?;
            let line = metrics(&meter, &done);
            telemetry::metric_line(&line);
            Ok::<Value, Error>(line)
        }
    }))
    .await
}
