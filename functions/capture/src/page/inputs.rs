//! The inputs of a form.

use std::fmt::Write as _;

use leadline_core::contact::CountryCode;
use leadline_core::lead::Field;
use leadline_core::submission::{ConsentRules, Form, FormField, InputType};

use super::escape::Escaped;
use super::notice::{Notice, sentence};

/// What the person is told about a consent that is missing; the API's words speak to programs.
const TICK: &str = "Please tick this box";

/// One question on the page: a field or a consent, under the id that its label, its error and the summary refer to.
pub(super) struct Question<'f> {
    pub(super) id: String,
    kind: Kind<'f>,
}

enum Kind<'f> {
    Field { field: &'f FormField, half: bool },
    Consent(&'f ConsentRules),
}

/// All questions of the form, in order. Ids are numbers, as names may hold what an id list cannot.
pub(super) fn questions(form: &Form) -> Vec<Question<'_>> {
    let halves = halves(&form.fields);
    let fields = form.fields.iter().zip(halves).map(|(field, half)| Kind::Field { field, half });
    fields
        .chain(form.consent.iter().map(Kind::Consent))
        .enumerate()
        .map(|(number, kind)| Question { id: format!("q{number}"), kind })
        .collect()
}

/// Which fields share a line with their neighbour where the window is wide enough: short ones, two by two.
fn halves(fields: &[FormField]) -> Vec<bool> {
    let short =
        |f: &FormField| !matches!(f.input, InputType::Email | InputType::Textarea | InputType::Checkbox);
    let mut out = vec![false; fields.len()];
    let mut at = 0;
    while at + 1 < fields.len() {
        if short(&fields[at]) && short(&fields[at + 1]) {
            out[at] = true;
            out[at + 1] = true;
            at += 2;
        } else {
            at += 1;
        }
    }
    out
}

impl Question<'_> {
    pub(super) fn name(&self) -> &str {
        match self.kind {
            Kind::Field { field, .. } => &field.name,
            Kind::Consent(rule) => &rule.name,
        }
    }

    pub(super) fn required(&self) -> bool {
        match self.kind {
            Kind::Field { field, .. } => field.required,
            Kind::Consent(rule) => rule.required,
        }
    }

    /// Whether it is a box to tick.
    pub(super) fn is_tick(&self) -> bool {
        match self.kind {
            Kind::Field { field, .. } => field.input == InputType::Checkbox,
            Kind::Consent(_) => true,
        }
    }

    /// What is read beside it.
    pub(super) fn label(&self) -> &str {
        match self.kind {
            Kind::Field { field, .. } => &field.label,
            Kind::Consent(rule) => &rule.text,
        }
    }

    /// What is wrong with it, for the person who filled it in.
    pub(super) fn mistake(&self, notice: Option<&Notice>) -> Option<String> {
        let detail = notice?.mistake(self.name())?;
        Some(if self.is_tick() { TICK.to_owned() } else { sentence(detail) })
    }

    /// Writes label, input and mistake.
    pub(super) fn write(&self, out: &mut String, notice: Option<&Notice>) {
        let mistake = self.mistake(notice);
        let value = notice.and_then(|n| n.value(self.name())).unwrap_or_default();
        let class = match self.kind {
            _ if self.is_tick() => "wide tick",
            Kind::Field { half: true, .. } => "half",
            _ => "wide",
        };
        let _ = writeln!(out, "<div class=\"{class}\">");
        // A tick stands before its words, everything else after its label.
        if self.is_tick() {
            self.write_input(out, value, mistake.is_some());
            self.write_label(out);
        } else {
            self.write_label(out);
            self.write_input(out, value, mistake.is_some());
        }
        if let Some(mistake) = mistake {
            let (id, mistake) = (&self.id, Escaped(&mistake));
            let _ = writeln!(
                out,
                "<p class=\"leadline-error\" id=\"{id}-error\" data-leadline-error>{mistake}</p>"
            );
        }
        out.push_str("</div>\n");
    }

    fn write_label(&self, out: &mut String) {
        let star = if self.required() { " <span class=\"star\" aria-hidden=\"true\">*</span>" } else { "" };
        let _ = writeln!(out, "<label for=\"{}\">{}{star}</label>", self.id, Escaped(self.label()));
    }

    fn write_input(&self, out: &mut String, value: &str, wrong: bool) {
        let mut attributes = format!("id=\"{}\" name=\"{}\"", self.id, Escaped(self.name()));
        if self.required() {
            attributes.push_str(" required");
        }
        if wrong {
            let _ = write!(attributes, " aria-invalid=\"true\" aria-describedby=\"{}-error\"", self.id);
        }
        match self.kind {
            // Never ticked for the person, not even again: a consent is one act at one time.
            Kind::Consent(_) => {
                let _ = writeln!(out, "<input type=\"checkbox\" value=\"true\" {attributes}>");
            }
            Kind::Field { field, .. } => write_field(out, field, &attributes, value),
        }
    }
}

