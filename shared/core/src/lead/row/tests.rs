use jiff::SignedDuration;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::contact::EmailAddress;
use crate::ids::{CalendarId, RuleId};
use crate::lead::samples::lead_at;
use crate::lead::{EventKind, Field, FieldValue, Origin, Profile};
use crate::sla::{Clock, ClockKind, ClockStatus};

fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap()
}

fn row(lead: &Lead) -> Value {
    serde_json::to_value(lead).unwrap()
}

#[test]
fn a_row_says_all_of_a_lead_whatever_its_stage() {
    for stage in Stage::ALL {
        let mut lead = lead_at(stage);
        assert_eq!(serde_json::from_value::<Lead>(row(&lead)).unwrap(), lead, "{}", stage.name());
        // Whatever a row need not say, it says when it is not as usual.
        lead.received_at += SignedDuration::from_millis(1);
        lead.burst_from += SignedDuration::from_nanos(1);
        lead.updated_at += SignedDuration::from_secs(5);
        (lead.cycle, lead.touches, lead.burst, lead.offers) = (2, 3, 4, 5);
        lead.last_event.seq += 1;
        lead.last_event.stage = Stage::Erased;
        lead.tried.push(RepId::parse("zoe").unwrap());
        if let Some(score) = &mut lead.score {
            score.playbook_version = PlaybookVersion(77);
        }
        assert_eq!(serde_json::from_value::<Lead>(row(&lead)).unwrap(), lead, "{}", stage.name());
    }
}

#[test]
fn an_instant_is_eight_bytes_unless_it_is_finer_than_a_millisecond() {
    let mut lead = lead_at(Stage::Nurturing);
    lead.wake_at = Some(at(1_790_000_000_500));
    assert_eq!(row(&lead)["wake_at"], json!(1_790_000_000_500_i64));
    lead.wake_at = Some(at(1_790_000_000_500) + SignedDuration::from_nanos(1));
    assert_eq!(row(&lead)["wake_at"], "2026-09-21T14:13:20.500000001Z");
    assert_eq!(serde_json::from_value::<Lead>(row(&lead)).unwrap(), lead);
}

#[test]
fn an_effect_and_its_confirmation_do_not_repeat_the_lead() {
    let mut lead = lead_at(Stage::Offered);
    let kind = EffectKind::Offer { rep_id: RepId::parse("anna").unwrap(), offer: 1 };
    let usual = Effect::new(&lead.lead_id, lead.cycle, kind.clone());
    let earlier = Effect::new(&lead.lead_id, lead.cycle + 1, kind);
    lead.effects = vec![usual.clone(), earlier.clone()];
    lead.last_event.kind = EventKind::Notified { effects: vec![usual.id, "of.another".to_owned()] };
    let stored = row(&lead);
    assert_eq!(stored["effects"][0], json!({ "what": "offer", "rep_id": "anna", "offer": 1 }));
    assert_eq!(stored["effects"][1]["id"], earlier.id);
    assert_eq!(stored["event"]["kind"]["effects"], json!([".1.offer.1", "of.another"]));
    assert_eq!(serde_json::from_value::<Lead>(stored).unwrap(), lead);
}

#[test]
fn a_profile_says_where_a_value_is_from_only_when_it_was_not_typed_into_a_form() {
    let mut lead = lead_at(Stage::Received);
    let text = |text: &str| FieldValue::Text(text.to_owned());
    lead.profile = Profile::new(EmailAddress::parse("ada@firm.example").unwrap(), Origin::Form);
    lead.profile.set(Field::CompanyName, &text("Firm"), Origin::Form);
    lead.profile.set(Field::CompanyDomain, &text("firm.example"), Origin::Provider("a b:c".to_owned()));
    lead.profile.set(Field::Seniority, &text("head"), Origin::Derived);
    lead.profile.set(Field::Industry, &text("Tools"), Origin::Derived);
    // A merge may leave a value without an origin or the reverse.
    lead.profile.origins.remove(&Field::CompanyName);
    lead.profile.origins.insert(Field::Phone, Origin::Crm);
    let stored = row(&lead);
    assert_eq!(
        stored["profile"],
        json!({
            "em": "ada@firm.example", "cn": "Firm", "cd": "firm.example", "se": "head", "ci": "Tools",
            "from": { "none": "cn", "derived": "se ci", "crm": "ph", "provider:a b:c": "cd" }
        })
    );
    assert_eq!(serde_json::from_value::<Lead>(stored).unwrap(), lead);
}

