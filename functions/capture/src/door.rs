//! The door: which request means what, who may come in, and how the answer is given.

use leadline_core::ids::{FormId, PlaybookVersion, VisitorId};
use leadline_core::playbook::Playbook;
use leadline_core::seal::{Purpose, Seal, hex};
use leadline_core::submission::{Form, read};
use leadline_edge::body::{self, BodyError, MAX_BODY};
use leadline_edge::form_token;
use leadline_runtime::follow_up::HandleError;
use leadline_runtime::http::{Problem, Request, Response};
use leadline_runtime::ports::Ports;
use leadline_runtime::shelf::Shelf;
use leadline_store::limits;
use serde_json::json;

use crate::page;
use crate::take::{Arrival, TakeError, take};

/// What the function keeps between requests.
#[derive(Debug)]
pub struct Capture {
    /// Keyed hashes and tokens.
    pub seal: Seal,
    /// Playbooks.
    pub shelf: Shelf,
}

/// Answers one request.
pub async fn handle<P: Ports>(capture: &Capture, ports: &P, request: Request) -> Response {
    let segments = request.segments();
    let (form_name, rest) = match segments.as_slice() {
        ["forms", name, rest @ ..] => (*name, rest.to_vec()),
        _ => return Problem::not_found("page").into(),
    };
    let (version, playbook) = match capture.shelf.active(ports.table()).await {
        Ok(active) => active,
        Err(error) => return unavailable(&error),
    };
    // An unknown form and a disabled one answer the same.
    let form_id = FormId::parse(form_name).ok();
    let Some((form_id, form)) = form_id.and_then(|id| playbook.form(&id).map(|form| (id.clone(), form)))
    else {
        return not_found(&request);
    };
    match (request.method.as_str(), rest.as_slice()) {
        ("GET", []) if request.query.contains_key("sent") => html(200, form, page::thanks_page(form)),
        ("GET", []) => {
            html(200, form, page::form_page(&form_id, form, &fresh_token(capture, ports, &form_id), None))
        }
        ("GET", ["embed.js"]) => {
            let script = page::embed_js(&form_id, form, &fresh_token(capture, ports, &form_id));
            Response::new(200, "text/javascript; charset=utf-8", script)
                .with("access-control-allow-origin", "*")
        }
        ("OPTIONS", ["submissions"]) => preflight(&request, form),
        ("POST", ["submissions"]) => {
            let response = submit(capture, ports, &request, &form_id, form, version, &playbook).await;
            match request.header("origin") {
                Some(origin) if may_post(&request, form) => allow_origin(response, origin),
                _ => response,
            }
        }
        _ => Problem::new(
            405,
            "method-not-allowed",
            "Method not allowed",
            "GET the form, or POST to its submissions.",
        )
        .into(),
    }
}

fn fresh_token<P: Ports>(capture: &Capture, ports: &P, form_id: &FormId) -> String {
    form_token::issue(&capture.seal, form_id, &VisitorId::from_bits(ports.random()), ports.now())
}

fn html(status: u16, form: &Form, body: String) -> Response {
    Response::html(status, body).with("content-security-policy", page::csp(form))
}

fn not_found(request: &Request) -> Response {
    if wants_pages(request) {
        Response::html(404, page::not_found_page()).with("content-security-policy", page::CSP)
    } else {
        Problem::not_found("form").into()
    }
}

/// A browser that navigates asks for pages; programs and our own script do not.
fn wants_pages(request: &Request) -> bool {
    request.header("accept").is_some_and(|accept| accept.contains("text/html"))
}

fn unavailable(error: &HandleError) -> Response {
    tracing::error!(error = error.name(), detail = %error, "request failed");
    Problem::unavailable().into()
}

/// Whether a browser on this origin may post. Programs send no origin. An empty list means any; otherwise the hosted
/// form, which is on our own host, and those listed.
fn may_post(request: &Request, form: &Form) -> bool {
    let Some(origin) = request.header("origin") else { return true };
    if form.origins.is_empty() {
        return true;
    }
    let host = origin.split("://").nth(1).unwrap_or_default();
    let ours = !request.domain.is_empty() && host == request.domain;
    ours || form.origins.iter().any(|allowed| allowed == origin)
}

fn allow_origin(response: Response, origin: &str) -> Response {
    response
        .with("access-control-allow-origin", origin)
        .with("access-control-expose-headers", "retry-after")
        .with("vary", "origin")
}

fn preflight(request: &Request, form: &Form) -> Response {
    let plain = Response::new(204, "text/plain", String::new());
    match request.header("origin") {
        Some(origin) if may_post(request, form) => allow_origin(plain, origin)
            .with("access-control-allow-methods", "POST")
            .with("access-control-allow-headers", "content-type, idempotency-key")
            .with("access-control-max-age", "600"),
        _ => Problem::new(403, "origin-not-allowed", "Origin not allowed", ORIGIN_FIX).into(),
    }
}

