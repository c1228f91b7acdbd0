//! Taking a submission: recognise it, judge it, then commit submission, lead and claim together, or join the lead that
//! has the address.

use jiff::Timestamp;
use leadline_core::contact::{count_links, has_link};
use leadline_core::identity::{burst_with, claim_key, content_key, join, keyed_submission_id};
use leadline_core::ids::{FormId, LeadId, PlaybookVersion, SubmissionId};
use leadline_core::lead::{Actor, Capture, EffectKind, Field, Lead, Stage};
use leadline_core::plant::Plant;
use leadline_core::playbook::Playbook;
use leadline_core::seal::Seal;
use leadline_core::submission::{Evidence, Form, Reading, SpamVerdict, Submission, VerdictKind, judge};
use leadline_runtime::fail_point::{self, Place};
use leadline_runtime::follow_up::{HandleError, Tries, after_commit, step};
use leadline_runtime::ports::Ports;
use leadline_store::{Table as _, Write, claims, leads, limits};

use crate::token;

/// What the door knows about a submission besides its inputs.
#[derive(Debug)]
pub(crate) struct Arrival<'a> {
    pub(crate) form_id: &'a FormId,
    pub(crate) form: &'a Form,
    pub(crate) version: PlaybookVersion,
    pub(crate) playbook: &'a Playbook,
    pub(crate) reading: Reading,
    pub(crate) idempotency_key: Option<&'a str>,
    /// Keyed hash of the network address.
    pub(crate) sender: String,
    pub(crate) has_origin: bool,
}

/// A submission that is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Its id.
    pub submission_id: SubmissionId,
    /// It had been taken before.
    pub repeated: bool,
}

/// Why a submission was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TakeError {
    /// The `Idempotency-Key` belongs to other answers.
    #[error("the idempotency key was used for something else")]
    KeyReused,
    /// Nothing was stored; the same can be sent again.
    #[error(transparent)]
    Handle(#[from] HandleError),
}

impl From<leadline_store::ReadError> for TakeError {
    fn from(error: leadline_store::ReadError) -> Self {
        TakeError::Handle(error.into())
    }
}

impl From<leadline_store::rows::Corrupt> for TakeError {
    fn from(error: leadline_store::rows::Corrupt) -> Self {
        TakeError::Handle(error.into())
    }
}

/// Takes a submission. On success it is durable together with its lead and claim.
pub(crate) async fn take<P: Ports>(
    ports: &P,
    seal: &Seal,
    arrival: &Arrival<'_>,
) -> Result<Taken, TakeError> {
    let table = ports.table();
    let received_at = ports.now();
    let content = content_key(seal, arrival.form_id, &arrival.reading.answers);
    let own_id = match arrival.idempotency_key {
        Some(key) if !Plant::DedupeByMessage.is_on() => keyed_submission_id(seal, arrival.form_id, key),
        _ => SubmissionId::from_bits(ports.random()),
    };
    let mut tries = Tries::default();
    loop {
        if arrival.idempotency_key.is_some()
            && let Some(receipt) = claims::receipt(table, &own_id).await?
        {
            if receipt.content != content {
                return Err(TakeError::KeyReused);
            }
            return Ok(Taken { submission_id: receipt.submission_id, repeated: true });
        }
        let open = |seen: &claims::Repeat| seen.is_open(received_at) && !Plant::DedupeByMessage.is_on();
        let outcome = match claims::repeat(table, &content).await?.filter(open) {
            Some(seen) => again(ports, arrival, &own_id, &content, &seen, received_at).await?,
            None => first(ports, seal, arrival, &own_id, &content, received_at).await?,
        };
        match outcome {
            Ok(taken) => return Ok(taken),
            Err(error) => tries.again(ports, error).await?,
        }
    }
}

/// What a try to commit came to.
type Tried = Result<Taken, leadline_store::CommitError>;