fn write_field(out: &mut String, field: &FormField, attributes: &str, value: &str) {
    let typed = match field.input {
        InputType::Text => "text",
        InputType::Email => "email",
        InputType::Tel => "tel",
        InputType::Number => "number",
        InputType::Checkbox => {
            let ticked = if value.trim().is_empty() { "" } else { " checked" };
            let _ = writeln!(out, "<input type=\"checkbox\" value=\"true\" {attributes}{ticked}>");
            return;
        }
        InputType::Textarea => {
            let (max, meaning) = (field.max, autocomplete(field));
            // The parser drops one line end after the tag, so that one of the text's own stays.
            let text = Escaped(value);
            let _ = writeln!(
                out,
                "<textarea {attributes}{meaning} rows=\"5\" maxlength=\"{max}\">\n{text}</textarea>"
            );
            return;
        }
        InputType::Select => {
            let options = field.options.iter().map(|o| (o.as_str(), o.as_str()));
            return write_select(out, &format!("{attributes}{}", autocomplete(field)), options, value.trim());
        }
        InputType::Country => {
            let chosen = CountryCode::parse(value).map(CountryCode::as_str).unwrap_or_default();
            let mut all: Vec<_> = CountryCode::all().map(|c| (c.as_str(), c.name())).collect();
            all.sort_unstable_by_key(|(_, name)| *name);
            return write_select(
                out,
                &format!("{attributes}{}", autocomplete(field)),
                all.into_iter(),
                chosen,
            );
        }
    };
    let limit = match field.input {
        InputType::Number => " step=\"1\" inputmode=\"numeric\"".to_owned(),
        _ => format!(" maxlength=\"{}\"", field.max),
    };
    let value = if value.is_empty() { String::new() } else { format!(" value=\"{}\"", Escaped(value)) };
    let _ = writeln!(out, "<input type=\"{typed}\" {attributes}{}{limit}{value}>", autocomplete(field));
}

fn write_select<'o>(
    out: &mut String,
    attributes: &str,
    options: impl Iterator<Item = (&'o str, &'o str)>,
    chosen: &str,
) {
    let _ = writeln!(out, "<select {attributes}>\n<option value=\"\">Please choose</option>");
    for (value, name) in options {
        let selected = if value == chosen { " selected" } else { "" };
        let _ = writeln!(out, "<option value=\"{}\"{selected}>{}</option>", Escaped(value), Escaped(name));
    }
    out.push_str("</select>\n");
}

/// What the browser may fill in, by what the input means for the lead.
fn autocomplete(field: &FormField) -> &'static str {
    match (field.field(), field.input) {
        (Some(Field::Email), _) | (None, InputType::Email) => " autocomplete=\"email\"",
        (Some(Field::Phone), _) | (None, InputType::Tel) => " autocomplete=\"tel\"",
        (Some(Field::FirstName), _) => " autocomplete=\"given-name\"",
        (Some(Field::LastName), _) => " autocomplete=\"family-name\"",
        (Some(Field::Title), _) => " autocomplete=\"organization-title\"",
        (Some(Field::CompanyName), _) => " autocomplete=\"organization\"",
        (Some(Field::CompanyDomain), _) => " autocomplete=\"url\"",
        (Some(Field::Country), InputType::Country) | (None, InputType::Country) => {
            " autocomplete=\"country\""
        }
        (Some(Field::Country), _) => " autocomplete=\"country-name\"",
        _ => "",
    }
}
