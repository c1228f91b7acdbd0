//! The edge: what strangers, browsers and queues send becomes values here, or is refused.
//!
//! Pure like the core: bytes in, values out, no AWS and no clock, so that a fuzzer can run it millions of times.

pub mod body;
pub mod cursor;
pub mod form_token;
pub mod offer_link;
pub mod wake;
