//! Words of a text, compared without regard to case, accents and punctuation.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The words of a text: without accents, in lower case, apostrophes and full stops dropped, `&` read as `and`, and
/// every other sign a boundary.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut plain = String::with_capacity(text.len());
    for c in text.nfkd().filter(|c| !is_combining_mark(*c)) {
        match c {
            '\'' | '’' | '.' | 'ʻ' | '`' | '´' => {}
            '&' => plain.push_str(" and "),
            _ if c.is_alphanumeric() => plain.extend(c.to_lowercase()),
            _ => plain.push(' '),
        }
    }
    plain.split_whitespace().map(str::to_owned).collect()
}

/// Where the sequence of words `phrase` (parted by single spaces) begins in `words`.
pub(super) fn position_of(words: &[String], phrase: &str) -> Option<usize> {
    (0..words.len()).find(|start| {
        let mut rest = words[*start..].iter();
        phrase.split(' ').all(|part| rest.next().is_some_and(|word| word_is(word, part)))
    })
}

/// Whether a word is `pattern`; a pattern may end or begin with `*` for any continuation.
pub(super) fn word_is(word: &str, pattern: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(end), _) => word.ends_with(end),
        (None, Some(start)) => word.starts_with(start),
        (None, None) => word == pattern,
    }
}

/// A word with its first letter as a capital and the rest as it is.
///
/// A letter that its capital does not lead back to (`ß`, `µ`) stays, so that no text changes its letters.
pub(super) fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    let Some(first) = letters.next() else { return String::new() };
    let capital = only(first.to_uppercase()).filter(|capital| only(capital.to_lowercase()) == Some(first));
    std::iter::once(capital.unwrap_or(first)).chain(letters).collect()
}

/// The one item of an iterator; `None` where it has none or several.
fn only(mut items: impl Iterator<Item = char>) -> Option<char> {
    items.next().filter(|_| items.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_plain() {
        assert_eq!(
            words("Geschäftsführer*in (R&D), U.S.A."),
            ["geschaftsfuhrer", "in", "r", "and", "d", "usa"]
        );
        assert_eq!(words("Côte d’Ivoire"), ["cote", "divoire"]);
        assert!(words(" –/ ").is_empty());
    }

    #[test]
    fn phrases_are_found_word_by_word() {
        let title = words("Senior Vice President, Sales");
        assert_eq!(position_of(&title, "vice president"), Some(1));
        assert_eq!(position_of(&title, "sales"), Some(3));
        assert_eq!(position_of(&title, "president vice"), None);
        assert_eq!(position_of(&title, "sales team"), None);
        assert!(word_is("vertriebsleiter", "*leiter") && word_is("vertriebsleiter", "vertrieb*"));
    }

    #[test]
    fn capitals_keep_letters() {
        assert_eq!(capitalized("müller"), "Müller");
        assert_eq!(capitalized("ßen"), "ßen");
        assert_eq!(capitalized("µ"), "µ");
        assert_eq!(capitalized(""), "");
    }
}
