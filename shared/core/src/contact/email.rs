//! E-mail addresses as people type them into forms.

use super::serialized::serialized_as_text;
use super::{CanonicalEmail, Domain, DomainError, canonical, characters, role, script};
use std::fmt;
use unicode_normalization::UnicodeNormalization;

/// Longest local part, in bytes (RFC 5321, 4.5.3.1.1).
const MAX_LOCAL_BYTES: usize = 64;
/// Longest address, in bytes (RFC 5321, 4.5.3.1.3, less the angle brackets).
const MAX_BYTES: usize = 254;
/// Longer input is refused unread; no address of 254 bytes is spelt with so many.
const MAX_RAW_BYTES: usize = 1_024;

/// An address mail can be sent to; the local part as it was spelt, the domain in ASCII lower case.
///
/// Equal addresses are spelt alike. Whether two of them are one mailbox says [`EmailAddress::canonical`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EmailAddress {
    text: String,
    domain: Domain,
}

/// Why a text is not an e-mail address. No variant holds the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EmailError {
    /// Nothing but white space.
    #[error("an e-mail address is empty")]
    Empty,
    /// More than 254 bytes in all.
    #[error("an e-mail address has at most 254 bytes")]
    TooLong,
    /// More than 64 bytes before the `@`.
    #[error("the part before the @ has at most 64 bytes")]
    LocalTooLong,
    /// White space inside.
    #[error("an e-mail address has no spaces")]
    Space,
    /// A control character, or one that cannot be seen (zero-width space, direction override, …), inside.
    #[error("an e-mail address has no invisible characters")]
    Invisible,
    /// No `@`.
    #[error("an e-mail address needs an @")]
    NoAt,
    /// More than one `@`.
    #[error("an e-mail address has only one @")]
    SeveralAts,
    /// Nothing before the `@`.
    #[error("nothing stands before the @")]
    NoLocal,
    /// A quoted local part, `"a b"@example.com`: legal in mail, a mistake in a form.
    #[error("quotation marks do not belong into an e-mail address")]
    Quoted,
    /// A dot at the start or the end of the local part, or two in a row.
    #[error("the part before the @ has a dot at its start or end, or two in a row")]
    Dots,
    /// A character that a local part does not have unquoted.
    #[error("the part before the @ has a character that cannot stand there")]
    Character,
    /// An address literal, `a@[127.0.0.1]`.
    #[error("an e-mail address needs a domain name, not an IP address")]
    AddressLiteral,
    /// What follows the `@` is no domain.
    #[error("the part after the @ is wrong: {0}")]
    Domain(#[from] DomainError),
}

impl EmailAddress {
    /// Reads an address; the [module](crate::contact) documents every step.
    ///
    /// # Errors
    ///
    /// See [`EmailError`].
    pub fn parse(raw: &str) -> Result<Self, EmailError> {
        let trimmed = characters::trim(raw);
        if trimmed.is_empty() {
            return Err(EmailError::Empty);
        }
        if trimmed.len() > MAX_RAW_BYTES {
            return Err(EmailError::TooLong);
        }
        let text: String = trimmed.chars().map(characters::fold_width).nfc().collect();
        if text.starts_with('"') {
            return Err(EmailError::Quoted);
        }
        if text.chars().any(char::is_whitespace) {
            return Err(EmailError::Space);
        }
        if text.chars().any(|c| c.is_control() || characters::is_invisible(c)) {
            return Err(EmailError::Invisible);
        }
        let (local, domain) = text.split_once('@').ok_or(EmailError::NoAt)?;
        if domain.contains('@') {
            return Err(EmailError::SeveralAts);
        }
        if domain.starts_with('[') {
            return Err(EmailError::AddressLiteral);
        }
        check_local(local)?;
        // What is compared must be as well-formed as what is sent to: some characters hide a space, two dots or an @ in
        // their compatibility form.
        let folded = canonical::fold_local(local);
        check_local(&folded)?;
        let domain = Domain::parse(domain)?;
        if local.len().max(folded.len()) + 1 + domain.as_str().len() > MAX_BYTES {
            return Err(EmailError::TooLong);
        }
        Ok(Self { text: format!("{local}@{domain}"), domain })
    }

    /// The address to send to.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What follows the `@`.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// The form in which two spellings of one mailbox are equal.
    pub fn canonical(&self) -> CanonicalEmail {
        CanonicalEmail::of(self.local(), &self.domain)
    }

    /// Whether the address belongs to a function (`info@`, `sales.de@`) rather than a person.
    ///
    /// Such an address identifies nobody, so it must not bring two people together.
    pub fn is_role(&self) -> bool {
        role::is_role(self.canonical().local())
    }

    /// Whether the local part or a label of the domain mixes scripts, or the domain imitates Latin letters.
    ///
    /// A reason to look twice, not to refuse.
    pub fn has_suspicious_unicode(&self) -> bool {
        script::mixes(self.local()) || self.domain.has_suspicious_unicode()
    }

    fn local(&self) -> &str {
        &self.text[..self.text.len() - self.domain.as_str().len() - 1]
    }
}

/// Checks a local part, which has neither white space nor control characters any more in its first form.
fn check_local(local: &str) -> Result<(), EmailError> {
    let allowed = |c: char| match c {
        _ if c.is_ascii() => c.is_ascii_alphanumeric() || ".!#$%&'*+-/=?^_`{|}~".contains(c),
        _ => {
            !c.is_whitespace()
                && !c.is_control()
                && !characters::is_invisible(c)
                && !characters::is_meaningless(c)
        }
    };
    if local.is_empty() {
        Err(EmailError::NoLocal)
    } else if local.len() > MAX_LOCAL_BYTES {
        Err(EmailError::LocalTooLong)
    } else if local.contains('"') {
        Err(EmailError::Quoted)
    } else if !local.chars().all(allowed) {
        Err(EmailError::Character)
    } else if local.starts_with('.') || local.ends_with('.') || local.contains("..") {
        Err(EmailError::Dots)
    } else {
        Ok(())
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EmailAddress(…@{})", self.domain)
    }
}

serialized_as_text!(EmailAddress, as_str, parse);

#[cfg(test)]
mod tests;
