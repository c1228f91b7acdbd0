//! What comes before and after the turn: whom a lead belongs to already, what keeps it from sales, and who answers in
//! the end.

use std::sync::Arc;

use leadline_store::AttributeValue;
use leadline_tests::calm::{Calm, PLAYBOOK, text};
use serde_json::{Value, json};

use super::scene::{accepted, answer, history, id, offered, secs, wants_demo};

/// The calm playbook with more under `routing`, and accounts.
fn with(routing: &str, accounts: &str) -> String {
    let routing = format!("accounts: {accounts}\nrouting: {{{routing}, routes: [], otherwise: first}}");
    let changed = PLAYBOOK.replace("routing: {routes: [], otherwise: first}", &routing);
    let fay = "  fay: {name: Fay, email: fay@calm.example, calendar: always}\npools:\n";
    let changed = changed.replace("pools:\n", fay);
    assert_ne!(changed, PLAYBOOK);
    changed
}

fn sticky() -> Calm {
    Calm::new(&with("relationships: {open_lead: true}", "{}"))
}

fn owner(lead: &Value) -> &str {
    lead["owner"]["rep_id"].as_str().unwrap()
}

fn turns(calm: &Calm) -> i64 {
    let (_, pool) = calm.ask("GET", "/pools/first", &Value::Null);
    pool["turns"].as_i64().unwrap()
}

fn away(calm: &Calm, rep: &str, away: bool) {
    let (status, body) = calm.ask("PATCH", &format!("/reps/{rep}"), &json!({ "away": away }));
    assert_eq!(status, 200, "{body}");
    calm.run_queues();
}

fn because(lead: &Value) -> &str {
    lead["route"]["because"].as_str().unwrap()
}

#[test]
fn leads_of_one_company_go_to_whoever_has_it_and_take_no_turn() {
    let calm = sticky();
    let first = accepted(&calm, "ada@firm.example");
    assert_eq!((turns(&calm), first["owner"]["basis"].as_str()), (1, Some("turn")));
    for n in 0..3 {
        let next = offered(&calm, &format!("p{n}@sub.firm.example"));
        assert_eq!(owner(&next), owner(&first));
        assert_eq!(next["owner"]["basis"], "open_lead");
        assert!(next["route"]["relations"][0]["lead_id"].is_string());
        let event = calm.timeline(id(&next)).into_iter().find(|e| e["kind"] == "offered").unwrap();
        let name = owner(&first);
        assert_eq!(
            event["summary"],
            format!("Offered to {name}, who has another lead of this company (offer 1).")
        );
    }
    assert_eq!(turns(&calm), 1, "no turn was taken");
    let (_, rep) = calm.ask("GET", &format!("/reps/{}", owner(&first)), &Value::Null);
    assert_eq!(rep["open"], 4, "the load counts");
    // Another company, and a mail provider that is none, go by turn.
    offered(&calm, "ada@other.example");
    assert_eq!(turns(&calm), 2);
    // Its turn was not taken, so that a rejection gives none back.
    let last = offered(&calm, "q@firm.example");
    answer(&calm, &last, "reject", &json!({ "reason": "not-mine" }));
    let (_, pool) = calm.ask("GET", "/pools/first", &Value::Null);
    let assigned: i64 =
        pool["members"].as_array().unwrap().iter().map(|m| m["assigned"].as_i64().unwrap()).sum();
    assert_eq!(assigned, turns(&calm));
}

