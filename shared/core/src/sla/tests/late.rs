//! Steps outside hours, steps that come late, and what comes after the last.

use super::*;
use crate::lead::samples::always;

/// What a sweep finds at `now`, which was dead until then.
fn swept(rules: &ClockRules, from: Timestamp, now: Timestamp) -> Vec<Due> {
    let mut clock = started(rules, from);
    let mut found = Vec::new();
    while let Some(due) = clock.due(rules, &office(), now).unwrap() {
        found.push(due);
        clock = clock.stepped(rules, &office()).unwrap();
    }
    found
}

#[test]
fn a_step_outside_hours_waits_for_the_next_opening_and_the_breach_does_not() {
    // Ten hours by the clock from Monday noon end at ten in the evening, when nobody is there to be told.
    let rules = |hours: &str| {
        clock_rules(&format!(
            "{{within: PT10H, ladder: [{{at: due, do: notify_manager{hours}}}, {{at: 50%, do: remind{hours}}}]}}"
        ))
    };
    let (night, morning) = (at("2026-11-23T22:00:00Z"), at("2026-11-24T09:00:00Z"));
    let notify = Due::Step(StepAction::NotifyManager);
    // Half time is five, the end of the day: the reminder would come after what it was to warn of.
    let inside = [(night, Due::Breach), (morning, notify), (morning, Due::Overtaken(StepAction::Remind))];
    assert_eq!(schedule(&rules(""), noon()), inside);
    let five = at("2026-11-23T17:00:00Z");
    let any = [(five, Due::Step(StepAction::Remind)), (night, Due::Breach), (night, notify)];
    assert_eq!(schedule(&rules(", hours: any"), noon()), any);
    // Business time that has nothing to wait for starts with the opening.
    let at_once = clock_rules("{within: {business: PT1H}, ladder: [{at: 0%, do: remind}]}");
    assert_eq!(started(&at_once, at("2026-11-28T15:30:00Z")).next_at, Some(at("2026-11-30T09:00:00Z")));
}

#[test]
fn a_late_sweep_catches_up_in_order_and_sends_no_storm() {
    let rules = clock_rules(
        "{within: PT1H, ladder: [{at: 25%, do: remind}, {at: 50%, do: remind}, {at: 75%, do: notify_manager},
          {at: due, do: reassign}, {at: due, do: notify_manager}, {at: +PT30M, do: remind}, {at: +PT1H, do: return_to_marketing}]}",
    );
    let (remind, manager) = (StepAction::Remind, StepAction::NotifyManager);
    let late = [
        Due::Overtaken(remind),
        Due::Overtaken(remind),
        Due::Overtaken(manager),
        Due::Breach,
        Due::Step(StepAction::Reassign),
        Due::Step(manager),
        Due::Overtaken(remind),
        Due::Step(StepAction::ReturnToMarketing),
    ];
    assert_eq!(swept(&rules, noon(), noon() + jiff::SignedDuration::from_hours(3)), late);
    // Half an hour late, and both reminders are due: the later one is sent.
    let now = noon() + jiff::SignedDuration::from_mins(40);
    assert_eq!(swept(&rules, noon(), now), [Due::Overtaken(remind), Due::Step(remind)]);
}

#[test]
fn what_is_missed_for_days_is_told_once() {
    let rules = clock_rules("{within: {business: P1D}, ladder: [{at: due, do: notify_manager}]}");
    // Due on Tuesday; from then on once a working day. On Thursday the last of three is told.
    let (manager, thursday) = (StepAction::NotifyManager, at("2026-11-26T12:00:00Z"));
    let expected = [Due::Breach, Due::Overtaken(manager), Due::Overtaken(manager), Due::Step(manager)];
    assert_eq!(swept(&rules, noon(), thursday), expected);
}

#[test]
fn an_offer_and_a_stalled_lead_always_have_a_next_step_unless_the_ladder_takes_them_away() {
    let next = |kind: ClockKind, yaml: &str, steps: usize| {
        let (name, rules) = (CalendarId::parse("always").unwrap(), clock_rules(yaml));
        let mut clock =
            start(kind, &rules, &rule("hot"), PlaybookVersion(1), (&name, &always()), noon()).unwrap();
        for _ in 0..steps {
            clock = clock.stepped(&rules, &always()).unwrap();
        }
        clock.next_at
    };
    let hours = |h: i64| Some(noon() + jiff::SignedDuration::from_hours(h));
    let plain = "{within: PT2H}";
    assert_eq!(next(ClockKind::Accept, plain, 1), hours(26), "each working day");
    assert_eq!(next(ClockKind::Accept, plain, 3), hours(74));
    assert_eq!(next(ClockKind::Stalled, plain, 1), hours(4), "as long again");
    assert_eq!(next(ClockKind::Stalled, plain, 4), hours(10));
    assert_eq!(next(ClockKind::FirstTouch, plain, 1), None);
    let repeated = "{within: PT2H, repeat: PT30M}";
    for kind in ClockKind::ALL {
        assert_eq!(next(kind, repeated, 2), hours(3), "{}", kind.name());
        let ends = "{within: PT2H, repeat: PT30M, ladder: [{at: due, do: return_to_marketing}]}";
        assert_eq!(next(kind, ends, 2), None, "{}", kind.name());
    }
}
