//! Routing: rules choose a pool, eligibility narrows its members, the fair pick chooses one.

mod caps;
mod catch_up;
mod coverage;
mod eligibility;
mod fair_pick;
mod needs;
mod relationship;
mod rep_state;
mod rules;

pub use caps::{CapKind, Caps, LeadValue, Limit, Load};
pub use catch_up::CatchUp;
pub use coverage::{Coverage, Duty, HourCover, ReferenceWeek, on_duty};
pub use eligibility::{Ineligible, Obstacle, check, room_again, suits};
pub use fair_pick::{Candidate, MemberTurn, PickRecord, PoolState, TURN, pick};
pub use needs::{Language, LanguageOf, Needs, NotALanguage, ValueOf, Wanted};
pub use relationship::{
    Basis, Elapsed, Fallback, LastOwner, Relation, RelationLook, Relationships, Roster, Siblings,
    Suppression, related, suppressed,
};
pub use rep_state::{Absence, Gone, RepState};
pub use rules::{
    Decision, Narrowed, Outcome, Pool, Rep, Route, Routing, Snapshot, choose_pool, decide, needs_of,
};

/// Whether a counter need not be stored.
fn is_unset<N: Default + PartialEq>(number: &N) -> bool {
    *number == N::default()
}

#[cfg(test)]
mod tests;
