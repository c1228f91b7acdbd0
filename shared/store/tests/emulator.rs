//! Runs the conformance suite against the DynamoDB at `AWS_ENDPOINT_URL`, and compares it with the twin.
//!
//! Each test makes a table of its own with a random name and removes it at the end.

// Clippy takes only the test functions themselves for tests, not what they call.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use aws_config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Credentials;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue as Wire, BillingMode, ConsumedCapacity, Delete, GlobalSecondaryIndex,
    KeySchemaElement, KeyType, KeysAndAttributes, Projection, ProjectionType, Put, ReturnConsumedCapacity,
    ScalarAttributeType, TableStatus, TransactWriteItem,
};
use leadline_store::conformance::{self, Space, random};
use leadline_store::{
    AttributeValue, Consistency, DynamoTable, Index, Item, Key, PK, Query, Range, SK, Source, Twin, Units,
    Write,
};
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use tokio::runtime::Runtime;

/// Gives the test a fresh table and the runtime to use it in.
fn with_table(test: impl FnOnce(&Runtime, Client, String)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let config = runtime.block_on(
        aws_config::defaults(BehaviorVersion::v2026_01_12())
            .region(Region::from_static("us-east-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "emulator"))
            .load(),
    );
    assert!(config.endpoint_url().is_some(), "AWS_ENDPOINT_URL must name an emulator");
    let client = Client::new(&config);
    let name = format!("leadline-conformance-{}", uuid::Uuid::new_v4());
    runtime.block_on(create(&client, &name));
    test(&runtime, client.clone(), name.clone());
    runtime.block_on(client.delete_table().table_name(name).send()).unwrap();
}

fn schema((partition, sort): (&str, &str)) -> Vec<KeySchemaElement> {
    [(partition, KeyType::Hash), (sort, KeyType::Range)]
        .map(|(name, kind)| KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap())
        .into()
}

async fn create(client: &Client, name: &str) {
    let indexes = Index::ALL.map(|index| {
        GlobalSecondaryIndex::builder()
            .index_name(index.name())
            .set_key_schema(Some(schema(index.attributes())))
            .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build())
            .build()
            .unwrap()
    });
    let attributes = std::iter::once((PK, SK))
        .chain(Index::ALL.map(Index::attributes))
        .flat_map(|(partition, sort)| [partition, sort])
        .map(|attribute| {
            AttributeDefinition::builder()
                .attribute_name(attribute)
                .attribute_type(ScalarAttributeType::S)
                .build()
                .unwrap()
        });
    client
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest)
        .set_key_schema(Some(schema((PK, SK))))
        .set_attribute_definitions(Some(attributes.collect()))
        .set_global_secondary_indexes(Some(indexes.into()))
        .send()
        .await
        .unwrap();
    for _ in 0..200 {
        let answer = client.describe_table().table_name(name).send().await.unwrap();
        if answer.table.and_then(|table| table.table_status) == Some(TableStatus::Active) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the table does not become active");
}

#[test]
fn the_adapter_conforms() {
    with_table(|runtime, client, name| {
        let table = DynamoTable::new(client, name);
        runtime.block_on(conformance::everything(&table, &Space::new("suite")));
    });
}

#[test]
fn random_operations_come_out_as_on_the_twin() {
    with_table(|runtime, client, name| {
        let table = DynamoTable::new(client, name);
        let mut runner =
            TestRunner::new(Config { cases: 100, failure_persistence: None, ..Config::default() });
        // A failing case is shrunk by running it again: each run has keys of its own.
        let run = std::cell::Cell::new(0);
        let compared = runner.run(&random::operations(40), |operations| {
            run.set(run.get() + 1);
            let space = Space::new(format!("random{}", run.get()));
            let twin = Twin::new();
            runtime.block_on(random::compare(&twin, &table, &space, &operations)).map_err(TestCaseError::fail)
        });
        compared.unwrap();
    });
}

fn s(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

/// Items of several sizes, in none, one or several indexes, with short and with long index keys; and no item.
fn images(key: &Key) -> Vec<Option<Item>> {
    let long = "k".repeat(1000);
    let places: [&[(&str, &str)]; 6] = [
        &[],
        &[("due_shard", "0"), ("due_key", "1")],
        &[("due_shard", "0"), ("due_key", "2")],
        &[("due_shard", "0"), ("due_key", "1"), ("own_key", "rep"), ("own_sort", "1")],
        &[("due_shard", "0"), ("own_sort", "1")],
        &[("due_shard", &long), ("due_key", &long), ("upd_shard", "0"), ("upd_key", "0")],
    ];
    let mut images = vec![None];
    for bulk in [0, 900, 1100, 5000] {
        for place in places {
            let mut item = Item::from([
                (PK.to_owned(), s(&*key.pk)),
                (SK.to_owned(), s(&*key.sk)),
                ("bulk".to_owned(), s("x".repeat(bulk))),
                ("number".to_owned(), AttributeValue::N("-12345.678".to_owned())),
            ]);
            item.extend(place.iter().map(|(name, value)| ((*name).to_owned(), s(*value))));
            images.push(Some(item));
        }
    }
    images
}

fn wire(item: &Item) -> std::collections::HashMap<String, Wire> {
    item.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect()
}

/// Units of table and indexes together.
fn total<'c>(capacity: impl IntoIterator<Item = &'c ConsumedCapacity>) -> f64 {
    capacity.into_iter().filter_map(ConsumedCapacity::capacity_units).sum()
}

/// A table at the emulator and the twin, of which the same is asked.
struct Both<'a> {
    client: &'a Client,
    name: &'a str,
    twin: Twin,
}

