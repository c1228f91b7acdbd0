//! `PATCH /reps/{rep_id}`: who is there, until when, how much they take; and what becomes of offers and of parked leads.

use leadline_tests::calm::{Calm, PLAYBOOK};
use serde_json::{Value, json};

use super::scene::{accepted, answer, history, id, offered, patch, problem, secs, wants_demo};

fn rep(calm: &Calm, rep: &str) -> Value {
    calm.ask("GET", &format!("/reps/{rep}"), &Value::Null).1
}

fn owner(lead: &Value) -> String {
    lead["owner"]["rep_id"].as_str().unwrap_or_default().to_owned()
}

fn kinds(calm: &Calm, lead: &Value) -> Vec<String> {
    history(calm, id(lead)).into_iter().map(|(_, kind)| kind).collect()
}

fn assigned(calm: &Calm, pool: &str, rep: &str) -> i64 {
    let (_, pool) = calm.ask("GET", &format!("/pools/{pool}"), &Value::Null);
    let members = pool["members"].as_array().unwrap();
    members.iter().find(|m| m["rep_id"] == rep).map_or(0, |m| m["assigned"].as_i64().unwrap())
}

#[test]
fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let calm = Calm::default();
    let before = calm.rows();
    let (early, late) = ("2026-11-24T08:00:00Z", "2026-11-24T12:00:00Z");
    for body in [
        json!({ "asleep": true }),
        json!({ "away": "yes" }),
        json!({ "active": 1 }),
        json!({ "absent_from": early }),
        json!({ "absent_from": late, "absent_until": early }),
        json!({ "absent_from": early, "absent_until": early }),
        json!({ "absent_until": "tomorrow" }),
        json!({ "absences": [{ "from": late, "until": early }] }),
        json!({ "absences": [{ "from": early, "until": early }] }),
        json!({ "absences": [{ "from": early }] }),
        json!({ "absences": [{ "from": early, "until": late, "why": "dentist" }] }),
        json!({ "absences": vec![json!({ "from": early, "until": late }); 51] }),
        json!({ "caps": { "per_year": 1 } }),
        json!({ "caps": { "open": -1 } }),
        json!({ "caps": { "open": 1.5 } }),
        json!({ "caps": { "open": "many" } }),
        // The calm playbook does not say what a lead is worth.
        json!({ "caps": { "value": 100 } }),
    ] {
        let response = calm.crm("PATCH", "/reps/ann", &body, &calm.api_key);
        println!("{body}");
        problem(&response, 422, "invalid-body");
        assert_eq!(calm.rows(), before);
    }
    for reader in [leadline_store::access::Scope::LeadsRead, leadline_store::access::Scope::PlaybookWrite] {
        let response = calm.crm("PATCH", "/reps/ann", &json!({ "away": true }), &calm.key(&[reader]));
        problem(&response, 403, "missing-scope");
    }
}

#[test]
fn what_is_set_by_hand_is_shown_beside_the_playbook_and_taken_back_with_null() {
    let calm = Calm::new(&PLAYBOOK.replace(
        "ann: {name: Ann, email: ann@calm.example, calendar: always}",
        "ann: {name: Ann, email: ann@calm.example, calendar: always, caps: {per_day: 9}}",
    ));
    let (from, until) = (calm.now() + secs(60), calm.now() + secs(120));
    let absence = json!({ "from": from.to_string(), "until": until.to_string() });
    let over = json!({ "from": (calm.now() - secs(60)).to_string(), "until": calm.now().to_string() });
    let change = json!({
        "active": false, "away": true, "absent_until": until.to_string(), "absences": [absence, over],
        "caps": { "per_day": "unlimited", "unaccepted": 3 }
    });
    let shown = patch(&calm, "ann", &change);
    assert_eq!(
        (&shown["active"], &shown["active_by_hand"], &shown["away"]),
        (&json!(false), &json!(false), &json!(true))
    );
    assert_eq!(shown["absences"], json!([absence]), "what is over is forgotten");
    assert_eq!(shown["caps_by_hand"], json!({ "per_day": "unlimited", "unaccepted": 3 }));
    let nothing = Value::Null;
    let caps = json!({ "per_day": null, "per_7_days": null, "per_30_days": null, "unaccepted": 3, "open": null, "value": null });
    assert_eq!(shown["caps"], caps);
    assert_eq!(shown["pools"], json!([{ "pool_id": "first", "eligible": false, "why": "inactive" }]));
    // A new version of the playbook changes nothing of it.
    calm.publish(&PLAYBOOK.replace("playbook: Calm", "playbook: Calmer"));
    assert_eq!(rep(&calm, "ann")["caps_by_hand"], shown["caps_by_hand"]);
    let back = json!({
        "active": nothing, "away": nothing, "absent_until": nothing, "absences": nothing,
        "caps": { "per_day": nothing, "unaccepted": nothing }
    });
    let shown = patch(&calm, "ann", &back);
    assert_eq!(
        (&shown["active"], &shown["active_by_hand"], &shown["away"]),
        (&json!(true), &nothing, &json!(false))
    );
    assert_eq!((&shown["absences"], &shown["caps_by_hand"]), (&json!([]), &json!({})));
    assert_eq!(shown["pools"], json!([{ "pool_id": "first", "eligible": true, "why": null }]));
}

