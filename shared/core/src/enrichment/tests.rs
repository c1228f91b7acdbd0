use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::lead::samples::{noon, profile, submission};

fn set(profile: &mut Profile, field: Field, value: &str, origin: Origin) {
    assert!(profile.set(field, &FieldValue::Text(value.to_owned()), origin), "{field:?} {value}");
}

fn text(profile: &Profile, field: Field) -> Option<String> {
    match profile.get(field)? {
        FieldValue::Text(text) => Some(text),
        FieldValue::Number(number) => Some(number.to_string()),
    }
}

/// The names and values that are derived, in their order.
fn derived(profile: &Profile, answers: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut submission = submission(1, noon());
    submission.answers = answers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    let facts = derive(profile, Some(&submission), noon());
    for fact in &facts {
        assert_eq!(
            (fact.source.clone(), fact.policy, fact.at),
            (Origin::Derived, WritePolicy::FillEmpty, noon())
        );
        assert!(!fact.method.is_empty());
    }
    let (after, changed) = apply(profile, &facts);
    assert_eq!(changed.len(), facts.len(), "every fact is news");
    facts.iter().map(|f| (f.field.name().to_owned(), text(&after, f.field).unwrap())).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
}

#[test]
fn one_fact_leads_to_the_next() {
    let mut known = profile("ada@mail.acme-robotics.co.uk");
    set(&mut known, Field::Title, "VP Sales", Origin::Form);
    let answers = [("name", "Ada Lovelace"), ("phone", "+44 20 7946 0018")];
    let expected = [
        ("first_name", "Ada"),
        ("last_name", "Lovelace"),
        ("company.domain", "acme-robotics.co.uk"),
        ("company.name", "Acme Robotics"),
        ("seniority", "vp"),
        ("function", "sales"),
        ("phone", "+442079460018"),
        ("country", "GB"),
    ];
    assert_eq!(derived(&known, &answers), pairs(&expected));
}

#[test]
fn what_is_known_is_left_alone() {
    let mut known = profile("ada@acme.example");
    set(&mut known, Field::FirstName, "Augusta", Origin::Form);
    set(&mut known, Field::CompanyName, "Babbage & Co", Origin::Form);
    set(&mut known, Field::CompanyDomain, "babbage.example", Origin::Form);
    set(&mut known, Field::Country, "GB", Origin::Form);
    assert_eq!(derived(&known, &[("name", "Ada Lovelace")]), pairs(&[("last_name", "Lovelace")]));
    // A number without a country code is read in the person's country.
    let national = [("phone", "020 7946 0018")];
    assert_eq!(derived(&known, &national), pairs(&[("phone", "+442079460018")]));
}

#[test]
fn a_mailbox_at_a_provider_says_nothing_about_a_company() {
    for address in ["ada@gmail.com", "ada@mailinator.com"] {
        assert_eq!(derived(&profile(address), &[]), [], "{address}");
    }
    assert_eq!(derive(&profile("ada@gmail.com"), None, noon()), []);
    // The person's own site does.
    let mut with_site = profile("ada@gmail.com");
    set(&mut with_site, Field::CompanyDomain, "https://www.acme-robotics.com/about", Origin::Form);
    assert_eq!(derived(&with_site, &[]), pairs(&[("company.name", "Acme Robotics")]));
}

#[test]
fn what_a_policy_may_replace() {
    use WritePolicy::{FillEmpty, Override, Refresh};
    let provider = || Origin::Provider("firm".into());
    // Rows: where the known value came from. Columns: fill empty, refresh, override.
    let table = [
        (None, [true, true, true]),
        (Some(Origin::Derived), [false, true, true]),
        (Some(provider()), [false, true, true]),
        (Some(Origin::Form), [false, false, true]),
        (Some(Origin::Verified), [false, false, false]),
        (Some(Origin::Crm), [false, false, false]),
    ];
    for (origin, row) in table {
        for (policy, replaces) in [FillEmpty, Refresh, Override].into_iter().zip(row) {
            let mut known = profile("ada@acme.example");
            if let Some(origin) = origin.clone() {
                set(&mut known, Field::Industry, "old", origin);
            }
            let fact = Fact {
                field: Field::Industry,
                value: FieldValue::Text("new".into()),
                source: provider(),
                method: "/industry".into(),
                at: noon(),
                policy,
            };
            let (after, changed) = apply(&known, std::slice::from_ref(&fact));
            let case = format!("{origin:?} {policy:?}");
            assert_eq!(
                text(&after, Field::Industry).as_deref(),
                if replaces { Some("new") } else { Some("old") },
                "{case}"
            );
            assert_eq!(changed.len(), usize::from(replaces), "{case}");
            let expected = if replaces { Some(provider()) } else { origin.clone() };
            assert_eq!(after.origins.get(&Field::Industry), expected.as_ref(), "{case}");
            // Once more is no news.
            assert_eq!(apply(&after, &[fact]), (after.clone(), Vec::new()), "{case}");
        }
    }
}

