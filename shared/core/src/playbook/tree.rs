//! The tree in a playbook's text. Bounded, because a few aliases can stand for more than any machine holds; and strict
//! about names that stand twice, of which others would quietly keep the last one.

use std::cell::Cell;
use std::fmt;

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess, Visitor,
};
use serde_json::{Map, Number, Value};

use super::MAX_BYTES;

/// The most that a tree may weigh: a point for each value and for each byte of its texts. No text of the allowed length
/// reaches it without aliases.
const MAX_WEIGHT: usize = 2 * MAX_BYTES;

/// Reads YAML or JSON into a tree of strings, numbers and so on; says in words what keeps it from being read.
pub(super) fn read(text: &str) -> Result<Value, String> {
    // What editors on Windows begin a text with says only that it is one.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // JSON goes first where it may be some: YAML takes most of it, but not every character.
    if text.trim_start().starts_with('{')
        && let Ok(tree) = json(text)
    {
        return Ok(tree);
    }
    let left = Cell::new(MAX_WEIGHT);
    Branch { left: &left }
        .deserialize(serde_yaml_ng::Deserializer::from_str(text))
        .map_err(|error| error.to_string())
}

fn json(text: &str) -> serde_json::Result<Value> {
    let left = Cell::new(MAX_WEIGHT);
    let mut reader = serde_json::Deserializer::from_str(text);
    let tree = Branch { left: &left }.deserialize(&mut reader)?;
    reader.end()?;
    Ok(tree)
}

/// One value and all below it.
#[derive(Clone, Copy)]
struct Branch<'b> {
    left: &'b Cell<usize>,
}

impl Branch<'_> {
    fn weigh<E: Error>(self, bytes: usize) -> Result<(), E> {
        let rest = self.left.get().checked_sub(bytes + 1);
        self.left.set(rest.ok_or_else(|| E::custom("it is too large with its aliases written out"))?);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Branch<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Branch<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("YAML or JSON")
    }

    fn visit_bool<E: Error>(self, v: bool) -> Result<Value, E> {
        self.weigh(0)?;
        Ok(Value::Bool(v))
    }

    fn visit_i64<E: Error>(self, v: i64) -> Result<Value, E> {
        self.weigh(0)?;
        Ok(v.into())
    }

    fn visit_u64<E: Error>(self, v: u64) -> Result<Value, E> {
        self.weigh(0)?;
        Ok(v.into())
    }

    fn visit_f64<E: Error>(self, v: f64) -> Result<Value, E> {
        self.weigh(0)?;
        Number::from_f64(v).map(Value::Number).ok_or_else(|| E::custom("a number is not finite"))
    }

    fn visit_str<E: Error>(self, v: &str) -> Result<Value, E> {
        self.weigh(v.len())?;
        Ok(Value::String(v.to_owned()))
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        self.weigh(0)?;
        Ok(Value::Null)
    }

    /// An empty document.
    fn visit_none<E: Error>(self) -> Result<Value, E> {
        self.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        self.weigh(0)?;
        let mut list = Vec::new();
        while let Some(value) = seq.next_element_seed(self)? {
            list.push(value);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        self.weigh(0)?;
        let mut members = Map::new();
        while let Some(name) = map.next_key_seed(Name)? {
            self.weigh(name.len())?;
            if members.contains_key(&name) {
                return Err(A::Error::custom(format!("duplicate entry with key {name:?}")));
            }
            let value = map.next_value_seed(self)?;
            members.insert(name, value);
        }
        Ok(Value::Object(members))
    }

    /// `!name value` means what `{name: value}` means.
    fn visit_enum<A: EnumAccess<'de>>(self, data: A) -> Result<Value, A::Error> {
        let (name, contents) = data.variant_seed(Name)?;
        self.weigh(name.len())?;
        let value = contents.newtype_variant_seed(self)?;
        Ok(Value::Object(Map::from_iter([(name, value)])))
    }
}

/// The name of a member: a text, or a number or truth value as it is spelt.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for Name {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, v: &str) -> Result<String, E> {
        Ok(v.to_owned())
    }

    fn visit_bool<E: Error>(self, v: bool) -> Result<String, E> {
        Ok(v.to_string())
    }

    fn visit_i64<E: Error>(self, v: i64) -> Result<String, E> {
        Ok(v.to_string())
    }

    fn visit_u64<E: Error>(self, v: u64) -> Result<String, E> {
        Ok(v.to_string())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn yaml_and_json_become_the_same_tree() {
        let yaml = "a: [1, -2, 1.5, true, null, ~]\n\"b\": &x {c: 'd', 7: e, true: f}\ng: *x\nh: !i {j: k}\n";
        let same = json!({
            "a": [1, -2, 1.5, true, null, null], "b": {"c": "d", "7": "e", "true": "f"},
            "g": {"c": "d", "7": "e", "true": "f"}, "h": {"i": {"j": "k"}},
        });
        assert_eq!(read(yaml).unwrap(), same);
        assert_eq!(read(&same.to_string()).unwrap(), same);
        assert_eq!(read("{a: b}").unwrap(), json!({"a": "b"}));
        // JSON may hold characters that YAML refuses unless they are escaped.
        let odd = json!({"a": "\u{7f}\u{fffe}\u{feff}\u{85}\u{2028}"});
        assert_eq!(read(&odd.to_string()).unwrap(), odd);
    }

    #[test]
    fn what_cannot_be_one_tree_is_refused() {
        for bad in [
            "a: 1\na: 2",
            r#"{"a": 1, "a": 2}"#,
            "{a: 1, 'a': 2}",
            "a: .nan",
            "a: .inf",
            "? [a]\n: b",
            "a: [",
            "{} {}",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    /// A thousand names for one text of a hundred thousand letters.
    #[test]
    fn aliases_do_not_multiply_without_end() {
        let bomb = format!("a: &a {}\nb: [{}]", "x".repeat(100_000), "*a,".repeat(1_000));
        assert!(read(&bomb).unwrap_err().contains("too large with its aliases"));
        let many = format!("a: &a [{}]\nb: [{}]", "1,".repeat(20_000), "*a,".repeat(20_000));
        assert!(read(&many).unwrap_err().contains("too large with its aliases"));
    }
}
