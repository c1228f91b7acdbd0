//! The deployment's API, as a client sees it.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use leadline_runtime::config::optional;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Method, Url};
use serde_json::Value;

use crate::failure::Failure;
use crate::patience::Patience;

/// API Gateway gives up after 29 seconds.
const TIMEOUT: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Where the API is, and the key to it. Its `Debug` shows no key.
#[derive(Clone)]
pub(crate) struct Api {
    client: Client,
    base: Url,
    key: Option<HeaderValue>,
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api").field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}

/// One request.
#[derive(Debug)]
pub(crate) struct Call {
    method: Method,
    url: Url,
    headers: Vec<(HeaderName, String)>,
    body: Option<String>,
}

impl Call {
    /// Adds a header.
    pub(crate) fn header(mut self, name: HeaderName, value: impl Into<String>) -> Call {
        self.headers.push((name, value.into()));
        self
    }

    /// Adds a parameter to the address.
    pub(crate) fn query(mut self, name: &str, value: &str) -> Call {
        self.url.query_pairs_mut().append_pair(name, value);
        self
    }

    /// Adds a body.
    pub(crate) fn body(mut self, content_type: &str, body: String) -> Call {
        self.body = Some(body);
        self.header(CONTENT_TYPE, content_type)
    }
}

/// What came back, whatever its status.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The body as text.
    pub(crate) body: String,
    /// When the server says that it answered, to the second.
    pub(crate) date: Option<Timestamp>,
    retry_after: Option<Duration>,
}

impl Answer {
    /// Whether the same request may go better later.
    pub(crate) fn is_transient(&self) -> bool {
        self.status == 429 || self.status >= 500
    }

    /// The body of a success; the problem otherwise.
    pub(crate) fn success(self) -> Result<String, Failure> {
        if (200..300).contains(&self.status) {
            Ok(self.body)
        } else {
            Err(Failure::Problem(Problem::of(&self)))
        }
    }

    /// The JSON body of a success.
    pub(crate) fn json(self) -> Result<Value, Failure> {
        serde_json::from_str(&self.success()?).map_err(|_| Failure::Answer)
    }
}

/// A refusal as the API words it (RFC 9457). Says nothing that was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The HTTP status.
    pub(crate) status: u16,
    detail: String,
    errors: Vec<String>,
}

impl Problem {
    /// Reads the problem in an answer; one that is no problem document is described by its status.
    pub(crate) fn of(answer: &Answer) -> Problem {
        let document: Value = serde_json::from_str(&answer.body).unwrap_or_default();
        let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let said = text(&document, "detail");
        let detail = match (answer.status, said) {
            // The API says which header to send; here it is a variable.
            (401, _) => "The API does not take this API_KEY. Make one with \
                         `leadctl keys create --name SUBJECT --scopes all` and set API_KEY to it."
                .to_owned(),
            (_, Some(said)) => said,
            (403 | 404, None) => "The API knows nothing of this address. Check API_URL.".to_owned(),
            (status, None) => format!("The API answered with status {status}."),
        };
        let one = |error: &Value| {
            let place = text(error, "field").or_else(|| text(error, "path")).unwrap_or_default();
            let what = text(error, "detail").unwrap_or_default();
            if place.is_empty() { what } else { format!("{place}: {what}") }
        };
        let errors =
            document.get("errors").and_then(Value::as_array).map(|list| list.iter().map(one).collect());
        Problem { status: answer.status, detail, errors: errors.unwrap_or_default() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)?;
        for error in &self.errors {
            write!(f, "\n    {error}")?;
        }
        Ok(())
    }
}

impl Api {
    /// The public part: needs `API_URL` only.
    pub(crate) fn open() -> Result<Api, Failure> {
        let url = optional("API_URL").ok_or(Failure::Unset { name: "API_URL" })?;
        Api::at(&url, optional("API_KEY").as_deref())
    }

    /// All of it: needs `API_URL` and `API_KEY`.
    pub(crate) fn with_key() -> Result<Api, Failure> {
        let api = Api::open()?;
        if api.key.is_some() { Ok(api) } else { Err(Failure::Unset { name: "API_KEY" }) }
    }

    /// The API at this address.
    pub(crate) fn at(url: &str, key: Option<&str>) -> Result<Api, Failure> {
        let base =
            Url::parse(url).ok().filter(|u| matches!(u.scheme(), "http" | "https")).ok_or(Failure::ApiUrl)?;
        let key = key.map(|key| HeaderValue::from_str(&format!("Bearer {key}"))).transpose();
        let key = key.map_err(|_| Failure::Unset { name: "API_KEY" })?.map(|mut key| {
            key.set_sensitive(true);
            key
        });
        let host = base.host_str().unwrap_or_default().to_owned();
        let client = client(url).map_err(|error| Failure::Unreachable { host, reason: innermost(&error) })?;
        Ok(Api { client, base, key })
    }

    /// A request to a path below the API's address.
    pub(crate) fn call(&self, method: Method, path: &[&str]) -> Call {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        Call { method, url, headers: Vec::new(), body: None }
    }

