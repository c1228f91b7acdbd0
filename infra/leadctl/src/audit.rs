//! `leadctl audit`: the invariants counted on the deployment's data, to the last page.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::process::ExitCode;

use jiff::Timestamp;
use leadline_core::audit::{Invariant, Rule};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::api::Api;
use crate::arguments::Audit;
use crate::failure::Failure;
use crate::screen;
use crate::table;

/// A count with ids, as the API gives it: the first hundred are listed.
#[derive(Debug, Default, Deserialize)]
struct Count {
    count: u64,
    ids: BTreeSet<String>,
}

impl Count {
    /// Adds another page's. A lead that changed meanwhile may be on both; where all ids are listed it counts once.
    fn add(&mut self, more: Count) {
        let unlisted = self.count.saturating_sub(self.listed()) + more.count.saturating_sub(more.listed());
        self.ids.extend(more.ids);
        self.count = self.listed() + unlisted;
    }

    fn listed(&self) -> u64 {
        self.ids.len() as u64
    }

    fn to_json(&self) -> Value {
        json!({ "count": self.count, "ids": self.ids })
    }
}

/// All pages in one.
#[derive(Debug, Default)]
struct Report {
    as_of: Option<String>,
    checked: BTreeMap<String, u64>,
    /// By the name of the rule; names that this leadctl does not know as well.
    violations: BTreeMap<String, Count>,
}

