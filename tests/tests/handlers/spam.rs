//! Spam: a verdict belongs to the submission; nobody outside can tell, and nobody's lead is touched.

use leadline_tests::calm::{Calm, PLAYBOOK, header, json, submission};
use serde_json::json;

use super::scene::{accepted, form_token, history, id, offered, secs, wants_demo, with};

#[test]
fn a_filled_honeypot_is_quarantined_behind_the_same_answer() {
    let calm = Calm::default();
    let clean = calm.submit("demo", &wants_demo("ada@firm.example"));
    let mut trapped = wants_demo("eve@firm.example");
    trapped["fax"] = json!("1");
    let spam = calm.submit("demo", &trapped);
    assert_eq!((clean.status, spam.status), (202, 202));
    assert_eq!(header(&clean, "content-type"), header(&spam, "content-type"));
    let keys = |response| json(response).as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&clean), keys(&spam));
    calm.run_queues();
    let lead = calm.lead_of(json(&spam)["submission_id"].as_str().unwrap());
    assert_eq!(lead["stage"], "quarantined");
    assert!(lead["reason"].as_str().unwrap().contains("honeypot"));
    assert_eq!(lead["owner"], json!(null));
    // It holds no claim: the person's own submission makes a lead.
    let own = calm.lead_of(&calm.submitted("demo", &json!({ "email": "eve@firm.example" })));
    assert_ne!(own["lead_id"], lead["lead_id"]);
    // Nobody was written to.
    assert!(calm.record().mails.iter().all(|(_, m)| m.to != "eve@firm.example"));
}

#[test]
fn a_released_lead_goes_on_with_its_original_receipt_time() {
    let calm = Calm::default();
    let received = calm.now().to_string();
    let mut trapped = wants_demo("eve@firm.example");
    trapped["fax"] = json!("1");
    let lead = calm.lead_of(&calm.submitted("demo", &trapped));
    calm.advance(secs(7_200));
    let (status, released) = calm.ask("POST", &format!("/leads/{}/release", id(&lead)), &json!({}));
    assert_eq!((status, &released["stage"]), (200, &json!("received")));
    calm.run_queues();
    let lead = calm.lead(id(&lead));
    assert_eq!(lead["stage"], "offered");
    assert_eq!(lead["received_at"], received);
    assert_eq!(lead["created_at"], received);
    let kinds: Vec<String> = history(&calm, id(&lead)).into_iter().map(|(_, k)| k).collect();
    assert_eq!(kinds[..2], ["quarantined", "released"]);
    // A first touch is owed since receipt, so that it is overdue at once.
    let touch = lead["clocks"].as_array().unwrap().iter().find(|c| c["clock"] == "first_touch").unwrap();
    assert_eq!(touch["started_at"], received);
    // The address is its own now.
    let again = calm.lead_of(&calm.submitted("demo", &json!({ "email": "Eve@firm.example", "wish": "x" })));
    assert_eq!(again["lead_id"], lead["lead_id"]);
}

#[test]
fn a_released_submission_joins_the_lead_that_has_the_address() {
    let calm = Calm::default();
    let holder = accepted(&calm, "ada@firm.example");
    calm.advance(secs(1_000));
    let trapped = json!({ "email": "ada@firm.example", "phone": "+49 30 901820", "wish": "x", "fax": "1" });
    let submission_id = calm.submitted("demo", &trapped);
    let quarantined = calm.lead_of(&submission_id);
    assert_ne!(quarantined["lead_id"], holder["lead_id"]);
    let untouched = calm.lead(id(&holder));
    assert_eq!(untouched["version"], holder["version"]);
    calm.advance(secs(1_000));
    let (status, merged) = calm.ask("POST", &format!("/leads/{}/release", id(&quarantined)), &json!({}));
    assert_eq!(status, 200, "{merged}");
    assert_eq!((&merged["stage"], &merged["merged_into"]), (&json!("merged"), &holder["lead_id"]));
    calm.run_queues();
    let joined = calm.lead_of(&submission_id);
    assert_eq!(joined["lead_id"], holder["lead_id"]);
    assert_eq!(joined["owner"], untouched["owner"]);
    assert_eq!(joined["stage"], "accepted");
    assert_eq!(joined["contact"]["phone"], "+4930901820");
    let touches = joined["touches"].as_array().unwrap();
    assert_eq!(touches.len(), 2);
    // The touch is dated by its receipt, not by its release.
    assert_eq!(touches[1]["at"], quarantined["received_at"]);
    let owner = format!("{}@calm.example", joined["owner"]["rep_id"].as_str().unwrap());
    let (_, last) = calm.record().mails.last().cloned().unwrap();
    assert_eq!(last.to, owner);
    assert!(last.subject.contains("in touch again"));
}

