//! Canaries: personal data of a kind that nothing else has goes through everything, failures included, and must not
//! come out where it does not belong.

use jiff::Timestamp;
use leadline_runtime::http::Response;
use leadline_runtime::ports::{HttpError, HttpResponse, MailError};
use leadline_store::{AttributeValue, Item};
use leadline_tests::calm::{Calm, PLAYBOOK, logged, request, submission, text};
use serde_json::{Value, json};

use super::scene::{answer, id, secs, with};

/// Every canary holds one of these; the digits are those of the telephone number.
const TOKENS: [&str; 2] = ["zqx", "30901820"];

const EXTRAS: &str = "  channels:
    crm: {webhook: {url: \"https://crm.example/hook\", secret: crm-key}}
    chat: {slack: {url_secret: chat-url}}
  offers: [crm, chat]
  escalations: [crm]
  alerts: [chat]
enrichment:
  providers:
    - {provider: firmo, url: \"https://firmo.example/{domain}?mail={email}\", fields: {company.industry: /branch}}
";

fn betrays(text: &str) -> Option<&'static str> {
    let text = text.to_lowercase();
    TOKENS.into_iter().find(|token| text.contains(token))
}

fn person(n: usize) -> Value {
    json!({
        "email": format!("zqxmail{n}@zqxdomain{n}.example"),
        "first_name": "Zqxfirst", "last_name": "Zqxlast", "company": "Zqxcompany", "title": "Head of Zqxtitle",
        "phone": "+49 30 901820", "country": "Germany", "wish": "demo zqxwish", "message": "zqxmessage",
        "zqxinput": "zqxvalue", "newsletter": true,
        "utm_source": "zqxsource", "utm_campaign": "zqxcampaign", "gclid": "zqxclick",
        "page_url": "https://zqxpage.example/?q=zqxquery", "referrer": "https://zqxreferrer.example/",
    })
}

fn failing(calm: &Calm) {
    let (mut https, mut mails, mut events) = (0, 0, 0);
    calm.receivers(|receivers| {
        receivers.http = Box::new(move |request| {
            https += 1;
            let echo = || {
                let body = format!("{} {}", request.url, String::from_utf8_lossy(&request.body)).into_bytes();
                HttpResponse { status: 500, retry_after_s: None, body }
            };
            match https % 5 {
                _ if request.url.contains("crm.example") => Ok(echo()),
                0 => Err(HttpError::TimedOut),
                1 => Ok(echo()),
                2 => Ok(HttpResponse { status: 200, ..echo() }),
                3 => Err(HttpError::NotAllowed("a private address")),
                _ => Ok(HttpResponse {
                    status: 200,
                    retry_after_s: None,
                    body: br#"{"branch":"zqxbranch"}"#.to_vec(),
                }),
            }
        });
        receivers.mail = Box::new(move |_| {
            mails += 1;
            match mails % 3 {
                0 => Err(MailError::Refused),
                1 => Err(MailError::Unavailable),
                _ => Ok(()),
            }
        });
        receivers.bus = Box::new(move |_| {
            events += 1;
            events % 4 != 0
        });
    });
}

/// Problems that a caller or somebody else is shown.
fn problems(calm: &Calm, lead: &str) -> Vec<Response> {
    let mut all = Vec::new();
    let typed = |body: &str, kind: &str| {
        let mut post = request("POST", "/forms/demo/submissions");
        post.body = body.as_bytes().to_vec();
        calm.send(with(post, "content-type", kind))
    };
    all.push(typed(r#"{"email":"zqx@zqx.example","zqxkey":{"zqx":1}}"#, "application/json"));
    all.push(typed(r#"{"email":"zqx@zqx.example" zqx"#, "application/json"));
    all.push(typed(r#"{"zqx":1,"zqx":2}"#, "application/json"));
    all.push(typed("zqx", "application/zqx"));
    all.push(typed("email=zqx&country=zqx", "application/x-www-form-urlencoded"));
    all.push(typed("zqx", "multipart/form-data; boundary=zqx"));
    all.push(calm.submit("zqxform", &person(1)));
    let mut strict = person(1);
    strict["kind"] = json!("zqxkind");
    strict["size"] = json!("zqxsize");
    all.push(calm.submit("strict", &strict));
    all.push(calm.send(with(submission("strict", &strict), "origin", "https://zqxorigin.example")));
    for n in 0..4 {
        let again = with(submission("demo", &person(50 + n)), "idempotency-key", "zqxkey");
        all.push(calm.send(again));
    }
    let path = |verb: &str| format!("/leads/{lead}/{verb}");
    let ask = |method: &str, path: &str, body: Value| calm.crm(method, path, &body, &calm.api_key);
    all.push(ask("POST", &path("accept"), json!({ "rep_id": "zqxrep" })));
    all.push(ask("POST", &path("accept"), json!({ "rep_id": "Zqx Rep" })));
    all.push(ask("POST", &path("reject"), json!({ "rep_id": "ann", "reason": "zqx says Ünwanted" })));
    all.push(ask("POST", &path("lose"), json!({ "reason": "zqx@zqx.example" })));
    all.push(ask("POST", &path("contact"), json!({ "rep_id": "ann", "channel": "zqxchannel" })));
    all.push(ask("POST", &path("win"), json!({})));
    all.push(ask("POST", &path("zqxverb"), json!({})));
    all.push(ask("GET", "/leads/zqxlead", Value::Null));
    all.push(ask("GET", "/leads?email=zqx", Value::Null));
    all.push(ask("GET", "/leads?cursor=zqx", Value::Null));
    all.push(ask("GET", "/leads?updated_after=zqx", Value::Null));
    all.push(calm.crm("GET", "/leads", &Value::Null, "llk_zqx_zqx"));
    all.push(calm.send(request("GET", &path("timeline"))));
    all
}

/// A row's texts, in depth; names of attributes included.
fn texts(item: &Item, found: &mut Vec<String>) {
    for (name, value) in item {
        found.push(name.clone());
        text_of(value, found);
    }
}

fn text_of(value: &AttributeValue, found: &mut Vec<String>) {
    match value {
        AttributeValue::S(text) => found.push(text.clone()),
        AttributeValue::L(list) => list.iter().for_each(|v| text_of(v, found)),
        AttributeValue::M(map) => map.iter().for_each(|(name, v)| {
            found.push(name.clone());
            text_of(v, found);
        }),
        _ => {}
    }
}

/// The whole life of several leads, with everything outside failing now and then.
fn lives(calm: &Calm) -> Vec<Response> {
    failing(calm);
    let mut ids = Vec::new();
    for n in 0..6 {
        let submission_id = calm.submitted("demo", &person(n));
        calm.advance(secs(3));
        ids.push(id(&calm.lead_of(&submission_id)).to_owned());
    }
    let mut trapped = person(0);
    trapped["fax"] = json!("zqxfax");
    let quarantined = calm.lead_of(&calm.submitted("demo", &trapped));
    calm.ask("POST", &format!("/leads/{}/release", id(&quarantined)), &json!({}));
    let mut rival = person(7);
    rival["email"] = json!("zqxspy@rival.example");
    calm.submitted("demo", &rival);
    let mut shared = person(8);
    shared["email"] = json!("info@zqxdomain8.example");
    calm.submitted("demo", &shared);
    calm.run_queues();
    let accepted = answer(calm, &calm.lead(&ids[0]), "accept", &json!({}));
    let contact = json!({ "channel": "phone", "direction": "inbound", "outcome": "connected", "occurred_at": calm.now().to_string() });
    let working = answer(calm, &accepted, "contact", &contact);
    answer(calm, &working, "lose", &json!({ "reason": "price" }));
    answer(calm, &calm.lead(&ids[2]), "accept", &json!({}));
    let rejected = calm.lead(&ids[1]);
    answer(calm, &rejected, "reject", &json!({ "reason": "not-mine" }));
    for rep in ["ann", "bob", "cat", "dot"] {
        calm.ask("PATCH", &format!("/reps/{rep}"), &json!({ "away": true }));
    }
    calm.submitted("demo", &person(9));
    calm.advance(secs(900));
    let problems = problems(calm, &ids[2]);
    // Everything is lost for hours, so that a lead gets stuck; then three days for all retries.
    calm.submitted("demo", &person(10));
    calm.purge();
    calm.lose_messages(true);
    calm.advance(secs(7_400));
    calm.lose_messages(false);
    calm.break_counters(true);
    calm.submitted("demo", &person(11));
    calm.advance(secs(6 * 86_400));
    problems
}

#[test]
fn personal_data_stays_where_it_belongs() {
    let calm = Calm::new(&format!("{PLAYBOOK}{EXTRAS}"));
    calm.set_secret("crm-key", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    calm.set_secret("chat-url", "https://chat.example/zqxsecret");
    let (problems, log) = logged(|| lives(&calm));
    let record = calm.record();

    // The canaries did fly, and the failures did happen.
    assert!(record.mails.iter().any(|(_, m)| betrays(&m.body).is_some()));
    for said in [
        "submission taken",
        "mail_refused",
        "delivery_dead",
        "\"stuck\"",
        "not_json",
        "rate_limit_unavailable",
        "bus did not take",
    ] {
        assert!(log.contains(said), "nothing was logged about {said}");
    }
    assert!(record.wake_ups.len() > 100 && record.events.len() > 20);

    for line in log.lines() {
        assert_eq!(betrays(line), None, "a log line: {line}");
    }
    for (_, wake_up) in &record.wake_ups {
        let body = serde_json::to_string(wake_up).unwrap();
        assert!(body.is_ascii());
        assert_eq!(betrays(&body), None, "a wake-up: {body}");
    }
    for event in record.events.iter().flat_map(|(_, batch)| batch) {
        assert_eq!(
            betrays(&format!("{} {} {}", event.id, event.kind, event.detail)),
            None,
            "an event: {}",
            event.detail
        );
    }
    let refused: Vec<&Response> = problems.iter().filter(|p| p.status >= 400).collect();
    assert!(refused.len() >= 24, "only {} problems", refused.len());
    for response in refused {
        assert_eq!(betrays(&response.body), None, "a problem: {}", response.body);
    }
    for (_, request) in record.requests.iter().filter(|(_, r)| r.url.contains("crm.example")) {
        assert_eq!(betrays(&String::from_utf8_lossy(&request.body)), None, "a webhook");
    }
    // To the prospect goes nothing that was typed.
    for (_, mail) in record.mails.iter().filter(|(_, m)| m.to.contains("zqx")) {
        assert_eq!(betrays(&format!("{} {}", mail.subject, mail.body)), None, "an acknowledgement");
    }
    // No key of any row, no timeline, no delivery, no counter, claim or receipt holds any of it.
    for item in calm.twin().snapshot() {
        let (pk, sk) = (text(&item, "pk"), text(&item, "sk"));
        assert_eq!(betrays(&format!("{pk} {sk}")), None, "a key: {pk} {sk}");
        let personal =
            ["SUB#", "ENR#", "LEAD"].iter().any(|kind| pk.starts_with("LEAD#") && sk.starts_with(kind));
        if !personal {
            let mut found = Vec::new();
            texts(&item, &mut found);
            assert_eq!(betrays(&found.join(" ")), None, "row {pk} {sk}");
        }
    }
    let ends: Timestamp = calm.now();
    assert!(calm.leads().iter().all(|lead| lead.updated_at <= ends));
    for lead in calm.leads() {
        let event = serde_json::to_string(&lead.last_event).unwrap();
        assert_eq!(betrays(&event), None, "an event: {event}");
    }
}
