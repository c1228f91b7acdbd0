//! `make simulate`: many worlds, one line of JSON at the end, exit status 0 only if no harm was done.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::Instant;

use leadline_tests::sim::{Options, Plan, explain, keep_of, run, simulate};

#[allow(clippy::disallowed_methods, reason = "the settings of a command")]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|v| !v.is_empty())
}

fn number(name: &str, otherwise: u64) -> Result<u64, String> {
    match setting(name) {
        None => Ok(otherwise),
        Some(text) => text.parse().map_err(|_| format!("{name}={text} is not a number")),
    }
}

fn plan() -> Result<Plan, String> {
    let keep = match setting("KEEP") {
        None => None,
        Some(text) => Some(keep_of(&text).ok_or_else(|| format!("KEEP={text} makes no sense"))?),
    };
    let seconds = setting("SECONDS_AT_MOST").map(|_| number("SECONDS_AT_MOST", 0)).transpose()?;
    let otherwise = if seconds.is_some() { u64::MAX / 2 } else { 10_000 };
    Ok(Plan {
        from: number("FROM", 0)?,
        seeds: number("SEEDS", otherwise)?,
        seconds,
        keep,
        stop_at_first: false,
    })
}

/// More failing seeds than that are only counted.
const EXPLAINED: usize = 1;

#[allow(clippy::disallowed_methods, reason = "progress is shown in real time")]
fn main() -> ExitCode {
    let plan = match plan() {
        Ok(plan) => plan,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    if setting("HISTORY").is_some() {
        let outcome = run(plan.from, &Options { keep: plan.keep.clone(), history: true, digest: true });
        println!("{}\n{}", outcome.history.join("\n"), outcome.digest);
        for harm in &outcome.harm {
            println!("{}: {harm:?}", harm.class());
        }
        return ExitCode::from(u8::from(!outcome.harm.is_empty()));
    }
    // Panics of handlers are findings and are told as such.
    std::panic::set_hook(Box::new(|_| {}));
    let (began, terminal) = (Instant::now(), std::io::stderr().is_terminal());
    let report = simulate(&plan, |done| {
        if terminal && done % 50 == 0 {
            eprint!("\r{done} seeds, {:.0} s ", began.elapsed().as_secs_f64());
            let _ = std::io::stderr().flush();
        }
    });
    if terminal {
        eprintln!();
    }
    for (seed, harm) in report.failed.iter().take(EXPLAINED) {
        println!("{}", explain(*seed, harm, "make simulate"));
    }
    if report.failed.len() > EXPLAINED {
        let others: Vec<String> = report.failed.keys().skip(EXPLAINED).take(50).map(u64::to_string).collect();
        println!("also: {}", others.join(" "));
    }
    for objection in report.objections() {
        println!("NOT GREEN: {objection}");
    }
    println!("{}", report.json());
    if report.objections().is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
