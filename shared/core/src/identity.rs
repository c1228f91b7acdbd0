//! Identity: how submissions are recognised, and what joining an existing lead may change.
//!
//! The canonical e-mail address is the one unique claim. A typed address proves nothing: without the visitor token of
//! the lead's first submission a submission fills what is empty and leaves the rest alone.

use std::collections::BTreeMap;

use crate::contact::{CanonicalEmail, EmailAddress};
use crate::enrichment::{apply, derive};
use crate::ids::{CompanyKey, FormId, SubmissionId};
use crate::lead::business_domain;
use crate::lead::{
    Effect, EffectKind, EventKind, Field, IllegalMove, Lead, Move, Origin, Profile, Stage, Step,
};
use crate::seal::{Purpose, Seal, hex};
use crate::submission::Submission;

/// Seconds within which the same answers on the same form are the same submission.
pub const REPEAT_WINDOW_S: i64 = 600;

/// The key under which the claim on an address is kept; a keyed hash, so that the table does not list addresses.
pub fn claim_key(seal: &Seal, email: &CanonicalEmail) -> String {
    hex(&seal.digest(Purpose::Identity, &[email.as_str().as_bytes()]))
}

/// What stands for the company behind an address: a keyed hash of its registrable domain. `None` where the domain says
/// nothing about a company, as at free-mail and throw-away providers.
pub fn company_key(seal: &Seal, email: &EmailAddress) -> Option<CompanyKey> {
    let domain = business_domain(email.domain().as_str())?;
    Some(CompanyKey::from_bits(seal.digest16(Purpose::Company, &[domain.as_str().as_bytes()])))
}

/// The key that the same answers on the same form share. Token, honeypot and tracking are not part of the answers.
pub fn content_key(seal: &Seal, form: &FormId, answers: &BTreeMap<String, String>) -> String {
    // Browsers send line ends as CR LF, scripts as LF: the same answers all the same.
    let answers: Vec<(&str, String)> =
        answers.iter().map(|(n, v)| (n.as_str(), v.trim().replace("\r\n", "\n"))).collect();
    let texts = answers.iter().flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]);
    let parts: Vec<&[u8]> = std::iter::once(form.as_str().as_bytes()).chain(texts).collect();
    hex(&seal.digest(Purpose::Submission, &parts))
}

/// The identifier of the submission that carries this `Idempotency-Key`.
pub fn keyed_submission_id(seal: &Seal, form: &FormId, idempotency_key: &str) -> SubmissionId {
    let parts: [&[u8]; 3] = [b"key", form.as_str().as_bytes(), idempotency_key.as_bytes()];
    SubmissionId::from_bits(seal.digest16(Purpose::Submission, &parts))
}

/// How sure we are that a submission comes from the lead's own person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// It carries the visitor token of the lead's first submission.
    SameVisitor,
    /// Only the address was typed.
    TypedAddress,
}

/// What proof a submission brings for a lead.
pub fn proof(lead: &Lead, submission: &Submission) -> Proof {
    match (&lead.visitor, &submission.visitor) {
        (Some(first), Some(now)) if first == now => Proof::SameVisitor,
        _ => Proof::TypedAddress,
    }
}

/// How many submissions of this address the current hour has seen if one more comes at `submission.received_at`.
pub fn burst_with(lead: &Lead, at: jiff::Timestamp) -> u32 {
    if at.duration_since(lead.burst_from).as_secs() < 3_600 { lead.burst + 1 } else { 1 }
}

/// Joins a submission to an existing lead: a touch, the empty fields filled, the owner told, a new score due. With
/// proof the values replace the old ones; a differing value without proof stays in its submission as an alternative.
pub fn join(lead: &Lead, submission: &Submission, typed: &Profile, step: &Step) -> Result<Lead, IllegalMove> {
    let verified = proof(lead, submission) == Proof::SameVisitor;
    let mut profile = lead.profile.clone();
    let mut changed = Vec::new();
    for field in Field::ALL {
        let (Some(value), true) = (typed.get(field), field != Field::Email) else { continue };
        let known = profile.get(field);
        let replace = verified && known.as_ref() != Some(&value);
        if known.is_none() || replace {
            let origin = if verified { Origin::Verified } else { Origin::Form };
            if profile.set(field, &value, origin) {
                changed.push(field.name().to_owned());
            }
        }
    }
    // What follows from the new values is worked out as for a first submission; what followed from a value that has
    // been replaced is worked out afresh.
    let from =
        [(Field::Title, Field::Seniority), (Field::Title, Field::Function), (Field::Phone, Field::Country)];
    for (source, derived) in from {
        if changed.iter().any(|c| c == source.name()) {
            profile.forget_derived(derived);
        }
    }
    let (profile, derived) = apply(&profile, &derive(&profile, Some(submission), submission.received_at));
    changed.extend(derived);
    let kind =
        EventKind::Touched { submission_id: submission.submission_id.clone(), fields: changed, verified };
    lead.advance(step, Move::Join, lead.stage, kind, |next| {
        next.profile = profile;
        next.touches += 1;
        next.burst = burst_with(lead, submission.received_at);
        if next.burst == 1 {
            next.burst_from = submission.received_at;
        }
        next.score_due = !matches!(lead.stage, Stage::Received | Stage::Enriched);
        let submission_id = submission.submission_id.clone();
        next.effects.push(Effect::new(&lead.lead_id, lead.cycle, EffectKind::Acknowledge { submission_id }));
        if let Some(owner) = &lead.owner {
            let submission_id = submission.submission_id.clone();
            let kind = EffectKind::NewTouch { rep_id: owner.rep_id.clone(), submission_id };
            next.effects.push(Effect::new(&lead.lead_id, lead.cycle, kind));
        }
    })
}

/// A value somebody typed that differs from the lead's. Its `Debug` does not show the value.
#[derive(Clone, PartialEq, Eq)]
pub struct Alternative {
    /// Which field.
    pub field: Field,
    /// What was typed.
    pub value: String,
    /// Where.
    pub submission_id: SubmissionId,
}

impl std::fmt::Debug for Alternative {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Alternative({} of {})", self.field.name(), self.submission_id)
    }
}

/// The alternatives that a lead's submissions hold, derived from them so that none can be lost.
pub fn alternatives<'s>(
    lead: &Lead,
    submissions: impl Iterator<Item = (&'s Submission, &'s Profile)>,
) -> Vec<Alternative> {
    let mut found = Vec::new();
    for (submission, typed) in submissions {
        for field in Field::ALL {
            let (Some(typed), known) = (typed.get(field), lead.profile.get(field)) else { continue };
            if known.as_ref() == Some(&typed) {
                continue;
            }
            let value = match typed {
                crate::lead::FieldValue::Text(text) => text,
                crate::lead::FieldValue::Number(number) => number.to_string(),
            };
            found.push(Alternative { field, value, submission_id: submission.submission_id.clone() });
        }
    }
    found
}

#[cfg(test)]
mod tests;
