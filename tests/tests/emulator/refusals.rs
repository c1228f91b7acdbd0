//! Bad input: every kind is refused with the status, the kind of problem and the field, and leaves nothing behind.

use reqwest::{Method, RequestBuilder};
use serde_json::{Map, Value, json};

use super::call::{Reply, send};
use super::deployment::{Deployment, token};
use super::lead::{email, strong};
use super::playbook::{DISABLED, STRICT, STRICT_ORIGIN};

const JSON: &str = "application/json";

/// Sends a body to the demo form.
async fn body(deployment: &Deployment, content_type: &str, body: impl Into<reqwest::Body>) -> Reply {
    send(deployment.form("demo-request").header("content-type", content_type).body(body)).await
}

/// Nothing of this person has been kept.
async fn is_unknown(deployment: &Deployment, token: &str) {
    assert_eq!(deployment.by_email(&email(token)).await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_form_that_is_off_and_one_that_never_was_answer_the_same() {
    let deployment = Deployment::together().await;
    let token = token();
    let mut replies = Vec::new();
    for form in ["no-such-form", DISABLED, "No%20Form%21"] {
        let reply = deployment.submit(form, &strong(&token)).await;
        reply.problem(404, "not-found");
        replies.push(reply.text);
        for page in ["", "/embed.js"] {
            let path = format!("/forms/{form}{page}");
            send(deployment.request(Method::GET, &path)).await.problem(404, "not-found");
        }
    }
    assert!(replies.iter().all(|r| *r == replies[0]), "{replies:?}");
    is_unknown(&deployment, &token).await;
}

#[tokio::test]
async fn bodies_that_cannot_be_read() {
    let deployment = Deployment::together().await;
    let token = token();
    let good = strong(&token).to_string();
    for kind in ["text/plain", "application/xml", "application/json; charset=utf-16", ""] {
        body(&deployment, kind, good.clone()).await.problem(415, "unsupported-media-type");
    }
    let mut large = strong(&token);
    large["message"] = json!("x".repeat(64 * 1024));
    body(&deployment, JSON, large.to_string()).await.problem(413, "body-too-large");

    let members = good.trim_start_matches('{').trim_end_matches('}');
    let many: Map<String, Value> = (0..101).map(|n| (format!("field{n}"), json!("x"))).collect();
    let deep = format!("{{{members},\"message\":{}1{}}}", "[".repeat(100), "]".repeat(100));
    for wrong in [
        "".to_owned(),
        "{".to_owned(),
        "[]".to_owned(),
        "null".to_owned(),
        format!("{good}{good}"),
        format!("{{{members},\"email\":\"{}\"}}", email(&token)),
        Value::Object(many).to_string(),
        deep,
        format!("{{{members},\"message\":{{\"a\":\"b\"}}}}"),
    ] {
        let problem = body(&deployment, JSON, wrong.clone()).await.problem(400, "malformed-body");
        assert!(!problem.to_string().contains(&token), "a refusal does not repeat what was typed");
    }
    let twice = format!("email={}&email={}", email(&token), email(&token));
    body(&deployment, "application/x-www-form-urlencoded", twice).await.problem(400, "malformed-body");
    is_unknown(&deployment, &token).await;
}

#[tokio::test]
async fn multipart_bodies_that_are_torn() {
    let deployment = Deployment::together().await;
    let torn = body(&deployment, "multipart/form-data; boundary=x", "--y\r\n\r\n").await;
    torn.problem(400, "malformed-body");
}

#[tokio::test]
async fn bodies_that_are_packed() {
    let deployment = Deployment::together().await;
    let token = token();
    let packed =
        deployment.form("demo-request").header("content-type", JSON).header("content-encoding", "gzip");
    let refused = send(packed.body(strong(&token).to_string())).await;
    refused.problem(415, "unsupported-media-type");
    is_unknown(&deployment, &token).await;
}

#[tokio::test]
async fn fields_that_cannot_be_taken_are_all_named_at_once() {
    let deployment = Deployment::together().await;
    let token = token();
    let mut wrong = strong(&token);
    wrong["first_name"] = json!("x".repeat(101));
    wrong["country"] = json!("Atlantis");
    wrong["message"] = json!("x".repeat(5_001));
    let reply = deployment.submit("demo-request", &wrong).await;
    assert_eq!(reply.fields(422, "invalid-submission"), ["first_name", "country", "message"]);
    for email in [json!("not an address"), json!("a@b"), json!(" "), Value::Null] {
        wrong["email"] = email;
        let named = deployment.submit("demo-request", &wrong).await.fields(422, "invalid-submission");
        assert_eq!(named, ["email", "first_name", "country", "message"]);
    }
    // In a browser the form comes back with what was typed and the mistakes beside it.
    let page = deployment.form("demo-request").header("accept", "text/html");
    let page = send(page.header("content-type", JSON).body(wrong.to_string())).await;
    assert_eq!((page.status, page.header("content-type")), (422, "text/html; charset=utf-8"));
    assert!(page.text.contains("Winter Works"));
    is_unknown(&deployment, &token).await;
}

#[tokio::test]
async fn an_idempotency_key_stands_for_one_body() {
    let deployment = Deployment::together().await;
    let token = token();
    let keyed = |answers: &Value, key: &str| {
        let request =
            deployment.form("demo-request").header("content-type", JSON).header("idempotency-key", key);
        request.body(answers.to_string())
    };
    let first = send(keyed(&strong(&token), &token)).await;
    assert_eq!(first.status, 202, "{first:?}");
    let again = send(keyed(&strong(&token), &token)).await;
    assert_eq!(again.json(), first.json());
    let other = strong(&format!("{token}x"));
    send(keyed(&other, &token)).await.problem(422, "idempotency-key-reused");
    is_unknown(&deployment, &format!("{token}x")).await;
    send(keyed(&other, &"k".repeat(256))).await.problem(400, "malformed-idempotency-key");
    is_unknown(&deployment, &format!("{token}x")).await;
}

/// The only test that posts to the strict form: its window of a minute is shared by all that come from one address.
#[tokio::test]
async fn a_strict_form_refuses_other_sites_missing_consent_and_floods() {
    let deployment = Deployment::together().await;
    let token = token();
    let person = |n: usize| strong(&format!("{token}p{n}"));
    let post = |origin: Option<&str>, answers: &Value| -> RequestBuilder {
        let request = deployment.form(STRICT).header("content-type", JSON).body(answers.to_string());
        match origin {
            Some(origin) => request.header("origin", origin),
            None => request,
        }
    };
    let mut agreed = person(0);
    agreed["consent"] = json!("true");
    for origin in ["https://evil.example", "null", "http://strict.acme.example"] {
        let refused = send(post(Some(origin), &agreed)).await;
        refused.problem(403, "origin-not-allowed");
        assert_eq!(refused.header("access-control-allow-origin"), "");
    }
    let preflight = |origin: &'static str| {
        send(
            deployment
                .request(Method::OPTIONS, &format!("/forms/{STRICT}/submissions"))
                .header("origin", origin),
        )
    };
    preflight("https://evil.example").await.problem(403, "origin-not-allowed");
    let open = preflight(STRICT_ORIGIN).await;
    assert_eq!((open.status, open.header("access-control-allow-origin")), (204, STRICT_ORIGIN));
    is_unknown(&deployment, &format!("{token}p0")).await;

    let named = send(post(Some(STRICT_ORIGIN), &person(0))).await.fields(422, "invalid-submission");
    assert_eq!(named, ["consent"]);
    is_unknown(&deployment, &format!("{token}p0")).await;
    // Five within a minute, and a new minute may begin meanwhile: the eleventh at the latest is one too many.
    let mut taken = 1;
    for n in 0..11 {
        let mut answers = person(n);
        answers["consent"] = json!("true");
        let reply = send(post(Some(STRICT_ORIGIN), &answers)).await;
        if reply.status == 429 {
            reply.problem(429, "too-many-submissions");
            let wait: u64 = reply.header("retry-after").parse().unwrap();
            assert!((1..=60).contains(&wait), "{wait}");
            assert_eq!(reply.header("access-control-allow-origin"), STRICT_ORIGIN, "a browser can read it");
            is_unknown(&deployment, &format!("{token}p{n}")).await;
            break;
        }
        assert_eq!(reply.status, 202, "{reply:?}");
        taken += 1;
    }
    assert!((5..=10).contains(&taken), "{taken} were let in");
}

#[tokio::test]
async fn a_playbook_with_mistakes_is_refused_with_the_place_of_each() {
    let deployment = Deployment::together().await;
    let mut book: Value = serde_json::from_str(
        &send(deployment.with_key(Method::GET, "/playbook").header("accept", JSON)).await.text,
    )
    .unwrap();
    book["routing"]["otherwise"] = json!("nowhere");
    book["pools"]["inbound-desk"]["members"][1] = json!("ghost");
    book["scoring"]["fit"]["rules"][0]["points"] = json!("many");
    book["surprise"] = json!(1);
    let before = deployment.get("/playbook/versions").await.ok();
    for (method, path) in [(Method::PUT, "/playbook"), (Method::POST, "/playbook/validate")] {
        let reply = send(deployment.with_key(method, path).body(book.to_string())).await;
        let problem = reply.problem(422, "invalid-playbook");
        let mut paths: Vec<&str> =
            problem["errors"].as_array().unwrap().iter().map(|e| e["path"].as_str().unwrap()).collect();
        paths.sort_unstable();
        assert_eq!(
            paths,
            ["pools.inbound-desk.members[1]", "routing.otherwise", "scoring.fit.rules[0].points", "surprise"]
        );
    }
    let broken = deployment.put("/playbook", "forms: [").await;
    assert_eq!(broken.problem(422, "invalid-playbook")["errors"][0]["path"], "");
    assert_eq!(deployment.get("/playbook/versions").await.ok(), before);
}

#[tokio::test]
async fn what_there_is_not() {
    let deployment = Deployment::together().await;
    for path in [
        "/leads/ld_00000000000000000000000000000000",
        "/leads/ld_00000000000000000000000000000000/timeline",
        "/leads/x",
        "/submissions/sub_00000000000000000000000000000000",
        "/submissions/x",
        "/reps/nobody",
        "/pools/nowhere",
        "/playbook/versions/9999",
    ] {
        deployment.get(path).await.problem(404, "not-found");
    }
    let nobody = "ld_00000000000000000000000000000000";
    deployment.answer(nobody, "accept", &json!({"rep_id": "desk-1"})).await.problem(404, "not-found");
    for query in
        ["stage=fresh", "limit=0", "limit=x", "cursor=x", "updated_after=yesterday", "email=x", "owner=A%20B"]
    {
        deployment.get(&format!("/leads?{query}")).await.problem(400, "malformed-query");
    }
}
