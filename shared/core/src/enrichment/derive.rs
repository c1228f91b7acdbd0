//! What our own lists and rules work out, without asking anybody.

use jiff::Timestamp;

use super::{Fact, WritePolicy, apply};
use crate::contact::{PersonName, Phone, function_of, seniority_of};
use crate::lead::{Field, FieldValue, Origin, Profile};
use crate::submission::Submission;

/// Derives facts from the profile and the submission it came with. What an earlier fact fills, a later one may use.
pub fn derive(profile: &Profile, submission: Option<&Submission>, at: Timestamp) -> Vec<Fact> {
    let mut facts: Vec<Fact> = Vec::new();
    let mut profile = profile.clone();
    let mut found = |profile: &mut Profile, field: Field, value: Option<String>, method: &str| {
        let (Some(value), None) = (value, profile.get(field)) else { return };
        let fact = Fact {
            field,
            value: FieldValue::Text(value),
            source: Origin::Derived,
            method: method.to_owned(),
            at,
            policy: WritePolicy::FillEmpty,
        };
        (*profile, _) = apply(profile, std::slice::from_ref(&fact));
        facts.push(fact);
    };

    if let Some(name) = submission.and_then(full_name) {
        found(&mut profile, Field::FirstName, name.first().map(str::to_owned), "full name");
        found(&mut profile, Field::LastName, name.last().map(str::to_owned), "full name");
    }

    let domain = profile.contact.email.domain().clone();
    if !domain.is_free_mail() && !domain.is_disposable() {
        let registrable = domain.registrable().map(str::to_owned);
        found(&mut profile, Field::CompanyDomain, registrable, "registrable domain of the address");
    }
    let guess = profile.company.domain.as_ref().and_then(|d| d.company_name());
    found(&mut profile, Field::CompanyName, guess, "name of the domain");

    let title = profile.contact.title.clone().unwrap_or_default();
    found(&mut profile, Field::Seniority, seniority_of(&title).map(|s| s.name().to_owned()), "job title");
    found(&mut profile, Field::Function, function_of(&title).map(|f| f.name().to_owned()), "job title");

    let typed_phone = submission.and_then(typed_phone);
    let country = profile.contact.country;
    let phone = typed_phone.and_then(|raw| Phone::parse(raw, country).ok());
    found(&mut profile, Field::Phone, phone.map(|p| p.as_str().to_owned()), "number in the person's country");
    let country = profile.contact.phone.as_ref().and_then(Phone::country);
    found(
        &mut profile,
        Field::Country,
        country.map(|c| c.as_str().to_owned()),
        "country of the phone number",
    );
    facts
}

fn full_name(submission: &Submission) -> Option<PersonName> {
    let typed = ["name", "full_name", "your_name"].iter().find_map(|n| submission.answers.get(*n))?;
    PersonName::parse(typed).ok()
}

fn typed_phone(submission: &Submission) -> Option<&str> {
    submission
        .answers
        .iter()
        .find(|(name, _)| Field::of_input(name) == Some(Field::Phone))
        .map(|(_, v)| v.as_str())
}
