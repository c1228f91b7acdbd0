//! Names of persons, as typed into one field.

use super::serialized::serialized_as_text;
use super::{characters, words};
use std::fmt;
use unicode_normalization::UnicodeNormalization;

/// A person's full name and its parts.
///
/// Names follow no rule that holds everywhere: the parts are a guess for a greeting, the full name is what was typed.
/// Every word of the full name stands in exactly one part.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PersonName {
    text: String,
    prefix: Option<String>,
    first: Option<String>,
    last: Option<String>,
    suffix: Option<String>,
}

/// Why a text is not a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing that can be seen.
    #[error("a name is empty")]
    Empty,
}

/// Titles and forms of address before a name, without full stops.
#[rustfmt::skip]
const PREFIXES: &[&str] = &[
    "dr", "prof", "professor", "mr", "mrs", "ms", "miss", "mx", "sir", "dame", "rev", "ing", "dipl-ing", "herr", "frau",
    "mme", "mlle", "sr", "sra", "srta", "dra", "doktor", "med", "hc", "h.c", "mag", "monsieur", "madame",
];
/// The few prefixes that are first names too, so that they count only with a full stop behind them.
const PREFIXES_WITH_STOP: &[&str] = &["m", "d"];
/// What stands behind a name, without full stops.
#[rustfmt::skip]
const SUFFIXES: &[&str] = &[
    "jr", "sr", "ii", "iii", "iv", "phd", "md", "mba", "msc", "bsc", "esq", "cpa", "jun", "sen", "llm", "dds", "mph",
];
/// Words before a family name that belong to it.
#[rustfmt::skip]
const PARTICLES: &[&str] = &[
    "von", "van", "vom", "zu", "zum", "zur", "der", "den", "dem", "de", "del", "della", "di", "da", "das", "dos", "do",
    "du", "des", "la", "le", "ten", "ter", "te", "bin", "ibn", "al", "el", "af", "av", "y", "'t", "degli", "lo",
    "saint", "st",
];

impl PersonName {
    /// Reads a full name: `Dr. Anna-Lena von der Heide`, `van Gogh, Vincent`, `Madonna`, `山田 太郎`.
    ///
    /// The text is cleaned as [`clean_name`] does. A single word is a first name. In Chinese, Japanese and Korean
    /// writing the family name comes first.
    ///
    /// # Errors
    ///
    /// [`NameError::Empty`].
    pub fn parse(raw: &str) -> Result<Self, NameError> {
        let text = clean_name(raw);
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        let (before, after) = match text.split_once(',') {
            Some((before, after)) => (split(before), split(after)),
            None => (split(&text), Vec::new()),
        };
        // "Smith, John" is a family name first; "John Smith, PhD, MBA" is not.
        let inverted = !before.is_empty() && after.iter().any(|word| !is_suffix(word));
        let (prefix, first, last, suffix) = if inverted {
            let (family_prefix, family, family_suffix) = trim_titles(&before);
            let (given_prefix, given, given_suffix) = trim_titles(&after);
            let prefix = [family_prefix, given_prefix].concat();
            (prefix, given.to_vec(), family.to_vec(), [family_suffix, given_suffix].concat())
        } else {
            let (prefix, name, suffix) = trim_titles(&before);
            let (first, last) = divide(name);
            (prefix.to_vec(), first, last, [suffix, &after].concat())
        };
        let part = |words: Vec<&str>| (!words.is_empty()).then(|| words.join(" "));
        let (prefix, first, last, suffix) = (part(prefix), part(first), part(last), part(suffix));
        Ok(Self { prefix, first, last, suffix, text })
    }

    /// The full name in the order it was typed.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Titles before the name: `Prof. Dr.`.
    pub fn prefix(&self) -> Option<&str> {
        self.prefix.as_deref()
    }

    /// Given names: `Anna-Lena`, `John R. R.`.
    pub fn first(&self) -> Option<&str> {
        self.first.as_deref()
    }

    /// The family name with its particles: `von der Heide`.
    pub fn last(&self) -> Option<&str> {
        self.last.as_deref()
    }

    /// What follows the name: `Jr.`, `PhD`.
    pub fn suffix(&self) -> Option<&str> {
        self.suffix.as_deref()
    }
}

