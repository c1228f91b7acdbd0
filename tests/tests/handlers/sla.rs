//! The clocks of sales, pauses, and the ladder's other ends, through the API and over the clock.

use leadline_tests::calm::{Calm, PLAYBOOK, START};
use serde_json::{Value, json};

use super::scene::{accepted, answer, history, id, offered, secs};

/// The playbook of a calm world with more in its one policy.
fn with_policy(more: &str) -> Calm {
    let before = "    first_touch:\n      within: PT1H\n";
    assert!(PLAYBOOK.contains(before));
    Calm::new(&PLAYBOOK.replace(before, &format!("{more}{before}")))
}

fn clock(lead: &Value, kind: &str) -> Value {
    lead["clocks"].as_array().unwrap().iter().find(|c| c["clock"] == kind).cloned().unwrap_or(Value::Null)
}

fn since_start(at: &Value) -> i64 {
    at.as_str().unwrap().parse::<jiff::Timestamp>().unwrap().duration_since(START).as_secs()
}

fn called(calm: &Calm, lead: &Value, outcome: &str) -> Value {
    let at = calm.now().to_string();
    let contact =
        json!({ "channel": "phone", "direction": "outbound", "outcome": outcome, "occurred_at": at });
    answer(calm, lead, "contact", &contact)
}

fn told(calm: &Calm, from: i64, to: &str) -> Vec<i64> {
    let mails = calm.record().mails.into_iter().map(|(at, m)| (at.duration_since(START).as_secs(), m.to));
    mails.filter(|(at, who)| *at >= from && who == to).map(|(at, _)| at).collect()
}

fn kinds(calm: &Calm, lead: &Value, from: i64) -> Vec<(i64, String)> {
    history(calm, id(lead)).into_iter().filter(|(at, _)| *at >= from).collect()
}

#[test]
fn a_stalled_lead_is_told_of_again_and_again_and_only_sales_puts_it_off() {
    let calm = with_policy("    stalled: {within: PT600S, ladder: [{at: due, do: notify_manager}]}\n");
    let lead = accepted(&calm, "ada@firm.example");
    calm.advance(secs(60));
    let lead = called(&calm, &lead, "connected");
    assert_eq!(since_start(&clock(&lead, "stalled")["due_at"]), 660);
    // Another submission, and the score that follows, is nothing that sales did.
    calm.advance(secs(300));
    calm.submitted("demo", &json!({ "email": "ada@firm.example", "wish": "demo, please" }));
    calm.run_queues();
    calm.advance(secs(2_000));
    let steps: Vec<i64> =
        kinds(&calm, &lead, 361).into_iter().filter(|(_, k)| k == "manager_told").map(|(at, _)| at).collect();
    assert_eq!(steps, [660, 1_260, 1_860]);
    assert_eq!(told(&calm, 361, "boss@calm.example"), [660, 1_260, 1_860]);
    let lead = calm.lead(id(&lead));
    assert_eq!(clock(&lead, "stalled")["status"], "breached");
    // A call on the third alarm begins it anew, with steps of its own.
    let lead = called(&calm, &lead, "no_answer");
    assert_eq!(clock(&lead, "stalled")["status"], "running");
    calm.advance(secs(700));
    assert_eq!(told(&calm, 2_361, "boss@calm.example"), [2_960]);
}

#[test]
fn every_open_lead_has_a_due_time_though_the_playbook_names_no_such_clock() {
    let calm = Calm::default();
    let lead = accepted(&calm, "ada@firm.example");
    let lead = called(&calm, &lead, "connected");
    // Five working days from Monday: the calendar is always open, so Saturday.
    assert_eq!(since_start(&lead["due_at"]), 5 * 86_400);
    let lead = answer(&calm, &lead, "qualify", &json!({}));
    assert_eq!(since_start(&lead["due_at"]), 5 * 86_400);
    assert_eq!(calm.ask("GET", "/audit", &Value::Null).1["violations"], 0);
}

