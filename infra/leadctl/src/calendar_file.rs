//! Calendars from files, and local times of their zones.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use leadline_core::calendar::{Calendar, CalendarError};
use leadline_core::playbook::{Mistake, read_calendar};

use crate::failure::unread;
use crate::playbook::listed;

/// Why a calendar gives no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CalendarFault {
    /// The file cannot be read.
    #[error("{path} cannot be read: {error}. {remedy}", path = .path.display(), remedy = unread(error))]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The file is not a calendar.
    #[error("{}", listed(.path, .mistakes).trim_end())]
    Mistakes {
        /// The file.
        path: PathBuf,
        /// Every mistake.
        mistakes: Vec<Mistake>,
    },
    /// The calendar never gets there.
    #[error("{0}")]
    OutOfReach(#[from] CalendarError),
}

/// Reads a calendar as a playbook writes it, YAML or JSON.
pub(crate) fn read(path: &Path) -> Result<Calendar, CalendarFault> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| CalendarFault::File { path: path.to_owned(), error })?;
    read_calendar(&text).map_err(|mistakes| CalendarFault::Mistakes { path: path.to_owned(), mistakes })
}

/// An instant as an argument has it.
pub(crate) fn instant(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| "use an instant with its offset, such as 2026-11-20T16:30:00+01:00".to_owned())
}

/// An instant on the clock of the calendar's zone, such as "Fri 20 Nov 2026 16:30".
pub(crate) fn local(calendar: &Calendar, at: Timestamp) -> String {
    let local = at.to_zoned(calendar.zone().clone());
    let seconds =
        if at.as_nanosecond() % 60_000_000_000 == 0 { "%a %-d %b %Y %H:%M" } else { "%a %-d %b %Y %T%.f" };
    local.strftime(seconds).to_string()
}

/// An instant in the calendar's zone and in UTC.
pub(crate) fn both(calendar: &Calendar, at: Timestamp) -> String {
    let zone = calendar.zone().iana_name().unwrap_or("UTC");
    let local = local(calendar, at);
    if zone == "UTC" { format!("{local} UTC") } else { format!("{local} in {zone} = {at}") }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A calendar as a file would have it.
    pub(crate) fn calendar(yaml: &str) -> Calendar {
        read_calendar(yaml).unwrap()
    }

    #[test]
    fn yaml_and_json_are_read_and_mistakes_have_their_place() {
        let json = "{\n\t\"zone\": \"UTC\", \"weekly\": {\"mon\": [[\"22:00\", \"06:00\"]]},\n\t\
            \"holidays\": [\"2026-12-25\", {\"date\": \"2026-12-24\", \"open\": [[\"09:00\", \"12:00\"]]}]}";
        let yaml = "zone: UTC\nweekly: {mon: [['22:00', '06:00']]}\n\
            holidays: [2026-12-25, {date: 2026-12-24, open: [[09:00, 12:00]]}]";
        assert_eq!(calendar(json), calendar(yaml));
        assert_eq!(calendar(&format!("\u{feff}{yaml}")), calendar(yaml), "as editors on Windows write it");
        for (text, expected) in [
            ("zone: Mars/Olympus\nweekly: {mon: [['09:00', '17:00']]}", "zone: no time zone is called"),
            ("zone: UTC", "weekly: the calendar never opens"),
            ("zone: UTC\nweekly: {mon: [['09:00', '09:00']]}", "weekly.mon[0]: the interval starts and ends"),
            (
                "zone: UTC\nweekly: {mon: [['24:00', '09:00']]}",
                "weekly.mon[0]: an interval cannot start at 24:00",
            ),
            ("zone: UTC\nweekly: {someday: []}", "weekly.someday: unknown field"),
            ("weekly: {}", "missing field `zone`"),
            ("[]", "a calendar is a mapping"),
            ("zone: [", "not readable as YAML or JSON"),
        ] {
            let mistakes = read_calendar(text).unwrap_err();
            let fault = CalendarFault::Mistakes { path: PathBuf::from("c.yaml"), mistakes };
            assert!(fault.to_string().starts_with("c.yaml has 1 mistake:\n"), "{fault}");
            assert!(fault.to_string().contains(expected), "{fault}");
        }
        assert!(matches!(read(Path::new("no/such.yaml")), Err(CalendarFault::File { .. })));
    }

    #[test]
    fn instants_in_two_zones() {
        let berlin = calendar("zone: Europe/Berlin\nweekly: {mon: [['09:00', '17:00']]}");
        let at = |text: &str| both(&berlin, text.parse().unwrap());
        assert_eq!(
            at("2026-11-20T15:30:00Z"),
            "Fri 20 Nov 2026 16:30 in Europe/Berlin = 2026-11-20T15:30:00Z"
        );
        assert_eq!(
            at("2026-07-01T08:00:05Z"),
            "Wed 1 Jul 2026 10:00:05 in Europe/Berlin = 2026-07-01T08:00:05Z"
        );
        let utc = calendar("zone: UTC\nweekly: {mon: [['09:00', '17:00']]}");
        assert_eq!(both(&utc, "2026-11-20T15:30:00Z".parse().unwrap()), "Fri 20 Nov 2026 15:30 UTC");
    }
}
