//! Open time as stretches, for questions about whole weeks: who works when, and when nobody does.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;

use super::Calendar;
use super::walk::{OpenTime, at_second, floor_second};

/// Working time without a break: closed at `from`, open at `to`, never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Its first instant.
    pub from: Timestamp,
    /// The instant after its last.
    pub to: Timestamp,
}

impl Calendar {
    /// The working time in `from..to`, in order; stretches that touch are one.
    #[must_use]
    pub fn stretches(&self, from: Timestamp, to: Timestamp) -> Vec<Stretch> {
        let (start, end) = (from, to);
        // Within whole seconds around what was asked for, cut to it exactly in the end.
        let (first, last) = (floor_second(from), floor_second(to).saturating_add(1));
        let mut merged: Vec<(i64, i64)> = Vec::new();
        for open in OpenTime::between(self, from, to) {
            let (from, to) = (open.from.max(first), open.to.min(last));
            match merged.last_mut() {
                _ if to <= from => {}
                Some((_, end)) if from <= *end => *end = to.max(*end),
                _ => merged.push((from, to)),
            }
        }
        let instants = |(from, to)| {
            let (from, to) = (at_second(from)?.max(start), at_second(to)?.min(end));
            (from < to).then_some(Stretch { from, to })
        };
        merged.into_iter().filter_map(instants).collect()
    }

    /// The same week without any holiday.
    #[must_use]
    pub fn without_holidays(&self) -> Calendar {
        Calendar { holidays: BTreeMap::new(), region: None, ..self.clone() }
    }

    /// The dates with other hours than the week's, in order.
    pub fn holidays(&self) -> impl DoubleEndedIterator<Item = Date> {
        self.holidays.keys().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::super::CalendarDoc;
    use super::*;

    fn stretches(yaml: &str, from: &str, to: &str) -> Vec<String> {
        let doc: CalendarDoc = serde_yaml_ng::from_str(yaml).unwrap();
        let calendar = Calendar::try_from(doc).unwrap();
        let found = calendar.stretches(from.parse().unwrap(), to.parse().unwrap());
        found.into_iter().map(|s| format!("{} {}", s.from, s.to)).collect()
    }

    #[test]
    fn working_time_is_cut_to_what_was_asked_for() {
        let split =
            "{zone: UTC, weekly: {mon: [['08:00', '12:00'], ['13:00', '17:00']], tue: [['00:00', '01:00']]}}";
        assert_eq!(
            stretches(split, "2026-11-23T09:30:00Z", "2026-11-24T00:30:00Z"),
            [
                "2026-11-23T09:30:00Z 2026-11-23T12:00:00Z",
                "2026-11-23T13:00:00Z 2026-11-23T17:00:00Z",
                "2026-11-24T00:00:00Z 2026-11-24T00:30:00Z",
            ]
        );
    }

    #[test]
    fn fractions_of_a_second_are_kept_to() {
        let always = "{zone: UTC, weekly: {mon: [['00:00', '24:00']]}}";
        assert_eq!(
            stretches(always, "2026-11-23T09:30:00.25Z", "2026-11-23T09:30:00.75Z"),
            ["2026-11-23T09:30:00.25Z 2026-11-23T09:30:00.75Z"]
        );
        assert_eq!(stretches(always, "2026-11-24T00:00:00.5Z", "2026-11-24T01:00:00Z"), [""; 0]);
    }

    #[test]
    fn shifts_that_touch_or_overlap_at_midnight_are_one() {
        let night =
            "{zone: UTC, weekly: {mon: [['22:00', '06:00']], tue: [['05:00', '08:00'], ['08:00', '09:00']]}}";
        assert_eq!(
            stretches(night, "2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z"),
            ["2026-11-23T22:00:00Z 2026-11-24T09:00:00Z"]
        );
        // The shift of the Monday before the first instant.
        assert_eq!(
            stretches(night, "2026-11-24T00:00:00Z", "2026-11-24T02:00:00Z"),
            ["2026-11-24T00:00:00Z 2026-11-24T02:00:00Z"]
        );
    }
}
