//! Every real handler over an in-memory world with a clock of its own: [`sim`] with injected faults, [`calm`] without.
//! For the commands that measure: [`door`] to a deployment, [`people`] who submit, [`figures`] that come out.

pub mod calm;
mod deployment;
pub mod door;
pub mod figures;
pub mod people;
pub mod ranks;
pub mod screen;
pub mod settings;
pub mod sim;
