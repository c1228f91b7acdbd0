//! Routes, pools and reps as the playbook has them, and the decision over a snapshot of their state.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::eligibility::{misses_out, with_one_more};
use super::{
    Candidate, Caps, CatchUp, Fallback, Ineligible, Language, Needs, Obstacle, PickRecord, PoolState,
    Relationships, RepState, Suppression, Wanted, check, pick, suits,
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
    /// What they ask of whoever takes them, in this pool and in those that it overflows to.
    #[serde(skip_serializing_if = "Needs::is_nothing", default)]
    pub needs: Needs,
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
    /// Whether members get back, after an absence, the turns that went by.
    #[serde(skip_serializing_if = "CatchUp::is_none", default)]
    pub catch_up: CatchUp,
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
    /// The languages that they speak.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub languages: Vec<Language>,
    /// What they can do that not everybody can.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub skills: Vec<RuleId>,
}

fn one() -> u32 {
    1
}

fn yes() -> bool {
    true
}

/// The state of one pool and its members as read from the table, and what the lead asks of them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Snapshot {
    /// Turns.
    pub pool: PoolState,
    /// Members.
    pub reps: BTreeMap<RepId, RepState>,
    /// What the lead asks of whoever takes it.
    pub wanted: Wanted,
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
    /// The limit that was reached; releases before this one did not keep it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cap: Option<u32>,
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
        rep: Box<RepState>,
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

/// What the leads of a route ask for; nothing for those that no route took.
pub fn needs_of<'r>(routing: &'r Routing, route: Option<&RuleId>) -> Option<&'r Needs> {
    routing.routes.iter().find(|r| Some(&r.route) == route).map(|r| &r.needs)
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
    let mut gone = Vec::new();
    let mut chance: Option<Timestamp> = None;
    for rep_id in &pool.members {
        let Some((rep, calendar)) = known(reps, calendars, rep_id) else { continue };
        let fresh = RepState::new(rep_id.clone());
        let state = snapshot.reps.get(rep_id).unwrap_or(&fresh);
        let candidate = Candidate { rep_id: rep_id.clone(), weight: rep.weight };
        let fits = check(rep, state, pool, calendar, tried, now)
            .and_then(|()| suits(rep, state, calendar, &snapshot.wanted, now));
        match fits {
            Ok(()) => candidates.push(candidate),
            Err(why) => {
                let Obstacle { until, cap, .. } = Obstacle::new(rep, state, calendar, why, now);
                chance = [chance, until].into_iter().flatten().min();
                if matches!(why, Ineligible::Away | Ineligible::Absent)
                    && misses_out(rep, state, pool, calendar, &snapshot.wanted, now)
                {
                    gone.push(candidate);
                }
                fell_out.push(Narrowed { rep_id: rep_id.clone(), why, until, cap });
            }
        }
    }
    let today = |rep_id: &RepId| {
        known(reps, calendars, rep_id).map_or(Date::ZERO, |(_, calendar)| calendar.local_date(now))
    };
    let extra = snapshot.pool.next_to_catch_up(pool.catch_up, &candidates, today);
    if let Some(extra) = extra {
        let one = candidates.remove(extra);
        let others = std::mem::replace(&mut candidates, vec![one]);
        let why = Ineligible::GivesWay;
        let gives_way = |c: Candidate| Narrowed { rep_id: c.rep_id, why, until: None, cap: None };
        fell_out.extend(others.into_iter().map(gives_way));
    }
    let Some((mut record, mut turns)) = pick(&snapshot.pool, &candidates) else {
        return Decision { fell_out, outcome: Outcome::Nobody(chance) };
    };
    if extra.is_some() {
        let day = today(&record.rep_id);
        turns.caught_up(&record.rep_id, day);
        record.extra_on = Some(day);
    } else if !pool.catch_up.in_force().is_none() {
        turns.went_by(&gone, &candidates);
        record.missed_by = gone.into_iter().map(|c| (c.rep_id, c.weight)).collect();
    }
    let fresh = RepState::new(record.rep_id.clone());
    let state = snapshot.reps.get(&record.rep_id).unwrap_or(&fresh);
    let value = snapshot.wanted.value;
    let rep = known(reps, calendars, &record.rep_id).map_or_else(
        || state.with_one_more(Date::ZERO, value),
        |(rep, calendar)| with_one_more(rep, state, calendar, value, now),
    );
    Decision { fell_out, outcome: Outcome::Picked { record, pool: turns, rep: Box::new(rep) } }
}

fn known<'p>(
    reps: &'p BTreeMap<RepId, Rep>,
    calendars: &'p BTreeMap<CalendarId, Calendar>,
    rep_id: &RepId,
) -> Option<(&'p Rep, &'p Calendar)> {
    let rep = reps.get(rep_id)?;
    Some((rep, calendars.get(&rep.calendar)?))
}
