use proptest::prelude::*;

use super::*;
use crate::contact::EmailAddress;
use crate::lead::samples::{after, captured, lead_at, noon, profile, rep, step, submission, visitor};
use crate::lead::{FieldValue, Hop};
use crate::submission::VerdictKind;

fn seal() -> Seal {
    Seal::new(&[9; 32]).unwrap()
}

fn form(name: &str) -> FormId {
    FormId::parse(name).unwrap()
}

fn answers(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
}

fn typed(pairs: &[(Field, &str)]) -> Profile {
    let mut typed = profile("ada@acme.example");
    for (field, value) in pairs {
        assert!(typed.set(*field, &FieldValue::Text((*value).to_owned()), Origin::Form), "{field:?}");
    }
    typed
}

fn text(lead: &Lead, field: Field) -> Option<String> {
    match lead.profile.get(field)? {
        FieldValue::Text(text) => Some(text),
        FieldValue::Number(number) => Some(number.to_string()),
    }
}

fn changed(lead: &Lead) -> Vec<String> {
    match &lead.last_event.kind {
        EventKind::Touched { fields, .. } => fields.clone(),
        other => panic!("{}", other.name()),
    }
}

#[test]
fn one_mailbox_has_one_claim() {
    let key = |address: &str| claim_key(&seal(), &EmailAddress::parse(address).unwrap().canonical());
    assert_eq!(key("Ada.Lovelace+demo@GMAIL.com"), key("adalovelace@googlemail.com"));
    assert_ne!(key("ada@acme.example"), key("adb@acme.example"));
    assert!(!key("ada@acme.example").contains("ada"));
    let other = Seal::new(&[8; 32]).unwrap();
    let address = EmailAddress::parse("ada@acme.example").unwrap().canonical();
    assert_ne!(claim_key(&seal(), &address), claim_key(&other, &address), "useless without the secret");
}

#[test]
fn an_idempotency_key_belongs_to_its_form() {
    let id = |f: &str, key: &str| keyed_submission_id(&seal(), &form(f), key);
    assert_eq!(id("demo", "k"), id("demo", "k"));
    assert_ne!(id("demo", "k"), id("demo", "l"));
    assert_ne!(id("demo", "k"), id("news", "k"));
}

#[test]
fn a_submission_without_proof_fills_only_what_is_empty() {
    let mut lead = lead_at(Stage::Nurturing);
    assert!(lead.profile.set(Field::FirstName, &FieldValue::Text("Ada".into()), Origin::Form));
    let stranger = typed(&[(Field::FirstName, "Eve"), (Field::LastName, "Lovelace"), (Field::Country, "GB")]);
    for token in [None, Some(visitor(8))] {
        let mut submission = submission(2, after(60));
        submission.visitor = token;
        assert_eq!(proof(&lead, &submission), Proof::TypedAddress);
        let joined = join(&lead, &submission, &stranger, &step(after(60))).unwrap();
        assert_eq!(text(&joined, Field::FirstName).as_deref(), Some("Ada"));
        assert_eq!(text(&joined, Field::LastName).as_deref(), Some("Lovelace"));
        // What our own lists make of the address comes with it.
        assert_eq!(changed(&joined), ["last_name", "country", "company.domain", "company.name"]);
        assert_eq!(joined.profile.origins.get(&Field::LastName), Some(&Origin::Form));
        assert_eq!((joined.touches, joined.score_due, joined.stage), (2, true, Stage::Nurturing));
    }
}

#[test]
fn the_visitor_of_the_first_submission_may_replace_values_but_never_the_address() {
    let mut lead = lead_at(Stage::Nurturing);
    assert!(lead.profile.set(Field::FirstName, &FieldValue::Text("Ada".into()), Origin::Form));
    let mut submission = submission(2, after(60));
    submission.visitor = Some(visitor(7));
    assert_eq!(proof(&lead, &submission), Proof::SameVisitor);
    let mut news = typed(&[(Field::FirstName, "Augusta"), (Field::LastName, "King")]);
    news.contact.email = EmailAddress::parse("ada+new@acme.example").unwrap();
    let joined = join(&lead, &submission, &news, &step(after(60))).unwrap();
    assert_eq!(changed(&joined), ["first_name", "last_name", "company.domain", "company.name"]);
    assert_eq!(text(&joined, Field::FirstName).as_deref(), Some("Augusta"));
    assert_eq!(joined.profile.origins.get(&Field::FirstName), Some(&Origin::Verified));
    assert_eq!(text(&joined, Field::Email).as_deref(), Some("ada@acme.example"));
    // The same again changes nothing, but is a touch.
    let again = join(&joined, &submission, &news, &step(after(90))).unwrap();
    assert_eq!((changed(&again).len(), again.touches), (0, 3));
    // A lead whose first submission had no token has nobody who could prove anything.
    let mut nobody = lead;
    nobody.visitor = None;
    assert_eq!(proof(&nobody, &submission), Proof::TypedAddress);
}

