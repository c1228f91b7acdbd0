//! The simulator: every real handler over an in-memory world with a clock of its own and injected faults.

pub mod sim;
