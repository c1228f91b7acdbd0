//! Caps: counted in whole local days of the rep's zone, in numbers that never exceed what is allowed.

use jiff::civil::{Date, date};
use jiff::{SignedDuration, ToSpan as _};
use proptest::prelude::*;

use super::super::eligibility::next_chance;
use super::*;
use crate::calendar::Calendar;
use crate::lead::samples::{offered, scored, step};
use crate::lead::{Answer, Lead, Stage};

/// A pool that takes leads at any hour, so that only caps matter.
fn night() -> Pool {
    a_pool("{members: [anna], always_open: true}")
}

fn capped(caps: &str) -> Rep {
    a_rep(&format!(", caps: {{{caps}}}"))
}

fn verdict(rep: &Rep, state: &RepState, value: u32, now: Timestamp) -> Result<(), Ineligible> {
    let wanted = Wanted { value, ..Wanted::default() };
    check(rep, state, &night(), &berlin(), &[], now).and_then(|()| suits(rep, state, &berlin(), &wanted, now))
}

/// Anna after one lead at each of these instants.
fn given_at(instants: &[&str]) -> RepState {
    instants.iter().fold(state(), |s, text| s.with_one_more(berlin().local_date(at(text)), 0))
}

#[test]
fn seven_days_are_today_and_the_six_before_in_the_reps_zone() {
    let rep = capped("per_7_days: 2");
    // 23:30 on Monday 16 November and noon on Friday in Berlin.
    let state = given_at(&["2026-11-16T22:30:00Z", "2026-11-20T11:00:00Z"]);
    // Sunday's last second in Berlin, and Monday's first.
    let (sunday, monday) = (at("2026-11-22T22:59:59Z"), at("2026-11-22T23:00:00Z"));
    assert_eq!(verdict(&rep, &state, 0, sunday), Err(Ineligible::AtWeekCap));
    assert_eq!(next_chance(&rep, &state, &berlin(), Ineligible::AtWeekCap, sunday), Some(monday));
    assert_eq!(verdict(&rep, &state, 0, monday), Ok(()));
    // One more on Monday: full again, until Friday's has gone on the Friday after, at midnight.
    let full = state.with_one_more(date(2026, 11, 23), 0);
    assert_eq!(verdict(&rep, &full, 0, monday), Err(Ineligible::AtWeekCap));
    let friday = at("2026-11-26T23:00:00Z");
    assert_eq!(next_chance(&rep, &full, &berlin(), Ineligible::AtWeekCap, monday), Some(friday));
}

#[test]
fn thirty_days_are_today_and_the_twenty_nine_before() {
    let rep = capped("per_30_days: 1");
    let state = given_at(&["2026-11-01T11:00:00Z"]);
    for (now, expected) in [
        ("2026-11-30T22:59:59Z", Err(Ineligible::AtMonthCap)),
        // Midnight in Berlin: 1 December, the thirty-first day.
        ("2026-11-30T23:00:00Z", Ok(())),
    ] {
        assert_eq!(verdict(&rep, &state, 0, at(now)), expected, "{now}");
    }
    let chance = next_chance(&rep, &state, &berlin(), Ineligible::AtMonthCap, at("2026-11-01T12:00:00Z"));
    assert_eq!(chance, Some(at("2026-11-30T23:00:00Z")));
}

