//! What a caller says about itself or about a lead's state, where nobody asked: it changes nothing.

use leadline_runtime::http::{Request, Response};
use leadline_tests::calm::{Calm, PUBLIC_URL, json, request, submission};
use serde_json::{Map, Value, json};

use super::scene::{browser_post, id, offered, problem, wants_demo, with};

/// A request as API Gateway hands it over.
fn gateway(method: &str, path: &str, headers: &Value, body: &str) -> Request {
    let event = json!({
        "path": path,
        "httpMethod": method,
        "headers": headers,
        "requestContext": {
            "httpMethod": method, "domainName": "calm.example", "identity": { "sourceIp": "203.0.113.7" },
        },
        "body": body,
        "isBase64Encoded": false,
    });
    Request::from_gateway(serde_json::from_value(event).unwrap()).unwrap()
}

#[test]
fn no_header_decides_over_method_host_or_links() {
    let calm = Calm::default();
    let spoofed = json!({
        "Content-Type": "application/json", "Host": "evil.example", "X-Forwarded-Host": "evil.example",
        "Forwarded": "host=evil.example;proto=http", "X-Original-URL": "/playbook", "X-Rewrite-URL": "/playbook",
        "X-HTTP-Method-Override": "DELETE", "X-Method-Override": "PUT", "X-HTTP-Method": "PUT",
    });
    let answers = wants_demo("ada@firm.example").to_string();
    let taken = calm.send(gateway("POST", "/forms/demo/submissions", &spoofed, &answers));
    assert_eq!(taken.status, 202, "{}", taken.body);
    calm.run_queues();
    let mails = calm.record().mails;
    let (_, offer) = mails.iter().find(|(_, m)| m.subject.starts_with("New lead")).unwrap();
    assert!(offer.body.contains(&format!("{PUBLIC_URL}/offers/")), "{:?}", offer.body);
    for (_, mail) in &mails {
        assert!(!mail.body.contains("evil.example"), "{:?}", mail.body);
    }
    // A page answers for itself, whatever host it was asked under.
    let page = calm.send(gateway("GET", "/forms/demo", &spoofed, ""));
    assert!(page.status == 200 && !page.body.contains("evil.example"));
    let override_by = |header: &str| {
        let rows = calm.rows();
        let headers = json!({ "Authorization": format!("Bearer {}", calm.api_key), header: "PUT" });
        let read = calm.send(gateway("GET", "/playbook", &headers, "playbook: Evil"));
        assert_eq!((read.status, calm.rows() == rows), (200, true), "{header}");
    };
    ["X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method", "_method"]
        .into_iter()
        .for_each(override_by);
    // The site of an origin is compared with the host that API Gateway answers to, not with the one that is claimed.
    let own = json!({ "Content-Type": "application/json", "Host": "evil.example", "Origin": "https://evil.example" });
    let partner = json!({ "email": "e@firm.example", "company": "Firm", "kind": "agency", "terms": true });
    let refused = calm.send(gateway("POST", "/forms/strict/submissions", &own, &partner.to_string()));
    problem(&refused, 403, "origin-not-allowed");
}

/// What people, machines and the API's own documents call a lead's state.
const STATE: [&str; 34] = [
    "score",
    "fit",
    "interest",
    "grade",
    "owner",
    "owner_id",
    "owner.rep_id",
    "owner[rep_id]",
    "rep_id",
    "pool_id",
    "accountable",
    "stage",
    "status",
    "state",
    "lead_id",
    "id",
    "version",
    "cycle",
    "tenant_id",
    "form",
    "form_id",
    "submission_id",
    "verdict",
    "reason",
    "parked",
    "merged_into",
    "clocks",
    "due_at",
    "qualified_at",
    "received_at",
    "effective",
    "admin",
    "scopes",
    "visitor",
];

