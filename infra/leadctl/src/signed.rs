//! Calls of services that take signed JSON: CloudWatch and its logs, of which leadctl asks four things. Their two SDKs would
//! bring event streams, compression and a second `http` into the build of everything; credentials, region and signature
//! come from AWS's libraries all the same.

use std::fmt;
use std::time::SystemTime;

use aws_config::SdkConfig;
use aws_sdk_sqs::config::ProvideCredentials as _;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use reqwest::Client;
use reqwest::header::CONTENT_TYPE;
use serde_json::Value;

use crate::failure::Failure;
use crate::patience::Patience;

/// A service that speaks JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    /// CloudWatch: metrics and alarms.
    CloudWatch,
    /// CloudWatch Logs.
    Logs,
}

impl Service {
    /// Its name in addresses and signatures, what the names of its actions begin with, and its version of the protocol.
    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Service::CloudWatch => {
                ("monitoring", "GraniteServiceVersion20100801", "application/x-amz-json-1.0")
            }
            Service::Logs => ("logs", "Logs_20140328", "application/x-amz-json-1.1"),
        }
    }
}

/// Signs and sends calls. Its `Debug` shows no credentials.
#[derive(Clone)]
pub(crate) struct Signed {
    sdk: SdkConfig,
    client: Client,
}

impl fmt::Debug for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signed").field("region", &self.sdk.region()).finish_non_exhaustive()
    }
}

impl Signed {
    /// With the region, credentials and endpoint that the SDK has found.
    pub(crate) fn new(sdk: SdkConfig) -> Result<Signed, Failure> {
        let client = crate::api::client(sdk.endpoint_url().unwrap_or_default())
            .map_err(|error| trouble(error.to_string()))?;
        Ok(Signed { sdk, client })
    }

    /// Asks, with the patience of somebody at a terminal.
    pub(crate) async fn ask(&self, service: Service, action: &str, body: &Value) -> Result<Value, Failure> {
        let mut tried = 0;
        loop {
            tried += 1;
            let answer = self.once(service, action, body.to_string()).await;
            let again = match &answer {
                Err(Trouble::Refused { status, code, .. }) => *status >= 500 || code.contains("Throttl"),
                Err(Trouble::Unreachable(_)) => true,
                Ok(_) | Err(Trouble::Unsigned(_) | Trouble::NoCredentials) => false,
            };
            match Patience::SHORT.pause_after(tried, None).filter(|_| again) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return answer.map_err(|error| trouble(error.to_string())),
            }
        }
    }

    async fn once(&self, service: Service, action: &str, body: String) -> Result<Value, Trouble> {
        let unsigned = |error: &dyn std::error::Error| Trouble::Unsigned(error.to_string());
        let (name, prefix, content_type) = service.words();
        let region = self.sdk.region().map(AsRef::as_ref).unwrap_or_default();
        let url = match self.sdk.endpoint_url() {
            Some(url) => format!("{}/", url.trim_end_matches('/')),
            None => format!("https://{name}.{region}.{}/", suffix(region)),
        };
        let provider = self.sdk.credentials_provider().ok_or(Trouble::NoCredentials)?;
        let credentials = provider.provide_credentials().await.map_err(|e| unsigned(&e))?;
        let identity = credentials.into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name(name)
            .time(clock())
            .settings(SigningSettings::default())
            .build()
            .map_err(|e| unsigned(&e))?
            .into();
        let target = format!("{prefix}.{action}");
        let headers = [("content-type", content_type), ("x-amz-target", target.as_str())];
        let request =
            SignableRequest::new("POST", &url, headers.into_iter(), SignableBody::Bytes(body.as_bytes()))
                .map_err(|e| unsigned(&e))?;
        let (signature, _) = sign(request, &params).map_err(|e| unsigned(&e))?.into_parts();

        let mut request = self.client.post(&url).header(CONTENT_TYPE, content_type);
        request = request.header("x-amz-target", &target);
        for (name, value) in signature.headers() {
            request = request.header(name, value);
        }
        let unreachable = |error: reqwest::Error| Trouble::Unreachable(crate::api::innermost(&error));
        let response = request.body(body).send().await.map_err(unreachable)?;
        let status = response.status().as_u16();
        let text = response.text().await.map_err(unreachable)?;
        let answer: Value = serde_json::from_str(&text).unwrap_or_default();
        if (200..300).contains(&status) {
            return Ok(answer);
        }
        let said = |names: [&str; 2]| names.iter().find_map(|n| answer[*n].as_str()).unwrap_or_default();
        let code = said(["__type", "code"]);
        Err(Trouble::Refused {
            status,
            code: code.rsplit('#').next().unwrap_or_default().to_owned(),
            message: said(["message", "Message"]).to_owned(),
        })
    }
}

