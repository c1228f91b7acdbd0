//! Wires the enrich function.

use std::sync::Arc;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use leadline_enrich::Enrich;
use leadline_runtime::aws::AwsOutbound;
use leadline_runtime::batch;
use leadline_runtime::telemetry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::start();
    let ports = Arc::new(AwsOutbound::connect().await?);
    let enrich = Arc::new(Enrich::default());
    lambda_runtime::run(service_fn(move |event: LambdaEvent<SqsEvent>| {
        let (ports, enrich) = (Arc::clone(&ports), Arc::clone(&enrich));
        async move {
            let time_left = batch::time_left(&event.context);
            let response = batch::run(
                &*ports,
                event.payload,
                leadline_enrich::CONCURRENCY,
                time_left,
                async |wake_up| leadline_enrich::handle(&enrich, &*ports, &wake_up).await,
            )
            .await;
            Ok::<SqsBatchResponse, Error>(response)
        }
    }))
    .await
}
