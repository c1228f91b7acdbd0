//! Exporting everything that is held on a person: `GET /leads/{lead_id}/export` and `POST /exports`.

use leadline_core::enrichment::Fact;
use leadline_core::lead::Lead;
use leadline_core::scoring::ScoreCard;
use leadline_runtime::http::{Problem, Request, Response};
use leadline_runtime::ports::Ports;
use leadline_runtime::route_record::RouteRecord;
use leadline_store::claims::{self, Remembered};
use leadline_store::deliveries::{self, Delivery};
use leadline_store::records::RecordKind;
use leadline_store::whole::Whole;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::body;
use crate::erase::address;
use crate::{Answered, Crm, Failure, list, reads, timeline};

/// Lambda answers with 6 MB at most; beyond this an export says so instead of failing without words.
const MOST_BYTES: usize = 5 * 1024 * 1024;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PersonBody {
    email: String,
}

/// `GET /leads/{lead_id}/export`.
pub(crate) async fn lead<P: Ports>(crm: &Crm, ports: &P, id: &str) -> Answered {
    let lead = reads::find(ports, id).await?;
    answer(crm, ports, &[lead]).await
}

/// `POST /exports`: every lead that has this mailbox. An address has no place in a URL.
pub(crate) async fn person<P: Ports>(crm: &Crm, ports: &P, request: &Request) -> Answered {
    let PersonBody { email } = body(request)?;
    let found = list::by_email(crm, ports, &address(&email)?).await?;
    answer(crm, ports, &found).await
}

async fn answer<P: Ports>(crm: &Crm, ports: &P, found: &[Lead]) -> Answered {
    let mut leads = Vec::new();
    for lead in found {
        leads.push(whole(crm, ports, lead).await?);
    }
    let response = Response::json(200, &json!({ "exported_at": ports.now(), "leads": leads }));
    if response.body.len() <= MOST_BYTES {
        return Ok(response);
    }
    let detail = "This is more than one answer can carry. Export the leads one by one, or take a single one together \
                  from its parts: the lead and its timeline.";
    let ids: Vec<_> = found.iter().map(|lead| &lead.lead_id).collect();
    Err(Problem::new(422, "export-too-large", "Export too large", detail).with("leads", ids).into())
}

/// Everything that is held on one lead: as the API shows it, and as it is stored.
async fn whole<P: Ports>(crm: &Crm, ports: &P, lead: &Lead) -> Result<Value, Failure> {
    let table = ports.table();
    let whole = Whole::read(table, &lead.lead_id).await?;
    let submissions = whole.submissions()?;
    let mut receipts = Vec::new();
    for submission in &submissions {
        let Some(Remembered::Kept(receipt)) = claims::receipt(table, &submission.submission_id).await? else {
            continue;
        };
        let repeat = claims::repeat(table, &receipt.content).await?;
        let repeat = repeat.filter(|r| r.submission_id == submission.submission_id);
        receipts.push(json!({ "receipt": receipt, "repeat": repeat }));
    }
    let deliveries = deliveries::of_lead(table, &lead.lead_id).await?;
    Ok(json!({
        "lead": reads::document_of(crm, ports, lead, &whole).await?,
        "row": lead,
        "submissions": submissions,
        "receipts": receipts,
        "facts": whole.records::<Vec<Fact>>(RecordKind::Enrich)?,
        "scores": whole.records::<ScoreCard>(RecordKind::Score)?,
        "routes": whole.records::<RouteRecord>(RecordKind::Route)?,
        "timeline": timeline::all(crm, ports, lead, &whole).await?,
        "deliveries": deliveries.iter().map(delivery).collect::<Vec<_>>(),
    }))
}

fn delivery(delivery: &Delivery) -> Value {
    json!({
        "delivery_id": delivery.delivery_id,
        "effect": delivery.effect,
        "channel": delivery.channel,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "next_at": delivery.next_at,
    })
}
