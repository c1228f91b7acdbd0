//! Somebody asks what is held on them, and then to be forgotten.
//!
//! The words `forgetme` and `rememberme` are looked for in the table and in the logs when all tests are over.

use std::time::Duration;

use serde_json::{Value, json};

use super::call::send;
use super::deployment::{Deployment, token, until};
use super::lead::{SOON, email, kind, strong};
use super::leadctl::leadctl;

/// Somebody with a word in every field.
fn named(word: &str, token: &str) -> Value {
    json!({
        "email": address(word, token),
        "first_name": word, "last_name": word, "company": format!("{word} works"), "title": format!("VP Sales {word}"),
        "employees": "800", "timeline": "this month", "message": format!("please {word}"), "unasked": word,
        "newsletter": "on", "utm_source": word, "utm_campaign": word, "gclid": word,
        "_page": format!("https://{word}.example/?q={word}"), "_referrer": format!("https://{word}.example/"),
    })
}

fn address(word: &str, token: &str) -> String {
    format!("{word}@{word}-{token}.example")
}

/// Erases by address, and waits until it is done; the receipt.
async fn erase(deployment: &Deployment, email: &str) -> Value {
    let begun = deployment.post("/erasures", &json!({ "email": email, "reason": "asked to" })).await;
    assert!(matches!(begun.status, 200 | 202), "{begun:?}");
    let path = format!("/erasures/{}", begun.json()["erasure_id"].as_str().unwrap());
    until("the erasure to be done", Duration::from_secs(150), async || {
        let receipt = deployment.get(&path).await.ok();
        receipt["finished_at"].is_string().then_some(receipt)
    })
    .await
}

#[tokio::test]
async fn whoever_asks_to_be_forgotten_is_told_what_is_held_and_then_forgotten() {
    let deployment = Deployment::together().await;
    let token = token();
    let kept = deployment.taken("demo-request", &named("rememberme", &token)).await;
    let first = deployment.taken("demo-request", &named("forgetme", &token)).await;
    let lead_id = deployment.lead_of(&first).await;
    deployment.told(&lead_id, "offer.1").await;
    let again = json!({ "email": format!("ForgetMe+news@forgetme-{token}.example"), "phone": "+49 30 5550142", "message": "forgetme" });
    let second = deployment.taken("demo-request", &again).await;
    assert_eq!(deployment.lead_of(&second).await, lead_id);
    let mut trapped = named("forgetme", &token);
    trapped["fax_number"] = json!("1");
    // The honeypot is no answer: with the same answers it would be the same submission.
    trapped["message"] = json!("forgetme as well");
    let stray = deployment.taken("demo-request", &trapped).await;
    let stray = deployment.lead_of(&stray).await;

    let mailbox = address("forgetme", &token);
    let held = deployment.post("/exports", &json!({ "email": mailbox })).await.ok();
    let leads: Vec<&str> =
        held["leads"].as_array().unwrap().iter().map(|l| l["lead"]["lead_id"].as_str().unwrap()).collect();
    assert_eq!(leads, [&lead_id, &stray]);
    let typed = &held["leads"][0]["submissions"];
    assert_eq!(typed.as_array().unwrap().len(), 2);
    assert!(typed.to_string().contains("please forgetme"));
    let exported = leadctl(&["export", "--lead", &lead_id]).await.ok();
    assert!(exported.contains("please forgetme"));

    let open = deployment.lead(&lead_id).await["owner"]["rep_id"].as_str().unwrap().to_owned();
    let holds = async |rep: &str| -> bool {
        let found = deployment.get(&format!("/leads?owner={rep}&limit=200")).await.ok();
        found["leads"].as_array().unwrap().iter().any(|l| l["lead_id"] == *lead_id)
    };
    assert!(holds(&open).await);
    let receipt = erase(&deployment, &mailbox).await;
    let mut erased: Vec<&str> =
        receipt["leads"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    erased.sort_unstable();
    let mut expected = [lead_id.as_str(), stray.as_str()];
    expected.sort_unstable();
    assert_eq!(erased, expected);

    // Through no door is anything left of it.
    assert!(!holds(&open).await, "the rep's list");
    let mut said = vec![receipt];
    for id in [&lead_id, &stray] {
        let stub = deployment.lead(id).await;
        assert_eq!((&stub["stage"], &stub["contact"]["email"]), (&json!("erased"), &Value::Null));
        said.push(stub);
        let events = deployment.timeline(id).await;
        assert!(events.iter().any(|e| kind(e) == "erased"), "{events:?}");
        said.extend(events);
        said.push(deployment.get(&format!("/leads/{id}/export")).await.ok());
    }
    said.push(deployment.get("/leads?stage=erased&limit=200").await.ok());
    said.push(deployment.get(&format!("/leads?email={mailbox}")).await.ok());
    said.push(deployment.post("/exports", &json!({ "email": mailbox })).await.ok());
    for id in [&first, &second] {
        let gone = deployment.get(&format!("/submissions/{id}")).await;
        assert_eq!(gone.status, 410, "{gone:?}");
        said.push(gone.json());
    }
    for document in said {
        assert!(!document.to_string().to_lowercase().contains("forgetme"), "{document}");
    }
    // Somebody else is where they were.
    let other = deployment.lead_of(&kept).await;
    assert_eq!(deployment.lead(&other).await["contact"]["first_name"], "rememberme");
}

#[tokio::test]
async fn a_submission_after_an_erasure_makes_a_new_lead() {
    let deployment = Deployment::together().await;
    let token = token();
    let answers = strong(&token);
    let keyed = |key: String| {
        let request = deployment.form("demo-request").header("content-type", "application/json");
        request.header("idempotency-key", key).body(answers.to_string())
    };
    let first = send(keyed(format!("{token}-1"))).await.json();
    let old = deployment.lead_of(first["submission_id"].as_str().unwrap()).await;
    deployment.told(&old, "offer.1").await;
    let printed = leadctl(&["erase", "--lead", &old, "--reason", "asked-to"]).await.ok();
    assert!(printed.contains(&old) && printed.contains("submissions"), "{printed}");
    // As often as one likes.
    let again = deployment.answer(&old, "erase", &json!({})).await.ok();
    assert_eq!(again["leads"], json!([old]));

    // The old key is the old submission, which is gone; a new one of the same answers is a new lead.
    let blocked = send(keyed(format!("{token}-1"))).await;
    assert_eq!(blocked.status, 410, "{blocked:?}");
    let second = send(keyed(format!("{token}-2"))).await.json();
    let lead_id = deployment.lead_of(second["submission_id"].as_str().unwrap()).await;
    assert_ne!(lead_id, old);
    deployment.told_within(&lead_id, "offer.1", SOON).await;
    let lead = deployment.lead(&lead_id).await;
    assert_eq!((&lead["stage"], lead["touches"].as_array().unwrap().len()), (&json!("offered"), 1));
    assert_eq!(deployment.by_email(&email(&token)).await[0]["lead_id"], lead_id);
    assert_eq!(deployment.lead(&old).await["stage"], "erased");
}
