use proptest::prelude::*;

use super::*;
use crate::ids::RuleId;
use crate::lead::samples::{after, assignment, lead_at, rep, rule, step, submission_id};
use crate::lead::{Answer, EffectKind, Field, FieldValue, Lead, Origin, Stage};
use crate::sla::ClockKind;

/// One of every kind, about offer `offer` to `name`.
fn every_kind(name: &str, offer: u32) -> Vec<EffectKind> {
    let (rep_id, clock, step) = (rep(name), ClockKind::FirstTouch, 1);
    vec![
        EffectKind::Acknowledge { submission_id: submission_id(1) },
        EffectKind::Offer { rep_id: rep_id.clone(), offer },
        EffectKind::Reminder { rep_id: rep_id.clone(), offer, clock, step, round: 0 },
        EffectKind::ManagerAlert { rep_id: rep_id.clone(), offer, clock, step, round: 0 },
        EffectKind::OfferMoved { rep_id: rep_id.clone(), offer },
        EffectKind::NewTouch { rep_id, submission_id: submission_id(1) },
        EffectKind::ParkedAlert { version: 3 },
        EffectKind::ReturnedToMarketing { version: 3 },
    ]
}

fn words() -> Acknowledgement {
    Acknowledgement { subject: "We have your request".into(), body: "Thank you.\nAcme\n".into() }
}

fn named(stage: Stage, typed: &str) -> Lead {
    let mut lead = lead_at(stage);
    for field in [Field::FirstName, Field::LastName, Field::Title, Field::CompanyName, Field::Industry] {
        lead.profile.set(field, &FieldValue::Text(typed.to_owned()), Origin::Form);
    }
    lead
}

#[test]
fn an_offer_says_whom_to_call_by_when_and_where_to_answer() {
    let mut lead = lead_at(Stage::Offered);
    for (field, value) in [
        (Field::FirstName, "Ada"),
        (Field::LastName, "Lovelace"),
        (Field::CompanyName, "Acme"),
        (Field::Phone, "+44 20 7946 0018"),
        (Field::Title, "CFO"),
    ] {
        assert!(lead.profile.set(field, &FieldValue::Text(value.into()), Origin::Form));
    }
    let links = OfferLinks { answer: "https://crm.acme.example/o/token".into() };
    let kind = EffectKind::Offer { rep_id: rep("anna"), offer: 1 };
    let told = message(&lead, &kind, None, Some(&links)).unwrap();
    assert_eq!(told.subject, "New lead: Ada Lovelace (Acme)");
    for part in [
        "CFO",
        "ada@acme.example",
        "+442079460018",
        "B2",
        "accept: by 2026-11-23T12:30:30Z",
        "first touch: by 2026-11-23T14:00:00Z",
        &links.answer,
        lead.lead_id.as_str(),
    ] {
        assert!(told.body.contains(part), "{part}: {}", told.body);
    }
    assert!(!format!("{told:?}{links:?}").contains("Ada") && !format!("{links:?}").contains("token"));
    let nameless = message(&lead_at(Stage::Offered), &kind, None, None).unwrap();
    assert_eq!(nameless.subject, "New lead: A new contact");
    assert!(!nameless.body.contains("Accept or reject"));
}

#[test]
fn an_offer_that_moved_on_is_not_told() {
    let told = |lead: &Lead, name: &str, offer| -> Vec<bool> {
        let kinds = every_kind(name, offer);
        kinds[1..3].iter().map(|kind| message(lead, kind, None, None).is_some()).collect()
    };
    let offered = lead_at(Stage::Offered);
    assert_eq!(told(&offered, "anna", 1), [true, true]);
    let moved = offered
        .reassigned(&assignment(&offered, "bruno", after(1_830)), &offered.clocks[0], &step(after(1_830)))
        .unwrap();
    assert_eq!(told(&moved, "anna", 1), [false, false]);
    assert_eq!(told(&moved, "bruno", 2), [true, true]);
    // In the next cycle offers count from one again.
    assert_eq!(told(&offered, "bruno", 1), [false, false]);
    for stage in [Stage::Nurturing, Stage::Recycled, Stage::Won, Stage::Lost, Stage::Scored] {
        assert_eq!(told(&lead_at(stage), "anna", 1), [false, false], "{}", stage.name());
    }
    let back = offered.answered(
        &Answer::Reject {
            rep_id: rep("anna"),
            reason: "no".into(),
            means: crate::playbook::Rejection::Reroute,
        },
        &step(after(60)),
    );
    assert_eq!(told(&back.unwrap(), "anna", 1), [false, false]);
    // What happened stays worth telling.
    for kind in every_kind("anna", 1).into_iter().skip(3) {
        assert!(message(&moved, &kind, None, None).is_some(), "{kind:?}");
    }
}

