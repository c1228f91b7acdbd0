//! What an erasure leaves of a lead and of its timeline.

use serde_json::{Value, json};

use super::*;
use crate::lead::samples::{pool, rule};

fn erased(lead: &Lead) -> Lead {
    lead.erased(&ErasureId::from_bits([9; 16]), &step(after(900))).unwrap()
}

/// What may be left in the row of an erased lead.
const LEFT: [&str; 15] = [
    "pk",
    "version",
    "stage",
    "cycle",
    "form",
    "created_at",
    "received_at",
    "updated_at",
    "playbook",
    "published",
    "to_publish",
    "event",
    "erasure",
    "watchdog",
    "profile",
];

#[test]
fn whatever_the_stage_a_stub_is_left_that_says_nothing_of_the_person() {
    for stage in Stage::ALL.into_iter().filter(|s| *s != Stage::Erased) {
        let mut lead = lead_at(stage);
        lead.reason = Some("told us".to_owned());
        lead.forget_at = Some(after(5_000));
        lead.lookup = Some(Lookup { at: after(6_000), attempts: 1 });
        let stub = erased(&lead);
        assert_eq!((stub.stage, stub.version), (Stage::Erased, lead.version + 1), "{}", stage.name());
        let row = serde_json::to_value(&stub).unwrap();
        let mut row = row.as_object().unwrap().clone();
        // Numbers at zero say nothing.
        row.retain(|_, value| *value != json!(0));
        for name in row.keys() {
            assert!(LEFT.contains(&name.as_str()), "{name} of {}", stage.name());
        }
        let profile = json!({ "em": "erased@erased.invalid", "from": { "none": "em" } });
        assert_eq!(row["profile"], profile);
        assert_eq!((stub.held_by(), stub.accountable()), (None, Accountable::Queue("closed")));
        // It owes what happened, to the bus and to nobody else.
        assert_eq!(stub.wake_ups(), [Hop::Notify], "{}", stage.name());
        assert_eq!(stub.last_event.kind.domain_name(), Some("lead.erased"));
        let told = stub.notified(&[], stub.version, &step(after(960))).unwrap();
        assert_eq!((told.due_at(), told.wake_ups()), (None, Vec::new()));
        assert!(told.erased(&ErasureId::from_bits([8; 16]), &step(after(970))).is_err());
        assert_eq!(told.erasure, Some(ErasureId::from_bits([9; 16])));
    }
}

#[test]
fn words_that_somebody_chose_leave_the_timeline_and_nothing_else_does() {
    let words = || "ada-lovelace".to_owned();
    let without = |kind: EventKind| -> Option<Value> {
        kind.without_words().map(|kind| serde_json::to_value(kind).unwrap())
    };
    let wake_at = after(60);
    for (kind, left) in [
        (EventKind::Disqualified { reason: words() }, json!({ "kind": "disqualified", "reason": "erased" })),
        (
            EventKind::Rejected { rep_id: rep("anna"), reason: words() },
            json!({ "kind": "rejected", "rep_id": "anna", "reason": "erased" }),
        ),
        (
            EventKind::Recycled { reason: words(), wake_at },
            json!({ "kind": "recycled", "reason": "erased", "wake_at": wake_at }),
        ),
        (EventKind::Lost { reason: words() }, json!({ "kind": "lost", "reason": "erased" })),
    ] {
        let first = without(kind.clone());
        assert_eq!(first, Some(left));
        // A second time there is nothing to do.
        assert_eq!(kind.without_words().unwrap().without_words(), None);
    }
    for kind in [
        EventKind::Erased,
        EventKind::Released,
        EventKind::Parked { pool_id: pool(), reason: ParkReason::Stuck },
        EventKind::Offered {
            rep_id: rep("anna"),
            pool_id: pool(),
            offer: 1,
            route: rule("europe"),
            accept_by: None,
            basis: Basis::AccountOwner,
        },
    ] {
        assert_eq!(without(kind), None);
    }
}
