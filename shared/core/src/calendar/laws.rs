//! Properties that hold for every calendar, and the golden vectors of the specification.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::doc::tests::weekdays;
use super::{
    Calendar, CalendarDoc, CalendarError, CalendarMistake, Deadline, HolidayDoc, HoursDoc, LedgerKind, Span,
    WeekDoc,
};

const ZONES: [&str; 12] = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "America/St_Johns",
    "America/Nuuk",
    "America/Sao_Paulo",
    "Asia/Beirut",
    "Pacific/Chatham",
    "Africa/Casablanca",
    "UTC",
];

fn clock(minutes: u16) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

/// Up to three intervals whose bounds never touch; the last may run overnight.
fn day() -> impl Strategy<Value = Vec<HoursDoc>> {
    (prop::collection::btree_set(0_u16..=1440, 0..=5), any::<bool>()).prop_map(|(points, overnight)| {
        let points: Vec<u16> = points.into_iter().collect();
        let mut hours: Vec<HoursDoc> =
            points.chunks_exact(2).map(|pair| HoursDoc(clock(pair[0]), clock(pair[1]))).collect();
        if let (true, [last, ..], 1) = (overnight, points.as_slice(), points.len()) {
            let end = last / 2;
            if *last < 1440 && end < *last {
                hours.push(HoursDoc(clock(*last), clock(end)));
            }
        }
        hours
    })
}

fn week() -> impl Strategy<Value = WeekDoc> {
    prop_oneof![
        3 => prop::array::uniform7(day()),
        1 => prop::array::uniform7(Just(vec![HoursDoc("00:00".to_owned(), "24:00".to_owned())])),
        1 => prop::array::uniform7(Just(vec![HoursDoc("22:00".to_owned(), "06:00".to_owned())])),
    ]
    .prop_filter("a week that opens", |days| days.iter().any(|hours| !hours.is_empty()))
    .prop_map(|[mon, tue, wed, thu, fri, sat, sun]| WeekDoc { mon, tue, wed, thu, fri, sat, sun })
}

/// Days since 2005-01-01 to an instant and dates near it, so that holidays and clock changes are met.
fn scene() -> impl Strategy<Value = (CalendarDoc, Timestamp)> {
    let holidays = prop::collection::btree_map(-2_i64..20, prop::option::of(day()), 0..5);
    (prop::sample::select(&ZONES), week(), 0_i64..8000, 0_i64..86_400_000, holidays).prop_map(
        |(zone, weekly, days, millis, holidays)| {
            let epoch: Date = "2005-01-01".parse().unwrap();
            let date = epoch + jiff::Span::new().days(days);
            let start = date.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp()
                + SignedDuration::from_millis(millis);
            let holidays = holidays.into_iter().map(|(offset, open)| {
                let date = (date + jiff::Span::new().days(offset)).to_string();
                match open {
                    None => HolidayDoc::Whole(date),
                    Some(open) => HolidayDoc::Partial { date, open },
                }
            });
            (
                CalendarDoc {
                    zone: zone.to_owned(),
                    weekly,
                    public_holidays: None,
                    holidays: holidays.collect(),
                },
                start,
            )
        },
    )
}

