//! The timeline: one event a version, gap-free, without personal data.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Field, ParkReason, Stage};
use crate::ids::{AttemptId, LeadId, PlaybookVersion, PoolId, RepId, RuleId, SubmissionId};
use crate::recycling::WakeCause;
use crate::routing::{Basis, Gone};
use crate::scoring::Score;
use crate::sla::{ClockKind, ContactChannel, ContactDirection, ContactOutcome};

/// Who caused a transition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "who", rename_all = "snake_case")]
pub enum Actor {
    /// The person who filled in a form.
    Prospect,
    /// One of our functions, by its name.
    System {
        /// Which one.
        function: String,
    },
    /// A salesperson, through the CRM or a signed link.
    Rep {
        /// Who.
        rep_id: RepId,
    },
    /// The subject of an API key.
    Key {
        /// The subject the key is bound to.
        subject: String,
    },
}

impl Actor {
    /// A function of this system.
    pub fn system(function: &str) -> Self {
        Actor::System { function: function.to_owned() }
    }
}

/// One entry of the timeline. Its sequence number is the version of the row it produced.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The version of the lead that this made.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub actor: Actor,
    /// Proves after an unclear answer whose commit it was.
    pub attempt: AttemptId,
    /// The stage after it.
    pub stage: Stage,
    /// What happened.
    pub kind: EventKind,
}

