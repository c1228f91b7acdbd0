//! Queries: ranges, cursors and pages.

use std::ops::Bound;

use super::index::Place;
use super::meter::read_halves;
use super::refusal::Refusal;
use super::state::State;
use crate::table::{
    AttributeValue, Consistency, Cursor, Index, Item, Key, PK, Page, Query, Range, SK, Source, TableError,
};

/// What one page may read.
const PAGE_BYTES: usize = 1024 * 1024;
const PARTITION_KEY_BYTES: usize = 2048;

impl State {
    /// Reads a page, an index as it stood `lag` milliseconds ago.
    pub(super) fn query(&mut self, query: &Query, lag: i64) -> Result<Page, TableError> {
        check(query)?;
        let (page, bytes) = match query.source {
            Source::Table(_) => self.table_page(query)?,
            Source::Index(index) => self.index_page(index, query, self.now - lag)?,
        };
        self.calls.query += 1;
        self.units.read_halves += read_halves(bytes, query.source == Source::Table(Consistency::Strong));
        Ok(page)
    }

    fn table_page(&self, query: &Query) -> Result<(Page, usize), Refusal> {
        let bound = match &query.start {
            None => Bound::Included(Key::new(query.partition.as_str(), lowest(&query.range))),
            Some(cursor) => {
                let key = Key::of(&cursor.0).filter(|_| cursor.0.len() == 2).ok_or(Refusal::Cursor)?;
                belongs(query, &key.pk, &key.sk)?;
                Bound::Excluded(key)
            }
        };
        let rows = self
            .items
            .range((bound, Bound::Unbounded))
            .take_while(|(key, _)| key.pk == query.partition && within_top(&query.range, &key.sk));
        let (rows, full, bytes) = cut(rows, query.limit, |(_, stored)| stored.size);
        let next = rows.last().filter(|_| full).map(|(key, _)| cursor_of(key));
        Ok((Page { items: rows.into_iter().map(|(_, stored)| stored.item.clone()).collect(), next }, bytes))
    }

    fn index_page(&self, index: Index, query: &Query, instant: i64) -> Result<(Page, usize), Refusal> {
        let bound = match &query.start {
            None => Bound::Included(Place {
                partition: query.partition.clone(),
                sort: lowest(&query.range).to_owned(),
                key: Key::new("", ""),
            }),
            Some(cursor) => {
                let place = Key::of(&cursor.0)
                    .filter(|_| cursor.0.len() == 4)
                    .and_then(|key| Place::of(index, &key, &cursor.0))
                    .ok_or(Refusal::Cursor)?;
                belongs(query, &place.partition, &place.sort)?;
                Bound::Excluded(place)
            }
        };
        let rows = self
            .keeper(index)
            .from(bound, instant)
            .take_while(|place| place.partition == query.partition && within_top(&query.range, &place.sort));
        let (rows, full, bytes) = cut(rows, query.limit, |place| place.size(index));
        let items: Vec<Item> = rows.iter().map(|place| place.item(index)).collect();
        let next = items.last().filter(|_| full).cloned().map(Cursor);
        Ok((Page { items, next }, bytes))
    }
}

fn check(query: &Query) -> Result<(), Refusal> {
    let empty = match &query.range {
        Range::All => false,
        Range::Prefix(bound) | Range::UpTo(bound) | Range::From(bound) => bound.is_empty(),
        Range::Between(lower, upper) if lower > upper => return Err(Refusal::BoundsReversed),
        Range::Between(lower, _) => lower.is_empty(),
    };
    if empty {
        return Err(Refusal::EmptyBound);
    }
    if query.partition.is_empty() {
        return Err(Refusal::EmptyKey);
    }
    if query.partition.len() > PARTITION_KEY_BYTES {
        return Err(Refusal::KeyTooLong);
    }
    if query.limit == 0 { Err(Refusal::Limit) } else { Ok(()) }
}

/// A cursor must lie where the query could have ended a page.
fn belongs(query: &Query, partition: &str, sort: &str) -> Result<(), Refusal> {
    if partition == query.partition && sort >= lowest(&query.range) && within_top(&query.range, sort) {
        Ok(())
    } else {
        Err(Refusal::Cursor)
    }
}

/// The lowest sort key of the range.
fn lowest(range: &Range) -> &str {
    match range {
        Range::All | Range::UpTo(_) => "",
        Range::Prefix(lower) | Range::From(lower) | Range::Between(lower, _) => lower,
    }
}

/// Whether a sort key at or above [`lowest`] still belongs to the range.
fn within_top(range: &Range, sort: &str) -> bool {
    match range {
        Range::All | Range::From(_) => true,
        Range::Prefix(prefix) => sort.starts_with(prefix.as_str()),
        Range::UpTo(upper) | Range::Between(_, upper) => sort <= upper.as_str(),
    }
}

/// Takes rows up to the limit and stops before the one that passes 1 MB. The second result tells whether the page
/// ended for either reason: as DynamoDB does not look ahead, a page that is just full has a next one, if empty.
fn cut<R>(rows: impl Iterator<Item = R>, limit: u32, size: impl Fn(&R) -> usize) -> (Vec<R>, bool, usize) {
    let mut taken = Vec::new();
    let mut bytes = 0;
    for row in rows {
        let row_bytes = size(&row);
        if !taken.is_empty() && bytes + row_bytes > PAGE_BYTES {
            return (taken, true, bytes);
        }
        bytes += row_bytes;
        taken.push(row);
        if taken.len() >= limit as usize || bytes >= PAGE_BYTES {
            return (taken, true, bytes);
        }
    }
    (taken, false, bytes)
}

fn cursor_of(key: &Key) -> Cursor {
    Cursor(Item::from([
        (PK.to_owned(), AttributeValue::S(key.pk.clone())),
        (SK.to_owned(), AttributeValue::S(key.sk.clone())),
    ]))
}
