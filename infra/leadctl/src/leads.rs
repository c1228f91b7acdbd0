//! `leadctl leads`: the list.

use std::io::Write;
use std::process::ExitCode;

use jiff::Timestamp;
use reqwest::Method;
use serde_json::Value;

use crate::api::Api;
use crate::arguments::Leads;
use crate::failure::Failure;
use crate::screen;
use crate::shown_lead::{NOTHING, ShownLead};
use crate::table;

/// What the API gives at once.
const PAGE: u32 = 200;

/// Lists leads.
pub(crate) async fn run(wanted: &Leads, now: Timestamp, out: &mut impl Write) -> Result<ExitCode, Failure> {
    let api = Api::with_key()?;
    let (leads, more) = fetch(&api, wanted).await?;
    if wanted.json {
        for lead in &leads {
            writeln!(out, "{lead}")?;
        }
    } else {
        let read = |lead| serde_json::from_value(lead).map_err(|_| Failure::Answer);
        let leads = leads.into_iter().map(read).collect::<Result<Vec<ShownLead>, Failure>>()?;
        write!(out, "{}", listed(leads, now, screen::styled()))?;
    }
    if more {
        eprintln!("There are more; `--all` shows them all, `--limit N` so many.");
    }
    Ok(ExitCode::SUCCESS)
}

/// Follows the cursors until there is enough; whether there is more beyond.
async fn fetch(api: &Api, wanted: &Leads) -> Result<(Vec<Value>, bool), Failure> {
    let limit = if wanted.all { usize::MAX } else { wanted.limit as usize };
    let mut leads: Vec<Value> = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let room = u32::try_from(limit - leads.len()).unwrap_or(PAGE).min(PAGE);
        let mut call = api.call(Method::GET, &["leads"]).query("limit", &room.to_string());
        if let Some(stage) = wanted.stage {
            call = call.query("stage", stage.name());
        }
        if let Some(owner) = &wanted.owner {
            call = call.query("owner", owner.as_str());
        }
        if let Some(cursor) = &cursor {
            call = call.query("cursor", cursor);
        }
        let mut page = api.ask(&call).await?.json()?;
        let Some(Value::Array(found)) = page.get_mut("leads").map(Value::take) else {
            return Err(Failure::Answer);
        };
        leads.extend(found);
        cursor = page.get("next_cursor").and_then(Value::as_str).map(str::to_owned);
        if cursor.is_none() || leads.len() >= limit {
            let more = cursor.is_some() || leads.len() > limit;
            leads.truncate(limit);
            return Ok((leads, more));
        }
    }
}

/// The table: the best grade first, then the nearest deadline.
fn listed(mut leads: Vec<ShownLead>, now: Timestamp, styled: bool) -> String {
    if leads.is_empty() {
        return "There are no such leads.\n".to_owned();
    }
    leads.sort_by_key(|lead| {
        let grade = lead.grade().unwrap_or("~").to_owned();
        (grade, lead.next_clock().map_or(Timestamp::MAX, |c| c.due_at), lead.lead_id.clone())
    });
    let count = leads.len();
    let rows = leads.iter().map(|lead| {
        vec![
            lead.grade().unwrap_or(NOTHING).to_owned(),
            lead.stage.clone(),
            lead.held_by(),
            lead.next_clock().map_or_else(|| NOTHING.to_owned(), |c| c.due(now)),
            format!("{}, {}", lead.name(), lead.company()),
            lead.lead_id.clone(),
        ]
    });
    let headers = ["GRADE", "STAGE", "OWNER", "NEXT DEADLINE (UTC)", "NAME, COMPANY", "LEAD"];
    format!(
        "{}{count} lead{}\n",
        table::render(&headers, rows.collect(), styled),
        if count == 1 { "" } else { "s" }
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake_server::FakeServer;
    use serde_json::json;

    fn lead(id: &str, grade: Option<&str>, due: Option<&str>) -> Value {
        json!({
            "lead_id": id, "version": 1, "stage": if due.is_some() { "offered" } else { "nurturing" },
            "contact": {"first_name": "Ada", "last_name": "Example"}, "company": {"name": "Nordlicht"},
            "score": grade.map(|g| json!({"fit": 1, "interest": 1, "grade": g})),
            "owner": due.map(|_| json!({"rep_id": "anna", "pool_id": "emea"})),
            "accountable": {"queue": "marketing"},
            "clocks": due.map(|at| json!([{"clock": "accept", "due_at": at, "status": "running"}])).unwrap_or(json!([])),
        })
    }

    #[test]
    fn the_best_and_most_urgent_come_first() {
        let leads = [
            lead("ld_c", Some("C3"), None),
            lead("ld_n", None, None),
            lead("ld_later", Some("A1"), Some("2026-11-24T08:30:00Z")),
            lead("ld_late", Some("A1"), Some("2026-11-23T11:00:00Z")),
        ];
        let leads = leads.into_iter().map(|l| serde_json::from_value(l).unwrap()).collect();
        let text = listed(leads, "2026-11-23T12:00:00Z".parse().unwrap(), false);
        assert_eq!(
            text,
            "GRADE  STAGE      OWNER        NEXT DEADLINE (UTC)            NAME, COMPANY           LEAD\n\
             A1     offered    anna (emea)  2026-11-23 11:00 (60 min ago)  Ada Example, Nordlicht  ld_late\n\
             A1     offered    anna (emea)  2026-11-24 08:30 (in 20 h)     Ada Example, Nordlicht  ld_later\n\
             C3     nurturing  (marketing)  –                              Ada Example, Nordlicht  ld_c\n\
             –      nurturing  (marketing)  –                              Ada Example, Nordlicht  ld_n\n\
             4 leads\n"
        );
    }

    #[tokio::test(flavor = "current_thread")]
    async fn cursors_are_followed_to_the_end_or_the_limit() {
        let pages = || {
            vec![
                FakeServer::json(200, &json!({"leads": [lead("ld_1", None, None)], "next_cursor": "two"})),
                // A page may be empty and not the last.
                FakeServer::json(200, &json!({"leads": [], "next_cursor": "three"})),
                FakeServer::json(200, &json!({"leads": [lead("ld_2", None, None)], "next_cursor": null})),
            ]
        };
        let wanted = |limit, all| Leads { stage: None, owner: None, limit, all, json: false };
        let server = FakeServer::start(pages());
        let api = Api::at(&server.url(), Some("llk_key")).unwrap();
        let (leads, more) = fetch(&api, &wanted(100, true)).await.unwrap();
        assert_eq!((leads.len(), more), (2, false));
        let seen = server.seen();
        assert!(seen[0].starts_with("GET /stage/leads?limit=200 "), "{}", seen[0]);
        assert!(seen[0].to_lowercase().contains("authorization: bearer llk_key"));
        assert!(seen[2].starts_with("GET /stage/leads?limit=200&cursor=three "), "{}", seen[2]);

        let server = FakeServer::start(pages());
        let api = Api::at(&server.url(), Some("llk_key")).unwrap();
        let (leads, more) = fetch(&api, &wanted(1, false)).await.unwrap();
        assert_eq!((leads.len(), more, server.seen().len()), (1, true, 1));
    }
}