#[test]
fn a_prospect_is_written_to_in_the_playbook_s_words_or_not_at_all() {
    let kind = EffectKind::Acknowledge { submission_id: submission_id(1) };
    assert_eq!(message(&lead_at(Stage::Received), &kind, None, None), None);
}

proptest! {
    #[test]
    fn nothing_typed_reaches_the_prospect(typed in "[\\PC\\s]{1,60}") {
        let kind = EffectKind::Acknowledge { submission_id: submission_id(1) };
        let plain = message(&lead_at(Stage::Offered), &kind, Some(&words()), None).unwrap();
        prop_assert_eq!((plain.subject.as_str(), plain.body.as_str()), ("We have your request", "Thank you.\nAcme\n"));
        let told = message(&named(Stage::Offered, &typed), &kind, Some(&words()), None).unwrap();
        prop_assert!(told == plain);
    }

    #[test]
    fn a_subject_is_one_line_whatever_was_typed(typed in "[\\PC\\s\r\n\u{0}-\u{1f}\u{7f}-\u{9f}\u{2028}\u{2029}]{1,300}") {
        let lead = named(Stage::Offered, &typed);
        for kind in every_kind("anna", 1) {
            let told = message(&lead, &kind, Some(&words()), None).unwrap();
            let line_end = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
            prop_assert!(!told.subject.contains(line_end), "{:?}", kind);
            prop_assert!(told.subject.chars().count() <= 200);
        }
        // A line of the body begins with a label of ours, or with the person's own line.
        let kind = EffectKind::Offer { rep_id: rep("anna"), offer: 1 };
        let hostile = message(&lead, &kind, None, None).unwrap().body;
        let harmless = message(&named(Stage::Offered, "x"), &kind, None, None).unwrap().body;
        prop_assert!(hostile.lines().count() <= harmless.lines().count());
    }
}

fn rules() -> Notifications {
    let tree: serde_json::Value = serde_yaml_ng::from_str(
        "from: leads@acme.example
channels:
  crm: {webhook: {url: 'https://crm.acme.example/', secret: s}}
  chat: {slack: {url_secret: s}}
offers: [crm, chat]
escalations: [chat]
alerts: [crm]",
    )
    .unwrap();
    serde_json::from_value(tree).unwrap()
}

#[test]
fn who_hears_of_what_and_by_which_way() {
    use Audience::*;
    let expected: [(Audience, &[&str]); 8] = [
        (Prospect, &["mail"]),
        (Rep, &["mail", "crm", "chat"]),
        (Rep, &["mail"]),
        (Manager, &["mail", "chat"]),
        (Rep, &["mail", "crm", "chat"]),
        (Rep, &["mail"]),
        (Operator, &["mail", "crm"]),
        (Marketing, &["mail", "chat"]),
    ];
    for (kind, (audience, ways)) in every_kind("anna", 1).into_iter().zip(expected) {
        assert_eq!(Audience::of(&kind), audience, "{kind:?}");
        let targets = channels_for(&rules(), &kind);
        assert_eq!(targets.iter().map(Target::name).collect::<Vec<_>>(), ways, "{kind:?}");
        for target in targets {
            assert_eq!(Target::parse(target.name()), Some(target));
        }
    }
    assert_eq!(Target::parse("Not a name"), None);
    assert_eq!(rules().channels.keys().collect::<Vec<&RuleId>>(), [&rule("chat"), &rule("crm")]);
}
