//! Erasing: one transaction makes it irrevocable, the rest is owed by the erasure's own row until it is confirmed. The
//! function that was asked goes as far as it gets; the sweep does what is left.

use jiff::Timestamp;
use leadline_core::ids::{AttemptId, ErasureId, LeadId};
use leadline_core::lead::{Actor, Lead, Stage, Step};
use leadline_store::claims::{self, Claim};
use leadline_store::erasures::{self, ErasedLead, Erasure, Phase, Store};
use leadline_store::{CommitError, Table as _, TableError, Write, companies, leads};

use crate::assignment::{Credit, release};
use crate::follow_up::{HandleError, Tries, after_commit};
use crate::ports::Ports;
use crate::room::drain_parked;
use crate::shelf::Shelf;

/// Erases a lead under an erasure, in one transaction with the claim on its mailbox, the load of its rep and the
/// erasure's own row, which owes the rest from then on. `mailbox` is the key of the lead's own address. Tries once.
///
/// # Errors
/// [`HandleError::Commit`] when somebody came between: load again and decide anew.
pub async fn erase<P: Ports>(
    shelf: &Shelf,
    ports: &P,
    erasure: &Erasure,
    lead: &Lead,
    mailbox: &str,
    attempt: AttemptId,
) -> Result<Erasure, HandleError> {
    let table = ports.table();
    let now = ports.now();
    let step = Step { at: now, actor: Actor::Key { subject: erasure.by.clone() }, attempt };
    let after = lead.erased(&erasure.erasure_id, &step)?;
    let (_, playbook) = shelf.active(table).await?;
    let mut extras = release(table, &playbook, lead, &after, Credit::None).await?;
    let mut touched = vec![(Store::Leads, 1), (Store::Loads, extras.len() as u64)];
    if let Some(key) = &lead.company_key
        && let Some(without) = companies::claim(table, key).await?.and_then(|c| c.without(&lead.lead_id))
    {
        extras.push(companies::put(key, &without)?);
        touched.push((Store::Companies, 1));
    }
    let claim = claims::claim(table, mailbox).await?;
    if buries(claim.as_ref(), &lead.lead_id, erasure.erased_at) {
        extras.push(claims::tombstone_put(mailbox, claim.as_ref(), Some(&lead.lead_id), erasure.erased_at)?);
        // The claim of the mailbox that is searched was counted when the erasure began.
        touched.push((Store::Claims, u64::from(erasure.mailbox.as_deref() != Some(mailbox))));
    }
    let named = ErasedLead { lead_id: lead.lead_id.clone(), mailbox: Some(mailbox.to_owned()) };
    touched.retain(|(_, items)| *items > 0);
    let next = erasure.with_lead(named, touched, now);
    extras.push(erasures::put(&next)?);
    leads::commit(table, Some(lead), &after, extras).await?;
    tracing::info!(lead.id = %lead.lead_id, lead.version = after.version, erasure.id = %next.erasure_id, "erased");
    after_commit(ports, Some(lead), &after).await;
    if let Some(rep_id) = lead.held_by() {
        drain_parked(ports, &playbook, rep_id).await;
    }
    Ok(next)
}

/// Whether erasing a lead makes the claim on its mailbox a tombstone. Not when another lead has the address: then one of
/// several leads goes, not the person; and not when a tombstone is there that blocks as much.
fn buries(claim: Option<&Claim>, lead_id: &LeadId, erased_at: Timestamp) -> bool {
    match claim {
        Some(Claim { lead_id: Some(holder), .. }) => holder == lead_id,
        Some(claim) => claim.erased_ms < Some(erased_at.as_millisecond()),
        None => true,
    }
}

/// Begins the erasure of everything behind a mailbox: from now on nothing that was received before can come back, and
/// the sweep sees to it that the rest follows. An erasure of this id that has begun already goes on.
///
/// # Errors
/// [`HandleError::Commit`] when the table does not answer, or when others were faster too often.
pub async fn begin<P: Ports>(
    ports: &P,
    erasure_id: &ErasureId,
    mailbox: &str,
    by: &str,
    reason: Option<&str>,
) -> Result<Erasure, HandleError> {
    let table = ports.table();
    let mut tries = Tries::default();
    loop {
        if let Some(begun) = erasures::load(table, erasure_id).await? {
            return Ok(begun);
        }
        let seen = claims::mailbox(table, mailbox).await?;
        let now = ports.now();
        // Clocks differ between workers: whoever is there is erased, also when captured by one that is ahead.
        let there = leads::load_many(table, seen.leads(mailbox).iter().map(|p| &p.lead_id)).await?;
        let created = there.iter().filter(|l| l.stage != Stage::Erased).map(|l| l.created_at).max();
        let erased_at = created.map_or(now, |at| at.max(now));
        let id = erasure_id.clone();
        let reason = reason.map(str::to_owned);
        let erasure = Erasure::of_mailbox(id, by, reason, mailbox, now, erased_at);
        let writes = vec![
            erasures::put(&erasure)?,
            claims::tombstone_put(mailbox, seen.claim.as_ref(), None, erased_at)?,
        ];
        match table.transact(writes).await {
            Ok(()) => return Ok(erasure),
            // It may be our own earlier success, which is found by its id.
            Err(TableError::ConditionFailed { .. } | TableError::Unclear(_)) => {
                tries.again(ports, CommitError::LeadChanged).await?;
            }
            Err(error) => tries.again(ports, error.into()).await?,
        }
    }
}

