//! The same random operations on two tables must give the same results.

use std::fmt::Debug;

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, prop_oneof};
use proptest::{bool, option, sample};

use super::{Space, drain, item, n, query, s};
use crate::table::{
    AttributeValue, Condition, Consistency, Index, Item, Key, Range, Source, Table, TableError, Write,
};

/// One operation, on few keys so that operations meet.
#[derive(Debug, Clone)]
pub enum Operation {
    /// A single put, delete, or check (which is refused).
    Write(Step),
    /// A transaction.
    Transact(Vec<Step>),
    /// An addition to a counter.
    Add {
        /// Which key, as in [`Step`].
        key: (u8, u8),
        /// How much.
        by: i64,
    },
    /// A read of one key.
    Get((u8, u8)),
    /// A read of many keys.
    GetMany(Vec<(u8, u8)>),
    /// All pages of a query.
    Query {
        /// `None` for the table.
        index: Option<Index>,
        /// Which partition.
        partition: u8,
        /// Which kind of range, and its bounds.
        range: (u8, u8, u8),
        /// Items in a page.
        limit: u32,
    },
}

/// One write of an operation.
#[derive(Debug, Clone)]
pub struct Step {
    /// Which partition and which sort key.
    pub key: (u8, u8),
    /// The condition.
    pub only_if: Option<Condition>,
    /// What to put; `None` to delete.
    pub put: Option<Content>,
    /// Whether the write only checks.
    pub check: bool,
}

/// What an item holds beside its key.
#[derive(Debug, Clone)]
pub struct Content {
    /// A number under `count`.
    pub count: i8,
    /// The attributes of each index, each there or not.
    pub indexed: [(Option<u8>, Option<u8>); 3],
}

const PARTITIONS: u8 = 2;
const SORTS: u8 = 4;

/// Random operations.
pub fn operations(length: usize) -> impl Strategy<Value = Vec<Operation>> {
    let operation = prop_oneof![
        4 => step().prop_map(Operation::Write),
        3 => vec(step(), 1..5).prop_map(Operation::Transact),
        1 => (key(), -3..4_i64).prop_map(|(key, by)| Operation::Add { key, by }),
        1 => key().prop_map(Operation::Get),
        1 => vec(key(), 0..6).prop_map(Operation::GetMany),
        3 => (option::of(sample::select(Index::ALL.to_vec())), 0..PARTITIONS, (0..5_u8, 0..5_u8, 0..5_u8), 1..5_u32)
            .prop_map(|(index, partition, range, limit)| Operation::Query { index, partition, range, limit }),
    ];
    vec(operation, 1..=length)
}

fn key() -> impl Strategy<Value = (u8, u8)> {
    (0..PARTITIONS, 0..SORTS)
}

fn step() -> impl Strategy<Value = Step> {
    (key(), option::of(condition()), option::weighted(0.7, content()), bool::weighted(0.15))
        .prop_map(|(key, only_if, put, check)| Step { key, only_if, put, check })
}

fn content() -> impl Strategy<Value = Content> {
    let pair = || (option::weighted(0.7, 0..PARTITIONS), option::weighted(0.7, 0..SORTS));
    (-3..4_i8, pair(), pair(), pair())
        .prop_map(|(count, due, owner, updated)| Content { count, indexed: [due, owner, updated] })
}

fn condition() -> impl Strategy<Value = Condition> {
    let leaf = prop_oneof![
        Just(Condition::Absent),
        Just(Condition::Exists),
        Just(Condition::Missing("count")),
        (-3..4_i8, sample::select(vec!["", ".0", "e0"]))
            .prop_map(|(count, form)| Condition::Equals("count", n(&format!("{count}{form}")))),
        (-3..4_i64).prop_map(|bound| Condition::Below("count", bound)),
        (-3..4_i64).prop_map(|bound| Condition::Below("due_key", bound)),
        (0..SORTS).prop_map(|sort| Condition::Equals("due_key", s(&format!("s{sort}")))),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Condition::All),
            vec(inner, 0..4).prop_map(Condition::Any)
        ]
    })
}

fn name(space: &Space, (partition, sort): (u8, u8)) -> Key {
    space.key(&format!("p{partition}"), &format!("s{sort}"))
}

