//! Enrichment: what can be worked out from what was typed, and what providers add. Every value carries its source,
//! the method, the time and the policy by which it may replace another.

mod derive;
mod provider;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::lead::{Event, EventKind, Field, FieldValue, Origin, Profile};

pub use derive::derive;
pub use provider::{EnrichmentRules, HeaderSource, Provider, facts_of};

/// One value that enrichment found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// Which value.
    pub field: Field,
    /// The value.
    pub value: FieldValue,
    /// Who says so.
    pub source: Origin,
    /// How it was found.
    pub method: String,
    /// When.
    pub at: Timestamp,
    /// What it may replace.
    pub policy: WritePolicy,
}

/// What the timeline tells of an enrichment: no values, which are personal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Findings {
    /// Which fields of the profile changed.
    pub fields: Vec<String>,
    /// The providers that gave data.
    pub providers: Vec<String>,
    /// How our own lists found what they did.
    pub derived: BTreeMap<Field, String>,
}

impl Findings {
    /// Of facts, of which those of `fields` changed the profile.
    pub fn of(facts: &[Fact], fields: Vec<String>, providers: Vec<String>) -> Self {
        let derived = facts.iter().filter(|fact| fact.source == Origin::Derived);
        Self { fields, providers, derived: derived.map(|fact| (fact.field, fact.method.clone())).collect() }
    }
}

impl From<Findings> for EventKind {
    fn from(found: Findings) -> EventKind {
        EventKind::Enriched { fields: found.fields, providers: found.providers, derived: found.derived }
    }
}

/// What a found value may replace. What the CRM or the verified person said is never replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum WritePolicy {
    /// Nothing: it only fills what is empty.
    #[default]
    FillEmpty,
    /// What enrichment found earlier.
    Refresh,
    /// That, and what was typed into a form.
    Override,
}

impl WritePolicy {
    fn may_replace(self, origin: Option<&Origin>) -> bool {
        match origin {
            None => true,
            Some(Origin::Crm | Origin::Verified) => false,
            Some(Origin::Derived | Origin::Provider(_)) => self != WritePolicy::FillEmpty,
            Some(Origin::Form) => self == WritePolicy::Override,
        }
    }
}

/// Applies facts in order; returns the profile and the names of the fields that changed.
pub fn apply(profile: &Profile, facts: &[Fact]) -> (Profile, Vec<String>) {
    let mut next = profile.clone();
    let mut changed = Vec::new();
    for fact in facts {
        let known = next.get(fact.field);
        if known.as_ref() == Some(&fact.value) {
            continue;
        }
        let may = known.is_none() || fact.policy.may_replace(next.origins.get(&fact.field));
        if !may {
            continue;
        }
        let before = next.clone();
        if next.set(fact.field, &fact.value, fact.source.clone()) && next.get(fact.field) != known {
            changed.push(fact.field.name().to_owned());
        } else {
            // The same value in another notation is no news.
            next = before;
        }
    }
    (next, changed)
}

impl Fact {
    /// What our own lists found in an enrichment, as the event of it and the lead's profile tell it.
    pub fn derived(event: &Event, profile: &Profile) -> Vec<Fact> {
        let EventKind::Enriched { derived, .. } = &event.kind else { return Vec::new() };
        let told = |(field, method): (&Field, &String)| {
            let value = profile.get(*field)?;
            let (field, method) = (*field, method.clone());
            Some(Fact {
                field,
                value,
                source: Origin::Derived,
                method,
                at: event.at,
                policy: WritePolicy::FillEmpty,
            })
        };
        derived
            .iter()
            .filter(|(field, _)| profile.origins.get(field) == Some(&Origin::Derived))
            .filter_map(told)
            .collect()
    }
}

#[cfg(test)]
mod tests;
