//! Who is who: what joins, what a typed address may change, and what only proof may.

use leadline_tests::calm::{Calm, submission};
use serde_json::{Value, json};

use super::scene::{accepted, answer, form_token, history, id, offered, secs};

fn touches(lead: &Value) -> usize {
    lead["touches"].as_array().unwrap().len()
}

#[test]
fn one_mailbox_is_one_lead_however_it_is_written() {
    let calm = Calm::default();
    let spellings = ["ada@firm.example", "Ada@FIRM.example", "ada+news@firm.example", " ada@firm.example "];
    let leads: Vec<Value> = spellings
        .iter()
        .enumerate()
        .map(|(n, email)| {
            let answers = json!({ "email": email, "wish": format!("look {n}") });
            calm.lead_of(&calm.submitted("demo", &answers))
        })
        .collect();
    assert!(leads.iter().all(|l| l["lead_id"] == leads[0]["lead_id"]));
    assert_eq!(touches(&leads[3]), 4);
    // Somebody else of the same company is somebody else.
    let other = calm.lead_of(&calm.submitted("demo", &json!({ "email": "adam@firm.example" })));
    assert_ne!(other["lead_id"], leads[0]["lead_id"]);
}

#[test]
fn a_typed_address_fills_gaps_and_replaces_nothing() {
    let calm = Calm::default();
    let first = json!({ "email": "ada@firm.example", "first_name": "Ada", "wish": "demo" });
    let lead = calm.lead_of(&calm.submitted("demo", &first));
    calm.advance(secs(1));
    let second = json!({ "email": "ada@firm.example", "first_name": "Eve", "phone": "+49 30 901820" });
    let submission_id = calm.submitted("demo", &second);
    let joined = calm.lead_of(&submission_id);
    assert_eq!(joined["lead_id"], lead["lead_id"]);
    assert_eq!(joined["contact"]["first_name"], "Ada");
    assert_eq!(joined["contact"]["phone"], "+4930901820");
    let kept = json!({ "field": "first_name", "value": "Eve", "submission_id": submission_id });
    assert_eq!(joined["alternatives"], json!([kept]));
    // Every submission is kept as it was typed.
    assert_eq!(joined["touches"][1]["answers"], second);
}

#[test]
fn the_visitor_of_the_first_submission_replaces_what_was_typed() {
    let calm = Calm::default();
    let token = form_token(&calm, "demo");
    calm.advance(secs(10));
    let first = json!({ "email": "ada@firm.example", "first_name": "Ada", "_token": token });
    let lead = calm.lead_of(&calm.submitted("demo", &first));
    // Another visitor with a token of his own proves nothing.
    let others = form_token(&calm, "demo");
    calm.advance(secs(10));
    let stranger = json!({ "email": "ada@firm.example", "first_name": "Eve", "_token": others });
    let after = calm.lead_of(&calm.submitted("demo", &stranger));
    assert_eq!(after["lead_id"], lead["lead_id"]);
    assert_eq!(after["contact"]["first_name"], "Ada");
    // The first one does.
    let again = json!({ "email": "ada@firm.example", "first_name": "Ada Maria", "_token": token });
    let after = calm.lead_of(&calm.submitted("demo", &again));
    assert_eq!(after["contact"]["first_name"], "Ada Maria");
    assert_eq!(after["provenance"]["first_name"]["source"], "verified");
    assert_eq!(calm.timeline(id(&lead)).last().unwrap()["details"]["verified"], true);
}

#[test]
fn shared_mailboxes_never_join() {
    let calm = Calm::default();
    for (n, email) in ["info@firm.example", "sales@firm.example", "no-reply@firm.example"].iter().enumerate()
    {
        let one = calm.lead_of(&calm.submitted("demo", &json!({ "email": email, "wish": "demo 1" })));
        let two = calm.lead_of(&calm.submitted("demo", &json!({ "email": email, "wish": "demo 2" })));
        assert_ne!(one["lead_id"], two["lead_id"], "{email}");
        assert_eq!(calm.leads().len(), 2 * (n + 1));
    }
}

