//! The service-level agreement: policies, clocks, and the ladder that a missed deadline climbs.

mod clock;
mod contact;
mod policy;
mod rebase;
mod schedule;

pub(crate) use clock::whole_second;
pub use clock::{Clock, ClockKind, ClockLedger, ClockStatus, start};
pub use contact::{ContactChannel, ContactDirection, ContactOutcome, got_through, stops_the_clock};
pub use policy::{AttemptRules, ClockRules, Hours, LadderStep, Policy, StepAction, StepTime, choose};
pub use rebase::{Flip, Terms};
pub use schedule::Due;

#[cfg(test)]
mod tests;
