//! Routes, pools and reps as the playbook has them, and the decision over a snapshot of their state.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Candidate, Fallback, Ineligible, PickRecord, PoolState, Relationships, RepState, Suppression, check,
    next_chance, pick,
};
use crate::calendar::Calendar;
use crate::condition::{Condition, Truth, View};
use crate::contact::EmailAddress;
use crate::ids::{CalendarId, PoolId, RepId, RuleId};

/// Which pool takes which leads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Routing {
    /// What keeps a qualified lead from sales for now; the first that holds counts.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub suppressions: Vec<Suppression>,
    /// Whose leads come before the turn.
    #[serde(skip_serializing_if = "Relationships::is_empty", default)]
    pub relationships: Relationships,
    /// In order; the first that holds wins.
    pub routes: Vec<Route>,
    /// The pool for everything else.
    pub otherwise: PoolId,
    /// Who answers for what nobody of the pool or its overflow can take.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fallback: Option<Fallback>,
}

/// One route.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// Its name.
    pub route: RuleId,
    /// For which leads. An unknown value does not match.
    pub when: Condition,
    /// Where they go.
    pub pool: PoolId,
}

/// A pool of reps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pool {
    /// Its members, in the order that settles ties.
    pub members: Vec<RepId>,
    /// Where leads go when no member can take them.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub overflow: Option<PoolId>,
    /// Who is told about missed deadlines.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub manager: Option<EmailAddress>,
    /// Takes leads at any hour, whatever the members' calendars say.
    #[serde(default)]
    pub always_open: bool,
}

/// A salesperson.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rep {
    /// What people call them.
    pub name: String,
    /// Where offers go.
    pub email: EmailAddress,
    /// How many leads for each one of a member with weight 1.
    #[serde(default = "one")]
    pub weight: u32,
    /// Working hours.
    pub calendar: CalendarId,
    /// Limits.
    #[serde(default)]
    pub caps: Caps,
    /// Whether they take leads at all.
    #[serde(default = "yes")]
    pub active: bool,
}

/// Limits of a rep; none unless given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct Caps {
    /// Leads a day, in the rep's zone.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub per_day: Option<u32>,
    /// Leads offered or held at a time.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub open: Option<u32>,
}

fn one() -> u32 {
    1
}

fn yes() -> bool {
    true
}

/// The state of one pool and its members as read from the table.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Snapshot {
    /// Turns.
    pub pool: PoolState,
    /// Members.
    pub reps: BTreeMap<RepId, RepState>,
}

/// A member that fell out, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Narrowed {
    /// Who.
    pub rep_id: RepId,
    /// Why.
    pub why: Ineligible,
    /// When that may change by itself.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub until: Option<Timestamp>,
}

/// What one pool can do for a lead.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// The members that fell out.
    pub fell_out: Vec<Narrowed>,
    /// What is left.
    pub outcome: Outcome,
}

/// The end of the narrowing.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// This member, with the pool's and the member's next state.
    Picked {
        /// The arithmetic.
        record: PickRecord,
        /// The pool after the turn.
        pool: PoolState,
        /// The member with one more lead.
        rep: RepState,
    },
    /// Nobody; when time alone may change that.
    Nobody(Option<Timestamp>),
}

/// The pool for a lead, and the route that chose it.
pub fn choose_pool<'r>(routing: &'r Routing, view: View<'_>) -> (&'r PoolId, Option<&'r RuleId>) {
    routing
        .routes
        .iter()
        .find(|r| r.when.holds(view) == Truth::Yes)
        .map_or((&routing.otherwise, None), |r| (&r.pool, Some(&r.route)))
}

/// Decides over one pool.
pub fn decide(
    pool: &Pool,
    reps: &BTreeMap<RepId, Rep>,
    calendars: &BTreeMap<CalendarId, Calendar>,
    snapshot: &Snapshot,
    tried: &[RepId],
    now: Timestamp,
) -> Decision {
    let mut fell_out = Vec::new();
    let mut candidates = Vec::new();
    let mut chance: Option<Timestamp> = None;
    for rep_id in &pool.members {
        let Some(rep) = reps.get(rep_id) else { continue };
        let Some(calendar) = calendars.get(&rep.calendar) else { continue };
        let fresh = RepState::new(rep_id.clone());
        let state = snapshot.reps.get(rep_id).unwrap_or(&fresh);
        match check(rep, state, pool, calendar, tried, now) {
            Ok(()) => candidates.push(Candidate { rep_id: rep_id.clone(), weight: rep.weight }),
            Err(why) => {
                let next = next_chance(state, calendar, why, now);
                chance = [chance, next].into_iter().flatten().min();
                fell_out.push(Narrowed { rep_id: rep_id.clone(), why, until: next });
            }
        }
    }
    let outcome = match pick(&snapshot.pool, &candidates) {
        None => Outcome::Nobody(chance),
        Some((record, pool_state)) => {
            let fresh = RepState::new(record.rep_id.clone());
            let state = snapshot.reps.get(&record.rep_id).unwrap_or(&fresh);
            let day =
                reps.get(&record.rep_id).and_then(|r| calendars.get(&r.calendar)).map(|c| c.local_date(now));
            let rep =
                day.map_or_else(|| state.with_one_more(jiff::civil::Date::ZERO), |d| state.with_one_more(d));
            Outcome::Picked { record, pool: pool_state, rep }
        }
    };
    Decision { fell_out, outcome }
}
