//! Loads and caps of reps, turns of pools, calendars.

use super::super::story::kept;
use super::super::{Violation, cap, holidays, load, pool, turns};
use crate::ids::{CalendarId, PlaybookVersion, PoolId};
use crate::lead::samples::{after, calendar, pool as sample_pool, rep};
use crate::lead::{Lead, Stage};
use crate::routing::{Basis, Candidate, Caps, Load, MemberTurn, PoolState, TURN, pick};

#[test]
fn a_load_is_what_the_leads_held_come_to() {
    let mut offered = kept(Stage::Offered).lead;
    offered.owner.as_mut().unwrap().value = 3;
    let accepted = Lead { stage: Stage::Accepted, ..offered.clone() };
    let gone = Lead { stage: Stage::Nurturing, owner: None, ..offered.clone() };
    let held = [offered, accepted, gone];
    let counted = |open, unaccepted, value| load(&rep("anna"), Load { open, unaccepted, value }, &held);
    assert_eq!(counted(2, 1, 6), None, "two leads of three points each, one of them not answered");
    for wrong in [counted(3, 1, 6), counted(1, 1, 6), counted(2, 2, 6), counted(2, 0, 6), counted(2, 1, 3)] {
        assert_eq!(wrong, Some(Violation::WrongLoad { rep_id: rep("anna") }));
    }
    assert_eq!(load(&rep("anna"), Load::default(), &[]), None);
}

/// So many quarters of an hour later: far enough apart for their order to be sure.
fn quarters(n: i64) -> jiff::Timestamp {
    after(n * 900)
}

#[test]
fn a_cap_is_judged_by_the_version_of_the_last_offer() {
    let held = |n: i64, version: u32| {
        let mut lead = kept(Stage::Offered).lead;
        lead.owner.as_mut().unwrap().offered_at = quarters(n);
        for clock in &mut lead.clocks {
            (clock.playbook, clock.started_at) = (PlaybookVersion(version), quarters(n));
        }
        lead
    };
    // Two allowed by version 1, and only one by version 2, which came when both were offered already.
    let of = |version: PlaybookVersion| {
        Some(Caps { open: Some(if version.0 == 1 { 2 } else { 1 }), ..Caps::default() })
    };
    let judged = |held: &[Lead], set_at| cap(&rep("anna"), held, set_at, of);
    assert_eq!(judged(&[held(30, 1), held(60, 1)], None), None);
    let over = Some(Violation::OverCap { rep_id: rep("anna") });
    assert_eq!(judged(&[held(60, 2), held(30, 1)], None), over);
    let three = [held(30, 1), held(60, 1), held(90, 1)];
    assert_eq!(judged(&three, None), over);
    assert_eq!(cap(&rep("anna"), &three, None, |_| None), None);
    // Another limit may have been set by hand when the last of them was offered.
    assert_eq!(judged(&three, Some(quarters(90))), None);
    assert_eq!(judged(&three, Some(quarters(89))), over);
    // What comes to somebody as the fallback comes over the cap, and counts for what is offered by turn afterwards.
    let fallen = |n: i64| {
        let mut lead = held(n, 1);
        lead.owner.as_mut().unwrap().basis = Basis::Fallback;
        lead
    };
    assert_eq!(judged(&[fallen(30), fallen(60), fallen(90)], None), None);
    assert_eq!(judged(&[held(30, 1), held(60, 1), fallen(90)], None), None);
    assert_eq!(judged(&[held(30, 1), fallen(60), held(90, 1)], None), over);
}

