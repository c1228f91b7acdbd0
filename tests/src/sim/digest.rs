//! A digest of a whole table, by which two worlds are told apart.

use std::collections::BTreeMap;

use leadline_core::seal::sha256_hex;
use leadline_store::{AttributeValue, Item};

/// A digest of all items, the same for the same content whatever order a map has.
pub(super) fn digest(items: &[Item]) -> String {
    let mut text = String::new();
    for item in items {
        write_map(item, &mut text);
        text.push('\n');
    }
    sha256_hex(text.as_bytes())
}

fn write_map(map: &Item, text: &mut String) {
    let sorted: BTreeMap<_, _> = map.iter().collect();
    text.push('{');
    for (name, value) in sorted {
        text.push_str(name);
        text.push('=');
        write_value(value, text);
        text.push(',');
    }
    text.push('}');
}

fn write_value(value: &AttributeValue, text: &mut String) {
    match value {
        AttributeValue::M(map) => write_map(map, text),
        AttributeValue::L(list) => {
            text.push('[');
            for value in list {
                write_value(value, text);
                text.push(',');
            }
            text.push(']');
        }
        other => text.push_str(&format!("{other:?}")),
    }
}
