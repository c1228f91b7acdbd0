use super::*;

/// Hand-computed weeks over one playbook: an office in Berlin, a night watch in New York, a desk that overflows.
const SHIFTS: &str = "playbook: Shifts
calendars:
  office: {zone: Europe/Berlin, weekly: {mon: [['09:00', '12:30'], ['13:15', '17:00']], tue: [['09:00', '17:00']]},
           holidays: ['2026-12-01', {date: '2026-12-07', open: [['09:00', '10:00']]}]}
  early: {zone: Europe/Berlin, weekly: {mon: [['08:00', '12:40']]}}
  night: {zone: UTC, weekly: {sun: [['22:00', '06:00']], wed: [['23:30', '00:30']]}}
forms:
  demo:
    title: Demo
    fields: [{name: email, label: E-mail, type: email, required: true}]
    thanks: {message: Thank you}
scoring:
  fit: {rules: []}
  interest: {rules: []}
  bands: {a: 60, b: 35, one: 50, two: 25}
qualification:
  at: {fit: 0, interest: 0}
  until: {fit: 0, interest: 0}
reps:
  anna: {name: Anna, email: anna@acme.example, calendar: office}
  bruno: {name: Bruno, email: bruno@acme.example, calendar: early}
  carla: {name: Carla, email: carla@acme.example, calendar: night}
  dan: {name: Dan, email: dan@acme.example, calendar: office, active: false}
pools:
  day: {members: [anna, bruno, dan], overflow: night}
  night: {members: [carla]}
  ever: {members: [anna, dan], always_open: true}
routing: {routes: [], otherwise: day}
sla:
  - policy: rest
    accept: {within: PT4H}
notifications: {from: leads@acme.example}
";

fn week(date: &str, zone: &str) -> ReferenceWeek {
    ReferenceWeek::of(date.parse().unwrap(), ReferenceWeek::zone_named(zone).unwrap()).unwrap()
}

fn coverage(pool: &str, date: &str, zone: &str) -> Coverage {
    let playbook = Playbook::read(SHIFTS).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
    Coverage::of(&playbook, &week(date, zone)).into_iter().find(|c| c.pool.as_str() == pool).unwrap()
}

fn least(coverage: &Coverage, day: usize) -> String {
    let shown = |hour: &Option<HourCover>| hour.map_or("x".to_owned(), |hour| hour.least.to_string());
    coverage.days[day].iter().map(shown).collect()
}

#[test]
fn an_ordinary_monday_to_the_minute() {
    let day = coverage("day", "2026-11-25", "Europe/Berlin");
    assert_eq!(least(&day, 0), "000000001222001110000000");
    let monday = |hour: usize| day.days[0][hour].unwrap();
    // Until 12:30 both, until 12:40 Bruno, then nobody.
    let noon = HourCover {
        least: 0,
        most: 2,
        member_seconds: 60 * (2 * 30 + 10),
        empty_seconds: 20 * 60,
        uncovered_seconds: 20 * 60,
        seconds: 3600,
    };
    assert_eq!(monday(12), noon);
    assert_eq!((monday(13).least, monday(13).empty_seconds), (0, 15 * 60));
    assert_eq!((monday(14).least, monday(17).least), (1, 0));
    assert_eq!((day.members, day.most()), (2, 2), "Dan is not active");
    assert_eq!(least(&day, 1), "000000000111111110000000");
}

#[test]
fn a_shift_overnight_counts_on_both_days_and_in_any_zone() {
    let night = coverage("night", "2026-11-23", "UTC");
    assert_eq!(least(&night, 6), "000000000000000000000011");
    assert_eq!(least(&night, 0), "111111000000000000000000", "Sunday's shift runs into Monday");
    assert_eq!((night.days[2][23].unwrap().most, night.days[2][23].unwrap().empty_seconds), (1, 1800));
    assert_eq!(night.days[3][0].unwrap().member_seconds, 1800);
    // India is five and a half hours ahead: 22:00 is 03:30.
    let india = coverage("night", "2026-11-23", "Asia/Kolkata");
    assert_eq!(least(&india, 0), "000011111110000000000000");
    assert_eq!(india.days[0][3].unwrap().member_seconds, 1800);
    assert_eq!(india.days[0][11].unwrap().member_seconds, 1800);
}

#[test]
fn holidays_whole_and_in_part() {
    assert_eq!(least(&coverage("day", "2026-12-01", "Europe/Berlin"), 1), "0".repeat(24));
    let partly = coverage("day", "2026-12-07", "Europe/Berlin");
    assert_eq!(least(&partly, 0), "000000001211000000000000");
}

#[test]
fn a_clock_change_leaves_an_hour_out_or_makes_it_twice_as_long() {
    // Berlin jumps from 02:00 to 03:00 on 28 March 2027 and back on 31 October 2027; the watch begins at 22:00 UTC.
    let spring = coverage("night", "2027-03-28", "Europe/Berlin");
    assert_eq!(least(&spring, 6), "00x000000000000000000000");
    // 22:00 UTC on that Sunday is midnight in Berlin, so the shift falls on the Monday after.
    assert_eq!(least(&coverage("night", "2027-03-29", "Europe/Berlin"), 0), "111111110000000000000000");
    let ever = coverage("ever", "2027-10-31", "Europe/Berlin");
    let doubled = ever.days[6][2].unwrap();
    assert_eq!((doubled.seconds, doubled.least, doubled.member_seconds), (7200, 1, 7200));
}

#[test]
fn what_is_always_open_is_covered_by_all_who_are_active() {
    let ever = coverage("ever", "2026-11-25", "UTC");
    assert_eq!(ever.empty_seconds(), (0, 0));
    assert_eq!(least(&ever, 5), "1".repeat(24), "Dan is not active");
}

#[test]
fn the_pools_it_overflows_to_fill_its_gaps() {
    let day = coverage("day", "2026-11-23", "UTC");
    assert_eq!(day.overflow, [PoolId::parse("night").unwrap()]);
    let monday = |hour: usize| day.days[0][hour].unwrap();
    assert_eq!((monday(3).least, monday(3).empty_seconds, monday(3).uncovered_seconds), (0, 3600, 0));
    assert_eq!((monday(6).empty_seconds, monday(6).uncovered_seconds), (3600, 3600));
    // Monday 07:00 to 11:40 and 12:15 to 16:00, Tuesday 08:00 to 16:00 in UTC; the watch 8 + 1 hours besides.
    let empty = 7 * 24 * 60 - (280 + 225 + 480);
    assert_eq!(day.empty_seconds(), (60 * empty, 60 * (empty - 9 * 60)));
}

#[test]
fn the_next_week_begins_with_the_next_monday() {
    let next = |now: &str, zone: &str| {
        let zone = ReferenceWeek::zone_named(zone).unwrap();
        ReferenceWeek::after(now.parse().unwrap(), zone).unwrap().monday().to_string()
    };
    assert_eq!(next("2026-11-25T12:00:00Z", "UTC"), "2026-11-30");
    assert_eq!(
        next("2026-11-23T00:00:00Z", "UTC"),
        "2026-11-30",
        "the Monday that has begun is not the next"
    );
    assert_eq!(next("2026-11-22T23:30:00Z", "UTC"), "2026-11-23");
    assert_eq!(next("2026-11-22T23:30:00Z", "Europe/Berlin"), "2026-11-30");
    assert_eq!(ReferenceWeek::zone_named("Europe/Belrin"), None);
}