#[test]
fn whoever_has_the_company_is_passed_over_when_not_free_and_the_record_says_so() {
    let calm = sticky();
    let first = accepted(&calm, "ada@firm.example");
    away(&calm, owner(&first), true);
    let second = offered(&calm, "bea@firm.example");
    assert_ne!(owner(&second), owner(&first));
    assert_eq!(second["owner"]["basis"], "turn");
    let look = &second["route"]["relations"][0];
    assert_eq!((&look["why_not"], look["rep_id"].as_str()), (&json!("away"), Some(owner(&first))));
    let name = if owner(&first) == "ann" { "Ann" } else { "Bob" };
    let said = format!("{name}, who has another lead of this company, is switched to away.");
    assert!(because(&second).contains(&said), "{}", because(&second));
    // A closed lead holds nobody to its company.
    away(&calm, owner(&first), false);
    answer(&calm, &first, "disqualify", &json!({ "reason": "no-budget" }));
    let third = offered(&calm, "cleo@firm.example");
    assert_eq!(owner(&third), owner(&second), "the other one is open still");
}

/// The second is decided while the first is on its way: its commit finds the company taken and follows.
#[test]
fn leads_in_flight_together_go_to_one_owner() {
    let calm = sticky();
    let one = calm.submitted("demo", &wants_demo("ada@firm.example"));
    let other = calm.submitted("demo", &wants_demo("bea@firm.example"));
    let again = calm.clone();
    let routed = Arc::new(std::sync::Mutex::new(false));
    let once = Arc::clone(&routed);
    // Just before the first offer is committed, everything else that can be done is.
    calm.before_write("POOL#first", "POOL", move || {
        *once.lock().unwrap() = true;
        again.run_queues();
    });
    calm.run_queues();
    assert!(*routed.lock().unwrap());
    let (one, other) = (calm.lead_of(&one), calm.lead_of(&other));
    assert_eq!(owner(&one), owner(&other));
    assert_eq!(turns(&calm), 1);
}

#[test]
fn a_window_holds_the_company_together_whatever_became_of_the_first() {
    let calm = Calm::new(&with("relationships: {together: PT30S}", "{}"));
    let first = offered(&calm, "ada@firm.example");
    answer(&calm, &first, "disqualify", &json!({ "reason": "no-budget" }));
    calm.advance(secs(29));
    let second = offered(&calm, "bea@firm.example");
    assert_eq!((owner(&second), &second["owner"]["basis"]), (owner(&first), &json!("together")));
    answer(&calm, &second, "disqualify", &json!({ "reason": "no-budget" }));
    calm.advance(secs(30));
    assert_eq!(offered(&calm, "cleo@firm.example")["owner"]["basis"], "turn");
}

#[test]
fn an_account_goes_to_its_owner_also_from_outside_the_pools() {
    let calm = Calm::new(&with(
        "relationships: {account_owner: true}",
        "{named: {firm.example: {owner: fay}, big.example: {name: Big Corp, owner: dot, also: [big-co.example]}}}",
    ));
    let lead = offered(&calm, "ada@firm.example");
    assert_eq!((owner(&lead), lead["owner"]["pool_id"].as_str()), ("fay", Some("first")));
    assert_eq!(
        because(&lead),
        "Fay owns the account firm.example (the domain is listed) and was free, so no turn was taken."
    );
    let mut answers = wants_demo("bea@gmx-not.example");
    answers["company"] = json!("BIG Corporation");
    let submission = calm.submitted("demo", &answers);
    calm.run_queues();
    let lead = calm.lead_of(&submission);
    assert_eq!((owner(&lead), lead["owner"]["pool_id"].as_str()), ("dot", Some("second")));
    assert_eq!(
        lead["route"]["account"],
        json!({
            "account": "big.example", "grade": "probable", "because": "the name agrees"
        })
    );
    // The domain alone is not enough where a name is given.
    assert_eq!(offered(&calm, "cleo@big.example")["owner"]["basis"], "turn");
}

#[test]
fn a_recycled_lead_comes_back_to_whoever_gave_it_back() {
    let calm = Calm::new(&with("relationships: {last_owner_days: 1}", "{}"));
    let lead = accepted(&calm, "ada@firm.example");
    let had_it = owner(&lead).to_owned();
    offered(&calm, "bea@other.example");
    let wake_at = calm.now() + secs(600);
    answer(&calm, &lead, "recycle", &json!({ "reason": "later", "wake_at": wake_at.to_string() }));
    // Two more by turn, so that the turn alone would say nothing.
    offered(&calm, "cleo@third.example");
    calm.advance(secs(620));
    let back = calm.lead(id(&lead));
    assert_eq!((owner(&back), &back["owner"]["basis"]), (had_it.as_str(), &json!("last_owner")));
}

