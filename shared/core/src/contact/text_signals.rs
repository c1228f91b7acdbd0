//! Signs of spam in short texts.

/// Beginnings of a word that make it a link by themselves.
const OPENINGS: &[&str] = &["http://", "https://", "hxxp://", "hxxps://", "ftp://", "www."];
/// Markup that makes a link or loads something, without its closing sign.
const MARKUP: &[&str] = &["<a", "<img", "<script", "<iframe", "<form", "[url", "[link", "[img"];
/// Top-level domains that are words: `great.it works` lacks a space, it has no link.
const WORDS: &[&str] = &[
    "it", "is", "in", "so", "me", "my", "be", "to", "at", "us", "no", "am", "as", "do", "la", "by", "de",
    "for", "now", "how", "you", "all", "here", "one", "name", "work", "team", "business", "today", "sc",
    "st", "dr", "inc", "ltd",
];

/// Whether a text that should be a name has a link or markup in it.
///
/// Links: a URL, `www.`, HTML or forum markup, a host with a path (`buy.ru/x`, `t.me/x`), and a bare lower-case host of
/// a known top-level domain (`cheap-pills.ru`) unless that is a word in itself.
/// A company may be called `booking.com`, so do not ask this of a company or a website field.
pub fn has_link(text: &str) -> bool {
    count_links(text) > 0
}

/// How many links a text has; see [`has_link`] for what is one.
///
/// A link inside the markup that makes it (`<a href="http://…">`) counts once.
pub fn count_links(text: &str) -> usize {
    let lower = text.to_lowercase();
    let mut count = 0;
    let mut rest = lower.as_str();
    while !rest.is_empty() {
        let markup =
            MARKUP.iter().find(|open| rest.starts_with(**open) && ends_a_tag_name(&rest[open.len()..]));
        let token = if let Some(open) = markup {
            // Only the attributes belong to the markup; what it encloses is looked at as any text.
            let close = if open.starts_with('<') { '>' } else { ']' };
            count += 1;
            rest.find(close).map_or(rest, |end| &rest[..=end])
        } else {
            let end = rest.find(ends_token).unwrap_or(rest.len());
            count += usize::from(is_link(&rest[..end], text_case(text, &lower, rest, end)));
            &rest[..end]
        };
        // An empty token is a boundary, which is stepped over.
        let step = if token.is_empty() { rest.chars().next().map_or(1, char::len_utf8) } else { token.len() };
        rest = &rest[step..];
    }
    count
}

/// Whether the token was typed in lower case; unknown, and so taken as not, where lowering changed the text's length.
fn text_case(text: &str, lower: &str, rest: &str, end: usize) -> bool {
    let start = lower.len() - rest.len();
    text.len() == lower.len() && text.get(start..start + end) == Some(&rest[..end])
}

fn ends_a_tag_name(rest: &str) -> bool {
    rest.chars().next().is_none_or(|c| !c.is_alphanumeric())
}

fn ends_token(c: char) -> bool {
    c.is_whitespace() || c.is_control() || "<>[]()\"'`|,;{}*!".contains(c)
}

fn is_link(token: &str, typed_in_lower_case: bool) -> bool {
    if OPENINGS.iter().any(|opening| token.find(opening).is_some_and(|at| token.len() > at + opening.len())) {
        return true;
    }
    if token.contains('@') {
        return false;
    }
    let token = token.trim_end_matches(['.', ':', '?']);
    let (host, path) = match token.find(['/', '?', '#']) {
        Some(at) => (&token[..at], Some(&token[at + 1..])),
        None => (token, None),
    };
    let host = host.split_once(':').map_or(host, |(host, _)| host);
    let Some((names, top)) = host.rsplit_once('.') else { return false };
    let host_like = |c: char| c.is_alphanumeric() || c == '-' || c == '.';
    let known = psl::suffix(host.as_bytes()).is_some_and(|suffix| suffix.is_known());
    if !known || names.is_empty() || names.split('.').any(str::is_empty) || !host.chars().all(host_like) {
        return false;
    }
    match path {
        // "St.Gallen/Basel" has no known top level; "z.B/o" has no path worth the name.
        Some(path) => !path.is_empty() || names.len() >= 4,
        None => typed_in_lower_case && names.len() >= 4 && !WORDS.contains(&top),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn links_in_names() {
        for spam in [
            "Ann http://buy.example",
            "https://x.example/a?b",
            "HTTP://BUY.RU",
            "www.buy.ru",
            "Win now:https://a.example",
            "<a href=x>Ann</a>",
            "<A HREF=x>",
            "<script>alert(1)</script>",
            "[url=http://a.example]x[/url]",
            "[URL]x",
            "buy.ru/now",
            "BUY.RU/now",
            "t.me/ann",
            "cheap-pills.ru",
            "Ann (cheap-pills.co.uk)",
            "bit.ly/3xYz",
            "<img src=x onerror=alert(1)>",
        ] {
            assert!(has_link(spam), "{spam}");
        }
    }

    #[test]
    fn honest_names() {
        for honest in [
            "",
            "Ann Lee",
            "Dr. Anna-Lena von der Heide",
            "J.R.R. Tolkien",
            "St.John",
            "Dr.Li",
            "Ph.D. M.Sc.",
            "Ann/Bob",
            "O'Neil <3",
            "a < b",
            "<Ann>",
            "[Ann]",
            "ann@example.com",
            "Müller & Söhne",
            "3.5",
            "1/2.5",
            "www",
            "http://",
            "and/or",
            "e.g./i.e.",
            "İstanbul Ω",
        ] {
            assert!(!has_link(honest), "{honest}");
        }
    }

    #[test]
    fn counts() {
        for (text, links) in [
            ("no links here. See you", 0),
            ("That was great.it works", 0),
            ("mail me: ann@example.com", 0),
            ("http://a.example http://b.example, www.c.example", 3),
            ("<a href=\"http://a.example\">one</a>", 1),
            ("<a href=x>http://a.example</a>", 2),
            ("[url=http://a.example]a[/url] and buy.ru/x", 2),
            ("see (https://a.example).", 1),
            ("http://a.example,http://b.example;http://c.example", 3),
        ] {
            assert_eq!(count_links(text), links, "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in any::<String>()) {
            prop_assert_eq!(has_link(&text), count_links(&text) > 0);
        }

        #[test]
        fn a_url_is_found_anywhere(before in "[a-z .<(]{0,8}", after in "[a-z .>)]{0,8}") {
            let text = format!("{before} https://x.example/ {after}");
            prop_assert!(has_link(&text));
        }
    }
}
