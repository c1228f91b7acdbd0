//! One row to the door.

use reqwest::Method;
use reqwest::header::{ACCEPT, HeaderName};
use serde_json::Value;

use super::rows::Row;
use crate::api::{Api, Problem};
use crate::failure::Failure;
use crate::patience::Patience;

/// What became of a row.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It is durable under this submission id.
    Acknowledged(String),
    /// The door does not take it.
    Refused(Problem),
    /// Nobody took it in spite of all patience; it may have arrived all the same.
    Unanswered(Failure),
    /// It has not been tried, as an earlier one found nobody.
    NotSent,
}

/// Sends a row until there is an answer or patience ends.
pub(crate) async fn send(api: &Api, row: &Row) -> Outcome {
    let call = api
        .call(Method::POST, &["forms", row.form.as_str(), "submissions"])
        .header(HeaderName::from_static("idempotency-key"), row.idempotency_key())
        .header(ACCEPT, "application/json")
        .body("application/json", row.body());
    match api.ask_as_public(&call, Patience::long(row.number as u64)).await {
        Err(failure) => Outcome::Unanswered(failure),
        Ok(answer) if answer.is_transient() => Outcome::Unanswered(Failure::Problem(Problem::of(&answer))),
        Ok(answer) if answer.status == 202 => match submission_id(&answer.body) {
            Some(id) => Outcome::Acknowledged(id),
            None => Outcome::Unanswered(Failure::Answer),
        },
        // Something else than our door answers here, such as a page behind a redirect.
        Ok(answer) if answer.status < 400 => Outcome::Unanswered(Failure::Answer),
        Ok(answer) => Outcome::Refused(Problem::of(&answer)),
    }
}

fn submission_id(body: &str) -> Option<String> {
    let answer: Value = serde_json::from_str(body).ok()?;
    answer.get("submission_id")?.as_str().map(str::to_owned)
}
