//! `leadctl`, the operator's command.

mod api;
mod arguments;
mod audit;
mod between;
mod calendar_file;
mod coverage;
mod deadline;
mod doctor;
mod erase;
mod failure;
mod keys;
mod lead;
mod leads;
mod lint;
mod patience;
mod playbook;
mod rebase;
mod redrive;
mod rotation;
mod screen;
mod shown_lead;
mod signed;
mod stack;
mod submit;
mod table;
mod tail;
mod timeline;

#[cfg(test)]
mod fake_server;

use std::process::ExitCode;

use arguments::{Arguments, Command};
use clap::Parser as _;

#[tokio::main(flavor = "current_thread")]
#[allow(clippy::disallowed_methods, reason = "only main reads the clock")]
async fn main() -> ExitCode {
    let now = jiff::Timestamp::now();
    let mut out = std::io::stdout().lock();
    let done = match Arguments::parse().command {
        Command::Keys(command) => keys::run(&command, now, &mut out).await,
        Command::Submit(wanted) => submit::run(&wanted, &mut out).await,
        Command::Leads(wanted) => leads::run(&wanted, now, &mut out).await,
        Command::Lead(wanted) => lead::run(&wanted, now, &mut out).await,
        Command::Timeline(wanted) => timeline::run(&wanted, &mut out).await,
        Command::Erase(wanted) => erase::erase(&wanted, now, &mut out).await,
        Command::Export(wanted) => erase::export(&wanted, &mut out).await,
        Command::Audit(wanted) => audit::run(&wanted, &mut out).await,
        Command::Doctor(wanted) => doctor::run(&wanted, now, &mut out).await,
        Command::Tail(wanted) => tail::run(&wanted, now, &mut out).await,
        Command::Redrive(wanted) => redrive::run(&wanted, &mut out).await,
        Command::Playbook(command) => playbook::run(&command, &mut out).await,
        Command::Lint(wanted) => lint::run(&wanted, now, &mut out),
        Command::Coverage(wanted) => coverage::run(&wanted, now, &mut out),
        Command::Deadline(wanted) => deadline::run(&wanted, &mut out),
        Command::Between(wanted) => between::run(&wanted, &mut out),
        Command::Rotation(wanted) => rotation::run(&wanted, &mut out),
    };
    done.unwrap_or_else(|failure| failure.report())
}
