//! The twin's content and what each operation does to it.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::condition::holds;
use super::index::{Keeper, Place};
use super::limits::{Stored, check_condition, check_key};
use super::meter::{Calls, Units, read_halves, write_units};
use super::refusal::Refusal;
use crate::table::{
    AttributeValue, Condition, Consistency, EXPIRES_AT, Index, Item, Key, PK, SK, TableError, Write,
};

const TRANSACTION_WRITES: usize = 100;
const TRANSACTION_BYTES: usize = 4 * 1024 * 1024;
const BATCH_KEYS: usize = 100;

/// Everything behind the twin's lock.
#[derive(Default)]
pub(super) struct State {
    pub(super) items: BTreeMap<Key, Stored>,
    keepers: [Keeper; Index::ALL.len()],
    /// Logical time in milliseconds; never goes back.
    pub(super) now: i64,
    /// How far behind the indexes are now, in milliseconds.
    pub(super) lag: i64,
    /// The longest lag so far: how much of the indexes' past is kept.
    pub(super) longest_lag: i64,
    pub(super) units: Units,
    pub(super) calls: Calls,
}

/// A checked write.
struct Prepared {
    key: Key,
    only_if: Option<Condition>,
    effect: Effect,
}

enum Effect {
    Put(Stored),
    Delete,
    Check,
}

impl Prepared {
    fn admit(write: Write) -> Result<Self, Refusal> {
        let prepared = match write {
            Write::Put { item, only_if } => {
                let (key, stored) = Stored::admit(item)?;
                Self { key, only_if, effect: Effect::Put(stored) }
            }
            Write::Delete { key, only_if } => {
                check_key(&key)?;
                Self { key, only_if, effect: Effect::Delete }
            }
            Write::Check { key, only_if } => {
                check_key(&key)?;
                Self { key, only_if: Some(only_if), effect: Effect::Check }
            }
        };
        prepared.only_if.as_ref().map_or(Ok(()), check_condition)?;
        Ok(prepared)
    }

    fn new_size(&self) -> usize {
        match &self.effect {
            Effect::Put(stored) => stored.size,
            Effect::Delete | Effect::Check => 0,
        }
    }
}

impl State {
    pub(super) fn keeper(&self, index: Index) -> &Keeper {
        &self.keepers[index as usize]
    }

    pub(super) fn get(&mut self, key: &Key, consistency: Consistency) -> Result<Option<Item>, TableError> {
        check_key(key)?;
        self.calls.get += 1;
        let found = self.items.get(key);
        let size = found.map_or(0, |stored| stored.size);
        self.units.read_halves += read_halves(size, consistency == Consistency::Strong);
        Ok(found.map(|stored| stored.item.clone()))
    }

    pub(super) fn get_many(&mut self, keys: &[Key]) -> Result<Vec<Item>, TableError> {
        let distinct: BTreeSet<&Key> = keys.iter().collect();
        distinct.iter().try_for_each(|key| check_key(key))?;
        self.calls.batch_get += distinct.len().div_ceil(BATCH_KEYS) as u64;
        let mut items = Vec::new();
        for key in distinct {
            let found = self.items.get(key);
            self.units.read_halves += read_halves(found.map_or(0, |stored| stored.size), true);
            items.extend(found.map(|stored| stored.item.clone()));
        }
        Ok(items)
    }

    pub(super) fn write(&mut self, write: Write) -> Result<(), TableError> {
        let prepared = Prepared::admit(write)?;
        match prepared.effect {
            Effect::Put(_) => self.calls.put += 1,
            Effect::Delete => self.calls.delete += 1,
            Effect::Check => return Err(Refusal::LoneCheck.into()),
        }
        self.units.write += self.table_units(&prepared);
        self.check(0, &prepared)?;
        self.apply(prepared);
        Ok(())
    }

