//! A rep goes in the middle of an offer: it moves on at once. Nobody is left: leads wait, and whoever comes back gets them
//! one by one, the oldest first.

use serde_json::{Value, json};

use super::call::send;
use super::deployment::{Deployment, token, until};
use super::lead::{SOON, kind, of_kind, strong};
use super::playbook::ABSENT;

#[tokio::test]
async fn an_offer_of_somebody_who_goes_moves_on_and_whoever_is_back_gets_what_waits() {
    let deployment = Deployment::together().await;
    let first = deployment.offered(ABSENT, &token()).await;
    let lead_id = first["lead_id"].as_str().unwrap();
    let gone = first["owner"]["rep_id"].as_str().unwrap();
    let other = if gone.ends_with('1') { format!("{ABSENT}-2") } else { format!("{ABSENT}-1") };

    change(&deployment, gone, &json!({ "away": true })).await;
    owned_by(&deployment, lead_id, &other).await;
    assert_eq!((deployment.open(gone).await, deployment.open(&other).await), (0, 1));
    let events = deployment.timeline(lead_id).await;
    assert!(of_kind(&events, "breached").is_empty(), "long before any deadline");

    change(&deployment, &other, &json!({ "away": true })).await;
    deployment.at_stage(lead_id, "parked", SOON).await;
    let second = deployment.lead_of(&deployment.taken(ABSENT, &strong(&token())).await).await;
    deployment.at_stage(&second, "parked", SOON).await;

    change(&deployment, gone, &json!({ "away": false, "caps": { "open": 1 } })).await;
    // What was taken back was never had: it may come again to the same rep.
    owned_by(&deployment, lead_id, gone).await;
    assert_eq!(deployment.lead(&second).await["stage"], "parked", "there is room for one");
    deployment.answer(lead_id, "accept", &json!({ "rep_id": gone })).await.ok();
    deployment.answer(lead_id, "lose", &json!({ "rep_id": gone, "reason": "no-budget" })).await.ok();
    owned_by(&deployment, &second, gone).await;
    assert_eq!(deployment.open(gone).await, 1);
    let offers = deployment.timeline(&second).await.iter().filter(|e| kind(e) == "offered").count();
    assert_eq!(offers, 1);
}

async fn change(deployment: &Deployment, rep: &str, body: &Value) {
    let request = deployment.with_key(reqwest::Method::PATCH, &format!("/reps/{rep}"));
    send(request.body(body.to_string())).await.ok();
}

async fn owned_by(deployment: &Deployment, lead_id: &str, rep: &str) {
    until(&format!("{lead_id} to be offered to {rep}"), SOON, async || {
        let lead = deployment.lead(lead_id).await;
        (lead["stage"] == "offered" && lead["owner"]["rep_id"] == rep).then_some(())
    })
    .await;
}
