//! Leads that wait for somebody to take them: which line they are in, what they say, and what ends their wait.

use leadline_tests::calm::{Calm, PLAYBOOK};
use serde_json::{Value, json};

use super::scene::{id, patch, publish, secs, wants_demo};

#[test]
fn an_offer_after_a_long_wait_is_not_taken_back_in_the_same_second() {
    let calm = Calm::new(&PLAYBOOK.replace(
        "ladder: [{at: due, do: notify_manager}]",
        "ladder: [{at: due, do: notify_manager}, {at: 200%, do: reassign}, {at: 300%, do: return_to_marketing}]",
    ));
    for rep in ["ann", "bob", "cat", "dot"] {
        patch(&calm, rep, &json!({ "away": true }));
    }
    let submission = calm.submitted("demo", &wants_demo("ada@firm.example"));
    calm.run_queues();
    let lead = calm.lead_of(&submission);
    calm.advance(secs(4 * 3_600));
    assert_eq!(calm.lead(id(&lead))["stage"], "parked");
    patch(&calm, "ann", &json!({ "away": false }));
    calm.advance(secs(5));
    assert_eq!(calm.lead(id(&lead))["stage"], "offered");
}

#[test]
fn a_parked_lead_waits_in_the_line_of_the_pool_it_is_for_by_now() {
    let all_away = |calm: &Calm, away: bool| {
        for rep in ["ann", "bob", "cat", "dot"] {
            patch(calm, rep, &json!({ "away": away }));
        }
    };
    let split = PLAYBOOK.replace("members: [ann, bob], overflow: second,", "members: [ann, bob],");
    let calm = Calm::new(&split);
    all_away(&calm, true);
    let submission = calm.submitted("demo", &wants_demo("ada@firm.example"));
    calm.run_queues();
    let lead = calm.lead_of(&submission);
    assert_eq!((&lead["stage"], &lead["parked"]["pool_id"]), (&json!("parked"), &json!("first")));
    // From now on all leads are for the second pool.
    calm.publish(&split.replace("otherwise: first", "otherwise: second"));
    calm.advance(secs(1_000));
    let lead = calm.lead(id(&lead));
    assert_eq!(lead["stage"], "parked");
    assert_eq!(lead["parked"]["pool_id"], "second", "{lead:#}");
}

#[test]
fn a_parked_lead_of_a_rerouted_pool_is_woken_by_room_in_it() {
    let split = PLAYBOOK.replace("members: [ann, bob], overflow: second,", "members: [ann, bob],");
    let calm = Calm::new(&split);
    for rep in ["ann", "bob", "cat", "dot"] {
        patch(&calm, rep, &json!({ "away": true }));
    }
    let submission = calm.submitted("demo", &wants_demo("ada@firm.example"));
    calm.run_queues();
    let lead = calm.lead_of(&submission);
    calm.publish(&split.replace("otherwise: first", "otherwise: second"));
    calm.advance(secs(1_000));
    assert_eq!(calm.lead(id(&lead))["stage"], "parked");
    calm.stop_ticks(true);
    patch(&calm, "cat", &json!({ "away": false }));
    assert_eq!(calm.lead(id(&lead))["stage"], "offered", "cat is back and has room");
}

#[test]
fn a_parked_lead_of_a_pool_that_is_gone_is_woken_by_room() {
    let split = PLAYBOOK.replace("members: [ann, bob], overflow: second,", "members: [ann, bob],");
    let calm = Calm::new(&split);
    for rep in ["ann", "bob", "cat", "dot"] {
        patch(&calm, rep, &json!({ "away": true }));
    }
    let submission = calm.submitted("demo", &wants_demo("ada@firm.example"));
    calm.run_queues();
    let lead = calm.lead_of(&submission);
    let gone = split
        .replace("  first: {members: [ann, bob], manager: boss@calm.example}\n", "")
        .replace("otherwise: first", "otherwise: second");
    calm.publish(&gone);
    calm.advance(secs(1_000));
    calm.stop_ticks(true);
    patch(&calm, "cat", &json!({ "away": false }));
    assert_eq!(calm.lead(id(&lead))["stage"], "offered", "cat is back and has room");
}

