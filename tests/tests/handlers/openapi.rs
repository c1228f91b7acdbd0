//! The document at `/openapi.json` against the code: neither has an operation that the other lacks.

use std::collections::BTreeSet;

use leadline_core::audit::Rule;
use leadline_core::lead::{Move, Stage};
use leadline_tests::calm::{Calm, json, request};
use serde_json::Value;

use super::scene::{accepted, id, offered, wants_demo, with};

const METHODS: [&str; 8] = ["get", "put", "post", "patch", "delete", "options", "head", "trace"];

fn document() -> Value {
    serde_json::from_str(leadline_crm::OPENAPI).unwrap()
}

/// Method, path and operation of everything that is documented.
pub(super) fn operations() -> Vec<(String, String, Value)> {
    let document = document();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if METHODS.contains(&method.as_str()) {
                found.push((method.to_uppercase(), path.clone(), operation.clone()));
            }
        }
    }
    found
}

#[test]
fn it_is_served_whole_to_anybody() {
    let calm = Calm::default();
    let response = calm.send(request("GET", "/openapi.json"));
    assert_eq!((response.status, json(&response)), (200, document()));
    assert_eq!(document()["openapi"], "3.1.0");
}

#[test]
fn every_documented_operation_is_routed() {
    let calm = Calm::default();
    let all = operations();
    assert!(all.len() >= 30, "only {} operations", all.len());
    for (method, path, _) in all {
        let called = path
            .replace("{form_id}", "demo")
            .replace("{lead_id}", "ld_00000000000000000000000000000000")
            .replace("{submission_id}", "sub_00000000000000000000000000000000")
            .replace("{rep_id}", "ann")
            .replace("{pool_id}", "first")
            .replace("{version}", "1")
            .replace("{erasure_id}", "er_00000000000000000000000000000000")
            .replace("{token}", "x");
        assert!(!called.contains('{'), "{path} has a parameter that this test does not know");
        let response =
            calm.send(with(request(&method, &called), "authorization", &format!("Bearer {}", calm.api_key)));
        assert_ne!(response.status, 405, "{method} {path}");
        for unrouted in ["no such operation", "no such page"] {
            assert!(!response.body.contains(unrouted), "{method} {path}: {}", response.body);
        }
    }
}

/// The routes in a source: every `("METHOD", ["segment", variable, …])`, a variable as `{}`.
fn routes(source: &str) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for line in source.lines().map(str::trim).filter(|l| l.starts_with("(\"") && l.contains("=>")) {
        let Some((method, rest)) = line[2..].split_once("\", [") else { continue };
        let Some((segments, _)) = rest.split_once(']') else { continue };
        let segments: Vec<String> = segments
            .split(',')
            .map(str::trim)
            .filter(|s| !s.is_empty())
            .map(|s| s.strip_prefix('"').map_or("{}".to_owned(), |s| s.trim_end_matches('"').to_owned()))
            .collect();
        found.insert((method.to_owned(), format!("/{}", segments.join("/"))));
    }
    found
}

#[test]
fn every_route_of_the_code_is_documented() {
    let plain = |path: &str| -> String {
        path.split('/').map(|s| if s.starts_with('{') { "{}" } else { s }).collect::<Vec<_>>().join("/")
    };
    let documented: BTreeSet<(String, String)> =
        operations().into_iter().map(|(m, p, _)| (m, plain(&p))).collect();
    let crm = routes(include_str!("../../../functions/crm/src/lib.rs"));
    let capture: BTreeSet<(String, String)> = routes(include_str!("../../../functions/capture/src/door.rs"))
        .into_iter()
        .map(|(method, path)| (method, format!("/forms/{{}}{}", path.trim_end_matches('/'))))
        .collect();
    assert!(crm.len() >= 14 && capture.len() >= 4, "the sources are not read right: {crm:?} {capture:?}");
    for (method, path) in crm.iter().chain(&capture) {
        // The answers share one route; each is documented by its verb.
        if path == "/leads/{}/{}" {
            for (_, verb) in Move::BY_PERSON {
                let answer = (method.clone(), format!("/leads/{{}}/{verb}"));
                assert!(documented.contains(&answer), "{answer:?}");
            }
        } else {
            assert!(documented.contains(&(method.clone(), path.clone())), "{method} {path}");
        }
    }
}

/// Follows a `$ref`.
fn resolve<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    match schema["$ref"].as_str() {
        Some(reference) => {
            document.pointer(&reference[1..]).unwrap_or_else(|| panic!("{reference} leads nowhere"))
        }
        None => schema,
    }
}

fn references<'d>(value: &'d Value, found: &mut Vec<&'d str>) {
    match value {
        Value::Object(map) => {
            found.extend(map.get("$ref").and_then(Value::as_str));
            map.values().for_each(|v| references(v, found));
        }
        Value::Array(list) => list.iter().for_each(|v| references(v, found)),
        _ => {}
    }
}

#[test]
fn nothing_in_it_leads_nowhere() {
    let document = document();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 100);
    for reference in found {
        assert!(document.pointer(&reference[1..]).is_some(), "{reference}");
    }
    let mut ids = BTreeSet::new();
    for (method, path, operation) in operations() {
        assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()), "{method} {path}");
        assert!(operation["summary"].is_string() && operation["responses"].is_object(), "{method} {path}");
        // Every name in braces is a parameter.
        let own = operation["parameters"].as_array().into_iter().flatten();
        let shared = document["paths"][&path]["parameters"].as_array().into_iter().flatten();
        let named: BTreeSet<&str> = own
            .chain(shared)
            .map(|p| resolve(&document, p))
            .filter(|p| p["in"] == "path")
            .map(|p| p["name"].as_str().unwrap())
            .collect();
        let braces: BTreeSet<&str> =
            path.split('/').filter_map(|s| s.strip_prefix('{').and_then(|s| s.strip_suffix('}'))).collect();
        assert_eq!(named, braces, "{method} {path}");
    }
    let stages: BTreeSet<&str> = Stage::ALL.iter().map(|s| s.name()).collect();
    let documented = document["components"]["schemas"]["Stage"]["enum"].as_array().unwrap();
    assert_eq!(documented.iter().map(|s| s.as_str().unwrap()).collect::<BTreeSet<_>>(), stages);
}

