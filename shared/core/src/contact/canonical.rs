//! The form of an e-mail address that tells mailboxes apart.

use super::serialized::serialized_as_text;
use super::{Domain, EmailAddress, EmailError};
use std::fmt;
use unicode_normalization::UnicodeNormalization;

/// A mailbox, whichever way its address is spelt: without case, tag, and the dots Gmail ignores.
///
/// For comparing only. Mail goes to the [`EmailAddress`] as it was typed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CanonicalEmail {
    text: String,
    local_bytes: usize,
}

impl CanonicalEmail {
    /// Reads an address and takes its canonical form.
    ///
    /// # Errors
    ///
    /// As [`EmailAddress::parse`].
    pub fn parse(raw: &str) -> Result<Self, EmailError> {
        EmailAddress::parse(raw).map(|address| address.canonical())
    }

    /// The canonical address.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The canonical form of a checked local part and a domain.
    pub(super) fn of(local: &str, domain: &Domain) -> Self {
        let folded = fold_local(local);
        // A tag of which nothing would be left before is no tag; dots before a tag end the local part otherwise.
        let untagged = match folded.split_once('+') {
            Some((name, _)) if !name.is_empty() => name.trim_end_matches('.'),
            _ => &folded,
        };
        // Without a dot between them, a letter and a mark compose.
        let (local, domain): (String, _) = match domain.as_str() {
            "gmail.com" | "googlemail.com" => (untagged.replace('.', "").nfkc().collect(), "gmail.com"),
            other => (untagged.to_owned(), other),
        };
        Self { text: format!("{local}@{domain}"), local_bytes: local.len() }
    }

    /// What stands before the `@`.
    pub(super) fn local(&self) -> &str {
        &self.text[..self.local_bytes]
    }
}

/// A local part without compatibility forms and case; folding twice changes nothing.
pub(super) fn fold_local(local: &str) -> String {
    let compatible: String = local.nfkc().collect();
    compatible.chars().flat_map(char::to_lowercase).nfkc().collect()
}

impl fmt::Debug for CanonicalEmail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CanonicalEmail(…{})", &self.text[self.local_bytes..])
    }
}

serialized_as_text!(CanonicalEmail, as_str, parse);