    pub(super) fn transact(&mut self, writes: Vec<Write>) -> Result<(), TableError> {
        if writes.is_empty() || writes.len() > TRANSACTION_WRITES {
            return Err(Refusal::TransactionLength.into());
        }
        let prepared: Vec<Prepared> = writes.into_iter().map(Prepared::admit).collect::<Result<_, _>>()?;
        let distinct: HashSet<&Key> = prepared.iter().map(|write| &write.key).collect();
        if distinct.len() < prepared.len() {
            return Err(Refusal::ItemTwice.into());
        }
        if prepared.iter().map(Prepared::new_size).sum::<usize>() > TRANSACTION_BYTES {
            return Err(Refusal::TransactionTooLarge.into());
        }
        self.calls.transact += 1;
        // Prepare and commit; a cancelled transaction is taken to cost as much, which errs on the dear side.
        self.units.write += 2 * prepared.iter().map(|write| self.table_units(write)).sum::<u64>();
        prepared.iter().enumerate().try_for_each(|(index, write)| self.check(index, write))?;
        prepared.into_iter().for_each(|write| self.apply(write));
        Ok(())
    }

    pub(super) fn add(
        &mut self,
        key: &Key,
        counter: &'static str,
        by: i64,
        expires_at: i64,
    ) -> Result<i64, TableError> {
        check_key(key)?;
        let indexed = Index::ALL.iter().any(|index| {
            let (partition, sort) = index.attributes();
            counter == partition || counter == sort
        });
        if indexed || [PK, SK, EXPIRES_AT, ""].contains(&counter) {
            return Err(Refusal::NotACounter(counter).into());
        }
        let mut item = match self.items.get(key) {
            Some(stored) => stored.item.clone(),
            None => Item::from([
                (PK.to_owned(), AttributeValue::S(key.pk.clone())),
                (SK.to_owned(), AttributeValue::S(key.sk.clone())),
            ]),
        };
        let current = match item.get(counter) {
            None => 0,
            Some(AttributeValue::N(text)) => text.parse::<i64>().map_err(|_| Refusal::CounterRange)?,
            Some(_) => return Err(Refusal::NotACounter(counter).into()),
        };
        let sum = current.checked_add(by).ok_or(Refusal::CounterRange)?;
        item.insert(counter.to_owned(), AttributeValue::N(sum.to_string()));
        item.insert(EXPIRES_AT.to_owned(), AttributeValue::N(expires_at.to_string()));
        let (key, stored) = Stored::admit(item)?;
        let prepared = Prepared { key, only_if: None, effect: Effect::Put(stored) };
        self.calls.add += 1;
        self.units.write += self.table_units(&prepared);
        self.apply(prepared);
        Ok(sum)
    }

    /// Units of the table alone: the larger of the images before and after, also when the condition fails.
    fn table_units(&self, write: &Prepared) -> u64 {
        let before = self.items.get(&write.key).map_or(0, |stored| stored.size);
        write_units(before.max(write.new_size()))
    }

    fn check(&mut self, index: usize, write: &Prepared) -> Result<(), TableError> {
        let stored = self.items.get(&write.key).map(|stored| &stored.item);
        if write.only_if.as_ref().is_none_or(|condition| holds(condition, stored)) {
            return Ok(());
        }
        let current = stored.cloned();
        self.calls.condition_failed += 1;
        Err(TableError::ConditionFailed { index, current })
    }

    fn apply(&mut self, write: Prepared) {
        let Prepared { key, effect, .. } = write;
        let after = match effect {
            Effect::Check => return,
            Effect::Delete => None,
            Effect::Put(stored) => Some(stored),
        };
        let before = self.items.get(&key);
        for index in Index::ALL {
            let place =
                |stored: Option<&Stored>| stored.and_then(|stored| Place::of(index, &key, &stored.item));
            let (from, to) = (place(before), place(after.as_ref()));
            let keeper = &mut self.keepers[index as usize];
            self.units.write += keeper.change(index, from, to, self.now);
            keeper.forget(self.now - self.longest_lag);
        }
        match after {
            Some(stored) => self.items.insert(key, stored),
            None => self.items.remove(&key),
        };
    }

    /// Moves the logical clock and lets go of what no lag can show any more.
    pub(super) fn set_time(&mut self, millis: i64) {
        self.now = self.now.max(millis);
        let instant = self.now - self.longest_lag;
        self.keepers.iter_mut().for_each(|keeper| keeper.forget(instant));
    }
}
