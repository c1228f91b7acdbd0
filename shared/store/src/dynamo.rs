//! The table in DynamoDB.
//!
//! Timeouts and retries are the client's: this adapter neither retries nor waits, except for what a batch read left
//! unprocessed. Transactions carry a fresh token for each call, made by the SDK, so that its own retries of a
//! transaction cannot apply it twice; a caller that calls again starts a new one.

mod expression;
mod failure;

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{
    AttributeValue as Wire, ConditionCheck, Delete, KeysAndAttributes, Put, ReturnValue,
    ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};

use crate::table::{
    AttributeValue, Condition, Consistency, Cursor, EXPIRES_AT, Item, Key, PK, Page, Query, SK, Source,
    Table, TableError, Write,
};
use expression::Expression;
use failure::{Answer, Doubt, meaning};

/// Keys in one batch read: DynamoDB's limit.
const BATCH_KEYS: usize = 100;
/// Batch reads that bring nothing before we say that the table throttles: 25 ms doubling, 1.6 s in all.
const FRUITLESS_READS: u32 = 6;
const FIRST_PAUSE: Duration = Duration::from_millis(25);

type WireItem = HashMap<String, Wire>;

/// One DynamoDB table with Leadline's keys and indexes.
#[derive(Clone)]
pub struct DynamoTable {
    client: Client,
    table_name: String,
}

impl fmt::Debug for DynamoTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamoTable").field("table_name", &self.table_name).finish_non_exhaustive()
    }
}

impl DynamoTable {
    /// Talks to the named table through the client, with the client's timeouts and retries.
    pub fn new(client: Client, table_name: String) -> Self {
        Self { client, table_name }
    }

    async fn put(&self, item: Item, only_if: Option<Condition>) -> Result<(), TableError> {
        let doubt = Doubt::default();
        let (condition, names, values) = compiled(only_if.as_ref());
        self.client
            .put_item()
            .table_name(&self.table_name)
            .set_item(Some(to_wire(item)))
            .set_condition_expression(condition)
            .set_expression_attribute_names(names)
            .set_expression_attribute_values(values)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .customize()
            .interceptor(doubt.clone())
            .send()
            .await
            .map_err(|error| meaning(error, &doubt))?;
        Ok(())
    }

    async fn delete(&self, key: &Key, only_if: Option<Condition>) -> Result<(), TableError> {
        let doubt = Doubt::default();
        let (condition, names, values) = compiled(only_if.as_ref());
        self.client
            .delete_item()
            .table_name(&self.table_name)
            .set_key(Some(wire_key(key)))
            .set_condition_expression(condition)
            .set_expression_attribute_names(names)
            .set_expression_attribute_values(values)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .customize()
            .interceptor(doubt.clone())
            .send()
            .await
            .map_err(|error| meaning(error, &doubt))?;
        Ok(())
    }

    /// One write as a part of a transaction.
    fn part(&self, write: Write) -> Result<TransactWriteItem, BuildError> {
        let part = TransactWriteItem::builder();
        let part = match write {
            Write::Put { item, only_if } => {
                let (condition, names, values) = compiled(only_if.as_ref());
                let put = Put::builder()
                    .table_name(&self.table_name)
                    .set_item(Some(to_wire(item)))
                    .set_condition_expression(condition)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
                part.put(put.build()?)
            }
            Write::Delete { key, only_if } => {
                let (condition, names, values) = compiled(only_if.as_ref());
                let delete = Delete::builder()
                    .table_name(&self.table_name)
                    .set_key(Some(wire_key(&key)))
                    .set_condition_expression(condition)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
                part.delete(delete.build()?)
            }
            Write::Check { key, only_if } => {
                let (condition, names, values) = compiled(Some(&only_if));
                let check = ConditionCheck::builder()
                    .table_name(&self.table_name)
                    .set_key(Some(wire_key(&key)))
                    .set_condition_expression(condition)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
                part.condition_check(check.build()?)
            }
        };
        Ok(part.build())
    }

    /// Reads one batch; gives what was found and the keys that were left.
    async fn read_batch(&self, keys: Vec<WireItem>) -> Result<(Vec<Item>, Vec<WireItem>), TableError> {
        let asked = KeysAndAttributes::builder()
            .set_keys(Some(keys))
            .consistent_read(true)
            .build()
            .map_err(|error| TableError::Refused(Box::new(error)))?;
        let answer = self
            .client
            .batch_get_item()
            .request_items(&self.table_name, asked)
            .send()
            .await
            .map_err(|error| meaning(error, &Doubt::default()))?;
        let found =
            answer.responses.into_iter().flatten().flat_map(|(_, items)| items).map(item_of).collect();
        let left = answer.unprocessed_keys.into_iter().flatten().flat_map(|(_, left)| left.keys).collect();
        Ok((found, left))
    }
}

