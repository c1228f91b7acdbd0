//! Erasing a lead or a person: `POST /leads/{lead_id}/erase`, `POST /erasures`, and the receipt of either.

use jiff::SignedDuration;
use leadline_core::contact::EmailAddress;
use leadline_core::identity::claim_key;
use leadline_core::ids::{AttemptId, ErasureId};
use leadline_core::seal::Purpose;
use leadline_runtime::erasure::{begin, carry_out, erase};
use leadline_runtime::follow_up::{HandleError, Tries};
use leadline_runtime::http::{Problem, Request, Response};
use leadline_runtime::ports::Ports;
use leadline_store::erasures::{self, Erasure};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::access::Caller;
use crate::answer::{attempt, body, code, expected};
use crate::{Answered, Crm, Failure, reads};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LeadBody {
    #[serde(default)]
    reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PersonBody {
    email: String,
    #[serde(default)]
    reason: Option<String>,
}

/// How long a request works on an erasure; what is left then the sweep does.
const WITHIN: SignedDuration = SignedDuration::from_secs(5);

/// `POST /leads/{lead_id}/erase`. A lead that is erased already gives the receipt of its erasure.
pub(crate) async fn lead<P: Ports>(
    crm: &Crm,
    ports: &P,
    caller: &Caller,
    request: &Request,
    id: &str,
) -> Answered {
    let LeadBody { reason } = body(request)?;
    let reason = reason.as_deref().map(code).transpose()?;
    let attempt = attempt(crm, ports, caller, request, id)?;
    let expected = expected(request)?;
    let erasure_id = ErasureId::from_bits(ports.random());
    let mut tries = Tries::default();
    loop {
        let lead = reads::find(ports, id).await?;
        if let Some(erased) = &lead.erasure {
            return finish(crm, ports, erased).await;
        }
        if expected.is_some_and(|v| v != lead.version) {
            let detail = "The lead has changed since you read it. Read it again and decide anew.";
            let problem = Problem::new(412, "version-mismatch", "Version mismatch", detail);
            return Err(problem.with("version", lead.version).into());
        }
        let erased_at = ports.now().max(lead.created_at);
        let fresh = Erasure::of_lead(erasure_id.clone(), &caller.subject, reason.clone(), erased_at);
        let mailbox = claim_key(&crm.seal, &lead.profile.contact.email.canonical());
        let attempt = attempt.clone().unwrap_or_else(|| AttemptId::from_bits(ports.random()));
        match erase(&crm.shelf, ports, &fresh, &lead, &mailbox, attempt).await {
            Ok(_) => return finish(crm, ports, &erasure_id).await,
            Err(HandleError::Commit(error)) => tries.again(ports, error).await?,
            Err(error) => return Err(error.into()),
        }
    }
}

/// `POST /erasures`: every lead that has this mailbox, whichever way it is spelt.
pub(crate) async fn person<P: Ports>(crm: &Crm, ports: &P, caller: &Caller, request: &Request) -> Answered {
    let PersonBody { email, reason } = body(request)?;
    let email = address(&email)?;
    let reason = reason.as_deref().map(code).transpose()?;
    // The same key is the same erasure.
    let erasure_id = match attempt(crm, ports, caller, request, "erasures")? {
        Some(attempt) => {
            let parts: [&[u8]; 2] = [b"erasure", attempt.as_str().as_bytes()];
            ErasureId::from_bits(crm.seal.digest16(Purpose::Submission, &parts))
        }
        None => ErasureId::from_bits(ports.random()),
    };
    let mailbox = claim_key(&crm.seal, &email.canonical());
    begin(ports, &erasure_id, &mailbox, &caller.subject, reason.as_deref()).await?;
    finish(crm, ports, &erasure_id).await
}

/// Reads an address out of a body.
pub(crate) fn address(email: &str) -> Result<EmailAddress, Problem> {
    EmailAddress::parse(email).map_err(|_| {
        let errors = [json!({ "field": "email", "detail": "use one e-mail address" })];
        Problem::new(422, "invalid-body", "Invalid body", "`email` is no address.").with("errors", errors)
    })
}

/// Goes on with an erasure as far as time allows. It cannot be taken back any more: what fails here the sweep does.
async fn finish<P: Ports>(crm: &Crm, ports: &P, erasure_id: &ErasureId) -> Answered {
    let erasure = match carry_out(&crm.shelf, ports, erasure_id, ports.now() + WITHIN).await {
        Ok(erasure) => erasure,
        Err(error) => {
            tracing::warn!(erasure.id = %erasure_id, error = error.name(), detail = %error, "the sweep goes on with this erasure");
            found(ports, erasure_id).await?
        }
    };
    let status = if erasure.finished_at.is_some() { 200 } else { 202 };
    Ok(Response::json(status, &shown(&erasure)))
}

/// `GET /erasures/{erasure_id}`.
pub(crate) async fn receipt<P: Ports>(ports: &P, id: &str) -> Answered {
    let erasure_id = ErasureId::parse(id).map_err(|_| Problem::not_found("erasure"))?;
    Ok(Response::json(200, &shown(&found(ports, &erasure_id).await?)))
}

async fn found<P: Ports>(ports: &P, erasure_id: &ErasureId) -> Result<Erasure, Failure> {
    let found = erasures::load(ports.table(), erasure_id).await?;
    Ok(found.ok_or_else(|| Problem::not_found("erasure"))?)
}

fn shown(erasure: &Erasure) -> Value {
    let stores = erasure
        .stores
        .iter()
        .map(|(store, items)| json!({ "store": store.name(), "what": store.what(), "items": items }));
    json!({
        "erasure_id": erasure.erasure_id,
        "erased_at": erasure.erased_at,
        "finished_at": erasure.finished_at,
        "by": erasure.by,
        "reason": erasure.reason,
        "leads": erasure.leads.iter().map(|l| &l.lead_id).collect::<Vec<_>>(),
        "stores": stores.collect::<Vec<_>>(),
    })
}
