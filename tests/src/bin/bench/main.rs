//! `make bench`: what things cost, one line of JSON per figure, a table for people and one for a page. Exit status 0 only
//! if every figure is within its budget.

mod binaries;
mod decision;
mod deployed;
mod idle;
mod lateness;
mod metering;
mod prices;
mod processes;
mod stored;

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use deployed::Deployment;
use leadline_tests::figures::{self, Figure};
use leadline_tests::screen;
use leadline_tests::settings::{number, setting};

/// A part that can be measured by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// A decision alone.
    Decisions,
    /// What a lead uses up on AWS.
    Leads,
    /// What a deployment costs when nobody comes.
    Idle,
    /// Zips and starts of the binaries.
    Binaries,
    /// Memory and time of the deployed functions.
    Deployed,
    /// Steps of twenty-minute deadlines.
    Lateness,
}

impl Part {
    const ALL: [(&str, Part); 6] = [
        ("decisions", Part::Decisions),
        ("leads", Part::Leads),
        ("idle", Part::Idle),
        ("binaries", Part::Binaries),
        ("deployed", Part::Deployed),
        ("lateness", Part::Lateness),
    ];

    fn parse(name: &str) -> Result<Part, String> {
        let known = Part::ALL.iter().find(|(known, _)| *known == name);
        known.map(|(_, part)| *part).ok_or_else(|| format!("there is no part {name} to measure"))
    }
}

fn main() -> ExitCode {
    let shown = measured().and_then(|figures| show(&figures).map(|()| figures).map_err(|e| e.to_string()));
    match shown {
        Ok(figures) if figures.iter().all(|f| f.ok) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

/// The figures of the parts that are asked for by `PARTS`.
fn measured() -> Result<Vec<Figure>, String> {
    let parts = setting("PARTS").unwrap_or_else(|| "decisions leads idle".to_owned());
    let most = number("LEADS", 100_000)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|e| e.to_string())?;
    let mut figures = Vec::new();
    for part in parts.split_whitespace().map(Part::parse) {
        figures.extend(match part? {
            Part::Decisions => decision::measure()?,
            Part::Leads => metering::measure(most)?,
            Part::Idle => idle::measure()?,
            Part::Binaries => {
                let folder = setting("BINARIES").ok_or("BINARIES is not set: run make bench")?;
                binaries::measure(Path::new(&folder))?
            }
            Part::Deployed => runtime.block_on(Deployment::of_settings()?.measure())?,
            Part::Lateness => runtime.block_on(lateness::measure(&Deployment::of_settings()?.door))?,
        });
    }
    Ok(figures)
}

fn show(measured: &[Figure]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    figures::lines(measured, &mut out)?;
    writeln!(out)?;
    figures::table(measured, screen::styled(), &mut out)?;
    writeln!(out)?;
    figures::markdown(measured, &mut out)
}
