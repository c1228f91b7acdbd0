//! Playbooks: read, validate, publish, put an earlier one in force again.

use std::sync::Arc;

use jiff::Timestamp;
use leadline_core::ids::PlaybookVersion;
use leadline_core::playbook::{MAX_BYTES, Mistake, Playbook};
use leadline_core::seal::sha256_hex;
use leadline_runtime::follow_up::HandleError;
use leadline_runtime::http::{Problem, Request, Response};
use leadline_runtime::ports::Ports;
use leadline_store::leads::CommitError;
use leadline_store::playbooks::{self, PublishError};
use serde_json::json;

use crate::access::Caller;
use crate::{Answered, Crm, Failure, people};

impl From<PublishError> for Failure {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::Raced => Problem::new(
                409,
                "published-meanwhile",
                "Published meanwhile",
                "Somebody else published at the same time. Look at their version, then publish again.",
            )
            .into(),
            PublishError::NoSuchVersion => Problem::not_found("playbook version").into(),
            PublishError::Read(error) => error.into(),
        }
    }
}

/// `GET /playbook`: the text in force, as it was published.
pub(crate) async fn current<P: Ports>(_crm: &Crm, ports: &P, request: &Request) -> Answered {
    let version = playbooks::active(ports.table()).await?;
    show(ports, request, version).await
}

/// `GET /playbook/versions/{n}`.
pub(crate) async fn version<P: Ports>(ports: &P, request: &Request, n: &str) -> Answered {
    let n = number(n)?;
    show(ports, request, n).await
}

fn number(n: &str) -> Result<PlaybookVersion, Problem> {
    n.parse().map(PlaybookVersion).map_err(|_| Problem::not_found("playbook version"))
}

async fn show<P: Ports>(ports: &P, request: &Request, version: PlaybookVersion) -> Answered {
    let text = if version == PlaybookVersion(0) {
        Playbook::BUNDLED.to_owned()
    } else {
        let text = playbooks::text(ports.table(), version).await?;
        text.ok_or_else(|| Problem::not_found("playbook version"))?
    };
    let wants_json = request.header("accept").is_some_and(|a| a.contains("application/json"));
    let response = match Playbook::read(&text) {
        Ok(playbook) if wants_json => Response::json(200, playbook.doc()),
        _ => Response::new(200, "application/yaml", text),
    };
    Ok(response.with("etag", format!("\"{version}\"")).with("playbook-version", version.to_string()))
}

fn text(request: &Request) -> Result<String, Problem> {
    if request.body.len() > MAX_BYTES {
        let detail = format!("A playbook may have at most {MAX_BYTES} bytes.");
        return Err(Problem::new(413, "body-too-large", "Too large", detail));
    }
    String::from_utf8(request.body.clone())
        .map_err(|_| Problem::new(400, "malformed-body", "Malformed body", "The playbook is not UTF-8."))
}

fn invalid(mistakes: Vec<Mistake>) -> Problem {
    let detail =
        format!("The playbook has {} mistake(s). Mend those listed and send it again.", mistakes.len());
    Problem::new(422, "invalid-playbook", "Invalid playbook", detail).with("errors", mistakes)
}

/// A playbook that may be put in force here and now.
fn good(crm: &Crm, text: &str, now: Timestamp) -> Result<Playbook, Problem> {
    let playbook = Playbook::read(text).map_err(invalid)?;
    let mut mistakes = playbook.out_of_reach(&crm.reach);
    mistakes.extend(playbook.untimed(now));
    if mistakes.is_empty() { Ok(playbook) } else { Err(invalid(mistakes)) }
}

/// `POST /playbook/validate`.
pub(crate) fn validate<P: Ports>(crm: &Crm, ports: &P, request: &Request) -> Answered {
    good(crm, &text(request)?, ports.now())?;
    Ok(Response::json(200, &json!({ "valid": true, "errors": [] })))
}

/// The playbook in force, if there is one that can be read.
async fn readable<P: Ports>(crm: &Crm, ports: &P) -> Result<Option<Arc<Playbook>>, HandleError> {
    match crm.shelf.active(ports.table()).await {
        Ok((_, playbook)) => Ok(Some(playbook)),
        Err(HandleError::Playbook(_) | HandleError::Commit(CommitError::Corrupt(_))) => Ok(None),
        Err(error) => Err(error),
    }
}

/// `PUT /playbook`: a new version, in force from the next lead on.
pub(crate) async fn publish<P: Ports>(crm: &Crm, ports: &P, caller: &Caller, request: &Request) -> Answered {
    let text = text(request)?;
    let playbook = good(crm, &text, ports.now())?;
    let sha256 = sha256_hex(text.as_bytes());
    let before = readable(crm, ports).await?;
    let reps = people::announce(ports, before.as_deref(), &playbook).await?;
    let published = playbooks::publish(ports.table(), &text, &sha256, &caller.subject, ports.now()).await?;
    tracing::info!(playbook.version = published.version.0, by = caller.subject, "playbook published");
    people::in_force(ports, &reps).await;
    Ok(Response::json(200, &published))
}

/// `GET /playbook/versions`.
pub(crate) async fn versions<P: Ports>(ports: &P) -> Answered {
    let active = playbooks::active(ports.table()).await?;
    let versions = playbooks::versions(ports.table()).await?;
    Ok(Response::json(200, &json!({ "active": active, "versions": versions })))
}

/// `POST /playbook/versions/{n}/activate`.
pub(crate) async fn activate<P: Ports>(crm: &Crm, ports: &P, n: &str) -> Answered {
    let version = number(n)?;
    let before = readable(crm, ports).await?;
    // One that is not there is refused below.
    let reps = match crm.shelf.version(ports.table(), version).await {
        Ok(playbook) => {
            let untimed = playbook.untimed(ports.now());
            if !untimed.is_empty() {
                return Err(invalid(untimed).into());
            }
            people::announce(ports, before.as_deref(), &playbook).await?
        }
        Err(HandleError::Playbook(_)) if playbooks::text(ports.table(), version).await?.is_some() => {
            let detail = "This version cannot be read any more. Send its text to `PUT /playbook`, which says what to mend.";
            return Err(Problem::new(422, "invalid-playbook", "Invalid playbook", detail).into());
        }
        Err(HandleError::Playbook(_)) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    playbooks::activate(ports.table(), version).await?;
    people::in_force(ports, &reps).await;
    Ok(Response::json(200, &json!({ "active": version })))
}