/// Clocks go back on 25 October and forward on 29 March 2026, so those days have 25 and 23 hours.
#[test]
fn a_window_moves_at_local_midnight_over_both_clock_changes() {
    for (caps, why, given, last, midnight) in [
        (
            "per_day: 1",
            Ineligible::AtDailyCap,
            "2026-10-24T22:00:00Z",
            "2026-10-25T22:59:59Z",
            "2026-10-25T23:00:00Z",
        ),
        (
            "per_day: 1",
            Ineligible::AtDailyCap,
            "2026-03-28T23:00:00Z",
            "2026-03-29T21:59:59Z",
            "2026-03-29T22:00:00Z",
        ),
        (
            "per_7_days: 1",
            Ineligible::AtWeekCap,
            "2026-10-19T10:00:00Z",
            "2026-10-25T22:59:59Z",
            "2026-10-25T23:00:00Z",
        ),
        (
            "per_7_days: 1",
            Ineligible::AtWeekCap,
            "2026-03-23T10:00:00Z",
            "2026-03-29T21:59:59Z",
            "2026-03-29T22:00:00Z",
        ),
        (
            "per_30_days: 1",
            Ineligible::AtMonthCap,
            "2026-10-10T10:00:00Z",
            "2026-11-08T22:59:59Z",
            "2026-11-08T23:00:00Z",
        ),
        (
            "per_30_days: 1",
            Ineligible::AtMonthCap,
            "2026-03-10T10:00:00Z",
            "2026-04-08T21:59:59Z",
            "2026-04-08T22:00:00Z",
        ),
    ] {
        let (rep, state) = (capped(caps), given_at(&[given]));
        for now in [given, last] {
            assert_eq!(verdict(&rep, &state, 0, at(now)), Err(why), "{caps} {given} {now}");
            assert_eq!(
                next_chance(&rep, &state, &berlin(), why, at(now)),
                Some(at(midnight)),
                "{caps} {now}"
            );
        }
        assert_eq!(verdict(&rep, &state, 0, at(midnight)), Ok(()), "{caps} {given}");
    }
}

#[test]
fn a_rep_who_moves_to_a_zone_that_is_behind_gets_no_day_twice() {
    let rep = capped("per_day: 1");
    // Given on the 24th in Berlin, while it is still the 23rd in Honolulu.
    let state = state().with_one_more(date(2026, 11, 24), 0);
    let honolulu = calendar("{zone: Pacific/Honolulu, weekly: {mon: [['00:00', '24:00']]}}");
    let now = at("2026-11-24T01:00:00Z");
    assert_eq!(check(&rep, &state, &night(), &honolulu, &[], now), Err(Ineligible::AtDailyCap));
    let next = at("2026-11-25T10:00:00Z");
    assert_eq!(next_chance(&rep, &state, &honolulu, Ineligible::AtDailyCap, now), Some(next));
    assert_eq!(check(&rep, &state, &night(), &honolulu, &[], next), Ok(()));
    let more = state.with_one_more(date(2026, 11, 23), 0);
    assert_eq!((more.day, more.today), (Some(date(2026, 11, 24)), 2));
}

#[test]
fn unanswered_offers_open_leads_and_value_are_counted_apart() {
    let now = monday();
    let holds = |open, unaccepted, value| RepState { open, unaccepted, value, ..state() };
    let rep = capped("unaccepted: 2, open: 4, value: 10");
    assert_eq!(verdict(&rep, &holds(3, 1, 7), 3, now), Ok(()));
    assert_eq!(verdict(&rep, &holds(3, 2, 0), 0, now), Err(Ineligible::AtUnacceptedCap));
    assert_eq!(verdict(&rep, &holds(4, 1, 0), 0, now), Err(Ineligible::AtOpenCap));
    assert_eq!(verdict(&rep, &holds(3, 1, 7), 4, now), Err(Ineligible::AtValueCap));
    // A lead that is worth nothing takes no room.
    assert_eq!(verdict(&rep, &holds(3, 1, 10), 0, now), Ok(()));
    assert_eq!(verdict(&rep, &holds(3, 1, 11), 0, now), Err(Ineligible::AtValueCap));
    assert_eq!(
        verdict(&capped("value: 4294967295"), &holds(1, 0, u32::MAX), 1, now),
        Ok(()),
        "and sums saturate"
    );
    for why in [Ineligible::AtUnacceptedCap, Ineligible::AtOpenCap, Ineligible::AtValueCap] {
        assert_eq!(next_chance(&rep, &holds(4, 2, 11), &berlin(), why, now), None, "time makes no room");
    }
}

