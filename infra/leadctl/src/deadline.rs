//! `leadctl deadline`: when a promise falls due, and how that was counted.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use jiff::Timestamp;
use leadline_core::calendar::{Calendar, Deadline as Due, LedgerEntry, LedgerKind, Span, clock_length};
use serde::Serialize;

use crate::calendar_file::{self, CalendarFault, both, local};
use crate::failure::Failure;
use crate::screen;
use crate::table;

/// `leadctl deadline`.
#[derive(Debug, Args)]
pub(crate) struct Deadline {
    /// The calendar, YAML or JSON, as in a playbook: zone, weekly, public_holidays, holidays
    #[arg(long, value_name = "FILE")]
    calendar: PathBuf,
    /// When the clock starts, RFC 3339, such as 2026-11-20T16:30:00+01:00
    #[arg(long, value_name = "RFC3339", value_parser = calendar_file::instant)]
    start: Timestamp,
    #[command(flatten)]
    promise: Promise,
    /// {"due_at", "ledger": [{"from", "to", "seconds", "what"}]}; `seconds` is how many of the interval's counted, 0 where
    /// it was skipped
    #[arg(long)]
    json: bool,
}

/// What was promised.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Promise {
    /// Business time: PT10H or 10h is ten hours of work; P2D or 2d is the same local time two working days later
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true, value_parser = |text: &str| Span::parse_business(&iso(text)))]
    business: Option<Span>,
    /// Time by the clock, day and night: PT10H or 10h, and P2D or 2d for 48 hours
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true, value_parser = |text: &str| Span::parse_elapsed(&iso(text)))]
    elapsed: Option<Span>,
}

/// A duration as a playbook writes it, of one that people type, such as 90m or 1h30m. What is neither stays as it is, to
/// be refused by its own name.
fn iso(text: &str) -> String {
    let typed = text.starts_with(|c: char| c.is_ascii_digit()).then(|| text.parse::<jiff::Span>().ok());
    typed.flatten().map_or_else(|| text.to_owned(), |span| span.to_string())
}

impl Promise {
    fn span(&self) -> Span {
        self.business.or(self.elapsed).unwrap_or(Span::Elapsed(0))
    }
}

/// The answer for programs.
#[derive(Serialize)]
struct Answer {
    due_at: Timestamp,
    ledger: Vec<Line>,
}

/// One interval for programs.
#[derive(Serialize)]
struct Line {
    from: Timestamp,
    to: Timestamp,
    /// How many of its seconds counted; those of a ledger add up to the promise.
    seconds: i64,
    what: String,
}

