//! Reports that come late: what counts is when it happened.

use leadline_tests::calm::{Calm, PLAYBOOK};
use serde_json::{Value, json};

use super::scene::{accepted, answer, called, clock, id, offered, patch, secs};

#[test]
fn who_was_withdrawn_may_still_tell_of_a_call_before() {
    let calm = Calm::default();
    let lead = offered(&calm, "ada@firm.example");
    let ann = lead["owner"]["rep_id"].as_str().unwrap().to_owned();
    calm.advance(secs(5));
    let called_at = calm.now();
    calm.advance(secs(5));
    patch(&calm, &ann, &json!({ "away": true }));
    let moved = calm.lead(id(&lead));
    assert_ne!(moved["owner"]["rep_id"], json!(ann));
    calm.advance(secs(5));
    let mut report = called(called_at);
    report["rep_id"] = json!(ann);
    let (status, after) = calm.ask("POST", &format!("/leads/{}/contact", id(&lead)), &report);
    assert_eq!(status, 200, "{after}");
    assert_eq!(clock(&after, "first_touch")["status"], "met");
}

#[test]
fn a_late_report_of_a_call_before_the_pause_does_not_end_the_pause() {
    let calm = Calm::default();
    let lead = accepted(&calm, "ada@firm.example");
    calm.advance(secs(60));
    let called_at = calm.now();
    calm.advance(secs(60));
    let until = calm.now() + secs(86_400);
    let lead = answer(&calm, &lead, "pause", &json!({ "reason": "on-holiday", "until": until.to_string() }));
    assert!(lead["paused"].is_object(), "{lead:#}");
    calm.advance(secs(60));
    let lead = answer(&calm, &lead, "contact", &called(called_at));
    assert_eq!(clock(&lead, "first_touch")["status"], "met");
    assert!(lead["paused"].is_object(), "the call was before the pause: {lead:#}");
}

#[test]
fn a_call_in_a_pause_ends_it_when_it_was_made_however_late_it_is_told() {
    let touch = "    first_touch:\n";
    let more = format!("    qualified_by: {{within: PT100H, ladder: []}}\n{touch}");
    let calm = Calm::new(&PLAYBOOK.replace(touch, &more));
    let lead = accepted(&calm, "ada@firm.example");
    calm.advance(secs(60));
    let until = calm.now() + secs(86_400);
    let lead = answer(&calm, &lead, "pause", &json!({ "reason": "on-holiday", "until": until.to_string() }));
    calm.advance(secs(600));
    let called_at = calm.now();
    calm.advance(secs(3_000));
    let lead = answer(&calm, &lead, "contact", &called(called_at));
    assert_eq!(clock(&lead, "qualified_by")["paused_seconds"], 600, "{lead:#}");
}

#[test]
fn late_evidence_of_a_call_in_time_makes_a_late_acceptance_one_in_time() {
    let calm = Calm::new(&PLAYBOOK.replace("        - {at: due, do: reassign}\n", ""));
    let lead = offered(&calm, "ada@firm.example");
    calm.advance(secs(20));
    let called_at = calm.now();
    calm.advance(secs(50));
    let lead = answer(&calm, &lead, "accept", &json!({}));
    assert_eq!(clock(&lead, "accept")["status"], "met_late");
    let lead = answer(&calm, &lead, "contact", &called(called_at));
    assert_eq!(clock(&lead, "accept")["status"], "met", "whoever calls has taken it: {lead:#}");
}

#[test]
fn who_had_it_may_tell_of_a_call_while_nobody_has_it() {
    let calm = Calm::default();
    let lead = offered(&calm, "ada@firm.example");
    let had = lead["owner"]["rep_id"].as_str().unwrap();
    calm.advance(secs(5));
    let called_at = calm.now();
    calm.advance(secs(5));
    for rep in ["ann", "bob", "cat", "dot"] {
        patch(&calm, rep, &json!({ "away": true }));
    }
    assert_eq!(calm.lead(id(&lead))["stage"], "parked");
    let tell = |rep: &str| {
        let mut report = called(called_at);
        report["rep_id"] = json!(rep);
        calm.ask("POST", &format!("/leads/{}/contact", id(&lead)), &report)
    };
    assert_eq!(tell("eve").0, 409, "who never had it has nothing to tell");
    let (status, after) = tell(had);
    assert_eq!(status, 200, "{after}");
    assert_eq!((&after["stage"], &clock(&after, "first_touch")["status"]), (&json!("parked"), &json!("met")));
    assert_eq!(calm.ask("GET", "/audit", &Value::Null).1["violations"], 0);
}

