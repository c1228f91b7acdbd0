//! Telephone numbers.

use super::CountryCode;
use super::serialized::serialized_as_text;
use rlibphonenumber::{
    PHONE_NUMBER_UTIL, ParseError, PhoneNumber, PhoneNumberFormat, Region, ValidationError,
};
use std::fmt;

/// Longer input is refused unread; the longest notation of a number and its extension is far shorter.
const MAX_RAW_BYTES: usize = 128;
/// What parts the number from the extension in the stored form (RFC 3966).
const EXTENSION: &str = ";ext=";
/// Longest extension, in digits.
const MAX_EXTENSION_DIGITS: usize = 20;

/// A telephone number in E.164 notation, perhaps with an extension.
///
/// Equality takes the extension into account; match on [`Phone::as_str`] to leave it out.
/// A switchboard's number belongs to many people, so a number alone never says who somebody is.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Phone {
    /// `+49301234567` or `+49301234567;ext=12`.
    text: String,
    number_bytes: usize,
}

/// Why a text is not a telephone number. No variant holds the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PhoneError {
    /// Nothing but white space.
    #[error("a telephone number is empty")]
    Empty,
    /// No telephone number can be read here.
    #[error("this is not a telephone number")]
    NotANumber,
    /// In national notation, and it is not known of which country; or an international prefix nobody has.
    #[error("a telephone number needs its country, as in +49 30 1234567")]
    NoCountry,
    /// Fewer digits than any number there has.
    #[error("a telephone number has too few digits")]
    TooShort,
    /// More digits than any number there has.
    #[error("a telephone number has too many digits")]
    TooLong,
    /// Of a possible length, but in no range that is assigned.
    #[error("no such telephone number is assigned")]
    NotAssigned,
}

impl Phone {
    /// Reads a number in international notation, or in the national notation of `region`.
    ///
    /// Without a region, only international notation (`+49…`) can be understood.
    ///
    /// # Errors
    ///
    /// See [`PhoneError`].
    pub fn parse(raw: &str, region: Option<CountryCode>) -> Result<Self, PhoneError> {
        if raw.trim().is_empty() {
            return Err(PhoneError::Empty);
        }
        if raw.len() > MAX_RAW_BYTES {
            return Err(PhoneError::TooLong);
        }
        if has_context_before_number(raw) {
            return Err(PhoneError::NotANumber);
        }
        // A country without telephone metadata of its own (Antarctica) is as good as none.
        let region = region.and_then(|country| country.as_str().parse::<Region>().ok());
        let number = PHONE_NUMBER_UTIL.parse(raw, region).map_err(|error| match error {
            ParseError::InvalidCountryCode => PhoneError::NoCountry,
            ParseError::TooShortAfterIdd | ParseError::TooShortNsn => PhoneError::TooShort,
            ParseError::TooLongNsn => PhoneError::TooLong,
            ParseError::NotANumber(_) => PhoneError::NotANumber,
        })?;
        if !number.is_valid() {
            return Err(match number.is_possible_with_reason() {
                Err(ValidationError::TooShort) => PhoneError::TooShort,
                Err(ValidationError::TooLong) => PhoneError::TooLong,
                _ => PhoneError::NotAssigned,
            });
        }
        let e164 = number.format_as(PhoneNumberFormat::E164);
        let text = match number.extension.as_deref().unwrap_or_default() {
            "" => e164.into_owned(),
            extension => format!("{e164}{EXTENSION}{extension}"),
        };
        Self::from_stored(&text)
    }

    /// Takes a number this type has written before, with or without extension: `+49301234567;ext=12`.
    ///
    /// Only the shape is checked, not whether the number is assigned: the numbering plans are large, change, and are
    /// not needed for reading back what was checked when it came in.
    ///
    /// # Errors
    ///
    /// [`PhoneError::NotANumber`] where the shape is another.
    pub fn from_stored(text: &str) -> Result<Self, PhoneError> {
        let (number, extension) = match text.split_once(EXTENSION) {
            Some((number, extension)) => (number, Some(extension)),
            None => (text, None),
        };
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let digits = number.strip_prefix('+').ok_or(PhoneError::NotANumber)?;
        let number_fits = (4..=17).contains(&digits.len()) && !digits.starts_with('0') && is_digits(digits);
        let extension_fits = extension
            .is_none_or(|digits| (1..=MAX_EXTENSION_DIGITS).contains(&digits.len()) && is_digits(digits));
        if number_fits && extension_fits {
            Ok(Self { text: text.to_owned(), number_bytes: number.len() })
        } else {
            Err(PhoneError::NotANumber)
        }
    }

    /// The number in E.164 notation, without the extension: `+49301234567`.
    pub fn as_str(&self) -> &str {
        &self.text[..self.number_bytes]
    }

    /// The digits of the extension.
    pub fn extension(&self) -> Option<&str> {
        self.text[self.number_bytes..].strip_prefix(EXTENSION)
    }

    /// The number and its extension in one text, as [`Phone::from_stored`] takes it and serialization writes it.
    pub fn as_stored(&self) -> &str {
        &self.text
    }

    /// The country the number belongs to; `None` for numbers of no country, such as international freephone.
    ///
    /// Reads the numbering plans: about 5 ms of CPU at the first use in a process, 40 µs later.
    pub fn country(&self) -> Option<CountryCode> {
        let number: PhoneNumber = self.as_str().parse().ok()?;
        CountryCode::from_alpha2(&number.get_region_code()?.to_string())
    }
}

