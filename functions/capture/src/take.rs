//! Taking a submission: recognise it, judge it, then commit submission, lead and claim together, or join the lead that
//! has the address.

mod repetition;

use jiff::Timestamp;
use leadline_core::contact::{count_links, has_link};
use leadline_core::identity::{burst_with, claim_key, company_key, content_key, join, keyed_submission_id};
use leadline_core::ids::{FormId, LeadId, PlaybookVersion, SubmissionId};
use leadline_core::lead::{Actor, Capture, EffectKind, Field, Lead, Stage};
use leadline_core::plant::Plant;
use leadline_core::playbook::Playbook;
use leadline_core::seal::Seal;
use leadline_core::submission::{Evidence, Form, Reading, SpamVerdict, Submission, VerdictKind, judge};
use leadline_edge::form_token;
use leadline_runtime::erasure::make_way;
use leadline_runtime::fail_point::{self, Place};
use leadline_runtime::follow_up::{HandleError, Tries, after_commit, step};
use leadline_runtime::ports::Ports;
use leadline_store::claims::{self, Remembered};
use leadline_store::{Table, Write, leads, limits, submissions};

use repetition::{again, is_erased, is_open, living};

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
    /// The `Idempotency-Key` belongs to a submission that has been erased.
    #[error("the submission of this idempotency key has been erased")]
    KeyErased,
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
            && let Some(known) = claims::receipt(table, &own_id).await?
        {
            return match known {
                Remembered::Erased => Err(TakeError::KeyErased),
                Remembered::Kept(receipt) if receipt.content != content => Err(TakeError::KeyReused),
                // Between the erasure of its lead and the end of the clean-up the receipt still looks alive.
                Remembered::Kept(receipt) if is_erased(table, &receipt).await? => Err(TakeError::KeyErased),
                Remembered::Kept(receipt) => {
                    Ok(Taken { submission_id: receipt.submission_id, repeated: true })
                }
            };
        }
        let seen = claims::repeat(table, &content).await?.filter(|seen| is_open(seen, received_at));
        let repeats = match &seen {
            Some(seen) => living(table, &seen.submission_id).await?,
            None => None,
        };
        let outcome = match (&seen, &repeats) {
            (Some(seen), Some(receipt)) => {
                let counts = vec![claims::repeat_again(&content, seen, received_at)?];
                again(ports, arrival, &own_id, &content, counts, receipt, received_at).await?
            }
            // What it would repeat, if anything, has been erased, so this is another one.
            (seen, _) => {
                let fresh = Fresh { own_id: &own_id, content: &content, received_at };
                let erased = seen.as_ref().map(|seen| &seen.submission_id);
                // On the heap: the longest way through here is not carried by every request.
                Box::pin(first(ports, seal, arrival, &fresh, erased)).await?
            }
        };
        match outcome {
            Ok(taken) => return Ok(taken),
            Err(error) => tries.again(ports, error).await?,
        }
    }
}

/// What a try to commit came to.
type Tried = Result<Taken, leadline_store::CommitError>;

/// What makes a submission recognisable.
struct Fresh<'a> {
    own_id: &'a SubmissionId,
    /// Keyed hash of the answers.
    content: &'a str,
    received_at: Timestamp,
}

