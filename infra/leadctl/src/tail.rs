//! `leadctl tail`: what the functions log, as it comes, one line an event.
//!
//! On AWS all functions write into the deployment's own log group, and the name of a stream says whose it is. LocalStack has
//! a group for each function instead; both are read. MiniStack has the one group, but its streams name no function: there
//! `--function` finds nothing, and says so.

mod line;

use std::collections::HashMap;
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::arguments;
use crate::failure::Failure;
use crate::screen;
use crate::signed::{Service, Signed};
use crate::stack::{self, StackName};
pub(crate) use line::Level;
use line::{Line, Source, Wanted};

/// What the names of groups of single functions begin with.
const OF_FUNCTIONS: &str = "/aws/lambda/";
/// Between two looks. CloudWatch allows ten a second for everybody in an account and region.
const PAUSE: Duration = Duration::from_secs(2);
/// Lines arrive out of order; each look reaches back so far behind the newest one.
const OVERLAP: SignedDuration = SignedDuration::from_secs(10);

/// One event as CloudWatch Logs has it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    #[serde(default)]
    log_stream_name: String,
    timestamp: i64,
    message: String,
}

/// Which events have been seen: how often each was there at the last look. A look sees all of the last one's that are
/// recent enough, so this does not grow.
#[derive(Debug, Default)]
struct Seen(HashMap<(String, i64, String), usize>);

impl Seen {
    /// Those of a look that the look before did not have.
    fn new_of(&mut self, look: Vec<(String, Event)>) -> Vec<(String, Event)> {
        let before = std::mem::take(&mut self.0);
        let is_new = |(group, event): &(String, Event)| {
            let stream = format!("{group} {}", event.log_stream_name);
            let key = (stream, event.timestamp, event.message.clone());
            let count = self.0.entry(key.clone()).or_default();
            *count += 1;
            *count > before.get(&key).copied().unwrap_or(0)
        };
        look.into_iter().filter(is_new).collect()
    }
}

/// Follows the functions' log lines until it is ended, or shows those there are.
pub(crate) async fn run(
    wanted: &arguments::Tail,
    now: Timestamp,
    out: &mut impl Write,
) -> Result<ExitCode, Failure> {
    let logs = Signed::new(stack::sdk().await?)?;
    let groups = groups(&logs, &wanted.stack).await?;
    let filter = Wanted {
        lead_id: wanted.lead.as_ref().map(|id| id.as_str().to_owned()),
        function: wanted.function.map(|f| f.name().to_owned()),
        level: wanted.level,
    };
    let mut from = wanted.since.before(now);
    let mut seen = Seen::default();
    let mut nameless = 0;
    loop {
        let mut look = Vec::new();
        for group in &groups {
            look.extend(events(&logs, group, from, &filter).await?.into_iter().map(|e| (group.clone(), e)));
        }
        look.sort_by_key(|(_, event)| event.timestamp);
        let newest = look.last().and_then(|(_, event)| Timestamp::from_millisecond(event.timestamp).ok());
        for (group, event) in seen.new_of(look) {
            let source = Source { stack: &wanted.stack, group: &group, stream: &event.log_stream_name };
            let Some(line) = Line::read(event.timestamp, &event.message, &source) else { continue };
            if line.function.is_none() {
                nameless += 1;
            }
            if line.is(&filter) {
                let shown = if wanted.json { line.raw.clone() } else { line.shown(screen::styled()) };
                writeln!(out, "{shown}")?;
            }
        }
        out.flush()?;
        if filter.function.is_some() && nameless > 0 {
            eprintln!("Here {nameless} lines do not say which function wrote them, so they are not shown.");
            nameless = 0;
        }
        if wanted.once {
            return Ok(ExitCode::SUCCESS);
        }
        from = newest.map_or(from, |at| from.max(at - OVERLAP));
        tokio::time::sleep(PAUSE).await;
    }
}

/// The log groups in which a stack's functions may write.
async fn groups(logs: &Signed, stack: &StackName) -> Result<Vec<String>, Failure> {
    let mut found = Vec::new();
    let own = format!("/leadline/{stack}");
    for prefix in [own.clone(), format!("{OF_FUNCTIONS}{}", stack.prefix())] {
        let mut token = Value::Null;
        loop {
            let mut body = json!({ "logGroupNamePrefix": prefix });
            if !token.is_null() {
                body["nextToken"] = token;
            }
            let page = logs.ask(Service::Logs, "DescribeLogGroups", &body).await?;
            let names = page["logGroups"].as_array().ok_or(Failure::Answer)?.iter();
            let names = names.filter_map(|group| group["logGroupName"].as_str());
            let of_stack =
                |name: &str| name.strip_prefix(OF_FUNCTIONS).is_some_and(|n| stack.logical(n).is_some());
            let ours = names.filter(|name| *name == own || of_stack(name));
            found.extend(ours.map(str::to_owned));
            token = page["nextToken"].clone();
            if token.is_null() {
                break;
            }
        }
    }
    if found.is_empty() { Err(Failure::NoLogs { name: stack.to_string() }) } else { Ok(found) }
}

