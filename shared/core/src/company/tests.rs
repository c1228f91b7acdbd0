use proptest::prelude::*;

use super::*;
use crate::contact::{CountryCode, EmailAddress};
use crate::lead::{Field, FieldValue, Origin, Profile};

fn name(raw: &str) -> CompanyName {
    CompanyName::parse(raw).unwrap()
}

/// What people write differently about one name: legal forms, apostrophes, accents, case, an ampersand.
#[test]
fn names_without_what_people_write_differently() {
    for (one, other) in [
        ("Siemens AG", "siemens"),
        ("ACME Inc.", "Acme"),
        ("Acme, Inc", "Acme LLC"),
        ("Müller GmbH", "Muller"),
        ("MÜLLER GMBH & CO. KG", "Müller"),
        ("Padaria São José Ltda.", "Padaria Sao Jose LTDA"),
        ("Banco Santander S.A.", "Banco Santander SA"),
        ("Banco Santander, S. A.", "banco santander"),
        ("O'Reilly Media", "O’Reilly Media, Inc."),
        ("O`Reilly Media", "OReilly media"),
        ("Marks & Spencer plc", "Marks and Spencer"),
        ("Straße Bau GmbH", "STRASSE BAU"),
        ("Novo Nordisk A/S", "Novo Nordisk"),
        ("Allegro Sp. z o.o.", "Allegro"),
        ("Grupo Bimbo, S.A. de C.V.", "Grupo Bimbo"),
        ("Ｆｕｌｌ Ｗｉｄｔｈ Ltd", "Full Width"),
        ("Atlassian Pty Ltd", "Atlassian"),
    ] {
        assert_eq!(name(one), name(other), "{one} and {other}");
    }
    for (one, other) in [("Acme North", "Acme South"), ("Delta", "Delta Airlines"), ("3M", "M3")] {
        assert_ne!(name(one), name(other), "{one} and {other}");
    }
    // A name that is nothing but a legal form is still a name.
    for raw in ["AG", "SA", "Co", "Ltd & Co"] {
        assert!(CompanyName::parse(raw).is_some(), "{raw}");
    }
    assert_eq!(CompanyName::parse(" – & ").map(|n| n.key()), Some("and".to_owned()));
    assert_eq!(CompanyName::parse(" – "), None);
}

/// Published values of the measure (Winkler 1990, by way of the usual examples): MARTHA and MARHTA 0.961, DWAYNE and
/// DUANE 0.84, DIXON and DICKSONX 0.813.
#[test]
fn alike_means_a_similarity_of_0_92_or_more_in_any_order_of_words() {
    for (one, other, alike) in [
        ("Martha", "Marhta", true),
        ("Dwayne", "Duane", false),
        ("Dixon", "Dicksonx", false),
        ("Bank of America", "America Bank of", true),
        ("Nordlicht Analytics", "Nordlicht Analytcs", true),
        ("Nordlicht", "Suedlicht", false),
    ] {
        assert_eq!(name(one).is_like(&name(other)), alike, "{one} and {other}");
        assert_eq!(name(other).is_like(&name(one)), alike, "{other} and {one}");
    }
}

#[test]
fn each_rule_and_its_grade() {
    use SupportingKey::{Domain as ByDomain, Phone as ByPhone, Postcode as ByPostcode};
    let domain = |text: &str| Domain::parse(text).unwrap();
    let (ours, theirs) = (domain("nordlicht.example"), domain("other.example"));
    let phone = Phone::parse("+49 30 901820", None).unwrap();
    let postcode = Postcode::parse("10115", CountryCode::from_alpha2("DE")).unwrap();
    let known = |name: &str, domain, phone, postcode| Known {
        name: CompanyName::parse(name),
        domains: Vec::from_iter(domain),
        phone,
        postcode,
    };
    let listed = known("Nordlicht Analytics GmbH", Some(&ours), Some(&phone), Some(&postcode));
    let close = "Nordlicht Analytcs";
    let exact = "NORDLICHT ANALYTICS";
    for (other, rule, grade) in [
        (known(exact, Some(&ours), None, None), MatchRule::ExactNameAnd(ByDomain), Grade::Same),
        (known(exact, None, Some(&phone), None), MatchRule::ExactNameAnd(ByPhone), Grade::Same),
        (known(exact, None, None, Some(&postcode)), MatchRule::ExactNameAnd(ByPostcode), Grade::Same),
        (known(exact, Some(&theirs), None, None), MatchRule::ExactName, Grade::Probable),
        (known(close, Some(&ours), None, None), MatchRule::CloseNameAnd(ByDomain), Grade::Probable),
        (known(close, None, Some(&phone), None), MatchRule::CloseNameAnd(ByPhone), Grade::Probable),
        (known(close, None, None, Some(&postcode)), MatchRule::CloseNameAnd(ByPostcode), Grade::Probable),
        // Close alone is not enough, and neither is the domain.
        (known(close, Some(&theirs), None, None), MatchRule::CloseName, Grade::Possible),
        (known("Something Else", Some(&ours), None, None), MatchRule::DomainAlone, Grade::Possible),
        (known("", Some(&ours), None, None), MatchRule::DomainAlone, Grade::Possible),
        (known("Something Else", Some(&theirs), Some(&phone), None), MatchRule::Nothing, Grade::No),
        (known("", None, None, Some(&postcode)), MatchRule::Nothing, Grade::No),
    ] {
        assert_eq!(compare(&listed, &other), rule);
        assert_eq!(compare(&other, &listed), rule, "the other way round");
        assert_eq!(rule.grade(), grade, "{}", rule.words());
    }
}

