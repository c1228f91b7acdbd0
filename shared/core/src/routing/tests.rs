mod caps;
mod catch_up;
mod fairness;
mod needs;
mod presence;
mod relationship;

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::eligibility::next_chance;
use super::*;
use crate::calendar::Calendar;
use crate::condition::View;
use crate::ids::{CalendarId, RepId};
use crate::lead::samples::{always, at, calendar, captured, rep};
use crate::lead::{Field, FieldValue, Origin};
use crate::submission::VerdictKind;

/// Monday, 23 November 2026, eleven in Berlin.
fn monday() -> Timestamp {
    at("2026-11-23T10:00:00Z")
}

fn berlin() -> Calendar {
    let days = ["mon", "tue", "wed", "thu", "fri"].map(|d| format!("{d}: [['09:00', '17:00']]"));
    calendar(&format!("{{zone: Europe/Berlin, weekly: {{{}}}}}", days.join(", ")))
}

fn a_rep(extra: &str) -> Rep {
    let text = format!("{{name: Anna, email: anna@acme.example, calendar: berlin{extra}}}");
    serde_yaml_ng::from_str(&text).unwrap()
}

fn a_pool(text: &str) -> Pool {
    serde_yaml_ng::from_str(text).unwrap()
}

fn state() -> RepState {
    RepState::new(rep("anna"))
}

fn look(rep: &Rep, state: &RepState, now: Timestamp) -> Result<(), Ineligible> {
    check(rep, state, &a_pool("{members: [anna]}"), &berlin(), &[], now)
}

#[test]
fn each_reason_to_fall_out() {
    let now = monday();
    let at_work = a_rep("");
    assert_eq!(look(&at_work, &state(), now), Ok(()));
    assert_eq!(look(&a_rep(", active: false"), &state(), now), Err(Ineligible::Inactive));
    assert_eq!(look(&at_work, &RepState { away: true, ..state() }, now), Err(Ineligible::Away));
    let evening = at("2026-11-23T16:00:00Z");
    assert_eq!(look(&at_work, &state(), evening), Err(Ineligible::OffHours), "five in Berlin is too late");
    let full = a_rep(", caps: {per_day: 2, open: 5}");
    let today = jiff::civil::date(2026, 11, 23);
    let given = |n| RepState { day: Some(today), today: n, ..state() };
    assert_eq!(look(&full, &given(1), now), Ok(()));
    assert_eq!(look(&full, &given(2), now), Err(Ineligible::AtDailyCap));
    assert_eq!(look(&full, &RepState { open: 4, ..state() }, now), Ok(()));
    assert_eq!(look(&full, &RepState { open: 5, ..state() }, now), Err(Ineligible::AtOpenCap));
    assert_eq!(look(&at_work, &RepState { open: 999, today: 999, day: Some(today), ..state() }, now), Ok(()));
    let tried = check(&at_work, &state(), &a_pool("{members: [anna]}"), &berlin(), &[rep("anna")], now);
    assert_eq!(tried, Err(Ineligible::AlreadyTried));
    let other = check(&at_work, &state(), &a_pool("{members: [anna]}"), &berlin(), &[rep("bruno")], now);
    assert_eq!(other, Ok(()));
    let open = a_pool("{members: [anna], always_open: true}");
    assert_eq!(check(&at_work, &state(), &open, &berlin(), &[], evening), Ok(()));
}

#[test]
fn an_absence_has_a_beginning_an_end_or_both() {
    let (start, end) = (at("2026-11-23T09:00:00Z"), at("2026-11-23T12:00:00Z"));
    let (before, last) = (at("2026-11-23T08:59:59Z"), at("2026-11-23T11:59:59Z"));
    let absent = |from, until| RepState { absent_from: from, absent_until: until, ..state() };
    for (from, until, now, is_absent) in [
        (Some(start), Some(end), before, false),
        (Some(start), Some(end), start, true),
        (Some(start), Some(end), last, true),
        (Some(start), Some(end), end, false),
        (None, Some(end), before, true),
        (None, Some(end), end, false),
        // Until further notice.
        (Some(start), None, before, false),
        (Some(start), None, last, true),
    ] {
        let expected = if is_absent { Err(Ineligible::Absent) } else { Ok(()) };
        assert_eq!(look(&a_rep(""), &absent(from, until), now), expected, "{from:?} {until:?} {now}");
    }
}

#[test]
fn the_daily_cap_starts_afresh_at_local_midnight() {
    let capped = a_rep(", caps: {per_day: 3}");
    let night = a_pool("{members: [anna], always_open: true}");
    let full = RepState { day: Some(jiff::civil::date(2026, 11, 23)), today: 3, ..state() };
    // Midnight in Berlin is eleven at night in UTC.
    let (late, midnight) = (at("2026-11-23T22:59:59Z"), at("2026-11-23T23:00:00Z"));
    assert_eq!(check(&capped, &full, &night, &berlin(), &[], late), Err(Ineligible::AtDailyCap));
    assert_eq!(next_chance(&capped, &full, &berlin(), Ineligible::AtDailyCap, late), Some(midnight));
    assert_eq!(check(&capped, &full, &night, &berlin(), &[], midnight), Ok(()));
    let next = full.with_one_more(jiff::civil::date(2026, 11, 24), 0);
    assert_eq!((next.today, next.open, next.version), (1, 1, 1));
    let again = next.with_one_more(jiff::civil::date(2026, 11, 24), 0);
    assert_eq!((again.today, again.open, again.version), (2, 2, 2));
    let one = Load { open: 1, ..Load::default() };
    let less = again.with_load(one, Load::default());
    assert_eq!((less.today, less.open, less.version), (2, 1, 3), "a lead that left still counts for its day");
    assert_eq!(state().with_load(one, Load::default()).open, 0);
}

