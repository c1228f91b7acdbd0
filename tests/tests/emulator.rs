//! Tests on a whole deployment, through the doors that anybody else has: the API, the mail, the webhooks, the bus and
//! the queues. `make test` deploys one onto an emulator and says in the environment where it is; without one these
//! tests fail. All share one deployment and one playbook, and each works with people of its own.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod emulator {
    mod call;
    mod deployment;
    mod lead;
    mod mail;
    mod playbook;
    mod sink;

    mod absence;
    mod after_loss;
    mod answers;
    mod audit;
    mod clocks;
    mod crowds;
    mod erasure;
    mod keys;
    mod ladder;
    mod lateness;
    mod leadctl;
    mod main_job;
    mod naughty;
    mod offer_links;
    mod operations;
    mod outbound;
    mod parking;
    mod refusals;
    mod spam;
    mod sweeps;
    mod text;
}
