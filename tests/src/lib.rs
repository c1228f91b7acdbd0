//! Every real handler over an in-memory world with a clock of its own: [`sim`] with injected faults, [`calm`] without.

pub mod calm;
mod deployment;
pub mod sim;
