//! Keys: what they open, and that they can be taken back. The operator's command makes them.

use reqwest::Method;
use serde_json::json;

use super::call::{Reply, send};
use super::deployment::{Deployment, token};
use super::lead::of_kind;
use super::leadctl::leadctl;

#[tokio::test]
async fn a_key_opens_what_it_was_made_for_until_it_is_revoked() {
    let deployment = Deployment::together().await;
    let lead = deployment.offered("demo-request", &token()).await;
    let path = format!("/leads/{}", lead["lead_id"].as_str().unwrap());
    let accept = format!("{path}/accept");

    for path in [path.as_str(), "/leads", "/playbook", "/reps/desk-1"] {
        let reply = send(deployment.request(Method::GET, path)).await;
        let answer = reply.problem(401, "no-valid-key");
        assert_eq!(reply.header("www-authenticate"), "Bearer");
        for wrong in ["llk_x", &deployment.api_key[1..], "Zm9vOmJhcg=="] {
            let reply = send(deployment.request(Method::GET, path).bearer_auth(wrong)).await;
            assert_eq!(
                reply.problem(401, "no-valid-key"),
                answer,
                "why a key does not open is nobody's business"
            );
        }
    }

    let subject = format!("reader-{}", token());
    let made = leadctl(&["keys", "create", "--name", &subject, "--scopes", "leads:read", "--quiet"]).await;
    let key = made.ok().trim().to_owned();
    let call = async |method: Method, path: &str, body: serde_json::Value| -> Reply {
        send(deployment.request(method, path).bearer_auth(&key).body(body.to_string())).await
    };
    call(Method::GET, &path, json!({})).await.ok();
    let rep = json!({"rep_id": lead["owner"]["rep_id"]});
    for (method, path, scope) in [
        (Method::POST, accept.as_str(), "leads:write"),
        (Method::PATCH, "/reps/desk-1", "leads:write"),
        (Method::PUT, "/playbook", "playbook:write"),
        (Method::POST, "/playbook/versions/1/activate", "playbook:write"),
    ] {
        let problem = call(method, path, rep.clone()).await.problem(403, "missing-scope");
        assert_eq!(problem["required_scope"], scope);
    }
    assert_eq!(deployment.lead(lead["lead_id"].as_str().unwrap()).await["stage"], "offered");

    let subject = format!("crm-{}", token());
    let writer =
        leadctl(&["keys", "create", "--name", &subject, "--scopes", "leads:write,leads:read", "--quiet"])
            .await;
    let writer = writer.ok().trim().to_owned();
    let disqualify = deployment.request(Method::POST, &format!("{path}/disqualify")).bearer_auth(writer);
    send(disqualify.body(json!({"reason": "no-budget"}).to_string())).await.ok();
    let events = deployment.timeline(lead["lead_id"].as_str().unwrap()).await;
    assert_eq!(of_kind(&events, "disqualified")[0]["actor"], json!({"who": "key", "subject": subject}));

    leadctl(&["keys", "revoke", &key]).await.ok();
    call(Method::GET, &path, json!({})).await.problem(401, "no-valid-key");
    let listed = leadctl(&["keys", "list"]).await;
    assert!(listed.ok().contains("revoked") && !listed.ok().contains(&key), "secrets are not listed");
}
