//! The error mapping on made-up errors, and on made-up answers of a server.

use std::collections::HashMap;
use std::sync::atomic::AtomicUsize;

use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::error::ErrorMetadata;
use aws_sdk_dynamodb::types::AttributeValue as Wire;
use aws_sdk_dynamodb::types::error::{
    ConditionalCheckFailedException, TransactionCanceledException, TransactionInProgressException,
};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;

use super::*;
use crate::DynamoTable;
use crate::table::{AttributeValue, Consistency, Item, Key, Query, Range, Source, Table, Write};

/// What we care about in an error.
#[derive(Debug, PartialEq)]
enum Told {
    ConditionFailed(usize, Option<Item>),
    Conflict,
    Throttled,
    Unclear,
    Refused,
}

fn told(error: &TableError) -> Told {
    match error {
        TableError::ConditionFailed { index, current } => Told::ConditionFailed(*index, current.clone()),
        TableError::Conflict => Told::Conflict,
        TableError::Throttled => Told::Throttled,
        TableError::Unclear(_) => Told::Unclear,
        TableError::Refused(_) => Told::Refused,
    }
}

fn response(status: u16) -> HttpResponse {
    HttpResponse::new(status.try_into().unwrap(), SdkBody::from("ada@example.org"))
}

fn wire_item() -> HashMap<String, Wire> {
    HashMap::from([("email".to_owned(), Wire::S("ada@example.org".to_owned()))])
}

fn our_item() -> Item {
    Item::from([("email".to_owned(), AttributeValue::S("ada@example.org".to_owned()))])
}

fn reason(code: &str) -> CancellationReason {
    let item = (code == "ConditionalCheckFailed").then(wire_item);
    CancellationReason::builder().code(code).message("about ada").set_item(item).build()
}

fn cancelled(reasons: Vec<CancellationReason>) -> TableError {
    let cancelled = TransactionCanceledException::builder().set_cancellation_reasons(Some(reasons)).build();
    let error = TransactWriteItemsError::TransactionCanceledException(cancelled);
    meaning(SdkError::service_error(error, response(400)), &Doubt::default())
}

const POSITIONS: usize = 5;

fn expected_alone(code: &str, position: usize) -> Told {
    match code {
        "ConditionalCheckFailed" => Told::ConditionFailed(position, Some(our_item())),
        "TransactionConflict" => Told::Conflict,
        "ThrottlingError" | "ProvisionedThroughputExceeded" | "RequestLimitExceeded" => Told::Throttled,
        _ => Told::Refused,
    }
}

const CODES: [&str; 8] = [
    "ConditionalCheckFailed",
    "TransactionConflict",
    "ThrottlingError",
    "ProvisionedThroughputExceeded",
    "RequestLimitExceeded",
    "ValidationError",
    "ItemCollectionSizeLimitExceeded",
    "SomethingNew",
];

#[test]
fn each_reason_means_the_same_at_each_position() {
    for code in CODES {
        for position in 0..POSITIONS {
            let reasons =
                (0..POSITIONS).map(|at| reason(if at == position { code } else { "None" })).collect();
            assert_eq!(told(&cancelled(reasons)), expected_alone(code, position), "{code} at {position}");
        }
    }
}

#[test]
fn of_two_reasons_the_one_that_a_retry_cannot_cure_counts() {
    let rank = |told: &Told| match told {
        Told::ConditionFailed(..) => 0,
        Told::Refused => 1,
        Told::Conflict => 2,
        Told::Throttled => 3,
        Told::Unclear => 4,
    };
    for first in CODES {
        for second in CODES {
            for (one, other) in [(0, 1), (0, 4), (2, 3)] {
                let reasons = (0..POSITIONS).map(|at| match at {
                    at if at == one => reason(first),
                    at if at == other => reason(second),
                    _ => reason("None"),
                });
                // Of two failed conditions the first is blamed: `min_by_key` keeps the first of equals.
                let candidates = [expected_alone(first, one), expected_alone(second, other)];
                let expected = candidates.into_iter().min_by_key(rank).unwrap();
                assert_eq!(
                    told(&cancelled(reasons.collect())),
                    expected,
                    "{first} at {one}, {second} at {other}"
                );
            }
        }
    }
}

