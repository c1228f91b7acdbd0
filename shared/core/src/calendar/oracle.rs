//! Differential test against the independent oracle `tests/oracle/business_time.py`, which made the vectors.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::{Calendar, CalendarDoc, Span};

const VECTORS: &str = include_str!("../../../../tests/oracle/business_time.ndjson");

#[derive(Deserialize)]
struct Vector {
    calendar: CalendarDoc,
    start: Timestamp,
    span: Span,
    due: Timestamp,
    is_open: bool,
    next_open: Timestamp,
    next_close: Option<Timestamp>,
    until: Timestamp,
    worked: i64,
}

#[test]
fn agrees_with_the_oracle() {
    let mut differences = Vec::new();
    let mut cases = 0;
    for line in VECTORS.lines() {
        let vector: Vector = serde_json::from_str(line).unwrap();
        cases += 1;
        if let Some(difference) = difference(vector) {
            differences.push(format!("{difference}\n  {line}"));
        }
    }
    assert!(differences.is_empty(), "{} of {cases} differ:\n{}", differences.len(), differences.join("\n"));
    assert!(cases >= 300, "only {cases} vectors");
}

fn difference(vector: Vector) -> Option<String> {
    let Vector { calendar, start, span, due, is_open, next_open, next_close, until, worked } = vector;
    let calendar = Calendar::try_from(calendar).unwrap();
    let found = calendar.add(start, &span).map(|deadline| deadline.due_at);
    if found != Ok(due) {
        return Some(format!("add: {found:?}, oracle {due}"));
    }
    if calendar.due_at(start, &span) != Ok(due) {
        return Some("due_at is not what add says".to_owned());
    }
    if calendar.is_open(start) != is_open {
        return Some(format!("is_open: oracle {is_open}"));
    }
    let found = calendar.next_open(start);
    if found != Some(next_open) {
        return Some(format!("next_open: {found:?}, oracle {next_open}"));
    }
    let found = calendar.next_close(start);
    // The oracle looks sixty days ahead.
    let seen = start + SignedDuration::from_hours(59 * 24);
    if found != next_close && (next_close.is_some() || found.is_some_and(|close| close < seen)) {
        return Some(format!("next_close: {found:?}, oracle {next_close:?}"));
    }
    let found = calendar.between(start, until);
    (found != worked).then(|| format!("between: {found}, oracle {worked}"))
}
