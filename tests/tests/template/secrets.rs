//! Secrets are in Secrets Manager: the template makes none, and a function is told where its secret is, not what it is.

use std::collections::BTreeSet;
use std::path::Path;

use serde_yaml_ng::Value;

use super::variables::rust_files;
use crate::{TEMPLATE, list, variables};

/// The variables that hold words of the template. Whoever adds one has looked at them.
const SPELLED_OUT: [&str; 2] = ["PUBLIC_URL", "SECRET_PREFIX"];

/// What a variable's value is made of.
#[derive(PartialEq)]
enum Part {
    /// Name, address or ARN of what is called so here, or the value of a parameter.
    Refers(String),
    /// Anything else: words of the template, or what a resource gives away.
    Spelled,
}

fn parts(value: &Value) -> Vec<Part> {
    let Value::Tagged(tagged) = value else { return vec![Part::Spelled] };
    let text = tagged.value.as_str();
    match (tagged.tag.to_string().as_str(), text) {
        ("!If", None) => list(&tagged.value).iter().skip(1).flat_map(parts).collect(),
        ("!Ref", Some(name)) => vec![Part::Refers(name.to_owned())],
        ("!GetAtt", Some(name)) if name.ends_with(".Arn") => {
            vec![Part::Refers(name.trim_end_matches(".Arn").to_owned())]
        }
        _ => vec![Part::Spelled],
    }
}

fn sounds_secret(name: &str) -> bool {
    let name = name.to_uppercase();
    ["SECRET", "PASSWORD", "TOKEN", "CREDENTIAL", "PRIVATE"].iter().any(|word| name.contains(word))
        || name.ends_with("KEY")
        || name.ends_with("KEYS")
}

/// Whether something stands for a value that CloudFormation would fetch and write into the stack.
fn is_resolved(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains("{{resolve:"),
        Value::Sequence(values) => values.iter().any(is_resolved),
        Value::Mapping(fields) => fields.values().any(is_resolved),
        Value::Tagged(tagged) => is_resolved(&tagged.value),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Where a template holds a secret, or would hand one to a function.
fn leaks(template: &Value) -> BTreeSet<String> {
    let named = |section: &str| {
        let section = template[section].as_mapping().unwrap().iter();
        section.map(|(name, value)| (name.as_str().unwrap().to_owned(), value.clone())).collect::<Vec<_>>()
    };
    let mut found = BTreeSet::new();
    for (name, parameter) in named("Parameters") {
        let fetched = parameter["Type"].as_str().unwrap().starts_with("AWS::SSM::");
        if !parameter["NoEcho"].is_null() || fetched || sounds_secret(&name) {
            found.insert(format!("parameter {name}"));
        }
    }
    let resources = named("Resources");
    let keeps_secrets = |part: &Part| {
        resources.iter().any(|(name, resource)| {
            *part == Part::Refers(name.clone()) && resource["Type"] == "AWS::SecretsManager::Secret"
        })
    };
    let environments = resources.iter().map(|(_, resource)| &resource["Properties"]);
    for (name, value) in environments.chain([&template["Globals"]["Function"]]).flat_map(variables) {
        let parts = parts(&value);
        let spelled = parts.contains(&Part::Spelled);
        let secret = sounds_secret(&name) && !parts.iter().all(keeps_secrets);
        if (spelled || secret) && !SPELLED_OUT.contains(&name.as_str()) {
            found.insert(format!("variable {name}"));
        }
    }
    for (name, resource) in &resources {
        // A secret may be generated. CloudFormation can make no parameter of SSM that is encrypted.
        if !resource["Properties"]["SecretString"].is_null() || resource["Type"] == "AWS::SSM::Parameter" {
            found.insert(format!("resource {name}"));
        }
        if is_resolved(resource) {
            found.insert(format!("resolved in {name}"));
        }
    }
    if is_resolved(&template["Globals"]) || is_resolved(&template["Outputs"]) {
        found.insert("resolved outside of resources".to_owned());
    }
    found
}

#[test]
fn no_parameter_and_no_variable_holds_a_secret() {
    assert_eq!(leaks(&serde_yaml_ng::from_str(TEMPLATE).unwrap()), BTreeSet::new());
}

#[test]
fn a_template_that_holds_one_is_told() {
    let conditions = "\nConditions:\n";
    let parameter = |name: &str, more: &str| format!("\n  {name}:\n    {more}\n{conditions}");
    let bus = "BUS_NAME: !Ref Bus";
    let log = "        RUST_LOG: !Ref LogLevel";
    let master = "MASTER_SECRET: !Ref MasterSecret";
    let resolved = "'{{resolve:secretsmanager:leadline/hook}}'";
    for (place, instead, told) in [
        (conditions, parameter("HookSeed", "{ Type: String, NoEcho: true }"), "parameter HookSeed"),
        (conditions, parameter("CrmApiKey", "{ Type: String }"), "parameter CrmApiKey"),
        (
            conditions,
            parameter("HookSeed", "{ Type: 'AWS::SSM::Parameter::Value<String>' }"),
            "parameter HookSeed",
        ),
        (log, format!("{log}\n        SLACK_TOKEN: !Ref LogLevel"), "variable SLACK_TOKEN"),
        (log, format!("{log}\n        SIGNING_KEY: !Ref Table"), "variable SIGNING_KEY"),
        (log, format!("{log}\n        HOOK: {resolved}"), "resolved outside of resources"),
        (bus, "BUS_NAME: whsec_c2VjcmV0".to_owned(), "variable BUS_NAME"),
        (bus, "BUS_NAME: !Sub 'https://ann:word@${Bus}'".to_owned(), "variable BUS_NAME"),
        (bus, "BUS_NAME: !If [IsAws, !Ref Bus, whsec_c2VjcmV0]".to_owned(), "variable BUS_NAME"),
        (bus, "BUS_NAME: !GetAtt Hook.Value".to_owned(), "variable BUS_NAME"),
        (bus, format!("BUS_NAME: {resolved}"), "resolved in NotifyFunction"),
        (master, "MASTER_SECRET: !Ref Table".to_owned(), "variable MASTER_SECRET"),
        (master, "MASTER_SECRET: 0123456789abcdef".to_owned(), "variable MASTER_SECRET"),
        (
            "      GenerateSecretString:",
            "      SecretString: word\n      X:".to_owned(),
            "resource MasterSecret",
        ),
    ] {
        assert!(TEMPLATE.contains(place), "{place}");
        let template = serde_yaml_ng::from_str(&TEMPLATE.replacen(place, &instead, 1)).unwrap();
        assert!(leaks(&template).contains(told), "{instead}: {:?}", leaks(&template));
    }
}

#[test]
fn nothing_becomes_a_secret_but_what_secrets_manager_said() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut made = BTreeSet::new();
    for folder in
        ["shared/core/src", "shared/edge/src", "shared/store/src", "shared/runtime/src", "functions"]
    {
        for file in rust_files(&root.join(folder)) {
            let path = file.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
            let text = std::fs::read_to_string(&file).unwrap();
            // Tests stand at the end of a file, or in files of their own.
            let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            if path.ends_with("/tests.rs") || path.contains("/tests/") {
                continue;
            }
            let makers = ["Secret::new", "Seal::new"].into_iter().filter(|maker| text.contains(maker));
            made.extend(makers.map(|maker| (path.clone(), maker)));
        }
    }
    let expected =
        [("shared/runtime/src/aws.rs", "Seal::new"), ("shared/runtime/src/aws/secrets.rs", "Secret::new")];
    assert_eq!(made, expected.map(|(path, maker)| (path.to_owned(), maker)).into());
}
