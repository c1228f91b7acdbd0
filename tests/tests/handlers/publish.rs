//! What a playbook must not say: it is refused before any lead meets it.

use leadline_tests::calm::{Calm, PLAYBOOK};
use serde_json::Value;

use super::scene::{id, offered, problem, send_playbook};

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

/// A person may switch somebody on whom the playbook has as inactive, and an earlier version may be put in force again.
#[test]
fn what_cannot_be_counted_comes_in_by_no_other_way() {
    let touch = "    first_touch:\n";
    let odd = "\n  never: {zone: UTC, weekly: {mon: [[\"00:00\", \"00:01\"]]}}\nforms:\n";
    let text = PLAYBOOK
        .replacen("\nforms:\n", odd, 1)
        .replace(
            "pools:\n",
            "  eve: {name: Eve, email: eve@calm.example, calendar: never, active: false}\npools:\n",
        )
        .replace(touch, &format!("    qualified_by: {{within: {{business: PT900H}}}}\n{touch}"));
    assert_eq!(refused_at(&text), "sla[0].qualified_by.within");
    let calm = Calm::default();
    calm.publish(&text);
    calm.publish(PLAYBOOK);
    // Nor does one that cannot be read any more.
    calm.publish("pools: {}");
    calm.publish(PLAYBOOK);
    let before = calm.ask("GET", "/playbook/versions", &Value::Null).1;
    for back in [3, 1] {
        let odd = before["active"].as_u64().unwrap() - back;
        let path = format!("/playbook/versions/{odd}/activate");
        problem(&calm.crm("POST", &path, &Value::Null, &calm.api_key), 422, "invalid-playbook");
    }
    assert_eq!(calm.ask("GET", "/playbook/versions", &Value::Null).1["active"], before["active"]);
}

/// Who is in a version no more, and had a lead, is found by what the version before says.
#[test]
fn a_version_in_force_that_cannot_be_read_just_now_is_not_taken_for_none() {
    let calm = Calm::default();
    let without = PLAYBOOK
        .replace("  ann: {name: Ann, email: ann@calm.example, calendar: always}\n", "")
        .replace("members: [ann, bob]", "members: [bob]");
    calm.publish(&without);
    let version = calm.ask("GET", "/playbook/versions", &Value::Null).1["active"].as_u64().unwrap();
    calm.publish(PLAYBOOK);
    let lead = offered(&calm, "ada@firm.example");
    assert_eq!(lead["owner"]["rep_id"], "ann");
    let path = format!("/playbook/versions/{version}/activate");
    calm.throttle_row("PLAYBOOK", "ACTIVE");
    let response = calm.crm("POST", &path, &Value::Null, &calm.api_key);
    assert_eq!(response.status, 503, "{}", response.body);
    let (status, after) = calm.ask("POST", &path, &Value::Null);
    assert_eq!(status, 200, "{after}");
    calm.run_queues();
    assert_eq!(calm.lead(id(&lead))["owner"]["rep_id"], "bob");
}