#[test]
fn a_lead_is_given_up_as_unreachable_after_the_tries_that_the_policy_asks_for() {
    let calm =
        with_policy("    attempts: {at_least: 2, within: PT600S, ladder: [{at: due, do: notify_manager}]}\n");
    let lead = accepted(&calm, "ada@firm.example");
    let give_up = || {
        let body = json!({ "reason": "Unreachable", "rep_id": lead["owner"]["rep_id"] });
        calm.ask("POST", &format!("/leads/{}/disqualify", id(&lead)), &body)
    };
    calm.advance(secs(10));
    called(&calm, &lead, "no_answer");
    let (status, refused) = give_up();
    assert_eq!((status, &refused["type"]), (409, &json!("urn:leadline:problem:too-few-tries")), "{refused}");
    assert_eq!((&refused["made"], &refused["at_least"]), (&json!(1), &json!(2)));
    // Not tried in time: the manager hears of it. A second try that is told late was in time after all.
    calm.advance(secs(700));
    let late = calm.lead(id(&lead));
    assert_eq!(
        (&clock(&late, "attempts")["status"], &clock(&late, "attempts")["tries"]),
        (&json!("breached"), &json!(1))
    );
    assert!(kinds(&calm, &lead, 600).contains(&(600, "manager_told".to_owned())));
    let at = (START + secs(500)).to_string();
    let contact =
        json!({ "channel": "email", "direction": "outbound", "outcome": "left_message", "occurred_at": at });
    let after = answer(&calm, &lead, "contact", &contact);
    assert_eq!(clock(&after, "attempts")["status"], "met");
    let timeline = calm.timeline(id(&lead));
    let event = timeline.iter().rev().find(|e| e["kind"] == "contacted").unwrap();
    assert_eq!(event["details"]["met_after_all"], json!(["attempts"]));
    assert!(event["summary"].as_str().unwrap().contains("was met"), "{event}");
    assert!(timeline.iter().any(|e| e["kind"] == "breached"), "both are recorded");
    assert_eq!(give_up().0, 200);
}

#[test]
fn a_pause_moves_every_deadline_by_what_it_took_and_ends_by_itself() {
    let calm = Calm::default();
    let lead = accepted(&calm, "ada@firm.example");
    let path = |verb: &str| format!("/leads/{}/{verb}", id(&lead));
    let by = |mut body: Value| {
        body["rep_id"] = lead["owner"]["rep_id"].clone();
        body
    };
    calm.advance(secs(1_000));
    let until = |s: i64| json!({ "reason": "On holiday", "until": (START + secs(s)).to_string() });
    let slug = |(status, body): (u16, Value)| {
        (status, body["type"].as_str().unwrap_or_default().replace("urn:leadline:problem:", ""))
    };
    assert_eq!(
        slug(calm.ask("POST", &path("pause"), &by(until(900)))),
        (422, "pause-out-of-bounds".to_owned())
    );
    let too_long = by(until(1_000 + 30 * 86_400 + 1));
    assert_eq!(slug(calm.ask("POST", &path("pause"), &too_long)), (422, "pause-out-of-bounds".to_owned()));
    assert_eq!(slug(calm.ask("POST", &path("resume"), &by(json!({})))), (409, "not-paused".to_owned()));
    let eve = json!({ "rep_id": "eve", "reason": "x", "until": (START + secs(2_000)).to_string() });
    assert_eq!(slug(calm.ask("POST", &path("pause"), &eve)), (409, "not-yours".to_owned()));

    let (status, paused) = calm.ask("POST", &path("pause"), &by(until(8_000)));
    assert_eq!(
        (status, since_start(&paused["due_at"])),
        (200, 1_060),
        "what it owes is told at once: {paused}"
    );
    calm.run_queues();
    let paused = calm.lead(id(&lead));
    assert_eq!((since_start(&paused["due_at"]), &paused["paused"]["reason"]), (8_000, &json!("on-holiday")));
    // The first touch would have been missed at an hour.
    calm.advance(secs(6_000));
    assert_eq!(kinds(&calm, &lead, 1_001), []);
    calm.advance(secs(2_000));
    let resumed = calm.lead(id(&lead));
    assert_eq!(
        (&resumed["paused"], since_start(&clock(&resumed, "first_touch")["due_at"])),
        (&Value::Null, 10_600)
    );
    assert_eq!(clock(&resumed, "first_touch")["paused_seconds"], 7_000);
    let (_, told) = calm.ask("GET", &path("deadlines"), &Value::Null);
    let first_touch =
        told["deadlines"].as_array().unwrap().iter().find(|d| d["clock"] == "first_touch").unwrap();
    let ledger = first_touch["ledger"].as_array().unwrap();
    let told: Vec<(i64, &Value, &Value)> =
        ledger.iter().map(|e| (since_start(&e["to"]), &e["seconds"], &e["what"])).collect();
    let expected = [(3_600, json!(3_600), json!("elapsed")), (10_600, json!(7_000), json!("made_up"))];
    assert_eq!(told, expected.each_ref().map(|(to, seconds, what)| (*to, seconds, what)));
    assert!(first_touch["because"].as_str().unwrap().ends_with("for pauses"), "{first_touch}");
    calm.advance(secs(2_000));
    let expected = [(8_000, "resumed"), (10_600, "breached"), (10_600, "manager_told")];
    assert_eq!(kinds(&calm, &lead, 1_001), expected.map(|(at, kind)| (at, kind.to_owned())));
    assert_eq!(calm.ask("GET", "/audit", &Value::Null).1["violations"], 0);
}