/// A submission that has not been seen before, or whose like has been erased since.
async fn first<P: Ports>(
    ports: &P,
    seal: &Seal,
    arrival: &Arrival<'_>,
    fresh: &Fresh<'_>,
    erased: Option<&SubmissionId>,
) -> Result<Tried, TakeError> {
    let table = ports.table();
    let Fresh { own_id, content, received_at } = *fresh;
    let email = &arrival.reading.profile.contact.email;
    let mailbox = claim_key(seal, &email.canonical());
    let others: Vec<String> = arrival.reading.mailboxes.iter().map(|m| claim_key(seal, m)).collect();
    let seen = claims::claim(table, &mailbox).await?;
    if is_barred(table, seen.as_ref(), &others, received_at).await? {
        // Nothing may be left of it, and nobody outside can tell.
        claims::block(table, own_id, received_at).await?;
        tracing::info!(submission.id = %own_id, form = %arrival.form_id, "received before its person was erased");
        return Ok(Ok(Taken { submission_id: own_id.clone(), repeated: false }));
    }
    let same =
        seen.as_ref().and_then(|claim| claim.repeated_by(content)).filter(|same| is_open(same, received_at));
    if let Some(same) = same
        && let Some(receipt) = living(table, &same.submission_id).await?
    {
        // An erasure that comes between finds no record, so the claim has to stand.
        let begun = claims::repeat_begun(content, &same, received_at)?;
        let counts = vec![begun, claims::claim_check(&mailbox, seen.as_ref())];
        return again(ports, arrival, own_id, content, counts, &receipt, received_at).await;
    }
    // A role address such as info@ belongs to nobody in particular: it never joins people.
    let claim = seen.as_ref().filter(|_| !email.is_role());
    let holder = match claim.and_then(|c| c.lead_id.as_ref()) {
        Some(lead_id) => Some(leads::load(table, lead_id).await?.ok_or(HandleError::Missing)?),
        None => None,
    };
    // An erasure that is under way takes the holder; whoever comes now begins afresh.
    let way = match (claim, &holder) {
        (Some(claim), Some(holder)) => make_way(claim, holder, &mailbox)?,
        _ => None,
    };
    let existing = holder.filter(|_| way.is_none());
    let verdict = verdict(ports, seal, arrival, existing.as_ref(), received_at).await;
    let is_spam = verdict.verdict == VerdictKind::Spam;
    let joins = existing.filter(|lead| !is_spam && !matches!(lead.stage, Stage::Erased | Stage::Merged));

    let lead_id = match &joins {
        Some(lead) => lead.lead_id.clone(),
        None => LeadId::from_bits(ports.random()),
    };
    let submission = Submission {
        mailboxes: others,
        ..submission(arrival, seal, own_id, &lead_id, verdict, joins.as_ref(), received_at)
    };
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
        )
        .of_company(company_key(seal, email)),
    };
    let after = after.kept_until(arrival.playbook.doc().retention.submissions_until(received_at));
    let receipt = claims::Receipt::new(own_id, &lead_id, content, received_at);
    let mut extras: Vec<Write> = vec![submissions::put(&submission)?, claims::receipt_put(&receipt)?];
    let takes_claim = joins.is_none() && !is_spam && !email.is_role();
    // The claim recognises a repetition of what made its lead, unless a record is in the way.
    if !(Plant::DedupeByMessage.is_on() || takes_claim && erased.is_none()) {
        extras.push(claims::repeat_open(content, own_id, erased, received_at)?);
    }
    let pointer = claims::Pointer { lead_id: lead_id.clone(), mailbox: mailbox.clone() };
    if takes_claim {
        let first = claims::FirstAnswers {
            content: content.to_owned(),
            submission_id: own_id.clone(),
            at_ms: received_at.as_millisecond(),
        };
        extras.push(claims::claim_put(&mailbox, &lead_id, Some(first), seen.as_ref())?);
        extras.extend(way);
    } else if joins.is_none() {
        // Without a claim the lead is found by a pointer. Whoever erases the mailbox, or takes the claim with the same
        // answers meanwhile, has to be looked at.
        extras.push(claims::pointer_put(&mailbox, &pointer)?);
        extras.push(claims::claim_check(&mailbox, seen.as_ref()));
    }
    for other in &submission.mailboxes {
        extras.push(claims::pointer_put(other, &pointer)?);
        extras.push(claims::unless_erased(other, received_at));
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

/// Whether one of the mailboxes has been erased since a submission was received.
async fn is_barred<T: Table>(
    table: &T,
    own: Option<&claims::Claim>,
    others: &[String],
    received_at: Timestamp,
) -> Result<bool, TakeError> {
    let mut barred = own.is_some_and(|claim| claim.bars(received_at));
    for other in others {
        barred |= claims::claim(table, other).await?.is_some_and(|claim| claim.bars(received_at));
    }
    Ok(barred)
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
        token: form_token::age(seal, arrival.form_id, reading.token.as_deref(), now),
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
        .find_map(|token| form_token::visitor(seal, token.as_deref(), received_at));
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
        mailboxes: Vec::new(),
        forgotten_at: None,
    }
}
