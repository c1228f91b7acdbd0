//! Conditions of the playbook: a small typed tree that terminates, explains itself and can be linted.
//!
//! A condition is true, false or unknown. Unknown is not false: a rule that looks at a value nobody knows gives
//! nothing, and says so.

mod doc;
mod solver;

use serde::{Deserialize, Serialize};

use doc::ConditionDoc;
pub use solver::{Answer, Cell, Example, MOST_STEPS, Question, Reach, Solver};

#[cfg(test)]
pub(crate) use solver::tests::{a_lead, small};

use crate::company::AccountMatch;
use crate::contact::compact;
use crate::lead::{Field, FieldValue, Lead};
use crate::submission::Touch;

/// The outcome of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Truth {
    /// It holds.
    Yes,
    /// It does not.
    No,
    /// It looks at something nobody knows.
    Unknown,
}

impl Truth {
    fn of(holds: bool) -> Self {
        if holds { Truth::Yes } else { Truth::No }
    }

    fn not(self) -> Self {
        match self {
            Truth::Yes => Truth::No,
            Truth::No => Truth::Yes,
            Truth::Unknown => Truth::Unknown,
        }
    }
}

/// What a condition looks at.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// A value of the profile.
    Profile(Field),
    /// `email.domain`: the registrable domain of the address: `eu.rival.example` is `rival.example`.
    EmailDomain,
    /// `email.free`: the address is at a free-mail provider.
    EmailFree,
    /// `email.disposable`: the address is a throw-away one.
    EmailDisposable,
    /// `email.role`: the address is a function's, such as info@.
    EmailRole,
    /// `form`: the form of the first submission, or of the touch.
    Form,
    /// `source`, `medium`, `campaign`, `page`, `referrer`, `channel` of the touch.
    Touch(TouchSubject),
    /// `touches`: how many submissions there are.
    Touches,
    /// `score.fit`.
    Fit,
    /// `score.interest`.
    Interest,
    /// `score.grade`.
    Grade,
    /// `cycle`: which pass this is.
    Cycle,
    /// `account`: the domain under which the company is a named account.
    Account,
    /// `account.list`: the list on which the named account stands.
    AccountList,
    /// `answers.<input>`: what was typed into an input of the form.
    Answer(String),
}

/// Parts of a touch that a condition can look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TouchSubject {
    /// `utm_source`.
    Source,
    /// `utm_medium`.
    Medium,
    /// `utm_campaign`.
    Campaign,
    /// The landing page.
    Page,
    /// The referrer.
    Referrer,
    /// The class of the referrer: search, social, referral, direct, campaign, paid.
    Channel,
}

impl Subject {
    /// Reads the name that a playbook uses.
    pub fn parse(name: &str) -> Option<Subject> {
        Some(match name {
            "email.domain" => Subject::EmailDomain,
            "email.free" => Subject::EmailFree,
            "email.disposable" => Subject::EmailDisposable,
            "email.role" => Subject::EmailRole,
            "form" => Subject::Form,
            "source" => Subject::Touch(TouchSubject::Source),
            "medium" => Subject::Touch(TouchSubject::Medium),
            "campaign" => Subject::Touch(TouchSubject::Campaign),
            "page" => Subject::Touch(TouchSubject::Page),
            "referrer" => Subject::Touch(TouchSubject::Referrer),
            "channel" => Subject::Touch(TouchSubject::Channel),
            "touches" => Subject::Touches,
            "score.fit" => Subject::Fit,
            "score.interest" => Subject::Interest,
            "score.grade" => Subject::Grade,
            "cycle" => Subject::Cycle,
            "account" => Subject::Account,
            "account.list" => Subject::AccountList,
            _ => match name.strip_prefix("answers.") {
                Some(input) if !input.is_empty() => Subject::Answer(input.to_owned()),
                _ => Subject::Profile(Field::parse(name)?),
            },
        })
    }