#[test]
fn clocks_say_once_what_they_have_in_common() {
    let mut lead = lead_at(Stage::Offered);
    let first = Clock {
        kind: ClockKind::Accept,
        policy: RuleId::parse("hot").unwrap(),
        playbook: PlaybookVersion(7),
        calendar: CalendarId::parse("berlin").unwrap(),
        started_at: at(1_790_000_000_500),
        due_at: at(1_790_001_800_500),
        warn_at: Some(at(1_790_000_900_500)),
        step: 0,
        next_at: Some(at(1_790_000_900_500)),
        status: ClockStatus::Running,
        round: 0,
        held_s: 0,
        tries: [].into(),
        put_at: None,
        pauses: Vec::new(),
    };
    let second = Clock {
        kind: ClockKind::Attempts,
        warn_at: None,
        next_at: Some(at(1_790_001_800_500)),
        status: ClockStatus::Breached,
        held_s: 60,
        tries: [at(1_790_000_001_000), at(1_789_999_999_500)].into(),
        put_at: Some(at(1_790_003_600_500)),
        pauses: vec![(at(1_790_000_010_000), at(1_790_000_070_000))],
        ..first.clone()
    };
    lead.clocks = vec![first, second];
    let stored = row(&lead);
    let lines = ["ar|hot|7|berlin|1790000000.5|1800|900||w", "tb|||||1800|||d||60|-1,0.5|3600|9.5+69.5"];
    assert_eq!(stored["clocks"], json!(lines));
    assert_eq!(serde_json::from_value::<Lead>(stored).unwrap(), lead);
}

#[test]
fn what_makes_no_sense_is_no_lead() {
    let right = row(&lead_at(Stage::Offered));
    let wrong: [(&str, Value); 13] = [
        ("/pk", json!("LEAD#ld_7")),
        ("/pk", json!("ld_00000000000000000000000000000000")),
        ("/stage", json!("sleeping")),
        ("/created_at", json!("yesterday")),
        ("/created_at", json!(u64::MAX)),
        ("/event/by", json!("robot:7")),
        ("/event/by", json!("rep:")),
        ("/profile/from", json!({ "hearsay": "em" })),
        ("/profile/from", json!({ "derived": "em xx" })),
        ("/clocks", json!(["ar"])),
        ("/clocks", json!(["ar||||1790000000|1800"])),
        ("/clocks", json!(["ar|hot|7|berlin|1790000000|18:00"])),
        ("/clocks", json!(["ar|hot|7|berlin|1790000000|1800|||w"])),
    ];
    for (place, value) in wrong {
        let mut row = right.clone();
        let (parent, name) = place.rsplit_once('/').unwrap();
        let parent = if parent.is_empty() { &mut row } else { row.pointer_mut(parent).unwrap() };
        parent[name] = value.clone();
        assert!(serde_json::from_value::<Lead>(row).is_err(), "{place}: {value}");
    }
}

fn any_clock() -> impl Strategy<Value = Clock> {
    let instant = || {
        prop_oneof![
            (1_500_000_000_i64..1_900_000_000).prop_map(|s| s * 1_000_000_000),
            1_500_000_000_000_000_000_i64..1_900_000_000_000_000_000,
        ]
        .prop_map(|ns| Timestamp::from_nanosecond(i128::from(ns)).unwrap())
    };
    let terms = (0..2_usize, 1..3_u32, 0..2_usize, prop_oneof![Just(at(1_790_000_000_000)), instant()]);
    let perhaps = || proptest::option::of(instant());
    let numbers = (0..3_u32, 0..3_u32, 0..100_000_u32);
    let next = (0..3_usize, perhaps());
    let tries = proptest::collection::btree_set(instant(), 0..4);
    let pauses = proptest::collection::vec((instant(), instant()), 0..3);
    let history = (tries, perhaps(), pauses);
    (0..5_usize, 0..5_usize, terms, instant(), perhaps(), next, numbers, history).prop_map(
        |(kind, status, terms, due_at, warn_at, next, (step, round, held_s), history)| Clock {
            kind: ClockKind::ALL[kind],
            policy: RuleId::parse(["hot_1-a", "7"][terms.0]).unwrap(),
            playbook: PlaybookVersion(terms.1),
            calendar: CalendarId::parse(["berlin", "w"][terms.2]).unwrap(),
            started_at: terms.3,
            due_at,
            warn_at,
            step,
            next_at: [warn_at, Some(due_at), next.1][next.0],
            status: [
                ClockStatus::Running,
                ClockStatus::Breached,
                ClockStatus::Met,
                ClockStatus::MetLate,
                ClockStatus::Cancelled,
            ][status],
            round,
            held_s,
            tries: history.0,
            put_at: history.1,
            pauses: history.2,
        },
    )
}

proptest! {
    #[test]
    fn lines_say_all_of_any_clocks(clocks in proptest::collection::vec(any_clock(), 0..6)) {
        prop_assert_eq!(ClockLines::of(&clocks).read(), Some(clocks));
    }
}
