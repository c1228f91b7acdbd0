//! Domain events by EventBridge.

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::error::ProvideErrorMetadata;
use aws_sdk_eventbridge::operation::put_events::PutEventsOutput;
use aws_sdk_eventbridge::primitives::DateTime;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use futures_util::{StreamExt, stream};

use super::{AT_ONCE, in_tens};
use crate::ports::DomainEvent;

/// What subscribers filter by.
const SOURCE: &str = "leadline";

/// The bus of this deployment.
#[derive(Debug)]
pub(super) struct Bus {
    client: Client,
    name: String,
}

impl Bus {
    pub(super) fn new(client: Client, name: String) -> Self {
        Self { client, name }
    }

    /// Puts events on the bus; returns the ids of those it did not confirm.
    pub(super) async fn publish(&self, events: Vec<DomainEvent>) -> Vec<String> {
        let requests: Vec<_> = in_tens(events).into_iter().map(|ten| self.publish_ten(ten)).collect();
        stream::iter(requests).buffered(AT_ONCE).concat().await
    }

    async fn publish_ten(&self, ten: Vec<DomainEvent>) -> Vec<String> {
        let (ids, entries): (Vec<_>, Vec<_>) = ten.into_iter().map(|event| self.entry(event)).unzip();
        match self.client.put_events().set_entries(Some(entries)).send().await {
            Ok(answer) => not_taken(ids, &answer),
            Err(error) => {
                tracing::warn!(error = error.code().unwrap_or("no_answer"), "bus did not take a batch");
                ids
            }
        }
    }

    fn entry(&self, event: DomainEvent) -> (String, PutEventsRequestEntry) {
        let entry = PutEventsRequestEntry::builder()
            .event_bus_name(&self.name)
            .source(SOURCE)
            .detail_type(event.kind)
            .detail(event.detail)
            .time(DateTime::from_millis(event.at.as_millisecond()))
            .build();
        (event.id, entry)
    }
}

/// An answer of success may still refuse entries. Results stand in the order of the entries; where they do not add up,
/// the entry in doubt was not taken.
fn not_taken(ids: Vec<String>, answer: &PutEventsOutput) -> Vec<String> {
    if let Some(code) = answer.entries().iter().find_map(|entry| entry.error_code()) {
        tracing::warn!(error = code, "bus refused an event");
    }
    let taken = |number: usize| {
        answer
            .entries()
            .get(number)
            .is_some_and(|entry| entry.event_id().is_some() && entry.error_code().is_none())
    };
    let confirmed = (0..ids.len()).filter(|number| taken(*number)).count();
    let failed = usize::try_from(answer.failed_entry_count()).unwrap_or(usize::MAX);
    if confirmed.saturating_add(failed) > ids.len() {
        return ids;
    }
    ids.into_iter().enumerate().filter(|(number, _)| !taken(*number)).map(|(_, id)| id).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::scripted;
    use super::*;

    fn events(count: usize) -> Vec<DomainEvent> {
        let event = |n| DomainEvent {
            id: format!("ev_{n}"),
            kind: "lead.offered".to_owned(),
            detail: format!(r#"{{"id":"ev_{n}"}}"#),
            at: "2026-11-22T08:30:00.25Z".parse().unwrap(),
        };
        (0..count).map(event).collect()
    }

    fn answer(failed: usize, entries: Vec<Value>) -> scripted::Reply {
        Some((200, json!({"FailedEntryCount": failed, "Entries": entries}).to_string()))
    }

    fn taken() -> Value {
        json!({"EventId": "11710aed-b79e-4468-a20b-bb3c0c3b4860"})
    }

    fn refused() -> Value {
        json!({"ErrorCode": "ThrottlingException", "ErrorMessage": "slow down"})
    }

    fn bus(server: &scripted::Server) -> Bus {
        Bus::new(Client::new(&server.sdk()), "leadline-bus".to_owned())
    }

    #[tokio::test]
    async fn events_go_out_in_tens() {
        let server = scripted::Server::new(vec![answer(0, vec![taken(); 10])]);
        assert_eq!(bus(&server).publish(events(21)).await, [""; 0]);
        let bodies = server.bodies();
        let sizes: Vec<_> = bodies.iter().map(|body| body["Entries"].as_array().unwrap().len()).collect();
        assert_eq!(sizes, [10, 10, 1]);
        let expected = json!({
            "EventBusName": "leadline-bus",
            "Source": "leadline",
            "DetailType": "lead.offered",
            "Detail": r#"{"id":"ev_20"}"#,
            // 2026-11-22T08:30:00.25Z in seconds since 1970.
            "Time": 1_795_336_200.25,
        });
        assert_eq!(bodies[2]["Entries"][0], expected);
        assert_eq!(bus(&server).publish(Vec::new()).await, [""; 0]);
        assert_eq!(server.bodies().len(), 3);
    }

    #[tokio::test]
    async fn what_is_not_confirmed_is_named() {
        let all = vec!["ev_0", "ev_1", "ev_2"];
        for (reply, expected) in [
            (answer(0, vec![taken(); 3]), vec![]),
            (answer(1, vec![taken(), refused(), taken()]), vec!["ev_1"]),
            // A count that contradicts the entries, and entries that are not told of.
            (answer(0, vec![refused(), taken(), taken()]), vec!["ev_0"]),
            (answer(1, vec![taken(); 3]), all.clone()),
            (answer(0, vec![taken()]), vec!["ev_1", "ev_2"]),
            (answer(0, vec![taken(), json!({}), taken()]), vec!["ev_1"]),
            (Some((400, r#"{"__type":"ResourceNotFoundException"}"#.to_owned())), all.clone()),
            (Some((500, r#"{"__type":"InternalException"}"#.to_owned())), all.clone()),
            (None, all.clone()),
        ] {
            let server = scripted::Server::new(vec![reply.clone()]);
            assert_eq!(bus(&server).publish(events(3)).await, expected, "{reply:?}");
        }
    }

    #[tokio::test]
    async fn one_failed_batch_leaves_the_others_published() {
        let good = answer(0, vec![taken(); 10]);
        let server = scripted::Server::new(vec![good.clone(), Some((400, "{}".to_owned())), good]);
        let expected: Vec<_> = (10..20).map(|n| format!("ev_{n}")).collect();
        assert_eq!(bus(&server).publish(events(25)).await, expected);
    }
}
