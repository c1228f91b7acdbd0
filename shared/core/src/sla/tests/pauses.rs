//! A pause adds no time but its own, and none at all over closed hours.

use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;
use crate::ids::{CalendarId, PlaybookVersion, RuleId};
use crate::sla::Terms;

fn paused(clock: &Clock, rules: &ClockRules, from: Timestamp, to: Timestamp) -> Clock {
    clock.suspended().paused_over((from, to), rules, &office()).unwrap()
}

/// Golden: a ticket paused over the weekend (GLPI #10594), and pauses beside it; worked out by hand.
#[test]
fn a_deadline_moves_by_the_working_time_of_the_pause() {
    // From Friday half past four an hour of work ends on Monday at half past nine.
    let (friday, monday) = ("2026-11-27", "2026-11-30");
    for (within, from, to, due) in [
        ("{business: PT1H}", "2026-11-27T17:00:00Z", "2026-11-30T08:00:00Z", "2026-11-30T09:30:00Z"),
        ("{business: PT1H}", "2026-11-28T10:00:00Z", "2026-11-29T23:00:00Z", "2026-11-30T09:30:00Z"),
        ("{business: PT1H}", "2026-11-27T16:45:00Z", "2026-11-30T09:15:00Z", "2026-11-30T10:00:00Z"),
        ("{business: PT1H}", "2026-11-27T16:45:00Z", "2026-11-27T16:45:00Z", "2026-11-30T09:30:00Z"),
        // Until Tuesday evening, with fifty minutes left.
        ("{business: PT1H}", "2026-11-27T16:40:00Z", "2026-12-01T20:00:00Z", "2026-12-02T09:50:00Z"),
        ("{business: P1D}", "2026-11-27T18:00:00Z", "2026-11-30T08:00:00Z", "2026-11-30T16:30:00Z"),
        ("PT24H", "2026-11-27T18:00:00Z", "2026-11-28T00:00:00Z", "2026-11-28T22:30:00Z"),
    ] {
        let rules = clock_rules(&format!(
            "{{within: {within}, ladder: [{{at: due, do: notify_manager, hours: any}}]}}"
        ));
        let clock = started(&rules, at(&format!("{friday}T16:30:00Z")));
        let after = paused(&clock, &rules, at(from), at(to));
        assert_eq!((after.due_at, after.next_at), (at(due), Some(at(due))), "{within} paused from {from}");
        assert!(after.follows(&rules, &office()).unwrap());
        let ledger = after.ledger(&rules, &office()).unwrap();
        let made_up: i64 = ledger.made_up.iter().filter(|e| e.what.is_counted()).map(|e| e.seconds).sum();
        assert_eq!(made_up, i64::from(after.held_s), "{ledger:?}");
        without_a_gap(&after, &ledger);
    }
    // A deadline that falls on an opening stays there: a day from Saturday is due on Monday at nine.
    let rules = clock_rules("{within: {business: P1D}}");
    let clock = started(&rules, at("2026-11-28T08:00:00Z"));
    let after = paused(&clock, &rules, at("2026-11-28T09:00:00Z"), at("2026-11-30T08:00:00Z"));
    assert_eq!((clock.due_at, after.due_at), (at(&format!("{monday}T09:00:00Z")), clock.due_at));
}

/// The ledger goes from the start to the deadline.
fn without_a_gap(clock: &Clock, ledger: &ClockLedger) {
    let mut reached = clock.started_at;
    for entry in ledger.counted.iter().chain(&ledger.made_up) {
        assert!(entry.from == reached && entry.from < entry.to, "{ledger:?}");
        reached = entry.to;
    }
    assert_eq!(reached, clock.due_at, "{ledger:?}");
}

