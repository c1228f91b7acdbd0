//! What tells who somebody is: e-mail addresses and telephone numbers.

use leadline_core::contact::{CanonicalEmail, CountryCode, EmailAddress, Phone};

/// An address is spelt one way, and its canonical form is that of itself.
pub(crate) fn email(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Ok(address) = EmailAddress::parse(&text) else { return };
    let spelt = address.as_str();
    assert!(spelt.len() <= 254 && spelt.matches('@').count() == 1);
    assert!(!spelt.chars().any(|c| c.is_whitespace() || c.is_control()), "{spelt:?}");
    assert!(address.domain().as_str().contains('.') && address.domain().as_str().is_ascii());
    assert!(spelt.ends_with(&format!("@{}", address.domain().as_str())));
    assert_eq!(EmailAddress::parse(spelt).as_ref(), Ok(&address));
    assert_eq!(EmailAddress::parse(&format!(" \u{feff}{spelt}\t")).as_ref(), Ok(&address));
    let json = serde_json::to_string(&address).expect("a text");
    assert_eq!(serde_json::from_str::<EmailAddress>(&json).ok().as_ref(), Some(&address));
    let canonical = address.canonical();
    assert_eq!(CanonicalEmail::parse(canonical.as_str()).as_ref(), Ok(&canonical));
    assert_eq!(CanonicalEmail::parse(spelt).as_ref(), Ok(&canonical));
    if spelt.is_ascii() {
        assert_eq!(CanonicalEmail::parse(&spelt.to_ascii_uppercase()).as_ref(), Ok(&canonical));
    }
    // Neither form shows whose it is.
    assert_eq!(format!("{address:?}"), format!("EmailAddress(…@{})", address.domain()));
    assert!(!format!("{canonical:?}").contains(spelt));
    let _ = (address.is_role(), address.has_suspicious_unicode(), address.domain().is_free_mail());
    let _ = (address.domain().is_disposable(), address.domain().registrable(), address.domain().to_unicode());
}

/// A number reads itself back, with and without a country; the first byte chooses the country it was typed in.
pub(crate) fn phone(data: &[u8]) {
    let Some((&first, rest)) = data.split_first() else { return };
    let text = String::from_utf8_lossy(rest);
    let codes = ["DE", "US", "FR", "IT", "BR", "JP", "GB", "AQ"];
    let typed_in = CountryCode::from_alpha2(codes[usize::from(first) % codes.len()]);
    for region in [None, typed_in] {
        let Ok(phone) = Phone::parse(&text, region) else { continue };
        let digits = phone.as_str().strip_prefix('+').expect("E.164 begins with a plus");
        assert!(digits.len() <= 17 && digits.bytes().all(|b| b.is_ascii_digit()));
        assert!(phone.extension().is_none_or(|e| e.len() <= 20 && e.bytes().all(|b| b.is_ascii_digit())));
        assert_eq!(Phone::from_stored(phone.as_stored()).as_ref(), Ok(&phone));
        assert_eq!(Phone::parse(phone.as_stored(), None).as_ref(), Ok(&phone));
        assert_eq!(Phone::parse(phone.as_stored(), typed_in).as_ref(), Ok(&phone));
        assert_eq!(format!("{phone:?}"), "Phone(…)");
        let _ = phone.country();
    }
    if let Ok(stored) = Phone::from_stored(&text) {
        assert_eq!(stored.as_stored(), text);
    }
}
