//! A made-up AWS for the adapters' tests: it answers by script and keeps what it was asked. The SDK does everything
//! else, so what is tested is what goes over the wire.

use std::sync::{Arc, Mutex};

use aws_sdk_sqs::config::retry::RetryConfig;
use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_types::SdkConfig;
use serde_json::Value;

/// A status and a body; `None` drops the connection after the request was read.
pub(super) type Reply = Option<(u16, String)>;

/// Gives these replies one after the other, and the last one for ever.
#[derive(Debug, Clone)]
pub(super) struct Server {
    replies: Arc<Vec<Reply>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(super) fn new(replies: Vec<Reply>) -> Self {
        Self { replies: Arc::new(replies), asked: Arc::default() }
    }

    /// The configuration of clients that talk to this server, without retries.
    pub(super) fn sdk(&self) -> SdkConfig {
        let connector = self.clone();
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::from_static("eu-west-1"))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
                "test", "test", None, None, "test",
            )))
            .endpoint_url("http://localhost:1")
            .http_client(http_client_fn(move |_, _| SharedHttpConnector::new(connector.clone())))
            .retry_config(RetryConfig::disabled())
            .build()
    }

    /// The bodies of all requests so far.
    pub(super) fn texts(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// The bodies of all requests so far, where they are JSON.
    pub(super) fn bodies(&self) -> Vec<Value> {
        self.texts().iter().map(|text| serde_json::from_str(text).unwrap()).collect()
    }
}

impl HttpConnector for Server {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let mut asked = self.asked.lock().unwrap();
        let reply = self.replies[asked.len().min(self.replies.len() - 1)].clone();
        asked.push(String::from_utf8(request.body().bytes().unwrap().to_vec()).unwrap());
        HttpConnectorFuture::ready(match reply {
            Some((status, body)) => Ok(HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body))),
            None => Err(ConnectorError::io("connection reset".into())),
        })
    }
}
