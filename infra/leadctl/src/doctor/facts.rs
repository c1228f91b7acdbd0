//! What is seen of a deployment, without a judgement.

use std::collections::BTreeMap;

use aws_sdk_sqs::Client;
use futures_util::future::{join, join_all, join4};
use jiff::{SignedDuration, Timestamp};
use leadline_core::playbook::Playbook;
use leadline_core::playbook::lint::{Severity, lint};
use reqwest::Method;
use reqwest::header::ACCEPT;
use serde_json::{Value, json};

use crate::api::Api;
use crate::audit;
use crate::failure::Failure;
use crate::signed::{Service, Signed};
use crate::stack::{self, End, Queue, StackName};

/// The audit of a whole deployment takes long; what changed since is looked at, and all that is overdue.
const LOOK_BACK: SignedDuration = SignedDuration::from_hours(1);
/// Ages of messages are those of the last minutes: CloudWatch has the newest after one or two.
const AGES_OF: SignedDuration = SignedDuration::from_mins(10);

/// What came of a look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Look<T> {
    /// This was seen.
    Seen(T),
    /// Nobody looked, for lack of this.
    NotAsked(&'static str),
    /// Nobody looked, for lack of credentials.
    SignedOut,
    /// Nothing could be seen.
    Failed(String),
}

impl<T> From<Result<T, Failure>> for Look<T> {
    fn from(result: Result<T, Failure>) -> Self {
        match result {
            Ok(seen) => Look::Seen(seen),
            Err(Failure::Unset { name }) => Look::NotAsked(name),
            Err(Failure::Unconfigured) => Look::SignedOut,
            Err(failure) => Look::Failed(failure.to_string()),
        }
    }
}

/// Everything that was looked at.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) door: Look<Door>,
    pub(super) key: Look<Key>,
    pub(super) playbook: Look<InForce>,
    pub(super) audit: Look<Audited>,
    pub(super) queues: Look<Queues>,
    pub(super) alarms: Look<Vec<Alarm>>,
}

/// What anybody sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Door {
    /// The status of the API's description.
    pub(super) status: u16,
    /// The version that the description names.
    pub(super) version: Option<String>,
    /// How far this machine's clock is ahead of the API's, to a second or so.
    pub(super) ahead: Option<SignedDuration>,
}

/// What the key opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    /// It may read leads.
    Good,
    /// It is no key, or a revoked one.
    Refused,
    /// It may do other things only.
    Narrow,
}

/// The playbook in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum InForce {
    /// This leadctl can read it; what its lint says.
    Read { name: String, errors: Vec<String>, warnings: usize },
    /// It cannot, with so many mistakes.
    Unreadable { mistakes: usize },
}

/// What the audit says of the last hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Audited {
    /// Violations by rule, those that there are.
    pub(super) violations: BTreeMap<String, u64>,
    /// How many leads were looked at.
    pub(super) leads: u64,
}

/// What is in the queues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Queues {
    /// Those that functions read.
    pub(super) depths: Vec<Depth>,
    /// Those at which messages end.
    pub(super) dead: Vec<Dead>,
}

/// How much waits in a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Depth {
    pub(super) queue: String,
    pub(super) waiting: u64,
    /// The age of the oldest message in seconds, where somebody publishes it.
    pub(super) oldest_s: Look<Option<u64>>,
}

/// What was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dead {
    /// As `leadctl redrive` calls it.
    pub(super) name: String,
    /// Whether its messages are ticks that were missed.
    pub(super) of: DeadOf,
    pub(super) messages: u64,
}

/// What a queue of dead letters is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DeadOf {
    /// Messages that failed too often.
    Messages,
    /// Ticks of the schedule that did not take place.
    Ticks,
}

/// An alarm that is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Alarm {
    /// Its name in the template and the runbook.
    pub(super) name: String,
    pub(super) reason: String,
}

/// Looks at everything at once.
pub(super) async fn gather(stack: Option<&StackName>, now: Timestamp) -> Facts {
    let of_api = join4(
        of_api(Api::open, async |api| door(&api).await),
        of_api(Api::with_key, async |api| key(&api).await),
        of_api(Api::with_key, async |api| playbook(&api, now).await),
        of_api(Api::with_key, async |api| audited(&api, now).await),
    );
    let of_aws = join(
        of_aws(stack, async |cloud| queues(&cloud, now).await),
        of_aws(stack, async |cloud| alarms(&cloud).await),
    );
    let ((door, key, playbook, audit), (queues, alarms)) = Box::pin(join(of_api, of_aws)).await;
    Facts { door, key, playbook, audit, queues, alarms }
}

