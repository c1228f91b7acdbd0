//! How long a promise runs, as a playbook writes it.

use std::fmt;

use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::ser::{SerializeMap as _, Serializer};
use serde::{Deserialize, Serialize};

const DAY: u32 = 24 * 60 * 60;

/// A length of time. In a playbook a plain ISO 8601 duration (`PT5S`, `P1D`) is elapsed time, and
/// `{business: PT10H}` or `{business: P2D}` is business time. Whole seconds, at most 136 years.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Span {
    /// Seconds by the clock, day and night; a day is 24 hours.
    Elapsed(u32),
    /// Seconds of working time.
    BusinessTime(u32),
    /// Working days: the same local time that many working days later, rolled forward into work.
    BusinessDays(u32),
}

/// What is wrong with a duration in a playbook, and how to write it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpanMistake {
    /// Not of the form `PnDTnHnMnS`.
    #[error("“{0}” is not an ISO 8601 duration; write for example PT30M, PT4H or P2D")]
    Malformed(String),
    /// Less than nothing.
    #[error("“{0}” is negative; a duration cannot be, so write it without the minus sign")]
    Negative(String),
    /// A fraction of any unit.
    #[error("“{0}” has a fraction; write whole numbers of a smaller unit, with seconds as the smallest")]
    Fraction(String),
    /// Units without a fixed length.
    #[error("“{0}” counts months or years, whose lengths differ; write days")]
    MonthsOrYears(String),
    /// Weeks of business time, which might mean five days or seven.
    #[error("“{0}” counts business weeks; write business days instead, such as {{business: P5D}}")]
    BusinessWeeks(String),
    /// Days and a time in one business duration.
    #[error(
        "“{0}” mixes days and time; a business duration is either working days (P2D) or working time (PT16H)"
    )]
    MixedDaysAndTime(String),
    /// More than 2³² − 1 seconds or days.
    #[error("“{0}” is too long; write at most 136 years")]
    TooLong(String),
}

impl Span {
    /// Reads elapsed time: `PT90M`, `P1D` (24 hours), `P1W` (7 × 24 hours).
    ///
    /// # Errors
    /// [`SpanMistake`] for anything that is not a whole, non-negative ISO 8601 duration of weeks to seconds.
    pub fn parse_elapsed(text: &str) -> Result<Self, SpanMistake> {
        let parts = Parts::parse(text)?;
        let days = parts
            .weeks
            .unwrap_or(0)
            .checked_mul(7)
            .and_then(|days| days.checked_add(parts.days.unwrap_or(0)));
        let seconds = days
            .and_then(|days| days.checked_mul(u64::from(DAY)))
            .and_then(|seconds| seconds.checked_add(parts.seconds.unwrap_or(0)));
        narrow(seconds, text).map(Self::Elapsed)
    }

    /// Reads business time: `PT10H` is working time, `P2D` is working days.
    ///
    /// # Errors
    /// [`SpanMistake`] as for elapsed time, and for weeks or a mixture of days and time.
    pub fn parse_business(text: &str) -> Result<Self, SpanMistake> {
        let parts = Parts::parse(text)?;
        if parts.weeks.is_some() {
            return Err(SpanMistake::BusinessWeeks(text.to_owned()));
        }
        match (parts.days, parts.seconds) {
            (Some(_), Some(_)) => Err(SpanMistake::MixedDaysAndTime(text.to_owned())),
            (Some(days), None) => narrow(Some(days), text).map(Self::BusinessDays),
            (None, seconds) => narrow(seconds, text).map(Self::BusinessTime),
        }
    }

    /// Whether the span is empty.
    #[must_use]
    pub fn is_zero(self) -> bool {
        matches!(self, Self::Elapsed(0) | Self::BusinessTime(0) | Self::BusinessDays(0))
    }

    /// Whether the span needs a calendar.
    #[must_use]
    pub fn is_business(self) -> bool {
        !matches!(self, Self::Elapsed(_))
    }