/// A body that cannot be read, as a problem.
fn unreadable(error: &BodyError) -> Problem {
    let (slug, title) = match error {
        BodyError::TooLarge => ("body-too-large", "Too large"),
        BodyError::Unsupported(_) => ("unsupported-media-type", "Unsupported media type"),
        BodyError::Malformed(_) => ("malformed-body", "Malformed body"),
    };
    let detail = match error {
        BodyError::TooLarge => format!("A form may have at most {MAX_BODY} bytes. Shorten the longest text."),
        error => error.to_string(),
    };
    Problem::new(error.status(), slug, title, detail)
}

const ORIGIN_FIX: &str =
    "This form takes no submissions from this site. Add the site's origin to the form's `origins`.";

async fn submit<P: Ports>(
    capture: &Capture,
    ports: &P,
    request: &Request,
    form_id: &FormId,
    form: &Form,
    version: PlaybookVersion,
    playbook: &Playbook,
) -> Response {
    if !may_post(request, form) {
        return Problem::new(403, "origin-not-allowed", "Origin not allowed", ORIGIN_FIX).into();
    }
    let sender = hex(&capture.seal.digest16(Purpose::Address, &[request.source_ip.as_bytes()]));
    let now = ports.now();
    match limits::count_address(ports.table(), form_id, &sender, form.per_address, now).await {
        Ok(count) if count > i64::from(form.per_address.count) => {
            let wait = limits::retry_after(form.per_address, now);
            let problem = Problem::new(
                429,
                "too-many-submissions",
                "Too many submissions",
                format!("Too many submissions from this address. Send it again in {wait} seconds."),
            );
            return problem.with_header("retry-after", wait.to_string()).into();
        }
        Ok(_) => {}
        // The limit is a courtesy, the lead is not: without a counter the door stays open.
        Err(error) => {
            tracing::warn!(error = "rate_limit_unavailable", detail = %error, "address not counted")
        }
    }
    if request.body.len() > MAX_BODY {
        return unreadable(&BodyError::TooLarge).into();
    }
    let encoding = request.header("content-encoding");
    let inputs = match body::inputs(request.header("content-type"), encoding, &request.body).await {
        Ok(inputs) => inputs,
        Err(error) => return unreadable(&error).into(),
    };
    let idempotency_key = match request.header("idempotency-key").map(str::trim) {
        Some(key) if (1..=255).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic()) => Some(key),
        Some(_) => {
            let fix = "An Idempotency-Key has 1 to 255 printable ASCII characters, best a fresh UUID.";
            return Problem::new(400, "malformed-idempotency-key", "Malformed idempotency key", fix).into();
        }
        None => None,
    };
    let typed = inputs.clone();
    let reading = match read(form, inputs, now) {
        Ok(reading) => reading,
        Err(mistakes) if wants_pages(request) => {
            let notice = page::Notice::of_mistakes(mistakes, typed);
            let token = fresh_token(capture, ports, form_id);
            return html(422, form, page::form_page(form_id, form, &token, Some(&notice)));
        }
        Err(mistakes) => {
            let problem = Problem::new(
                422,
                "invalid-submission",
                "Invalid submission",
                "Some fields cannot be taken as they are. Mend those listed and send the form again.",
            );
            return problem.with("errors", mistakes).into();
        }
    };
    let arrival = Arrival {
        form_id,
        form,
        version,
        playbook,
        reading,
        idempotency_key,
        sender,
        has_origin: request.header("origin").is_some(),
    };
    match take(ports, &capture.seal, &arrival).await {
        Ok(_) if wants_pages(request) => {
            // Relative to `/forms/<name>/submissions`, so that it works behind any stage or domain.
            let to = form.thanks.url.clone().unwrap_or_else(|| format!("../{form_id}?sent=1"));
            Response::new(303, "text/plain", String::new()).with("location", to)
        }
        Ok(taken) => Response::json(202, &json!({ "submission_id": taken.submission_id })),
        Err(TakeError::KeyReused) => Problem::new(
            422,
            "idempotency-key-reused",
            "Idempotency key reused",
            "This Idempotency-Key was used for another body. Use a fresh key for each submission.",
        )
        .into(),
        Err(TakeError::KeyErased) => Problem::new(
            410,
            "submission-erased",
            "Submission erased",
            "The submission of this Idempotency-Key has been erased. Sent with a fresh key it is a new one.",
        )
        .into(),
        Err(TakeError::Handle(error)) => unavailable(&error),
    }
}