#[test]
fn a_cancellation_without_a_reason_may_be_tried_again() {
    assert!(cancelled(vec![]).is_transient());
    assert!(cancelled(vec![CancellationReason::builder().build(), reason("None")]).is_transient());
}

#[test]
fn a_failed_condition_on_a_missing_item_has_no_item() {
    let missing = CancellationReason::builder().code("ConditionalCheckFailed").build();
    assert_eq!(told(&cancelled(vec![missing])), Told::ConditionFailed(0, None));
}

#[test]
fn single_writes_report_their_failed_condition() {
    for (stood, expected) in [(Some(wire_item()), Some(our_item())), (None, None)] {
        let failed = || ConditionalCheckFailedException::builder().set_item(stood.clone()).build();
        let put = PutItemError::ConditionalCheckFailedException(failed());
        let delete = DeleteItemError::ConditionalCheckFailedException(failed());
        let doubt = Doubt::default();
        let put = meaning(SdkError::service_error(put, response(400)), &doubt);
        let delete = meaning(SdkError::service_error(delete, response(400)), &doubt);
        assert_eq!(told(&put), Told::ConditionFailed(0, expected.clone()));
        assert_eq!(told(&delete), Told::ConditionFailed(0, expected));
    }
}

#[test]
fn errors_common_to_all_operations_go_by_their_code_and_status() {
    let cases = [
        ("TransactionConflictException", 400, Told::Conflict),
        ("ReplicatedWriteConflictException", 400, Told::Conflict),
        ("ProvisionedThroughputExceededException", 400, Told::Throttled),
        ("ThrottlingException", 400, Told::Throttled),
        ("RequestLimitExceeded", 400, Told::Throttled),
        ("TooManyRequests", 429, Told::Throttled),
        ("InternalServerError", 500, Told::Unclear),
        ("InternalServerError", 400, Told::Unclear),
        ("ServiceUnavailable", 503, Told::Unclear),
        ("Whatever", 502, Told::Unclear),
        ("ValidationException", 400, Told::Refused),
        ("ResourceNotFoundException", 400, Told::Refused),
        ("AccessDeniedException", 400, Told::Refused),
        ("IdempotentParameterMismatchException", 400, Told::Refused),
        ("Whatever", 413, Told::Refused),
    ];
    for (code, status, expected) in cases {
        let metadata = || ErrorMetadata::builder().code(code).message("no").build();
        let write = SdkError::service_error(PutItemError::generic(metadata()), response(status));
        let read = SdkError::service_error(QueryError::generic(metadata()), response(status));
        assert_eq!(told(&meaning(write, &Doubt::default())), expected, "{code} {status}");
        assert_eq!(told(&meaning(read, &Doubt::default())), expected, "{code} {status}");
    }
    let in_progress = TransactionInProgressException::builder()
        .meta(ErrorMetadata::builder().code("TransactionInProgressException").build())
        .build();
    let in_progress = TransactWriteItemsError::TransactionInProgressException(in_progress);
    assert_eq!(
        told(&meaning(SdkError::service_error(in_progress, response(400)), &Doubt::default())),
        Told::Unclear
    );
}

#[test]
fn what_never_came_back_is_unclear_and_what_never_left_is_refused() {
    let connector = || ConnectorError::io("reset".into());
    let cases: [(SdkError<PutItemError>, Told); 4] = [
        (SdkError::timeout_error("slow"), Told::Unclear),
        (SdkError::dispatch_failure(connector()), Told::Unclear),
        (SdkError::response_error("cut off", response(200)), Told::Unclear),
        (SdkError::construction_failure("bad"), Told::Refused),
    ];
    for (error, expected) in cases {
        assert_eq!(told(&meaning(error, &Doubt::default())), expected);
    }
}

