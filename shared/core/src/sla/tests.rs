use jiff::Timestamp;

mod late;
mod pauses;
mod policies;
mod rebase;

use super::*;
use crate::calendar::Calendar;
use crate::condition::View;
use crate::ids::{CalendarId, PlaybookVersion};
use crate::lead::Stage;
use crate::lead::samples::{at, calendar, captured, clock_rules, lead_at, noon, rule};
use crate::submission::VerdictKind;

/// Monday to Friday, nine to five, in UTC.
fn office() -> Calendar {
    let days = ["mon", "tue", "wed", "thu", "fri"].map(|d| format!("{d}: [['09:00', '17:00']]"));
    calendar(&format!("{{zone: UTC, weekly: {{{}}}}}", days.join(", ")))
}

fn started(rules: &ClockRules, at: Timestamp) -> Clock {
    let name = CalendarId::parse("office").unwrap();
    start(ClockKind::Accept, rules, &rule("hot"), PlaybookVersion(1), (&name, &office()), at).unwrap()
}

/// What becomes due and when, taking every entry at its time.
fn schedule(rules: &ClockRules, from: Timestamp) -> Vec<(Timestamp, Due)> {
    let mut clock = started(rules, from);
    let mut entries = Vec::new();
    for _ in 0..=rules.ladder.len() {
        let next_at = clock.next_at.unwrap();
        let early = next_at - jiff::SignedDuration::from_millis(1);
        assert_eq!(clock.due(rules, &office(), early).unwrap(), None);
        entries.push((next_at, clock.due(rules, &office(), next_at).unwrap().unwrap()));
        clock = clock.stepped(rules, &office()).unwrap();
    }
    assert!(clock.is_running(), "a ladder that is at its end does not stop the clock");
    entries
}

#[test]
fn the_breach_comes_before_the_steps_at_its_instant_and_those_come_as_listed() {
    let rules = clock_rules(
        "{within: PT1H, ladder: [{at: +PT30M, do: return_to_marketing}, {at: due, do: reassign},
          {at: 100%, do: notify_manager}, {at: 50%, do: remind}, {at: +PT0S, do: remind}]}",
    );
    let (due, step) = (at("2026-11-23T13:00:00Z"), Due::Step);
    let expected = [
        (at("2026-11-23T12:30:00Z"), step(StepAction::Remind)),
        (due, Due::Breach),
        (due, step(StepAction::Reassign)),
        (due, step(StepAction::NotifyManager)),
        (due, step(StepAction::Remind)),
        (at("2026-11-23T13:30:00Z"), step(StepAction::ReturnToMarketing)),
    ];
    assert_eq!(schedule(&rules, noon()), expected);
}

/// One step at a time; each expected instant was worked out by hand on the office calendar. Monday the 23rd, noon.
#[test]
fn steps_are_counted_in_the_kind_of_time_of_the_deadline() {
    for (within, step, due, expected) in [
        // Ten working hours: five on Monday, five on Tuesday.
        ("{business: PT10H}", "50%", "2026-11-24T14:00:00Z", "2026-11-23T17:00:00Z"),
        ("{business: PT10H}", "80%", "2026-11-24T14:00:00Z", "2026-11-24T12:00:00Z"),
        ("{business: PT10H}", "-PT2H", "2026-11-24T14:00:00Z", "2026-11-24T12:00:00Z"),
        ("{business: PT10H}", "+PT2H", "2026-11-24T14:00:00Z", "2026-11-24T16:00:00Z"),
        ("{business: PT10H}", "+PT4H", "2026-11-24T14:00:00Z", "2026-11-25T10:00:00Z"),
        ("{business: PT10H}", "200%", "2026-11-24T14:00:00Z", "2026-11-25T16:00:00Z"),
        // More than there is before the deadline is its start.
        ("{business: PT10H}", "-PT20H", "2026-11-24T14:00:00Z", "2026-11-23T12:00:00Z"),
        ("{business: PT10H}", "0%", "2026-11-24T14:00:00Z", "2026-11-23T12:00:00Z"),
        // Two working days are the same time on Wednesday: sixteen working hours from here.
        ("{business: P2D}", "50%", "2026-11-25T12:00:00Z", "2026-11-24T12:00:00Z"),
        ("{business: P2D}", "+PT6H", "2026-11-25T12:00:00Z", "2026-11-26T10:00:00Z"),
        // By the clock, day and night.
        ("PT10H", "50%", "2026-11-23T22:00:00Z", "2026-11-23T17:00:00Z"),
        ("PT10H", "+PT2H", "2026-11-23T22:00:00Z", "2026-11-24T00:00:00Z"),
        ("PT10H", "-PT20H", "2026-11-23T22:00:00Z", "2026-11-23T12:00:00Z"),
        ("P1D", "150%", "2026-11-24T12:00:00Z", "2026-11-25T00:00:00Z"),
    ] {
        let rules =
            clock_rules(&format!("{{within: {within}, ladder: [{{at: {step}, do: remind, hours: any}}]}}"));
        let case = format!("{step} of {within}");
        let clock = started(&rules, noon());
        assert_eq!(clock.due_at, at(due), "{case}");
        let entries = schedule(&rules, noon());
        assert_eq!(entries.len(), 2, "{case}");
        let remind = entries.iter().find(|(_, d)| *d == Due::Step(StepAction::Remind)).unwrap();
        assert_eq!(remind.0, at(expected), "{case}");
        assert!(entries.is_sorted_by_key(|(at, _)| *at), "{case}");
        assert_eq!(clock.warn_at, Some(at(expected)).filter(|e| *e < at(due)), "{case}");
    }
}

