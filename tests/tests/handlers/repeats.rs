//! The same submission twice is one submission.

use leadline_tests::calm::{Calm, json, submission};
use serde_json::{Value, json};

use super::scene::{problem, secs, wants_demo, with};

fn keyed(calm: &Calm, key: &str, answers: &Value) -> String {
    let response = calm.send(with(submission("demo", answers), "idempotency-key", key));
    assert_eq!(response.status, 202, "{}", response.body);
    json(&response)["submission_id"].as_str().unwrap().to_owned()
}

fn repeats(calm: &Calm, submission_id: &str) -> Value {
    calm.ask("GET", &format!("/submissions/{submission_id}"), &Value::Null).1["repeats"].clone()
}

#[test]
fn the_same_key_is_the_same_submission_however_late() {
    let calm = Calm::default();
    let answers = wants_demo("ada@firm.example");
    let first = keyed(&calm, "key-1", &answers);
    for wait in [0, 1, 3_600, 86_400 * 30] {
        calm.advance(secs(wait));
        assert_eq!(keyed(&calm, "key-1", &answers), first, "after {wait} s more");
    }
    assert_eq!(calm.lead_of(&first)["touches"].as_array().unwrap().len(), 1);
    let other = with(submission("demo", &wants_demo("eve@firm.example")), "idempotency-key", "key-1");
    problem(&calm.send(other), 422, "idempotency-key-reused");
    // Another form's key is another key.
    let elsewhere = with(submission("flood", &answers), "idempotency-key", "key-1");
    assert_ne!(json(&calm.send(elsewhere))["submission_id"], first.as_str());
}

#[test]
fn another_key_for_the_same_answers_means_the_first_submission_for_good() {
    let calm = Calm::default();
    let answers = wants_demo("ada@firm.example");
    let first = keyed(&calm, "key-1", &answers);
    calm.advance(secs(300));
    assert_eq!(keyed(&calm, "key-2", &answers), first);
    calm.advance(secs(1_200));
    assert_eq!(keyed(&calm, "key-2", &answers), first);
    // Without a key the window has closed long ago.
    assert_ne!(calm.submitted("demo", &answers), first);
}

#[test]
fn token_honeypot_and_tracking_are_no_part_of_the_answers() {
    let calm = Calm::default();
    let mut answers = wants_demo("ada@firm.example");
    let first = calm.submitted("demo", &answers);
    answers["_token"] = json!("x");
    answers["utm_source"] = json!("letter");
    answers["fax"] = json!("");
    assert_eq!(calm.submitted("demo", &answers), first);
    answers["wish"] = json!("demo please");
    assert_ne!(calm.submitted("demo", &answers), first);
}

#[test]
fn the_window_slides_with_every_repetition_and_closes_after_ten_minutes_of_silence() {
    let calm = Calm::default();
    let answers = wants_demo("ada@firm.example");
    let first = calm.submitted("demo", &answers);
    for n in 1..=6 {
        calm.advance(secs(540));
        assert_eq!(calm.submitted("demo", &answers), first, "repetition {n}");
    }
    assert_eq!(repeats(&calm, &first), 6);
    calm.advance(secs(599));
    assert_eq!(calm.submitted("demo", &answers), first);
    calm.advance(secs(600));
    let second = calm.submitted("demo", &answers);
    assert_ne!(second, first);
    let lead = calm.lead_of(&first);
    assert_eq!(lead["touches"].as_array().unwrap().len(), 2);
    assert_eq!(calm.lead_of(&second)["lead_id"], lead["lead_id"]);
    assert_eq!(repeats(&calm, &second), 0);
}

#[test]
fn twenty_at_once_are_one_submission_one_lead_and_one_offer() {
    let calm = Calm::default();
    let answers = wants_demo("ada@firm.example");
    let ids: Vec<String> = (0..20).map(|_| calm.submitted("demo", &answers)).collect();
    assert!(ids.iter().all(|id| *id == ids[0]));
    calm.run_queues();
    assert_eq!(calm.leads().len(), 1);
    let offers = calm.record().mails.iter().filter(|(_, m)| m.subject.starts_with("New lead")).count();
    assert_eq!(offers, 1);
}
