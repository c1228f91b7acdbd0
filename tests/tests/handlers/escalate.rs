//! Deadlines: every step at its instant, in order, once; and whatever is stuck is driven on.

use std::collections::BTreeSet;

use leadline_escalate::Lateness;
use leadline_runtime::embedded::Meter;
use leadline_store::due::SHARDS;
use leadline_tests::calm::{Calm, PLAYBOOK, START, logged, text};
use serde_json::{Value, json};

use super::scene::{accepted, answer, called, history, id, offered, secs, steps_late, wants_demo};

fn steps(found: Vec<(i64, String)>) -> Vec<(i64, String)> {
    found.into_iter().filter(|(at, _)| *at > 0).collect()
}

fn expected(steps: &[(i64, &str)]) -> Vec<(i64, String)> {
    steps.iter().map(|(at, kind)| (*at, (*kind).to_owned())).collect()
}

/// Who had mail from `from` on, with the seconds since the beginning of the world.
fn mailed(calm: &Calm, from: i64) -> Vec<(i64, String)> {
    let since = |at: jiff::Timestamp| at.duration_since(START).as_secs();
    calm.record().mails.into_iter().map(|(at, m)| (since(at), m.to)).filter(|(at, _)| *at >= from).collect()
}

#[test]
fn an_offer_that_nobody_accepts_climbs_the_whole_ladder_to_the_second() {
    let calm = Calm::default();
    let lead = offered(&calm, "ada@firm.example");
    calm.advance(secs(1_000));
    // A minute each for three reps: half time, due, and marketing half a minute after the last.
    let ladder = [
        (30, "reminded"),
        (60, "breached"),
        (60, "reassigned"),
        (90, "reminded"),
        (120, "breached"),
        (120, "reassigned"),
        (150, "reminded"),
        (180, "breached"),
        (180, "nobody_left"),
        (180, "manager_told"),
        (210, "returned_to_marketing"),
    ];
    assert_eq!(steps(history(&calm, id(&lead))), expected(&ladder));
    let offers: Vec<String> = calm
        .timeline(id(&lead))
        .iter()
        .filter(|e| e["kind"] == "offered" || e["kind"] == "reassigned")
        .map(|e| e["details"]["rep_id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(offers.iter().collect::<BTreeSet<_>>().len(), 3, "{offers:?}");
    let mail = |n: usize| format!("{}@calm.example", offers[n]);
    let mut told = mailed(&calm, 30);
    told.sort();
    let mut wanted = vec![
        (30, mail(0)),
        (60, mail(0)),
        (60, mail(1)),
        (90, mail(1)),
        (120, mail(1)),
        (120, mail(2)),
        (150, mail(2)),
        (180, "chief@calm.example".to_owned()),
        (210, "marketing@calm.example".to_owned()),
    ];
    wanted.sort();
    assert_eq!(told, wanted);
    let after = calm.lead(id(&lead));
    assert_eq!((&after["stage"], &after["owner"]), (&json!("nurturing"), &Value::Null));
    // Marketing looks at it again in thirty days at the latest, and then it is another cycle.
    assert_eq!(after["due_at"], (START + secs(210 + 30 * 86_400)).to_string());
    assert_eq!(after["cycle"], 2);
    for rep in ["ann", "bob", "cat", "dot"] {
        assert_eq!(calm.ask("GET", &format!("/reps/{rep}"), &Value::Null).1["open"], 0);
    }
}

#[test]
fn an_accept_in_time_ends_the_wait_and_a_contact_the_next() {
    let calm = Calm::default();
    let lead = offered(&calm, "ada@firm.example");
    calm.advance(secs(29));
    let lead = answer(&calm, &lead, "accept", &json!({}));
    calm.advance(secs(3_570));
    let contact = json!({ "channel": "phone", "direction": "outbound", "outcome": "connected", "occurred_at": calm.now().to_string() });
    answer(&calm, &lead, "contact", &contact);
    calm.advance(secs(7_200));
    assert_eq!(steps(history(&calm, id(&lead))), expected(&[(29, "accepted"), (3_599, "contacted")]));
    let after = calm.lead(id(&lead));
    // From then on only the clock that watches whether anything happens.
    let mut clocks = after["clocks"].as_array().unwrap().iter();
    assert!(
        clocks.all(|c| c["status"] == if c["clock"] == "stalled" { "running" } else { "met" }),
        "{after}"
    );
    assert_eq!(after["stage"], "working");
}

#[test]
fn what_bounced_is_no_first_touch() {
    let calm = Calm::default();
    let lead = accepted(&calm, "ada@firm.example");
    calm.advance(secs(10));
    let attempt = json!({ "channel": "phone", "direction": "outbound", "outcome": "bounced", "occurred_at": calm.now().to_string() });
    let body = {
        let mut b = attempt;
        b["rep_id"] = lead["owner"]["rep_id"].clone();
        b
    };
    let (status, after) = calm.ask("POST", &format!("/leads/{}/contact", id(&lead)), &body);
    assert_eq!((status, &after["stage"]), (200, &json!("accepted")), "{after}");
    calm.advance(secs(3_600));
    let late = steps(history(&calm, id(&lead)));
    assert_eq!(late, expected(&[(10, "contacted"), (3_600, "breached"), (3_600, "manager_told")]));
    assert!(mailed(&calm, 3_600).contains(&(3_600, "boss@calm.example".to_owned())));
    // Evidence that comes late is dated by when it happened.
    let contact = json!({ "channel": "email", "direction": "outbound", "outcome": "connected", "occurred_at": (START + secs(3_599)).to_string() });
    let after = answer(&calm, &lead, "contact", &contact);
    let touch = after["clocks"].as_array().unwrap().iter().find(|c| c["clock"] == "first_touch").unwrap();
    assert_eq!(touch["status"], "met");
}

#[test]
fn a_late_sweep_catches_up_in_order() {
    let calm = Calm::default();
    let lead = offered(&calm, "ada@firm.example");
    calm.lose_messages(true);
    calm.stop_ticks(true);
    calm.purge();
    calm.advance(secs(200));
    assert_eq!(steps(history(&calm, id(&lead))), []);
    calm.lose_messages(false);
    calm.sweep();
    let caught_up = expected(&[(200, "overtaken"), (200, "breached"), (200, "reassigned")]);
    // The reminder would have come after what it was to warn of: nobody got it.
    assert!(mailed(&calm, 1).is_empty() || mailed(&calm, 1).iter().all(|(at, _)| *at >= 200));
    assert_eq!(steps(history(&calm, id(&lead))), caught_up);
    // The next rep has a whole minute from then on, and a second sweep does nothing again.
    calm.sweep();
    assert_eq!(steps(history(&calm, id(&lead))), caught_up);
    calm.run_queues();
    let clock = calm.lead(id(&lead))["clocks"]
        .as_array()
        .unwrap()
        .iter()
        .find(|c| c["clock"] == "accept")
        .cloned()
        .unwrap();
    assert_eq!(clock["due_at"], (START + secs(260)).to_string());
}

#[test]
fn what_was_accepted_meanwhile_is_not_taken_away_again() {
    let calm = Calm::default();
    let lead = offered(&calm, "ada@firm.example");
    calm.lose_messages(true);
    calm.stop_ticks(true);
    calm.purge();
    calm.advance(secs(100));
    answer(&calm, &lead, "accept", &json!({}));
    calm.advance(secs(100));
    calm.lose_messages(false);
    calm.sweep();
    calm.run_queues();
    // The news of the acceptance got lost and is sent again.
    assert_eq!(steps(history(&calm, id(&lead))), expected(&[(100, "accepted"), (200, "redriven")]));
    let after = calm.lead(id(&lead));
    assert_eq!(after["owner"]["rep_id"], lead["owner"]["rep_id"]);
    assert_eq!(
        after["clocks"].as_array().unwrap().iter().find(|c| c["clock"] == "accept").unwrap()["status"],
        "met_late"
    );
}

#[test]
fn an_accept_between_a_sweeps_look_and_its_deed_wins() {
    let calm = Calm::default();
    let lead = offered(&calm, "ada@firm.example");
    calm.stop_ticks(true);
    calm.advance(secs(59));
    calm.purge();
    calm.advance(secs(1));
    let (other, theirs) = (calm.clone(), lead.clone());
    calm.before_transaction(move || {
        let body = json!({ "rep_id": theirs["owner"]["rep_id"] });
        assert_eq!(other.ask("POST", &format!("/leads/{}/accept", id(&theirs)), &body).0, 200);
    });
    // The breach was recorded in time; the reassignment came to nothing and was no step.
    assert_eq!(late_ms(&calm.sweep()), [0]);
    calm.run_queues();
    let kinds = steps(history(&calm, id(&lead)));
    assert_eq!(kinds, expected(&[(30, "reminded"), (60, "breached"), (60, "accepted")]));
    let reps: i64 = ["ann", "bob", "cat", "dot"]
        .iter()
        .map(|rep| calm.ask("GET", &format!("/reps/{rep}"), &Value::Null).1["open"].as_i64().unwrap())
        .sum();
    assert_eq!(reps, 1);
}

/// What a run would log of its steps, in milliseconds.
fn late_ms(lateness: &Lateness) -> Vec<u64> {
    let lines = lateness.lines(&Meter::of("calm"), START);
    lines.iter().flat_map(|l| serde_json::from_value::<Vec<u64>>(l["SlaLateness"].clone()).unwrap()).collect()
}

#[test]
fn a_sweep_tells_by_how_much_each_step_was_late_and_of_no_lead_by_whom() {
    let calm = Calm::default();
    let lead = offered(&calm, "ada@firm.example");
    calm.stop_ticks(true);
    calm.lose_messages(true);
    calm.purge();
    assert_eq!(late_ms(&calm.sweep()), [] as [u64; 0], "nothing is due");
    calm.wait(secs(95));
    let lateness = calm.sweep();
    // Due at 30 and overtaken by now; at 60 the breach and the reassignment.
    let kinds: Vec<String> = steps(history(&calm, id(&lead))).into_iter().map(|(_, kind)| kind).collect();
    assert_eq!(kinds, ["overtaken", "breached", "reassigned"]);
    assert_eq!(late_ms(&lateness), [65_000, 35_000, 35_000]);
    let lines = lateness.lines(&Meter::of("calm"), calm.now());
    assert!(lines.len() == 1 && !lines[0].to_string().contains("ld_"), "{lines:?}");
}

#[test]
fn a_deadline_that_passed_while_nobody_had_the_lead_is_late_from_the_offer_on() {
    let calm = Calm::default();
    let away = |away: bool| {
        for rep in ["ann", "bob", "cat", "dot"] {
            let (status, body) = calm.ask("PATCH", &format!("/reps/{rep}"), &json!({ "away": away }));
            assert_eq!(status, 200, "{body}");
        }
    };
    away(true);
    let submission = calm.submitted("demo", &wants_demo("ada@firm.example"));
    calm.run_queues();
    let lead = calm.lead_of(&submission);
    assert_eq!(lead["stage"], "parked");
    // The first touch is due within an hour of receipt.
    calm.advance(secs(2 * 3_600));
    let ((), log) = logged(|| {
        away(false);
        calm.run_queues();
    });
    let offered = calm.lead(id(&lead));
    assert_eq!(
        (&offered["stage"], &clock(&offered, "first_touch")["status"]),
        (&json!("offered"), &json!("breached"))
    );
    // The breach, and word to the manager.
    assert_eq!(steps_late(&log), ["0", "0"], "it could not have been told before anybody had the lead");
}

/// The call ended the pause an hour ago, and two steps came meanwhile that nobody could know of.
#[test]
fn what_a_late_report_puts_into_the_past_is_late_from_the_report_on() {
    let touch = "    first_touch:\n";
    let more = "    qualified_by: {within: PT700S, ladder: [{at: due, do: notify_manager}]}\n";
    let calm = Calm::new(&PLAYBOOK.replace(touch, &format!("{more}{touch}")));
    let lead = accepted(&calm, "ada@firm.example");
    calm.advance(secs(60));
    let aside = json!({ "reason": "on-holiday", "until": (calm.now() + secs(86_400)).to_string() });
    let lead = answer(&calm, &lead, "pause", &aside);
    calm.advance(secs(600));
    let called_at = calm.now();
    calm.advance(secs(3_600));
    let ((), log) = logged(|| {
        let lead = answer(&calm, &lead, "contact", &called(called_at));
        assert_eq!(clock(&lead, "qualified_by")["status"], "breached");
    });
    assert_eq!(steps_late(&log), ["0", "0"], "the breach, and word to the manager");
}

/// However late the sweep that ends a pause, what comes after the pause is late from its own time.
#[test]
fn a_pause_that_is_over_hides_no_lateness() {
    let calm = Calm::new(&PLAYBOOK.replace(
        "    first_touch:\n",
        "    qualified_by: {within: PT10M, ladder: [{at: due, do: notify_manager}]}\n    first_touch:\n",
    ));
    let lead = accepted(&calm, "ada@firm.example");
    let aside = json!({ "reason": "on-holiday", "until": (START + secs(600)).to_string() });
    answer(&calm, &lead, "pause", &aside);
    calm.stop_ticks(true);
    calm.lose_messages(true);
    calm.purge();
    calm.wait(secs(3_000));
    // Ten minutes of pause, and ten more.
    assert_eq!(late_ms(&calm.sweep()), [1_800_000, 1_800_000]);
}

/// A report that moves nothing makes nothing less late.
#[test]
fn a_report_after_the_fact_hides_no_lateness() {
    let calm = Calm::new(&PLAYBOOK.replace(
        "    first_touch:\n",
        "    qualified_by: {within: PT10M, ladder: [{at: due, do: notify_manager}]}\n    first_touch:\n",
    ));
    let lead = accepted(&calm, "ada@firm.example");
    calm.wait(secs(3_000));
    let called_at = calm.now();
    calm.wait(secs(300));
    let ((), log) = logged(|| drop(answer(&calm, &lead, "contact", &called(called_at))));
    assert_eq!(steps_late(&log), ["2700000", "2700000"], "due after ten minutes, told after fifty-five");
}

fn clock<'l>(lead: &'l Value, kind: &str) -> &'l Value {
    lead["clocks"].as_array().unwrap().iter().find(|c| c["clock"] == kind).unwrap()
}

