//! Every operation of the document against every kind of caller, with the answer each is to get.

use std::collections::BTreeSet;

use leadline_store::access::Scope;
use leadline_tests::calm::{Calm, request};
use serde_json::Value;

use super::openapi::operations;
use super::scene::{problem, with};

/// Who may call an operation.
#[derive(Clone, Copy, PartialEq)]
enum Door {
    Public,
    Needs(Scope),
}

use Door::{Needs, Public};
use Scope::{Admin, LeadsRead, LeadsWrite, PlaybookWrite};

/// Method, path as documented, path as called, who may, and the status for whoever may: the world has a playbook and no
/// lead, and nothing is sent as a body.
const TABLE: [(&str, &str, &str, Door, u16); 48] = [
    ("GET", "/openapi.json", "/openapi.json", Public, 200),
    ("GET", "/forms/{form_id}", "/forms/demo", Public, 200),
    ("GET", "/forms/{form_id}/embed.js", "/forms/demo/embed.js", Public, 200),
    ("POST", "/forms/{form_id}/submissions", "/forms/demo/submissions", Public, 415),
    ("OPTIONS", "/forms/{form_id}/submissions", "/forms/demo/submissions", Public, 403),
    ("GET", "/offers/{token}", "/offers/x", Public, 404),
    ("POST", "/offers/{token}", "/offers/x", Public, 404),
    (
        "GET",
        "/submissions/{submission_id}",
        "/submissions/sub_00000000000000000000000000000000",
        Needs(LeadsRead),
        404,
    ),
    ("GET", "/leads", "/leads", Needs(LeadsRead), 200),
    ("GET", "/leads/{lead_id}", "/leads/ld_00000000000000000000000000000000", Needs(LeadsRead), 404),
    (
        "GET",
        "/leads/{lead_id}/deadlines",
        "/leads/ld_00000000000000000000000000000000/deadlines",
        Needs(LeadsRead),
        404,
    ),
    (
        "GET",
        "/leads/{lead_id}/timeline",
        "/leads/ld_00000000000000000000000000000000/timeline",
        Needs(LeadsRead),
        404,
    ),
    (
        "POST",
        "/leads/{lead_id}/accept",
        "/leads/ld_00000000000000000000000000000000/accept",
        Needs(LeadsWrite),
        422,
    ),
    (
        "POST",
        "/leads/{lead_id}/reject",
        "/leads/ld_00000000000000000000000000000000/reject",
        Needs(LeadsWrite),
        422,
    ),
    (
        "POST",
        "/leads/{lead_id}/contact",
        "/leads/ld_00000000000000000000000000000000/contact",
        Needs(LeadsWrite),
        422,
    ),
    (
        "POST",
        "/leads/{lead_id}/qualify",
        "/leads/ld_00000000000000000000000000000000/qualify",
        Needs(LeadsWrite),
        422,
    ),
    (
        "POST",
        "/leads/{lead_id}/pause",
        "/leads/ld_00000000000000000000000000000000/pause",
        Needs(LeadsWrite),
        422,
    ),
    (
        "POST",
        "/leads/{lead_id}/resume",
        "/leads/ld_00000000000000000000000000000000/resume",
        Needs(LeadsWrite),
        422,
    ),
    (
        "POST",
        "/leads/{lead_id}/recycle",
        "/leads/ld_00000000000000000000000000000000/recycle",
        Needs(LeadsWrite),
        422,
    ),
    (
        "POST",
        "/leads/{lead_id}/disqualify",
        "/leads/ld_00000000000000000000000000000000/disqualify",
        Needs(LeadsWrite),
        422,
    ),
    (
        "POST",
        "/leads/{lead_id}/win",
        "/leads/ld_00000000000000000000000000000000/win",
        Needs(LeadsWrite),
        404,
    ),
    (
        "POST",
        "/leads/{lead_id}/reassign",
        "/leads/ld_00000000000000000000000000000000/reassign",
        Needs(LeadsWrite),
        422,
    ),
    (
        "POST",
        "/leads/{lead_id}/lose",
        "/leads/ld_00000000000000000000000000000000/lose",
        Needs(LeadsWrite),
        422,
    ),
    (
        "POST",
        "/leads/{lead_id}/release",
        "/leads/ld_00000000000000000000000000000000/release",
        Needs(LeadsWrite),
        404,
    ),
    (
        "POST",
        "/leads/{lead_id}/unpark",
        "/leads/ld_00000000000000000000000000000000/unpark",
        Needs(LeadsWrite),
        404,
    ),
    ("POST", "/leads/{lead_id}/erase", "/leads/ld_00000000000000000000000000000000/erase", Needs(Admin), 404),
    (
        "GET",
        "/leads/{lead_id}/export",
        "/leads/ld_00000000000000000000000000000000/export",
        Needs(Admin),
        404,
    ),
    ("POST", "/erasures", "/erasures", Needs(Admin), 422),
    ("GET", "/erasures/{erasure_id}", "/erasures/er_00000000000000000000000000000000", Needs(Admin), 404),
    ("POST", "/exports", "/exports", Needs(Admin), 422),
    ("GET", "/playbook", "/playbook", Needs(LeadsRead), 200),
    ("PUT", "/playbook", "/playbook", Needs(PlaybookWrite), 422),
    ("POST", "/playbook/validate", "/playbook/validate", Needs(PlaybookWrite), 422),
    ("GET", "/playbook/rebase", "/playbook/rebase", Needs(LeadsRead), 200),
    ("POST", "/playbook/rebase", "/playbook/rebase", Needs(PlaybookWrite), 400),
    ("GET", "/playbook/versions", "/playbook/versions", Needs(LeadsRead), 200),
    ("GET", "/playbook/versions/{version}", "/playbook/versions/1", Needs(LeadsRead), 200),
    (
        "POST",
        "/playbook/versions/{version}/activate",
        "/playbook/versions/1/activate",
        Needs(PlaybookWrite),
        200,
    ),
    ("GET", "/reps/{rep_id}", "/reps/ann", Needs(LeadsRead), 200),
    ("PATCH", "/reps/{rep_id}", "/reps/ann", Needs(LeadsWrite), 200),
    ("GET", "/pools/{pool_id}", "/pools/first", Needs(LeadsRead), 200),
    ("GET", "/audit", "/audit", Needs(LeadsRead), 200),
    // Not there, and not told apart from what is there without a key.
    ("GET", "", "/nothing", Needs(LeadsRead), 404),
    ("GET", "", "/keys", Needs(LeadsRead), 404),
    ("DELETE", "", "/leads/ld_00000000000000000000000000000000", Needs(LeadsWrite), 404),
    ("POST", "", "/leads/ld_00000000000000000000000000000000/steal", Needs(LeadsWrite), 404),
    ("PUT", "", "/reps/ann", Needs(LeadsWrite), 404),
    ("DELETE", "", "/playbook", Needs(PlaybookWrite), 404),
];