#[test]
fn no_text_of_an_error_quotes_an_item() {
    let number = "The parameter cannot be converted to a numeric value: ada@example.org";
    let metadata = || ErrorMetadata::builder().code("ValidationException").message(number).build();
    let errors = [
        meaning(SdkError::service_error(PutItemError::generic(metadata()), response(400)), &Doubt::default()),
        meaning(SdkError::service_error(PutItemError::generic(metadata()), response(500)), &Doubt::default()),
        meaning(SdkError::<PutItemError>::response_error("cut off", response(200)), &Doubt::default()),
    ];
    for error in errors {
        let mut text = format!("{error} {error:?}");
        let mut source = std::error::Error::source(&error);
        while let Some(inner) = source {
            text.push_str(&format!(" {inner} {inner:?}"));
            source = inner.source();
        }
        assert!(!text.contains("ada"), "{text}");
    }
    let failed = cancelled(vec![reason("ConditionalCheckFailed")]);
    assert!(!failed.to_string().contains("ada"));
}

/// One answer of the made-up server; `None` drops the connection after the request was read.
type Reply = Option<(u16, &'static str)>;

/// A server that gives these answers, one after the other, and the last one for ever.
#[derive(Debug, Clone)]
struct Server {
    replies: &'static [Reply],
    asked: Arc<AtomicUsize>,
}

impl HttpConnector for Server {
    fn call(&self, _request: HttpRequest) -> HttpConnectorFuture {
        let number = self.asked.fetch_add(1, Ordering::SeqCst);
        let reply = self.replies[number.min(self.replies.len() - 1)];
        HttpConnectorFuture::ready(match reply {
            Some((status, body)) => Ok(HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body))),
            None => Err(ConnectorError::io("connection reset".into())),
        })
    }
}

/// A table on the made-up server, with so many attempts at each call.
fn table(replies: &'static [Reply], attempts: u32) -> (DynamoTable, Server) {
    let server = Server { replies, asked: Arc::default() };
    let connector = server.clone();
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .endpoint_url("http://localhost:1")
        .http_client(http_client_fn(move |_, _| SharedHttpConnector::new(connector.clone())))
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(attempts)
                .with_initial_backoff(std::time::Duration::from_millis(1)),
        )
        .build();
    (DynamoTable::new(aws_sdk_dynamodb::Client::from_conf(config), "leads".to_owned()), server)
}

fn a_write() -> Write {
    Write::Delete { key: Key::new("p", "s"), only_if: None }
}

