//! Providers: what to ask, and what of the answer to take.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Fact, WritePolicy};
use crate::ids::RuleId;
use crate::lead::{Field, FieldValue, Origin, Profile};

/// Enrichment as the playbook has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct EnrichmentRules {
    /// Providers, asked in this order.
    pub providers: Vec<Provider>,
}

/// One HTTP provider.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// Its name.
    pub provider: RuleId,
    /// The address to `GET`, with `{domain}`, `{email}` or any other field's name in braces.
    pub url: String,
    /// Headers to send.
    #[serde(default)]
    pub headers: BTreeMap<String, HeaderSource>,
    /// Which value of the answer, by JSON pointer, fills which field.
    pub fields: BTreeMap<Field, String>,
    /// What its values may replace.
    #[serde(default)]
    pub policy: WritePolicy,
    /// How long one answer may take.
    #[serde(default = "default_timeout")]
    pub timeout_ms: u64,
    /// How large it may be.
    #[serde(default = "default_bytes")]
    pub max_bytes: usize,
    /// How often to ask before giving up, with a pause of 1, 2, 4 … minutes between.
    #[serde(default = "default_attempts")]
    pub attempts: u32,
}

fn default_timeout() -> u64 {
    800
}

fn default_bytes() -> usize {
    65_536
}

fn default_attempts() -> u32 {
    5
}

/// Where a header's value comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeaderSource {
    /// It is written in the playbook; nothing secret.
    Value(String),
    /// It is the value of this secret.
    Secret(String),
}

impl Provider {
    /// The address for a profile; `None` when a value that it needs is not known or cannot stand in an address, so that
    /// there is nothing to ask.
    pub fn url_for(&self, profile: &Profile) -> Option<String> {
        let mut url = String::with_capacity(self.url.len() + 32);
        let mut rest = self.url.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            let (name, tail) = after.split_once('}')?;
            url.push_str(before);
            let value = match name {
                "domain" => profile.get(Field::CompanyDomain)?,
                name => profile.get(Field::parse(name)?)?,
            };
            let text = match value {
                FieldValue::Text(text) => text,
                FieldValue::Number(number) => number.to_string(),
            };
            // `.` and `..` name other places in a path, escaped or not.
            if text.bytes().all(|b| b == b'.') {
                return None;
            }
            // Everything but the unreserved characters is escaped, so that a value cannot change the address.
            for byte in text.bytes() {
                if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
                    url.push(byte as char);
                } else {
                    url.push_str(&format!("%{byte:02X}"));
                }
            }
            rest = tail;
        }
        url.push_str(rest);
        Some(url)
    }

    /// Whether every brace has its partner and all stand behind the host, which must not hang on what somebody typed.
    pub fn has_sound_placeholders(&self) -> bool {
        let after_scheme = self.url.split_once("://").map_or(self.url.as_str(), |(_, rest)| rest);
        let host = after_scheme.split(['/', '?', '#']).next().unwrap_or_default();
        let mut open = false;
        let paired = self.url.chars().all(|c| match c {
            '{' => !std::mem::replace(&mut open, true),
            '}' => std::mem::replace(&mut open, false),
            _ => true,
        });
        paired && !open && !host.contains('{')
    }

    /// The names in braces that are no field.
    pub fn unknown_placeholders(&self) -> Vec<String> {
        let names = self.url.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(name, _)| name);
        names.filter(|n| *n != "domain" && Field::parse(n).is_none()).map(str::to_owned).collect()
    }
}

/// The facts in a provider's answer. Values that are missing, null or of no use are left out.
pub fn facts_of(provider: &Provider, answer: &serde_json::Value, at: Timestamp) -> Vec<Fact> {
    let value = |pointer: &str| match answer.pointer(pointer)? {
        serde_json::Value::String(text) if !text.trim().is_empty() => {
            Some(FieldValue::Text(text.chars().take(500).collect()))
        }
        serde_json::Value::Number(number) => {
            // Some providers write head counts as 250.0.
            #[allow(clippy::cast_possible_truncation)]
            let whole =
                number.as_i64().or_else(|| number.as_f64().filter(|n| n.abs() < 1e15).map(|n| n as i64))?;
            Some(FieldValue::Number(whole))
        }
        _ => None,
    };
    provider
        .fields
        .iter()
        .filter_map(|(field, pointer)| {
            Some(Fact {
                field: *field,
                value: value(pointer)?,
                source: Origin::Provider(provider.provider.to_string()),
                method: pointer.clone(),
                at,
                policy: provider.policy,
            })
        })
        .collect()
}