/// Three ways to be gone, each in the middle of an offer: somebody else has it within the same second, the turn is given
/// back, and the rep may have it again.
#[test]
fn an_open_offer_moves_on_at_once_when_its_rep_is_gone() {
    for (change, because) in [
        (json!({ "active": false }), "is not active"),
        (json!({ "away": true }), "is switched to away"),
        (json!({ "absent_until": "2026-12-24T00:00:00Z" }), "is absent"),
    ] {
        let calm = Calm::default();
        let lead = offered(&calm, "ada@firm.example");
        assert_eq!((owner(&lead), assigned(&calm, "first", "ann")), ("ann".to_owned(), 1));
        calm.advance(secs(5));
        patch(&calm, "ann", &change);
        let moved = calm.lead(id(&lead));
        assert_eq!((&moved["stage"], owner(&moved)), (&json!("offered"), "bob".to_owned()));
        assert_eq!(moved["owner"]["offered_at"], calm.now().to_string());
        assert_eq!(moved["owner"]["offer"], 2);
        let events = calm.timeline(id(&lead));
        let event = events.iter().find(|e| e["kind"] == "withdrawn").unwrap();
        assert!(event["summary"].as_str().unwrap().contains(because), "{event}");
        assert_eq!((&event["details"]["rep_id"], &rep(&calm, "ann")["open"]), (&json!("ann"), &json!(0)));
        assert_eq!((assigned(&calm, "first", "ann"), assigned(&calm, "first", "bob")), (0, 1));
        let told = calm
            .record()
            .mails
            .iter()
            .any(|(_, m)| m.to == "ann@calm.example" && m.subject.contains("moved"));
        assert!(
            told,
            "{:?}",
            calm.record().mails.iter().map(|(_, m)| (&m.to, &m.subject)).collect::<Vec<_>>()
        );
        // The deadline of the withdrawn offer is nobody's any more, and the buyer's clock goes on.
        assert!(!calm.timeline(id(&lead)).iter().any(|e| e["kind"] == "reminded"));
        let clock = |lead: &Value, name: &str| {
            lead["clocks"].as_array().unwrap().iter().find(|c| c["clock"] == name).cloned().unwrap()
        };
        assert_eq!(clock(&moved, "first_touch")["due_at"], clock(&lead, "first_touch")["due_at"]);
        assert_ne!(clock(&moved, "accept")["due_at"], clock(&lead, "accept")["due_at"]);
        // Accepting it now is somebody else's business.
        let late = calm.crm(
            "POST",
            &format!("/leads/{}/accept", id(&lead)),
            &json!({ "rep_id": "ann" }),
            &calm.api_key,
        );
        assert_eq!(late.status, 409, "{}", late.body);
    }
}

#[test]
fn an_offer_moves_on_although_every_message_is_lost() {
    let calm = Calm::default();
    let lead = offered(&calm, "ada@firm.example");
    calm.lose_messages(true);
    patch(&calm, "ann", &json!({ "away": true }));
    assert_eq!(owner(&calm.lead(id(&lead))), "ann", "nobody has heard of it");
    calm.lose_messages(false);
    calm.wait(secs(2));
    calm.sweep();
    calm.run_queues();
    assert_eq!(owner(&calm.lead(id(&lead))), "bob");
}