#[test]
fn the_same_value_in_another_notation_is_no_news() {
    let mut known = profile("ada@acme.example");
    set(&mut known, Field::Employees, "250", Origin::Derived);
    set(&mut known, Field::CompanyCountry, "DE", Origin::Derived);
    let fact = |field, value: &str| Fact {
        field,
        value: FieldValue::Text(value.to_owned()),
        source: Origin::Provider("firm".into()),
        method: "/".into(),
        at: noon(),
        policy: WritePolicy::Override,
    };
    let facts = [
        fact(Field::Employees, "250.0"),
        fact(Field::CompanyCountry, "Germany"),
        fact(Field::Email, "e@e.example"),
    ];
    assert_eq!(apply(&known, &facts), (known, Vec::new()));
}

fn provider(url: &str) -> Provider {
    let yaml = format!(
        "{{provider: firm, url: '{url}', policy: refresh, fields: {{company.employees: /metrics/employees,
           company.industry: /category/0, company.country: /country, company.name: /name}}}}"
    );
    serde_yaml_ng::from_str(&yaml).unwrap()
}

#[test]
fn a_provider_is_asked_only_with_what_is_known() {
    let mut known = profile("ada@acme.example");
    let domain = provider("https://api.firm.example/v1/{domain}?of={email}");
    assert_eq!(domain.url_for(&known), None);
    set(&mut known, Field::CompanyDomain, "acme.example", Origin::Derived);
    assert_eq!(
        domain.url_for(&known).as_deref(),
        Some("https://api.firm.example/v1/acme.example?of=ada%40acme.example")
    );
    assert_eq!(
        provider("https://api.firm.example/all").url_for(&known).as_deref(),
        Some("https://api.firm.example/all")
    );
    set(&mut known, Field::Employees, "250", Origin::Form);
    let number = provider("https://api.firm.example/{company.employees}");
    assert_eq!(number.url_for(&known).as_deref(), Some("https://api.firm.example/250"));
    let unknown = provider("https://api.firm.example/{phone_no}/{company.name}/{x}");
    assert_eq!(unknown.unknown_placeholders(), ["phone_no", "x"]);
}

#[test]
fn braces_stand_in_pairs_and_behind_the_host() {
    for (url, sound) in [
        ("https://api.firm.example/v1/{domain}", true),
        ("https://api.firm.example?q={domain}&e={email}", true),
        ("https://api.firm.example/", true),
        ("https://{domain}/", false),
        ("https://api.{domain}/v1", false),
        ("https://api.firm.example{domain}/", false),
        ("https://api.firm.example/{domain", false),
        ("https://api.firm.example/domain}", false),
        ("https://api.firm.example/{{domain}}", false),
    ] {
        assert_eq!(provider(url).has_sound_placeholders(), sound, "{url}");
    }
}

proptest! {
    #[test]
    fn no_value_changes_the_address(value in "[\\PC]{1,30}|[./%?#@:\\\\ ]{1,12}") {
        let mut known = profile("ada@acme.example");
        prop_assume!(known.set(Field::CompanyName, &FieldValue::Text(value.clone()), Origin::Form));
        let typed = text(&known, Field::CompanyName).unwrap();
        let path = provider("https://user@api.firm.example:8443/v1/{company.name}/facts?k=1");
        let Some(url) = path.url_for(&known) else {
            prop_assert!(typed.chars().all(|c| c == '.'), "only dots cannot be asked for: {}", typed);
            return Ok(());
        };
        let url = url::Url::parse(&url).unwrap();
        prop_assert_eq!((url.host_str(), url.port(), url.query()), (Some("api.firm.example"), Some(8443), Some("k=1")));
        prop_assert_eq!((url.username(), url.fragment()), ("user", None));
        let segments: Vec<&str> = url.path_segments().unwrap().collect();
        prop_assert_eq!((segments.len(), segments[0], segments[2]), (3, "v1", "facts"));

        let query = provider("https://api.firm.example/v1?name={company.name}&k=1").url_for(&known).unwrap();
        let query = url::Url::parse(&query).unwrap();
        let read: Vec<(String, String)> = query.query_pairs().into_owned().collect();
        prop_assert_eq!(read, vec![("name".to_owned(), typed), ("k".to_owned(), "1".to_owned())]);
    }
}

#[test]
fn only_what_is_of_use_is_taken_from_an_answer() {
    let facts = |answer: serde_json::Value| -> Vec<(Field, FieldValue)> {
        facts_of(&provider("https://api.firm.example/"), &answer, noon())
            .into_iter()
            .inspect(|f| {
                assert_eq!(
                    (f.source.clone(), f.policy),
                    (Origin::Provider("firm".into()), WritePolicy::Refresh)
                )
            })
            .map(|f| (f.field, f.value))
            .collect()
    };
    let full =
        json!({"metrics": {"employees": 250.0}, "category": ["Software"], "country": "DE", "name": "Acme"});
    let words = |t: &str| FieldValue::Text(t.to_owned());
    assert_eq!(
        facts(full),
        [
            (Field::CompanyName, words("Acme")),
            (Field::Employees, FieldValue::Number(250)),
            (Field::Industry, words("Software")),
            (Field::CompanyCountry, words("DE")),
        ]
    );
    for empty in [
        json!(null),
        json!([]),
        json!({"metrics": {"employees": null}, "category": [], "country": " ", "name": {}}),
        json!({"metrics": {"employees": 1e300}, "name": false}),
    ] {
        assert_eq!(facts(empty.clone()), [], "{empty}");
    }
    let long = facts(json!({"name": "é".repeat(10_000)}));
    assert_eq!(long, [(Field::CompanyName, words(&"é".repeat(500)))]);
}
