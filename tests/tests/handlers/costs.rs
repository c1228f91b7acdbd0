//! What a lead may cost at most, in write units as DynamoDB bills them. `make bench` has the figures of a thousand.

use leadline_core::playbook::Playbook;
use leadline_store::Key;
use leadline_tests::calm::Calm;
use leadline_tests::people::person;
use serde_json::json;

use super::scene::id;

#[test]
fn a_lead_costs_forty_units_to_acceptance_and_forty_six_to_the_first_contact() {
    let calm = Calm::new(Playbook::BUNDLED);
    // Who a key is, and the first lead of a pool, are read and written once for many.
    calm.submitted("demo-request", &json!({ "email": "first@elsewhere.example", "country": "DE" }));
    calm.run_queues();

    let before = calm.twin().units().write;
    let spent = || calm.twin().units().write - before;
    let lead = calm.lead_of(&calm.submitted("demo-request", &person("a", 1)));
    let key = Key::new(format!("LEAD#{}", id(&lead)), "LEAD");
    let row = || calm.twin().size_of(&key).unwrap();
    let mut largest = row();
    while calm.run_one() {
        largest = largest.max(row());
    }
    let rep = calm.lead(id(&lead))["owner"]["rep_id"].clone();
    let at = calm.now().to_string();
    let call = json!({ "rep_id": rep, "channel": "phone", "direction": "outbound", "outcome": "connected", "occurred_at": at });
    for (verb, body, most) in [("accept", json!({ "rep_id": rep }), 40), ("contact", call, 46)] {
        let (status, answer) = calm.ask("POST", &format!("/leads/{}/{verb}", id(&lead)), &body);
        assert_eq!(status, 200, "{answer}");
        largest = largest.max(row());
        calm.run_queues();
        largest = largest.max(row());
        assert!(spent() <= most, "{} units to {verb}", spent());
    }
    assert!(largest <= 1_024, "the row takes {largest} bytes");
}

#[test]
fn what_only_the_bus_has_to_know_is_no_entry_of_the_timeline() {
    let calm = Calm::new(Playbook::BUNDLED);
    let lead = calm.lead_of(&calm.submitted("demo-request", &person("a", 1)));
    calm.run_queues();
    let lead = calm.lead(id(&lead));
    let (status, _) = calm.ask(
        "POST",
        &format!("/leads/{}/accept", id(&lead)),
        &json!({ "rep_id": lead["owner"]["rep_id"] }),
    );
    assert_eq!(status, 200);
    calm.run_queues();
    let told = calm.record().events.into_iter().flat_map(|(_, batch)| batch).map(|event| event.kind);
    assert_eq!(told.collect::<Vec<_>>().last().map(String::as_str), Some("lead.accepted"));
    assert_eq!(calm.timeline(id(&lead)).last().unwrap()["kind"], "accepted");
    // It is confirmed all the same: nothing is sent again when the watchdog's time has come.
    let sent = calm.record().events.len();
    calm.advance(jiff::SignedDuration::from_secs(180));
    assert_eq!(calm.record().events.len(), sent);
}

#[test]
fn how_our_own_lists_found_a_value_is_told_without_a_record() {
    let calm = Calm::new(Playbook::BUNDLED);
    let lead = calm.lead_of(&calm.submitted("demo-request", &person("a", 1)));
    calm.run_queues();
    let provenance = calm.lead(id(&lead))["provenance"].clone();
    let seniority = &provenance["seniority"];
    assert_eq!(
        (&seniority["source"], &seniority["method"], &seniority["policy"]),
        (&json!("derived"), &json!("job title"), &json!("fill_empty"))
    );
    assert!(seniority["at"].is_string());
    assert_eq!(provenance["email"], json!({ "source": "form" }));
    assert!(calm.rows().iter().all(|row| !leadline_tests::calm::text(row, "sk").starts_with("ENR#")));
}
