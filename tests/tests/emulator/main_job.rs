//! The main job: somebody asks for a demo, and somebody answers for the lead seconds later, for reasons anyone can read.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::deployment::{Deployment, token};
use super::lead::{email, instant, kind, strong};

#[tokio::test]
async fn a_strong_submission_is_owned_within_three_seconds_and_explains_itself() {
    let deployment = Deployment::alone().await;
    let token = token();
    let mut answers = strong(&token);
    answers["utm_source"] = json!("google");
    answers["utm_medium"] = json!("cpc");
    answers["newsletter"] = json!("on");
    answers["_page"] = json!("https://www.acme.example/demo");
    let submission = deployment.taken("demo-request", &answers).await;
    let lead_id = deployment.lead_of(&submission).await;
    deployment.told(&lead_id, "offer.1").await;
    let reply = deployment.get(&format!("/leads/{lead_id}")).await;
    let lead = reply.ok();
    let owned_after = instant(&lead["owner"]["offered_at"]).duration_since(instant(&lead["received_at"]));
    println!("owned after {owned_after}");
    assert!(owned_after <= SignedDuration::from_secs(3), "owned after {owned_after}");
    assert_eq!(reply.header("etag"), format!("\"{}\"", lead["version"]));
    explains_its_score(&lead);
    let rep = deployment.get(&format!("/reps/{}", lead["owner"]["rep_id"].as_str().unwrap())).await.ok();
    explains_its_route(&lead, &rep);
    explains_its_deadlines(&lead);

    // What was typed, where it came from and what was agreed to.
    assert_eq!(lead["contact"]["email"], email(&token));
    assert_eq!(lead["company"]["domain"], format!("works-{token}.example"));
    assert_eq!(lead["provenance"]["company.domain"]["source"], "derived");
    assert_eq!(lead["provenance"]["first_name"]["source"], "form");
    let touch = &lead["touches"][0];
    assert_eq!(
        (&touch["source"], &touch["medium"], &touch["channel"]),
        (&json!("google"), &json!("cpc"), &json!("paid"))
    );
    assert_eq!(touch["page"], "https://www.acme.example/demo");
    assert_eq!(lead["consents"][0]["version"], "2026-01");
    assert_eq!(lead["consents"][0]["submission_id"], submission);

    let events = deployment.timeline(&lead_id).await;
    let kinds: Vec<&str> = events.iter().map(kind).collect();
    assert_eq!(kinds, ["captured", "enriched", "scored", "offered", "notified"]);
    assert_eq!(lead["version"], 5);
    assert!(!Value::from(events).to_string().contains(&token), "a timeline holds nothing personal");

    let said = deployment.submission(&submission).await;
    assert_eq!(said["lead_id"], lead_id);
    assert_eq!((&said["verdict"], &said["repeats"]), (&json!("clean"), &json!(0)));
    assert_eq!(said["received_at"], lead["received_at"]);
}

/// The points are those of the sample playbook's rules; see [`strong`].
fn explains_its_score(lead: &Value) {
    let score = &lead["score"];
    assert_eq!((&score["fit"], &score["interest"], &score["grade"]), (&json!(90), &json!(75), &json!("A1")));
    let reasons = score["reasons"].as_array().unwrap();
    for axis in ["fit", "interest"] {
        let points = reasons.iter().filter(|r| r["axis"] == axis).map(|r| r["points"].as_i64().unwrap());
        assert_eq!(points.sum::<i64>(), score[axis].as_i64().unwrap(), "{axis}: {reasons:?}");
    }
    let mut rules: Vec<&str> = reasons.iter().map(|r| r["rule"].as_str().unwrap()).collect();
    rules.sort_unstable();
    assert_eq!(
        rules,
        [
            "asked-for-a-demo",
            "business-address",
            "decision-maker",
            "mid-size",
            "our-buyer",
            "paid-click",
            "wants-to-start-soon"
        ]
    );
    assert!(reasons.iter().all(|r| r["because"].as_str().is_some_and(|b| !b.is_empty())));
    // Nobody knows where they are or how to call them, and that is said rather than counted against them.
    assert!(score["unknown"].as_array().is_some_and(|u| !u.is_empty()), "{score}");
}

fn explains_its_route(lead: &Value, rep: &Value) {
    let (route, owner) = (&lead["route"], &lead["owner"]);
    assert_eq!(route["route"], Value::Null, "no country is known, so no route holds");
    assert_eq!((&owner["pool_id"], &route["pick"]["rep_id"]), (&json!("inbound-desk"), &owner["rep_id"]));
    let candidates = route["pick"]["candidates"].as_array().unwrap();
    assert_eq!(candidates.len(), 4, "{route}");
    assert!(candidates.iter().any(|c| c["rep_id"] == owner["rep_id"]));
    // People are told of people by their names.
    let turn = format!("it was {}'s turn", rep["name"].as_str().unwrap());
    assert!(route["because"].as_str().unwrap().contains(&turn), "{route}");
    assert_eq!(lead["accountable"], json!({"rep_id": owner["rep_id"]}));
}

/// Grade A1 has thirty minutes to accept and two hours to the first touch, and the inbound desk works around the clock.
fn explains_its_deadlines(lead: &Value) {
    let clocks = lead["clocks"].as_array().unwrap();
    let clock = |name: &str| clocks.iter().find(|c| c["clock"] == name).unwrap();
    for (name, from, minutes) in
        [("accept", &lead["owner"]["offered_at"], 30), ("first_touch", &lead["received_at"], 120)]
    {
        let clock = clock(name);
        let span = instant(&clock["due_at"]).duration_since(instant(from));
        assert_eq!(span.as_secs(), minutes * 60, "{clock}");
        assert_eq!((&clock["status"], &clock["policy"]), (&json!("running"), &json!("hot")));
        assert!(clock["because"].as_str().is_some_and(|b| b.contains("business")), "{clock}");
    }
}
