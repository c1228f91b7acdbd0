//! From the score to an owner: thresholds, vetoes, pools, caps and what happens when nobody has room.

use std::collections::BTreeSet;

use leadline_runtime::wake::{Hop, WakeUp};
use leadline_tests::calm::{Calm, PLAYBOOK, json, request};
use serde_json::{Value, json};

use super::scene::{answer, history, id, offered, secs, wants_demo, with};

/// Everybody may hold one lead at a time.
fn scarce() -> Calm {
    Calm::new(&PLAYBOOK.replace("calendar: always}", "calendar: always, caps: {open: 1}}"))
}

fn holder(lead: &Value) -> String {
    lead["owner"]["rep_id"].as_str().unwrap().to_owned()
}

fn submit_wish(calm: &Calm, email: &str, wish: &str) -> Value {
    let submission = calm.submitted("demo", &json!({ "email": email, "wish": wish }));
    calm.run_queues();
    calm.lead_of(&submission)
}

/// Somebody who wants a demo, whatever becomes of it.
fn submit(calm: &Calm, email: &str) -> Value {
    submit_wish(calm, email, "demo")
}

#[test]
fn a_lead_reaches_sales_at_the_upper_mark_and_keeps_its_rep_under_the_lower() {
    let calm = Calm::default();
    // Twenty points for interest are between the marks, and thirty are the upper one.
    let low = submit_wish(&calm, "bob@firm.example", "look");
    assert_eq!((&low["stage"], &low["score"]["interest"]), (&json!("nurturing"), &json!(20)));
    let more = submit_wish(&calm, "bob@firm.example", "read");
    assert_eq!((&more["stage"], &more["score"]["interest"]), (&json!("offered"), &json!(30)));
    // A rep's lead that scores lower and lower stays the rep's.
    let lead = offered(&calm, "ada@firm.example");
    let lead = answer(&calm, &lead, "accept", &json!({}));
    calm.advance(secs(86_400));
    let after = submit_wish(&calm, "ada@firm.example", "read");
    assert_eq!((&after["stage"], &after["score"]["interest"]), (&json!("accepted"), &json!(10)));
    assert_eq!(after["owner"], lead["owner"]);
}

#[test]
fn what_sales_gave_back_has_to_reach_the_upper_mark_again() {
    let calm = Calm::default();
    let lead = offered(&calm, "ada@firm.example");
    // Nobody accepts, marketing has it again, and after a day the wish for a demo counts no more.
    calm.advance(secs(86_400));
    assert_eq!(calm.lead(id(&lead))["stage"], "nurturing");
    let low = submit_wish(&calm, "ada@firm.example", "look");
    assert_eq!((&low["stage"], &low["score"]["interest"]), (&json!("nurturing"), &json!(20)));
    let high = submit_wish(&calm, "ada@firm.example", "read");
    assert_eq!((&high["stage"], &high["score"]["interest"]), (&json!("offered"), &json!(30)));
    // In the new cycle everybody may have it, also who had it before, and the buyer has waited since today.
    assert_eq!((&high["cycle"], &high["owner"]["offer"]), (&json!(2), &json!(1)));
    assert_eq!(high["received_at"], calm.now().to_string());
}

#[test]
fn a_veto_beats_every_point_and_nobody_is_bothered() {
    let calm = Calm::default();
    let lead = submit(&calm, "spy@rival.example");
    assert_eq!(lead["stage"], "disqualified");
    assert!(lead["reason"].as_str().unwrap().contains("competitor"));
    assert_eq!(lead["score"]["interest"], 50);
    calm.advance(secs(600));
    let told: BTreeSet<String> = calm.record().mails.into_iter().map(|(_, m)| m.to).collect();
    assert_eq!(told, BTreeSet::from(["spy@rival.example".to_owned()]));
}

