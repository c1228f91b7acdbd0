//! Wires the score function.

use std::sync::Arc;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use leadline_runtime::aws::AwsPorts;
use leadline_runtime::batch;
use leadline_runtime::shelf::Shelf;
use leadline_runtime::telemetry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::start();
    let ports = Arc::new(AwsPorts::connect().await?);
    let shelf = Arc::new(Shelf::default());
    lambda_runtime::run(service_fn(move |event: LambdaEvent<SqsEvent>| {
        let (ports, shelf) = (Arc::clone(&ports), Arc::clone(&shelf));
        async move {
            let time_left = batch::time_left(&event.context);
            let response =
                batch::run(&*ports, event.payload, leadline_score::CONCURRENCY, time_left, async |wake_up| {
                    leadline_score::handle(&shelf, &*ports, &wake_up).await
                })
                .await;
            Ok::<SqsBatchResponse, Error>(response)
        }
    }))
    .await
}