async fn of_api<T>(
    api: fn() -> Result<Api, Failure>,
    see: impl AsyncFnOnce(Api) -> Result<T, Failure>,
) -> Look<T> {
    match api() {
        Ok(api) => see(api).await.into(),
        Err(failure) => Err(failure).into(),
    }
}

/// A deployment's stack, and whom to ask about it.
struct Cloud {
    stack: StackName,
    sqs: Client,
    signed: Signed,
}

async fn of_aws<T>(stack: Option<&StackName>, see: impl AsyncFnOnce(Cloud) -> Result<T, Failure>) -> Look<T> {
    let connect = async || {
        let stack = stack.ok_or(Failure::Unset { name: "STACK" })?.clone();
        let sdk = stack::sdk().await?;
        Ok::<Cloud, Failure>(Cloud { stack, sqs: Client::new(&sdk), signed: Signed::new(sdk)? })
    };
    match connect().await {
        Ok(cloud) => see(cloud).await.into(),
        Err(failure) => Err(failure).into(),
    }
}

async fn door(api: &Api) -> Result<Door, Failure> {
    let before = clock();
    let answer = api.ask(&api.call(Method::GET, &["openapi.json"])).await?;
    let middle = before + (clock().duration_since(before)) / 2;
    let document: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    Ok(Door {
        status: answer.status,
        version: document["info"]["version"].as_str().map(str::to_owned),
        // The header is cut to the second, so it is half a second behind on average.
        ahead: answer.date.map(|date| middle.duration_since(date) - SignedDuration::from_millis(500)),
    })
}

async fn key(api: &Api) -> Result<Key, Failure> {
    let answer = api.ask(&api.call(Method::GET, &["leads"]).query("limit", "1")).await?;
    match answer.status {
        401 => Ok(Key::Refused),
        403 => Ok(Key::Narrow),
        _ => answer.success().map(|_| Key::Good),
    }
}

async fn playbook(api: &Api, now: Timestamp) -> Result<InForce, Failure> {
    let call = api.call(Method::GET, &["playbook"]).header(ACCEPT, "application/yaml");
    let text = api.ask(&call).await?.success()?;
    Ok(match Playbook::read(&text) {
        Err(mistakes) => InForce::Unreadable { mistakes: mistakes.len() },
        Ok(playbook) => {
            let report = lint(&playbook, now);
            let errors = report.findings.iter().filter(|f| f.severity == Severity::Error);
            InForce::Read {
                name: playbook.doc().playbook.clone(),
                errors: errors.map(|f| format!("{}: {}", f.place, f.what)).collect(),
                warnings: report.warnings,
            }
        }
    })
}

async fn audited(api: &Api, now: Timestamp) -> Result<Audited, Failure> {
    let (violations, leads) = audit::counts_since(api, now - LOOK_BACK).await?;
    Ok(Audited { violations, leads })
}

async fn queues(cloud: &Cloud, now: Timestamp) -> Result<Queues, Failure> {
    let queues = stack::queues(&cloud.sqs, &cloud.stack).await?;
    let read = queues.iter().filter(|queue| queue.dead_letters.is_some());
    let depths = join_all(read.map(async |queue| Depth {
        queue: queue.logical.clone(),
        waiting: queue.waiting,
        oldest_s: oldest(&cloud.signed, queue, now).await.into(),
    }))
    .await;
    Ok(Queues { depths, dead: dead(&queues) })
}

/// The greatest age of a queue's oldest message within the last minutes, in seconds; none where nobody has published any.
async fn oldest(signed: &Signed, queue: &Queue, now: Timestamp) -> Result<Option<u64>, Failure> {
    let body = json!({
        "Namespace": "AWS/SQS",
        "MetricName": "ApproximateAgeOfOldestMessage",
        "Dimensions": [{ "Name": "QueueName", "Value": queue.name }],
        "StartTime": (now - AGES_OF).as_second(),
        "EndTime": now.as_second(),
        "Period": 60,
        "Statistics": ["Maximum"],
    });
    let answer = signed.ask(Service::CloudWatch, "GetMetricStatistics", &body).await?;
    let points = answer["Datapoints"].as_array().cloned().unwrap_or_default();
    let ages = points.iter().filter_map(|point| point["Maximum"].as_f64());
    Ok(ages.map(|age| age.max(0.0) as u64).max())
}

