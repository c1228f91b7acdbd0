//! Answers that have been kept for as long as the playbook has it.

use leadline_tests::calm::{Calm, PLAYBOOK};
use serde_json::{Value, json};

use super::scene::{accepted, answer, history, id, secs};

const DAY: i64 = 86_400;

fn with(retention: &str) -> String {
    format!("{PLAYBOOK}retention: {{{retention}}}\n")
}

fn answers() -> Value {
    json!({
        "email": "zqxada@firm.example", "wish": "demo", "message": "zqxmessage", "newsletter": "on",
        "utm_source": "autumn", "gclid": "zqxclick", "referrer": "https://www.google.com/?q=zqxquery",
    })
}

fn stored(calm: &Calm, token: &str) -> usize {
    let rows = calm.rows();
    rows.iter().filter(|row| super::person::all_of(row).to_lowercase().contains(token)).count()
}

#[test]
fn answers_go_on_their_day_from_open_and_closed_leads_and_the_rest_stays() {
    let calm = Calm::new(&with("submissions: P2D"));
    let open = calm.submitted("demo", &answers());
    let closed = accepted(&calm, "won@firm.example");
    answer(&calm, &closed, "disqualify", &json!({ "reason": "budget" }));
    let trapped = json!({ "email": "eve@firm.example", "fax": "1", "message": "zqxspam" });
    let quarantined = calm.lead_of(&calm.submitted("demo", &trapped));
    assert_eq!(quarantined["forget_at"], (calm.now() + secs(2 * DAY)).to_string());
    calm.advance(secs(DAY));
    let later = json!({ "email": "zqxada@firm.example", "message": "zqxlater" });
    let second = calm.submitted("demo", &later);
    calm.advance(secs(DAY - 3_600));
    for token in ["zqxmessage", "zqxclick", "zqxquery", "zqxspam", "zqxlater"] {
        assert!(stored(&calm, token) > 0, "{token}");
    }
    let before = calm.lead_of(&open);
    calm.advance(secs(3_600 + 120));
    for token in ["zqxmessage", "zqxclick", "zqxquery", "zqxspam"] {
        assert_eq!(stored(&calm, token), 0, "{token}");
    }
    assert!(stored(&calm, "zqxlater") > 0);

    let lead = calm.lead_of(&open);
    let touch = &lead["touches"][0];
    assert_eq!(touch["answers"], json!({}));
    for same in ["at", "form_id", "channel", "source", "submission_id", "verdict"] {
        assert_eq!(touch[same], before["touches"][0][same], "{same}");
    }
    assert_eq!((&touch["channel"], &touch["referrer"]), (&json!("paid"), &json!("https://www.google.com")));
    assert_eq!(lead["consents"], before["consents"]);
    assert_eq!(lead["contact"], before["contact"]);
    // The second one is next.
    assert_eq!(lead["forget_at"], (calm.now() + secs(DAY - 120)).to_string());
    let event = calm.timeline(id(&lead)).into_iter().find(|e| e["kind"] == "forgotten").unwrap();
    assert_eq!(event["details"], json!({ "submissions": [open] }));
    assert!(!event.to_string().contains("zqx"));
    for other in [&closed, &quarantined] {
        let kinds: Vec<String> = history(&calm, id(other)).into_iter().map(|(_, kind)| kind).collect();
        assert_eq!(kinds.iter().filter(|k| *k == "forgotten").count(), 1, "{kinds:?}");
        assert_eq!(calm.lead(id(other))["forget_at"], Value::Null);
    }
    calm.advance(secs(DAY));
    assert_eq!(stored(&calm, "zqxlater"), 0);
    let lead = calm.lead_of(&second);
    assert_eq!((&lead["forget_at"], lead["touches"].as_array().unwrap().len()), (&Value::Null, 2));
    assert_eq!(history(&calm, id(&lead)).iter().filter(|(_, kind)| kind == "forgotten").count(), 2);
}