#[test]
fn the_reasons_add_up_to_the_score() {
    let calm = Calm::default();
    let lead = submit(&calm, "ada@firm.example");
    let sum = |axis: &str| -> i64 {
        let reasons = lead["score"]["reasons"].as_array().unwrap();
        reasons.iter().filter(|r| r["axis"] == axis).map(|r| r["points"].as_i64().unwrap()).sum()
    };
    assert_eq!((sum("fit"), sum("interest")), (40, 50));
    assert_eq!((&lead["score"]["fit"], &lead["score"]["interest"]), (&json!(40), &json!(50)));
    // What nobody knows gives nothing and is told.
    assert_eq!(lead["score"]["unknown"], json!(["large"]));
}

#[test]
fn equal_reps_share_equally() {
    let calm = Calm::default();
    let mut taken: Vec<String> = Vec::new();
    for n in 0..10 {
        taken.push(holder(&submit(&calm, &format!("p{n}@firm.example"))));
        let [ann, bob] = ["ann", "bob"].map(|rep| taken.iter().filter(|t| *t == rep).count());
        assert!(ann.abs_diff(bob) <= 1, "{taken:?}");
    }
    let (_, pool) = calm.ask("GET", "/pools/first", &Value::Null);
    assert_eq!((&pool["turns"], &pool["within_one_lead"]), (&json!(10), &json!(true)));
    let (_, ann) = calm.ask("GET", "/reps/ann", &Value::Null);
    assert_eq!((&ann["open"], &ann["today"]), (&json!(5), &json!(5)));
}

#[test]
fn a_full_pool_overflows_and_then_leads_are_parked_with_one_alert() {
    let calm = scarce();
    let leads: Vec<Value> = (0..4).map(|n| submit(&calm, &format!("p{n}@firm.example"))).collect();
    let owners: Vec<(String, Value)> =
        leads.iter().map(|l| (holder(l), l["owner"]["pool_id"].clone())).collect();
    assert_eq!(
        owners.iter().map(|(_, pool)| pool.as_str().unwrap()).collect::<Vec<_>>(),
        ["first", "first", "second", "second"]
    );
    assert_eq!(owners.iter().map(|(rep, _)| rep.as_str()).collect::<BTreeSet<_>>().len(), 4);
    let fell_out = &leads[2]["route"]["pools"][0]["fell_out"];
    assert_eq!(
        fell_out.as_array().unwrap().iter().map(|n| n["why"].as_str().unwrap()).collect::<Vec<_>>(),
        ["at_open_cap"; 2]
    );

    let parked = submit(&calm, "p4@firm.example");
    assert_eq!(
        (&parked["stage"], &parked["parked"]["reason"]),
        (&json!("parked"), &json!("nobody_eligible"))
    );
    assert_eq!(parked["accountable"], json!({ "pool_id": "first" }));
    let alerts = || calm.record().mails.iter().filter(|(_, m)| m.to == "ops@calm.example").count();
    assert_eq!(alerts(), 1);
    // It is looked at again and again without another word.
    for lead in &leads {
        answer(&calm, lead, "accept", &json!({}));
    }
    calm.advance(secs(3_500));
    assert_eq!((calm.lead(id(&parked))["stage"].clone(), alerts()), (json!("parked"), 1));
}

#[test]
fn a_parked_lead_is_taken_as_soon_as_there_is_room() {
    type Free = fn(&Calm, &Value);
    let ways: [(&str, Free); 5] = [
        ("a lost deal", |calm, lead| {
            answer(calm, &answer(calm, lead, "accept", &json!({})), "lose", &json!({ "reason": "price" }));
        }),
        ("a rejection to marketing", |calm, lead| {
            answer(calm, lead, "reject", &json!({ "reason": "not-ready" }));
        }),
        ("a rejection for good", |calm, lead| {
            answer(calm, lead, "reject", &json!({ "reason": "wrong-fit" }));
        }),
        ("a rejection to somebody else", |calm, lead| {
            answer(calm, lead, "reject", &json!({ "reason": "not-mine" }));
        }),
        ("a disqualification", |calm, lead| {
            let path = format!("/leads/{}/disqualify", id(lead));
            assert_eq!(calm.ask("POST", &path, &json!({ "reason": "duplicate" })).0, 200);
        }),
    ];
    for (name, free) in ways {
        let calm = scarce();
        let first = submit(&calm, "p0@firm.example");
        for n in 1..4 {
            submit(&calm, &format!("p{n}@firm.example"));
        }
        let parked = submit(&calm, "p4@firm.example");
        assert_eq!(parked["stage"], "parked");
        free(&calm, &first);
        calm.run_queues();
        let lead = calm.lead(id(&parked));
        assert_eq!((&lead["stage"], holder(&lead)), (&json!("offered"), holder(&first)), "{name}");
        assert_eq!(lead["owner"]["offered_at"], calm.now().to_string());
    }
}