#[test]
fn a_sweep_that_could_read_nothing_fails_its_run() {
    let calm = Calm::default();
    let lead = offered(&calm, "ada@firm.example");
    calm.lose_messages(true);
    calm.purge();
    calm.wait(secs(95));
    calm.stop_after_writes(0);
    assert!(calm.try_sweep(&Lateness::default()).is_err(), "or neither Lambda nor an alarm would know");
    calm.heal();
    let swept = calm.try_sweep(&Lateness::default()).unwrap();
    assert_eq!((swept.due, swept.failed, swept.complete), (1, 0, true));
    assert!(steps(history(&calm, id(&lead))).iter().any(|(_, kind)| kind == "reassigned"));
}

#[test]
fn a_sweep_does_what_other_shards_give_whichever_cannot_be_read() {
    for own in [true, false] {
        let calm = Calm::default();
        let lead = offered(&calm, "ada@firm.example");
        calm.stop_ticks(true);
        calm.purge();
        calm.wait(secs(95));
        let row = calm.rows().into_iter().find(|row| text(row, "sk") == "LEAD").unwrap();
        let shards = (0..SHARDS).map(|n| format!("DUE#{n}"));
        calm.unreadable(shards.filter(|shard| (shard == text(&row, "due_shard")) == own));
        // One that is left to the next sweep gets nobody up.
        let swept = calm.try_sweep(&Lateness::default()).unwrap();
        assert_eq!((swept.due, swept.complete), (usize::from(!own), false));
        let moved = history(&calm, id(&lead)).iter().any(|(_, kind)| kind == "reassigned");
        assert_eq!(moved, !own);
    }
}

