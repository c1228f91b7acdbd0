//! Logs: one JSON object a line, fields by name, ids and no personal data.

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
