//! Erasing a lead or a person: what is left, what comes back, and what does not.

use leadline_core::lead::Stage;
use leadline_tests::calm::{Calm, PLAYBOOK, header, json as document, submission, text};
use serde_json::{Value, json};

use super::person::{
    EMAIL, FURTHER, ROLE, SAME, assert_no_trace, bystander, erased, kinds, life, traces, world,
};
use super::scene::{accepted, answer, history, id, offered, problem, secs, wants_demo, with};

fn erase(calm: &Calm, lead_id: &str) -> (u16, Value) {
    calm.ask("POST", &format!("/leads/{lead_id}/erase"), &json!({}))
}

fn items(receipt: &Value, store: &str) -> Option<u64> {
    let all = receipt["stores"].as_array().unwrap();
    all.iter().find(|s| s["store"] == store).map(|s| s["items"].as_u64().unwrap())
}

fn open(calm: &Calm, rep: &Value) -> Value {
    calm.ask("GET", &format!("/reps/{}", rep.as_str().unwrap()), &Value::Null).1["open"].clone()
}

#[test]
fn nothing_is_left_of_a_person_and_everything_of_another() {
    let calm = world();
    let other = bystander(&calm);
    let mut leads = life(&calm);
    let receipt = erased(&calm, SAME);
    let mut named: Vec<&str> =
        receipt["leads"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    named.sort_unstable();
    leads.sort();
    assert_eq!(named, leads, "whichever way the mailbox is spelt, and also as a further one");
    assert_no_trace(&calm);

    assert_eq!((&receipt["by"], &receipt["reason"]), (&json!("calm-tests"), &json!("asked-to")));
    assert!(receipt["finished_at"].is_string());
    // Three submissions and the merged one with the first lead, and one each with two others.
    assert_eq!((items(&receipt, "leads"), items(&receipt, "submissions")), (Some(4), Some(6)));
    // The shared lead was offered to somebody.
    assert_eq!(items(&receipt, "loads"), Some(1));
    // The rejection, the return to marketing and the end.
    assert_eq!(items(&receipt, "timelines"), Some(3));
    // The person's mailbox, and the shared one.
    assert_eq!((items(&receipt, "claims"), items(&receipt, "mail_counters")), (Some(2), Some(2)));
    for touched in ["facts", "scores", "routes", "deliveries", "receipts", "repeats", "pointers"] {
        assert!(items(&receipt, touched).is_some_and(|n| n > 0), "{touched} of {receipt:#}");
    }
    let id = receipt["erasure_id"].as_str().unwrap();
    assert_eq!(calm.ask("GET", &format!("/erasures/{id}"), &Value::Null), (200, receipt.clone()));

    // Whatever is still under way does not bring it back.
    calm.run_queues();
    calm.advance(secs(6 * 86_400));
    assert_no_trace(&calm);
    assert_eq!(calm.record().dead_letters, Vec::new());
    let after = calm.lead(other["lead_id"].as_str().unwrap());
    assert_eq!((&after["contact"], after["touches"].as_array().unwrap().len()), (&other["contact"], 1));
}

#[test]
fn what_is_left_are_stubs_ids_and_counts() {
    let calm = world();
    life(&calm);
    erased(&calm, EMAIL);
    calm.run_queues();
    // Until nobody can still be at work who began before.
    calm.advance(secs(960));
    let left = [
        "ERASE/ERASE",
        "ID/ID",
        "KEYS/KEY",
        "LEAD/LEAD",
        "LEAD/T",
        "PLAYBOOK/ACTIVE",
        "PLAYBOOK/C",
        "PLAYBOOK/V",
        "POOL/POOL",
        "RATE/RATE",
        "REP/REP",
        "SUB/SUB",
    ];
    // One in so many submissions of a form is counted.
    let found: Vec<String> = kinds(&calm).into_iter().filter(|kind| kind != "BURST/BURST").collect();
    assert_eq!(found, left);
    for item in calm.twin().snapshot() {
        let (pk, names) = (text(&item, "pk"), item.keys().map(String::as_str).collect::<Vec<_>>());
        let only = |allowed: &[&str]| names.iter().all(|n| allowed.contains(n));
        if pk.starts_with("SUB#") {
            assert!(only(&["pk", "sk", "erased_ms", "alias_of", "expires_at"]), "{names:?}");
        } else if pk.starts_with("ID#") {
            assert!(only(&["pk", "sk", "erased_ms"]), "{names:?}");
        } else if pk.starts_with("ERASE#") {
            assert!(!names.contains(&"mailbox") && !names.contains(&"due_key"), "{names:?}");
        }
    }
    for lead in calm.leads() {
        assert_eq!((lead.stage, lead.due_at(), lead.published), (Stage::Erased, None, lead.version));
    }
}

#[test]
fn an_erased_lead_answers_as_a_stub_with_a_timeline() {
    let calm = world();
    let leads = life(&calm);
    let before: Vec<(i64, String)> = history(&calm, &leads[0]);
    let version = calm.lead(&leads[0])["version"].as_u64().unwrap();
    let receipt = erased(&calm, EMAIL);
    let stub = calm.lead(&leads[0]);
    assert_eq!((&stub["stage"], &stub["erasure_id"]), (&json!("erased"), &receipt["erasure_id"]));
    assert_eq!(stub["version"], version + 1);
    for (name, value) in
        stub["contact"].as_object().unwrap().iter().chain(stub["company"].as_object().unwrap())
    {
        assert_eq!(*value, Value::Null, "{name}");
    }
    for empty in ["touches", "consents", "alternatives", "clocks"] {
        assert_eq!(stub[empty], json!([]), "{empty}");
    }
    for none in ["score", "owner", "reason", "route", "merged_into", "parked", "forget_at"] {
        assert_eq!(stub[none], Value::Null, "{none}");
    }
    let mut expected = before;
    expected.push((expected.last().unwrap().0, "erased".to_owned()));
    calm.run_queues();
    assert_eq!(history(&calm, &leads[0]), expected);
    let events = calm.timeline(&leads[0]);
    assert!(events.iter().any(|e| e["summary"] == "Lost: erased."), "{events:?}");
    assert_eq!(events.iter().find(|e| e["kind"] == "erased").unwrap()["actor"]["subject"], "calm-tests");

    // The bus hears of it, by id.
    let record = calm.record();
    let told: Vec<_> =
        record.events.iter().flat_map(|(_, batch)| batch).filter(|e| e.kind == "lead.erased").collect();
    assert_eq!(told.len(), 4);
    let detail: Value = serde_json::from_str(&told[0].detail).unwrap();
    assert_eq!(detail["stage"], "erased");

    // It takes no answers, and nobody finds it by its address.
    let refused = calm.crm("POST", &format!("/leads/{}/win", leads[0]), &json!({}), &calm.api_key);
    assert_eq!(problem(&refused, 409, "illegal-move")["allowed"], json!([]));
    for address in [EMAIL, FURTHER, ROLE] {
        let found = calm.ask("GET", &format!("/leads?email={address}"), &Value::Null);
        assert_eq!(found, (200, json!({ "leads": [], "next_cursor": null })), "{address}");
    }
    let listed = calm.ask("GET", "/leads?stage=erased", &Value::Null).1;
    assert_eq!(listed["leads"].as_array().unwrap().len(), 4);
}

#[test]
fn a_lead_can_be_erased_at_every_stage_and_gives_its_place_back() {
    let stages = [
        "received",
        "quarantined",
        "offered",
        "accepted",
        "working",
        "recycled",
        "won",
        "nurturing",
        "parked",
    ];
    for stage in stages {
        let calm = Calm::default();
        let first = wants_demo("ada@firm.example");
        let lead_id = match stage {
            "received" => id(&calm.lead_of(&calm.submitted("demo", &first))).to_owned(),
            "quarantined" => {
                let trapped = json!({ "email": "ada@firm.example", "fax": "1" });
                id(&calm.lead_of(&calm.submitted("demo", &trapped))).to_owned()
            }
            "nurturing" => {
                let submission = calm.submitted("demo", &json!({ "email": "ada@firm.example" }));
                calm.run_queues();
                id(&calm.lead_of(&submission)).to_owned()
            }
            "parked" => {
                for rep in ["ann", "bob", "cat", "dot"] {
                    calm.ask("PATCH", &format!("/reps/{rep}"), &json!({ "away": true }));
                }
                let submission = calm.submitted("demo", &first);
                calm.run_queues();
                id(&calm.lead_of(&submission)).to_owned()
            }
            "offered" => id(&offered(&calm, "ada@firm.example")).to_owned(),
            _ => {
                let lead = accepted(&calm, "ada@firm.example");
                let contact = json!({ "channel": "phone", "direction": "outbound", "outcome": "connected", "occurred_at": calm.now().to_string() });
                let wake_at = (calm.now() + secs(9_000)).to_string();
                if stage != "accepted" {
                    answer(&calm, &lead, "contact", &contact);
                }
                match stage {
                    "recycled" => drop(answer(
                        &calm,
                        &lead,
                        "recycle",
                        &json!({ "reason": "later", "wake_at": wake_at }),
                    )),
                    "won" => drop(answer(&calm, &lead, "win", &json!({}))),
                    _ => {}
                }
                id(&lead).to_owned()
            }
        };
        let before = calm.lead(&lead_id);
        assert_eq!(before["stage"], stage);
        let held = before["owner"]["rep_id"].is_string() && !matches!(stage, "won" | "recycled");
        if held {
            assert_eq!(open(&calm, &before["owner"]["rep_id"]), 1, "{stage}");
        }
        let (status, receipt) = erase(&calm, &lead_id);
        assert_eq!((status, &receipt["leads"]), (200, &json!([lead_id])), "{stage}: {receipt}");
        assert_eq!(items(&receipt, "loads"), held.then_some(1), "{stage}");
        if held {
            assert_eq!(open(&calm, &before["owner"]["rep_id"]), 0, "{stage}");
        }
        assert_eq!(traces(&calm, "ada@firm.example"), Vec::<String>::new(), "{stage}");
        calm.advance(secs(3 * 86_400));
        assert_eq!(calm.lead(&lead_id)["stage"], "erased", "{stage}");
        assert_eq!(traces(&calm, "ada@firm.example"), Vec::<String>::new(), "{stage}");
        assert_eq!(calm.leads()[0].due_at(), None, "{stage}");
        assert_eq!(calm.record().dead_letters, Vec::new(), "{stage}");
    }
}

#[test]
fn a_place_that_an_erasure_frees_goes_to_whoever_waits() {
    let playbook = PLAYBOOK.replace("calendar: always}", "calendar: always, caps: {open: 1}}");
    let calm = Calm::new(&playbook);
    let first: Vec<Value> = (0..4).map(|n| offered(&calm, &format!("p{n}@firm.example"))).collect();
    let waiting = calm.submitted("demo", &wants_demo("waiting@firm.example"));
    calm.run_queues();
    assert_eq!(calm.lead_of(&waiting)["stage"], "parked");
    assert_eq!(erase(&calm, id(&first[2])).0, 200);
    calm.run_queues();
    let taken = calm.lead_of(&waiting);
    assert_eq!(
        (&taken["stage"], &taken["owner"]["rep_id"]),
        (&json!("offered"), &first[2]["owner"]["rep_id"])
    );
}

#[test]
fn repeating_an_erasure_is_harmless_and_gives_the_same_answer() {
    let calm = Calm::default();
    let lead = offered(&calm, "ada@firm.example");
    let path = format!("/leads/{}/erase", id(&lead));
    let (status, receipt) = calm.ask("POST", &path, &json!({ "reason": "gdpr" }));
    assert_eq!((status, &receipt["reason"]), (200, &json!("gdpr")));
    let rows = calm.rows();
    for body in [json!({}), json!({ "reason": "again" })] {
        assert_eq!(calm.ask("POST", &path, &body), (200, receipt.clone()));
    }
    assert_eq!(calm.rows().len(), rows.len());
    let kinds = history(&calm, id(&lead)).into_iter().filter(|(_, kind)| kind == "erased");
    assert_eq!(kinds.count(), 1);
    // By address there is nothing more to find, which is a receipt as well.
    let again = erased(&calm, "ada@firm.example");
    assert_eq!(again["leads"], json!([]));

    // The same key is the same erasure; an address that nobody has can be erased.
    let keyed = |email: &str, key: &str| {
        let mut request = leadline_tests::calm::request("POST", "/erasures");
        request.body = json!({ "email": email }).to_string().into_bytes();
        let request = with(request, "authorization", &format!("Bearer {}", calm.api_key));
        let response = calm.send(with(request, "idempotency-key", key));
        assert_eq!(response.status, 200, "{}", response.body);
        document(&response)
    };
    let one = keyed("nobody@firm.example", "key-1");
    assert_eq!(keyed("nobody@firm.example", "key-1"), one);
    assert_ne!(keyed("nobody@firm.example", "key-2")["erasure_id"], one["erasure_id"]);
    assert_ne!(keyed("somebody@firm.example", "key-1")["erasure_id"], one["erasure_id"]);
}

#[test]
fn an_erasure_holds_only_for_the_version_that_was_read() {
    let calm = Calm::default();
    let lead = offered(&calm, "ada@firm.example");
    let send = |tag: &str| {
        let mut request = leadline_tests::calm::request("POST", &format!("/leads/{}/erase", id(&lead)));
        request = with(request, "authorization", &format!("Bearer {}", calm.api_key));
        calm.send(with(request, "if-match", tag))
    };
    problem(&send("\"1\""), 412, "version-mismatch");
    assert_eq!(calm.lead(id(&lead))["stage"], "offered");
    assert_eq!(send(&format!("\"{}\"", calm.lead(id(&lead))["version"])).status, 200);
    for body in
        [json!({ "email": "no address" }), json!({ "email": "a@firm.example", "reason": "Ünwanted!" })]
    {
        let refused = calm.crm("POST", "/erasures", &body, &calm.api_key);
        assert_eq!(refused.status, 422, "{}", refused.body);
        assert!(!refused.body.contains("Ünwanted"));
    }
}

#[test]
fn one_lead_of_several_goes_without_its_siblings() {
    let calm = world();
    let leads = life(&calm);
    // The quarantined one: another lead has the address, so the person stays.
    assert_eq!(erase(&calm, &leads[2]).0, 200);
    assert_eq!(traces(&calm, "zqxspam 2"), Vec::<String>::new());
    assert!(!traces(&calm, "zqxspam 1").is_empty());
    let joined = calm.lead_of(&calm.submitted("demo", &json!({ "email": EMAIL, "wish": "again" })));
    assert_eq!(joined["lead_id"], leads[0]);
    // Then the one with the address: a genuine submission makes a new lead.
    assert_eq!(erase(&calm, &leads[0]).0, 200);
    calm.wait(secs(1));
    let fresh = calm.lead_of(&calm.submitted("demo", &json!({ "email": EMAIL, "wish": "once more" })));
    assert!(!leads.contains(&id(&fresh).to_owned()));
    assert_eq!(fresh["touches"].as_array().unwrap().len(), 1);
}

#[test]
fn a_genuine_submission_afterwards_makes_a_new_lead() {
    let calm = Calm::default();
    let answers = wants_demo("ada@firm.example");
    let first = calm.submitted("demo", &answers);
    assert_eq!(calm.submitted("demo", &answers), first);
    let old = id(&calm.lead_of(&first)).to_owned();
    let (_, receipt) = erase(&calm, &old);
    assert_eq!(items(&receipt, "repeats"), Some(1));
    calm.wait(secs(1));
    // The very same answers, well within ten minutes.
    let second = calm.submitted("demo", &answers);
    assert_ne!(second, first);
    calm.run_queues();
    let lead = calm.lead_of(&second);
    assert_ne!(lead["lead_id"], old);
    assert_eq!((&lead["stage"], &lead["cycle"]), (&json!("offered"), &json!(1)));
    let found = calm.ask("GET", "/leads?email=ada@firm.example", &Value::Null).1;
    assert_eq!(found["leads"][0]["lead_id"], lead["lead_id"]);
    // The new lead can be repeated, joined and erased like any other.
    assert_eq!(calm.submitted("demo", &answers), second);
    let receipt = erased(&calm, "ada@firm.example");
    assert_eq!(receipt["leads"], json!([lead["lead_id"]]));
    assert_eq!(traces(&calm, "ada@firm.example"), Vec::<String>::new());
}

#[test]
fn old_ids_and_old_keys_stay_blocked() {
    let calm = Calm::default();
    let keyed =
        |key: &str, answers: &Value| calm.send(with(submission("demo", answers), "idempotency-key", key));
    let answers = wants_demo("ada@firm.example");
    let first = document(&keyed("key-1", &answers))["submission_id"].as_str().unwrap().to_owned();
    // Another key for the same answers means the same submission.
    assert_eq!(document(&keyed("key-2", &answers))["submission_id"], first.as_str());
    let old = id(&calm.lead_of(&first)).to_owned();
    erased(&calm, "ada@firm.example");
    calm.wait(secs(1));
    let gone = calm.crm("GET", &format!("/submissions/{first}"), &Value::Null, &calm.api_key);
    problem(&gone, 410, "erased");
    for key in ["key-1", "key-2"] {
        let refused = keyed(key, &answers);
        problem(&refused, 410, "submission-erased");
        assert!(header(&refused, "retry-after").is_none());
    }
    assert_eq!(calm.leads().len(), 1);
    let fresh = keyed("key-3", &answers);
    assert_eq!(fresh.status, 202);
    let lead = calm.lead_of(document(&fresh)["submission_id"].as_str().unwrap());
    assert_ne!(lead["lead_id"], old);
}

#[test]
fn a_message_that_comes_late_twice_or_again_does_nothing() {
    let calm = world();
    life(&calm);
    calm.advance(secs(400));
    let all: Vec<_> = calm.record().wake_ups.into_iter().map(|(_, wake_up)| wake_up).collect();
    assert!(all.len() > 30);
    erased(&calm, EMAIL);
    calm.run_queues();
    let rows = calm.rows();
    for wake_up in all.iter().chain(&all) {
        assert!(calm.handle(wake_up), "{wake_up:?}");
    }
    calm.run_queues();
    assert_eq!(calm.rows(), rows);
}

#[test]
fn every_lead_of_a_mailbox_is_found_by_it() {
    let calm = world();
    let leads = life(&calm);
    let by = |email: &str| -> Vec<String> {
        let found = calm.ask("GET", &format!("/leads?email={email}"), &Value::Null).1;
        let all = found["leads"].as_array().unwrap();
        all.iter().map(|lead| id(lead).to_owned()).collect()
    };
    let sorted = |mut ids: Vec<String>| {
        ids.sort();
        ids
    };
    // The one that others join comes first.
    assert_eq!(by(EMAIL)[0], leads[0]);
    assert_eq!(sorted(by(EMAIL)), sorted(leads.clone()));
    assert_eq!(by(FURTHER), [leads[0].clone()]);
    assert_eq!(by(ROLE), [leads[3].clone()]);
    // A released lead is found by its claim alone.
    let trapped = json!({ "email": "eve@firm.example", "fax": "1" });
    let quarantined = calm.lead_of(&calm.submitted("demo", &trapped));
    assert_eq!(by("eve@firm.example"), [id(&quarantined)]);
    calm.ask("POST", &format!("/leads/{}/release", id(&quarantined)), &json!({}));
    assert_eq!(by("eve@firm.example"), [id(&quarantined)]);
    // By its further address a lead is erased as well.
    let receipt = erased(&calm, FURTHER);
    assert_eq!(receipt["leads"], json!([leads[0]]));
}

#[test]
fn what_was_received_before_its_mailbox_was_erased_is_not_released() {
    let calm = Calm::default();
    let trapped = json!({ "email": "eve@firm.example", "fax": "1" });
    let quarantined = calm.lead_of(&calm.submitted("demo", &trapped));
    let own = calm.lead_of(&calm.submitted("demo", &wants_demo("eve@firm.example")));
    calm.wait(secs(1));
    assert_eq!(erase(&calm, id(&own)).0, 200);
    let refused =
        calm.crm("POST", &format!("/leads/{}/release", id(&quarantined)), &json!({}), &calm.api_key);
    problem(&refused, 409, "address-erased");
}
