//! `leadctl between`: how much working time lies between two instants.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use jiff::Timestamp;
use leadline_core::calendar::clock_length;
use serde::Serialize;

use crate::calendar_file::{self, CalendarFault, both};
use crate::failure::Failure;

/// `leadctl between`.
#[derive(Debug, Args)]
pub(crate) struct Between {
    /// The calendar, YAML or JSON, as in a playbook: zone, weekly, public_holidays, holidays
    #[arg(long, value_name = "FILE")]
    calendar: PathBuf,
    /// The first instant, RFC 3339, such as 2026-11-20T16:30:00+01:00
    #[arg(long, value_name = "RFC3339", value_parser = calendar_file::instant)]
    from: Timestamp,
    /// The instant after the last; before the first, the answer is negative
    #[arg(long, value_name = "RFC3339", value_parser = calendar_file::instant)]
    to: Timestamp,
    /// {"business_seconds"}
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Answer {
    business_seconds: i64,
}

/// Says how much working time there is.
pub(crate) fn run(wanted: &Between, out: &mut impl Write) -> Result<ExitCode, Failure> {
    let calendar = calendar_file::read(&wanted.calendar)?;
    calendar.knows(wanted.from, wanted.to).map_err(CalendarFault::from)?;
    let business_seconds = calendar.between(wanted.from, wanted.to);
    if wanted.json {
        writeln!(
            out,
            "{}",
            serde_json::to_string(&Answer { business_seconds }).map_err(std::io::Error::other)?
        )?;
    } else {
        let minus = if business_seconds < 0 { "minus " } else { "" };
        writeln!(out, "From  {}", both(&calendar, wanted.from))?;
        writeln!(out, "To    {}", both(&calendar, wanted.to))?;
        writeln!(out, "{minus}{} of working time.", clock_length(business_seconds.unsigned_abs()))?;
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_one_number() {
        let text = serde_json::to_string(&Answer { business_seconds: 3600 }).unwrap();
        assert_eq!(text, r#"{"business_seconds":3600}"#);
    }

    /// 20 November 2026 is a Friday; hours are 09–17 in Berlin.
    #[test]
    fn words_say_how_long() {
        let file = std::env::temp_dir().join(format!("leadctl-between-{}.yaml", std::process::id()));
        std::fs::write(
            &file,
            "{zone: Europe/Berlin, weekly: {mon: [['09:00', '17:00']], fri: [['09:00', '17:00']]}}",
        )
        .unwrap();
        let said = |from: &str, to: &str, json| {
            let (from, to) = (from.parse().unwrap(), to.parse().unwrap());
            let mut out = Vec::new();
            run(&Between { calendar: file.clone(), from, to, json }, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        let (friday, monday) = ("2026-11-20T15:30:00Z", "2026-11-23T08:30:00Z");
        assert_eq!(said(friday, monday, true), "{\"business_seconds\":3600}\n");
        assert_eq!(said(monday, friday, true), "{\"business_seconds\":-3600}\n");
        assert_eq!(
            said(friday, monday, false),
            "From  Fri 20 Nov 2026 16:30 in Europe/Berlin = 2026-11-20T15:30:00Z\n\
             To    Mon 23 Nov 2026 09:30 in Europe/Berlin = 2026-11-23T08:30:00Z\n\
             1 h of working time.\n"
        );
        std::fs::remove_file(file).unwrap();
    }
}