#[test]
fn a_cap_is_not_judged_by_a_version_that_the_offer_was_not_made_by() {
    let offered = |n: i64, version: u32| {
        let mut lead = kept(Stage::Offered).lead;
        lead.owner.as_mut().unwrap().offered_at = quarters(n);
        for clock in &mut lead.clocks {
            (clock.playbook, clock.started_at) = (PlaybookVersion(version), quarters(n));
        }
        lead
    };
    // As many are allowed as the version's number says.
    let of = |version: PlaybookVersion| Some(Caps { open: Some(version.0), ..Caps::default() });
    let judged = |held: &[Lead]| cap(&rep("anna"), held, None, of);
    let over = Some(Violation::OverCap { rep_id: rep("anna") });
    // An opportunity of somebody else's, offered by version 1, given by hand when version 2 allowed two.
    let given = |n: i64| {
        let mut lead = offered(10, 1);
        lead.stage = Stage::Qualified;
        let owner = lead.owner.as_mut().unwrap();
        (owner.offered_at, owner.basis) = (quarters(n), Basis::ByHand);
        lead
    };
    assert_eq!(judged(&[offered(30, 1), given(60)]), None);
    assert_eq!(judged(&[given(60)]), None, "nothing says what held then");
    assert_eq!(judged(&[given(20), offered(30, 1)]), over, "it counts for what is offered after it");
    // Two offers by version 2, of which one was put on the rules of version 1 since, which allows one.
    let rebased = |n: i64| {
        let mut lead = offered(n, 1);
        lead.clocks.iter_mut().for_each(|c| c.round = 1);
        lead
    };
    assert_eq!(judged(&[offered(30, 2), rebased(60)]), None);
    assert_eq!(judged(&[rebased(30), offered(60, 2)]), None);
    assert_eq!(judged(&[rebased(30), offered(60, 1)]), over);
}

/// Two writers at the time of a publication: each is held up, or has a clock of its own.
#[test]
fn nobody_is_accused_by_an_order_that_is_not_sure() {
    let offered = |at: jiff::Timestamp, version: u32| {
        let mut lead = kept(Stage::Offered).lead;
        lead.owner.as_mut().unwrap().offered_at = at;
        for clock in &mut lead.clocks {
            (clock.playbook, clock.started_at) = (PlaybookVersion(version), at);
        }
        lead
    };
    // Two by version 1, one by version 2, and no limit by version 3.
    let of = |version: PlaybookVersion| {
        Some(Caps { open: [Some(2), Some(1), None][version.0 as usize - 1], ..Caps::default() })
    };
    let judged = |held: &[Lead]| cap(&rep("anna"), held, None, of);
    let over = Some(Violation::OverCap { rep_id: rep("anna") });
    let late = quarters(10);
    let before = |seconds: i64| late - jiff::SignedDuration::from_secs(seconds);
    // The one by version 1 may have been committed last.
    assert_eq!(judged(&[offered(late, 2), offered(before(600), 1)]), None);
    assert_eq!(judged(&[offered(late, 2), offered(before(700), 1)]), over);
    assert_eq!(
        judged(&[offered(late, 2), offered(before(600), 1), offered(before(9), 2)]),
        over,
        "nor by two"
    );
    assert_eq!(judged(&[offered(late, 2), offered(before(600), 3), offered(before(9), 1)]), None);
    // What is no offer by a version counts if it surely was there.
    let fallen = |at: jiff::Timestamp| {
        let mut lead = offered(at, 1);
        lead.owner.as_mut().unwrap().basis = Basis::Fallback;
        lead
    };
    assert_eq!(judged(&[offered(late, 2), fallen(before(600))]), None);
    assert_eq!(judged(&[offered(late, 2), fallen(before(700))]), over);
    // So with limits set by hand.
    let set =
        |seconds: i64| cap(&rep("anna"), &[offered(late, 2), offered(late, 2)], Some(before(seconds)), of);
    assert_eq!((set(600), set(700)), (None, over));
}

#[test]
fn what_is_unanswered_and_what_leads_are_worth_have_caps_too() {
    let mut offered = kept(Stage::Offered).lead;
    offered.owner.as_mut().unwrap().value = 3;
    let accepted = Lead { stage: Stage::Accepted, ..offered.clone() };
    let over = Some(Violation::OverCap { rep_id: rep("anna") });
    let judged = |held: &[Lead], caps: Caps| cap(&rep("anna"), held, None, |_| Some(caps));
    let unaccepted = Caps { unaccepted: Some(1), ..Caps::default() };
    assert_eq!(judged(&[offered.clone(), accepted.clone()], unaccepted), None);
    assert_eq!(judged(&[offered.clone(), offered.clone()], unaccepted), over);
    let value = |most| Caps { value: Some(most), ..Caps::default() };
    assert_eq!(judged(&[offered.clone(), accepted.clone()], value(6)), None);
    assert_eq!(judged(&[offered, accepted], value(5)), over);
}

