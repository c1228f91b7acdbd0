//! Capture: the public door. It serves forms, takes submissions, and acknowledges one only after submission, lead and
//! identity claim are durable together.

mod body;
mod door;
pub mod page;
mod take;
mod token;

pub use body::{BodyError, MAX_BODY};
pub use door::{Capture, handle};
pub use take::Taken;
