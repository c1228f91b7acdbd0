//! What runs while sales works on a lead, and what a pause does to it.

use jiff::SignedDuration;

use super::*;
use crate::lead::samples::{always, call, contact, offered, playbooks, rep, rules_of};
use crate::sla::{Clock, ClockKind, ClockStatus, ContactDirection, ContactOutcome};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

fn answer(lead: &Lead, answer: &Answer, seconds: i64) -> Result<Lead, AnswerError> {
    lead.answered_under(answer, &playbooks(), &step(after(seconds)))
}

fn clock(lead: &Lead, kind: ClockKind) -> &Clock {
    lead.clocks.iter().find(|c| c.kind == kind).unwrap()
}

fn accepted() -> Lead {
    answer(&offered(), &Answer::Accept { rep_id: rep("anna") }, 60).unwrap()
}

fn tried(lead: &Lead, occurred: i64, told: i64) -> Lead {
    let said = contact("anna", ContactDirection::Outbound, ContactOutcome::NoAnswer, after(occurred));
    answer(lead, &said, told).unwrap()
}

/// The lead with a clock taken over its deadline, at that instant.
fn missed(lead: &Lead, kind: ClockKind) -> Lead {
    let running = lead.running_clock(kind).unwrap();
    let at = running.due_at;
    let next = running.stepped(&rules_of(kind), &always()).unwrap();
    assert_eq!(next.status, ClockStatus::Breached);
    lead.breached(next, &step(at)).unwrap()
}

/// Anna calls before the deadline, the lead moves on to Bruno at it, and her call is reported only then.
#[test]
fn an_earlier_holder_tells_late_of_a_call_that_was_in_time() {
    let lead = offered();
    let accept = clock(&lead, ClockKind::Accept).clone();
    let moved_at = accept.due_at;
    let bruno = samples::assignment(&lead, "bruno", moved_at);
    let moved = lead.reassigned(&bruno, &accept, &step(moved_at)).unwrap();
    let told_at = moved_at.duration_since(after(0)).as_secs() + 60;
    let by_anna = |outcome, at| contact("anna", ContactDirection::Outbound, outcome, at);
    let said = by_anna(ContactOutcome::Connected, moved_at - SignedDuration::from_secs(1));

    let told = answer(&moved, &said, told_at).unwrap();
    assert_eq!(clock(&told, ClockKind::FirstTouch).status, ClockStatus::Met);
    // It is Bruno's to accept as before.
    assert_eq!((told.stage, &told.owner), (Stage::Offered, &moved.owner));
    assert_eq!(clock(&told, ClockKind::Accept), clock(&moved, ClockKind::Accept));
    // Nor does it count as a try of his, or end his pause.
    let taken = answer(&moved, &Answer::Accept { rep_id: rep("bruno") }, told_at).unwrap();
    let pause = Answer::Pause {
        rep_id: rep("bruno"),
        reason: "trip".into(),
        until: after(told_at) + SignedDuration::from_hours(1),
    };
    let paused = answer(&taken, &pause, told_at + 1).unwrap();
    let told = answer(&paused, &said, told_at + 2).unwrap();
    assert_eq!((told.stage, &told.paused), (Stage::Accepted, &paused.paused));
    assert_eq!(clock(&told, ClockKind::FirstTouch).status, ClockStatus::Met);
    for kind in [ClockKind::Attempts, ClockKind::QualifiedBy, ClockKind::Stalled] {
        assert_eq!(clock(&told, kind), clock(&paused, kind), "{}", kind.name());
    }
    // Only what happened before it moved on, only people, and only who had it in this cycle.
    for refused in [
        by_anna(ContactOutcome::Connected, moved_at),
        by_anna(ContactOutcome::Automated, moved_at - SignedDuration::from_secs(1)),
        call("chloe", moved_at - SignedDuration::from_secs(1)),
    ] {
        assert_eq!(answer(&moved, &refused, told_at), Err(AnswerError::NotYours), "{refused:?}");
    }
}

