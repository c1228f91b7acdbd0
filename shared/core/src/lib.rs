//! The domain of Leadline: plain values and the functions that decide over them.
//!
//! Nothing in here knows AWS, a clock, randomness or the environment; time, ids and chance are passed in, so that
//! every decision can be repeated bit for bit from its stored inputs.

pub mod audit;
pub mod calendar;
pub mod company;
pub mod condition;
pub mod contact;
pub mod enrichment;
pub mod identity;
pub mod ids;
pub mod lead;
pub mod notification;
pub mod plant;
pub mod playbook;
pub mod qualification;
pub mod recycling;
pub mod routing;
pub mod scoring;
pub mod seal;
pub mod sla;
pub mod submission;
pub mod target;
