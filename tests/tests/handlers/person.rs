//! A person with a unique token in every field, a whole life of leads, and a search for whatever is left of it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use leadline_runtime::ports::{HttpResponse, MailError};
use leadline_store::{AttributeValue, Item};
use leadline_tests::calm::{Calm, PLAYBOOK, header, request, submission, text};
use serde_json::{Value, json};

use super::scene::{answer, form_token, id, secs, with};

pub(super) const EMAIL: &str = "Zqxmail@zqxdomain.example";
/// The same mailbox as somebody else would write it.
pub(super) const SAME: &str = "zqxmail+other@ZQXdomain.example";
/// The further address of the first submission.
pub(super) const FURTHER: &str = "zqxbilling@zqxelsewhere.example";
pub(super) const ROLE: &str = "info@zqxdomain.example";

/// One for each place where something personal can be.
pub(super) const TOKENS: [&str; 29] = [
    "zqxmail",
    "zqxdomain",
    "zqxbilling",
    "zqxelsewhere",
    "zqxfirst",
    "zqxlast",
    "zqxcompany",
    "zqxtitle",
    "30901820",
    "zqxwish",
    "zqx message",
    "zqxinput",
    "zqxvalue",
    "zqxsource",
    "zqxcampaign",
    "zqxclick",
    "zqxpage",
    "zqxquery",
    "zqxreferrer",
    "zqxother",
    "zqxcallback",
    "zqxbranch",
    "zqxspam",
    "zqxshared",
    "zqxreject",
    "zqxlater",
    "zqxlost",
    "zqxonce",
    "zqxagain",
];