/// A name made fit to show: composed (NFC), without control and invisible characters, single spaces, and with capitals
/// where it was typed in one case throughout (`JOHN MCDONALD`, `anna von der heide`).
///
/// No letter is lost. Joiners stay, which some scripts need for spelling. Mixed case is taken as meant.
pub fn clean_name(raw: &str) -> String {
    let visible: String = raw
        .nfc()
        .map(|c| if c.is_control() { ' ' } else { c })
        .filter(|c| !characters::is_invisible(*c) || matches!(c, '\u{200C}' | '\u{200D}'))
        .collect();
    let joiner = |c| matches!(c, '\u{200C}' | '\u{200D}');
    let tidy = visible
        .split_whitespace()
        .map(|word| word.trim_matches(joiner))
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>();
    let one_case = is_shouted(&tidy) || is_whispered(&tidy);
    if !one_case {
        return tidy.join(" ").nfc().collect();
    }
    let has_comma = tidy.iter().any(|word| word.ends_with(','));
    let capital = |(at, word): (usize, &&str)| {
        let lower = word.to_lowercase();
        let particle = PARTICLES.contains(&lower.as_str()) && at + 1 < tidy.len() && (at > 0 || has_comma);
        let name_suffix = matches!(lower.trim_end_matches('.'), "ii" | "iii" | "iv" | "md" | "mba");
        match () {
            () if particle => lower,
            () if name_suffix && at > 0 => word.to_uppercase(),
            () => capitalize_parts(&lower),
        }
    };
    tidy.iter().enumerate().map(capital).collect::<Vec<_>>().join(" ").nfc().collect()
}

/// All capitals, and long enough not to be initials.
fn is_shouted(words: &[&str]) -> bool {
    let letters = || words.iter().flat_map(|word| word.chars()).filter(|c| c.is_alphabetic());
    let long = words.iter().any(|word| word.chars().filter(|c| c.is_alphabetic()).count() >= 4);
    // The Latin, Greek and Cyrillic letters whose lower case is one letter come back from it unchanged.
    long && letters().all(|c| c.is_uppercase() && c.to_lowercase().count() == 1)
}

fn is_whispered(words: &[&str]) -> bool {
    let mut letters = words.iter().flat_map(|word| word.chars()).filter(|c| c.is_alphabetic()).peekable();
    letters.peek().is_some() && letters.all(char::is_lowercase)
}

/// Capitals after hyphens and apostrophes and in `Mc…`: `o'neil-mcdonald` becomes `O'Neil-McDonald`.
fn capitalize_parts(lower: &str) -> String {
    let capitalize = |part: &str| match part.strip_prefix("mc") {
        Some(rest) if rest.chars().count() > 2 => format!("Mc{}", words::capitalized(rest)),
        _ => words::capitalized(part),
    };
    let mut name = String::with_capacity(lower.len());
    for part in lower.split_inclusive(['-', '\'', '’', '.', '(', '"']) {
        // A single letter behind an apostrophe is an ending, not a name.
        let ending = name.ends_with(['\'', '’']) && part.chars().count() == 1;
        name.push_str(&if ending { part.to_owned() } else { capitalize(part) });
    }
    name
}

/// Words without the commas that part them.
fn split(text: &str) -> Vec<&str> {
    text.split([' ', ',']).filter(|word| !word.is_empty()).collect()
}

fn plain(word: &str) -> String {
    word.trim_end_matches('.').to_lowercase()
}

fn is_prefix(word: &str) -> bool {
    let name = plain(word);
    PREFIXES.contains(&name.as_str()) || (word.ends_with('.') && PREFIXES_WITH_STOP.contains(&name.as_str()))
}

fn is_suffix(word: &str) -> bool {
    SUFFIXES.contains(&word.replace('.', "").to_lowercase().as_str())
}

/// Parts titles before and behind from a name, leaving one word of name at least.
fn trim_titles<'a, 'w>(words: &'w [&'a str]) -> (&'w [&'a str], &'w [&'a str], &'w [&'a str]) {
    let most = words.len().saturating_sub(1);
    let start = words.iter().take_while(|word| is_prefix(word)).count().min(most);
    let behind = words[start..].iter().rev().take_while(|word| is_suffix(word)).count().min(most - start);
    let (name, suffix) = words[start..].split_at(words.len() - start - behind);
    (&words[..start], name, suffix)
}

/// Divides the words of a name into given names and family name.
fn divide<'a>(name: &[&'a str]) -> (Vec<&'a str>, Vec<&'a str>) {
    let [given @ .., last] = name else { return (Vec::new(), Vec::new()) };
    if given.is_empty() {
        return (vec![last], Vec::new());
    }
    if name.iter().all(|word| word.chars().all(is_east_asian)) {
        return (name[1..].to_vec(), vec![name[0]]);
    }
    // The family name begins at the first particle that stands behind a given name and before another word.
    let is_particle = |word: &str| PARTICLES.contains(&plain(word).as_str());
    let at = (1..name.len() - 1)
        .find(|at| is_particle(name[*at]))
        .unwrap_or_else(|| if is_particle(name[0]) { 0 } else { name.len() - 1 });
    (name[..at].to_vec(), name[at..].to_vec())
}

fn is_east_asian(c: char) -> bool {
    matches!(c, '\u{3005}'..='\u{30FF}' | '\u{3400}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7AF}' | '\u{20000}'..='\u{3FFFF}')
}

impl fmt::Debug for PersonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonName(…)")
    }
}

serialized_as_text!(PersonName, as_str, parse);

#[cfg(test)]
mod tests;
