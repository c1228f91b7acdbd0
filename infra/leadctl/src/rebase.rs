//! `leadctl playbook rebase`: which deadlines would change by the playbook in force and who would flip; with `--apply`,
//! changes them.

use std::io::Write;
use std::process::ExitCode;

use jiff::Timestamp;
use reqwest::Method;
use serde::{Deserialize, Serialize};

use crate::api::Api;
use crate::arguments::Rebase;
use crate::failure::Failure;
use crate::screen::{instant, plain, styled};
use crate::table;

/// A page as the API gives it.
#[derive(Debug, Deserialize)]
struct Page {
    playbook_version: u64,
    leads: Vec<Lead>,
    next_cursor: Option<String>,
}

#[derive(Debug, PartialEq, Deserialize, Serialize)]
struct Lead {
    lead_id: String,
    stage: String,
    rep_id: Option<String>,
    clocks: Vec<Change>,
}

#[derive(Debug, PartialEq, Deserialize, Serialize)]
struct Change {
    clock: String,
    was: Clock,
    becomes: Clock,
    flips: Option<Flip>,
}

#[derive(Debug, PartialEq, Deserialize, Serialize)]
struct Clock {
    policy: String,
    playbook_version: u64,
    due_at: Timestamp,
    status: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Flip {
    Breaches,
    Recovers,
}

/// What would change, or has.
#[derive(Debug, PartialEq, Serialize)]
struct Report {
    playbook_version: u64,
    applied: bool,
    breaches: usize,
    recovers: usize,
    leads: Vec<Lead>,
}

/// Runs `leadctl playbook rebase`.
pub(crate) async fn run(wanted: &Rebase, out: &mut impl Write) -> Result<ExitCode, Failure> {
    let report = fetch(&Api::with_key()?, wanted).await?;
    if wanted.json {
        writeln!(out, "{}", serde_json::to_string(&report).map_err(std::io::Error::from)?)?;
    } else {
        write!(out, "{}", report.listed(styled()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Follows the cursors to the end. What is changed moves to other places of the list, so a pass that changed something
/// is followed by another, until one finds nothing.
async fn fetch(api: &Api, wanted: &Rebase) -> Result<Report, Failure> {
    let (mut version, mut leads) = pass(api, Method::GET, None).await?;
    if let Some(apply) = wanted.apply {
        if version != apply {
            return Err(Failure::OtherVersion { named: apply, in_force: version });
        }
        leads.clear();
        loop {
            let (seen, more) = pass(api, Method::POST, Some(apply)).await?;
            version = seen;
            if more.is_empty() {
                break;
            }
            leads.extend(more);
        }
    }
    let flips = |flip| leads.iter().flat_map(|l| &l.clocks).filter(|c| c.flips == Some(flip)).count();
    Ok(Report {
        playbook_version: version,
        applied: wanted.apply.is_some(),
        breaches: flips(Flip::Breaches),
        recovers: flips(Flip::Recovers),
        leads,
    })
}

/// One pass over all pages.
async fn pass(api: &Api, method: Method, version: Option<u64>) -> Result<(u64, Vec<Lead>), Failure> {
    let mut leads = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let mut call = api.call(method.clone(), &["playbook", "rebase"]);
        if let Some(version) = version {
            call = call.query("version", &version.to_string());
        }
        if let Some(cursor) = &cursor {
            call = call.query("cursor", cursor);
        }
        let page = api.ask(&call).await?.json()?;
        let page: Page = serde_json::from_value(page).map_err(|_| Failure::Answer)?;
        leads.extend(page.leads);
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok((page.playbook_version, leads));
        }
    }
}

impl Report {
    fn listed(&self, styled: bool) -> String {
        let version = self.playbook_version;
        if self.leads.is_empty() {
            return format!("Every deadline that runs is one of version {version} already.\n");
        }
        let rows = self
            .leads
            .iter()
            .flat_map(|lead| lead.clocks.iter().map(move |clock| row(lead, clock)))
            .collect();
        let headers = ["LEAD", "REP", "CLOCK", "DUE", "INSTEAD OF", "FLIPS"];
        let counted = format!(
            "{} leads: {} deadlines {} missed, {} {} in time again.\n",
            self.leads.len(),
            self.breaches,
            if self.applied { "are" } else { "would be" },
            self.recovers,
            if self.applied { "are" } else { "would be" },
        );
        let next = if self.applied {
            format!("They follow version {version} of the playbook now.\n")
        } else {
            format!("Nothing has been changed. To change them: leadctl playbook rebase --apply {version}\n")
        };
        format!("{}{counted}{next}", table::render(&headers, rows, styled))
    }
}

fn row(lead: &Lead, change: &Change) -> Vec<String> {
    let flips = match change.flips {
        Some(Flip::Breaches) => "missed",
        Some(Flip::Recovers) => "in time again",
        None => "",
    };
    vec![
        plain(&lead.lead_id),
        plain(lead.rep_id.as_deref().unwrap_or("")),
        plain(&change.clock),
        instant(change.becomes.due_at),
        instant(change.was.due_at),
        flips.to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::fake_server::FakeServer;

    fn page(version: u64, leads: &[(&str, Option<&str>)], cursor: Option<&str>) -> Value {
        let clock = |version: u64, due: &str| json!({ "policy": "hot", "playbook_version": version, "due_at": due, "status": "running" });
        let leads: Vec<Value> = leads
            .iter()
            .map(|(id, flips)| {
                let (was, becomes) =
                    (clock(1, "2026-11-23T12:00:00Z"), clock(version, "2026-11-23T11:00:00Z"));
                let change = json!({ "clock": "accept", "was": was, "becomes": becomes, "flips": flips });
                json!({ "lead_id": id, "stage": "offered", "rep_id": "anna", "clocks": [change] })
            })
            .collect();
        json!({ "playbook_version": version, "leads": leads, "next_cursor": cursor })
    }

    fn api(pages: &[Value]) -> (FakeServer, Api) {
        let server = FakeServer::start(pages.iter().map(|page| FakeServer::json(200, page)).collect());
        let api = Api::at(&server.url(), Some("llk_key")).unwrap();
        (server, api)
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_look_changes_nothing_and_says_how_to() {
        let (server, api) =
            api(&[page(2, &[("ld_a", Some("breaches"))], Some("two")), page(2, &[("ld_b", None)], None)]);
        let report = fetch(&api, &Rebase { apply: None, json: false }).await.unwrap();
        assert_eq!((report.leads.len(), report.breaches, report.recovers), (2, 1, 0));
        let seen = server.seen();
        assert!(seen.iter().all(|s| s.starts_with("GET /stage/playbook/rebase")), "{seen:?}");
        assert!(seen[1].contains("cursor=two"), "{}", seen[1]);
        let text = report.listed(false);
        assert!(text.contains("2 leads: 1 deadlines would be missed, 0 would be in time again."), "{text}");
        assert!(text.contains("rebase --apply 2"), "{text}");
        assert!(text.contains("2026-11-23 11:00  2026-11-23 12:00  missed"), "{text}");
    }

    #[tokio::test(flavor = "current_thread")]
    async fn changes_until_a_pass_finds_nothing() {
        let (server, api) = api(&[
            page(2, &[("ld_a", None)], None),
            page(2, &[("ld_a", None)], None),
            page(2, &[("ld_b", Some("recovers"))], None),
            page(2, &[], None),
        ]);
        let report = fetch(&api, &Rebase { apply: Some(2), json: false }).await.unwrap();
        assert_eq!((report.leads.len(), report.recovers), (2, 1));
        let seen = server.seen();
        assert!(
            seen[1..].iter().all(|s| s.starts_with("POST /stage/playbook/rebase?version=2 ")),
            "{seen:?}"
        );
        assert_eq!(seen.len(), 4);
    }

    #[tokio::test(flavor = "current_thread")]
    async fn what_has_been_looked_at_is_what_is_applied() {
        let (server, api) = api(&[page(3, &[("ld_a", None)], None)]);
        let refused = fetch(&api, &Rebase { apply: Some(2), json: false }).await;
        assert!(matches!(refused, Err(Failure::OtherVersion { named: 2, in_force: 3 })));
        assert_eq!(server.seen().len(), 1);
    }
}
