//! What sales and marketing may say, and what follows.

use super::*;
use crate::lead::samples::{call, contact, offered, rep};
use crate::playbook::Rejection;
use crate::sla::{ClockKind, ClockStatus, ContactDirection, ContactOutcome};

fn answer(lead: &Lead, answer: &Answer, seconds: i64) -> Result<Lead, AnswerError> {
    lead.answered(answer, &step(after(seconds)))
}

fn status(lead: &Lead, kind: ClockKind) -> Option<ClockStatus> {
    lead.clocks.iter().find(|c| c.kind == kind).map(|c| c.status)
}

/// An offered lead whose clock of a kind has passed its deadline.
fn breached(kind: ClockKind) -> Lead {
    let lead = offered();
    let clock = lead.running_clock(kind).unwrap().clone();
    let due_at = clock.due_at;
    lead.breached(crate::sla::Clock { status: ClockStatus::Breached, step: 2, ..clock }, &step(due_at))
        .unwrap()
}

#[test]
fn only_the_offered_rep_accepts_and_only_once() {
    let lead = offered();
    let by = |name| Answer::Accept { rep_id: rep(name) };
    assert_eq!(answer(&lead, &by("bruno"), 60), Err(AnswerError::NotYours));
    let accepted = answer(&lead, &by("anna"), 60).unwrap();
    assert_eq!(accepted.stage, Stage::Accepted);
    assert_eq!(accepted.owner.as_ref().unwrap().accepted_at, Some(after(60)));
    assert_eq!(status(&accepted, ClockKind::Accept), Some(ClockStatus::Met));
    assert_eq!(status(&accepted, ClockKind::FirstTouch), Some(ClockStatus::Running));
    let again = answer(&accepted, &by("anna"), 70).unwrap_err();
    let AnswerError::Illegal(illegal) = &again else { panic!("{again:?}") };
    assert_eq!((illegal.tried, illegal.stage), (Move::Accept, Stage::Accepted));
    assert_eq!(
        illegal.allowed(),
        [
            "reject",
            "contact",
            "qualify",
            "pause",
            "resume",
            "recycle",
            "disqualify",
            "lose",
            "reassign",
            "erase"
        ]
    );
}

#[test]
fn whoever_does_not_have_the_lead_cannot_answer_for_it() {
    let bruno = || rep("bruno");
    let accepted = lead_at(Stage::Accepted);
    for said in [
        Answer::Reject { rep_id: bruno(), reason: "no".into(), means: Rejection::Reroute },
        Answer::Qualify { rep_id: bruno(), checklist: Default::default() },
        call("bruno", after(70)),
    ] {
        assert_eq!(answer(&accepted, &said, 80), Err(AnswerError::NotYours), "{said:?}");
    }
}

#[test]
fn only_a_human_who_reaches_out_stops_the_first_touch_clock() {
    use ContactDirection::{Inbound, Outbound};
    use ContactOutcome::*;
    let expected = [
        (Connected, true),
        (LeftMessage, true),
        (NoAnswer, true),
        (Replied, true),
        (MeetingBooked, true),
        (Bounced, false),
        (Automated, false),
    ];
    for stage in [Stage::Offered, Stage::Accepted] {
        for (outcome, human) in expected {
            for direction in [Outbound, Inbound] {
                let stops = human && direction == Outbound;
                let said = contact("anna", direction, outcome, after(70));
                let next = answer(&lead_at(stage), &said, 80).unwrap();
                let case = format!("{} {} at {}", direction.name(), outcome.name(), stage.name());
                assert_eq!(next.stage, if stops { Stage::Working } else { stage }, "{case}");
                let wanted = if stops { ClockStatus::Met } else { ClockStatus::Running };
                assert_eq!(status(&next, ClockKind::FirstTouch), Some(wanted), "{case}");
            }
        }
    }
    // Who calls without accepting first has accepted.
    let called = answer(&offered(), &call("anna", after(70)), 80).unwrap();
    assert_eq!(called.owner.unwrap().accepted_at, Some(after(70)));
    // An opportunity stays one.
    let later = answer(&lead_at(Stage::Qualified), &call("anna", after(200)), 210).unwrap();
    assert_eq!(later.stage, Stage::Qualified);
}

