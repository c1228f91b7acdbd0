//! One route and fairness, as the rows of reps and pools account for them.

use jiff::Timestamp;

use super::Violation;
use crate::ids::{PlaybookVersion, PoolId, RepId};
use crate::lead::Lead;
use crate::routing::{Basis, Candidate, PoolState};
use crate::sla::ClockKind;

/// Whether a rep's counter is the number of leads that the rep holds. Both must have been read at one moment.
pub fn load(rep_id: &RepId, open: u32, held: usize) -> Option<Violation> {
    (open as usize != held).then(|| Violation::WrongLoad { rep_id: rep_id.clone() })
}

/// Whether a rep holds no more leads than the cap allowed when the last of them was offered: a later playbook may have
/// lowered the cap without taking anything away. `cap_of` is the rep's cap in a version, if it has one and can be read.
///
/// All that were offered until then and are held now were held then, so the cap of that moment bounds them. No cap
/// bounds what came to the rep as the fallback later on. Caps on leads a day cannot be judged afterwards in this way,
/// because the last lead of that day may be elsewhere by now.
pub fn cap(
    rep_id: &RepId,
    held: &[Lead],
    cap_of: impl FnOnce(PlaybookVersion) -> Option<u32>,
) -> Option<Violation> {
    let offered = |lead: &Lead| -> Option<(Timestamp, PlaybookVersion)> {
        let accept = lead.clocks.iter().find(|c| c.kind == ClockKind::Accept)?;
        Some((lead.owner.as_ref()?.offered_at, accept.playbook))
    };
    let capped = |lead: &&Lead| lead.owner.as_ref().is_some_and(|o| o.basis != Basis::Fallback);
    let (last, version) = held.iter().filter(capped).filter_map(offered).max()?;
    let cap = cap_of(version)?;
    let until_then = held.iter().filter_map(offered).filter(|(at, _)| *at <= last);
    (until_then.count() > cap as usize).then(|| Violation::OverCap { rep_id: rep_id.clone() })
}

/// What is wrong with a pool's counters. `members` are those of the playbook in force, with their weights.
///
/// Shares are exact numbers: whatever happened, what all members were entitled to adds up to the turns taken, and nobody
/// was entitled to less than nothing or more than everything. That each is less than one lead away from its share holds
/// while the set of eligible members stays the same and no turn is given back; the counters themselves show whether it
/// has.
pub fn pool(pool_id: &PoolId, state: &PoolState, members: &[Candidate]) -> Vec<Violation> {
    let mut found = Vec::new();
    if !state.adds_up() {
        found.push(Violation::WrongTurns { pool_id: pool_id.clone() });
    } else if state.is_steady(members) && !state.is_within_one() {
        found.push(Violation::Drift { pool_id: pool_id.clone() });
    }
    found
}

/// Whether a pool has taken one turn for each assignment from it and given back as many as were returned. Needs every
/// timeline at one moment, which a world at rest has.
pub fn turns(pool_id: &PoolId, state: &PoolState, assigned: u64, given_back: u64) -> Option<Violation> {
    let kept: u64 = state.members.values().map(|m| m.assigned).sum();
    let agrees = state.picks == assigned && kept + given_back == assigned;
    (!agrees).then(|| Violation::WrongTurns { pool_id: pool_id.clone() })
}
