//! Submissions: what was submitted, beside the row of its lead.

use leadline_core::ids::{LeadId, SubmissionId};
use leadline_core::submission::Submission;

use crate::leads::{self, ReadError};
use crate::rows::{Corrupt, from_item, to_item};
use crate::table::{Consistency, Key, Table, Write};

/// How their sort keys begin.
pub(crate) const PREFIX: &str = "SUB#";

fn key(lead_id: &LeadId, submission_id: &SubmissionId) -> Key {
    Key::new(lead_id.partition(), format!("{PREFIX}{submission_id}"))
}

/// All submissions of a lead.
pub async fn all<T: Table>(table: &T, lead_id: &LeadId) -> Result<Vec<Submission>, ReadError> {
    leads::all(table, lead_id, PREFIX).await
}

/// One submission of a lead.
pub async fn one<T: Table>(
    table: &T,
    lead_id: &LeadId,
    submission_id: &SubmissionId,
) -> Result<Option<Submission>, ReadError> {
    let item = table.get(&key(lead_id, submission_id), Consistency::Strong).await?;
    Ok(item.map(from_item).transpose()?)
}

/// The write that keeps a submission beside its lead.
pub fn put(submission: &Submission) -> Result<Write, Corrupt> {
    let key = key(&submission.lead_id, &submission.submission_id);
    Ok(Write::Put { item: to_item(key, submission)?, only_if: None })
}

/// The write that takes a submission away from a lead it no longer belongs to.
pub fn delete(lead_id: &LeadId, submission_id: &SubmissionId) -> Write {
    Write::Delete { key: key(lead_id, submission_id), only_if: None }
}
