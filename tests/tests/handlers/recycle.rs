//! Back from marketing: on a date, when the person asks again, by score after the cool-down, or past marketing's eyes.

use leadline_tests::calm::Calm;
use serde_json::{Value, json};

use super::scene::{accepted, answer, history, id, offered, patch, problem, secs, wants_demo};

const CALM: &str = include_str!("../../src/calm/playbook.yaml");

fn world(rules: &str) -> Calm {
    Calm::new(&format!("{CALM}\nrecycling: {rules}\n"))
}

const RULES: &str = "{cool_down: PT1H, most_cycles: 2, strong_interest: {field: answers.wish, is: demo now}}";

/// Recycles a lead that its rep has accepted, until so many seconds from now.
fn recycled(calm: &Calm, lead: &Value, seconds: i64) -> Value {
    let after =
        answer(calm, lead, "recycle", &json!({ "reason": "later", "wake_at": calm.now() + secs(seconds) }));
    assert_eq!(after["stage"], "recycled");
    assert_eq!(after["given_back_at"], json!(calm.now()), "{after:#}");
    after
}

fn woken(calm: &Calm, lead: &Value) -> Vec<Value> {
    let events = calm.timeline(id(lead)).into_iter().filter(|e| e["kind"] == "woken");
    events.map(|e| e["details"]["because"].clone()).collect()
}

#[test]
fn somebody_who_asks_again_is_offered_at_once_and_has_waited_since_then() {
    let calm = world(RULES);
    let lead = recycled(&calm, &accepted(&calm, "ada@firm.example"), 90 * 86_400);
    calm.wait(secs(60));
    // A look is no strong interest, and old points do not bring the lead back within the cool-down.
    calm.submitted("demo", &json!({ "email": "ada@firm.example", "wish": "look" }));
    calm.run_queues();
    assert_eq!(calm.lead(id(&lead))["stage"], "recycled");
    calm.wait(secs(60));
    let asked_at = calm.now();
    calm.submitted("demo", &json!({ "email": "ada@firm.example", "wish": "demo now" }));
    calm.run_queues();
    let back = calm.lead(id(&lead));
    assert_eq!((&back["stage"], &back["cycle"]), (&json!("offered"), &json!(2)), "{back:#}");
    assert_eq!(back["received_at"], json!(asked_at));
    assert_eq!(woken(&calm, &lead), [json!("strong_interest")]);
}

#[test]
fn a_score_over_the_upper_mark_brings_it_back_once_the_cool_down_is_over() {
    let calm = world(RULES);
    let lead = recycled(&calm, &accepted(&calm, "ada@firm.example"), 90 * 86_400);
    calm.advance(secs(3_599));
    calm.submitted("demo", &json!({ "email": "ada@firm.example", "wish": "look" }));
    calm.run_queues();
    assert_eq!(calm.lead(id(&lead))["stage"], "recycled");
    calm.advance(secs(2));
    calm.submitted("demo", &json!({ "email": "ada@firm.example", "wish": "read" }));
    calm.run_queues();
    assert_eq!(calm.lead(id(&lead))["stage"], "offered");
    assert_eq!(woken(&calm, &lead), [json!("score")]);

    // A score under the upper mark does not, though it is over the lower one: fit 40, interest 30 is needed.
    let calm = world(RULES);
    let lead = recycled(&calm, &accepted(&calm, "bea@firm.example"), 90 * 86_400);
    calm.advance(secs(2 * 86_400));
    calm.submitted("demo", &json!({ "email": "bea@firm.example", "wish": "look" }));
    calm.run_queues();
    let asleep = calm.lead(id(&lead));
    assert_eq!((&asleep["stage"], &asleep["score"]["interest"]), (&json!("recycled"), &json!(20)));
}

