//! Places in lists.

use std::collections::BTreeMap;

use leadline_core::seal::Seal;
use leadline_edge::cursor::Place;

use crate::edits::edited;

/// Only what was signed is a place, and only for its list.
pub(crate) fn cursor(data: &[u8]) {
    let seal = Seal::new(&[7; 32]).expect("long enough");
    let text = String::from_utf8_lossy(data);
    // A secret with which nothing is signed here, so that the fuzzer cannot send back what it saw.
    let unseen = Seal::new(&[8; 32]).expect("long enough");
    assert_eq!(Place::read(&unseen, "", &text), None);
    assert_eq!(Place::read(&unseen, &text, &text), None);
    let shard = data.first().copied().unwrap_or_default();
    let key = text.split_once(':').map(|(name, value)| BTreeMap::from([(name.to_owned(), value.to_owned())]));
    let place = Place { shard, key };
    let cursor = place.write(&seal, &text);
    assert_eq!(Place::read(&seal, &text, &cursor), Some(place));
    assert!(cursor.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)), "fit for a query");
    let other_list = edited(&text, data);
    if other_list != text {
        assert_eq!(Place::read(&seal, &other_list, &cursor), None);
    }
    let other = edited(&cursor, data);
    if other != cursor {
        assert_eq!(Place::read(&seal, &text, &other), None);
    }
}
