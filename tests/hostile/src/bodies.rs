//! Bodies of forms in three encodings.

use futures_util::FutureExt as _;
use leadline_edge::body::{BodyError, MAX_BODY, inputs};
use serde_json::Value;

type Inputs = Vec<(String, String)>;

const JSON: &str = "application/json";
const URLENCODED: &str = "application/x-www-form-urlencoded";

fn read(content_type: &str, body: &[u8]) -> Result<Inputs, BodyError> {
    let read = inputs(Some(content_type), None, body).now_or_never();
    read.expect("a body that is there is read without waiting")
}

/// JSON agrees with another reader of JSON wherever that one has an opinion.
pub(crate) fn json(data: &[u8]) {
    let read = read(JSON, data);
    let other: Option<serde_json::Map<String, Value>> = serde_json::from_slice(data).ok();
    if let (Ok(inputs), Some(other)) = (&read, &other) {
        for (name, value) in inputs {
            match &other[name] {
                Value::String(text) => assert_eq!(text, value),
                Value::Bool(yes) => assert_eq!(&yes.to_string(), value),
                // The other reader rounds long numbers in its own way.
                Value::Number(number) => {
                    assert!(alike(value.parse().ok(), number.as_f64()), "{value} {number}")
                }
                Value::Array(_) => {}
                Value::Null | Value::Object(_) => panic!("null and objects are no values"),
            }
        }
        assert_eq!(inputs.len(), other.values().filter(|v| !v.is_null()).count());
    }
    // A form that a browser or program may well have sent is not refused.
    if let (Err(error), Some(other)) = (&read, &other) {
        let named = |name: &str| (1..=128).contains(&name.len());
        let plain = other.iter().all(|(name, value)| named(name) && value.is_string());
        let refused_rightly =
            other.len() > 100 || data.len() > MAX_BODY || error.to_string().contains("twice");
        assert!(!plain || refused_rightly, "{error}");
    }
    holds(data, read);
}

fn alike(a: Option<f64>, b: Option<f64>) -> bool {
    a.zip(b).is_some_and(|(a, b)| (a - b).abs() <= 1e-12 * a.abs().max(b.abs()))
}

/// Pairs of the web.
pub(crate) fn urlencoded(data: &[u8]) {
    holds(data, read(URLENCODED, data));
}

/// Parts. The first byte chooses what the header says of the boundary.
pub(crate) fn multipart(data: &[u8]) {
    let Some((&first, body)) = data.split_first() else { return };
    let kind = match first {
        b'"' => "multipart/form-data; boundary=\"edge\"",
        b'C' => "Multipart/Form-Data; charset=UTF-8; boundary=edge",
        _ => "multipart/form-data; boundary=edge",
    };
    holds(body, read(kind, body));
}

/// The limits hold, and what was read and is written again in any encoding reads the same.
fn holds(body: &[u8], read_from_it: Result<Inputs, BodyError>) {
    let inputs = match read_from_it {
        Ok(inputs) => inputs,
        Err(error) => {
            assert!([400, 413, 415].contains(&error.status()));
            assert!(error.to_string().len() < 200, "a refusal is a sentence");
            return;
        }
    };
    assert!(body.len() <= MAX_BODY && inputs.len() <= 100);
    let size: usize = inputs.iter().map(|(name, value)| name.len() + value.len()).sum();
    assert!(size <= 3 * body.len(), "{} bytes have become {size}", body.len());
    for (i, (name, _)) in inputs.iter().enumerate() {
        assert!((1..=128).contains(&name.len()));
        assert!(inputs[..i].iter().all(|(earlier, _)| earlier != name));
    }
    let json = Value::Object(inputs.iter().map(|(n, v)| (n.clone(), Value::from(v.as_str()))).collect());
    again(JSON, json.to_string().as_bytes(), &inputs);
    let pairs = form_urlencoded::Serializer::new(String::new()).extend_pairs(&inputs).finish();
    again(URLENCODED, pairs.as_bytes(), &inputs);
    let plain = |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
    if inputs.iter().all(|(name, _)| plain(name)) {
        let mut boundary = "edge".to_owned();
        while inputs.iter().any(|(_, value)| value.contains(&boundary)) && boundary.len() < 60 {
            boundary.push('x');
        }
        if boundary.len() < 60 {
            let mut parts = String::new();
            for (name, value) in &inputs {
                parts += &format!(
                    "--{boundary}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
                );
            }
            parts += &format!("--{boundary}--\r\n");
            again(&format!("multipart/form-data; boundary={boundary}"), parts.as_bytes(), &inputs);
        }
    }
}

fn again(kind: &str, body: &[u8], expected: &Inputs) {
    if body.len() > MAX_BODY {
        assert_eq!(read(kind, body), Err(BodyError::TooLarge));
    } else {
        let mut read = read(kind, body).expect("what we write we can read");
        // JSON does not keep the order here.
        let mut expected = expected.clone();
        read.sort();
        expected.sort();
        assert_eq!(read, expected, "{kind}");
    }
}
