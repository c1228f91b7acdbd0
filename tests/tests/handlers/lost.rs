//! A commit that happened although its answer got lost: whoever made it finds out and goes on as if it had come.

use leadline_tests::calm::{Calm, LostAnswer};
use serde_json::json;

use super::scene::{history, id, offered, secs, wants_demo};

const KINDS: [LostAnswer; 2] = [LostAnswer::Silence, LostAnswer::Conflict];

#[test]
fn a_submission_is_acknowledged_and_sent_on_its_way() {
    for heard in KINDS {
        let calm = Calm::default();
        calm.lose_answer(heard);
        let submission = calm.submitted("demo", &wants_demo("ada@firm.example"));
        assert_eq!(calm.record().wake_ups.len(), 1, "{heard:?}");
        calm.run_queues();
        let lead = calm.lead_of(&submission);
        assert_eq!((&lead["stage"], lead["touches"].as_array().unwrap().len()), (&json!("offered"), 1));
    }
}

#[test]
fn each_stage_goes_on_at_once_and_once() {
    for heard in KINDS {
        for stage in 1..=4 {
            let calm = Calm::default();
            let submission = calm.submitted("demo", &wants_demo("ada@firm.example"));
            // The world stops after each message, so that the right commit loses its answer.
            for n in 1..=4 {
                if n == stage {
                    calm.lose_answer(heard);
                }
                calm.run_one();
            }
            calm.run_queues();
            let lead = calm.lead_of(&submission);
            let kinds: Vec<String> = history(&calm, id(&lead)).into_iter().map(|(_, kind)| kind).collect();
            assert_eq!(kinds, ["captured", "enriched", "scored", "offered"], "{heard:?} at message {stage}");
            let told = calm.record().mails.iter().filter(|(_, m)| m.subject.starts_with("New lead")).count();
            assert_eq!(told, 1, "{heard:?} at message {stage}");
            assert_eq!(calm.ask("GET", "/reps/ann", &json!(null)).1["open"], 1);
        }
    }
}

#[test]
fn an_answer_of_sales_succeeds() {
    for heard in KINDS {
        let calm = Calm::default();
        let lead = offered(&calm, "ada@firm.example");
        calm.lose_answer(heard);
        let body = json!({ "rep_id": lead["owner"]["rep_id"] });
        let (status, after) = calm.ask("POST", &format!("/leads/{}/accept", id(&lead)), &body);
        assert_eq!((status, &after["stage"]), (200, &json!("accepted")), "{heard:?}");
        calm.lose_answer(heard);
        let body = json!({ "rep_id": lead["owner"]["rep_id"], "reason": "not-mine" });
        let (status, after) = calm.ask("POST", &format!("/leads/{}/reject", id(&lead)), &body);
        assert_eq!((status, &after["stage"]), (200, &json!("scored")), "{heard:?}");
        calm.run_queues();
        let again = calm.lead(id(&lead));
        assert_ne!(again["owner"]["rep_id"], lead["owner"]["rep_id"]);
        let answers =
            history(&calm, id(&lead)).into_iter().filter(|(_, k)| k == "accepted" || k == "rejected");
        assert_eq!(answers.count(), 2);
    }
}

#[test]
fn a_deadline_step_happens_once() {
    for heard in KINDS {
        let calm = Calm::default();
        let lead = offered(&calm, "ada@firm.example");
        calm.advance(secs(29));
        calm.lose_answer(heard);
        calm.advance(secs(2));
        let reminded =
            history(&calm, id(&lead)).into_iter().filter(|(_, k)| k == "reminded").collect::<Vec<_>>();
        assert_eq!(reminded, [(30, "reminded".to_owned())], "{heard:?}");
        // Told at once, not when the watchdog comes by.
        let mails = calm.record().mails;
        assert!(mails.iter().any(|(at, m)| m.subject.starts_with("Reminder") && *at < calm.now()));
    }
}
