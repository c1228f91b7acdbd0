//! A lead that sales does nothing about: how long, with pauses taken out, and reports that come late.

use jiff::Timestamp;
use leadline_tests::calm::{Calm, PLAYBOOK};
use serde_json::{Value, json};

use super::rebase::pages;
use super::scene::{accepted, answer, called, clock, id, secs};

const HOUR: i64 = 3_600;

/// What is said; hours are counted from acceptance.
enum Then {
    /// It is put aside until this hour.
    PausedUntil(i64),
    /// Its rep tells of a call at this hour.
    TellsOfACallAt(i64),
}
use Then::{PausedUntil, TellsOfACallAt};

/// A lead under `stalled: {within: PT120H}` with this ladder, of which that is said, each so many hours after acceptance.
fn after(ladder: &str, said: &[(i64, Then)]) -> (Calm, Timestamp, Value) {
    let touch = "    first_touch:\n";
    let more = format!("    stalled: {{within: PT120H, ladder: [{ladder}]}}\n{touch}");
    let calm = Calm::new(&PLAYBOOK.replace(touch, &more));
    let mut lead = accepted(&calm, "ada@firm.example");
    let start = calm.now();
    for (hour, then) in said {
        calm.advance((start + secs(hour * HOUR)).duration_since(calm.now()));
        lead = match then {
            PausedUntil(until) => {
                let aside = json!({ "reason": "later", "until": (start + secs(until * HOUR)).to_string() });
                answer(&calm, &lead, "pause", &aside)
            }
            TellsOfACallAt(at) => answer(&calm, &lead, "contact", &called(start + secs(at * HOUR))),
        };
    }
    (calm, start, lead)
}

/// When it counts as stalled, in hours after acceptance.
fn stalled_at(start: Timestamp, lead: &Value) -> i64 {
    let due: Timestamp = clock(lead, "stalled")["due_at"].as_str().unwrap().parse().unwrap();
    due.duration_since(start).as_secs() / HOUR
}

#[test]
fn pauses_since_a_call_count_whenever_the_call_is_told() {
    // When it counts as stalled: 120 hours after the call, and the pauses since.
    let pauses = || vec![(10, PausedUntil(20)), (40, PausedUntil(50))];
    for (call, told, due) in [
        // Before, in and after the first pause, between the two, after both.
        (5, 60, 5 + 120 + 20),
        (5, 45, 5 + 120 + 20),
        (15, 60, 20 + 120 + 10),
        (30, 60, 30 + 120 + 10),
        (30, 45, 30 + 120 + 10),
        (55, 60, 55 + 120),
    ] {
        let mut said = pauses();
        said.push((told, TellsOfACallAt(call)));
        let (calm, start, lead) = after("{at: due, do: return_to_marketing}", &said);
        // A pause that is not over yet counts when it is.
        calm.advance((start + secs(61 * HOUR)).duration_since(calm.now()));
        let lead = calm.lead(id(&lead));
        assert_eq!(stalled_at(start, &lead), due, "{call}, {told}: {lead:#}");
        assert_eq!(clock(&lead, "stalled")["status"], "running");
        assert_eq!(calm.ask("GET", "/audit", &Value::Null).1["violations"], 0);
    }
}

/// More pauses than are told apart, the first ones of which count as one: rather more time than less.
#[test]
fn no_number_of_pauses_takes_time_away() {
    let mut said: Vec<_> = (1..=12).map(|n| (n * 10, PausedUntil(n * 10 + 5))).collect();
    said.push((130, TellsOfACallAt(8)));
    let (_, start, lead) = after("", &said);
    let due = stalled_at(start, &lead);
    assert!((8 + 120 + 60..=8 + 120 + 85).contains(&due), "{due}: {lead:#}");
}

#[test]
fn a_pause_takes_nothing_of_what_a_call_before_it_gives() {
    let said = [(72, PausedUntil(120)), (144, TellsOfACallAt(70))];
    let (calm, start, lead) = after("{at: due, do: return_to_marketing}", &said);
    assert_eq!(stalled_at(start, &lead), 70 + 120 + 48);
    calm.advance(secs(93 * HOUR));
    assert_eq!(calm.lead(id(&lead))["stage"], "working", "it is not taken away a minute early");
    calm.advance(secs(2 * HOUR));
    assert_ne!(calm.lead(id(&lead))["stage"], "working");
}

#[test]
fn a_call_in_time_that_is_told_after_the_next_pause_was_in_time() {
    let (calm, start, lead) = after(
        "{at: due, do: notify_manager}, {at: 200%, do: return_to_marketing}",
        &[(122, PausedUntil(362)), (365, TellsOfACallAt(118))],
    );
    assert_eq!(clock(&lead, "stalled")["status"], "running", "{lead:#}");
    assert_eq!(stalled_at(start, &lead), 118 + 120 + 240);
    let timeline = calm.timeline(id(&lead));
    let told = timeline.iter().rev().find(|e| e["kind"] == "contacted").unwrap();
    assert!(told["details"]["met_after_all"].as_array().unwrap().contains(&json!("stalled")), "{told:#}");
}

