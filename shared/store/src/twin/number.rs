//! Decimal numbers as DynamoDB keeps them: 38 significant digits, magnitudes 1E-130 to 9.99…E+125, no trailing
//! zeros.

use std::cmp::Ordering;
use std::fmt;

use super::refusal::Refusal;

const MAX_DIGITS: usize = 38;
const MAX_EXPONENT: i64 = 125;
const MIN_EXPONENT: i64 = -130;

/// A number in its canonical form. Zero has no digits and is never negative.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decimal {
    negative: bool,
    /// Significant digits 0–9, neither leading nor trailing zeros.
    digits: Vec<u8>,
    /// Power of ten of the first digit.
    exponent: i64,
}

impl Decimal {
    /// Reads what DynamoDB takes for a number; refuses everything else, NaN and infinities included.
    pub(super) fn parse(text: &str) -> Result<Self, Refusal> {
        let (negative, unsigned) = match text.strip_prefix(['-', '+']) {
            Some(rest) => (text.starts_with('-'), rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => {
                (mantissa, exponent.parse::<i64>().map_err(|_| Refusal::NotANumber)?)
            }
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let written: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
        if written.is_empty() || !written.iter().all(u8::is_ascii_digit) {
            return Err(Refusal::NotANumber);
        }
        let leading = written.iter().take_while(|digit| **digit == b'0').count();
        let significant = &written[leading..];
        let fraction_length = i64::try_from(fraction.len()).map_err(|_| Refusal::NotANumber)?;
        let width = i64::try_from(significant.len().max(1)).map_err(|_| Refusal::NotANumber)?;
        let exponent = exponent.saturating_sub(fraction_length).saturating_add(width - 1);
        if !(MIN_EXPONENT..=MAX_EXPONENT).contains(&exponent) {
            return Err(Refusal::NumberOutOfRange);
        }
        let trailing = significant.iter().rev().take_while(|digit| **digit == b'0').count();
        let digits: Vec<u8> =
            significant[..significant.len() - trailing].iter().map(|digit| digit - b'0').collect();
        if digits.len() > MAX_DIGITS {
            return Err(Refusal::TooManyDigits);
        }
        if digits.is_empty() {
            return Ok(Self { negative: false, digits, exponent: 0 });
        }
        Ok(Self { negative, digits, exponent })
    }

    /// Bytes the number takes: base-100 digit pairs aligned on the decimal point, one more, and one for the sign.
    pub(super) fn size(&self) -> usize {
        if self.digits.is_empty() {
            return 1;
        }
        // A first digit at an even power of ten is the second of its pair: the first half stays empty.
        let pairs = (self.digits.len() + usize::from(self.exponent.rem_euclid(2) == 0)).div_ceil(2);
        1 + pairs + usize::from(self.negative)
    }
}

impl From<i64> for Decimal {
    fn from(value: i64) -> Self {
        let digits: Vec<u8> = value.unsigned_abs().to_string().bytes().map(|digit| digit - b'0').collect();
        let trailing = digits.iter().rev().take_while(|digit| **digit == 0).count();
        if trailing == digits.len() {
            return Self { negative: false, digits: Vec::new(), exponent: 0 };
        }
        // At most 19 digits.
        let exponent = digits.len() as i64 - 1;
        Self { negative: value < 0, digits: digits[..digits.len() - trailing].to_vec(), exponent }
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let sign = |number: &Self| match (number.digits.is_empty(), number.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        };
        let magnitude = || self.exponent.cmp(&other.exponent).then_with(|| self.digits.cmp(&other.digits));
        sign(self).cmp(&sign(other)).then_with(|| match sign(self) {
            0 => Ordering::Equal,
            1 => magnitude(),
            _ => magnitude().reverse(),
        })
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.digits.is_empty() {
            return f.write_str("0");
        }
        let mut digits = self.digits.iter().map(|digit| char::from(b'0' + digit));
        let mut text = String::from(if self.negative { "-" } else { "" });
        if self.exponent < 0 {
            text.push_str("0.");
            text.extend((self.exponent + 1..0).map(|_| '0'));
        } else {
            text.extend((0..=self.exponent).map(|_| digits.next().unwrap_or('0')));
            if digits.len() > 0 {
                text.push('.');
            }
        }
        text.extend(digits);
        f.write_str(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str) -> String {
        Decimal::parse(text).unwrap().to_string()
    }

    #[test]
    fn numbers_are_kept_without_redundant_zeros() {
        let cases = [
            ("0", "0"),
            ("-0", "0"),
            ("0.000", "0"),
            ("1", "1"),
            ("+1", "1"),
            ("1.0", "1"),
            ("007", "7"),
            ("1e3", "1000"),
            ("1E+3", "1000"),
            ("120", "120"),
            ("-12.50", "-12.5"),
            ("0.05", "0.05"),
            (".5", "0.5"),
            ("5e-3", "0.005"),
            ("1234567890.0987", "1234567890.0987"),
            ("10.01", "10.01"),
        ];
        for (text, expected) in cases {
            assert_eq!(canonical(text), expected, "{text}");
        }
        assert_eq!(canonical("1e125"), format!("1{}", "0".repeat(125)));
        assert_eq!(canonical("1e-130"), format!("0.{}1", "0".repeat(129)));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in
            ["", "-", ".", "e5", "NaN", "Infinity", " 1", "1 ", "1_0", "1e", "1e1.5", "0x1", "--1", "１"]
        {
            assert!(Decimal::parse(text).is_err(), "{text:?}");
        }
        assert_eq!(Decimal::parse("1e126"), Err(Refusal::NumberOutOfRange));
        assert_eq!(Decimal::parse("1e-131"), Err(Refusal::NumberOutOfRange));
        assert_eq!(Decimal::parse(&"9".repeat(39)), Err(Refusal::TooManyDigits));
        assert_eq!(canonical(&"9".repeat(38)), "9".repeat(38));
        assert_eq!(canonical(&format!("{}0", "9".repeat(38))), format!("{}0", "9".repeat(38)));
    }

    #[test]
    fn order_is_numeric() {
        let ascending =
            ["-1e10", "-10", "-9.5", "-0.1", "-0.01", "0", "0.01", "0.1", "9", "9.5", "10", "11", "1e10"];
        for (i, left) in ascending.iter().enumerate() {
            for (j, right) in ascending.iter().enumerate() {
                let (left, right) = (Decimal::parse(left).unwrap(), Decimal::parse(right).unwrap());
                assert_eq!(left.cmp(&right), i.cmp(&j));
            }
        }
    }

    /// The sizes published for the storage format: two digits to a byte, one byte more, one for the sign.
    #[test]
    fn sizes_count_pairs_of_digits() {
        for (text, bytes) in [
            ("0", 1),
            ("1", 2),
            ("12", 2),
            ("123", 3),
            ("1234", 3),
            ("-1", 3),
            ("1.5", 3),
            ("100", 2),
            ("10", 2),
        ] {
            assert_eq!(Decimal::parse(text).unwrap().size(), bytes, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn whole_numbers_read_and_print_as_themselves(value: i64) {
            let parsed = Decimal::parse(&value.to_string()).unwrap();
            proptest::prop_assert_eq!(&parsed, &Decimal::from(value));
            proptest::prop_assert_eq!(parsed.to_string(), value.to_string());
        }

        #[test]
        fn order_of_whole_numbers_is_theirs(left: i64, right: i64) {
            proptest::prop_assert_eq!(Decimal::from(left).cmp(&Decimal::from(right)), left.cmp(&right));
        }
    }
}