#[test]
fn after_so_many_cycles_marketing_is_asked_and_asked_again_until_it_decides() {
    let calm = world(RULES);
    let lead = recycled(&calm, &accepted(&calm, "ada@firm.example"), 600);
    calm.advance(secs(601));
    let again = calm.lead(id(&lead));
    assert_eq!((&again["stage"], &again["cycle"]), (&json!("offered"), &json!(2)));
    recycled(&calm, &again, 600);
    calm.advance(secs(601));
    let waits = calm.lead(id(&lead));
    assert_eq!((&waits["stage"], &waits["parked"]["reason"]), (&json!("parked"), &json!("review")));
    assert_eq!(waits["accountable"], json!({ "queue": "marketing" }));
    let asked = || {
        let mails = calm.record().mails;
        mails
            .iter()
            .filter(|(_, m)| m.to == "marketing@calm.example" && m.subject.starts_with("Please review"))
            .count()
    };
    assert_eq!(asked(), 1);
    calm.advance(secs(7 * 86_400 - 10));
    assert_eq!(asked(), 1);
    calm.advance(secs(20));
    assert_eq!(asked(), 2, "a week later once more");
    // It is not given away past marketing, but marketing may send it on.
    let path = format!("/leads/{}", id(&lead));
    let by_hand = json!({ "to": "cat", "reason": "friend" });
    problem(&calm.crm("POST", &format!("{path}/reassign"), &by_hand, &calm.api_key), 409, "in-review");
    calm.submitted("demo", &json!({ "email": "ada@firm.example", "wish": "demo" }));
    assert_eq!(calm.ask("POST", &format!("{path}/unpark"), &json!({})).0, 200);
    calm.run_queues();
    let sent = calm.lead(id(&lead));
    assert_eq!((&sent["stage"], &sent["cycle"]), (&json!("offered"), &json!(3)), "{sent:#}");
    let kinds: Vec<String> = history(&calm, id(&lead)).into_iter().map(|(_, kind)| kind).collect();
    assert_eq!(kinds.iter().filter(|k| *k == "parked").count(), 2);
    let (_, audit) = calm.ask("GET", "/audit", &Value::Null);
    assert_eq!(audit["violations"], 0, "{audit:#}");
}

#[test]
fn whoever_asks_while_marketing_is_asked_is_offered_at_once() {
    let calm = world(RULES);
    let lead = recycled(&calm, &accepted(&calm, "ada@firm.example"), 600);
    calm.advance(secs(601));
    recycled(&calm, &calm.lead(id(&lead)), 600);
    calm.advance(secs(601));
    assert_eq!(calm.lead(id(&lead))["parked"]["reason"], "review");
    // A look does not go past marketing, whatever the score.
    calm.advance(secs(7_200));
    calm.submitted("demo", &json!({ "email": "ada@firm.example", "wish": "look" }));
    calm.run_queues();
    assert_eq!(calm.lead(id(&lead))["parked"]["reason"], "review");
    let asked_at = calm.now();
    calm.submitted("demo", &json!({ "email": "ada@firm.example", "wish": "demo now" }));
    calm.run_queues();
    let back = calm.lead(id(&lead));
    assert_eq!((&back["stage"], &back["cycle"]), (&json!("offered"), &json!(3)), "{back:#}");
    assert_eq!((&back["parked"], &back["received_at"]), (&Value::Null, &json!(asked_at)));
    assert_eq!(woken(&calm, &lead).last(), Some(&json!("strong_interest")));
    let (_, audit) = calm.ask("GET", "/audit", &Value::Null);
    assert_eq!(audit["violations"], 0, "{audit:#}");
}

#[test]
fn earlier_interest_counts_as_the_playbook_says_and_fit_stays() {
    for (carried, interest) in [("keep", 70), ("halve", 45), ("reset", 20)] {
        let scoring = CALM.replace("scoring:\n", &format!("scoring:\n  after_recycle: {carried}\n"));
        let calm = Calm::new(&scoring);
        let lead = accepted(&calm, "ada@firm.example");
        assert_eq!(lead["score"]["interest"], 50);
        recycled(&calm, &lead, 90 * 86_400);
        calm.wait(secs(60));
        calm.submitted("demo", &json!({ "email": "ada@firm.example", "wish": "look" }));
        calm.run_queues();
        let score = calm.lead(id(&lead))["score"].clone();
        assert_eq!((&score["fit"], &score["interest"]), (&json!(40), &json!(interest)), "{carried}");
        let told = score["reasons"]
            .as_array()
            .unwrap()
            .iter()
            .any(|r| r["because"].as_str().unwrap().contains("recycled"));
        assert_eq!(told, carried != "keep");
    }
}

#[test]
fn a_lead_is_qualified_when_the_checklist_is_answered() {
    let asks =
        "checklist: [{item: need, ask: Is there a need?}, {item: budget, ask: How much?, needs: answer}]";
    let marks = "qualification: {at: {fit: 30, interest: 30}, until: {fit: 20, interest: 15}";
    let calm = Calm::new(&CALM.replace(marks, &format!("{marks}, {asks}")));
    let lead = accepted(&calm, "ada@firm.example");
    let path = format!("/leads/{}/qualify", id(&lead));
    let ask = |checklist: &Value| {
        let body = json!({ "rep_id": lead["owner"]["rep_id"], "checklist": checklist });
        calm.crm("POST", &path, &body, &calm.api_key)
    };
    for (checklist, gaps) in [
        (json!({}), vec!["checklist.need", "checklist.budget"]),
        (json!({ "need": false, "budget": false }), vec!["checklist.need"]),
        (json!({ "need": true }), vec!["checklist.budget"]),
        (json!({ "need": true, "budget": true, "colour": true }), vec!["checklist.colour"]),
    ] {
        let document = problem(&ask(&checklist), 422, "checklist");
        let fields: Vec<&str> =
            document["errors"].as_array().unwrap().iter().map(|e| e["field"].as_str().unwrap()).collect();
        assert_eq!(fields, gaps, "{checklist}");
    }
    assert_eq!(ask(&json!({ "need": true, "budget": false })).status, 200);
    let event = calm.timeline(id(&lead)).into_iter().find(|e| e["kind"] == "qualified").unwrap();
    assert_eq!(event["details"]["checklist"], json!({ "need": true, "budget": false }));
}

