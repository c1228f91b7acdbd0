//! The page behind the link in an offer's notification. Looking at it changes nothing, since scanners of mail follow
//! links: only its buttons act, by a post to the same address.
//!
//! Pure text, whole by itself, without any script. What a person typed is escaped.

use std::fmt::{self, Write as _};

use jiff::Timestamp;

const STYLE: &str = include_str!("offer_page/offer.css");

/// The `Content-Security-Policy` of the page. The hash is the style sheet's, and a test tells the new one when it
/// changes. It must not be framed: a hidden frame could make a click of something else an answer.
pub(crate) const CSP: &str = "default-src 'none'; style-src 'sha256-zYhha7Bz/Fl6+eczIDDKSFYfXsXUyBQMQMcPyZkV3Hc='; img-src data:; base-uri 'none'; \
    form-action 'self'; frame-ancestors 'none'";

/// The value of `action` in the body of the post that accepts.
pub(crate) const ACCEPT: &str = "accept";
/// The value of `action` in the body of the post that rejects; `reason` comes with it.
pub(crate) const REJECT: &str = "reject";

/// What the link stands for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OfferState {
    /// The offer waits for this rep's answer.
    Open,
    /// The rep has accepted it.
    Accepted,
    /// The rep has rejected it.
    Rejected,
    /// Somebody else has the lead, or nobody needs to call any more.
    MovedOn,
    /// The link is ours, but its time is over.
    Expired,
    /// The link is not ours, or not whole.
    Invalid,
}

/// What the page shows. Its `Debug` shows the state only.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct OfferView {
    /// What the link stands for; the lead appears only while the offer is open or accepted.
    pub(crate) state: OfferState,
    /// The last segment of the page's address, to which the buttons post.
    pub(crate) token: String,
    /// The person in a few words.
    pub(crate) who: String,
    /// The company, if known and not in `who` already.
    pub(crate) company: Option<String>,
    /// The grade, such as `A1`.
    pub(crate) grade: Option<String>,
    /// The deadline of the answer.
    pub(crate) accept_by: Option<Timestamp>,
    /// The playbook's reasons to reject; without any there is no way to reject here.
    pub(crate) reasons: Vec<String>,
}

impl OfferView {
    /// A view that holds nothing of any lead.
    pub(crate) fn bare(state: OfferState) -> Self {
        Self {
            state,
            token: String::new(),
            who: String::new(),
            company: None,
            grade: None,
            accept_by: None,
            reasons: Vec::new(),
        }
    }
}

impl fmt::Debug for OfferView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OfferView({:?})", self.state)
    }
}

/// The whole HTML document. In the states moved on, rejected, expired and invalid it shows nothing of the lead, whatever
/// the view holds.
pub(crate) fn page(view: &OfferView) -> String {
    let (title, line) = match view.state {
        OfferState::Open => ("A new lead for you", "Have a look, then accept or reject it."),
        OfferState::Accepted => {
            ("The lead is yours", "You have accepted it. Get in touch before the time is over.")
        }
        OfferState::Rejected => {
            ("You have rejected the lead", "Thank you for saying so. There is nothing else to do.")
        }
        OfferState::MovedOn => {
            ("The lead has moved on", "It does not wait for your answer any more. There is nothing to do.")
        }
        OfferState::Expired => {
            ("This link has expired", "A newer message may hold a newer link; your CRM has the lead too.")
        }
        OfferState::Invalid => {
            ("This link does not work", "It is not complete. Copy the whole link from the message.")
        }
    };
    let mut out = String::with_capacity(STYLE.len() + 2_048);
    out.push_str("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    out.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    // The address is a key: it must not reach another site or a search engine.
    out.push_str("<meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"robots\" content=\"noindex, nofollow\">\n");
    let _ = writeln!(out, "<title>{title}</title>\n<link rel=\"icon\" href=\"data:,\">");
    let _ = writeln!(
        out,
        "<style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n<p role=\"status\">{line}</p>"
    );
    if matches!(view.state, OfferState::Open | OfferState::Accepted) {
        write_lead(&mut out, view);
    }
    if view.state == OfferState::Open {
        write_answers(&mut out, view);
    }
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

fn write_lead(out: &mut String, view: &OfferView) {
    out.push_str("<dl>\n");
    let mut line = |term: &str, value: Option<&str>| {
        if let Some(value) = value.filter(|v| !v.trim().is_empty()) {
            let _ = writeln!(out, "<dt>{term}</dt><dd>{}</dd>", Escaped(value));
        }
    };
    line("Name", Some(&view.who));
    line("Company", view.company.as_deref());
    line("Grade", view.grade.as_deref());
    if let Some(by) = view.accept_by.filter(|_| view.state == OfferState::Open) {
        // The page knows no zone of the reader's, so it names the one it uses.
        let said = by.strftime("%a %-d %b %Y, %H:%M UTC");
        let _ = writeln!(out, "<dt>Answer by</dt><dd><time datetime=\"{by}\">{said}</time></dd>");
    }
    out.push_str("</dl>\n");
}

fn write_answers(out: &mut String, view: &OfferView) {
    let begin = format!("method=\"post\" action=\"{}\"", Segment(&view.token));
    let _ = writeln!(
        out,
        "<form {begin}>\n<input type=\"hidden\" name=\"action\" value=\"{ACCEPT}\">\n\
         <button type=\"submit\">Accept this lead</button>\n</form>"
    );
    if view.reasons.is_empty() {
        return;
    }
    let _ = writeln!(
        out,
        "<form class=\"reject\" {begin}>\n<input type=\"hidden\" name=\"action\" value=\"{REJECT}\">\n\
         <label for=\"reason\">Not for you? Say why</label>\n\
         <select id=\"reason\" name=\"reason\" required>\n<option value=\"\">Please choose</option>"
    );
    for reason in &view.reasons {
        let _ =
            writeln!(out, "<option value=\"{}\">{}</option>", Escaped(reason), Escaped(&in_words(reason)));
    }
    out.push_str("</select>\n<button type=\"submit\">Reject this lead</button>\n</form>\n");
}

/// A name of the playbook as people write it: `not-mine` is "Not mine".
fn in_words(name: &str) -> String {
    let spaced = name.replace(['-', '_'], " ");
    let mut rest = spaced.chars();
    rest.next().map(|first| first.to_uppercase().chain(rest).collect()).unwrap_or_default()
}

/// Text for HTML: between tags, or in an attribute with double quotes.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                _ => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// One segment of a relative address: it stays beside the page, whatever it holds.
struct Segment<'a>(&'a str);

impl fmt::Display for Segment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                    f.write_char(char::from(byte))?
                }
                _ => write!(f, "%{byte:02X}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