#[test]
fn whoever_is_given_a_paused_lead_finds_its_deadlines_put_off_by_what_the_pause_took() {
    let calm = Calm::default();
    let lead = accepted(&calm, "ada@firm.example");
    calm.advance(secs(1_000));
    let until = (START + secs(9_000)).to_string();
    answer(&calm, &lead, "pause", &json!({ "reason": "holiday", "until": until }));
    calm.advance(secs(500));
    let given = json!({ "to": "dot", "reason": "territory" });
    let (status, given) = calm.ask("POST", &format!("/leads/{}/reassign", id(&lead)), &given);
    assert_eq!(
        (status, &given["stage"], &given["paused"]),
        (200, &json!("offered"), &Value::Null),
        "{given}"
    );
    // An hour from receipt, and the 500 seconds of the pause.
    assert_eq!(since_start(&clock(&given, "first_touch")["due_at"]), 4_100);
    assert_eq!(since_start(&clock(&given, "accept")["due_at"]), 1_560);
    assert_eq!(clock(&given, "stalled"), Value::Null, "what the one before did does not count");
    calm.run_queues();
    let dot = calm.lead(id(&lead));
    answer(&calm, &dot, "accept", &json!({}));
    calm.advance(secs(2_600));
    assert_eq!(
        kinds(&calm, &lead, 4_000),
        [(4_100, "breached"), (4_100, "manager_told")].map(|(at, k)| (at, k.to_owned()))
    );
    assert_eq!(calm.ask("GET", "/audit", &Value::Null).1["violations"], 0);
}

#[test]
fn what_an_answer_starts_comes_in_time_though_an_earlier_step_was_lost() {
    let text = PLAYBOOK.replace("within: PT1H", "within: PT10S");
    let before = "    first_touch:\n";
    let stalled = "    stalled: {within: PT100S, ladder: [{at: 50%, do: remind}]}\n";
    let calm = Calm::new(&text.replace(before, &format!("{stalled}{before}")));
    let lead = offered(&calm, "ada@firm.example");
    // The first touch is missed after ten seconds, and nobody gets to see it.
    calm.stop_ticks(true);
    calm.lose_messages(true);
    calm.purge();
    calm.advance(secs(20));
    calm.lose_messages(false);
    answer(&calm, &lead, "accept", &json!({}));
    calm.advance(secs(60));
    let reminded = kinds(&calm, &lead, 21).into_iter().find(|(_, kind)| kind == "reminded");
    assert_eq!(reminded, Some((70, "reminded".to_owned())));
}

