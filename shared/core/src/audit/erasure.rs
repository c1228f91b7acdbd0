//! Erased stays erased: nothing personal is left with the row.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Kept, Violation, WITHIN};
use crate::lead::Field;

pub(super) fn check(kept: &Kept, now: Timestamp, found: &mut BTreeSet<Violation>) {
    let lead = &kept.lead;
    // A row cannot do without an address; what stands in its place is under a name that no mailbox can have (RFC 2606).
    let has_address = !lead.profile.contact.email.domain().as_str().ends_with(".invalid");
    let has_more = lead.visitor.is_some()
        || Field::ALL.into_iter().any(|field| field != Field::Email && lead.profile.get(field).is_some());
    // What stands beside the row goes after it, and has ten minutes for that.
    let beside = !kept.submissions.is_empty() && lead.updated_at + WITHIN < now;
    if has_address || has_more || beside {
        found.insert(Violation::DataLeft { lead_id: lead.lead_id.clone() });
    }
}
