//! Wires the notify function.

use std::sync::Arc;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use leadline_notify::{Notify, handle};
use leadline_runtime::aws::AwsCourier;
use leadline_runtime::batch;
use leadline_runtime::shelf::Shelf;
use leadline_runtime::{config, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::start();
    let ports = Arc::new(AwsCourier::connect().await?);
    let public_url = config::required("PUBLIC_URL")?.trim_end_matches('/').to_owned();
    let notify =
        Arc::new(Notify { seal: ports.ports().master_secret().await?, shelf: Shelf::default(), public_url });
    lambda_runtime::run(service_fn(move |event: LambdaEvent<SqsEvent>| {
        let (ports, notify) = (Arc::clone(&ports), Arc::clone(&notify));
        async move {
            let time_left = batch::time_left(&event.context);
            let response = batch::run(
                &*ports,
                event.payload,
                leadline_notify::CONCURRENCY,
                time_left,
                async |wake_up| handle(&notify, &*ports, &wake_up).await,
            )
            .await;
            Ok::<SqsBatchResponse, Error>(response)
        }
    }))
    .await
}
