//! Every naughty string through every door of the form and back out through the API: taken to the byte or refused by
//! name, never an error of ours.
//!
//! Raw answers and tracking are kept exactly as typed. On the lead, free texts are without white space at both ends and
//! not set when nothing is left; addresses, numbers and countries follow the rules of `leadline_core::contact`.

use std::collections::BTreeMap;

use leadline_core::contact::EmailAddress;
use leadline_runtime::http::{Request, Response};
use leadline_tests::calm::{Calm, json, request};
use naughty_strings::BLNS;
use serde_json::{Value, json};

use super::scene::{problem, with};

/// The free inputs of the form with the most characters that each may have by the playbook.
const FREE: [(&str, usize); 7] = [
    ("first_name", 200),
    ("last_name", 200),
    ("company", 200),
    ("title", 200),
    ("phone", 200),
    ("wish", 200),
    ("message", 2_000),
];

/// What every form takes without being told.
const TRACKED: [&str; 8] = [
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_term",
    "utm_content",
    "gclid",
    "landing_page",
    "referrer",
];

/// Inputs that no form asks for.
const UNASKED: [&str; 3] = ["unasked", "notes[0][text]", "constructor"];

const ENCODINGS: [&str; 3] =
    ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=--edge"];

type Inputs<'s> = Vec<(&'s str, &'s str)>;

fn post(form: &str, encoding: &str, inputs: &Inputs<'_>) -> Request {
    let mut post = request("POST", &format!("/forms/{form}/submissions"));
    post.body = match encoding {
        "application/json" => {
            let members: serde_json::Map<String, Value> =
                inputs.iter().map(|(n, v)| ((*n).to_owned(), json!(v))).collect();
            Value::Object(members).to_string().into_bytes()
        }
        "application/x-www-form-urlencoded" => {
            let pairs = form_urlencoded::Serializer::new(String::new()).extend_pairs(inputs).finish();
            pairs.into_bytes()
        }
        _ => {
            let mut parts = String::new();
            for (name, value) in inputs {
                parts += "----edge\r\ncontent-disposition: form-data; ";
                parts += &format!("name=\"{name}\"\r\n\r\n{value}\r\n");
            }
            (parts + "----edge--\r\n").into_bytes()
        }
    };
    with(post, "content-type", encoding)
}

fn raw(encoding: &str, body: &[u8]) -> Request {
    let mut post = request("POST", "/forms/demo/submissions");
    post.body = body.to_vec();
    with(post, "content-type", encoding)
}

/// The lead of a submission that must have been taken, after its way through the line.
fn taken(calm: &Calm, response: &Response) -> Value {
    assert_eq!(response.status, 202, "{}", response.body);
    calm.run_queues();
    let lead = calm.lead_of(json(response)["submission_id"].as_str().unwrap());
    let stage = lead["stage"].as_str().unwrap();
    assert!(["offered", "nurturing", "quarantined", "disqualified"].contains(&stage), "{stage}");
    lead
}

