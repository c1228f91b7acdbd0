//! What a lead asks of whoever takes it: a language, skills. What nobody knows of a lead excludes nobody.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{LeadValue, Rep};
use crate::condition::{Subject, View};
use crate::ids::RuleId;

/// A language by its ISO 639 code of two or three letters, such as `de`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Language(String);

/// A text that is not a language's code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a language's code; write two or three small letters, such as de")]
pub struct NotALanguage(String);

impl Language {
    /// Reads a code as a playbook has it.
    ///
    /// # Errors
    /// [`NotALanguage`] for anything but two or three small letters.
    pub fn parse(text: &str) -> Result<Self, NotALanguage> {
        let fits = matches!(text.len(), 2 | 3) && text.bytes().all(|b| b.is_ascii_lowercase());
        if fits { Ok(Self(text.to_owned())) } else { Err(NotALanguage(text.to_owned())) }
    }

    /// Reads what somebody typed: `DE`, `de-AT` and `de_CH` are all `de`. Nothing for words.
    fn typed(text: &str) -> Option<Self> {
        let first = text.trim().split(['-', '_']).next()?;
        Self::parse(&first.to_lowercase()).ok()
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Language {
    type Error = NotALanguage;
    fn try_from(text: String) -> Result<Self, NotALanguage> {
        Self::parse(&text)
    }
}

impl From<Language> for String {
    fn from(language: Language) -> String {
        language.0
    }
}

/// The name of a value of a lead, as in conditions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ValueOf(Subject);

impl TryFrom<String> for ValueOf {
    type Error = String;
    fn try_from(name: String) -> Result<Self, String> {
        let unknown =
            || format!("there is no field {name:?}; use one such as `country`, `form` or `answers.<input>`");
        Subject::parse(&name).map(ValueOf).ok_or_else(unknown)
    }
}

impl From<ValueOf> for String {
    fn from(value: ValueOf) -> String {
        value.0.name()
    }
}

/// Where a lead's language is to be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LanguageOf {
    /// In which value: what stands there is a code already, or is looked up.
    pub field: ValueOf,
    /// The languages that go with a value, any of which will do: `CH: [de, fr, it]`. Upper and lower case are the same.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub map: BTreeMap<String, Vec<Language>>,
}

/// What the leads of a route ask of a rep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct Needs {
    /// All of these skills.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub skills: Vec<RuleId>,
    /// This language, whatever the lead says.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub language: Option<Language>,
    /// The lead's own language, if it can be told.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub language_of: Option<LanguageOf>,
}

impl Needs {
    /// Whether nothing is asked for.
    pub fn is_nothing(&self) -> bool {
        *self == Needs::default()
    }

    /// The languages any of which will do; none when no language is asked for, or the lead's cannot be told.
    fn languages(&self, view: View<'_>) -> BTreeSet<Language> {
        if let Some(language) = &self.language {
            return BTreeSet::from([language.clone()]);
        }
        let Some((of, seen)) = self.language_of.as_ref().and_then(|of| Some((of, view.text(&of.field.0)?)))
        else {
            return BTreeSet::new();
        };
        let seen = seen.trim();
        let same = |name: &&String| name.to_lowercase() == seen.to_lowercase();
        match of.map.keys().find(same).and_then(|name| of.map.get(name)) {
            Some(languages) => languages.iter().cloned().collect(),
            // With a map the value is a name of something else, such as a country: `it` is Italy, not Italian.
            None if of.map.is_empty() => Language::typed(seen).into_iter().collect(),
            None => BTreeSet::new(),
        }
    }
}

/// What one lead asks of whoever takes it, and what it is worth.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    /// Any of these languages; none when it does not matter.
    pub languages: BTreeSet<Language>,
    /// All of these skills.
    pub skills: Vec<RuleId>,
    /// What it adds to the worth of the rep's leads.
    pub value: u32,
}

impl Wanted {
    /// What a lead wants that came by a route with these needs.
    pub fn of(needs: Option<&Needs>, value: &LeadValue, view: View<'_>) -> Wanted {
        Wanted {
            languages: needs.map(|needs| needs.languages(view)).unwrap_or_default(),
            skills: needs.map(|needs| needs.skills.clone()).unwrap_or_default(),
            value: value.of(view.lead),
        }
    }

    pub(super) fn speaks(&self, rep: &Rep) -> bool {
        self.languages.is_empty() || rep.languages.iter().any(|language| self.languages.contains(language))
    }

    pub(super) fn is_skilled(&self, rep: &Rep) -> bool {
        self.skills.iter().all(|skill| rep.skills.contains(skill))
    }
}
