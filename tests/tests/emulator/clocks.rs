//! The clocks of somebody who works on a lead: each has its own ladder, and each step comes when it is due.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::deployment::{Deployment, token, until};
use super::ladder::on_time;
use super::lead::{SOON, instant, kind};
use super::playbook::{CLOCKED, CLOCKED_SECONDS, FALLBACK_REP};

#[tokio::test]
async fn the_clocks_of_sales_have_ladders_of_their_own_and_a_late_report_turns_one_back() {
    let deployment = Deployment::alone().await;
    let offered = deployment.offered(CLOCKED, &token()).await;
    let lead_id = offered["lead_id"].as_str().unwrap();
    let rep = offered["owner"]["rep_id"].as_str().unwrap();
    let received = instant(&offered["received_at"]);
    let accepted = deployment.answer(lead_id, "accept", &json!({"rep_id": rep})).await.ok();
    let taken_up = instant(&accepted["owner"]["accepted_at"]);

    let [first_touch, attempts, qualified_by, stalled] = CLOCKED_SECONDS.map(SignedDuration::from_secs);
    let due = [
        ("first_touch", received + first_touch),
        ("attempts", taken_up + attempts),
        ("qualified_by", taken_up + qualified_by),
        ("stalled", taken_up + stalled),
    ];
    for (name, at) in due {
        assert_eq!(clock(&accepted, name)["due_at"], json!(at), "{name}");
    }
    let step = async |name: &str, clock: &str, at: Timestamp| {
        let event = step_of(&deployment, lead_id, name, clock).await;
        on_time(&format!("{name} by {clock}"), &event, at);
    };
    step("reminded", "first_touch", received + first_touch / 2).await;
    step("manager_told", "first_touch", received + first_touch).await;
    assert_eq!(clock(&deployment.lead(lead_id).await, "first_touch")["status"], "breached");

    // The call was in time, and is reported only now.
    let called = received + first_touch - SignedDuration::from_secs(2);
    let call = json!({"rep_id": rep, "channel": "phone", "direction": "outbound", "outcome": "no_answer", "occurred_at": called});
    let working = deployment.answer(lead_id, "contact", &call).await.ok();
    assert_eq!(clock(&working, "first_touch")["status"], "met");
    assert_eq!(clock(&working, "attempts")["tries"], 1);
    assert_eq!(clock(&working, "stalled")["due_at"], json!(called + stalled));
    let timeline = deployment.timeline(lead_id).await;
    let report = timeline.iter().find(|e| kind(e) == "contacted").unwrap();
    assert_eq!(report["details"]["met_after_all"], json!(["first_touch"]));

    // One try is not two.
    step("manager_told", "attempts", taken_up + attempts).await;
    let early = json!({"rep_id": rep, "reason": "unreachable"});
    let refused = deployment.answer(lead_id, "disqualify", &early).await.problem(409, "too-few-tries");
    assert_eq!((&refused["made"], &refused["at_least"]), (&json!(1), &json!(2)));
    step("reminded", "stalled", called + stalled).await;

    // Not an opportunity in time: whoever answers in the end has it now.
    step("reassigned", "qualified_by", taken_up + qualified_by).await;
    let fallen = deployment.lead(lead_id).await;
    assert_eq!((&fallen["stage"], &fallen["owner"]["rep_id"]), (&json!("offered"), &json!(FALLBACK_REP)));
    assert_eq!(deployment.open(rep).await, 0);
    deployment.told(lead_id, "offer.2").await;
    let mails = deployment.mails_about(lead_id).await;
    let to = |who: &str| mails.iter().filter(|m| m.to == format!("{who}@acme.example")).count();
    // The offer, the reminders by two clocks, and that it has moved on; the first touch and the tries that were missed.
    assert_eq!((to(rep), to(&format!("head-of-{CLOCKED}")), to(FALLBACK_REP)), (4, 2, 1), "{mails:?}");
    deployment.answer(lead_id, "recycle", &json!({"rep_id": FALLBACK_REP, "reason": "not-now", "wake_at": taken_up + SignedDuration::from_hours(900)})).await.ok();
}

fn clock<'l>(lead: &'l Value, name: &str) -> &'l Value {
    lead["clocks"].as_array().unwrap().iter().find(|c| c["clock"] == name).unwrap()
}

/// Waits for a step. That a lead moved on is no step of a clock by name, so any clock stands for it.
async fn step_of(deployment: &Deployment, lead_id: &str, name: &str, clock: &str) -> Value {
    until(&format!("{lead_id} to be {name} by {clock}"), SOON, async || {
        let events = deployment.timeline(lead_id).await;
        let any = name == "reassigned";
        events.into_iter().find(|e| kind(e) == name && (any || e["details"]["clock"] == clock))
    })
    .await
}
