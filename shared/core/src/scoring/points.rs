//! The numbers of scoring.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Points in thousandths. Written as a decimal number with at most three places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Points(i64);

impl Points {
    /// No points.
    pub const ZERO: Points = Points(0);
    /// The most that a single rule may give or take: a million.
    pub const LIMIT: Points = Points(1_000_000_000);

    /// From thousandths.
    pub const fn from_milli(milli: i64) -> Self {
        Self(milli)
    }

    /// From whole points.
    pub const fn whole(points: i64) -> Self {
        Self(points * 1_000)
    }

    /// In thousandths.
    pub const fn milli(self) -> i64 {
        self.0
    }
}

impl std::ops::Add for Points {
    type Output = Points;
    fn add(self, other: Points) -> Points {
        Points(self.0.saturating_add(other.0))
    }
}

impl std::iter::Sum for Points {
    fn sum<I: Iterator<Item = Points>>(iter: I) -> Points {
        iter.fold(Points::ZERO, |a, b| a + b)
    }
}

impl Serialize for Points {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 % 1_000 == 0 {
            serializer.serialize_i64(self.0 / 1_000)
        } else {
            // Exact in print: three decimals of a number this size survive the way through a double.
            #[allow(clippy::cast_precision_loss)]
            serializer.serialize_f64(self.0 as f64 / 1_000.0)
        }
    }
}

impl<'de> Deserialize<'de> for Points {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = f64::deserialize(deserializer)?;
        let milli = (number * 1_000.0).round();
        #[allow(clippy::cast_precision_loss)]
        let limit = Points::LIMIT.0 as f64;
        if !milli.is_finite() || milli.abs() > limit {
            return Err(serde::de::Error::custom("points must be a number between -1000000 and 1000000"));
        }
        if (number * 1_000.0 - milli).abs() > 1e-6 {
            return Err(serde::de::Error::custom("points may have at most three decimals"));
        }
        #[allow(clippy::cast_possible_truncation)]
        Ok(Points(milli as i64))
    }
}

/// A score of one axis: 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Default)]
#[serde(try_from = "i64", into = "i64")]
pub struct Score(u8);

/// A number that is not a score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a score is a whole number from 0 to 100")]
pub struct NotAScore;

impl Score {
    /// Rounds half up and clamps to 0 to 100.
    pub fn from_points(points: Points) -> Self {
        let rounded = (points.0.saturating_add(500)).div_euclid(1_000);
        Self(u8::try_from(rounded.clamp(0, 100)).unwrap_or(100))
    }

    /// As a number from 0 to 100.
    pub const fn points(self) -> u8 {
        self.0
    }
}

impl TryFrom<i64> for Score {
    type Error = NotAScore;
    fn try_from(number: i64) -> Result<Self, NotAScore> {
        u8::try_from(number).ok().filter(|n| *n <= 100).map(Score).ok_or(NotAScore)
    }
}

impl From<Score> for i64 {
    fn from(score: Score) -> i64 {
        i64::from(score.0)
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
