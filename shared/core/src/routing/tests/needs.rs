//! Languages and skills: what a route asks of whoever takes its leads, and what nobody knows excludes nobody.

use super::*;
use crate::lead::Lead;

fn needs(text: &str) -> Needs {
    serde_yaml_ng::from_str(text).unwrap()
}

fn from(country: Option<&str>) -> Lead {
    let mut lead = captured(VerdictKind::Clean);
    if let Some(country) = country {
        assert!(lead.profile.set(Field::Country, &FieldValue::Text(country.into()), Origin::Form));
    }
    lead
}

fn may(rep: &Rep, needs: &Needs, lead: &Lead) -> Result<(), Ineligible> {
    let wanted = Wanted::of(Some(needs), &LeadValue::default(), View::new(lead, None));
    suits(rep, &state(), &berlin(), &wanted, monday())
}

#[test]
fn all_skills_and_any_of_the_languages() {
    let rep = a_rep(", languages: [de, fr], skills: [saas, public-sector]");
    let anywhere = from(None);
    for (asked, expected) in [
        ("{}", Ok(())),
        ("{skills: [saas]}", Ok(())),
        ("{skills: [saas, public-sector]}", Ok(())),
        ("{skills: [saas, hardware]}", Err(Ineligible::Unskilled)),
        ("{language: fr}", Ok(())),
        ("{language: it}", Err(Ineligible::OtherLanguage)),
        ("{language: it, skills: [hardware]}", Err(Ineligible::OtherLanguage)),
    ] {
        assert_eq!(may(&rep, &needs(asked), &anywhere), expected, "{asked}");
    }
    assert_eq!(may(&a_rep(""), &needs("{language: de}"), &anywhere), Err(Ineligible::OtherLanguage));
}

#[test]
fn the_leads_own_language_is_looked_up_and_an_unknown_one_excludes_nobody() {
    let by_country = needs("{language_of: {field: country, map: {CH: [de, fr, it], IT: [it]}}}");
    let (german, italian) = (a_rep(", languages: [de]"), a_rep(", languages: [it]"));
    for (country, of_german, of_italian) in [
        (Some("CH"), Ok(()), Ok(())),
        (Some("IT"), Err(Ineligible::OtherLanguage), Ok(())),
        // Not in the map, and not known: anybody.
        (Some("US"), Ok(()), Ok(())),
        (None, Ok(()), Ok(())),
    ] {
        let lead = from(country);
        assert_eq!(may(&german, &by_country, &lead), of_german, "{country:?}");
        assert_eq!(may(&italian, &by_country, &lead), of_italian, "{country:?}");
    }
    // Without a map the value is the language itself.
    let plain = needs("{language_of: {field: title}}");
    for (typed, expected) in [
        ("it", Err(Ineligible::OtherLanguage)),
        ("de-AT", Ok(())),
        (" DE_ch", Ok(())),
        ("German", Ok(())),
        ("Managing Director", Ok(())),
    ] {
        let mut lead = from(None);
        assert!(lead.profile.set(Field::Title, &FieldValue::Text(typed.into()), Origin::Form));
        assert_eq!(may(&german, &plain, &lead), expected, "{typed}");
    }
}

#[test]
fn a_language_is_a_code_and_a_value_has_a_name() {
    for good in ["de", "gsw"] {
        assert_eq!(Language::parse(good).unwrap().as_str(), good);
    }
    for bad in ["", "d", "DE", "de-AT", "germ", "d1", "dé"] {
        assert!(Language::parse(bad).is_err(), "{bad}");
    }
    let wrong = serde_yaml_ng::from_str::<Needs>("{language_of: {field: mood}}").unwrap_err().to_string();
    assert!(wrong.contains("there is no field \"mood\""), "{wrong}");
    assert!(serde_yaml_ng::from_str::<Needs>("{colour: red}").is_err());
}

#[test]
fn only_the_route_that_took_the_lead_asks_for_anything() {
    let routing: Routing = serde_yaml_ng::from_str(
        "{routes: [{route: italy, pool: emea, when: {field: country, is: IT}, needs: {language: it}}], otherwise: desk}",
    )
    .unwrap();
    let asked = |country| {
        let lead = from(country);
        let (_, route) = choose_pool(&routing, View::new(&lead, None));
        needs_of(&routing, route).cloned()
    };
    assert_eq!(asked(Some("IT")), Some(needs("{language: it}")));
    assert_eq!(asked(Some("FR")), None);
}

#[test]
fn a_member_without_the_language_falls_out_and_says_so() {
    let pool = a_pool("{members: [anna, bruno], always_open: true}");
    let reps = BTreeMap::from([
        (rep("anna"), a_rep(", languages: [de]")),
        (rep("bruno"), a_rep(", languages: [it]")),
    ]);
    let wanted =
        Wanted::of(Some(&needs("{language: it}")), &LeadValue::default(), View::new(&from(None), None));
    let snapshot = Snapshot { wanted, ..Snapshot::default() };
    for _ in 0..3 {
        let decision = decide(&pool, &reps, &calendars(), &snapshot, &[], monday());
        let fell = Narrowed { rep_id: rep("anna"), why: Ineligible::OtherLanguage, until: None, cap: None };
        assert_eq!(decision.fell_out, [fell]);
        let Outcome::Picked { record, .. } = decision.outcome else { panic!("nobody") };
        assert_eq!(record.rep_id, rep("bruno"));
    }
    let decision = decide(&pool, &reps, &calendars(), &snapshot, &[rep("bruno")], monday());
    assert_eq!(decision.outcome, Outcome::Nobody(None), "time teaches nobody Italian");
}