/// Whether a value has exactly the members that its schema names, all required ones among them, in depth.
fn fits(document: &Value, schema: &Value, value: &Value, at: &str) {
    let schema = resolve(document, schema);
    if let Some(choices) = schema["anyOf"].as_array() {
        let chosen = choices.iter().find(|s| (resolve(document, s)["type"] == "null") == value.is_null());
        return fits(document, chosen.unwrap_or_else(|| panic!("{at}: no choice for {value}")), value, at);
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(n) if n.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let allowed: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(list) => list.iter().map(|t| t.as_str().unwrap()).collect(),
        _ => return,
    };
    let number = kind == "integer" && allowed.contains(&"number");
    assert!(allowed.contains(&kind) || number, "{at} is {value}, documented as {allowed:?}");
    if let Some(values) = schema["enum"].as_array() {
        assert!(values.contains(value), "{at}: {value} is not among {values:?}");
    }
    if let Value::Array(list) = value {
        list.iter().enumerate().for_each(|(i, v)| fits(document, &schema["items"], v, &format!("{at}[{i}]")));
    }
    if let Value::Object(map) = value {
        let named = &schema["properties"];
        for (name, member) in map {
            let at = format!("{at}.{name}");
            match (named.get(name), &schema["additionalProperties"]) {
                (Some(schema), _) => fits(document, schema, member, &at),
                (None, Value::Bool(true)) => {}
                (None, Value::Object(_)) => fits(document, &schema["additionalProperties"], member, &at),
                (None, _) => panic!("{at} is not documented"),
            }
        }
        for name in schema["required"].as_array().into_iter().flatten() {
            assert!(map.contains_key(name.as_str().unwrap()), "{at} lacks {name}");
        }
    }
}

#[test]
fn each_rule_of_the_audit_is_documented_in_its_own_words() {
    let document = document();
    let documented = document["components"]["schemas"]["Audit"]["properties"].as_object().unwrap();
    let rules: BTreeSet<(&str, &str)> = Rule::ALL.iter().map(|r| (r.key(), r.meaning())).collect();
    let said = documented.iter().filter(|(name, _)| name.ends_with("_violations"));
    let said = said.map(|(name, schema)| (name.as_str(), schema["description"].as_str().unwrap()));
    assert_eq!(said.collect::<BTreeSet<_>>(), rules);
}

#[test]
fn what_the_api_answers_is_what_the_document_says() {
    let calm = Calm::default();
    let document = document();
    let check = |path: &str, documented: &str| {
        let (status, value) = calm.ask("GET", path, &Value::Null);
        assert_eq!(status, 200, "{path}");
        let response = &document["paths"][documented]["get"]["responses"]["200"];
        fits(&document, &resolve(&document, response)["content"]["application/json"]["schema"], &value, path);
    };
    let mut leads = vec![accepted(&calm, "ada@firm.example"), offered(&calm, "bob@firm.example")];
    let mut more = wants_demo("cat@firm.example");
    for (name, value) in
        [("phone", "+49 30 901820"), ("title", "Head of Sales"), ("newsletter", "on"), ("fax", "")]
    {
        more[name] = value.into();
    }
    more["utm_source"] = "letter".into();
    let submission = calm.submitted("demo", &more);
    calm.run_queues();
    leads.push(calm.lead_of(&submission));
    more["first_name"] = "Other".into();
    more["phone"] = "+44 20 7946 0958".into();
    calm.submitted("demo", &more);
    more["fax"] = "1".into();
    more["email"] = "eve@firm.example".into();
    leads.push(calm.lead_of(&calm.submitted("demo", &more)));
    for rep in ["ann", "bob", "cat", "dot"] {
        calm.ask("PATCH", &format!("/reps/{rep}"), &serde_json::json!({ "away": true }));
    }
    let parked = calm.submitted("demo", &wants_demo("dan@firm.example"));
    calm.run_queues();
    leads.push(calm.lead_of(&parked));
    let paused = serde_json::json!({ "reason": "holiday", "until": (calm.now() + super::scene::secs(60)).to_string() });
    leads.push(super::scene::answer(&calm, &leads[0], "pause", &paused));
    for lead in &leads {
        check(&format!("/leads/{}", id(lead)), "/leads/{lead_id}");
        check(&format!("/leads/{}/timeline", id(lead)), "/leads/{lead_id}/timeline");
        check(&format!("/leads/{}/deadlines", id(lead)), "/leads/{lead_id}/deadlines");
    }
    check("/leads?limit=2", "/leads");
    check(&format!("/submissions/{submission}"), "/submissions/{submission_id}");
    check("/reps/ann", "/reps/{rep_id}");
    check("/pools/first", "/pools/{pool_id}");
    check("/playbook/versions", "/playbook/versions");
    check("/audit", "/audit");
    let refused = calm.submit("strict", &serde_json::json!({}));
    fits(&document, &document["components"]["schemas"]["Problem"], &json(&refused), "problem");
}
