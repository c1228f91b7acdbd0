//! The same for what has to do with time: hours, calendars, ladders.

use super::kinds::{none, one};
use super::*;

const ALWAYS: &str = "weekly: {mon: [['00:00', '24:00']], tue: [['00:00', '24:00']], wed: [['00:00', '24:00']], thu: [['00:00', '24:00']],
             fri: [['00:00', '24:00']], sat: [['00:00', '24:00']], sun: [['00:00', '24:00']]}";
const WEEKDAYS: &str = "weekly: {mon: [['09:00', '17:00']], tue: [['09:00', '17:00']], wed: [['09:00', '17:00']], thu: [['09:00', '17:00']], fri: [['09:00', '17:00']]}";
const OFFICE: &str =
    "weekly: {mon: [['09:00', '17:00']], tue: [['09:00', '17:00']], wed: [['09:00', '17:00']], thu: [['09:00', '17:00']], fri: [['09:00', '17:00']]}
    holidays: ['2026-12-25']";
const LADDER: &str = "{within: PT4H, ladder: [{at: 75%, do: remind}, {at: due, do: reassign}, {at: +PT1H, do: return_to_marketing}]}";

#[test]
fn hours_in_which_nobody_works() {
    let office = (ALWAYS, OFFICE);
    one(
        &[office],
        Code::PoolEmpty,
        "pools.field",
        "nobody of pool field works, nor of desk Mon–Fri 00:00–09:00 and 17:00–24:00, Sat–Sun all day (UTC): 128 hours",
        "overflow",
    );
    one(
        &[office],
        Code::LapsesOffDuty,
        "sla[0].accept.within",
        "50 % of the offers",
        "write {business: PT4H}",
    );
    none(&[office, ("within: PT4H", "within: {business: PT4H}")], Code::LapsesOffDuty);
    none(
        &[
            office,
            ("[dan], overflow: desk", "[dan], overflow: desk, always_open: true"),
            ("[anna, bruno, carla]", "[anna, bruno, carla], always_open: true"),
        ],
        Code::PoolEmpty,
    );
    let touch = format!("{LADDER}\n    first_touch: {{within: PT6H}}");
    one(
        &[office, (LADDER, &touch)],
        Code::ShorterThanGap,
        "sla[0].first_touch.within",
        "6 hours by the clock is shorter than the 64 hours",
        "{business: PT6H}",
    );
    let long = format!("{LADDER}\n    first_touch: {{within: P3D}}");
    none(&[office, (LADDER, &long)], Code::ShorterThanGap);
    // A night shift of one of them leaves ten minutes.
    let night = "weekly: {mon: [['00:00', '24:00']], tue: [['00:00', '24:00']], wed: [['00:00', '12:00'], ['12:10', '24:00']], thu: [['00:00', '24:00']],
             fri: [['00:00', '24:00']], sat: [['00:00', '24:00']], sun: [['00:00', '24:00']]}";
    one(
        &[(ALWAYS, night)],
        Code::PoolEmpty,
        "pools.desk",
        "Wed 12:00–12:10 (UTC): 10 minutes",
        "wait for the next opening",
    );
}

