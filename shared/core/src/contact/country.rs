//! Countries, as codes.

use super::country_table::COUNTRIES;
use super::serialized::serialized_as_text;
use super::{sorted_lines, words};
use std::fmt;

/// Normalised names and aliases; a code of two letters follows each.
const NAMES: &str = include_str!("data/country_names.txt");

/// Longer input names no country, and is refused unread.
const MAX_RAW_BYTES: usize = 256;

/// A country or territory of ISO 3166-1, or Kosovo (`XK`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CountryCode(u8);

/// Why a text names no country.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CountryError {
    /// Nothing but white space.
    #[error("a country is empty")]
    Empty,
    /// Neither a code nor a name that is known.
    #[error("this is not the code or the name of a country")]
    Unknown,
}

impl CountryCode {
    /// Reads an alpha-2 or alpha-3 code or a name: English, one of the larger European languages, the country's own, or
    /// a common alias (`UK`, `Holland`); case, accents and punctuation do not matter.
    ///
    /// # Errors
    ///
    /// See [`CountryError`].
    pub fn parse(raw: &str) -> Result<Self, CountryError> {
        if raw.len() > MAX_RAW_BYTES {
            return Err(CountryError::Unknown);
        }
        let key = name_key(raw);
        // An ampersand counts as the word "and", which by itself would be Andorra's code.
        if key.is_empty() || !raw.chars().any(char::is_alphabetic) {
            return Err(CountryError::Empty);
        }
        Self::from_alpha2(&key)
            .or_else(|| Self::from_alpha3(&key))
            .or_else(|| Self::from_alpha2(sorted_lines::look_up(NAMES, &key)?))
            .ok_or(CountryError::Unknown)
    }

    /// The country of an alpha-2 code in either case; nothing else, no names.
    pub fn from_alpha2(code: &str) -> Option<Self> {
        let bytes: [u8; 2] = code.as_bytes().try_into().ok()?;
        let upper = bytes.map(|byte| byte.to_ascii_uppercase());
        let at = COUNTRIES.binary_search_by(|(alpha2, _, _)| alpha2.as_bytes().cmp(&upper)).ok()?;
        u8::try_from(at).ok().map(Self)
    }

    /// The country of an alpha-3 code in either case.
    fn from_alpha3(code: &str) -> Option<Self> {
        let at = COUNTRIES.iter().position(|(_, alpha3, _)| alpha3.eq_ignore_ascii_case(code))?;
        u8::try_from(at).ok().map(Self)
    }

    /// Every alpha-2 code, in order.
    pub fn codes() -> impl Iterator<Item = &'static str> {
        COUNTRIES.iter().map(|(alpha2, _, _)| *alpha2)
    }

    /// The alpha-2 code: `DE`.
    pub fn as_str(self) -> &'static str {
        COUNTRIES[usize::from(self.0)].0
    }

    /// The alpha-3 code: `DEU`.
    pub fn alpha3(self) -> &'static str {
        COUNTRIES[usize::from(self.0)].1
    }

    /// The short name in English: `Germany`.
    pub fn name(self) -> &'static str {
        COUNTRIES[usize::from(self.0)].2
    }

    /// Every country, by alpha-2 code.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        // The table has 250 rows, so that every index is a `u8`.
        (0..COUNTRIES.len() as u8).map(Self)
    }
}

/// A name without what people write differently: case, accents, punctuation, a leading article.
pub(super) fn name_key(raw: &str) -> String {
    let words = words::words(raw);
    match words.split_first() {
        Some((first, rest)) if first == "the" && !rest.is_empty() => rest.join(" "),
        _ => words.join(" "),
    }
}

impl fmt::Debug for CountryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CountryCode({})", self.as_str())
    }
}

impl fmt::Display for CountryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl CountryCode {
    /// The code alone, as stored: names are for people's input.
    fn parse_code(code: &str) -> Result<Self, CountryError> {
        Self::from_alpha2(code).ok_or(CountryError::Unknown)
    }
}

