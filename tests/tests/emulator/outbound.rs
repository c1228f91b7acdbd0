//! What leaves the system: webhooks, domain events, and the mail to the prospect.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_eventbridge::types::Target;
use aws_sdk_sqs::types::QueueAttributeName;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::SignedDuration;
use serde_json::{Value, json};
use sha2::Sha256;

use super::deployment::{Deployment, WEBHOOK_SECRET, setting, token, until};
use super::lead::{SOON, instant, strong};
use super::playbook::HOOKED;
use super::sink::Hook;

/// A signature by the text of the Standard Webhooks specification, and with no code of ours.
fn signed(hook: &Hook) -> String {
    let key = STANDARD.decode(WEBHOOK_SECRET.trim_start_matches("whsec_")).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(format!("{}.{}.", hook.header("webhook-id"), hook.header("webhook-timestamp")).as_bytes());
    mac.update(&hook.body);
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[tokio::test]
async fn a_webhook_that_is_not_taken_comes_again_after_five_seconds_under_the_same_id() {
    let deployment = Deployment::together().await;
    let token = token();
    let lead = deployment.offered(HOOKED, &token).await;
    let lead_id = lead["lead_id"].as_str().unwrap();
    let hooks = until("the second try", SOON, async || {
        let hooks = deployment.sink().about(lead_id);
        (hooks.len() >= 2).then_some(hooks)
    })
    .await;
    // Delivery is at least once: an answer that came too late for the worker brings another try, under the same id.
    let (first, further) = hooks.split_first().unwrap();
    assert!(first.status == 500 && further.iter().all(|h| h.status == 204), "{hooks:?}");
    for hook in &hooks {
        assert_eq!(hook.header("webhook-id"), format!("{lead_id}.1.offer.1"));
        assert_eq!(hook.header("webhook-signature"), signed(hook));
        assert_eq!(hook.header("content-type"), "application/json");
        let sent: i64 = hook.header("webhook-timestamp").parse().unwrap();
        assert!((hook.at.as_second() - sent).abs() <= 10, "{hook:?}");
        let body = hook.json();
        assert_eq!((&body["type"], &body["data"]["lead_id"]), (&json!("lead.offered"), &json!(lead_id)));
        assert_eq!(body["data"]["effect"]["rep_id"], lead["owner"]["rep_id"]);
        assert!(
            !body.to_string().contains(&token),
            "a webhook carries ids; the receiver reads the rest with its key"
        );
    }
    let pause = hooks[1].at.duration_since(hooks[0].at);
    assert!(pause >= SignedDuration::from_secs(5) && pause <= SignedDuration::from_secs(15), "{pause}");
    // The mail went out at once and does not come again.
    assert_eq!(deployment.mails_about(lead_id).await.len(), 1);
}

#[tokio::test]
async fn domain_events_carry_ids_and_nothing_else() {
    let deployment = Deployment::together().await;
    let token = token();
    let aws = deployment.aws().await;
    let (sqs, bus) = (aws_sdk_sqs::Client::new(&aws), aws_sdk_eventbridge::Client::new(&aws));
    let name = format!("domain-events-{token}");
    let queue = sqs.create_queue().queue_name(&name).send().await.unwrap().queue_url.unwrap();
    let arn = QueueAttributeName::QueueArn;
    let attributes =
        sqs.get_queue_attributes().queue_url(&queue).attribute_names(arn.clone()).send().await.unwrap();
    let target = Target::builder()
        .id("queue")
        .arn(attributes.attributes.unwrap().remove(&arn).unwrap())
        .build()
        .unwrap();
    let rule = bus.put_rule().name(&name).event_bus_name(setting("BUS_NAME"));
    rule.event_pattern(json!({"source": ["leadline"]}).to_string()).send().await.unwrap();
    let to = bus.put_targets().rule(&name).event_bus_name(setting("BUS_NAME")).targets(target);
    assert_eq!(to.send().await.unwrap().failed_entry_count(), 0);

    let submission = deployment.taken("demo-request", &strong(&token)).await;
    let lead_id = deployment.lead_of(&submission).await;
    // The bus delivers each event of a batch on its own, so any may come first, or twice.
    let expected = ["lead.captured", "lead.enriched", "lead.scored", "lead.offered"];
    let mut events: BTreeMap<u64, Value> = BTreeMap::new();
    let end = std::time::Instant::now() + SOON;
    while !expected.iter().all(|kind| events.values().any(|e| e["detail-type"] == *kind)) {
        assert!(std::time::Instant::now() < end, "waited {SOON:?} for {expected:?}, got {events:?}");
        let got = sqs.receive_message().queue_url(&queue).max_number_of_messages(10).wait_time_seconds(2);
        for message in got.send().await.unwrap().messages.unwrap_or_default() {
            let event: Value = serde_json::from_str(message.body().unwrap()).unwrap();
            if event["detail"]["lead_id"] == lead_id {
                events.insert(event["detail"]["version"].as_u64().unwrap(), event);
            }
            let taken =
                sqs.delete_message().queue_url(&queue).receipt_handle(message.receipt_handle().unwrap());
            taken.send().await.unwrap();
        }
    }
    let kinds: Vec<&str> = events.values().map(|e| e["detail-type"].as_str().unwrap()).collect();
    assert_eq!(kinds, expected);
    let known = [
        "event_id",
        "lead_id",
        "version",
        "stage",
        "occurred_at",
        "submission_id",
        "rep_id",
        "pool_id",
        "offer",
    ];
    for event in events.values() {
        let detail = event["detail"].as_object().unwrap();
        assert!(detail.keys().all(|k| known.contains(&k.as_str())), "{event}");
        assert_eq!(detail["event_id"], format!("{lead_id}.{}", detail["version"]));
        assert!(!event.to_string().contains("Winter"), "{event}");
        instant(&detail["occurred_at"]);
    }
    bus.remove_targets().rule(&name).event_bus_name(setting("BUS_NAME")).ids("queue").send().await.unwrap();
    bus.delete_rule().name(&name).event_bus_name(setting("BUS_NAME")).send().await.unwrap();
    sqs.delete_queue().queue_url(&queue).send().await.unwrap();
}

/// A role address belongs to nobody in particular: each of its submissions is a lead of its own. Those of a person are
/// touches of one lead. For the mail it makes no difference.
#[tokio::test]
async fn an_address_is_acknowledged_three_times_a_day_at_most_and_not_with_what_was_typed() {
    let deployment = Deployment::together().await;
    for (mailbox, expected_leads) in [("info", 5), ("ada.winter", 1)] {
        let token = token();
        let address = format!("{mailbox}@works-{token}.example");
        let mut answers = strong(&token);
        answers["email"] = json!(address);
        let mut leads = BTreeSet::new();
        for n in 0..5 {
            answers["first_name"] = json!(format!("Typed{n}"));
            answers["message"] = json!("http://typed.example/ Typed");
            let submission = deployment.taken("demo-request", &answers).await;
            let lead_id = deployment.lead_of(&submission).await;
            deployment.told(&lead_id, &format!("ack.{submission}")).await;
            leads.insert(lead_id);
        }
        assert_eq!(leads.len(), expected_leads);
        let mails: Vec<_> = deployment.mails().await.into_iter().filter(|m| m.to == address).collect();
        assert_eq!(mails.len(), 3, "{mails:?}");
        for mail in mails {
            // The words of the sample playbook.
            assert_eq!(mail.subject, "We have your request");
            assert!(
                mail.body.starts_with("Thank you for getting in touch with Acme Analytics."),
                "{}",
                mail.body
            );
            for typed in ["Typed", "typed.example", "Winter", &token] {
                assert!(!mail.body.contains(typed), "{}", mail.body);
            }
        }
    }
}
