//! The sweep finds what the timers have lost: after a time in which neither came, and when two sweeps come at once.

use aws_sdk_eventbridge::Client as Events;
use aws_sdk_sqs::Client as Queues;
use futures_util::future::join_all;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::deployment::{Deployment, now, setting, token, until};
use super::lead::{SOON, instant, kind, of_kind, strong};
use super::playbook::MISSED;

const UNTOUCHED: usize = 5;

#[tokio::test]
async fn two_sweeps_at_once_catch_up_in_order_and_leave_alone_who_works() {
    let (form, accept) = MISSED;
    let deployment = Deployment::alone().await;
    let aws = deployment.aws().await;
    let (events, queues) = (Events::new(&aws), Queues::new(&aws));
    let rule = sweep_rule(&events).await;
    events.disable_rule().name(&rule).send().await.unwrap();

    let people: Vec<Value> = (0..=UNTOUCHED).map(|_| strong(&token())).collect();
    let submissions = join_all(people.iter().map(|p| deployment.taken(form, p))).await;
    let mut leads = Vec::new();
    for submission in &submissions {
        let lead_id = deployment.lead_of(submission).await;
        deployment.told(&lead_id, "offer.1").await;
        leads.push(deployment.lead(&lead_id).await);
    }
    let id = |lead: &Value| lead["lead_id"].as_str().unwrap().to_owned();
    // The last one is taken up, by somebody who calls when the time is over.
    let (last, others) = leads.split_last().unwrap();
    let rep = last["owner"]["rep_id"].clone();
    deployment.answer(&id(last), "accept", &json!({ "rep_id": rep })).await.ok();
    queues.purge_queue().queue_url(setting("QUEUE_TIMER")).send().await.unwrap();

    let due = others.iter().map(|l| instant(&l["clocks"][0]["due_at"])).max().unwrap();
    until("the deadlines to pass", SOON, async || (now() > due + SignedDuration::from_secs(3)).then_some(()))
        .await;
    for lead in others {
        let kinds: Vec<String> = steps(&deployment, &id(lead)).await;
        // A reminder may have come before the purge.
        assert!(kinds.is_empty() || kinds == ["reminded"], "neither timers nor sweeps came: {kinds:?}");
    }
    let call = json!({"rep_id": rep, "channel": "phone", "direction": "outbound", "outcome": "connected", "occurred_at": now()});
    let working = deployment.answer(&id(last), "contact", &call).await.ok();

    events.enable_rule().name(&rule).send().await.unwrap();
    join_all((0..2).map(|_| deployment.tick("ESCALATE_FUNCTION"))).await;
    for lead in others {
        deployment.told(&id(lead), "offer.2").await;
        let mut kinds = steps(&deployment, &id(lead)).await;
        kinds.retain(|k| k != "reminded" && k != "overtaken");
        assert_eq!(kinds, ["breached", "reassigned"], "each once");
        let after = deployment.lead(&id(lead)).await;
        assert_ne!(after["owner"]["rep_id"], lead["owner"]["rep_id"]);
        let mails = deployment.mails_about(&id(lead)).await;
        let offers = mails.iter().filter(|m| m.subject.starts_with("New lead")).count();
        assert_eq!(offers, 2, "{mails:?}");
        let again =
            instant(&after["clocks"][0]["due_at"]).duration_since(instant(&after["owner"]["offered_at"]));
        assert_eq!(again.as_secs(), accept, "the next one has as much time");
    }
    let after = deployment.lead(&id(last)).await;
    assert_eq!((&after["stage"], &after["owner"]), (&json!("working"), &working["owner"]));
    let timeline = deployment.timeline(&id(last)).await;
    assert_eq!(of_kind(&timeline, "offered").len() + of_kind(&timeline, "reassigned").len(), 1);
}

/// What its ladder has done with a lead.
async fn steps(deployment: &Deployment, lead_id: &str) -> Vec<String> {
    let events = deployment.timeline(lead_id).await;
    let since = events.iter().skip_while(|e| kind(e) != "offered").skip(1);
    since.map(|e| kind(e).to_owned()).filter(|k| k != "notified").collect()
}

/// The schedule that calls the sweep.
async fn sweep_rule(events: &Events) -> String {
    let rules = events.list_rules().send().await.unwrap();
    let named = rules.rules().iter().filter_map(|rule| rule.name());
    let mut found: Vec<&str> = named.filter(|name| name.contains("Sweep")).collect();
    assert_eq!(found.len(), 1, "{rules:?}");
    found.remove(0).to_owned()
}
