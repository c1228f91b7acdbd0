//! What happened to a lead, in order, with what routing had to say of its decisions.

use leadline_core::ids::AttemptId;
use leadline_core::lead::{Event, EventKind, Lead};
use leadline_runtime::follow_up::HandleError;
use leadline_runtime::http::{Problem, Request, Response};
use leadline_runtime::ports::Ports;
use leadline_runtime::route_record::RouteRecord;
use leadline_store::leads;
use leadline_store::records::{self, Record, RecordKind};
use leadline_store::whole::Whole;
use serde_json::{Value, json};

use crate::{Answered, Crm, Failure, reads, route_json};

/// `GET /leads/{lead_id}/timeline`: a page.
pub(crate) async fn page<P: Ports>(crm: &Crm, ports: &P, request: &Request, id: &str) -> Answered {
    let lead = reads::find(ports, id).await?;
    let limit = number(request, "limit", 200)?.unwrap_or(100);
    let from = number(request, "cursor", u32::MAX)?.unwrap_or(1);
    let events = leads::events(ports.table(), &lead, u64::from(from), limit).await?;
    let next = events.last().filter(|e| e.seq < lead.version).map(|e| (e.seq + 1).to_string());
    let routed = events.iter().filter_map(routed_by);
    let decided = records::decided(ports.table(), &lead.lead_id, RecordKind::Route, routed).await?;
    let shown = told(crm, ports, &events, &decided).await?;
    Ok(Response::json(200, &json!({ "events": shown, "next_cursor": next })))
}

fn number(request: &Request, name: &str, most: u32) -> Result<Option<u32>, Problem> {
    let Some(text) = request.query.get(name) else { return Ok(None) };
    text.parse().ok().filter(|n| (1..=most).contains(n)).map(Some).ok_or_else(|| {
        let detail = format!("`{name}` is a number from 1 to {most}.");
        Problem::new(400, "malformed-query", "Malformed query", detail)
    })
}

/// Every event of a lead that has been read whole.
pub(crate) async fn all<P: Ports>(
    crm: &Crm,
    ports: &P,
    lead: &Lead,
    whole: &Whole,
) -> Result<Vec<Value>, Failure> {
    let events = whole.events(lead)?;
    let mut decided = Vec::new();
    for attempt in events.iter().filter_map(routed_by) {
        decided.extend(whole.record(RecordKind::Route, attempt)?);
    }
    told(crm, ports, &events, &decided).await
}

/// Events as the API shows them. `decided` are the records of the attempts that made them, and of no others.
async fn told<P: Ports>(
    crm: &Crm,
    ports: &P,
    events: &[Event],
    decided: &[Record<RouteRecord>],
) -> Result<Vec<Value>, Failure> {
    let mut shown = Vec::new();
    for event in events {
        let record = decided.iter().find(|record| record.version == event.seq).map(|record| &record.decision);
        let because = match record {
            Some(record) => Some(because(crm, ports, record).await?),
            None => None,
        };
        shown.push(entry(event, because));
    }
    Ok(shown)
}

async fn because<P: Ports>(crm: &Crm, ports: &P, record: &RouteRecord) -> Result<String, Failure> {
    match crm.shelf.version(ports.table(), record.playbook).await {
        Ok(playbook) => Ok(route_json::because(record, Some(&playbook))),
        // The names of people are in the playbook; without it their ids have to do.
        Err(HandleError::Playbook(_)) => Ok(route_json::because(record, None)),
        Err(error) => Err(error.into()),
    }
}

fn entry(event: &Event, because: Option<String>) -> Value {
    let mut details = serde_json::to_value(&event.kind).unwrap_or(Value::Null);
    if let Some(map) = details.as_object_mut() {
        map.remove("kind");
    }
    json!({
        "seq": event.seq,
        "at": event.at,
        "kind": event.kind.name(),
        "actor": event.actor,
        "stage": event.stage,
        "summary": event.kind.summary(),
        "because": because,
        "details": details,
    })
}

/// The attempt whose record explains how the lead's present owner was found, or why there is none. Nobody routed a lead that a
/// person has given to somebody.
pub(crate) fn routing_attempt(events: &[Event]) -> Option<&AttemptId> {
    let went = |event: &&Event| is_routing(&event.kind) || matches!(event.kind, EventKind::HandedOver { .. });
    events.iter().rev().find(went).and_then(routed_by)
}

/// The attempt by which routing decided it; none if it was not routing.
fn routed_by(event: &Event) -> Option<&AttemptId> {
    is_routing(&event.kind).then_some(&event.attempt)
}

/// Whether routing decided it: it offered, moved, parked or held back.
fn is_routing(kind: &EventKind) -> bool {
    use EventKind::{Offered, Parked, Reassigned, Suppressed};
    matches!(kind, Offered { .. } | Reassigned { .. } | Parked { .. } | Suppressed { .. })
}
