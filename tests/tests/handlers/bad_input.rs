//! Bad input: each kind gets its problem, and nothing of it is stored.

use leadline_runtime::http::Request;
use leadline_tests::calm::{Calm, json, request, submission};
use serde_json::{Value, json};

use super::scene::{offered, problem, with};

fn raw(form: &str, content_type: &str, body: &[u8]) -> Request {
    let mut request = request("POST", &format!("/forms/{form}/submissions"));
    request.body = body.to_vec();
    with(request, "content-type", content_type)
}

fn fields(count: usize) -> Value {
    let mut answers = json!({ "email": "ada@firm.example" });
    for n in 1..count {
        answers[format!("field_{n}")] = json!("x");
    }
    answers
}

#[test]
fn each_mistake_has_its_problem_and_leaves_nothing_behind() {
    const JSON: &str = "application/json";
    let good = br#"{"email":"ada@firm.example"}"#;
    let padded = |size: usize| {
        let head = r#"{"email":"ada@firm.example","message":""#;
        format!("{head}{}\"}}", "x".repeat(size - head.len() - 2)).into_bytes()
    };
    let deep = format!("{{\"email\":\"ada@firm.example\",\"a\":{}1{}}}", "[".repeat(200), "]".repeat(200));
    let two_files =
        "--b\r\ncontent-disposition: form-data; name=\"a\"; filename=\"a.txt\"\r\n\r\nx\r\n--b--\r\n";
    let cases: Vec<(&str, Request, u16, &str)> = vec![
        ("unknown form", raw("nowhere", JSON, good), 404, "not-found"),
        ("disabled form", raw("closed", JSON, good), 404, "not-found"),
        ("no name of a form", raw("No Form!", JSON, good), 404, "not-found"),
        ("no content type", raw("demo", "", good), 415, "unsupported-media-type"),
        ("xml", raw("demo", "application/xml", b"<a/>"), 415, "unsupported-media-type"),
        ("latin-1", raw("demo", "application/json; charset=iso-8859-1", good), 415, "unsupported-media-type"),
        ("gzip", with(raw("demo", JSON, good), "content-encoding", "gzip"), 415, "unsupported-media-type"),
        ("one byte too many", raw("demo", JSON, &padded(65_537)), 413, "body-too-large"),
        ("no JSON", raw("demo", JSON, b"{\"email\":"), 400, "malformed-body"),
        ("a list", raw("demo", JSON, b"[1]"), 400, "malformed-body"),
        ("two documents", raw("demo", JSON, b"{} {}"), 400, "malformed-body"),
        ("not UTF-8", raw("demo", JSON, b"{\"email\":\"\xff\"}"), 400, "malformed-body"),
        (
            "a key twice",
            raw("demo", JSON, br#"{"email":"a@b.example","email":"c@d.example"}"#),
            400,
            "malformed-body",
        ),
        ("101 fields", submission("demo", &fields(101)), 400, "malformed-body"),
        ("too deep", raw("demo", JSON, deep.as_bytes()), 400, "malformed-body"),
        ("an object as a value", raw("demo", JSON, br#"{"email":{"a":"b"}}"#), 400, "malformed-body"),
        (
            "a key twice, urlencoded",
            raw("demo", "application/x-www-form-urlencoded", b"email=a&email=b"),
            400,
            "malformed-body",
        ),
        (
            "a file",
            raw("demo", "multipart/form-data; boundary=b", two_files.as_bytes()),
            400,
            "malformed-body",
        ),
        ("no boundary", raw("demo", "multipart/form-data", b"x"), 400, "malformed-body"),
        (
            "a key with a space",
            with(raw("demo", JSON, good), "idempotency-key", "a b"),
            400,
            "malformed-idempotency-key",
        ),
        (
            "an endless key",
            with(raw("demo", JSON, good), "idempotency-key", &"k".repeat(256)),
            400,
            "malformed-idempotency-key",
        ),
        ("nothing typed", raw("demo", JSON, b"{}"), 422, "invalid-submission"),
        ("a text of 65536 bytes", raw("demo", JSON, &padded(65_536)), 422, "invalid-submission"),
        (
            "another site",
            with(raw("strict", JSON, good), "origin", "https://evil.example"),
            403,
            "origin-not-allowed",
        ),
    ];
    for (name, bad, status, slug) in cases {
        let calm = Calm::default();
        let before = calm.rows();
        let response = calm.send(bad);
        println!("{name}: {}", response.body);
        problem(&response, status, slug);
        assert_eq!(calm.rows(), before, "{name} left something behind");
        assert!(calm.record().wake_ups.is_empty(), "{name} woke somebody");
    }
    // One field fewer and one byte fewer are welcome.
    let calm = Calm::default();
    assert_eq!(calm.send(submission("demo", &fields(100))).status, 202);
}

#[test]
fn all_wrong_fields_are_told_at_once_and_none_is_repeated() {
    let calm = Calm::default();
    let before = calm.rows();
    let typed = json!({
        "email": "zq-not-an-address", "company": "zq-longer-than-ten", "kind": "zq-friend", "size": "zq-many",
        "country": "zq-nowhere",
    });
    let response = calm.submit("strict", &typed);
    let document = problem(&response, 422, "invalid-submission");
    let errors = document["errors"].as_array().unwrap();
    let named: Vec<&str> = errors.iter().map(|e| e["field"].as_str().unwrap()).collect();
    assert_eq!(named, ["email", "company", "kind", "size", "country", "terms"]);
    assert!(errors.iter().all(|e| e["detail"].as_str().is_some_and(|d| d.len() > 10)), "{document:#}");
    assert!(!response.body.contains("zq-"), "{}", response.body);
    assert_eq!(calm.rows(), before);
}

#[test]
fn unknown_and_disabled_forms_cannot_be_told_apart() {
    let calm = Calm::default();
    for path in ["/forms/X", "/forms/X/embed.js"] {
        let [unknown, disabled] =
            ["nowhere", "closed"].map(|form| calm.send(request("GET", &path.replace('X', form))));
        assert_eq!(unknown, disabled);
        problem(&unknown, 404, "not-found");
    }
    problem(&calm.send(request("DELETE", "/forms/demo/submissions")), 405, "method-not-allowed");
    problem(&calm.send(request("POST", "/forms/demo")), 405, "method-not-allowed");
}

#[test]
fn a_key_with_other_answers_is_refused_and_changes_nothing() {
    let calm = Calm::default();
    let keyed = |answers: &Value| with(submission("demo", answers), "idempotency-key", "key-1");
    assert_eq!(calm.send(keyed(&json!({ "email": "ada@firm.example" }))).status, 202);
    let before = calm.rows();
    let other = calm.send(keyed(&json!({ "email": "eve@firm.example" })));
    problem(&other, 422, "idempotency-key-reused");
    assert_eq!(calm.rows(), before);
}

#[test]
fn bad_calls_of_the_api_name_the_fix_and_change_nothing() {
    let calm = Calm::default();
    let lead = offered(&calm, "ada@firm.example");
    let (id, owner) = (lead["lead_id"].as_str().unwrap(), lead["owner"]["rep_id"].as_str().unwrap());
    let other = if owner == "ann" { "bob" } else { "ann" };
    let before = calm.rows();
    let absent = "ld_00000000000000000000000000000000";
    let now = calm.now().to_string();
    let contact = |rep: &str, at: &str| json!({ "rep_id": rep, "channel": "phone", "direction": "outbound", "outcome": "connected", "occurred_at": at });
    let cases = [
        ("POST", format!("/leads/{absent}/accept"), json!({ "rep_id": owner }), 404, "not-found"),
        ("POST", "/leads/zq/accept".to_owned(), json!({ "rep_id": owner }), 404, "not-found"),
        ("POST", format!("/leads/{id}/befriend"), json!({ "rep_id": owner }), 404, "not-found"),
        ("POST", format!("/leads/{id}/accept"), json!({}), 422, "invalid-body"),
        ("POST", format!("/leads/{id}/accept"), json!({ "rep_id": owner, "x": 1 }), 422, "invalid-body"),
        ("POST", format!("/leads/{id}/accept"), json!({ "rep_id": other }), 409, "not-yours"),
        ("POST", format!("/leads/{id}/win"), json!({ "rep_id": owner }), 409, "illegal-move"),
        ("POST", format!("/leads/{id}/unpark"), json!({}), 409, "illegal-move"),
        ("POST", format!("/leads/{id}/release"), json!({}), 409, "illegal-move"),
        (
            "POST",
            format!("/leads/{id}/reject"),
            json!({ "rep_id": owner, "reason": "bored" }),
            422,
            "unknown-reason",
        ),
        (
            "POST",
            format!("/leads/{id}/reject"),
            json!({ "rep_id": owner, "reason": "ä" }),
            422,
            "invalid-reason",
        ),
        (
            "POST",
            format!("/leads/{id}/contact"),
            contact(owner, "2020-01-01T00:00:00Z"),
            422,
            "implausible-instant",
        ),
        (
            "POST",
            format!("/leads/{id}/contact"),
            contact(owner, "2090-01-01T00:00:00Z"),
            422,
            "implausible-instant",
        ),
        ("POST", format!("/leads/{id}/contact"), contact(other, &now), 409, "not-yours"),
        (
            "POST",
            format!("/leads/{id}/recycle"),
            json!({ "reason": "later", "wake_at": now }),
            422,
            "implausible-instant",
        ),
        ("GET", "/leads?stage=asleep".to_owned(), Value::Null, 400, "malformed-query"),
        ("GET", "/leads?limit=0".to_owned(), Value::Null, 400, "malformed-query"),
        ("GET", "/leads?limit=201".to_owned(), Value::Null, 400, "malformed-query"),
        ("GET", "/leads?cursor=zq".to_owned(), Value::Null, 400, "malformed-query"),
        ("GET", "/leads?email=zq".to_owned(), Value::Null, 400, "malformed-query"),
        ("GET", "/leads?updated_after=yesterday".to_owned(), Value::Null, 400, "malformed-query"),
        ("GET", format!("/leads/{id}/timeline?limit=many"), Value::Null, 400, "malformed-query"),
        ("GET", "/submissions/zq".to_owned(), Value::Null, 404, "not-found"),
        ("GET", "/reps/zq".to_owned(), Value::Null, 404, "not-found"),
        ("GET", "/pools/zq".to_owned(), Value::Null, 404, "not-found"),
        ("PATCH", "/reps/zq".to_owned(), json!({}), 404, "not-found"),
        ("PATCH", "/reps/ann".to_owned(), json!({ "absent_from": now }), 422, "invalid-body"),
        ("GET", "/playbook/versions/99".to_owned(), Value::Null, 404, "not-found"),
        ("POST", "/playbook/versions/99/activate".to_owned(), Value::Null, 404, "not-found"),
        ("PUT", "/playbook".to_owned(), json!({ "playbook": "Half" }), 422, "invalid-playbook"),
        ("POST", "/playbook/validate".to_owned(), json!({ "playbook": "Half" }), 422, "invalid-playbook"),
    ];
    for (method, path, body, status, slug) in cases {
        let response = calm.crm(method, &path, &body, &calm.api_key);
        println!("{method} {path} {body}");
        problem(&response, status, slug);
        assert_eq!(calm.rows(), before, "{method} {path} changed something");
    }
    let illegal = calm.crm("POST", &format!("/leads/{id}/win"), &json!({}), &calm.api_key);
    assert_eq!(
        json(&illegal)["allowed"],
        json!(["accept", "reject", "contact", "recycle", "disqualify", "reassign", "erase"])
    );
    let huge = json!({ "rep_id": owner, "note": "x".repeat(65_536) });
    problem(&calm.crm("POST", &format!("/leads/{id}/accept"), &huge, &calm.api_key), 413, "body-too-large");
    for (body, status, slug) in [
        ("{", 400, "malformed-body"),
        ("{\"rep_id\":\"ann\"} {}", 400, "malformed-body"),
        ("[]", 422, "invalid-body"),
    ] {
        let mut odd = request("POST", &format!("/leads/{id}/accept"));
        odd.body = body.as_bytes().to_vec();
        problem(&calm.send(with(odd, "authorization", &format!("Bearer {}", calm.api_key))), status, slug);
    }
    let mut stale = request("POST", &format!("/leads/{id}/accept"));
    stale.body = json!({ "rep_id": owner }).to_string().into_bytes();
    let stale = with(with(stale, "authorization", &format!("Bearer {}", calm.api_key)), "if-match", "\"1\"");
    problem(&calm.send(stale), 412, "version-mismatch");
    assert_eq!(calm.rows(), before);
}

#[test]
fn a_playbook_is_refused_with_every_mistakes_path() {
    let calm = Calm::default();
    let broken = leadline_tests::calm::PLAYBOOK
        .replace("otherwise: first", "otherwise: nobody")
        .replace("email: bob@calm.example, calendar: always", "email: bob@calm.example, calendar: never")
        .replace("{rule: looked,", "{rule: asked,");
    let mut put = request("PUT", "/playbook");
    put.body = broken.into_bytes();
    let response = calm.send(with(put, "authorization", &format!("Bearer {}", calm.api_key)));
    let document = problem(&response, 422, "invalid-playbook");
    let paths: Vec<&str> =
        document["errors"].as_array().unwrap().iter().map(|e| e["path"].as_str().unwrap()).collect();
    for path in ["reps.bob.calendar", "routing.otherwise", "scoring.interest.rules[1]"] {
        assert!(paths.contains(&path), "{path} is not among {paths:?}");
    }
    assert_eq!(paths.len(), 3, "{document:#}");
}
