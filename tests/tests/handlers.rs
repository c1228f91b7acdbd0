//! The real handlers over the twin in a calm world: what callers, prospects, reps and receivers may rely on.

#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

mod handlers {
    mod smoke;
}
