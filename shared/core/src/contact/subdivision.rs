//! States, provinces, Länder and the like, as codes.

use std::fmt;

use super::country::{CountryCode, name_key};
use super::serialized::serialized_as_text;
use super::sorted_lines;

/// The country's code, a name or code in plain words, and what follows the hyphen of the code.
const NAMES: &str = include_str!("data/subdivisions.txt");

/// Longer input names none, and is refused unread.
const MAX_RAW_BYTES: usize = 256;

/// A subdivision of a country in ISO 3166-2: `US-CA`, `DE-BY`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subdivision(String);

/// This names no subdivision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not the code or the name of a state or province; write a code such as US-CA")]
pub struct SubdivisionError;

impl Subdivision {
    /// Reads a whole code (`US-CA`), or with the country a code (`CA`) or name (`California`); case and accents do not
    /// matter. Names and short codes are known for some twenty countries whose addresses have them.
    ///
    /// # Errors
    /// [`SubdivisionError`] for anything else, and for a code of another country.
    pub fn parse(raw: &str, country: Option<CountryCode>) -> Result<Self, SubdivisionError> {
        if raw.len() > MAX_RAW_BYTES {
            return Err(SubdivisionError);
        }
        if let Some(whole) = whole_code(raw.trim()) {
            let fits = country.is_none_or(|c| c == whole.country());
            return if fits { Ok(whole) } else { Err(SubdivisionError) };
        }
        let country = country.ok_or(SubdivisionError)?;
        let key = format!("{} {}", country.as_str().to_ascii_lowercase(), name_key(raw));
        let code = sorted_lines::look_up(NAMES, &key).ok_or(SubdivisionError)?;
        Ok(Self(format!("{}-{code}", country.as_str())))
    }

    fn from_stored(text: &str) -> Result<Self, SubdivisionError> {
        whole_code(text).ok_or(SubdivisionError)
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The country that it belongs to.
    pub fn country(&self) -> CountryCode {
        CountryCode::from_alpha2(&self.0[..2]).expect("a code begins with its country's")
    }
}

/// A code with its country: two letters, a hyphen, and one to three letters or digits.
fn whole_code(text: &str) -> Option<Subdivision> {
    let (country, rest) = text.split_once('-')?;
    let country = CountryCode::from_alpha2(country)?;
    let plain = (1..=3).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_alphanumeric());
    let code = Subdivision(format!("{}-{}", country.as_str(), rest.to_ascii_uppercase()));
    // Where the codes are listed, it has to be one of them.
    let prefix = format!("{} ", country.as_str().to_ascii_lowercase());
    let own = format!("{prefix}{}", rest.to_ascii_lowercase());
    let listed = sorted_lines::look_up(NAMES, &own).is_some_and(|found| code.0.ends_with(found));
    (plain && (listed || !LISTED.contains(&country.as_str()))).then_some(code)
}

/// Countries all of whose codes are in the list.
const LISTED: [&str; 17] =
    ["US", "CA", "AU", "DE", "AT", "CH", "IE", "NL", "BE", "BR", "MX", "IN", "PL", "SE", "DK", "JP", "ZA"];

impl fmt::Debug for Subdivision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Subdivision({})", self.0)
    }
}

serialized_as_text!(Subdivision, as_str, from_stored);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn codes_and_names_with_their_country() {
        for (country, raw, code) in [
            ("US", "California", "US-CA"),
            ("US", "ca", "US-CA"),
            ("US", "US-ca", "US-CA"),
            ("US", "District of Columbia", "US-DC"),
            ("US", "D.C.", "US-DC"),
            ("CA", "Québec", "CA-QC"),
            ("CA", "ON", "CA-ON"),
            ("DE", "Bayern", "DE-BY"),
            ("DE", "Bavaria", "DE-BY"),
            ("DE", "Baden-Württemberg", "DE-BW"),
            ("AT", "Wien", "AT-9"),
            ("CH", "Zürich", "CH-ZH"),
            ("AU", "New South Wales", "AU-NSW"),
            ("BR", "São Paulo", "BR-SP"),
            ("GB", "Scotland", "GB-SCT"),
            ("GB", "GB-LND", "GB-LND"),
            ("NO", "no-03", "NO-03"),
        ] {
            let found = Subdivision::parse(raw, CountryCode::from_alpha2(country));
            assert_eq!(found.as_ref().map(Subdivision::as_str), Ok(code), "{country} {raw}");
        }
        assert_eq!(Subdivision::parse("US-NY", None).unwrap().country().as_str(), "US");
    }

    #[test]
    fn refusals() {
        let us = CountryCode::from_alpha2("US");
        for (country, raw) in [
            (None, "California"),
            (None, "CA"),
            (us, "Bayern"),
            (us, "DE-BY"),
            (us, "US-ZZ"),
            (us, ""),
            (us, "n/a"),
            (None, "ZZ-1"),
            (None, "NO-ABCD"),
            (CountryCode::from_alpha2("NO"), "Oslo"),
        ] {
            assert!(Subdivision::parse(raw, country).is_err(), "{raw}");
        }
    }

    #[test]
    fn every_line_is_looked_up_as_it_is_written() {
        let lines = sorted_lines::entries(NAMES);
        assert!(lines.is_sorted_by(|one, next| one < next));
        for line in lines {
            let (key, code) = line.split_once('\t').unwrap();
            let (country, name) = key.split_once(' ').unwrap();
            let country = CountryCode::from_alpha2(country).unwrap();
            let expected = format!("{}-{code}", country.as_str());
            let found = Subdivision::parse(name, Some(country)).unwrap();
            assert_eq!(found.as_str(), expected, "{line}");
            assert_eq!(Subdivision::from_stored(&expected).unwrap(), found);
        }
    }

    proptest! {
        #[test]
        fn never_panics_and_reads_itself_back(raw in "\\PC{0,12}", country in "US|DE|NO") {
            if let Ok(found) = Subdivision::parse(&raw, CountryCode::from_alpha2(&country)) {
                prop_assert_eq!(Subdivision::from_stored(found.as_str()).unwrap(), found);
            }
        }
    }
}