fn emea() -> PoolId {
    sample_pool()
}

fn turn(assigned: u64, halves: i64) -> MemberTurn {
    MemberTurn { assigned, deviation: halves * TURN / 2, ..MemberTurn::default() }
}

fn pool_of(picks: u64, anna: MemberTurn, bert: MemberTurn) -> PoolState {
    PoolState { members: [(rep("anna"), anna), (rep("bert"), bert)].into(), picks, given_back: 0 }
}

fn equals() -> [Candidate; 2] {
    ["anna", "bert"].map(|name| Candidate { rep_id: rep(name), weight: 1 })
}

#[test]
fn turns_add_up_whoever_was_there_and_whatever_was_given_back() {
    let everybody = equals();
    let mut state = PoolState::default();
    assert_eq!(pool(&emea(), &state, &everybody), []);
    for n in 0..40 {
        let present = match n % 5 {
            0 => &everybody[..1],
            1 => &everybody[1..],
            _ => &everybody[..],
        };
        let (record, next) = pick(&state, present).unwrap();
        state = next;
        if n % 7 == 3 {
            state.give_back(&record);
        }
        assert_eq!(pool(&emea(), &state, &everybody), [], "after {n}");
    }
    let wrong = [Violation::WrongTurns { pool_id: emea() }];
    for spoilt in [
        PoolState { picks: state.picks + 1, ..state.clone() },
        pool_of(2, turn(1, 0), turn(0, 0)),
        // Three leads for two turns, and somebody entitled to less than nothing.
        pool_of(2, turn(2, -2), turn(1, 0)),
        pool_of(2, turn(1, -4), turn(1, 4)),
    ] {
        assert_eq!(pool(&emea(), &spoilt, &everybody), wrong, "{spoilt:?}");
    }
}

#[test]
fn drift_is_judged_while_the_counters_show_that_nobody_came_or_went() {
    let everybody = equals();
    // Ten turns between two equals: eight and two are three leads away from five each.
    let unfair = pool_of(10, turn(8, -6), turn(2, 6));
    assert_eq!(pool(&emea(), &unfair, &everybody), [Violation::Drift { pool_id: emea() }]);
    // The same numbers where anna was alone for six turns are right.
    let alone = pool_of(10, turn(8, 0), turn(2, 0));
    assert_eq!(pool(&emea(), &alone, &everybody), []);
    // And of another pool than the counters are about nothing can be said.
    assert_eq!(pool(&emea(), &unfair, &everybody[..1]), []);
}

#[test]
fn a_pool_takes_one_turn_for_each_assignment() {
    let state = pool_of(3, turn(1, 1), turn(1, 1));
    assert_eq!(turns(&emea(), &state, 3, 1), None);
    let wrong = Some(Violation::WrongTurns { pool_id: emea() });
    assert_eq!(turns(&emea(), &state, 3, 0), wrong);
    assert_eq!(turns(&emea(), &state, 2, 1), wrong);
}

#[test]
fn the_end_of_the_known_holidays_is_told_a_year_ahead() {
    let week = "weekly: {mon: [['09:00', '17:00']]}";
    let of = |more: &str| calendar(&format!("{{zone: UTC, {week}{more}}}"));
    let (german, plain) = (of(", public_holidays: DE"), of(""));
    let id = CalendarId::parse("office").unwrap();
    let told = |calendar, now: &str| holidays(&id, calendar, now.parse().unwrap());
    assert_eq!(told(&german, "2026-11-25T12:00:00Z"), None);
    assert_eq!(told(&german, "2034-12-31T23:59:59Z"), None);
    let end = Some(Violation::HolidaysEnd { calendar_id: id.clone() });
    assert_eq!(told(&german, "2035-01-01T00:00:00Z"), end);
    assert_eq!(told(&german, "2040-01-01T00:00:00Z"), end);
    assert_eq!(told(&plain, "2040-01-01T00:00:00Z"), None);
}
