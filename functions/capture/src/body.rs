//! Bodies in three encodings, reduced to inputs by name. Bounded in every direction; nothing is given up silently.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::fmt;

use leadline_runtime::http::Problem;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

/// The most a form's body may measure: 64 KiB.
pub const MAX_BODY: usize = 64 * 1024;

/// The most inputs a form may have.
const MAX_INPUTS: usize = 100;

/// The longest name of an input.
const MAX_NAME: usize = 128;

/// Why a body cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Larger than [`MAX_BODY`].
    #[error("the body is larger than {MAX_BODY} bytes")]
    TooLarge,
    /// Neither JSON, nor urlencoded, nor multipart, or compressed, or not UTF-8.
    #[error("{0}")]
    Unsupported(String),
    /// It is not what its type says, or breaks a limit.
    #[error("{0}")]
    Malformed(String),
}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Problem {
        match error {
            BodyError::TooLarge => Problem::new(
                413,
                "body-too-large",
                "Too large",
                format!("A form may have at most {MAX_BODY} bytes. Shorten the longest text."),
            ),
            BodyError::Unsupported(detail) => {
                Problem::new(415, "unsupported-media-type", "Unsupported media type", detail)
            }
            BodyError::Malformed(detail) => Problem::new(400, "malformed-body", "Malformed body", detail),
        }
    }
}

/// Reads the inputs of a body.
pub(crate) async fn inputs(
    content_type: Option<&str>,
    content_encoding: Option<&str>,
    body: &[u8],
) -> Result<Vec<(String, String)>, BodyError> {
    if content_encoding.is_some_and(|e| !e.trim().is_empty() && !e.trim().eq_ignore_ascii_case("identity")) {
        return Err(BodyError::Unsupported("Send the body uncompressed.".to_owned()));
    }
    let content_type = content_type.unwrap_or_default();
    let (kind, parameters) = content_type.split_once(';').unwrap_or((content_type, ""));
    let kind = kind.trim().to_ascii_lowercase();
    if let Some(charset) = parameter(parameters, "charset")
        && !charset.eq_ignore_ascii_case("utf-8")
        && !charset.eq_ignore_ascii_case("us-ascii")
    {
        return Err(BodyError::Unsupported("Send the body in UTF-8.".to_owned()));
    }
    let known = matches!(
        kind.as_str(),
        "application/json" | "application/x-www-form-urlencoded" | "multipart/form-data"
    );
    if !known {
        return Err(BodyError::Unsupported(
            "Use application/json, application/x-www-form-urlencoded or multipart/form-data.".to_owned(),
        ));
    }
    if body.len() > MAX_BODY {
        return Err(BodyError::TooLarge);
    }
    let inputs = match kind.as_str() {
        "application/json" => json(body)?,
        "application/x-www-form-urlencoded" => urlencoded(body),
        _ => multipart(content_type, body).await?,
    };
    limits(&inputs)?;
    Ok(inputs)
}

fn parameter<'h>(parameters: &'h str, name: &str) -> Option<&'h str> {
    parameters
        .split(';')
        .filter_map(|p| p.split_once('='))
        .find(|(n, _)| n.trim().eq_ignore_ascii_case(name))
        .map(|(_, v)| v.trim().trim_matches('"'))
}

fn limits(inputs: &[(String, String)]) -> Result<(), BodyError> {
    if inputs.len() > MAX_INPUTS {
        return Err(BodyError::Malformed(format!("Send at most {MAX_INPUTS} fields.")));
    }
    let mut seen = BTreeSet::new();
    for (name, _) in inputs {
        if name.is_empty() || name.len() > MAX_NAME {
            return Err(BodyError::Malformed(format!("Field names have 1 to {MAX_NAME} bytes.")));
        }
        if !seen.insert(name) {
            return Err(BodyError::Malformed("A field is sent twice. Send each field once.".to_owned()));
        }
    }
    Ok(())
}

fn urlencoded(body: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(body).map(|(n, v)| (n.into_owned(), v.into_owned())).collect()
}

async fn multipart(content_type: &str, body: &[u8]) -> Result<Vec<(String, String)>, BodyError> {
    let malformed =
        |_| BodyError::Malformed("The multipart body cannot be read. Check its boundary.".to_owned());
    let boundary = multer::parse_boundary(content_type).map_err(malformed)?;
    let whole = bytes::Bytes::copy_from_slice(body);
    let stream = futures_util::stream::once(async move { Ok::<_, Infallible>(whole) });
    let mut parts = multer::Multipart::new(stream, boundary);
    let mut inputs = Vec::new();
    while let Some(part) = parts.next_field().await.map_err(malformed)? {
        if part.file_name().is_some_and(|name| !name.is_empty()) {
            return Err(BodyError::Malformed("This form takes no files. Send text fields only.".to_owned()));
        }
        let name = part.name().unwrap_or_default().to_owned();
        let value = part.bytes().await.map_err(malformed)?;
        inputs.push((name, String::from_utf8_lossy(&value).into_owned()));
        if inputs.len() > MAX_INPUTS {
            break;
        }
    }
    Ok(inputs)
}

