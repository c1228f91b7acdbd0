//! `make simulate`: many worlds, one line of JSON at the end, exit status 0 only if no harm was done.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::Instant;

use leadline_core::plant::Plant;
use leadline_tests::settings::{number, setting};
use leadline_tests::sim::{Options, Plan, Report, explain, keep_of, run, simulate};

// Worlds are made of small allocations.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn plan() -> Result<Plan, String> {
    let keep = match setting("KEEP") {
        None => None,
        Some(text) => Some(keep_of(&text).ok_or_else(|| format!("KEEP={text} makes no sense"))?),
    };
    let seconds = setting("FOR").map(|_| number("FOR", 0)).transpose()?;
    let otherwise = if seconds.is_some() { u64::MAX / 2 } else { 10_000 };
    Ok(Plan {
        from: number("FROM", 0)?,
        seeds: number("SEEDS", otherwise)?,
        seconds,
        keep,
        stop_at_first: false,
    })
}

fn main() -> ExitCode {
    let plan = match plan() {
        Ok(plan) => plan,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    // Panics of handlers are findings and are told as such.
    std::panic::set_hook(Box::new(|_| {}));
    match setting("PLANT").as_deref() {
        None if setting("HISTORY").is_some() => history(&plan),
        None => tell(&with_progress(&plan), "make simulate"),
        Some("list") => {
            Plant::ALL.iter().for_each(|plant| println!("{}", plant.name()));
            ExitCode::SUCCESS
        }
        Some("all") => all_plants(&plan),
        Some(name) => match Plant::ALL.iter().find(|plant| plant.name() == name) {
            Some(plant) if switch_on(*plant) => {
                println!("planted {name}, which breaks invariant {}", plant.breaks());
                tell(&with_progress(&plan), &format!("make simulate PLANT={name}"))
            }
            Some(_) => refuse("this build has no planted bugs: it needs the feature `plants`"),
            None => refuse(&format!("there is no plant {name}; PLANT=list names them")),
        },
    }
}

fn refuse(why: &str) -> ExitCode {
    eprintln!("{why}");
    ExitCode::from(2)
}

#[cfg(feature = "plants")]
fn switch_on(plant: Plant) -> bool {
    plant.switch_on();
    true
}

#[cfg(not(feature = "plants"))]
fn switch_on(_plant: Plant) -> bool {
    false
}

/// One world, step by step.
fn history(plan: &Plan) -> ExitCode {
    let outcome = run(plan.from, &Options { keep: plan.keep.clone(), history: true, digest: true });
    outcome.history.iter().for_each(|line| println!("{line}"));
    outcome.harm.iter().for_each(|harm| println!("{}: {harm:?}", harm.class()));
    println!("state {}", outcome.digest);
    ExitCode::from(u8::from(!outcome.harm.is_empty()))
}

#[allow(clippy::disallowed_methods, reason = "progress is shown in real time")]
fn with_progress(plan: &Plan) -> Report {
    let (began, terminal) = (Instant::now(), std::io::stderr().is_terminal());
    let report = simulate(plan, |done| {
        if terminal && done % 50 == 0 {
            eprint!("\r{done} seeds, {:.0} s ", began.elapsed().as_secs_f64());
            let _ = std::io::stderr().flush();
        }
    });
    if terminal {
        eprintln!();
    }
    report
}

/// The first failing seed is explained, the others are named.
fn tell(report: &Report, again: &str) -> ExitCode {
    if let Some((seed, harm)) = report.failed.first_key_value() {
        println!("{}", explain(*seed, harm, again));
        let others: Vec<String> = report.failed.keys().skip(1).take(50).map(u64::to_string).collect();
        if !others.is_empty() {
            println!("also, among others: {}", others.join(" "));
        }
    }
    report.objections().iter().for_each(|objection| println!("NOT GREEN: {objection}"));
    println!("{}", report.json());
    if report.objections().is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Each bug in its turn, until the first seed that finds it.
fn all_plants(plan: &Plan) -> ExitCode {
    let mut missed = Vec::new();
    for plant in Plant::ALL {
        if !switch_on(*plant) {
            return refuse("this build has no planted bugs: it needs the feature `plants`");
        }
        let report = simulate(&Plan { stop_at_first: true, ..plan.clone() }, |_| {});
        let found: Vec<&str> = report.harm.keys().copied().collect();
        println!("{:<24} {:>5} seeds  {}", plant.name(), report.seeds, found.join(", "));
        println!("{:<24}              breaks {}", "", plant.breaks());
        if report.failed.is_empty() {
            missed.push(plant.name());
        }
    }
    let caught = Plant::ALL.len() - missed.len();
    println!(r#"{{"plants":{},"caught":{caught}}}"#, Plant::ALL.len());
    if missed.is_empty() { ExitCode::SUCCESS } else { refuse(&format!("not caught: {}", missed.join(", "))) }
}
