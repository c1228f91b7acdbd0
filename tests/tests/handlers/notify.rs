//! Telling people and systems: stable ids, the schedule of retries, and nothing typed where it does not belong.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use leadline_runtime::ports::{HttpRequest, HttpResponse, MailError};
use leadline_tests::calm::{Calm, PLAYBOOK, START, logged};
use serde_json::{Value, json};
use sha2::Sha256;

use super::scene::{accepted, answer, id, offered, secs, wants_demo};

const CHANNELS: &str = "  channels:
    crm: {webhook: {url: \"https://crm.example/hook\", secret: crm-key}}
    chat: {slack: {url_secret: chat-url}}
";
const KEY: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A world that tells one channel of offers.
fn telling(channel: &str) -> Calm {
    let calm = Calm::new(&format!("{PLAYBOOK}{CHANNELS}  offers: [{channel}]\n"));
    calm.set_secret("crm-key", &format!("whsec_{KEY}"));
    calm.set_secret("chat-url", "https://chat.example/T0/B0/x");
    calm
}

fn header<'r>(request: &'r HttpRequest, name: &str) -> &'r str {
    &request.headers.iter().find(|(n, _)| n == name).unwrap().1
}

/// The signature as the Standard Webhooks specification has it, worked out here.
fn signed(request: &HttpRequest) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(&STANDARD.decode(KEY).unwrap()).unwrap();
    let (id, at) = (header(request, "webhook-id"), header(request, "webhook-timestamp"));
    mac.update(format!("{id}.{at}.").as_bytes());
    mac.update(&request.body);
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

fn status(status: u16, retry_after_s: Option<u32>) -> HttpResponse {
    HttpResponse { status, retry_after_s, body: Vec::new() }
}

fn since_start(at: jiff::Timestamp) -> i64 {
    at.duration_since(START).as_secs()
}

#[test]
fn a_webhook_is_signed_and_holds_ids_only() {
    let calm = telling("crm");
    let lead = offered(&calm, "ada@firm.example");
    let sent = calm.record().requests;
    assert_eq!(sent.len(), 1);
    let request = &sent[0].1;
    assert_eq!(request.url, "https://crm.example/hook");
    assert_eq!(header(request, "webhook-signature"), signed(request));
    assert_eq!(header(request, "webhook-timestamp"), START.as_second().to_string());
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!((&body["type"], &body["data"]["lead_id"]), (&json!("lead.offered"), &lead["lead_id"]));
    assert!(!body.to_string().contains("firm.example"), "{body}");
}

