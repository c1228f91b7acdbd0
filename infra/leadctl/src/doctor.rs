//! `leadctl doctor`: looks at a deployment from outside and says in words what is wrong and what to do.
//!
//! What was seen ([`facts`]) is apart from what it means ([`judge`]). Each look is a call of its own, all at once, and one
//! that comes to nothing is a fact like any other.

mod facts;
mod judge;

use std::fmt::Write as _;
use std::io::Write;
use std::process::ExitCode;

use jiff::Timestamp;
use serde_json::json;

use crate::arguments;
use crate::failure::Failure;
use crate::screen::{bold, plain, styled};
use judge::{Finding, State, judge};

/// Looks, judges and tells. The exit status is that of the worst finding.
pub(crate) async fn run(
    wanted: &arguments::Doctor,
    now: Timestamp,
    out: &mut impl Write,
) -> Result<ExitCode, Failure> {
    let findings = judge(&Box::pin(facts::gather(wanted.stack.as_ref(), now)).await);
    let worst = findings.iter().map(|finding| finding.state).max().unwrap_or(State::Well);
    if wanted.json {
        writeln!(out, "{}", json!({ "worst": worst, "findings": findings }))?;
    } else {
        write!(out, "{}", told(&findings, worst, styled()))?;
    }
    Ok(ExitCode::from(worst.exit_status()))
}

fn told(findings: &[Finding], worst: State, styled: bool) -> String {
    let mut text = String::new();
    for Finding { check, state, what, fix } in findings {
        let head = format!("{:<13} {:<11}", state.word(), check);
        let head = if *state >= State::Doubtful { bold(&head, styled) } else { head };
        let _ = writeln!(text, "{head} {}", plain(what));
        if let Some(fix) = fix {
            let _ = writeln!(text, "  → {}", plain(fix));
        }
    }
    let _ = writeln!(
        text,
        "{}",
        match worst {
            State::Well => "All is well.",
            State::NotLooked => "All that was looked at is well.",
            State::Doubtful => "Something is doubtful.",
            State::Wrong => "Something is wrong.",
        }
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_finding_has_a_line_and_each_remedy_another() {
        let findings = [
            Finding { check: "endpoint", state: State::Well, what: "answers".to_owned(), fix: None },
            Finding {
                check: "key",
                state: State::Wrong,
                what: "refused\u{1b}[2J".to_owned(),
                fix: Some("make one".to_owned()),
            },
        ];
        assert_eq!(
            told(&findings, State::Wrong, false),
            "well          endpoint    answers\n\
             WRONG         key         refused[2J\n  → make one\n\
             Something is wrong.\n"
        );
    }
}