/// A lead without what no two leads share.
fn state(lead: &Value) -> Value {
    let mut state = lead.clone();
    let map = state.as_object_mut().unwrap();
    for own in ["lead_id", "touches", "owner", "accountable", "route", "contact", "company", "provenance"] {
        map.remove(own);
    }
    state["held"] = json!([lead["owner"]["offer"], lead["owner"]["pool_id"], lead["owner"]["accepted_at"]]);
    state
}

#[test]
fn a_lead_is_not_told_its_own_state() {
    for value in
        [json!("100"), json!("ann"), json!("won"), json!("ld_00000000000000000000000000000000"), json!(true)]
    {
        let calm = Calm::default();
        let plain = offered(&calm, "ada@firm.example");
        let mut answers = wants_demo("eve@firm.example");
        for name in STATE {
            answers[name] = value.clone();
        }
        let submission = calm.submitted("demo", &answers);
        calm.run_queues();
        let lead = calm.lead_of(&submission);
        assert_eq!(state(&lead), state(&plain), "{value}");
        // They are answers like any other.
        let typed = lead["touches"][0]["answers"].as_object().unwrap();
        assert_eq!(typed.len(), STATE.len() + 2);
        // Nor is one that is there already, by whoever knows its address.
        let before = calm.lead(id(&plain));
        let mut again = answers.clone();
        again["email"] = json!("ada@firm.example");
        calm.submitted("demo", &again);
        calm.run_queues();
        let after = calm.lead(id(&plain));
        for kept in [
            "lead_id",
            "stage",
            "owner",
            "cycle",
            "merged_into",
            "accountable",
            "qualified_at",
            "received_at",
        ] {
            assert_eq!(after[kept], before[kept], "{kept} by {value}");
        }
    }
}

#[test]
fn an_answer_takes_nothing_that_it_does_not_ask_for() {
    let calm = Calm::default();
    let lead = offered(&calm, "ada@firm.example");
    let rows = calm.rows();
    for name in STATE.into_iter().filter(|name| *name != "rep_id") {
        let mut body = Map::from_iter([("rep_id".to_owned(), lead["owner"]["rep_id"].clone())]);
        body.insert(name.to_owned(), json!("x"));
        let response =
            calm.crm("POST", &format!("/leads/{}/accept", id(&lead)), &Value::Object(body), &calm.api_key);
        problem(&response, 422, "invalid-body");
    }
    // Nor does one that says the same thing twice: whichever counted, another reader may take the other.
    let mut twice = request("POST", &format!("/leads/{}/accept", id(&lead)));
    twice.body = format!("{{\"rep_id\":\"dot\",\"rep_id\":{}}}", lead["owner"]["rep_id"]).into_bytes();
    problem(
        &calm.send(with(twice, "authorization", &format!("Bearer {}", calm.api_key))),
        422,
        "invalid-body",
    );
    assert_eq!(calm.rows(), rows);
}

