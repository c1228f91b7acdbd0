//! What has to hold for any input whatever, as functions over bytes that panic where it does not.
//!
//! The fuzzer under `tests/fuzz` searches for inputs that break them; the corpora there, with everything it ever found,
//! are replayed by an ordinary test.

mod bodies;
mod contact;
mod cursors;
mod edits;
mod playbooks;
mod submissions;
mod targets;
mod tokens;
mod wake_ups;

/// Takes any bytes; panics when they break what has to hold.
pub type Property = fn(&[u8]);

/// Every property under the name of its fuzz target and its corpus.
pub const ALL: [(&str, Property); 11] = [
    ("json_body", bodies::json),
    ("urlencoded_body", bodies::urlencoded),
    ("multipart_body", bodies::multipart),
    ("submission", submissions::submission),
    ("email", contact::email),
    ("phone", contact::phone),
    ("playbook", playbooks::playbook),
    ("signed_token", tokens::token),
    ("cursor", cursors::cursor),
    ("wake_up", wake_ups::wake_up),
    ("url_guard", targets::target),
];

/// Runs the property of this name.
///
/// # Panics
///
/// When the input breaks it, or there is none of this name.
pub fn check(name: &str, input: &[u8]) {
    let (_, property) = ALL.iter().find(|(n, _)| *n == name).expect("a property of this name");
    property(input);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_input_of_the_corpora_holds() {
        let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
        for (name, property) in ALL {
            let mut inputs: Vec<_> =
                fs::read_dir(corpora.join(name)).unwrap().map(|entry| entry.unwrap().path()).collect();
            inputs.sort();
            assert!(inputs.len() >= 3, "{name} has hardly a corpus");
            for input in inputs {
                println!("{}", input.display());
                property(&fs::read(&input).unwrap());
            }
        }
    }

    #[test]
    fn every_property_has_a_fuzz_target_and_every_target_a_property() {
        let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
        let names = |folder: &str| -> BTreeSet<String> {
            let entries = fs::read_dir(fuzz.join(folder)).unwrap();
            let stem = |path: &Path| path.file_stem().unwrap().to_string_lossy().into_owned();
            entries.map(|entry| stem(&entry.unwrap().path())).collect()
        };
        let properties: BTreeSet<String> = ALL.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(names("targets"), properties);
        assert_eq!(names("corpus"), properties);
        let manifest = fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
        for name in properties {
            assert!(manifest.contains(&format!("path = \"targets/{name}.rs\"")), "{name}");
        }
    }
}
