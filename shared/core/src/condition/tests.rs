use super::*;
use crate::lead::Origin;
use crate::lead::Stage;
use crate::lead::samples::{captured, lead_at, noon, submission};
use crate::submission::VerdictKind;

fn condition(yaml: &str) -> Condition {
    serde_yaml_ng::from_str(yaml).unwrap()
}

fn refused(yaml: &str) -> String {
    serde_yaml_ng::from_str::<Condition>(yaml).unwrap_err().to_string()
}

/// A director at a company of 250 people; nothing is known of the industry.
fn lead() -> Lead {
    let mut lead = captured(VerdictKind::Clean);
    let text = |t: &str| FieldValue::Text(t.to_owned());
    for (field, value) in [
        (Field::Title, text("Director of Sales")),
        (Field::Seniority, text("director")),
        (Field::Country, text("DE")),
        (Field::Employees, FieldValue::Number(250)),
    ] {
        assert!(lead.profile.set(field, &value, Origin::Form));
    }
    lead
}

fn touch() -> Touch {
    let mut submission = submission(1, noon());
    submission.answers.insert("timeline".into(), "This Quarter".into());
    submission.answers.insert("seats".into(), " 40 ".into());
    submission.tracking.insert("_page".into(), "https://acme.example/Pricing?x=1".into());
    submission.tracking.insert("utm_source".into(), "newsletter".into());
    submission.touch()
}

#[test]
fn tests_of_one_value() {
    use Truth::{No, Unknown, Yes};
    let (lead, touch) = (lead(), touch());
    let view = View::new(&lead, Some(&touch));
    for (yaml, expected) in [
        ("{field: seniority, is: director}", Yes),
        ("{field: seniority, in: [vp, head]}", No),
        ("{field: country, is: de}", Yes),
        ("{field: title, contains: SALES}", Yes),
        ("{field: title, starts_with: director}", Yes),
        ("{field: title, starts_with: sales}", No),
        ("{field: company.employees, is: 250}", Yes),
        ("{field: company.employees, at_least: 250}", Yes),
        ("{field: company.employees, at_least: 251}", No),
        ("{field: company.employees, at_most: 250}", Yes),
        ("{field: company.employees, at_most: 249}", No),
        ("{field: company.employees, at_least: 50, at_most: 300}", Yes),
        ("{field: company.employees, at_least: 50, at_most: 200}", No),
        // A number has no parts.
        ("{field: company.employees, contains: '25'}", No),
        ("{field: company.industry, is: software}", Unknown),
        ("{field: company.industry, known: true}", No),
        ("{field: company.industry, known: false}", Yes),
        ("{field: country, known: true}", Yes),
        ("{field: email.domain, is: acme.example}", Yes),
        ("{field: email.free, is: false}", Yes),
        ("{field: email.disposable, is: false}", Yes),
        ("{field: email.role, is: true}", No),
        ("{field: form, is: demo-request}", Yes),
        ("{field: touches, at_least: 1}", Yes),
        ("{field: cycle, is: 1}", Yes),
        ("{field: source, is: Newsletter}", Yes),
        ("{field: medium, is: cpc}", Unknown),
        ("{field: page, contains: pricing}", Yes),
        ("{field: channel, is: campaign}", Yes),
        ("{field: answers.timeline, contains: quarter}", Yes),
        ("{field: answers.seats, at_least: 40}", Yes),
        ("{field: answers.seats, is: 40}", Yes),
        ("{field: answers.nothing, is: x}", Unknown),
        ("{field: score.fit, at_least: 0}", Unknown),
        ("{field: score.grade, in: [A1]}", Unknown),
    ] {
        assert_eq!(condition(yaml).holds(view), expected, "{yaml}");
    }
    // Without a touch nothing is known of one.
    let alone = View::new(&lead, None);
    assert_eq!(condition("{field: channel, is: direct}").holds(alone), Unknown);
    assert_eq!(condition("{field: form, is: demo-request}").holds(alone), Yes);
    let scored = lead_at(Stage::Scored);
    let view = View::new(&scored, None);
    assert_eq!(condition("{field: score.fit, is: 60}").holds(view), Yes);
    assert_eq!(condition("{field: score.grade, is: b2}").holds(view), Yes);
}

/// The tables of three-valued logic after Kleene.
#[test]
fn unknown_is_neither_true_nor_false() {
    use Truth::{No, Unknown, Yes};
    let lead = lead();
    let view = View::new(&lead, None);
    let text = |truth| match truth {
        Yes => "{field: country, is: DE}",
        No => "{field: country, is: FR}",
        Unknown => "{field: company.industry, is: software}",
    };
    let and = [(Yes, Yes, Yes), (Yes, No, No), (Yes, Unknown, Unknown), (No, No, No), (No, Unknown, No)];
    let or = [(Yes, Yes, Yes), (Yes, No, Yes), (Yes, Unknown, Yes), (No, No, No), (No, Unknown, Unknown)];
    for (word, table) in [("all", and), ("any", or)] {
        for (a, b, expected) in table.into_iter().chain([(Unknown, Unknown, Unknown)]) {
            for (a, b) in [(a, b), (b, a)] {
                let yaml = format!("{{{word}: [{}, {}]}}", text(a), text(b));
                assert_eq!(condition(&yaml).holds(view), expected, "{yaml}");
            }
        }
    }
    for (inner, expected) in [(Yes, No), (No, Yes), (Unknown, Unknown)] {
        assert_eq!(condition(&format!("{{not: {}}}", text(inner))).holds(view), expected);
    }
    assert_eq!(condition("{all: []}").holds(view), Yes);
    assert_eq!(condition("{any: []}").holds(view), No);
}

