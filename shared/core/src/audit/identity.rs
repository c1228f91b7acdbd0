//! Identity: whoever has one mailbox is one lead.

use std::collections::BTreeSet;

use super::{Kept, Violation};
use crate::ids::LeadId;
use crate::lead::{Lead, Stage};

/// Who has claimed a lead's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed {
    /// The lead needs no claim, so nobody looked.
    Unneeded,
    /// Nobody.
    ByNobody,
    /// The lead itself.
    ByIt,
    /// Another lead.
    ByAnother(LeadId, Holder),
}

/// What became of the lead that a claim names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// There is no such lead, or it is one that holds no claims.
    Gone,
    /// It has this address.
    SameAddress,
    /// It has another.
    OtherAddress,
}

/// Whether a lead holds the claim on its address. Role addresses belong to nobody, and a submission in quarantine takes
/// no claim.
pub fn needs_claim(lead: &Lead) -> bool {
    let holds_none = match lead.stage {
        Stage::Quarantined | Stage::Merged | Stage::Erased => true,
        // What was disqualified from quarantine has never claimed anything.
        Stage::Disqualified => lead.qualified_at.is_none() && lead.score.is_none(),
        _ => false,
    };
    !holds_none && !lead.profile.contact.email.is_role()
}

pub(super) fn check(kept: &Kept, found: &mut BTreeSet<Violation>) {
    if !needs_claim(&kept.lead) {
        return;
    }
    let lead_id = kept.lead.lead_id.clone();
    match &kept.claim {
        Claimed::Unneeded | Claimed::ByIt => {}
        Claimed::ByNobody => {
            found.insert(Violation::UnclaimedAddress { lead_id });
        }
        Claimed::ByAnother(holder, Holder::SameAddress) => {
            found.insert(Violation::DoubledAddress { lead_id, holder: holder.clone() });
        }
        Claimed::ByAnother(holder, Holder::Gone | Holder::OtherAddress) => {
            found.insert(Violation::StrayClaim { lead_id, holder: holder.clone() });
        }
    }
}
