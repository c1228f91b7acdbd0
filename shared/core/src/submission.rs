//! Submissions: the form that asks, what came in verbatim, the touch it makes, the consent it gives, and whether it
//! looks like spam.

mod form;
mod read;
mod spam;
mod touch;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{FormId, LeadId, SubmissionId, VisitorId};

pub use form::{Burst, ConsentRules, Form, FormField, InputType, RateLimit, SpamRules, Thanks};
pub use read::{FieldMistake, Reading, read};
pub use spam::{Evidence, LEAST_QUARANTINE, Signal, SpamVerdict, TokenAge, VerdictKind, judge};
pub(crate) use touch::TRACKING;
pub use touch::{Channel, Touch};

/// A consent that was given, with the words that were shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// For what, such as `marketing`.
    pub purpose: String,
    /// The version of the words.
    pub version: String,
    /// The words.
    pub text: String,
    /// When.
    pub given_at: Timestamp,
    /// Whether it counts: somebody who only typed the address of a lead that sales is working on changes nothing.
    pub effective: bool,
}

/// One submission as it came in. Never changed afterwards, until its answers have been kept for long enough.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submission {
    /// Its identifier, as acknowledged.
    pub submission_id: SubmissionId,
    /// The lead that it made or joined.
    pub lead_id: LeadId,
    /// Through which form.
    pub form: FormId,
    /// When it was received.
    pub received_at: Timestamp,
    /// Every input that is not tracking, by name, exactly as it was typed.
    pub answers: BTreeMap<String, String>,
    /// UTM parameters, click ids, landing page and referrer.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub tracking: BTreeMap<String, String>,
    /// Consents given.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub consents: Vec<Consent>,
    /// Spam verdict with its reasons.
    pub verdict: SpamVerdict,
    /// The visitor whose signed token came along.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub visitor: Option<VisitorId>,
    /// Keyed hash of the sender's network address.
    pub sender: String,
    /// Keyed hashes of further mailboxes that were typed, by which the lead can be found as well.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub mailboxes: Vec<String>,
    /// When its answers were deleted, because they had been kept for long enough.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub forgotten_at: Option<Timestamp>,
}

impl std::fmt::Debug for Submission {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Submission({})", self.submission_id)
    }
}

#[cfg(test)]
mod tests;