#[test]
fn every_operation_answers_every_caller_as_the_table_says() {
    let calm = Calm::default();
    let mut callers: Vec<(String, Option<String>, Option<Scope>)> = vec![
        ("no key".to_owned(), None, None),
        ("garbage".to_owned(), Some("Bearer garbage".to_owned()), None),
        ("another scheme".to_owned(), Some(format!("Basic {}", calm.api_key)), None),
        (
            "an unknown key".to_owned(),
            Some(format!("Bearer llk_{}_{}", "9".repeat(16), "a".repeat(64))),
            None,
        ),
        ("a wrong secret".to_owned(), Some(format!("Bearer {}", calm.api_key.replace("ab", "ba"))), None),
    ];
    let revoked = calm.key(&Scope::ALL);
    calm.revoke(&revoked);
    callers.push(("a revoked key".to_owned(), Some(format!("Bearer {revoked}")), None));
    for scope in Scope::ALL {
        let key = calm.key(&[scope]);
        callers.push((scope.name().to_owned(), Some(format!("Bearer {key}")), Some(scope)));
    }
    for (method, _, path, door, granted) in TABLE {
        for (caller, authorization, has) in &callers {
            let request = request(method, path);
            let request = match authorization {
                Some(value) => with(request, "authorization", value),
                None => request,
            };
            let response = calm.send(request);
            let wanted = match (door, has) {
                (Public, _) => granted,
                (Needs(_), None) => 401,
                (Needs(scope), Some(has)) if scope == *has => granted,
                (Needs(_), Some(_)) => 403,
            };
            assert_eq!(response.status, wanted, "{method} {path} with {caller}: {}", response.body);
            match wanted {
                401 => {
                    problem(&response, 401, "no-valid-key");
                }
                403 if door != Public => {
                    let document = problem(&response, 403, "missing-scope");
                    let Needs(scope) = door else { unreachable!("public doors need no scope") };
                    assert_eq!(document["required_scope"], scope.name());
                }
                _ => {}
            }
        }
    }
}

#[test]
fn the_table_is_the_document() {
    let listed: BTreeSet<(String, String)> = TABLE
        .iter()
        .filter(|(_, documented, ..)| !documented.is_empty())
        .map(|(method, path, ..)| ((*method).to_owned(), (*path).to_owned()))
        .collect();
    assert_eq!(listed, operations().into_iter().map(|(m, p, _)| (m, p)).collect());
    // What the document says of scopes is what the table says.
    for (method, path, operation) in operations() {
        let (.., door, _) = TABLE.iter().find(|(m, p, ..)| *m == method && *p == path).unwrap();
        let security = &operation["security"];
        match door {
            Public => assert_eq!(*security, Value::Array(Vec::new()), "{method} {path}"),
            Needs(scope) => {
                assert_eq!(security[0]["key"][0], scope.name(), "{method} {path}");
                for status in ["401", "403"] {
                    assert!(operation["responses"][status].is_object(), "{method} {path} lacks {status}");
                }
            }
        }
    }
}
