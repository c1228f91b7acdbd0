//! What went wrong with a form that a browser posted without the script, and what to fill in again.

use std::collections::BTreeMap;
use std::fmt;

use leadline_core::submission::FieldMistake;

/// Why a posted form comes back to the person, with what was typed. Its `Debug` shows nothing of that.
#[derive(Clone, PartialEq, Eq)]
pub struct Notice {
    /// What is wrong. Of a mistake whose `field` is no input of the form, the detail is told by itself; so it can also
    /// say why the form as a whole could not be taken just now.
    pub mistakes: Vec<FieldMistake>,
    /// What came in, by input name, to fill in again.
    pub values: BTreeMap<String, String>,
}

impl Notice {
    /// Some inputs cannot be taken. Of an input that came twice the last value is filled in again.
    pub fn of_mistakes(mistakes: Vec<FieldMistake>, inputs: Vec<(String, String)>) -> Self {
        Self { mistakes, values: inputs.into_iter().collect() }
    }

    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    pub(super) fn mistake(&self, name: &str) -> Option<&str> {
        self.mistakes.iter().find(|m| m.field == name).map(|m| m.detail.as_str())
    }
}

impl fmt::Debug for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Notice({} mistakes, {} inputs)", self.mistakes.len(), self.values.len())
    }
}

/// The first letter in upper case: details begin in lower case, since the API quotes them within sentences.
pub(super) fn sentence(detail: &str) -> String {
    let mut rest = detail.chars();
    rest.next().map(|first| first.to_uppercase().chain(rest).collect()).unwrap_or_default()
}
