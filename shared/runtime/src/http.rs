//! HTTP at the edge: a request reduced to what handlers need, and answers with problem details (RFC 9457).

use std::collections::BTreeMap;
use std::fmt;

use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use base64::Engine;
use serde::Serialize;
use serde_json::{Value, json};

/// A request. Header names are lower case; of a header sent twice the last value counts. Its `Debug` shows neither
/// values nor the path, which may be a signed link.
#[derive(Clone, Default)]
pub struct Request {
    /// `GET`, `POST`, …
    pub method: String,
    /// The path under the stage, percent-decoded by segment.
    pub path: Vec<String>,
    /// Query parameters.
    pub query: BTreeMap<String, String>,
    /// Headers.
    pub headers: BTreeMap<String, String>,
    /// The body, decoded.
    pub body: Vec<u8>,
    /// The network address that API Gateway saw. Never taken from a header.
    pub source_ip: String,
    /// The host name that API Gateway answers to. Never taken from a header.
    pub domain: String,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<&String> = self.headers.keys().collect();
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("segments", &self.path.len())
            .field("headers", &headers)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

impl Request {
    /// Reads what API Gateway hands over; `None` when the body claims to be base64 and is not.
    pub fn from_gateway(event: ApiGatewayProxyRequest) -> Option<Request> {
        let body = event.body.unwrap_or_default();
        let body = if event.is_base64_encoded {
            base64::engine::general_purpose::STANDARD.decode(body).ok()?
        } else {
            body.into_bytes()
        };
        let headers = event
            .headers
            .iter()
            .map(|(name, value)| {
                (name.as_str().to_ascii_lowercase(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            })
            .collect();
        let query = event.query_string_parameters.iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
        let path = event.path.unwrap_or_default();
        Some(Request {
            method: event.http_method.as_str().to_owned(),
            path: path.split('/').filter(|s| !s.is_empty()).map(decode).collect(),
            query,
            headers,
            body,
            source_ip: event.request_context.identity.source_ip.unwrap_or_default(),
            domain: event.request_context.domain_name.unwrap_or_default(),
        })
    }

    /// A header by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The path's segments as text.
    pub fn segments(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }
}

fn decode(segment: &str) -> String {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = |b: &u8| (*b as char).to_digit(16).and_then(|d| u8::try_from(d).ok());
        match (first, tail) {
            (b'%', [high, low, after @ ..]) if hex(high).is_some() && hex(low).is_some() => {
                bytes.push(hex(high).unwrap_or(0) << 4 | hex(low).unwrap_or(0));
                rest = after;
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// An answer. Its `Debug` shows no body, which may be somebody's data.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Headers.
    pub headers: Vec<(&'static str, String)>,
    /// Body.
    pub body: String,
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<&str> = self.headers.iter().map(|(name, _)| *name).collect();
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("headers", &headers)
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

impl Response {
    /// A JSON answer.
    pub fn json(status: u16, value: &impl Serialize) -> Response {
        let body = serde_json::to_string(value).unwrap_or_else(|_| "{}".to_owned());
        Response::new(status, "application/json", body)
    }

    /// A page.
    pub fn html(status: u16, body: String) -> Response {
        Response::new(status, "text/html; charset=utf-8", body)
    }

    /// Any other answer.
    pub fn new(status: u16, content_type: &str, body: String) -> Response {
        Response { status, headers: vec![("content-type", content_type.to_owned())], body }
    }

    /// Adds a header.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Response {
        self.headers.push((name, value.into()));
        self
    }

    /// What API Gateway expects, with the headers that every answer has.
    pub fn into_gateway(self) -> ApiGatewayProxyResponse {
        let mut response = ApiGatewayProxyResponse::default();
        response.status_code = i64::from(self.status);
        let always = [
            ("x-content-type-options", "nosniff"),
            ("strict-transport-security", "max-age=63072000"),
            ("referrer-policy", "no-referrer"),
        ];
        let mut all: Vec<(&str, String)> = always.iter().map(|(n, v)| (*n, (*v).to_owned())).collect();
        if !self.headers.iter().any(|(n, _)| *n == "cache-control") {
            all.push(("cache-control", "no-store".to_owned()));
        }
        all.extend(self.headers);
        for (name, value) in all {
            // What cannot be a header value is left out rather than failing the answer.
            if let Ok(value) = value.parse() {
                response.headers.insert(name, value);
            }
        }
        response.body = Some(self.body.into());
        response.is_base64_encoded = false;
        response
    }
}

/// A problem, told to people with a next step.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    status: u16,
    slug: &'static str,
    title: &'static str,
    detail: String,
    extra: serde_json::Map<String, Value>,
    headers: Vec<(&'static str, String)>,
}

impl Problem {
    /// A problem with its stable slug and a sentence that says what to do.
    pub fn new(status: u16, slug: &'static str, title: &'static str, detail: impl Into<String>) -> Problem {
        Problem {
            status,
            slug,
            title,
            detail: detail.into(),
            extra: serde_json::Map::new(),
            headers: Vec::new(),
        }
    }

    /// Nothing is here, or nothing that the caller may know of.
    pub fn not_found(what: &str) -> Problem {
        Problem::new(404, "not-found", "Not found", format!("There is no such {what}. Check the address."))
    }

    /// We could not do it now; the same request may succeed later.
    pub fn unavailable() -> Problem {
        Problem::new(
            503,
            "unavailable",
            "Temporarily unavailable",
            "Nothing was changed. Send the same request again in a moment.",
        )
        .with_header("retry-after", "1")
    }

    /// Adds a member to the document.
    pub fn with(mut self, name: &str, value: impl Serialize) -> Problem {
        self.extra.insert(name.to_owned(), serde_json::to_value(value).unwrap_or(Value::Null));
        self
    }

    /// Adds a header to the answer.
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Problem {
        self.headers.push((name, value.into()));
        self
    }

    /// The status code.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The sentence.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The title.
    pub fn title(&self) -> &str {
        self.title
    }

    /// A member that was added.
    pub fn member(&self, name: &str) -> Option<&Value> {
        self.extra.get(name)
    }
}

impl From<Problem> for Response {
    fn from(problem: Problem) -> Response {
        let mut document = json!({
            "type": format!("urn:leadline:problem:{}", problem.slug),
            "title": problem.title,
            "status": problem.status,
            "detail": problem.detail,
        });
        if let Some(map) = document.as_object_mut() {
            map.extend(problem.extra);
        }
        let mut response = Response::new(problem.status, "application/problem+json", document.to_string());
        response.headers.extend(problem.headers);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_and_answers_keep_to_themselves_what_they_carry() {
        let named = |name: &str| BTreeMap::from([(name.to_owned(), "zqx".to_owned())]);
        let request = Request {
            method: "POST".to_owned(),
            path: vec!["offers".to_owned(), "zqx".to_owned()],
            query: named("email"),
            headers: named("authorization"),
            body: b"zqx".to_vec(),
            source_ip: "zqx".to_owned(),
            domain: "zqx".to_owned(),
        };
        let response = Response::json(200, &"zqx").with("location", "zqx");
        for shown in [format!("{request:?} {request:#?}"), format!("{response:?} {response:#?}")] {
            assert!(!shown.contains("zqx"), "{shown}");
        }
        assert!(format!("{request:?}").contains("authorization"));
        assert!(format!("{response:?}").contains("200"));
    }
}
