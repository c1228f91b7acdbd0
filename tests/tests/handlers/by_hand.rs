//! Giving a lead to somebody by name.

use leadline_tests::calm::{Calm, PLAYBOOK};
use serde_json::json;

use super::scene::{accepted, answer, id, patch};

#[test]
fn an_opportunity_can_be_handed_to_somebody_with_unanswered_offers() {
    let calm = Calm::default();
    let lead = accepted(&calm, "ada@firm.example");
    let lead = answer(&calm, &lead, "qualify", &json!({}));
    let to = if lead["owner"]["rep_id"] == "ann" { "bob" } else { "ann" };
    patch(&calm, to, &json!({ "caps": { "unaccepted": 0 } }));
    let body = json!({ "to": to, "reason": "territory" });
    let (status, after) = calm.ask("POST", &format!("/leads/{}/reassign", id(&lead)), &body);
    assert_eq!(status, 200, "nobody has to accept an opportunity: {after}");
}

#[test]
fn the_fallback_can_be_named_by_hand() {
    let playbook = PLAYBOOK
        .replace("pools:\n", "  fay: {name: Fay, email: fay@calm.example, calendar: always}\npools:\n")
        .replace("routing: {routes: []", "routing: {fallback: {rep: fay}, routes: []");
    let calm = Calm::new(&playbook);
    let lead = accepted(&calm, "ada@firm.example");
    let (status, body) =
        calm.ask("POST", &format!("/leads/{}/reassign", id(&lead)), &json!({ "to": "fay", "reason": "vip" }));
    assert_eq!(status, 200, "{body}");
}