#[test]
fn a_suppression_keeps_a_qualified_lead_from_sales_until_it_no_longer_holds() {
    let held = "suppressions: [{suppress: open-case, reason: has an open case, when: {field: answers.message, is: case}}]";
    let calm = Calm::new(&with(held, "{}"));
    let mut answers = wants_demo("ada@firm.example");
    answers["message"] = json!("case");
    let submission = calm.submitted("demo", &answers);
    calm.run_queues();
    let lead = calm.lead_of(&submission);
    assert_eq!((&lead["stage"], &lead["reason"]), (&json!("nurturing"), &json!("has an open case")));
    assert_eq!(lead["route"]["suppressed"], "open-case");
    assert_eq!(because(&lead), "Kept from sales for now by open-case: has an open case.");
    let kinds: Vec<String> = history(&calm, id(&lead)).into_iter().map(|(_, kind)| kind).collect();
    assert_eq!(kinds.last().map(String::as_str), Some("suppressed"));
    calm.wait(secs(1));
    // The case is closed: the next submission brings it to sales.
    answers["message"] = json!("closed");
    calm.submitted("demo", &answers);
    calm.run_queues();
    assert_eq!(calm.lead(id(&lead))["stage"], "offered");
}

#[test]
fn the_fallback_answers_for_a_parked_lead_at_its_time() {
    let calm = Calm::new(&with("fallback: {rep: fay, after: PT100S}", "{}"));
    for rep in ["ann", "bob", "cat", "dot"] {
        away(&calm, rep, true);
    }
    let submission = calm.submitted("demo", &wants_demo("ada@firm.example"));
    calm.run_queues();
    let lead = calm.lead_of(&submission);
    assert_eq!(lead["stage"], "parked");
    assert!(
        because(&lead).contains("Ann is switched to away; Bob is switched to away"),
        "{}",
        because(&lead)
    );
    calm.advance(secs(99));
    assert_eq!(calm.lead(id(&lead))["stage"], "parked");
    calm.advance(secs(1));
    let lead = calm.lead(id(&lead));
    assert_eq!((owner(&lead), &lead["owner"]["basis"]), ("fay", &json!("fallback")));
    assert_eq!(turns(&calm), 0);
    // Also the fallback lets go, and nobody is offered a lead twice in one cycle.
    answer(&calm, &lead, "reject", &json!({ "reason": "not-mine" }));
    assert_eq!(calm.lead(id(&lead))["stage"], "parked");
}

#[test]
fn the_company_forgets_a_lead_whose_person_is_erased() {
    let calm = sticky();
    let first = accepted(&calm, "ada@firm.example");
    let second = offered(&calm, "bea@firm.example");
    let known = |calm: &Calm| -> Vec<String> {
        let row = calm.rows().into_iter().find(|r| text(r, "pk").starts_with("ACCT#")).unwrap();
        assert!(!format!("{row:?}").contains("firm"), "it names no company");
        let Some(AttributeValue::L(leads)) = row.get("leads") else { panic!("{row:?}") };
        let one = |v: &AttributeValue| match v {
            AttributeValue::S(id) => id.clone(),
            other => panic!("{other:?}"),
        };
        leads.iter().map(one).collect()
    };
    assert_eq!(known(&calm), [id(&second), id(&first)]);
    let (status, _) = calm.ask("POST", &format!("/leads/{}/erase", id(&second)), &json!({}));
    assert!(status < 300);
    calm.run_queues();
    assert_eq!(known(&calm), [id(&first)]);
    let third = offered(&calm, "cleo@firm.example");
    assert_eq!(owner(&third), owner(&first));
}
