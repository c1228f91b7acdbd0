//! What sales says through the API, and what becomes of the lead.

use std::time::Duration;

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use super::call::send;
use super::deployment::{Deployment, now, token, until};
use super::lead::{SOON, kind, of_kind, strong};

fn id(lead: &Value) -> &str {
    lead["lead_id"].as_str().unwrap()
}

fn rep(lead: &Value) -> &str {
    lead["owner"]["rep_id"].as_str().unwrap()
}

fn clock<'l>(lead: &'l Value, name: &str) -> &'l Value {
    lead["clocks"].as_array().unwrap().iter().find(|c| c["clock"] == name).unwrap()
}

#[tokio::test]
async fn a_rep_accepts_calls_and_wins() {
    let deployment = Deployment::together().await;
    let offered = deployment.offered("demo-request", &token()).await;
    let (lead_id, rep) = (id(&offered), rep(&offered));

    let stranger = if rep == "desk-1" { "desk-2" } else { "desk-1" };
    let refused = deployment.answer(lead_id, "accept", &json!({"rep_id": stranger})).await;
    assert_eq!(refused.problem(409, "not-yours")["owner"], rep);
    let early = deployment.answer(lead_id, "win", &json!({"rep_id": rep})).await.problem(409, "illegal-move");
    let mut allowed: Vec<&str> =
        early["allowed"].as_array().unwrap().iter().map(|m| m.as_str().unwrap()).collect();
    allowed.sort_unstable();
    assert_eq!(early["stage"], "offered");
    assert_eq!(allowed, ["accept", "contact", "disqualify", "erase", "reassign", "recycle", "reject"]);
    assert_eq!(deployment.lead(lead_id).await, offered, "a refused answer changes nothing");

    let accepted = deployment.answer(lead_id, "accept", &json!({"rep_id": rep})).await.ok();
    assert_eq!(
        (&accepted["stage"], &clock(&accepted, "accept")["status"]),
        (&json!("accepted"), &json!("met"))
    );
    assert_eq!(clock(&accepted, "first_touch")["status"], "running");
    assert!(accepted["owner"]["accepted_at"].is_string());

    let call = |outcome: &str, at: &Value| json!({"rep_id": rep, "channel": "phone", "direction": "outbound", "outcome": outcome, "occurred_at": at});
    let tomorrow = json!(now() + SignedDuration::from_hours(24));
    deployment
        .answer(lead_id, "contact", &call("connected", &tomorrow))
        .await
        .problem(422, "implausible-instant");
    // What a machine sends is no contact.
    let robot = deployment.answer(lead_id, "contact", &call("automated", &accepted["updated_at"])).await.ok();
    assert_eq!(
        (&robot["stage"], &clock(&robot, "first_touch")["status"]),
        (&json!("accepted"), &json!("running"))
    );
    let working =
        deployment.answer(lead_id, "contact", &call("connected", &accepted["updated_at"])).await.ok();
    assert_eq!(
        (&working["stage"], &clock(&working, "first_touch")["status"]),
        (&json!("working"), &json!("met"))
    );

    let held = deployment.open(rep).await;
    let some = json!({"rep_id": rep, "checklist": {"need": true, "budget": false}});
    let gaps = deployment.answer(lead_id, "qualify", &some).await.problem(422, "checklist");
    let items: Vec<&Value> = gaps["errors"].as_array().unwrap().iter().map(|e| &e["field"]).collect();
    assert_eq!(items, ["checklist.authority", "checklist.timing"]);
    let all = json!({"need": true, "authority": true, "timing": true, "budget": false});
    deployment.answer(lead_id, "qualify", &json!({"rep_id": rep, "checklist": all})).await.ok();
    let won = deployment.answer(lead_id, "win", &json!({"rep_id": rep})).await.ok();
    assert_eq!(won["stage"], "won");
    // Others share the desk, so its load is compared by the timeline and not by the number alone.
    assert!(held >= 1);
    let events = deployment.timeline(lead_id).await;
    let by_rep: Vec<&str> =
        events.iter().filter(|e| e["actor"] == json!({"who": "rep", "rep_id": rep})).map(kind).collect();
    assert_eq!(by_rep, ["accepted", "contacted", "contacted", "qualified", "won"]);
}

