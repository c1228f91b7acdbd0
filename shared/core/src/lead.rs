//! The lead: one row that is the state machine, everything it owes, and every timer that runs for it.

mod absence;
mod answers;
mod erasure;
mod escalation;
mod event_names;
mod field;
mod hand_over;
mod line;
mod moves;
mod offering;
mod owed;
mod pause;
mod pipeline;
mod profile;
mod rebase;
mod retention;
mod row;
mod sales_clocks;
#[cfg(test)]
pub(crate) mod samples;
mod stage;
mod summaries;
mod timeline;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{
    AttemptId, CompanyKey, ErasureId, FormId, LeadId, PlaybookVersion, PoolId, RepId, VisitorId,
};
use crate::routing::{Basis, LastOwner};
use crate::scoring::ScoreSummary;
use crate::sla::Clock;

pub use answers::{Answer, AnswerError, Contacted};
pub use field::Field;
pub use moves::{IllegalMove, Move, Step};
pub use offering::Assignment;
pub use owed::{Effect, EffectKind, Hop, Lookup, MAX_REDRIVES, Watchdog};
pub use pause::{MAX_PAUSE, Pause};
pub use pipeline::Capture;
pub(crate) use profile::business_domain;
pub use profile::{Company, Contact, FieldValue, Origin, Profile};
pub use rebase::Change;
pub use retention::{Forgetting, KeepFor, PeriodMistake, RetentionRules};
pub use sales_clocks::UNREACHABLE;
pub use stage::{Accountable, Stage};
pub use timeline::{Actor, Event, EventKind, RebasedClock};

/// A rep's hold on a lead, from the offer on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The person.
    pub rep_id: RepId,
    /// The pool that the person was picked from.
    pub pool_id: PoolId,
    /// Which offer of this cycle it is, from 1.
    pub offer: u32,
    /// When it was offered.
    pub offered_at: Timestamp,
    /// When it was accepted, if it was.
    pub accepted_at: Option<Timestamp>,
    /// What it counts towards the worth of the rep's leads, as it was when it was offered.
    pub value: u32,
    /// When the manager was told that the rep is deactivated and still holds it.
    pub gone_told_at: Option<Timestamp>,
    /// How the person came to it.
    pub basis: Basis,
}

/// Why and since when a lead waits for capacity or for a person's decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parking {
    /// The pool it waits for.
    pub pool_id: PoolId,
    /// Why.
    pub reason: ParkReason,
    /// Since when.
    pub since: Timestamp,
    /// The attempt under which it is kept why nobody could take it at the latest look, where that is not what was said when
    /// it was parked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub looked: Option<AttemptId>,
}

/// Why a lead is parked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParkReason {
    /// No member of the pool or its overflow may take a lead now.
    NobodyEligible,
    /// Eight re-drives did not move it; a person has to look.
    Stuck,
    /// It has been recycled as often as the playbook allows; marketing decides whether it goes to sales again.
    Review,
}

/// Everything known about one lead that decisions need. Submissions, decision records and past events stand beside
/// it under the same partition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(into = "row::Row", try_from = "row::Row")]
pub struct Lead {
    /// Its identifier.
    pub lead_id: LeadId,
    /// Goes up by exactly one with every transition.
    pub version: u64,
    /// Where it stands.
    pub stage: Stage,
    /// Which pass through marketing and sales this is, from 1; recycling opens the next.
    pub cycle: u32,
    /// How many of them a date or a score began, without anybody having asked.
    pub unasked: u32,
    /// The form it came through first.
    pub form: FormId,
    /// When the first submission was received.
    pub created_at: Timestamp,
    /// From when the buyer's wait counts: the first submission, or the beginning of a later cycle.
    pub received_at: Timestamp,
    /// When the row changed last.
    pub updated_at: Timestamp,
    /// The person and the company.
    pub profile: Profile,
    /// The browser that made the first submission, when it carried our signed token.
    pub visitor: Option<VisitorId>,
    /// Stands for the company behind the address of the first submission, when that is a business's.
    pub company_key: Option<CompanyKey>,
    /// The playbook version that the latest decision used.
    pub playbook: PlaybookVersion,
    /// The latest score.
    pub score: Option<ScoreSummary>,
    /// When it crossed the threshold in this cycle; stamped once per cycle.
    pub qualified_at: Option<Timestamp>,
    /// Who holds it.
    pub owner: Option<Owner>,
    /// Who had it until sales gave it back.
    pub last_owner: Option<LastOwner>,
    /// Offers made in this cycle.
    pub offers: u32,
    /// Reps who had an offer in this cycle; nobody is offered the lead twice.
    pub tried: Vec<RepId>,
    /// Reps from whom an offer of this cycle was taken back, because they were gone; they may be offered it again.
    pub withdrawn: Vec<RepId>,
    /// Where and why it is parked.
    pub parked: Option<Parking>,
    /// Why it is quarantined, disqualified, recycled, rejected or lost: the last such reason.
    pub reason: Option<String>,
    /// The lead that this one was merged into.
    pub merged_into: Option<LeadId>,
    /// The running and finished clocks of this cycle.
    pub clocks: Vec<Clock>,
    /// While sales has put it aside: no clock counts.
    pub paused: Option<Pause>,
    /// Notifications owed until a conditional write confirms them.
    pub effects: Vec<Effect>,
    /// Up to which version domain events have been handed to the bus.
    pub published: u64,
    /// The version of the newest event that belongs on the bus.
    pub to_publish: u64,
    /// Runs while anything is owed: when to send the wake-ups again.
    pub watchdog: Option<Watchdog>,
    /// New data came in since the last score.
    pub score_due: bool,
    /// A provider's answer is still awaited.
    pub lookup: Option<Lookup>,
    /// When sales gave it back last: by recycling, or by rejecting it as not ready.
    pub given_back_at: Option<Timestamp>,
    /// When a recycled or parked lead is looked at again.
    pub wake_at: Option<Timestamp>,
    /// When the answers of its oldest submission have been kept for as long as the playbook has it.
    pub forget_at: Option<Timestamp>,
    /// The erasure that took its personal data, from then on.
    pub erasure: Option<ErasureId>,
    /// How many submissions joined it, the first included.
    pub touches: u32,
    /// Start of the hour in which `burst` counts; recognises floods on one address.
    pub burst_from: Timestamp,
    /// Submissions since `burst_from`.
    pub burst: u32,
    /// The event of the current version. Older ones stand under their version's key.
    pub last_event: Event,
}