#[test]
fn timers_alone_and_sweeps_alone_keep_the_same_deadlines() {
    let ladder = |timers: bool, ticks: bool| {
        let calm = Calm::default();
        calm.submitted("demo", &wants_demo("ada@firm.example"));
        calm.run_queues();
        calm.lose_messages(!timers);
        calm.stop_ticks(!ticks);
        if !timers {
            calm.purge();
        }
        calm.advance(secs(600));
        let lead = calm.leads().remove(0);
        steps(history(&calm, lead.lead_id.as_str()))
    };
    let exact = ladder(true, true);
    assert_eq!(ladder(true, false), exact);
    let swept = ladder(false, true);
    // Without timers each step comes with the next tick, in the same order; with the reminder comes what it was to warn of.
    let kinds = |steps: &[(i64, String)]| steps.iter().map(|(_, k)| k.clone()).collect::<Vec<_>>();
    assert_eq!(kinds(&exact)[..3], ["reminded", "breached", "reassigned"]);
    assert_eq!(kinds(&swept)[..3], ["overtaken", "breached", "reassigned"]);
    assert!(swept.iter().all(|(at, _)| at % 60 == 0), "{swept:?}");
}

#[test]
fn what_gets_lost_after_capture_is_home_within_two_ticks() {
    let calm = Calm::default();
    for n in 0..10 {
        calm.submitted("demo", &wants_demo(&format!("p{n}@firm.example")));
    }
    calm.purge();
    calm.advance(secs(120));
    let homeless = calm.leads().iter().filter(|l| l.owner.is_none()).count();
    assert_eq!(homeless, 0);
}

