//! Calls of the API, with what comes back kept whole for the message of a failing test.

use std::time::Duration;

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use super::deployment::{Deployment, setting};

/// How often a read is sent again.
const READS_AGAIN: usize = 5;

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    /// Status code.
    pub(crate) status: u16,
    headers: reqwest::header::HeaderMap,
    /// Body.
    pub(crate) text: String,
}

impl Reply {
    /// A header's value, empty when there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default()
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// The body of a success.
    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        self.json()
    }

    /// The document of a problem, which must be of this status and kind and say what to do.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, slug: &str) -> Value {
        let problem = if self.status == status { self.json() } else { panic!("{status} expected: {self:?}") };
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        assert_eq!(problem["type"], format!("urn:leadline:problem:{slug}"), "{self:?}");
        assert_eq!(problem["status"], status, "{self:?}");
        for said in ["title", "detail"] {
            assert!(problem[said].as_str().is_some_and(|t| !t.is_empty()), "no {said}: {self:?}");
        }
        problem
    }

    /// The fields that a problem names.
    #[track_caller]
    pub(crate) fn fields(&self, status: u16, slug: &str) -> Vec<String> {
        let problem = self.problem(status, slug);
        let errors = problem["errors"].as_array().unwrap_or_else(|| panic!("no errors: {self:?}"));
        errors
            .iter()
            .map(|e| e["field"].as_str().unwrap_or_else(|| panic!("no field: {self:?}")).to_owned())
            .collect()
    }
}

/// Sends a request.
pub(crate) async fn send(request: RequestBuilder) -> Reply {
    let response =
        request.send().await.unwrap_or_else(|error| panic!("the deployment does not answer: {error}"));
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Reply { status, headers, text: response.text().await.unwrap_or_default() }
}

impl Deployment {
    /// A request to the API without a key.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.api_url))
    }

    /// The same with the key that may do everything.
    pub(crate) fn with_key(&self, method: Method, path: &str) -> RequestBuilder {
        self.request(method, path).bearer_auth(&self.api_key)
    }

    /// Reads. What cannot be answered for a moment is asked for again when the answer says so: an emulator that is busy
    /// with a crowd may take seconds over one read of its table.
    pub(crate) async fn get(&self, path: &str) -> Reply {
        for _ in 0..READS_AGAIN {
            let reply = send(self.with_key(Method::GET, path)).await;
            if reply.status != StatusCode::SERVICE_UNAVAILABLE.as_u16() {
                return reply;
            }
            eprintln!("asked again for {path}: {reply:?}");
            let wait = reply.header("retry-after").parse();
            let seconds = wait.unwrap_or_else(|_| panic!("no time to come again: {reply:?}"));
            tokio::time::sleep(Duration::from_secs(seconds)).await;
        }
        send(self.with_key(Method::GET, path)).await
    }

    /// Sends a text, JSON or YAML.
    pub(crate) async fn put(&self, path: &str, text: &str) -> Reply {
        send(self.with_key(Method::PUT, path).body(text.to_owned())).await
    }

    /// Sends JSON.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        send(self.with_key(Method::POST, path).body(body.to_string())).await
    }

    /// Answers for a lead.
    pub(crate) async fn answer(&self, lead_id: &str, verb: &str, body: &Value) -> Reply {
        self.post(&format!("/leads/{lead_id}/{verb}"), body).await
    }

    /// Calls a function as its schedule does, by the setting that names it; what it answers.
    pub(crate) async fn tick(&self, function: &str) -> Value {
        let url = format!("{}/2015-03-31/functions/{}/invocations", self.endpoint, setting(function));
        let event = json!({ "source": "aws.events", "detail-type": "Scheduled Event", "detail": {} });
        send(self.client.post(url).body(event.to_string())).await.ok()
    }

    /// A submission to come.
    pub(crate) fn form(&self, form: &str) -> RequestBuilder {
        self.request(Method::POST, &format!("/forms/{form}/submissions"))
    }

    /// Submits answers as JSON.
    pub(crate) async fn submit(&self, form: &str, answers: &Value) -> Reply {
        let request = self.form(form).header("content-type", "application/json");
        send(request.body(answers.to_string())).await
    }

    /// Submits answers that must be taken; the id of the submission.
    pub(crate) async fn taken(&self, form: &str, answers: &Value) -> String {
        let reply = self.submit(form, answers).await;
        assert_eq!(reply.status, StatusCode::ACCEPTED.as_u16(), "{reply:?}");
        reply.json()["submission_id"].as_str().unwrap().to_owned()
    }
}
