//! Deadlines that run keep their version until somebody re-bases them, and nobody does so blindly.

use leadline_tests::calm::{Calm, PLAYBOOK, START, logged};
use serde_json::{Value, json};

use super::scene::{
    accepted, answer, called, clock, history, id, offered, problem, publish, secs, steps_late,
};

fn within(calm: &Calm, accept: &str, first_touch: &str) {
    for rule in ["within: PT60S", "within: PT1H"] {
        assert_eq!(PLAYBOOK.matches(rule).count(), 1);
    }
    let accept = PLAYBOOK.replace("within: PT60S", &format!("within: {accept}"));
    calm.publish(&accept.replace("within: PT1H", &format!("within: {first_touch}")));
}

/// All pages of the look, or of what is done by version.
pub(super) fn pages(calm: &Calm, method: &str, version: Option<u64>) -> Vec<Value> {
    let mut leads = Vec::new();
    let mut cursor = String::new();
    loop {
        let version = version.map_or_else(String::new, |v| format!("version={v}&"));
        let path = format!("/playbook/rebase?{version}cursor={cursor}");
        let (status, page) = calm.ask(method, &path, &Value::Null);
        assert_eq!(status, 200, "{page}");
        leads.extend(page["leads"].as_array().unwrap().clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => return leads,
        }
    }
}

