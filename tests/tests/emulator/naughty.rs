//! Fifty naughty strings on their way through a whole deployment, from the public door to an owner.

use futures_util::future::join_all;
use leadline_core::contact::has_link;
use naughty_strings::BLNS;
use serde_json::json;

use super::deployment::{Deployment, token};
use super::lead::strong;

/// Where the strings go: five to a lead.
const INPUTS: [&str; 5] = ["first_name", "last_name", "message", "unasked", "utm_campaign"];

#[tokio::test]
async fn fifty_strings_reach_an_owner_to_the_byte() {
    let deployment = Deployment::together().await;
    // Every sixth, so that each kind is there; what is too long or looks like spam has tests of its own.
    let fits = |s: &&&str| !s.trim().is_empty() && s.chars().count() <= 100 && !has_link(s);
    let chosen: Vec<&str> = BLNS.iter().filter(fits).copied().step_by(6).take(50).collect();
    assert_eq!(chosen.len(), 50);
    join_all(chosen.chunks(INPUTS.len()).map(|strings| arrive(&deployment, strings))).await;
}

async fn arrive(deployment: &Deployment, strings: &[&str]) {
    let mut answers = strong(&token());
    for (input, string) in INPUTS.iter().zip(strings) {
        answers[input] = json!(string);
    }
    let submission = deployment.taken("demo-request", &answers).await;
    let lead_id = deployment.lead_of(&submission).await;
    deployment.told(&lead_id, "offer.1").await;
    let lead = deployment.lead(&lead_id).await;
    assert!(lead["owner"]["rep_id"].is_string(), "{lead}");
    let touch = &lead["touches"][0];
    for (input, string) in INPUTS.iter().zip(strings) {
        let kept = if *input == "utm_campaign" { &touch["tracking"] } else { &touch["answers"] };
        assert_eq!(kept[input], *string, "{input}");
    }
    for (input, string) in INPUTS[..2].iter().zip(strings) {
        assert_eq!(lead["contact"][input], string.trim(), "{input}");
    }
}