serialized_as_text!(CountryCode, as_str, parse_code);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn codes_names_and_aliases() {
        for (raw, code) in [
            ("DE", "DE"),
            ("de", "DE"),
            (" DEU ", "DE"),
            ("Germany", "DE"),
            ("deutschland", "DE"),
            ("Allemagne", "DE"),
            ("USA", "US"),
            ("U.S.A.", "US"),
            ("U.S.", "US"),
            ("United States", "US"),
            ("the United States of America", "US"),
            ("Estados Unidos", "US"),
            ("UK", "GB"),
            ("Great Britain", "GB"),
            ("england", "GB"),
            ("United Kingdom", "GB"),
            ("Österreich", "AT"),
            ("OSTERREICH", "AT"),
            ("España", "ES"),
            ("Côte d’Ivoire", "CI"),
            ("Ivory Coast", "CI"),
            ("Türkiye", "TR"),
            ("Turkey", "TR"),
            ("Korea, Republic of", "KR"),
            ("South Korea", "KR"),
            ("日本", "JP"),
            ("Россия", "RU"),
            ("The Netherlands", "NL"),
            ("Holland", "NL"),
            ("Trinidad & Tobago", "TT"),
            ("Czech Republic", "CZ"),
            ("Samoa", "WS"),
            ("Kosovo", "XK"),
            ("Guinea-Bissau", "GW"),
            ("Niger", "NE"),
        ] {
            assert_eq!(CountryCode::parse(raw).map(CountryCode::as_str), Ok(code), "{raw}");
        }
    }

    #[test]
    fn refusals() {
        for (raw, error) in [
            ("", CountryError::Empty),
            (" - ", CountryError::Empty),
            ("&", CountryError::Empty),
            ("!@#$%^&*()`~", CountryError::Empty),
            ("ZZ", CountryError::Unknown),
            ("EU", CountryError::Unknown),
            ("Atlantis", CountryError::Unknown),
        ] {
            assert_eq!(CountryCode::parse(raw), Err(error), "{raw}");
        }
    }

    #[test]
    fn table_is_sorted_and_every_row_answers_to_its_code_and_name() {
        assert!(COUNTRIES.is_sorted_by(|(one, _, _), (next, _, _)| one < next));
        assert_eq!(CountryCode::all().len(), 250, "249 of ISO 3166-1 and Kosovo");
        for country in CountryCode::all() {
            for text in [country.as_str(), country.alpha3(), country.name()] {
                assert_eq!(CountryCode::parse(text), Ok(country), "{text}");
            }
        }
    }

    #[test]
    fn every_alias_is_written_as_it_is_looked_up() {
        let lines = sorted_lines::entries(NAMES);
        assert!(lines.is_sorted_by(|one, next| one < next));
        for line in lines {
            let (name, code) = line.split_once('\t').unwrap();
            assert_eq!(name_key(name), name);
            assert_eq!(CountryCode::parse(name).map(CountryCode::as_str), Ok(code), "{name}");
        }
    }

    #[test]
    fn telephone_numbering_knows_the_codes() {
        // An independent list: every region with telephone metadata is one of ours, two old or shared ones apart.
        for region in rlibphonenumber::PHONE_NUMBER_UTIL.get_supported_regions() {
            let code = region.to_string();
            assert!(
                CountryCode::from_alpha2(&code).is_some() || ["AC", "TA"].contains(&code.as_str()),
                "{code}"
            );
        }
    }

    #[test]
    fn travels_as_alpha_2() {
        let germany = CountryCode::parse("Germany").unwrap();
        assert_eq!(serde_json::to_string(&germany).unwrap(), "\"DE\"");
        assert_eq!(serde_json::from_str::<CountryCode>("\"de\"").unwrap(), germany);
        assert!(serde_json::from_str::<CountryCode>("\"Germany\"").is_err());
        assert_eq!(format!("{germany} {germany:?} {}", germany.name()), "DE CountryCode(DE) Germany");
    }

    proptest! {
        #[test]
        fn never_panics(raw in any::<String>()) {
            if let Ok(country) = CountryCode::parse(&raw) {
                prop_assert_eq!(CountryCode::parse(country.as_str()), Ok(country));
            }
        }
    }
}
