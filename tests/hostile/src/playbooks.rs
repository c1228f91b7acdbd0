//! Playbooks in YAML and JSON.

use leadline_core::playbook::{Playbook, Reach};

/// A playbook that is written again means the same; of any other text every mistake has its place.
pub(crate) fn playbook(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Playbook::read(text) {
        Ok(playbook) => {
            let again = serde_json::to_string(playbook.doc()).expect("a document can be written");
            // A text for each of the tree's points, and each byte of a text escaped.
            assert!(again.len() <= 32 * 1024 * 1024, "{} bytes have become {}", text.len(), again.len());
            match Playbook::read(&again) {
                Ok(read) => assert_eq!(read.doc(), playbook.doc()),
                Err(mistakes) => panic!("{mistakes:?}"),
            }
            let _ = playbook.out_of_reach(&Reach::default());
            for pool in playbook.doc().pools.keys() {
                assert!(playbook.overflow_chain(pool).len() <= playbook.doc().pools.len());
            }
        }
        Err(mistakes) => {
            assert!(!mistakes.is_empty());
            assert!(mistakes.iter().all(|m| !m.detail.is_empty()));
        }
    }
}
