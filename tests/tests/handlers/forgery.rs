//! Cursors, form tokens and visitor tokens that are forged, altered, out of date, or somebody else's.

use leadline_core::ids::{FormId, VisitorId};
use leadline_core::seal::{Purpose, Seal};
use leadline_edge::form_token;
use leadline_tests::calm::{Calm, json, request, submission};
use serde_json::{Value, json};

use super::scene::{form_token as token_of, id, offered, problem, secs, wants_demo, with};

fn page(calm: &Calm, query: &str) -> leadline_runtime::http::Response {
    // The world's requests take plain words only.
    let mut get = request("GET", "/leads");
    get.query = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(n, v)| (n.to_owned(), v.to_owned()))
        .collect();
    calm.send(with(get, "authorization", &format!("Bearer {}", calm.api_key)))
}

#[test]
fn a_cursor_is_taken_as_it_was_given_and_in_its_list_only() {
    let calm = Calm::default();
    let leads: Vec<Value> = (0..4).map(|n| offered(&calm, &format!("p{n}@firm.example"))).collect();
    let owner = leads[0]["owner"]["rep_id"].as_str().unwrap().to_owned();
    let other = if owner == "ann" { "bob" } else { "ann" };
    let first = page(&calm, &format!("limit=1&owner={owner}"));
    let cursor = json(&first)["next_cursor"].as_str().unwrap().to_owned();
    let next = page(&calm, &format!("limit=1&owner={owner}&cursor={cursor}"));
    assert_eq!(next.status, 200, "{}", next.body);
    assert_ne!(json(&next)["leads"], json(&first)["leads"]);
    // Any one letter changed, anything cut off or added.
    let mut altered: Vec<String> = (0..cursor.len())
        .map(|at| {
            let letter = if &cursor[at..=at] == "A" { "B" } else { "A" };
            format!("{}{letter}{}", &cursor[..at], &cursor[at + 1..])
        })
        .collect();
    altered.extend([
        format!("{cursor}A"),
        cursor[1..].to_owned(),
        cursor.split('.').next().unwrap().to_owned(),
        // As they were before they were signed: a place of the caller's choice.
        "eyJzaGFyZCI6MCwia2V5IjpudWxsfQ".to_owned(),
        "eyJzaGFyZCI6MCwia2V5Ijp7InBrIjoieCIsInNrIjoieCIsIm93bl9rZXkiOiJ4Iiwib3duX3NvcnQiOiJ4In19".to_owned(),
        "x".repeat(5_000),
    ]);
    for cursor in altered {
        for list in [format!("owner={owner}"), "limit=1".to_owned()] {
            problem(&page(&calm, &format!("{list}&cursor={cursor}")), 400, "malformed-query");
        }
    }
    for list in [
        format!("owner={other}"),
        "limit=1".to_owned(),
        format!("owner={owner}&updated_after=2026-01-01T00:00:00Z"),
    ] {
        problem(&page(&calm, &format!("{list}&cursor={cursor}")), 400, "malformed-query");
    }
}

#[test]
fn a_visitor_is_nobody_without_the_token_that_was_given_out() {
    let calm = Calm::default();
    let token = token_of(&calm, "demo");
    calm.advance(secs(5));
    let mut first = wants_demo("ada@firm.example");
    first["_token"] = json!(token);
    first["company"] = json!("Firm");
    let lead = calm.lead_of(&calm.submitted("demo", &first));
    calm.run_queues();
    let another = token_of(&calm, "demo");
    let seal = |byte: u8| Seal::new(&[byte; 32]).unwrap();
    let demo = FormId::parse("demo").unwrap();
    let visitor = VisitorId::from_bits([9; 16]);
    let payload = token.rsplit_once('.').unwrap().0;
    let spoofs = [
        ("none", String::new()),
        ("garbage", "x.1.y".to_owned()),
        ("another visitor's", another.clone()),
        ("of another secret", form_token::issue(&seal(1), &demo, &visitor, calm.now())),
        ("signed for another purpose", seal(42).sign(Purpose::Offer, payload, calm.now() + secs(60))),
        ("without its signature", payload.to_owned()),
        ("with another's signature", format!("{payload}.{}", another.rsplit_once('.').unwrap().1)),
        ("in capitals", token.to_uppercase()),
        ("with something behind it", format!("{token}A")),
        ("out of date", form_token::issue(&seal(42), &demo, &visitor, calm.now() - secs(86_400 * 401))),
    ];
    for (n, (what, spoof)) in spoofs.into_iter().enumerate() {
        let mut typed = wants_demo("ada@firm.example");
        typed["company"] = json!(format!("Evil {n}"));
        typed["_visitor"] = json!(spoof);
        let joined = calm.lead_of(&calm.submitted("demo", &typed));
        assert_eq!(joined["lead_id"], lead["lead_id"], "{what}");
        assert_eq!(joined["company"]["name"], "Firm", "{what}");
    }
    // The same token does replace, or this test would prove nothing.
    let mut typed = wants_demo("ada@firm.example");
    typed["company"] = json!("New Firm");
    typed["_visitor"] = json!(token);
    let joined = calm.lead_of(&calm.submitted("demo", &typed));
    assert_eq!((&joined["lead_id"], &joined["company"]["name"]), (&lead["lead_id"], &json!("New Firm")));
}

#[test]
fn no_token_opens_a_door_that_it_was_not_made_for() {
    let calm = Calm::default();
    let lead = offered(&calm, "ada@firm.example");
    let token = token_of(&calm, "demo");
    let rows = calm.rows();
    let key = calm.api_key.clone();
    let seal = Seal::new(&[42; 32]).unwrap();
    let payload = format!("{}~1~{}", id(&lead), lead["owner"]["rep_id"].as_str().unwrap());
    let as_form = seal.sign(Purpose::Form, &payload, calm.now() + secs(60));
    for token in [&token, &key, &as_form, &payload] {
        let mut post = request("POST", "/offers/x");
        post.path[1] = token.clone();
        post.body = b"action=accept".to_vec();
        assert_eq!(calm.send(post).status, 404, "{token}");
    }
    assert_eq!(calm.rows(), rows);
    // An offer's token does not make a form's submission look read by a person.
    let as_offer = seal.sign(Purpose::Offer, token.rsplit_once('.').unwrap().0, calm.now() + secs(60));
    let answers = json!({ "email": "eve@firm.example", "_token": as_offer });
    let response = calm.send(with(submission("demo", &answers), "origin", "https://site.example"));
    let eve = calm.lead_of(json(&response)["submission_id"].as_str().unwrap());
    assert_eq!(eve["touches"][0]["verdict"]["signals"], json!(["forged_token"]));
}
