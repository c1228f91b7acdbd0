//! Public holidays of countries and their subdivisions, from a table in the binary. What the table does not know is never
//! taken for an ordinary day: a deadline that lies outside of its years is an error, and the audit tells a year before
//! they end.

use std::collections::BTreeSet;

use jiff::civil::Date;

/// See `data/README.md`.
static TABLE: &str = include_str!("data/public_holidays.txt");

/// The first year that the table knows.
pub const FIRST_YEAR: i16 = 2025;

/// The last year that the table knows.
pub const LAST_YEAR: i16 = 2035;

/// Every public holiday of a region, by its ISO 3166 code such as `DE` or `DE-BY`; `None` for a region that the table does
/// not have.
pub(super) fn public_holidays(region: &str) -> Option<BTreeSet<Date>> {
    let mut found = BTreeSet::new();
    if let Some((country, _)) = region.split_once('-') {
        apply(line(country)?, &mut found);
    }
    apply(line(region)?, &mut found);
    Some(found)
}

/// What stands behind a code.
fn line(code: &str) -> Option<&'static str> {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    let mut lines = lines.map(|line| line.split_once(' ').unwrap_or((line, "")));
    lines.find(|(at, _)| *at == code).map(|(_, tokens)| tokens)
}

/// Adds the days of a line to those of the country, and takes away those that are marked so.
fn apply(tokens: &str, found: &mut BTreeSet<Date>) {
    for token in tokens.split_whitespace() {
        let (lacks, token) = token.strip_prefix('-').map_or((false, token), |rest| (true, rest));
        let (years, days) = match token.split_once(':') {
            Some((year, days)) => {
                let year = 2_000 + year.parse().unwrap_or(0);
                (year..=year, days)
            }
            None => (FIRST_YEAR..=LAST_YEAR, token),
        };
        for year in years {
            for date in days.as_bytes().chunks(4).filter_map(|day| date_of(year, day)) {
                if lacks {
                    found.remove(&date);
                } else {
                    found.insert(date);
                }
            }
        }
    }
}