fn due(lead: &Value, kind: &str) -> i64 {
    let clock = lead["clocks"].as_array().unwrap().iter().find(|c| c["clock"] == kind).unwrap();
    clock["due_at"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap().duration_since(START).as_secs()
}

#[test]
fn a_look_says_who_would_flip_and_only_re_basing_changes_a_deadline() {
    let calm = Calm::default();
    let lead = accepted(&calm, "ada@firm.example");
    let other = offered(&calm, "bob@else.example");
    let first = calm.ask("GET", "/playbook/rebase", &Value::Null).1["playbook_version"].as_u64().unwrap();
    assert_eq!(pages(&calm, "GET", None), Vec::<Value>::new(), "nothing runs by another version");
    calm.advance(secs(20));
    within(&calm, "PT60S", "PT10S");
    let version = first + 1;
    let seen = pages(&calm, "GET", None);
    let of = |seen: &[Value], lead: &Value| {
        seen.iter().find(|l| l["lead_id"] == lead["lead_id"]).cloned().unwrap()
    };
    let touch = |lead: &Value| {
        lead["clocks"].as_array().unwrap().iter().find(|c| c["clock"] == "first_touch").cloned().unwrap()
    };
    for lead in [&lead, &other] {
        let change = touch(&of(&seen, lead));
        assert_eq!(change["flips"], "breaches", "{change}");
        assert_eq!(
            (&change["was"]["playbook_version"], &change["becomes"]["playbook_version"]),
            (&json!(first), &json!(version))
        );
        assert_eq!(due(&calm.lead(id(lead)), "first_touch"), 3_600, "a look changes nothing");
    }
    calm.advance(secs(5));
    assert!(!history(&calm, id(&lead)).iter().any(|(_, kind)| kind == "breached"));

    let path = |version: u64| format!("/playbook/rebase?version={version}");
    let refused = calm.crm("POST", &path(first), &Value::Null, &calm.api_key);
    assert_eq!(problem(&refused, 409, "other-version")["playbook_version"], version);
    problem(&calm.crm("POST", "/playbook/rebase", &Value::Null, &calm.api_key), 400, "malformed-query");

    let done = pages(&calm, "POST", Some(version));
    assert_eq!(done.len(), 2);
    assert_eq!(due(&calm.lead(id(&lead)), "first_touch"), 10);
    calm.run_queues();
    calm.advance(secs(3));
    // Missed now, and the manager hears of it; the other lead's reminder goes on as its own version has it.
    let told: Vec<(i64, String)> =
        history(&calm, id(&lead)).into_iter().filter(|(at, _)| *at >= 25).collect();
    let expected: Vec<(i64, String)> =
        ["rebased", "breached", "manager_told"].map(|k| (25, k.to_owned())).into();
    assert_eq!(told, expected);
    let event = calm.timeline(id(&lead)).into_iter().find(|e| e["kind"] == "rebased").unwrap();
    assert!(event["actor"]["who"] == "key", "{event}");
    assert_eq!(pages(&calm, "POST", Some(version)), Vec::<Value>::new());
    assert_eq!(calm.ask("GET", "/audit", &Value::Null).1["violations"], 0);
}

#[test]
fn an_offer_that_was_too_late_is_in_time_again_and_waits_as_long_as_the_new_rules_have_it() {
    let calm = Calm::new(
        &PLAYBOOK.replace("        - {at: due, do: reassign}\n        - {at: due, do: notify_manager}\n", ""),
    );
    let lead = offered(&calm, "ada@firm.example");
    calm.advance(secs(70));
    let kinds = |from: i64| -> Vec<String> {
        history(&calm, id(&lead)).into_iter().filter(|(at, _)| *at >= from).map(|(_, kind)| kind).collect()
    };
    assert_eq!(kinds(60), ["breached"]);
    within(&calm, "PT300S", "PT1H");
    let version = calm.ask("GET", "/playbook/rebase", &Value::Null).1["playbook_version"].as_u64().unwrap();
    let seen = pages(&calm, "POST", Some(version));
    let accept =
        seen[0]["clocks"].as_array().unwrap().iter().find(|c| c["clock"] == "accept").unwrap().clone();
    assert_eq!(
        (&accept["flips"], &accept["was"]["status"], &accept["becomes"]["status"]),
        (&json!("recovers"), &json!("breached"), &json!("running"))
    );
    // By the old rules marketing would have had it back at 90 seconds.
    calm.advance(secs(100));
    assert_eq!(calm.lead(id(&lead))["stage"], "offered");
    assert_eq!(kinds(90), ["reminded"], "at half of the new time");
}

#[test]
fn a_clock_that_is_paused_is_judged_where_it_stands() {
    let calm = Calm::default();
    let lead = accepted(&calm, "ada@firm.example");
    let until = json!({ "reason": "holiday", "until": calm.now() + secs(20_000) });
    answer(&calm, &lead, "pause", &until);
    // The first touch was due after an hour; the pause, which has taken longer by now, is not counted in it yet.
    calm.advance(secs(4_000));
    within(&calm, "PT60S", "PT2H");
    let seen = pages(&calm, "GET", None);
    let clocks = seen[0]["clocks"].as_array().unwrap();
    let touch = clocks.iter().find(|c| c["clock"] == "first_touch").unwrap();
    assert_eq!((&touch["flips"], &touch["becomes"]["status"]), (&Value::Null, &json!("running")), "{touch}");
    // Nor is a shorter time missed that the pause has only outlasted.
    within(&calm, "PT60S", "PT30M");
    let seen = pages(&calm, "GET", None);
    let clocks = seen[0]["clocks"].as_array().unwrap();
    let touch = clocks.iter().find(|c| c["clock"] == "first_touch").unwrap();
    assert_eq!((&touch["flips"], &touch["becomes"]["status"]), (&Value::Null, &json!("running")), "{touch}");
}

#[test]
fn what_sales_does_counts_by_the_rules_that_a_clock_was_put_on() {
    let with = |stalled: &str, at_least: u32| {
        let before = "    first_touch:\n      within: PT1H\n";
        assert!(PLAYBOOK.contains(before));
        let attempts = format!(
            "    attempts: {{within: PT1H, at_least: {at_least}, ladder: [{{at: due, do: remind}}]}}\n"
        );
        let stalled = format!("    stalled: {{within: {stalled}, ladder: [{{at: due, do: remind}}]}}\n");
        PLAYBOOK.replace(before, &format!("{attempts}{stalled}{before}"))
    };
    let calm = Calm::new(&with("PT600S", 2));
    let lead = accepted(&calm, "ada@firm.example");
    calm.publish(&with("PT900S", 4));
    let version = calm.ask("GET", "/playbook/rebase", &Value::Null).1["playbook_version"].as_u64().unwrap();
    pages(&calm, "POST", Some(version));
    assert_eq!(due(&calm.lead(id(&lead)), "stalled"), 900);
    calm.advance(secs(100));
    let call = |calm: &Calm| {
        let at = calm.now().to_string();
        let contact =
            json!({ "channel": "phone", "direction": "outbound", "outcome": "no_answer", "occurred_at": at });
        answer(calm, &lead, "contact", &contact)
    };
    assert_eq!(due(&call(&calm), "stalled"), 1_000, "anew, and by the new rules");
    calm.advance(secs(1));
    call(&calm);
    let path = format!("/leads/{}/disqualify", id(&lead));
    let gone = json!({ "rep_id": lead["owner"]["rep_id"], "reason": "Unreachable" });
    let refused = calm.crm("POST", &path, &gone, &calm.api_key);
    assert_eq!(problem(&refused, 409, "too-few-tries")["at_least"], 4);
    assert_eq!(calm.ask("GET", "/audit", &Value::Null).1["violations"], 0);
}

#[test]
fn a_deadline_missed_by_rebasing_in_a_pause_stays_where_it_is() {
    let touch = "    first_touch:\n";
    let playbook =
        PLAYBOOK.replace(touch, &format!("    qualified_by: {{within: PT10H, ladder: []}}\n{touch}"));
    let calm = Calm::new(&playbook);
    let lead = accepted(&calm, "ada@firm.example");
    calm.advance(secs(60));
    let lead = answer(&calm, &lead, "contact", &called(calm.now()));
    calm.advance(secs(5 * 3_600));
    let until = calm.now() + secs(5 * 86_400);
    let lead = answer(&calm, &lead, "pause", &json!({ "reason": "on-holiday", "until": until.to_string() }));
    publish(&calm, &playbook.replace("within: PT10H", "within: PT4H"));
    pages(&calm, "POST", Some(2));
    calm.run_queues();
    let before = calm.lead(id(&lead));
    calm.advance(secs(3_600));
    let ((), log) = logged(|| {
        answer(&calm, &lead, "resume", &json!({}));
        calm.advance(secs(5));
    });
    assert_eq!(steps_late(&log), ["0"], "nobody could have told of it in the pause");
    let after = calm.lead(id(&lead));
    assert_eq!(clock(&after, "qualified_by")["status"], "breached");
    assert_eq!(clock(&after, "qualified_by")["due_at"], clock(&before, "qualified_by")["due_at"]);
    assert_eq!(calm.ask("GET", "/audit", &Value::Null).1["violations"], 0);
}

#[test]
fn a_step_that_was_due_already_is_late_from_then_on() {
    let touch = "    first_touch:\n";
    let playbook =
        PLAYBOOK.replace(touch, &format!("    qualified_by: {{within: PT10H, ladder: []}}\n{touch}"));
    let calm = Calm::new(&playbook);
    let lead = accepted(&calm, "ada@firm.example");
    let lead = answer(&calm, &lead, "contact", &called(calm.now()));
    calm.stop_ticks(true);
    calm.lose_messages(true);
    calm.purge();
    calm.wait(secs(10 * 3_600 + 1));
    publish(&calm, &playbook.replace("within: PT10H", "within: PT4H"));
    pages(&calm, "POST", Some(2));
    let ((), log) = logged(|| drop(calm.sweep()));
    assert_eq!(steps_late(&log), ["1000"]);
    assert_eq!(clock(&calm.lead(id(&lead)), "qualified_by")["status"], "breached");
}
