//! Out of quarantine: with its original receipt time, and into the lead that has the address if there is one.

use leadline_core::contact::CanonicalEmail;
use leadline_core::identity::{Proof, claim_key, join, proof};
use leadline_core::ids::AttemptId;
use leadline_core::lead::{Lead, Move, Step};
use leadline_core::submission::Submission;
use leadline_runtime::follow_up::{HandleError, Tries, after_commit};
use leadline_runtime::http::{Problem, Request};
use leadline_runtime::ports::Ports;
use leadline_store::{Write, claims, leads};

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
        let email = &lead.profile.contact.email;
        let holder = if email.is_role() { None } else { holder(crm, ports, &email.canonical()).await? };
        let done = match holder {
            Some(holder) => merge(ports, &lead, &holder, &step).await?,
            None => set_free(crm, ports, &lead, &step).await?,
        };
        match done {
            Ok(after) => return reads::show(crm, ports, &after).await,
            Err(error) => tries.again(ports, error).await?,
        }
    }
}

type Done = Result<Lead, leadline_store::CommitError>;

/// The lead that has the address.
async fn holder<P: Ports>(crm: &Crm, ports: &P, email: &CanonicalEmail) -> Result<Option<Lead>, Failure> {
    let key = claim_key(&crm.seal, email);
    let Some(claim) = claims::claim(ports.table(), &key).await? else { return Ok(None) };
    Ok(Some(leads::load(ports.table(), &claim.lead_id).await?.ok_or(HandleError::Missing)?))
}

/// On its way as a lead of its own.
async fn set_free<P: Ports>(crm: &Crm, ports: &P, lead: &Lead, step: &Step) -> Result<Done, Failure> {
    let after = lead.released(step)?;
    let email = &lead.profile.contact.email;
    let mut extras = Vec::new();
    if !email.is_role() {
        extras.push(claims::claim_put(&claim_key(&crm.seal, &email.canonical()), &lead.lead_id)?);
    }
    if let Err(error) = leads::commit(ports.table(), Some(lead), &after, extras).await {
        return Ok(Err(error));
    }
    after_commit(ports, Some(lead), &after).await;
    Ok(Ok(after))
}

/// Into the lead that has the address: its submissions move there as they are, and what was typed joins as an
/// unverified submission does.
async fn merge<P: Ports>(ports: &P, lead: &Lead, holder: &Lead, step: &Step) -> Result<Done, Failure> {
    let table = ports.table();
    let submissions = leads::submissions(table, &lead.lead_id).await?;
    let Some(first) = submissions.first() else { return Err(HandleError::Missing.into()) };
    let mut moved = Submission { lead_id: holder.lead_id.clone(), ..first.clone() };
    // As for any submission that joins: a typed address changes no consent on a lead that sales has.
    if holder.owner.is_some() && proof(holder, &moved) == Proof::TypedAddress {
        moved.consents.iter_mut().for_each(|consent| consent.effective = false);
    }
    let joined = join(holder, &moved, &lead.profile, step)?;
    let after = lead.merged(&holder.lead_id, step)?;
    let receipt = claims::receipt(table, &moved.submission_id).await?.ok_or(HandleError::Missing)?;
    let extras: Vec<Write> = vec![
        leads::replace(holder, &joined)?,
        leads::submission_put(&moved)?,
        leads::submission_delete(&lead.lead_id, &moved.submission_id),
        claims::receipt_move(&receipt, &holder.lead_id)?,
    ];
    leads::keep_event(table, holder).await?;
    if let Err(error) = leads::commit(table, Some(lead), &after, extras).await {
        return Ok(Err(error));
    }
    after_commit(ports, Some(lead), &after).await;
    after_commit(ports, Some(holder), &joined).await;
    Ok(Ok(after))
}