/// The same answers within ten minutes: one more repetition of the submission that came first.
async fn again<P: Ports>(
    ports: &P,
    arrival: &Arrival<'_>,
    own_id: &SubmissionId,
    content: &str,
    seen: &claims::Repeat,
    received_at: Timestamp,
) -> Result<Tried, TakeError> {
    let table = ports.table();
    let taken = Taken { submission_id: seen.submission_id.clone(), repeated: true };
    let mut writes = vec![claims::repeat_again(content, seen, received_at)?];
    if arrival.idempotency_key.is_some()
        && let Some(receipt) = claims::receipt(table, &seen.submission_id).await?
    {
        // This key means that submission from now on, also when the ten minutes are over.
        writes.push(claims::receipt_put(own_id, &receipt)?);
    }
    let outcome = if writes.len() == 1 {
        let only = writes.remove(0);
        table.write(only).await
    } else {
        table.transact(writes).await
    };
    // Counting a repetition twice is harmless, losing the acknowledgement of a durable submission is not: whatever the
    // outcome of the count, the submission is there. Only a race over the key itself has to be looked at again.
    match outcome {
        Err(leadline_store::TableError::ConditionFailed { .. }) if arrival.idempotency_key.is_none() => {
            // Another repetition came between. A crowd of them would run out of tries over a number.
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

/// A submission that has not been seen before.
async fn first<P: Ports>(
    ports: &P,
    seal: &Seal,
    arrival: &Arrival<'_>,
    own_id: &SubmissionId,
    content: &str,
    received_at: Timestamp,
) -> Result<Tried, TakeError> {
    let table = ports.table();
    let email = &arrival.reading.profile.contact.email;
    // A role address such as info@ belongs to nobody in particular: it never joins people.
    let claim = (!email.is_role()).then(|| claim_key(seal, &email.canonical()));
    let claimed = match &claim {
        Some(key) => claims::claim(table, key).await?,
        None => None,
    };
    let existing = match &claimed {
        Some(claim) => Some(leads::load(table, &claim.lead_id).await?.ok_or(HandleError::Missing)?),
        None => None,
    };
    let verdict = verdict(ports, seal, arrival, existing.as_ref(), received_at).await;
    let is_spam = verdict.verdict == VerdictKind::Spam;
    let joins = existing.filter(|lead| !is_spam && !matches!(lead.stage, Stage::Erased | Stage::Merged));

    let lead_id = match &joins {
        Some(lead) => lead.lead_id.clone(),
        None => LeadId::from_bits(ports.random()),
    };
    let submission = submission(arrival, seal, own_id, &lead_id, verdict, joins.as_ref(), received_at);
    let step = step(ports, Actor::Prospect);
    let after = match &joins {
        Some(lead) => join(lead, &submission, &arrival.reading.profile, &step).map_err(HandleError::from)?,
        None => Lead::capture(
            Capture {
                lead_id: lead_id.clone(),
                submission: &submission,
                profile: arrival.reading.profile.clone(),
                playbook: arrival.version,
                acknowledge: arrival
                    .playbook
                    .doc()
                    .notifications
                    .acknowledgement
                    .is_some()
                    .then(|| EffectKind::Acknowledge { submission_id: own_id.clone() }),
            },
            &step,
        ),
    };
    let receipt = claims::Receipt::new(own_id, &lead_id, content, received_at);
    let mut extras: Vec<Write> =
        vec![leads::submission_put(&submission)?, claims::receipt_put(own_id, &receipt)?];
    if !Plant::DedupeByMessage.is_on() {
        extras.push(claims::repeat_open(content, own_id, received_at)?);
    }
    if let (Some(key), None, false) = (&claim, &joins, is_spam) {
        extras.push(claims::claim_put(key, &lead_id)?);
    }
    fail_point::pass(Place::BeforeCommit);
    if let Err(error) = leads::commit(table, joins.as_ref(), &after, extras).await {
        if Plant::AcknowledgeFirst.is_on() {
            return Ok(Ok(Taken { submission_id: own_id.clone(), repeated: false }));
        }
        return Ok(Err(error));
    }
    tracing::info!(
        submission.id = %own_id,
        lead.id = %lead_id,
        lead.version = after.version,
        form = %arrival.form_id,
        verdict = ?submission.verdict.verdict,
        "submission taken"
    );
    after_commit(ports, joins.as_ref(), &after).await;
    Ok(Ok(Taken { submission_id: own_id.clone(), repeated: false }))
}

async fn verdict<P: Ports>(
    ports: &P,
    seal: &Seal,
    arrival: &Arrival<'_>,
    existing: Option<&Lead>,
    now: Timestamp,
) -> SpamVerdict {
    let (form, reading) = (arrival.form, &arrival.reading);
    let random = ports.random();
    let draw = u64::from_le_bytes([random[0], random[1], random[2], random[3], 0, 0, 0, 0]);
    let per_minute = form.spam.burst.per_form_per_minute;
    // A counter that does not answer costs a signal, never a lead.
    let form_burst =
        limits::count_form(ports.table(), arrival.form_id, per_minute, draw, now).await.unwrap_or(0);
    let is_name = |name: &str| {
        name == "name" || matches!(Field::of_input(name), Some(Field::FirstName | Field::LastName))
    };
    let links =
        |names: bool| reading.answers.iter().filter(move |(n, _)| is_name(n) == names).map(|(_, v)| v);
    let evidence = Evidence {
        honeypot_filled: reading.honeypot_filled,
        token: token::age(seal, arrival.form_id, reading.token.as_deref(), now),
        links_in_names: links(true).filter(|v| has_link(v)).count(),
        links_in_text: links(false).map(|v| count_links(v)).sum(),
        disposable: reading.profile.contact.email.domain().is_disposable(),
        has_origin: arrival.has_origin,
        form_burst,
        email_burst: existing.map_or(1, |lead| burst_with(lead, now)),
    };
    judge(&form.spam, &evidence)
}

fn submission(
    arrival: &Arrival<'_>,
    seal: &Seal,
    own_id: &SubmissionId,
    lead_id: &LeadId,
    verdict: SpamVerdict,
    joins: Option<&Lead>,
    received_at: Timestamp,
) -> Submission {
    let reading = &arrival.reading;
    // The visitor token proves a visitor; without one the form token does, which a first visit has.
    let visitor = [&reading.visitor, &reading.token]
        .into_iter()
        .find_map(|token| token::visitor(seal, token.as_deref(), received_at));
    let same_visitor = joins.is_none_or(|lead| lead.visitor.is_some() && lead.visitor == visitor);
    let owned = joins.is_some_and(|lead| lead.owner.is_some());
    let consents = reading
        .consents
        .iter()
        .cloned()
        .map(|mut consent| {
            consent.effective = !owned || same_visitor;
            consent
        })
        .collect();
    Submission {
        submission_id: own_id.clone(),
        lead_id: lead_id.clone(),
        form: arrival.form_id.clone(),
        received_at,
        answers: reading.answers.clone(),
        tracking: reading.tracking.clone(),
        consents,
        verdict,
        visitor,
        sender: arrival.sender.clone(),
    }
}