/// What happened to a lead. Ids, numbers and words of the playbook only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum EventKind {
    /// The first submission made this lead.
    Captured {
        /// Which submission.
        submission_id: SubmissionId,
    },
    /// The first submission looked like spam.
    Quarantined {
        /// Which submission.
        submission_id: SubmissionId,
        /// Why, by signal names.
        reasons: Vec<String>,
    },
    /// A person released it from quarantine.
    Released,
    /// The quarantined submission belongs to an existing lead.
    Merged {
        /// The lead that goes on.
        into: LeadId,
    },
    /// Another submission joined.
    Touched {
        /// Which submission.
        submission_id: SubmissionId,
        /// The fields that it filled or, when verified, replaced.
        fields: Vec<String>,
        /// It came with the visitor token of the first submission.
        verified: bool,
    },
    /// Facts were added.
    Enriched {
        /// Which fields.
        fields: Vec<String>,
        /// The providers that gave data; none when only our own lists were used.
        providers: Vec<String>,
        /// How our own lists found what they did.
        #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
        derived: BTreeMap<Field, String>,
    },
    /// A score was computed and the lead goes to sales.
    Scored {
        /// Fit.
        fit: Score,
        /// Interest.
        interest: Score,
        /// Grade, such as `A1`.
        grade: String,
        /// With which playbook.
        playbook: PlaybookVersion,
    },
    /// Scored, not ready for sales.
    Nurtured {
        /// Fit.
        fit: Score,
        /// Interest.
        interest: Score,
        /// Grade, such as `B3`.
        grade: String,
        /// With which playbook.
        playbook: PlaybookVersion,
    },
    /// Scored again without any change of stage.
    Rescored {
        /// Fit.
        fit: Score,
        /// Interest.
        interest: Score,
        /// Grade, such as `B2`.
        grade: String,
        /// With which playbook.
        playbook: PlaybookVersion,
    },
    /// Not wanted.
    Disqualified {
        /// The veto, or the person's reason.
        reason: String,
    },
    /// Offered to one rep.
    Offered {
        /// The rep.
        rep_id: RepId,
        /// The pool.
        pool_id: PoolId,
        /// Which offer of the cycle.
        offer: u32,
        /// The route that chose the pool.
        route: RuleId,
        /// Until when to accept.
        accept_by: Option<Timestamp>,
        /// How the rep came to it.
        #[serde(skip_serializing_if = "Basis::took_turn", default)]
        basis: Basis,
    },
    /// Qualified, and kept from sales for now.
    Suppressed {
        /// By which rule.
        suppress: RuleId,
        /// The playbook's reason.
        reason: String,
    },
    /// Nobody could take it.
    Parked {
        /// The pool it waits for.
        pool_id: PoolId,
        /// Why.
        reason: ParkReason,
    },
    /// A parked lead is looked at again.
    Unparked,
    /// The rep accepted.
    Accepted {
        /// The rep.
        rep_id: RepId,
    },
    /// The rep rejected.
    Rejected {
        /// The rep.
        rep_id: RepId,
        /// The playbook's reason.
        reason: String,
    },
    /// Somebody was in contact with the prospect.
    Contacted {
        /// The rep.
        rep_id: RepId,
        /// How.
        channel: ContactChannel,
        /// From whom to whom.
        direction: ContactDirection,
        /// With what result.
        outcome: ContactOutcome,
        /// When it really happened.
        occurred_at: Timestamp,
        /// Deadlines that counted as missed, and turn out to have been met by this.
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        met_after_all: Vec<ClockKind>,
    },
    /// Sales confirmed it.
    Qualified {
        /// The rep.
        rep_id: RepId,
        /// What the rep answered to the playbook's checklist.
        #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
        checklist: BTreeMap<RuleId, bool>,
    },
    /// Put aside: no clock counts until then.
    Paused {
        /// The rep.
        rep_id: RepId,
        /// Why.
        reason: String,
        /// Until when at the latest.
        until: Timestamp,
    },
    /// Taken up again, by the rep or because the pause is over.
    Resumed {
        /// Since when it was paused.
        since: Timestamp,
    },
    /// Handed back until a date.
    Recycled {
        /// Why.
        reason: String,
        /// When it comes back.
        wake_at: Timestamp,
    },
    /// A recycled lead is back.
    Woken {
        /// The cycle it opens.
        cycle: u32,
        /// Why.
        #[serde(default)]
        because: WakeCause,
    },
    /// Became a customer.
    Won {
        /// The rep.
        rep_id: RepId,
    },
    /// Did not.
    Lost {
        /// Why.
        reason: String,
    },
    /// A step of an escalation ladder reminded the rep.
    Reminded {
        /// Which clock.
        clock: ClockKind,
        /// Which step.
        step: u32,
    },
    /// A step told the manager.
    ManagerTold {
        /// Which clock.
        clock: ClockKind,
        /// Which step.
        step: u32,
    },
    /// A step moved the lead to another rep.
    Reassigned {
        /// From whom.
        from: RepId,
        /// To whom.
        rep_id: RepId,
        /// The pool.
        pool_id: PoolId,
        /// Which offer of the cycle.
        offer: u32,
        /// Until when to accept.
        accept_by: Option<Timestamp>,
        /// How the rep came to it.
        #[serde(skip_serializing_if = "Basis::took_turn", default)]
        basis: Basis,
    },
    /// The rep was gone before answering: back to routing, and a turn that it took is credited back.
    Withdrawn {
        /// The rep.
        rep_id: RepId,
        /// Why.
        because: Gone,
    },
    /// The owner was deactivated; the manager is told.
    OwnerGone {
        /// The rep.
        rep_id: RepId,
    },
    /// A person gave the lead to a rep.
    HandedOver {
        /// Who had it, if anybody.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        from: Option<RepId>,
        /// To whom.
        rep_id: RepId,
        /// The pool through which the rep answers for it.
        pool_id: PoolId,
        /// Which offer of the cycle.
        offer: u32,
        /// Why.
        reason: String,
        /// Until when to accept; none for an opportunity, which changes hands as it is.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        accept_by: Option<Timestamp>,
    },
    /// A step wanted to reassign, but there was nobody left or the limit was reached.
    NobodyLeft {
        /// Which step.
        step: u32,
    },
    /// A step that only tells somebody came so late that later ones were due as well, or one that takes the lead away was
    /// due before whoever has it now was offered it: nothing is done.
    Overtaken {
        /// Which clock.
        clock: ClockKind,
        /// Which step.
        step: u32,
    },
    /// A deadline passed; the steps that the ladder has there come after it.
    Breached {
        /// Which clock.
        clock: ClockKind,
    },
    /// The deadlines that run follow the rules of another version of the playbook from now on.
    Rebased {
        /// Which version.
        version: PlaybookVersion,
        /// Which deadlines.
        clocks: Vec<RebasedClock>,
    },
    /// The ladder ended: marketing has it again.
    ReturnedToMarketing {
        /// Which step.
        step: u32,
    },
    /// A month in nurturing is over; the lead is scored again.
    ReviewDue,
    /// Wake-ups were sent again because nothing had happened.
    Redriven {
        /// How often by now.
        redrives: u32,
    },
    /// Notifications were confirmed or handed to their own retries.
    Notified {
        /// Their ids.
        effects: Vec<String>,
    },
    /// The answers of submissions were deleted, because they had been kept for long enough.
    Forgotten {
        /// Which submissions.
        submissions: Vec<SubmissionId>,
    },
    /// Erased on request.
    Erased,
}

/// A deadline that was put on other rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RebasedClock {
    /// Which clock.
    pub clock: ClockKind,
    /// The deadline until then.
    pub was: Timestamp,
    /// The deadline from then on.
    pub due_at: Timestamp,
}