    /// So many seconds of the time that this counts in: working time also for working days.
    #[must_use]
    pub fn of_its_kind(self, seconds: u32) -> Self {
        if self.is_business() { Self::BusinessTime(seconds) } else { Self::Elapsed(seconds) }
    }

    /// The ISO 8601 part, such as `PT10H`. Only elapsed whole days and business days are written as days.
    #[must_use]
    pub fn iso(self) -> String {
        match self {
            Self::BusinessDays(days) => format!("P{days}D"),
            Self::Elapsed(seconds) if seconds > 0 && seconds.is_multiple_of(DAY) => {
                format!("P{}D", seconds / DAY)
            }
            Self::Elapsed(seconds) | Self::BusinessTime(seconds) => iso_time(seconds),
        }
    }

    /// The span in words, such as "10 business hours" or "1 hour 30 minutes".
    #[must_use]
    pub fn human(self) -> String {
        match self {
            Self::BusinessDays(days) => counted(days, "business day"),
            Self::Elapsed(seconds) if seconds > DAY && seconds.is_multiple_of(DAY) => {
                format!("{} of 24 hours", counted(seconds / DAY, "day"))
            }
            Self::Elapsed(seconds) => words(seconds, ""),
            Self::BusinessTime(seconds) => words(seconds, "business "),
        }
    }
}

/// The units of a duration that were written.
#[derive(Default)]
struct Parts {
    weeks: Option<u64>,
    days: Option<u64>,
    seconds: Option<u64>,
}

impl Parts {
    fn parse(text: &str) -> Result<Self, SpanMistake> {
        let malformed = || SpanMistake::Malformed(text.to_owned());
        let too_long = || SpanMistake::TooLong(text.to_owned());
        let body = text.trim_start_matches('-').strip_prefix('P').ok_or_else(malformed)?;
        if text.contains('-') {
            return Err(SpanMistake::Negative(text.to_owned()));
        }
        if text.contains(['.', ',']) {
            return Err(SpanMistake::Fraction(text.to_owned()));
        }
        let (dates, times) = match body.split_once('T') {
            Some((_, "")) => return Err(malformed()),
            Some((dates, times)) => (dates, times),
            None if body.is_empty() => return Err(malformed()),
            None => (body, ""),
        };
        let mut parts = Self::default();
        for (value, unit) in fields(dates, "YMWD").ok_or_else(malformed)? {
            let value: u64 = value.parse().map_err(|_| too_long())?;
            match unit {
                'W' => parts.weeks = Some(value),
                'D' => parts.days = Some(value),
                _ => return Err(SpanMistake::MonthsOrYears(text.to_owned())),
            }
        }
        for (value, unit) in fields(times, "HMS").ok_or_else(malformed)? {
            let value: u64 = value.parse().map_err(|_| too_long())?;
            let length = match unit {
                'H' => 3600,
                'M' => 60,
                _ => 1,
            };
            let seconds =
                value.checked_mul(length).and_then(|more| more.checked_add(parts.seconds.unwrap_or(0)));
            parts.seconds = Some(seconds.ok_or_else(too_long)?);
        }
        Ok(parts)
    }
}

/// Splits "4H30M" into numbers and units, which must come in the order given and at most once each.
fn fields<'t>(mut text: &'t str, mut units: &str) -> Option<Vec<(&'t str, char)>> {
    let mut found = Vec::new();
    while !text.is_empty() {
        let end = text.find(|c: char| !c.is_ascii_digit()).filter(|end| *end > 0)?;
        let (number, rest) = text.split_at(end);
        let unit = rest.chars().next()?;
        let (_, later) = units.split_once(unit)?;
        units = later;
        text = &rest[unit.len_utf8()..];
        found.push((number, unit));
    }
    Some(found)
}

