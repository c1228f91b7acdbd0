//! The signed link in an offer's mail: looking changes nothing, the button acts, and nothing else does.

use reqwest::Method;
use serde_json::{Value, json};

use super::call::{Reply, send};
use super::deployment::{Deployment, token};
use super::playbook::mail_of;

/// The link in the mail to the rep of a lead's offer.
async fn link(deployment: &Deployment, lead: &Value) -> String {
    let lead_id = lead["lead_id"].as_str().unwrap();
    let rep = mail_of(&lead["owner"]["rep_id"]);
    let mails = deployment.mails_about(lead_id).await;
    let mail = mails.iter().find(|m| m.to == rep && m.subject.starts_with("New lead")).unwrap();
    let link = mail.body.split_whitespace().find(|word| word.contains("/offers/")).unwrap();
    assert!(link.starts_with(&deployment.api_url), "{link}");
    link.to_owned()
}

async fn look(deployment: &Deployment, link: &str) -> Reply {
    send(deployment.client.get(link)).await
}

async fn press(deployment: &Deployment, link: &str, form: &str) -> Reply {
    let request = deployment.client.post(link).header("content-type", "application/x-www-form-urlencoded");
    send(request.body(form.to_owned())).await
}

#[tokio::test]
async fn a_rep_accepts_with_the_link_in_the_mail() {
    let deployment = Deployment::together().await;
    let lead = deployment.offered("demo-request", &token()).await;
    let lead_id = lead["lead_id"].as_str().unwrap();
    let link = link(&deployment, &lead).await;

    for _ in 0..2 {
        let page = look(&deployment, &link).await;
        assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
        assert!(page.text.contains("Ada Winter") && page.text.contains("Accept this lead"));
        assert_eq!(page.header("cache-control"), "no-store");
        assert!(page.header("content-security-policy").contains("frame-ancestors 'none'"));
    }
    let head = deployment.client.request(Method::HEAD, &link);
    send(head).await;
    press(&deployment, &link, "").await.problem(422, "invalid-body");
    press(&deployment, &link, "action=reject&reason=bored").await.problem(422, "unknown-reason");
    assert_eq!(deployment.lead(lead_id).await, lead, "a scanner of mail follows links and changes nothing");

    // One character of the signature, of the offer's number and of the time.
    let (start, signature) = link.rsplit_once('.').unwrap();
    let turned = if signature.starts_with('A') { 'B' } else { 'A' };
    for forged in [
        format!("{start}.{turned}{}", &signature[1..]),
        link.replace("~1~", "~2~"),
        format!("{}9.{signature}", start),
        start.to_owned(),
    ] {
        assert_ne!(forged, link);
        assert_eq!(look(&deployment, &forged).await.status, 404, "{forged}");
        let pressed = press(&deployment, &forged, "action=accept").await;
        assert_eq!(pressed.status, 404);
        assert!(!pressed.text.contains("Ada"), "a forged link shows nothing");
    }
    assert_eq!(deployment.lead(lead_id).await["stage"], "offered");

    for _ in 0..2 {
        let done = press(&deployment, &link, "action=accept").await;
        assert_eq!(done.status, 200, "{done:?}");
        assert!(done.text.contains("The lead is yours"));
    }
    let accepted = deployment.lead(lead_id).await;
    assert_eq!(accepted["stage"], "accepted");
    let events = deployment.timeline(lead_id).await;
    let by_rep = json!({"who": "rep", "rep_id": lead["owner"]["rep_id"]});
    assert_eq!(events.iter().filter(|e| e["kind"] == "accepted" && e["actor"] == by_rep).count(), 1);
    assert!(look(&deployment, &link).await.text.contains("The lead is yours"));
}

#[tokio::test]
async fn the_link_of_an_offer_that_moved_on_says_so() {
    let deployment = Deployment::together().await;
    let lead = deployment.offered("demo-request", &token()).await;
    let lead_id = lead["lead_id"].as_str().unwrap();
    let first = link(&deployment, &lead).await;
    let rejected = press(&deployment, &first, "action=reject&reason=no-capacity").await;
    assert!(rejected.status == 200 && rejected.text.contains("You have rejected the lead"), "{rejected:?}");

    deployment.told(lead_id, "offer.2").await;
    let next = deployment.lead(lead_id).await;
    assert_ne!(next["owner"]["rep_id"], lead["owner"]["rep_id"]);
    let page = look(&deployment, &first).await;
    assert!(page.status == 410 && page.text.contains("The lead has moved on"), "{page:?}");
    let late = press(&deployment, &first, "action=accept").await;
    assert!(late.status == 409 && late.text.contains("The lead has moved on"), "{late:?}");
    for reply in [page, late] {
        assert!(!reply.text.contains("Ada"), "the lead is somebody else's business now");
    }
    assert_eq!(deployment.lead(lead_id).await, next);
    let second = link(&deployment, &next).await;
    assert!(look(&deployment, &second).await.text.contains("Accept this lead"));
}
