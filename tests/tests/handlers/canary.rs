//! Canaries: personal data of a kind that nothing else has goes through everything, failures included, and must not
//! come out where it does not belong.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use leadline_runtime::http::Response;
use leadline_runtime::ports::{HttpError, HttpResponse, MailError};
use leadline_runtime::wake::{Hop, WakeUp};
use leadline_store::rows::from_item;
use leadline_store::{AttributeValue, Item, Write};
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

/// Words that were typed, long enough to be told in disguise.
const WORDS: [&str; 14] = [
    "zqxmail",
    "zqxdomain",
    "Zqxfirst",
    "Zqxlast",
    "Zqxcompany",
    "Zqxtitle",
    "zqxwish",
    "zqxmessage",
    "zqxvalue",
    "zqxsource",
    "zqxcampaign",
    "zqxquery",
    "30901820",
    "30 901820",
];

/// What in a text was typed by somebody: as it is, in other letters, in base64 at any of its three alignments, in
/// hexadecimal, or escaped as in an address.
fn betrays(text: &str) -> Option<&'static str> {
    static DISGUISES: LazyLock<Vec<(String, &'static str)>> = LazyLock::new(|| {
        WORDS.into_iter().flat_map(|word| disguises(word).map(move |d| (d, word))).collect()
    });
    let lower = text.to_lowercase();
    let plain = TOKENS.into_iter().find(|token| lower.contains(token));
    plain.or_else(|| {
        let disguised = |d: &str| text.contains(d) || lower.contains(d);
        DISGUISES.iter().find(|(disguise, _)| disguised(disguise)).map(|(_, word)| *word)
    })
}

/// A word in base64, hexadecimal and percent escapes.
fn disguises(word: &str) -> impl Iterator<Item = String> {
    let base64 = [0, 1, 2].map(|before| {
        let padded = [&vec![b'.'; before], word.as_bytes()].concat();
        let encoded = URL_SAFE_NO_PAD.encode(&padded);
        // Only what depends on the word alone, whatever stands beside it.
        let (first, last) = ((before * 8).div_ceil(6), padded.len() * 8 / 6);
        encoded[first..last].to_owned()
    });
    let hexadecimal: String = word.bytes().map(|b| format!("{b:02x}")).collect();
    let escaped: String = word.bytes().map(|b| format!("%{b:02x}")).collect();
    base64.into_iter().chain([hexadecimal, escaped])
}

#[test]
fn a_disguise_is_seen_through() {
    for text in [
        "Zqxfirst",
        "ZQXFIRST",
        "enF4bWFpbA==",
        "LnpxeG1haWwu",
        "Li56cXhtYWlsLg",
        "7a71786d61696c",
        "%7A%71%78%6D%61%69%6C",
    ] {
        assert!(betrays(text).is_some(), "{text}");
    }
    assert_eq!(betrays("ld_00000000000000000000000000000000 lead.offered"), None);
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
    let mut problems = problems(calm, &ids[2]);
    // Everything is lost for hours, so that a lead gets stuck; then three days for all retries.
    calm.submitted("demo", &person(10));
    calm.purge();
    calm.lose_messages(true);
    calm.advance(secs(7_400));
    calm.lose_messages(false);
    calm.break_counters(true);
    calm.submitted("demo", &person(11));
    calm.advance(secs(6 * 86_400));
    problems.extend(corrupted(calm, &ids[0]));
    problems
}

/// A row that cannot be read as what it should be, met by every function, and mended again.
fn corrupted(calm: &Calm, lead: &str) -> Vec<Response> {
    let row = calm
        .twin()
        .snapshot()
        .into_iter()
        .find(|item| text(item, "pk") == format!("LEAD#{lead}") && text(item, "sk") == "LEAD");
    let row = row.unwrap();
    let put = |item: Item| calm.twin().write_now(Write::Put { item, only_if: None }).unwrap();
    let mut answers = Vec::new();
    for attribute in ["stage", "version", "profile", "clocks"] {
        let mut broken = row.clone();
        broken.insert(attribute.to_owned(), AttributeValue::S("zqxmessage".to_owned()));
        put(broken);
        for hop in Hop::ALL {
            let wake_up = WakeUp { v: 1, hop, id: lead.to_owned(), version: 1, due_ms: Some(0), delay_s: 0 };
            assert!(!calm.handle(&wake_up), "{} reads no {attribute}", hop.name());
        }
        calm.sweep();
        answers.push(calm.crm("GET", &format!("/leads/{lead}"), &Value::Null, &calm.api_key));
        answers.push(calm.crm("POST", &format!("/leads/{lead}/win"), &json!({}), &calm.api_key));
        answers.push(calm.submit("demo", &person(0)));
        assert!(answers.iter().rev().take(3).all(|a| a.status == 503), "{attribute}");
    }
    put(row);
    answers
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
        "corrupt_row",
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
        for (name, value) in &response.headers {
            // A browser is told its own origin, if the form takes it.
            assert_eq!(betrays(value), None, "the header {name} of a problem: {value}");
        }
    }
    for (_, request) in record.requests.iter().filter(|(_, r)| r.url.contains("crm.example")) {
        assert_eq!(betrays(&String::from_utf8_lossy(&request.body)), None, "a webhook");
    }
    for (_, request) in &record.requests {
        for (name, value) in &request.headers {
            assert_eq!(betrays(value), None, "the header {name} of a request: {value}");
        }
        let asked = request.url.contains("firmo.example") || request.url.contains("chat.example");
        assert!(asked || betrays(&request.url).is_none(), "an address: {}", request.url);
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
    // Nor does anything that can be printed while looking for a mistake.
    for lead in calm.leads() {
        assert_eq!(betrays(&format!("{lead:?} {lead:#?}")), None, "a lead's Debug");
    }
    for item in calm.twin().snapshot() {
        if text(&item, "sk").starts_with("SUB#") {
            let submission: leadline_core::submission::Submission = from_item(item).unwrap();
            assert_eq!(betrays(&format!("{submission:?} {submission:#?}")), None, "a submission's Debug");
        }
    }
    let ends: Timestamp = calm.now();
    assert!(calm.leads().iter().all(|lead| lead.updated_at <= ends));
    for lead in calm.leads() {
        let event = serde_json::to_string(&lead.last_event).unwrap();
        assert_eq!(betrays(&event), None, "an event: {event}");
    }
}
