//! What strangers can do to a lead that a rep works on: nothing that the rep relies on.

use reqwest::Method;
use serde_json::{Value, json};

use super::call::send;
use super::deployment::{Deployment, token, until};
use super::lead::{SOON, email, kind, of_kind, strong};
use super::playbook::mail_of;

const PHONE: &str = "+49 30 5550142";
const OTHER_PHONE: &str = "+49 30 5550199";

/// What a rep relies on. The score may rise: more interest is news for a rep, too. A consent that a stranger gave is
/// listed, but must have no effect.
fn relied_on(lead: &Value) -> Vec<Value> {
    let parts = ["stage", "owner", "contact", "company", "clocks", "due_at"].map(|part| lead[part].clone());
    let consents = lead["consents"].as_array().unwrap().iter().filter(|c| c["effective"] == true).cloned();
    parts.into_iter().chain(consents).collect()
}

#[tokio::test]
async fn a_stranger_changes_nothing_and_quarantine_gives_back_what_it_took() {
    let deployment = Deployment::together().await;
    let token = token();
    let mut own = strong(&token);
    own["phone"] = json!(PHONE);
    let submission = deployment.taken("demo-request", &own).await;
    let lead_id = deployment.lead_of(&submission).await;
    deployment.told(&lead_id, "offer.1").await;
    let before = deployment.lead(&lead_id).await;

    // A filled honeypot, with the address, another phone and a consent: taken like any other, seen by nobody.
    let mut machine = strong(&token);
    machine["phone"] = json!(OTHER_PHONE);
    machine["newsletter"] = json!("on");
    machine["message"] = json!("buy now");
    machine["fax_number"] = json!("1");
    let spam = deployment.taken("demo-request", &machine).await;
    let said = deployment.submission(&spam).await;
    assert_eq!(said["verdict"], "spam");
    assert!(said["reasons"].as_array().unwrap().contains(&json!("honeypot")), "{said}");
    let quarantined = said["lead_id"].as_str().unwrap();
    assert_ne!(quarantined, lead_id);
    let stray = deployment.lead(quarantined).await;
    assert_eq!((&stray["stage"], &stray["owner"]), (&json!("quarantined"), &Value::Null));
    assert_eq!(deployment.lead(&lead_id).await, before, "the lead is as it was, to the version");

    // Another phone on a submission that looks honest: a touch, and an alternative beside the phone that is known.
    let mut other = strong(&token);
    other["phone"] = json!(OTHER_PHONE);
    let second = deployment.taken("demo-request", &other).await;
    deployment.told(&lead_id, &format!("touch.{second}")).await;
    let after = deployment.at_rest(&lead_id).await;
    assert_eq!(relied_on(&after), relied_on(&before));
    assert_eq!(after["contact"]["phone"], "+49305550142");
    assert_eq!(
        after["alternatives"],
        json!([{"field": "phone", "value": "+49305550199", "submission_id": second}])
    );
    let news = deployment
        .timeline(&lead_id)
        .await
        .split_off(before["version"].as_u64().unwrap().try_into().unwrap());
    assert_eq!((of_kind(&news, "touched").len(), of_kind(&news, "rescored").len()), (1, 1), "{news:?}");
    assert!(news.iter().all(|e| ["touched", "rescored", "notified"].contains(&kind(e))), "{news:?}");
    let rep = mail_of(&after["owner"]["rep_id"]);
    let again = deployment.mails_about(&lead_id).await;
    assert_eq!(again.iter().filter(|m| m.to == rep && m.subject.contains("again")).count(), 1, "{again:?}");

    // A person releases it: it joins the lead with the time it really came in.
    let released = deployment.answer(quarantined, "release", &json!({})).await.ok();
    assert_eq!((&released["stage"], &released["merged_into"]), (&json!("merged"), &json!(lead_id)));
    let joined = deployment.at_rest(&lead_id).await;
    assert_eq!(relied_on(&joined), relied_on(&before));
    let touch = joined["touches"].as_array().unwrap().iter().find(|t| t["submission_id"] == spam).unwrap();
    assert_eq!((&touch["at"], &touch["answers"]["message"]), (&said["received_at"], &json!("buy now")));
    let now_said = deployment.submission(&spam).await;
    assert_eq!((&now_said["lead_id"], &now_said["received_at"]), (&json!(lead_id), &said["received_at"]));
    // Nothing leads out of "merged".
    let twice = deployment.answer(quarantined, "release", &json!({})).await;
    assert_eq!(twice.problem(409, "illegal-move")["allowed"], json!(["erase"]));
}

#[tokio::test]
async fn a_quarantined_stranger_is_released_onto_the_way_of_everybody_else() {
    let deployment = Deployment::together().await;
    let token = token();
    let mut typed = strong(&token);
    typed["fax_number"] = json!("555");
    let submission = deployment.taken("demo-request", &typed).await;
    let lead_id = deployment.lead_of(&submission).await;
    let stray = deployment.lead(&lead_id).await;
    assert_eq!(stray["stage"], "quarantined");
    // It is found by its address, and takes no claim on it: its person's own submission makes another lead.
    let found = deployment.by_email(&email(&token)).await;
    assert_eq!((found.len(), &found[0]["lead_id"]), (1, &json!(lead_id)));

    let released = deployment.answer(&lead_id, "release", &json!({})).await.ok();
    assert_eq!(released["stage"], "received");
    deployment.told(&lead_id, "offer.1").await;
    let lead = deployment.lead(&lead_id).await;
    assert_eq!(lead["received_at"], stray["received_at"]);
    assert_eq!(deployment.by_email(&email(&token)).await[0]["lead_id"], lead_id);
}

#[tokio::test]
async fn only_the_signed_token_of_the_first_visit_corrects_a_lead() {
    let deployment = Deployment::together().await;
    let page = send(deployment.request(Method::GET, "/forms/demo-request")).await;
    assert_eq!(page.status, 200);
    let (_, rest) = page.text.split_once("name=\"_token\" value=\"").unwrap();
    let form_token = rest.split('"').next().unwrap();
    // A person needs two seconds to type.
    until("a person to type", SOON, {
        let start = std::time::Instant::now();
        async move || (start.elapsed() > std::time::Duration::from_millis(3_100)).then_some(())
    })
    .await;
    let token = token();
    let mut typed = strong(&token);
    typed["phone"] = json!(PHONE);
    typed["_token"] = json!(form_token);
    let first = deployment.taken("demo-request", &typed).await;
    assert_eq!(deployment.submission(&first).await["reasons"], json!(["no_origin"]));
    let lead_id = deployment.lead_of(&first).await;
    deployment.told(&lead_id, "offer.1").await;
    typed["phone"] = json!(OTHER_PHONE);
    let second = deployment.taken("demo-request", &typed).await;
    deployment.told(&lead_id, &format!("touch.{second}")).await;
    let lead = deployment.lead(&lead_id).await;
    assert_eq!(lead["contact"]["phone"], "+49305550199");
}
