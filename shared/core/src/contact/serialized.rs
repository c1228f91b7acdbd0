//! Values travel as strings and are parsed again on the way in.

/// Serializes a value as the string one method gives and deserializes it through one checking constructor.
///
/// The error carries the constructor's words only, never the refused text, which may be personal.
macro_rules! serialized_as_text {
    ($value:ty, $text:ident, $check:ident) => {
        impl serde::Serialize for $value {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.$text())
            }
        }

        impl<'de> serde::Deserialize<'de> for $value {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                Self::$check(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

pub(super) use serialized_as_text;
