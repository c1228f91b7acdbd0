//! Where the next page of a list begins. Opaque to callers, and signed: the table takes a place apart from its list as
//! a mistake of ours, and nobody is to name places of their own.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use leadline_core::seal::{Purpose, Seal, same_secret};
use serde::{Deserialize, Serialize};

/// A place in a list that is read shard by shard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The shard to go on with.
    pub shard: u8,
    /// The key that an earlier page ended with; none at the beginning of the shard.
    pub key: Option<BTreeMap<String, String>>,
}

impl Place {
    /// The very beginning.
    pub const FIRST: Place = Place { shard: 0, key: None };

    /// The cursor that stands for this place in the list that `list` describes.
    pub fn write(&self, seal: &Seal, list: &str) -> String {
        let json = serde_json::to_vec(self).expect("texts and a small number are always JSON");
        let place = URL_SAFE_NO_PAD.encode(json);
        let signature = URL_SAFE_NO_PAD.encode(signature(seal, list, &place));
        format!("{place}.{signature}")
    }

    /// Reads a cursor that [`Place::write`] has made for the same list; `None` for anything else.
    pub fn read(seal: &Seal, list: &str, cursor: &str) -> Option<Place> {
        let (place, given) = cursor.split_once('.')?;
        let given = URL_SAFE_NO_PAD.decode(given).ok()?;
        if !same_secret(&given, &signature(seal, list, place)) {
            return None;
        }
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(place).ok()?).ok()
    }
}

fn signature(seal: &Seal, list: &str, place: &str) -> [u8; 16] {
    seal.digest16(Purpose::Cursor, &[list.as_bytes(), place.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_good_for_its_list_only_and_only_as_it_was_given_out() {
        let seal = Seal::new(&[7; 32]).unwrap();
        let key = BTreeMap::from([("pk".to_owned(), "LEAD#ld_1".to_owned())]);
        for place in [Place::FIRST, Place { shard: 3, key: Some(key) }] {
            let cursor = place.write(&seal, "owner=ann");
            assert_eq!(Place::read(&seal, "owner=ann", &cursor), Some(place.clone()));
            assert_eq!(Place::read(&seal, "owner=bob", &cursor), None);
            assert_eq!(Place::read(&Seal::new(&[8; 32]).unwrap(), "owner=ann", &cursor), None);
            let unsigned = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&place).unwrap());
            for other in
                [unsigned.clone(), format!("{unsigned}."), format!("{cursor}A"), format!("e30.{cursor}")]
            {
                assert_eq!(Place::read(&seal, "owner=ann", &other), None, "{other}");
            }
        }
    }
}
