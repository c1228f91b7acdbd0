//! Clock changes, overnight shifts and holidays, with expected instants worked out by hand.

use jiff::{SignedDuration, Timestamp};

use super::{Calendar, CalendarDoc, LedgerKind, Span, describe};

fn calendar(yaml: &str) -> Calendar {
    let doc: CalendarDoc = serde_yaml_ng::from_str(yaml).unwrap();
    Calendar::try_from(doc).unwrap()
}

fn every_day(zone: &str, from: &str, to: &str) -> Calendar {
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let week: Vec<String> = days.iter().map(|day| format!("{day}: [[\"{from}\", \"{to}\"]]")).collect();
    calendar(&format!("zone: {zone}\nweekly: {{{}}}", week.join(", ")))
}

fn utc(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The first opening at or after `from`, its close, and the hours between in seconds.
fn stretch(calendar: &Calendar, from: &str) -> (String, String, i64) {
    let open = calendar.next_open(utc(from)).unwrap();
    let close = calendar.next_close(open).unwrap();
    (open.to_string(), close.to_string(), calendar.between(open, close))
}

fn assert_stretch(calendar: &Calendar, from: &str, open: &str, close: &str) {
    let length = utc(close).as_second() - utc(open).as_second();
    assert_eq!(stretch(calendar, from), (open.to_owned(), close.to_owned(), length));
}

/// Berlin: 29 March 2026, 02:00 becomes 03:00 at 01:00 UTC.
#[test]
fn berlin_gap() {
    let day = "2026-03-28T23:00:00Z";
    // 02:30 does not occur and means 03:30.
    assert_stretch(
        &every_day("Europe/Berlin", "02:30", "05:00"),
        day,
        "2026-03-29T01:30:00Z",
        "2026-03-29T03:00:00Z",
    );
    assert_stretch(
        &every_day("Europe/Berlin", "01:00", "02:30"),
        day,
        "2026-03-29T00:00:00Z",
        "2026-03-29T01:30:00Z",
    );
    assert_stretch(
        &every_day("Europe/Berlin", "01:00", "04:00"),
        day,
        "2026-03-29T00:00:00Z",
        "2026-03-29T02:00:00Z",
    );
    // From 03:30 to 03:15 nothing is left; the next is on the 30th.
    assert_stretch(
        &every_day("Europe/Berlin", "02:30", "03:15"),
        day,
        "2026-03-30T00:30:00Z",
        "2026-03-30T01:15:00Z",
    );
}

/// Berlin: 25 October 2026, 03:00 becomes 02:00 at 01:00 UTC; 02:30 is 00:30 and 01:30 UTC.
#[test]
fn berlin_fold() {
    let day = "2026-10-24T22:00:00Z";
    assert_stretch(
        &every_day("Europe/Berlin", "02:30", "05:00"),
        day,
        "2026-10-25T00:30:00Z",
        "2026-10-25T04:00:00Z",
    );
    assert_stretch(
        &every_day("Europe/Berlin", "01:00", "02:30"),
        day,
        "2026-10-24T23:00:00Z",
        "2026-10-25T00:30:00Z",
    );
}

/// New York: 8 March 2026 at 07:00 UTC, and 1 November 2026 at 06:00 UTC.
#[test]
fn new_york_overnight() {
    let calendar = every_day("America/New_York", "22:00", "06:00");
    assert_stretch(&calendar, "2026-03-07T12:00:00Z", "2026-03-08T03:00:00Z", "2026-03-08T10:00:00Z"); // 7 hours
    assert_stretch(&calendar, "2026-10-31T12:00:00Z", "2026-11-01T02:00:00Z", "2026-11-01T11:00:00Z"); // 9 hours
    // Eight hours of work in the seven-hour night end an hour into the next.
    let due = calendar.due_at(utc("2026-03-08T03:00:00Z"), &Span::BusinessTime(8 * 3600));
    assert_eq!(due, Ok(utc("2026-03-09T03:00:00Z")));
    assert!(calendar.is_open(utc("2026-03-08T07:00:00Z")));
    assert!(!calendar.is_open(utc("2026-03-08T10:00:00Z")));
}

/// Lord Howe moves half an hour: 02:00 becomes 02:30 on 4 October 2026 at 15:30 UTC the day before,
/// and 02:00 becomes 01:30 on 5 April 2026 at 15:00 UTC the day before.
#[test]
fn lord_howe_half_hour() {
    let calendar = every_day("Australia/Lord_Howe", "01:00", "03:00");
    assert_stretch(&calendar, "2026-10-03T12:00:00Z", "2026-10-03T14:30:00Z", "2026-10-03T16:00:00Z");
    assert_stretch(&calendar, "2026-04-04T12:00:00Z", "2026-04-04T14:00:00Z", "2026-04-04T16:30:00Z");
    let gap = every_day("Australia/Lord_Howe", "02:15", "03:00");
    assert_stretch(&gap, "2026-10-03T12:00:00Z", "2026-10-03T15:45:00Z", "2026-10-03T16:00:00Z");
}

/// Kathmandu is 5:45 ahead all year.
#[test]
fn kathmandu_quarter_hour() {
    let calendar = every_day("Asia/Kathmandu", "10:00", "17:00");
    assert_stretch(&calendar, "2026-11-22T00:00:00Z", "2026-11-22T04:15:00Z", "2026-11-22T11:15:00Z");
    assert_eq!(calendar.local_date(utc("2026-11-22T18:15:00Z")).to_string(), "2026-11-23");
}

/// Samoa went from 29 to 31 December 2011 at 10:00 UTC on the 30th.
#[test]
fn apia_has_no_shift_on_the_date_left_out() {
    let calendar =
        calendar("zone: Pacific/Apia\nweekly: {thu: [['09:00', '17:00']], fri: [['09:00', '17:00']]}");
    let thursday_evening = utc("2011-12-30T03:00:00Z"); // 29 December 17:00 at UTC−10
    // The next shift is Thursday 5 January, 09:00 at UTC+14: Friday the 30th did not happen.
    assert_eq!(calendar.next_open(thursday_evening), Some(utc("2012-01-04T19:00:00Z")));
    assert_eq!(
        calendar.due_at(utc("2011-12-29T20:00:00Z"), &Span::BusinessDays(1)),
        Ok(utc("2012-01-04T20:00:00Z")),
    );
    let left_out = calendar.start_of_day("2011-12-30".parse().unwrap());
    assert_eq!(left_out, utc("2011-12-30T10:00:00Z"));
    assert_eq!(calendar.start_of_day("2011-12-31".parse().unwrap()), left_out);
    // A night shift from the 29th runs through to the 31st: eight real hours.
    let night = every_day("Pacific/Apia", "22:00", "06:00");
    assert_stretch(&night, "2011-12-30T00:00:00Z", "2011-12-30T08:00:00Z", "2011-12-30T16:00:00Z");
    // At 03:00 on the 31st, it is still the shift of two dates ago.
    assert!(night.is_open(utc("2011-12-30T13:00:00Z")));
}

/// Thursday the 29th, 10:00 at UTC−10, is 20:00 UTC; Saturday the 31st, 10:00 at UTC+14, is 20:00 UTC on the 30th.
#[test]
fn apia_passes_no_day_that_did_not_happen() {
    let calendar = every_day("Pacific/Apia", "09:00", "17:00");
    let deadline = calendar.add(utc("2011-12-29T20:00:00Z"), &Span::BusinessDays(2)).unwrap();
    assert_eq!(deadline.due_at, utc("2011-12-31T20:00:00Z"));
    let entries: Vec<_> = deadline.ledger.iter().map(|entry| (entry.what, entry.seconds)).collect();
    let day = |date: &str| LedgerKind::BusinessDay(date.parse().unwrap());
    assert_eq!(entries, [(day("2011-12-31"), 86_400), (day("2012-01-01"), 86_400)]);
    // A holiday on that date takes nothing away either.
    let holiday = super::HolidayDoc::Whole("2011-12-30".to_owned());
    let same =
        Calendar::try_from(CalendarDoc { holidays: vec![holiday], ..CalendarDoc::from(&calendar) }).unwrap();
    assert_eq!(same.add(utc("2011-12-29T20:00:00Z"), &Span::BusinessDays(2)), Ok(deadline));
}

/// Nuuk jumps from 23:00 to 24:00 on 28 March 2026, at 01:00 UTC on the 29th.
#[test]
fn a_start_pushed_past_midnight_keeps_its_order() {
    let calendar = calendar(
        "zone: America/Nuuk\nweekly: {sat: [['23:15', '23:45']], sun: [['00:00', '00:10'], ['00:30', '00:50']]}",
    );
    // Saturday's shift really runs from 00:15 to 00:45 on Sunday, between and over Sunday's own.
    let start = utc("2026-03-28T12:00:00Z");
    assert_stretch(&calendar, "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z", "2026-03-29T01:10:00Z");
    assert_stretch(&calendar, "2026-03-29T01:10:00Z", "2026-03-29T01:15:00Z", "2026-03-29T01:50:00Z");
    assert_eq!(calendar.due_at(start, &Span::BusinessTime(45 * 60)), Ok(utc("2026-03-29T01:50:00Z")));
}

/// Newfoundland turned 00:01 back to 23:01 on 7 November 2010, at 02:31 UTC: that Sunday began at 02:30 UTC,
/// one minute before the rest of Saturday came again.
#[test]
fn a_day_that_begins_before_the_last_one_ends() {
    let calendar = calendar("zone: America/St_Johns\nweekly: {sun: [['00:00', '08:00']]}");
    assert_stretch(&calendar, "2010-11-06T12:00:00Z", "2010-11-07T02:30:00Z", "2010-11-07T11:30:00Z");
    let saturday_again = utc("2010-11-07T03:00:00Z");
    assert_eq!(calendar.local_date(saturday_again).to_string(), "2010-11-06");
    assert!(calendar.is_open(saturday_again));
    assert_eq!(calendar.next_open(saturday_again), Some(saturday_again));
    // Were that Sunday a holiday, it would already be the reason.
    let holiday = super::HolidayDoc::Whole("2010-11-07".to_owned());
    let closed =
        Calendar::try_from(CalendarDoc { holidays: vec![holiday], ..CalendarDoc::from(&calendar) }).unwrap();
    let ledger = closed.add(utc("2010-11-06T12:00:00Z"), &Span::BusinessTime(1)).unwrap().ledger;
    assert_eq!(ledger[1].what, LedgerKind::Holiday("2010-11-07".parse().unwrap()));
    assert_eq!((ledger[1].from, ledger[1].to), (utc("2010-11-07T02:30:00Z"), utc("2010-11-07T11:30:00Z")));
    let ledger = closed.add(saturday_again, &Span::BusinessTime(1)).unwrap().ledger;
    assert_eq!(ledger[0].what, LedgerKind::Holiday("2010-11-07".parse().unwrap()));
}

/// Brazil sprang from 00:00 to 01:00 on 4 November 2018, at 03:00 UTC.
#[test]
fn a_day_may_start_at_one() {
    let calendar = every_day("America/Sao_Paulo", "20:00", "24:00");
    assert_eq!(calendar.start_of_day("2018-11-04".parse().unwrap()), utc("2018-11-04T03:00:00Z"));
    assert_stretch(&calendar, "2018-11-03T12:00:00Z", "2018-11-03T23:00:00Z", "2018-11-04T03:00:00Z");
}

/// Toronto sprang from 23:30 to 00:30 on 30 March 1919, at 04:30 UTC on the 31st.
#[test]
fn a_day_may_start_at_half_past_midnight() {
    let calendar = every_day("America/Toronto", "09:00", "17:00");
    let start = calendar.start_of_day("1919-03-31".parse().unwrap());
    assert_eq!(start, utc("1919-03-31T04:30:00Z"));
    assert_eq!(calendar.local_date(start - SignedDuration::from_nanos(1)).to_string(), "1919-03-30");
}

#[test]
fn a_holiday_belongs_to_the_day_a_shift_starts() {
    let calendar = calendar(
        "zone: UTC\nholidays: ['2026-11-24']\n\
         weekly: {mon: [['22:00', '06:00']], tue: [['22:00', '06:00']], wed: [['22:00', '06:00']]}",
    );
    // Monday's shift runs into the holiday; Tuesday's is gone, also its part on Wednesday.
    assert_stretch(&calendar, "2026-11-23T12:00:00Z", "2026-11-23T22:00:00Z", "2026-11-24T06:00:00Z");
    assert!(!calendar.is_open(utc("2026-11-25T02:00:00Z")));
    assert_stretch(&calendar, "2026-11-24T06:00:00Z", "2026-11-25T22:00:00Z", "2026-11-26T06:00:00Z");
    let deadline = calendar.add(utc("2026-11-24T05:00:00Z"), &Span::BusinessTime(7200)).unwrap();
    let ledger = serde_json::to_value(&deadline.ledger).unwrap();
    assert_eq!(
        ledger,
        serde_json::json!([
            {"from": "2026-11-24T05:00:00Z", "to": "2026-11-24T06:00:00Z", "seconds": 3600, "what": "work"},
            {"from": "2026-11-24T06:00:00Z", "to": "2026-11-24T22:00:00Z", "seconds": 57600, "what": "closed"},
            {"from": "2026-11-24T22:00:00Z", "to": "2026-11-25T06:00:00Z", "seconds": 28800, "what": "holiday",
             "date": "2026-11-24"},
            {"from": "2026-11-25T06:00:00Z", "to": "2026-11-25T22:00:00Z", "seconds": 57600, "what": "closed"},
            {"from": "2026-11-25T22:00:00Z", "to": "2026-11-25T23:00:00Z", "seconds": 3600, "what": "work"},
        ])
    );
    // Inside the night that the holiday took, the reason is still the holiday of the day before.
    let small_hours = calendar.add(utc("2026-11-25T02:00:00Z"), &Span::BusinessTime(1)).unwrap().ledger;
    assert_eq!(small_hours[0].what, LedgerKind::Holiday("2026-11-24".parse().unwrap()));
    assert_eq!(small_hours[0].to, utc("2026-11-25T06:00:00Z"));
    let read: Vec<super::LedgerEntry> = serde_json::from_value(ledger).unwrap();
    assert_eq!(read, deadline.ledger);
}

#[test]
fn a_partial_holiday_replaces_the_hours_of_its_date() {
    let calendar = calendar(
        "zone: UTC\nweekly: {wed: [['09:00', '17:00']], thu: [['09:00', '17:00']]}\n\
         holidays: [{date: '2026-12-24', open: [['09:00', '12:00']]}, {date: '2026-12-25', open: [['10:00', '11:00']]}]",
    );
    assert_stretch(&calendar, "2026-12-24T00:00:00Z", "2026-12-24T09:00:00Z", "2026-12-24T12:00:00Z");
    // A Friday that the week leaves closed opens where the document says so.
    assert_stretch(&calendar, "2026-12-24T12:00:00Z", "2026-12-25T10:00:00Z", "2026-12-25T11:00:00Z");
    let deadline = calendar.add(utc("2026-12-23T16:00:00Z"), &Span::BusinessTime(5 * 3600)).unwrap();
    assert_eq!(deadline.due_at, utc("2026-12-25T11:00:00Z"));
    assert_eq!(
        describe(&deadline.ledger, calendar.zone()),
        "5 business hours = Wed 16:00–17:00 (1 h) + Thu 09:00–12:00 (3 h) + Thu 24 Dec holiday skipped + \
         Fri 10:00–11:00 (1 h)"
    );
}

#[test]
fn shifts_that_overlap_over_midnight_count_once() {
    let calendar = calendar("zone: UTC\nweekly: {mon: [['20:00', '10:00']], tue: [['09:00', '17:00']]}");
    assert_stretch(&calendar, "2026-11-23T12:00:00Z", "2026-11-23T20:00:00Z", "2026-11-24T17:00:00Z");
    let week = utc("2026-11-23T00:00:00Z");
    assert_eq!(calendar.between(week, week + SignedDuration::from_hours(168)), 21 * 3600);
    let deadline = calendar.add(week, &Span::BusinessTime(21 * 3600)).unwrap();
    assert_eq!(describe(&deadline.ledger, calendar.zone()), "21 business hours = Mon 20:00–Tue 17:00 (21 h)");
}

#[test]
fn midnight_may_be_written_both_ways() {
    let late = calendar("zone: UTC\nweekly: {mon: [['18:00', '24:00']]}");
    let overnight = calendar("zone: UTC\nweekly: {mon: [['18:00', '00:00']]}");
    assert_eq!(late, overnight);
    assert_stretch(&late, "2026-11-23T00:00:00Z", "2026-11-23T18:00:00Z", "2026-11-24T00:00:00Z");
}

#[test]
fn fractions_of_a_second_are_kept() {
    let calendar = calendar("zone: UTC\nweekly: {mon: [['09:00', '10:00']], tue: [['09:00', '10:00']]}");
    let deadline = calendar.add(utc("2026-11-23T09:59:59.25Z"), &Span::BusinessTime(2)).unwrap();
    assert_eq!(deadline.due_at, utc("2026-11-24T09:00:01.25Z"));
    let work: Vec<i64> = deadline.ledger.iter().filter(|e| e.what.is_counted()).map(|e| e.seconds).collect();
    assert_eq!(work.iter().sum::<i64>(), 2);
}

/// The Unix epoch began on a Thursday; seconds before it have negative numbers.
#[test]
fn fractions_before_1970_belong_to_the_second_they_are_in() {
    let calendar = calendar("zone: UTC\nweekly: {wed: [['18:00', '24:00']]}");
    let last_moment = utc("1969-12-31T23:59:59.5Z");
    assert!(calendar.is_open(last_moment));
    assert_eq!(calendar.next_close(last_moment), Some(utc("1970-01-01T00:00:00Z")));
}
