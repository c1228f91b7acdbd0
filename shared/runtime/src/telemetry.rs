//! Logs: one JSON object a line, fields by name, ids and no personal data.

use std::io::Write as _;

use serde_json::Value;
use tracing_subscriber::EnvFilter;

/// Starts logging. The level comes from `RUST_LOG`, `info` when it says nothing.
pub fn start() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_env_filter(filter)
        .with_current_span(false)
        .with_span_list(false)
        .with_target(false)
        .init();
}

/// Logs a document of numbers in CloudWatch's embedded metric format, which has to be a line of its own. A line that
/// cannot be written is a metric that is missing, and a missing metric raises its own alarm.
pub fn metric_line(document: &Value) {
    let written = writeln!(std::io::stdout().lock(), "{document}");
    if let Err(error) = written {
        tracing::error!(detail = %error, "metrics not written");
    }
}