fn narrow(value: Option<u64>, text: &str) -> Result<u32, SpanMistake> {
    value.and_then(|value| u32::try_from(value).ok()).ok_or_else(|| SpanMistake::TooLong(text.to_owned()))
}

fn iso_time(seconds: u32) -> String {
    let mut iso = "PT".to_owned();
    for (value, unit) in [(seconds / 3600, 'H'), (seconds / 60 % 60, 'M'), (seconds % 60, 'S')] {
        if value > 0 {
            iso.push_str(&value.to_string());
            iso.push(unit);
        }
    }
    if seconds == 0 {
        iso.push_str("0S");
    }
    iso
}

fn counted(count: u32, unit: &str) -> String {
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

fn words(seconds: u32, kind: &str) -> String {
    let units = [(seconds / 3600, "hour"), (seconds / 60 % 60, "minute"), (seconds % 60, "second")];
    let mut parts: Vec<String> = Vec::new();
    for (value, unit) in units.into_iter().filter(|(value, _)| *value > 0) {
        // The first unit says for all what kind of time it is.
        let kind = if parts.is_empty() { kind } else { "" };
        parts.push(counted(value, &format!("{kind}{unit}")));
    }
    if parts.is_empty() { counted(0, &format!("{kind}second")) } else { parts.join(" ") }
}

/// A length in the short form of a ledger: "8 h", "2 h 30 min", "45 s".
#[must_use]
pub fn clock_length(seconds: u64) -> String {
    let units = [(seconds / 3600, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s")];
    let parts: Vec<String> =
        units.iter().filter(|(value, _)| *value > 0).map(|(value, unit)| format!("{value} {unit}")).collect();
    if parts.is_empty() { "0 s".to_owned() } else { parts.join(" ") }
}

/// As a playbook writes it: `PT5S`, or `{business: PT10H}`.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_business() { write!(f, "{{business: {}}}", self.iso()) } else { f.write_str(&self.iso()) }
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !self.is_business() {
            return serializer.serialize_str(&self.iso());
        }
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("business", &self.iso())?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SpanVisitor;

        impl<'de> Visitor<'de> for SpanVisitor {
            type Value = Span;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration such as PT30M, or business time such as {business: PT10H}")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Span, E> {
                Span::parse_elapsed(text).map_err(E::custom)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Span, A::Error> {
                #[derive(Deserialize)]
                #[serde(deny_unknown_fields)]
                struct Business {
                    business: String,
                }
                let written = Business::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Span::parse_business(&written.business).map_err(de::Error::custom)
            }
        }

        deserializer.deserialize_any(SpanVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_what_a_playbook_says() {
        // Written, meaning, written again, in words.
        for (json, span, again, human) in [
            (r#""PT5S""#, Span::Elapsed(5), "PT5S", "5 seconds"),
            (r#""PT4H""#, Span::Elapsed(14_400), "PT4H", "4 hours"),
            (r#""P1D""#, Span::Elapsed(86_400), "P1D", "24 hours"),
            (r#""PT48H""#, Span::Elapsed(172_800), "P2D", "2 days of 24 hours"),
            (r#""P1W""#, Span::Elapsed(604_800), "P7D", "7 days of 24 hours"),
            (r#""P1DT2H""#, Span::Elapsed(93_600), "PT26H", "26 hours"),
            (r#""PT90M""#, Span::Elapsed(5400), "PT1H30M", "1 hour 30 minutes"),
            (r#""PT0S""#, Span::Elapsed(0), "PT0S", "0 seconds"),
            (r#""P0D""#, Span::Elapsed(0), "PT0S", "0 seconds"),
            (r#"{"business":"PT10H"}"#, Span::BusinessTime(36_000), "{business: PT10H}", "10 business hours"),
            (
                r#"{"business":"PT48H"}"#,
                Span::BusinessTime(172_800),
                "{business: PT48H}",
                "48 business hours",
            ),
            (
                r#"{"business":"PT1H1M1S"}"#,
                Span::BusinessTime(3661),
                "{business: PT1H1M1S}",
                "1 business hour 1 minute 1 second",
            ),
            (r#"{"business":"P2D"}"#, Span::BusinessDays(2), "{business: P2D}", "2 business days"),
            (r#"{"business":"P1D"}"#, Span::BusinessDays(1), "{business: P1D}", "1 business day"),
            (r#"{"business":"PT0S"}"#, Span::BusinessTime(0), "{business: PT0S}", "0 business seconds"),
        ] {
            let read: Span = serde_json::from_str(json).unwrap();
            assert_eq!(read, span, "{json}");
            assert_eq!(span.to_string(), again, "{json}");
            assert_eq!(span.human(), human, "{json}");
            let written = serde_json::to_string(&span).unwrap();
            assert_eq!(serde_json::from_str::<Span>(&written).unwrap(), span);
            assert_eq!(serde_yaml_ng::from_str::<Span>(again).unwrap(), span, "what is displayed is YAML");
        }
        let longest = Span::parse_elapsed("PT4294967295S").unwrap();
        assert_eq!(longest, Span::Elapsed(u32::MAX));
    }

    #[test]
    fn refuses_what_has_no_fixed_or_whole_length() {
        type Kind = fn(String) -> SpanMistake;
        let elapsed: [(&str, Kind); 22] = [
            ("", SpanMistake::Malformed),
            ("P", SpanMistake::Malformed),
            ("PT", SpanMistake::Malformed),
            ("P1DT", SpanMistake::Malformed),
            ("5 minutes", SpanMistake::Malformed),
            ("pt5s", SpanMistake::Malformed),
            ("+PT5S", SpanMistake::Malformed),
            ("P5S", SpanMistake::Malformed),
            ("PT5D", SpanMistake::Malformed),
            ("PT5S4M", SpanMistake::Malformed),
            ("PT5S5S", SpanMistake::Malformed),
            ("PTS", SpanMistake::Malformed),
            ("PT5", SpanMistake::Malformed),
            ("PT5S ", SpanMistake::Malformed),
            ("PT٥S", SpanMistake::Malformed),
            ("-PT5S", SpanMistake::Negative),
            ("PT-5S", SpanMistake::Negative),
            ("PT0.5S", SpanMistake::Fraction),
            ("PT1,5H", SpanMistake::Fraction),
            ("P1M", SpanMistake::MonthsOrYears),
            ("PT4294967296S", SpanMistake::TooLong),
            ("P99999999999999999999999D", SpanMistake::TooLong),
        ];
        for (text, kind) in elapsed {
            assert_eq!(Span::parse_elapsed(text), Err(kind(text.to_owned())), "{text}");
        }
        let business: [(&str, Kind); 6] = [
            ("P1DT4H", SpanMistake::MixedDaysAndTime),
            ("P0DT4H", SpanMistake::MixedDaysAndTime),
            ("P1W", SpanMistake::BusinessWeeks),
            ("-P1D", SpanMistake::Negative),
            ("P1Y", SpanMistake::MonthsOrYears),
            ("P4294967296D", SpanMistake::TooLong),
        ];
        for (text, kind) in business {
            assert_eq!(Span::parse_business(text), Err(kind(text.to_owned())), "{text}");
        }
    }

    #[test]
    fn a_wrong_shape_says_what_to_write() {
        for (json, words) in [
            ("5", "expected a duration such as PT30M"),
            (r#"{"busines":"PT5S"}"#, "unknown field `busines`, expected `business`"),
            (r#"{"business":"PT5S","days":1}"#, "unknown field `days`"),
            (r#"{"business":"P1DT4H"}"#, "mixes days and time; a business duration is either"),
            ("{}", "missing field `business`"),
        ] {
            let error = serde_json::from_str::<Span>(json).unwrap_err().to_string();
            assert!(error.contains(words), "{json}: {error}");
        }
    }
}