#[test]
fn a_cap_of_nothing_gives_nothing_and_limits_by_hand_go_first() {
    for kind in CapKind::ALL {
        let zero = capped(&format!("{}: 0", kind.name()));
        assert!(verdict(&zero, &state(), 0, monday()).is_err(), "{}", kind.name());
        let lifted = RepState { caps: [(kind, Limit::Unlimited)].into(), ..state() };
        assert_eq!(verdict(&zero, &lifted, 5, monday()), Ok(()), "{}", kind.name());
        let stopped = RepState { caps: [(kind, Limit::AtMost(0))].into(), ..state() };
        assert!(verdict(&a_rep(""), &stopped, 1, monday()).is_err(), "{}", kind.name());
    }
    let limits: Vec<Limit> = serde_json::from_str(r#"[3, "unlimited"]"#).unwrap();
    assert_eq!(limits, [Limit::AtMost(3), Limit::Unlimited]);
    for wrong in ["-1", "1.5", "\"none\"", "null", "4294967296", "true"] {
        assert!(serde_json::from_str::<Limit>(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn whoever_reaches_a_cap_on_leads_given_is_looked_at_when_its_window_moves() {
    let reps = BTreeMap::from([(rep("anna"), capped("per_day: 1, per_7_days: 5"))]);
    let decision = decide(&night(), &reps, &calendars(), &Snapshot::default(), &[], monday());
    let Outcome::Picked { rep: after, .. } = decision.outcome else { panic!("nobody") };
    assert_eq!(after.next_at, Some(at("2026-11-23T23:00:00Z")));
    // With both caps reached, there is room when the later one lets go.
    let before = RepState { earlier: vec![4], day: Some(date(2026, 11, 23)), ..state() };
    let snapshot = Snapshot { reps: [(rep("anna"), before)].into(), ..Snapshot::default() };
    let decision = decide(&night(), &reps, &calendars(), &snapshot, &[], monday());
    let Outcome::Picked { rep: after, .. } = decision.outcome else { panic!("nobody") };
    // Four on the 22nd: out of the window on the 29th, a Sunday.
    assert_eq!(after.next_at, Some(at("2026-11-28T23:00:00Z")));
    let free = BTreeMap::from([(rep("anna"), a_rep(""))]);
    let decision = decide(&night(), &free, &calendars(), &Snapshot::default(), &[], monday());
    let Outcome::Picked { rep: after, .. } = decision.outcome else { panic!("nobody") };
    assert_eq!(after.next_at, None);
}

#[test]
fn what_a_lead_is_worth_is_its_grade_and_stays_what_it_was_when_offered() {
    let value: LeadValue = serde_yaml_ng::from_str("{by_grade: {A1: 10, B2: 4}, otherwise: 1}").unwrap();
    let mut lead = captured(VerdictKind::Clean);
    assert_eq!(value.of(&lead), 1, "not scored yet");
    lead = scored();
    for (grade, worth) in [("A1", 10), ("B2", 4), ("C3", 1)] {
        lead.score.as_mut().unwrap().grade = grade.to_owned();
        assert_eq!(value.of(&lead), worth, "{grade}");
    }
    assert!(LeadValue::default().is_nothing() && !value.is_nothing());
    let mut held = offered();
    held.owner.as_mut().unwrap().value = 7;
    assert_eq!(Load::of(&held), Load { open: 1, unaccepted: 1, value: 7 });
    let accepted = held.answered(&Answer::Accept { rep_id: rep("anna") }, &step(held.updated_at)).unwrap();
    assert_eq!(Load::of(&accepted), Load { open: 1, unaccepted: 0, value: 7 });
    let gone = Lead { stage: Stage::Nurturing, owner: None, ..held };
    assert_eq!(Load::of(&gone), Load::default());
}

/// One lead a step: so many minutes later, and whether the rep is asked at all.
fn history() -> impl Strategy<Value = Vec<(i64, bool)>> {
    prop::collection::vec((0_i64..3_000, any::<bool>()), 1..160)
}

fn zones() -> impl Strategy<Value = &'static str> {
    prop::sample::select(
        &["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "UTC"][..],
    )
}

fn around_the_clock(zone: &str) -> Calendar {
    calendar(&format!("{{zone: {zone}, weekly: {{mon: [['00:00', '24:00']]}}}}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Held against a plain list of the local dates on which leads were given.
    #[test]
    fn no_window_ever_holds_more_than_its_cap_and_none_is_refused_below(
        steps in history(), zone in zones(), start in 0_i64..365,
        day in 1_u32..6, week in 1_u32..20, month in 1_u32..50,
    ) {
        let calendar = around_the_clock(zone);
        let rep = capped(&format!("per_day: {day}, per_7_days: {week}, per_30_days: {month}"));
        let mut now = at("2026-01-01T00:00:00Z") + SignedDuration::from_hours(24 * start);
        let (mut state, mut given): (RepState, Vec<Date>) = (state(), Vec::new());
        for (minutes, asked) in steps {
            now += SignedDuration::from_mins(minutes);
            let today = calendar.local_date(now);
            let so_far = given.clone();
            let within = |days: i32, today: Date| {
                let first = today.saturating_sub((days - 1).days());
                so_far.iter().filter(|d| **d >= first && **d <= today).count() as u32
            };
            let room = |on: Date| within(1, on) < day && within(7, on) < week && within(30, on) < month;
            let may = check(&rep, &state, &night(), &calendar, &[], now);
            prop_assert_eq!(may.is_ok(), room(today), "{} {:?} {:?}", now, may, given);
            if let Err(why) = may {
                // Nobody is looked at too late: before the chance the named cap leaves no room, then it does.
                let chance = next_chance(&rep, &state, &calendar, why, now).unwrap();
                let (days, cap) = match why {
                    Ineligible::AtDailyCap => (1, day),
                    Ineligible::AtWeekCap => (7, week),
                    _ => (30, month),
                };
                prop_assert!(chance > now);
                let second = SignedDuration::from_secs(1);
                prop_assert!(within(days, calendar.local_date(chance - second)) >= cap);
                prop_assert!(within(days, calendar.local_date(chance)) < cap);
            }
            if asked && may.is_ok() {
                state = state.with_one_more(today, 0);
                // What is stored between leads is read back.
                state = serde_json::from_str(&serde_json::to_string(&state).unwrap()).unwrap();
                given.push(today);
                prop_assert_eq!(state.given_within(today, 30), within(30, today) + 1);
            }
        }
    }

    #[test]
    fn counters_are_what_the_leads_held_come_to_whatever_happens(
        steps in prop::collection::vec((0_usize..6, 0_u32..9, 0_u8..4), 1..80),
    ) {
        let mut leads: Vec<Option<Lead>> = vec![None; 6];
        let mut rep = state();
        for (which, value, what) in steps {
            let (before, after) = match (leads[which].take(), what) {
                (None, _) => {
                    let mut lead = offered();
                    lead.owner.as_mut().unwrap().value = value;
                    rep = rep.with_one_more(date(2026, 11, 23), value);
                    leads[which] = Some(lead);
                    continue;
                }
                (Some(lead), 0) => (lead, None),
                (Some(lead), _) => (lead.clone(), Some(Lead { stage: Stage::Accepted, ..lead })),
            };
            let weighs = after.as_ref().map(Load::of).unwrap_or_default();
            rep = rep.with_load(Load::of(&before), weighs);
            leads[which] = after;
            prop_assert_eq!(rep.load(), Load::of_all(leads.iter().flatten()));
        }
    }
}
