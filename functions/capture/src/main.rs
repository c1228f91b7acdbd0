//! Wires the capture function.

use std::sync::Arc;

use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use leadline_capture::{Capture, handle};
use leadline_runtime::aws::AwsPorts;
use leadline_runtime::http::{Problem, Request, Response};
use leadline_runtime::shelf::Shelf;
use leadline_runtime::telemetry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::start();
    let ports = Arc::new(AwsPorts::connect().await?);
    let capture = Arc::new(Capture { seal: ports.master_secret().await?, shelf: Shelf::default() });
    lambda_runtime::run(service_fn(move |event: LambdaEvent<ApiGatewayProxyRequest>| {
        let (ports, capture) = (Arc::clone(&ports), Arc::clone(&capture));
        async move {
            let response = match Request::from_gateway(event.payload) {
                Some(request) => handle(&capture, &*ports, request).await,
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
