//! The person and the company: what decisions look at, each value with where it came from.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::Field;
use crate::contact::{
    CountryCode, Domain, EmailAddress, JobFunction, Phone, Postcode, Seniority, Subdivision,
};

/// The person.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// The address of the first submission; the lead's identity.
    pub email: EmailAddress,
    /// The telephone number in E.164.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub phone: Option<Phone>,
    /// Given name.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub first_name: Option<String>,
    /// Family name.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_name: Option<String>,
    /// Job title, as given.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub title: Option<String>,
    /// Rank, from the title.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub seniority: Option<Seniority>,
    /// Line of work, from the title.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub function: Option<JobFunction>,
    /// Where the person is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub country: Option<CountryCode>,
    /// The state, province or Land there.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub subdivision: Option<Subdivision>,
    /// The postcode there.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub postcode: Option<Postcode>,
}

impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Contact(…)")
    }
}

/// The organisation that the person speaks for.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Company {
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
    /// Its registrable domain; never a free-mail provider's.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub domain: Option<Domain>,
    /// How many people work there.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub employees: Option<u32>,
    /// Its industry, in the words of form or provider.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub industry: Option<String>,
    /// Where its seat is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub country: Option<CountryCode>,
}

impl fmt::Debug for Company {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Company(…)")
    }
}

/// Person and company, with the origin of each value that is set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The person.
    pub contact: Contact,
    /// The company.
    #[serde(default)]
    pub company: Company,
    /// Where each value came from.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub origins: BTreeMap<Field, Origin>,
}

/// A value on its way into or out of a profile.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FieldValue {
    /// A whole number.
    Number(i64),
    /// A text.
    Text(String),
}

impl fmt::Debug for FieldValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FieldValue(…)")
    }
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Origin {
    /// A form, without proof of who typed it.
    Form,
    /// A form, with the visitor token of the first submission.
    Verified,
    /// The CRM.
    Crm,
    /// Worked out from other values with our own lists.
    Derived,
    /// An enrichment provider.
    Provider(String),
}

impl From<Origin> for String {
    fn from(origin: Origin) -> String {
        match origin {
            Origin::Form => "form".to_owned(),
            Origin::Verified => "verified".to_owned(),
            Origin::Crm => "crm".to_owned(),
            Origin::Derived => "derived".to_owned(),
            Origin::Provider(name) => format!("provider:{name}"),
        }
    }
}

impl TryFrom<String> for Origin {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "form" => Ok(Origin::Form),
            "verified" => Ok(Origin::Verified),
            "crm" => Ok(Origin::Crm),
            "derived" => Ok(Origin::Derived),
            other => other
                .strip_prefix("provider:")
                .map(|name| Origin::Provider(name.to_owned()))
                .ok_or_else(|| "an origin".to_owned()),
        }
    }
}

impl Profile {
    /// A profile of which only the address is known.
    pub fn new(email: EmailAddress, origin: Origin) -> Self {
        let contact = Contact {
            email,
            phone: None,
            first_name: None,
            last_name: None,
            title: None,
            seniority: None,
            function: None,
            country: None,
            subdivision: None,
            postcode: None,
        };
        Self { contact, company: Company::default(), origins: BTreeMap::from([(Field::Email, origin)]) }
    }

    /// What is left of an erased person: nothing, under a reserved name that no mail can reach (RFC 2606).
    pub(crate) fn erased() -> Self {
        let email = EmailAddress::parse("erased@erased.invalid").expect("a valid address");
        Self { origins: BTreeMap::new(), ..Profile::new(email, Origin::Derived) }
    }

    /// The value of a field, if it is known.
    pub fn get(&self, field: Field) -> Option<FieldValue> {
        let text = |s: &str| Some(FieldValue::Text(s.to_owned()));
        let (contact, company) = (&self.contact, &self.company);
        match field {
            Field::Email => text(contact.email.as_str()),
            Field::Phone => contact.phone.as_ref().and_then(|p| text(p.as_str())),
            Field::FirstName => contact.first_name.as_deref().and_then(text),
            Field::LastName => contact.last_name.as_deref().and_then(text),
            Field::Title => contact.title.as_deref().and_then(text),
            Field::Seniority => contact.seniority.and_then(|s| text(s.name())),
            Field::Function => contact.function.and_then(|f| text(f.name())),
            Field::Country => contact.country.as_ref().and_then(|c| text(c.as_str())),
            Field::Subdivision => contact.subdivision.as_ref().and_then(|s| text(s.as_str())),
            Field::Postcode => contact.postcode.as_ref().and_then(|p| text(p.as_str())),
            Field::CompanyName => company.name.as_deref().and_then(text),
            Field::CompanyDomain => company.domain.as_ref().and_then(|d| text(d.as_str())),
            Field::Employees => company.employees.map(|n| FieldValue::Number(i64::from(n))),
            Field::Industry => company.industry.as_deref().and_then(text),
            Field::CompanyCountry => company.country.as_ref().and_then(|c| text(c.as_str())),
        }
    }

