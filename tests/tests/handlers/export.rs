//! Everything that is held on a person, in one document.

use serde_json::{Value, json};

use super::person::{EMAIL, FURTHER, TOKENS, bystander, erased, life, traces, world};
use super::scene::problem;

#[test]
fn an_export_by_address_holds_every_token_that_the_table_holds() {
    let calm = world();
    bystander(&calm);
    let leads = life(&calm);
    let (status, export) = calm.ask("POST", "/exports", &json!({ "email": EMAIL }));
    assert_eq!(status, 200, "{export}");
    let text = export.to_string().to_lowercase();
    let mut held = 0;
    for token in TOKENS {
        if !traces(&calm, token).is_empty() {
            held += 1;
            assert!(text.contains(token), "{token} is held and not told");
        }
    }
    assert_eq!(held, TOKENS.len() - 2);
    assert!(!text.contains("ada@firm.example"), "another person's");
    let told: Vec<&str> =
        export["leads"].as_array().unwrap().iter().filter_map(|l| l["lead"]["lead_id"].as_str()).collect();
    assert_eq!(told.len(), 4);
    assert!(leads.iter().all(|lead| told.contains(&lead.as_str())));
}

#[test]
fn an_export_tells_what_was_typed_decided_done_and_sent() {
    let calm = world();
    let leads = life(&calm);
    let (status, export) = calm.ask("GET", &format!("/leads/{}/export", leads[0]), &Value::Null);
    assert_eq!(status, 200, "{export}");
    assert_eq!(export["exported_at"], calm.now().to_string());
    let held = &export["leads"][0];
    let shown = calm.lead(&leads[0]);
    assert_eq!(held["lead"], shown);
    assert_eq!(held["submissions"].as_array().unwrap().len(), 4);
    let first =
        held["submissions"].as_array().unwrap().iter().find(|s| s["answers"]["wish"] == "demo zqxwish ");
    let first = first.unwrap();
    assert_eq!(first["tracking"]["gclid"], "zqxclick");
    assert_eq!(first["consents"][0]["text"], "You may write to me.");
    assert!(first["visitor"].is_string() && first["sender"].is_string());
    // Two with keys of their own, one without, all the same submission.
    let receipt = held["receipts"]
        .as_array()
        .unwrap()
        .iter()
        .find(|r| r["receipt"]["submission_id"] == first["submission_id"]);
    assert_eq!(receipt.unwrap()["repeat"]["repeats"], 3);
    assert_eq!(held["timeline"], json!(calm.timeline(&leads[0])));
    let facts = held["facts"].as_array().unwrap().iter().flat_map(|r| r["decision"].as_array().unwrap());
    assert!(facts.clone().any(|f| f["value"] == "zqxbranch" && f["source"] == "provider:firmo"));
    let scored =
        held["timeline"].as_array().unwrap().iter().filter(|e| e["details"]["grade"].is_string()).count();
    assert!(scored >= 2 && held["scores"].as_array().unwrap().len() >= scored);
    assert!(held["scores"][0]["decision"]["reasons"][0]["because"].is_string());
    assert!(held["routes"].as_array().unwrap().iter().any(|r| r["decision"]["pick"]["rep_id"].is_string()));
    let deliveries = held["deliveries"].as_array().unwrap();
    for channel in ["mail", "crm", "chat"] {
        assert!(deliveries.iter().any(|d| d["channel"] == channel && d["attempts"].is_number()), "{channel}");
    }
    assert!(deliveries.iter().any(|d| d["state"] == "pending"));
    // The alternatives among it, which only the submissions hold.
    assert!(held["lead"]["alternatives"].as_array().unwrap().iter().any(|a| a["field"] == "email"));
}

#[test]
fn there_is_nothing_to_tell_of_somebody_erased_or_unknown() {
    let calm = world();
    let leads = life(&calm);
    erased(&calm, FURTHER);
    for email in [FURTHER, "nobody@firm.example"] {
        let (status, export) = calm.ask("POST", "/exports", &json!({ "email": email }));
        assert_eq!((status, &export["leads"]), (200, &json!([])), "{email}");
    }
    let (_, stub) = calm.ask("GET", &format!("/leads/{}/export", leads[0]), &Value::Null);
    assert_eq!(
        (&stub["leads"][0]["lead"]["stage"], &stub["leads"][0]["submissions"]),
        (&json!("erased"), &json!([]))
    );
    let refused = calm.crm("POST", "/exports", &json!({ "email": "x" }), &calm.api_key);
    problem(&refused, 422, "invalid-body");
}
