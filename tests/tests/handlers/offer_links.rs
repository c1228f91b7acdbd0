//! The signed link in an offer: looking changes nothing, the button acts, and only while the offer stands.

use leadline_runtime::http::Response;
use leadline_tests::calm::{Calm, PUBLIC_URL, header, request};
use serde_json::Value;

use super::scene::{id, offered, secs};

/// The path of the newest link in the mails to a rep.
fn link(calm: &Calm) -> String {
    let mails = calm.record().mails;
    let body = mails.iter().rev().find(|(_, m)| m.subject.starts_with("New lead")).unwrap().1.body.clone();
    let (_, rest) = body.split_once(PUBLIC_URL).unwrap();
    rest.split_whitespace().next().unwrap().to_owned()
}

fn press(calm: &Calm, path: &str, body: &str) -> Response {
    let mut post = request("POST", path);
    post.body = body.as_bytes().to_vec();
    calm.send(post)
}

#[test]
fn looking_changes_nothing_and_pressing_accepts_once() {
    let calm = Calm::default();
    let lead = offered(&calm, "ada@firm.example");
    let path = link(&calm);
    let before = calm.rows();
    for _ in 0..3 {
        let page = calm.send(request("GET", &path));
        assert_eq!(page.status, 200);
        assert_eq!(header(&page, "content-type"), Some("text/html; charset=utf-8"));
        assert!(page.body.contains("Accept this lead"), "{}", page.body);
    }
    assert_eq!(calm.rows(), before);
    assert_eq!(press(&calm, &path, "action=accept").status, 200);
    let after = calm.lead(id(&lead));
    assert_eq!(after["stage"], "accepted");
    let event = calm.timeline(id(&lead)).into_iter().find(|e| e["kind"] == "accepted").unwrap();
    assert_eq!(event["actor"]["rep_id"], lead["owner"]["rep_id"]);
    // A second press, and a third look.
    let version = after["version"].clone();
    assert_eq!(press(&calm, &path, "action=accept").status, 200);
    assert_eq!(calm.send(request("GET", &path)).status, 200);
    assert_eq!(calm.lead(id(&lead))["version"], version);
}

#[test]
fn a_rep_can_reject_with_a_reason_of_the_playbook() {
    let calm = Calm::default();
    let lead = offered(&calm, "ada@firm.example");
    let path = link(&calm);
    for wrong in ["", "action=dance", "action=reject", "action=reject&reason=bored"] {
        assert_eq!(press(&calm, &path, wrong).status, 422, "{wrong}");
    }
    assert_eq!(calm.lead(id(&lead))["version"], lead["version"]);
    assert_eq!(press(&calm, &path, "action=reject&reason=not-mine").status, 200);
    calm.run_queues();
    let after = calm.lead(id(&lead));
    assert_eq!(after["stage"], "offered");
    assert_ne!(after["owner"]["rep_id"], lead["owner"]["rep_id"]);
}

#[test]
fn a_link_that_is_altered_opens_nothing() {
    let calm = Calm::default();
    let lead = offered(&calm, "ada@firm.example");
    let path = link(&calm);
    let token = path.rsplit('/').next().unwrap();
    let rep = lead["owner"]["rep_id"].as_str().unwrap();
    let altered = [
        path.replace("~1~", "~2~"),
        path.replace(&format!("~{rep}."), "~dot."),
        path.replace(id(&lead), "ld_00000000000000000000000000000000"),
        format!("{path}A"),
        format!("/offers/{}", &token[..token.len() - 2]),
        "/offers/x".to_owned(),
        "/offers/a.b.c".to_owned(),
    ];
    let before = calm.rows();
    for path in altered {
        assert_eq!(calm.send(request("GET", &path)).status, 404, "{path}");
        let answer = press(&calm, &path, "action=accept");
        assert_eq!(answer.status, 404, "{path}");
        assert!(!answer.body.contains("firm.example"));
    }
    assert_eq!(calm.rows(), before);
}

#[test]
fn a_link_ends_with_its_offer_and_with_its_day() {
    let calm = Calm::default();
    let lead = offered(&calm, "ada@firm.example");
    let path = link(&calm);
    calm.advance(secs(60));
    let moved = calm.lead(id(&lead));
    assert_ne!(moved["owner"]["rep_id"], lead["owner"]["rep_id"]);
    let look = calm.send(request("GET", &path));
    assert_eq!(look.status, 410);
    assert!(look.body.contains("moved on") && !look.body.contains("firm.example"), "{}", look.body);
    assert_eq!(press(&calm, &path, "action=accept").status, 409);
    assert_eq!(calm.lead(id(&lead))["owner"], moved["owner"]);
    // A day after the time to accept is over, it is expired for everybody.
    calm.advance(secs(86_400 - 1));
    assert!(calm.send(request("GET", &path)).body.contains("moved on"));
    calm.advance(secs(1));
    for answer in [calm.send(request("GET", &path)), press(&calm, &path, "action=accept")] {
        assert_eq!(answer.status, 410);
        assert!(answer.body.contains("expired"), "{}", answer.body);
    }
    assert_eq!(calm.send(request("PUT", &path)).status, 410);
    assert_eq!(calm.lead(id(&lead))["owner"], Value::Null);
}
