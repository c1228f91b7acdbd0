//! Giving a lead to a rep whom a person names: outside the turns of a pool and at any hour, within caps and absences.

use std::collections::BTreeMap;

use jiff::Timestamp;
use leadline_core::condition::View;
use leadline_core::ids::{PoolId, RepId, RuleId};
use leadline_core::lead::{Assignment, Lead, Stage};
use leadline_core::plant::Plant;
use leadline_core::playbook::Playbook;
use leadline_core::routing::{Basis, CapKind, Ineligible, Limit, Pool, RepState, Wanted, check, suits};
use leadline_core::sla;
use leadline_store::{Table, Write, people, submissions};

use crate::assignment::{Credit, InForce, clocks, release, started_with};
use crate::follow_up::HandleError;
use crate::ports::Ports;
use crate::relations::Company;
use crate::room::drain_parked;
use crate::shelf::Shelf;

/// Why somebody cannot be given a lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The playbook in force has no such rep.
    Unknown,
    /// The rep has it already.
    HasIt,
    /// The rep cannot take it.
    Cannot(Ineligible),
}

/// A rep can have the lead.
#[derive(Debug)]
pub struct Given {
    /// The assignment.
    pub assignment: Assignment,
    /// The rep with one more lead.
    pub rep: RepState,
    /// The rows that are written with the lead.
    pub writes: Vec<Write>,
}

/// The assignment of a lead to a rep, and the writes that go with it. Tries once: what it read is a condition of the
/// writes.
///
/// # Errors
/// [`HandleError`] when the table does not answer or the playbook does not fit together.
pub async fn assign<T: Table>(
    shelf: &Shelf,
    table: &T,
    lead: &Lead,
    to: &RepId,
    now: Timestamp,
) -> Result<Result<Given, Refusal>, HandleError> {
    let (version, playbook) = shelf.active(table).await?;
    let doc = playbook.doc();
    let (Some(rep), Some((pool_id, pool))) = (doc.reps.get(to), pool_of(&playbook, lead, to)) else {
        return Ok(Err(Refusal::Unknown));
    };
    if lead.held_by() == Some(to) {
        return Ok(Err(Refusal::HasIt));
    }
    let calendar = playbook.calendar(&rep.calendar).ok_or(HandleError::Playbook(version.0))?;
    let state = people::rep(table, to).await?;
    // Whoever names a person knows what time it is there, and may have reasons to name the same one again.
    let at_any_hour = Pool { always_open: true, ..pool.clone() };
    let value = doc.value.of(lead);
    // Nobody has to accept an opportunity: it waits for no answer.
    let counted = match lead.stage {
        Stage::Qualified => RepState { caps: without_unaccepted(&state), ..state.clone() },
        _ => state.clone(),
    };
    let may = check(rep, &counted, &at_any_hour, calendar, &[], now)
        .and_then(|()| suits(rep, &counted, calendar, &Wanted { value, ..Wanted::default() }, now));
    if let Err(why) = may {
        return Ok(Err(Refusal::Cannot(why)));
    }
    let submissions = submissions::all(table, &lead.lead_id).await?;
    let touch = submissions.iter().max_by_key(|s| s.received_at).map(|s| s.touch());
    let view = View { lead, touch: touch.as_ref(), account: playbook.accounts().of(&lead.profile) };
    let policy = sla::choose(&doc.sla, view).ok_or(HandleError::Playbook(version.0))?;
    let started = started_with(shelf, table, lead).await?;
    let in_force = InForce { version, playbook: &playbook, started: started.as_deref() };
    // An opportunity keeps the clocks that it has.
    let clocks = match lead.stage {
        Stage::Qualified => Vec::new(),
        _ => clocks(in_force, policy, lead, to, now)?,
    };
    let route = RuleId::parse("by-hand").map_err(|_| HandleError::Malformed)?;
    let mut given = playbook.roster().with_one_more(&state, value, now);
    if lead.stage == Stage::Qualified {
        // Nobody has to accept an opportunity.
        given.unaccepted = state.unaccepted;
    }
    let mut writes = vec![people::rep_put(&given)?];
    if let Some(company) = Company::load(table, &doc.routing.relationships, lead).await? {
        writes.extend(company.offered(table, to, now).await?);
    }
    if Plant::HandOverTakesTurn.is_on() {
        let mut seen = people::snapshot(table, &pool_id, &pool.members).await?;
        seen.snapshot.pool.members.entry(to.clone()).or_default().assigned += 1;
        writes.push(people::pool_put(&pool_id, &seen.snapshot.pool, seen.pool_version)?);
    }
    let basis = Basis::ByHand;
    let assignment =
        Assignment { rep_id: to.clone(), pool_id, basis, route, clocks, playbook: version, value };
    Ok(Ok(Given { assignment, rep: given, writes }))
}

/// Limits set by hand, with none on unanswered offers.
fn without_unaccepted(state: &RepState) -> BTreeMap<CapKind, Limit> {
    let mut caps = state.caps.clone();
    caps.insert(CapKind::Unaccepted, Limit::Unlimited);
    caps
}

/// The pool through which a rep answers for a lead: the one that has it now, or else the first that the rep is in. Somebody
/// in no pool, such as the fallback, answers through the one that has it.
fn pool_of<'p>(playbook: &'p Playbook, lead: &Lead, rep_id: &RepId) -> Option<(PoolId, &'p Pool)> {
    let now = lead.owner.as_ref().map(|o| &o.pool_id).or(lead.parked.as_ref().map(|p| &p.pool_id));
    let doc = playbook.doc();
    let now = now.filter(|id| doc.pools.contains_key(*id)).unwrap_or(&doc.routing.otherwise);
    let id = playbook.roster().home(rep_id, &[now])?;
    Some((id.clone(), doc.pools.get(id)?))
}

/// The writes that take the lead off the load of whoever had it. Nobody's turn comes back by it.
///
/// # Errors
/// [`HandleError`] when the table does not answer.
pub async fn take_back<T: Table>(
    shelf: &Shelf,
    table: &T,
    before: &Lead,
    after: &Lead,
) -> Result<Vec<Write>, HandleError> {
    let (_, playbook) = shelf.active(table).await?;
    release(table, &playbook, before, after, Credit::None).await
}

/// Whoever had the lead has room for another.
///
/// # Errors
/// [`HandleError`] when the table does not answer.
pub async fn room_again<P: Ports>(shelf: &Shelf, ports: &P, before: &Lead) -> Result<(), HandleError> {
    let Some(rep_id) = before.held_by() else { return Ok(()) };
    let (_, playbook) = shelf.active(ports.table()).await?;
    drain_parked(ports, &playbook, rep_id).await;
    Ok(())
}
