//! Who is gone, until when, and what becomes of an offer meanwhile.

use super::*;
use crate::lead::samples::{after, lead_at, offered, step};
use crate::lead::{EffectKind, EventKind, Lead, Move, Stage};
use crate::sla::{ClockKind, ClockStatus};

fn absence(from: &str, until: &str) -> Absence {
    Absence { from: at(from), until: at(until) }
}

#[test]
fn what_is_set_by_hand_goes_before_the_playbook_and_nobody_is_there_whom_it_does_not_name() {
    let (on, off) = (a_rep(""), a_rep(", active: false"));
    let by_hand = |active| RepState { active, ..state() };
    for (rep, active, expected) in [
        (Some(&on), None, None),
        (Some(&off), None, Some(Gone::Inactive)),
        (Some(&on), Some(false), Some(Gone::Inactive)),
        (Some(&off), Some(true), None),
        (None, None, Some(Gone::Inactive)),
        (None, Some(true), Some(Gone::Inactive)),
    ] {
        assert_eq!(by_hand(active).gone(rep, monday()), expected, "{active:?}");
    }
    let everything = RepState { away: true, absent_until: Some(Timestamp::MAX), ..state() };
    assert_eq!(everything.gone(Some(&on), monday()), Some(Gone::Away));
    assert_eq!(RepState { away: false, ..everything }.gone(Some(&on), monday()), Some(Gone::Absent));
}

#[test]
fn part_of_a_day_is_an_absence_and_touching_ones_are_one() {
    let morning = absence("2026-11-23T08:00:00Z", "2026-11-23T10:00:00Z");
    let noon = absence("2026-11-23T10:00:00Z", "2026-11-23T11:30:00Z");
    let evening = absence("2026-11-23T15:00:00Z", "2026-11-23T16:00:00Z");
    let state = RepState { absences: vec![morning, noon, evening], ..state() };
    for (now, absent) in [
        ("2026-11-23T07:59:59Z", false),
        ("2026-11-23T08:00:00Z", true),
        ("2026-11-23T10:00:00Z", true),
        ("2026-11-23T11:29:59Z", true),
        ("2026-11-23T11:30:00Z", false),
        ("2026-11-23T15:30:00Z", true),
        ("2026-11-23T16:00:00Z", false),
    ] {
        assert_eq!(state.is_absent(at(now)), absent, "{now}");
        let expected = if absent { Err(Ineligible::Absent) } else { Ok(()) };
        let night = a_pool("{members: [anna], always_open: true}");
        assert_eq!(check(&a_rep(""), &state, &night, &berlin(), &[], at(now)), expected, "{now}");
    }
    let now = at("2026-11-23T08:30:00Z");
    assert_eq!(state.back_at(now), Some(noon.until), "over the one that follows without a gap");
    assert_eq!(next_chance(&a_rep(""), &state, &berlin(), Ineligible::Absent, now), Some(noon.until));
    assert_eq!(state.next_boundary(now), Some(morning.until));
    assert_eq!(state.next_boundary(noon.until), Some(evening.from));
    assert_eq!(state.next_boundary(evening.until), None);
    let no_end = RepState { absent_from: Some(noon.from), ..state };
    assert_eq!(no_end.back_at(now), None, "it runs into one without an end");
}

#[test]
fn an_offer_of_somebody_who_is_gone_goes_back_to_routing_as_if_it_had_not_been_made() {
    let lead = offered();
    let back = lead.withdrawn(Gone::Absent, &step(after(60))).unwrap();
    assert_eq!((back.stage, back.version, &back.owner), (Stage::Scored, lead.version + 1, &None));
    assert!(back.tried.is_empty(), "the rep may have it again in this cycle");
    assert_eq!(back.offers, lead.offers, "an offer's number is never used twice");
    let EventKind::Withdrawn { rep_id, because } = &back.last_event.kind else { panic!("{back:?}") };
    assert_eq!((rep_id, because), (&rep("anna"), &Gone::Absent));
    let told = |lead: &Lead| {
        lead.effects
            .iter()
            .any(|e| matches!(&e.kind, EffectKind::OfferMoved { rep_id, offer: 1 } if *rep_id == rep("anna")))
    };
    assert!(told(&back) && !told(&lead), "the rep hears of it");
    assert!(
        !back
            .effects
            .iter()
            .any(|e| matches!(e.kind, EffectKind::Offer { .. } | EffectKind::Reminder { .. }))
    );
    assert!(back.clocks.iter().all(|c| c.kind != ClockKind::Accept || c.status != ClockStatus::Running));
    assert!(back.due_at().is_some(), "somebody looks after it on its way");
    for stage in Stage::ALL {
        let other = Lead { stage, ..lead.clone() };
        assert_eq!(
            other.withdrawn(Gone::Away, &step(after(60))).is_ok(),
            stage == Stage::Offered,
            "{stage:?}"
        );
    }
}

#[test]
fn work_that_has_begun_stays_and_the_manager_is_told_once() {
    let lead = lead_at(Stage::Accepted);
    let told = lead.owner_gone(&step(after(120))).unwrap();
    assert_eq!((told.stage, told.held_by()), (Stage::Accepted, Some(&rep("anna"))));
    assert_eq!(told.owner.as_ref().unwrap().gone_told_at, Some(after(120)));
    assert_eq!(told.clocks, lead.clocks, "no clock stops for it");
    assert!(
        told.effects
            .iter()
            .any(|e| matches!(&e.kind, EffectKind::OwnerGone { rep_id, .. } if *rep_id == rep("anna")))
    );
    for stage in Stage::ALL {
        let at_work = matches!(stage, Stage::Accepted | Stage::Working | Stage::Qualified);
        assert_eq!(Move::TellOwnerGone.is_legal_from(stage), at_work, "{stage:?}");
    }
}