#[test]
fn a_parked_lead_says_why_nobody_takes_it_now() {
    let calm = Calm::default();
    for rep in ["ann", "bob", "cat", "dot"] {
        patch(&calm, rep, &json!({ "away": true }));
    }
    let submission = calm.submitted("demo", &wants_demo("ada@firm.example"));
    calm.run_queues();
    let lead = calm.lead_of(&submission);
    for rep in ["ann", "bob", "cat", "dot"] {
        patch(&calm, rep, &json!({ "away": false, "caps": { "open": 0 } }));
    }
    calm.advance(secs(1_000));
    let lead = calm.lead(id(&lead));
    assert_eq!(lead["stage"], "parked");
    assert_eq!(
        lead["route"]["pools"][0]["fell_out"][0]["why"], "at_open_cap",
        "{}",
        lead["route"]["because"]
    );
}

#[test]
fn longer_hours_by_a_publish_are_a_capacity_event() {
    let office = PLAYBOOK.replace(
        "    weekly:\n      mon: [[\"00:00\", \"24:00\"]]",
        "    weekly:\n      mon: [[\"00:00\", \"01:00\"]]",
    );
    assert_ne!(office, PLAYBOOK);
    let calm = Calm::new(&office);
    let submission = calm.submitted("demo", &wants_demo("ada@firm.example"));
    calm.run_queues();
    let lead = calm.lead_of(&submission);
    assert_eq!(lead["stage"], "parked");
    publish(&calm, PLAYBOOK);
    assert_eq!(calm.lead(id(&lead))["stage"], "offered");
}

#[test]
fn an_overflow_by_a_publish_is_a_capacity_event() {
    let split = PLAYBOOK.replace("members: [ann, bob], overflow: second,", "members: [ann, bob],");
    let calm = Calm::new(&split);
    for rep in ["ann", "bob"] {
        patch(&calm, rep, &json!({ "away": true }));
    }
    let submission = calm.submitted("demo", &wants_demo("ada@firm.example"));
    calm.run_queues();
    let lead = calm.lead_of(&submission);
    assert_eq!(lead["stage"], "parked");
    publish(&calm, PLAYBOOK);
    assert_eq!(calm.lead(id(&lead))["stage"], "offered");
}

#[test]
fn unparking_by_hand_does_not_send_to_the_back_of_the_line_or_ask_again() {
    let calm = Calm::default();
    for rep in ["ann", "bob", "cat", "dot"] {
        patch(&calm, rep, &json!({ "away": true }));
    }
    let submission = calm.submitted("demo", &wants_demo("ada@firm.example"));
    calm.run_queues();
    let lead = calm.lead_of(&submission);
    calm.advance(secs(4_000));
    let unpark = || {
        let (status, after) = calm.ask("POST", &format!("/leads/{}/unpark", id(&lead)), &json!({}));
        assert_eq!(status, 200, "{after}");
        calm.run_queues();
        calm.lead(id(&lead))
    };
    let alerts = || calm.timeline(id(&lead)).iter().filter(|e| e["kind"] == "parked").count();
    let after = unpark();
    assert_eq!((&after["stage"], &after["parked"]["since"]), (&json!("parked"), &lead["parked"]["since"]));
    assert_eq!(alerts(), 1);
    assert_eq!(calm.ask("GET", "/audit", &Value::Null).1["violations"], 0);
    // Ann is back, and all that would tell of it is lost: only the look by hand finds her.
    calm.stop_ticks(true);
    calm.lose_messages(true);
    calm.ask("PATCH", "/reps/ann", &json!({ "away": false }));
    calm.lose_messages(false);
    assert_eq!(unpark()["stage"], "offered");
}