/// The fields that a refusal names.
fn named(response: &Response) -> Vec<String> {
    let document = problem(response, 422, "invalid-submission");
    let errors = document["errors"].as_array().unwrap();
    errors.iter().map(|e| e["field"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn they_are_as_many_as_they_say() {
    assert!(BLNS.len() > 500, "{}", BLNS.len());
    assert!(BLNS.iter().any(|s| s.contains('\u{202e}')) && BLNS.iter().any(|s| s.chars().count() > 200));
}

#[test]
fn every_string_in_every_free_input_arrives_to_the_byte() {
    let calm = Calm::default();
    let (mut all, mut refused) = (0, 0);
    for (n, string) in BLNS.iter().enumerate() {
        for (e, encoding) in ENCODINGS.iter().enumerate() {
            all += 1;
            let email = format!("p{n}-{e}@firm.example");
            let mut inputs: Inputs<'_> = vec![("email", &email)];
            inputs.extend(FREE.iter().map(|(name, _)| (*name, *string)));
            inputs.extend(TRACKED.iter().chain(&UNASKED).map(|name| (*name, *string)));
            let response = calm.send(post("demo", encoding, &inputs));
            let given = !string.trim().is_empty();
            let too_long = |max: usize| given && string.chars().count() > max;
            let wrong: Vec<&str> =
                FREE.iter().filter(|(_, max)| too_long(*max)).map(|(name, _)| *name).collect();
            if !wrong.is_empty() {
                assert_eq!(named(&response), wrong, "{string:?}");
                refused += 1;
                continue;
            }
            let lead = taken(&calm, &response);
            let touch = &lead["touches"][0];
            for (name, _) in &inputs[1..=FREE.len()] {
                assert_eq!(touch["answers"][name], *string, "{name} by {encoding}");
            }
            for name in UNASKED {
                assert_eq!(touch["answers"][name], *string, "{name} by {encoding}");
            }
            for name in TRACKED {
                assert_eq!(touch["tracking"][name], *string, "{name} by {encoding}");
            }
            let trimmed = Some(string.trim()).filter(|text| !text.is_empty());
            for (shown, value) in [
                ("first_name", &lead["contact"]["first_name"]),
                ("last_name", &lead["contact"]["last_name"]),
                ("title", &lead["contact"]["title"]),
            ] {
                assert_eq!(value.as_str(), trimmed, "{shown} by {encoding}");
            }
            // A company that is not named is called by its domain.
            assert_eq!(lead["company"]["name"], trimmed.unwrap_or("Firm"), "company by {encoding}");
            assert_eq!(lead["contact"]["email"], email);
        }
    }
    println!("{all} submissions, {refused} refused");
    assert!(refused * 20 < all, "{refused} of {all} are too long");
}

/// The playbook's form with inputs of every kind that is not free text.
#[test]
fn every_string_in_every_typed_input_is_taken_by_its_rule_or_refused_by_its_name() {
    let calm = Calm::default();
    let digits = |text: &str| (1..=18).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let mut seen: BTreeMap<(&str, u16), u32> = BTreeMap::new();
    for (n, string) in BLNS.iter().enumerate() {
        for (e, encoding) in ENCODINGS.iter().enumerate() {
            for input in ["email", "kind", "size", "country"] {
                let own = format!("p{n}-{e}-{input}@firm.example");
                let mut inputs: Inputs<'_> =
                    vec![("email", &own), ("company", "Firm"), ("kind", "agency"), ("terms", "true")];
                inputs.retain(|(name, _)| *name != input);
                inputs.push((input, *string));
                let mut post = post("strict", encoding, &inputs);
                // The form takes three a minute from one address.
                post.source_ip = format!("198.51.{n}.{input}{e}");
                let response = calm.send(post);
                *seen.entry((input, response.status)).or_default() += 1;
                let trimmed = string.trim();
                let fits = trimmed.chars().count() <= 200 && string.chars().count() <= 200;
                let good = match input {
                    "email" => fits && EmailAddress::parse(string).is_ok(),
                    "kind" => fits && ["reseller", "agency"].contains(&trimmed),
                    "size" => {
                        let whole = trimmed.split_once('.').map_or(trimmed, |(whole, rest)| {
                            if rest.bytes().all(|b| b == b'0') { whole } else { "no number" }
                        });
                        trimmed.is_empty() || fits && digits(whole.strip_prefix(['-', '+']).unwrap_or(whole))
                    }
                    // No string of the list is a country's name or code.
                    _ => trimmed.is_empty(),
                };
                if good {
                    assert_eq!(response.status, 202, "{input} {string:?}: {}", response.body);
                } else {
                    assert_ne!(response.status, 202, "{input} {string:?}");
                    assert_eq!(named(&response), [input], "{string:?}");
                    let quoted = string.len() > 8 && response.body.contains(string);
                    assert!(!quoted, "a refusal repeats what was typed: {}", response.body);
                }
            }
        }
    }
    println!("{seen:?}");
    for input in ["email", "kind", "size", "country"] {
        assert!(seen[&(input, 422)] > 1_000, "{seen:?}");
    }
    assert!(seen[&("size", 202)] > 10, "{seen:?}");
}

#[test]
fn every_string_as_the_name_of_an_input_is_a_name_or_refused() {
    let calm = Calm::default();
    for (n, string) in BLNS.iter().enumerate() {
        for (e, encoding) in ENCODINGS[..2].iter().enumerate() {
            let email = format!("p{n}-{e}@firm.example");
            let response = calm.send(post("demo", encoding, &vec![("email", &email), (string, "x")]));
            if string.is_empty() || string.len() > 128 {
                problem(&response, 400, "malformed-body");
            } else {
                assert_eq!(taken(&calm, &response)["touches"][0]["answers"][string], "x", "{string:?}");
            }
        }
    }
}

/// Values as bytes in a body, and what must arrive.
#[test]
fn odd_bytes_and_escapes_have_one_meaning_each() {
    let calm = Calm::default();
    let zalgo = format!("Z{}", "\u{335}\u{321}\u{489}".repeat(6_000));
    let urlencoded = |value: &str| format!("email=EMAIL&odd={value}").into_bytes();
    let json_of = |value: &str| format!("{{\"email\":\"EMAIL\",\"odd\":{value}}}").into_bytes();
    let part = |value: &[u8]| {
        let head = "----edge\r\ncontent-disposition: form-data; name=";
        let mut body = format!("{head}\"email\"\r\n\r\nEMAIL\r\n{head}\"odd\"\r\n\r\n").into_bytes();
        body.extend_from_slice(value);
        body.extend_from_slice(b"\r\n----edge--\r\n");
        body
    };
    let big = (0..8_000).map(|_| "1e308").collect::<Vec<_>>();
    let cases: Vec<(usize, Vec<u8>, String)> = vec![
        // Half of a pair of surrogates, which a browser sends of an emoji cut in two.
        (0, json_of(r#""x\ud83d""#), "x\u{fffd}".into()),
        (0, json_of(r#""\udc00\ud800x""#), "\u{fffd}\u{fffd}x".into()),
        (0, json_of(r#""\ud83d\ude00""#), "\u{1f600}".into()),
        // Noncharacters and controls, raw where JSON allows it and escaped.
        (
            0,
            json_of("\"\u{fffe}\u{ffff}\u{1fffe}\u{7f}\u{85}\""),
            "\u{fffe}\u{ffff}\u{1fffe}\u{7f}\u{85}".into(),
        ),
        (0, json_of(r#""\u0000\u0001\ufffe""#), "\u{0}\u{1}\u{fffe}".into()),
        (1, urlencoded("%00%01%EF%BF%BE%7F"), "\u{0}\u{1}\u{fffe}\u{7f}".into()),
        (2, part(b"\0\x01\xef\xbf\xbe\x7f"), "\u{0}\u{1}\u{fffe}\u{7f}".into()),
        // A mark of byte order before the body is none of it; one within a value is.
        (0, [b"\xef\xbb\xbf", json_of("\"\u{feff}x\"").as_slice()].concat(), "\u{feff}x".into()),
        // What is no UTF-8, too long forms and surrogates among it: a replacement mark for each piece.
        (
            1,
            urlencoded("a%FFb%C0%80c%ED%A0%80d"),
            "a\u{fffd}b\u{fffd}\u{fffd}c\u{fffd}\u{fffd}\u{fffd}d".into(),
        ),
        (1, [urlencoded("a").as_slice(), b"\xff\xfe"].concat(), "a\u{fffd}\u{fffd}".into()),
        (
            2,
            part(b"a\xffb\xc0\x80c\xf4\x90\x80\x80"),
            "a\u{fffd}b\u{fffd}\u{fffd}c\u{fffd}\u{fffd}\u{fffd}\u{fffd}".into(),
        ),
        // Escapes that are none.
        (1, urlencoded("100%&x=%zz%2"), "100%".into()),
        // Numbers as they were written, however large.
        (0, json_of("1e308"), "1e308".into()),
        (0, json_of("-0.0"), "-0.0".into()),
        (0, json_of(&format!("[{}]", big.join(","))), big.join(", ")),
        (0, json_of("1e999"), "1e999".into()),
        // Eighteen thousand combining marks on one letter.
        (0, json_of(&format!("\"{zalgo}\"")), zalgo.clone()),
        (2, part(zalgo.as_bytes()), zalgo.clone()),
        // As many bytes as there is room for, each of which becomes three.
        (2, part(&[0xff; 60_000]), "\u{fffd}".repeat(60_000)),
    ];
    for (n, (encoding, body, expected)) in cases.into_iter().enumerate() {
        let email = format!("odd{n}@firm.example");
        let at = body.windows(5).position(|w| w == b"EMAIL").unwrap();
        let body = [&body[..at], email.as_bytes(), &body[at + 5..]].concat();
        let response = calm.send(raw(ENCODINGS[encoding], &body));
        let lead = taken(&calm, &response);
        let odd = lead["touches"][0]["answers"]["odd"].as_str().unwrap();
        assert!(
            odd == expected,
            "case {n}: {:?} became {:?}",
            &expected[..expected.len().min(40)],
            odd.len()
        );
    }
    let in_a_name = json!({ "email": "z@firm.example", "first_name": zalgo });
    assert_eq!(named(&calm.submit("demo", &in_a_name)), ["first_name"]);
    problem(&calm.send(raw(ENCODINGS[0], b"{\"email\":\"\xff@firm.example\"}")), 400, "malformed-body");
}