#[test]
fn what_was_missed_before_stays_missed_and_later_steps_move() {
    let rules = clock_rules("{within: PT1H, ladder: [{at: +PT30M, do: reassign}]}");
    let breached = started(&rules, noon()).stepped(&rules, &office()).unwrap();
    let (from, to) = (at("2026-11-23T13:10:00Z"), at("2026-11-23T13:50:00Z"));
    let after = paused(&breached, &rules, from, to);
    assert_eq!((after.status, after.due_at), (ClockStatus::Breached, at("2026-11-23T13:00:00Z")));
    assert_eq!(after.next_at, Some(at("2026-11-23T14:10:00Z")));
    assert!(after.follows(&rules, &office()).unwrap());
    // Again, and the two add up.
    let twice = paused(&after, &rules, at("2026-11-23T14:00:00Z"), at("2026-11-23T14:20:00Z"));
    assert_eq!(twice.next_at, Some(at("2026-11-23T14:30:00Z")));
    for clock in [after, twice] {
        let ledger = clock.ledger(&rules, &office()).unwrap();
        assert_eq!(ledger.made_up, []);
        without_a_gap(&clock, &ledger);
    }
    // Missed between two pauses: only the first put it off.
    let missed =
        paused(&started(&rules, noon()), &rules, at("2026-11-23T12:10:00Z"), at("2026-11-23T12:30:00Z"));
    let missed = missed.stepped(&rules, &office()).unwrap();
    let later = paused(&missed, &rules, at("2026-11-23T13:35:00Z"), at("2026-11-23T13:45:00Z"));
    let ledger = later.ledger(&rules, &office()).unwrap();
    let made_up: Vec<i64> = ledger.made_up.iter().map(|entry| entry.seconds).collect();
    assert_eq!((later.held_s, later.due_at, made_up), (1_800, at("2026-11-23T13:20:00Z"), vec![1_200]));
    without_a_gap(&later, &ledger);
    // The same in working time, where the second takes the rest of this day and of the next.
    let rules = clock_rules("{within: {business: PT1H}}");
    let clock = started(&rules, at("2026-11-27T16:30:00Z"));
    let missed = paused(&clock, &rules, at("2026-11-27T16:40:00Z"), at("2026-11-27T16:50:00Z"));
    let missed = missed.stepped(&rules, &office()).unwrap();
    let later = paused(&missed, &rules, at("2026-11-30T10:00:00Z"), at("2026-12-01T17:00:00Z"));
    assert_eq!(later.due_at, at("2026-11-30T09:40:00Z"));
    without_a_gap(&later, &later.ledger(&rules, &office()).unwrap());
}

/// A step that waited for hours comes after the deadline; put off together, it must not come with it in the evening.
#[test]
fn a_step_behind_a_deadline_that_was_put_off_waits_for_hours_still() {
    let rules = clock_rules("{within: PT16H, ladder: [{at: 50%, do: notify_manager}]}");
    let clock = started(&rules, at("2026-11-23T16:30:00Z"));
    let after = paused(&clock, &rules, at("2026-11-24T07:00:00Z"), at("2026-11-24T17:00:00Z"));
    assert_eq!(after.next_at, Some(at("2026-11-24T18:30:00Z")), "the deadline is recorded at its instant");
    let told = after.stepped(&rules, &office()).unwrap();
    assert_eq!(told.next_at, Some(at("2026-11-25T09:00:00Z")));
    assert!(told.follows(&rules, &office()).unwrap());
}

proptest! {
    #[test]
    fn the_working_time_to_the_deadline_is_the_span_and_the_pauses(
        start in 0_i64..600_000, hours in 1_u32..60, pauses in prop::collection::vec((0_i64..300_000, 0_i64..400_000), 1..4),
    ) {
        let rules = clock_rules(&format!("{{within: {{business: PT{hours}H}}}}"));
        let began = noon() + SignedDuration::from_secs(start);
        let mut clock = started(&rules, began);
        let (mut now, mut took) = (began, 0);
        for (before, long) in pauses {
            let from = now + SignedDuration::from_secs(before);
            if from >= clock.due_at {
                break;
            }
            now = from + SignedDuration::from_secs(long);
            took += office().between(from, now);
            clock = paused(&clock, &rules, from, now);
        }
        prop_assert_eq!(office().between(began, clock.due_at), i64::from(hours) * 3_600 + took);
        prop_assert_eq!(clock.next_at, Some(clock.due_at));
        prop_assert!(clock.follows(&rules, &office()).unwrap());
    }
}

/// `stalled` knows when its pauses were: put on working time it counts of a weekend's pause what was worked in it. From Friday
/// at ten that is seven hours, and one on Monday; with the 24 of the rules they are four days.
#[test]
fn a_pause_is_counted_anew_by_rules_of_another_kind() {
    let by_the_clock = clock_rules("{within: PT72H}");
    let (policy, id) = (RuleId::parse("old").unwrap(), CalendarId::parse("office").unwrap());
    let (version, start_at) = (PlaybookVersion(1), at("2026-11-27T09:00:00Z"));
    let clock =
        start(ClockKind::Stalled, &by_the_clock, &policy, version, (&id, &office()), start_at).unwrap();
    let clock = paused(&clock, &by_the_clock, at("2026-11-27T10:00:00Z"), at("2026-11-30T10:00:00Z"));
    assert_eq!(clock.due_at, at("2026-12-03T09:00:00Z"));
    let rules = clock_rules("{within: {business: PT24H}}");
    let terms =
        Terms { policy: &policy, rules: &rules, playbook: PlaybookVersion(2), calendar: (&id, &office()) };
    let after = clock.rebased(terms, at("2026-11-30T11:00:00Z")).unwrap();
    assert_eq!((after.held_s, after.due_at), (8 * 3_600, at("2026-12-02T17:00:00Z")));
    assert!(after.follows(&rules, &office()).unwrap());
}
