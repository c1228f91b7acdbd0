//! `make load`: submits people through the public door of any deployment at a steady rate, tells how fast it answered and
//! how fast leads had an owner, and checks that nothing which was acknowledged is missing. Exit status 0 only then.

mod arrivals;
mod check;
mod limits;
mod report;
mod send;

use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use arrivals::Arrivals;
use jiff::{SignedDuration, Timestamp};
use leadline_tests::door::Door;
use leadline_tests::people::mailbox;
use leadline_tests::screen;
use leadline_tests::settings::{number, setting};
use report::Report;

/// How long leads may take to come to rest after the last answer.
const REST_S: u64 = 300;
/// The audit looks at what changed since the beginning, and a deployment's clock may be behind this machine's.
const CLOCKS_APART: SignedDuration = SignedDuration::from_mins(2);

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let report = runtime.map_err(|e| e.to_string()).and_then(|runtime| runtime.block_on(load()));
    let shown = report.and_then(|report| {
        report
            .show(screen::styled(), &mut io::stdout().lock())
            .map(|()| report.passed())
            .map_err(|e| e.to_string())
    });
    match shown {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "a load runs in real time")]
async fn load() -> Result<Report, String> {
    let rate = number("RATE", 10.0)?;
    let arrivals = Arrivals::new(rate, number("SECONDS_OF_LOAD", 20.0)?)?;
    let connections = number("CONNECTIONS", 64_usize)?.max(1);
    let rest = Duration::from_secs(number("REST", REST_S)?);
    let form = setting("FORM").unwrap_or_else(|| "demo-request".to_owned());
    let needed = |name: &str| {
        setting(name)
            .ok_or_else(|| format!("{name} is not set: make run makes a deployment, or name one of yours"))
    };
    let door = Door::new(&needed("API_URL")?, &needed("API_KEY")?).map_err(|e| e.to_string())?;
    let playbook = door.get("/playbook").await.map_err(|e| e.to_string())?;
    if let Some(refusal) = limits::refusal(&playbook, &form, arrivals) {
        return Err(refusal);
    }

    let began = Timestamp::now();
    // No other run has it, so that every person is a new one.
    let run: Arc<str> = format!("{:x}x", began.as_millisecond()).into();
    let sent = send::send(&door, &form.into(), &run, arrivals, connections).await;
    let taken = sent.iter().filter_map(|s| Some((s.outcome.as_ref().ok()?.clone(), mailbox(&run, s.n))));
    let taken: Vec<(String, String)> = taken.collect();
    let found = check::check(&door, &taken, began - CLOCKS_APART, rest).await.map_err(|e| e.to_string())?;
    Ok(Report::new(rate, &sent, found))
}