#[test]
fn calendars_and_the_days_of_the_year() {
    let past = OFFICE.replace("2026-12-25", "2025-12-25");
    one(
        &[(ALWAYS, &past)],
        Code::HolidaysPast,
        "calendars.always.holidays",
        "the last was 2025-12-25",
        "this year and the next",
    );
    one(
        &[(ALWAYS, WEEKDAYS)],
        Code::NoHolidays,
        "calendars.always.holidays",
        "no holidays",
        "public holidays",
    );
    let christmas = format!("{ALWAYS}\n    holidays: ['2026-12-25']");
    one(&[(ALWAYS, &christmas)], Code::EmptyOnSomeDays, "pools.desk", "2026-12-25", "somebody work");
    let long: Vec<String> = (1..=30).map(|day| format!("'2026-12-{day:02}'")).collect();
    let friday = format!("weekly: {{tue: [['09:00', '17:00']]}}\n    holidays: [{}]", long.join(", "));
    one(&[(ALWAYS, &friday)], Code::OpensLate, "calendars.always", "not open before 2027-01-05", "holidays");
    let little = "weekly: {mon: [['09:00', '09:01']]}";
    let much = [(ALWAYS, little), ("within: PT4H", "within: {business: PT900H}")];
    one(
        &much,
        Code::ClockCannotRun,
        "sla[0].accept.within",
        "900 business hours cannot be counted: ",
        "shorter time",
    );
    // A clock of whoever has accepted would keep everybody from accepting, and so would a step of its ladder.
    for (clock, rules) in [
        ("qualified_by", "{within: {business: P9999D}}"),
        ("stalled", "{within: {business: P9999D}}"),
        ("attempts", "{at_least: 2, within: {business: P9999D}}"),
        ("first_touch", "{within: {business: P900D}, ladder: [{at: 1000%, do: notify_manager}]}"),
    ] {
        let more = format!("{LADDER}\n    {clock}: {rules}");
        let place = format!("sla[0].{clock}.within");
        let what = "(for anna, bruno, carla and dan)";
        one(&[(LADDER, &more)], Code::ClockCannotRun, &place, what, "shorter time");
    }
    // London and New York hand over to each other; in the weeks between their clock changes an hour is missing.
    let days = |hours: &str| {
        ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].map(|d| format!("{d}: [{hours}]")).join(", ")
    };
    let london = format!("zone: Europe/London\n    weekly: {{{}}}", days("['05:00', '17:00']"));
    let changes = [
        (
            format!("zone: UTC\n    {ALWAYS}"),
            format!(
                "{london}\n  new-york: {{zone: America/New_York, weekly: {{{}}}}}",
                days("['12:00', '24:00']")
            ),
        ),
        (
            "name: Dan, email: dan@acme.example, calendar: always".to_owned(),
            "name: Dan, email: dan@acme.example, calendar: new-york".to_owned(),
        ),
    ];
    let changes: Vec<(&str, &str)> = changes.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    one(&changes, Code::EmptyOnSomeDays, "pools.field", "2027-03-15", "somebody work");
}

#[test]
fn ladders_that_come_to_nothing() {
    let ladder = |steps: &str| format!("{{within: PT4H, ladder: [{steps}]}}");
    let change = |to: &str, code, place, what, fix| one(&[(LADDER, to)], code, place, what, fix);
    change(
        &ladder("{at: due, do: remind}"),
        Code::NoReturn,
        "sla[0].accept.ladder",
        "nobody accepts under rest",
        "do: return_to_marketing",
    );
    let late = ladder(
        "{at: 150%, do: return_to_marketing}, {at: +PT2H, do: notify_manager}, {at: +PT3H, do: remind}",
    );
    change(
        &late,
        Code::StepAfterReturn,
        "sla[0].accept.ladder[2]",
        "never comes",
        "earlier time than ladder[0]",
    );
    change(&late, Code::StepAfterReturn, "sla[0].accept.ladder[1]", "never comes", "list it before that");
    let days = late.replace("PT4H", "{business: P2D}").replace("150%", "due");
    change(&days, Code::StepAfterReturn, "sla[0].accept.ladder[1]", "never comes", "delete it");
    let early = ladder("{at: -PT4H, do: remind}, {at: due, do: return_to_marketing}");
    change(&early, Code::StepBeforeStart, "sla[0].accept.ladder[0].at", "comes at once", "4 hours there are");
    let twice = ladder("{at: 50%, do: remind}, {at: 50%, do: remind}, {at: due, do: return_to_marketing}");
    change(&twice, Code::StepTwice, "sla[0].accept.ladder[1]", "taken twice", "delete one");
    let touch = format!("{LADDER}\n    first_touch: {{within: PT6H}}");
    change(&touch, Code::LadderEnds, "sla[0].first_touch.ladder", "stays with its rep", "late step");
    let later = format!("{LADDER}\n    qualified_by: {twice}");
    change(&later, Code::StepTwice, "sla[0].qualified_by.ladder[1]", "taken twice", "delete one");
    one(
        &[("policy: rest\n", "policy: rest\n    max_offers: 1\n")],
        Code::ReassignNever,
        "sla[0].accept.ladder[1]",
        "never reassigns",
        "at least 2",
    );
    one(
        &[("[dan], overflow: desk", "[dan]")],
        Code::NobodyElse,
        "sla[0].accept.ladder[1]",
        "pool field has one person",
        "add a member to pool field",
    );
    one(
        &[("policy: rest\n", "policy: rest\n    max_offers: 4\n")],
        Code::FewerThanOffers,
        "sla[0].max_offers",
        "offered to 3 people",
        "nothing to do",
    );
    let manager = LADDER.replace("do: remind", "do: notify_manager");
    let deaf = [(LADDER, manager.as_str()), (", alert_email: ops@acme.example", "")];
    one(&deaf, Code::NobodyToTell, "sla[0].accept.ladder[0]", "desk and field has no manager", "alert_email");
}
