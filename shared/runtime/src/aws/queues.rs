//! Wake-ups by SQS.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use futures_util::{StreamExt, stream};

use super::{AT_ONCE, in_tens};
use crate::wake::{Hop, WakeUp};

/// SQS holds a message back no longer.
const MAX_DELAY_S: u16 = 900;

/// The queues that this function may send to.
#[derive(Debug, Clone)]
pub(super) struct Queues {
    client: Client,
    urls: BTreeMap<Hop, String>,
}

impl Queues {
    pub(super) fn new(client: Client, urls: BTreeMap<Hop, String>) -> Self {
        Self { client, urls }
    }

    /// Sends wake-ups; returns those that no queue confirmed.
    pub(super) async fn send(&self, wake_ups: Vec<WakeUp>) -> Vec<WakeUp> {
        let mut by_hop: BTreeMap<Hop, Vec<WakeUp>> = BTreeMap::new();
        for wake_up in wake_ups {
            by_hop.entry(wake_up.hop).or_default().push(wake_up);
        }
        let batches =
            by_hop.into_iter().flat_map(|(hop, all)| in_tens(all).into_iter().map(move |ten| (hop, ten)));
        let requests: Vec<_> = batches.map(|(hop, ten)| self.send_ten(hop, ten)).collect();
        stream::iter(requests).buffer_unordered(AT_ONCE).concat().await
    }

    async fn send_ten(&self, hop: Hop, ten: Vec<WakeUp>) -> Vec<WakeUp> {
        let Some(url) = self.urls.get(&hop) else {
            tracing::error!(
                hop = hop.name(),
                error = "queue_not_configured",
                "this function has no such queue"
            );
            return ten;
        };
        let entries = ten.iter().enumerate().filter_map(|(number, wake_up)| entry(number, wake_up)).collect();
        let request = self.client.send_message_batch().queue_url(url).set_entries(Some(entries));
        match request.send().await {
            Ok(answer) => {
                if let Some(failed) = answer.failed().first() {
                    tracing::warn!(hop = hop.name(), error = failed.code(), "queue refused a wake-up");
                }
                // Only what is confirmed by name counts as sent.
                let sent: BTreeSet<&str> = answer.successful().iter().map(|entry| entry.id()).collect();
                let left = |number: usize| !sent.contains(number.to_string().as_str());
                ten.into_iter()
                    .enumerate()
                    .filter(|(number, _)| left(*number))
                    .map(|(_, wake_up)| wake_up)
                    .collect()
            }
            Err(error) => {
                let code = error.code().unwrap_or("no_answer");
                tracing::warn!(hop = hop.name(), error = code, "queue did not take a batch");
                ten
            }
        }
    }
}