/// Three may have it. Ann is gone before she can answer, which is not the lead's fault: after her there are three still.
#[test]
fn an_offer_that_was_taken_back_uses_none_up() {
    let calm = Calm::default();
    let lead = offered(&calm, "ada@firm.example");
    patch(&calm, "ann", &json!({ "away": true }));
    let mut had = vec![owner(&calm.lead(id(&lead)))];
    for _ in 0..2 {
        calm.advance(secs(60));
        had.push(owner(&calm.lead(id(&lead))));
    }
    had.sort();
    assert_eq!(had, ["bob", "cat", "dot"]);
    // Three have had it and nobody answered: the ladder goes on to its end, also once Ann is back.
    patch(&calm, "ann", &json!({ "away": false }));
    calm.advance(secs(89));
    assert_eq!(calm.lead(id(&lead))["owner"]["offer"], 4);
    assert!(kinds(&calm, &lead).contains(&"nobody_left".to_owned()));
    calm.advance(secs(1));
    assert_eq!(calm.lead(id(&lead))["stage"], "nurturing");
}

#[test]
fn with_nobody_else_the_lead_waits_and_comes_back_to_the_same_rep() {
    let alone = PLAYBOOK.replace("members: [ann, bob], overflow: second", "members: [ann]");
    let calm = Calm::new(&alone);
    let lead = offered(&calm, "ada@firm.example");
    let until = calm.now() + secs(1_800);
    patch(
        &calm,
        "ann",
        &json!({ "absences": [{ "from": calm.now().to_string(), "until": until.to_string() }] }),
    );
    let waits = calm.lead(id(&lead));
    assert_eq!((&waits["stage"], &rep(&calm, "ann")["unaccepted"]), (&json!("parked"), &json!(0)));
    calm.advance(secs(1_799));
    assert_eq!(calm.lead(id(&lead))["stage"], "parked");
    calm.advance(secs(2));
    let again = calm.lead(id(&lead));
    assert_eq!(
        (&again["stage"], owner(&again), &again["cycle"]),
        (&json!("offered"), "ann".to_owned(), &json!(1))
    );
    assert!(kinds(&calm, &lead).iter().filter(|k| *k == "offered").count() == 2);
}

/// An hour at the dentist's: offers before it move on when it begins, none comes during it, and then they do again.
#[test]
fn an_absence_of_part_of_a_day_takes_effect_by_itself_at_both_ends() {
    let calm = Calm::new(&PLAYBOOK.replace("within: PT60S", "within: PT3H"));
    let (from, until) = (calm.now() + secs(600), calm.now() + secs(4_200));
    patch(&calm, "ann", &json!({ "absences": [{ "from": from.to_string(), "until": until.to_string() }] }));
    let lead = offered(&calm, "ada@firm.example");
    assert_eq!(owner(&lead), "ann");
    calm.advance(secs(599));
    assert_eq!(owner(&calm.lead(id(&lead))), "ann");
    calm.advance(secs(2));
    let moved = calm.lead(id(&lead));
    assert_eq!(owner(&moved), "bob");
    assert_eq!(moved["owner"]["offered_at"], from.to_string(), "at the very second");
    for n in 0..4 {
        assert_eq!(owner(&offered(&calm, &format!("p{n}@firm{n}.example"))), "bob");
    }
    calm.advance(secs(3_600));
    let after: Vec<String> =
        (0..4).map(|n| owner(&offered(&calm, &format!("q{n}@firm{n}.example")))).collect();
    assert!(after.contains(&"ann".to_owned()), "{after:?}");
}

#[test]
fn work_that_has_begun_stays_and_the_manager_hears_of_it_once() {
    let calm = Calm::default();
    let lead = accepted(&calm, "ada@firm.example");
    patch(&calm, "ann", &json!({ "away": true }));
    assert!(!kinds(&calm, &lead).contains(&"owner_gone".to_owned()), "whoever is away comes back");
    for _ in 0..2 {
        patch(&calm, "ann", &json!({ "active": false }));
        calm.advance(secs(120));
    }
    let kept = calm.lead(id(&lead));
    assert_eq!((&kept["stage"], owner(&kept)), (&json!("accepted"), "ann".to_owned()));
    assert_eq!(kinds(&calm, &lead).iter().filter(|k| *k == "owner_gone").count(), 1);
    let mails = calm.record().mails;
    let told = mails.iter().filter(|(_, m)| m.to == "boss@calm.example").count();
    assert_eq!(told, 1, "{:?}", mails.iter().map(|(_, m)| (&m.to, &m.subject)).collect::<Vec<_>>());
    // The manager gives it to somebody, or the rep ends it: both are possible still.
    answer(&calm, &lead, "disqualify", &json!({ "reason": "no-budget" }));
    assert_eq!(rep(&calm, "ann")["open"], 0);
}

