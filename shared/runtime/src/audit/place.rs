//! Where an audit goes on: a text that callers hand back as it is.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use leadline_store::due::SHARDS;
use leadline_store::{AttributeValue, Cursor, Index, PK, SK};
use serde::{Deserialize, Serialize};

/// The parts of an audit, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Part {
    /// Reps and pools.
    People,
    /// What should have happened by now, by the due index.
    Due,
    /// Leads, by the index of changes.
    Leads,
}

/// A place in an audit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    pub(super) part: Part,
    pub(super) shard: u8,
    pub(super) key: Option<BTreeMap<String, String>>,
    /// Only leads that changed in or after the hour of this instant; all leads when there is none.
    pub(super) since: Option<Timestamp>,
}

impl Place {
    /// The beginning of a whole audit: reps and pools, what is due, then every lead, or with `since` every lead that has
    /// changed in or after the hour of that instant or is overdue.
    pub fn beginning(since: Option<Timestamp>) -> Self {
        Self { part: Part::People, shard: 0, key: None, since }
    }

    /// The beginning of a pass over leads and nothing else: those that have changed in or after the hour of `since`, or all.
    pub fn leads(since: Option<Timestamp>) -> Self {
        Self { part: Part::Leads, shard: 0, key: None, since }
    }

    /// The place as a text.
    pub fn to_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    /// Reads the text; `None` when it is not one of ours.
    pub fn parse(text: &str) -> Option<Place> {
        let place: Place = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let fits = |key: &BTreeMap<String, String>| {
            let index = place.index().map(Index::attributes);
            index.is_some_and(|(partition, sort)| {
                key.len() == 4 && [PK, SK, partition, sort].iter().all(|name| key.contains_key(*name))
            })
        };
        (place.shard < SHARDS && place.key.as_ref().is_none_or(fits)).then_some(place)
    }

    /// The index that this part walks along.
    fn index(&self) -> Option<Index> {
        match self.part {
            Part::People => None,
            Part::Due => Some(Index::Due),
            Part::Leads => Some(Index::Updated),
        }
    }

    /// Where the next page begins.
    pub(super) fn start(&self) -> Option<Cursor> {
        let text = |(name, value): (&String, &String)| (name.clone(), AttributeValue::S(value.clone()));
        self.key.as_ref().map(|key| Cursor(key.iter().map(text).collect()))
    }

    /// The place behind a page; `None` behind the last.
    pub(super) fn after(&self, page: Option<Cursor>) -> Option<Place> {
        let next = |part, shard, key| Some(Place { part, shard, key, since: self.since });
        match (page, self.part) {
            (Some(Cursor(key)), _) => {
                let text = |(name, value)| match value {
                    AttributeValue::S(text) => Some((name, text)),
                    _ => None,
                };
                next(self.part, self.shard, Some(key.into_iter().filter_map(text).collect()))
            }
            (None, Part::People) => next(Part::Due, 0, None),
            (None, part) if self.shard + 1 < SHARDS => next(part, self.shard + 1, None),
            (None, Part::Due) => next(Part::Leads, 0, None),
            (None, Part::Leads) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor(names: [&str; 4]) -> Cursor {
        Cursor(names.iter().map(|n| ((*n).to_owned(), AttributeValue::S(format!("{n}-1")))).collect())
    }

    #[test]
    fn a_whole_audit_visits_people_then_every_shard_of_both_indexes() {
        let since = Some("2026-11-22T12:00:00Z".parse().unwrap());
        let mut place = Some(Place::beginning(since));
        let mut seen = Vec::new();
        while let Some(at) = place {
            assert_eq!(at.since, since);
            assert_eq!(Place::parse(&at.to_text()), Some(at.clone()));
            seen.push((at.part, at.shard));
            place = at.after(None);
        }
        let shards = |part| (0..SHARDS).map(move |shard| (part, shard));
        let all: Vec<_> =
            [(Part::People, 0)].into_iter().chain(shards(Part::Due)).chain(shards(Part::Leads)).collect();
        assert_eq!(seen, all);
    }

    #[test]
    fn a_place_within_a_shard_survives_its_text_and_foreign_texts_are_refused() {
        let leads = Place::leads(None);
        let within = leads.after(Some(cursor(["pk", "sk", "upd_shard", "upd_key"]))).unwrap();
        let read = Place::parse(&within.to_text()).unwrap();
        assert_eq!((&read, read.start()), (&within, Some(cursor(["pk", "sk", "upd_shard", "upd_key"]))));
        for foreign in [
            Place { shard: SHARDS, ..leads.clone() },
            Place { part: Part::Due, ..within.clone() },
            Place { part: Part::People, ..within.clone() },
            leads.after(Some(cursor(["pk", "sk", "upd_shard", "secret"]))).unwrap(),
        ] {
            assert_eq!(Place::parse(&foreign.to_text()), None);
        }
        for text in ["", "x", "e30", &URL_SAFE_NO_PAD.encode("{\"shard\":0}")] {
            assert_eq!(Place::parse(text), None, "{text}");
        }
    }
}
