//! Postcodes, in the way their country writes them.

use std::fmt;

use super::country::CountryCode;
use super::serialized::serialized_as_text;

/// The longest that any country has.
const MOST_CHARS: usize = 10;

/// A postcode: `SW1A 1AA`, `94105`, `K1A 0B1`. Capitals and digits; spaces and hyphens where the country has them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Postcode(String);

/// This is not a postcode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a postcode: it has 3 to 10 letters and digits, with a digit among them")]
pub struct PostcodeError;

impl Postcode {
    /// Reads a postcode. Where the country is known, it is written that country's way.
    ///
    /// # Errors
    /// [`PostcodeError`] for anything else than letters, digits, spaces and hyphens, or too few or too many of them.
    pub fn parse(raw: &str, country: Option<CountryCode>) -> Result<Self, PostcodeError> {
        if raw.len() > 64 {
            return Err(PostcodeError);
        }
        let raw = raw.trim().to_ascii_uppercase();
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-');
        let bare = compact(&raw);
        let sized = (3..=MOST_CHARS).contains(&bare.len());
        if !sized || !raw.chars().all(fits) || !bare.bytes().any(|b| b.is_ascii_digit()) {
            return Err(PostcodeError);
        }
        let country = country.map(CountryCode::as_str).unwrap_or_default();
        // Many write the country before the code: D-80331, AT 1010.
        let bare = match country {
            "DE" | "AT" | "CH" | "FR" | "IT" | "ES" | "BE" | "DK" | "NO" | "FI" | "SE" | "LU" | "PL"
            | "CZ" => bare.trim_start_matches(|c: char| c.is_ascii_alphabetic()).to_owned(),
            _ => bare,
        };
        if bare.len() < 3 {
            return Err(PostcodeError);
        }
        let digits = bare.bytes().all(|b| b.is_ascii_digit());
        let at = |place: usize, sign: &str| match bare.split_at_checked(place) {
            Some((front, back)) if !back.is_empty() => format!("{front}{sign}{back}"),
            _ => bare.clone(),
        };
        let written = match (country, bare.len()) {
            ("GB" | "IM" | "JE" | "GG", 5..=7) => at(bare.len() - 3, " "),
            ("CA", 6) => at(3, " "),
            ("IE", 7) => at(3, " "),
            ("NL", 6) => at(4, " "),
            ("SE" | "CZ" | "SK" | "GR", 5) if digits => at(3, " "),
            ("PL", 5) if digits => at(2, "-"),
            ("PT", 7) if digits => at(4, "-"),
            ("JP", 7) if digits => at(3, "-"),
            ("BR", 8) if digits => at(5, "-"),
            ("US" | "PR", 9) if digits => at(5, "-"),
            ("", _) => raw.split_whitespace().collect::<Vec<_>>().join(" "),
            _ => bare,
        };
        Ok(Self(written))
    }

    fn from_stored(text: &str) -> Result<Self, PostcodeError> {
        Self::parse(text, None)
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A postcode or the beginning of one without what people write differently.
pub(crate) fn compact(text: &str) -> String {
    let kept = text.chars().filter(|c| !matches!(c, ' ' | '-'));
    kept.map(|c| c.to_ascii_uppercase()).collect()
}

impl fmt::Debug for Postcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Postcode(…)")
    }
}

serialized_as_text!(Postcode, as_str, from_stored);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_country_writes_its_own_way() {
        for (country, raw, written) in [
            ("GB", "sw1a1aa", "SW1A 1AA"),
            ("GB", "M1 1AE", "M1 1AE"),
            ("GB", "ec1a1bb", "EC1A 1BB"),
            ("CA", "k1a0b1", "K1A 0B1"),
            ("NL", "1012ab", "1012 AB"),
            ("IE", "d02x285", "D02 X285"),
            ("US", "94105", "94105"),
            ("US", "94105 1234", "94105-1234"),
            ("US", "02134-0001", "02134-0001"),
            ("DE", "D-80331", "80331"),
            ("AT", "A-1010", "1010"),
            ("SE", "11455", "114 55"),
            ("PL", "00001", "00-001"),
            ("PT", "1000-205", "1000-205"),
            ("JP", "1000001", "100-0001"),
            ("BR", "01310100", "01310-100"),
        ] {
            let code = CountryCode::from_alpha2(country);
            assert_eq!(Postcode::parse(raw, code).map(|p| p.0), Ok(written.to_owned()), "{country} {raw}");
        }
        assert_eq!(Postcode::parse(" 1012  ab ", None).map(|p| p.0), Ok("1012 AB".to_owned()));
    }

    #[test]
    fn refusals() {
        for raw in ["", "-", "n/a", "none", "London", "12", "123456789012", "80331 München", "80331;"] {
            assert!(Postcode::parse(raw, None).is_err(), "{raw}");
        }
    }

    proptest! {
        #[test]
        fn what_was_written_reads_the_same(raw in "[A-Za-z0-9 -]{0,14}", country in "GB|CA|NL|US|DE|SE|PL|PT|JP|BR|FR") {
            let country = CountryCode::from_alpha2(&country);
            if let Ok(code) = Postcode::parse(&raw, country) {
                prop_assert_eq!(Postcode::parse(code.as_str(), country).unwrap(), code.clone());
                prop_assert_eq!(Postcode::from_stored(code.as_str()).unwrap(), code);
            }
        }
    }
}