/// The events of a group since an instant. CloudWatch looks for the lead's id already; the rest is ours.
async fn events(logs: &Signed, group: &str, from: Timestamp, wanted: &Wanted) -> Result<Vec<Event>, Failure> {
    let mut found = Vec::new();
    let mut token = Value::Null;
    loop {
        let mut body = json!({ "logGroupName": group, "startTime": from.as_millisecond() });
        if let Some(lead_id) = &wanted.lead_id {
            body["filterPattern"] = json!(format!("\"{lead_id}\""));
        }
        if !token.is_null() {
            body["nextToken"] = token;
        }
        let page = logs.ask(Service::Logs, "FilterLogEvents", &body).await?;
        let events: Vec<Event> =
            serde_json::from_value(page["events"].clone()).map_err(|_| Failure::Answer)?;
        found.extend(events);
        token = page["nextToken"].clone();
        if token.is_null() {
            return Ok(found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake_server::{FakeServer, sdk_at};

    fn event(at: i64, message: &str) -> (String, Event) {
        let event = Event { log_stream_name: "s".to_owned(), timestamp: at, message: message.to_owned() };
        ("g".to_owned(), event)
    }

    fn shown(seen: &mut Seen, look: &[(i64, &str)]) -> Vec<String> {
        let look = look.iter().map(|(at, message)| event(*at, message)).collect();
        seen.new_of(look).into_iter().map(|(_, event)| event.message).collect()
    }

    #[test]
    fn an_event_is_shown_once_and_equal_ones_each() {
        let mut seen = Seen::default();
        assert_eq!(shown(&mut seen, &[(1, "a"), (2, "swept"), (2, "swept")]), ["a", "swept", "swept"]);
        // The first is too old by now, another arrives late, and there is a third of the same.
        assert_eq!(
            shown(&mut seen, &[(1, "late"), (2, "swept"), (2, "swept"), (2, "swept")]),
            ["late", "swept"]
        );
        assert_eq!(shown(&mut seen, &[(2, "swept")]), [] as [String; 0]);
    }

    #[tokio::test(flavor = "current_thread")]
    async fn pages_are_followed_and_the_lead_is_looked_for_over_there() {
        let page = |message: &str, token: Option<&str>| {
            let event = json!({ "logStreamName": "s", "timestamp": 5, "message": message, "eventId": "1" });
            FakeServer::json(200, &json!({ "events": [event], "nextToken": token }))
        };
        let server = FakeServer::start(vec![page("one", Some("more")), page("two", None)]);
        let logs = Signed::new(sdk_at(&server)).unwrap();
        let wanted = Wanted { lead_id: Some("ld_1".to_owned()), ..Wanted::default() };
        let from = Timestamp::from_millisecond(4_000).unwrap();
        let found = events(&logs, "g", from, &wanted).await.unwrap();
        assert_eq!(found.iter().map(|e| e.message.as_str()).collect::<Vec<_>>(), ["one", "two"]);
        let seen = server.seen();
        assert!(seen[0].contains(r#""startTime":4000"#) && seen[0].contains(r#""filterPattern":"\"ld_1\"""#));
        assert!(seen[1].contains(r#""nextToken":"more""#), "{}", seen[1]);
    }

    #[tokio::test(flavor = "current_thread")]
    async fn groups_of_a_stack_whose_name_begins_alike_are_not_ours() {
        let groups_page = |names: &[&str]| {
            let groups: Vec<Value> = names.iter().map(|n| json!({ "logGroupName": n })).collect();
            FakeServer::json(200, &json!({ "logGroups": groups }))
        };
        let server = FakeServer::start(vec![
            groups_page(&["/leadline/leadline", "/leadline/leadline-test"]),
            groups_page(&[
                "/aws/lambda/leadline-ScoreFunction-3C",
                "/aws/lambda/leadline-test-ScoreFunction-4D",
            ]),
        ]);
        let logs = Signed::new(sdk_at(&server)).unwrap();
        let found = groups(&logs, &StackName::parse("leadline").unwrap()).await.unwrap();
        assert_eq!(found, ["/leadline/leadline", "/aws/lambda/leadline-ScoreFunction-3C"]);
    }
}