/// An answer without the one thing that differs between any two submissions.
fn shape(response: &Response) -> (u16, Vec<(&'static str, String)>, String) {
    let document = json(response);
    let own = document["submission_id"].as_str().map(str::to_owned);
    let body = own.map_or(response.body.clone(), |own| response.body.replace(&own, "ID"));
    assert!(!body.contains("ld_") && !body.contains("lead_id"), "{body}");
    (response.status, response.headers.clone(), body)
}

#[test]
fn nobody_learns_from_an_answer_whether_somebody_is_known() {
    let calm = Calm::default();
    offered(&calm, "ada@firm.example");
    let trapped = |email: &str| {
        let mut answers = wants_demo(email);
        answers["fax"] = json!("1");
        answers
    };
    let known = calm.submit("demo", &json!({ "email": "ada@firm.example", "wish": "more" }));
    for (what, other) in [
        ("unknown", calm.submit("demo", &json!({ "email": "new@firm.example", "wish": "more" }))),
        ("the same once more", calm.submit("demo", &json!({ "email": "ada@firm.example", "wish": "more" }))),
        ("a function's address", calm.submit("demo", &json!({ "email": "info@firm.example" }))),
        ("spam on the known", calm.submit("demo", &trapped("ada@firm.example"))),
        ("spam on nobody", calm.submit("demo", &trapped("nobody@firm.example"))),
        ("a competitor", calm.submit("demo", &wants_demo("spy@rival.example"))),
    ] {
        assert_eq!(shape(&other), shape(&known), "{what}");
    }
    // In a browser as well.
    let pages: Vec<_> = ["ada%40firm.example", "other%40firm.example"]
        .map(|email| calm.send(browser_post("demo", &format!("email={email}&wish=page"))))
        .iter()
        .map(shape)
        .collect();
    assert_eq!(pages[0], pages[1]);
    // And a refusal is decided by what was typed alone.
    let refusals: Vec<_> = ["ada@firm.example", "other@firm.example"]
        .map(|email| calm.send(submission("demo", &json!({ "email": email, "country": "Atlantis" }))))
        .iter()
        .map(shape)
        .collect();
    assert_eq!(refusals[0], refusals[1]);
}

#[test]
fn every_answer_has_the_headers_that_keep_it_where_it_belongs() {
    let calm = Calm::default();
    let lead = offered(&calm, "ada@firm.example");
    let link =
        calm.record().mails.into_iter().find(|(_, m)| m.subject.starts_with("New lead")).unwrap().1.body;
    let (_, rest) = link.split_once(PUBLIC_URL).unwrap();
    let link = rest.split_whitespace().next().unwrap().to_owned();
    let keyed = |path: &str| with(request("GET", path), "authorization", &format!("Bearer {}", calm.api_key));
    let page = |path: &str| with(request("GET", path), "accept", "text/html");
    let asked = [
        request("GET", "/forms/demo"),
        request("GET", "/forms/demo?sent=1"),
        request("GET", "/forms/demo/embed.js"),
        page("/forms/nowhere"),
        browser_post("demo", "email=no"),
        browser_post("demo", "email=a%40firm.example"),
        submission("demo", &wants_demo("b@firm.example")),
        submission("demo", &json!({})),
        request("GET", &link),
        request("GET", "/offers/x"),
        request("GET", "/openapi.json"),
        keyed("/leads"),
        keyed(&format!("/leads/{}", id(&lead))),
        keyed("/playbook"),
        keyed("/nothing"),
        request("GET", "/leads"),
    ];
    for request in asked {
        let what = request.path.join("/");
        let response = calm.send(request).into_gateway();
        let only = |name: &str| {
            let all: Vec<_> = response.headers.get_all(name).iter().collect();
            assert!(all.len() <= 1, "{what}: {name} stands {} times", all.len());
            all.first().map_or("", |value| value.to_str().unwrap())
        };
        assert_eq!(only("x-content-type-options"), "nosniff", "{what}");
        assert_eq!(only("referrer-policy"), "no-referrer", "{what}");
        assert!(only("strict-transport-security").starts_with("max-age="), "{what}");
        assert_eq!(only("cache-control"), "no-store", "{what}");
        assert_eq!(only("access-control-allow-credentials"), "", "{what}");
        let kind = only("content-type");
        assert!(!kind.is_empty(), "{what}");
        if kind.starts_with("text/html") {
            let policy = only("content-security-policy");
            assert!(policy.starts_with("default-src 'none'; "), "{what}: {policy}");
            assert!(policy.contains("base-uri 'none'"), "{what}: {policy}");
            assert!(!policy.contains("unsafe-") && !policy.contains('*'), "{what}: {policy}");
            // A click in a hidden frame must answer no offer. Forms may be framed: that is how some sites show them.
            assert_eq!(
                policy.contains("frame-ancestors 'none'"),
                what.starts_with("offers"),
                "{what}: {policy}"
            );
        }
    }
}
