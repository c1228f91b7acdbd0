//! The stages of a lead and who answers for each.

use serde::{Deserialize, Serialize};

use crate::ids::{PoolId, RepId};

/// Where a lead stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Acknowledged and durable.
    Received,
    /// Facts about person and company have been added.
    Enriched,
    /// Qualified by score; a rep is to be found.
    Scored,
    /// Its submission looked like spam; a person can release it.
    Quarantined,
    /// Not ready for sales yet.
    Nurturing,
    /// Not wanted, with a reason.
    Disqualified,
    /// Waits for capacity or for a person's decision.
    Parked,
    /// Offered to one rep, who has not answered.
    Offered,
    /// Accepted by the rep, not contacted yet.
    Accepted,
    /// The rep has reached out.
    Working,
    /// Sales confirmed it as an opportunity.
    Qualified,
    /// Handed back by sales until a date.
    Recycled,
    /// Became a customer.
    Won,
    /// Did not.
    Lost,
    /// Joined with another lead that goes on.
    Merged,
    /// Erased on request; only the tombstone remains.
    Erased,
}

impl Stage {
    /// All stages, in the order of the funnel.
    pub const ALL: [Stage; 16] = [
        Stage::Received,
        Stage::Enriched,
        Stage::Scored,
        Stage::Quarantined,
        Stage::Nurturing,
        Stage::Disqualified,
        Stage::Parked,
        Stage::Offered,
        Stage::Accepted,
        Stage::Working,
        Stage::Qualified,
        Stage::Recycled,
        Stage::Won,
        Stage::Lost,
        Stage::Merged,
        Stage::Erased,
    ];

    /// The word for it in API and timeline.
    pub const fn name(self) -> &'static str {
        match self {
            Stage::Received => "received",
            Stage::Enriched => "enriched",
            Stage::Scored => "scored",
            Stage::Quarantined => "quarantined",
            Stage::Nurturing => "nurturing",
            Stage::Disqualified => "disqualified",
            Stage::Parked => "parked",
            Stage::Offered => "offered",
            Stage::Accepted => "accepted",
            Stage::Working => "working",
            Stage::Qualified => "qualified",
            Stage::Recycled => "recycled",
            Stage::Won => "won",
            Stage::Lost => "lost",
            Stage::Merged => "merged",
            Stage::Erased => "erased",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Stage> {
        Stage::ALL.into_iter().find(|s| s.name() == text)
    }

    /// No transition leads out of it.
    pub const fn is_final(self) -> bool {
        matches!(self, Stage::Merged | Stage::Erased)
    }

    /// Somebody has something to do about it, now or on a date: every open lead has one due time.
    pub const fn is_open(self) -> bool {
        matches!(
            self,
            Stage::Received
                | Stage::Enriched
                | Stage::Scored
                | Stage::Nurturing
                | Stage::Parked
                | Stage::Offered
                | Stage::Accepted
                | Stage::Working
                | Stage::Qualified
                | Stage::Recycled
        )
    }

    /// A rep holds the lead: it counts towards the rep's load.
    pub const fn is_held(self) -> bool {
        matches!(self, Stage::Offered | Stage::Accepted | Stage::Working | Stage::Qualified)
    }

    pub(super) const fn default_accountable(self) -> Accountable {
        match self {
            Stage::Received | Stage::Enriched | Stage::Scored => Accountable::Queue("intake"),
            Stage::Quarantined => Accountable::Queue("quarantine"),
            Stage::Nurturing | Stage::Recycled | Stage::Parked => Accountable::Queue("marketing"),
            Stage::Offered | Stage::Accepted | Stage::Working | Stage::Qualified => {
                Accountable::Queue("sales")
            }
            Stage::Disqualified | Stage::Won | Stage::Lost | Stage::Merged | Stage::Erased => {
                Accountable::Queue("closed")
            }
        }
    }
}

/// Who answers for a lead: a person, a pool, or a queue of a department.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accountable {
    /// The rep who holds it.
    Rep(RepId),
    /// The pool it is parked for.
    Pool(PoolId),
    /// The department whose turn it is.
    Queue(&'static str),
}