#[test]
fn without_a_period_nothing_is_timed_and_nothing_goes() {
    let calm = Calm::default();
    let lead = calm.lead_of(&calm.submitted("demo", &answers()));
    assert_eq!(lead["forget_at"], Value::Null);
    calm.advance(secs(40 * DAY));
    assert!(stored(&calm, "zqxmessage") > 0);
}

#[test]
fn missed_ticks_put_it_off_and_a_kept_message_brings_nothing_back() {
    let calm = Calm::new(&with("submissions: P1D"));
    let submission = calm.submitted("demo", &answers());
    calm.run_queues();
    let all: Vec<_> = calm.record().wake_ups.into_iter().map(|(_, wake_up)| wake_up).collect();
    calm.stop_ticks(true);
    calm.lose_messages(true);
    calm.advance(secs(3 * DAY));
    assert!(stored(&calm, "zqxmessage") > 0);
    calm.stop_ticks(false);
    calm.lose_messages(false);
    calm.advance(secs(600));
    assert_eq!(stored(&calm, "zqxmessage"), 0);
    for wake_up in &all {
        calm.handle(wake_up);
    }
    calm.advance(secs(600));
    assert_eq!(stored(&calm, "zqxmessage"), 0);
    let kinds = history(&calm, id(&calm.lead_of(&submission)));
    assert_eq!(kinds.iter().filter(|(_, kind)| kind == "forgotten").count(), 1);
}

#[test]
fn the_playbook_in_force_says_how_long_when_the_day_comes() {
    // Longer by now.
    let calm = Calm::new(&with("submissions: P1D"));
    calm.submitted("demo", &answers());
    calm.publish(&with("submissions: P1M"));
    calm.advance(secs(2 * DAY));
    assert!(stored(&calm, "zqxmessage") > 0);
    calm.advance(secs(31 * DAY));
    assert_eq!(stored(&calm, "zqxmessage"), 0);
    // For good by now.
    let calm = Calm::new(&with("submissions: P1D"));
    let submission = calm.submitted("demo", &answers());
    calm.publish(PLAYBOOK);
    calm.advance(secs(2 * DAY));
    assert!(stored(&calm, "zqxmessage") > 0);
    assert_eq!(calm.lead_of(&submission)["forget_at"], Value::Null);
}

#[test]
fn a_crowd_of_submissions_goes_in_several_transactions() {
    let calm = Calm::new(&with("submissions: P1D"));
    for n in 0..40 {
        calm.submitted("demo", &json!({ "email": "ada@firm.example", "message": format!("zqx {n}") }));
    }
    calm.advance(secs(DAY + 120));
    assert_eq!(stored(&calm, "zqx"), 0);
    let lead = id(&calm.lead(calm.leads()[0].lead_id.as_str())).to_owned();
    let events = calm.timeline(&lead);
    let gone: Vec<usize> = events
        .iter()
        .filter(|e| e["kind"] == "forgotten")
        .map(|e| e["details"]["submissions"].as_array().unwrap().len())
        .collect();
    assert_eq!((gone.iter().sum::<usize>(), gone.len()), (40, 4));
}

#[test]
fn a_merged_submission_keeps_its_day_and_an_erased_lead_has_none() {
    let calm = Calm::new(&with("submissions: P1D"));
    let trapped = json!({ "email": "ada@firm.example", "fax": "1", "message": "zqxspam" });
    let quarantined = calm.lead_of(&calm.submitted("demo", &trapped));
    let day = quarantined["forget_at"].clone();
    calm.advance(secs(3_600));
    let holder = calm.lead_of(&calm.submitted("demo", &json!({ "email": "ada@firm.example" })));
    assert_ne!(holder["forget_at"], day);
    calm.ask("POST", &format!("/leads/{}/release", id(&quarantined)), &json!({}));
    assert_eq!(calm.lead(id(&holder))["forget_at"], day);
    assert_eq!(calm.lead(id(&quarantined))["forget_at"], Value::Null);
    calm.ask("POST", &format!("/leads/{}/erase", id(&holder)), &json!({}));
    assert_eq!(calm.lead(id(&holder))["forget_at"], Value::Null);
    calm.advance(secs(3 * DAY));
    assert_eq!(calm.record().dead_letters, Vec::new());
}
