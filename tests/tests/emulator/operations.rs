//! What an operator does about a deployment: `leadctl redrive`, `tail` and `doctor`.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::{Value, json};

use super::deployment::{Deployment, setting, token, until};
use super::lead::SOON;
use super::leadctl::{leadctl, leadctl_with};

fn wake_up(hop: &str, lead_id: &str) -> String {
    json!({ "v": 1, "hop": hop, "id": lead_id, "version": 1 }).to_string()
}

/// Queues named as CloudFormation names those of a stack, which no function reads.
struct Queues {
    sqs: Client,
    stack: String,
}

impl Queues {
    async fn create(&self, logical: &str, dead_letters: Option<&str>) -> String {
        let name = format!("{}-{logical}-1A2B", self.stack);
        let mut request = self.sqs.create_queue().queue_name(name);
        if let Some(arn) = dead_letters {
            let policy = json!({ "deadLetterTargetArn": arn, "maxReceiveCount": 5 }).to_string();
            request = request.attributes(QueueAttributeName::RedrivePolicy, policy);
        }
        request.send().await.unwrap().queue_url.unwrap()
    }

    async fn arn(&self, url: &str) -> String {
        let request = self.sqs.get_queue_attributes().queue_url(url);
        let answer = request.attribute_names(QueueAttributeName::QueueArn).send().await.unwrap();
        answer.attributes().unwrap()[&QueueAttributeName::QueueArn].clone()
    }

    async fn put(&self, url: &str, body: &str) {
        self.sqs.send_message().queue_url(url).message_body(body).send().await.unwrap();
    }

    /// The bodies of what can be received within a second; it stays there.
    async fn held(&self, url: &str) -> Vec<String> {
        let request = self.sqs.receive_message().queue_url(url).max_number_of_messages(10);
        let got = request.wait_time_seconds(1).visibility_timeout(0).send().await.unwrap();
        let mut bodies: Vec<String> = got.messages().iter().map(|m| m.body().unwrap().to_owned()).collect();
        bodies.sort();
        bodies
    }
}

/// The rows of a redrive by queue.
fn rows(printed: &str) -> BTreeMap<String, Value> {
    let rows: Vec<Value> = serde_json::from_str(printed).unwrap();
    rows.into_iter().map(|row| (row["queue"].as_str().unwrap().to_owned(), row)).collect()
}

#[tokio::test]
async fn a_redrive_sends_each_message_back_to_where_it_came_from_and_deletes_ticks_only_by_name() {
    let deployment = Deployment::together().await;
    let queues = Queues { sqs: Client::new(&deployment.aws().await), stack: format!("redrive-{}", token()) };
    let mut ends = Vec::new();
    for source in ["Score", "Route"] {
        let end = queues.create(&format!("{source}DeadLetters"), None).await;
        let back = queues.create(&format!("{source}Queue"), Some(&queues.arn(&end).await)).await;
        ends.push((end, back));
    }
    let ticks = queues.create("MissedTicks", None).await;
    let [(score_end, score), (route_end, route)] = &ends[..] else { unreachable!() };
    // More than fit into one request.
    let wanted: Vec<String> = (0..12).map(|n| wake_up("score", &format!("ld_{n:032x}"))).collect();
    for body in &wanted {
        queues.put(score_end, body).await;
    }
    queues.put(route_end, "ada@acme.example").await;
    queues.put(&ticks, "{}").await;

    let redrive = async |arguments: &[&str]| {
        let stack = ["--stack", queues.stack.as_str()];
        rows(&leadctl(&[&["redrive", "--json"], arguments, &stack].concat()).await.ok())
    };
    let looked = redrive(&["--dry-run"]).await;
    assert_eq!(
        (&looked["score"]["messages"], &looked["score"]["back_to"]),
        (&json!(12), &json!("ScoreQueue"))
    );
    assert!(looked["score"]["looked"]["ids"][0].as_str().unwrap().starts_with("ld_0"), "{looked:?}");
    assert_eq!(looked["route"]["looked"]["ids"], json!(["(no wake-up of ours)"]), "only ids are shown");

    // What was looked at is hidden from others for a second.
    let back = until("all to go back", SOON, async || {
        redrive(&["score"]).await;
        let bodies = (queues.held(score_end).await, queues.held(score).await);
        (bodies.0.is_empty() && !bodies.1.is_empty()).then_some(())
    });
    back.await;
    let request = queues.sqs.get_queue_attributes().queue_url(score);
    let count =
        request.attribute_names(QueueAttributeName::ApproximateNumberOfMessages).send().await.unwrap();
    assert_eq!(count.attributes().unwrap()[&QueueAttributeName::ApproximateNumberOfMessages], "12");
    assert!(queues.held(score).await.iter().all(|body| wanted.contains(body)));
    assert_eq!(queues.held(route_end).await.len(), 1, "only the one that was named");

    let all = redrive(&[]).await;
    assert_eq!((&all["route"]["moved"], &all["score"]["moved"]), (&json!(1), &json!(0)), "{all:?}");
    assert_eq!(queues.held(route).await, ["ada@acme.example"]);
    assert_eq!(queues.held(&ticks).await.len(), 1, "nobody has named it");
    assert_eq!(redrive(&["missedticks"]).await["MissedTicks"]["emptied"], 1);
    assert_eq!(queues.held(&ticks).await, [] as [String; 0]);

    let stack = queues.stack.as_str();
    let refused = leadctl(&["redrive", "enrich", "--stack", stack]).await;
    assert_eq!(refused.code(), 1);
    assert!(refused.complaint().contains("MissedTicks, route, score"), "{}", refused.complaint());
    let nobody = leadctl(&["redrive", "--stack", "nobody"]).await;
    assert!(
        nobody.complaint().contains("No queue belongs to a stack named nobody"),
        "{}",
        nobody.complaint()
    );
    for url in ends.iter().flat_map(|(end, back)| [end, back]).chain([&ticks]) {
        queues.sqs.delete_queue().queue_url(url).send().await.unwrap();
    }
}

