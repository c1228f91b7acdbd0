//! Caps that came and went: nobody is accused of what a version allowed.

use leadline_tests::calm::{Calm, PLAYBOOK};
use serde_json::{Value, json};

use super::super::rebase::pages;
use super::super::scene::{accepted, answer, id, offered, secs};
use super::{audit, violated};

/// Ann and Bob alone, each with so many open leads at most.
fn capped(most: u32) -> String {
    PLAYBOOK
        .replace("members: [ann, bob], overflow: second", "members: [ann, bob]")
        .replace("calendar: always}", &format!("calendar: always, caps: {{open: {most}}}}}"))
        .replace("within: PT60S", "within: PT5H")
}

#[test]
fn an_opportunity_given_by_hand_under_a_raised_cap_accuses_nobody() {
    let calm = Calm::new(&capped(1));
    let opportunity = accepted(&calm, "ada@firm.example");
    let contact = json!({ "channel": "phone", "direction": "outbound", "outcome": "connected",
        "occurred_at": calm.now().to_string() });
    answer(&calm, &opportunity, "contact", &contact);
    answer(&calm, &opportunity, "qualify", &json!({}));
    let other = offered(&calm, "bea@other.example");
    let (from, to) = (&opportunity["owner"]["rep_id"], &other["owner"]["rep_id"]);
    assert_ne!(from, to);
    calm.advance(secs(60));
    calm.publish(&capped(2));
    let given = json!({ "to": to, "reason": "holiday" });
    let (status, lead) = calm.ask("POST", &format!("/leads/{}/reassign", id(&opportunity)), &given);
    assert_eq!((status, &lead["stage"], &lead["owner"]["rep_id"]), (200, &json!("qualified"), to), "{lead}");
    calm.run_queues();
    // Lowered again, so that the audit looks closely.
    calm.publish(&capped(1));
    assert_eq!(violated(&audit(&calm, "")), [].into());
}

#[test]
fn offers_that_were_re_based_on_a_lowered_cap_accuse_nobody() {
    let calm = Calm::new(&capped(2).replace("members: [ann, bob]", "members: [ann]"));
    for email in ["ada@firm.example", "bea@other.example"] {
        assert_eq!(offered(&calm, email)["owner"]["rep_id"], "ann");
    }
    calm.publish(&capped(1).replace("members: [ann, bob]", "members: [ann]"));
    let version = calm.ask("GET", "/playbook/rebase", &Value::Null).1["playbook_version"].as_u64();
    assert_eq!(pages(&calm, "POST", version).len(), 2);
    calm.run_queues();
    assert_eq!(violated(&audit(&calm, "")), [].into());
}
