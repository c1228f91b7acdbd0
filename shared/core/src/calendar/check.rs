//! The check that turns a [`CalendarDoc`] into a [`Calendar`].

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::public::public_holidays;
use super::{Calendar, CalendarDoc, DAY, HolidayDoc, Hours, HoursDoc};

/// One thing wrong with a [`CalendarDoc`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {problem}")]
pub struct CalendarMistake {
    /// Where in the calendar's document, such as `weekly.mon[0]` or `holidays[2].date`.
    pub path: String,
    /// What is wrong and how to fix it.
    pub problem: CalendarProblem,
}

/// What can be wrong with a calendar. The wording says how to fix it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CalendarProblem {
    /// The time zone database has no such zone.
    #[error("no time zone is called “{0}”; write an IANA name such as Europe/Berlin")]
    UnknownZone(String),
    /// No public holidays are known there.
    #[error(
        "no public holidays are known for “{0}”; write the ISO 3166 code of a country or a part of it, such as DE or DE-BY, or list dates under holidays"
    )]
    UnknownRegion(String),
    /// Not `HH:MM`, or not between 00:00 and 24:00.
    #[error("“{0}” is not a time of day; write hours and minutes with two digits each, as in 09:00")]
    NotATime(String),
    /// `24:00` as a start.
    #[error("an interval cannot start at 24:00; write it under the next day, from 00:00")]
    StartsAtMidnightsEnd,
    /// Start and end are the same.
    #[error("the interval starts and ends at {0}; for a whole day write 00:00 to 24:00, otherwise delete it")]
    EmptyInterval(String),
    /// Two intervals of one day share time.
    #[error("the interval overlaps {0}; merge the two or move one")]
    Overlaps(String),
    /// No interval on any day.
    #[error("the calendar never opens; write at least one interval, such as mon: [[\"09:00\", \"17:00\"]]")]
    EmptyWeek,
    /// Not `YYYY-MM-DD`, or no such day.
    #[error("“{0}” is not a date; write year, month and day of a real day, as in 2026-12-25")]
    NotADate(String),
    /// The same date twice.
    #[error("the date is already at {0}; delete one of the two")]
    RepeatedDate(String),
}

/// Checks a document.
///
/// The error lists every mistake in the order of the document.
impl TryFrom<CalendarDoc> for Calendar {
    type Error = Vec<CalendarMistake>;

    fn try_from(doc: CalendarDoc) -> Result<Self, Vec<CalendarMistake>> {
        let mut check = Check::default();
        let zone = check.zone(&doc.zone);
        let days = doc.weekly.days();
        if days.iter().all(|(_, hours)| hours.is_empty()) {
            check.mistake("weekly", CalendarProblem::EmptyWeek);
        }
        let week = days.map(|(day, hours)| check.day(&format!("weekly.{day}"), hours));
        let mut holidays = check.public_holidays(doc.public_holidays.as_deref());
        // What the calendar itself says of a date goes before.
        holidays.append(&mut check.holidays(&doc.holidays));
        let region = doc.public_holidays;
        if check.mistakes.is_empty() {
            Ok(Self { zone, week, holidays, region })
        } else {
            Err(check.mistakes)
        }
    }
}

#[derive(Default)]
struct Check {
    mistakes: Vec<CalendarMistake>,
}

impl Check {
    fn mistake(&mut self, path: &str, problem: CalendarProblem) {
        self.mistakes.push(CalendarMistake { path: path.to_owned(), problem });
    }

    fn zone(&mut self, name: &str) -> TimeZone {
        // The database in the binary, never the machine's: the same playbook gives the same deadlines anywhere.
        match TimeZoneDatabase::bundled().get(name) {
            Ok(zone) if !zone.is_unknown() => zone,
            _ => {
                self.mistake("zone", CalendarProblem::UnknownZone(name.to_owned()));
                TimeZone::UTC
            }
        }
    }

    fn public_holidays(&mut self, region: Option<&str>) -> BTreeMap<Date, Vec<Hours>> {
        let Some(region) = region else { return BTreeMap::new() };
        match public_holidays(region) {
            Some(dates) => dates.into_iter().map(|date| (date, Vec::new())).collect(),
            None => {
                self.mistake("public_holidays", CalendarProblem::UnknownRegion(region.to_owned()));
                BTreeMap::new()
            }
        }
    }

    fn holidays(&mut self, docs: &[HolidayDoc]) -> BTreeMap<Date, Vec<Hours>> {
        let mut holidays = BTreeMap::new();
        let mut seen: BTreeMap<Date, usize> = BTreeMap::new();
        for (index, doc) in docs.iter().enumerate() {
            let path = format!("holidays[{index}]");
            let (text, date_path, open) = match doc {
                HolidayDoc::Whole(date) => (date, path.clone(), Vec::new()),
                HolidayDoc::Partial { date, open } => {
                    (date, format!("{path}.date"), self.day(&format!("{path}.open"), open))
                }
            };
            let Some(date) = parse_date(text) else {
                self.mistake(&date_path, CalendarProblem::NotADate(text.clone()));
                continue;
            };
            if let Some(first) = seen.get(&date) {
                self.mistake(&date_path, CalendarProblem::RepeatedDate(format!("holidays[{first}]")));
                continue;
            }
            seen.insert(date, index);
            holidays.insert(date, open);
        }
        holidays
    }

