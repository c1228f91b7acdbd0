use jiff::SignedDuration;
use leadline_tests::calm::Calm;
use serde_json::json;

#[test]
fn smoke() {
    let calm = Calm::default();
    let id = calm.submitted("demo", &json!({"email": "a@b.example", "wish": "demo"}));
    calm.run_queues();
    let lead = calm.lead_of(&id);
    println!("{lead:#}");
    calm.advance(SignedDuration::from_secs(300));
    for e in calm.timeline(lead["lead_id"].as_str().unwrap()) { println!("{e}"); }
    for m in calm.record().mails { println!("{m:?}"); }
}