    /// The name that a playbook uses.
    pub fn name(&self) -> String {
        match self {
            Subject::Profile(field) => field.name().to_owned(),
            Subject::EmailDomain => "email.domain".to_owned(),
            Subject::EmailFree => "email.free".to_owned(),
            Subject::EmailDisposable => "email.disposable".to_owned(),
            Subject::EmailRole => "email.role".to_owned(),
            Subject::Form => "form".to_owned(),
            Subject::Touch(TouchSubject::Source) => "source".to_owned(),
            Subject::Touch(TouchSubject::Medium) => "medium".to_owned(),
            Subject::Touch(TouchSubject::Campaign) => "campaign".to_owned(),
            Subject::Touch(TouchSubject::Page) => "page".to_owned(),
            Subject::Touch(TouchSubject::Referrer) => "referrer".to_owned(),
            Subject::Touch(TouchSubject::Channel) => "channel".to_owned(),
            Subject::Touches => "touches".to_owned(),
            Subject::Fit => "score.fit".to_owned(),
            Subject::Interest => "score.interest".to_owned(),
            Subject::Grade => "score.grade".to_owned(),
            Subject::Cycle => "cycle".to_owned(),
            Subject::Account => "account".to_owned(),
            Subject::AccountList => "account.list".to_owned(),
            Subject::Answer(input) => format!("answers.{input}"),
        }
    }
}

/// A lead as conditions see it.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The lead.
    pub lead: &'a Lead,
    /// The touch in question: the one being scored, or the latest.
    pub touch: Option<&'a Touch>,
    /// The named account that its company is, where that has been looked up.
    pub account: Option<AccountMatch<'a>>,
}

impl<'a> View<'a> {
    /// A lead and a touch of it, before anybody has looked for its account.
    pub fn new(lead: &'a Lead, touch: Option<&'a Touch>) -> Self {
        Self { lead, touch, account: None }
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Seen {
    /// A text in which spaces and hyphens do not count.
    Code(String),
    Text(String),
    Number(i64),
    Flag(bool),
}

impl View<'_> {
    /// What stands in a value, as text; nothing when nobody knows it.
    pub fn text(&self, subject: &Subject) -> Option<String> {
        Some(match self.see(subject)? {
            Seen::Text(text) | Seen::Code(text) => text,
            Seen::Number(number) => number.to_string(),
            Seen::Flag(flag) => flag.to_string(),
        })
    }

    fn see(&self, subject: &Subject) -> Option<Seen> {
        let lead = self.lead;
        let email = &lead.profile.contact.email;
        Some(match subject {
            Subject::Profile(Field::Postcode) => {
                Seen::Code(compact(lead.profile.contact.postcode.as_ref()?.as_str()))
            }
            Subject::Profile(field) => match lead.profile.get(*field)? {
                FieldValue::Text(text) => Seen::Text(text),
                FieldValue::Number(number) => Seen::Number(number),
            },
            Subject::EmailDomain => {
                let domain = email.domain();
                Seen::Text(domain.registrable().unwrap_or(domain.as_str()).to_owned())
            }
            Subject::EmailFree => Seen::Flag(email.domain().is_free_mail()),
            Subject::EmailDisposable => Seen::Flag(email.domain().is_disposable()),
            Subject::EmailRole => Seen::Flag(email.is_role()),
            Subject::Form => Seen::Text(self.touch.map_or(&lead.form, |t| &t.form).as_str().to_owned()),
            Subject::Touch(part) => {
                let touch = self.touch?;
                let text = match part {
                    TouchSubject::Source => touch.source.clone(),
                    TouchSubject::Medium => touch.medium.clone(),
                    TouchSubject::Campaign => touch.campaign.clone(),
                    TouchSubject::Page => touch.page.clone(),
                    TouchSubject::Referrer => touch.referrer.clone(),
                    TouchSubject::Channel => Some(touch.channel().name().to_owned()),
                };
                Seen::Text(text?)
            }
            Subject::Touches => Seen::Number(i64::from(lead.touches)),
            Subject::Fit => Seen::Number(i64::from(lead.score.as_ref()?.fit.points())),
            Subject::Interest => Seen::Number(i64::from(lead.score.as_ref()?.interest.points())),
            Subject::Grade => Seen::Text(lead.score.as_ref()?.grade.clone()),
            Subject::Cycle => Seen::Number(i64::from(lead.cycle)),
            Subject::Account => Seen::Text(self.account?.domain.as_str().to_owned()),
            Subject::AccountList => Seen::Text(self.account?.account.list.as_ref()?.as_str().to_owned()),
            Subject::Answer(input) => Seen::Text(self.touch?.answers.get(input)?.clone()),
        })
    }
}

/// A scalar in a condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    /// Yes or no.
    Flag(bool),
    /// A whole number.
    Number(i64),
    /// A text; compared without regard to case.
    Text(String),
}

