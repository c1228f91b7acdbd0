//! The same answers once more: the submission that came first is what they are.

use jiff::Timestamp;
use leadline_core::ids::SubmissionId;
use leadline_core::lead::Stage;
use leadline_core::plant::Plant;
use leadline_runtime::ports::Ports;
use leadline_store::claims::{self, Remembered};
use leadline_store::{Table, Write, leads};

use super::{Arrival, TakeError, Taken, Tried};

/// Whether the same answers are a repetition now.
pub(super) fn is_open(seen: &claims::Repeat, received_at: Timestamp) -> bool {
    seen.is_open(received_at) && !Plant::DedupeByMessage.is_on()
}

/// Whether the lead of a submission has been erased.
pub(super) async fn is_erased<T: Table>(table: &T, receipt: &claims::Receipt) -> Result<bool, TakeError> {
    Ok(leads::load(table, &receipt.lead_id).await?.is_none_or(|lead| lead.stage == Stage::Erased))
}

/// The receipt of a submission whose lead has not been erased.
pub(super) async fn living<T: Table>(
    table: &T,
    submission_id: &SubmissionId,
) -> Result<Option<claims::Receipt>, TakeError> {
    match claims::receipt(table, submission_id).await? {
        Some(Remembered::Kept(receipt)) if !is_erased(table, &receipt).await? => Ok(Some(receipt)),
        _ => Ok(None),
    }
}

/// The same answers within ten minutes: one more repetition of the submission that came first.
pub(super) async fn again<P: Ports>(
    ports: &P,
    arrival: &Arrival<'_>,
    own_id: &SubmissionId,
    content: &str,
    mut counts: Vec<Write>,
    receipt: &claims::Receipt,
    received_at: Timestamp,
) -> Result<Tried, TakeError> {
    let table = ports.table();
    let taken = Taken { submission_id: receipt.submission_id.clone(), repeated: true };
    if arrival.idempotency_key.is_some() {
        // This key means that submission from now on, also when the ten minutes are over.
        counts.push(claims::alias_put(own_id, receipt)?);
    }
    let outcome = if counts.len() == 1 {
        let only = counts.remove(0);
        table.write(only).await
    } else {
        table.transact(counts).await
    };
    // Counting a repetition twice is harmless, losing the acknowledgement of a durable submission is not: whatever the
    // outcome of the count, the submission is there. Only a race over the key itself has to be looked at again.
    match outcome {
        Err(leadline_store::TableError::ConditionFailed { .. }) if arrival.idempotency_key.is_none() => {
            // Another repetition came between, or an erasure. A crowd of repetitions would run out of tries over a
            // number.
            if claims::repeat(table, content).await?.is_none_or(|r| r.submission_id != taken.submission_id) {
                return Ok(Err(leadline_store::CommitError::LeadChanged));
            }
            if let Err(error) = claims::repeat_counted(table, content, received_at).await {
                tracing::warn!(error = "repeat_not_counted", detail = %error, "the submission itself is durable");
            }
            Ok(Ok(taken))
        }
        Err(leadline_store::TableError::ConditionFailed { .. }) => {
            Ok(Err(leadline_store::CommitError::LeadChanged))
        }
        Err(error) if arrival.idempotency_key.is_some() => Ok(Err(error.into())),
        Ok(()) | Err(_) => Ok(Ok(taken)),
    }
}
