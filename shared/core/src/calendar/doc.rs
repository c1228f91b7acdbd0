//! A calendar as a playbook writes it.

use std::fmt;

use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::public::public_holidays;
use super::{Calendar, DAY, Hours};

/// A calendar in a playbook. Times and dates are kept as written, so that a check can name every mistake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalendarDoc {
    /// IANA name of the time zone, such as `Europe/Berlin`.
    pub zone: String,
    /// The hours of an ordinary week. A 24×7 calendar has `[["00:00", "24:00"]]` on every day.
    #[serde(default)]
    pub weekly: WeekDoc,
    /// Closed on the public holidays of this region, an ISO 3166 code such as `DE` or `DE-BY`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_holidays: Option<String>,
    /// Dates with other hours than the week's, public holiday or not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holidays: Vec<HolidayDoc>,
}

/// The intervals that start on each day of the week; a day left out is closed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WeekDoc {
    /// Monday.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mon: Vec<HoursDoc>,
    /// Tuesday.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tue: Vec<HoursDoc>,
    /// Wednesday.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub wed: Vec<HoursDoc>,
    /// Thursday.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub thu: Vec<HoursDoc>,
    /// Friday.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fri: Vec<HoursDoc>,
    /// Saturday.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sat: Vec<HoursDoc>,
    /// Sunday.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sun: Vec<HoursDoc>,
}

impl WeekDoc {
    /// The days with their names in a document, Monday first.
    pub(super) fn days(&self) -> [(&'static str, &[HoursDoc]); 7] {
        [
            ("mon", &self.mon),
            ("tue", &self.tue),
            ("wed", &self.wed),
            ("thu", &self.thu),
            ("fri", &self.fri),
            ("sat", &self.sat),
            ("sun", &self.sun),
        ]
    }
}

/// One interval, `["09:00", "17:00"]`: the first is included, the second is not. An end before its start is on
/// the next day; `24:00` may be an end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(expecting = "two times such as [\"09:00\", \"17:00\"]")]
pub struct HoursDoc(
    /// The start as `HH:MM`.
    pub String,
    /// The end as `HH:MM`.
    pub String,
);

/// A date with other hours than the week's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum HolidayDoc {
    /// Closed all day, written as the date alone.
    Whole(String),
    /// Open only as listed, whatever the week says.
    Partial {
        /// The date as `YYYY-MM-DD`.
        date: String,
        /// The intervals that start on that date; none is a whole holiday.
        open: Vec<HoursDoc>,
    },
}

impl<'de> Deserialize<'de> for HolidayDoc {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct HolidayVisitor;

        impl<'de> Visitor<'de> for HolidayVisitor {
            type Value = HolidayDoc;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "a date such as 2026-12-25, or {date: 2026-12-24, open: [[\"09:00\", \"12:00\"]]}",
                )
            }

            fn visit_str<E: de::Error>(self, date: &str) -> Result<HolidayDoc, E> {
                Ok(HolidayDoc::Whole(date.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<HolidayDoc, A::Error> {
                #[derive(Deserialize)]
                #[serde(deny_unknown_fields)]
                struct Partial {
                    date: String,
                    open: Vec<HoursDoc>,
                }
                let Partial { date, open } =
                    Partial::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(HolidayDoc::Partial { date, open })
            }
        }

        deserializer.deserialize_any(HolidayVisitor)
    }
}

/// Back to a document, in the usual spelling: intervals in order, overnight ends by the clock.
impl From<&Calendar> for CalendarDoc {
    fn from(calendar: &Calendar) -> Self {
        let [mon, tue, wed, thu, fri, sat, sun] = calendar.week.each_ref().map(|hours| write_hours(hours));
        let public = calendar.region.as_deref().and_then(public_holidays).unwrap_or_default();
        let own = calendar.holidays.iter().filter(|(date, open)| !(open.is_empty() && public.contains(date)));
        let holidays = own.map(|(date, open)| {
            if open.is_empty() {
                HolidayDoc::Whole(date.to_string())
            } else {
                HolidayDoc::Partial { date: date.to_string(), open: write_hours(open) }
            }
        });
        Self {
            zone: calendar.zone.iana_name().unwrap_or("UTC").to_owned(),
            weekly: WeekDoc { mon, tue, wed, thu, fri, sat, sun },
            public_holidays: calendar.region.clone(),
            holidays: holidays.collect(),
        }
    }
}

fn write_hours(hours: &[Hours]) -> Vec<HoursDoc> {
    let clock = |minutes: u16| format!("{:02}:{:02}", minutes / 60, minutes % 60);
    let end = |minutes: u16| clock(if minutes > DAY { minutes - DAY } else { minutes });
    hours.iter().map(|hours| HoursDoc(clock(hours.from), end(hours.to))).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The same hours from Monday to Friday.
    pub(in super::super) fn weekdays(zone: &str, hours: &[(&str, &str)]) -> CalendarDoc {
        let day = || hours.iter().map(|(from, to)| HoursDoc((*from).to_owned(), (*to).to_owned())).collect();
        let weekly =
            WeekDoc { mon: day(), tue: day(), wed: day(), thu: day(), fri: day(), ..WeekDoc::default() };
        CalendarDoc { zone: zone.to_owned(), weekly, public_holidays: None, holidays: Vec::new() }
    }

    #[test]
    fn a_document_keeps_what_was_written() {
        let text = r#"{"zone":"Europe/Berlin","weekly":{"mon":[["13:00","17:00"],["09:00","12:00"]],"fri":[["22:00","06:00"]]},"holidays":["2026-12-25",{"date":"2026-12-24","open":[["09:00","12:00"]]}]}"#;
        let doc: CalendarDoc = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&doc).unwrap(), text);
        let usual = CalendarDoc::from(&Calendar::try_from(doc).unwrap());
        assert_eq!(usual.weekly.mon[0], HoursDoc("09:00".to_owned(), "12:00".to_owned()));
        assert_eq!(usual.weekly.fri[0], HoursDoc("22:00".to_owned(), "06:00".to_owned()));
        assert_eq!(usual.holidays.len(), 2);
    }

    #[test]
    fn a_wrong_shape_is_refused_with_its_place() {
        for (yaml, place, words) in [
            ("zone: UTC\nweekly: {monday: []}", "weekly.monday", "expected one of `mon`"),
            ("zone: UTC\nhours: {}", "hours", "unknown field `hours`"),
            ("zone: UTC\nweekly: {mon: [['09:00']]}", "weekly.mon[0]", "two times such as"),
            ("zone: UTC\nholidays: [2026]", "holidays[0]", "a date such as 2026-12-25"),
            (
                "zone: UTC\nholidays: [{date: '2026-12-24', closed: true}]",
                "holidays[0]",
                "unknown field `closed`",
            ),
            ("zone: UTC\nholidays: [{date: '2026-12-24'}]", "holidays[0]", "missing field `open`"),
        ] {
            let reader = serde_yaml_ng::Deserializer::from_str(yaml);
            let error = serde_path_to_error::deserialize::<_, CalendarDoc>(reader).unwrap_err();
            assert!(error.path().to_string().starts_with(place), "{yaml}: {}", error.path());
            assert!(error.to_string().contains(words), "{yaml}: {error}");
        }
    }
}
