//! Giving a lead to somebody by name.

use leadline_tests::calm::{Calm, PLAYBOOK};
use serde_json::json;

use super::scene::{accepted, answer, clock, id, patch, secs};

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

/// It was overdue when it changed hands, and whoever has it now has not stalled yet.
#[test]
fn an_opportunity_is_watched_anew_for_whoever_is_given_it() {
    let touch = "    first_touch:\n";
    let more = "    stalled: {within: PT1H, ladder: [{at: due, do: return_to_marketing}]}\n";
    let calm = Calm::new(&PLAYBOOK.replace(touch, &format!("{more}{touch}")));
    let lead = accepted(&calm, "ada@firm.example");
    let lead = answer(&calm, &lead, "qualify", &json!({}));
    calm.stop_ticks(true);
    calm.lose_messages(true);
    calm.wait(secs(2 * 3_600));
    let to = if lead["owner"]["rep_id"] == "ann" { "bob" } else { "ann" };
    let body = json!({ "to": to, "reason": "territory" });
    assert_eq!(calm.ask("POST", &format!("/leads/{}/reassign", id(&lead)), &body).0, 200);
    calm.lose_messages(false);
    calm.sweep();
    calm.run_queues();
    let given = calm.lead(id(&lead));
    assert_eq!((&given["stage"], &given["owner"]["rep_id"]), (&json!("qualified"), &json!(to)));
    let due = (calm.now() + secs(3_600)).to_string();
    assert_eq!(clock(&given, "stalled")["due_at"], json!(due));
    calm.wait(secs(3_600));
    calm.sweep();
    assert_eq!(calm.lead(id(&lead))["stage"], "nurturing");
}
