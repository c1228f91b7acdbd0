//! The audit of the deployment that all these tests share, while they use it.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use super::call::send;
use super::deployment::{Deployment, token};
use super::lead::strong;
use super::leadctl::leadctl;

/// Every count of violations that is not zero.
fn violated(found: &Value) -> BTreeMap<&str, &Value> {
    let counts = found.as_object().unwrap().iter().filter(|(name, _)| name.ends_with("_violations"));
    let counts: Vec<(&str, &Value)> = counts.map(|(name, count)| (name.as_str(), count)).collect();
    assert!(counts.len() > 30, "{found}");
    counts.into_iter().filter(|(_, count)| count["count"] != 0).collect()
}

#[tokio::test]
async fn a_deployment_in_use_is_healthy_and_a_read_key_is_enough_to_see_it() {
    let deployment = Deployment::together().await;
    let lead = deployment.offered("demo-request", &token()).await;
    let (lead_id, rep) = (lead["lead_id"].as_str().unwrap(), &lead["owner"]["rep_id"]);
    deployment.answer(lead_id, "accept", &json!({ "rep_id": rep })).await.ok();
    let mut trapped = strong(&token());
    trapped["fax_number"] = json!("1");
    deployment.taken("demo-request", &trapped).await;

    let subject = format!("auditor-{}", token());
    let made = leadctl(&["keys", "create", "--name", &subject, "--scopes", "leads:read", "--quiet"]).await;
    let reader = made.ok().trim().to_owned();
    let mut leads = 0;
    let mut cursor = String::new();
    loop {
        let path = format!("/audit?limit=200{cursor}");
        let page = send(deployment.request(Method::GET, &path).bearer_auth(&reader)).await.ok();
        assert_eq!((violated(&page), &page["violations"]), (BTreeMap::new(), &json!(0)), "{page}");
        leads += page["checked"]["leads"].as_u64().unwrap();
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert!(leads >= 2, "{leads} leads looked at");

    send(deployment.request(Method::GET, "/audit")).await.problem(401, "no-valid-key");
    let subject = format!("writer-{}", token());
    let made = leadctl(&["keys", "create", "--name", &subject, "--scopes", "leads:write", "--quiet"]).await;
    let writer = made.ok().trim().to_owned();
    let refused = send(deployment.request(Method::GET, "/audit").bearer_auth(&writer)).await;
    assert_eq!(refused.problem(403, "missing-scope")["required_scope"], "leads:read");
}

#[tokio::test]
async fn leadctl_pages_to_the_end_and_exits_with_0_when_all_is_well() {
    let deployment = Deployment::together().await;
    deployment.offered("demo-request", &token()).await;
    let text = leadctl(&["audit"]).await.ok();
    assert!(text.contains("\n0 violations. Looked at "), "{text}");
    let document: Value = serde_json::from_str(&leadctl(&["audit", "--json"]).await.ok()).unwrap();
    assert_eq!((&document["violations"], &document["complete"]), (&json!(0), &json!(true)));
    assert_eq!(violated(&document), BTreeMap::new());
    assert!(document["checked"]["leads"].as_u64().unwrap() >= 1, "{document}");
    assert!(document["checked"]["reps"].as_u64().unwrap() >= 1, "{document}");
}

/// The function that runs every hour, called as its schedule calls it: what it answers is what it logs as metrics.
#[tokio::test]
async fn the_hourly_function_counts_what_it_is_deployed_with() {
    let deployment = Deployment::together().await;
    deployment.offered("demo-request", &token()).await;
    let counted = deployment.tick("AUDIT_FUNCTION").await;
    assert_eq!(counted["AuditViolations"], 0, "{counted}");
    assert!(counted["AuditedLeads"].as_u64().unwrap() >= 1, "{counted}");
    assert_eq!(counted["_aws"]["CloudWatchMetrics"][0]["Namespace"], "Leadline");
    assert!(counted["Stack"].as_str().is_some_and(|stack| !stack.is_empty()), "{counted}");
}
