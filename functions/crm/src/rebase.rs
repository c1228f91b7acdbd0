//! Re-basing: the deadlines that run are put on the playbook in force, after a look at who would flip.
//!
//! `GET /playbook/rebase` shows, `POST /playbook/rebase?version=` does. Both go over the leads that have a due time, page
//! by page; a lead that has been re-based is not on a later page, so that whoever is interrupted begins again.

use jiff::Timestamp;
use leadline_core::condition::View;
use leadline_core::ids::{AttemptId, LeadId, PlaybookVersion};
use leadline_core::lead::{Change, Lead, Step};
use leadline_core::playbook::Playbook;
use leadline_core::sla::{self, Clock};
use leadline_edge::cursor::Place;
use leadline_runtime::follow_up::{HandleError, Tries, after_commit};
use leadline_runtime::http::{Problem, Request, Response};
use leadline_runtime::ports::Ports;
use leadline_store::due::{self, SHARDS};
use leadline_store::{Key, Table, leads, submissions};
use serde_json::{Value, json};

use crate::access::Caller;
use crate::list::{from_cursor, to_cursor};
use crate::{Answered, Crm, Failure};

/// What the cursors are good for.
const LIST: &str = "rebase";
/// So many rows with a due time are looked at for one page.
const PAGE: u32 = 50;

/// `GET /playbook/rebase`.
pub(crate) async fn preview<P: Ports>(crm: &Crm, ports: &P, request: &Request) -> Answered {
    let (version, playbook) = crm.shelf.active(ports.table()).await?;
    let (lead_ids, next) = page(crm, ports, request).await?;
    let now = ports.now();
    let mut found = Vec::new();
    for lead in leads::load_many(ports.table(), lead_ids.iter()).await? {
        let changes = changes(ports, &lead, (version, &playbook), now).await?;
        if !changes.is_empty() {
            found.push(told(&lead, &changes));
        }
    }
    Ok(Response::json(200, &json!({ "playbook_version": version, "leads": found, "next_cursor": next })))
}

/// `POST /playbook/rebase?version=`. The version is the one that was looked at: another that has been published since
/// then is refused.
pub(crate) async fn apply<P: Ports>(crm: &Crm, ports: &P, caller: &Caller, request: &Request) -> Answered {
    let (version, playbook) = crm.shelf.active(ports.table()).await?;
    let looked_at = request.query.get("version").and_then(|v| v.parse().ok()).map(PlaybookVersion);
    match looked_at {
        Some(looked_at) if looked_at == version => {}
        Some(_) => {
            let detail = "Another version is in force by now. Look at what it would change, then name it.";
            let problem = Problem::new(409, "other-version", "Another version is in force", detail);
            return Err(problem.with("playbook_version", version).into());
        }
        None => {
            let detail = "`version`: name the version in force whose effect you have looked at";
            return Err(Problem::new(400, "malformed-query", "Malformed query", detail).into());
        }
    }
    let (lead_ids, next) = page(crm, ports, request).await?;
    let mut found = Vec::new();
    for lead_id in &lead_ids {
        found.extend(one(ports, caller, lead_id, (version, &playbook)).await?);
    }
    Ok(Response::json(200, &json!({ "playbook_version": version, "leads": found, "next_cursor": next })))
}

/// Re-bases one lead. Whatever happens to it meanwhile, it is decided on the row as it is.
async fn one<P: Ports>(
    ports: &P,
    caller: &Caller,
    lead_id: &LeadId,
    onto: (PlaybookVersion, &Playbook),
) -> Result<Option<Value>, Failure> {
    let mut tries = Tries::default();
    loop {
        let Some(lead) = leads::load(ports.table(), lead_id).await? else { return Ok(None) };
        let step = Step {
            at: ports.now(),
            actor: Lead::acting(None, &caller.subject),
            attempt: AttemptId::from_bits(ports.random()),
        };
        let changes = changes(ports, &lead, onto, step.at).await?;
        if changes.is_empty() {
            return Ok(None);
        }
        let after = lead.rebased(onto.0, &changes, &step)?;
        match leads::commit(ports.table(), Some(&lead), &after, Vec::new()).await {
            Ok(()) => {
                tracing::info!(lead.id = %lead_id, lead.version = after.version, "re-based");
                after_commit(ports, Some(&lead), &after).await;
                return Ok(Some(told(&after, &changes)));
            }
            Err(error) => tries.again(ports, error).await?,
        }
    }
}

async fn changes<P: Ports>(
    ports: &P,
    lead: &Lead,
    (version, playbook): (PlaybookVersion, &Playbook),
    now: Timestamp,
) -> Result<Vec<Change>, Failure> {
    if lead.clocks.iter().all(|c| !c.is_running() || c.playbook == version) {
        return Ok(Vec::new());
    }
    let submissions = submissions::all(ports.table(), &lead.lead_id).await?;
    let touch = submissions.iter().max_by_key(|s| s.received_at).map(|s| s.touch());
    let view = View { lead, touch: touch.as_ref(), account: playbook.accounts().of(&lead.profile) };
    let wrong = || Failure::Handle(HandleError::Playbook(version.0));
    let policy = sla::choose(&playbook.doc().sla, view).ok_or_else(wrong)?;
    lead.changes_onto((version, playbook), policy, now).map_err(|_| wrong())
}

/// The leads of one page, and the cursor of the next.
async fn page<P: Ports>(
    crm: &Crm,
    ports: &P,
    request: &Request,
) -> Result<(Vec<LeadId>, Option<String>), Failure> {
    let place = match request.query.get("cursor").filter(|c| !c.is_empty()) {
        None => Place::FIRST,
        Some(cursor) => {
            let place = Place::read(&crm.seal, LIST, cursor).filter(|place| place.shard < SHARDS);
            place.ok_or_else(|| {
                let detail = "`cursor`: use the next_cursor of an earlier page";
                Problem::new(400, "malformed-query", "Malformed query", detail)
            })?
        }
    };
    let query = due::query(place.shard, Timestamp::MAX, PAGE, place.key.map(to_cursor));
    let page = ports.table().query(query).await?;
    let keys = page.items.iter().filter_map(Key::of);
    let found = keys.filter_map(|key| LeadId::parse(key.pk.strip_prefix("LEAD#")?).ok()).collect();
    let next = match page.next {
        Some(cursor) => Some(Place { shard: place.shard, key: Some(from_cursor(&cursor)) }),
        None if place.shard + 1 < SHARDS => Some(Place { shard: place.shard + 1, key: None }),
        None => None,
    };
    Ok((found, next.map(|place| place.write(&crm.seal, LIST))))
}

fn told(lead: &Lead, changes: &[Change]) -> Value {
    let clock = |c: &Clock| json!({ "policy": c.policy, "playbook_version": c.playbook, "due_at": c.due_at, "status": c.status });
    let changed: Vec<Value> = changes
        .iter()
        .map(|c| json!({ "clock": c.before.kind, "was": clock(&c.before), "becomes": clock(&c.after), "flips": c.flip }))
        .collect();
    json!({
        "lead_id": lead.lead_id,
        "stage": lead.stage,
        "rep_id": lead.held_by(),
        "clocks": changed,
    })
}