    /// The intervals of one day, in order.
    fn day(&mut self, path: &str, docs: &[HoursDoc]) -> Vec<Hours> {
        let mut hours: Vec<Hours> = Vec::new();
        let mut places: Vec<usize> = Vec::new();
        for (index, doc) in docs.iter().enumerate() {
            let place = format!("{path}[{index}]");
            let Some(new) = self.interval(&place, doc) else { continue };
            let clash = hours.iter().position(|other| new.from < other.to && other.from < new.to);
            if let Some(other) = clash {
                self.mistake(&place, CalendarProblem::Overlaps(format!("{path}[{}]", places[other])));
            }
            hours.push(new);
            places.push(index);
        }
        hours.sort_unstable();
        hours
    }

    fn interval(&mut self, path: &str, HoursDoc(start, end): &HoursDoc) -> Option<Hours> {
        let times = [start, end].map(|text| {
            let time = parse_time(text);
            if time.is_none() {
                self.mistake(path, CalendarProblem::NotATime(text.clone()));
            }
            time
        });
        let [Some(from), Some(to)] = times else { return None };
        if from == to {
            self.mistake(path, CalendarProblem::EmptyInterval(start.clone()));
            return None;
        }
        if from == DAY {
            self.mistake(path, CalendarProblem::StartsAtMidnightsEnd);
            return None;
        }
        Some(Hours { from, to: if to < from { to + DAY } else { to } })
    }
}

/// `HH:MM` in minutes after midnight, up to `24:00`.
fn parse_time(text: &str) -> Option<u16> {
    let &[h1, h2, b':', m1, m2] = text.as_bytes() else { return None };
    let digit = |byte: u8| byte.is_ascii_digit().then(|| u16::from(byte - b'0'));
    let hours = digit(h1)? * 10 + digit(h2)?;
    let minutes = digit(m1)? * 10 + digit(m2)?;
    (minutes < 60).then_some(hours * 60 + minutes).filter(|total| *total <= DAY)
}

/// `YYYY-MM-DD` and nothing else, although the parser behind it would take more.
fn parse_date(text: &str) -> Option<Date> {
    let shaped = text.len() == 10
        && text.bytes().enumerate().all(
            |(i, byte)| {
                if i == 4 || i == 7 { byte == b'-' } else { byte.is_ascii_digit() }
            },
        );
    if shaped { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::super::doc::tests::weekdays;
    use super::*;

    fn mistakes(yaml: &str) -> Vec<String> {
        let doc: CalendarDoc = serde_yaml_ng::from_str(yaml).unwrap();
        Calendar::try_from(doc).unwrap_err().iter().map(CalendarMistake::to_string).collect()
    }

    #[test]
    fn every_mistake_is_named_with_its_place_and_a_remedy() {
        let found = mistakes(
            r#"
zone: Europe/Belrin
weekly:
  mon: [["9:00", "17:00"], ["09:00", "24:01"]]
  tue: [["09:00", "09:00"], ["24:00", "08:00"], ["10:00", "12:60"]]
  wed: [["22:00", "06:00"], ["08:00", "12:00"], ["11:59", "13:00"], ["23:00", "23:30"]]
holidays: ["2026-02-29", "2026-12-25", {date: "2026-12-25", open: [["12:00", "12:00"]]}, {date: "24.12.2026", open: []}, "20261231"]
"#,
        );
        let expected = [
            "zone: no time zone is called “Europe/Belrin”; write an IANA name such as Europe/Berlin",
            "weekly.mon[0]: “9:00” is not a time of day; write hours and minutes with two digits each, as in 09:00",
            "weekly.mon[1]: “24:01” is not a time of day; write hours and minutes with two digits each, as in 09:00",
            "weekly.tue[0]: the interval starts and ends at 09:00; for a whole day write 00:00 to 24:00, otherwise delete it",
            "weekly.tue[1]: an interval cannot start at 24:00; write it under the next day, from 00:00",
            "weekly.tue[2]: “12:60” is not a time of day; write hours and minutes with two digits each, as in 09:00",
            "weekly.wed[2]: the interval overlaps weekly.wed[1]; merge the two or move one",
            "weekly.wed[3]: the interval overlaps weekly.wed[0]; merge the two or move one",
            "holidays[0]: “2026-02-29” is not a date; write year, month and day of a real day, as in 2026-12-25",
            "holidays[2].open[0]: the interval starts and ends at 12:00; for a whole day write 00:00 to 24:00, otherwise delete it",
            "holidays[2].date: the date is already at holidays[1]; delete one of the two",
            "holidays[3].date: “24.12.2026” is not a date; write year, month and day of a real day, as in 2026-12-25",
            "holidays[4]: “20261231” is not a date; write year, month and day of a real day, as in 2026-12-25",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn an_empty_week_is_a_mistake_however_it_is_written() {
        for weekly in ["", "weekly: {}\n", "weekly: {mon: [], sun: []}\n"] {
            let found = mistakes(&format!(
                "zone: UTC\n{weekly}holidays: [{{date: '2026-12-24', open: [['09:00', '12:00']]}}]"
            ));
            assert_eq!(found.len(), 1, "{weekly}");
            assert!(found[0].starts_with("weekly: the calendar never opens; write"), "{}", found[0]);
        }
    }

    #[test]
    fn only_names_of_real_zones_are_zones() {
        for zone in ["", "Etc/Unknown", "+02:00", "CEST", "Europe/Berlin ", "local"] {
            assert!(Calendar::try_from(weekdays(zone, &[("09:00", "17:00")])).is_err(), "{zone:?}");
        }
        let zones = ["Europe/Berlin", "UTC", "Asia/Calcutta", "America/Argentina/Buenos_Aires"];
        for zone in zones {
            let calendar = Calendar::try_from(weekdays(zone, &[("09:00", "17:00")])).unwrap();
            assert_eq!(CalendarDoc::from(&calendar).zone, zone);
        }
    }
}
