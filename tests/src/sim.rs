//! One seed, one world: clients, sales, operators, workers, queues, receivers, a table and a clock, all driven by one
//! seed, so that a world replays exactly. Things go wrong for a while; then everything heals and has to come to rest.
//!
//! The handlers are the deployed ones. The checker is not: [`witness`] holds the invariants against every single
//! write, [`check`] holds what clients know against what is there in the end, and neither asks the product what is
//! right.

mod actors;
mod begin;
mod check;
mod companies;
mod crash;
mod digest;
mod effects;
mod erasures;
mod executor;
mod fairness;
mod faults;
mod lateness;
mod line;
mod loads;
mod looks;
mod narrowing;
mod playbooks;
mod ports;
mod presence;
mod random;
mod receivers;
mod report;
mod reports;
mod returns;
mod routes;
mod run;
mod sales;
mod shrink;
mod silence;
mod transitions;
mod witness;
mod world;

pub use check::Harm;
pub use crash::{Crashes, SITUATIONS, Situation};
pub(crate) use executor::step;
pub use faults::{Cause, Fault, Faults, Occurrence};
pub(crate) use random::Random;
pub use report::{Plan, Report, explain, simulate};
pub use run::{Options, Outcome, run};
pub use shrink::{keep_of, keep_text, shrink};
pub(crate) use world::{MAX_RECEIVES, VISIBILITY_MS};
