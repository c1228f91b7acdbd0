//! Caps and what waits for room under them, with the real handlers: one after the other, and sixteen at once.

use std::collections::BTreeMap;
use std::sync::Barrier;
use std::thread;

use leadline_tests::calm::{Calm, PLAYBOOK};
use serde_json::{Value, json};

use super::scene::{answer, id, offered, patch, secs, wants_demo};

/// Ann alone, under these caps.
fn alone(caps: &str) -> Calm {
    Calm::new(&limited(caps).replace("members: [ann, bob], overflow: second", "members: [ann]"))
}

/// Everybody under these caps; grades A1 and B1 are worth three and two.
fn limited(caps: &str) -> String {
    PLAYBOOK
        .replace("calendar: always}", &format!("calendar: always, caps: {{{caps}}}}}"))
        .replace("sla:\n", "value: {by_grade: {A1: 3}, otherwise: 2}\nsla:\n")
        .replace("within: PT60S", "within: PT200H")
}

fn submit(calm: &Calm, email: &str, wish: &str) -> Value {
    let submission = calm.submitted("demo", &json!({ "email": email, "wish": wish }));
    calm.run_queues();
    calm.lead_of(&submission)
}

fn rep(calm: &Calm, rep: &str) -> Value {
    calm.ask("GET", &format!("/reps/{rep}"), &Value::Null).1
}

fn stage(calm: &Calm, lead: &Value) -> String {
    calm.lead(id(lead))["stage"].as_str().unwrap().to_owned()
}

fn why(lead: &Value) -> String {
    lead["route"]["pools"][0]["fell_out"][0]["why"].as_str().unwrap_or_default().to_owned()
}

/// Whoever had no chance to answer was given nothing.
#[test]
fn an_offer_that_is_withdrawn_leaves_room_under_the_caps_on_leads_given() {
    for cap in ["per_day: 1", "per_7_days: 1", "per_30_days: 1"] {
        let calm = alone(cap);
        let lead = submit(&calm, "ada@firm.example", "demo");
        calm.advance(secs(60));
        patch(&calm, "ann", &json!({ "away": true }));
        assert_eq!(stage(&calm, &lead), "parked", "{cap}");
        patch(&calm, "ann", &json!({ "away": false }));
        assert_eq!(stage(&calm, &lead), "offered", "{cap}");
        assert_eq!(submit(&calm, "eve@other.example", "demo")["stage"], "parked", "{cap}");
    }
}

#[test]
fn each_cap_parks_the_next_lead_and_says_why() {
    for (caps, fit, reason) in [
        ("per_day: 2", 2, "at_daily_cap"),
        ("per_7_days: 1", 1, "at_week_cap"),
        ("per_30_days: 3", 3, "at_month_cap"),
        ("unaccepted: 2", 2, "at_unaccepted_cap"),
        ("open: 1", 1, "at_open_cap"),
        // Two points each.
        ("value: 5", 2, "at_value_cap"),
    ] {
        let calm = alone(caps);
        for n in 0..fit {
            assert_eq!(submit(&calm, &format!("p{n}@firm{n}.example"), "demo")["stage"], "offered", "{caps}");
        }
        let over = submit(&calm, "over@firm.example", "demo");
        assert_eq!((&over["stage"], why(&over).as_str()), (&json!("parked"), reason), "{caps}");
        let limit = caps.rsplit(' ').next().unwrap();
        let told = &over["route"]["pools"][0]["fell_out"][0];
        assert_eq!(told["cap"].to_string(), limit, "{told}");
        assert!(told["because"].as_str().unwrap().ends_with(&format!("({limit})")), "{told}");
        let ann = rep(&calm, "ann");
        let shown =
            ["open", "unaccepted", "today", "last_7_days", "last_30_days"].map(|k| ann[k].as_u64().unwrap());
        assert_eq!(shown, [fit; 5], "{caps}");
        assert_eq!(ann["value"], fit * 2);
    }
}

#[test]
fn a_limit_set_by_hand_is_the_one_that_is_told() {
    let calm = alone("open: 5");
    calm.ask("PATCH", "/reps/ann", &json!({ "caps": { "open": 1 } }));
    offered(&calm, "ada@firm.example");
    let over = submit(&calm, "over@firm.example", "demo");
    let told = &over["route"]["pools"][0]["fell_out"][0];
    assert_eq!(
        (&told["cap"], &told["because"]),
        (&json!(1), &json!("Ann has reached the cap on open leads (1)"))
    );
}

