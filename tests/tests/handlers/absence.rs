//! Absences begin in time, whatever became of whoever was to see to it.

use jiff::Timestamp;
use leadline_tests::calm::{Calm, PLAYBOOK};
use serde_json::{Value, json};

use super::scene::{id, offered, secs};

/// Offers are open for three hours here.
fn patient() -> Calm {
    Calm::new(&PLAYBOOK.replace("within: PT60S", "within: PT3H"))
}

/// Announces an absence of Ann's.
fn announce(calm: &Calm, from: Timestamp) {
    let until = (from + secs(3_600)).to_string();
    let absence = json!({ "absences": [{ "from": from.to_string(), "until": until }] });
    let (status, shown) = calm.ask("PATCH", "/reps/ann", &absence);
    assert_eq!(status, 200, "{shown}");
}

fn owner(lead: &Value) -> &str {
    lead["owner"]["rep_id"].as_str().unwrap_or_default()
}

/// Ann has the lead until then, and somebody else from then on.
fn assert_moves_at(calm: &Calm, lead: &Value, from: Timestamp) {
    calm.advance(from.duration_since(calm.now()) - secs(1));
    assert_eq!(owner(&calm.lead(id(lead))), "ann");
    calm.advance(secs(2));
    let moved = calm.lead(id(lead));
    assert_ne!(owner(&moved), "ann");
    assert_eq!(moved["owner"]["offered_at"], from.to_string(), "at the very second");
}

/// Wake-ups about Ann so far.
fn armed(calm: &Calm) -> usize {
    calm.record().wake_ups.iter().filter(|(_, wake_up)| wake_up.id == "rep:ann").count()
}

/// Whoever takes the announcement has a clock that is two and a half minutes ahead, and takes the absence for begun.
#[test]
fn an_absence_begins_in_time_although_a_clock_was_ahead() {
    let calm = patient();
    let lead = offered(&calm, "ada@firm.example");
    assert_eq!(owner(&lead), "ann");
    calm.advance(secs(10));
    let from = calm.now() + secs(120);
    calm.with_clocks_ahead(secs(150), || announce(&calm, from));
    assert_moves_at(&calm, &lead, from);
}

/// The clock of whoever switched her off was ahead, and what it sent was lost: the next sweep takes the offer away all the
/// same, and not one that comes when that clock's time has come.
#[test]
fn a_switch_by_a_clock_that_was_ahead_is_seen_by_the_next_sweep() {
    let calm = patient();
    let lead = offered(&calm, "ada@firm.example");
    assert_eq!(owner(&lead), "ann");
    calm.lose_messages(true);
    calm.with_clocks_ahead(secs(200), || {
        let (status, body) = calm.ask("PATCH", "/reps/ann", &json!({ "away": true }));
        assert_eq!(status, 200, "{body}");
    });
    calm.purge();
    calm.lose_messages(false);
    calm.advance(secs(61));
    assert_ne!(calm.lead(id(&lead))["owner"]["rep_id"], "ann");
}

/// Whoever took the announcement died before anybody was told, and the next sweep is a minute away.
#[test]
fn an_offer_arms_the_absence_that_nobody_was_told_of() {
    let calm = patient();
    calm.advance(secs(60));
    let from = calm.now() + secs(30);
    calm.lose_messages(true);
    announce(&calm, from);
    calm.lose_messages(false);
    let lead = offered(&calm, "ada@firm.example");
    assert_eq!(owner(&lead), "ann");
    assert_moves_at(&calm, &lead, from);
}

/// The absence was too far ahead to be armed when it was announced, and no sweep has come by since.
#[test]
fn an_offer_arms_the_absence_that_has_come_near() {
    let calm = patient();
    calm.stop_ticks(true);
    let from = calm.now() + secs(200);
    announce(&calm, from);
    calm.run_queues();
    let before = armed(&calm);
    let early = offered(&calm, "ada@firm.example");
    assert_eq!((owner(&early), armed(&calm)), ("ann", before), "nothing is near");
    calm.advance(secs(100));
    assert_eq!(owner(&offered(&calm, "bea@other.example")), "bob");
    let late = offered(&calm, "cleo@third.example");
    assert_eq!((owner(&late), armed(&calm)), ("ann", before + 1));
    assert_moves_at(&calm, &late, from);
}

/// The same for whom a ladder or a person gives the lead to.
#[test]
fn any_way_to_a_rep_arms_what_is_near() {
    // By the ladder: Bob lets it lapse.
    let calm = Calm::default();
    calm.stop_ticks(true);
    let from = calm.now() + secs(200);
    let away = |rep: &str, away: bool| {
        assert_eq!(calm.ask("PATCH", &format!("/reps/{rep}"), &json!({ "away": away })).0, 200);
        calm.run_queues();
    };
    announce(&calm, from);
    calm.run_queues();
    away("ann", true);
    calm.advance(secs(10));
    let lead = offered(&calm, "ada@firm.example");
    assert_eq!(owner(&lead), "bob");
    away("ann", false);
    let before = armed(&calm);
    calm.advance(secs(60));
    assert_eq!((owner(&calm.lead(id(&lead))), armed(&calm)), ("ann", before + 1));
    // By hand.
    let calm = patient();
    calm.stop_ticks(true);
    let from = calm.now() + secs(200);
    let first = offered(&calm, "ada@firm.example");
    let lead = offered(&calm, "bea@other.example");
    assert_eq!((owner(&first), owner(&lead)), ("ann", "bob"));
    announce(&calm, from);
    calm.run_queues();
    calm.advance(secs(100));
    let given = json!({ "to": "ann", "reason": "holiday" });
    let (status, lead) = calm.ask("POST", &format!("/leads/{}/reassign", id(&lead)), &given);
    assert_eq!((status, owner(&lead)), (200, "ann"));
    assert_moves_at(&calm, &lead, from);
}
