//! Forms, as the playbook defines them.

use serde::{Deserialize, Serialize};

use crate::contact::CountryCode;
use crate::lead::Field;

/// One form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Form {
    /// The heading of the hosted form.
    pub title: String,
    /// A line under the heading.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub intro: Option<String>,
    /// The label of the button.
    #[serde(default = "send")]
    pub button: String,
    /// A disabled form answers like one that does not exist.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// The inputs, in order.
    pub fields: Vec<FormField>,
    /// The consents it asks for.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub consent: Vec<ConsentRules>,
    /// Web origins that may post from a browser, such as `https://www.acme.example`; any when empty.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub origins: Vec<String>,
    /// What people see afterwards.
    pub thanks: Thanks,
    /// Spam settings.
    #[serde(default)]
    pub spam: SpamRules,
    /// How many submissions one network address may send.
    #[serde(default)]
    pub per_address: RateLimit,
    /// The country to assume for a phone number without a country code.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub country: Option<CountryCode>,
}

/// One input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormField {
    /// The input's name.
    pub name: String,
    /// What people read beside it.
    pub label: String,
    /// What may be typed.
    #[serde(rename = "type", default)]
    pub input: InputType,
    /// Whether it must be filled in.
    #[serde(default)]
    pub required: bool,
    /// The most characters it may have.
    #[serde(default = "two_hundred")]
    pub max: usize,
    /// The choices of a select.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub options: Vec<String>,
    /// The value of the lead that it fills, where the name does not say it.
    #[serde(rename = "as", skip_serializing_if = "Option::is_none", default)]
    pub fills: Option<Field>,
}

impl FormField {
    /// The value of the lead that it fills, if any.
    pub fn field(&self) -> Option<Field> {
        self.fills.or_else(|| Field::of_input(&self.name))
    }
}

/// What may be typed into an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum InputType {
    /// One line.
    #[default]
    Text,
    /// An e-mail address.
    Email,
    /// A telephone number; one we cannot read is kept as typed.
    Tel,
    /// A whole number.
    Number,
    /// One of the options.
    Select,
    /// Several lines.
    Textarea,
    /// A tick.
    Checkbox,
    /// A country, by code or name.
    Country,
}

/// A consent that the form asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsentRules {
    /// The input's name.
    pub name: String,
    /// For what.
    pub purpose: String,
    /// The words beside the box. The box is never ticked in advance.
    pub text: String,
    /// The version of the words; change it with them.
    pub version: String,
    /// Whether the form is refused without it.
    #[serde(default)]
    pub required: bool,
}

/// What people see after they sent the form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thanks {
    /// A sentence, shown on our page and by the snippet.
    pub message: String,
    /// A page of your own to go to instead.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub url: Option<String>,
}

/// Spam settings of a form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SpamRules {
    /// The name of the input that people do not see and machines fill in.
    pub honeypot: String,
    /// A form sent sooner after it was shown than this was not read by a person.
    pub min_seconds: u32,
    /// Points from which a submission is suspect: it goes on, marked.
    pub suspect_at: u32,
    /// Points from which it is quarantined.
    pub quarantine_at: u32,
    /// Floods.
    pub burst: Burst,
}

impl Default for SpamRules {
    fn default() -> Self {
        Self {
            honeypot: "fax_number".to_owned(),
            min_seconds: 2,
            suspect_at: 50,
            quarantine_at: 100,
            burst: Burst::default(),
        }
    }
}

/// What counts as a flood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Burst {
    /// More submissions of this form in one minute are a flood.
    pub per_form_per_minute: u32,
    /// More submissions of one e-mail address in one hour are a flood.
    pub per_email_per_hour: u32,
}

impl Default for Burst {
    fn default() -> Self {
        Self { per_form_per_minute: 3_000, per_email_per_hour: 60 }
    }
}

/// How many within how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// So many …
    pub count: u32,
    /// … within so many seconds.
    pub seconds: u32,
}

impl Default for RateLimit {
    fn default() -> Self {
        Self { count: 60, seconds: 60 }
    }
}

fn yes() -> bool {
    true
}

fn send() -> String {
    "Send".to_owned()
}

fn two_hundred() -> usize {
    200
}
