//! CloudWatch's embedded metric format: numbers in a log line that CloudWatch makes metrics of, so that a function needs no
//! permission, no request and no time for them.
//!
//! Source: "Specification: Embedded metric format" in the Amazon CloudWatch user guide.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// The namespace of every metric of ours.
pub const NAMESPACE: &str = "Leadline";

/// One line holds no more values of a metric.
pub const MOST_VALUES: usize = 100;

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Things.
    Count,
    /// Thousandths of a second.
    Milliseconds,
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Unit::Count => "Count",
            Unit::Milliseconds => "Milliseconds",
        }
    }
}

/// What was measured in a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Measured {
    /// Once.
    One(u64),
    /// Several times: each is an observation of its own, of which CloudWatch makes percentiles. At most [`MOST_VALUES`].
    Each(Vec<u64>),
}

/// The one dimension. More would cost more: each set of values is a metric of its own on the bill.
pub const DIMENSION: &str = "Stack";

/// Writes the metrics of one deployment. Two in an account are told apart by their stacks, or one's violations would alarm
/// the other, and one that has fallen silent would not be missed.
#[derive(Debug, Clone)]
pub struct Meter {
    stack: String,
}

impl Meter {
    /// That of a stack, by its name.
    pub fn of(stack: impl Into<String>) -> Self {
        Self { stack: stack.into() }
    }

    /// The line for some metrics.
    pub fn line(
        &self,
        at: Timestamp,
        unit: Unit,
        metrics: impl IntoIterator<Item = (&'static str, Measured)>,
    ) -> Value {
        let (mut names, mut line) = (Vec::new(), Map::new());
        for (name, measured) in metrics {
            names.push(json!({ "Name": name, "Unit": unit.name() }));
            let value = match measured {
                Measured::One(value) => json!(value),
                Measured::Each(values) => json!(values),
            };
            line.insert(name.to_owned(), value);
        }
        line.insert(DIMENSION.to_owned(), json!(self.stack));
        let declared = json!([{ "Namespace": NAMESPACE, "Dimensions": [[DIMENSION]], "Metrics": names }]);
        line.insert(
            "_aws".to_owned(),
            json!({ "Timestamp": at.as_millisecond(), "CloudWatchMetrics": declared }),
        );
        Value::Object(line)
    }
}
