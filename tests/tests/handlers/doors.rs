//! Who may come in, how often, from where, and what a browser gets as against a program.

use leadline_runtime::http::Request;
use leadline_tests::calm::{Calm, header, json, request, submission};
use serde_json::json;

use super::scene::{browser_post, problem, secs, with};

fn application(n: usize) -> serde_json::Value {
    json!({ "email": format!("p{n}@firm.example"), "company": "Firm", "kind": "agency", "terms": true })
}

#[test]
fn the_limit_holds_at_exactly_the_next_one_and_tells_when_it_ends() {
    let calm = Calm::default();
    for n in 1..=3 {
        assert_eq!(calm.submit("strict", &application(n)).status, 202, "submission {n}");
    }
    let refused = calm.submit("strict", &application(4));
    problem(&refused, 429, "too-many-submissions");
    // The world begins 20 seconds into a minute.
    assert_eq!(header(&refused, "retry-after"), Some("40"));
    calm.advance(secs(39));
    assert_eq!(header(&calm.submit("strict", &application(4)), "retry-after"), Some("1"));
    assert_eq!(calm.leads().len(), 3);
    calm.advance(secs(1));
    assert_eq!(calm.submit("strict", &application(4)).status, 202);
    // Another address has its own count, and so has another form.
    let calm = Calm::default();
    for n in 0..4 {
        calm.submit("strict", &application(n));
    }
    let mut elsewhere = submission("strict", &application(9));
    elsewhere.source_ip = "192.0.2.2".to_owned();
    assert_eq!(calm.send(elsewhere).status, 202);
    assert_eq!(calm.submit("demo", &json!({ "email": "q@firm.example" })).status, 202);
}

#[test]
fn no_header_moves_a_caller_into_another_bucket() {
    let calm = Calm::default();
    let spoofed = |n: usize| -> Request {
        let address = format!("198.51.100.{n}");
        let event = json!({
            "path": "/forms/strict/submissions",
            "httpMethod": "POST",
            "headers": {
                "Content-Type": "application/json", "X-Forwarded-For": address, "X-Real-IP": address,
                "Forwarded": format!("for={address}"), "True-Client-IP": address, "CF-Connecting-IP": address,
            },
            "requestContext": { "httpMethod": "POST", "identity": { "sourceIp": "203.0.113.7" } },
            "body": application(n).to_string(),
            "isBase64Encoded": false,
        });
        Request::from_gateway(serde_json::from_value(event).unwrap()).unwrap()
    };
    let statuses: Vec<u16> = (0..5).map(|n| calm.send(spoofed(n)).status).collect();
    assert_eq!(statuses, [202, 202, 202, 429, 429]);
    // And none puts somebody else into the first one's bucket.
    let mut victim = spoofed(8);
    victim.source_ip = "203.0.113.8".to_owned();
    let victim = with(victim, "x-forwarded-for", "203.0.113.7");
    assert_eq!(calm.send(victim).status, 202);
}

#[test]
fn a_limiter_that_does_not_answer_lets_everybody_in() {
    let calm = Calm::default();
    calm.break_counters(true);
    for n in 0..6 {
        assert_eq!(calm.submit("strict", &application(n)).status, 202, "submission {n}");
    }
    calm.run_queues();
    assert_eq!(calm.leads().len(), 6);
}

#[test]
fn only_listed_sites_and_our_own_page_may_post_from_a_browser() {
    let post = |origin: Option<&str>| {
        let calm = Calm::default();
        let before = calm.twin().len();
        let request = submission("strict", &application(1));
        let request = match origin {
            Some(origin) => with(request, "origin", origin),
            None => request,
        };
        let response = calm.send(request);
        let stored = calm.twin().len() - before;
        (response, stored)
    };
    for origin in ["https://good.example", "https://calm.example"] {
        let (response, stored) = post(Some(origin));
        assert_eq!(response.status, 202, "{origin}");
        assert_eq!(header(&response, "access-control-allow-origin"), Some(origin));
        assert_eq!(header(&response, "vary"), Some("origin"));
        assert!(stored > 0);
    }
    for origin in ["https://evil.example", "http://good.example", "https://good.example.evil.example", "null"]
    {
        let (response, stored) = post(Some(origin));
        problem(&response, 403, "origin-not-allowed");
        assert_eq!(header(&response, "access-control-allow-origin"), None, "{origin}");
        assert_eq!(stored, 0, "{origin}");
    }
    // A program says no origin, and a page that is refused may still read why.
    let (response, _) = post(None);
    assert_eq!((response.status, header(&response, "access-control-allow-origin")), (202, None));
    let calm = Calm::default();
    let wrong = with(submission("strict", &json!({})), "origin", "https://good.example");
    let response = calm.send(wrong);
    assert_eq!(response.status, 422);
    assert_eq!(header(&response, "access-control-allow-origin"), Some("https://good.example"));
}

