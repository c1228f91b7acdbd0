//! Form tokens: signed, with the time of issue and a visitor id, so that a form sent back too fast or not ours can be
//! told, and a returning visitor can be recognised without trusting anything typed.

use jiff::{SignedDuration, Timestamp};
use leadline_core::ids::{FormId, VisitorId};
use leadline_core::seal::{Purpose, Seal, TokenError};
use leadline_core::submission::TokenAge;

/// A form token is good for a day as proof of time, and for 400 days as proof of the visitor.
const VISITOR_DAYS: i64 = 400;

/// Issues a token: `<issued ms>~<visitor>~<form>`, signed.
pub fn issue(seal: &Seal, form: &FormId, visitor: &VisitorId, now: Timestamp) -> String {
    let payload = format!("{}~{visitor}~{form}", now.as_millisecond());
    seal.sign(Purpose::Form, &payload, now + SignedDuration::from_hours(24 * VISITOR_DAYS))
}

fn open(seal: &Seal, token: &str, now: Timestamp) -> Result<(i64, VisitorId, String), TokenError> {
    let payload = seal.open(Purpose::Form, token, now)?;
    let mut parts = payload.splitn(3, '~');
    let (Some(issued), Some(visitor), Some(form)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(TokenError::Forged);
    };
    let issued = issued.parse().map_err(|_| TokenError::Forged)?;
    let visitor = VisitorId::parse(visitor).map_err(|_| TokenError::Forged)?;
    Ok((issued, visitor, form.to_owned()))
}

/// What the token that came with a submission says about its age.
pub fn age(seal: &Seal, form: &FormId, token: Option<&str>, now: Timestamp) -> TokenAge {
    let Some(token) = token else { return TokenAge::Missing };
    match open(seal, token, now) {
        Err(TokenError::Expired) => TokenAge::Expired,
        Ok((issued, _, issued_for)) if issued_for == form.as_str() => {
            let seconds = (now.as_millisecond() - issued).div_euclid(1_000);
            match u32::try_from(seconds) {
                Ok(seconds) if seconds <= 86_400 => TokenAge::Seconds(seconds),
                Ok(_) => TokenAge::Expired,
                // Issued by a worker whose clock is ahead: as fresh as can be.
                Err(_) => TokenAge::Seconds(0),
            }
        }
        Ok(_) | Err(TokenError::Forged) => TokenAge::Forged,
    }
}

/// The visitor behind a token, whichever form it was for.
pub fn visitor(seal: &Seal, token: Option<&str>, now: Timestamp) -> Option<VisitorId> {
    open(seal, token?, now).ok().map(|(_, visitor, _)| visitor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_tells_its_age_for_its_form_only() {
        let seal = Seal::new(&[1; 32]).unwrap();
        let (form, other) = (FormId::parse("a").unwrap(), FormId::parse("b").unwrap());
        let visitor_id = VisitorId::from_bits([9; 16]);
        let issued = Timestamp::from_second(1_000_000).unwrap();
        let at = |s: i64| issued + SignedDuration::from_secs(s);
        let token = issue(&seal, &form, &visitor_id, issued);
        assert_eq!(age(&seal, &form, Some(&token), at(5)), TokenAge::Seconds(5));
        assert_eq!(age(&seal, &form, Some(&token), at(86_401)), TokenAge::Expired);
        assert_eq!(age(&seal, &other, Some(&token), at(5)), TokenAge::Forged);
        assert_eq!(age(&seal, &form, Some("x.1.y"), at(5)), TokenAge::Forged);
        assert_eq!(age(&seal, &form, None, at(5)), TokenAge::Missing);
        assert_eq!(visitor(&seal, Some(&token), at(86_401)), Some(visitor_id));
        assert_eq!(visitor(&seal, Some("x.1.y"), at(5)), None);
    }
}
