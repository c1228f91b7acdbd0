//! The audit while others write: between any two of its reads leads come in, are routed, answered, moved and merged, and
//! indexes lag behind. It accuses nobody, and finds what is really wrong all the same.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use leadline_core::lead::Stage;
use leadline_store::leads::lead_item;
use leadline_store::{Key, Write};
use leadline_tests::calm::Calm;
use serde_json::{Value, json};

use super::{audit, people_with_a_past, violated};

/// The next thing that happens in a busy world, another each time.
fn happen(calm: &Calm, n: usize) {
    match n % 8 {
        0 | 3 => {
            calm.submit("demo", &json!({ "email": format!("busy{n}@firm.example"), "wish": "demo" }));
        }
        1 | 4 => {
            let body = json!({ "email": format!("busy{}@firm.example", n / 9), "wish": format!("more {n}") });
            calm.submit("demo", &body);
        }
        5 => {
            let trapped = json!({ "email": format!("busy{}@firm.example", n - 5), "wish": "x", "fax": "1" });
            calm.submit("demo", &trapped);
        }
        2 => sales(calm, n),
        6 => marketing(calm),
        _ => calm.advance(SignedDuration::from_millis(40)),
    }
    // One message at a time: what a commit owes is under way while the audit looks.
    calm.run_one();
}

/// A rep answers for one of the leads.
fn sales(calm: &Calm, n: usize) {
    let held: Vec<_> = calm.leads().into_iter().filter(|l| l.stage.is_held()).collect();
    let Some(lead) = held.get(n % held.len().max(1)) else { return };
    let verb = match lead.stage {
        Stage::Offered => ["accept", "reject"][n / 8 % 2],
        Stage::Accepted => "lose",
        _ => "win",
    };
    let rep = &lead.owner.as_ref().unwrap().rep_id;
    let body = match verb {
        "reject" => {
            let reason = if (n / 16).is_multiple_of(2) { "not-mine" } else { "wrong-fit" };
            json!({ "rep_id": rep, "reason": reason })
        }
        "lose" => json!({ "rep_id": rep, "reason": "price" }),
        _ => json!({ "rep_id": rep }),
    };
    calm.ask("POST", &format!("/leads/{}/{verb}", lead.lead_id), &body);
}

/// Somebody releases what is in quarantine.
fn marketing(calm: &Calm) {
    if let Some(lead) = calm.leads().into_iter().find(|l| l.stage == Stage::Quarantined) {
        calm.ask("POST", &format!("/leads/{}/release", lead.lead_id), &Value::Null);
    }
}

/// A busy world: something happens before every `every`th read, `times` in all, and indexes are most of a second behind.
fn busy(every: usize, times: usize) -> Calm {
    let calm = Calm::default();
    people_with_a_past(&calm);
    calm.advance(SignedDuration::from_secs(2));
    calm.twin().set_index_lag(800);
    let world = calm.clone();
    let (mut reads, mut done) = (0, 0);
    calm.before_reads(move || {
        reads += 1;
        if reads % every == 0 && done < times {
            happen(&world, done);
            done += 1;
        }
    });
    calm
}

#[test]
fn nobody_is_accused_for_what_happens_between_two_reads() {
    for every in [1, 3, 8] {
        let calm = busy(every, 300);
        let before = calm.leads().len();
        let mut looked_at = 0;
        for round in 0..6 {
            let found = audit(&calm, ["", "?limit=5", "?limit=40"][round % 3]);
            assert_eq!(violated(&found), BTreeMap::new(), "every {every}, round {round}");
            looked_at += found["checked"]["leads"].as_u64().unwrap();
            let run = calm.hourly_audit(SignedDuration::from_mins(4));
            assert_eq!(run.findings.violations, BTreeSet::new(), "every {every}, round {round}");
        }
        assert!(calm.leads().len() > before + 10 && looked_at > 100, "nothing happened");
        // Time passes, everything is delivered, and all is well.
        calm.undisturbed();
        calm.run_queues();
        calm.advance(SignedDuration::from_secs(2));
        assert_eq!(violated(&audit(&calm, "")), BTreeMap::new());
    }
}

#[test]
fn what_is_really_wrong_is_found_all_the_same() {
    for every in [2, 5] {
        let calm = busy(every, 400);
        let lead = calm.leads().into_iter().find(|l| l.stage == Stage::Won).unwrap();
        let mut row = lead.clone();
        row.touches = 9;
        calm.twin().write_now(Write::Put { item: lead_item(&row).unwrap(), only_if: None }).unwrap();
        let lost = calm.leads().into_iter().find(|l| l.stage == Stage::Lost).unwrap();
        let key = Key::new(format!("LEAD#{}", lost.lead_id), "T#0000000002");
        calm.twin().write_now(Write::Delete { key, only_if: None }).unwrap();
        let wanted = BTreeMap::from([
            ("miscounted_touch".to_owned(), BTreeSet::from([lead.lead_id.to_string()])),
            ("timeline_gap".to_owned(), BTreeSet::from([lost.lead_id.to_string()])),
        ]);
        assert_eq!(violated(&audit(&calm, "")), wanted, "every {every}");
    }
}