/// When nobody had the lead, or other rules were in force, no step could have been taken.
#[test]
fn a_step_is_not_late_before_it_could_be_taken() {
    let lead = offered();
    let touch = lead.running_clock(ClockKind::FirstTouch).unwrap();
    assert_eq!(lead.could_step_at(touch), touch.next_at);
    let passed = Clock { next_at: Some(after(-500)), ..touch.clone() };
    assert_eq!(lead.could_step_at(&passed), Some(after(30)), "when it was offered");
    let put = passed.put(after(90));
    assert_eq!(lead.could_step_at(&put), Some(after(90)), "when it was put there");
    assert_eq!(passed.put(after(-500)), passed, "it comes at that instant");
    assert_eq!(lead.could_step_at(&Clock { next_at: None, ..passed }), None);
}

#[test]
fn acceptance_starts_the_clocks_of_whoever_works_on_it() {
    let lead = accepted();
    for (kind, due) in
        [(ClockKind::Attempts, DAY), (ClockKind::QualifiedBy, 5 * DAY), (ClockKind::Stalled, 2 * DAY)]
    {
        let clock = clock(&lead, kind);
        assert_eq!((clock.started_at, clock.due_at), (after(60), after(60 + due)), "{}", kind.name());
        assert_eq!((clock.policy.as_str(), clock.status), ("hot", ClockStatus::Running));
    }
    // The next rep begins afresh, with an offer.
    let bruno = samples::assignment(&lead, "bruno", after(100));
    let accept = clock(&lead, ClockKind::Accept).clone();
    let moved = lead.reassigned(&bruno, &accept, &step(after(100))).unwrap();
    let kinds: Vec<ClockKind> = moved.clocks.iter().map(|c| c.kind).collect();
    assert_eq!(kinds, [ClockKind::FirstTouch, ClockKind::Accept]);
}

#[test]
fn only_what_sales_does_begins_the_stalled_clock_anew() {
    use ContactDirection::{Inbound, Outbound};
    let lead = accepted();
    let started = |lead: &Lead| clock(lead, ClockKind::Stalled).started_at;
    let told = |direction, outcome, at: i64| {
        answer(&lead, &contact("anna", direction, outcome, after(at)), at).unwrap()
    };
    for outcome in [ContactOutcome::Automated, ContactOutcome::Bounced] {
        assert_eq!(started(&told(Outbound, outcome, 500)), after(60), "a machine did it");
    }
    assert_eq!(started(&told(Inbound, ContactOutcome::Replied, 500)), after(60), "the prospect did it");
    let called = told(Outbound, ContactOutcome::NoAnswer, 500);
    assert_eq!((started(&called), clock(&called, ClockKind::Stalled).round), (after(500), 1));
    let qualified =
        answer(&called, &Answer::Qualify { rep_id: rep("anna"), checklist: Default::default() }, 900)
            .unwrap();
    assert_eq!((started(&qualified), qualified.stage), (after(900), Stage::Qualified));
    // News from elsewhere is none of it.
    let facts = called.facts_added(
        called.profile.clone(),
        Findings { fields: vec!["title".into()], ..Findings::default() },
        None,
        &step(after(700)),
    );
    let facts = facts.unwrap();
    let rescored =
        facts.scored(&samples::card(90, 90), &crate::qualification::Verdict::Qualified, &step(after(800)));
    assert_eq!(started(&rescored.unwrap()), after(500));
}

#[test]
fn a_stalled_lead_that_was_called_in_time_was_not_stalled_and_both_are_told() {
    let lead = missed(&accepted(), ClockKind::Stalled);
    // The CRM tells on the third day of a call on the second.
    let called = tried(&lead, DAY, 3 * DAY);
    let stalled = clock(&called, ClockKind::Stalled);
    assert_eq!((stalled.status, stalled.due_at, stalled.round), (ClockStatus::Running, after(3 * DAY), 1));
    let EventKind::Contacted { met_after_all, .. } = &called.last_event.kind else { panic!("{called:?}") };
    assert_eq!(met_after_all, &[ClockKind::Stalled]);
    assert!(called.last_event.kind.summary().contains("counted as missed and was met"));
    // A call on the third day is too late for that, and begins it anew all the same.
    let late = tried(&lead, 2 * DAY + HOUR, 3 * DAY);
    let EventKind::Contacted { met_after_all, .. } = &late.last_event.kind else { panic!("{late:?}") };
    assert_eq!((met_after_all.len(), clock(&late, ClockKind::Stalled).status), (0, ClockStatus::Running));
    // A call from before what is known already changes nothing.
    let earlier = tried(&late, DAY, 3 * DAY + 1);
    assert_eq!(clock(&earlier, ClockKind::Stalled), clock(&late, ClockKind::Stalled));
}