#[test]
fn a_lead_that_does_not_move_is_driven_on_with_patience_and_parked_after_eight_times() {
    let calm = Calm::default();
    let submission = calm.submitted("demo", &wants_demo("ada@firm.example"));
    calm.purge();
    calm.lose_messages(true);
    let ((), log) = logged(|| calm.advance(secs(7_320)));
    let lead = calm.lead_of(&submission);
    // A minute after the start, then pauses of 1, 2, 4, 8, 16 and thrice 30 minutes.
    let drives: Vec<(i64, &str)> =
        [60, 120, 240, 480, 960, 1_920, 3_720, 5_520].into_iter().map(|at| (at, "redriven")).collect();
    let wanted: Vec<(i64, &str)> = drives.into_iter().chain([(7_320, "parked")]).collect();
    assert_eq!(steps(history(&calm, id(&lead))), expected(&wanted));
    assert_eq!((&lead["stage"], &lead["parked"]["reason"]), (&json!("parked"), &json!("stuck")));
    let alarm =
        |l: &&str| l.contains("\"ERROR\"") && l.contains("\"alarm\":\"stuck\"") && l.contains(id(&lead));
    assert_eq!(log.lines().filter(alarm).count(), 1);
    // Somebody hears of it as soon as anything gets through again.
    calm.lose_messages(false);
    calm.advance(secs(120));
    assert!(calm.record().mails.iter().any(|(_, m)| m.to == "ops@calm.example"));
    assert_eq!(calm.lead_of(&submission)["stage"], "parked");
    // A person sends it on its way.
    assert_eq!(calm.ask("POST", &format!("/leads/{}/unpark", id(&lead)), &json!({})).0, 200);
    calm.run_queues();
    assert_eq!(calm.lead_of(&submission)["stage"], "offered");
}
