//! Logs: one JSON object a line, fields by name, ids and no personal data.

use std::io::Write as _;
use std::panic::{self, PanicHookInfo};

use serde_json::Value;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::optional;

/// Starts logging. The level comes from `RUST_LOG`, `info` when it says nothing; `info,leadline_store=debug` sets a crate's
/// own.
pub fn start() {
    // Not `EnvFilter`, which carries a compiler of regular expressions to look into spans, of which we have none.
    let said = optional("RUST_LOG").and_then(|levels| levels.parse::<Targets>().ok());
    let levels = said.unwrap_or_else(|| Targets::new().with_default(LevelFilter::INFO));
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_target(false);
    tracing_subscriber::registry().with(lines).with(levels).init();
    panic::set_hook(Box::new(tell_where));
}

/// Logs where a panic is. What it says stays out: it may quote what somebody typed, and it would be more than a line.
fn tell_where(panic: &PanicHookInfo<'_>) {
    let at = panic.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(error = "panic", at, "a bug; the message of the panic is not logged");
}

/// Logs a document of numbers in CloudWatch's embedded metric format, which has to be a line of its own. A line that
/// cannot be written is a metric that is missing, and a missing metric raises its own alarm.
pub fn metric_line(document: &Value) {
    let written = writeln!(std::io::stdout().lock(), "{document}");
    if let Err(error) = written {
        tracing::error!(detail = %error, "metrics not written");
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_panic_is_one_line_without_its_words() {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber =
            tracing_subscriber::fmt().json().flatten_event(true).with_writer(move || writer.clone()).finish();
        let usual = panic::take_hook();
        panic::set_hook(Box::new(tell_where));
        let caught = tracing::subscriber::with_default(subscriber, || {
            panic::catch_unwind(|| {
                let typed = "zqx@zqx.example\n{\"level\":\"fake\"}";
                panic!("cannot read {typed}");
            })
        });
        panic::set_hook(usual);
        assert!(caught.is_err());
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.lines().count(), 1, "{text}");
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!((&line["level"], &line["error"]), (&"ERROR".into(), &"panic".into()));
        assert!(line["at"].as_str().unwrap().contains("telemetry.rs:") && !text.contains("zqx"), "{text}");
    }
}