#[test]
fn nobody_is_unreachable_who_was_not_tried_as_often_as_the_policy_asks() {
    let reason = || UNREACHABLE.to_owned();
    let give_up = [
        Answer::Recycle { reason: reason(), wake_at: after(9 * DAY) },
        Answer::Disqualify { reason: reason() },
        Answer::Lose { reason: reason() },
    ];
    let mut lead = accepted();
    for made in 0..3 {
        for said in &give_up {
            let refused = answer(&lead, said, 1_000);
            assert_eq!(refused, Err(AnswerError::TooFewTries { made, at_least: 3 }), "{said:?}");
        }
        lead = tried(&lead, 100 + i64::from(made), 900);
    }
    assert_eq!(clock(&lead, ClockKind::Attempts).status, ClockStatus::Met);
    assert!(give_up.iter().all(|said| answer(&lead, said, 1_000).is_ok()));
    // Other reasons need no tries, and neither does a lead that sales does not have.
    let other = Answer::Disqualify { reason: "no-budget".into() };
    assert!(answer(&accepted(), &other, 1_000).is_ok());
    assert!(answer(&lead_at(Stage::Nurturing), &give_up[1], 1_000).is_ok());
    // An offer that was not even accepted was not tried.
    assert_eq!(answer(&offered(), &give_up[1], 70), Err(AnswerError::TooFewTries { made: 0, at_least: 3 }));
    // What is illegal is told as such.
    assert!(matches!(answer(&lead_at(Stage::Won), &give_up[0], 200), Err(AnswerError::Illegal(_))));
    // Whoever got through has nothing to try any more.
    let spoken = answer(&accepted(), &call("anna", after(90)), 90).unwrap();
    assert_eq!(clock(&spoken, ClockKind::Attempts).status, ClockStatus::Met);
}

#[test]
fn confirming_an_opportunity_meets_the_clock_for_it_and_giving_it_up_cancels() {
    let lead = accepted();
    let qualified =
        answer(&lead, &Answer::Qualify { rep_id: rep("anna"), checklist: Default::default() }, 5 * DAY + 60)
            .unwrap();
    assert_eq!(clock(&qualified, ClockKind::QualifiedBy).status, ClockStatus::Met);
    let late =
        answer(&lead, &Answer::Qualify { rep_id: rep("anna"), checklist: Default::default() }, 5 * DAY + 61)
            .unwrap();
    assert_eq!(clock(&late, ClockKind::QualifiedBy).status, ClockStatus::MetLate);
    let lost = answer(&lead, &Answer::Lose { reason: "price".into() }, 500).unwrap();
    for kind in [ClockKind::Attempts, ClockKind::QualifiedBy, ClockKind::Stalled] {
        assert_eq!(clock(&lost, kind).status, ClockStatus::Cancelled);
    }
    assert_eq!(lost.exact_due_at(), None);
}

fn pause(lead: &Lead, at: i64, until: i64) -> Result<Lead, AnswerError> {
    let said = Answer::Pause { rep_id: rep("anna"), reason: "holiday".into(), until: after(until) };
    answer(lead, &said, at)
}

#[test]
fn while_a_lead_is_paused_no_clock_counts_and_it_wakes_by_itself() {
    let lead = accepted();
    let paused = pause(&lead, HOUR, 3 * HOUR).unwrap();
    assert_eq!((paused.exact_due_at(), paused.due_at().is_some()), (Some(after(3 * HOUR)), true));
    assert!(paused.clocks.iter().all(|c| c.next_at.is_none()));
    let later = |lead: &Lead, by: i64| {
        for kind in [ClockKind::FirstTouch, ClockKind::Attempts, ClockKind::QualifiedBy, ClockKind::Stalled] {
            let (before, now) = (clock(&accepted(), kind).clone(), clock(lead, kind).clone());
            let by = SignedDuration::from_secs(by);
            assert_eq!(now.due_at, before.due_at + by, "{}", kind.name());
            assert_eq!(now.next_at, before.next_at.map(|at| at + by), "{}", kind.name());
        }
    };
    // Sooner by the rep, at its end by itself, and a late sweep counts no more than there was.
    let resumed = answer(&paused, &Answer::Resume { rep_id: rep("anna") }, HOUR + 600).unwrap();
    later(&resumed, 600);
    assert_eq!((resumed.paused.clone(), resumed.stage), (None, Stage::Accepted));
    for at in [3 * HOUR, 5 * HOUR] {
        later(&paused.pause_over(&playbooks(), &step(after(at))).unwrap(), 2 * HOUR);
    }
    // Paused again, it ends later and began when it began.
    let longer = pause(&paused, 2 * HOUR, 6 * HOUR).unwrap();
    later(&longer.pause_over(&playbooks(), &step(after(6 * HOUR))).unwrap(), 5 * HOUR);
}

