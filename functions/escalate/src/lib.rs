//! Escalate: keeps every deadline. A sweep once a minute and timer messages in between bring it whatever is due; it
//! decides on the row alone, so that being called twice, late or for nothing is harmless.

mod due;
mod lateness;
mod rep;
mod sweep;

use leadline_runtime::batch::Concurrency;

pub use due::{handle, settle};
pub use lateness::Lateness;
pub use sweep::{Swept, sweep};

/// Leads do not get into each other's way here.
pub const CONCURRENCY: Concurrency = Concurrency::AtOnce(10);
