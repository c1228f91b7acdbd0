//! Keyed hashes and signed tokens, all derived from the deployment's one master secret.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// What a derived key is for; one purpose never verifies another's signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Identity claims: canonical e-mail to lead.
    Identity,
    /// Companies by their domain.
    Company,
    /// Recognising the same submission again.
    Submission,
    /// Form and visitor tokens.
    Form,
    /// Accept and reject links.
    Offer,
    /// Addresses of senders, for rate limits.
    Address,
    /// Places in lists.
    Cursor,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Purpose::Identity => b"leadline/identity/1",
            Purpose::Company => b"leadline/company/1",
            Purpose::Submission => b"leadline/submission/1",
            Purpose::Form => b"leadline/form/1",
            Purpose::Offer => b"leadline/offer/1",
            Purpose::Address => b"leadline/address/1",
            Purpose::Cursor => b"leadline/cursor/1",
        }
    }
}

/// The master secret. Its `Debug` shows nothing.
#[derive(Clone)]
pub struct Seal {
    master: Vec<u8>,
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal(…)")
    }
}

/// The master secret is too short to be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the master secret must have at least 32 bytes")]
pub struct WeakSecret;

type HmacSha256 = Hmac<Sha256>;

fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = HmacSha256::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        // Length-prefixed, so that no two lists of parts hash the same.
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

impl Seal {
    /// Takes the master secret.
    pub fn new(master: &[u8]) -> Result<Self, WeakSecret> {
        if master.len() < 32 { Err(WeakSecret) } else { Ok(Self { master: master.to_vec() }) }
    }

    /// A keyed hash of `parts`; stable for the life of the deployment, useless without the secret.
    pub fn digest(&self, purpose: Purpose, parts: &[&[u8]]) -> [u8; 32] {
        let key = mac(&self.master, &[purpose.label()]);
        mac(&key, parts)
    }

    /// The first 128 bits of [`Seal::digest`], the size of an identifier.
    pub fn digest16(&self, purpose: Purpose, parts: &[&[u8]]) -> [u8; 16] {
        let full = self.digest(purpose, parts);
        let mut out = [0; 16];
        out.copy_from_slice(&full[..16]);
        out
    }

    /// Signs `payload` until `expires_at`: `payload.expiry.signature`, URL-safe. The payload is readable, so it must
    /// hold ids only.
    pub fn sign(&self, purpose: Purpose, payload: &str, expires_at: Timestamp) -> String {
        let expiry = expires_at.as_second().to_string();
        let signature = self.digest(purpose, &[payload.as_bytes(), expiry.as_bytes()]);
        format!("{payload}.{expiry}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// Opens a token made by [`Seal::sign`] for the same purpose. Constant time in the signature.
    pub fn open<'t>(&self, purpose: Purpose, token: &'t str, now: Timestamp) -> Result<&'t str, TokenError> {
        let (rest, signature) = token.rsplit_once('.').ok_or(TokenError::Forged)?;
        let (payload, expiry) = rest.rsplit_once('.').ok_or(TokenError::Forged)?;
        let given = URL_SAFE_NO_PAD.decode(signature).map_err(|_| TokenError::Forged)?;
        let right = self.digest(purpose, &[payload.as_bytes(), expiry.as_bytes()]);
        if !bool::from(given.as_slice().ct_eq(&right)) {
            return Err(TokenError::Forged);
        }
        let expires: i64 = expiry.parse().map_err(|_| TokenError::Forged)?;
        if now.as_second() >= expires { Err(TokenError::Expired) } else { Ok(payload) }
    }
}

/// Why a token is not good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not made by us, or altered.
    #[error("the signature does not match")]
    Forged,
    /// Ours, but its time is over.
    #[error("the token has expired")]
    Expired,
}

/// SHA-256 of `bytes` in hexadecimal; for values that are random enough to need no key.
pub fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// `bytes` in lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Compares two secrets in constant time.
pub fn same_secret(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

/// The signature of the Standard Webhooks specification: `v1,` and the base64 of HMAC-SHA256 over
/// `id.timestamp.body`. `secret` is `whsec_` and base64, or the raw bytes of any other text.
pub fn webhook_signature(secret: &str, id: &str, timestamp: i64, body: &[u8]) -> String {
    use base64::engine::general_purpose::STANDARD;
    let key = match secret.strip_prefix("whsec_").map(|b| STANDARD.decode(b)) {
        Some(Ok(key)) => key,
        _ => secret.as_bytes().to_vec(),
    };
    let mut mac = HmacSha256::new_from_slice(&key).expect("HMAC takes a key of any length");
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal() -> Seal {
        Seal::new(&[7; 32]).unwrap()
    }

    #[test]
    fn tokens_hold_for_their_purpose_time_and_payload_only() {
        let now = Timestamp::from_second(1_000).unwrap();
        let token = seal().sign(Purpose::Offer, "ld_1.2", Timestamp::from_second(1_060).unwrap());
        assert_eq!(seal().open(Purpose::Offer, &token, now), Ok("ld_1.2"));
        assert_eq!(seal().open(Purpose::Form, &token, now), Err(TokenError::Forged));
        assert_eq!(
            seal().open(Purpose::Offer, &token, Timestamp::from_second(1_060).unwrap()),
            Err(TokenError::Expired)
        );
        let longer = token.replace(".1060.", ".9999.");
        assert_eq!(seal().open(Purpose::Offer, &longer, now), Err(TokenError::Forged));
        for bad in ["", ".", "..", "a.b.c", "ééé"] {
            assert_eq!(seal().open(Purpose::Offer, bad, now), Err(TokenError::Forged));
        }
    }

    #[test]
    fn parts_are_not_just_concatenated() {
        assert_ne!(
            seal().digest(Purpose::Identity, &[b"ab", b"c"]),
            seal().digest(Purpose::Identity, &[b"a", b"bc"])
        );
        assert!(Seal::new(b"short").is_err());
    }

    /// The fixed vector of the Standard Webhooks specification's reference libraries.
    #[test]
    fn webhook_signature_matches_the_specification() {
        let signature = webhook_signature(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