#[test]
fn accepting_makes_room_under_the_cap_on_unanswered_offers() {
    let calm = alone("unaccepted: 1");
    let first = offered(&calm, "ada@firm.example");
    let second = submit(&calm, "bea@other.example", "demo");
    assert_eq!(second["stage"], "parked");
    answer(&calm, &first, "accept", &json!({}));
    assert_eq!(stage(&calm, &second), "offered", "at once, not at the next look");
    let ann = rep(&calm, "ann");
    assert_eq!((&ann["open"], &ann["unaccepted"]), (&json!(2), &json!(1)));
}

#[test]
fn a_higher_limit_by_hand_is_a_capacity_event_and_a_lower_one_takes_nothing_away() {
    let calm = alone("open: 1");
    let first = offered(&calm, "ada@firm.example");
    let second = submit(&calm, "bea@other.example", "demo");
    let third = submit(&calm, "cleo@third.example", "demo");
    let set = |caps: Value| {
        assert_eq!(calm.ask("PATCH", "/reps/ann", &json!({ "caps": caps })).0, 200);
        calm.run_queues();
    };
    set(json!({ "open": 2 }));
    assert_eq!([&second, &third].map(|l| stage(&calm, l)), ["offered", "parked"]);
    set(json!({ "open": "unlimited" }));
    assert_eq!(stage(&calm, &third), "offered");
    set(json!({ "open": 0 }));
    assert_eq!([&first, &second, &third].map(|l| stage(&calm, l)), ["offered", "offered", "offered"]);
    assert_eq!(submit(&calm, "dora@fourth.example", "demo")["stage"], "parked");
}

/// Room for one at a time: the best grade first, among equals whoever has waited longest.
#[test]
fn parking_drains_by_grade_and_age_on_a_capacity_event() {
    let calm = alone("open: 1");
    let mut holds = offered(&calm, "ada@firm.example");
    let wait = |email: &str, wish: &str| {
        calm.advance(secs(5));
        let lead = submit(&calm, email, wish);
        assert_eq!(lead["stage"], "parked", "{lead:#}");
        (lead["score"]["grade"].as_str().unwrap().to_owned(), id(&lead).to_owned())
    };
    // 50 points of interest are grade 1; 20 + 10 of two visits are grade 2.
    let two_visits = |calm: &Calm, email: &str| {
        submit(calm, email, "look");
        email.to_owned()
    };
    let early = two_visits(&calm, "e@early.example");
    let (grade, second_early) = wait(&early, "read");
    assert_eq!(grade, "B2");
    let late = two_visits(&calm, "l@late.example");
    let (_, second_late) = wait(&late, "read");
    let (grade, best) = wait("b@best.example", "demo");
    assert_eq!(grade, "B1");
    let (_, next_best) = wait("n@next.example", "demo");
    for expected in [&best, &next_best, &second_early, &second_late] {
        answer(&calm, &holds, "disqualify", &json!({ "reason": "no-budget" }));
        holds = calm.lead(expected);
        assert_eq!(holds["stage"], "offered", "{holds:#}");
        let offered = calm.leads().iter().filter(|l| l.stage == leadline_core::lead::Stage::Offered).count();
        assert_eq!(offered, 1, "room for one");
    }
}

#[test]
fn parking_drains_by_sweep_when_every_message_is_lost() {
    let calm = alone("open: 1");
    let first = offered(&calm, "ada@firm.example");
    let second = submit(&calm, "bea@other.example", "demo");
    calm.lose_messages(true);
    answer(&calm, &first, "disqualify", &json!({ "reason": "no-budget" }));
    assert_eq!(stage(&calm, &second), "parked");
    calm.lose_messages(false);
    // A parked lead is looked at again within a quarter of an hour.
    calm.advance(secs(16 * 60));
    assert_eq!(stage(&calm, &second), "offered");
}

