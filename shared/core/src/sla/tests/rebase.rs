//! Running clocks on other rules.

use super::*;
use crate::ids::{CalendarId, PlaybookVersion, RuleId};
use crate::lead::samples::{always, clock_rules};
use crate::sla::{ClockStatus, Flip, Terms};

fn from_noon(seconds: i64) -> Timestamp {
    noon() + jiff::SignedDuration::from_secs(seconds)
}

/// Half an hour, a reminder at half time, and a reassignment when it is over.
const OLD: &str = "{within: PT30M, ladder: [{at: 50%, do: remind}, {at: due, do: reassign}]}";

/// The clock at `now` after everything that has come due, started at noon by the old rules.
fn running(now: Timestamp) -> Clock {
    let (rules, calendar) = (clock_rules(OLD), always());
    let (policy, id) = (RuleId::parse("old").unwrap(), CalendarId::parse("always").unwrap());
    let version = PlaybookVersion(1);
    let mut clock = start(ClockKind::Accept, &rules, &policy, version, (&id, &calendar), noon()).unwrap();
    while clock.due(&rules, &calendar, now).unwrap().is_some() {
        clock = clock.stepped(&rules, &calendar).unwrap();
    }
    clock
}

fn onto(clock: &Clock, yaml: &str, now: Timestamp) -> (Clock, Vec<Due>) {
    let (rules, calendar) = (clock_rules(yaml), always());
    let (policy, id) = (RuleId::parse("new").unwrap(), CalendarId::parse("late").unwrap());
    let terms =
        Terms { policy: &policy, rules: &rules, playbook: PlaybookVersion(2), calendar: (&id, &calendar) };
    let after = clock.rebased(terms, now).unwrap();
    assert!(after.follows(&rules, &calendar).unwrap());
    assert_eq!((after.playbook, &after.policy, &after.calendar), (PlaybookVersion(2), &policy, &id));
    assert_eq!((after.started_at, after.round), (clock.started_at, clock.round + 1));
    let mut done = Vec::new();
    let mut left = after.clone();
    while let Some(due) = left.due(&rules, &calendar, now).unwrap() {
        done.push(due);
        left = left.stepped(&rules, &calendar).unwrap();
    }
    (after, done)
}

#[test]
fn a_clock_in_time_counts_on_from_the_same_start() {
    let now = from_noon(600);
    let clock = running(now);
    let (after, done) = onto(&clock, "{within: PT1H, ladder: [{at: 50%, do: remind}]}", now);
    assert_eq!((after.due_at, after.next_at), (from_noon(3_600), Some(from_noon(1_800))));
    assert_eq!((after.status, clock.flips(&after, now), done), (ClockStatus::Running, None, vec![]));
}

#[test]
fn what_the_new_ladder_would_have_done_is_not_done_after_the_fact() {
    let now = from_noon(1_200);
    // Its only reminder would have come at 12:12.
    let (after, done) = onto(&running(now), "{within: PT1H, ladder: [{at: 20%, do: remind}]}", now);
    assert_eq!((after.next_at, done), (Some(from_noon(3_600)), vec![]));
}

#[test]
fn a_deadline_that_has_passed_by_the_new_rules_is_missed_now_and_its_ladder_goes_on() {
    let now = from_noon(1_200);
    let clock = running(now);
    let ladder = "[{at: 50%, do: remind}, {at: due, do: notify_manager}, {at: +PT5M, do: reassign}]";
    let (after, done) = onto(&clock, &format!("{{within: PT10M, ladder: {ladder}}}"), now);
    assert_eq!(clock.flips(&after, now), Some(Flip::Breaches));
    assert_eq!((after.status, after.next_at), (ClockStatus::Running, Some(from_noon(600))));
    let expected = [Due::Breach, Due::Step(StepAction::NotifyManager), Due::Step(StepAction::Reassign)];
    assert_eq!(done, expected, "in order, and not the reminder");
}

#[test]
fn a_missed_deadline_is_in_time_again_by_longer_rules() {
    let now = from_noon(2_400);
    let clock = running(now);
    assert_eq!(clock.status, ClockStatus::Breached);
    let (after, done) = onto(&clock, "{within: PT1H, ladder: [{at: 50%, do: remind}]}", now);
    assert_eq!(clock.flips(&after, now), Some(Flip::Recovers));
    assert_eq!((after.status, after.next_at, done), (ClockStatus::Running, Some(from_noon(3_600)), vec![]));
}

#[test]
fn a_missed_deadline_that_stays_missed_is_not_missed_twice() {
    let now = from_noon(2_400);
    let clock = running(now);
    let rules = "{within: PT20M, ladder: [{at: due, do: reassign}, {at: +PT1H, do: notify_manager}]}";
    let (after, done) = onto(&clock, rules, now);
    assert_eq!(clock.flips(&after, now), None);
    assert_eq!((after.status, after.next_at, done), (ClockStatus::Breached, Some(from_noon(4_800)), vec![]));
}

#[test]
fn where_the_lead_belongs_by_the_new_rules_is_where_it_goes() {
    // Simulator, seed 4: skipped with the notices before it, the return never came.
    let now = from_noon(2_400);
    let ladder = "[{at: due, do: notify_manager}, {at: +PT5M, do: return_to_marketing}]";
    let (_, done) = onto(&running(now), &format!("{{within: PT20M, ladder: {ladder}}}"), now);
    assert_eq!(done, [Due::Step(StepAction::ReturnToMarketing)]);
}
