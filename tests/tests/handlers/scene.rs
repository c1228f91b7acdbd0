//! What most of these tests begin with.

use jiff::SignedDuration;
use leadline_runtime::http::{Request, Response};
use leadline_tests::calm::{Calm, header, json, request};
use serde_json::{Value, json};

pub(super) fn secs(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

/// Somebody who wants a demo and writes from a company: qualified by the playbook.
pub(super) fn wants_demo(email: &str) -> Value {
    json!({ "email": email, "wish": "demo" })
}

/// A lead that has just been offered, as the API shows it.
pub(super) fn offered(calm: &Calm, email: &str) -> Value {
    let submission = calm.submitted("demo", &wants_demo(email));
    calm.run_queues();
    let lead = calm.lead_of(&submission);
    assert_eq!(lead["stage"], "offered", "{lead:#}");
    lead
}

/// A lead that its rep has accepted.
pub(super) fn accepted(calm: &Calm, email: &str) -> Value {
    let lead = offered(calm, email);
    answer(calm, &lead, "accept", &json!({}))
}

/// The owner answers for a lead; the lead afterwards.
pub(super) fn answer(calm: &Calm, lead: &Value, verb: &str, rest: &Value) -> Value {
    let mut body = rest.clone();
    body["rep_id"] = lead["owner"]["rep_id"].clone();
    let (status, after) = calm.ask("POST", &format!("/leads/{}/{verb}", id(lead)), &body);
    assert_eq!(status, 200, "{after}");
    calm.run_queues();
    calm.lead(id(lead))
}

/// A call that nobody took, made at an instant.
pub(super) fn called(at: jiff::Timestamp) -> Value {
    json!({ "channel": "phone", "direction": "outbound", "outcome": "left_message", "occurred_at": at.to_string() })
}

/// Changes a rep's state by hand; the rep afterwards.
pub(super) fn patch(calm: &Calm, rep: &str, body: &Value) -> Value {
    let (status, shown) = calm.ask("PATCH", &format!("/reps/{rep}"), body);
    assert_eq!(status, 200, "{shown}");
    calm.run_queues();
    calm.ask("GET", &format!("/reps/{rep}"), &Value::Null).1
}

/// Publishes a playbook as its owners do.
pub(super) fn publish(calm: &Calm, text: &str) {
    let response = send_playbook(calm, "PUT", "/playbook", text);
    assert_eq!(response.status, 200, "{}", response.body);
    calm.run_queues();
}

/// Sends a playbook.
pub(super) fn send_playbook(calm: &Calm, method: &str, path: &str, text: &str) -> Response {
    let mut sent = with(request(method, path), "authorization", &format!("Bearer {}", calm.api_key));
    sent.body = text.as_bytes().to_vec();
    calm.send(sent)
}

/// By how many milliseconds each step of a ladder was late, as the log has it.
pub(super) fn steps_late(log: &str) -> Vec<String> {
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let steps = lines.filter(|line| line["message"] == "deadline step");
    steps.map(|line| line["late_ms"].as_str().unwrap().to_owned()).collect()
}

/// A clock of a lead.
pub(super) fn clock<'l>(lead: &'l Value, kind: &str) -> &'l Value {
    lead["clocks"].as_array().unwrap().iter().find(|c| c["clock"] == kind).unwrap_or(&Value::Null)
}

pub(super) fn id(lead: &Value) -> &str {
    lead["lead_id"].as_str().unwrap()
}

/// The kinds of a lead's events with their seconds since the beginning of the world, notices of confirmation aside.
pub(super) fn history(calm: &Calm, lead_id: &str) -> Vec<(i64, String)> {
    let at = |event: &Value| event["at"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let since = |event: &Value| at(event).duration_since(leadline_tests::calm::START).as_secs();
    let kind = |event: &Value| event["kind"].as_str().unwrap().to_owned();
    calm.timeline(lead_id).iter().map(|e| (since(e), kind(e))).filter(|(_, k)| k != "notified").collect()
}

/// Asserts that an answer is a problem document of this status and type, and returns it.
pub(super) fn problem(response: &Response, status: u16, slug: &str) -> Value {
    let document = json(response);
    let found = (response.status, document["type"].as_str().unwrap_or_default());
    assert_eq!(found, (status, format!("urn:leadline:problem:{slug}").as_str()), "{}", response.body);
    assert_eq!(header(response, "content-type"), Some("application/problem+json"));
    assert_eq!(document["status"], status);
    for said in ["title", "detail"] {
        assert!(document[said].as_str().is_some_and(|text| !text.is_empty()), "{said} of {document}");
    }
    document
}

/// Adds a header to a request.
pub(super) fn with(mut request: Request, name: &str, value: &str) -> Request {
    request.headers.insert(name.to_owned(), value.to_owned());
    request
}

/// A browser's form post.
pub(super) fn browser_post(form: &str, body: &str) -> Request {
    let mut request = request("POST", &format!("/forms/{form}/submissions"));
    request.body = body.as_bytes().to_vec();
    let request = with(request, "content-type", "application/x-www-form-urlencoded");
    with(request, "accept", "text/html,application/xhtml+xml,*/*;q=0.8")
}

/// The token in the hosted form.
pub(super) fn form_token(calm: &Calm, form: &str) -> String {
    let page = calm.send(request("GET", &format!("/forms/{form}")));
    assert_eq!(page.status, 200);
    let (_, rest) = page.body.split_once("name=\"_token\" value=\"").unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}
