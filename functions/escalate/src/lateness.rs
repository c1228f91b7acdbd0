//! By how much a run took its steps too late: one line a run in CloudWatch's embedded metric format.

use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use leadline_runtime::embedded::{MOST_VALUES, Measured, Meter, Unit};
use serde_json::Value;

/// The metric: an observation for each step, in milliseconds. How many steps there were is its sample count.
const METRIC: &str = "SlaLateness";

/// The lateness of each step that one run has taken. Steps that came to nothing, because somebody else took them or the
/// lead moved on meanwhile, are not among them.
#[derive(Debug, Default)]
pub struct Lateness(Mutex<Vec<u64>>);

impl Lateness {
    /// Another step, so long after it was due.
    pub fn note(&self, late: SignedDuration) {
        // None is taken before it is due; a clock that was set back since counts as on time.
        let late_ms = u64::try_from(late.as_millis()).unwrap_or(0);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(late_ms);
    }

    /// The lines to be logged at the end of the run: none if it has taken no step, more than one for more steps than a
    /// line holds. No ids.
    pub fn lines(&self, meter: &Meter, at: Timestamp) -> Vec<Value> {
        let late = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let line =
            |some: &[u64]| meter.line(at, Unit::Milliseconds, [(METRIC, Measured::Each(some.to_vec()))]);
        late.chunks(MOST_VALUES).map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn lines(late_ms: impl IntoIterator<Item = i64>) -> Vec<Value> {
        let late = Lateness::default();
        for ms in late_ms {
            late.note(SignedDuration::from_millis(ms));
        }
        late.lines(&Meter::of("acme"), "2026-11-22T12:00:00Z".parse().unwrap())
    }

    #[test]
    fn a_run_is_a_line_with_a_value_for_each_step() {
        // As the specification of the format has it: a declaration, and under the same name the values.
        let directive = json!({
            "Namespace": "Leadline", "Dimensions": [["Stack"]],
            "Metrics": [{ "Name": "SlaLateness", "Unit": "Milliseconds" }],
        });
        let wanted = json!({
            "SlaLateness": [1_500, 0, 61_000],
            "Stack": "acme",
            "_aws": { "Timestamp": 1_795_348_800_000_i64, "CloudWatchMetrics": [directive] },
        });
        assert_eq!(lines([1_500, -3, 61_000]), [wanted]);
    }

    #[test]
    fn a_run_without_steps_costs_no_line_and_a_crowd_of_steps_loses_none() {
        assert_eq!(lines([]), [] as [Value; 0]);
        let crowd = lines(0..250);
        let sizes: Vec<usize> = crowd.iter().map(|l| l["SlaLateness"].as_array().unwrap().len()).collect();
        assert_eq!(sizes, [100, 100, 50], "a line holds a hundred values");
        assert_eq!(crowd[2]["SlaLateness"][49], 249);
    }
}
