//! The audit: the invariants as rules over what is kept, for live data, for the simulator and for tests alike.
//!
//! A rule is a pure function of one reading. Readings of a table that is being written to can be torn; whoever reads
//! looks twice before accusing.

mod assignments;
mod deadlines;
mod durable;
mod effects;
mod erasure;
mod findings;
mod identity;
mod left_behind;
mod people;
mod timeline;
mod violation;

#[cfg(test)]
mod story;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::ids::{AttemptId, LeadId, SubmissionId};
use crate::lead::{Event, Lead, Stage};

pub use effects::delivery;
pub use findings::{Checked, Findings};
pub use identity::{Claimed, Holder, needs_claim};
pub use people::{cap, holidays, load, pool, turns};
pub use violation::{Invariant, Rule, Violation};

/// What is due is found within two ticks of the sweep; a minute more is slack for skewed clocks and slow functions.
pub const OVERDUE_AFTER: SignedDuration = SignedDuration::from_secs(2 * 60 + 60);

/// Nothing that a lead owes or waits for on its way takes as long as this.
pub const WITHIN: SignedDuration = SignedDuration::from_mins(10);

/// How far the clocks of two functions may be apart.
pub const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// For how long a receipt is sure to be there; a day less than it is remembered.
pub const RECEIPT_FOR: SignedDuration = SignedDuration::from_hours(24 * 399);

/// What is kept of one lead, as one reading found it.
#[derive(Debug, Clone)]
pub struct Kept {
    /// The row.
    pub lead: Lead,
    /// The events under their versions, in any order; one at or above the row's version is not history and is passed
    /// over.
    pub events: Vec<Event>,
    /// The submissions beside it.
    pub submissions: Vec<KeptSubmission>,
    /// The attempts that have a score card.
    pub scores: BTreeSet<AttemptId>,
    /// The attempts that have a routing record.
    pub routes: BTreeSet<AttemptId>,
    /// Who has claimed its address.
    pub claim: Claimed,
    /// The indexes whose keys in the row do not follow from the row.
    pub wrong_indexes: Vec<&'static str>,
    /// Whether the rep who holds it has a row.
    pub holder_row: HolderRow,
}

/// Whether the rep who holds a lead has a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HolderRow {
    /// Nobody holds the lead, or the row is there.
    There,
    /// It is not.
    Missing,
}

/// A submission beside a lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptSubmission {
    /// Its id.
    pub submission_id: SubmissionId,
    /// The lead that it names itself.
    pub lead_id: LeadId,
    /// When it was received.
    pub received_at: Timestamp,
    /// Where its receipt says it is.
    pub receipt: ReceiptAt,
}

/// Where a submission's receipt says it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReceiptAt {
    /// With the lead that keeps it.
    Here,
    /// With another lead, which keeps it as well.
    Doubled(LeadId),
    /// With another lead, which does not keep it.
    Elsewhere,
    /// There is no receipt.
    Missing,
}

/// The playbooks that clocks follow, as far as they can be read.
pub type Playbooks = crate::playbook::Versions;

/// Everything that is wrong with a lead at `now`.
pub fn lead(kept: &Kept, playbooks: &Playbooks, now: Timestamp) -> BTreeSet<Violation> {
    let mut found = BTreeSet::new();
    timeline::check(kept, &mut found);
    left_behind::check(kept, now, &mut found);
    effects::check(kept, now, &mut found);
    if kept.lead.stage == Stage::Erased {
        // What explained it went with it, on purpose.
        erasure::check(kept, now, &mut found);
        return found;
    }
    durable::check(kept, now, &mut found);
    identity::check(kept, &mut found);
    assignments::check(kept, &mut found);
    deadlines::check(&kept.lead, playbooks, &mut found);
    found
}

impl Kept {
    /// The timeline in order, the row's own event last.
    fn history(&self) -> Vec<&Event> {
        let mut events: Vec<&Event> = self.events.iter().filter(|e| e.seq < self.lead.version).collect();
        events.push(&self.lead.last_event);
        events.sort_by_key(|e| e.seq);
        events
    }

    /// Whether no version is missing: only a whole timeline can be replayed.
    fn is_whole(&self) -> bool {
        self.history().iter().map(|e| e.seq).eq(1..=self.lead.version)
    }
}