fn entry(number: usize, wake_up: &WakeUp) -> Option<SendMessageBatchRequestEntry> {
    let entry = SendMessageBatchRequestEntry::builder()
        .id(number.to_string())
        .message_body(serde_json::to_string(wake_up).ok()?);
    let delay_s = i32::from(wake_up.delay_s.min(MAX_DELAY_S));
    let entry = if delay_s > 0 { entry.delay_seconds(delay_s) } else { entry };
    entry.build().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::scripted;
    use super::*;

    fn wake_up(hop: Hop, number: usize) -> WakeUp {
        WakeUp { v: 1, hop, id: format!("ld_{number}"), version: 7, due_ms: None, delay_s: 0 }
    }

    fn queues(server: &scripted::Server) -> Queues {
        let url = |name: &str| format!("http://localhost:1/000000000000/{name}");
        let urls = [(Hop::Score, url("score")), (Hop::Timer, url("timer"))].into();
        Queues::new(Client::new(&server.sdk()), urls)
    }

    /// SQS's answer that confirms the entries with these numbers and refuses the others.
    fn confirms(confirmed: &[usize], refused: &[usize]) -> String {
        let sent = |n: &usize| json!({"Id": n.to_string(), "MessageId": "m", "MD5OfMessageBody": ""});
        let failed =
            |n: &usize| json!({"Id": n.to_string(), "SenderFault": true, "Code": "InvalidMessageContents"});
        json!({
            "Successful": confirmed.iter().map(sent).collect::<Vec<_>>(),
            "Failed": refused.iter().map(failed).collect::<Vec<_>>(),
        })
        .to_string()
    }

    #[tokio::test]
    async fn batches_are_of_ten_by_queue_and_carry_the_wake_up() {
        let every = confirms(&(0..10).collect::<Vec<_>>(), &[]);
        let server = scripted::Server::new(vec![Some((200, every))]);
        let mut wake_ups: Vec<_> = (0..23).map(|n| wake_up(Hop::Score, n)).collect();
        let timer = |delay_s| WakeUp { due_ms: Some(5_000), delay_s, ..wake_up(Hop::Timer, 99) };
        wake_ups.insert(3, timer(17));
        wake_ups.insert(9, timer(901));
        assert_eq!(queues(&server).send(wake_ups).await, []);

        let mut requests: Vec<(String, Vec<Value>)> = server
            .bodies()
            .into_iter()
            .map(|body| {
                (body["QueueUrl"].as_str().unwrap().to_owned(), body["Entries"].as_array().unwrap().clone())
            })
            .collect();
        requests.sort_by_key(|(url, entries)| (url.clone(), usize::MAX - entries.len()));
        let sizes: Vec<_> =
            requests.iter().map(|(url, entries)| (&url[url.len() - 5..], entries.len())).collect();
        assert_eq!(sizes, [("score", 10), ("score", 10), ("score", 3), ("timer", 2)]);
        assert_eq!(
            requests[3].1,
            [
                json!({"Id": "0", "DelaySeconds": 17,
                    "MessageBody": r#"{"v":1,"hop":"timer","id":"ld_99","version":7,"due_ms":5000}"#}),
                json!({"Id": "1", "DelaySeconds": 900,
                    "MessageBody": r#"{"v":1,"hop":"timer","id":"ld_99","version":7,"due_ms":5000}"#}),
            ]
        );
        let mut bodies: Vec<_> = requests[..3].iter().flat_map(|(_, entries)| entries).collect();
        assert!(bodies.iter().all(|entry| entry.get("DelaySeconds").is_none()));
        bodies.sort_by_key(|entry| entry["MessageBody"].to_string());
        bodies.dedup_by_key(|entry| entry["MessageBody"].to_string());
        assert_eq!(bodies.len(), 23);
    }

    #[tokio::test]
    async fn what_is_not_confirmed_comes_back() {
        let all = || (0..3).map(|n| wake_up(Hop::Score, n)).collect::<Vec<_>>();
        for (answer, left) in [
            (Some((200, confirms(&[0, 1, 2], &[]))), vec![]),
            (Some((200, confirms(&[0, 2], &[1]))), vec![1]),
            // Neither confirmed nor refused.
            (Some((200, confirms(&[2], &[]))), vec![0, 1]),
            (Some((200, confirms(&[], &[0, 1, 2]))), vec![0, 1, 2]),
            (Some((400, r#"{"__type":"com.amazonaws.sqs#QueueDoesNotExist"}"#.to_owned())), vec![0, 1, 2]),
            (Some((500, "{}".to_owned())), vec![0, 1, 2]),
            (None, vec![0, 1, 2]),
        ] {
            let server = scripted::Server::new(vec![answer.clone()]);
            let expected: Vec<_> = left.into_iter().map(|n| wake_up(Hop::Score, n)).collect();
            assert_eq!(queues(&server).send(all()).await, expected, "{answer:?}");
        }
    }

    #[tokio::test]
    async fn one_failed_batch_leaves_the_others_sent() {
        let every = Some((200, confirms(&(0..10).collect::<Vec<_>>(), &[])));
        let broken = Some((400, "{}".to_owned()));
        let server = scripted::Server::new(vec![every.clone(), broken, every]);
        let left = queues(&server).send((0..25).map(|n| wake_up(Hop::Score, n)).collect()).await;
        assert_eq!(left, (10..20).map(|n| wake_up(Hop::Score, n)).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn a_queue_that_is_not_configured_takes_nothing() {
        let server = scripted::Server::new(vec![Some((200, confirms(&[0], &[])))]);
        let both = vec![wake_up(Hop::Route, 1), wake_up(Hop::Score, 2)];
        assert_eq!(queues(&server).send(both).await, [wake_up(Hop::Route, 1)]);
        assert_eq!(server.bodies().len(), 1);
    }
}