/// Territories: by state, by the beginning of a postcode, by named account.
#[test]
fn places_and_accounts_are_matched_as_people_write_them() {
    use Truth::{No, Unknown, Yes};
    let mut lead = captured(VerdictKind::Clean);
    for (field, value) in
        [(Field::Country, "GB"), (Field::Subdivision, "Scotland"), (Field::Postcode, "eh1 1yz")]
    {
        assert!(lead.profile.set(field, &FieldValue::Text(value.to_owned()), Origin::Form), "{value}");
    }
    let accounts: crate::company::AccountRules =
        serde_yaml_ng::from_str("{named: {acme.example: {list: strategic, owner: anna}}}").unwrap();
    let accounts = crate::company::Accounts::new(&accounts);
    let blind = View::new(&lead, None);
    let view = View { account: accounts.of(&lead.profile), ..blind };
    for (yaml, expected) in [
        ("{field: subdivision, in: [GB-SCT, GB-WLS]}", Yes),
        ("{field: subdivision, starts_with: GB-}", Yes),
        ("{field: subdivision, is: GB-ENG}", No),
        ("{field: postcode, starts_with: EH}", Yes),
        ("{field: postcode, starts_with: 'EH1 1'}", Yes),
        ("{field: postcode, starts_with: eh11}", Yes),
        ("{field: postcode, starts_with: EH2}", No),
        ("{field: postcode, in: ['EH1 1YZ', 'G1 1AA']}", Yes),
        ("{field: postcode, is: EH11YZ}", Yes),
        ("{field: account, is: acme.example}", Yes),
        ("{field: account.list, is: strategic}", Yes),
        ("{field: account.list, in: [partners]}", No),
    ] {
        assert_eq!(condition(yaml).holds(view), expected, "{yaml}");
    }
    assert_eq!(condition("{field: account.list, is: strategic}").holds(blind), Unknown);
    let nobody = captured(VerdictKind::Clean);
    for yaml in ["{field: subdivision, starts_with: GB-}", "{field: postcode, starts_with: EH}"] {
        assert_eq!(condition(yaml).holds(View::new(&nobody, None)), Unknown, "{yaml}");
    }
    assert!(lead.profile.set(Field::Country, &FieldValue::Text("US".to_owned()), Origin::Verified));
    assert_eq!(lead.profile.get(Field::Subdivision), None, "a place in another country is beside the point");
    assert!(!lead.profile.set(Field::Subdivision, &FieldValue::Text("GB-SCT".to_owned()), Origin::Form));
    assert!(lead.profile.set(Field::Postcode, &FieldValue::Text("021340001".to_owned()), Origin::Form));
    assert_eq!(condition("{field: postcode, starts_with: '021'}").holds(View::new(&lead, None)), Yes);
}

#[test]
fn a_state_of_another_country_than_what_is_known_later_is_beside_the_point() {
    let mut profile = captured(VerdictKind::Clean).profile;
    let mut set = |field, text: &str| profile.set(field, &FieldValue::Text(text.to_owned()), Origin::Form);
    assert!(set(Field::Subdivision, "US-CA"), "a whole code needs no country");
    assert!(set(Field::Country, "DE"));
    assert_eq!(profile.get(Field::Subdivision), None);
}

#[test]
fn every_subject_reads_its_own_name() {
    let names = "email phone first_name last_name title seniority function country subdivision postcode company.name company.domain \
                 company.employees company.industry company.country email.domain email.free email.disposable \
                 email.role form source medium campaign page referrer channel touches score.fit score.interest \
                 score.grade cycle account account.list answers.budget";
    for name in names.split_whitespace() {
        assert_eq!(Subject::parse(name).map(|s| s.name()).as_deref(), Some(name));
    }
    for name in ["", "answers.", "company", "Email", "score"] {
        assert_eq!(Subject::parse(name), None, "{name}");
    }
}

#[test]
fn a_condition_is_written_as_it_is_read() {
    for yaml in [
        "{field: country, in: [DE, 5, true]}",
        "{all: [{field: title, contains: x}, {not: {field: email.free, is: true}}]}",
        "{any: []}",
        "{field: phone, known: false}",
        "{field: company.employees, at_least: 50, at_most: 5000}",
        "{field: answers.x, starts_with: 'true'}",
        "{field: answers.x, is: 'true'}",
    ] {
        let read = condition(yaml);
        assert_eq!(condition(&serde_yaml_ng::to_string(&read).unwrap()), read, "{yaml}");
        assert_eq!(serde_json::from_str::<Condition>(&serde_json::to_string(&read).unwrap()).unwrap(), read);
    }
    let subjects = condition("{any: [{field: title, is: x}, {not: {all: [{field: cycle, at_least: 2}]}}]}");
    assert_eq!(subjects.subjects(), [&Subject::Profile(Field::Title), &Subject::Cycle]);
}

#[test]
fn a_wrong_condition_says_what_to_write() {
    for (yaml, words) in [
        ("{field: titel, is: x}", "there is no field \"titel\""),
        ("{field: title}", "needs a test"),
        ("{is: x}", "exactly one of"),
        ("{}", "exactly one of"),
        ("{all: [], any: []}", "exactly one of"),
        ("{all: [], is: x}", "exactly one of"),
        ("{field: title, equals: x}", "unknown field `equals`"),
    ] {
        assert!(refused(yaml).contains(words), "{yaml}: {}", refused(yaml));
    }
}
