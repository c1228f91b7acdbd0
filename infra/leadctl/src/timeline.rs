//! `leadctl timeline`: everything that happened to a lead.

use std::io::Write;
use std::process::ExitCode;

use jiff::Timestamp;
use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;

use crate::api::Api;
use crate::arguments::Lead;
use crate::failure::Failure;
use crate::screen;
use crate::table;

/// One entry, as far as it is shown.
#[derive(Debug, Deserialize)]
struct ShownEvent {
    seq: u64,
    at: Timestamp,
    kind: String,
    actor: Value,
    summary: String,
    /// How routing came to it.
    because: Option<String>,
}

/// Shows a lead's timeline.
pub(crate) async fn run(wanted: &Lead, out: &mut impl Write) -> Result<ExitCode, Failure> {
    let events = fetch(&Api::with_key()?, wanted.lead_id.as_str()).await?;
    if wanted.json {
        for event in &events {
            writeln!(out, "{event}")?;
        }
    } else {
        let read = |event| serde_json::from_value(event).map_err(|_| Failure::Answer);
        let events = events.into_iter().map(read).collect::<Result<Vec<ShownEvent>, Failure>>()?;
        write!(out, "{}", listed(&events, screen::styled()))?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn fetch(api: &Api, lead_id: &str) -> Result<Vec<Value>, Failure> {
    let mut events: Vec<Value> = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let mut call = api.call(Method::GET, &["leads", lead_id, "timeline"]).query("limit", "200");
        if let Some(cursor) = &cursor {
            call = call.query("cursor", cursor);
        }
        let mut page = api.ask(&call).await?.json()?;
        let Some(Value::Array(found)) = page.get_mut("events").map(Value::take) else {
            return Err(Failure::Answer);
        };
        events.extend(found);
        cursor = page.get("next_cursor").and_then(Value::as_str).map(str::to_owned);
        if cursor.is_none() {
            return Ok(events);
        }
    }
}

fn listed(events: &[ShownEvent], styled: bool) -> String {
    let rows = events.iter().map(|event| {
        vec![
            event.seq.to_string(),
            event.at.strftime("%Y-%m-%d %H:%M:%S").to_string(),
            event.kind.clone(),
            actor(&event.actor),
            what(event),
        ]
    });
    table::render(&["SEQ", "AT (UTC)", "KIND", "ACTOR", "WHAT"], rows.collect(), styled)
}

/// What happened, and how routing came to it.
fn what(event: &ShownEvent) -> String {
    match &event.because {
        Some(because) => format!("{} {because}", event.summary),
        None => event.summary.clone(),
    }
}

/// Who it was: a function, a rep, the subject of a key, or just its kind.
fn actor(actor: &Value) -> String {
    let named = ["function", "rep_id", "subject", "who"].iter().find_map(|name| actor.get(*name)?.as_str());
    named.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake_server::FakeServer;
    use serde_json::json;

    #[tokio::test(flavor = "current_thread")]
    async fn every_page_in_order() {
        let event = |seq: u64, actor: Value| json!({"seq": seq, "at": "2026-11-23T12:00:00.25Z", "kind": "scored", "actor": actor, "summary": "A1", "because": (seq == 2).then_some("It was her turn."), "details": {}});
        let server = FakeServer::start(vec![
            FakeServer::json(
                200,
                &json!({"events": [event(1, json!({"who": "prospect"}))], "next_cursor": "2"}),
            ),
            FakeServer::json(
                200,
                &json!({"events": [event(2, json!({"who": "system", "function": "score"}))], "next_cursor": null}),
            ),
        ]);
        let events = fetch(&Api::at(&server.url(), Some("llk_key")).unwrap(), "ld_1").await.unwrap();
        assert!(server.seen()[1].starts_with("GET /stage/leads/ld_1/timeline?limit=200&cursor=2 "));
        let events: Vec<ShownEvent> =
            events.into_iter().map(|e| serde_json::from_value(e).unwrap()).collect();
        assert_eq!(
            listed(&events, false),
            "SEQ  AT (UTC)             KIND    ACTOR     WHAT\n\
             1    2026-11-23 12:00:00  scored  prospect  A1\n\
             2    2026-11-23 12:00:00  scored  score     A1 It was her turn.\n"
        );
    }
}
