//! Erased stays erased: nothing personal is left with the row.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Kept, Violation, WITHIN};
use crate::lead::Field;

pub(super) fn check(kept: &Kept, now: Timestamp, found: &mut BTreeSet<Violation>) {
    let lead = &kept.lead;
    // The address is the one field that a row cannot do without; what stands in its place is erasure's business.
    let in_row = lead.visitor.is_some()
        || Field::ALL.into_iter().any(|field| field != Field::Email && lead.profile.get(field).is_some());
    // What stands beside the row goes after it, and has ten minutes for that.
    let beside = !kept.submissions.is_empty() && lead.updated_at + WITHIN < now;
    if in_row || beside {
        found.insert(Violation::DataLeft { lead_id: lead.lead_id.clone() });
    }
}