/// Audits the deployment. The exit status is 1 when anything is wrong.
pub(crate) async fn run(wanted: &Audit, out: &mut impl Write) -> Result<ExitCode, Failure> {
    let report = fetch(&Api::with_key()?, wanted).await?;
    if wanted.json {
        writeln!(out, "{}", report.to_json())?;
    } else {
        write!(out, "{}", report.listed(screen::styled()))?;
    }
    Ok(if report.total() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The violations by rule, those that there are, of what changed or is overdue since; and how many leads were looked at.
pub(crate) async fn counts_since(
    api: &Api,
    since: Timestamp,
) -> Result<(BTreeMap<String, u64>, u64), Failure> {
    let report = fetch(api, &Audit { since: Some(since), json: false }).await?;
    let leads = report.checked.get("leads").copied().unwrap_or_default();
    let counts = report.violations.into_iter().map(|(rule, count)| (rule, count.count));
    Ok((counts.filter(|(_, count)| *count > 0).collect(), leads))
}

/// Follows the cursors to the end.
async fn fetch(api: &Api, wanted: &Audit) -> Result<Report, Failure> {
    let mut report = Report::default();
    let mut cursor: Option<String> = None;
    loop {
        let mut call = api.call(Method::GET, &["audit"]);
        if let Some(since) = wanted.since {
            call = call.query("since", &since.to_string());
        }
        if let Some(cursor) = &cursor {
            call = call.query("cursor", cursor);
        }
        let page = api.ask(&call).await?.json()?;
        cursor = page.get("next_cursor").and_then(Value::as_str).map(str::to_owned);
        let Value::Object(page) = page else { return Err(Failure::Answer) };
        report.add(page)?;
        if cursor.is_none() {
            return Ok(report);
        }
    }
}

impl Report {
    fn add(&mut self, page: Map<String, Value>) -> Result<(), Failure> {
        fn read<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, Failure> {
            serde_json::from_value(value).map_err(|_| Failure::Answer)
        }
        let mut is_audit = false;
        for (name, value) in page {
            match name.as_str() {
                "as_of" => drop(self.as_of.get_or_insert(read(value)?)),
                "checked" => {
                    is_audit = true;
                    for (what, number) in read::<BTreeMap<String, u64>>(value)? {
                        *self.checked.entry(what).or_default() += number;
                    }
                }
                rule if rule.ends_with("_violations") => {
                    self.violations.entry(name).or_default().add(read(value)?);
                }
                _ => {}
            }
        }
        if is_audit { Ok(()) } else { Err(Failure::Answer) }
    }

    fn total(&self) -> u64 {
        self.violations.values().map(|count| count.count).sum()
    }

    /// All pages as one document of the API's form.
    fn to_json(&self) -> Value {
        let mut document = Map::new();
        document.insert("as_of".to_owned(), json!(self.as_of));
        document.insert("complete".to_owned(), json!(true));
        document.insert("checked".to_owned(), json!(self.checked));
        document.insert("violations".to_owned(), json!(self.total()));
        document.extend(self.violations.iter().map(|(rule, count)| (rule.clone(), count.to_json())));
        document.insert("next_cursor".to_owned(), Value::Null);
        Value::Object(document)
    }

    /// A table with a row for each invariant that holds and for each rule that is violated, then the sums.
    fn listed(&self, styled: bool) -> String {
        let mut rows = Vec::new();
        for invariant in Invariant::ALL {
            let of = |(rule, count): (&String, &Count)| -> Option<Vec<String>> {
                let known = Rule::parse(rule).filter(|r| r.invariant() == invariant)?;
                (count.count > 0).then(|| row(&label(invariant), rule, count, known.meaning()))
            };
            let wrong: Vec<Vec<String>> = self.violations.iter().filter_map(of).collect();
            if wrong.is_empty() {
                rows.push(vec![label(invariant), "0".to_owned()]);
            }
            rows.extend(wrong);
        }
        let strange = self.violations.iter().filter(|(rule, c)| Rule::parse(rule).is_none() && c.count > 0);
        rows.extend(strange.map(|(rule, count)| row("", rule, count, "")));
        let headers = ["INVARIANT", "VIOLATIONS", "OF", "FIRST IDS AND MEANING"];
        let checked: Vec<String> = ["leads", "reps", "pools", "deliveries"]
            .iter()
            .map(|what| format!("{} {what}", self.checked.get(*what).copied().unwrap_or_default()))
            .collect();
        let unsettled = match self.checked.get("unsettled").copied().unwrap_or_default() {
            0 => String::new(),
            n => format!("{n} kept changing while looked at; run it again for those.\n"),
        };
        format!(
            "{}{} violations. Looked at {}.\n{unsettled}",
            table::render(&headers, rows, styled),
            self.total(),
            checked.join(", "),
        )
    }
}

fn label(invariant: Invariant) -> String {
    format!("{:>2} {}", invariant.number(), invariant.name())
}

fn row(invariant: &str, rule: &str, count: &Count, meaning: &str) -> Vec<String> {
    let first: Vec<&str> = count.ids.iter().take(FIRST).map(String::as_str).collect();
    let more = if count.count > FIRST as u64 { ", …" } else { "" };
    vec![
        invariant.to_owned(),
        count.count.to_string(),
        rule.trim_end_matches("_violations").to_owned(),
        // In one cell, the last: any other is cut, and an id that is cut is no use.
        format!("{}{more}  {meaning}", first.join(", ")),
    ]
}

const FIRST: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake_server::FakeServer;

    fn page(leads: u64, stuck: &[&str], cursor: Option<&str>) -> Value {
        let ids = |ids: &[&str]| json!({ "count": ids.len(), "ids": ids });
        json!({
            "as_of": "2026-11-22T12:00:00Z", "complete": cursor.is_none(), "next_cursor": cursor,
            "checked": { "leads": leads, "reps": 0, "pools": 0, "deliveries": 0, "unsettled": 0 },
            "violations": stuck.len(),
            "stuck_violations": ids(stuck), "overdue_violations": ids(&[]), "gone_violations": ids(&[]),
        })
    }

    fn api(pages: &[Value]) -> (FakeServer, Api) {
        let server = FakeServer::start(pages.iter().map(|page| FakeServer::json(200, page)).collect());
        let api = Api::at(&server.url(), Some("llk_key")).unwrap();
        (server, api)
    }

    #[tokio::test(flavor = "current_thread")]
    async fn pages_are_followed_to_the_end_and_added_up() {
        // ld_b changed between the pages and is on both.
        let (server, api) = api(&[
            page(2, &["ld_a", "ld_b"], Some("two")),
            page(1, &[], Some("three")),
            page(2, &["ld_b", "ld_c"], None),
        ]);
        let since = Some("2026-11-22T10:00:00Z".parse().unwrap());
        let report = fetch(&api, &Audit { since, json: false }).await.unwrap();
        assert_eq!((report.total(), report.checked["leads"]), (3, 5));
        let document = report.to_json();
        assert_eq!(document["stuck_violations"], json!({ "count": 3, "ids": ["ld_a", "ld_b", "ld_c"] }));
        assert_eq!((&document["violations"], &document["complete"]), (&json!(3), &json!(true)));
        let seen = server.seen();
        assert!(seen[0].starts_with("GET /stage/audit?since=2026-11-22T10%3A00%3A00Z "), "{}", seen[0]);
        assert!(seen[2].contains("cursor=three"), "{}", seen[2]);
    }

    #[test]
    fn counts_beyond_the_listed_ids_are_kept() {
        let count = |count, ids: &[&str]| Count { count, ids: ids.iter().map(|i| (*i).to_owned()).collect() };
        let mut sum = count(150, &["a", "b"]);
        sum.add(count(7, &["b", "c"]));
        // Three are listed, 148 and 5 are not.
        assert_eq!((sum.count, sum.ids.len()), (156, 3));
    }

    #[test]
    fn each_invariant_has_a_line_and_each_violation_says_what_it_means() {
        let mut report = Report::default();
        let Value::Object(one) = page(4, &["ld_a", "ld_b", "ld_c", "ld_d"], None) else { unreachable!() };
        report.add(one).unwrap();
        let text = report.listed(false);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1], " 1 durable acknowledgement  0");
        assert!(lines[2].starts_with(" 2 no lead left behind      4           stuck"), "{text}");
        assert!(lines[2].contains("ld_a, ld_b, ld_c, …"), "{text}");
        assert!(lines[2].ends_with(Rule::Stuck.meaning()), "{text}");
        assert_eq!(lines.len(), 1 + Invariant::ALL.len() + 1);
        assert!(text.contains("4 violations. Looked at 4 leads, 0 reps, 0 pools, 0 deliveries."), "{text}");
    }

    #[test]
    fn a_rule_that_this_leadctl_does_not_know_is_shown_all_the_same() {
        let mut report = Report::default();
        let Value::Object(mut one) = page(1, &[], None) else { unreachable!() };
        one["gone_violations"] = json!({ "count": 1, "ids": ["ld_x"] });
        report.add(one).unwrap();
        assert_eq!(report.total(), 1);
        let text = report.listed(false);
        assert!(text.lines().any(|l| l.contains("gone") && l.contains("ld_x")), "{text}");
        assert!(matches!(Report::default().add(Map::new()), Err(Failure::Answer)));
    }
}
