//! Reading leads and submissions.

use leadline_core::enrichment::Fact;
use leadline_core::ids::{LeadId, SubmissionId};
use leadline_core::lead::{Lead, Stage};
use leadline_core::scoring::ScoreCard;
use leadline_runtime::http::{Problem, Response};
use leadline_runtime::ports::Ports;
use leadline_runtime::route_record::RouteRecord;
use leadline_store::claims::{self, Remembered};
use leadline_store::records::{Record, RecordKind};
use leadline_store::whole::Whole;
use leadline_store::{leads, submissions};
use serde_json::{Value, json};

use crate::lead_json::{self, Beside};
use crate::timeline::routing_attempt;
use crate::{Answered, Crm, Failure};

/// Loads a lead by the text in the path.
pub(crate) async fn find<P: Ports>(ports: &P, id: &str) -> Result<Lead, Failure> {
    let lead_id = LeadId::parse(id).map_err(|_| Problem::not_found("lead"))?;
    Ok(leads::load(ports.table(), &lead_id).await?.ok_or_else(|| Problem::not_found("lead"))?)
}

/// It was here, and has been erased.
pub(crate) fn erased(what: &str) -> Problem {
    Problem::new(410, "erased", "Erased", format!("This {what} has been erased."))
}

/// The whole lead, with its version as `ETag`.
pub(crate) async fn lead<P: Ports>(crm: &Crm, ports: &P, id: &str) -> Answered {
    let lead = find(ports, id).await?;
    show(crm, ports, &lead).await
}

/// A lead as a response.
pub(crate) async fn show<P: Ports>(crm: &Crm, ports: &P, lead: &Lead) -> Result<Response, Failure> {
    let value = document(crm, ports, lead).await?;
    Ok(Response::json(200, &value).with("etag", format!("\"{}\"", lead.version)))
}

/// A lead as a document.
async fn document<P: Ports>(crm: &Crm, ports: &P, lead: &Lead) -> Result<Value, Failure> {
    let whole = Whole::read(ports.table(), &lead.lead_id).await?;
    document_of(crm, ports, lead, &whole).await
}

/// The same, of what has been read.
pub(crate) async fn document_of<P: Ports>(
    crm: &Crm,
    ports: &P,
    lead: &Lead,
    whole: &Whole,
) -> Result<Value, Failure> {
    let table = ports.table();
    let events = whole.events(lead)?;
    let mut beside = Beside { submissions: whole.submissions()?, ..Beside::default() };
    if let Some(score) = &lead.score {
        let record: Option<Record<ScoreCard>> = whole.record(RecordKind::Score, &score.record)?;
        beside.card = record.map(|r| r.decision);
    }
    let looked = lead.parked.as_ref().and_then(|parked| parked.looked.as_ref());
    if let Some(attempt) = looked.or_else(|| routing_attempt(&events)) {
        let record: Option<Record<RouteRecord>> = whole.record(RecordKind::Route, attempt)?;
        beside.route = record.map(|r| r.decision);
        if let Some(record) = &beside.route {
            beside.routed_with = Some(crm.shelf.version(table, record.playbook).await?);
        }
    }
    let facts: Vec<Record<Vec<Fact>>> = whole.records(RecordKind::Enrich)?;
    let derived = events.iter().flat_map(|event| Fact::derived(event, &lead.profile));
    beside.facts = derived.chain(facts.into_iter().flat_map(|r| r.decision)).collect();
    for clock in &lead.clocks {
        beside.playbooks.push(crm.shelf.version(table, clock.playbook).await?);
    }
    let (_, playbook) = crm.shelf.active(table).await?;
    Ok(lead_json::whole(lead, &beside, |s| playbook.doc().forms.get(&s.form).cloned()))
}

/// A submission by the id that its sender was given.
pub(crate) async fn submission<P: Ports>(ports: &P, id: &str) -> Answered {
    let missing = || Problem::not_found("submission");
    let submission_id = SubmissionId::parse(id).map_err(|_| missing())?;
    let table = ports.table();
    let receipt = match claims::receipt(table, &submission_id).await?.ok_or_else(missing)? {
        Remembered::Kept(receipt) => receipt,
        Remembered::Erased => return Err(erased("submission").into()),
    };
    let lead = leads::load(table, &receipt.lead_id).await?;
    if lead.is_some_and(|lead| lead.stage == Stage::Erased) {
        return Err(erased("submission").into());
    }
    let found =
        submissions::one(table, &receipt.lead_id, &receipt.submission_id).await?.ok_or_else(missing)?;
    let repeat = claims::repeat(table, &receipt.content).await?;
    let repeats = repeat.filter(|r| r.submission_id == receipt.submission_id).map_or(0, |r| r.repeats);
    Ok(Response::json(
        200,
        &json!({
            "submission_id": receipt.submission_id,
            "lead_id": receipt.lead_id,
            "verdict": found.verdict.verdict,
            "reasons": found.verdict.signals,
            "received_at": found.received_at,
            "repeats": repeats,
            "form_id": found.form,
        }),
    ))
}