/// Night shifts with a holiday or two, a partial one among them, and a start within three days of a change of the
/// zone's clock; where the zone changes no more, of the instant drawn.
fn night_at_a_clock_change() -> impl Strategy<Value = (CalendarDoc, Timestamp)> {
    let night = (720_u16..1440, 0_u16..720).prop_map(|(from, to)| vec![HoursDoc(clock(from), clock(to))]);
    let weekly = (prop::array::uniform7(prop_oneof![3 => night.boxed(), 1 => day().boxed()]))
        .prop_filter("a week that opens", |days| days.iter().any(|hours| !hours.is_empty()))
        .prop_map(|[mon, tue, wed, thu, fri, sat, sun]| WeekDoc { mon, tue, wed, thu, fri, sat, sun });
    let scene = (prop::sample::select(&ZONES), weekly, 0_i64..8000, -259_200_i64..259_200);
    (scene, -3_i64..3, day(), prop::option::of(3_i64..6)).prop_map(
        |((zone, weekly, days, near), partial_on, open, whole_on)| {
            let drawn = Timestamp::from_second(1_104_537_600 + days * 86_400).unwrap();
            let tz = jiff::tz::TimeZone::get(zone).unwrap();
            let change = tz.following(drawn).next().map_or(drawn, |change| change.timestamp());
            let date = |offset| (tz.to_datetime(change).date() + jiff::Span::new().days(offset)).to_string();
            let mut holidays = vec![HolidayDoc::Partial { date: date(partial_on), open }];
            holidays.extend(whole_on.map(|offset| HolidayDoc::Whole(date(offset))));
            let start = change + SignedDuration::from_secs(near);
            (CalendarDoc { zone: zone.to_owned(), weekly, public_holidays: None, holidays }, start)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn between_undoes_add((doc, start) in prop_oneof![scene(), night_at_a_clock_change()], seconds in 0_u32..400_000) {
        let calendar = Calendar::try_from(doc).unwrap();
        let Ok(due) = calendar.due_at(start, &Span::BusinessTime(seconds)) else {
            // A week with a minute of work cannot hold four days within ten years.
            return Ok(());
        };
        prop_assert_eq!(calendar.between(start, due), i64::from(seconds));
        prop_assert_eq!(calendar.between(due, start), -i64::from(seconds));
        if seconds > 0 {
            // The earliest such instant: a moment before, the last second is not over.
            let before = due - SignedDuration::from_nanos(1);
            prop_assert_eq!(calendar.between(start, before), i64::from(seconds) - 1);
        }
    }

    #[test]
    fn adding_in_two_parts_is_adding_once(
        (doc, start) in prop_oneof![scene(), night_at_a_clock_change()],
        a in 0_u32..50_000,
        b in 0_u32..50_000,
    ) {
        let calendar = Calendar::try_from(doc).unwrap();
        let add = |at, seconds| calendar.due_at(at, &Span::BusinessTime(seconds));
        let Ok(whole) = add(start, a + b) else { return Ok(()) };
        prop_assert_eq!(add(add(start, a).unwrap(), b).unwrap(), if a + b == 0 { start } else { whole });
    }

    #[test]
    fn a_ledger_accounts_for_every_instant(
        (doc, start) in prop_oneof![scene(), night_at_a_clock_change()],
        kind in 0..3,
        amount in 1_u32..200_000,
    ) {
        let calendar = Calendar::try_from(doc).unwrap();
        let span = match kind {
            0 => Span::Elapsed(amount),
            1 => Span::BusinessTime(amount),
            _ => Span::BusinessDays(amount % 10 + 1),
        };
        let Ok(Deadline { due_at, ledger }) = calendar.add(start, &span) else { return Ok(()) };
        prop_assert_eq!(calendar.due_at(start, &span), Ok(due_at));
        let mut reached = start;
        let mut counted = 0;
        for entry in &ledger {
            prop_assert_eq!(entry.from, reached);
            prop_assert!(entry.from < entry.to);
            reached = entry.to;
            match entry.what {
                LedgerKind::BusinessDay(_) => counted += 1,
                LedgerKind::Work => {
                    prop_assert!(calendar.is_open(entry.from));
                    prop_assert_eq!(calendar.next_close(entry.from).is_none_or(|close| close >= entry.to), true);
                    counted += entry.seconds;
                }
                LedgerKind::Elapsed => counted += entry.seconds,
                LedgerKind::Closed | LedgerKind::Holiday(_) if kind == 1 => {
                    prop_assert_eq!(calendar.between(entry.from, entry.to), 0);
                }
                LedgerKind::Closed | LedgerKind::Holiday(_) => {}
            }
        }
        prop_assert_eq!(reached, due_at);
        let promised = match span {
            Span::Elapsed(count) | Span::BusinessTime(count) | Span::BusinessDays(count) => i64::from(count),
        };
        prop_assert_eq!(counted, promised);
    }

    #[test]
    fn openings_and_closings_bracket_open_time((doc, at) in scene()) {
        let calendar = Calendar::try_from(doc).unwrap();
        let open = calendar.next_open(at).unwrap();
        prop_assert_eq!(open == at, calendar.is_open(at));
        prop_assert!(open >= at && calendar.is_open(open));
        prop_assert_eq!(calendar.between(at, open), 0);
        if let Some(close) = calendar.next_close(at) {
            prop_assert!(close > open && !calendar.is_open(close));
            prop_assert!(calendar.is_open(close - SignedDuration::from_nanos(1)));
        }
    }

    #[test]
    fn a_calendar_survives_its_document((doc, _) in scene()) {
        let calendar = Calendar::try_from(doc).unwrap();
        let again = CalendarDoc::from(&calendar);
        let text = serde_yaml_ng::to_string(&again).unwrap();
        let read: CalendarDoc = serde_yaml_ng::from_str(&text).unwrap();
        prop_assert_eq!(&read, &again);
        prop_assert_eq!(Calendar::try_from(read).unwrap(), calendar);
    }

    #[test]
    fn a_local_day_starts_at_its_first_instant((doc, at) in scene()) {
        let calendar = Calendar::try_from(doc).unwrap();
        let date = calendar.local_date(at);
        let start = calendar.start_of_day(date);
        prop_assert!(start <= at);
        prop_assert_eq!(calendar.local_date(start), date);
        prop_assert!(calendar.local_date(start - SignedDuration::from_nanos(1)) < date);
    }
}

fn at(local: &str, zone: &str) -> Timestamp {
    let civil: jiff::civil::DateTime = local.parse().unwrap();
    civil.in_tz(zone).unwrap().timestamp()
}

/// 2026-11-20 is a Friday.
#[test]
fn golden_vectors() {
    let zone = "Europe/Berlin";
    for (hours, start, seconds, due) in [
        (("09:00", "17:00"), "2026-11-20T16:30", 3600, "2026-11-23T09:30"),
        (("09:00", "17:00"), "2026-11-18T07:00", 7200, "2026-11-18T11:00"),
        (("09:00", "18:00"), "2026-11-21T15:30", 3600, "2026-11-23T10:00"),
        (("09:00", "18:00"), "2026-11-21T20:00", 3600, "2026-11-23T10:00"),
        (("10:00", "18:00"), "2026-11-18T15:00", 36_000, "2026-11-19T17:00"),
    ] {
        let calendar = Calendar::try_from(weekdays(zone, &[hours])).unwrap();
        let due_at = calendar.due_at(at(start, zone), &Span::BusinessTime(seconds));
        assert_eq!(due_at, Ok(at(due, zone)), "{start} + {seconds} s");
    }
}

#[test]
fn a_pause_over_a_weekend_adds_nothing() {
    let calendar = Calendar::try_from(weekdays("Europe/Berlin", &[("09:00", "17:00")])).unwrap();
    let paused = at("2026-11-20T17:00", "Europe/Berlin");
    let resumed = at("2026-11-23T09:00", "Europe/Berlin");
    assert_eq!(calendar.between(paused, resumed), 0);
}

#[test]
fn a_deadline_on_the_last_second_is_the_closing_time_and_zero_is_the_start() {
    let calendar = Calendar::try_from(weekdays("Europe/Berlin", &[("09:00", "17:00")])).unwrap();
    let start = at("2026-11-20T09:00", "Europe/Berlin");
    assert_eq!(
        calendar.due_at(start, &Span::BusinessTime(8 * 3600)),
        Ok(at("2026-11-20T17:00", "Europe/Berlin"))
    );
    let saturday = at("2026-11-21T12:00", "Europe/Berlin");
    for zero in [Span::Elapsed(0), Span::BusinessTime(0), Span::BusinessDays(0)] {
        assert_eq!(calendar.add(saturday, &zero), Ok(Deadline { due_at: saturday, ledger: Vec::new() }));
    }
}

#[test]
fn business_days_keep_the_local_time_and_roll_into_work() {
    let mut doc = weekdays("Europe/Berlin", &[("09:00", "17:00")]);
    doc.holidays = vec![HolidayDoc::Whole("2026-11-23".to_owned())];
    let calendar = Calendar::try_from(doc).unwrap();
    for (start, days, due) in [
        ("2026-11-18T16:30", 1, "2026-11-19T16:30"),
        ("2026-11-19T16:30", 2, "2026-11-24T16:30"), // over a weekend and a holiday Monday
        ("2026-11-18T07:00", 1, "2026-11-19T09:00"),
        ("2026-11-18T20:00", 1, "2026-11-20T09:00"),
        ("2026-11-18T17:00", 1, "2026-11-20T09:00"), // closing time is not working time
        ("2026-11-21T12:00", 1, "2026-11-24T12:00"),
        ("2026-03-27T10:00", 1, "2026-03-30T10:00"), // over the clock change
    ] {
        let due_at = calendar.due_at(at(start, "Europe/Berlin"), &Span::BusinessDays(days));
        assert_eq!(due_at, Ok(at(due, "Europe/Berlin")), "{start} + {days} days");
    }
}

#[test]
fn elapsed_time_ignores_the_calendar() {
    let calendar = Calendar::try_from(weekdays("Europe/Berlin", &[("09:00", "17:00")])).unwrap();
    let start = at("2026-03-28T12:00", "Europe/Berlin");
    // Twenty-four hours over the lost hour.
    assert_eq!(calendar.due_at(start, &Span::Elapsed(86_400)), Ok(at("2026-03-29T13:00", "Europe/Berlin")));
    assert_eq!(calendar.due_at(Timestamp::MAX, &Span::Elapsed(1)), Err(CalendarError::OutOfRange));
}

#[test]
fn the_search_ends_after_ten_years() {
    let mondays = |weekly: WeekDoc| {
        let first: Date = "2026-11-23".parse().unwrap();
        let holidays = (0..523)
            .map(|week| HolidayDoc::Whole((first + jiff::Span::new().weeks(week)).to_string()))
            .collect();
        Calendar::try_from(CalendarDoc { zone: "UTC".to_owned(), weekly, public_holidays: None, holidays })
            .unwrap()
    };
    let hours = || vec![HoursDoc("09:00".to_owned(), "10:00".to_owned())];
    let start = at("2026-11-22T12:00", "UTC");
    let never = mondays(WeekDoc { mon: hours(), ..WeekDoc::default() });
    for span in [Span::BusinessTime(1), Span::BusinessDays(1)] {
        assert_eq!(never.due_at(start, &span), Err(CalendarError::NeverOpens { after: start }));
        assert!(never.add(start, &span).is_err());
    }
    assert_eq!(never.next_open(start), None);
    assert_eq!(never.next_close(start), None);
    let scarce = mondays(WeekDoc { mon: hours(), tue: hours(), ..WeekDoc::default() });
    for span in [Span::BusinessTime(u32::MAX), Span::BusinessDays(u32::MAX)] {
        assert_eq!(scarce.due_at(start, &span), Err(CalendarError::TooFar { after: start }));
    }
}

#[test]
fn round_the_clock_never_closes() {
    let all_day = || vec![HoursDoc("00:00".to_owned(), "24:00".to_owned())];
    let [mon, tue, wed, thu, fri, sat, sun] = std::array::from_fn(|_| all_day());
    let weekly = WeekDoc { mon, tue, wed, thu, fri, sat, sun };
    let doc =
        CalendarDoc { zone: "Pacific/Apia".to_owned(), weekly, public_holidays: None, holidays: Vec::new() };
    let calendar = Calendar::try_from(doc).unwrap();
    let start = at("2011-12-01T00:00", "UTC");
    assert_eq!(calendar.next_close(start), None);
    // Working time is real time, also over the date that Samoa left out.
    let month = 31 * 86_400;
    assert_eq!(calendar.between(start, start + SignedDuration::from_secs(month)), month);
    let ledger = calendar.add(start, &Span::BusinessTime(2_678_400)).unwrap().ledger;
    assert_eq!(ledger.len(), 1, "touching days are one stretch");
}

#[test]
fn the_ends_of_the_time_line_are_errors_or_saturate() {
    let calendar = Calendar::try_from(weekdays("Asia/Kathmandu", &[("09:00", "17:00")])).unwrap();
    assert!(calendar.due_at(Timestamp::MAX, &Span::BusinessTime(1)).is_err());
    assert!(calendar.due_at(Timestamp::MAX, &Span::BusinessDays(1)).is_err());
    assert!(calendar.due_at(Timestamp::MIN, &Span::BusinessTime(1)).is_ok());
    assert!(!calendar.is_open(Timestamp::MAX));
    assert_eq!(calendar.start_of_day(Date::MIN), Timestamp::MIN);
    let whole = calendar.between(Timestamp::MIN, at("2026-11-22T00:00", "UTC"));
    assert!(whole > 0);
}

#[test]
fn errors_say_where_the_search_began() {
    let after = at("2026-11-22T12:00", "UTC");
    assert_eq!(
        CalendarError::NeverOpens { after }.to_string(),
        "the calendar does not open within ten years after 2026-11-22T12:00:00Z"
    );
    let mistakes: Vec<CalendarMistake> = Calendar::try_from(weekdays("Mars/Olympus", &[])).unwrap_err();
    assert_eq!(mistakes.len(), 2);
}