#[test]
fn evidence_counts_from_when_it_happened_not_from_when_it_came() {
    // First touch is due at 2 h. The call was in time; the CRM tells us a day later.
    let lead = breached(ClockKind::FirstTouch);
    assert_eq!(status(&lead, ClockKind::FirstTouch), Some(ClockStatus::Breached));
    let met = answer(&lead, &call("anna", after(7_200)), 86_400).unwrap();
    assert_eq!(status(&met, ClockKind::FirstTouch), Some(ClockStatus::Met));
    let late = answer(&lead, &call("anna", after(7_201)), 86_400).unwrap();
    assert_eq!(status(&late, ClockKind::FirstTouch), Some(ClockStatus::MetLate));
    // An earlier call that comes to light after a later one still counts.
    let flipped = answer(&late, &call("anna", after(600)), 90_000).unwrap();
    assert_eq!(status(&flipped, ClockKind::FirstTouch), Some(ClockStatus::Met));
    // The other way round nothing is lost.
    let kept = answer(&met, &call("anna", after(80_000)), 90_000).unwrap();
    assert_eq!(status(&kept, ClockKind::FirstTouch), Some(ClockStatus::Met));
    // A call before the offer answers for the buyer's wait, but nothing is accepted before it is offered.
    let early = answer(&offered(), &call("anna", after(5)), 80).unwrap();
    assert_eq!(early.owner.unwrap().accepted_at, Some(after(30)));
}

#[test]
fn a_contact_of_an_earlier_cycle_says_nothing_about_this_one() {
    let lead = Lead { received_at: after(50), cycle: 2, ..lead_at(Stage::Accepted) };
    assert_eq!(answer(&lead, &call("anna", after(49)), 80), Err(AnswerError::Implausible));
    assert!(answer(&lead, &call("anna", after(50)), 80).is_ok());
}

#[test]
fn implausible_instants_are_refused() {
    let lead = lead_at(Stage::Accepted);
    // Another system's clock may be five minutes ahead.
    for occurred_at in [after(80 + 301), after(-1)] {
        assert_eq!(answer(&lead, &call("anna", occurred_at), 80), Err(AnswerError::Implausible));
    }
    assert!(answer(&lead, &call("anna", after(80)), 80).is_ok());
    assert!(answer(&lead, &call("anna", after(0)), 80).is_ok());
    let recycle = |wake_at| Answer::Recycle { reason: "later".into(), wake_at };
    assert_eq!(answer(&lead, &recycle(after(80)), 80), Err(AnswerError::Implausible));
    assert!(answer(&lead, &recycle(after(81)), 80).is_ok());
    // What is illegal is told as such, whatever the instant.
    let closed = answer(&lead_at(Stage::Won), &recycle(after(0)), 200);
    assert!(matches!(closed, Err(AnswerError::Illegal(_))));
}

#[test]
fn a_rejection_means_what_the_playbook_says() {
    let reject = |means| {
        answer(&offered(), &Answer::Reject { rep_id: rep("anna"), reason: "why".into(), means }, 60).unwrap()
    };

    let rerouted = reject(Rejection::Reroute);
    assert_eq!((rerouted.stage, rerouted.wake_ups()), (Stage::Scored, vec![Hop::Route]));
    assert_eq!(status(&rerouted, ClockKind::Accept), None);
    assert_eq!(status(&rerouted, ClockKind::FirstTouch), Some(ClockStatus::Running));
    assert_eq!(rerouted.exact_due_at(), None, "the ladder is held while nobody has the lead");
    assert_eq!(rerouted.tried, [rep("anna")]);

    let disqualified = reject(Rejection::Disqualify);
    assert_eq!((disqualified.stage, disqualified.wake_at), (Stage::Disqualified, None));

    let recycled = reject(Rejection::Recycle);
    assert_eq!(recycled.stage, Stage::Recycled);
    assert_eq!(recycled.wake_at, Some(after(60 + 30 * 86_400)), "thirty days");

    for lead in [&rerouted, &disqualified, &recycled] {
        assert_eq!((lead.owner.clone(), lead.held_by()), (None, None));
        assert_eq!(lead.reason.as_deref(), Some("why"));
        assert!(
            !lead.effects.iter().any(|e| matches!(e.kind, EffectKind::Offer { .. })),
            "no offer to tell of"
        );
    }
    for lead in [&disqualified, &recycled] {
        assert_eq!(status(lead, ClockKind::FirstTouch), Some(ClockStatus::Cancelled));
        assert_eq!(lead.exact_due_at(), lead.wake_at);
    }
}