/// Golden: Helpdesk #3776.
#[test]
fn a_pause_counts_before_the_answer_that_ends_it_in_the_same_write() {
    // The first touch is due at two hours; it is paused from one to four, and made at half past four.
    let paused = pause(&accepted(), HOUR, 4 * HOUR + HOUR / 2).unwrap();
    let called = answer(&paused, &call("anna", after(4 * HOUR)), 4 * HOUR).unwrap();
    assert_eq!(called.version, paused.version + 1);
    let touch = clock(&called, ClockKind::FirstTouch);
    assert_eq!((touch.status, touch.due_at), (ClockStatus::Met, after(5 * HOUR)));
    assert_eq!(called.paused, None);
    let qualified =
        answer(&paused, &Answer::Qualify { rep_id: rep("anna"), checklist: Default::default() }, 4 * HOUR)
            .unwrap();
    assert_eq!(clock(&qualified, ClockKind::FirstTouch).status, ClockStatus::Met);
    assert_eq!(clock(&qualified, ClockKind::QualifiedBy).due_at, after(60 + 5 * DAY + 3 * HOUR));
    // What the prospect or a machine did leaves the pause alone.
    let reply = contact("anna", ContactDirection::Inbound, ContactOutcome::Replied, after(2 * HOUR));
    let replied = answer(&paused, &reply, 2 * HOUR).unwrap();
    assert_eq!(
        (replied.paused.clone(), replied.exact_due_at()),
        (paused.paused.clone(), paused.exact_due_at())
    );
    // Whoever closes it ends it.
    let lost = answer(&paused, &Answer::Lose { reason: "price".into() }, 2 * HOUR).unwrap();
    assert_eq!((lost.paused, lost.clocks.iter().any(|c| c.next_at.is_some())), (None, false));
}

#[test]
fn a_pause_has_an_end_within_thirty_days_and_comes_before_no_step_that_is_due() {
    let lead = accepted();
    for until in [HOUR, HOUR - 1, HOUR + 30 * DAY + 1] {
        assert_eq!(pause(&lead, HOUR, until), Err(AnswerError::PauseOutOfBounds));
    }
    assert!(pause(&lead, HOUR, HOUR + 30 * DAY).is_ok());
    // The reminder of the first touch is due at an hour and a half, and nobody has dealt with it.
    assert_eq!(pause(&lead, 5_400, 2 * HOUR), Err(AnswerError::StepDue));
    let bruno = Answer::Pause { rep_id: rep("bruno"), reason: "holiday".into(), until: after(2 * HOUR) };
    assert_eq!(answer(&lead, &bruno, HOUR), Err(AnswerError::NotYours));
    assert!(matches!(pause(&offered(), 70, HOUR), Err(AnswerError::Illegal(_))));
    let resume = Answer::Resume { rep_id: rep("anna") };
    assert_eq!(answer(&lead, &resume, HOUR), Err(AnswerError::NotPaused));
}

#[test]
fn a_row_of_an_earlier_release_reads_and_gets_its_clock_with_the_next_answer() {
    // Accepted before there were such clocks.
    let old = lead_at(Stage::Working);
    assert_eq!((old.exact_due_at(), old.clocks.len()), (None, 2));
    let row = serde_json::to_value(&old).unwrap();
    for name in ["paused", "round", "held_s", "tries", "met_after_all"] {
        assert!(!row.to_string().contains(name), "{name} takes room only when there is something");
    }
    let old: Lead = serde_json::from_value(row).unwrap();
    let called = tried(&old, 500, 500);
    assert_eq!(clock(&called, ClockKind::Stalled).started_at, after(500));
}