impl Table for DynamoTable {
    async fn get(&self, key: &Key, consistency: Consistency) -> Result<Option<Item>, TableError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table_name)
            .set_key(Some(wire_key(key)))
            .consistent_read(consistency == Consistency::Strong)
            .send()
            .await
            .map_err(|error| meaning(error, &Doubt::default()))?;
        Ok(answer.item.map(item_of))
    }

    async fn get_many(&self, keys: &[Key]) -> Result<Vec<Item>, TableError> {
        // DynamoDB refuses a batch that names a key twice.
        let distinct: BTreeSet<&Key> = keys.iter().collect();
        let mut pending: Vec<WireItem> = distinct.into_iter().map(wire_key).collect();
        let mut found = Vec::new();
        let mut fruitless = 0;
        while !pending.is_empty() {
            let batch = pending.split_off(pending.len().saturating_sub(BATCH_KEYS));
            let asked = batch.len();
            let (items, left) = self.read_batch(batch).await?;
            found.extend(items);
            if left.is_empty() {
                fruitless = 0;
                continue;
            }
            fruitless = if left.len() < asked { 0 } else { fruitless + 1 };
            if fruitless > FRUITLESS_READS {
                return Err(TableError::Throttled);
            }
            tokio::time::sleep(FIRST_PAUSE * 2_u32.pow(fruitless.saturating_sub(1))).await;
            pending.extend(left);
        }
        Ok(found)
    }

    async fn query(&self, query: Query) -> Result<Page, TableError> {
        let (attributes, index, consistent) = match query.source {
            Source::Table(consistency) => ((PK, SK), None, consistency == Consistency::Strong),
            Source::Index(index) => (index.attributes(), Some(index.name().to_owned()), false),
        };
        let keys = Expression::keys(attributes, &query.partition, &query.range);
        let answer = self
            .client
            .query()
            .table_name(&self.table_name)
            .set_index_name(index)
            .key_condition_expression(keys.text)
            .set_expression_attribute_names(Some(keys.names))
            .set_expression_attribute_values(Some(keys.values))
            .consistent_read(consistent)
            .scan_index_forward(true)
            .limit(i32::try_from(query.limit).unwrap_or(i32::MAX))
            .set_exclusive_start_key(query.start.map(|cursor| to_wire(cursor.0)))
            .send()
            .await
            .map_err(|error| meaning(error, &Doubt::default()))?;
        Ok(Page {
            items: answer.items.into_iter().flatten().map(item_of).collect(),
            next: answer.last_evaluated_key.filter(|key| !key.is_empty()).map(|key| Cursor(item_of(key))),
        })
    }

    async fn write(&self, write: Write) -> Result<(), TableError> {
        match write {
            Write::Put { item, only_if } => self.put(item, only_if).await,
            Write::Delete { key, only_if } => self.delete(&key, only_if).await,
            Write::Check { .. } => Err(refused("a check stands only inside a transaction")),
        }
    }

    async fn transact(&self, writes: Vec<Write>) -> Result<(), TableError> {
        let parts: Result<Vec<_>, _> = writes.into_iter().map(|write| self.part(write)).collect();
        let doubt = Doubt::default();
        self.client
            .transact_write_items()
            .set_transact_items(Some(parts.map_err(|error| TableError::Refused(Box::new(error)))?))
            .customize()
            .interceptor(doubt.clone())
            .send()
            .await
            .map_err(|error| meaning(error, &doubt))?;
        Ok(())
    }

    async fn add(
        &self,
        key: &Key,
        counter: &'static str,
        by: i64,
        expires_at: i64,
    ) -> Result<i64, TableError> {
        let doubt = Doubt::default();
        let answer = self
            .client
            .update_item()
            .table_name(&self.table_name)
            .set_key(Some(wire_key(key)))
            .update_expression("ADD #c :by SET #e = :e")
            .expression_attribute_names("#c", counter)
            .expression_attribute_names("#e", EXPIRES_AT)
            .expression_attribute_values(":by", Wire::N(by.to_string()))
            .expression_attribute_values(":e", Wire::N(expires_at.to_string()))
            .return_values(ReturnValue::UpdatedNew)
            .customize()
            .interceptor(doubt.clone())
            .send()
            .await
            .map_err(|error| meaning(error, &doubt))?;
        match answer.attributes.as_ref().and_then(|updated| updated.get(counter)) {
            Some(Wire::N(sum)) => {
                sum.parse().map_err(|_| refused("the counter is no whole number within 64 bits"))
            }
            _ => Err(refused("the counter was not returned")),
        }
    }
}

fn refused(why: &str) -> TableError {
    TableError::Refused(Box::new(Answer::new("Refused", why)))
}

type Compiled = (Option<String>, Option<HashMap<String, String>>, Option<HashMap<String, Wire>>);

/// A condition as the three parameters it takes. DynamoDB refuses empty maps.
fn compiled(condition: Option<&Condition>) -> Compiled {
    let Some(condition) = condition else { return (None, None, None) };
    let expression = Expression::condition(condition);
    let values = if expression.values.is_empty() { None } else { Some(expression.values) };
    (Some(expression.text), Some(expression.names), values)
}

fn to_wire(item: Item) -> WireItem {
    item.into_iter().map(|(name, value)| (name, value.into())).collect()
}

fn item_of(item: WireItem) -> Item {
    item.into_iter().map(|(name, value)| (name, AttributeValue::from(value))).collect()
}

fn from_wire(item: &WireItem) -> Item {
    item_of(item.clone())
}

fn wire_key(key: &Key) -> WireItem {
    WireItem::from([(PK.to_owned(), Wire::S(key.pk.clone())), (SK.to_owned(), Wire::S(key.sk.clone()))])
}
