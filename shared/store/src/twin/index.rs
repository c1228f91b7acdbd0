//! One sparse, keys-only index: who is in it now, and who was in it a moment ago.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;

use super::limits::key_size;
use super::meter::write_units;
use crate::table::{AttributeValue, Index, Item, Key, PK, SK};

/// An entry: the index's own keys, then the table's, which also is the order of the index.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) partition: String,
    pub(super) sort: String,
    pub(super) key: Key,
}

impl Place {
    /// Where an item stands in the index; `None` when it lacks one of the index's attributes.
    pub(super) fn of(index: Index, key: &Key, item: &Item) -> Option<Self> {
        let (partition, sort) = index.attributes();
        match (item.get(partition), item.get(sort)) {
            (Some(AttributeValue::S(partition)), Some(AttributeValue::S(sort))) => {
                Some(Self { partition: partition.clone(), sort: sort.clone(), key: key.clone() })
            }
            _ => None,
        }
    }

    /// What the index projects.
    pub(super) fn item(&self, index: Index) -> Item {
        let (partition, sort) = index.attributes();
        Item::from([
            (partition.to_owned(), AttributeValue::S(self.partition.clone())),
            (sort.to_owned(), AttributeValue::S(self.sort.clone())),
            (PK.to_owned(), AttributeValue::S(self.key.pk.clone())),
            (SK.to_owned(), AttributeValue::S(self.key.sk.clone())),
        ])
    }

    /// Bytes of the projected entry.
    pub(super) fn size(&self, index: Index) -> usize {
        let (partition, sort) = index.attributes();
        partition.len() + sort.len() + self.partition.len() + self.sort.len() + key_size(&self.key)
    }
}

/// When an entry was in the index, in milliseconds: from the first instant up to, not including, the second.
#[derive(Clone, Copy)]
struct Span {
    from: i64,
    until: i64,
}

const STILL: i64 = i64::MAX;

/// The index with as much of its past as the longest lag can see.
#[derive(Default)]
pub(super) struct Keeper {
    places: BTreeMap<Place, Vec<Span>>,
    gone: VecDeque<(i64, Place)>,
}

impl Keeper {
    /// Takes an item's move from one place to another; gives the write units it costs.
    pub(super) fn change(
        &mut self,
        index: Index,
        before: Option<Place>,
        after: Option<Place>,
        now: i64,
    ) -> u64 {
        if before == after {
            return 0;
        }
        let mut units = 0;
        if let Some(place) = before {
            units += write_units(place.size(index));
            if let Some(span) = self.places.get_mut(&place).and_then(|spans| spans.last_mut()) {
                span.until = now;
            }
            self.gone.push_back((now, place));
        }
        if let Some(place) = after {
            units += write_units(place.size(index));
            self.places.entry(place).or_default().push(Span { from: now, until: STILL });
        }
        units
    }

    /// Forgets what nobody can see who looks at the instant or later.
    pub(super) fn forget(&mut self, instant: i64) {
        while self.gone.front().is_some_and(|(left, _)| *left <= instant) {
            if let Some((_, place)) = self.gone.pop_front()
                && let Some(spans) = self.places.get_mut(&place)
            {
                spans.retain(|span| span.until > instant);
                if spans.is_empty() {
                    self.places.remove(&place);
                }
            }
        }
    }

    /// The entries from a bound on, in order, as they stood at an instant.
    pub(super) fn from(&self, bound: Bound<Place>, instant: i64) -> impl Iterator<Item = &Place> {
        self.places
            .range((bound, Bound::Unbounded))
            .filter(move |(_, spans)| spans.iter().any(|span| span.from <= instant && instant < span.until))
            .map(|(place, _)| place)
    }
}
