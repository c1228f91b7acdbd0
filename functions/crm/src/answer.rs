//! Answers of sales and marketing: `POST /leads/{lead_id}/{verb}`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use leadline_core::ids::{AttemptId, RepId, RuleId};
use leadline_core::lead::{Actor, Answer, AnswerError, Contacted, Event, IllegalMove, Lead, Step};
use leadline_core::plant::Plant;
use leadline_core::playbook::{Playbook, Rejection};
use leadline_core::qualification::{Gap, gaps};
use leadline_core::seal::Purpose;
use leadline_core::sla::{ContactChannel, ContactDirection, ContactOutcome};
use leadline_runtime::assignment::{Credit, release};
use leadline_runtime::fail_point::{self, Place};
use leadline_runtime::follow_up::{Tries, after_commit};
use leadline_runtime::http::{Problem, Request};
use leadline_runtime::ports::Ports;
use leadline_runtime::room::room_made;
use leadline_store::leads;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::access::Caller;
use crate::{Answered, Crm, Failure, reads};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ByRep {
    rep_id: RepId,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct QualifyBody {
    rep_id: RepId,
    #[serde(default)]
    checklist: BTreeMap<RuleId, bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RejectBody {
    rep_id: RepId,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ContactBody {
    rep_id: RepId,
    channel: ContactChannel,
    direction: ContactDirection,
    outcome: ContactOutcome,
    occurred_at: Timestamp,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RecycleBody {
    reason: String,
    wake_at: Timestamp,
    #[serde(default)]
    rep_id: Option<RepId>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PauseBody {
    rep_id: RepId,
    reason: String,
    until: Timestamp,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReasonBody {
    reason: String,
    #[serde(default)]
    rep_id: Option<RepId>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlainBody {
    #[serde(default)]
    rep_id: Option<RepId>,
}

/// An answer with whoever gives it.
pub(crate) struct Given {
    pub(crate) answer: Answer,
    pub(crate) actor: Actor,
}

/// Handles an answer that came through the API.
pub(crate) async fn answer<P: Ports>(
    crm: &Crm,
    ports: &P,
    caller: &Caller,
    request: &Request,
    id: &str,
    verb: &str,
) -> Answered {
    let (_, playbook) = crm.shelf.active(ports.table()).await?;
    let given = given(&playbook, caller, request, verb)?;
    let attempt = attempt(crm, ports, caller, request, id)?;
    let lead = commit(crm, ports, &playbook, id, &given, attempt.as_ref(), expected(request)?).await?;
    reads::show(crm, ports, &lead).await
}

/// The attempt that an `Idempotency-Key` stands for: the same key on the same lead is the same attempt, and the
/// timeline remembers attempts.
pub(crate) fn attempt<P: Ports>(
    crm: &Crm,
    _ports: &P,
    caller: &Caller,
    request: &Request,
    id: &str,
) -> Result<Option<AttemptId>, Problem> {
    let Some(key) = request.header("idempotency-key").map(str::trim) else { return Ok(None) };
    if !(1..=255).contains(&key.len()) || !key.bytes().all(|b| b.is_ascii_graphic()) {
        let fix = "An Idempotency-Key has 1 to 255 printable ASCII characters, best a fresh UUID.";
        return Err(Problem::new(400, "malformed-idempotency-key", "Malformed idempotency key", fix));
    }
    let body = leadline_core::seal::sha256_hex(&request.body);
    let verb = request.path.last().map(String::as_str).unwrap_or_default();
    let parts = ["crm", &caller.key_id, id, key, verb, &body];
    let parts: Vec<&[u8]> = parts.iter().map(|p| p.as_bytes()).collect();
    Ok(Some(AttemptId::from_bits(crm.seal.digest16(Purpose::Submission, &parts))))
}

/// The version that `If-Match` asks for.
pub(crate) fn expected(request: &Request) -> Result<Option<u64>, Problem> {
    let Some(tag) = request.header("if-match").map(str::trim).filter(|t| *t != "*") else { return Ok(None) };
    let number = tag.trim_start_matches("W/").trim_matches('"').parse();
    number.map(Some).map_err(|_| {
        Problem::new(400, "malformed-if-match", "Malformed If-Match", "Send the ETag of the lead.")
    })
}

fn given(playbook: &Playbook, caller: &Caller, request: &Request, verb: &str) -> Result<Given, Problem> {
    let by = |rep_id: Option<&RepId>| Lead::acting(rep_id, &caller.subject);
    let (answer, actor) = match verb {
        "accept" => {
            let ByRep { rep_id } = body(request)?;
            let actor = by(Some(&rep_id));
            (Answer::Accept { rep_id }, actor)
        }
        "reject" => {
            let RejectBody { rep_id, reason } = body(request)?;
            let actor = by(Some(&rep_id));
            let (reason, means) = rejection(playbook, &reason)?;
            (Answer::Reject { rep_id, reason, means }, actor)
        }
        "contact" => {
            let b: ContactBody = body(request)?;
            let actor = by(Some(&b.rep_id));
            let (channel, direction, outcome, occurred_at) =
                (b.channel, b.direction, b.outcome, b.occurred_at);
            (Answer::Contact(Contacted { rep_id: b.rep_id, channel, direction, outcome, occurred_at }), actor)
        }
        "qualify" => {
            let QualifyBody { rep_id, checklist } = body(request)?;
            complete(playbook, &checklist)?;
            let actor = by(Some(&rep_id));
            (Answer::Qualify { rep_id, checklist }, actor)
        }
        "pause" => {
            let b: PauseBody = body(request)?;
            let actor = by(Some(&b.rep_id));
            (Answer::Pause { rep_id: b.rep_id, reason: code(&b.reason)?, until: b.until }, actor)
        }
        "resume" => {
            let ByRep { rep_id } = body(request)?;
            let actor = by(Some(&rep_id));
            (Answer::Resume { rep_id }, actor)
        }
        "recycle" => {
            let b: RecycleBody = body(request)?;
            (Answer::Recycle { reason: code(&b.reason)?, wake_at: b.wake_at }, by(b.rep_id.as_ref()))
        }
        "disqualify" => {
            let b: ReasonBody = body(request)?;
            (Answer::Disqualify { reason: code(&b.reason)? }, by(b.rep_id.as_ref()))
        }
        "lose" => {
            let b: ReasonBody = body(request)?;
            (Answer::Lose { reason: code(&b.reason)? }, by(b.rep_id.as_ref()))
        }
        "win" => (Answer::Win, by(body::<PlainBody>(request)?.rep_id.as_ref())),
        "unpark" => (Answer::Unpark, by(body::<PlainBody>(request)?.rep_id.as_ref())),
        _ => return Err(Problem::not_found("operation")),
    };
    Ok(Given { answer, actor })
}

/// Every question of the playbook in force is answered as it has to be.
fn complete(playbook: &Playbook, answers: &BTreeMap<RuleId, bool>) -> Result<(), Problem> {
    let errors: Vec<serde_json::Value> = gaps(&playbook.doc().qualification.checklist, answers)
        .iter()
        .map(|gap| {
            let (item, detail) = match gap {
                Gap::Open(question) => (&question.item, format!("answer true or false: {}", question.ask)),
                Gap::No(question) => (&question.item, format!("has to be true: {}", question.ask)),
                Gap::NotAsked(item) => (item, "is not on the checklist".to_owned()),
            };
            serde_json::json!({ "field": format!("checklist.{item}"), "detail": detail })
        })
        .collect();
    if errors.is_empty() || Plant::ChecklistSkipped.is_on() {
        return Ok(());
    }
    let detail = "Not qualified by the playbook's checklist. Answer it, or recycle or disqualify the lead.";
    Err(Problem::new(422, "checklist", "Checklist not met", detail).with("errors", errors))
}

/// Reads a JSON body. An empty one is an empty object.
pub(crate) fn body<T: DeserializeOwned>(request: &Request) -> Result<T, Problem> {
    let bytes: &[u8] = if request.body.iter().all(u8::is_ascii_whitespace) { b"{}" } else { &request.body };
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|located| {
        let field = located.path().to_string();
        let error = located.into_inner();
        let (status, slug, title) = match error.classify() {
            serde_json::error::Category::Data => (422, "invalid-body", "Invalid body"),
            _ => (400, "malformed-body", "Malformed body"),
        };
        // The parser's words name fields and expectations; values may be personal and are not repeated.
        let words = error.to_string();
        let safe = ["missing field", "unknown field"].iter().any(|p| words.starts_with(p));
        let detail = match words.split_once(", expected ") {
            Some((_, expected)) if words.starts_with("unknown variant") => format!("Expected {expected}."),
            _ if safe => words,
            _ => format!("The body does not fit at line {}, column {}.", error.line(), error.column()),
        };
        let problem = Problem::new(status, slug, title, detail.clone());
        match field.as_str() {
            "" | "." | "?" => problem,
            field => problem.with("errors", [serde_json::json!({ "field": field, "detail": detail })]),
        }
    })?;
    reader.end().map_err(|_| {
        let detail = "There is something after the JSON object.";
        Problem::new(400, "malformed-body", "Malformed body", detail)
    })?;
    Ok(value)
}

/// A reason is a short code, because it goes into timeline and events, which hold no personal data. Words are turned
/// into one: `No budget` is `no-budget`.
pub(crate) fn code(reason: &str) -> Result<String, Problem> {
    let slug = reason.trim().to_lowercase().replace([' ', '_'], "-");
    RuleId::parse(&slug).map(|id| id.to_string()).map_err(|_| {
        Problem::new(
            422,
            "invalid-reason",
            "Invalid reason",
            "A reason is a short code of a-z, 0-9 and -, such as no-budget. Keep notes in your CRM.",
        )
        .with(
            "errors",
            [serde_json::json!({ "field": "reason", "detail": "use a short code such as no-budget" })],
        )
    })
}

pub(crate) fn rejection(playbook: &Playbook, reason: &str) -> Result<(String, Rejection), Problem> {
    let slug = code(reason)?;
    let known = &playbook.doc().rejections;
    match known.iter().find(|(id, _)| id.as_str() == slug) {
        Some((id, means)) => Ok((id.to_string(), *means)),
        None => {
            let reasons: Vec<&str> = known.keys().map(RuleId::as_str).collect();
            let detail = format!("Use one of the playbook's reasons: {}.", reasons.join(", "));
            Err(Problem::new(422, "unknown-reason", "Unknown reason", detail).with("reasons", reasons))
        }
    }
}

/// Loads, decides and commits until it is done or cannot be; returns the lead as it stands then. The playbook is the one
/// that the answer was understood with.
pub(crate) async fn commit<P: Ports>(
    crm: &Crm,
    ports: &P,
    playbook: &Playbook,
    id: &str,
    given: &Given,
    attempt: Option<&AttemptId>,
    expected: Option<u64>,
) -> Result<Lead, Failure> {
    let mut tries = Tries::default();
    loop {
        let lead = reads::find(ports, id).await?;
        if let Some(attempt) = attempt
            && is_done(ports, &lead, attempt).await?
        {
            return Ok(lead);
        }
        if expected.is_some_and(|v| v != lead.version) {
            let detail = "The lead has changed since you read it. Read it again and decide anew.";
            let problem = Problem::new(412, "version-mismatch", "Version mismatch", detail);
            return Err(problem.with("version", lead.version).into());
        }
        let attempt = attempt.cloned().unwrap_or_else(|| AttemptId::from_bits(ports.random()));
        let step = Step { at: ports.now(), actor: given.actor.clone(), attempt };
        let versions = crm.shelf.of_clocks(ports.table(), &lead).await?;
        let after =
            lead.answered_under(&given.answer, &versions, &step).map_err(|error| refused(&lead, &error))?;
        let credit = match &given.answer {
            Answer::Reject { means: Rejection::Reroute, .. } => Credit::Turn,
            _ => Credit::None,
        };
        let writes = release(ports.table(), playbook, &lead, &after, credit).await?;
        fail_point::pass(Place::BeforeCommit);
        match leads::commit(ports.table(), Some(&lead), &after, writes).await {
            Ok(()) => {
                tracing::info!(lead.id = %after.lead_id, lead.version = after.version, event = after.last_event.kind.name(), "answered");
                after_commit(ports, Some(&lead), &after).await;
                room_made(ports, playbook, &lead, &after).await;
                return Ok(after);
            }
            Err(error) => tries.again(ports, error).await?,
        }
    }
}

/// Whether an attempt stands in the lead's timeline.
pub(crate) async fn is_done<P: Ports>(ports: &P, lead: &Lead, attempt: &AttemptId) -> Result<bool, Failure> {
    if Plant::NoReadBack.is_on() {
        return Ok(false);
    }
    if lead.attempt() == attempt {
        return Ok(true);
    }
    let mut from = 1;
    loop {
        let events: Vec<Event> = leads::events(ports.table(), lead, from, 200).await?;
        let Some(last) = events.last() else { return Ok(false) };
        if events.iter().any(|e| e.attempt == *attempt) {
            return Ok(true);
        }
        from = last.seq + 1;
    }
}

/// A refused answer as a problem.
pub(crate) fn refused(lead: &Lead, error: &AnswerError) -> Problem {
    match error {
        AnswerError::Illegal(illegal) => illegal_move(illegal),
        AnswerError::NotYours => {
            let detail = match lead.held_by() {
                Some(_) => {
                    "This lead is with somebody else. Only the rep it is offered to can do this; whoever had it earlier in this cycle may report a call made then."
                }
                None => {
                    "Nobody has this lead now. Whoever had it in this cycle may report a call made then; give it to somebody with `reassign`."
                }
            };
            let owner = lead.owner.as_ref().map(|o| &o.rep_id);
            Problem::new(409, "not-yours", "Not yours", detail).with("owner", owner).with("stage", lead.stage)
        }
        AnswerError::Implausible => {
            let detail =
                "The instant does not fit: contact lies between receipt and now, a wake-up lies ahead.";
            Problem::new(422, "implausible-instant", "Implausible instant", detail)
        }
        AnswerError::TooFewTries { made, at_least } => {
            let detail = format!(
                "The policy of this lead asks for {at_least} tries before it is given up as unreachable; {made} are reported. Try again and report it with `contact`, or give another reason."
            );
            Problem::new(409, "too-few-tries", "Too few tries", detail)
                .with("made", made)
                .with("at_least", at_least)
        }
        AnswerError::PauseOutOfBounds => {
            let detail = "A pause ends in the future and takes at most 30 days. Recycle a lead that has to wait longer.";
            Problem::new(422, "pause-out-of-bounds", "Pause out of bounds", detail)
        }
        AnswerError::StepDue => {
            let detail = "A deadline of this lead is being dealt with right now. Read the lead again in a minute and decide anew.";
            Problem::new(409, "step-due", "A step is due", detail).with("due_at", lead.due_at())
        }
        AnswerError::NotPaused => {
            let detail = "This lead is not paused, or not any more. There is nothing to do.";
            Problem::new(409, "not-paused", "Not paused", detail).with("stage", lead.stage)
        }
        AnswerError::Untimed => {
            let detail = "A deadline that this starts, or that runs, cannot be counted by the playbook version that it names. Nothing was changed. Ask whoever keeps the playbook to publish one with shorter times, or with calendars that have more working hours, and to re-base.";
            tracing::error!(lead.id = %lead.lead_id, alarm = "playbook", "a clock cannot be counted");
            Problem::new(503, "deadline-not-countable", "A deadline cannot be counted", detail)
        }
    }
}

pub(crate) fn illegal_move(illegal: &IllegalMove) -> Problem {
    let allowed = illegal.allowed();
    let detail = if allowed.is_empty() {
        format!("A lead that is {} takes no answers any more.", illegal.stage.name())
    } else {
        format!(
            "A lead that is {} cannot do this. Possible now: {}.",
            illegal.stage.name(),
            allowed.join(", ")
        )
    };
    Problem::new(409, "illegal-move", "Illegal move", detail)
        .with("stage", illegal.stage)
        .with("allowed", allowed)
}
