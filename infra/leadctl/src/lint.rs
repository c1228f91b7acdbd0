//! `leadctl lint`: what is legal in a playbook, but hardly meant.

use std::fmt::Write as _;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use jiff::Timestamp;
use leadline_core::playbook::lint::{Finding, Report, Severity, lint};
use leadline_core::playbook::{Mistake, Playbook};

use crate::arguments;
use crate::failure::Failure;
use crate::playbook::{listed, read};
use crate::screen::{bold, plain, styled};

/// The exit status for a file that is no playbook; 1 is for errors in one.
const NO_PLAYBOOK: u8 = 2;

/// Runs `leadctl lint`.
pub(crate) fn run(
    wanted: &arguments::Lint,
    now: Timestamp,
    out: &mut impl Write,
) -> Result<ExitCode, Failure> {
    let playbook = match open(&wanted.file, wanted.json, out)? {
        Ok(playbook) => playbook,
        Err(status) => return Ok(status),
    };
    let report = lint(&playbook, now);
    if wanted.json {
        writeln!(out, "{}", serde_json::to_string(&report).map_err(std::io::Error::from)?)?;
    } else {
        write!(out, "{}", told(&playbook.doc().playbook, &report, styled()))?;
    }
    Ok(if report.errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Opens a playbook. If the file cannot be read or is none, says so and gives the exit status for that.
pub(crate) fn open(
    file: &Path,
    json: bool,
    out: &mut impl Write,
) -> Result<Result<Playbook, ExitCode>, Failure> {
    let status = ExitCode::from(NO_PLAYBOOK);
    let text = match read(file) {
        Ok(text) => text,
        Err(failure) => {
            failure.report();
            return Ok(Err(status));
        }
    };
    match Playbook::read(&text) {
        Ok(playbook) => Ok(Ok(playbook)),
        Err(mistakes) => {
            if json {
                writeln!(out, "{}", as_findings(&mistakes))?;
            } else {
                write!(out, "{}", listed(file, &mistakes))?;
            }
            Ok(Err(status))
        }
    }
}

/// The mistakes of a file that is no playbook, in the shape of a report beside their own: whoever reads findings finds
/// them there too.
fn as_findings(mistakes: &[Mistake]) -> serde_json::Value {
    let finding = |m: &Mistake| {
        serde_json::json!({
            "severity": "error", "code": "mistake", "place": m.path, "what": m.detail,
            "fix": "mend this first: nothing else can be judged before",
        })
    };
    let findings: Vec<_> = mistakes.iter().map(finding).collect();
    serde_json::json!({
        "mistakes": mistakes, "findings": findings, "errors": mistakes.len(), "warnings": 0, "notes": 0,
    })
}

fn told(name: &str, report: &Report, styled: bool) -> String {
    let mut text = String::new();
    for Finding { severity, code, place, what, fix } in &report.findings {
        let word = match severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        let head = bold(&format!("{word}: {}", plain(place)), styled);
        let _ = writeln!(text, "{head}  [{}]", code.name());
        let _ = writeln!(text, "  {}", plain(what));
        let _ = writeln!(text, "  → {}", plain(fix));
    }
    let count = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    let counts =
        [count(report.errors, "error"), count(report.warnings, "warning"), count(report.notes, "note")];
    let _ = writeln!(text, "{}: {}.", plain(name), counts.join(", "));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn now() -> Timestamp {
        "2026-11-25T12:00:00Z".parse().unwrap()
    }

    fn sample() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../playbooks/acme.yaml")
    }

    /// Runs it over a text; gives the exit status as it is printed, and what was printed.
    fn lints(name: &str, text: &str, json: bool) -> (String, String) {
        let file = std::env::temp_dir().join(format!("leadctl-lint-{}-{name}.yaml", std::process::id()));
        std::fs::write(&file, text).unwrap();
        let mut out = Vec::new();
        let status = run(&arguments::Lint { file: file.clone(), json }, now(), &mut out).unwrap();
        std::fs::remove_file(file).unwrap();
        (format!("{status:?}"), String::from_utf8(out).unwrap())
    }

    fn status(code: u8) -> String {
        format!("{:?}", ExitCode::from(code))
    }

    #[test]
    fn the_sample_playbook_has_no_errors() {
        let mut out = Vec::new();
        let done = run(&arguments::Lint { file: sample(), json: false }, now(), &mut out).unwrap();
        assert_eq!(format!("{done:?}"), status(0));
        let text = String::from_utf8(out).unwrap();
        assert!(text.ends_with("Acme Analytics: 0 errors, 0 warnings, 3 notes.\n"), "{text}");
        assert!(
            text.starts_with("note: routing.otherwise  [gap]\n  no route takes leads with country"),
            "{text}"
        );
    }

    #[test]
    fn an_error_is_status_1_in_words_and_as_json() {
        let broken = Playbook::BUNDLED.replace("in: [US, CA, MX, BR]", "in: [DE]");
        let (code, text) = lints("error", &broken, false);
        assert_eq!(code, status(1));
        assert!(
            text.starts_with("error: routing.routes[1]  [shadowed]\n  never used: europe before it"),
            "{text}"
        );
        assert!(text.contains("\n  → move america before europe"), "{text}");
        let (code, text) = lints("error-json", &broken, true);
        assert_eq!(code, status(1));
        let report: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(report["errors"], 1);
        let first = &report["findings"][0];
        assert_eq!((&first["severity"], &first["code"]), (&"error".into(), &"shadowed".into()));
        assert!(
            first["place"] == "routing.routes[1]" && first["what"].is_string() && first["fix"].is_string()
        );
        assert!(report["warnings"].is_number() && report["notes"].is_number());
    }

    #[test]
    fn a_calendar_without_an_open_hour_is_an_error_with_its_place() {
        let sample = std::fs::read_to_string(sample()).unwrap();
        let (before, after) = sample.split_once("  new-york:\n").unwrap();
        let (_, after) = after.split_once("  singapore:\n").unwrap();
        for hours in ["weekly: {}", "weekly: {mon: []}"] {
            let never =
                format!("{before}  new-york: {{zone: America/New_York, {hours}}}\n  singapore:\n{after}");
            let (code, text) = lints("never", &never, true);
            assert_eq!(code, status(2), "{text}");
            let report: serde_json::Value = serde_json::from_str(&text).unwrap();
            let first = &report["findings"][0];
            assert_eq!((&first["severity"], &report["errors"]), (&"error".into(), &1.into()), "{text}");
            assert!(first["place"].as_str().unwrap().starts_with("calendars.new-york"), "{text}");
            assert!(["what", "fix"].iter().all(|said| !first[said].as_str().unwrap().is_empty()), "{text}");
        }
    }

    #[test]
    fn what_is_no_playbook_is_status_2_with_its_mistakes() {
        let (code, text) = lints("mistake", &Playbook::BUNDLED.replace("weight: 2", "weight: many"), false);
        assert_eq!(code, status(2));
        assert!(text.contains("\n  reps.anna.weight: "), "{text}");
        let (code, text) = lints("mistake-json", "[]", true);
        assert_eq!(code, status(2));
        let mistakes: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert!(mistakes["mistakes"][0]["detail"].is_string());
        let (code, text) = lints("empty-json", &Playbook::BUNDLED.replace("weight: 2", "weight: many"), true);
        assert_eq!(code, status(2));
        let report: serde_json::Value = serde_json::from_str(&text).unwrap();
        let first = &report["findings"][0];
        assert_eq!((&first["severity"], &first["place"]), (&"error".into(), &"reps.anna.weight".into()));
        assert_eq!((&report["errors"], &report["notes"]), (&1.into(), &0.into()));
        let missing = arguments::Lint { file: PathBuf::from("/nowhere/playbook.yaml"), json: false };
        assert_eq!(format!("{:?}", run(&missing, now(), &mut Vec::new()).unwrap()), status(2));
    }
}