#[test]
fn a_lead_is_given_by_hand_outside_turns_and_only_to_who_can_take_it() {
    let capped = CALM.replace(
        "email: cat@calm.example, calendar: always",
        "email: cat@calm.example, calendar: always, caps: {open: 1}",
    );
    let calm = Calm::new(&capped);
    let lead = offered(&calm, "ada@firm.example");
    let first = lead["owner"]["rep_id"].as_str().unwrap().to_owned();
    let turns = || calm.ask("GET", "/pools/second", &Value::Null).1["turns"].clone();
    let open = |rep: &str| calm.ask("GET", &format!("/reps/{rep}"), &Value::Null).1["open"].clone();
    let path = format!("/leads/{}/reassign", id(&lead));
    let give = |to: &str| {
        calm.crm("POST", &path, &json!({ "to": to, "reason": "Knows the company" }), &calm.api_key)
    };

    assert_eq!(give("cat").status, 200);
    calm.run_queues();
    let given = calm.lead(id(&lead));
    let owner = &given["owner"];
    assert_eq!(
        (&given["stage"], &owner["rep_id"], &owner["basis"]),
        (&json!("offered"), &json!("cat"), &json!("by_hand"))
    );
    assert_eq!((turns(), open("cat"), open(&first)), (json!(0), json!(1), json!(0)));
    let clock = given["clocks"].as_array().unwrap().iter().find(|c| c["clock"] == "accept").unwrap();
    assert_eq!(clock["due_at"], json!(calm.now() + secs(60)));
    let told = calm.timeline(id(&lead)).into_iter().find(|e| e["kind"] == "handed_over").unwrap();
    assert_eq!(told["details"]["reason"], "knows-the-company");
    assert_eq!((&told["details"]["from"], &told["details"]["rep_id"]), (&json!(first), &json!("cat")));
    let offers = calm.record().mails.iter().filter(|(_, m)| m.to == "cat@calm.example").count();
    assert_eq!(offers, 1);

    problem(&give("cat"), 409, "has-it");
    problem(&give("eve"), 422, "unknown-rep");
    calm.ask("PATCH", "/reps/bob", &json!({ "away": true }));
    assert_eq!(problem(&give("bob"), 409, "cannot-take")["why"], "away");
    let other = offered(&calm, "bea@firm.example");
    let full = calm.crm(
        "POST",
        &format!("/leads/{}/reassign", id(&other)),
        &json!({ "to": "cat", "reason": "x" }),
        &calm.api_key,
    );
    assert_eq!(problem(&full, 409, "cannot-take")["why"], "at_open_cap");

    // Whoever has it by hand may say that it is not theirs; no turn was taken, so none comes back.
    answer(&calm, &given, "reject", &json!({ "reason": "not-mine" }));
    let pool = calm.ask("GET", "/pools/second", &Value::Null).1;
    let cat = pool["members"].as_array().unwrap().iter().find(|m| m["rep_id"] == "cat").unwrap();
    assert_eq!((&cat["assigned"], &cat["behind_share_by"]), (&json!(0), &json!(0.0)), "{pool:#}");
    let (_, audit) = calm.ask("GET", "/audit", &Value::Null);
    assert_eq!(audit["violations"], 0, "{audit:#}");
}