#[test]
fn a_preflight_tells_what_may_follow() {
    let calm = Calm::default();
    let ask = |form: &str, origin: &str| {
        calm.send(with(request("OPTIONS", &format!("/forms/{form}/submissions")), "origin", origin))
    };
    let yes = ask("strict", "https://good.example");
    assert_eq!(yes.status, 204);
    assert_eq!(header(&yes, "access-control-allow-origin"), Some("https://good.example"));
    assert_eq!(header(&yes, "access-control-allow-methods"), Some("POST"));
    assert_eq!(header(&yes, "access-control-allow-headers"), Some("content-type, idempotency-key"));
    assert_eq!(header(&yes, "vary"), Some("origin"));
    problem(&ask("strict", "https://evil.example"), 403, "origin-not-allowed");
    problem(&ask("strict", "null"), 403, "origin-not-allowed");
    assert_eq!(ask("demo", "https://anybody.example").status, 204);
}

#[test]
fn a_browser_gets_pages_and_a_program_gets_documents() {
    let calm = Calm::default();
    let sent = calm.send(browser_post("demo", "email=ada%40firm.example&wish=demo"));
    assert_eq!((sent.status, header(&sent, "location")), (303, Some("../demo?sent=1")));
    let thanks = calm.send(request("GET", "/forms/demo?sent=1"));
    assert_eq!(thanks.status, 200);
    assert!(thanks.body.contains("Thank you"));
    let elsewhere = calm.send(browser_post("strict", "email=a%40b.example&company=B&kind=agency&terms=on"));
    assert_eq!(
        (elsewhere.status, header(&elsewhere, "location")),
        (303, Some("https://good.example/thanks"))
    );

    let rows = calm.rows();
    let wrong = calm.send(browser_post("demo", "email=no&first_name=%3Cb%3EAda&wish=demo"));
    assert_eq!(wrong.status, 422);
    assert_eq!(header(&wrong, "content-type"), Some("text/html; charset=utf-8"));
    assert!(wrong.body.contains("value=\"&lt;b&gt;Ada\""), "{}", wrong.body);
    assert!(wrong.body.contains("value=\"no\""));
    assert!(!wrong.body.contains("<b>Ada"));
    assert_eq!(calm.rows(), rows);
    let missing = calm.send(browser_post("nowhere", "email=a%40b.example"));
    assert_eq!((missing.status, header(&missing, "content-type")), (404, Some("text/html; charset=utf-8")));

    let mut program = browser_post("demo", "email=bob%40firm.example");
    program.headers.insert("accept".to_owned(), "application/json".to_owned());
    let answer = calm.send(program);
    assert_eq!(answer.status, 202);
    assert_eq!(json(&answer).as_object().unwrap().keys().collect::<Vec<_>>(), ["submission_id"]);
}

#[test]
fn three_encodings_make_the_same_lead() {
    let answers = [("email", "ada@firm.example"), ("first_name", "Ada & Łucja 🙂"), ("wish", "demo")];
    let multipart: String = answers
        .iter()
        .map(|(n, v)| format!("--b\r\ncontent-disposition: form-data; name=\"{n}\"\r\n\r\n{v}\r\n"))
        .chain(["--b--\r\n".to_owned()])
        .collect();
    let bodies = [
        ("application/json", r#"{"email":"ada@firm.example","first_name":"Ada & Łucja 🙂","wish":"demo"}"#),
        (
            "application/x-www-form-urlencoded",
            "email=ada%40firm.example&first_name=Ada+%26+%C5%81ucja+%F0%9F%99%82&wish=demo",
        ),
        ("multipart/form-data; boundary=b", multipart.as_str()),
    ];
    let calm = Calm::default();
    let ids: Vec<serde_json::Value> = bodies
        .iter()
        .map(|(kind, body)| {
            let mut request = request("POST", "/forms/demo/submissions");
            request.body = body.as_bytes().to_vec();
            let response = calm.send(with(request, "content-type", kind));
            assert_eq!(response.status, 202, "{}", response.body);
            json(&response)["submission_id"].clone()
        })
        .collect();
    // The same answers, however written, are one submission.
    assert_eq!(ids[0], ids[1]);
    assert_eq!(ids[0], ids[2]);
    let lead = calm.lead_of(ids[0].as_str().unwrap());
    assert_eq!(lead["contact"]["first_name"], "Ada & Łucja 🙂");
    assert_eq!(lead["touches"].as_array().unwrap().len(), 1);
}