#[test]
fn a_rep_who_comes_back_takes_what_is_parked() {
    let calm = Calm::default();
    let patch = |rep: &str, body: Value| {
        assert_eq!(calm.ask("PATCH", &format!("/reps/{rep}"), &body).0, 200);
    };
    for rep in ["ann", "bob", "cat", "dot"] {
        patch(rep, json!({ "away": true }));
    }
    let parked = submit(&calm, "ada@firm.example");
    assert_eq!(parked["stage"], "parked");
    let whys: Vec<&str> = parked["route"]["pools"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|p| p["fell_out"].as_array().unwrap())
        .map(|n| n["why"].as_str().unwrap())
        .collect();
    assert_eq!(whys, ["away"; 4]);
    calm.advance(secs(120));
    patch("dot", json!({ "away": false }));
    calm.run_queues();
    let lead = calm.lead(id(&parked));
    assert_eq!((&lead["stage"], holder(&lead)), (&json!("offered"), "dot".to_owned()));
    // An absence that ends by itself is waited for to the second.
    let calm = Calm::default();
    let back = calm.now() + secs(100);
    for rep in ["ann", "bob", "cat", "dot"] {
        let absence = json!({ "absent_until": back.to_string() });
        assert_eq!(calm.ask("PATCH", &format!("/reps/{rep}"), &absence).0, 200);
    }
    let parked = submit(&calm, "ada@firm.example");
    // Grade B1 is the fourth of those that are looked at then, two seconds after each other, …
    assert_eq!(parked["wake_at"], (back + secs(6)).to_string());
    calm.advance(secs(99));
    assert_eq!(calm.lead(id(&parked))["stage"], "parked");
    calm.advance(secs(1));
    // … but whoever is back is given what is first in line.
    assert_eq!(calm.lead(id(&parked))["owner"]["offered_at"], back.to_string());
}

#[test]
fn nobody_has_a_lead_twice_in_a_cycle() {
    let calm = Calm::default();
    let mut lead = submit(&calm, "ada@firm.example");
    let mut had = BTreeSet::new();
    for n in 1..=4 {
        assert!(had.insert(holder(&lead)), "{} twice", holder(&lead));
        assert_eq!(lead["owner"]["offer"], n);
        lead = answer(&calm, &lead, "reject", &json!({ "reason": "not-mine" }));
    }
    // There is nobody left to wait for: marketing has it again.
    assert_eq!(
        (&lead["stage"], &lead["owner"], &lead["cycle"]),
        (&json!("nurturing"), &Value::Null, &json!(2))
    );
    assert!(calm.record().mails.iter().any(|(_, m)| m.to == "marketing@calm.example"));
    for rep in ["ann", "bob", "cat", "dot"] {
        assert_eq!(calm.ask("GET", &format!("/reps/{rep}"), &Value::Null).1["open"], 0, "{rep}");
    }
}

#[test]
fn who_could_never_take_it_is_not_waited_for() {
    let inactive = PLAYBOOK
        .replace("dot@calm.example, calendar: always}", "dot@calm.example, calendar: always, active: false}");
    assert_ne!(inactive, PLAYBOOK);
    let calm = Calm::new(&inactive);
    let mut lead = submit(&calm, "ada@firm.example");
    for _ in ["ann", "bob", "cat"] {
        lead = answer(&calm, &lead, "reject", &json!({ "reason": "not-mine" }));
    }
    assert_eq!((&lead["stage"], &lead["owner"]), (&json!("nurturing"), &Value::Null), "{lead:#}");
    // Whoever is away comes back, and is waited for.
    let calm = Calm::default();
    assert_eq!(calm.ask("PATCH", "/reps/dot", &json!({ "away": true })).0, 200);
    let mut lead = submit(&calm, "ada@firm.example");
    for _ in ["ann", "bob", "cat"] {
        lead = answer(&calm, &lead, "reject", &json!({ "reason": "not-mine" }));
    }
    assert_eq!(lead["stage"], "parked", "{lead:#}");
}