#[test]
fn an_opportunity_changes_hands_as_it_is_and_a_parked_lead_becomes_an_offer() {
    let calm = Calm::default();
    let lead = accepted(&calm, "ada@firm.example");
    let lead = answer(&calm, &lead, "qualify", &json!({}));
    let (status, _) = calm.ask(
        "POST",
        &format!("/leads/{}/reassign", id(&lead)),
        &json!({ "to": "dot", "reason": "left" }),
    );
    assert_eq!(status, 200);
    calm.run_queues();
    let given = calm.lead(id(&lead));
    assert_eq!((&given["stage"], &given["owner"]["rep_id"]), (&json!("qualified"), &json!("dot")));
    assert!(given["owner"]["accepted_at"].is_string());
    let subjects: Vec<String> = calm
        .record()
        .mails
        .iter()
        .filter(|(_, m)| m.to == "dot@calm.example")
        .map(|(_, m)| m.subject.clone())
        .collect();
    assert_eq!(subjects, ["Yours from now on: A new contact (Firm)"]);
    answer(&calm, &given, "win", &json!({}));

    for rep in ["ann", "bob", "cat", "dot"] {
        calm.ask("PATCH", &format!("/reps/{rep}"), &json!({ "away": true }));
    }
    let parked =
        calm.lead_of(&calm.submitted("demo", &json!({ "email": "bea@firm.example", "wish": "demo" })));
    calm.run_queues();
    assert_eq!(calm.lead(id(&parked))["stage"], "parked");
    calm.ask("PATCH", "/reps/dot", &json!({ "away": false }));
    let (status, given) = calm.ask(
        "POST",
        &format!("/leads/{}/reassign", id(&parked)),
        &json!({ "to": "dot", "reason": "now" }),
    );
    assert_eq!((status, &given["stage"]), (200, &json!("offered")));
    calm.run_queues();
    let (_, audit) = calm.ask("GET", "/audit", &Value::Null);
    assert_eq!(audit["violations"], 0, "{audit:#}");
}

#[test]
fn who_fell_under_the_lower_mark_while_parked_has_to_reach_the_upper_one_again() {
    let calm = Calm::default();
    for rep in ["ann", "bob", "cat", "dot"] {
        patch(&calm, rep, &json!({ "away": true }));
    }
    let submission = calm.submitted("demo", &wants_demo("ada@firm.example"));
    calm.run_queues();
    let lead = calm.lead_of(&submission);
    assert_eq!(lead["stage"], "parked");
    calm.advance(secs(3 * 86_400));
    calm.submitted("demo", &json!({ "email": "ada@firm.example", "wish": "nothing" }));
    calm.run_queues();
    let fallen = calm.lead(id(&lead));
    assert_eq!((&fallen["stage"], &fallen["score"]["interest"]), (&json!("nurturing"), &json!(0)));
    calm.submitted("demo", &json!({ "email": "ada@firm.example", "wish": "look" }));
    calm.run_queues();
    let between = calm.lead(id(&lead));
    assert_eq!(between["score"]["interest"], 20);
    assert_eq!(between["stage"], "nurturing", "30 is the upper mark, 15 the lower");
}

#[test]
fn only_dates_and_scores_are_counted_against_the_limit_of_cycles() {
    let rules = "{cool_down: PT1H, most_cycles: 2, strong_interest: {field: answers.wish, is: demo now}}";
    let calm = world(rules);
    let lead = accepted(&calm, "ada@firm.example");
    let later = |s: i64| json!({ "reason": "later", "wake_at": (calm.now() + secs(s)).to_string() });
    answer(&calm, &lead, "recycle", &later(90 * 86_400));
    calm.advance(secs(60));
    calm.submitted("demo", &json!({ "email": "ada@firm.example", "wish": "demo now" }));
    calm.run_queues();
    let back = calm.lead(id(&lead));
    assert_eq!((&back["stage"], &back["cycle"]), (&json!("offered"), &json!(2)));
    answer(&calm, &back, "recycle", &later(600));
    calm.advance(secs(700));
    // It has come back once because they asked, and never on a date.
    let back = calm.lead(id(&lead));
    assert_eq!(back["parked"]["reason"], Value::Null, "{back:#}");
    assert_eq!(back["cycle"], 3);
}

#[test]
fn what_the_ladder_returned_is_not_counted_against_the_limit_of_cycles() {
    let rules = "{cool_down: PT1H, most_cycles: 2, strong_interest: {field: answers.wish, is: demo now}}";
    let calm = world(rules);
    let lead = offered(&calm, "ada@firm.example");
    calm.advance(secs(600));
    assert_eq!(calm.lead(id(&lead))["stage"], "nurturing");
    calm.submitted("demo", &json!({ "email": "ada@firm.example", "wish": "demo, please" }));
    calm.run_queues();
    let back = calm.lead(id(&lead));
    assert_eq!((&back["stage"], &back["cycle"]), (&json!("offered"), &json!(2)));
    answer(
        &calm,
        &back,
        "recycle",
        &json!({ "reason": "later", "wake_at": (calm.now() + secs(600)).to_string() }),
    );
    calm.advance(secs(700));
    let back = calm.lead(id(&lead));
    assert_eq!(back["parked"]["reason"], Value::Null, "sales gave it back once: {back:#}");
}