#[test]
fn a_publish_that_deactivates_somebody_moves_the_offers_on_too() {
    let calm = Calm::default();
    let lead = offered(&calm, "ada@firm.example");
    let without = PLAYBOOK.replace(
        "ann: {name: Ann, email: ann@calm.example,",
        "ann: {active: false, name: Ann, email: ann@calm.example,",
    );
    let mut request = leadline_tests::calm::request("PUT", "/playbook");
    request.headers.insert("authorization".to_owned(), format!("Bearer {}", calm.api_key));
    request.headers.insert("content-type".to_owned(), "application/yaml".to_owned());
    request.body = without.into_bytes();
    let response = calm.send(request);
    assert_eq!(response.status, 200, "{}", response.body);
    calm.run_queues();
    assert_eq!(owner(&calm.lead(id(&lead))), "bob");
    assert_eq!(rep(&calm, "ann")["open"], 0);
}

#[test]
fn an_answer_in_the_same_moment_wins_or_loses_and_loads_are_right_either_way() {
    // Accepted just before the offer is taken back: it stays.
    let calm = Calm::default();
    let lead = offered(&calm, "ada@firm.example");
    let (other, same) = (calm.clone(), lead.clone());
    calm.ask("PATCH", "/reps/ann", &json!({ "away": true }));
    calm.before_commit(move || {
        answer(&other, &same, "accept", &json!({}));
    });
    calm.run_queues();
    let kept = calm.lead(id(&lead));
    assert_eq!((&kept["stage"], owner(&kept)), (&json!("accepted"), "ann".to_owned()));
    let ann = rep(&calm, "ann");
    assert_eq!((&ann["open"], &ann["unaccepted"]), (&json!(1), &json!(0)));
    // Taken back just before it is accepted: refused.
    let calm = Calm::default();
    let lead = offered(&calm, "ada@firm.example");
    let other = calm.clone();
    calm.before_commit(move || {
        patch(&other, "ann", &json!({ "away": true }));
    });
    let accept =
        calm.crm("POST", &format!("/leads/{}/accept", id(&lead)), &json!({ "rep_id": "ann" }), &calm.api_key);
    assert_eq!(accept.status, 409, "{}", accept.body);
    let moved = calm.lead(id(&lead));
    assert_eq!((&moved["stage"], owner(&moved)), (&json!("offered"), "bob".to_owned()));
    assert_eq!((&rep(&calm, "ann")["open"], &rep(&calm, "bob")["unaccepted"]), (&json!(0), &json!(1)));
}

fn with_fallback() -> Calm {
    let fay = "  fay: {name: Fay, email: fay@calm.example, calendar: always}\npools:\n";
    let routing = "routing: {routes: [], otherwise: first, fallback: {rep: fay}}";
    Calm::new(&PLAYBOOK.replace("pools:\n", fay).replace("routing: {routes: [], otherwise: first}", routing))
}

/// Not everybody has had it who could: it waits, and does not leave sales.
#[test]
fn what_everybody_else_has_had_waits_for_a_fallback_who_is_away() {
    let calm = with_fallback();
    patch(&calm, "fay", &json!({ "away": true }));
    let mut lead = offered(&calm, "ada@firm.example");
    for _ in 0..4 {
        assert_eq!(lead["stage"], "offered", "{lead:#}");
        lead = answer(&calm, &lead, "reject", &json!({ "reason": "not-mine" }));
    }
    assert_eq!(lead["stage"], "parked", "{lead:#}");
    patch(&calm, "fay", &json!({ "away": false }));
    assert_eq!(owner(&calm.lead(id(&lead))), "fay");
}

#[test]
fn the_fallback_who_comes_back_takes_what_waits_for_nobody_else() {
    let calm = with_fallback();
    for rep in ["ann", "bob", "cat", "dot", "fay"] {
        patch(&calm, rep, &json!({ "away": true }));
    }
    let lead = calm.submitted("demo", &wants_demo("ada@firm.example"));
    calm.run_queues();
    assert_eq!(calm.lead_of(&lead)["stage"], "parked");
    patch(&calm, "fay", &json!({ "away": false }));
    assert_eq!(owner(&calm.lead_of(&lead)), "fay");
}
