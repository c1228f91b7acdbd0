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
    AttributeDefinition, AttributeValue as Wire, BillingMode, ConsumedCapacity, GlobalSecondaryIndex,
    KeySchemaElement, KeyType, Projection, ProjectionType, Put, ReturnConsumedCapacity, ScalarAttributeType,
    TableStatus, TransactWriteItem,
};
use leadline_store::conformance::{self, Space, random};
use leadline_store::{AttributeValue, DynamoTable, Index, Item, Key, PK, SK, Twin, Write};
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

/// Write units of table and indexes together.
fn total(capacity: Option<ConsumedCapacity>) -> f64 {
    capacity.and_then(|capacity| capacity.capacity_units).unwrap()
}

/// MiniStack's prices of writes were measured on AWS by its authors, so that they are another opinion than ours. It
/// has a flat price for reads, which is not AWS's.
#[test]
fn the_twin_meters_what_the_emulator_says_it_consumed() {
    with_table(|runtime, client, name| runtime.block_on(prices(&client, &name)));
}

async fn prices(client: &Client, name: &str) {
    let key = Key::new("lead", "LEAD");
    let twin = Twin::new();
    let images = images(&key);
    let put = |item: &Item| client.put_item().table_name(name).set_item(Some(wire(item)));
    let delete = || {
        client
            .delete_item()
            .table_name(name)
            .key(PK, Wire::S(key.pk.clone()))
            .key(SK, Wire::S(key.sk.clone()))
    };
    let change = |image: &Option<Item>| match image {
        Some(item) => Write::Put { item: item.clone(), only_if: None },
        None => Write::Delete { key: key.clone(), only_if: None },
    };
    for before in &images {
        for after in &images {
            for image in [before, after] {
                let start = twin.units();
                twin.write_now(change(image)).unwrap();
                let theirs = match image {
                    Some(item) => {
                        let answer = put(item).return_consumed_capacity(ReturnConsumedCapacity::Total);
                        total(answer.send().await.unwrap().consumed_capacity)
                    }
                    None => {
                        let answer = delete().return_consumed_capacity(ReturnConsumedCapacity::Total);
                        total(answer.send().await.unwrap().consumed_capacity)
                    }
                };
                let ours = twin.units().since(start).write as f64;
                assert_eq!(ours, theirs, "{:?} bytes", image.as_ref().map(|_| twin.size_of(&key)));
            }
        }
    }
    for after in images.iter().flatten() {
        let start = twin.units();
        twin.transact_now(vec![change(&Some(after.clone()))]).unwrap();
        let part = Put::builder().table_name(name).set_item(Some(wire(after))).build().unwrap();
        let answer = client
            .transact_write_items()
            .transact_items(TransactWriteItem::builder().put(part).build())
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .unwrap();
        let theirs: f64 =
            answer.consumed_capacity().iter().filter_map(ConsumedCapacity::capacity_units).sum();
        assert_eq!(twin.units().since(start).write as f64, theirs, "in a transaction");
    }
}
