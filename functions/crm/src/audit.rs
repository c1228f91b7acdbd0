//! `GET /audit`: the invariants counted now, as far as the time of one request reaches.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use leadline_core::audit::{Findings, Rule};
use leadline_runtime::audit::{Auditor, Budget, Place, Walked};
use leadline_runtime::http::{Problem, Request, Response};
use leadline_runtime::ports::Ports;
use serde_json::{Map, Value, json};

use crate::{Answered, Crm};

/// No page is begun after so long; the function has half as long again for the last one.
const ENOUGH: SignedDuration = SignedDuration::from_secs(10);
/// So many ids are listed of each kind; counts are whole all the same.
const LISTED: usize = 100;

/// Audits from the beginning, or from where `cursor` says.
pub(crate) async fn audit<P: Ports>(crm: &Crm, ports: &P, request: &Request) -> Answered {
    let query = |name: &str| request.query.get(name).map(String::as_str).filter(|v| !v.is_empty());
    let wrong = |name: &str, fix: &str| {
        Problem::new(400, "malformed-query", "Malformed query", format!("`{name}`: {fix}"))
    };
    let since: Option<Timestamp> = query("since")
        .map(|s| s.parse().map_err(|_| wrong("since", "use RFC 3339, such as 2026-01-31T12:00:00Z")))
        .transpose()?;
    let leads: Option<u64> = query("limit")
        .map(|s| {
            let number = s.parse().ok().filter(|n| (1..=10_000).contains(n));
            number.ok_or_else(|| wrong("limit", "use 1 to 10000"))
        })
        .transpose()?;
    let place = match query("cursor") {
        None => Place::beginning(since),
        Some(cursor) => {
            Place::parse(cursor).ok_or_else(|| wrong("cursor", "use the next_cursor of an earlier page"))?
        }
    };
    let as_of = ports.now();
    let budget = Budget { until: as_of + ENOUGH, leads: leads.unwrap_or(u64::MAX) };
    let auditor = Auditor::new(ports, &crm.seal, &crm.shelf);
    let walked = Box::pin(auditor.walk(place, &budget)).await?;
    Ok(Response::json(200, &document(as_of, &walked)))
}

fn document(as_of: Timestamp, walked: &Walked) -> Value {
    let Findings { checked, .. } = &walked.findings;
    let mut map = Map::new();
    let mut put = |name: &str, value: Value| drop(map.insert(name.to_owned(), value));
    put("as_of", json!(as_of));
    put("complete", json!(walked.next.is_none()));
    let next = walked.next.as_ref().map(Place::to_text);
    put("next_cursor", json!(next));
    put(
        "checked",
        json!({
            "leads": checked.leads,
            "reps": checked.reps,
            "pools": checked.pools,
            "deliveries": checked.deliveries,
            "unsettled": checked.unsettled,
        }),
    );
    put("violations", json!(walked.findings.total()));
    let by_rule = walked.findings.by_rule();
    let none = BTreeSet::new();
    for rule in Rule::ALL {
        put(rule.key(), counted(by_rule.get(rule).unwrap_or(&none)));
    }
    Value::Object(map)
}

fn counted(ids: &BTreeSet<String>) -> Value {
    json!({ "count": ids.len(), "ids": ids.iter().take(LISTED).collect::<Vec<_>>() })
}
