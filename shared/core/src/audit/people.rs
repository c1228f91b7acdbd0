//! One route and fairness, as the rows of reps and pools account for them.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::Violation;
use crate::calendar::Calendar;
use crate::ids::{CalendarId, PlaybookVersion, PoolId, RepId};
use crate::lead::Lead;
use crate::routing::{Basis, Candidate, Caps, Load, PoolState};
use crate::sla::{Clock, ClockKind};

/// Whether a rep's counters are what the leads that the rep holds come to: how many, how many of them unanswered, and
/// what they were worth when they were given. Both must have been read at one moment.
pub fn load(rep_id: &RepId, counted: Load, held: &[Lead]) -> Option<Violation> {
    (counted != Load::of_all(held)).then(|| Violation::WrongLoad { rep_id: rep_id.clone() })
}

/// How far apart the stamps of two offers must be for their order to be sure: the clocks of the writers may differ, and a
/// writer may stamp an offer, be held up for as long as its function may run, and commit then.
const SURE_ORDER: SignedDuration = SignedDuration::from_secs(2 * super::CLOCK_SKEW.as_secs() + 60);

/// Whether a rep holds no more leads, unanswered offers and value than the caps allowed when the last of the leads was
/// offered: a later playbook may have lowered a cap without taking anything away. `caps_of` is the rep's caps in a
/// version, with what is set by hand now, if it can be read; before `set_at` something else was set by hand, so that
/// nothing is said of offers from then.
///
/// Which version an offer was made by is known from the clock that began with it. An opportunity that changed hands has
/// kept the clock of an earlier offer, and one that was re-based names a later version: neither says what held then, and
/// the last of the others is judged. Which of them was the last is not sure among those within `SURE_ORDER` of the
/// latest: whatever the most generous of their versions allowed was allowed.
///
/// All of those are held now and were held when the last was made, and unanswered if they are now, so the caps of that
/// moment bound them together with whatever surely came before. No cap bounds what came to the rep as the fallback later
/// on. Caps on leads given within days cannot be judged afterwards in this way, because the last lead of those days may be
/// elsewhere by now.
pub fn cap(
    rep_id: &RepId,
    held: &[Lead],
    set_at: Option<Timestamp>,
    caps_of: impl Fn(PlaybookVersion) -> Option<Caps>,
) -> Option<Violation> {
    let offered = |lead: &Lead| -> Option<(Timestamp, PlaybookVersion)> {
        let owner = lead.owner.as_ref().filter(|o| o.basis != Basis::Fallback)?;
        let began_with_it = |c: &&Clock| c.started_at == owner.offered_at && c.round == 0;
        let accept = lead.clocks.iter().find(|c| c.kind == ClockKind::Accept).filter(began_with_it)?;
        Some((owner.offered_at, accept.playbook))
    };
    let judged: Vec<_> = held.iter().filter_map(offered).collect();
    let sure_until = judged.iter().map(|(at, _)| *at).max()? - SURE_ORDER;
    if set_at.is_some_and(|set_at| sure_until <= set_at) {
        return None;
    }
    let perhaps_last: BTreeSet<PlaybookVersion> =
        judged.iter().filter(|(at, _)| *at >= sure_until).map(|(_, version)| *version).collect();
    let caps: Vec<Caps> = perhaps_last.into_iter().map(caps_of).collect::<Option<_>>()?;
    let surely_then = |lead: &&Lead| {
        offered(lead).is_some() || lead.owner.as_ref().is_some_and(|o| o.offered_at <= sure_until)
    };
    let holds = Load::of_all(held.iter().filter(surely_then));
    // Without a cap in one of the versions there is none.
    let most =
        |of: fn(&Caps) -> Option<u32>| caps.iter().map(of).collect::<Option<Vec<_>>>()?.into_iter().max();
    let over = [
        (most(|caps| caps.open), holds.open),
        (most(|caps| caps.unaccepted), holds.unaccepted),
        (most(|caps| caps.value), holds.value),
    ];
    let over = over.into_iter().any(|(cap, holds)| cap.is_some_and(|cap| holds > cap));
    over.then(|| Violation::OverCap { rep_id: rep_id.clone() })
}

/// Whether a calendar reaches, within a year, a year whose public holidays are not known: deadlines that fall there cannot
/// be told.
pub fn holidays(calendar_id: &CalendarId, calendar: &Calendar, now: Timestamp) -> Option<Violation> {
    let ahead = now.saturating_add(SignedDuration::from_hours(365 * 24)).unwrap_or(Timestamp::MAX);
    calendar.knows(now, ahead).err().map(|_| Violation::HolidaysEnd { calendar_id: calendar_id.clone() })
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
