//! One log line, read and shown.

use clap::ValueEnum;
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::screen::{bold, plain};
use crate::stack::StackName;

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Level {
    /// For whoever looks for a bug.
    Trace,
    /// The same, less of it.
    Debug,
    /// What went as it should.
    Info,
    /// What is tried again.
    Warn,
    /// What somebody has to look at.
    Error,
}

impl Level {
    fn word(self) -> &'static str {
        match self {
            Level::Trace => "TRACE",
            Level::Debug => "DEBUG",
            Level::Info => "INFO",
            Level::Warn => "WARN",
            Level::Error => "ERROR",
        }
    }

    fn parse(word: &str) -> Option<Level> {
        Level::value_variants().iter().copied().find(|level| level.word().eq_ignore_ascii_case(word))
    }
}

/// Which lines somebody wants to see.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    /// Only those that name this lead.
    pub(crate) lead_id: Option<String>,
    /// Only those of this function.
    pub(crate) function: Option<String>,
    /// Only those of this level and above.
    pub(crate) level: Option<Level>,
}

/// Where a line was found.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    pub(crate) stack: &'a StackName,
    pub(crate) group: &'a str,
    pub(crate) stream: &'a str,
}

impl Source<'_> {
    /// The function that wrote there, such as `score`.
    fn function(&self) -> Option<String> {
        // In a group of all functions a stream is `2026/11/26/<function>[<version>]<letters>`.
        let of_stream = self.stream.rsplit('/').next().and_then(|last| last.split('[').next());
        let of_group = self.group.strip_prefix("/aws/lambda/");
        let names = [of_group, of_stream].into_iter().flatten();
        let mut logical = names.filter_map(|name| self.stack.logical(name));
        logical.next().map(|name| name.trim_end_matches("Function").to_lowercase())
    }
}

/// A line.
#[derive(Debug)]
pub(crate) struct Line {
    at: Timestamp,
    level: Level,
    /// Who wrote it, where that can be told.
    pub(crate) function: Option<String>,
    message: String,
    fields: Map<String, Value>,
    /// As it was written.
    pub(crate) raw: String,
}

/// Lines of the platform around each invocation.
const AROUND: [&str; 4] = ["START RequestId: ", "END RequestId: ", "REPORT RequestId: ", "INIT_START "];

impl Line {
    /// Reads one; none for what the platform writes around every invocation.
    pub(crate) fn read(at_ms: i64, text: &str, source: &Source<'_>) -> Option<Line> {
        let text = text.trim_end();
        if text.is_empty() || AROUND.iter().any(|start| text.starts_with(start)) {
            return None;
        }
        let (level, message, fields) = match serde_json::from_str(text) {
            Ok(Value::Object(object)) => read_object(object),
            // Not ours: what the platform says of a process that ended, or what a library has printed.
            _ => (Level::Warn, text.to_owned(), Map::new()),
        };
        Some(Line {
            at: Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH),
            level,
            function: source.function(),
            message,
            fields,
            raw: text.to_owned(),
        })
    }

    /// Whether somebody wants to see it.
    pub(crate) fn is(&self, wanted: &Wanted) -> bool {
        wanted.level.is_none_or(|level| self.level >= level)
            && wanted.lead_id.as_ref().is_none_or(|id| self.raw.contains(id))
            && wanted.function.as_ref().is_none_or(|name| self.function.as_ref() == Some(name))
    }

    /// For people: time of day in UTC, level, function, what it says, and the rest by name.
    pub(crate) fn shown(&self, styled: bool) -> String {
        let function = self.function.as_deref().unwrap_or("–");
        let word = format!("{:<5}", self.level.word());
        let word = if self.level >= Level::Warn { bold(&word, styled) } else { word };
        let at = self.at.strftime("%H:%M:%S%.3f");
        let mut text = format!("{at} {word} {function:<8} {}", plain(&self.message));
        for (name, value) in &self.fields {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            text.push_str(&format!(" {}={}", plain(name), plain(&value)));
        }
        text
    }
}