#[test]
fn time_alone_gives_a_chance_only_where_it_can() {
    let saturday = at("2026-11-28T12:00:00Z");
    let back = at("2026-12-01T00:00:00Z");
    let absent = RepState { absent_until: Some(back), ..state() };
    let capped = a_rep(", caps: {per_day: 3}");
    let full = RepState { day: Some(jiff::civil::date(2026, 11, 28)), today: 3, ..absent };
    let chance = |why| next_chance(&capped, &full, &berlin(), why, saturday);
    assert_eq!(chance(Ineligible::OffHours), Some(at("2026-11-30T08:00:00Z")), "Monday nine in Berlin");
    assert_eq!(chance(Ineligible::Absent), Some(back));
    assert_eq!(chance(Ineligible::AtDailyCap), Some(at("2026-11-28T23:00:00Z")));
    for why in [Ineligible::Inactive, Ineligible::Away, Ineligible::AtOpenCap, Ineligible::AlreadyTried] {
        assert_eq!(chance(why), None, "{}", why.words());
    }
    let further_notice = RepState { absent_from: Some(saturday), ..state() };
    assert_eq!(next_chance(&capped, &further_notice, &berlin(), Ineligible::Absent, saturday), None);
}

fn reps(names: &[&str]) -> BTreeMap<RepId, Rep> {
    names.iter().map(|n| (rep(n), a_rep(""))).collect()
}

fn calendars() -> BTreeMap<CalendarId, Calendar> {
    let id = |name| CalendarId::parse(name).unwrap();
    BTreeMap::from([(id("berlin"), berlin()), (id("always"), always())])
}

#[test]
fn a_decision_tells_who_fell_out_and_carries_both_next_states() {
    let pool = a_pool("{members: [anna, bruno, chloe, gone]}");
    let mut snapshot = Snapshot::default();
    snapshot.reps.insert(rep("anna"), RepState { away: true, ..state() });
    snapshot.reps.insert(rep("bruno"), RepState { open: 7, version: 4, ..RepState::new(rep("bruno")) });
    let reps = reps(&["anna", "bruno", "chloe"]);
    let decision = decide(&pool, &reps, &calendars(), &snapshot, &[rep("chloe")], monday());
    let fell = |name, why| Narrowed { rep_id: rep(name), why, until: None, cap: None };
    assert_eq!(decision.fell_out, [fell("anna", Ineligible::Away), fell("chloe", Ineligible::AlreadyTried)]);
    let Outcome::Picked { record, pool: turns, rep: after } = decision.outcome else { panic!("nobody") };
    assert_eq!((record.rep_id.clone(), record.turn), (rep("bruno"), 1));
    assert_eq!((after.open, after.version, after.today), (8, 5, 1));
    assert_eq!(after.day, Some(jiff::civil::date(2026, 11, 23)));
    assert_eq!((turns.picks, turns.members[&rep("bruno")].assigned), (1, 1));
}

#[test]
fn nobody_comes_with_the_earliest_chance() {
    let pool = a_pool("{members: [anna, bruno]}");
    let reps = reps(&["anna", "bruno"]);
    let mut snapshot = Snapshot::default();
    let back = at("2026-11-28T18:00:00Z");
    snapshot.reps.insert(rep("anna"), RepState { absent_until: Some(back), ..state() });
    let saturday = at("2026-11-28T12:00:00Z");
    let decide = |tried: &[RepId]| decide(&pool, &reps, &calendars(), &snapshot, tried, saturday).outcome;
    assert_eq!(decide(&[]), Outcome::Nobody(Some(back)));
    assert_eq!(decide(&[rep("anna")]), Outcome::Nobody(Some(at("2026-11-30T08:00:00Z"))));
    assert_eq!(decide(&[rep("anna"), rep("bruno")]), Outcome::Nobody(None));
}

#[test]
fn the_first_route_that_holds_wins_and_the_unknown_matches_nothing() {
    let routing: Routing = serde_yaml_ng::from_str(
        "{routes: [{route: not-us, pool: emea, when: {not: {field: country, is: US}}},
                   {route: land, pool: americas, when: {field: country, known: true}}], otherwise: desk}",
    )
    .unwrap();
    let mut lead = captured(VerdictKind::Clean);
    let chosen = |lead: &crate::lead::Lead| {
        let (pool, route) = choose_pool(&routing, View::new(lead, None));
        (pool.to_string(), route.map(ToString::to_string))
    };
    assert_eq!(chosen(&lead), ("desk".into(), None));
    for (country, pool, route) in [("DE", "emea", "not-us"), ("US", "americas", "land")] {
        assert!(lead.profile.set(Field::Country, &FieldValue::Text(country.into()), Origin::Form));
        assert_eq!(chosen(&lead), (pool.into(), Some(route.into())));
    }
}
