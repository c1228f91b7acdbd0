//! One seed, one world: clients, sales, workers, queues, a table and a clock, all driven by one stream of random
//! numbers, so that a seed replays exactly.

mod actors;
mod check;
mod executor;
mod faults;
mod ports;
mod random;
mod run;
mod world;

pub use check::Harm;
pub use faults::{Fault, Faults};
pub(crate) use random::Random;
pub use run::{Outcome, run};
pub(crate) use world::{MAX_RECEIVES, VISIBILITY_MS};
