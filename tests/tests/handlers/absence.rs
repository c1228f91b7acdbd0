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
