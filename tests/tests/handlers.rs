//! The real handlers over the twin in a calm world: what callers, prospects, reps and receivers may rely on.

#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

mod handlers {
    mod absence;
    mod access;
    mod amends;
    mod audit;
    mod bad_input;
    mod by_hand;
    mod canary;
    mod caps;
    mod costs;
    mod doors;
    mod enrich;
    mod erase;
    mod erase_crash;
    mod erase_race;
    mod escalate;
    mod evidence;
    mod export;
    mod flow;
    mod forgery;
    mod identity;
    mod injection;
    mod lists;
    mod lost;
    mod matrix;
    mod naughty;
    mod notify;
    mod offer_links;
    mod openapi;
    mod parking;
    mod person;
    mod presence;
    mod publish;
    mod reach;
    mod rebase;
    mod recycle;
    mod relations;
    mod repeats;
    mod retention;
    mod routers;
    mod same;
    mod scene;
    mod silence;
    mod sla;
    mod spam;
    mod spoofing;
}
