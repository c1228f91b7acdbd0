//! Signed tokens: links in offers, tokens of forms and visitors.

use jiff::{SignedDuration, Timestamp};
use leadline_core::ids::{FormId, LeadId, RepId, VisitorId};
use leadline_core::seal::{Purpose, Seal, TokenError, sha256_hex};
use leadline_core::submission::TokenAge;
use leadline_edge::form_token;
use leadline_edge::offer_link::OfferLink;

use crate::edits::edited;

/// A secret for each input: the fuzzer reads along where texts are compared, and would send back a token that it has seen
/// signed for another.
fn secret_of(data: &[u8]) -> Vec<u8> {
    sha256_hex(data).into_bytes()
}

/// What was not signed opens nothing; what was, opens to itself, for its purpose, until its time.
pub(crate) fn token(data: &[u8]) {
    let seal = Seal::new(&secret_of(data)).expect("long enough");
    let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * 365 * 50);
    let until = now + SignedDuration::from_secs(60);
    let before = until - SignedDuration::from_millis(1);
    let form = FormId::parse("demo").expect("a name");
    let text = String::from_utf8_lossy(data);

    let shut = |seal: &Seal, token: &str| {
        for purpose in [Purpose::Offer, Purpose::Form] {
            assert_eq!(seal.open(purpose, token, now), Err(TokenError::Forged), "{token}");
        }
        assert_eq!(OfferLink::open(seal, token, now), Err(TokenError::Forged));
        assert_eq!(form_token::age(seal, &form, Some(token), now), TokenAge::Forged);
        assert_eq!(form_token::visitor(seal, Some(token), now), None);
    };
    // A secret with which nothing is signed here. Where signatures are compared there is nothing to see.
    shut(&Seal::new(&[8; 32]).expect("long enough"), &text);

    let signed = seal.sign(Purpose::Offer, &text, until);
    assert_eq!(seal.open(Purpose::Offer, &signed, before), Ok(text.as_ref()));
    assert_eq!(seal.open(Purpose::Offer, &signed, until), Err(TokenError::Expired));
    assert_eq!(seal.open(Purpose::Form, &signed, before), Err(TokenError::Forged));
    let bits = std::array::from_fn(|i| data.get(i).copied().unwrap_or_default());
    let link = OfferLink {
        lead_id: LeadId::from_bits(bits),
        offer: u32::from(bits[0]),
        rep_id: RepId::parse("ann").expect("a name"),
    };
    let visitor = VisitorId::from_bits(bits);
    let (of_link, of_form) = (link.sign(&seal, until), form_token::issue(&seal, &form, &visitor, now));
    assert_eq!(OfferLink::open(&seal, &of_link, before), Ok(link));
    assert_eq!(form_token::visitor(&seal, Some(&of_form), now), Some(visitor));
    assert_eq!(form_token::age(&seal, &form, Some(&of_form), now), TokenAge::Seconds(0));
    assert_eq!(OfferLink::open(&seal, &of_form, now), Err(TokenError::Forged));
    assert_eq!(form_token::visitor(&seal, Some(&of_link), now), None);
    for token in [&signed, &of_link, &of_form] {
        let other = edited(token, data);
        if other != **token {
            shut(&seal, &other);
        }
    }
}
