//! The real handlers over the twin in a calm world: what callers, prospects, reps and receivers may rely on.

#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

mod handlers {
    mod access;
    mod audit;
    mod bad_input;
    mod canary;
    mod doors;
    mod enrich;
    mod escalate;
    mod flow;
    mod identity;
    mod lost;
    mod notify;
    mod offer_links;
    mod openapi;
    mod repeats;
    mod same;
    mod scene;
    mod spam;
}