    /// Sets a field to a value that fits it and remembers the origin. Returns whether the value fitted; the address
    /// is never changed, it is the identity.
    pub fn set(&mut self, field: Field, value: &FieldValue, origin: Origin) -> bool {
        let text = match value {
            FieldValue::Text(text) => text.trim().to_owned(),
            FieldValue::Number(number) => number.to_string(),
        };
        if text.is_empty() {
            return false;
        }
        let country = self.contact.country;
        let (contact, company) = (&mut self.contact, &mut self.company);
        let fitted = match field {
            Field::Email => false,
            Field::Phone => put(&mut contact.phone, Phone::parse(&text, country).ok()),
            Field::FirstName => put(&mut contact.first_name, Some(text)),
            Field::LastName => put(&mut contact.last_name, Some(text)),
            Field::Title => put(&mut contact.title, Some(text)),
            Field::Seniority => put(&mut contact.seniority, named(text)),
            Field::Function => put(&mut contact.function, named(text)),
            Field::Country => put(&mut contact.country, CountryCode::parse(&text).ok()),
            Field::Subdivision => put(&mut contact.subdivision, Subdivision::parse(&text, country).ok()),
            Field::Postcode => put(&mut contact.postcode, Postcode::parse(&text, country).ok()),
            Field::CompanyName => put(&mut company.name, Some(text)),
            Field::CompanyDomain => put(&mut company.domain, business_domain(&text)),
            Field::Employees => put(&mut company.employees, employees(&text)),
            Field::Industry => put(&mut company.industry, Some(text)),
            Field::CompanyCountry => put(&mut company.country, CountryCode::parse(&text).ok()),
        };
        if fitted {
            self.origins.insert(field, origin);
        }
        let moved = field == Field::Country && country.is_some() && country != self.contact.country;
        if moved && fitted {
            // What was said of a place in another country is beside the point.
            self.contact.postcode = None;
            self.origins.remove(&Field::Postcode);
        }
        let (place, country) = (&self.contact.subdivision, self.contact.country);
        if place.as_ref().zip(country).is_some_and(|(place, country)| place.country() != country) {
            self.contact.subdivision = None;
            self.origins.remove(&Field::Subdivision);
        }
        fitted
    }
}

impl Profile {
    /// Forgets a value that our own lists worked out, because what it followed from has changed.
    pub(crate) fn forget_derived(&mut self, field: Field) {
        if self.origins.get(&field) != Some(&Origin::Derived) {
            return;
        }
        match field {
            Field::Seniority => self.contact.seniority = None,
            Field::Function => self.contact.function = None,
            Field::Country => self.contact.country = None,
            _ => return,
        }
        self.origins.remove(&field);
    }
}

fn put<T>(slot: &mut Option<T>, value: Option<T>) -> bool {
    let fits = value.is_some();
    if fits {
        *slot = value;
    }
    fits
}

/// A value of a closed list, by its name.
fn named<T: serde::de::DeserializeOwned>(name: String) -> Option<T> {
    serde_json::from_value(serde_json::Value::String(name)).ok()
}

/// The registrable domain of an address or host that belongs to a business.
pub(crate) fn business_domain(text: &str) -> Option<Domain> {
    let host =
        text.trim().trim_start_matches("https://").trim_start_matches("http://").trim_start_matches("www.");
    let host = host.split(['/', '?', '#', ':']).next().unwrap_or_default();
    let domain = Domain::parse(host).ok()?;
    if domain.is_free_mail() || domain.is_disposable() {
        return None;
    }
    Domain::parse(domain.registrable()?).ok()
}

/// A head count from `250`, `1,200`, or a range such as `51-200`, of which the lower end is taken.
fn employees(text: &str) -> Option<u32> {
    let first = text.split(['-', '–', '+']).next()?;
    // Thousands come in threes; what else follows a point or comma is a fraction.
    let first = match first.rsplit_once(['.', ',']) {
        Some((whole, fraction)) if fraction.trim().len() != 3 => whole,
        _ => first,
    };
    let digits: String = first.chars().filter(|c| !matches!(c, ',' | '.' | '\'' | ' ' | '\u{a0}')).collect();
    digits.parse().ok()
}