fn rules(yaml: &str) -> AccountRules {
    serde_yaml_ng::from_str(yaml).unwrap()
}

fn person(email: &str, company: &str) -> Profile {
    let mut profile = Profile::new(EmailAddress::parse(email).unwrap(), Origin::Form);
    profile.set(Field::CompanyName, &FieldValue::Text(company.to_owned()), Origin::Form);
    profile
}

fn found(accounts: &Accounts, profile: &Profile) -> Option<(String, MatchRule)> {
    accounts.of(profile).map(|m| (m.domain.to_string(), m.rule))
}

#[test]
fn an_account_is_found_by_its_domain_or_its_name_and_what_supports_it() {
    let yaml = "{named: {
        listed.example: {owner: anna, also: [listed-co.example]},
        nordlicht.example: {name: Nordlicht GmbH, owner: anna, list: strategic},
        delta.example: {name: Delta, owner: anna}, delta-air.example: {name: Delta Inc, owner: bruno}}}";
    let accounts = Accounts::new(&rules(yaml));
    let same = MatchRule::ExactNameAnd(SupportingKey::Domain);
    for (email, company, expected) in [
        ("a@listed.example", "", Some(("listed.example", MatchRule::ListedDomain))),
        ("a@mail.listed.example", "Whatever", Some(("listed.example", MatchRule::ListedDomain))),
        ("a@nordlicht.example", "Nordlicht", Some(("nordlicht.example", same))),
        ("a@gmail.com", "NORDLICHT gmbh", Some(("nordlicht.example", MatchRule::ExactName))),
        // The name has to agree where one is given.
        ("a@nordlicht.example", "Somebody Else", None),
        ("a@nordlicht.example", "", None),
        ("a@gmail.com", "", None),
        ("a@gmail.com", "Nordlich", None),
        // Two accounts of one name: neither, unless the domain tells.
        ("a@elsewhere.example", "Delta", None),
        ("a@delta-air.example", "Delta", Some(("delta-air.example", same))),
    ] {
        let expected = expected.map(|(domain, rule)| (domain.to_owned(), rule));
        assert_eq!(found(&accounts, &person(email, company)), expected, "{email} {company}");
    }
    // A name that we guessed from the domain is no second witness.
    let mut guessed = person("a@nordlicht.example", "");
    guessed.set(Field::CompanyName, &FieldValue::Text("Nordlicht".to_owned()), Origin::Derived);
    assert_eq!(found(&accounts, &guessed), None);
    let lenient = Accounts::new(&AccountRules { domain_alone: true, ..rules(yaml) });
    let alone = Some(("nordlicht.example".to_owned(), MatchRule::DomainAlone));
    assert_eq!(found(&lenient, &guessed), alone);
}

#[test]
fn thousands_of_accounts_are_looked_up_as_fast_as_one() {
    let named: String =
        (0..10_000).map(|n| format!("company-{n}.example: {{owner: rep-{}}}\n", n % 7)).collect();
    let all: std::collections::BTreeMap<Domain, Account> = serde_yaml_ng::from_str(&named).unwrap();
    let accounts = Accounts::new(&AccountRules { domain_alone: false, named: all });
    for n in [0, 4_711, 9_999] {
        let hit = found(&accounts, &person(&format!("a@company-{n}.example"), "Some Company"));
        assert_eq!(hit, Some((format!("company-{n}.example"), MatchRule::ListedDomain)));
    }
    assert_eq!(found(&accounts, &person("a@company-10000.example", "")), None);
}

proptest! {
    #[test]
    fn comparing_never_panics_and_is_the_same_both_ways(one in "\\PC{0,30}", other in "\\PC{0,30}") {
        let known = |raw: &str| Known { name: CompanyName::parse(raw), ..Known::default() };
        prop_assert_eq!(compare(&known(&one), &known(&other)), compare(&known(&other), &known(&one)));
        if let Some(name) = CompanyName::parse(&one) {
            prop_assert_eq!(compare(&known(&one), &known(&one)), MatchRule::ExactName);
            prop_assert!(CompanyName::parse(&name.key()).is_some());
        }
    }
}
