//! Capture: the public door. It serves forms, takes submissions, and acknowledges one only after submission, lead and
//! identity claim are durable together.

mod door;
pub mod page;
mod take;

pub use door::{Capture, handle};
pub use take::Taken;