#[test]
fn a_clock_started_outside_hours_waits_for_the_office() {
    let rules = clock_rules("{within: {business: PT1H}, ladder: [{at: 50%, do: remind}]}");
    let clock = started(&rules, at("2026-11-28T15:30:00Z"));
    assert_eq!(clock.due_at, at("2026-11-30T10:00:00Z"), "from Saturday to Monday ten");
    assert_eq!(clock.next_at, Some(at("2026-11-30T09:30:00Z")));
}

#[test]
fn a_clock_is_stepped_suspended_resumed_met_and_cancelled() {
    let rules = clock_rules("{within: PT1H, ladder: [{at: 50%, do: remind}, {at: due, do: reassign}]}");
    let clock = started(&rules, noon());
    let (half, due) = (at("2026-11-23T12:30:00Z"), at("2026-11-23T13:00:00Z"));
    assert_eq!((clock.status, clock.step, clock.next_at), (ClockStatus::Running, 0, Some(half)));
    let reminded = clock.stepped(&rules, &office()).unwrap();
    assert_eq!((reminded.status, reminded.step, reminded.next_at), (ClockStatus::Running, 1, Some(due)));
    let breached = reminded.stepped(&rules, &office()).unwrap();
    assert_eq!((breached.status, breached.step, breached.next_at), (ClockStatus::Breached, 2, Some(due)));
    let done = breached.stepped(&rules, &office()).unwrap();
    // Whatever the ladder says, an offer is never left to itself: the manager is told again each working day.
    let tomorrow = at("2026-11-24T13:00:00Z");
    assert_eq!((done.status, done.step, done.next_at), (ClockStatus::Breached, 3, Some(tomorrow)));
    let again = done.due(&rules, &office(), tomorrow).unwrap();
    assert_eq!(again, Some(Due::Step(StepAction::NotifyManager)));
    assert_eq!(done.due(&rules, &office(), due).unwrap(), None);

    for running in [&clock, &reminded, &breached, &done] {
        let held = running.suspended();
        assert_eq!((held.next_at, held.is_running(), held.due_at), (None, true, due));
        assert_eq!(held.due(&rules, &office(), due).unwrap(), None, "nothing is due while it is held");
        assert_eq!(held.resumed(&rules, &office()).unwrap(), *running);
        for (at, status) in [(noon(), ClockStatus::Met), (due, ClockStatus::Met)] {
            let met = running.met(at);
            assert_eq!((met.status, met.next_at, met.is_running()), (status, None, false));
        }
        let late = due + jiff::SignedDuration::from_millis(1);
        assert_eq!(running.met(late).status, ClockStatus::MetLate);
        let cancelled = running.cancelled();
        assert_eq!((cancelled.status, cancelled.next_at), (ClockStatus::Cancelled, None));
        assert_eq!(cancelled.due(&rules, &office(), late).unwrap(), None);
    }
}

#[test]
fn step_times_are_written_as_they_are_read() {
    for (text, time, again) in [
        ("50%", StepTime::Share(50), "50%"),
        ("0%", StepTime::Share(0), "0%"),
        ("1000%", StepTime::Share(1_000), "1000%"),
        ("100%", StepTime::Share(100), "due"),
        ("due", StepTime::Share(100), "due"),
        ("+PT30M", StepTime::Offset(1_800), "+PT30M"),
        ("-PT10M", StepTime::Offset(-600), "-PT10M"),
        ("+PT26H", StepTime::Offset(93_600), "+PT26H"),
        ("+PT90S", StepTime::Offset(90), "+PT1M30S"),
    ] {
        assert_eq!(StepTime::try_from(text.to_owned()), Ok(time), "{text}");
        assert_eq!(String::from(time), again);
        assert_eq!(StepTime::try_from(again.to_owned()), Ok(time));
    }
    for bad in [
        "",
        "50",
        "%",
        "50.5%",
        "-50%",
        "+50%",
        "1001%",
        "PT30M",
        "+-PT30M",
        "--PT5M",
        "+",
        "later",
        "Due",
        "+30m",
        "+PT0.5S",
        "+P1D",
        "+PT99999999999999H",
        "é",
    ] {
        assert!(StepTime::try_from(bad.to_owned()).is_err(), "{bad}");
    }
    let yaml =
        "{within: {business: PT10H}, ladder: [{at: 80%, do: remind}, {at: +PT2H, do: return_to_marketing}]}";
    let rules = clock_rules(yaml);
    assert_eq!(clock_rules(&serde_yaml_ng::to_string(&rules).unwrap()), rules);
}

#[test]
fn the_first_policy_that_holds_is_the_one() {
    let policies: Vec<Policy> = serde_yaml_ng::from_str(
        "[{policy: hot, when: {field: score.grade, in: [B2]}, accept: {within: PT5M}},
          {policy: cold, when: {field: score.fit, at_least: 0}, max_offers: 1, accept: {within: PT1H}},
          {policy: rest, accept: {within: {business: P1D}}}]",
    )
    .unwrap();
    let name =
        |lead: &crate::lead::Lead| choose(&policies, View::new(lead, None)).unwrap().policy.to_string();
    assert_eq!(name(&lead_at(Stage::Scored)), "hot");
    assert_eq!(name(&captured(VerdictKind::Clean)), "rest", "an unknown grade matches nothing");
    assert_eq!((policies[0].max_offers, policies[1].max_offers), (3, 1));
    assert!(choose(&policies[..2], View::new(&captured(VerdictKind::Clean), None)).is_none());
}
