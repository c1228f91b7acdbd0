//! Fractions without rounding, and as decimals rounded once.

use num_bigint::BigInt;
use serde_json::Number;

/// Digits that a JSON number keeps through any reader.
const DIGITS: usize = 15;

/// A fraction, not reduced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fraction {
    /// Above the line.
    pub(super) numerator: BigInt,
    /// Below it, positive.
    pub(super) denominator: BigInt,
}

impl Fraction {
    /// The nearest decimal with so many places, halves away from nought; zeros at its end are left out.
    pub(super) fn decimal(&self, places: usize) -> String {
        let scale =
            u32::try_from(places).map_or_else(|_| BigInt::from(1), |places| BigInt::from(10).pow(places));
        let size = BigInt::from(self.numerator.magnitude().clone());
        let nearest: BigInt = (size * scale * 2 + &self.denominator) / (&self.denominator * 2);
        let digits = format!("{:0>width$}", nearest.to_string(), width = places + 1);
        let (whole, rest) = digits.split_at(digits.len() - places);
        let rest = rest.trim_end_matches('0');
        let point = if rest.is_empty() { "" } else { "." };
        let minus =
            if self.numerator < BigInt::ZERO && (whole != "0" || !rest.is_empty()) { "-" } else { "" };
        format!("{minus}{whole}{point}{rest}")
    }
}

/// The nearest decimal of 15 digits.
pub(super) fn number(fraction: &Fraction) -> Number {
    let whole = (&fraction.numerator / &fraction.denominator).magnitude().to_string().len();
    let text = fraction.decimal(DIGITS.saturating_sub(whole));
    text.parse().ok().and_then(Number::from_f64).unwrap_or_else(|| Number::from(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fraction(numerator: i64, denominator: i64) -> Fraction {
        Fraction { numerator: numerator.into(), denominator: denominator.into() }
    }

    #[test]
    fn fractions_are_rounded_once() {
        for (numerator, denominator, places, expected) in [
            (1, 3, 3, "0.333"),
            (2, 3, 3, "0.667"),
            (-2, 3, 3, "-0.667"),
            (1, 2000, 3, "0.001"),
            (-1, 4000, 3, "0"),
            (120, 12, 3, "10"),
            (0, 5, 3, "0"),
            (7, 2, 0, "4"),
            (1_000_001, 10, 3, "100000.1"),
        ] {
            assert_eq!(
                fraction(numerator, denominator).decimal(places),
                expected,
                "{numerator}/{denominator}"
            );
        }
        for (numerator, denominator, expected) in [
            (1, 3, "0.33333333333333"),
            (100, 3, "33.3333333333333"),
            (5, 12, "0.41666666666667"),
            (10, 1, "10.0"),
            (1_000_000, 1, "1000000.0"),
        ] {
            assert_eq!(number(&fraction(numerator, denominator)).to_string(), expected);
        }
    }
}