/// Reads one flat JSON object. Values are texts, numbers, booleans, null (as if not sent) or lists of those.
fn json(body: &[u8]) -> Result<Vec<(String, String)>, BodyError> {
    let text = std::str::from_utf8(body)
        .map_err(|_| BodyError::Malformed("The body is not UTF-8.".to_owned()))?
        .trim_start_matches('\u{feff}');
    let mended = mend_surrogates(text);
    let mut reader = serde_json::Deserializer::from_str(&mended);
    let inputs = reader.deserialize_map(Flat).map_err(|error| {
        let place = if error.line() > 0 {
            format!(" (line {}, column {})", error.line(), error.column())
        } else {
            String::new()
        };
        let words = error.to_string();
        let reason = words.strip_prefix("field: ").and_then(|w| w.split(" at line").next());
        match reason {
            Some(reason) => BodyError::Malformed(reason.to_owned()),
            None => BodyError::Malformed(format!("The body is not one JSON object{place}.")),
        }
    })?;
    reader.end().map_err(|_| BodyError::Malformed("There is something after the JSON object.".to_owned()))?;
    Ok(inputs)
}

/// Half of a surrogate pair, which browsers send when an emoji was cut in two, becomes the replacement character
/// instead of costing the whole lead.
fn mend_surrogates(text: &str) -> String {
    let mut mended = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        mended.push_str(&rest[..at]);
        rest = &rest[at..];
        let unit = |t: &str| {
            t.strip_prefix("\\u").and_then(|t| t.get(..4)).and_then(|h| u16::from_str_radix(h, 16).ok())
        };
        match unit(rest) {
            Some(0xd800..=0xdbff)
                if rest.get(6..).and_then(unit).is_some_and(|low| (0xdc00..=0xdfff).contains(&low)) =>
            {
                mended.push_str(&rest[..12]);
                rest = &rest[12..];
            }
            Some(0xd800..=0xdfff) => {
                mended.push_str("\\ufffd");
                rest = &rest[6..];
            }
            _ => {
                // Any other escape is two characters at least; the second may be a backslash and is not one's start.
                let end = rest.char_indices().nth(2).map_or(rest.len(), |(i, _)| i);
                mended.push_str(&rest[..end]);
                rest = &rest[end..];
            }
        }
    }
    mended.push_str(rest);
    mended
}

struct Flat;

impl<'de> Visitor<'de> for Flat {
    type Value = Vec<(String, String)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("one JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut inputs = Vec::new();
        let mut seen = BTreeSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if !seen.insert(name.clone()) {
                return Err(serde::de::Error::custom("field: A field is sent twice. Send each field once."));
            }
            if inputs.len() >= MAX_INPUTS {
                return Err(serde::de::Error::custom(format!("field: Send at most {MAX_INPUTS} fields.")));
            }
            if let Some(value) = map.next_value::<Input<1>>()?.0 {
                inputs.push((name, value));
            }
        }
        Ok(inputs)
    }
}

/// One value, as the text that was typed; `None` for null. A list holds plain values only: `DEPTH` counts down.
struct Input<const DEPTH: u8>(Option<String>);

impl<'de, const DEPTH: u8> serde::Deserialize<'de> for Input<DEPTH> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Typed::<DEPTH>)
    }
}

struct Typed<const DEPTH: u8>;

impl<'de, const DEPTH: u8> Visitor<'de> for Typed<DEPTH> {
    type Value = Input<DEPTH>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a number or a boolean")
    }

    fn visit_str<E>(self, v: &str) -> Result<Self::Value, E> {
        Ok(Input(Some(v.to_owned())))
    }

    fn visit_bool<E>(self, v: bool) -> Result<Self::Value, E> {
        Ok(Input(Some(v.to_string())))
    }

    fn visit_i64<E>(self, v: i64) -> Result<Self::Value, E> {
        Ok(Input(Some(v.to_string())))
    }

    fn visit_u64<E>(self, v: u64) -> Result<Self::Value, E> {
        Ok(Input(Some(v.to_string())))
    }

    fn visit_f64<E>(self, v: f64) -> Result<Self::Value, E> {
        Ok(Input(Some(v.to_string())))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Input(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        if DEPTH == 0 {
            return Err(serde::de::Error::custom("field: A list in a form holds no further lists."));
        }
        let mut parts = Vec::new();
        while let Some(Input::<0>(part)) = seq.next_element()? {
            parts.extend(part);
        }
        Ok(Input(Some(parts.join(", "))))
    }

    fn visit_map<A: MapAccess<'de>>(self, _map: A) -> Result<Self::Value, A::Error> {
        Err(serde::de::Error::custom(
            "field: Fields are texts, numbers, booleans or lists of those, not objects.",
        ))
    }
}

#[cfg(test)]
mod tests;
