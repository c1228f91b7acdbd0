//! Bodies in three encodings, reduced to inputs by name. Bounded in every direction; nothing is given up silently.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::fmt;

use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

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

impl BodyError {
    /// The HTTP status that says it.
    pub const fn status(&self) -> u16 {
        match self {
            BodyError::TooLarge => 413,
            BodyError::Unsupported(_) => 415,
            BodyError::Malformed(_) => 400,
        }
    }
}

/// Reads the inputs of a body, in its order: names that stand once each, values exactly as typed. All of them together
/// have at most three times as many bytes as the body, since a byte that is no UTF-8 becomes the replacement character.
///
/// # Errors
///
/// See [`BodyError`]; no error repeats what was sent.
pub async fn inputs(
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
                return Err(A::Error::custom("field: A field is sent twice. Send each field once."));
            }
            if inputs.len() >= MAX_INPUTS {
                return Err(A::Error::custom(format!("field: Send at most {MAX_INPUTS} fields.")));
            }
            let raw: &RawValue = map.next_value()?;
            let value = match raw.get().as_bytes().first() {
                Some(b'[') => list(raw).map_err(A::Error::custom)?,
                _ => plain(raw).map_err(A::Error::custom)?,
            };
            inputs.extend(value.map(|value| (name, value)));
        }
        Ok(inputs)
    }
}

/// A plain value as the text that was typed; `None` for null. A number stays as it was written: read as a number and
/// printed again, `1e308` would have three hundred digits.
fn plain(raw: &RawValue) -> Result<Option<String>, String> {
    match raw.get().as_bytes().first() {
        Some(b'"') => serde_json::from_str(raw.get()).map(Some).map_err(|_| "a text is malformed".to_owned()),
        Some(b'n') => Ok(None),
        Some(b'[') => Err("field: A list in a form holds no further lists.".to_owned()),
        Some(b'{') => {
            Err("field: Fields are texts, numbers, booleans or lists of those, not objects.".to_owned())
        }
        _ => Ok(Some(raw.get().to_owned())),
    }
}

/// A list of plain values as one text.
fn list(raw: &RawValue) -> Result<Option<String>, String> {
    let parts: Vec<&RawValue> =
        serde_json::from_str(raw.get()).map_err(|_| "a list is malformed".to_owned())?;
    let parts: Vec<Option<String>> = parts.into_iter().map(plain).collect::<Result<_, _>>()?;
    Ok(Some(parts.into_iter().flatten().collect::<Vec<_>>().join(", ")))
}

#[cfg(test)]
mod tests;