/// Counts and tells.
pub(crate) fn run(wanted: &Deadline, out: &mut impl Write) -> Result<ExitCode, Failure> {
    let calendar = calendar_file::read(&wanted.calendar)?;
    let span = wanted.promise.span();
    let due = calendar.add(wanted.start, &span).map_err(CalendarFault::from)?;
    if wanted.json {
        let answer = serde_json::to_string(&answer(&calendar, &due)).map_err(std::io::Error::other)?;
        writeln!(out, "{answer}")?;
    } else {
        write!(out, "{}", told(&calendar, wanted.start, span, &due, screen::styled()))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn answer(calendar: &Calendar, due: &Due) -> Answer {
    let line = |entry: &LedgerEntry| Line {
        from: entry.from,
        to: entry.to,
        seconds: if entry.what.is_counted() { entry.seconds } else { 0 },
        what: match entry.what {
            LedgerKind::BusinessDay(date) | LedgerKind::Holiday(date) => {
                format!("{} {date}", word(calendar, entry))
            }
            _ => word(calendar, entry).to_owned(),
        },
    };
    Answer { due_at: due.due_at, ledger: due.ledger.iter().map(line).collect() }
}

/// What an interval was, without its date.
fn word(calendar: &Calendar, entry: &LedgerEntry) -> &'static str {
    match entry.what {
        LedgerKind::Elapsed => "elapsed",
        LedgerKind::Work => "work",
        LedgerKind::BusinessDay(_) => "business day",
        LedgerKind::Closed => calendar.closed_time(entry.from, entry.to).name(),
        LedgerKind::Holiday(_) => "holiday",
    }
}

/// The answer for people.
fn told(calendar: &Calendar, start: Timestamp, span: Span, due: &Due, styled: bool) -> String {
    let ends = format!("Start  {}\nDue    {}\n", both(calendar, start), both(calendar, due.due_at));
    if due.ledger.is_empty() {
        return format!("{ends}\nNothing to count: due at once.\n");
    }
    let days = due.ledger.iter().filter(|entry| matches!(entry.what, LedgerKind::BusinessDay(_))).count();
    let mut day = 0;
    let mut skipped: BTreeMap<&str, u64> = BTreeMap::new();
    let mut rows = Vec::new();
    for entry in &due.ledger {
        let word = word(calendar, entry);
        let length = entry.seconds.unsigned_abs();
        let (counted, left_out, what) = match entry.what {
            LedgerKind::BusinessDay(date) => {
                day += 1;
                (
                    format!("day {day} of {days}"),
                    String::new(),
                    date.strftime("business day %a %-d %b").to_string(),
                )
            }
            LedgerKind::Holiday(date) => {
                *skipped.entry(word).or_default() += length;
                (String::new(), clock_length(length), date.strftime("holiday %a %-d %b").to_string())
            }
            LedgerKind::Closed => {
                *skipped.entry(word).or_default() += length;
                (String::new(), clock_length(length), word.to_owned())
            }
            LedgerKind::Elapsed | LedgerKind::Work => (clock_length(length), String::new(), word.to_owned()),
        };
        rows.push(vec![local(calendar, entry.from), local(calendar, entry.to), counted, left_out, what]);
    }
    let table = table::render(&["FROM", "TO", "COUNTED", "SKIPPED", "WHAT"], rows, styled);
    let parts: Vec<String> =
        skipped.iter().map(|(word, seconds)| format!("{word} {}", clock_length(*seconds))).collect();
    let skipped = if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") };
    format!("{ends}\n{table}\nCounted {}; skipped: {skipped}.\n", span.human())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar_file::tests::calendar;

    fn weekdays(zone: &str, from: &str, to: &str) -> Calendar {
        let days = ["mon", "tue", "wed", "thu", "fri"].map(|day| format!("{day}: [['{from}', '{to}']]"));
        calendar(&format!("{{zone: {zone}, weekly: {{{}}}}}", days.join(", ")))
    }

    fn json(calendar: &Calendar, start: &str, span: Span) -> serde_json::Value {
        let due = calendar.add(start.parse().unwrap(), &span).unwrap();
        serde_json::to_value(answer(calendar, &due)).unwrap()
    }

    /// From the issue threads of Chatwoot (13392), Frappe CRM and LeadAngel. 2026-11-20 is a Friday; Berlin is one hour
    /// ahead of UTC.
    #[test]
    fn golden_vectors() {
        for (from, to, start, hours, due) in [
            ("09:00", "17:00", "2026-11-20T16:30:00+01:00", "PT1H", "2026-11-23T08:30:00Z"),
            ("09:00", "17:00", "2026-11-18T07:00:00+01:00", "PT2H", "2026-11-18T10:00:00Z"),
            ("09:00", "18:00", "2026-11-21T15:30:00+01:00", "PT1H", "2026-11-23T09:00:00Z"),
            ("09:00", "18:00", "2026-11-21T20:00:00+01:00", "PT1H", "2026-11-23T09:00:00Z"),
            ("10:00", "18:00", "2026-11-18T15:00:00+01:00", "PT10H", "2026-11-19T16:00:00Z"),
        ] {
            let span = Span::parse_business(hours).unwrap();
            let answer = json(&weekdays("Europe/Berlin", from, to), start, span);
            assert_eq!(answer["due_at"], due, "{start} {hours}");
            let Span::BusinessTime(promised) = span else { panic!("{hours}") };
            let lines = answer["ledger"].as_array().unwrap();
            let sum = |lines: &[&serde_json::Value]| {
                lines.iter().map(|line| line["seconds"].as_i64().unwrap()).sum::<i64>()
            };
            assert_eq!(sum(&lines.iter().collect::<Vec<_>>()), i64::from(promised));
            let work: Vec<_> = lines.iter().filter(|line| line["what"] == "work").collect();
            assert_eq!(sum(&work), i64::from(promised));
        }
        // A pause over the weekend adds no business time.
        let office = weekdays("Europe/Berlin", "09:00", "17:00");
        let (paused, resumed) =
            ("2026-11-20T16:00:00Z".parse().unwrap(), "2026-11-23T08:00:00Z".parse().unwrap());
        assert_eq!(office.between(paused, resumed), 0);
    }

    #[test]
    fn durations_are_typed_as_in_a_playbook_or_as_people_say_them() {
        for (typed, meant) in [
            ("10h", Span::BusinessTime(36_000)),
            ("90m", Span::BusinessTime(5_400)),
            ("1h30m", Span::BusinessTime(5_400)),
            ("1.5h", Span::BusinessTime(5_400)),
            ("2d", Span::BusinessDays(2)),
            ("PT10H", Span::BusinessTime(36_000)),
        ] {
            assert_eq!(Span::parse_business(&iso(typed)), Ok(meant), "{typed}");
        }
        assert_eq!(Span::parse_elapsed(&iso("2d")), Ok(Span::Elapsed(172_800)));
        for wrong in ["10", "-10h", "tenhours", "1mo", "10h ago", ""] {
            assert!(Span::parse_business(&iso(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn json_has_these_fields_and_no_others() {
        let office = calendar(
            "{zone: Europe/Berlin, weekly: {mon: [['09:00', '17:00']], fri: [['09:00', '17:00']]}, \
             holidays: ['2026-11-23']}",
        );
        let answer = json(&office, "2026-11-20T15:30:00Z", Span::BusinessTime(3600));
        assert_eq!(
            answer.to_string(),
            serde_json::json!({
                "due_at": "2026-11-27T08:30:00Z",
                "ledger": [
                    {"from": "2026-11-20T15:30:00Z", "to": "2026-11-20T16:00:00Z", "seconds": 1800, "what": "work"},
                    {"from": "2026-11-20T16:00:00Z", "to": "2026-11-23T08:00:00Z", "seconds": 0, "what": "weekend"},
                    {"from": "2026-11-23T08:00:00Z", "to": "2026-11-23T16:00:00Z", "seconds": 0,
                     "what": "holiday 2026-11-23"},
                    {"from": "2026-11-23T16:00:00Z", "to": "2026-11-27T08:00:00Z", "seconds": 0, "what": "days off"},
                    {"from": "2026-11-27T08:00:00Z", "to": "2026-11-27T08:30:00Z", "seconds": 1800, "what": "work"},
                ]
            })
            .to_string()
        );
        let elapsed = json(&office, "2026-11-20T15:30:00Z", Span::Elapsed(86_400));
        assert_eq!(
            elapsed["ledger"],
            serde_json::json!([{"from": "2026-11-20T15:30:00Z", "to": "2026-11-21T15:30:00Z", "seconds": 86_400,
                "what": "elapsed"}])
        );
        let nothing = json(&office, "2026-11-21T15:30:00Z", Span::BusinessTime(0));
        assert_eq!(nothing.to_string(), r#"{"due_at":"2026-11-21T15:30:00Z","ledger":[]}"#);
        let day = json(&office, "2026-11-20T15:30:00Z", Span::BusinessDays(1));
        assert_eq!(day["due_at"], "2026-11-27T15:30:00Z");
        assert_eq!(day["ledger"].as_array().unwrap().last().unwrap()["what"], "business day 2026-11-27");
    }

    #[test]
    fn words_for_a_sales_manager() {
        let office = calendar(
            "{zone: Europe/Berlin, weekly: {mon: [['09:00', '12:00'], ['13:00', '17:00']], fri: [['09:00', '17:00']]}}",
        );
        let say = |start: &str, span: Span| {
            let start = start.parse().unwrap();
            told(&office, start, span, &office.add(start, &span).unwrap(), false)
        };
        assert_eq!(
            say("2026-11-20T15:30:00Z", Span::BusinessTime(4 * 3600)),
            "Start  Fri 20 Nov 2026 16:30 in Europe/Berlin = 2026-11-20T15:30:00Z\n\
             Due    Mon 23 Nov 2026 13:30 in Europe/Berlin = 2026-11-23T12:30:00Z\n\
             \n\
             FROM                   TO                     COUNTED  SKIPPED  WHAT\n\
             Fri 20 Nov 2026 16:30  Fri 20 Nov 2026 17:00  30 min            work\n\
             Fri 20 Nov 2026 17:00  Mon 23 Nov 2026 09:00           64 h     weekend\n\
             Mon 23 Nov 2026 09:00  Mon 23 Nov 2026 12:00  3 h               work\n\
             Mon 23 Nov 2026 12:00  Mon 23 Nov 2026 13:00           1 h      break\n\
             Mon 23 Nov 2026 13:00  Mon 23 Nov 2026 13:30  30 min            work\n\
             \n\
             Counted 4 business hours; skipped: break 1 h, weekend 64 h.\n"
        );
        let days = say("2026-11-20T15:30:00Z", Span::BusinessDays(2));
        assert!(days.contains("  day 1 of 2           business day Mon 23 Nov\n"), "{days}");
        assert!(days.contains("  day 2 of 2           business day Fri 27 Nov\n"), "{days}");
        assert!(
            days.ends_with("\nCounted 2 business days; skipped: days off 72 h, weekend 48 h.\n"),
            "{days}"
        );
        let at_once = say("2026-11-21T15:30:00Z", Span::Elapsed(0));
        assert!(at_once.ends_with("\n\nNothing to count: due at once.\n"), "{at_once}");
        let by_the_clock = say("2026-11-21T15:30:00Z", Span::Elapsed(90));
        assert!(
            by_the_clock.ends_with("\nCounted 1 minute 30 seconds; skipped: nothing.\n"),
            "{by_the_clock}"
        );
    }
}
