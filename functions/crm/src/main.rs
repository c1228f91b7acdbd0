//! Wires the crm function.

use std::sync::Arc;

use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use leadline_crm::{Crm, handle};
use leadline_runtime::aws::AwsPorts;
use leadline_runtime::config;
use leadline_runtime::http::{Problem, Request, Response};
use leadline_runtime::shelf::Shelf;
use leadline_runtime::telemetry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::start();
    let ports = Arc::new(AwsPorts::connect().await?);
    let seal = ports.master_secret().await?;
    let crm = Arc::new(Crm { seal, shelf: Shelf::default(), reach: config::reach()? });
    lambda_runtime::run(service_fn(move |event: LambdaEvent<ApiGatewayProxyRequest>| {
        let (ports, crm) = (Arc::clone(&ports), Arc::clone(&crm));
        async move {
            let response = match Request::from_gateway(event.payload) {
                // On the heap: one request at a time is cheap, a large future on every stack is not.
                Some(request) => Box::pin(handle(&crm, &*ports, request)).await,
                None => Response::from(Problem::new(
                    400,
                    "malformed-body",
                    "Malformed body",
                    "The body is not base64.",
                )),
            };
            Ok::<ApiGatewayProxyResponse, Error>(response.into_gateway())
        }
    }))
    .await
}