#[test]
fn the_timeline_tells_how_each_owner_was_found() {
    let calm = scarce();
    let first = submit(&calm, "p0@firm.example");
    let taken = holder(&first);
    let other = submit(&calm, "p1@firm.example");
    answer(&calm, &other, "reject", &json!({ "reason": "not-mine" }));
    calm.run_queues();
    let why = |lead: &Value, kind: &str| -> Vec<Value> {
        let events = calm.timeline(id(lead)).into_iter().filter(|e| e["kind"] == kind);
        events.map(|e| e["because"].clone()).collect()
    };
    assert_eq!(why(&first, "offered"), [first["route"]["because"].clone()]);
    assert_eq!(why(&first, "captured"), [Value::Null]);
    // Both decisions of the other are told, each as it was when it was made.
    let told = why(&other, "offered");
    let [before, after] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(after, &calm.lead(id(&other))["route"]["because"]);
    let full =
        format!("{} has reached the cap on open leads (1)", if taken == "ann" { "Ann" } else { "Bob" });
    for because in [before, after] {
        assert!(because.as_str().unwrap().contains(&full), "{because}");
    }
    assert!(before.as_str().unwrap().contains("of pool first it was"), "{before}");
    assert!(after.as_str().unwrap().contains("of pool second it was"), "{after}");
    assert!(after.as_str().unwrap().contains("has had this lead already"), "{after}");
    let (_, exported) = calm.ask("GET", &format!("/leads/{}/export", id(&other)), &Value::Null);
    assert_eq!(exported["leads"][0]["timeline"], json!(calm.timeline(id(&other))), "an export says the same");
    // Whoever gets it by hand was found by nobody's rules.
    let to = json!({ "to": "dot", "reason": "Knows the company" });
    let given = calm.ask("POST", &format!("/leads/{}/reassign", id(&first)), &to);
    assert_eq!(given.0, 200, "{}", given.1);
    assert_eq!(calm.lead(id(&first))["route"], Value::Null);
    assert_eq!(why(&first, "handed_over"), [Value::Null]);
}

#[test]
fn whoever_is_off_hours_falls_out_until_a_time_of_their_own_zone_and_is_offered_the_lead_then() {
    // The world begins on a Monday, thirteen minutes past four in Berlin.
    let berlin = "calendars:\n  berlin: {zone: Europe/Berlin, weekly: {mon: [[\"09:00\", \"16:00\"]], tue: [[\"09:00\", \"16:00\"]]}}\n";
    let book = PLAYBOOK
        .replace("calendars:\n", berlin)
        .replace("email: ann@calm.example, calendar: always", "email: ann@calm.example, calendar: berlin")
        .replace("members: [ann, bob], overflow: second", "members: [ann]");
    let calm = Calm::new(&book);
    let parked = submit(&calm, "ada@firm.example");
    assert_eq!(parked["stage"], "parked");
    let told = &parked["route"]["pools"][0]["fell_out"][0];
    assert_eq!(
        (&told["why"], &told["until"], &told["because"]),
        (
            &json!("off_hours"),
            &json!("2026-09-22T07:00:00Z"),
            &json!("Ann is outside working hours until Tue 22 Sep 09:00 CEST")
        )
    );
    let opening: jiff::Timestamp = "2026-09-22T07:00:00Z".parse().unwrap();
    calm.advance(opening.duration_since(calm.now()) - secs(1));
    assert_eq!(calm.lead(id(&parked))["stage"], "parked");
    // Better grades first, so many seconds apart.
    calm.advance(secs(10));
    let offered = calm.lead(id(&parked));
    assert_eq!((&offered["stage"], holder(&offered).as_str()), (&json!("offered"), "ann"));
}

