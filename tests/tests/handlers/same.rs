//! The same inputs make the same rows.

use leadline_tests::calm::Calm;
use serde_json::json;

use super::scene::{answer, offered, secs, wants_demo};

fn story() -> Calm {
    let calm = Calm::default();
    let lead = offered(&calm, "ada@firm.example");
    calm.advance(secs(45));
    answer(&calm, &lead, "accept", &json!({}));
    for n in 0..6 {
        calm.submitted("demo", &wants_demo(&format!("p{n}@firm.example")));
        calm.advance(secs(7));
    }
    let mut trapped = wants_demo("ada@firm.example");
    trapped["fax"] = json!("1");
    calm.submitted("demo", &trapped);
    calm.advance(secs(600));
    calm
}

#[test]
fn a_story_told_twice_leaves_the_same_table_and_the_same_messages() {
    let (one, two) = (story(), story());
    assert!(one.twin().len() > 100);
    assert_eq!(one.twin().snapshot(), two.twin().snapshot());
    let (one, two) = (one.record(), two.record());
    assert_eq!((one.wake_ups, one.mails, one.events), (two.wake_ups, two.mails, two.events));
}
