//! The API of a deployment, as somebody outside knows it: an address and a key.

use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;

/// API Gateway gives up after 29 seconds.
const TIMEOUT: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A read that found nobody is tried again after so long, doubled each time.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const READS: u32 = 6;

/// Why there is no answer to use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DoorError {
    /// The settings make no client.
    #[error("{0}")]
    Setting(String),
    /// Nobody answered in time.
    #[error("no answer: {0}")]
    Silent(String),
    /// The answer is of another status than it should be.
    #[error("{method} {path} was answered {status}")]
    Status {
        /// The method.
        method: Method,
        /// The path.
        path: String,
        /// The status.
        status: u16,
    },
    /// The answer is not the document that it should be.
    #[error("the answer to {0} is not what the API gives")]
    Unreadable(String),
}

impl DoorError {
    /// The same request may go better later.
    fn is_transient(&self) -> bool {
        match self {
            DoorError::Silent(_) => true,
            DoorError::Status { status, .. } => *status == 429 || *status >= 500,
            DoorError::Setting(_) | DoorError::Unreadable(_) => false,
        }
    }

    /// In a word, for counts: `timeout`, `no connection`, or the status.
    pub fn kind(&self) -> String {
        match self {
            DoorError::Silent(why) => why.clone(),
            DoorError::Status { status, .. } => status.to_string(),
            DoorError::Setting(_) | DoorError::Unreadable(_) => "unreadable".to_owned(),
        }
    }
}

/// A deployment's API. Its `Debug` shows no key.
#[derive(Clone)]
pub struct Door {
    client: Client,
    base: String,
    key: String,
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Door").field("base", &self.base).finish_non_exhaustive()
    }
}

impl Door {
    /// The API at this address, with a key for what is not public.
    pub fn new(base: &str, key: &str) -> Result<Door, DoorError> {
        let url =
            reqwest::Url::parse(base).map_err(|_| DoorError::Setting(format!("{base} is no address")))?;
        let mut client = Client::builder().timeout(TIMEOUT).connect_timeout(CONNECT_TIMEOUT);
        if matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]")) {
            // A company's proxy cannot see this machine's own ports.
            client = client.no_proxy();
        }
        let client = client.build().map_err(|error| DoorError::Setting(error.to_string()))?;
        Ok(Door { client, base: base.trim_end_matches('/').to_owned(), key: key.to_owned() })
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    /// Submits answers as the public may, once; the id of the submission that is durable now.
    pub async fn submit(&self, form: &str, answers: &Value) -> Result<String, DoorError> {
        let path = format!("/forms/{form}/submissions");
        let request = self.request(Method::POST, &path).header("content-type", "application/json");
        let taken = answer(request.body(answers.to_string()), Method::POST, &path, 202).await?;
        let id = taken.get("submission_id").and_then(Value::as_str);
        id.map(str::to_owned).ok_or(DoorError::Unreadable(path))
    }

    /// Reads a document, again where nobody answered.
    pub async fn get(&self, path: &str) -> Result<Value, DoorError> {
        let mut pause = FIRST_PAUSE;
        let mut tries = 0;
        loop {
            let request =
                self.request(Method::GET, path).bearer_auth(&self.key).header("accept", "application/json");
            tries += 1;
            match answer(request, Method::GET, path, 200).await {
                Err(error) if error.is_transient() && tries < READS => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                outcome => return outcome,
            }
        }
    }

    /// The same, `None` for what is not there.
    pub async fn find(&self, path: &str) -> Result<Option<Value>, DoorError> {
        match self.get(path).await {
            Err(DoorError::Status { status: 404, .. }) => Ok(None),
            outcome => outcome.map(Some),
        }
    }

    /// Sends a document, once.
    pub async fn send(&self, method: Method, path: &str, document: &Value) -> Result<Value, DoorError> {
        let request = self.request(method.clone(), path).bearer_auth(&self.key).body(document.to_string());
        answer(request, method, path, 200).await
    }
}

async fn answer(
    request: RequestBuilder,
    method: Method,
    path: &str,
    wanted: u16,
) -> Result<Value, DoorError> {
    let silent = |error: reqwest::Error| {
        DoorError::Silent(if error.is_timeout() { "timeout" } else { "no connection" }.to_owned())
    };
    let response = request.send().await.map_err(silent)?;
    let status = response.status().as_u16();
    let text = response.text().await.map_err(silent)?;
    if status != wanted {
        return Err(DoorError::Status { method, path: path.to_owned(), status });
    }
    serde_json::from_str(&text).map_err(|_| DoorError::Unreadable(path.to_owned()))
}