#[test]
fn a_call_before_a_pause_was_put_off_leaves_it_alone() {
    let calm = Calm::default();
    let lead = accepted(&calm, "ada@firm.example");
    let aside =
        |seconds: i64| json!({ "reason": "later", "until": (calm.now() + secs(seconds)).to_string() });
    let lead = answer(&calm, &lead, "pause", &aside(86_400));
    calm.advance(secs(7_200));
    let called_at = calm.now();
    calm.advance(secs(300));
    let lead = answer(&calm, &lead, "pause", &aside(5 * 86_400));
    calm.advance(secs(3_600));
    let told = answer(&calm, &lead, "contact", &called(called_at));
    assert_eq!(
        told["paused"]["until"], lead["paused"]["until"],
        "what was agreed on the phone was said after it"
    );
    assert_eq!(told["paused"]["since"], json!(called_at.to_string()), "it goes on from the call");
    assert_eq!(clock(&told, "first_touch")["status"], "met", "nothing had counted until the call");
    // Five working days from the call, and what is left of the pause.
    let before = clock(&told, "stalled")["due_at"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert_eq!(before, called_at + secs(5 * 86_400));
    calm.advance(secs(86_400));
    let resumed = answer(&calm, &told, "resume", &json!({}));
    assert_eq!(clock(&resumed, "stalled")["paused_seconds"], 300 + 3_600 + 86_400);
    assert_eq!(calm.ask("GET", "/audit", &Value::Null).1["violations"], 0);
}

/// A lead that went to somebody else and came back, whose acceptance was missed.
fn offered_again(calm: &Calm) -> Value {
    let lead = offered(calm, "ada@firm.example");
    let had = lead["owner"]["rep_id"].as_str().unwrap();
    calm.advance(secs(10));
    let other = if had == "ann" { "bob" } else { "ann" };
    for to in [other, had] {
        calm.advance(secs(5));
        let body = json!({ "to": to, "reason": "territory" });
        let (status, after) = calm.ask("POST", &format!("/leads/{}/reassign", id(&lead)), &body);
        assert_eq!(status, 200, "{after}");
        calm.run_queues();
    }
    calm.lead(id(&lead))
}

/// A call of the first offer says nothing about how the second was accepted, whether that is said or not.
#[test]
fn a_call_before_an_offer_makes_its_late_acceptance_no_earlier() {
    for (says, sweeps) in [(true, true), (false, true), (false, false)] {
        let calm = Calm::new(&PLAYBOOK.replace("        - {at: due, do: reassign}\n", ""));
        let called_at = calm.now() + secs(10);
        let mut lead = offered_again(&calm);
        if sweeps {
            calm.advance(secs(65));
        } else {
            calm.purge();
            calm.wait(secs(65));
        }
        if says {
            lead = answer(&calm, &lead, "accept", &json!({}));
        }
        let told = answer(&calm, &lead, "contact", &called(called_at));
        assert_eq!(clock(&told, "accept")["status"], "met_late");
        assert_eq!(clock(&told, "first_touch")["status"], "met");
    }
}

/// Somebody who is given an opportunity has not accepted it for whoever did so too late.
#[test]
fn a_call_before_an_opportunity_was_handed_over_makes_its_late_acceptance_no_earlier() {
    let calm = Calm::new(&PLAYBOOK.replace("        - {at: due, do: reassign}\n", ""));
    let lead = offered(&calm, "ada@firm.example");
    calm.advance(secs(10));
    let called_at = calm.now();
    calm.advance(secs(60));
    let lead = answer(&calm, &lead, "accept", &json!({}));
    let lead = answer(&calm, &lead, "qualify", &json!({}));
    let to = if lead["owner"]["rep_id"] == "ann" { "bob" } else { "ann" };
    let body = json!({ "to": to, "reason": "territory" });
    let (status, after) = calm.ask("POST", &format!("/leads/{}/reassign", id(&lead)), &body);
    assert_eq!(status, 200, "{after}");
    let lead = calm.lead(id(&lead));
    assert_eq!((&lead["owner"]["rep_id"], &lead["stage"]), (&json!(to), &json!("qualified")));
    let told = answer(&calm, &lead, "contact", &called(called_at));
    assert_eq!(clock(&told, "accept"), clock(&lead, "accept"), "it was accepted too late");
    assert_eq!(clock(&told, "accept")["status"], "met_late");
}