#[test]
fn caps_hold_at_commit_however_close_two_leads_come() {
    let one = PLAYBOOK
        .replace("calendar: always}", "calendar: always, caps: {open: 1}}")
        .replace("members: [ann, bob], overflow: second", "members: [ann]");
    let calm = Calm::new(&one);
    let leads = ["ada@firm.example", "bob@firm.example"].map(|email| scored(&calm, email));
    // The second lead is routed whole while the first one's transaction is on its way.
    let (other, second) = (calm.clone(), wake(Hop::Route, &leads[1]));
    calm.before_transaction(move || assert!(other.handle(&second)));
    assert!(calm.handle(&wake(Hop::Route, &leads[0])));
    let stages = leads.map(|l| calm.lead(id(&l))["stage"].clone());
    assert_eq!(stages, ["parked", "offered"]);
    assert_eq!(calm.ask("GET", "/reps/ann", &Value::Null).1["open"], 1);
}

/// Everything about a lead up to its score, and nothing further.
fn scored(calm: &Calm, email: &str) -> Value {
    calm.lose_messages(true);
    let lead = calm.lead_of(&calm.submitted("demo", &wants_demo(email)));
    assert!(calm.handle(&wake(Hop::Enrich, &lead)) && calm.handle(&wake(Hop::Score, &lead)));
    lead
}

fn wake(hop: Hop, lead: &Value) -> WakeUp {
    WakeUp { v: 1, hop, id: id(lead).to_owned(), version: 0, due_ms: None, delay_s: 0 }
}

#[test]
fn a_load_is_right_when_a_lead_leaves_while_another_comes() {
    let calm = Calm::new(&PLAYBOOK.replace("members: [ann, bob], overflow: second", "members: [ann]"));
    let lead = submit(&calm, "ada@firm.example");
    let lead = answer(&calm, &lead, "accept", &json!({}));
    let next = scored(&calm, "bob@firm.example");
    let (other, routing) = (calm.clone(), wake(Hop::Route, &next));
    calm.before_transaction(move || assert!(other.handle(&routing)));
    answer(&calm, &lead, "lose", &json!({ "reason": "price" }));
    assert_eq!(
        (&calm.lead(id(&lead))["stage"], &calm.lead(id(&next))["stage"]),
        (&json!("lost"), &json!("offered"))
    );
    assert_eq!(calm.ask("GET", "/reps/ann", &Value::Null).1["open"], 1);
}

#[test]
fn a_turn_that_goes_back_while_another_is_taken_is_not_forgotten() {
    let calm = Calm::default();
    let (first, second) = (submit(&calm, "p1@firm.example"), submit(&calm, "p2@firm.example"));
    assert_eq!((holder(&first), holder(&second)), ("ann".to_owned(), "bob".to_owned()));
    let third = scored(&calm, "p3@firm.example");
    let other = calm.clone();
    calm.before_transaction(move || {
        answer(&other, &second, "reject", &json!({ "reason": "not-mine" }));
    });
    assert!(calm.handle(&wake(Hop::Route, &third)));
    let (_, pool) = calm.ask("GET", "/pools/first", &Value::Null);
    let assigned = pool["members"].as_array().unwrap().iter().map(|m| m["assigned"].as_i64().unwrap());
    // Three offers, one of them given back.
    assert_eq!((assigned.sum::<i64>(), &pool["turns"]), (2, &json!(3)));
}

#[test]
fn an_answer_given_twice_under_one_key_is_one_answer() {
    let calm = Calm::default();
    let lead = submit(&calm, "ada@firm.example");
    let accept = || {
        let mut post = request("POST", &format!("/leads/{}/accept", id(&lead)));
        post.body = json!({ "rep_id": holder(&lead) }).to_string().into_bytes();
        let post = with(post, "authorization", &format!("Bearer {}", calm.api_key));
        calm.send(with(post, "idempotency-key", "accept-1"))
    };
    let first = accept();
    calm.run_queues();
    answer(&calm, &lead, "qualify", &json!({}));
    let second = accept();
    assert_eq!((first.status, second.status), (200, 200));
    assert_eq!(json(&second)["stage"], "qualified");
    let accepts = history(&calm, id(&lead)).into_iter().filter(|(_, k)| k == "accepted").count();
    assert_eq!(accepts, 1);
}
