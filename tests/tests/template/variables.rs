//! Every variable that the code reads is set, and the reverse; for all functions together and for each.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_yaml_ng::Value;

use crate::{TEMPLATE, functions, variables};

/// Every variable that is read anywhere is set for some function, and the reverse.
#[test]
fn every_variable_that_is_set_is_read_and_the_reverse() {
    let template: Value = serde_yaml_ng::from_str(TEMPLATE).unwrap();
    let mut set: BTreeSet<String> = functions().iter().flat_map(|(_, f)| variables(f).into_keys()).collect();
    let for_all = template["Globals"]["Function"]["Environment"]["Variables"].as_mapping().unwrap();
    set.extend(for_all.keys().map(|name| name.as_str().unwrap().to_owned()));

    let mut read = BTreeSet::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for folder in ["shared/runtime/src", "functions"] {
        for file in rust_files(&root.join(folder)) {
            if file.file_name().unwrap() == "fail_point.rs" {
                continue;
            }
            let text = std::fs::read_to_string(&file).unwrap();
            read.extend(literals(&text).filter(|l| is_variable(l)).map(str::to_owned));
        }
    }
    // Those that Lambda sets, and the one that points to an emulator.
    for name in
        ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_ENDPOINT_URL"]
    {
        assert!(read.remove(name), "{name}");
    }
    assert_eq!(set, read);
}

pub(super) fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found
}

/// What stands between the quotes that follow a call which reads a variable, or an arrow to its name.
fn literals(text: &str) -> impl Iterator<Item = &str> {
    ["required(\"", "optional(\"", "read(\"", "=> \""]
        .into_iter()
        .flat_map(move |before| text.split(before).skip(1).filter_map(|rest| rest.split('"').next()))
}

fn is_variable(text: &str) -> bool {
    text.contains('_') && text.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')
}

/// What a function reads by each of the calls with which it begins, in `shared/runtime`.
const READ_BY: [(&str, &[&str]); 5] = [
    ("AwsPorts::connect(", &[]),
    ("AwsOutbound::connect(", &["SECRET_PREFIX", "ALLOW_LOCAL_TARGETS"]),
    ("AwsCourier::connect(", &["SECRET_PREFIX", "ALLOW_LOCAL_TARGETS", "BUS_NAME"]),
    ("config::reach(", &["SECRET_PREFIX", "ALLOW_LOCAL_TARGETS"]),
    (".master_secret(", &["MASTER_SECRET"]),
];

/// Queues are left out: their variables are held to what the role may send to.
#[test]
fn each_function_has_the_variables_that_it_reads_and_no_others() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../functions");
    let mut by_name = BTreeMap::new();
    for (name, function) in functions() {
        let code = function["CodeUri"].as_str().unwrap();
        let folder = code.strip_prefix("../target/lambda/").unwrap().trim_end_matches('/');
        let text: String = rust_files(&root.join(folder).join("src"))
            .iter()
            .map(|file| std::fs::read_to_string(file).unwrap())
            .collect();
        let own = literals(&text).filter(|l| is_variable(l)).map(str::to_owned);
        let begun: Vec<_> = READ_BY.iter().filter(|(call, _)| text.contains(call)).collect();
        assert!(!begun.is_empty(), "{name} begins in a way that is not known here");
        let through = begun.iter().flat_map(|(_, read)| read.iter().map(|v| (*v).to_owned()));
        let read: BTreeSet<String> = own.chain(through).collect();
        let set = variables(&function).into_keys().filter(|v| !v.starts_with("QUEUE_"));
        assert_eq!(set.collect::<BTreeSet<_>>(), read, "{name}");
        by_name.insert(name, read);
    }
    let listed: BTreeSet<&str> = READ_BY.iter().flat_map(|(_, read)| read.iter().copied()).collect();
    let met: BTreeSet<&str> = by_name.values().flatten().map(String::as_str).collect();
    assert!(listed.is_subset(&met), "{listed:?} are read by nobody");
}