const MORE: &str = "  channels:
    crm: {webhook: {url: \"https://crm.example/hook\", secret: crm-key}}
    chat: {slack: {url_secret: chat-url}}
  offers: [crm, chat]
  escalations: [crm]
enrichment:
  providers:
    - {provider: firmo, url: \"https://firmo.example/{domain}\", fields: {company.industry: /branch}}
rejections: {not-mine: reroute, zqxreject: reroute}
";

/// The world of the person: with channels that fail, a provider that knows something, and a form with two addresses.
pub(super) fn world() -> Calm {
    let field = "      - {name: first_name, label: First name}";
    let playbook = PLAYBOOK.replacen(
        field,
        &format!("      - {{name: billing, label: Billing address, type: email}}\n{field}"),
        1,
    );
    let calm = Calm::new(&format!("{playbook}{MORE}"));
    calm.set_secret("crm-key", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    calm.set_secret("chat-url", "https://chat.example/hook");
    calm.receivers(|receivers| {
        receivers.http = Box::new(|request| {
            let known = request.url.contains("firmo.example/zqx");
            let body = if known { br#"{"branch":"zqxbranch"}"#.to_vec() } else { b"{}".to_vec() };
            Ok(HttpResponse { status: if known { 200 } else { 500 }, retry_after_s: None, body })
        });
        receivers.mail = Box::new(|_| Err(MailError::Unavailable));
    });
    calm
}

fn everything(email: &str, wish: &str) -> Value {
    json!({
        "email": email, "billing": FURTHER,
        "first_name": "Zqxfirst", "last_name": "Zqxlast", "company": "Zqxcompany", "title": "Head of Zqxtitle",
        "phone": "+49 30 901820", "country": "Germany", "wish": format!("demo zqxwish {wish}"),
        "message": "a zqx message", "zqxinput": "zqxvalue", "newsletter": true,
        "utm_source": "zqxsource", "utm_campaign": "zqxcampaign", "gclid": "zqxclick",
        "landing_page": "https://zqxpage.example/?q=zqxquery", "referrer": "https://zqxreferrer.example/",
    })
}

/// Everything that can happen to one person, in one life: the ids of its leads, the one that others join first.
pub(super) fn life(calm: &Calm) -> Vec<String> {
    let token = form_token(calm, "demo");
    calm.wait(secs(10));
    let mut first = everything(EMAIL, "");
    first["_token"] = json!(token);
    let lead = calm.lead_of(&calm.submitted("demo", &first));
    calm.run_queues();
    // The same again with keys of its own, then something else, with proof and without.
    for key in ["zqxonce", "zqxagain"] {
        calm.send(with(submission("demo", &first), "idempotency-key", key));
    }
    calm.submitted("demo", &first);
    let mut second = everything(SAME, "zqxcallback");
    second["first_name"] = json!("Zqxother");
    calm.submitted("demo", &second);
    second["_token"] = json!(token);
    second["message"] = json!("verified");
    calm.submitted("demo", &second);
    calm.advance(secs(2));

    // Spam on the address: one lead is released and merged, one stays.
    let mut trapped = json!({ "email": SAME, "fax": "1", "message": "zqxspam 1" });
    let merged = calm.lead_of(&calm.submitted("demo", &trapped));
    let (status, _) = calm.ask("POST", &format!("/leads/{}/release", id(&merged)), &json!({}));
    assert_eq!(status, 200);
    trapped["message"] = json!("zqxspam 2");
    let quarantined = calm.lead_of(&calm.submitted("demo", &trapped));
    let shared = json!({ "email": ROLE, "billing": EMAIL, "wish": "demo", "message": "zqxshared" });
    let shared = calm.lead_of(&calm.submitted("demo", &shared));
    calm.run_queues();

    // Two offers, an answer of every kind, another cycle, and the end.
    let now = calm.lead(id(&lead));
    let reasons = |reason: &str| json!({ "reason": reason });
    let offered = answer(calm, &now, "reject", &reasons("zqxreject"));
    let accepted = answer(calm, &offered, "accept", &json!({}));
    let contact = json!({ "channel": "phone", "direction": "outbound", "outcome": "connected", "occurred_at": calm.now().to_string() });
    let working = answer(calm, &accepted, "contact", &contact);
    let mut later = reasons("zqxlater");
    later["wake_at"] = json!((calm.now() + secs(5)).to_string());
    answer(calm, &working, "recycle", &later);
    calm.advance(secs(6));
    let accepted = answer(calm, &calm.lead(id(&lead)), "accept", &json!({}));
    answer(calm, &accepted, "lose", &reasons("zqxlost"));
    [&lead, &merged, &quarantined, &shared].map(|lead| id(lead).to_owned()).to_vec()
}

/// Somebody else, of whom everything has to stay.
pub(super) fn bystander(calm: &Calm) -> Value {
    let answers = json!({ "email": "ada@firm.example", "wish": "demo", "first_name": "Ada" });
    let submission = calm.submitted("demo", &answers);
    calm.run_queues();
    calm.lead_of(&submission)
}

/// Erases by address; the receipt.
pub(super) fn erased(calm: &Calm, email: &str) -> Value {
    let (status, receipt) = calm.ask("POST", "/erasures", &json!({ "email": email, "reason": "asked to" }));
    assert_eq!(status, 200, "{receipt}");
    receipt
}

/// The ways in which a token may stand in a text, in lower case but for base64.
fn disguises(token: &str) -> (Vec<String>, Vec<String>) {
    let bytes = token.as_bytes();
    let percent: String = bytes.iter().map(|b| format!("%{b:02x}")).collect();
    let plain = vec![
        token.to_owned(),
        token.replace(' ', "+"),
        token.replace(' ', "%20"),
        percent,
        bytes.iter().map(|b| format!("{b:02x}")).collect(),
    ];
    let mut encoded = Vec::new();
    for text in [token.to_owned(), token.to_uppercase(), capital(token)] {
        for shift in 0..3 {
            // The letters in the middle are the same whatever stands before and after.
            let padded = [&vec![b'x'; shift], text.as_bytes()].concat();
            let code = STANDARD_NO_PAD.encode(&padded);
            let first = [0, 2, 3][shift];
            let last = padded.len() / 3 * 4;
            let inner = &code[first..last];
            encoded.push(inner.to_owned());
            encoded.push(inner.replace('+', "-").replace('/', "_"));
        }
    }
    (plain, encoded)
}

fn capital(token: &str) -> String {
    let (first, rest) = token.split_at(1);
    format!("{}{rest}", first.to_uppercase())
}

/// Whether a text betrays a token.
pub(super) fn holds(text: &str, token: &str) -> bool {
    let (plain, encoded) = disguises(token);
    let folded = text.to_lowercase();
    plain.iter().any(|form| folded.contains(form)) || encoded.iter().any(|form| text.contains(form.as_str()))
}

fn written(value: &AttributeValue, out: &mut Vec<String>) {
    match value {
        AttributeValue::S(text) | AttributeValue::N(text) => out.push(text.clone()),
        AttributeValue::B(bytes) => out.push(String::from_utf8_lossy(bytes).into_owned()),
        AttributeValue::Ss(all) | AttributeValue::Ns(all) => out.extend(all.iter().cloned()),
        AttributeValue::L(list) => list.iter().for_each(|value| written(value, out)),
        AttributeValue::M(map) => map.iter().for_each(|(name, value)| {
            out.push(name.clone());
            written(value, out);
        }),
        _ => {}
    }
}

/// Everything that is written in a row, its key and the names of its attributes included.
pub(super) fn all_of(item: &Item) -> String {
    let mut out = Vec::new();
    for (name, value) in item {
        out.push(name.clone());
        written(value, &mut out);
    }
    out.join("\n")
}

/// Where the table holds a token, the playbook aside, which names the reasons that reps may give.
pub(super) fn traces(calm: &Calm, token: &str) -> Vec<String> {
    let rows = calm.twin().snapshot().into_iter().filter(|item| !text(item, "pk").starts_with("PLAYBOOK"));
    let kind = |item: &Item| format!("{} {}", text(item, "pk"), text(item, "sk"));
    rows.filter(|item| holds(&all_of(item), token)).map(|item| kind(&item)).collect()
}

/// That nothing is left of the person, and that no kind of row is there but those that may be.
#[track_caller]
pub(super) fn assert_no_trace(calm: &Calm) {
    for token in TOKENS {
        assert_eq!(traces(calm, token), Vec::<String>::new(), "{token}");
    }
}

/// The kinds of rows that there are.
pub(super) fn kinds(calm: &Calm) -> Vec<String> {
    let kind = |text: &str| text.split('#').next().unwrap_or_default().to_owned();
    let mut found: Vec<String> = calm
        .twin()
        .snapshot()
        .iter()
        .map(|item| format!("{}/{}", kind(text(item, "pk")), kind(text(item, "sk"))))
        .collect();
    found.sort();
    found.dedup();
    found
}

#[test]
fn the_search_finds_a_token_however_it_is_written() {
    for text in [
        "ZQXmail",
        "7a71786d61696c",
        "7A71786D61696C",
        "%7Aqxmail %7a%71%78%6d%61%69%6c",
        "enF4bWFpbA==",
        "eHpxeG1haWx5",
        "enF4bWFpbEB6cXhkb21haW4uZXhhbXBsZQ",
        "WnF4bWFpbA",
    ] {
        assert!(holds(text, "zqxmail"), "{text}");
    }
    for text in ["zqx+message", "a%20zqx%20message"] {
        assert!(holds(text, "zqx message"), "{text}");
    }
    assert!(!holds("zqxmai l", "zqxmail") && !holds("", "zqxmail"));
}

#[test]
fn a_life_leaves_a_trace_of_every_token() {
    let calm = world();
    let leads = life(&calm);
    assert_eq!(calm.lead(&leads[0])["stage"], "lost");
    let cycle = calm.lead(&leads[0])["cycle"].as_i64();
    assert_eq!(cycle, Some(2));
    for (lead, stage) in [(1, "merged"), (2, "quarantined"), (3, "offered")] {
        assert_eq!(calm.lead(&leads[lead])["stage"], stage);
    }
    // Keys of requests are the client's, and stand nowhere even so.
    for token in TOKENS.into_iter().filter(|t| !matches!(*t, "zqxonce" | "zqxagain")) {
        assert!(
            !traces(&calm, token).is_empty(),
            "{token} is nowhere, so that nothing is proved by its absence"
        );
    }
    let kinds = kinds(&calm);
    for kind in
        ["DLV/DLV", "SAME/SAME", "ID/LEAD", "LEAD/DLV", "LEAD/ENR", "LEAD/SCORE", "LEAD/ROUTE", "MAIL/MAIL"]
    {
        assert!(kinds.contains(&kind.to_owned()), "{kind} of {kinds:?}");
    }
    let page = calm.send(request("GET", "/forms/demo"));
    assert!(header(&page, "content-type").is_some_and(|kind| kind.starts_with("text/html")));
}