impl Both<'_> {
    /// What the twin meters for something.
    fn metered(&self, act: impl FnOnce(&Twin)) -> Units {
        let start = self.twin.units();
        act(&self.twin);
        self.twin.units().since(start)
    }

    /// Puts an item, or deletes what is there; write units as the twin and as the emulator count them.
    async fn change(&self, key: &Key, image: Option<&Item>) -> (f64, f64) {
        let ours = self.metered(|twin| twin.write_now(change(key, image)).unwrap()).write as f64;
        let capacity = match image {
            Some(item) => {
                let put = self.client.put_item().table_name(self.name).set_item(Some(wire(item)));
                put.return_consumed_capacity(ReturnConsumedCapacity::Total)
                    .send()
                    .await
                    .unwrap()
                    .consumed_capacity
            }
            None => {
                let delete = self.client.delete_item().table_name(self.name).set_key(Some(wire_key(key)));
                delete
                    .return_consumed_capacity(ReturnConsumedCapacity::Total)
                    .send()
                    .await
                    .unwrap()
                    .consumed_capacity
            }
        };
        (ours, total(&capacity))
    }

    /// The same in a transaction.
    async fn transact(&self, key: &Key, image: Option<&Item>) -> (f64, f64) {
        let ours = self.metered(|twin| twin.transact_now(vec![change(key, image)]).unwrap()).write as f64;
        let part = TransactWriteItem::builder();
        let part = match image {
            Some(item) => {
                part.put(Put::builder().table_name(self.name).set_item(Some(wire(item))).build().unwrap())
            }
            None => part.delete(
                Delete::builder().table_name(self.name).set_key(Some(wire_key(key))).build().unwrap(),
            ),
        };
        let transaction = self.client.transact_write_items().transact_items(part.build());
        let answer =
            transaction.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await.unwrap();
        (ours, total(answer.consumed_capacity()))
    }
}

fn change(key: &Key, image: Option<&Item>) -> Write {
    match image {
        Some(item) => Write::Put { item: item.clone(), only_if: None },
        None => Write::Delete { key: key.clone(), only_if: None },
    }
}

fn wire_key(key: &Key) -> std::collections::HashMap<String, Wire> {
    [(PK, &key.pk), (SK, &key.sk)].map(|(name, value)| (name.to_owned(), Wire::S(value.clone()))).into()
}

/// From every image to every other, in the table and in its indexes. Two opinions besides ours: MiniStack's prices of
/// writes were measured on AWS by its authors, and DynamoDB Local is Amazon's.
#[test]
fn a_write_costs_what_the_emulator_says_it_consumed() {
    with_table(|runtime, client, name| {
        let both = Both { client: &client, name: &name, twin: Twin::new() };
        let key = Key::new("lead", "LEAD");
        let images = images(&key);
        for (before, after) in
            images.iter().flat_map(|before| images.iter().map(move |after| (before, after)))
        {
            for image in [before, after] {
                let (ours, theirs) = runtime.block_on(both.change(&key, image.as_ref()));
                assert_eq!(ours, theirs, "{:?} bytes", both.twin.size_of(&key));
            }
        }
    });
}

/// Twice as much as outside for what is written to the table, and the indexes as ever, which follow later and are in no
/// transaction: "two WCUs to perform one write for items up to 1 KB" (AWS, "Read and write capacity modes").
///
/// DynamoDB Local says four times as much as outside, for table and indexes alike. It is wrong, but by the same factor for
/// every change, so what it says still checks the images: an emulator has to count all of them in one of the two ways.
#[test]
fn a_transaction_costs_what_the_emulator_says_it_consumed() {
    with_table(|runtime, client, name| {
        let both = Both { client: &client, name: &name, twin: Twin::new() };
        let outside = Twin::new();
        let key = Key::new("lead", "LEAD");
        let images = images(&key);
        let mut counted = std::collections::BTreeSet::new();
        for (before, after) in
            images.iter().flat_map(|before| images.iter().map(move |after| (before, after)))
        {
            runtime.block_on(both.change(&key, before.as_ref()));
            outside.write_now(change(&key, before.as_ref())).unwrap();
            let start = outside.units();
            outside.write_now(change(&key, after.as_ref())).unwrap();
            let single = outside.units().since(start).write as f64;
            let (ours, theirs) = runtime.block_on(both.transact(&key, after.as_ref()));
            let as_local = 4.0 * single;
            assert!(
                theirs == ours || theirs == as_local,
                "{theirs} units where we count {ours}, outside {single}"
            );
            // Where both come out alike it tells nothing, and a delete in vain both count twice.
            if ours != as_local && (before.is_some() || after.is_some()) {
                counted.insert(if theirs == ours { "as AWS" } else { "four times" });
            }
        }
        assert_eq!(counted.len(), 1, "a transaction is counted in several ways: {counted:?}");
    });
}

