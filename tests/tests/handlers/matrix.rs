//! The matrix of authorisation, made from the API's own description: every operation in it against every kind of
//! caller and every set of scopes. An operation that is added there is tested here without another word.

use leadline_store::access::Scope;
use leadline_store::{AttributeValue, Item};
use leadline_tests::calm::{Calm, request};
use serde_json::Value;

use super::openapi::operations;
use super::scene::{problem, with};

/// The sets of scopes of which each alone opens an operation; `None` for one that needs no key.
fn opening(operation: &Value) -> Option<Vec<Vec<Scope>>> {
    let security = operation["security"].as_array().expect("every operation says what it needs");
    let scopes = |list: &Value| -> Vec<Scope> {
        let names = list["key"].as_array().expect("the one scheme is key");
        names.iter().map(|name| Scope::parse(name.as_str().unwrap()).expect("a scope of ours")).collect()
    };
    (!security.is_empty()).then(|| security.iter().map(scopes).collect())
}

/// The path with something in place of each parameter: of the right form, and of nothing that there is.
fn called(path: &str) -> String {
    let parts = path.split('/').map(|part| match part {
        "{form_id}" => "demo".to_owned(),
        "{lead_id}" => format!("ld_{}", "0".repeat(32)),
        "{submission_id}" => format!("sub_{}", "0".repeat(32)),
        "{rep_id}" => "ann".to_owned(),
        "{pool_id}" => "first".to_owned(),
        "{version}" => "1".to_owned(),
        other => other.replace(['{', '}'], ""),
    });
    parts.collect::<Vec<_>>().join("/")
}

/// Every set of scopes, the empty one included.
fn sets() -> Vec<Vec<Scope>> {
    (0..1_u32 << Scope::ALL.len())
        .map(|set| (0..).zip(Scope::ALL).filter(|(i, _)| set >> i & 1 == 1).map(|(_, scope)| scope).collect())
        .collect()
}

#[test]
fn every_operation_opens_to_the_scopes_that_it_names_and_to_nothing_else() {
    let operations = operations();
    assert!(operations.len() >= 30, "only {} operations", operations.len());
    let mut calls = 0;
    for (method, path, operation) in operations {
        let calm = Calm::default();
        let opening = opening(&operation);
        let ask = |authorization: Option<String>| {
            let asked = request(&method, &called(&path));
            calm.send(match authorization {
                Some(value) => with(asked, "authorization", &value),
                None => asked,
            })
        };
        let revoked = calm.key(&Scope::ALL);
        calm.revoke(&revoked);
        let (key_id, secret) = calm.api_key.rsplit_once('_').unwrap();
        let strangers = [
            None,
            Some(String::new()),
            Some("Bearer".to_owned()),
            Some("Bearer garbage".to_owned()),
            Some(format!("Basic {}", calm.api_key)),
            Some(calm.api_key.clone()),
            Some(format!("Bearer llk_{}_{secret}", "9".repeat(16))),
            Some(format!("Bearer {key_id}_{}", "0".repeat(64))),
            Some(format!("Bearer {key_id}_{}", &secret[..63])),
            Some(format!("Bearer {revoked}")),
        ];
        let mut without_key = None;
        for stranger in strangers {
            let response = ask(stranger.clone());
            calls += 1;
            match opening {
                Some(_) => {
                    problem(&response, 401, "no-valid-key");
                    // Whatever was wrong with the key, the answer is the same to the letter.
                    assert_eq!(
                        without_key.get_or_insert_with(|| response.clone()),
                        &response,
                        "{stranger:?}"
                    );
                }
                None => assert_ne!(response.status, 401, "{method} {path}"),
            }
        }
        for scopes in sets() {
            let key = calm.key(&scopes);
            let response = ask(Some(format!("Bearer {key}")));
            calls += 1;
            let may = opening
                .as_ref()
                .is_none_or(|all| all.iter().any(|set| set.iter().all(|s| scopes.contains(s))));
            if may {
                // Also what is there to be found is documented, and nothing is an error of ours.
                let status = response.status.to_string();
                let documented = &operation["responses"][&status];
                assert!(documented.is_object(), "{method} {path} answers {status}: {}", response.body);
                assert!(response.status < 500 && response.status != 401, "{method} {path}");
                let refused = response.body.contains("urn:leadline:problem:missing-scope");
                assert!(!refused, "{method} {path} with {scopes:?}");
            } else {
                let document = problem(&response, 403, "missing-scope");
                let lacking = document["required_scope"].as_str().and_then(Scope::parse).unwrap();
                assert!(!scopes.contains(&lacking), "{method} {path} with {scopes:?}");
            }
        }
    }
    println!("{calls} calls");
}

/// Every text in a row.
fn texts(item: &Item) -> String {
    fn of(value: &AttributeValue, found: &mut Vec<String>) {
        match value {
            AttributeValue::S(text) | AttributeValue::N(text) => found.push(text.clone()),
            AttributeValue::L(list) => list.iter().for_each(|v| of(v, found)),
            AttributeValue::M(map) => map.values().for_each(|v| of(v, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    item.values().for_each(|value| of(value, &mut found));
    found.join(" ")
}

#[test]
fn the_table_holds_no_key_that_could_be_used() {
    let calm = Calm::default();
    let key = calm.key(&[Scope::LeadsRead]);
    let before = calm.twin().len();
    calm.ask("GET", "/leads", &Value::Null);
    assert_eq!(calm.twin().len(), before);
    let dump: Vec<String> = calm.twin().snapshot().iter().map(texts).collect();
    for key in [&key, &calm.api_key] {
        let (id, secret) = key.rsplit_once('_').unwrap();
        let id = id.trim_start_matches("llk_");
        assert!(dump.iter().any(|row| row.contains(id)), "the key's row is in the dump");
        for part in [key.as_str(), secret, &secret[..32], &secret[32..]] {
            assert!(!dump.iter().any(|row| row.to_lowercase().contains(part)), "{part}");
        }
    }
}