const THROTTLED: Reply =
    Some((400, r#"{"__type":"com.amazon.coral.availability#ThrottlingException","message":"slow down"}"#));
const BROKEN: Reply = Some((500, r#"{"__type":"InternalServerError","message":"oops"}"#));
const REFUSED: Reply =
    Some((400, r#"{"__type":"com.amazon.coral.validate#ValidationException","message":"no"}"#));
const LOST: Reply = None;
const DONE: Reply = Some((200, "{}"));
const CONFLICT: Reply = Some((
    400,
    r#"{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","Message":"cancelled",
        "CancellationReasons":[{"Code":"None"},{"Code":"TransactionConflict","Message":"ongoing"}]}"#,
));
const CONDITION: Reply = Some((
    400,
    r#"{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","Message":"cancelled",
        "CancellationReasons":[{"Code":"TransactionConflict"},{"Code":"None"},
        {"Code":"ConditionalCheckFailed","Message":"failed","Item":{"email":{"S":"ada@example.org"}}}]}"#,
));
const STOOD: Reply = Some((
    400,
    r#"{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","message":"failed",
        "Item":{"email":{"S":"ada@example.org"}}}"#,
));

#[tokio::test]
async fn answers_on_the_wire_are_understood() {
    let failed = |index| Told::ConditionFailed(index, Some(our_item()));
    let cases: [(&'static [Reply], Told, Told); 6] = [
        (&[CONFLICT], Told::Conflict, Told::Refused),
        (&[CONDITION], failed(2), Told::Refused),
        (&[STOOD], Told::Refused, failed(0)),
        (&[THROTTLED], Told::Throttled, Told::Throttled),
        (&[BROKEN], Told::Unclear, Told::Unclear),
        (&[REFUSED], Told::Refused, Told::Refused),
    ];
    for (replies, transaction, single) in cases {
        let (table, _) = table(replies, 1);
        assert_eq!(told(&table.transact(vec![a_write()]).await.unwrap_err()), transaction, "{replies:?}");
        assert_eq!(told(&table.write(a_write()).await.unwrap_err()), single, "{replies:?}");
    }
}

#[tokio::test]
async fn that_nothing_was_written_is_said_only_when_no_earlier_attempt_went_unanswered() {
    let cases: [(&'static [Reply], Told); 6] = [
        (&[THROTTLED, THROTTLED], Told::Throttled),
        (&[LOST, THROTTLED], Told::Unclear),
        (&[BROKEN, THROTTLED], Told::Unclear),
        (&[LOST, REFUSED], Told::Unclear),
        (&[THROTTLED, REFUSED], Told::Refused),
        (&[LOST, STOOD], Told::ConditionFailed(0, Some(our_item()))),
    ];
    for (replies, expected) in cases {
        let (table, server) = table(replies, 2);
        assert_eq!(told(&table.write(a_write()).await.unwrap_err()), expected, "{replies:?}");
        assert_eq!(server.asked.load(Ordering::SeqCst), 2);
    }
    let (table, _) = table(&[LOST, DONE], 2);
    table.write(a_write()).await.unwrap();
}

#[tokio::test]
async fn an_earlier_call_casts_no_doubt_on_a_later_one() {
    let (table, _) = table(&[LOST, THROTTLED], 1);
    assert_eq!(told(&table.write(a_write()).await.unwrap_err()), Told::Unclear);
    assert_eq!(told(&table.write(a_write()).await.unwrap_err()), Told::Throttled);
}

#[tokio::test]
async fn unprocessed_keys_are_asked_for_again() {
    const SOME: Reply = Some((
        200,
        r#"{"Responses":{"leads":[{"pk":{"S":"p"},"sk":{"S":"1"}}]},
            "UnprocessedKeys":{"leads":{"Keys":[{"pk":{"S":"p"},"sk":{"S":"2"}}],"ConsistentRead":true}}}"#,
    ));
    const NONE: Reply = Some((
        200,
        r#"{"Responses":{},"UnprocessedKeys":{"leads":{"Keys":[{"pk":{"S":"p"},"sk":{"S":"2"}}]}}}"#,
    ));
    const REST: Reply = Some((200, r#"{"Responses":{"leads":[{"pk":{"S":"p"},"sk":{"S":"2"}}]}}"#));
    let keys = [Key::new("p", "1"), Key::new("p", "2"), Key::new("p", "1")];
    let (patient, server) = table(&[SOME, NONE, REST], 1);
    let found = patient.get_many(&keys).await.unwrap();
    assert_eq!(found.iter().filter_map(Key::of).collect::<Vec<_>>(), keys[..2]);
    assert_eq!(server.asked.load(Ordering::SeqCst), 3);

    let (starved, server) = table(&[SOME, NONE], 1);
    assert_eq!(told(&starved.get_many(&keys).await.unwrap_err()), Told::Throttled);
    assert!(server.asked.load(Ordering::SeqCst) < 12);
}

#[tokio::test]
async fn reads_report_in_the_same_way() {
    let key = Key::new("p", "s");
    let query = || Query {
        source: Source::Table(Consistency::Strong),
        partition: "p".to_owned(),
        range: Range::All,
        limit: 5,
        start: None,
    };
    for (replies, expected) in [
        (&[THROTTLED] as &'static [Reply], Told::Throttled),
        (&[BROKEN], Told::Unclear),
        (&[LOST], Told::Unclear),
        (&[REFUSED], Told::Refused),
    ] {
        let (table, _) = table(replies, 1);
        assert_eq!(told(&table.get(&key, Consistency::Strong).await.unwrap_err()), expected);
        assert_eq!(told(&table.get_many(std::slice::from_ref(&key)).await.unwrap_err()), expected);
        assert_eq!(told(&table.query(query()).await.unwrap_err()), expected);
        assert_eq!(told(&table.add(&key, "count", 1, 0).await.unwrap_err()), expected);
    }
}
