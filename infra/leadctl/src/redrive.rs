//! `leadctl redrive`: sends what was given up back to the queue that it came from. A message is a wake-up, so sending one
//! twice, or one that nobody needs any more, harms nothing.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_sqs::operation::list_message_move_tasks::ListMessageMoveTasksError;
use aws_sdk_sqs::types::{
    DeleteMessageBatchRequestEntry, ListMessageMoveTasksResultEntry, Message, SendMessageBatchRequestEntry,
};
use futures_util::future::join_all;
use leadline_runtime::wake;
use serde::Serialize;

use crate::arguments;
use crate::failure::Failure;
use crate::screen;
use crate::stack::{self, End, Queue, refused};
use crate::table;

/// As many as SQS gives and takes at once.
const TEN: i32 = 10;
/// How long a message that we hold is hidden from others, in seconds: longer than it takes to send ten on.
const HIDDEN_S: i32 = 30;
/// How long SQS looks for messages, in seconds. Without it looks at a part of its servers only and may miss some.
const LOOK_S: i32 = 1;
/// Between two looks at a task of SQS.
const PAUSE: Duration = Duration::from_millis(500);
/// How long we watch a task of SQS, which moves up to 500 messages a second and goes on without us.
const LOOKS: u32 = 120;

/// What became of one queue.
#[derive(Debug, Serialize)]
struct Row {
    queue: String,
    /// About as many were there before.
    messages: u64,
    /// Where they belong; none for ticks.
    back_to: Option<String>,
    #[serde(flatten)]
    done: Done,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Done {
    /// Only looked at: the ids in some of the messages.
    Looked { ids: Vec<String> },
    /// So many went back.
    Moved(u64),
    /// So many have gone back by now, and SQS goes on moving.
    Moving(u64),
    /// So many ticks that were missed were deleted.
    Emptied(u64),
    /// Nothing was done.
    LeftAlone,
    /// It came to nothing, or to less than it should.
    Failed { moved: u64, why: String },
}

/// Sends messages back, or says what would be.
pub(crate) async fn run(wanted: &arguments::Redrive, out: &mut impl Write) -> Result<ExitCode, Failure> {
    let sqs = Client::new(&stack::sdk().await?);
    let ends = stack::ends(&stack::queues(&sqs, &wanted.stack).await?);
    let named = |end: &&End| wanted.queue.as_deref().is_none_or(|name| end.is_called(name));
    let chosen: Vec<&End> = ends.iter().filter(named).collect();
    if chosen.is_empty() {
        return Err(Failure::NoSuchQueue { there: ends.iter().map(End::short).collect() });
    }
    let rows = join_all(chosen.into_iter().map(async |end| Row {
        queue: end.short(),
        messages: end.queue.waiting,
        back_to: end.source.as_ref().map(|source| source.logical.clone()),
        done: settle(&sqs, end, wanted).await,
    }))
    .await;
    if wanted.json {
        writeln!(out, "{}", serde_json::to_string(&rows).map_err(std::io::Error::from)?)?;
    } else {
        write!(out, "{}", listed(&rows))?;
    }
    let failed = rows.iter().any(|row| matches!(row.done, Done::Failed { .. }));
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn settle(sqs: &Client, end: &End, wanted: &arguments::Redrive) -> Done {
    let failed = |(moved, failure): (u64, Failure)| Done::Failed { moved, why: failure.to_string() };
    if wanted.dry_run {
        return match receive(sqs, &end.queue.url, 1).await {
            Ok(messages) => Done::Looked { ids: messages.iter().map(id).collect() },
            Err(failure) => failed((0, failure)),
        };
    }
    match &end.source {
        Some(source) => move_back(sqs, &end.queue, source).await.unwrap_or_else(failed),
        // Only whoever names it means it: the message says that ticks were missed, and there is no other trace of that.
        None if wanted.queue.is_some() => {
            empty(sqs, &end.queue, None).await.map(Done::Emptied).unwrap_or_else(failed)
        }
        None => Done::LeftAlone,
    }
}

/// The id in a message. What else may be in one that is no wake-up of ours is not shown.
fn id(message: &Message) -> String {
    let wake_up = message.body().and_then(wake::parse);
    wake_up.map_or_else(|| "(no wake-up of ours)".to_owned(), |wake_up| wake_up.id)
}

/// Has SQS move them; where it cannot, as on some emulators, moves them by hand.
async fn move_back(sqs: &Client, from: &Queue, to: &Queue) -> Result<Done, (u64, Failure)> {
    let unknown = ["InvalidAction", "UnsupportedOperation", "UnknownOperation", "NotImplemented"];
    let earlier = match latest(sqs, from).await {
        Ok(task) => task.map(|task| task.started_timestamp()),
        Err(error) if unknown.iter().any(|u| error.code().unwrap_or_default().contains(u)) => {
            return empty(sqs, from, Some(to)).await.map(Done::Moved);
        }
        Err(error) => return Err((0, refused("The state of earlier redrives", &error))),
    };
    let started = sqs.start_message_move_task().source_arn(&from.arn).destination_arn(&to.arn).send().await;
    started.map_err(|e| (0, refused("The redrive", &e)))?;
    let mut moved = 0;
    for _ in 0..LOOKS {
        let task = latest(sqs, from).await.map_err(|e| (moved, refused("The state of the redrive", &e)))?;
        // For a moment there may be only the one before ours, or none.
        let Some(task) = task.filter(|task| Some(task.started_timestamp()) != earlier) else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        moved = u64::try_from(task.approximate_number_of_messages_moved()).unwrap_or(0);
        match task.status() {
            Some("COMPLETED") => return Ok(Done::Moved(moved)),
            Some(end @ ("FAILED" | "CANCELLING" | "CANCELLED")) => {
                let reason = task.failure_reason().unwrap_or(end).to_owned();
                return Err((moved, Failure::Aws { what: "The redrive", reason }));
            }
            _ => tokio::time::sleep(PAUSE).await,
        }
    }
    Ok(Done::Moving(moved))
}

/// The task that SQS was given last for a queue.
async fn latest(
    sqs: &Client,
    from: &Queue,
) -> Result<Option<ListMessageMoveTasksResultEntry>, SdkError<ListMessageMoveTasksError>> {
    let tasks = sqs.list_message_move_tasks().source_arn(&from.arn).max_results(1).send().await?;
    Ok(tasks.results.unwrap_or_default().into_iter().next())
}

/// Empties a queue into another, or for good; how many were in it. What is sent on is deleted only after it has been taken,
/// so that a crash in between doubles messages and loses none.
async fn empty(sqs: &Client, from: &Queue, to: Option<&Queue>) -> Result<u64, (u64, Failure)> {
    let mut done = 0;
    loop {
        let messages = receive(sqs, &from.url, HIDDEN_S).await.map_err(|e| (done, e))?;
        if messages.is_empty() {
            return Ok(done);
        }
        let mut by_id: BTreeMap<String, &Message> =
            messages.iter().enumerate().map(|(n, message)| (n.to_string(), message)).collect();
        if let Some(to) = to {
            let entry = |(id, message): (&String, &&Message)| {
                let body = message.body().unwrap_or_default();
                SendMessageBatchRequestEntry::builder().id(id).message_body(body).build().ok()
            };
            let entries = by_id.iter().filter_map(entry).collect();
            let sent = sqs.send_message_batch().queue_url(&to.url).set_entries(Some(entries)).send().await;
            let sent = sent.map_err(|e| (done, refused("The queue that they came from", &e)))?;
            by_id.retain(|id, _| sent.successful().iter().any(|entry| entry.id() == id));
            if by_id.is_empty() {
                let reason = sent.failed().first().map_or("it took none", |f| f.code()).to_owned();
                return Err((done, Failure::Aws { what: "The queue that they came from", reason }));
            }
        }
        let entry = |(id, message): (&String, &&Message)| {
            let handle = message.receipt_handle().unwrap_or_default();
            DeleteMessageBatchRequestEntry::builder().id(id).receipt_handle(handle).build().ok()
        };
        let entries = by_id.iter().filter_map(entry).collect();
        let deleted = sqs.delete_message_batch().queue_url(&from.url).set_entries(Some(entries)).send().await;
        deleted.map_err(|e| (done, refused("The queue of dead letters", &e)))?;
        done += by_id.len() as u64;
    }
}

async fn receive(sqs: &Client, url: &str, hidden_s: i32) -> Result<Vec<Message>, Failure> {
    let request = sqs.receive_message().queue_url(url).max_number_of_messages(TEN);
    let answer = request.visibility_timeout(hidden_s).wait_time_seconds(LOOK_S).send().await;
    Ok(answer.map_err(|e| refused("The queue of dead letters", &e))?.messages.unwrap_or_default())
}

fn listed(rows: &[Row]) -> String {
    let cells = rows.iter().map(|row| {
        let what = match &row.done {
            Done::Looked { ids } if ids.is_empty() => "nothing".to_owned(),
            Done::Looked { ids } => ids.join(", "),
            Done::Moved(n) => format!("{n} sent back"),
            Done::Moving(n) => format!("{n} sent back so far; SQS goes on"),
            Done::Emptied(n) => format!("{n} deleted; the next tick did their work"),
            Done::LeftAlone if row.messages == 0 => "nothing".to_owned(),
            Done::LeftAlone => {
                format!("ticks that were missed; `leadctl redrive {}` deletes them", row.queue)
            }
            Done::Failed { moved, why } => format!("{moved} sent back, then: {why}"),
        };
        let to = row.back_to.clone().unwrap_or_else(|| "–".to_owned());
        vec![row.queue.clone(), row.messages.to_string(), to, what]
    });
    table::render(&["QUEUE", "MESSAGES", "BACK TO", "WHAT"], cells.collect(), screen::styled())
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::fake_server::{FakeServer, sdk_at};
    use serde_json::{Value, json};

    fn queue(server: &FakeServer, logical: &str) -> Queue {
        Queue {
            logical: logical.to_owned(),
            name: format!("s-{logical}-A"),
            url: format!("{}/1/s-{logical}-A", server.url()),
            arn: format!("arn:aws:sqs:eu-central-1:1:s-{logical}-A"),
            waiting: 0,
            dead_letters: None,
        }
    }

    /// An SQS that cannot redrive, with two dead letters of which the other queue takes only the first.
    fn by_hand() -> (FakeServer, Arc<Mutex<Vec<String>>>) {
        let did = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&did);
        let mut left = 1;
        let server = FakeServer::answering(move |request| {
            let head = request.to_lowercase();
            let action =
                head.lines().find_map(|l| l.strip_prefix("x-amz-target: amazonsqs.")).unwrap_or_default();
            let body: Value =
                serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap_or_default();
            let ids = |body: &Value| {
                let entries = body["Entries"].as_array().cloned().unwrap_or_default();
                entries.iter().map(|e| e["Id"].as_str().unwrap().to_owned()).collect::<Vec<_>>().join("+")
            };
            log.lock().unwrap().push(format!("{action} {}", ids(&body)).trim().to_owned());
            match action {
                "listmessagemovetasks" => FakeServer::json(400, &json!({ "__type": "InvalidAction" })),
                "receivemessage" if left > 0 => {
                    left -= 1;
                    let message = |n| {
                        let id = format!("ld_{n}");
                        let wake_up = json!({ "v": 1, "hop": "score", "id": id, "version": 1 }).to_string();
                        json!({ "MessageId": id, "ReceiptHandle": format!("handle {n}"), "Body": wake_up })
                    };
                    FakeServer::json(200, &json!({ "Messages": [message(1), message(2)] }))
                }
                "sendmessagebatch" => {
                    let taken = json!({ "Id": "0", "MessageId": "m", "MD5OfMessageBody": "" });
                    let refused = json!({ "Id": "1", "Code": "Full", "SenderFault": false });
                    FakeServer::json(200, &json!({ "Successful": [taken], "Failed": [refused] }))
                }
                _ => FakeServer::json(200, &json!({})),
            }
        });
        (server, did)
    }

    #[tokio::test(flavor = "current_thread")]
    async fn what_is_not_taken_is_not_deleted_and_nothing_is_deleted_before_it_is_taken() {
        let (server, did) = by_hand();
        let sqs = Client::new(&sdk_at(&server));
        let (from, to) = (queue(&server, "ScoreDeadLetters"), queue(&server, "ScoreQueue"));
        let done = move_back(&sqs, &from, &to).await;
        assert!(matches!(done, Ok(Done::Moved(1))), "{done:?}");
        let wanted = [
            "listmessagemovetasks",
            "receivemessage",
            "sendmessagebatch 0+1",
            "deletemessagebatch 0",
            "receivemessage",
        ];
        assert_eq!(*did.lock().unwrap(), wanted);
    }

    /// An SQS that gives these answers to a list of tasks, each begun at an instant, and takes a task after the first.
    fn tasks(listed: &[Option<(i64, &str, u64)>]) -> FakeServer {
        let answer = |task: &Option<(i64, &str, u64)>| {
            let entry = task.map(|(at, status, moved)| {
                json!({
                    "StartedTimestamp": at, "Status": status, "ApproximateNumberOfMessagesMoved": moved,
                    "FailureReason": if status == "FAILED" { Some("AccessDenied") } else { None },
                })
            });
            FakeServer::json(200, &json!({ "Results": entry.into_iter().collect::<Vec<Value>>() }))
        };
        let mut answers: Vec<String> = listed.iter().map(answer).collect();
        answers.insert(1, FakeServer::json(200, &json!({ "TaskHandle": "h" })));
        FakeServer::start(answers)
    }

    async fn moved_by(server: &FakeServer) -> Result<Done, (u64, Failure)> {
        let sqs = Client::new(&sdk_at(server));
        move_back(&sqs, &queue(server, "ScoreDeadLetters"), &queue(server, "ScoreQueue")).await
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_task_of_sqs_is_watched_to_its_end_and_not_mistaken_for_an_earlier_one() {
        let earlier = Some((1_000, "COMPLETED", 9));
        let server = tasks(&[earlier, earlier, Some((2_000, "RUNNING", 1)), Some((2_000, "COMPLETED", 3))]);
        let done = moved_by(&server).await;
        assert!(matches!(done, Ok(Done::Moved(3))), "{done:?}");
        let started = &server.seen()[1];
        assert!(started.contains("-ScoreDeadLetters-A") && started.contains("-ScoreQueue-A"), "{started}");

        let done = moved_by(&tasks(&[None, None, Some((2_000, "COMPLETED", 1))])).await;
        assert!(matches!(done, Ok(Done::Moved(1))), "{done:?}");
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_task_that_ends_badly_says_how_far_it_came_and_why() {
        let (moved, failure) = moved_by(&tasks(&[None, Some((2_000, "FAILED", 2))])).await.unwrap_err();
        assert!(moved == 2 && failure.to_string().contains("AccessDenied"), "{moved} {failure}");
    }

    #[tokio::test(flavor = "current_thread")]
    async fn another_refusal_is_told_and_not_worked_around() {
        let refused = json!({ "__type": "AccessDeniedException", "message": "not yours" });
        let server = FakeServer::answering(move |_| FakeServer::json(400, &refused));
        let sqs = Client::new(&sdk_at(&server));
        let (from, to) = (queue(&server, "ScoreDeadLetters"), queue(&server, "ScoreQueue"));
        let (moved, failure) = move_back(&sqs, &from, &to).await.unwrap_err();
        assert!(moved == 0 && failure.to_string().contains("AccessDenied"), "{failure}");
        assert_eq!(server.seen().len(), 1);
    }

    #[test]
    fn only_ids_are_shown() {
        let body = |body: &str| id(&Message::builder().body(body).build());
        assert_eq!(body(r#"{"v":1,"hop":"score","id":"ld_1","version":4}"#), "ld_1");
        assert_eq!(body("ada@acme.example"), "(no wake-up of ours)");
        let row = |done| Row { queue: "score".into(), messages: 2, back_to: Some("ScoreQueue".into()), done };
        let rows = [row(Done::Moved(2)), row(Done::Looked { ids: vec!["ld_1".into()] })];
        assert_eq!(
            listed(&rows),
            "QUEUE  MESSAGES  BACK TO     WHAT\nscore  2         ScoreQueue  2 sent back\nscore  2         ScoreQueue  ld_1\n"
        );
        let document = serde_json::to_value(&rows[0]).unwrap();
        assert_eq!(document, json!({ "queue": "score", "messages": 2, "back_to": "ScoreQueue", "moved": 2 }));
    }
}
