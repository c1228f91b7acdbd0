//! Routing: rules choose a pool, eligibility narrows its members, the fair pick chooses one.

mod coverage;
mod eligibility;
mod fair_pick;
mod relationship;
mod rules;

pub use coverage::{Coverage, Duty, HourCover, ReferenceWeek, on_duty};
pub use eligibility::{Ineligible, RepState, check, next_chance};
pub use fair_pick::{Candidate, MemberTurn, PickRecord, PoolState, TURN, pick};
pub use relationship::{
    Basis, Elapsed, Fallback, LastOwner, Relation, RelationLook, Relationships, Roster, Siblings,
    Suppression, related, suppressed,
};
pub use rules::{
    Caps, Decision, Narrowed, Outcome, Pool, Rep, Route, Routing, Snapshot, choose_pool, decide,
};

#[cfg(test)]
mod tests;