/// Missed before the pause by the later start as well, it is not missed a second time, and nobody hears of it again.
#[test]
fn what_is_told_of_a_time_before_a_missed_deadline_misses_it_no_second_time() {
    for told in [130, 400] {
        let (calm, start, lead) =
            after("{at: due, do: notify_manager}", &[(122, PausedUntil(362)), (told, TellsOfACallAt(1))]);
        assert_eq!(clock(&lead, "stalled")["status"], "breached");
        assert_eq!(stalled_at(start, &lead), 121);
        calm.advance((start + secs(410 * HOUR)).duration_since(calm.now()));
        let timeline = calm.timeline(id(&lead));
        let missed = |kind: &str| {
            timeline.iter().filter(|e| e["kind"] == kind && e["details"]["clock"] == "stalled").count()
        };
        assert_eq!((missed("breached"), missed("manager_told")), (1, 1), "{timeline:#?}");
        assert_eq!(calm.ask("GET", "/audit", &Value::Null).1["violations"], 0);
    }
}

/// Put on shorter rules in a pause, its deadline was missed before that; a call from before the pause, told in it, gives it
/// another that was missed as well. It is dealt with when the pause is over, and the lead does not fall silent.
#[test]
fn what_new_rules_made_late_is_dealt_with_after_a_call_is_told() {
    let with = |within: &str| {
        let touch = "    first_touch:\n";
        let more =
            format!("    stalled: {{within: {within}, ladder: [{{at: due, do: return_to_marketing}}]}}\n");
        PLAYBOOK.replace(touch, &format!("{more}{touch}"))
    };
    let calm = Calm::new(&with("PT240H"));
    let lead = accepted(&calm, "ada@firm.example");
    let start = calm.now();
    calm.advance(secs(130 * HOUR));
    let aside = json!({ "reason": "later", "until": (start + secs(400 * HOUR)).to_string() });
    let lead = answer(&calm, &lead, "pause", &aside);
    calm.publish(&with("PT120H"));
    let version = calm.ask("GET", "/playbook/rebase", &Value::Null).1["playbook_version"].as_u64();
    assert_eq!(pages(&calm, "POST", version).len(), 1);
    calm.run_queues();
    let lead = answer(&calm, &lead, "contact", &called(start + secs(5 * HOUR)));
    assert_eq!(stalled_at(start, &lead), 125);
    calm.advance((start + secs(401 * HOUR)).duration_since(calm.now()));
    let kinds: Vec<String> =
        calm.timeline(id(&lead)).iter().map(|e| e["kind"].as_str().unwrap().to_owned()).collect();
    assert!(kinds.contains(&"breached".to_owned()), "{kinds:?}");
    assert!(kinds.contains(&"returned_to_marketing".to_owned()), "{kinds:?}");
}

/// In working days the later of two calls may be due earlier: telling of it takes no time away.
#[test]
fn telling_of_a_call_takes_no_working_day_away() {
    let touch = "    first_touch:\n";
    let more = format!("    stalled: {{within: {{business: P5D}}}}\n{touch}");
    let days =
        ["mon", "tue", "wed", "thu", "fri"].map(|day| format!("{day}: [[\"09:00\", \"17:00\"]]")).join(", ");
    let office = format!("\n  office: {{zone: UTC, weekly: {{{days}}}}}\nforms:\n");
    let text = PLAYBOOK
        .replacen("\nforms:\n", &office, 1)
        .replace("calendar: always}", "calendar: office}")
        .replace(touch, &more);
    let calm = Calm::new(&text);
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let until = |when: &str| calm.advance(at(when).duration_since(calm.now()));
    until("2026-11-06T16:00:00Z");
    let lead = accepted(&calm, "ada@firm.example");
    assert_eq!(clock(&lead, "stalled")["due_at"], "2026-11-13T16:00:00Z");
    until("2026-11-13T14:00:00Z");
    let aside = json!({ "reason": "later", "until": "2026-11-16T12:00:00Z" });
    answer(&calm, &lead, "pause", &aside);
    until("2026-11-16T13:00:00Z");
    let before = calm.lead(id(&lead));
    assert_eq!(clock(&before, "stalled")["due_at"], "2026-11-16T14:00:00Z");
    let told = answer(&calm, &lead, "contact", &called(at("2026-11-07T10:00:00Z")));
    let due: Timestamp = clock(&told, "stalled")["due_at"].as_str().unwrap().parse().unwrap();
    assert!(due >= at("2026-11-16T14:00:00Z"), "{told:#}");
    assert_eq!(clock(&told, "stalled")["status"], "running");
}