#[tokio::test]
async fn a_rejected_lead_goes_to_somebody_else() {
    let deployment = Deployment::together().await;
    let offered = deployment.offered("demo-request", &token()).await;
    let (lead_id, first) = (id(&offered), rep(&offered));
    let unknown = deployment.answer(lead_id, "reject", &json!({"rep_id": first, "reason": "bored"})).await;
    assert!(
        unknown.problem(422, "unknown-reason")["reasons"].as_array().unwrap().contains(&json!("not-mine"))
    );
    let wrong = deployment.answer(lead_id, "reject", &json!({"rep_id": first, "why": "x"})).await;
    wrong.problem(422, "invalid-body");

    deployment.answer(lead_id, "reject", &json!({"rep_id": first, "reason": "not-mine"})).await.ok();
    deployment.told(lead_id, "offer.2").await;
    let again = deployment.lead(lead_id).await;
    assert_eq!(
        (&again["stage"], &again["owner"]["offer"], &again["cycle"]),
        (&json!("offered"), &json!(2), &json!(1))
    );
    assert_ne!(rep(&again), first);
    // The buyer has been waiting since receipt, whoever has the lead.
    assert_eq!(clock(&again, "first_touch")["due_at"], clock(&offered, "first_touch")["due_at"]);
    let stale = deployment.answer(lead_id, "accept", &json!({"rep_id": first})).await;
    stale.problem(409, "not-yours");

    // The other reasons end elsewhere.
    let gone = deployment
        .answer(lead_id, "reject", &json!({"rep_id": rep(&again), "reason": "wrong-fit"}))
        .await
        .ok();
    assert_eq!((&gone["stage"], &gone["reason"]), (&json!("disqualified"), &json!("wrong-fit")));
}

#[tokio::test]
async fn a_recycled_lead_wakes_up_for_another_cycle() {
    let deployment = Deployment::together().await;
    let offered = deployment.offered("demo-request", &token()).await;
    let (lead_id, rep) = (id(&offered), rep(&offered));
    let past = json!({"reason": "later", "wake_at": "2020-01-01T00:00:00Z", "rep_id": rep});
    deployment.answer(lead_id, "recycle", &past).await.problem(422, "implausible-instant");

    let wake_at = now() + SignedDuration::from_secs(3);
    let body = json!({"reason": "No budget", "wake_at": wake_at, "rep_id": rep});
    let asleep = deployment.answer(lead_id, "recycle", &body).await.ok();
    assert_eq!((&asleep["stage"], &asleep["reason"]), (&json!("recycled"), &json!("no-budget")));
    assert_eq!(asleep["owner"], Value::Null);
    let awake = until("the second cycle", SOON, async || {
        let lead = deployment.lead(lead_id).await;
        (lead["cycle"] == 2 && lead["stage"] == "offered").then_some(lead)
    })
    .await;
    assert_eq!(awake["owner"]["offer"], 1);
    assert_eq!(clock(&awake, "first_touch")["status"], "running");
    let events = deployment.timeline(lead_id).await;
    let woken = of_kind(&events, "woken")[0];
    assert_eq!(woken["details"]["cycle"], 2);
    let late = super::lead::instant(&woken["at"]).duration_since(wake_at);
    assert!(!late.is_negative() && late < SignedDuration::from_secs(20), "{late}");
}

#[tokio::test]
async fn answers_can_be_made_safe_to_repeat_and_safe_from_the_past() {
    let deployment = Deployment::together().await;
    let token = token();
    let offered = deployment.offered("demo-request", &token).await;
    let (lead_id, rep) = (id(&offered), rep(&offered));
    let accept = |tag: &str, key: &str| {
        let request = deployment.with_key(Method::POST, &format!("/leads/{lead_id}/accept"));
        let request = request.header("if-match", tag.to_owned()).header("idempotency-key", key.to_owned());
        send(request.body(json!({"rep_id": rep}).to_string()))
    };
    let version = offered["version"].as_u64().unwrap();
    let stale = accept(&format!("\"{}\"", version - 1), "a").await;
    assert_eq!(stale.problem(412, "version-mismatch")["version"], version);
    accept("yesterday", "a").await.problem(400, "malformed-if-match");

    let tag = format!("\"{version}\"");
    let first = accept(&tag, "a").await;
    assert_eq!(first.ok()["version"], version + 1);
    assert_eq!(first.header("etag"), format!("\"{}\"", version + 1));
    let mut more = strong(&token);
    more["message"] = json!("One more thing.");
    deployment.taken("demo-request", &more).await;
    until("the lead to go on", Duration::from_secs(20), async || {
        (deployment.lead(lead_id).await["version"].as_u64()? > version + 1).then_some(())
    })
    .await;
    // The same key is the same answer, though the lead has gone on since and the tag is old.
    let again = accept(&tag, "a").await.ok();
    assert_eq!(again["stage"], "accepted");
    assert_eq!(of_kind(&deployment.timeline(lead_id).await, "accepted").len(), 1);
    // Another key is another answer, and this one comes too late.
    accept("*", "b").await.problem(409, "illegal-move");
}
