//! What is due for one rep: open offers of somebody who is gone move on, and whoever is back or has room again gets what
//! is parked. Level-triggered like everything here: it looks at the rep as he is now, however it was told.

use jiff::{SignedDuration, Timestamp};
use leadline_core::ids::{LeadId, RepId};
use leadline_core::lead::{Actor, Lead, Stage};
use leadline_core::plant::Plant;
use leadline_core::playbook::Playbook;
use leadline_core::routing::{Gone, RepState, room_again};
use leadline_runtime::assignment::{Credit, release};
use leadline_runtime::follow_up::{HandleError, Tries, load, rep_timer, step};
use leadline_runtime::ports::Ports;
use leadline_runtime::room::drain_widely;
use leadline_runtime::shelf::Shelf;
use leadline_store::leads::held_by_query;
use leadline_store::{CommitError, Table as _, TableError, leads, people};

use crate::due::commit;

/// When a rep is looked at again who is gone and still has open offers: the index that finds them is a moment behind.
const AGAIN: SignedDuration = SignedDuration::from_secs(5);

/// Brings a rep's row up to date.
pub(crate) async fn settle_rep<P: Ports>(
    shelf: &Shelf,
    ports: &P,
    rep_id: &RepId,
) -> Result<(), HandleError> {
    let mut tries = Tries::default();
    loop {
        let (_, playbook) = shelf.active(ports.table()).await?;
        let state = people::rep(ports.table(), rep_id).await?;
        // One instant for all: a boundary that is passed while this is at work is still ahead of it, and due at once.
        let now = ports.now();
        match state.gone(playbook.doc().reps.get(rep_id), now) {
            Some(_) if Plant::AbsentKeepsOffers.is_on() => {}
            Some(why) => let_go(ports, &playbook, rep_id, why).await?,
            None => drain_widely(ports, &playbook, rep_id).await,
        }
        let before = people::rep(ports.table(), rep_id).await?;
        if !before.is_as_told(&state) {
            // Somebody has changed it meanwhile, and what was done does not answer that.
            tries.again(ports, CommitError::LeadChanged).await?;
            continue;
        }
        let after = RepState {
            version: before.version + 1,
            next_at: next_at(&playbook, &before, now),
            ..before.clone()
        };
        if after.next_at != before.next_at {
            match ports.table().write(people::rep_put(&after)?).await {
                Ok(()) => {}
                Err(TableError::ConditionFailed { .. }) => {
                    tries.again(ports, CommitError::LeadChanged).await?;
                    continue;
                }
                Err(error) => return Err(error.into()),
            }
        }
        if let Some(timer) = rep_timer(&after, ports.now()) {
            // Not sent? The next sweep sees it.
            ports.wake(vec![timer]).await;
        }
        return Ok(());
    }
}

/// When the rep is looked at next: while offers are left soon, else when an absence begins or ends, when the window of a
/// cap moves on, or when a publish that is under way has asked for it.
fn next_at(playbook: &Playbook, state: &RepState, now: Timestamp) -> Option<Timestamp> {
    let gone = state.gone(playbook.doc().reps.get(&state.rep_id), now).is_some();
    if gone && state.unaccepted > 0 && !Plant::AbsentKeepsOffers.is_on() {
        return Some(now + AGAIN);
    }
    // Counted from what was due and not from this clock, which may be ahead: what lies between is looked at by others too.
    let reached = state.next_at.map_or(now, |at| at.min(now));
    let noted = state.next_at.filter(|at| *at > reached);
    let rep = playbook.doc().reps.get(&state.rep_id);
    let room = rep.and_then(|rep| room_again(rep, state, playbook.calendar(&rep.calendar)?, reached));
    [noted, state.next_boundary(reached), room].into_iter().flatten().min()
}

/// Takes back the open offers of a rep who is gone. Leads at work stay; when the rep is gone for good, the manager hears
/// of each.
async fn let_go<P: Ports>(
    ports: &P,
    playbook: &Playbook,
    rep_id: &RepId,
    why: Gone,
) -> Result<(), HandleError> {
    let mut start = None;
    loop {
        let page = leads::by_index(ports.table(), held_by_query(rep_id, 25, start)).await?;
        for lead in page.leads.iter().filter(|lead| lead.held_by() == Some(rep_id)) {
            one(ports, playbook, &lead.lead_id, rep_id, why).await?;
        }
        start = page.next;
        if start.is_none() {
            return Ok(());
        }
    }
}

async fn one<P: Ports>(
    ports: &P,
    playbook: &Playbook,
    lead_id: &LeadId,
    rep_id: &RepId,
    why: Gone,
) -> Result<(), HandleError> {
    let mut tries = Tries::default();
    loop {
        let lead = load(ports, lead_id).await?;
        let Some(owner) = lead.owner.as_ref().filter(|_| lead.held_by() == Some(rep_id)) else {
            return Ok(());
        };
        let step = step(ports, Actor::system("escalate"));
        let after: Lead = match lead.stage {
            Stage::Offered => lead.withdrawn(why, &step)?,
            _ if why == Gone::Inactive && owner.gone_told_at.is_none() => lead.owner_gone(&step)?,
            _ => return Ok(()),
        };
        let writes = release(ports.table(), playbook, &lead, &after, Credit::Turn).await?;
        match commit(ports, &lead, after, writes).await {
            Ok(()) => return Ok(()),
            Err(HandleError::Commit(error)) => tries.again(ports, error).await?,
            Err(error) => return Err(error),
        }
    }
}
