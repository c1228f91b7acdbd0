//! Lost messages cost time and nothing else.

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;
use futures_util::future::join_all;
use serde_json::Value;

use super::deployment::{Deployment, setting, token};
use super::lead::{SOON, instant, of_kind, strong};
use super::playbook::LOSSY;

/// Every queue, with the stage at which a lead stands when its message is lost there.
const LOST_AT: [(&str, &str); 4] =
    [("ENRICH", "received"), ("SCORE", "enriched"), ("ROUTE", "scored"), ("NOTIFY", "offered")];

/// The watchdog waits a minute, the sweep comes once a minute, and then the lead still has to get there.
const TWO_TICKS: Duration = Duration::from_secs(120 + 20);

#[tokio::test]
async fn purged_queues_cost_two_ticks_and_no_lead() {
    let mut deployment = Deployment::alone().await;
    let sqs = Client::new(&deployment.aws().await);
    let mut lost = Vec::new();
    for (queue, stage) in LOST_AT {
        // Held back by the queue, the messages are there to be purged before any function can take them.
        hold_back(&sqs, queue, 30).await;
        let people: Vec<Value> = (0..3).map(|_| strong(&token())).collect();
        let submissions = join_all(people.iter().map(|p| deployment.taken(LOSSY, p))).await;
        for submission in submissions {
            let lead_id = deployment.lead_of(&submission).await;
            deployment.at_stage(&lead_id, stage, SOON).await;
            lost.push((queue, lead_id));
        }
        for (name, _) in LOST_AT {
            purge(&sqs, name).await;
        }
        purge(&sqs, "TIMER").await;
        hold_back(&sqs, queue, 0).await;
    }
    // What is held back and what is lost is over; the rest is for the sweep.
    deployment.step_aside();

    for (queue, lead_id) in &lost {
        deployment.told_within(lead_id, "offer.1", TWO_TICKS).await;
        let events = deployment.timeline(lead_id).await;
        assert_eq!(of_kind(&events, "redriven").len(), 1, "{queue}: {events:?}");
        assert_eq!(of_kind(&events, "offered").len(), 1, "{queue}: {events:?}");
        let since = |e: &Value| instant(&e["at"]).duration_since(instant(&events[0]["at"]));
        let took = events.iter().filter(|e| e["kind"] == "notified").map(since).next_back().unwrap();
        assert!(took >= jiff::SignedDuration::from_secs(60), "{queue}: nothing was lost, it took {took}");
        assert!(Duration::try_from(took).unwrap() <= TWO_TICKS, "{queue}: {took}");
        println!("{queue}: home {took} after it came in");
        let mails = deployment.mails_about(lead_id).await;
        assert_eq!(mails.len(), 1, "{queue}: {mails:?}");
    }
}

fn url(queue: &str) -> String {
    setting(&format!("QUEUE_{queue}"))
}

async fn hold_back(sqs: &Client, queue: &str, seconds: u16) {
    let set = sqs.set_queue_attributes().queue_url(url(queue));
    set.attributes(QueueAttributeName::DelaySeconds, seconds.to_string()).send().await.unwrap();
}

async fn purge(sqs: &Client, queue: &str) {
    sqs.purge_queue().queue_url(url(queue)).send().await.unwrap();
}
