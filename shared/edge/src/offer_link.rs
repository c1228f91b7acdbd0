//! The signed token in the link of an offer: which offer of which lead to which rep.

use jiff::Timestamp;
use leadline_core::ids::{LeadId, RepId};
use leadline_core::seal::{Purpose, Seal, TokenError};

/// An offer as its link names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferLink {
    /// The lead.
    pub lead_id: LeadId,
    /// The number of the offer within its cycle.
    pub offer: u32,
    /// Whom it was made to.
    pub rep_id: RepId,
}

impl OfferLink {
    /// The token: `<lead>~<offer>~<rep>`, signed until `until`.
    pub fn sign(&self, seal: &Seal, until: Timestamp) -> String {
        seal.sign(Purpose::Offer, &format!("{}~{}~{}", self.lead_id, self.offer, self.rep_id), until)
    }

    /// Opens a token.
    ///
    /// # Errors
    ///
    /// [`TokenError`]: not ours, altered, or its time is over.
    pub fn open(seal: &Seal, token: &str, now: Timestamp) -> Result<OfferLink, TokenError> {
        let payload = seal.open(Purpose::Offer, token, now)?;
        let mut parts = payload.splitn(3, '~');
        let forged = || TokenError::Forged;
        let lead_id = parts.next().and_then(|p| LeadId::parse(p).ok()).ok_or_else(forged)?;
        let offer = parts.next().and_then(|p| p.parse().ok()).ok_or_else(forged)?;
        let rep_id = parts.next().and_then(|p| RepId::parse(p).ok()).ok_or_else(forged)?;
        Ok(OfferLink { lead_id, offer, rep_id })
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn a_link_says_what_it_was_made_for_until_its_time_is_over() {
        let seal = Seal::new(&[7; 32]).unwrap();
        let until = Timestamp::from_second(2_000).unwrap();
        let link =
            OfferLink { lead_id: LeadId::from_bits([1; 16]), offer: 2, rep_id: RepId::parse("ann").unwrap() };
        let token = link.sign(&seal, until);
        assert_eq!(OfferLink::open(&seal, &token, until - SignedDuration::from_secs(1)), Ok(link));
        assert_eq!(OfferLink::open(&seal, &token, until), Err(TokenError::Expired));
        let other = token.replace("~2~", "~3~");
        assert_eq!(OfferLink::open(&seal, &other, Timestamp::UNIX_EPOCH), Err(TokenError::Forged));
        // What is signed for another purpose, or says something else, is no link.
        for payload in ["", "ld_1~1~ann", "~~", link_payload().as_str()] {
            let odd = seal.sign(Purpose::Offer, payload, until);
            assert_eq!(OfferLink::open(&seal, &odd, Timestamp::UNIX_EPOCH), Err(TokenError::Forged));
        }
    }

    fn link_payload() -> String {
        format!("{}~-1~ann", LeadId::from_bits([1; 16]))
    }
}
