//! Many at once: the same thing many times, one person many times, many people.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::join_all;
use futures_util::stream;
use serde_json::{Value, json};

use super::call::{Reply, send};
use super::deployment::{Deployment, token, until};
use super::lead::{SOON, of_kind, strong};
use super::playbook::{CROWD, CROWD_REPS};

#[tokio::test]
async fn twenty_identical_submissions_are_one() {
    let deployment = Deployment::together().await;
    let answers = strong(&token());
    let replies = join_all((0..20).map(|_| deployment.submit("demo-request", &answers))).await;
    let submissions: BTreeSet<String> = replies.iter().map(acknowledged).collect();
    assert_eq!(submissions.len(), 1, "{submissions:?}");

    let submission = submissions.first().unwrap();
    let lead_id = deployment.lead_of(submission).await;
    deployment.told(&lead_id, "offer.1").await;
    assert_eq!(deployment.submission(submission).await["repeats"], 19);
    let events = deployment.timeline(&lead_id).await;
    for once in ["captured", "enriched", "scored", "offered", "notified"] {
        assert_eq!(of_kind(&events, once).len(), 1, "{once}: {events:?}");
    }
    assert_eq!(deployment.lead(&lead_id).await["touches"].as_array().unwrap().len(), 1);

    let hooks = deployment.sink().about(&lead_id);
    let ids: Vec<&str> = hooks.iter().map(|h| h.header("webhook-id")).collect();
    assert_eq!(ids, [format!("{lead_id}.1.offer.1")]);
    assert_eq!(deployment.mails_about(&lead_id).await.len(), 1, "one mail, to the rep");
}

#[tokio::test]
async fn twenty_submissions_of_one_person_are_touches_of_one_lead() {
    let deployment = Deployment::together().await;
    let mut answers = strong(&token());
    let bodies: Vec<Value> = (0..20)
        .map(|n| {
            answers["message"] = json!(format!("Question {n}"));
            answers.clone()
        })
        .collect();
    let replies = join_all(bodies.iter().map(|body| deployment.submit("demo-request", body))).await;
    let submissions: BTreeSet<String> = replies.iter().map(acknowledged).collect();
    assert_eq!(submissions.len(), 20);

    let leads: BTreeSet<String> =
        join_all(submissions.iter().map(|s| deployment.lead_of(s))).await.into_iter().collect();
    assert_eq!(leads.len(), 1, "{leads:?}");
    let lead_id = leads.first().unwrap();
    deployment.told(lead_id, "offer.1").await;
    let lead = deployment.lead(lead_id).await;
    let touches = lead["touches"].as_array().unwrap();
    let kept: BTreeSet<String> =
        touches.iter().map(|t| t["submission_id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(kept, submissions);
    let questions: BTreeSet<&str> =
        touches.iter().map(|t| t["answers"]["message"].as_str().unwrap()).collect();
    assert_eq!(questions.len(), 20);
    let events = deployment.timeline(lead_id).await;
    assert_eq!((of_kind(&events, "captured").len(), of_kind(&events, "touched").len()), (1, 19));
    assert_eq!(of_kind(&events, "offered").len(), 1);
}

#[tokio::test]
async fn two_hundred_people_at_once_are_two_hundred_leads_with_an_owner_each() {
    const PEOPLE: usize = 200;
    let deployment = Deployment::alone().await;
    let bodies: Vec<Value> = (0..PEOPLE).map(|_| strong(&token())).collect();
    let submissions: BTreeSet<String> = stream::iter(&bodies)
        .map(|body| persistently(&deployment, body))
        .buffer_unordered(PEOPLE)
        .collect()
        .await;
    assert_eq!(submissions.len(), PEOPLE);

    // The pool's own account: turns that have been taken. Two hundred reads of leads would cost more than the leads.
    until("200 turns of the crowd's pool", Duration::from_secs(180), async || {
        let pool = deployment.get(&format!("/pools/{CROWD}")).await.ok();
        (pool["turns"] == PEOPLE).then_some(())
    })
    .await;
    let pool = deployment.get(&format!("/pools/{CROWD}")).await.ok();
    assert_eq!(pool["within_one_lead"], true, "{pool}");
    for member in pool["members"].as_array().unwrap() {
        let share = PEOPLE / CROWD_REPS;
        assert_eq!((&member["assigned"], &member["open"]), (&json!(share), &json!(share)), "{pool}");
    }

    let leads: Vec<Value> = stream::iter(&submissions)
        .map(|submission| async {
            let lead_id = deployment.lead_of(submission).await;
            deployment.lead(&lead_id).await
        })
        .buffer_unordered(16)
        .collect()
        .await;
    let ids: BTreeSet<&str> = leads.iter().map(|l| l["lead_id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), PEOPLE);
    for lead in &leads {
        assert_eq!(lead["stage"], "offered", "{lead}");
        assert_eq!(
            (&lead["owner"]["pool_id"], &lead["owner"]["offer"]),
            (&json!(CROWD), &json!(1)),
            "{lead}"
        );
    }
    // Everybody is told once: no offer is mailed or sent to a system under two ids.
    until("200 webhooks", SOON, async || {
        let told = ids.iter().filter(|id| !deployment.sink().about(id).is_empty()).count();
        (told == PEOPLE).then_some(())
    })
    .await;
    for id in &ids {
        let hooks = deployment.sink().about(id);
        assert!(hooks.iter().all(|h| h.header("webhook-id") == format!("{id}.1.offer.1")), "{hooks:?}");
    }
}

/// Submits as our own script does: what the door could not take is sent again under the same key. The emulator starts
/// dozens of functions in a second for this crowd, and some do not come up in time.
async fn persistently(deployment: &Deployment, body: &Value) -> String {
    let key = token();
    until("a submission to be taken", SOON, async || {
        let request = deployment.form(CROWD).header("content-type", "application/json");
        let reply = send(request.header("idempotency-key", &key).body(body.to_string())).await;
        (reply.status < 500).then(|| acknowledged(&reply))
    })
    .await
}

/// The id of a submission that must have been taken.
#[track_caller]
fn acknowledged(reply: &Reply) -> String {
    assert_eq!(reply.status, 202, "{reply:?}");
    reply.json()["submission_id"].as_str().unwrap().to_owned()
}