#[test]
fn spam_on_a_strangers_address_changes_nothing_that_a_rep_relies_on() {
    let calm = Calm::default();
    let lead = accepted(&calm, "ada@firm.example");
    let before: Vec<_> = calm.leads();
    let mails = calm.record().mails.len();
    let trapped =
        json!({ "email": "ada@firm.example", "first_name": "Eve", "phone": "+44 20 7946 0000", "fax": "1" });
    calm.submitted("demo", &trapped);
    calm.run_queues();
    assert_eq!(calm.leads().into_iter().find(|l| l.lead_id.as_str() == id(&lead)), before.into_iter().next());
    assert_eq!(calm.record().mails.len(), mails);
}

#[test]
fn neither_a_missing_token_nor_a_missing_origin_quarantines() {
    // Even at the least threshold that a playbook may set.
    let wary = PLAYBOOK.replace("suspect_at: 50, quarantine_at: 100", "suspect_at: 10, quarantine_at: 20");
    for (playbook, verdict) in [(PLAYBOOK, "clean"), (wary.as_str(), "suspect")] {
        let calm = Calm::new(playbook);
        let lead = offered(&calm, "ada@firm.example");
        assert_eq!(lead["touches"][0]["verdict"]["verdict"], verdict);
        assert_eq!(lead["touches"][0]["verdict"]["signals"], json!(["no_token", "no_origin"]));
    }
}

#[test]
fn a_token_tells_how_long_a_person_took() {
    let verdict = |wait: i64, tamper: bool| {
        let calm = Calm::default();
        let mut token = form_token(&calm, "demo");
        if tamper {
            token = token.replacen('1', "2", 1);
        }
        calm.advance(secs(wait));
        let answers = json!({ "email": "ada@firm.example", "_token": token });
        let request = with(submission("demo", &answers), "origin", "https://site.example");
        let response = calm.send(request);
        let lead = calm.lead_of(json(&response)["submission_id"].as_str().unwrap());
        lead["touches"][0]["verdict"]["signals"].clone()
    };
    assert_eq!(verdict(1, false), json!(["too_fast"]));
    assert_eq!(verdict(2, false), json!([]));
    assert_eq!(verdict(86_401, false), json!(["expired_token"]));
    assert_eq!(verdict(10, true), json!(["forged_token"]));
}

#[test]
fn a_flood_on_one_address_is_quarantined_and_the_lead_goes_on() {
    let calm = Calm::default();
    let send = |n: usize| {
        let answers = json!({ "email": "ada@firm.example", "wish": format!("demo {n}") });
        calm.lead_of(&calm.submitted("flood", &answers))
    };
    let first = send(1);
    assert_eq!(send(2)["lead_id"], first["lead_id"]);
    let third = send(3);
    assert_eq!(third["stage"], "quarantined");
    assert!(third["reason"].as_str().unwrap().contains("email_burst"));
    calm.run_queues();
    let lead = calm.lead(id(&first));
    assert_eq!((&lead["stage"], lead["touches"].as_array().unwrap().len()), (&json!("offered"), 2));
    calm.advance(secs(3_600));
    assert_eq!(send(4)["lead_id"], first["lead_id"]);
}
