//! Every function is given the variables that it reads, and no others.
//!
//! What it reads is followed through the code: from its own sources into what `shared/runtime` reads for it, call by call.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_yaml_ng::Value;

use crate::{TEMPLATE, functions, refers, variables};

/// Where `shared/runtime` reads variables. No other file of it may.
const READERS: [&str; 3] = ["aws.rs", "config.rs", "telemetry.rs"];

/// Those that Lambda sets, and the one that points to an emulator.
const OF_LAMBDA: [&str; 5] =
    ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_ENDPOINT_URL"];

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

/// The variables whose names follow a call which reads one, or an arrow, as in the choice of a queue's.
fn named(text: &str) -> BTreeSet<String> {
    let is_variable =
        |name: &&str| name.contains('_') && name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
    ["required(\"", "optional(\"", "read(\"", "=> \""]
        .into_iter()
        .flat_map(|before| text.split(before).skip(1).filter_map(|rest| rest.split('"').next()))
        .filter(is_variable)
        .map(str::to_owned)
        .collect()
}

/// A function of `shared/runtime`, and how it is called.
struct Reader {
    /// `AwsPorts::connect(`, `.master_secret(`, `reach(`.
    call: String,
    body: String,
}

impl Reader {
    fn is_called_in(&self, text: &str) -> bool {
        let whole = |(at, _): (usize, &str)| {
            let before = text[..at].chars().next_back().unwrap_or(' ');
            self.call.starts_with('.') || !(before.is_alphanumeric() || before == '_' || before == '.')
        };
        text.match_indices(&self.call).any(whole)
    }
}

/// The functions of a file as rustfmt lays them out: each ends at the brace under its first letter.
fn readers(text: &str) -> Vec<Reader> {
    let mut found = Vec::new();
    let mut of = None;
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(rest) = line.strip_prefix("impl ") {
            of = rest.split([' ', '<']).next().map(str::to_owned);
        } else if line == "}" {
            of = None;
        }
        let code = line.trim_start();
        let Some((_, after)) = code.split_once("fn ").filter(|(before, _)| !before.contains(['/', '(', '"']))
        else {
            continue;
        };
        let Some((name, arguments)) = after.split_once('(') else { continue };
        let call = match &of {
            Some(_) if arguments.starts_with("&self") => format!(".{name}("),
            Some(kind) => format!("{kind}::{name}("),
            None => format!("{name}("),
        };
        let end = format!("{}}}", &line[..line.len() - code.len()]);
        let body = if line.ends_with('}') {
            Vec::new()
        } else {
            lines.by_ref().take_while(|l| **l != end).collect()
        };
        found.push(Reader { call, body: body.join("\n") });
    }
    found
}

/// What is read when this text runs.
fn read_by(text: &str, readers: &[Reader]) -> BTreeSet<String> {
    let mut read = named(text);
    let mut reached = BTreeSet::new();
    let mut ahead = vec![text];
    while let Some(text) = ahead.pop() {
        for reader in readers.iter().filter(|reader| reader.is_called_in(text)) {
            if reached.insert(&reader.call) {
                read.extend(named(&reader.body));
                ahead.push(&reader.body);
            }
        }
    }
    read
}

/// Queues are held to what the function sends and to its role, by other tests: no source says who sends what.
fn is_queue(name: &str) -> bool {
    name.starts_with("QUEUE_")
}

#[test]
fn each_function_has_the_variables_that_it_reads_and_no_others() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let runtime = root.join("shared/runtime/src");
    let text = |file: &PathBuf| std::fs::read_to_string(file).unwrap();
    let all: Vec<Reader> = READERS.iter().flat_map(|file| readers(&text(&runtime.join(file)))).collect();
    let template: Value = serde_yaml_ng::from_str(TEMPLATE).unwrap();
    let for_all = variables(&template["Globals"]["Function"]);
    let mut sets = BTreeMap::new();
    for (name, function) in functions() {
        let code = function["CodeUri"].as_str().unwrap();
        let folder = code.strip_prefix("../target/lambda/").unwrap().trim_end_matches('/');
        let sources: String =
            rust_files(&root.join("functions").join(folder).join("src")).iter().map(text).collect();
        let mut read = read_by(&sources, &all);
        for lambda in OF_LAMBDA {
            assert!(read.remove(lambda), "{name} begins in a way that is not known here: {lambda}");
        }
        read.retain(|variable| !is_queue(variable));
        let own = variables(&function).into_keys().filter(|variable| !is_queue(variable));
        let set: BTreeSet<String> = for_all.keys().cloned().chain(own).collect();
        assert_eq!(set, read, "{name}");
        sets.insert(name, set);
    }
    let kinds: BTreeSet<_> = sets.into_values().collect();
    assert!(kinds.len() >= 6, "they differ, or this test looks at nothing: {kinds:?}");
}

#[test]
fn a_queue_stands_under_its_own_name() {
    let runtime = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/runtime/src");
    let known = named(&std::fs::read_to_string(runtime.join("config.rs")).unwrap());
    for (name, function) in functions() {
        for (variable, queue) in variables(&function).into_iter().filter(|(variable, _)| is_queue(variable)) {
            assert!(known.contains(&variable), "{name}: nobody reads {variable}");
            let named = format!("QUEUE_{}", refers(&queue).unwrap().trim_end_matches("Queue").to_uppercase());
            assert_eq!(named, variable, "{name}");
        }
    }
}

#[test]
fn nothing_else_in_the_runtime_reads_a_variable() {
    let runtime = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/runtime/src");
    // The one with fail points is for chaos only, and never deployed.
    let known: Vec<PathBuf> =
        READERS.iter().chain(&["fail_point.rs"]).map(|file| runtime.join(file)).collect();
    for file in rust_files(&runtime).into_iter().filter(|file| !known.contains(file)) {
        assert_eq!(named(&std::fs::read_to_string(&file).unwrap()), BTreeSet::new(), "{file:?}");
    }
}
