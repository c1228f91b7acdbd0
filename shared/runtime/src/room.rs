//! Room for another lead: an answer has made it, or somebody is back. Whoever is parked is woken in order.

use leadline_core::ids::{PoolId, RepId};
use leadline_core::lead::Lead;
use leadline_core::plant::Plant;
use leadline_core::playbook::Playbook;
use leadline_core::routing::Load;
use leadline_store::{leads, people};

use crate::follow_up::HandleError;
use crate::ports::Ports;
use crate::wake::{Hop, WakeUp};

/// Wakes leads that are parked for pools that this rep could take from, now that one lead has made room, in the order of
/// the line and none that the rep has had already. It follows a commit and never undoes one: parked leads are looked at by
/// time as well, so that what fails here is only later.
pub async fn drain_parked<P: Ports>(ports: &P, playbook: &Playbook, rep_id: &RepId) {
    drain(ports, playbook, rep_id, DRAIN_AT_ONCE).await;
}

/// Wakes parked leads when an answer has made room: the lead left the rep's hands, or was accepted where unanswered offers
/// are limited.
pub async fn room_made<P: Ports>(ports: &P, playbook: &Playbook, before: &Lead, after: &Lead) {
    let Some(rep_id) = before.held_by() else { return };
    let answered = Load::of(before).unaccepted > Load::of(after).unaccepted;
    let made = if after.held_by() != Some(rep_id) {
        true
    } else if answered {
        let state = people::rep(ports.table(), rep_id).await;
        let rep = playbook.doc().reps.get(rep_id);
        state.ok().zip(rep).is_some_and(|(state, rep)| state.caps(rep).unaccepted.is_some())
    } else {
        false
    };
    if made {
        drain_parked(ports, playbook, rep_id).await;
    }
}

/// The same for a rep who may have room for several: back from an absence, under a new cap, on a new day.
pub async fn drain_widely<P: Ports>(ports: &P, playbook: &Playbook, rep_id: &RepId) {
    drain(ports, playbook, rep_id, DRAIN_WIDELY).await;
}

async fn drain<P: Ports>(ports: &P, playbook: &Playbook, rep_id: &RepId, most: usize) {
    let pools = &playbook.doc().pools;
    for pool_id in pools.keys() {
        let chain = playbook.overflow_chain(pool_id);
        let reaches = playbook.doc().routing.fallback.as_ref().is_some_and(|f| f.rep == *rep_id)
            || chain.iter().any(|p| pools.get(*p).is_some_and(|p| p.members.contains(rep_id)));
        if reaches && let Err(error) = drain_pool(ports, pool_id, rep_id, most).await {
            tracing::warn!(pool.id = %pool_id, detail = %error, "parked leads not woken; they are looked at by time");
        }
    }
}

/// One answer makes room for one lead; a few more cost little and help when the first cannot be taken.
const DRAIN_AT_ONCE: usize = 5;

/// A rep who comes back rarely has room for more at once; whoever is further down the line is looked at by time.
const DRAIN_WIDELY: usize = 25;

/// So many seconds apart they are woken, or whoever is further down the line could get the one place that there is:
/// messages come in no order.
const APART_S: u16 = 2;

/// How far down the line a drain looks for leads that the rep has not had, in pages of 25.
const DRAIN_PAGES: usize = 4;

async fn drain_pool<P: Ports>(
    ports: &P,
    pool_id: &PoolId,
    rep_id: &RepId,
    most: usize,
) -> Result<(), HandleError> {
    let mut wake_ups: Vec<WakeUp> = Vec::new();
    let mut start = None;
    for _ in 0..DRAIN_PAGES {
        let page = leads::by_index(ports.table(), leads::parked_query(pool_id, 25, start)).await?;
        wake_ups.extend(page.leads.iter().filter(|lead| !lead.tried.contains(rep_id)).map(|lead| WakeUp {
            v: 1,
            hop: Hop::Route,
            id: lead.lead_id.to_string(),
            version: lead.version,
            due_ms: None,
            delay_s: 0,
        }));
        start = page.next;
        if wake_ups.len() >= most || start.is_none() {
            break;
        }
    }
    wake_ups.truncate(most);
    if Plant::DrainedBackwards.is_on() {
        wake_ups.reverse();
    }
    for (wake_up, place) in wake_ups.iter_mut().zip(0..) {
        wake_up.delay_s = APART_S * place;
    }
    if !wake_ups.is_empty() {
        ports.wake(wake_ups).await;
    }
    Ok(())
}
