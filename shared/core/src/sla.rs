//! The service-level agreement: policies, clocks, and the ladder that a missed deadline climbs.

mod clock;
mod contact;
mod policy;

pub use clock::{Clock, ClockKind, ClockStatus, Due, start};
pub use contact::{ContactChannel, ContactDirection, ContactOutcome, stops_the_clock};
pub use policy::{ClockRules, LadderStep, Policy, StepAction, StepTime, choose};

#[cfg(test)]
mod tests;