/// Reads by key, of the table and of an index, with and without consistency.
///
/// MiniStack has one price for all reads, so that this proves something on DynamoDB Local alone, where `make smoke` runs
/// it. DynamoDB Local leaves out of what it says the items that a batch asks for in vain, which AWS counts ("If you perform
/// a read operation on an item that does not exist, DynamoDB still consumes read throughput", "DynamoDB read and write
/// operations"), so this batch asks for none; a single read in vain it counts.
#[test]
fn dynamodb_local_says_what_a_read_costs() {
    with_table(|runtime, client, name| {
        let both = Both { client: &client, name: &name, twin: Twin::new() };
        runtime.block_on(reads(&both));
    });
}

async fn reads(both: &Both<'_>) {
    const TOTAL: ReturnConsumedCapacity = ReturnConsumedCapacity::Total;
    let (client, name) = (both.client, both.name);
    let halves = |capacity: &Option<ConsumedCapacity>| total(capacity) * 2.0;
    let mut keys = Vec::new();
    for (n, image) in images(&Key::new("lead", "0")).into_iter().flatten().enumerate() {
        let key = Key::new("lead", format!("{n:02}"));
        let mut item = image;
        item.insert(SK.to_owned(), s(&*key.sk));
        both.change(&key, Some(&item)).await;
        keys.push(key);
    }
    keys.push(Key::new("nobody", "0"));
    let mut said = std::collections::BTreeSet::new();
    let mut compared = Vec::new();
    for key in &keys {
        for consistency in [Consistency::Strong, Consistency::Eventual] {
            let strong = consistency == Consistency::Strong;
            let ours = both.metered(|twin| drop(twin.get_now(key, consistency).unwrap())).read_halves as f64;
            let get = client.get_item().table_name(name).set_key(Some(wire_key(key))).consistent_read(strong);
            let theirs = halves(&get.return_consumed_capacity(TOTAL).send().await.unwrap().consumed_capacity);
            said.insert(theirs.to_bits());
            compared.push((format!("{key:?} {consistency:?}"), ours, theirs));
        }
    }
    if said.len() <= 2 {
        println!(
            "This emulator has one price for all reads: nothing was compared. DynamoDB Local has AWS's."
        );
        return;
    }
    keys.pop();
    let ours = both.metered(|twin| drop(twin.get_many_now(&keys).unwrap())).read_halves as f64;
    let asked = KeysAndAttributes::builder().consistent_read(true);
    let asked = asked.set_keys(Some(keys.iter().map(wire_key).collect())).build().unwrap();
    let batch = client.batch_get_item().request_items(name, asked).return_consumed_capacity(TOTAL);
    let theirs = total(batch.send().await.unwrap().consumed_capacity()) * 2.0;
    compared.push(("a batch".to_owned(), ours, theirs));

    let sources = [
        (Source::Table(Consistency::Strong), (PK, "lead"), None),
        (Source::Table(Consistency::Eventual), (PK, "lead"), None),
        (Source::Index(Index::Due), (Index::Due.attributes().0, "0"), Some(Index::Due.name())),
    ];
    for (source, (attribute, partition), index) in sources {
        let strong = matches!(source, Source::Table(Consistency::Strong));
        let query =
            Query { source, partition: partition.to_owned(), range: Range::All, limit: 100, start: None };
        let ours = both.metered(|twin| drop(twin.query_now(&query).unwrap())).read_halves as f64;
        let query =
            client.query().table_name(name).set_index_name(index.map(str::to_owned)).consistent_read(strong);
        let query = query.key_condition_expression("#p = :p").expression_attribute_names("#p", attribute);
        let query = query.expression_attribute_values(":p", Wire::S(partition.to_owned()));
        let theirs = halves(&query.return_consumed_capacity(TOTAL).send().await.unwrap().consumed_capacity);
        compared.push((format!("a query, {index:?}, strong: {strong}"), ours, theirs));
    }
    let wrong: Vec<_> = compared.iter().filter(|(_, ours, theirs)| ours != theirs).collect();
    assert!(wrong.is_empty(), "half units, ours and theirs: {wrong:?}");
}
