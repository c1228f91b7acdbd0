//! What is written without being a transition gives way to whatever was decided meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use leadline_runtime::wake::{Hop, WakeUp};
use leadline_tests::calm::{Calm, PLAYBOOK, json as document};
use serde_json::{Value, json};

use super::scene::{accepted, history, id, offered, secs, wants_demo};

/// Somebody disqualifies the lead just before the next write of its row takes effect; whether that came to pass.
fn disqualified_meanwhile(calm: &Calm, lead: &Value) -> Arc<AtomicBool> {
    let came = Arc::new(AtomicBool::new(false));
    let (world, path, happened) =
        (calm.clone(), format!("/leads/{}/disqualify", id(lead)), Arc::clone(&came));
    calm.before_commit(move || {
        let answered = world.crm("POST", &path, &json!({ "reason": "budget" }), &world.api_key);
        assert_eq!(answered.status, 200, "{}", document(&answered));
        happened.store(true, Ordering::Relaxed);
    });
    came
}

/// That the lead is disqualified and stays so, with the event that says it, whatever is still under way.
#[track_caller]
fn assert_disqualified(calm: &Calm, lead: &Value, came: &AtomicBool) {
    assert!(came.load(Ordering::Relaxed), "nobody wrote the row");
    for _ in 0..2 {
        let now = calm.lead(id(lead));
        assert_eq!(now["stage"], "disqualified", "{now:#}");
        let kinds: Vec<String> = history(calm, id(lead)).into_iter().map(|(_, kind)| kind).collect();
        assert_eq!(kinds.iter().filter(|k| *k == "disqualified").count(), 1, "{kinds:?}");
        calm.advance(secs(7_200));
    }
}

#[test]
fn a_look_that_is_put_off() {
    let calm = Calm::new(&PLAYBOOK.replace("calendar: always}", "calendar: always, caps: {open: 1}}"));
    for n in 0..4 {
        offered(&calm, &format!("p{n}@firm.example"));
    }
    let submission = calm.submitted("demo", &wants_demo("late@firm.example"));
    calm.run_queues();
    let parked = calm.lead_of(&submission);
    assert_eq!(parked["stage"], "parked");
    // Nobody who has a lead lets it go, so that the next look finds nobody either.
    for lead in calm.leads() {
        if let Some(owner) = &lead.owner {
            let body = json!({ "rep_id": owner.rep_id });
            assert_eq!(calm.ask("POST", &format!("/leads/{}/accept", lead.lead_id), &body).0, 200);
        }
    }
    calm.run_queues();
    let came = disqualified_meanwhile(&calm, &parked);
    calm.advance(secs(1_800));
    assert_disqualified(&calm, &parked, &came);
}

#[test]
fn events_that_are_on_the_bus() {
    let calm = Calm::default();
    calm.receivers(|receivers| receivers.bus = Box::new(|_| false));
    let lead = accepted(&calm, "ada@firm.example");
    calm.receivers(|receivers| receivers.bus = Box::new(|_| true));
    // Everybody is told; only the events are still owed.
    assert!(calm.leads().iter().all(|l| l.effects.is_empty() && l.published < l.to_publish));
    let came = disqualified_meanwhile(&calm, &lead);
    let notify =
        WakeUp { v: 1, hop: Hop::Notify, id: id(&lead).to_owned(), version: 0, due_ms: None, delay_s: 0 };
    assert!(calm.handle(&notify));
    assert_disqualified(&calm, &lead, &came);
    let row = calm.leads().remove(0);
    assert!(row.published >= row.to_publish, "what was put before is put again with the rest");
    let last = calm.record().events.into_iter().flat_map(|(_, batch)| batch).next_back();
    assert_eq!(last.map(|event| event.kind), Some("lead.disqualified".to_owned()));
}

#[test]
fn a_day_of_forgetting_that_has_moved() {
    let calm = Calm::new(&format!("{PLAYBOOK}retention: {{submissions: P1D}}\n"));
    let lead = accepted(&calm, "ada@firm.example");
    calm.publish(PLAYBOOK);
    // Everything else that is due on that day is behind it.
    calm.advance(secs(86_400 - 60));
    let came = disqualified_meanwhile(&calm, &lead);
    calm.advance(secs(3_600));
    assert_disqualified(&calm, &lead, &came);
    assert_eq!(calm.lead(id(&lead))["forget_at"], Value::Null);
}