fn dead(queues: &[Queue]) -> Vec<Dead> {
    let one = |end: &End| Dead {
        name: end.short(),
        of: if end.source.is_some() { DeadOf::Messages } else { DeadOf::Ticks },
        messages: end.queue.waiting,
    };
    stack::ends(queues).iter().map(one).collect()
}

/// The alarms of a stack that are on; none of a stack whose name begins alike.
async fn alarms(Cloud { stack, signed, .. }: &Cloud) -> Result<Vec<Alarm>, Failure> {
    let body = json!({ "AlarmNamePrefix": stack.prefix(), "StateValue": "ALARM", "MaxRecords": 100 });
    let answer = signed.ask(Service::CloudWatch, "DescribeAlarms", &body).await?;
    let found = answer["MetricAlarms"].as_array().cloned().unwrap_or_default();
    // Asked for already; LocalStack looks at the prefix alone.
    let on = found.iter().filter(|alarm| alarm["StateValue"] == "ALARM").filter_map(|alarm| {
        let name = stack.logical(alarm["AlarmName"].as_str()?)?.to_owned();
        Some(Alarm { name, reason: alarm["StateReason"].as_str().unwrap_or_default().to_owned() })
    });
    Ok(on.collect())
}

#[allow(clippy::disallowed_methods, reason = "how far this machine's clock is off is what is looked at")]
fn clock() -> Timestamp {
    Timestamp::now()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake_server::{FakeServer, sdk_at};

    #[tokio::test(flavor = "current_thread")]
    async fn a_clock_is_compared_with_the_header_of_the_answer() {
        let two_hours_ago = clock() - SignedDuration::from_hours(2);
        let date =
            jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&two_hours_ago).unwrap();
        let body = json!({ "info": { "version": "7.0.0" } }).to_string();
        let server = FakeServer::start(vec![FakeServer::answer(200, &format!("date: {date}\r\n"), &body)]);
        let seen = door(&Api::at(&server.url(), None).unwrap()).await.unwrap();
        assert_eq!((seen.status, seen.version.as_deref()), (200, Some("7.0.0")));
        let off = seen.ahead.unwrap() - SignedDuration::from_hours(2);
        assert!(off.abs() < SignedDuration::from_secs(30), "{off}");
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_key_is_good_narrow_or_refused() {
        for (status, wanted) in [(200, Key::Good), (403, Key::Narrow), (401, Key::Refused)] {
            let server = FakeServer::start(vec![FakeServer::json(status, &json!({}))]);
            let api = Api::at(&server.url(), Some("llk_key")).unwrap();
            assert_eq!(key(&api).await.unwrap(), wanted);
        }
    }

    #[tokio::test(flavor = "current_thread")]
    async fn ages_and_alarms_are_those_of_the_stack() {
        let points = json!({ "Datapoints": [{ "Maximum": 4.0 }, { "Maximum": 310.0 }, { "Maximum": 12.0 }] });
        let alarm = |name: &str, state: &str| json!({ "AlarmName": name, "StateValue": state, "StateReason": "crossed" });
        let alarms_there = json!({ "MetricAlarms": [
            alarm("s-AuditAlarm-1A", "ALARM"),
            alarm("s-two-AuditAlarm-2B", "ALARM"),
            alarm("s-LatenessAlarm-3C", "INSUFFICIENT_DATA"),
        ] });
        let server = FakeServer::start(vec![
            FakeServer::json(200, &points),
            FakeServer::json(200, &json!({ "Datapoints": [] })),
            FakeServer::json(200, &alarms_there),
        ]);
        let signed = Signed::new(sdk_at(&server)).unwrap();
        let queue = Queue {
            logical: "ScoreQueue".to_owned(),
            name: "s-ScoreQueue-1A".to_owned(),
            url: String::new(),
            arn: String::new(),
            waiting: 1,
            dead_letters: None,
        };
        let now = "2026-11-26T12:00:00Z".parse().unwrap();
        assert_eq!(oldest(&signed, &queue, now).await.unwrap(), Some(310));
        assert_eq!(oldest(&signed, &queue, now).await.unwrap(), None);
        let (stack, sqs) = (StackName::parse("s").unwrap(), Client::new(&sdk_at(&server)));
        let on = alarms(&Cloud { stack, sqs, signed }).await.unwrap();
        assert_eq!(on, [Alarm { name: "AuditAlarm".to_owned(), reason: "crossed".to_owned() }]);
        assert!(server.seen()[0].contains(r#""Value":"s-ScoreQueue-1A""#));
    }
}