impl Scalar {
    fn matches(&self, seen: &Seen) -> bool {
        match (self, seen) {
            (Scalar::Flag(a), Seen::Flag(b)) => a == b,
            (Scalar::Number(a), Seen::Number(b)) => a == b,
            (Scalar::Text(a), Seen::Code(b)) => compact(a) == *b,
            (Scalar::Number(a), Seen::Code(b)) => a.to_string() == *b,
            (Scalar::Number(a), Seen::Text(b)) => b.trim().parse() == Ok(*a),
            (Scalar::Text(a), Seen::Text(b)) => a.to_lowercase() == b.to_lowercase(),
            _ => false,
        }
    }
}

/// A test of one value.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// Equal to it.
    Is(Scalar),
    /// Equal to one of them.
    In(Vec<Scalar>),
    /// The text contains it.
    Contains(String),
    /// The text begins with it.
    StartsWith(String),
    /// The number is at least this.
    AtLeast(i64),
    /// The number is at most this.
    AtMost(i64),
    /// The value is known, or is not. Never itself unknown.
    Known(bool),
}

/// A condition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "ConditionDoc", into = "ConditionDoc")]
pub enum Condition {
    /// All of them; an empty list holds.
    All(Vec<Condition>),
    /// At least one of them.
    Any(Vec<Condition>),
    /// Not this one.
    Not(Box<Condition>),
    /// A test of one value.
    Field(Subject, Test),
}

impl Condition {
    /// Decides it for a lead.
    pub fn holds(&self, view: View<'_>) -> Truth {
        match self {
            Condition::All(parts) => fold(parts.iter().map(|c| c.holds(view)), Truth::No, Truth::Yes),
            Condition::Any(parts) => fold(parts.iter().map(|c| c.holds(view)), Truth::Yes, Truth::No),
            Condition::Not(inner) => inner.holds(view).not(),
            Condition::Field(subject, test) => {
                let seen = view.see(subject);
                if let Test::Known(wanted) = test {
                    return Truth::of(seen.is_some() == *wanted);
                }
                seen.map_or(Truth::Unknown, |seen| Truth::of(test.passes(&seen)))
            }
        }
    }

    /// Every subject it looks at.
    pub fn subjects(&self) -> Vec<&Subject> {
        match self {
            Condition::All(parts) | Condition::Any(parts) => {
                parts.iter().flat_map(Condition::subjects).collect()
            }
            Condition::Not(inner) => inner.subjects(),
            Condition::Field(subject, _) => vec![subject],
        }
    }
}

/// `decisive` wins over unknown, unknown over `otherwise`.
fn fold(parts: impl Iterator<Item = Truth>, decisive: Truth, otherwise: Truth) -> Truth {
    let mut outcome = otherwise;
    for part in parts {
        if part == decisive {
            return decisive;
        }
        if part == Truth::Unknown {
            outcome = Truth::Unknown;
        }
    }
    outcome
}

impl Test {
    fn passes(&self, seen: &Seen) -> bool {
        match (self, seen) {
            (Test::Is(wanted), seen) => wanted.matches(seen),
            (Test::In(list), seen) => list.iter().any(|wanted| wanted.matches(seen)),
            (Test::Contains(part), Seen::Code(code)) => code.contains(&compact(part)),
            (Test::StartsWith(part), Seen::Code(code)) => code.starts_with(&compact(part)),
            (Test::Contains(part), Seen::Text(text)) => text.to_lowercase().contains(&part.to_lowercase()),
            (Test::StartsWith(part), Seen::Text(text)) => {
                text.to_lowercase().starts_with(&part.to_lowercase())
            }
            (Test::AtLeast(bound), seen) => number(seen).is_some_and(|n| n >= *bound),
            (Test::AtMost(bound), seen) => number(seen).is_some_and(|n| n <= *bound),
            (Test::Known(_) | Test::Contains(_) | Test::StartsWith(_), _) => false,
        }
    }
}

fn number(seen: &Seen) -> Option<i64> {
    match seen {
        Seen::Number(number) => Some(*number),
        Seen::Text(text) | Seen::Code(text) => text.trim().parse().ok(),
        Seen::Flag(_) => None,
    }
}

#[cfg(test)]
mod tests;