#[test]
fn a_webhook_is_tried_for_three_days_under_one_id() {
    let calm = telling("crm");
    calm.receivers(|receivers| receivers.http = Box::new(|_| Ok(status(500, None))));
    accepted(&calm, "ada@firm.example");
    let ((), log) = logged(|| calm.advance(secs(5 * 86_400)));
    // At once, then after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h and 24 h: the specification's schedule.
    let pauses = [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
    let wanted: Vec<i64> = pauses
        .iter()
        .scan(0, |sum, pause| {
            *sum += pause;
            Some(*sum)
        })
        .collect();
    let sent = calm.record().requests;
    assert_eq!(sent.iter().map(|(at, _)| since_start(*at)).collect::<Vec<_>>(), wanted);
    let ids: BTreeSet<&str> = sent.iter().map(|(_, r)| header(r, "webhook-id")).collect();
    assert_eq!(ids.len(), 1, "{ids:?}");
    for (at, request) in &sent {
        assert_eq!(header(request, "webhook-timestamp"), at.as_second().to_string());
        assert_eq!(header(request, "webhook-signature"), signed(request));
    }
    assert_eq!(log.lines().filter(|l| l.contains("\"ERROR\"") && l.contains("delivery_dead")).count(), 1);
    // The mail went out once all the same.
    assert_eq!(calm.record().mails.iter().filter(|(_, m)| m.subject.starts_with("New lead")).count(), 1);
}

#[test]
fn a_receiver_that_asks_for_a_pause_gets_it_and_one_that_recovers_is_left_in_peace() {
    let calm = telling("crm");
    let mut tries = 0;
    calm.receivers(|receivers| {
        receivers.http = Box::new(move |_| {
            tries += 1;
            Ok(if tries == 1 { status(503, Some(60)) } else { status(204, None) })
        });
    });
    accepted(&calm, "ada@firm.example");
    calm.advance(secs(86_400));
    let at: Vec<i64> = calm.record().requests.iter().map(|(at, _)| since_start(*at)).collect();
    assert_eq!(at, [0, 60]);
}

#[test]
fn a_retry_for_an_offer_that_has_moved_on_is_not_sent() {
    let calm = telling("crm");
    calm.receivers(|receivers| receivers.http = Box::new(|_| Ok(status(500, None))));
    let lead = offered(&calm, "ada@firm.example");
    answer(&calm, &lead, "reject", &json!({ "reason": "wrong-fit" }));
    calm.advance(secs(86_400));
    assert_eq!(calm.record().requests.len(), 1);
}

#[test]
fn what_was_typed_cannot_speak_to_the_chat() {
    let calm = telling("chat");
    let mut answers = wants_demo("ada@firm.example");
    answers["first_name"] = json!("<!channel> & <https://evil.example|co>");
    calm.submitted("demo", &answers);
    calm.run_queues();
    let (_, request) = calm.record().requests.remove(0);
    assert_eq!(request.url, "https://chat.example/T0/B0/x");
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    let text = body["text"].as_str().unwrap();
    assert!(text.contains("&lt;!channel&gt; &amp; &lt;https://evil.example|co&gt;"), "{text}");
    assert!(!text.contains('<') && !text.contains('>'), "{text}");
}

#[test]
fn a_line_end_in_a_name_does_not_end_a_subject() {
    let calm = Calm::default();
    let mut answers = wants_demo("ada@firm.example");
    answers["first_name"] = json!("Ada\r\nBcc: all@evil.example");
    calm.submitted("demo", &answers);
    calm.run_queues();
    for (_, mail) in calm.record().mails {
        assert!(!mail.subject.contains(['\r', '\n']), "{:?}", mail.subject);
        assert!(!mail.body.lines().any(|line| line.starts_with("Bcc:")), "{:?}", mail.body);
    }
}

#[test]
fn a_refused_mail_is_tried_again_later_and_the_operator_is_told() {
    let calm = Calm::default();
    let mut refuse = true;
    calm.receivers(|receivers| {
        receivers.mail = Box::new(move |mail| {
            let refused = mail.subject.starts_with("New lead") && std::mem::replace(&mut refuse, false);
            if refused { Err(MailError::Refused) } else { Ok(()) }
        });
    });
    let (_, log) = logged(|| accepted(&calm, "ada@firm.example"));
    assert!(log.lines().any(|l| l.contains("\"ERROR\"") && l.contains("mail_refused")), "{log}");
    calm.advance(secs(86_400));
    let offers: Vec<(i64, String)> = calm
        .record()
        .mails
        .into_iter()
        .filter(|(_, m)| m.subject.starts_with("New lead"))
        .map(|(at, m)| (since_start(at), m.delivery_id))
        .collect();
    assert_eq!(offers.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [0, 3_600]);
    assert_eq!(offers[0].1, offers[1].1);
}

#[test]
fn a_prospect_is_written_to_three_times_a_day_at_most_and_never_in_his_own_words() {
    let calm = Calm::default();
    for n in 0..5 {
        // A shared mailbox never joins, so that each is a lead with an acknowledgement of its own.
        calm.submitted(
            "demo",
            &json!({ "email": "info@firm.example", "first_name": "Ada", "wish": format!("{n}") }),
        );
        calm.run_queues();
    }
    let acknowledged =
        || calm.record().mails.into_iter().filter(|(_, m)| m.to == "info@firm.example").collect::<Vec<_>>();
    assert_eq!(acknowledged().len(), 3);
    assert!(acknowledged().iter().all(|(_, m)| m.subject == "We have it" && m.body.trim() == "Thank you."));
    calm.advance(secs(86_400));
    calm.submitted("demo", &json!({ "email": "info@firm.example", "wish": "tomorrow" }));
    calm.run_queues();
    assert_eq!(acknowledged().len(), 4);
}

#[test]
fn a_person_who_comes_again_and_again_is_written_to_three_times_a_day_as_well() {
    let calm = Calm::default();
    let again = |n: i64| {
        calm.submitted("demo", &json!({ "email": "ada@firm.example", "wish": format!("{n}") }));
        calm.run_queues();
        calm.advance(secs(60));
    };
    let acknowledged = || calm.record().mails.into_iter().filter(|(_, m)| m.to == "ada@firm.example").count();
    (0..5).for_each(again);
    assert_eq!(acknowledged(), 3);
    calm.advance(secs(86_400));
    (5..10).for_each(again);
    assert_eq!(acknowledged(), 6);
}

#[test]
fn events_come_in_order_with_stable_ids_and_nothing_personal() {
    let calm = Calm::default();
    let lead = accepted(&calm, "ada@firm.example");
    let batches = calm.record().events;
    let events: Vec<_> = batches.into_iter().flat_map(|(_, batch)| batch).collect();
    let kinds: Vec<&str> = events.iter().map(|e| e.kind.as_str()).collect();
    assert_eq!(kinds, ["lead.captured", "lead.enriched", "lead.scored", "lead.offered", "lead.accepted"]);
    let mut last = 0;
    for event in &events {
        let detail: Value = serde_json::from_str(&event.detail).unwrap();
        let version = detail["version"].as_u64().unwrap();
        assert!(version > last, "{detail}");
        last = version;
        assert_eq!(event.id, format!("{}.{version}", id(&lead)));
        assert_eq!(detail["event_id"], event.id);
        let known = [
            "lead_id",
            "version",
            "stage",
            "occurred_at",
            "event_id",
            "submission_id",
            "rep_id",
            "pool_id",
            "offer",
        ];
        assert!(detail.as_object().unwrap().keys().all(|k| known.contains(&k.as_str())), "{detail}");
    }
}

#[test]
fn an_event_that_the_bus_refuses_is_put_again_under_its_id() {
    let calm = Calm::default();
    let mut refuse = true;
    calm.receivers(|receivers| {
        receivers.bus =
            Box::new(move |event| !(event.kind == "lead.scored" && std::mem::replace(&mut refuse, false)));
    });
    let lead = accepted(&calm, "ada@firm.example");
    calm.advance(secs(120));
    let batches: Vec<Vec<String>> = calm
        .record()
        .events
        .into_iter()
        .map(|(_, batch)| batch.into_iter().map(|e| e.kind).collect())
        .collect();
    // What follows the refused one in its batch comes again with it: in order, at least once, under the same ids.
    assert_eq!(batches[0], ["lead.captured", "lead.enriched", "lead.scored", "lead.offered"]);
    assert_eq!(batches[1][..2], ["lead.scored", "lead.offered"]);
    let ids: BTreeSet<String> =
        calm.record().events.into_iter().flat_map(|(_, batch)| batch).map(|e| e.id).collect();
    assert_eq!(ids.len(), 5);
    assert_eq!(calm.lead(id(&lead))["stage"], "accepted");
    let row = calm.leads().remove(0);
    assert!(row.published >= row.to_publish && row.effects.is_empty());
}

#[test]
fn a_bus_that_takes_nothing_is_tried_again_and_leads_go_on() {
    let calm = Calm::default();
    calm.receivers(|receivers| receivers.bus = Box::new(|_| false));
    let lead = accepted(&calm, "ada@firm.example");
    assert_eq!(lead["stage"], "accepted");
    calm.advance(secs(300));
    calm.receivers(|receivers| receivers.bus = Box::new(|_| true));
    calm.advance(secs(3_600));
    let row = calm.leads().remove(0);
    assert!(row.published >= row.to_publish);
}
