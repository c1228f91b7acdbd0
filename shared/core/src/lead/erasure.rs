//! Erasure: what is left of a lead, and of its timeline, when its person is to be forgotten.

use super::{EventKind, IllegalMove, Lead, Move, Profile, Stage, Step};
use crate::ids::ErasureId;

impl Lead {
    /// Without personal data, for good. What is left says that there was a lead, and owes nothing but the domain events
    /// that have not been told yet. What stands beside the row is owed by the erasure.
    ///
    /// # Errors
    /// [`IllegalMove`] for a lead that is erased already.
    pub fn erased(&self, erasure: &ErasureId, step: &Step) -> Result<Lead, IllegalMove> {
        self.advance(step, Move::Erase, Stage::Erased, EventKind::Erased, |next| {
            // Every field is named, so that whoever adds one decides here whether it stays.
            *next = Lead {
                lead_id: next.lead_id.clone(),
                version: next.version,
                stage: next.stage,
                cycle: next.cycle,
                form: next.form.clone(),
                created_at: next.created_at,
                received_at: next.received_at,
                updated_at: next.updated_at,
                playbook: next.playbook,
                published: next.published,
                to_publish: next.to_publish,
                last_event: next.last_event.clone(),
                erasure: Some(erasure.clone()),
                profile: Profile::erased(),
                visitor: None,
                company_key: None,
                last_owner: None,
                score: None,
                qualified_at: None,
                owner: None,
                unasked: 0,
                offers: 0,
                tried: Vec::new(),
                withdrawn: Vec::new(),
                parked: None,
                reason: None,
                merged_into: None,
                clocks: Vec::new(),
                paused: None,
                effects: Vec::new(),
                watchdog: None,
                score_due: false,
                lookup: None,
                wake_at: None,
                given_back_at: None,
                forget_at: None,
                touches: 0,
                burst_from: next.created_at,
                burst: 0,
            };
        })
    }
}

/// Stands where somebody's own words stood.
const ERASED: &str = "erased";

impl EventKind {
    /// The event without the words that somebody chose, when it holds any: a code such as `no-budget` is short, but
    /// nobody can be kept from writing a name into it. Ids, numbers and words of the playbook stay.
    pub fn without_words(&self) -> Option<EventKind> {
        let gone = || ERASED.to_owned();
        let without = match self {
            EventKind::Disqualified { .. } => EventKind::Disqualified { reason: gone() },
            EventKind::Rejected { rep_id, .. } => {
                EventKind::Rejected { rep_id: rep_id.clone(), reason: gone() }
            }
            EventKind::Recycled { wake_at, .. } => EventKind::Recycled { reason: gone(), wake_at: *wake_at },
            EventKind::HandedOver { from, rep_id, pool_id, offer, accept_by, .. } => EventKind::HandedOver {
                from: from.clone(),
                rep_id: rep_id.clone(),
                pool_id: pool_id.clone(),
                offer: *offer,
                reason: gone(),
                accept_by: *accept_by,
            },
            EventKind::Lost { .. } => EventKind::Lost { reason: gone() },
            EventKind::Paused { rep_id, until, .. } => {
                EventKind::Paused { rep_id: rep_id.clone(), reason: gone(), until: *until }
            }
            // Named one by one, so that whoever adds an event decides here whether it holds words.
            EventKind::Captured { .. }
            | EventKind::Quarantined { .. }
            | EventKind::Released
            | EventKind::Merged { .. }
            | EventKind::Touched { .. }
            | EventKind::Enriched { .. }
            | EventKind::Scored { .. }
            | EventKind::Nurtured { .. }
            | EventKind::Rescored { .. }
            | EventKind::Suppressed { .. }
            | EventKind::Offered { .. }
            | EventKind::Parked { .. }
            | EventKind::Unparked
            | EventKind::Accepted { .. }
            | EventKind::Contacted { .. }
            | EventKind::Qualified { .. }
            | EventKind::Woken { .. }
            | EventKind::Won { .. }
            | EventKind::Reminded { .. }
            | EventKind::ManagerTold { .. }
            | EventKind::Reassigned { .. }
            | EventKind::Withdrawn { .. }
            | EventKind::OwnerGone { .. }
            | EventKind::NobodyLeft { .. }
            | EventKind::Overtaken { .. }
            | EventKind::Rebased { .. }
            | EventKind::Resumed { .. }
            | EventKind::Breached { .. }
            | EventKind::ReturnedToMarketing { .. }
            | EventKind::ReviewDue
            | EventKind::Redriven { .. }
            | EventKind::Notified { .. }
            | EventKind::Forgotten { .. }
            | EventKind::Erased => return None,
        };
        (without != *self).then_some(without)
    }
}
