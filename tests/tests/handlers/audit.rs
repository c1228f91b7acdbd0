//! The audit over the API: healthy worlds are healthy, each corruption is counted under its own name with its id, and
//! pages add up.

mod caps;
mod corruptions;
mod hourly;
mod rows;
mod under_load;

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use leadline_core::lead::Stage;
use leadline_core::sla::ClockKind;
use leadline_tests::calm::{Calm, logged};
use serde_json::{Value, json};

use super::scene::{accepted, answer, id, offered, problem, secs, wants_demo};
use corruptions::several;
use rows::{lead_at, rewrite, sleeper};

/// What a page of the audit says.
fn audit(calm: &Calm, query: &str) -> Value {
    let (status, found) = calm.ask("GET", &format!("/audit{query}"), &Value::Null);
    assert_eq!(status, 200, "{found}");
    let counts = found.as_object().unwrap().iter().filter(|(name, _)| name.ends_with("_violations"));
    let sum: u64 = counts.map(|(_, count)| count["count"].as_u64().unwrap()).sum();
    assert_eq!(found["violations"], sum, "{found}");
    found
}

/// The ids under each rule that is violated.
fn violated(found: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let mut violated = BTreeMap::new();
    for (name, count) in found.as_object().unwrap() {
        let Some(rule) = name.strip_suffix("_violations") else { continue };
        let ids: BTreeSet<String> =
            count["ids"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect();
        assert_eq!(count["count"], ids.len(), "{name}: {count}");
        if !ids.is_empty() {
            violated.insert(rule.to_owned(), ids);
        }
    }
    violated
}

/// A world with leads at every stage that the handlers lead to, and at rest.
fn peopled() -> Calm {
    let calm = Calm::default();
    people_with_a_past(&calm);
    calm
}

fn people_with_a_past(calm: &Calm) {
    let reason = json!({ "reason": "price" });
    let contact = |calm: &Calm, lead: &Value| {
        let body = json!({ "channel": "phone", "direction": "outbound", "outcome": "connected",
            "occurred_at": calm.now().to_string() });
        answer(calm, lead, "contact", &body)
    };
    offered(calm, "offered@firm.example");
    accepted(calm, "accepted@firm.example");
    contact(calm, &accepted(calm, "working@firm.example"));
    let qualified = |email| answer(calm, &contact(calm, &accepted(calm, email)), "qualify", &json!({}));
    qualified("qualified@firm.example");
    answer(calm, &qualified("won@firm.example"), "win", &json!({}));
    answer(calm, &accepted(calm, "lost@firm.example"), "lose", &reason);
    let later = json!({ "reason": "later", "wake_at": (calm.now() + secs(86_400)).to_string() });
    answer(calm, &accepted(calm, "recycled@firm.example"), "recycle", &later);
    answer(calm, &offered(calm, "moved@firm.example"), "reject", &json!({ "reason": "not-mine" }));
    answer(calm, &offered(calm, "misfit@firm.example"), "reject", &json!({ "reason": "wrong-fit" }));
    calm.submitted("demo", &wants_demo("spy@rival.example"));
    calm.submitted("demo", &json!({ "email": "nurturing@firm.example", "wish": "look" }));
    // One mailbox twice, a shared one twice.
    for wish in ["look", "read"] {
        calm.submitted("demo", &json!({ "email": "twice@firm.example", "wish": wish }));
        calm.submitted("demo", &json!({ "email": "info@firm.example", "wish": wish }));
    }
    calm.run_queues();
    let trapped = |email: &str| json!({ "email": email, "wish": "demo", "fax": "1" });
    let quarantined = |email: &str| {
        let lead = calm.lead_of(&calm.submitted("demo", &trapped(email)));
        assert_eq!(lead["stage"], "quarantined");
        lead
    };
    quarantined("quarantined@firm.example");
    for lead in [quarantined("released@firm.example"), quarantined("twice@firm.example")] {
        assert_eq!(calm.ask("POST", &format!("/leads/{}/release", id(&lead)), &json!({})).0, 200);
    }
    // Two people are to be forgotten, one of whom sales is working on and one who comes again.
    let erased = [accepted(calm, "erased@firm.example"), offered(calm, "again@firm.example")];
    for lead in &erased {
        assert_eq!(calm.ask("POST", &format!("/leads/{}/erase", id(lead)), &json!({})).0, 200);
        calm.run_queues();
    }
    calm.advance(SignedDuration::from_millis(1));
    calm.submitted("demo", &json!({ "email": "again@firm.example", "wish": "look" }));
    let junk = quarantined("junk@firm.example");
    assert_eq!(calm.ask("POST", &format!("/leads/{}/disqualify", id(&junk)), &reason).0, 200);
    calm.run_queues();
}

#[test]
fn a_world_with_leads_of_every_kind_is_healthy() {
    let calm = peopled();
    let found = audit(&calm, "");
    assert_eq!(violated(&found), BTreeMap::new());
    assert_eq!((&found["complete"], &found["next_cursor"]), (&json!(true), &Value::Null));
    assert_eq!(found["as_of"], calm.now().to_string());
    let leads = calm.leads();
    let at = |stage| leads.iter().filter(|l| l.stage == stage).count();
    let missing: Vec<&str> = Stage::ALL.iter().filter(|s| at(**s) == 0).map(|s| s.name()).collect();
    // Leads on their way and parked ones have tests of their own.
    assert_eq!(missing, ["received", "enriched", "scored", "parked"]);
    let checked = &found["checked"];
    assert_eq!((&checked["leads"], &checked["reps"]), (&json!(leads.len()), &json!(4)));
    assert_eq!((&checked["pools"], &checked["unsettled"]), (&json!(2), &json!(0)));
    // Whoever works on a lead has a due time: the stalled clock runs.
    let at_work: Vec<_> =
        leads.iter().filter(|l| matches!(l.stage, Stage::Working | Stage::Qualified)).collect();
    assert!(!at_work.is_empty() && at_work.iter().all(|l| l.running_clock(ClockKind::Stalled).is_some()));
}

#[test]
fn a_world_stays_healthy_while_it_runs_and_days_later() {
    let calm = peopled();
    for seconds in [30, 61, 600, 3_000] {
        calm.advance(secs(seconds));
        let mut found = violated(&audit(&calm, ""));
        // The ladder of a first touch ends with word to the manager; a lead that is accepted and untouched has no due
        // time after that, and the audit says so.
        if let Some(ids) = found.remove("no_due_time") {
            let accepted = calm.leads().into_iter().filter(|l| l.stage == Stage::Accepted);
            assert!(ids.is_subset(&accepted.map(|l| l.lead_id.to_string()).collect()));
        }
        assert_eq!(found, BTreeMap::new(), "after {seconds}");
    }
    // Nobody is there: parked leads wait for somebody, day after day.
    let calm = Calm::default();
    for rep in ["ann", "bob", "cat", "dot"] {
        assert_eq!(calm.ask("PATCH", &format!("/reps/{rep}"), &json!({ "away": true })).0, 200);
    }
    calm.submitted("demo", &wants_demo("parked@firm.example"));
    for _ in 0..4 {
        calm.advance(secs(40_000));
        assert_eq!(calm.leads()[0].stage, Stage::Parked);
        assert_eq!(violated(&audit(&calm, "")), BTreeMap::new());
    }
}

/// Every page of an audit, added up.
fn paged(calm: &Calm, limit: u32) -> (u64, BTreeMap<String, BTreeSet<String>>, u32) {
    let (mut leads, mut sum, mut pages) = (0, BTreeMap::<String, BTreeSet<String>>::new(), 0);
    let mut cursor = String::new();
    loop {
        let page = audit(calm, &format!("?limit={limit}{cursor}"));
        let seen = page["checked"]["leads"].as_u64().unwrap();
        assert!(seen <= u64::from(limit), "{page}");
        leads += seen;
        pages += 1;
        for (rule, ids) in violated(&page) {
            sum.entry(rule).or_default().extend(ids);
        }
        assert_eq!(page["complete"], json!(page["next_cursor"].is_null()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return (leads, sum, pages),
        }
    }
}

#[test]
fn pages_of_one_cover_the_same_as_one_big_page() {
    let calm = peopled();
    several(&calm);
    let (leads, found, pages) = paged(&calm, 10_000);
    assert_eq!((leads, pages), (calm.leads().len() as u64, 1));
    assert!(found.len() >= 8, "{found:?}");
    for limit in [1, 3, 7] {
        let (seen, same, pages) = paged(&calm, limit);
        assert_eq!((seen, &same), (leads, &found), "limit {limit}");
        assert!(u64::from(pages) >= leads / u64::from(limit), "{pages}");
    }
}

#[test]
fn since_leaves_out_what_has_not_changed_but_not_what_is_overdue() {
    let calm = peopled();
    let old = sleeper(&calm);
    let overdue = lead_at(&calm, Stage::Recycled);
    calm.stop_ticks(true);
    calm.lose_messages(true);
    calm.purge();
    calm.advance(secs(7_200));
    rewrite(&calm, old, |l| l.touches = 9);
    let long_ago = calm.now() - secs(999);
    let late = rewrite(&calm, overdue, |l| l.wake_at = Some(long_ago));
    calm.submitted("demo", &json!({ "email": "new@firm.example", "wish": "look" }));
    let found = audit(&calm, &format!("?since={}", calm.now() - secs(60)));
    // Time stood still for everybody else: what was on its way is overdue as well.
    assert!(violated(&found)["overdue"].contains(&late));
    assert!(!violated(&found).contains_key("miscounted_touch"));
    let all = audit(&calm, "");
    assert!(violated(&all).contains_key("miscounted_touch"));
    assert!(found["checked"]["leads"].as_u64() < all["checked"]["leads"].as_u64());
}

#[test]
fn what_makes_no_sense_is_refused() {
    let calm = Calm::default();
    for query in ["limit=0", "limit=10001", "limit=all", "since=yesterday", "cursor=x", "cursor=e30"] {
        let response = calm.crm("GET", &format!("/audit?{query}"), &Value::Null, &calm.api_key);
        problem(&response, 400, "malformed-query");
    }
}

#[test]
fn a_hundred_ids_are_listed_and_all_are_counted() {
    let calm = Calm::default();
    for n in 0..103 {
        calm.submitted("demo", &json!({ "email": format!("p{n}@firm.example"), "wish": "look" }));
    }
    calm.run_queues();
    for lead in calm.leads() {
        rewrite(&calm, lead, |l| l.touches = 2);
    }
    let found = audit(&calm, "");
    let count = &found["miscounted_touch_violations"];
    assert_eq!((&count["count"], &found["violations"]), (&json!(103), &json!(103)));
    assert_eq!(count["ids"].as_array().unwrap().len(), 100);
}

#[test]
fn nothing_personal_is_in_the_answer_or_the_log() {
    let calm = peopled();
    several(&calm);
    let (found, log) = logged(|| {
        calm.hourly_audit(SignedDuration::from_mins(4));
        audit(&calm, "")
    });
    assert!(log.lines().filter(|l| l.contains("\"alarm\":\"audit\"")).count() >= 8, "{log}");
    for text in [found.to_string(), log] {
        for personal in ["firm.example", "rival.example", "@"] {
            assert!(!text.contains(personal), "{personal} in {text}");
        }
    }
}