impl Lead {
    /// The attempt that committed the current version.
    pub fn attempt(&self) -> &AttemptId {
        &self.last_event.attempt
    }

    /// The one due time of this row: the minimum over every timer in it; `None` when nothing runs.
    pub fn due_at(&self) -> Option<Timestamp> {
        let clocks = self.clocks.iter().filter_map(|c| c.next_at);
        let watchdog = self.watchdog.as_ref().map(|w| w.at);
        let pause = self.paused.as_ref().map(|p| p.until);
        let others = [watchdog, self.lookup.as_ref().map(|l| l.at), self.wake_at, self.forget_at, pause];
        clocks.chain(others.into_iter().flatten()).min()
    }

    /// The timers that have to be kept to the second, as against watchdogs that a sweep serves well enough.
    pub fn exact_timers(&self) -> impl Iterator<Item = Timestamp> {
        let pause = self.paused.as_ref().map(|p| p.until);
        self.clocks.iter().filter_map(|c| c.next_at).chain(self.wake_at).chain(pause)
    }

    /// The earliest of them.
    pub fn exact_due_at(&self) -> Option<Timestamp> {
        self.exact_timers().min()
    }

    /// The rep whose load it counts towards.
    pub fn held_by(&self) -> Option<&RepId> {
        self.owner.as_ref().filter(|_| self.stage.is_held()).map(|o| &o.rep_id)
    }

    /// Who answers for it now.
    pub fn accountable(&self) -> Accountable {
        match (&self.owner, &self.parked) {
            (Some(owner), _) => Accountable::Rep(owner.rep_id.clone()),
            (None, Some(parking)) if parking.reason == ParkReason::Review => Accountable::Queue("marketing"),
            (None, Some(parking)) => Accountable::Pool(parking.pool_id.clone()),
            (None, None) => self.stage.default_accountable(),
        }
    }

    /// The functions that have something to do for this lead now, derived from the row alone: sending them once
    /// more is always harmless, and what is not sent is found by the watchdog.
    pub fn wake_ups(&self) -> Vec<Hop> {
        let mut hops = Vec::new();
        match self.stage {
            Stage::Received => hops.push(Hop::Enrich),
            Stage::Enriched => hops.push(Hop::Score),
            Stage::Scored => hops.push(Hop::Route),
            _ if self.stage.is_final() => {}
            _ if self.score_due => hops.push(Hop::Score),
            _ => {}
        }
        if !self.in_pipeline() && self.owes_delivery() {
            hops.push(Hop::Notify);
        }
        hops
    }

    /// Whether a notification or a domain event is owed.
    pub fn owes_delivery(&self) -> bool {
        !self.effects.is_empty() || self.published < self.to_publish
    }

    /// Whether it is on its way from the form to its first settlement.
    pub fn in_pipeline(&self) -> bool {
        matches!(self.stage, Stage::Received | Stage::Enriched | Stage::Scored)
    }

    /// Whether it is the first that its mailbox has to do with us. A mailbox has one lead, but for shared ones, where nobody
    /// is recognised and each submission makes another.
    pub fn is_new_to_its_mailbox(&self) -> bool {
        (self.cycle, self.touches) == (1, 1) && self.was_new_to_its_mailbox(self.created_at)
    }

    /// Whether that was so at an instant or later.
    pub fn was_new_to_its_mailbox(&self, since: Timestamp) -> bool {
        self.created_at >= since && !self.profile.contact.email.is_role()
    }

    /// The clock of a kind that still runs.
    pub fn running_clock(&self, kind: crate::sla::ClockKind) -> Option<&Clock> {
        self.clocks.iter().find(|c| c.kind == kind && c.is_running())
    }
}

#[cfg(test)]
mod tests;