/// Why a call came to nothing.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    /// It could not be signed.
    #[error("{0}")]
    Unsigned(String),
    /// Nobody has credentials for us.
    #[error("there are no AWS credentials")]
    NoCredentials,
    /// Nobody answered.
    #[error("{0}")]
    Unreachable(String),
    /// The service refused.
    #[error("status {status}, {code}: {message}")]
    Refused { status: u16, code: String, message: String },
}

fn trouble(reason: String) -> Failure {
    Failure::Aws { what: "CloudWatch", reason }
}

/// China has a domain of its own.
fn suffix(region: &str) -> &'static str {
    if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" }
}

#[allow(clippy::disallowed_methods, reason = "a signature says when it was made")]
fn clock() -> SystemTime {
    SystemTime::now()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake_server::{FakeServer, sdk_at};
    use serde_json::json;

    #[tokio::test(flavor = "current_thread")]
    async fn a_call_is_signed_for_its_service_and_region_and_tried_again() {
        let server = FakeServer::start(vec![
            FakeServer::json(400, &json!({ "__type": "com.amazonaws#ThrottlingException" })),
            FakeServer::json(200, &json!({ "events": [] })),
        ]);
        let signed = Signed::new(sdk_at(&server)).unwrap();
        let answer =
            signed.ask(Service::Logs, "FilterLogEvents", &json!({ "logGroupName": "g" })).await.unwrap();
        assert_eq!(answer, json!({ "events": [] }));
        let seen = server.seen();
        assert_eq!(seen.len(), 2);
        let head = seen[1].to_lowercase();
        assert!(head.contains("\r\nx-amz-target: logs_20140328.filterlogevents\r\n"), "{head}");
        assert!(head.contains("\r\ncontent-type: application/x-amz-json-1.1\r\n"), "{head}");
        let authorization = head.lines().find_map(|l| l.strip_prefix("authorization: ")).unwrap();
        assert!(authorization.starts_with("aws4-hmac-sha256 credential=akidexample/"), "{authorization}");
        assert!(authorization.contains("/eu-central-1/logs/aws4_request, signedheaders="), "{authorization}");
        assert!(seen[1].ends_with(r#"{"logGroupName":"g"}"#), "{}", seen[1]);
        assert!(!format!("{signed:?}").contains("EXAMPLE"));
    }

    #[tokio::test(flavor = "current_thread")]
    async fn what_was_refused_is_said_and_not_tried_again() {
        let refused = json!({ "__type": "AccessDeniedException", "message": "not yours" });
        let server = FakeServer::start(vec![FakeServer::json(400, &refused)]);
        let signed = Signed::new(sdk_at(&server)).unwrap();
        let failure =
            signed.ask(Service::CloudWatch, "DescribeAlarms", &json!({})).await.unwrap_err().to_string();
        assert!(failure.contains("AccessDeniedException: not yours"), "{failure}");
        assert!(failure.contains("AWS_REGION"), "{failure}");
        assert_eq!(server.seen().len(), 1);
    }
}