#[test]
fn a_held_first_touch_clock_goes_on_where_it_was() {
    // The reminder of the first-touch ladder (75 % of 2 h) was given; then the rep hands the lead back.
    let lead = offered();
    let running = lead.running_clock(ClockKind::FirstTouch).unwrap();
    let reminded = running.stepped(&samples::touch_rules(), &samples::always()).unwrap();
    let lead = lead.reminded(reminded.clone(), &step(after(5_400))).unwrap();
    let reject = Answer::Reject { rep_id: rep("anna"), reason: "busy".into(), means: Rejection::Reroute };
    let lead = answer(&lead, &reject, 6_000).unwrap();
    let held = lead.running_clock(ClockKind::FirstTouch).unwrap();
    assert_eq!((held.next_at, held.step, held.due_at), (None, 1, after(7_200)));
    let lead = lead.offered(&samples::assignment(&lead, "bruno", after(6_060)), &step(after(6_060))).unwrap();
    assert_eq!(lead.running_clock(ClockKind::FirstTouch), Some(&reminded));
    assert_eq!(reminded.next_at, Some(after(7_200)), "next is the breach, not the reminder again");
}

#[test]
fn closing_a_lead_ends_its_clocks_and_timers() {
    let reason = || "over".to_owned();
    let parked = lead_at(Stage::Parked);
    assert!(parked.wake_at.is_some());
    for stage in [Stage::Parked, Stage::Recycled, Stage::Offered, Stage::Accepted, Stage::Scored] {
        let closed = answer(&lead_at(stage), &Answer::Disqualify { reason: reason() }, 300).unwrap();
        assert_eq!(closed.exact_due_at(), None, "{}", stage.name());
        assert_eq!((closed.parked.clone(), closed.owner.clone()), (None, None), "{}", stage.name());
        assert_eq!(closed.accountable(), Accountable::Queue("closed"));
    }
    // An opportunity confirmed without a reported call has no ladder left to climb.
    let qualified = answer(
        &lead_at(Stage::Accepted),
        &Answer::Qualify { rep_id: rep("anna"), checklist: Default::default() },
        90,
    )
    .unwrap();
    assert_eq!(status(&qualified, ClockKind::FirstTouch), Some(ClockStatus::Met));
    assert_eq!(qualified.exact_due_at(), None);
    let lost = answer(&lead_at(Stage::Accepted), &Answer::Lose { reason: reason() }, 90).unwrap();
    assert_eq!(status(&lost, ClockKind::FirstTouch), Some(ClockStatus::Cancelled));
    assert_eq!((lost.reason.as_deref(), lost.exact_due_at()), (Some("over"), None));
    let won = answer(&lead_at(Stage::Qualified), &Answer::Win, 200).unwrap();
    assert!(matches!(&won.last_event.kind, EventKind::Won { rep_id } if *rep_id == rep("anna")));
}

#[test]
fn a_released_submission_keeps_its_receipt_time() {
    let lead = lead_at(Stage::Quarantined);
    assert!(lead.effects.is_empty(), "spam is not acknowledged");
    let released = lead.released(&step(after(7_200))).unwrap();
    assert_eq!((released.stage, released.received_at, released.reason), (Stage::Received, noon(), None));
    let merged = lead.merged(&LeadId::from_bits([2; 16]), &step(after(60))).unwrap();
    assert_eq!(merged.merged_into, Some(LeadId::from_bits([2; 16])));
}

#[test]
fn the_actor_is_the_rep_when_one_answers() {
    assert_eq!(Lead::acting(Some(&rep("anna")), "crm"), Actor::Rep { rep_id: rep("anna") });
    assert_eq!(Lead::acting(None, "crm"), Actor::Key { subject: "crm".into() });
}
