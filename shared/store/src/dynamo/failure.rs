//! What the SDK's errors mean to us.
//!
//! No error of ours carries the SDK's own for a service's answer: those hold whole items and raw responses, which
//! are personal data. Code and message are kept, and the message only as far as it cannot quote a value.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_sdk_dynamodb::config::interceptors::FinalizerInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::{BoxError, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemError;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::get_item::GetItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::query::QueryError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::CancellationReason;

use super::from_wire;
use crate::table::TableError;

/// What a service answered instead of doing what was asked.
#[derive(Debug, thiserror::Error)]
#[error("{code}: {message}")]
pub(super) struct Answer {
    code: String,
    message: String,
}

impl Answer {
    pub(super) fn new(code: &str, message: &str) -> Self {
        // The one message that quotes a value, at its end, after this phrase.
        let quoting = "cannot be converted to a numeric value";
        let message = match message.find(quoting) {
            Some(start) => &message[..start + quoting.len()],
            None => message,
        };
        Self { code: code.to_owned(), message: message.chars().take(300).collect() }
    }
}

/// An operation's error, with what only that operation can answer.
pub(super) trait Operation: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static {
    /// The meaning of an error that is this operation's own; `None` for those common to all.
    fn own_meaning(&self) -> Option<TableError> {
        None
    }
}

impl Operation for GetItemError {}
impl Operation for BatchGetItemError {}
impl Operation for QueryError {}
impl Operation for UpdateItemError {}

impl Operation for PutItemError {
    fn own_meaning(&self) -> Option<TableError> {
        match self {
            Self::ConditionalCheckFailedException(failed) => {
                Some(TableError::ConditionFailed { index: 0, current: failed.item().map(from_wire) })
            }
            _ => None,
        }
    }
}

impl Operation for DeleteItemError {
    fn own_meaning(&self) -> Option<TableError> {
        match self {
            Self::ConditionalCheckFailedException(failed) => {
                Some(TableError::ConditionFailed { index: 0, current: failed.item().map(from_wire) })
            }
            _ => None,
        }
    }
}

impl Operation for TransactWriteItemsError {
    fn own_meaning(&self) -> Option<TableError> {
        match self {
            Self::TransactionCanceledException(cancelled) => {
                Some(cancellation(cancelled.cancellation_reasons()))
            }
            _ => None,
        }
    }
}

/// Sums up the reasons why a transaction was cancelled, one for each write, by what the caller must do.
///
/// A failed condition goes first, whatever else was wrong, because doing the same again cannot help; then a refusal,
/// which no retry cures either; then a conflict, which says that another transaction is about to change what we
/// read; then throttling. Reasons unknown to us count as refusals. In each case nothing was written.
fn cancellation(reasons: &[CancellationReason]) -> TableError {
    let code = |reason: &CancellationReason| reason.code().unwrap_or("None").to_owned();
    let failed = reasons.iter().position(|reason| reason.code() == Some("ConditionalCheckFailed"));
    if let Some(index) = failed {
        let current = reasons[index].item().filter(|item| !item.is_empty()).map(from_wire);
        return TableError::ConditionFailed { index, current };
    }
    let (mut conflict, mut throttled) = (false, false);
    for (index, reason) in reasons.iter().enumerate() {
        match code(reason).as_str() {
            "None" => {}
            "TransactionConflict" => conflict = true,
            "ThrottlingError" | "ProvisionedThroughputExceeded" | "RequestLimitExceeded" => throttled = true,
            other => {
                let message = format!("write {index}: {}", reason.message().unwrap_or_default());
                return TableError::Refused(Box::new(Answer::new(other, &message)));
            }
        }
    }
    match (conflict, throttled) {
        (true, _) => TableError::Conflict,
        (false, true) => TableError::Throttled,
        // Cancelled for no reason given: nothing was written, and nothing says that it cannot be.
        (false, false) => TableError::Conflict,
    }
}

/// Says what an SDK error means. `doubt` tells whether an earlier attempt of the same call may have got through.
pub(super) fn meaning<E: Operation>(error: SdkError<E>, doubt: &Doubt) -> TableError {
    let meaning = match error {
        SdkError::ServiceError(service) => {
            let status = service.raw().status().as_u16();
            answer(&service.into_err(), status)
        }
        SdkError::ConstructionFailure(_) => TableError::Refused(Box::new(Answer::new(
            "ConstructionFailure",
            "the request could not be built",
        ))),
        // Their sources speak of sockets, time and syntax; the raw response of the last one is dropped.
        other => match other.into_source() {
            Ok(source) => TableError::Unclear(source),
            Err(_) => TableError::Unclear(Box::new(Answer::new("NoAnswer", "the request failed on its way"))),
        },
    };
    match meaning {
        // These say that this attempt wrote nothing, not that an earlier one did not.
        TableError::Conflict | TableError::Throttled | TableError::Refused(_) if doubt.is_cast() => {
            TableError::Unclear(Box::new(Answer::new("EarlierAttempt", "an earlier attempt went unanswered")))
        }
        meaning => meaning,
    }
}

fn answer<E: Operation>(error: &E, status: u16) -> TableError {
    if let Some(meaning) = error.own_meaning() {
        return meaning;
    }
    let code = error.code().unwrap_or("Unknown");
    let answer = || Box::new(Answer::new(code, error.message().unwrap_or_default()));
    match code {
        "TransactionConflictException" | "ReplicatedWriteConflictException" => TableError::Conflict,
        "ProvisionedThroughputExceededException"
        | "ThrottlingException"
        | "ThrottlingError"
        | "RequestLimitExceeded" => TableError::Throttled,
        // Our own call, sent again by the SDK, is still at work: it may yet succeed.
        "TransactionInProgressException" => TableError::Unclear(answer()),
        "InternalServerError" | "InternalFailure" | "ServiceUnavailable" | "RequestTimeout" => {
            TableError::Unclear(answer())
        }
        _ if status >= 500 => TableError::Unclear(answer()),
        _ if status == 429 => TableError::Throttled,
        _ => TableError::Refused(answer()),
    }
}

/// Watches the attempts of one call for such as may have taken effect unseen.
#[derive(Debug, Clone, Default)]
pub(super) struct Doubt(Arc<AtomicBool>);

impl Doubt {
    fn is_cast(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Intercept for Doubt {
    fn name(&self) -> &'static str {
        "Doubt"
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(Err(error)) = context.output_or_error() {
            let status = context.response().map(|response| response.status().as_u16());
            let answered = error.is_operation_error() && status.is_some_and(|status| status < 500);
            if !answered {
                self.0.store(true, Ordering::Relaxed);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "failure_tests.rs"]
mod tests;
