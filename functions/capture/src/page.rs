//! What people see in a browser: the hosted form, the page after it, and the snippet for forms on other pages.
//!
//! Pure text. Every page is whole by itself: no file of somebody else's, no handler attributes, no inline script, and it
//! works without any script. Everything that comes from a playbook or a person is escaped.

mod embed;
mod escape;
mod inputs;
mod notice;

use std::fmt::Write as _;

use leadline_core::ids::FormId;
use leadline_core::submission::Form;

use escape::Escaped;
use inputs::{Question, questions};

pub use embed::embed_js;
pub use notice::Notice;

const STYLE: &str = include_str!("page/form.css");

/// The `Content-Security-Policy` of every page here; a form's own may need more, see [`csp`]. The hash is the one style
/// sheet's, and a test tells the new one when the sheet changes.
pub const CSP: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; \
    style-src 'sha256-vXHnY1a/OJvNZCJLYAESldv6LhyPvT6K4NZfYxQx6XU='; img-src data:; base-uri 'none'; form-action 'self'";

/// The `Content-Security-Policy` of a form's page. Browsers hold the redirect after a post to `form-action` too, so a
/// thank-you page elsewhere widens it to that page's scheme: the page may redirect further, and to any host.
pub fn csp(form: &Form) -> String {
    match form.thanks.url.as_deref().and_then(|url| url.split_once(':')) {
        Some((scheme, _)) if scheme.eq_ignore_ascii_case("https") => format!("{CSP} https:"),
        Some((scheme, _)) if scheme.eq_ignore_ascii_case("http") => format!("{CSP} http:"),
        _ => CSP.to_owned(),
    }
}

/// The hosted form as a whole HTML document.
///
/// Without a notice this is the page at `/forms/{form_id}`. With one it is the answer to a post to
/// `/forms/{form_id}/submissions`, where relative addresses mean something else; so a notice must not be shown at the
/// former. What was typed is filled in again, consents excepted; inputs that the form does not ask for travel on unseen.
pub fn form_page(form_id: &FormId, form: &Form, token: &str, notice: Option<&Notice>) -> String {
    let folder = if notice.is_some() { String::new() } else { format!("{form_id}/") };
    let questions = questions(form);
    let mut out = String::with_capacity(STYLE.len() + 8_192);
    let title = if notice.is_some() { format!("Error: {}", form.title) } else { form.title.clone() };
    begin(&mut out, &title, false);
    let _ = writeln!(out, "<h1>{}</h1>", Escaped(&form.title));
    if let Some(intro) = &form.intro {
        let _ = writeln!(out, "<p class=\"intro\">{}</p>", Escaped(intro));
    }
    let _ = writeln!(
        out,
        "<form method=\"post\" action=\"{folder}submissions\" enctype=\"application/x-www-form-urlencoded\" \
         accept-charset=\"utf-8\" data-leadline=\"{form_id}\">"
    );
    if let Some(notice) = notice {
        write_summary(&mut out, notice, &questions);
    }
    out.push_str("<div class=\"fields\">\n");
    for question in &questions {
        question.write(&mut out, notice);
    }
    out.push_str("</div>\n");
    write_unseen(&mut out, form, token, notice, &questions);
    if questions.iter().any(Question::required) {
        out.push_str("<p class=\"note\"><span class=\"star\">*</span> required</p>\n");
    }
    let _ = writeln!(out, "<button type=\"submit\">{}</button>", Escaped(&form.button));
    out.push_str("<p class=\"leadline-status\" role=\"status\" data-leadline-status></p>\n</form>\n");
    let _ = writeln!(out, "<script src=\"{folder}embed.js\" async></script>");
    end(&mut out);
    out
}

/// The page after the form, where the playbook names none elsewhere.
pub fn thanks_page(form: &Form) -> String {
    let mut out = String::with_capacity(STYLE.len() + 1_024);
    begin(&mut out, &format!("Sent: {}", form.title), true);
    let _ = writeln!(out, "<h1>{}</h1>", Escaped(&form.title));
    let _ = writeln!(out, "<p class=\"done\" role=\"status\">{}</p>", Escaped(&form.thanks.message));
    end(&mut out);
    out
}