#[test]
fn a_cap_on_days_lets_go_at_midnight_and_the_best_goes_first() {
    let calm = alone("per_day: 1");
    submit(&calm, "ada@firm.example", "demo");
    submit(&calm, "bea@other.example", "look");
    let low = submit(&calm, "bea@other.example", "read");
    let high = submit(&calm, "cleo@third.example", "demo");
    assert_eq!([&low, &high].map(|l| stage(&calm, l)), ["parked", "parked"]);
    let zone = jiff::tz::TimeZone::UTC;
    let midnight = calm.now().to_zoned(zone).tomorrow().unwrap().start_of_day().unwrap().timestamp();
    calm.advance(midnight.duration_since(calm.now()) - secs(1));
    assert_eq!([&low, &high].map(|l| stage(&calm, l)), ["parked", "parked"]);
    calm.advance(secs(60));
    assert_eq!([&low, &high].map(|l| stage(&calm, l)), ["parked", "offered"]);
    assert_eq!(calm.lead(id(&high))["owner"]["offered_at"], midnight.to_string(), "at the very second");
}

/// Sixteen workers take messages from the queues at the same time, each in a thread of its own.
fn crowd(calm: &Calm) {
    let begin = Barrier::new(16);
    for _ in 0..200 {
        thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    begin.wait();
                    while calm.run_one() {}
                });
            }
        });
        // Whoever lost too many races comes again when its message is visible again.
        calm.advance(secs(31));
        let on_its_way = calm.leads().iter().any(|lead| lead.in_pipeline());
        if !on_its_way {
            return;
        }
    }
    panic!("leads are still on their way");
}

fn everybody(calm: &Calm, leads: usize, domains: usize) {
    for n in 0..leads {
        calm.submitted("demo", &wants_demo(&format!("p{n}@firm{}.example", n % domains)));
    }
}

/// What reps hold, from the leads themselves: how many, how many unanswered.
fn held(calm: &Calm) -> BTreeMap<String, (u64, u64)> {
    let mut held: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for lead in calm.leads() {
        if let Some(rep_id) = lead.held_by() {
            let (open, unaccepted) = held.entry(rep_id.to_string()).or_default();
            *open += 1;
            *unaccepted += u64::from(lead.stage == leadline_core::lead::Stage::Offered);
        }
    }
    held
}

fn assert_counters(calm: &Calm) {
    let held = held(calm);
    for name in ["ann", "bob", "cat", "dot"] {
        let row = rep(calm, name);
        let counted = (row["open"].as_u64().unwrap(), row["unaccepted"].as_u64().unwrap());
        assert_eq!(counted, held.get(name).copied().unwrap_or_default(), "{name}");
    }
}

#[test]
fn sixteen_routers_at_once_never_exceed_a_cap_and_leave_no_room_unused() {
    for (caps, most) in
        [("open: 7", 7), ("unaccepted: 5", 5), ("per_day: 6", 6), ("per_7_days: 4", 4), ("value: 13", 6)]
    {
        let calm = Calm::new(&limited(caps));
        everybody(&calm, 60, 60);
        crowd(&calm);
        let held = held(&calm);
        for name in ["ann", "bob", "cat", "dot"] {
            assert_eq!(held.get(name).map(|(open, _)| *open), Some(most), "{caps} {name}");
        }
        assert_counters(&calm);
        let parked = calm.leads().iter().filter(|l| l.parked.is_some()).count();
        assert_eq!(parked as u64, 60 - 4 * most, "{caps}");
    }
}

#[test]
fn a_thousand_leads_are_a_thousand_assignments_under_sixteen_routers() {
    let calm = Calm::new(&limited(""));
    everybody(&calm, 1_000, 1_000);
    crowd(&calm);
    let leads = calm.leads();
    assert_eq!(leads.len(), 1_000);
    for lead in &leads {
        let events = calm.timeline(lead.lead_id.as_str());
        let offers = events.iter().filter(|e| e["kind"] == "offered" || e["kind"] == "reassigned").count();
        assert_eq!(offers, 1, "{events:#?}");
    }
    assert_counters(&calm);
    // Nobody of the second pool was needed, and two equals have five hundred each.
    let held = held(&calm);
    assert_eq!(held.values().map(|(open, _)| open).sum::<u64>(), 1_000);
    let (_, pool) = calm.ask("GET", "/pools/first", &Value::Null);
    assert_eq!(pool["turns"], 1_000);
    assert_eq!((held["ann"].0, held["bob"].0), (500, 500));
}
