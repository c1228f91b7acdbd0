//! Identifiers. Random ones are drawn by the caller; named ones come from the playbook.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A text that is not an identifier of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {kind}: {rule}")]
pub struct IdError {
    kind: &'static str,
    rule: &'static str,
}

const HEX: &[u8; 16] = b"0123456789abcdef";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|b| [HEX[usize::from(b >> 4)] as char, HEX[usize::from(b & 15)] as char]).collect()
}

macro_rules! random_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $bytes:literal, $kind:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Makes the identifier from random (or keyed-hash) bits, as many of the first as it takes.
            pub fn from_bits(bits: [u8; 16]) -> Self {
                Self(format!(concat!($prefix, "{}"), hex(&bits[..$bytes])))
            }

            /// Parses the wire form: the prefix and lower-case hexadecimal digits, two for each byte.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                let digits = text.strip_prefix($prefix).filter(|d| {
                    d.len() == 2 * $bytes && d.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
                });
                match digits {
                    Some(_) => Ok(Self(text.to_owned())),
                    None => Err(IdError {
                        kind: $kind,
                        rule: concat!("expected ", $prefix, " and hexadecimal digits, two for each of ", $bytes, " bytes"),
                    }),
                }
            }

            /// The wire form.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }
    };
}

macro_rules! named_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Parses a name: 1 to 64 of `a-z`, `0-9`, `-`, `_`, beginning with a letter or digit.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
                let fits = (1..=64).contains(&text.len())
                    && text.bytes().next().is_some_and(word)
                    && text.bytes().all(|b| word(b) || b == b'-' || b == b'_');
                if fits {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(IdError { kind: $kind, rule: "use 1 to 64 of a-z, 0-9, - and _, beginning with a letter or digit" })
                }
            }

            /// The name.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }
    };
}

random_id!(
    /// A lead. Random, so that it tells nothing about the person.
    LeadId, "ld_", 16, "lead id"
);
random_id!(
    /// One form submission, as acknowledged to the sender.
    SubmissionId, "sub_", 16, "submission id"
);
random_id!(
    /// One attempt to commit a transition; proves after an unclear answer that a commit was ours. Shorter than others: it
    /// is compared only with other attempts at the same lead, and stands twice in each row.
    AttemptId, "at_", 8, "attempt id"
);
random_id!(
    /// A browser that was given a signed visitor token.
    VisitorId, "vis_", 16, "visitor id"
);
random_id!(
    /// Stands for a company: a keyed hash of its domain, so that the table does not list companies.
    CompanyKey, "co_", 16, "company key"
);
random_id!(
    /// A row that carries one notification through its retries.
    DeliveryId, "dl_", 16, "delivery id"
);
random_id!(
    /// One erasure, and the receipt of it.
    ErasureId, "er_", 16, "erasure id"
);

named_id!(
    /// A form of the playbook.
    FormId, "form id"
);
named_id!(
    /// A salesperson of the playbook.
    RepId, "rep id"
);
named_id!(
    /// A pool of reps.
    PoolId, "pool id"
);
named_id!(
    /// A calendar of the playbook.
    CalendarId, "calendar name"
);
named_id!(
    /// A rule, veto, route, policy or channel of the playbook; the name decision records quote.
    RuleId, "rule name"
);

/// The number of a published playbook; 0 is the one bundled with the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Default)]
#[serde(transparent)]
pub struct PlaybookVersion(pub u32);

impl fmt::Display for PlaybookVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_ids_round_trip_and_refuse_anything_else() {
        let id = LeadId::from_bits([0xab; 16]);
        assert_eq!(id.as_str(), format!("ld_{}", "ab".repeat(16)));
        assert_eq!(LeadId::parse(id.as_str()), Ok(id.clone()));
        for bad in
            ["", "ld_", "sub_abababababababababababababababab", "ld_ABABABABABABABABABABABABABABABAB", "ld_é"]
        {
            assert!(LeadId::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn named_ids_are_plain_slugs() {
        assert!(FormId::parse("demo-request").is_ok());
        for bad in ["", "Demo", "-x", "a b", "a#b", &"x".repeat(65)] {
            assert!(FormId::parse(bad).is_err(), "{bad}");
        }
    }
}