#[test]
fn an_opportunity_that_changes_hands_in_a_pause_is_taken_up_and_stays_watched() {
    let calm = with_policy("    stalled: {within: PT600S, ladder: [{at: due, do: notify_manager}]}\n");
    let lead = accepted(&calm, "ada@firm.example");
    let lead = answer(&calm, &lead, "qualify", &json!({}));
    calm.advance(secs(100));
    let until = (START + secs(9_000)).to_string();
    answer(&calm, &lead, "pause", &json!({ "reason": "holiday", "until": until }));
    calm.advance(secs(200));
    let given = json!({ "to": "dot", "reason": "territory" });
    let (status, given) = calm.ask("POST", &format!("/leads/{}/reassign", id(&lead)), &given);
    assert_eq!(
        (status, &given["stage"], &given["paused"]),
        (200, &json!("qualified"), &Value::Null),
        "{given}"
    );
    // Whoever has been given it has 600 seconds from then.
    assert_eq!(since_start(&clock(&given, "stalled")["due_at"]), 900);
    calm.advance(secs(600));
    assert_eq!(told(&calm, 301, "chief@calm.example"), [900]);
    assert_eq!(calm.ask("GET", "/audit", &Value::Null).1["violations"], 0);
}

#[test]
fn how_a_deadline_was_counted_can_be_read() {
    let calm = Calm::default();
    let lead = accepted(&calm, "ada@firm.example");
    let (status, found) = calm.ask("GET", &format!("/leads/{}/deadlines", id(&lead)), &Value::Null);
    assert_eq!(status, 200, "{found}");
    let of = |kind: &str| {
        found["deadlines"].as_array().unwrap().iter().find(|d| d["clock"] == kind).unwrap().clone()
    };
    let touch = of("first_touch");
    assert_eq!((&touch["within"], &touch["ledger"][0]["seconds"]), (&json!("1 hour"), &json!(3_600)));
    assert_eq!(
        (&touch["ledger"][0]["what"], &touch["ledger"][0]["to"]),
        (&json!("elapsed"), &touch["due_at"])
    );
    let stalled = of("stalled");
    assert_eq!(stalled["ledger"].as_array().unwrap().len(), 5, "five working days: {stalled}");
    assert!(stalled["because"].as_str().unwrap().starts_with("5 business days from Mon"), "{stalled}");
    // The rep's view beside the buyer's wait.
    assert_eq!(clock(&lead, "first_touch")["rep_due_at"], clock(&lead, "first_touch")["due_at"]);
    assert_eq!(clock(&lead, "accept")["rep_due_at"], Value::Null);
}

/// A playbook whose ladder falls back to somebody outside the pools.
fn with_fallback() -> Calm {
    let text = PLAYBOOK
        .replace("        - {at: due, do: reassign}\n", "        - {at: due, do: fallback}\n")
        .replace("otherwise: first}", "otherwise: first, fallback: {rep: fay, after: PT4H}}")
        .replace("pools:\n", "  fay: {name: Fay, email: fay@calm.example, calendar: always}\npools:\n");
    Calm::new(&text)
}

#[test]
fn the_fallback_answers_for_a_lead_outside_the_turns() {
    let calm = with_fallback();
    let lead = offered(&calm, "ada@firm.example");
    let turns = || calm.ask("GET", "/pools/first", &Value::Null).1["turns"].clone();
    let before = turns();
    calm.advance(secs(60));
    let fallen = calm.lead(id(&lead));
    assert_eq!((&fallen["owner"]["rep_id"], &fallen["owner"]["offer"]), (&json!("fay"), &json!(2)));
    assert_eq!(since_start(&clock(&fallen, "accept")["due_at"]), 120);
    let open = |rep: &str| calm.ask("GET", &format!("/reps/{rep}"), &Value::Null).1["open"].clone();
    assert_eq!((open("fay"), open(lead["owner"]["rep_id"].as_str().unwrap())), (json!(1), json!(0)));
    assert!(told(&calm, 60, "fay@calm.example").contains(&60));
    assert_eq!(turns(), before, "it is nobody's turn");
    // It was not a turn, so there is none to give back.
    answer(&calm, &fallen, "reject", &json!({ "reason": "not-mine" }));
    calm.run_queues();
    let pool = calm.ask("GET", "/pools/first", &Value::Null).1;
    assert!(pool["members"].as_array().unwrap().iter().all(|m| m["rep_id"] != "fay"), "{pool}");
    assert_eq!(calm.ask("GET", "/audit", &Value::Null).1["violations"], 0);
}

