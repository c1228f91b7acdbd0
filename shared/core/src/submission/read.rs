//! Reading a submission against its form: every mistake at once, nothing lost.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::{Consent, Form, FormField, InputType, TRACKING};
use crate::contact::{CanonicalEmail, CountryCode, EmailAddress};
use crate::lead::{Field, FieldValue, Origin, Profile};

/// One input that cannot be taken, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldMistake {
    /// The input.
    pub field: String,
    /// What is wrong and how to mend it. Never repeats what was typed.
    pub detail: String,
}

/// A submission that its form accepts. Its `Debug` shows nothing that was typed.
#[derive(Clone, PartialEq)]
pub struct Reading {
    /// Everything that is not tracking or ours, exactly as typed.
    pub answers: BTreeMap<String, String>,
    /// UTM parameters, click ids, landing page and referrer.
    pub tracking: BTreeMap<String, String>,
    /// The person and the company as typed.
    pub profile: Profile,
    /// Mailboxes in other inputs for addresses than the one that is the identity.
    pub mailboxes: Vec<CanonicalEmail>,
    /// Consents given.
    pub consents: Vec<Consent>,
    /// The form token, if one came along.
    pub token: Option<String>,
    /// The visitor token, if one came along.
    pub visitor: Option<String>,
    /// The input that people do not see was filled in.
    pub honeypot_filled: bool,
}

impl std::fmt::Debug for Reading {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Reading({} answers)", self.answers.len())
    }
}

const OURS: [&str; 3] = ["_token", "_visitor", "_submission_key"];

/// Reads the inputs of a body against the form. Empty inputs count as not given.
pub fn read(
    form: &Form,
    inputs: Vec<(String, String)>,
    now: Timestamp,
) -> Result<Reading, Vec<FieldMistake>> {
    let mut answers = BTreeMap::new();
    let mut tracking = BTreeMap::new();
    let mut ours = BTreeMap::new();
    let mut honeypot_filled = false;
    for (name, value) in inputs {
        if name == form.spam.honeypot {
            honeypot_filled |= !value.trim().is_empty();
        } else if OURS.contains(&name.as_str()) {
            ours.insert(name, value);
        } else if TRACKING.contains(&name.as_str()) {
            tracking.insert(name, value);
        } else {
            answers.insert(name, value);
        }
    }

    let mut mistakes = Vec::new();
    let given = |name: &str| answers.get(name).map(|v| v.as_str()).filter(|v| !v.trim().is_empty());
    for field in &form.fields {
        match given(&field.name) {
            None if field.required => mistakes.push(mistake(&field.name, "this field is required")),
            None => {}
            Some(value) => {
                mistakes.extend(check(field, value).err().map(|detail| mistake(&field.name, &detail)))
            }
        }
    }
    let mut consents = Vec::new();
    for rule in &form.consent {
        let ticked = given(&rule.name)
            .is_some_and(|v| matches!(v.trim().to_lowercase().as_str(), "on" | "true" | "yes" | "1"));
        if ticked {
            consents.push(Consent {
                purpose: rule.purpose.clone(),
                version: rule.version.clone(),
                text: rule.text.clone(),
                given_at: now,
                effective: true,
            });
        } else if rule.required {
            mistakes.push(mistake(
                &rule.name,
                "this consent is required; send `true` when the person has ticked it",
            ));
        }
    }

    let email_field = form.fields.iter().find(|f| f.input == InputType::Email && f.required);
    let email = email_field.and_then(|f| given(&f.name)).and_then(|v| EmailAddress::parse(v).ok());
    let (Some(email), true) = (email, mistakes.is_empty()) else {
        return Err(mistakes);
    };
    let own = email.canonical();
    let mut mailboxes = Vec::new();
    for field in form.fields.iter().filter(|f| f.input == InputType::Email) {
        let typed = given(&field.name).and_then(|v| EmailAddress::parse(v).ok()).map(|e| e.canonical());
        mailboxes.extend(typed.filter(|mailbox| *mailbox != own && !mailboxes.contains(mailbox)));
    }
    let mut profile = Profile::new(email, Origin::Form);
    profile.contact.country = form.country;
    for (field, value) in form.fields.iter().filter_map(|f| Some((f.field()?, given(&f.name)?))) {
        if field == Field::Country {
            profile.set(field, &FieldValue::Text(value.to_owned()), Origin::Form);
        }
    }
    for (field, value) in form.fields.iter().filter_map(|f| Some((f.field()?, given(&f.name)?))) {
        profile.set(field, &FieldValue::Text(value.to_owned()), Origin::Form);
    }
    if !profile.origins.contains_key(&Field::Country) {
        profile.contact.country = None;
    }
    Ok(Reading {
        answers,
        tracking,
        profile,
        mailboxes,
        consents,
        token: ours.remove("_token"),
        visitor: ours.remove("_visitor"),
        honeypot_filled,
    })
}

fn mistake(field: &str, detail: &str) -> FieldMistake {
    FieldMistake { field: field.to_owned(), detail: detail.to_owned() }
}

fn check(field: &FormField, value: &str) -> Result<(), String> {
    let length = value.chars().count();
    if length > field.max {
        return Err(format!("at most {} characters; this has {length}", field.max));
    }
    let trimmed = value.trim();
    match field.input {
        InputType::Email => EmailAddress::parse(trimmed).map(|_| ()).map_err(|error| {
            format!("not an e-mail address we can write to: {error}; use the form name@company.com")
        }),
        InputType::Number => {
            // Some programs write a whole number as 250.0.
            let whole = trimmed
                .split_once('.')
                .filter(|(_, f)| f.bytes().all(|b| b == b'0'))
                .map_or(trimmed, |(w, _)| w);
            whole.parse::<i64>().map(|_| ()).map_err(|_| "use a whole number".to_owned())
        }
        InputType::Select if field.options.iter().any(|o| o == trimmed) => Ok(()),
        InputType::Select => Err(format!("choose one of: {}", field.options.join(", "))),
        InputType::Country => CountryCode::parse(trimmed)
            .map(|_| ())
            .map_err(|_| "use a country code such as DE, or its English name".to_owned()),
        // A number we cannot read is kept as typed: the lead is worth more than its telephone number.
        InputType::Tel | InputType::Text | InputType::Textarea | InputType::Checkbox => Ok(()),
    }
}