/// Whether `;phone-context=` comes before `tel:`, which no address by RFC 3966 has. The library takes what lies between the
/// two for the number, and panics where that is less than nothing.
fn has_context_before_number(raw: &str) -> bool {
    const TEL: &str = "tel:";
    raw.find(TEL).zip(raw.find(";phone-context=")).is_some_and(|(tel, context)| context < tel + TEL.len())
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phone(…)")
    }
}

serialized_as_text!(Phone, as_stored, from_stored);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn country(code: &str) -> Option<CountryCode> {
        CountryCode::from_alpha2(code)
    }

    #[test]
    fn national_and_international_notation() {
        for (raw, region, e164, extension, home) in [
            ("+49 30 1234567", None, "+49301234567", None, "DE"),
            ("030 1234567", country("DE"), "+49301234567", None, "DE"),
            ("(0)30/123 45 67", country("DE"), "+49301234567", None, "DE"),
            ("0049 30 1234567", country("DE"), "+49301234567", None, "DE"),
            ("+1 (650) 253-0000", None, "+16502530000", None, "US"),
            ("650.253.0000", country("US"), "+16502530000", None, "US"),
            ("+1 650 253 0000 ext. 123", None, "+16502530000", Some("123"), "US"),
            ("650-253-0000 x7", country("US"), "+16502530000", Some("7"), "US"),
            ("tel:+44-20-7031-3000", None, "+442070313000", None, "GB"),
            ("+33 1 42 68 53 00", country("US"), "+33142685300", None, "FR"),
            ("+39 02 3661 8300", None, "+390236618300", None, "IT"),
            ("+1 416 555 0123", None, "+14165550123", None, "CA"),
            ("＋８１ ３ ６３８４ ９０００", None, "+81363849000", None, "JP"),
        ] {
            let phone = Phone::parse(raw, region).unwrap_or_else(|error| panic!("{raw}: {error}"));
            assert_eq!((phone.as_str(), phone.extension()), (e164, extension), "{raw}");
            assert_eq!(phone.country(), country(home), "{raw}");
        }
        assert_eq!(Phone::parse("+800 1234 5678", None).unwrap().country(), None);
    }

    #[test]
    fn refusals() {
        let long = "1".repeat(200);
        for (raw, region, error) in [
            ("", None, PhoneError::Empty),
            (" \t", None, PhoneError::Empty),
            ("call me", None, PhoneError::NotANumber),
            // The fuzzer found the library to panic on this.
            ("030 1234567;phone-context=x.example;tel:", country("DE"), PhoneError::NotANumber),
            ("030 1234567", None, PhoneError::NoCountry),
            ("030 1234567", country("AQ"), PhoneError::NoCountry),
            ("+999 123 4567", None, PhoneError::NoCountry),
            ("+1 650", None, PhoneError::TooShort),
            ("+1 650 253 0000 0000", None, PhoneError::TooLong),
            ("+1 000 000 0000", None, PhoneError::NotAssigned),
            (&long, country("US"), PhoneError::TooLong),
        ] {
            assert_eq!(Phone::parse(raw, region), Err(error), "{raw}");
        }
    }

    #[test]
    fn extension_tells_two_phones_apart_and_the_number_does_not() {
        let desk = Phone::parse("+1 650 253 0000 ext 12", None).unwrap();
        let switchboard = Phone::parse("+1 650 253 0000", None).unwrap();
        assert_ne!(desk, switchboard);
        assert_eq!(desk.as_str(), switchboard.as_str());
    }

    #[test]
    fn travels_with_its_extension_and_is_checked() {
        let desk = Phone::parse("+1 650 253 0000 ext 12", None).unwrap();
        let json = serde_json::to_string(&desk).unwrap();
        assert_eq!(json, "\"+16502530000;ext=12\"");
        assert_eq!(serde_json::from_str::<Phone>(&json).unwrap(), desk);
        assert_eq!(Phone::parse(desk.as_stored(), None).unwrap(), desk);
        for wrong in [
            "\"030 1234567\"",
            "\"+0301234567\"",
            "\"+49301234567;ext=\"",
            "\"+49;ext=1\"",
            "\"+4930a234567\"",
        ] {
            assert!(serde_json::from_str::<Phone>(wrong).is_err(), "{wrong}");
        }
        assert_eq!(format!("{desk:?}"), "Phone(…)");
    }

    proptest! {
        #[test]
        fn never_panics(raw in any::<String>()) {
            let _ = Phone::parse(&raw, country("DE"));
            let _ = Phone::from_stored(&raw);
        }

        #[test]
        fn reads_itself_back(raw in "(\\+|00|0|)[1-9][0-9 ()./-]{5,14}( ?(x|ext\\.?) ?[0-9]{1,5})?",
            region in prop::sample::select(vec!["DE", "US", "FR", "IT", "BR", "JP"])) {
            if let Ok(phone) = Phone::parse(&raw, country(region)) {
                prop_assert_eq!(Phone::parse(phone.as_stored(), None).unwrap(), phone.clone());
                prop_assert_eq!(Phone::from_stored(phone.as_stored()).unwrap(), phone.clone());
                prop_assert!(phone.as_str().len() <= 18 && phone.as_str().starts_with('+'));
            }
        }
    }
}