/// Goes on with an erasure until there is nothing to do for it or `until` has come.
///
/// # Errors
/// [`HandleError::Commit`] when the table does not answer; the sweep goes on with it then.
pub async fn carry_out<P: Ports>(
    shelf: &Shelf,
    ports: &P,
    erasure_id: &ErasureId,
    until: Timestamp,
) -> Result<Erasure, HandleError> {
    let table = ports.table();
    let mut tries = Tries::default();
    let mut erasure = erasures::load(table, erasure_id).await?.ok_or(HandleError::Missing)?;
    loop {
        let now = ports.now();
        if erasure.waits(now) || now >= until {
            return Ok(erasure);
        }
        match further(shelf, ports, &erasure).await {
            Ok(next) => {
                if next.phase == Phase::LookAgain {
                    tracing::info!(erasure.id = %erasure_id, leads = next.leads.len(), "erasure finished");
                }
                erasure = next;
            }
            Err(HandleError::Commit(error)) => {
                tries.again(ports, error).await?;
                erasure = erasures::load(table, erasure_id).await?.ok_or(HandleError::Missing)?;
            }
            Err(error) => return Err(error),
        }
    }
}

/// One step of an erasure, committed.
async fn further<P: Ports>(shelf: &Shelf, ports: &P, erasure: &Erasure) -> Result<Erasure, HandleError> {
    let table = ports.table();
    let next = match (erasure.phase, &erasure.mailbox) {
        (Phase::Search, Some(mailbox)) => match one_more(ports, erasure, mailbox).await? {
            Some((lead, own)) => {
                let attempt = AttemptId::from_bits(ports.random());
                return erase(shelf, ports, erasure, &lead, &own, attempt).await;
            }
            None => erasure.searched(ports.now()),
        },
        (Phase::Search, None) => erasure.searched(ports.now()),
        (Phase::Count, _) => {
            let touched = erasures::count(table, &erasure.leads, erasure.erased_at).await?;
            erasure.counted(touched, ports.now())
        }
        (Phase::CleanUp | Phase::LookAgain, _) => {
            for lead in &erasure.leads {
                erasures::clean_up(table, lead, erasure.erased_at).await?;
            }
            match erasure.phase {
                Phase::LookAgain => erasure.closed(ports.now()),
                _ => erasure.finished(ports.now()),
            }
        }
        (Phase::Done, _) => return Ok(erasure.clone()),
    };
    erasures::advance(table, &next).await?;
    Ok(next)
}

/// A lead of the mailbox that is still to be erased, with the key of its own mailbox. One that came after the erasure is
/// another person's beginning.
async fn one_more<P: Ports>(
    ports: &P,
    erasure: &Erasure,
    mailbox: &str,
) -> Result<Option<(Lead, String)>, HandleError> {
    let known = |id: &LeadId| erasure.leads.iter().any(|l| l.lead_id == *id);
    let mut found = claims::mailbox(ports.table(), mailbox).await?.leads(mailbox);
    found.retain(|p| !known(&p.lead_id));
    let leads = leads::load_many(ports.table(), found.iter().map(|p| &p.lead_id)).await?;
    let due = |lead: &Lead| lead.stage != Stage::Erased && lead.created_at <= erasure.erased_at;
    let Some(lead) = leads.into_iter().find(due) else { return Ok(None) };
    let own = found.into_iter().find(|p| p.lead_id == lead.lead_id);
    Ok(own.map(|pointer| (lead, pointer.mailbox)))
}

/// What a mailbox still holds that a new lead must not take over: the lead of a person whose erasure is under way. It can
/// be found by a pointer from then on.
///
/// # Errors
/// [`HandleError::Commit`] when the pointer cannot be written as a row.
pub fn make_way(claim: &Claim, holder: &Lead, mailbox: &str) -> Result<Option<Write>, HandleError> {
    if !claim.bars(holder.created_at) {
        return Ok(None);
    }
    let pointer = claims::Pointer { lead_id: holder.lead_id.clone(), mailbox: mailbox.to_owned() };
    Ok(Some(claims::pointer_put(mailbox, &pointer)?))
}