/// The states of a doctor's findings by what was looked at.
fn states(printed: &str) -> BTreeMap<String, String> {
    let document: Value = serde_json::from_str(printed).unwrap();
    let text = |finding: &Value, name: &str| finding[name].as_str().unwrap().to_owned();
    let findings = document["findings"].as_array().unwrap();
    findings.iter().map(|f| (text(f, "check"), text(f, "state"))).collect()
}

#[tokio::test]
async fn a_doctor_finds_a_healthy_deployment_well_and_says_what_is_wrong_with_another() {
    let deployment = Deployment::alone().await;
    let lead = deployment.offered("demo-request", &token()).await;
    let looked = [
        "alarms",
        "audit",
        "clock",
        "dead letters",
        "endpoint",
        "key",
        "playbook",
        "queues",
        "sweep",
        "versions",
    ];
    let all_well: BTreeMap<String, String> = looked.map(|c| (c.to_owned(), "well".to_owned())).into();
    // A wake-up that waits just then is no harm, but an emulator does not say how long it has waited.
    until("all to be well", SOON, async || {
        let healthy = leadctl(&["doctor", "--json"]).await.ok();
        (states(&healthy) == all_well).then_some(())
    })
    .await;
    assert!(leadctl(&["doctor"]).await.ok().contains("endpoint    answers\n"));

    let other = leadctl_with(&["doctor", "--json"], &[("API_KEY", "llk_0123456789abcdef_nothing")]).await;
    assert_eq!(other.code(), 2, "{}", other.printed());
    let found = states(&other.printed());
    assert_eq!((found["key"].as_str(), found["audit"].as_str()), ("wrong", "not_looked"));
    assert_eq!((found["endpoint"].as_str(), found["dead letters"].as_str()), ("well", "well"));
    assert!(other.printed().contains("leadctl keys create"), "{}", other.printed());

    let other = leadctl_with(&["doctor", "--json"], &[("API_URL", "http://127.0.0.1:9/nobody")]).await;
    let found = states(&other.printed());
    assert_eq!((found["endpoint"].as_str(), found["dead letters"].as_str()), ("wrong", "well"));

    // A wake-up that nobody needs any more, as they are when the sweep has been faster.
    let sqs = Client::new(&deployment.aws().await);
    let stack = setting("STACK");
    let queues = Queues { sqs, stack };
    let listed = queues.sqs.list_queues().queue_name_prefix(format!("{}-ScoreDeadLetters-", queues.stack));
    let end = listed.send().await.unwrap().queue_urls.unwrap().remove(0);
    let lead_id = lead["lead_id"].as_str().unwrap();
    queues.put(&end, &wake_up("score", lead_id)).await;
    let ill = leadctl(&["doctor"]).await;
    assert_eq!(ill.code(), 2, "{}", ill.printed());
    assert!(ill.printed().contains("leadctl redrive score --dry-run"), "{}", ill.printed());
    let shown = leadctl(&["redrive", "score", "--dry-run"]).await.ok();
    assert!(shown.contains(lead_id) && shown.contains("ScoreQueue"), "{shown}");
    until("the dead letter to go back", SOON, async || {
        leadctl(&["redrive", "score"]).await.ok();
        states(&leadctl(&["doctor", "--json"]).await.printed())
            .get("dead letters")
            .filter(|s| *s == "well")
            .cloned()
    })
    .await;
}

#[tokio::test]
async fn a_tail_shows_what_was_logged_about_one_lead_and_nothing_of_others() {
    let deployment = Deployment::together().await;
    let (lead, other) = (
        deployment.offered("demo-request", &token()).await,
        deployment.offered("demo-request", &token()).await,
    );
    let id = |lead: &Value| lead["lead_id"].as_str().unwrap().to_owned();
    let tail =
        async |more: &[&str]| leadctl(&[&["tail", "--once", "--since", "10m"], more].concat()).await.ok();
    let lines = until("the lines of a lead", Duration::from_secs(20), async || {
        let shown = tail(&["--lead", &id(&lead)]).await;
        (shown.lines().count() >= 3).then_some(shown)
    })
    .await;
    assert!(lines.lines().all(|line| line.contains(&id(&lead))), "{lines}");
    assert!(lines.lines().all(|line| line.contains(" INFO ") || line.contains(" WARN ")), "{lines}");
    let both = tail(&[]).await;
    assert!(both.contains(&id(&lead)) && both.contains(&id(&other)), "{both}");
    assert_eq!(tail(&["--level", "error", "--lead", &id(&lead)]).await, "");
    let raw = tail(&["--json", "--lead", &id(&lead)]).await;
    assert!(raw.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{raw}");
}
