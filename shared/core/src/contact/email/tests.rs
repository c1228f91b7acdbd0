use super::*;
use proptest::prelude::*;

fn email(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}

fn canonical(text: &str) -> String {
    email(text).canonical().as_str().to_owned()
}

#[test]
fn every_kind_of_public_input_has_its_outcome() {
    let local_64 = format!("{}@example.com", "a".repeat(64));
    let local_65 = format!("{}@example.com", "a".repeat(65));
    // 64 + 1 + 189 = 254, in labels of at most 63.
    let total_254 =
        format!("{}@{}.{}.{}.com", "a".repeat(64), "b".repeat(63), "c".repeat(63), "d".repeat(57));
    let total_255 =
        format!("{}@{}.{}.{}.com", "a".repeat(64), "b".repeat(63), "c".repeat(63), "d".repeat(58));
    assert_eq!((total_254.len(), total_255.len()), (254, 255));
    for (raw, outcome) in [
        ("a@b", Err(EmailError::Domain(DomainError::Unqualified))),
        (&local_64, Ok(local_64.as_str())),
        (&local_65, Err(EmailError::LocalTooLong)),
        (&total_254, Ok(total_254.as_str())),
        (&total_255, Err(EmailError::TooLong)),
        ("\"a b\"@x.yz", Err(EmailError::Quoted)),
        ("a@[127.0.0.1]", Err(EmailError::AddressLiteral)),
        ("a@127.0.0.1", Err(EmailError::Domain(DomainError::Numeric))),
        ("jürgen@bücher.example", Ok("jürgen@xn--bcher-kva.example")),
        ("ann@\u{430}pple.com", Ok("ann@xn--pple-43d.com")),
        ("ａ＠x.com", Ok("a@x.com")),
        ("a\u{200B}b@x.com", Err(EmailError::Invisible)),
        ("a\u{200D}b@x.com", Err(EmailError::Invisible)),
        ("ab@x\u{200B}y.com", Err(EmailError::Invisible)),
        ("ab@x\u{AD}y.com", Err(EmailError::Invisible)),
        ("a@x.com.", Err(EmailError::Domain(DomainError::Invalid))),
        ("ann+news@x.com", Ok("ann+news@x.com")),
        ("\u{202E}moc.x@nna", Err(EmailError::Domain(DomainError::Unqualified))),
        ("a\u{202E}b@x.com", Err(EmailError::Invisible)),
        ("\u{FEFF} ann@x.com\u{200B}\r\n", Ok("ann@x.com")),
        ("Ann.Lee@EXAMPLE.com", Ok("Ann.Lee@example.com")),
        ("e\u{301}@x.com", Ok("é@x.com")),
        ("o'neil_/=?^`{|}~!#$%&*-@x.com", Ok("o'neil_/=?^`{|}~!#$%&*-@x.com")),
    ] {
        assert_eq!(
            EmailAddress::parse(raw).as_ref().map(EmailAddress::as_str).map_err(|e| *e),
            outcome,
            "{raw:?}"
        );
    }
}

#[test]
fn other_refusals() {
    let huge = "a".repeat(100_000);
    for (raw, error) in [
        ("", EmailError::Empty),
        (" \u{3000}\u{FEFF}", EmailError::Empty),
        ("ann", EmailError::NoAt),
        ("@x.com", EmailError::NoLocal),
        ("a@b@x.com", EmailError::SeveralAts),
        ("a＠b@x.com", EmailError::SeveralAts),
        ("a@", EmailError::Domain(DomainError::Empty)),
        (".a@x.com", EmailError::Dots),
        ("a.@x.com", EmailError::Dots),
        ("a..b@x.com", EmailError::Dots),
        ("a\u{2025}b@x.com", EmailError::Dots),
        ("a b@x.com", EmailError::Space),
        ("a@x .com", EmailError::Space),
        ("a\r\nBcc: b@x.com", EmailError::Space),
        ("a\u{2028}b@x.com", EmailError::Space),
        ("a\0b@x.com", EmailError::Invisible),
        ("a\"b@x.com", EmailError::Quoted),
        ("Ann<ann@x.com>", EmailError::Character),
        ("mailto:ann@x.com", EmailError::Character),
        ("a,b@x.com", EmailError::Character),
        ("a\u{FFFD}b@x.com", EmailError::Character),
        ("a\u{E000}b@x.com", EmailError::Character),
        ("⑴@x.com", EmailError::Character),
        ("a@x_y.com", EmailError::Domain(DomainError::Invalid)),
        ("a@x,com", EmailError::Domain(DomainError::Invalid)),
        (&huge, EmailError::TooLong),
    ] {
        assert_eq!(EmailAddress::parse(raw), Err(error), "{raw:.40?}");
    }
}