/// `MMDD` in a year.
fn date_of(year: i16, day: &[u8]) -> Option<Date> {
    let number = |digits: &[u8]| std::str::from_utf8(digits).ok()?.parse().ok();
    Date::new(year, number(day.get(..2)?)?, number(day.get(2..)?)?).ok()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use jiff::civil::date;

    use super::super::doc::tests::weekdays;
    use super::super::{Calendar, CalendarDoc, CalendarError, LedgerKind, Span};
    use super::*;

    fn is_off(region: &str, on: Date) -> bool {
        public_holidays(region).unwrap().contains(&on)
    }

    /// From the laws and the tables of Easter, not from the table.
    #[test]
    fn days_that_are_known_from_elsewhere() {
        // Easter Sunday is 5 April in 2026 and 28 March in 2027.
        for (region, on) in [
            ("DE", date(2026, 4, 3)),
            ("DE", date(2026, 4, 6)),
            ("DE", date(2027, 3, 29)),
            ("DE", date(2026, 10, 3)),
            ("DE-BY", date(2026, 12, 25)),
            ("DE-BY", date(2026, 1, 6)),
            // Corpus Christi is sixty days after Easter Sunday.
            ("DE-BY", date(2026, 6, 4)),
            // The Wednesday before 23 November.
            ("DE-SN", date(2026, 11, 18)),
            ("FR", date(2030, 7, 14)),
            // The fourth Thursday of November.
            ("US", date(2026, 11, 26)),
            // 4 July 2026 is a Saturday, made up for on Friday.
            ("US", date(2026, 7, 3)),
            // Boxing Day 2026 is a Saturday, made up for on Monday.
            ("GB-ENG", date(2026, 12, 28)),
            ("GB-SCT", date(2026, 11, 30)),
            ("JP", date(2026, 5, 3)),
            ("BR", date(2026, 9, 7)),
        ] {
            assert!(is_off(region, on), "{region} {on}");
        }
        for (region, on) in [
            ("DE", date(2026, 1, 6)),
            ("DE-BE", date(2026, 6, 4)),
            ("DE-BY", date(2026, 11, 18)),
            ("DE", date(2026, 12, 24)),
            ("FR", date(2026, 7, 15)),
            ("US", date(2026, 11, 27)),
            ("GB-ENG", date(2026, 11, 30)),
            // Easter Monday is none in Scotland.
            ("GB-SCT", date(2026, 4, 6)),
            // The Virgin Islands do without Columbus Day, which is the second Monday of October … under that name.
            ("US", date(2026, 12, 26)),
        ] {
            assert!(!is_off(region, on), "{region} {on}");
        }
    }

    #[test]
    fn every_line_can_be_read_and_every_region_has_holidays_in_every_year() {
        let mut codes = Vec::new();
        for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
            let mut parts = line.split(' ');
            let code = parts.next().unwrap();
            codes.push(code);
            for token in parts {
                let token = token.strip_prefix('-').unwrap_or(token);
                let (year, days) = token.split_once(':').unwrap_or(("26", token));
                let year = 2_000 + year.parse::<i16>().unwrap();
                assert!((FIRST_YEAR..=LAST_YEAR).contains(&year), "{line}");
                assert!(!days.is_empty() && days.len() % 4 == 0, "{line}");
                assert!(days.as_bytes().chunks(4).all(|day| date_of(year, day).is_some()), "{line}");
            }
            let holidays = public_holidays(code).unwrap();
            for year in FIRST_YEAR..=LAST_YEAR {
                assert!(holidays.iter().any(|date| date.year() == year), "{code} has none in {year}");
            }
        }
        assert!(codes.len() > 850 && codes.is_sorted(), "{}", codes.len());
        let head = format!("{FIRST_YEAR}-{LAST_YEAR}. Made by generate.py");
        assert!(TABLE.starts_with('#') && TABLE.lines().next().unwrap().contains(&head));
    }

    #[test]
    fn nothing_is_known_of_other_regions() {
        for region in ["", "XX", "de", "DE-XX", "XX-BY", "DE-", "DEU", "#", "LK", "UA"] {
            assert_eq!(public_holidays(region), None, "{region:?}");
        }
    }

    fn at(text: &str, zone: &str) -> Timestamp {
        let zone = jiff::tz::TimeZone::get(zone).unwrap();
        text.parse::<jiff::civil::DateTime>().unwrap().to_zoned(zone).unwrap().timestamp()
    }

    fn bavarian(extra: &str) -> Calendar {
        let hours = ["mon", "tue", "wed", "thu", "fri"].map(|d| format!("{d}: [['09:00', '17:00']]"));
        let yaml = format!(
            "{{zone: Europe/Berlin, weekly: {{{}}}, public_holidays: DE-BY{extra}}}",
            hours.join(", ")
        );
        Calendar::try_from(serde_yaml_ng::from_str::<CalendarDoc>(&yaml).unwrap()).unwrap()
    }

    /// Good Friday is 3 April and Easter Monday 6 April in 2026.
    #[test]
    fn public_holidays_are_closed_unless_the_calendar_says_otherwise_of_a_date() {
        let calendar = bavarian("");
        let thursday = at("2026-04-02T16:00", "Europe/Berlin");
        let two_hours = Span::BusinessTime(7_200);
        let tuesday = at("2026-04-07T10:00", "Europe/Berlin");
        assert_eq!(calendar.due_at(thursday, &two_hours), Ok(tuesday));
        let deadline = calendar.add(thursday, &two_hours).unwrap();
        assert_eq!(deadline.due_at, tuesday);
        let holidays = deadline.ledger.iter().filter(|e| matches!(e.what, LedgerKind::Holiday(_))).count();
        assert_eq!(holidays, 2, "{:?}", deadline.ledger);
        assert_eq!(calendar.between(thursday, tuesday), 7_200);
        assert!(!calendar.is_open(at("2026-04-06T10:00", "Europe/Berlin")));
        assert_eq!(
            calendar.next_open(at("2026-04-03T10:00", "Europe/Berlin")),
            Some(at("2026-04-07T09:00", "Europe/Berlin"))
        );
        // On duty on Easter Monday from ten to twelve, and off on the Thursday.
        let own = bavarian(", holidays: [{date: '2026-04-06', open: [['10:00', '12:00']]}, '2026-04-02']");
        assert!(own.is_open(at("2026-04-06T10:00", "Europe/Berlin")) && !own.is_open(thursday));
        let doc = CalendarDoc::from(&own);
        assert_eq!((doc.public_holidays.as_deref(), doc.holidays.len()), (Some("DE-BY"), 2));
        assert_eq!(Calendar::try_from(doc).as_ref(), Ok(&own));
    }

    #[test]
    fn a_year_without_known_holidays_is_an_error_and_not_an_ordinary_year() {
        let calendar = bavarian("");
        let unknown = |year| Err(CalendarError::HolidaysUnknown { year });
        let last = at("2035-12-31T16:30", "Europe/Berlin");
        assert_eq!(
            calendar.due_at(last, &Span::BusinessTime(1_800)),
            Ok(at("2035-12-31T17:00", "Europe/Berlin"))
        );
        assert_eq!(calendar.due_at(last, &Span::BusinessTime(1_801)), unknown(2036));
        assert_eq!(calendar.due_at(last, &Span::BusinessDays(1)), unknown(2036));
        assert_eq!(calendar.add(last, &Span::BusinessTime(1_801)).map(|d| d.due_at), unknown(2036));
        let before = at("2024-12-31T16:30", "Europe/Berlin");
        assert_eq!(calendar.due_at(before, &Span::BusinessTime(1)), unknown(2024));
        assert_eq!(
            calendar.due_at(last, &Span::Elapsed(86_400)).map(|_| ()),
            Ok(()),
            "which asks no calendar"
        );
        assert_eq!((calendar.known_until(), calendar.knows(before, last).is_err()), (Some(2035), true));
        assert_eq!(
            CalendarError::HolidaysUnknown { year: 2036 }.to_string(),
            "public holidays of 2036 are not known, only those from 2025 to 2035; list the dates in the calendar instead, or install a newer release"
        );
        let plain = Calendar::try_from(weekdays("Europe/Berlin", &[("09:00", "17:00")])).unwrap();
        assert!(
            plain.due_at(last, &Span::BusinessTime(1_801)).is_ok(),
            "a calendar without them knows every year"
        );
        assert_eq!(plain.known_until(), None);
        let misspelt = weekdays("UTC", &[("09:00", "17:00")]);
        let misspelt = CalendarDoc { public_holidays: Some("DE-BAY".to_owned()), ..misspelt };
        let told = Calendar::try_from(misspelt).unwrap_err();
        assert_eq!(told.iter().map(|m| m.path.as_str()).collect::<Vec<_>>(), ["public_holidays"]);
    }
}
