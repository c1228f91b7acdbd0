//! The audit over live data: reads what is kept, lets the rules of `leadline_core::audit` judge it, and looks twice before
//! it accuses.
//!
//! While it reads, others write: indexes lag behind, a query is no snapshot, a transaction may land between two reads.
//! So a first look, cheap and possibly torn, only raises suspicion. What is suspected is looked at again a moment later,
//! strongly consistent and framed by two reads of its row that must be equal; only what is wrong both times counts.
//! What keeps changing is counted as unsettled and left to the next audit.

mod look;
mod place;
mod reps;
mod walk;

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use leadline_core::ids::RepId;
use leadline_core::seal::Seal;

use crate::ports::Ports;
use crate::shelf::Shelf;

pub use place::Place;
pub use walk::{Budget, Walked};

/// How long after the first look the second comes, in milliseconds: indexes catch up within that.
const SECOND_LOOK_MS: u64 = 1_000;
/// The same for loads, which are counted by an index.
const SECOND_COUNT_MS: u64 = 3_000;
/// How often something that changes meanwhile is looked at.
const LOOKS: u32 = 3;
/// How many leads, or reps, are looked at at a time.
const AT_ONCE: usize = 16;

/// One audit: what it needs, and whom it has looked at already.
#[derive(Debug)]
pub struct Auditor<'a, P> {
    ports: &'a P,
    seal: &'a Seal,
    shelf: &'a Shelf,
    seen: Mutex<Seen>,
}

/// What need not be looked at twice in one audit.
#[derive(Debug, Default)]
struct Seen {
    /// Reps whose rows are there. Rows of reps are never removed.
    rows: BTreeSet<RepId>,
    /// Reps whose loads have been counted.
    counted: BTreeSet<RepId>,
}

impl<'a, P: Ports> Auditor<'a, P> {
    /// An audit of the table behind `ports`. The seal finds the claims on addresses.
    pub fn new(ports: &'a P, seal: &'a Seal, shelf: &'a Shelf) -> Self {
        Self { ports, seal, shelf, seen: Mutex::default() }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