/// The page for a form that does not exist or is switched off; the same for both.
pub fn not_found_page() -> String {
    problem_page("There is no form here", "It may have been closed, or the address is not complete.")
}

/// The page for anything else that went wrong: a few words, and whole sentences on what to do.
pub fn problem_page(title: &str, detail: &str) -> String {
    let mut out = String::with_capacity(STYLE.len() + 1_024);
    begin(&mut out, title, true);
    let _ = writeln!(out, "<h1>{}</h1>\n<p class=\"intro\">{}</p>", Escaped(title), Escaped(detail));
    end(&mut out);
    out
}

fn begin(out: &mut String, title: &str, passing: bool) {
    out.push_str("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    out.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    if passing {
        out.push_str("<meta name=\"robots\" content=\"noindex\">\n");
    }
    // The empty icon spares a request for one.
    let _ = writeln!(out, "<title>{}</title>\n<link rel=\"icon\" href=\"data:,\">", Escaped(title));
    let _ = writeln!(out, "<style>{STYLE}</style>\n</head>\n<body>\n<main>");
}

fn end(out: &mut String) {
    out.push_str("</main>\n</body>\n</html>\n");
}

/// What is wrong, in one place that the browser goes to, with a way to each input.
fn write_summary(out: &mut String, notice: &Notice, questions: &[Question<'_>]) {
    out.push_str("<div class=\"problem\" role=\"alert\" tabindex=\"-1\" autofocus data-leadline-error>\n");
    let asked = |name: &str| questions.iter().any(|q| q.name() == name);
    let heading = match notice.mistakes.iter().any(|m| asked(&m.field)) {
        true => "Please check your entries",
        false => "This could not be sent",
    };
    let _ = writeln!(out, "<h2>{heading}</h2>");
    if !notice.mistakes.is_empty() {
        out.push_str("<ul>\n");
        for question in questions {
            if let Some(mistake) = question.mistake(Some(notice)) {
                // A label is a few words; the text of a consent has sentences of its own and so comes last.
                let (first, then) = match question.is_tick() {
                    true => (mistake.as_str(), question.label()),
                    false => (question.label(), mistake.as_str()),
                };
                let (id, first, then) = (&question.id, Escaped(first), Escaped(then));
                let _ = writeln!(out, "<li><a href=\"#{id}\">{first}: {then}</a></li>");
            }
        }
        for mistake in notice.mistakes.iter().filter(|m| !asked(&m.field)) {
            let _ = writeln!(out, "<li>{}</li>", Escaped(&notice::sentence(&mistake.detail)));
        }
        out.push_str("</ul>\n");
    }
    out.push_str("</div>\n");
}

/// The honeypot, the token, and what an earlier post carried besides the questions, such as where the person came from.
fn write_unseen(
    out: &mut String,
    form: &Form,
    token: &str,
    notice: Option<&Notice>,
    questions: &[Question<'_>],
) {
    let honeypot = Escaped(&form.spam.honeypot);
    // Out of sight by its place and not by `hidden` or a type, which machines look for. Whoever sees it all the same,
    // without style sheets, reads what to do.
    let _ = writeln!(
        out,
        "<div class=\"extra\" aria-hidden=\"true\"><label for=\"extra\">Leave this empty</label>\
         <input type=\"text\" id=\"extra\" name=\"{honeypot}\" tabindex=\"-1\" autocomplete=\"off\" aria-hidden=\"true\"></div>"
    );
    let mut hidden = |name: &str, value: &str| {
        let (name, value) = (Escaped(name), Escaped(value));
        let _ = writeln!(out, "<input type=\"hidden\" name=\"{name}\" value=\"{value}\">");
    };
    hidden("_token", token);
    // A key of the refused post would refuse the mended one, which is another submission.
    let ours = ["_token", "_submission_key", form.spam.honeypot.as_str()];
    let asked = |name: &str| ours.contains(&name) || questions.iter().any(|q| q.name() == name);
    for (name, value) in notice.iter().flat_map(|n| &n.values).filter(|(name, _)| !asked(name)) {
        hidden(name, value);
    }
}

#[cfg(test)]
mod tests;