fn write(space: &Space, step: &Step) -> Write {
    let key = name(space, step.key);
    if step.check {
        return Write::Check { key, only_if: step.only_if.clone().unwrap_or(Condition::Exists) };
    }
    let only_if = step.only_if.clone();
    let Some(content) = &step.put else { return Write::Delete { key, only_if } };
    let mut whole = item(&key, &[("count", n(&content.count.to_string()))]);
    for (index, (partition, sort)) in Index::ALL.into_iter().zip(content.indexed) {
        let (partition_name, sort_name) = index.attributes();
        let partition = partition.map(|number| (partition_name, space.partition(&format!("p{number}"))));
        let sort = sort.map(|number| (sort_name, format!("s{number}")));
        for (name, value) in [partition, sort].into_iter().flatten() {
            whole.insert(name.to_owned(), AttributeValue::S(value));
        }
    }
    Write::Put { item: whole, only_if }
}

/// What came out, with nothing in it that two right tables may do differently.
#[derive(Debug, PartialEq)]
enum Outcome {
    Done,
    Sum(i64),
    Items(Vec<Item>),
    Pages(Vec<Item>, Vec<usize>),
    ConditionFailed(usize, Option<Item>),
    Refused,
    Other(String),
}

fn outcome<V>(result: Result<V, TableError>, done: impl FnOnce(V) -> Outcome) -> Outcome {
    match result {
        Ok(value) => done(value),
        Err(TableError::ConditionFailed { index, current }) => Outcome::ConditionFailed(index, current),
        Err(TableError::Refused(_)) => Outcome::Refused,
        Err(error) => {
            let mut text = error.to_string();
            let mut source = std::error::Error::source(&error);
            while let Some(inner) = source {
                text = format!("{text}: {inner}");
                source = inner.source();
            }
            Outcome::Other(text)
        }
    }
}

async fn perform<T: Table>(table: &T, space: &Space, operation: &Operation) -> Outcome {
    match operation {
        Operation::Write(step) => outcome(table.write(write(space, step)).await, |()| Outcome::Done),
        Operation::Transact(steps) => {
            let writes = steps.iter().map(|step| write(space, step)).collect();
            outcome(table.transact(writes).await, |()| Outcome::Done)
        }
        Operation::Add { key, by } => {
            outcome(table.add(&name(space, *key), "count", *by, 1000).await, Outcome::Sum)
        }
        Operation::Get(key) => outcome(table.get(&name(space, *key), Consistency::Strong).await, |found| {
            Outcome::Items(found.into_iter().collect())
        }),
        Operation::GetMany(keys) => {
            let keys: Vec<Key> = keys.iter().map(|key| name(space, *key)).collect();
            outcome(table.get_many(&keys).await, |mut items| {
                items.sort_by_key(Key::of);
                Outcome::Items(items)
            })
        }
        Operation::Query { index, partition, range, limit } => {
            let source = index.map_or(Source::Table(Consistency::Strong), Source::Index);
            let partition = space.partition(&format!("p{partition}"));
            let (kind, first, second) = *range;
            let (lower, upper) = (format!("s{}", first.min(second)), format!("s{}", first.max(second)));
            let range = match kind {
                0 => Range::All,
                1 => Range::Prefix(lower),
                2 => Range::UpTo(upper),
                3 => Range::From(lower),
                _ => Range::Between(lower, upper),
            };
            let (items, sizes) = drain(table, query(source, &partition, range, *limit)).await;
            Outcome::Pages(items, sizes)
        }
    }
}

/// Performs the operations on both tables, in a space that both have empty, and compares after each. Both tables'
/// indexes must be up to date with their tables, which those of the real DynamoDB are not.
///
/// # Errors
///
/// Says which operation came out differently.
pub async fn compare<A: Table, B: Table>(
    left: &A,
    right: &B,
    space: &Space,
    operations: &[Operation],
) -> Result<(), String> {
    for (number, operation) in operations.iter().enumerate() {
        let (one, other) = (perform(left, space, operation).await, perform(right, space, operation).await);
        if one != other {
            return Err(format!(
                "operation {number}, {operation:?}: {one:?} on the left, {other:?} on the right"
            ));
        }
    }
    Ok(())
}
