//! Instants in a row: the number of milliseconds since the epoch, which takes eight bytes instead of up to thirty. One
//! that is no whole millisecond is written out (RFC 3339); our own clock makes none, but what it was told may be.

use std::fmt;

use jiff::Timestamp;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Instant(pub(super) Timestamp);

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let millisecond = self.0.as_millisecond();
        if Timestamp::from_millisecond(millisecond).is_ok_and(|whole| whole == self.0) {
            to.serialize_i64(millisecond)
        } else {
            self.0.serialize(to)
        }
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;

        impl Visitor<'_> for Either {
            type Value = Instant;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("milliseconds since the epoch, or an instant in RFC 3339")
            }

            fn visit_i64<E: Error>(self, millisecond: i64) -> Result<Instant, E> {
                Timestamp::from_millisecond(millisecond).map(Instant).map_err(E::custom)
            }

            fn visit_u64<E: Error>(self, millisecond: u64) -> Result<Instant, E> {
                i64::try_from(millisecond).map_err(E::custom).and_then(|ms| self.visit_i64(ms))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Instant, E> {
                text.parse().map(Instant).map_err(E::custom)
            }
        }

        from.deserialize_any(Either)
    }
}