fn read_object(mut object: Map<String, Value>) -> (Level, String, Map<String, Value>) {
    if object.remove("_aws").is_some() {
        return (Level::Info, "metrics".to_owned(), object);
    }
    object.remove("timestamp");
    let mut text = |name: &str| match object.remove(name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    };
    let level = text("level").and_then(|word| Level::parse(&word));
    // The platform's own lines have a type: at the level that the template sets they are warnings.
    let message = text("message").or_else(|| text("type")).unwrap_or_default();
    (level.unwrap_or(Level::Warn), message, object)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = r#"{"timestamp":"2026-11-26T06:44:36.1Z","level":"INFO","message":"deadline step","lead.id":"ld_1","clock":"accept","late_ms":1200}"#;

    fn read(text: &str, group: &str, stream: &str) -> Option<Line> {
        let stack = StackName::parse("leadline").unwrap();
        Line::read(1_795_675_476_123, text, &Source { stack: &stack, group, stream })
    }

    #[test]
    fn a_line_says_when_who_and_what() {
        let stream = "2026/11/26/leadline-EscalateFunction-1B2C[$LATEST]0123456789abcdef";
        let line = read(OURS, "/leadline/leadline", stream).unwrap();
        assert_eq!(
            line.shown(false),
            "06:44:36.123 INFO  escalate deadline step clock=accept late_ms=1200 lead.id=ld_1"
        );
        // LocalStack has a group for each function.
        let line = read(OURS, "/aws/lambda/leadline-ScoreFunction-1B2C", "2026/11/26/[$LATEST]01").unwrap();
        assert_eq!(line.function.as_deref(), Some("score"));
        // MiniStack does not say.
        assert_eq!(read(OURS, "/leadline/leadline", "2026/11/26/[$LATEST]01").unwrap().function, None);
    }

    #[test]
    fn what_the_platform_writes_around_an_invocation_is_left_out_and_what_it_says_of_a_failure_is_not() {
        for text in [
            "START RequestId: 1 Version: $LATEST",
            "END RequestId: 1",
            "REPORT RequestId: 1\tDuration",
            " \n",
        ] {
            assert!(read(text, "g", "s").is_none(), "{text}");
        }
        let line = read("RequestId: 1 Error: Runtime exited\u{1b}[2J", "g", "s").unwrap();
        assert!(
            line.shown(false).ends_with(" WARN  –        RequestId: 1 Error: Runtime exited[2J"),
            "{line:?}"
        );
        let platform = r#"{"time":"2026-11-26T06:44:36Z","type":"platform.fault","record":"exit status 1"}"#;
        let shown = read(platform, "g", "s").unwrap().shown(false);
        assert!(shown.contains("WARN  –        platform.fault record=exit status 1"), "{shown}");
        let metrics = r#"{"SlaLateness":[1,2],"_aws":{"Timestamp":1,"CloudWatchMetrics":[]}}"#;
        assert!(read(metrics, "g", "s").unwrap().shown(false).ends_with(" metrics SlaLateness=[1,2]"));
    }

    #[test]
    fn lines_are_chosen_by_lead_function_and_level() {
        let line = read(OURS, "/aws/lambda/leadline-ScoreFunction-1B2C", "s").unwrap();
        let wanted = |lead_id: Option<&str>, function: Option<&str>, level| Wanted {
            lead_id: lead_id.map(str::to_owned),
            function: function.map(str::to_owned),
            level,
        };
        assert!(line.is(&wanted(Some("ld_1"), Some("score"), Some(Level::Info))));
        assert!(!line.is(&wanted(Some("ld_2"), None, None)));
        assert!(!line.is(&wanted(None, Some("route"), None)));
        assert!(!line.is(&wanted(None, None, Some(Level::Warn))));
        assert!(Level::Error > Level::Warn && Level::Warn > Level::Info && Level::Info > Level::Debug);
    }
}
