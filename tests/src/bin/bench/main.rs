//! `make bench`: what things cost, one line of JSON per figure and a table for people. Exit status 0 only if every
//! figure is within its budget.

mod decision;
mod metering;
mod prices;

use std::io::Write;
use std::process::ExitCode;

use serde::Serialize;

/// One measured figure.
#[derive(Debug, Serialize)]
struct Figure {
    name: &'static str,
    value: f64,
    unit: &'static str,
    /// The most that it may be, if there is such.
    budget: Option<f64>,
    ok: bool,
}

impl Figure {
    fn at_most(name: &'static str, value: f64, unit: &'static str, budget: f64) -> Self {
        Figure { budget: Some(budget), ok: value <= budget, ..Figure::told(name, value, unit) }
    }

    /// One without a budget.
    fn told(name: &'static str, value: f64, unit: &'static str) -> Self {
        Figure { name, value: (value * 100.0).round() / 100.0, unit, budget: None, ok: true }
    }
}

fn main() -> ExitCode {
    let measured = decision::measure().and_then(|mut figures| {
        figures.extend(metering::measure()?);
        Ok(figures)
    });
    let figures = match measured {
        Ok(figures) => figures,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    match show(&figures) {
        Ok(()) if figures.iter().all(|f| f.ok) => ExitCode::SUCCESS,
        Ok(()) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn show(figures: &[Figure]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    for figure in figures {
        writeln!(out, "{}", serde_json::to_string(figure)?)?;
    }
    writeln!(out)?;
    for Figure { name, value, unit, budget, ok } in figures {
        let verdict = match budget {
            Some(budget) => format!("{} {budget}", if *ok { "within" } else { "OVER" }),
            None => String::new(),
        };
        writeln!(out, "{name:<28} {value:>10.2} {unit:<18} {verdict}")?;
    }
    Ok(())
}