#[test]
fn a_recycled_lead_wakes_when_its_person_returns() {
    let calm = Calm::default();
    let lead = accepted(&calm, "ada@firm.example");
    let wake_at = (calm.now() + secs(30 * 86_400)).to_string();
    let recycled = answer(&calm, &lead, "recycle", &json!({ "reason": "later", "wake_at": wake_at }));
    assert_eq!((&recycled["stage"], &recycled["wake_at"]), (&json!("recycled"), &json!(wake_at)));
    calm.advance(secs(86_400));
    assert_eq!(calm.lead(id(&lead))["stage"], "recycled");
    calm.submitted("demo", &json!({ "email": "ada@firm.example", "wish": "demo again" }));
    calm.advance(secs(1));
    let back = calm.lead(id(&lead));
    assert_eq!((&back["stage"], &back["cycle"]), (&json!("offered"), &json!(2)));
    assert_eq!(back["owner"]["offer"], 1);
    let kinds: Vec<String> = history(&calm, id(&lead)).into_iter().map(|(_, k)| k).collect();
    let woken = kinds.iter().position(|k| k == "woken").unwrap();
    assert_eq!(kinds[woken..], ["woken", "enriched", "scored", "offered"]);
}

#[test]
fn a_recycled_lead_wakes_by_itself_on_its_day() {
    let calm = Calm::default();
    let lead = accepted(&calm, "ada@firm.example");
    let wake_at = calm.now() + secs(1_000);
    answer(&calm, &lead, "recycle", &json!({ "reason": "later", "wake_at": wake_at.to_string() }));
    calm.advance(secs(999));
    assert_eq!(calm.lead(id(&lead))["stage"], "recycled");
    calm.advance(secs(1));
    assert!(history(&calm, id(&lead)).contains(&(1_000, "woken".to_owned())));
    assert_eq!(calm.lead(id(&lead))["cycle"], 2);
}

#[test]
fn a_stranger_changes_no_consent_of_a_lead_that_sales_has() {
    let effective = |lead: &Value| -> Vec<bool> {
        lead["consents"].as_array().unwrap().iter().map(|c| c["effective"].as_bool().unwrap()).collect()
    };
    let calm = Calm::default();
    let token = form_token(&calm, "demo");
    calm.advance(secs(10));
    let first = json!({ "email": "ada@firm.example", "wish": "demo", "newsletter": true, "_token": token });
    let submission_id = calm.submitted("demo", &first);
    calm.run_queues();
    let lead = calm.lead_of(&submission_id);
    assert_eq!(effective(&lead), [true]);
    assert_eq!(lead["consents"][0]["text"], "You may write to me.");
    assert_eq!(lead["stage"], "offered");
    // Offered is owned: a typed address has no say, the visitor's own token has.
    let typed = json!({ "email": "ada@firm.example", "wish": "x", "newsletter": "yes" });
    assert_eq!(effective(&calm.lead_of(&calm.submitted("demo", &typed))), [true, false]);
    let own = json!({ "email": "ada@firm.example", "wish": "y", "newsletter": "on", "_token": token });
    calm.advance(secs(10));
    assert_eq!(effective(&calm.lead_of(&calm.submitted("demo", &own))), [true, false, true]);
    // While nobody has the lead, a typed consent counts.
    let calm = Calm::default();
    calm.submitted("demo", &json!({ "email": "bob@firm.example", "wish": "read" }));
    calm.run_queues();
    let typed = json!({ "email": "bob@firm.example", "wish": "look", "newsletter": true });
    let lead = calm.lead_of(&calm.submitted("demo", &typed));
    assert_eq!((&lead["stage"], effective(&lead)), (&json!("nurturing"), vec![true]));
}

#[test]
fn another_touch_on_an_owned_lead_tells_the_owner_and_moves_nothing() {
    let calm = Calm::default();
    let lead = offered(&calm, "ada@firm.example");
    let mails = calm.record().mails.len();
    // Even the other phone number and the competitor's words of a stranger.
    let typed = json!({ "email": "ada@firm.example", "wish": "demo two", "title": "Student" });
    calm.send(submission("demo", &typed));
    calm.run_queues();
    let after = calm.lead(id(&lead));
    for same in ["stage", "owner", "clocks", "cycle", "qualified_at"] {
        assert_eq!(after[same], lead[same], "{same}");
    }
    let told: Vec<String> = calm.record().mails[mails..].iter().map(|(_, m)| m.to.clone()).collect();
    let owner = format!("{}@calm.example", lead["owner"]["rep_id"].as_str().unwrap());
    assert_eq!(told, ["ada@firm.example".to_owned(), owner]);
}