    /// Reads a JSON document.
    pub(crate) async fn get(&self, path: &[&str]) -> Result<Value, Failure> {
        self.ask(&self.call(Method::GET, path).header(ACCEPT, "application/json")).await?.json()
    }

    /// Makes a request that needs the key, with the patience of somebody at a terminal.
    pub(crate) async fn ask(&self, call: &Call) -> Result<Answer, Failure> {
        self.exchange(call, self.key.as_ref(), Patience::SHORT).await
    }

    /// Finds out in seconds whether anybody is there; what the answer says does not matter.
    pub(crate) async fn knock(&self) -> Result<(), Failure> {
        self.exchange(&self.call(Method::GET, &["openapi.json"]), None, Patience::SHORT).await.map(|_| ())
    }

    /// Makes a request as anybody may, without the key.
    pub(crate) async fn ask_as_public(&self, call: &Call, patience: Patience) -> Result<Answer, Failure> {
        self.exchange(call, None, patience).await
    }

    async fn exchange(
        &self,
        call: &Call,
        key: Option<&HeaderValue>,
        patience: Patience,
    ) -> Result<Answer, Failure> {
        let mut tried = 0;
        loop {
            let outcome = self.once(call, key).await;
            tried += 1;
            let retry_after = match &outcome {
                Ok(answer) if !answer.is_transient() => return outcome,
                Ok(answer) => answer.retry_after,
                Err(_) => None,
            };
            match patience.pause_after(tried, retry_after) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return outcome,
            }
        }
    }

    async fn once(&self, call: &Call, key: Option<&HeaderValue>) -> Result<Answer, Failure> {
        let mut request = self.client.request(call.method.clone(), call.url.clone());
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        if let Some(key) = key {
            request = request.header(AUTHORIZATION, key.clone());
        }
        if let Some(body) = &call.body {
            request = request.body(body.clone());
        }
        let unreachable = |error: reqwest::Error| Failure::Unreachable {
            host: call.url.host_str().unwrap_or_default().to_owned(),
            reason: innermost(&error),
        };
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status().as_u16();
        let header = |name| response.headers().get(name).and_then(|v| v.to_str().ok()).map(str::trim);
        let wish = header(RETRY_AFTER).and_then(|v| v.parse().ok());
        let date = header(DATE).and_then(|v| rfc2822::parse(v).ok()).map(|at| at.timestamp());
        let body = response.text().await.map_err(unreachable)?;
        Ok(Answer { status, body, date, retry_after: wish.map(Duration::from_secs) })
    }
}

/// A client for requests to this address.
pub(crate) fn client(url: &str) -> reqwest::Result<Client> {
    let mut client = Client::builder()
        .timeout(TIMEOUT)
        .connect_timeout(CONNECT_TIMEOUT)
        .user_agent(concat!("leadctl/", env!("CARGO_PKG_VERSION")));
    let host = Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
    if matches!(host.as_deref(), Some("localhost" | "127.0.0.1" | "[::1]")) {
        // A company's proxy cannot see this machine's own ports.
        client = client.no_proxy();
    }
    client.build()
}

/// The last cause, which says it in people's words: "Connection refused (os error 111)".
pub(crate) fn innermost(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "timed out".to_owned();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_appended_and_escaped() {
        for base in ["http://127.0.0.1:4566/stage", "http://127.0.0.1:4566/stage/"] {
            let api = Api::at(base, None).unwrap();
            let call = api.call(Method::GET, &["leads", "a/b"]).query("limit", "5");
            assert_eq!(call.url.as_str(), "http://127.0.0.1:4566/stage/leads/a%2Fb?limit=5");
        }
        assert!(matches!(Api::at("ftp://x.example", None), Err(Failure::ApiUrl)));
        assert!(matches!(Api::at("leadline", None), Err(Failure::ApiUrl)));
    }

    #[test]
    fn no_key_in_debug() {
        let api = Api::at("http://127.0.0.1:1", Some("llk_secret")).unwrap();
        assert!(!format!("{api:?}").contains("llk_secret"));
    }

    #[test]
    fn problems_as_the_api_words_them() {
        let answer =
            |status, body: &str| Answer { status, body: body.to_owned(), date: None, retry_after: None };
        let document = r#"{"type":"urn:x","title":"Invalid submission","status":422,"detail":"Mend those listed.",
            "errors":[{"field":"email","detail":"this field is required"},{"path":"reps.anna","detail":"no hours"}]}"#;
        assert_eq!(
            Problem::of(&answer(422, document)).to_string(),
            "Mend those listed.\n    email: this field is required\n    reps.anna: no hours"
        );
        let refused =
            Problem::of(&answer(401, r#"{"detail":"Send `Authorization: Bearer <key>`."}"#)).to_string();
        assert!(refused.contains("set API_KEY"), "{refused}");
        assert_eq!(Problem::of(&answer(418, "<html>")).to_string(), "The API answered with status 418.");
    }
}
