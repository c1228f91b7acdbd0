//! Reading an answer, no further than asked.

use jiff::SignedDuration;
use jiff::fmt::rfc2822;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

use super::meaning;
use crate::ports::{HttpError, HttpResponse};

/// Reads the whole answer, unless it is longer than `limit` bytes.
pub(super) async fn read(mut response: reqwest::Response, limit: usize) -> Result<HttpResponse, HttpError> {
    let status = response.status().as_u16();
    let retry_after_s = retry_after_s(response.headers());
    let announced = response.content_length().unwrap_or(0);
    if usize::try_from(announced).map_or(true, |announced| announced > limit) {
        return Err(HttpError::TooLarge);
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| meaning(&error))? {
        if chunk.len() > limit - body.len() {
            return Err(HttpError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(HttpResponse { status, retry_after_s, body })
}

/// `Retry-After` in seconds. A date counts from the answer's own `Date`, so that no two clocks are compared.
fn retry_after_s(headers: &HeaderMap) -> Option<u32> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let asked = text(RETRY_AFTER)?;
    if !asked.is_empty() && asked.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(asked.parse().unwrap_or(u32::MAX));
    }
    let instant = |date: &str| rfc2822::parse(date).ok().map(|date| date.timestamp());
    let wait = instant(asked)?.duration_since(instant(text(DATE)?)?).max(SignedDuration::ZERO);
    Some(u32::try_from(wait.as_secs()).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let date = "Fri, 31 Dec 1999 23:59:59 GMT";
        for (asked, sent, expected) in [
            (Some("120"), None, Some(120)),
            (Some(" 0 "), None, Some(0)),
            (Some("99999999999"), None, Some(u32::MAX)),
            (Some("Sat, 01 Jan 2000 00:01:29 GMT"), Some(date), Some(90)),
            (Some("Fri, 31 Dec 1999 23:00:00 GMT"), Some(date), Some(0)),
            (Some(date), None, None),
            (Some("-5"), None, None),
            (Some("1.5"), None, None),
            (Some("soon"), Some(date), None),
            (Some(""), None, None),
            (None, Some(date), None),
        ] {
            let mut headers = HeaderMap::new();
            asked.map(|value| headers.insert(RETRY_AFTER, value.parse().unwrap()));
            sent.map(|value| headers.insert(DATE, value.parse().unwrap()));
            assert_eq!(retry_after_s(&headers), expected, "{asked:?} {sent:?}");
        }
    }
}
