//! Nobody has room: the lead is parked, an operator hears of it, and it moves on as soon as there is room.

use serde_json::{Value, json};

use super::deployment::{Deployment, token, until};
use super::lead::{SOON, of_kind, strong};
use super::playbook::PARKING;

#[tokio::test]
async fn a_lead_waits_with_an_alert_until_there_is_room() {
    let deployment = Deployment::together().await;
    let first = deployment.offered(PARKING, &token()).await;
    assert_eq!(first["owner"]["rep_id"], "solo");

    let submission = deployment.taken(PARKING, &strong(&token())).await;
    let second = deployment.lead_of(&submission).await;
    let parked = deployment.at_stage(&second, "parked", SOON).await;
    assert_eq!((&parked["owner"], &parked["accountable"]), (&Value::Null, &json!({"pool_id": PARKING})));
    assert!(parked["due_at"].is_string(), "it is looked at again without anybody's help");
    assert_eq!(parked["route"]["pools"][0]["fell_out"][0]["rep_id"], "solo");
    let alert = until("the alert", SOON, async || {
        deployment.mails_about(&second).await.into_iter().find(|m| m.subject == "A lead is parked")
    })
    .await;
    assert_eq!(alert.to, "revenue-operations@acme.example");
    assert!(!alert.body.contains("Winter"), "{alert:?}");

    let lead_id = first["lead_id"].as_str().unwrap();
    deployment.answer(lead_id, "accept", &json!({"rep_id": "solo"})).await.ok();
    deployment.answer(lead_id, "lose", &json!({"rep_id": "solo", "reason": "no-budget"})).await.ok();
    let drained = deployment.at_stage(&second, "offered", SOON).await;
    assert_eq!(drained["owner"]["rep_id"], "solo");
    assert_eq!(deployment.open("solo").await, 1);
    let events = deployment.timeline(&second).await;
    assert_eq!((of_kind(&events, "parked").len(), of_kind(&events, "offered").len()), (1, 1));
}
