//! Erasures that come while somebody else is at work: what was loaded before is not written back afterwards.

use leadline_tests::calm::{Calm, json as document, submission};
use serde_json::{Value, json};

use super::person::{EMAIL, FURTHER, ROLE, SAME, assert_no_trace, erased, life, traces, world};
use super::scene::{form_token, id, problem, secs, with};

/// A moment passes and the person is erased.
fn moment(calm: &Calm, email: &'static str) -> impl FnOnce() + Send + 'static {
    let calm = calm.clone();
    move || {
        calm.wait(secs(1));
        erased(&calm, email);
    }
}

fn first() -> Value {
    json!({
        "email": EMAIL, "first_name": "Zqxfirst", "title": "Head of Zqxtitle", "company": "Zqxcompany",
        "phone": "+49 30 901820", "wish": "demo zqxwish", "message": "a zqx message",
    })
}

/// That the one lead is erased and stays so, whatever is still under way.
#[track_caller]
fn assert_gone(calm: &Calm, what: &str) {
    calm.run_queues();
    assert_no_trace(calm);
    calm.advance(secs(7_200));
    assert_no_trace(calm);
    assert!(calm.leads().iter().all(|lead| lead.erasure.is_some() && lead.due_at().is_none()), "{what}");
    for rep in ["ann", "bob", "cat", "dot"] {
        assert_eq!(calm.ask("GET", &format!("/reps/{rep}"), &Value::Null).1["open"], 0, "{what}: {rep}");
    }
}

#[test]
fn no_function_on_the_way_to_a_rep_writes_it_back() {
    for (message, what) in ["enrich", "score", "route", "notify"].iter().enumerate() {
        let calm = world();
        calm.submitted("demo", &first());
        for _ in 0..message {
            assert!(calm.run_one());
        }
        calm.before_commit(moment(&calm, SAME));
        assert!(calm.run_one());
        assert_gone(&calm, what);
    }
}

#[test]
fn a_decision_that_came_to_nothing_leaves_no_record() {
    for (message, record) in [(1, "SCORE#"), (2, "ROUTE#")] {
        let calm = world();
        calm.submitted("demo", &first());
        for _ in 0..message {
            assert!(calm.run_one());
        }
        // The person is erased, and whatever is there cleared away, before the record is put.
        calm.before_write("LEAD#", record, moment(&calm, SAME));
        assert!(calm.run_one());
        calm.advance(secs(960));
        assert_gone(&calm, record);
    }
}

#[test]
fn no_step_of_a_ladder_writes_it_back() {
    for (seconds, what) in [(30, "a reminder"), (60, "another rep"), (90, "a reminder of the other")] {
        let calm = world();
        calm.submitted("demo", &first());
        calm.run_queues();
        calm.advance(secs(seconds - 1));
        calm.before_commit(moment(&calm, EMAIL));
        calm.advance(secs(2));
        assert_gone(&calm, what);
    }
}

#[test]
fn an_event_that_is_kept_too_late_brings_no_words_back() {
    let calm = world();
    let submission = calm.submitted("demo", &first());
    calm.run_queues();
    let lead = calm.lead_of(&submission);
    let (status, _) =
        calm.ask("POST", &format!("/leads/{}/disqualify", id(&lead)), &json!({ "reason": "zqxlost" }));
    assert_eq!(status, 200);
    // The row holds the event with the words; whoever commits next keeps it first, and is held up there.
    calm.before_write("LEAD#", "T#", moment(&calm, EMAIL));
    calm.submitted("demo", &json!({ "email": SAME, "message": "another zqx message" }));
    assert_gone(&calm, "an event");
}

#[test]
fn no_answer_of_a_person_writes_it_back() {
    for (verb, more) in [
        ("accept", json!({})),
        ("reject", json!({ "reason": "zqxreject" })),
        ("disqualify", json!({ "reason": "zqxlost" })),
    ] {
        let calm = world();
        let submission = calm.submitted("demo", &first());
        calm.run_queues();
        let lead = calm.lead_of(&submission);
        let mut body = more;
        body["rep_id"] = lead["owner"]["rep_id"].clone();
        calm.before_commit(moment(&calm, EMAIL));
        let answered = calm.crm("POST", &format!("/leads/{}/{verb}", id(&lead)), &body, &calm.api_key);
        problem(&answered, 409, "illegal-move");
        assert_gone(&calm, verb);
    }
}

#[test]
fn a_release_writes_nothing_back() {
    for holder in [false, true] {
        let calm = world();
        if holder {
            calm.submitted("demo", &first());
            calm.run_queues();
        }
        let trapped = json!({ "email": EMAIL, "fax": "1", "message": "zqxspam 1" });
        let quarantined = calm.lead_of(&calm.submitted("demo", &trapped));
        calm.before_commit(moment(&calm, EMAIL));
        let path = format!("/leads/{}/release", id(&quarantined));
        assert_eq!(calm.crm("POST", &path, &json!({}), &calm.api_key).status, 409);
        assert_gone(&calm, "release");
    }
}

#[test]
fn a_submission_that_commits_too_late_is_answered_and_leaves_nothing() {
    let clean = first();
    let mut joins = json!({ "email": SAME, "first_name": "Zqxother", "message": "a zqx message" });
    let mut trapped = first();
    trapped["fax"] = json!("1");
    let mut shared = first();
    shared["email"] = json!(ROLE);
    let mut further = first();
    further["email"] = json!("zqxother@zqxpage.example");
    further["billing"] = json!(FURTHER);
    let cases = [
        ("a first one", None, clean.clone(), EMAIL),
        ("a join", Some(clean.clone()), joins.clone(), EMAIL),
        ("a quarantined one", None, trapped.clone(), EMAIL),
        ("a quarantined one beside a lead", Some(clean.clone()), trapped, EMAIL),
        ("a shared address", None, shared, ROLE),
        ("a further address", None, further.clone(), FURTHER),
        ("a further address on a join", Some(further.clone()), further, FURTHER),
    ];
    for (what, before, mut late, address) in cases {
        let calm = world();
        if let Some(before) = before {
            calm.submitted("demo", &before);
            calm.run_queues();
            late["message"] = json!("another zqx message");
        }
        calm.before_commit(moment(&calm, address));
        let response = calm.send(with(submission("demo", &late), "idempotency-key", "zqxonce"));
        // The public answer tells nothing.
        assert_eq!(response.status, 202, "{what}: {}", response.body);
        let submission_id = document(&response)["submission_id"].as_str().unwrap().to_owned();
        let gone = calm.crm("GET", &format!("/submissions/{submission_id}"), &Value::Null, &calm.api_key);
        problem(&gone, 410, "erased");
        problem(
            &calm.send(with(submission("demo", &late), "idempotency-key", "zqxonce")),
            410,
            "submission-erased",
        );
        assert_gone(&calm, what);
    }
    // One that carries proof is no exception.
    let calm = world();
    let token = form_token(&calm, "demo");
    calm.wait(secs(10));
    joins["_token"] = json!(token);
    calm.submitted("demo", &joins);
    joins["message"] = json!("another zqx message");
    calm.before_commit(moment(&calm, EMAIL));
    calm.submitted("demo", &joins);
    assert_gone(&calm, "with proof");
}

#[test]
fn a_repetition_that_counts_too_late_leaves_nothing_and_breaks_nothing() {
    // Of what has been repeated there is a record, of what has not the claim tells.
    for (counted, key) in [(1, None), (1, Some("zqxagain")), (0, None), (0, Some("zqxagain"))] {
        let calm = world();
        let send = || {
            let request = submission("demo", &first());
            calm.send(match key {
                Some(key) => with(request, "idempotency-key", key),
                None => request,
            })
        };
        let original = calm.submitted("demo", &first());
        calm.run_queues();
        for _ in 0..counted {
            calm.submitted("demo", &first());
        }
        // A repetition of somebody else comes between as well, so that only the number is left to count.
        let erasing = moment(&calm, EMAIL);
        match (counted, key) {
            (1, None) => calm.before_write("SAME#", "SAME", erasing),
            _ => calm.before_transaction(erasing),
        }
        let late = send();
        assert_eq!(late.status, 202, "{}", late.body);
        assert_ne!(document(&late)["submission_id"], original.as_str());
        assert_gone(&calm, "a repetition");
        // The same answers make a new lead.
        let fresh = calm.submitted("demo", &first());
        assert_ne!(fresh, original);
        assert_ne!(calm.lead_of(&fresh)["stage"], "erased");
    }
}

#[test]
fn a_delivery_that_is_on_its_way_leaves_nothing() {
    let calm = world();
    calm.submitted("demo", &first());
    for _ in 0..3 {
        assert!(calm.run_one());
    }
    // The first mail fails, and before that is noted the person is erased.
    calm.before_transaction(moment(&calm, EMAIL));
    assert!(calm.run_one());
    let deliveries = calm.twin().snapshot().iter().filter(|i| i.contains_key("delivery_id")).count();
    assert_eq!(deliveries, 0);
    assert_gone(&calm, "a first try");

    // And a later try.
    let calm = world();
    calm.submitted("demo", &first());
    calm.run_queues();
    calm.before_write("DLV#", "DLV", moment(&calm, EMAIL));
    calm.advance(secs(30));
    assert_gone(&calm, "a later try");
}

#[test]
fn an_erasure_waits_for_nobody_and_misses_nothing_that_comes_between() {
    // Something is committed between the moment the erasure reads and the moment it writes.
    for whole in [false, true] {
        let calm = world();
        let leads = life(&calm);
        let between = calm.clone();
        calm.before_commit(move || {
            between.submitted("demo", &json!({ "email": SAME, "message": "in between" }));
        });
        if whole {
            erased(&calm, EMAIL);
            assert_no_trace(&calm);
        } else {
            assert_eq!(calm.ask("POST", &format!("/leads/{}/erase", leads[0]), &json!({})).0, 200);
        }
        assert_eq!(traces(&calm, "in between"), Vec::<String>::new());
    }
    // The same for two erasures of one lead.
    let calm = world();
    calm.submitted("demo", &first());
    let lead = calm.leads()[0].lead_id.to_string();
    let (between, path) = (calm.clone(), format!("/leads/{lead}/erase"));
    let inner = path.clone();
    calm.before_commit(move || assert_eq!(between.ask("POST", &inner, &json!({})).0, 200));
    let (status, receipt) = calm.ask("POST", &path, &json!({}));
    assert_eq!((status, &receipt["leads"]), (200, &json!([lead])));
    assert_gone(&calm, "two at once");
}
