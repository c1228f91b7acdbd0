//! Out of quarantine: with its original receipt time, and into the lead that has the address if there is one.

use leadline_core::identity::{Proof, claim_key, join, proof};
use leadline_core::ids::AttemptId;
use leadline_core::lead::{Lead, Move, Step};
use leadline_core::submission::Submission;
use leadline_runtime::erasure::make_way;
use leadline_runtime::follow_up::{HandleError, Tries, after_commit};
use leadline_runtime::http::{Problem, Request};
use leadline_runtime::ports::Ports;
use leadline_store::claims::{self, Claim, Remembered};
use leadline_store::{Write, leads, submissions};

use crate::access::Caller;
use crate::answer::{attempt, expected, illegal_move, is_done};
use crate::{Answered, Crm, Failure, reads};

/// `POST /leads/{lead_id}/release`.
pub(crate) async fn release<P: Ports>(
    crm: &Crm,
    ports: &P,
    caller: &Caller,
    request: &Request,
    id: &str,
) -> Answered {
    let attempt = attempt(crm, ports, caller, request, id)?;
    let expected = expected(request)?;
    let mut tries = Tries::default();
    loop {
        let lead = reads::find(ports, id).await?;
        if let Some(attempt) = &attempt
            && is_done(ports, &lead, attempt).await?
        {
            return reads::show(crm, ports, &lead).await;
        }
        if expected.is_some_and(|v| v != lead.version) {
            let detail = "The lead has changed since you read it. Read it again and decide anew.";
            return Err(Problem::new(412, "version-mismatch", "Version mismatch", detail).into());
        }
        lead.legal(Move::Release).map_err(|illegal| illegal_move(&illegal))?;
        let step = Step {
            at: ports.now(),
            actor: Lead::acting(None, &caller.subject),
            attempt: attempt.clone().unwrap_or_else(|| AttemptId::from_bits(ports.random())),
        };
        let mailbox = claim_key(&crm.seal, &lead.profile.contact.email.canonical());
        let seen = claims::claim(ports.table(), &mailbox).await?;
        if seen.as_ref().is_some_and(|claim| claim.bars(lead.created_at)) {
            return Err(erased_since().into());
        }
        // A role address belongs to nobody in particular.
        let claim = seen.as_ref().filter(|_| !lead.profile.contact.email.is_role());
        let holder = match claim.and_then(|c| c.lead_id.as_ref()) {
            Some(holder) => Some(leads::load(ports.table(), holder).await?.ok_or(HandleError::Missing)?),
            None => None,
        };
        let way = match (claim, &holder) {
            (Some(claim), Some(holder)) => make_way(claim, holder, &mailbox)?,
            _ => None,
        };
        let done = match holder.filter(|_| way.is_none()) {
            Some(holder) => merge(ports, &lead, &holder, &mailbox, &step).await?,
            None => set_free(ports, &lead, &mailbox, seen.as_ref(), way, &step).await?,
        };
        match done {
            Ok(after) => return reads::show(crm, ports, &after).await,
            Err(error) => tries.again(ports, error).await?,
        }
    }
}

type Done = Result<Lead, leadline_store::CommitError>;

/// The person behind the address asked to be forgotten after this lead was received.
fn erased_since() -> Problem {
    Problem::new(
        409,
        "address-erased",
        "Address erased",
        "The person with this address was erased after this lead was received. Erase this lead as well.",
    )
}

/// On its way as a lead of its own.
async fn set_free<P: Ports>(
    ports: &P,
    lead: &Lead,
    mailbox: &str,
    seen: Option<&Claim>,
    way: Option<Write>,
    step: &Step,
) -> Result<Done, Failure> {
    let after = lead.released(step)?;
    let mut extras = Vec::new();
    if lead.profile.contact.email.is_role() {
        extras.push(claims::unless_erased(mailbox, lead.created_at));
    } else {
        extras.push(claims::claim_put(mailbox, &lead.lead_id, None, seen)?);
        // The claim leads to it from now on.
        extras.push(claims::pointer_delete(mailbox, &lead.lead_id));
        extras.extend(way);
    }
    if let Err(error) = leads::commit(ports.table(), Some(lead), &after, extras).await {
        return Ok(Err(error));
    }
    after_commit(ports, Some(lead), &after).await;
    Ok(Ok(after))
}

/// Into the lead that has the address: its submissions move there as they are, and what was typed joins as an
/// unverified submission does.
async fn merge<P: Ports>(
    ports: &P,
    lead: &Lead,
    holder: &Lead,
    mailbox: &str,
    step: &Step,
) -> Result<Done, Failure> {
    let table = ports.table();
    let submissions = submissions::all(table, &lead.lead_id).await?;
    let Some(first) = submissions.first() else { return Err(HandleError::Missing.into()) };
    let mut moved = Submission { lead_id: holder.lead_id.clone(), ..first.clone() };
    // As for any submission that joins: a typed address changes no consent on a lead that sales has.
    if holder.owner.is_some() && proof(holder, &moved) == Proof::TypedAddress {
        moved.consents.iter_mut().for_each(|consent| consent.effective = false);
    }
    let joined = join(holder, &moved, &lead.profile, step)?.kept_until(lead.forget_at);
    let after = lead.merged(&holder.lead_id, step)?;
    let Some(Remembered::Kept(receipt)) = claims::receipt(table, &moved.submission_id).await? else {
        return Err(HandleError::Missing.into());
    };
    let mut extras: Vec<Write> = vec![
        leads::replace(holder, &joined)?,
        submissions::put(&moved)?,
        submissions::delete(&lead.lead_id, &moved.submission_id),
        claims::receipt_move(&receipt, &holder.lead_id)?,
    ];
    let pointer = claims::Pointer { lead_id: holder.lead_id.clone(), mailbox: mailbox.to_owned() };
    for other in &moved.mailboxes {
        extras.push(claims::pointer_put(other, &pointer)?);
        extras.push(claims::pointer_delete(other, &lead.lead_id));
        extras.push(claims::unless_erased(other, lead.created_at));
    }
    leads::keep_event(table, holder).await?;
    if let Err(error) = leads::commit(table, Some(lead), &after, extras).await {
        return Ok(Err(error));
    }
    after_commit(ports, Some(lead), &after).await;
    after_commit(ports, Some(holder), &joined).await;
    Ok(Ok(after))
}