#[test]
fn canonical_form_joins_spellings_of_one_mailbox() {
    for (raw, expected) in [
        ("Ann.Lee@Example.com", "ann.lee@example.com"),
        ("ann+news@x.com", "ann@x.com"),
        ("ann+a+b@x.com", "ann@x.com"),
        ("+ann@x.com", "+ann@x.com"),
        ("a.+b@x.com", "a@x.com"),
        ("a.n.n+x@gmail.com", "ann@gmail.com"),
        ("A.N.N@googlemail.com", "ann@gmail.com"),
        ("a.n.n@outlook.com", "a.n.n@outlook.com"),
        ("a.n.n@mail.gmail.com", "a.n.n@mail.gmail.com"),
        ("a.\u{301}@gmail.com", "á@gmail.com"),
        ("ａ＠x.com", "a@x.com"),
        ("ﬁona@x.com", "fiona@x.com"),
        ("JÜRGEN@BÜCHER.example", "jürgen@xn--bcher-kva.example"),
    ] {
        assert_eq!(canonical(raw), expected, "{raw}");
    }
}

#[test]
fn roles_and_people() {
    for role in
        ["info@x.com", "Sales+web@x.com", "no-reply@x.com", "kontakt@x.de", "in.fo@gmail.com", "VENTAS@x.es"]
    {
        assert!(email(role).is_role(), "{role}");
    }
    for person in ["ann@x.com", "ann.sales@x.com", "sally@x.com"] {
        assert!(!email(person).is_role(), "{person}");
    }
}

#[test]
fn suspicion_is_a_flag() {
    assert!(email("ann@\u{430}pple.com").has_suspicious_unicode());
    assert!(email("\u{430}dmin@apple.com").has_suspicious_unicode());
    for fine in ["ann@apple.com", "анна@пример.рф", "jürgen@bücher.example", "ann@пример.рф"]
    {
        assert!(!email(fine).has_suspicious_unicode(), "{fine}");
    }
}

#[test]
fn debug_and_errors_hide_the_person() {
    let ann = email("ann.secret@example.com");
    assert_eq!(format!("{ann:?}"), "EmailAddress(…@example.com)");
    assert_eq!(format!("{:?}", ann.canonical()), "CanonicalEmail(…@example.com)");
    let refused = serde_json::from_str::<EmailAddress>("\"ann.secret@@example.com\"").unwrap_err();
    assert!(!refused.to_string().contains("secret"), "{refused}");
}

#[test]
fn travels_in_full_and_is_checked() {
    let ann = email("Ann+x@Example.com");
    let json = serde_json::to_string(&ann).unwrap();
    assert_eq!(json, "\"Ann+x@example.com\"");
    assert_eq!(serde_json::from_str::<EmailAddress>(&json).unwrap(), ann);
    assert!(serde_json::from_str::<EmailAddress>("\"a@b\"").is_err());
    assert_eq!(serde_json::to_string(&ann.canonical()).unwrap(), "\"ann@example.com\"");
    assert_eq!(serde_json::from_str::<CanonicalEmail>("\"ann@example.com\"").unwrap(), ann.canonical());
}

/// Local parts out of characters that once were trouble: compatibility forms, marks, case pairs, separators.
fn local() -> impl Strategy<Value = String> {
    let tricky = "aAbZ9._+-ßſΣςİıﬁ①⁺²ￇａＺ．é\u{301}\u{345}\u{3B9}ᾳǅΩKÅ日本\u{200D}\u{FDFA}…‥½™ªº"
        .chars()
        .collect::<Vec<_>>();
    prop::collection::vec(prop::sample::select(tricky), 1..12).prop_map(|chars| chars.into_iter().collect())
}

proptest! {
    #[test]
    fn never_panics(raw in any::<String>()) {
        let _ = EmailAddress::parse(&raw);
        let _ = EmailAddress::parse(&format!("{raw}@x.com"));
        let _ = EmailAddress::parse(&format!("a@{raw}.com"));
    }

    #[test]
    fn reads_itself_back(local in local(), domain in prop::sample::select(vec!["gmail.com", "googlemail.com", "x.de", "bücher.de"])) {
        if let Ok(address) = EmailAddress::parse(&format!("{local}@{domain}")) {
            prop_assert_eq!(&EmailAddress::parse(address.as_str()).unwrap(), &address);
        }
    }

    #[test]
    fn canonical_is_idempotent(local in local(), domain in prop::sample::select(vec!["gmail.com", "googlemail.com", "x.de", "bücher.de"])) {
        if let Ok(address) = EmailAddress::parse(&format!("{local}@{domain}")) {
            let once = address.canonical();
            let again = CanonicalEmail::parse(once.as_str());
            prop_assert_eq!(again, Ok(once), "{}", address.as_str());
        }
    }

    #[test]
    fn tag_and_case_do_not_matter(local in "[a-z][a-z0-9]{0,10}", tag in "[a-z0-9.+]{0,5}") {
        let tag = tag.trim_matches('.').replace("..", "");
        let plain = canonical(&format!("{local}@x.com"));
        prop_assert_eq!(canonical(&format!("{}+{tag}@X.com", local.to_uppercase())), plain);
    }
}
