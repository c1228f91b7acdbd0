//! An erasure whose worker dies: whatever the write after which that happens, the sweep brings it to its end.

use leadline_tests::calm::Calm;
use serde_json::{Value, json};

use super::person::{EMAIL, assert_no_trace, life, world};
use super::scene::secs;

/// Erases in a world whose table stops to answer after so many writes; the status, and whether it had to stop.
fn struck(calm: &Calm, path: &str, body: &Value, writes: u32) -> (u16, bool) {
    calm.stop_after_writes(writes);
    let (status, _) = calm.ask("POST", path, body);
    (status, calm.heal())
}

fn receipts(calm: &Calm) -> Vec<Value> {
    let rows = calm.twin().snapshot().into_iter().filter(|item| item.contains_key("erasure_id"));
    rows.map(|item| {
        let id = leadline_tests::calm::text(&item, "erasure_id").to_owned();
        calm.ask("GET", &format!("/erasures/{id}"), &Value::Null).1
    })
    .collect()
}

/// What was touched, as far as the ladder of the lead that is still with a rep does not change it meanwhile.
fn counts(receipt: &Value) -> Vec<&Value> {
    let steady = [
        "leads",
        "timelines",
        "submissions",
        "facts",
        "receipts",
        "repeats",
        "claims",
        "mail_counters",
        "loads",
    ];
    let all = receipt["stores"].as_array().unwrap().iter();
    all.filter(|entry| steady.iter().any(|name| entry["store"] == *name)).collect()
}

#[test]
fn an_erasure_by_address_ends_wherever_it_was_interrupted() {
    let body = json!({ "email": EMAIL });
    let whole = world();
    life(&whole);
    let expected = whole.ask("POST", "/erasures", &body).1;
    let mut interrupted = 0;
    for writes in 0..200 {
        let calm = world();
        let leads = life(&calm);
        let (status, stopped) = struck(&calm, "/erasures", &body, writes);
        if !stopped {
            assert_eq!(status, 200);
            break;
        }
        interrupted += 1;
        let begun = receipts(&calm);
        if begun.is_empty() {
            // Nothing happened, and the caller knows.
            assert_eq!((status, writes), (503, 0), "after {writes} writes");
            assert_eq!(calm.lead(&leads[0])["stage"], "lost");
            continue;
        }
        // A submission that comes now is another beginning.
        calm.wait(secs(1));
        let fresh = calm.submitted("demo", &json!({ "email": EMAIL, "wish": "later on" }));
        calm.advance(secs(180));
        let fresh = calm.lead_of(&fresh);
        assert!(!leads.contains(&fresh["lead_id"].as_str().unwrap().to_owned()), "after {writes} writes");
        assert_ne!(fresh["stage"], "erased");
        let receipt = &receipts(&calm)[0];
        assert!(receipt["finished_at"].is_string(), "after {writes} writes: {receipt:#}");
        assert_eq!(receipt["leads"].as_array().unwrap().len(), 4);
        assert_eq!(counts(receipt), counts(&expected), "after {writes} writes the receipt tells it all");
        let again = calm.ask("POST", "/erasures", &json!({ "email": EMAIL })).1;
        assert_eq!(again["leads"], json!([fresh["lead_id"]]));
        assert_no_trace(&calm);
    }
    assert!(interrupted > 60, "only {interrupted} writes");
}

#[test]
fn an_erasure_of_a_lead_ends_wherever_it_was_interrupted() {
    let mut interrupted = 0;
    for writes in 0..200 {
        let calm = world();
        let leads = life(&calm);
        let path = format!("/leads/{}/erase", leads[0]);
        let (status, stopped) = struck(&calm, &path, &json!({}), writes);
        if !stopped {
            assert_eq!(status, 200);
            break;
        }
        interrupted += 1;
        if calm.lead(&leads[0])["stage"] != "erased" {
            // The event that the row held may be kept by then; nothing else.
            assert!(status == 503 && writes < 2, "after {writes} writes");
            continue;
        }
        // What the caller would do, before the sweep comes, or else the sweep.
        if writes % 2 == 0 {
            assert_eq!(calm.ask("POST", &path, &json!({})).0, 200, "after {writes} writes");
        } else {
            calm.advance(secs(180));
        }
        let receipt = &receipts(&calm)[0];
        assert!(receipt["finished_at"].is_string(), "after {writes} writes: {receipt:#}");
        for other in &leads[1..] {
            assert_eq!(calm.ask("POST", &format!("/leads/{other}/erase"), &json!({})).0, 200);
        }
        assert_no_trace(&calm);
    }
    assert!(interrupted > 30, "only {interrupted} writes");
}
