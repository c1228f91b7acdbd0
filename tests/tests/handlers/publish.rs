//! What a playbook must not say: it is refused before any lead meets it.

use leadline_tests::calm::{Calm, PLAYBOOK};

use super::scene::{problem, send_playbook};

/// The place of the one mistake for which a playbook is refused, whether it is only looked at or published.
fn refused_at(text: &str) -> String {
    let calm = Calm::default();
    let looked = problem(&send_playbook(&calm, "POST", "/playbook/validate", text), 422, "invalid-playbook");
    let published = problem(&send_playbook(&calm, "PUT", "/playbook", text), 422, "invalid-playbook");
    assert_eq!(looked["errors"], published["errors"]);
    let errors = looked["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 1, "{looked}");
    errors[0]["path"].as_str().unwrap().to_owned()
}

/// Two such leads are more than the rep's row can count: after the first was closed it counted 294967295 for the second.
#[test]
fn a_lead_is_not_worth_more_than_can_be_added_up() {
    for (value, place) in [
        ("otherwise: 4000000000", "value.otherwise"),
        ("otherwise: 1000001", "value.otherwise"),
        ("by_grade: {A1: 4000000000}", "value.by_grade.A1"),
    ] {
        assert_eq!(refused_at(&PLAYBOOK.replace("sla:\n", &format!("value: {{{value}}}\nsla:\n"))), place);
    }
}

/// Such clocks start when a rep accepts, who could not.
#[test]
fn a_deadline_that_no_calendar_can_count_is_no_deadline() {
    let touch = "    first_touch:\n";
    for (clock, rules) in [
        ("qualified_by", "{within: {business: P9999D}}"),
        ("stalled", "{within: {business: P9999D}}"),
        ("attempts", "{at_least: 2, within: {business: P9999D}}"),
    ] {
        let text = PLAYBOOK.replace(touch, &format!("    {clock}: {rules}\n{touch}"));
        assert_eq!(refused_at(&text), format!("sla[0].{clock}.within"));
    }
}
