//! Companies: whether two descriptions mean the same one, with a grade and the rule that gave it, and the named accounts
//! of a playbook.

mod accounts;
mod name;

use serde::{Deserialize, Serialize};

use crate::contact::{Domain, Phone, Postcode};

pub use accounts::{Account, AccountMatch, AccountRules, Accounts};
pub use name::CompanyName;

/// What is known of a company.
#[derive(Debug, Clone, Default)]
pub struct Known<'a> {
    /// Its name, as somebody wrote it; a guess from the domain is none.
    pub name: Option<CompanyName>,
    /// Its registrable domains; never those of free-mail or throw-away providers.
    pub domains: Vec<&'a Domain>,
    /// A telephone number.
    pub phone: Option<&'a Phone>,
    /// Where it is.
    pub postcode: Option<&'a Postcode>,
}

/// How sure it is that two companies are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// They are not, as far as anybody can tell.
    No,
    /// Worth a look by a person.
    Possible,
    /// Near enough to act on.
    Probable,
    /// They are.
    Same,
}

/// What supports a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SupportingKey {
    /// A common domain.
    Domain,
    /// The same telephone number.
    Phone,
    /// The same postcode.
    Postcode,
}

/// The rule that gave a grade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "rule", content = "with", rename_all = "snake_case")]
pub enum MatchRule {
    /// Nothing agrees.
    Nothing,
    /// A common domain, and no name to go with it or another one.
    DomainAlone,
    /// Names that are alike, and nothing else.
    CloseName,
    /// Names that are alike, with something that supports it.
    CloseNameAnd(SupportingKey),
    /// The same name.
    ExactName,
    /// The same name, with something that supports it.
    ExactNameAnd(SupportingKey),
    /// A common domain of a company of which only the domain is given.
    ListedDomain,
}

impl MatchRule {
    /// The grade that it gives.
    pub const fn grade(self) -> Grade {
        match self {
            MatchRule::Nothing => Grade::No,
            MatchRule::DomainAlone | MatchRule::CloseName => Grade::Possible,
            MatchRule::CloseNameAnd(_) | MatchRule::ExactName => Grade::Probable,
            MatchRule::ExactNameAnd(_) | MatchRule::ListedDomain => Grade::Same,
        }
    }

    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            MatchRule::Nothing => "nothing agrees",
            MatchRule::DomainAlone => "only the domain agrees",
            MatchRule::CloseName => "the names are alike",
            MatchRule::CloseNameAnd(SupportingKey::Domain) => "the names are alike and the domain agrees",
            MatchRule::CloseNameAnd(SupportingKey::Phone) => {
                "the names are alike and the phone number agrees"
            }
            MatchRule::CloseNameAnd(SupportingKey::Postcode) => "the names are alike and the postcode agrees",
            MatchRule::ExactName => "the name agrees",
            MatchRule::ExactNameAnd(SupportingKey::Domain) => "name and domain agree",
            MatchRule::ExactNameAnd(SupportingKey::Phone) => "name and phone number agree",
            MatchRule::ExactNameAnd(SupportingKey::Postcode) => "name and postcode agree",
            MatchRule::ListedDomain => "the domain is listed",
        }
    }
}

/// Compares two companies: the strongest rule that holds.
pub fn compare(one: &Known<'_>, other: &Known<'_>) -> MatchRule {
    let key = supporting_key(one, other);
    match (&one.name, &other.name) {
        (Some(a), Some(b)) if a == b => key.map_or(MatchRule::ExactName, MatchRule::ExactNameAnd),
        (Some(a), Some(b)) if a.is_like(b) => key.map_or(MatchRule::CloseName, MatchRule::CloseNameAnd),
        _ if key == Some(SupportingKey::Domain) => MatchRule::DomainAlone,
        _ => MatchRule::Nothing,
    }
}

fn supporting_key(one: &Known<'_>, other: &Known<'_>) -> Option<SupportingKey> {
    let both = |a: Option<&str>, b: Option<&str>| a.is_some() && a == b;
    if one.domains.iter().any(|d| other.domains.contains(d)) {
        Some(SupportingKey::Domain)
    } else if both(one.phone.map(Phone::as_str), other.phone.map(Phone::as_str)) {
        Some(SupportingKey::Phone)
    } else if both(one.postcode.map(Postcode::as_str), other.postcode.map(Postcode::as_str)) {
        Some(SupportingKey::Postcode)
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