#[test]
fn a_fallback_who_had_it_leaves_the_ladder_to_go_on() {
    let calm = with_fallback();
    let lead = offered(&calm, "ada@firm.example");
    calm.advance(secs(1_000));
    let expected = [
        (60, "reassigned"),
        (90, "reminded"),
        (120, "breached"),
        (120, "nobody_left"),
        (120, "manager_told"),
        (150, "returned_to_marketing"),
    ];
    let found: Vec<(i64, String)> =
        kinds(&calm, &lead, 31).into_iter().filter(|(at, k)| *at > 60 || k == "reassigned").collect();
    assert_eq!(found, expected.map(|(at, kind)| (at, kind.to_owned())));
}

#[test]
fn what_comes_due_at_night_is_told_in_the_morning() {
    let office = "  office:\n    zone: UTC\n    weekly: {mon: [[\"09:00\", \"17:00\"]], tue: [[\"09:00\", \"17:00\"]]}\n";
    let text = PLAYBOOK
        .replace("calendars:\n", &format!("calendars:\n{office}"))
        .replace("email: ann@calm.example, calendar: always", "email: ann@calm.example, calendar: office")
        .replace("first: {members: [ann, bob]", "first: {members: [ann]")
        .replace("within: PT1H", "within: PT10H");
    let calm = Calm::new(&text);
    let lead = accepted(&calm, "ada@firm.example");
    assert_eq!(lead["owner"]["rep_id"], "ann");
    calm.advance(secs(86_400));
    // Monday 14:13:20 and ten hours are a quarter past midnight; Tuesday's first hour is nine.
    let due = 36_000;
    let nine = 9 * 3_600 + (24 * 3_600 - (14 * 3_600 + 13 * 60 + 20));
    let expected = [(due, "breached"), (nine, "manager_told")];
    assert_eq!(kinds(&calm, &lead, 1), expected.map(|(at, kind)| (at, kind.to_owned())));
    assert_eq!(told(&calm, 1, "boss@calm.example"), [nine]);
}

/// Here and not on a deployment: EventBridge ticks once a minute and not more often, so that thirty ticks are half an hour
/// there. `emulator/sweeps.rs` has the schedule of a deployment stand still while a deadline passes; what thirty ticks add
/// to that is time.
#[test]
fn a_sweep_that_was_dead_for_thirty_ticks_takes_nothing_from_whoever_works_and_sends_no_storm() {
    let calm = with_policy(
        "    stalled: {within: PT600S, ladder: [{at: 50%, do: remind}, {at: due, do: notify_manager}]}\n",
    );
    let lead = accepted(&calm, "ada@firm.example");
    let idle = offered(&calm, "bob@firm.example");
    calm.lose_messages(true);
    calm.stop_ticks(true);
    calm.purge();
    calm.advance(secs(1_900));
    let lead = called(&calm, &lead, "no_answer");
    calm.lose_messages(false);
    calm.sweep();
    calm.run_queues();
    let after = calm.lead(id(&lead));
    assert_eq!(after["owner"]["rep_id"], lead["owner"]["rep_id"]);
    assert_eq!(since_start(&clock(&after, "stalled")["due_at"]), 2_500);
    let of_ann: Vec<(i64, String)> = kinds(&calm, &lead, 1);
    assert!(of_ann.iter().all(|(_, k)| k == "contacted" || k == "redriven"), "{of_ann:?}");
    // The one that nobody touched moves on, in order; the reminder that is beside the point is not sent.
    let moved: Vec<String> = kinds(&calm, &idle, 1).into_iter().map(|(_, k)| k).collect();
    assert_eq!(moved[..3], ["overtaken", "breached", "reassigned"]);
}