#[test]
fn a_lead_that_sales_has_keeps_its_values_and_tells_its_owner() {
    let everything = typed(&[
        (Field::FirstName, "Eve"),
        (Field::LastName, "Mallory"),
        (Field::Title, "Student"),
        (Field::Country, "US"),
        (Field::Phone, "+1 212 555 0100"),
        (Field::CompanyName, "Rival"),
        (Field::CompanyDomain, "rival-analytics.example"),
        (Field::Employees, "1"),
    ]);
    let mut lead = lead_at(Stage::Accepted);
    let known = typed(&[
        (Field::FirstName, "Ada"),
        (Field::LastName, "Lovelace"),
        (Field::Title, "CFO"),
        (Field::Country, "GB"),
        (Field::Phone, "+44 20 7946 0018"),
        (Field::CompanyName, "Acme"),
        (Field::CompanyDomain, "acme.example"),
        (Field::Employees, "500"),
    ]);
    lead.profile = known.clone();
    let second = submission(2, after(300));
    let joined = join(&lead, &second, &everything, &step(after(300))).unwrap();
    for field in Field::ALL.into_iter().filter(|f| known.get(*f).is_some()) {
        assert_eq!(joined.profile.get(field), known.get(field), "{}", field.name());
    }
    assert_eq!((joined.stage, joined.owner.clone()), (Stage::Accepted, lead.owner.clone()));
    assert_eq!(joined.clocks, lead.clocks, "a touch is no contact by sales");
    let told = EffectKind::NewTouch { rep_id: rep("anna"), submission_id: second.submission_id.clone() };
    assert!(joined.effects.iter().any(|e| e.kind == told));
    assert!(joined.wake_ups().contains(&Hop::Notify));
    // Nobody to tell while nobody has it.
    let alone = join(&lead_at(Stage::Nurturing), &second, &everything, &step(after(300))).unwrap();
    assert!(!alone.effects.iter().any(|e| matches!(e.kind, EffectKind::NewTouch { .. })));
}

#[test]
fn a_lead_on_its_way_is_scored_with_the_touch_anyway() {
    for (stage, due) in [
        (Stage::Received, false),
        (Stage::Enriched, false),
        (Stage::Scored, true),
        (Stage::Parked, true),
        (Stage::Won, true),
    ] {
        let joined =
            join(&lead_at(stage), &submission(2, after(300)), &typed(&[]), &step(after(300))).unwrap();
        assert_eq!((joined.score_due, joined.stage), (due, stage));
    }
    for stage in [Stage::Quarantined, Stage::Merged, Stage::Erased] {
        assert!(join(&lead_at(stage), &submission(2, after(300)), &typed(&[]), &step(after(300))).is_err());
    }
}

#[test]
fn new_interest_has_a_recycled_lead_scored_at_once() {
    let lead = lead_at(Stage::Recycled);
    assert_eq!(lead.wake_at, Some(after(86_400)));
    let joined = join(&lead, &submission(2, after(600)), &typed(&[]), &step(after(600))).unwrap();
    assert_eq!((joined.stage, joined.wake_at), (Stage::Recycled, lead.wake_at));
    assert_eq!(joined.wake_ups()[0], Hop::Score);
}

#[test]
fn a_flood_on_one_address_is_counted_by_the_hour() {
    let mut lead = captured(VerdictKind::Clean);
    assert_eq!((lead.burst, lead.burst_from), (1, noon()));
    for (seconds, expected) in [(10, 2), (3_599, 3), (3_600, 1), (3_700, 2), (7_199, 3), (7_200, 1)] {
        let next = submission(2, after(seconds));
        assert_eq!(burst_with(&lead, next.received_at), expected, "{seconds}");
        lead = join(&lead, &next, &typed(&[]), &step(after(seconds))).unwrap();
        assert_eq!(lead.burst, expected);
    }
    assert_eq!(lead.burst_from, after(7_200));
    assert_eq!(lead.touches, 7);
}

#[test]
fn values_that_differ_are_kept_as_alternatives_with_their_source() {
    let mut lead = lead_at(Stage::Working);
    lead.profile = typed(&[(Field::FirstName, "Ada"), (Field::Employees, "500")]);
    let (second, third) = (submission(2, after(300)), submission(3, after(400)));
    let same = typed(&[(Field::FirstName, " Ada ")]);
    let other = typed(&[(Field::FirstName, "Eve"), (Field::Employees, "9")]);
    let found = alternatives(&lead, [(&second, &same), (&third, &other)].into_iter());
    let expected = |field, value: &str| Alternative {
        field,
        value: value.to_owned(),
        submission_id: third.submission_id.clone(),
    };
    assert_eq!(found, [expected(Field::FirstName, "Eve"), expected(Field::Employees, "9")]);
    assert!(!format!("{found:?}").contains("Eve"));
}

proptest! {
    #[test]
    fn the_same_answers_are_recognised_and_any_other_is_not(
        mut pairs in prop::collection::vec(("[a-z]{1,8}", "[ -~]{0,12}"), 1..6),
        at in any::<prop::sample::Index>(),
    ) {
        let key = |f: &str, pairs: &[(String, String)]| {
            content_key(&seal(), &form(f), &pairs.iter().cloned().collect())
        };
        pairs.sort();
        pairs.dedup_by(|a, b| a.0 == b.0);
        let first = key("demo", &pairs);
        let mut turned = pairs.clone();
        turned.reverse();
        prop_assert_eq!(&key("demo", &turned), &first, "the order of the inputs does not matter");
        prop_assert_ne!(&key("news", &pairs), &first);

        let i = at.index(pairs.len());
        let mut other = pairs.clone();
        other[i].1 = format!("{}x", other[i].1.trim());
        prop_assert_ne!(&key("demo", &other), &first);
        let mut other = pairs.clone();
        other[i].0.push('9');
        prop_assert_ne!(&key("demo", &other), &first);
        let mut other = pairs.clone();
        other.push(("zzzzzzzzz".into(), String::new()));
        prop_assert_ne!(&key("demo", &other), &first);
        prop_assert_eq!(first.len(), 64);
    }
}

#[test]
fn names_and_values_do_not_run_into_each_other() {
    let key = |pairs: &[(&str, &str)]| content_key(&seal(), &form("demo"), &answers(pairs));
    assert_ne!(key(&[("a", "bc")]), key(&[("ab", "c")]));
    assert_ne!(key(&[("a", "b"), ("c", "d")]), key(&[("a", "bc"), ("d", "")]));
}
