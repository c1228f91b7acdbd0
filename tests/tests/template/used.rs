//! What the functions do when they run, held against what their roles allow: nothing that is missing, and no index, secret,
//! bus or mail that nobody uses.
//!
//! Source code does not tell it: most of the queries stand in shared crates, which every function has.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use leadline_runtime::ports::HttpResponse;
use leadline_tests::calm::{Calm, PLAYBOOK, Use, Uses, text};
use serde_json::{Value as Json, json};
use serde_yaml_ng::Value;

use crate::{allowed, functions, list, permissions, refers, resources};

const MORE: &str = "  channels: {crm: {webhook: {url: \"https://crm.example/hook\", secret: hook}}}
  offers: [crm]
enrichment:
  providers:
    - provider: firmo
      url: \"https://firmo.example/{domain}\"
      headers: {authorization: {secret: firmo}}
      fields: {company.employees: /size}
";

fn secs(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

/// Lives of leads in which every function does everything that its role is for.
fn lived() -> Uses {
    let calm = Calm::new(&format!("{PLAYBOOK}{MORE}"));
    calm.set_secret("firmo", "word");
    calm.set_secret("hook", "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz");
    calm.receivers(|receivers| {
        let said = || HttpResponse { status: 200, retry_after_s: None, body: b"{}".to_vec() };
        receivers.http = Box::new(move |_| Ok(said()));
    });
    let taken = |email: &str, wish: &str| {
        let submission = calm.submitted("demo", &json!({ "email": email, "wish": wish }));
        calm.run_queues();
        calm.lead_of(&submission)
    };
    let done = |method: &str, path: &str, body: &Json| {
        let (status, said) = calm.ask(method, path, body);
        assert_eq!(status, 200, "{method} {path}: {said}");
        calm.run_queues();
        said
    };
    // Nobody takes it up, and it climbs the ladder back to marketing; the same person asks again on the way.
    taken("ada@firm.example", "demo");
    taken("ada@firm.example", "look");
    calm.advance(secs(300));
    // Whoever is gone loses an offer, and gets what is in line when back.
    let lead = taken("bea@other.example", "demo");
    let rep = lead["owner"]["rep_id"].as_str().unwrap().to_owned();
    for member in ["ann", "bob", "cat", "dot"] {
        done("PATCH", &format!("/reps/{member}"), &json!({ "active": false }));
    }
    taken("cleo@third.example", "demo");
    calm.advance(secs(120));
    done("PATCH", &format!("/reps/{rep}"), &json!({ "active": true }));
    calm.advance(secs(120));
    // What looked like spam is let in by hand: somebody new, then somebody who is known by then.
    for wish in ["demo", "look"] {
        let spam = json!({ "email": "dora@fourth.example", "wish": wish, "fax": "1" });
        let submission = calm.submitted("demo", &spam);
        let id = calm.lead_of(&submission)["lead_id"].as_str().unwrap().to_owned();
        done("POST", &format!("/leads/{id}/release"), &Json::Null);
    }
    // One is turned down, and the next one is asked; somebody comes back between their score and their route.
    let lead = taken("emil@sixth.example", "demo");
    let (id, rep) = (lead["lead_id"].as_str().unwrap(), &lead["owner"]["rep_id"]);
    done("POST", &format!("/leads/{id}/reject"), &json!({ "rep_id": rep, "reason": "not-mine" }));
    let fay = |wish: &str| calm.submitted("demo", &json!({ "email": "fay@seventh.example", "wish": wish }));
    let submission = fay("demo");
    while calm.lead_of(&submission)["stage"] != "scored" {
        assert!(calm.run_one());
    }
    fay("look");
    calm.run_queues();
    // A worker dies at every stage, and the sweep sends what was owed.
    calm.lose_messages(true);
    for wish in ["demo", "look", "read"] {
        calm.submitted("demo", &json!({ "email": format!("{wish}@fifth.example"), "wish": wish }));
    }
    calm.lose_messages(false);
    calm.advance(secs(4_000));
    // A score grows old.
    calm.wait(secs(31 * 86_400));
    calm.sweep();
    calm.run_queues();
    // The CRM looks around.
    for path in ["/leads", "/leads?updated_after=2026-01-01T00:00:00Z", "/leads?owner=ann", "/audit"] {
        done("GET", path, &Json::Null);
    }
    done("GET", "/playbook/rebase", &Json::Null);
    calm.hourly_audit(secs(240));
    calm.uses()
}

/// What these permissions allow, in the words of [`in_words`].
fn granted_by(permissions: Vec<(String, Value)>) -> BTreeSet<String> {
    let one = |(action, resource): (String, Value)| {
        let text = match &resource {
            Value::Tagged(tagged) => tagged.value.as_str().unwrap_or_default().to_owned(),
            _ => String::new(),
        };
        match action.as_str() {
            "dynamodb:Query" if text.contains("/index/") => {
                text.split_once("/index/").map(|(_, index)| format!("query {index}"))
            }
            "sqs:SendMessage" => {
                let queue = refers(&resource)?.strip_suffix("Queue")?.to_lowercase();
                Some(format!("wake {queue}"))
            }
            "secretsmanager:GetSecretValue" => {
                text.ends_with("secret:leadline/*").then(|| "secret".to_owned())
            }
            "events:PutEvents" => Some("publish".to_owned()),
            "ses:SendEmail" => Some("mail".to_owned()),
            _ => action.strip_prefix("dynamodb:").map(|operation| format!("rows {operation}")),
        }
    };
    permissions.into_iter().filter_map(one).collect()
}

/// Whether a function has the policy of those that commit.
fn commits(function: &Value) -> bool {
    let role = resources()[&refers(&function["Role"]).unwrap()]["Properties"].clone();
    list(&role["ManagedPolicyArns"]).iter().any(|policy| refers(policy).as_deref() == Some("Commits"))
}

fn in_words(used: Use) -> String {
    match used {
        Use::Rows(operation) => format!("rows {operation}"),
        Use::Query(index) => format!("query {}", index.name()),
        Use::Wake(hop) => format!("wake {}", hop.name()),
        Use::Secret => "secret".to_owned(),
        Use::Publish => "publish".to_owned(),
        Use::Mail => "mail".to_owned(),
    }
}

/// What all who commit may do by one policy, because any commit may: not each of them does all of it.
fn of_commits() -> BTreeSet<String> {
    granted_by(allowed(&resources()["Commits"]["Properties"]["PolicyDocument"]))
}

#[test]
fn a_role_allows_what_its_function_does_and_nothing_else() {
    let uses = lived();
    let mut wrong = Vec::new();
    let mut by_anybody = BTreeSet::new();
    for (name, function) in functions() {
        let folder = name.trim_end_matches("Function").to_lowercase();
        let used: BTreeSet<String> =
            uses.iter().filter(|(of, _)| **of == folder).map(|(_, used)| in_words(*used)).collect();
        let granted = granted_by(permissions(&function));
        wrong.extend(used.difference(&granted).map(|what| format!("{folder} may not: {what}")));
        let shared = if commits(&function) { of_commits() } else { BTreeSet::new() };
        let useless = granted.difference(&used).filter(|what| !shared.contains(*what));
        wrong.extend(useless.map(|what| format!("{folder} never does: {what}")));
        by_anybody.extend(used.into_iter().filter(|_| commits(&function)));
    }
    wrong.extend(of_commits().difference(&by_anybody).map(|what| format!("nobody ever does: {what}")));
    assert_eq!(wrong, [] as [String; 0]);
}

/// Its role lets the audit write under one key; whatever else it wrote would be refused.
#[test]
fn the_audit_changes_the_row_of_its_progress_and_no_other() {
    let calm = Calm::default();
    calm.submitted("demo", &json!({ "email": "ada@firm.example", "wish": "demo" }));
    calm.run_queues();
    let before = calm.rows();
    calm.hourly_audit(secs(240));
    let after = calm.rows();
    let changed: BTreeSet<&str> =
        after.iter().filter(|row| !before.contains(row)).map(|row| text(row, "pk")).collect();
    let role = resources()["AuditRole"]["Properties"].clone();
    let statements: Vec<Value> = list(&role["Policies"])
        .iter()
        .flat_map(|policy| list(&policy["PolicyDocument"]["Statement"]))
        .filter(|statement| statement["Action"] == "dynamodb:PutItem")
        .collect();
    let [writes] = statements.as_slice() else { panic!("{statements:?}") };
    let keys = list(&writes["Condition"]["ForAllValues:StringEquals"]["dynamodb:LeadingKeys"]);
    assert_eq!(keys.iter().filter_map(Value::as_str).collect::<BTreeSet<_>>(), changed);
    assert_eq!(after.len(), before.len() + 1, "and none is gone");
}
