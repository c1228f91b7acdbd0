//! What a row owes the world: notifications, the wake-ups behind them, and when to try again.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::ids::{DeliveryId, LeadId, RepId, SubmissionId};
use crate::sla::ClockKind;

/// The next function for a lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Hop {
    /// Adds facts.
    Enrich,
    /// Scores.
    Score,
    /// Finds an owner.
    Route,
    /// Tells people and systems.
    Notify,
}

/// After so many re-drives without progress a lead is parked for a person to look at.
pub const MAX_REDRIVES: u32 = 8;

/// Runs while anything is owed; the sweep sends the wake-ups again when it fires.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watchdog {
    /// When to send again.
    pub at: Timestamp,
    /// How often that was done without progress.
    pub redrives: u32,
}

impl Watchdog {
    /// The first one: a minute from now.
    pub fn start(now: Timestamp) -> Self {
        Self { at: now + SignedDuration::from_secs(60), redrives: 0 }
    }

    /// The next one, with back-off: 1, 2, 4, 8, 16, then every 30 minutes.
    pub fn next(&self, now: Timestamp) -> Self {
        let redrives = self.redrives + 1;
        let minutes = 1_i64 << redrives.saturating_sub(1).min(5);
        Self { at: now + SignedDuration::from_secs(60 * minutes.min(30)), redrives }
    }
}

/// An awaited answer of an enrichment provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lookup {
    /// When to ask again.
    pub at: Timestamp,
    /// How often it has been asked.
    pub attempts: u32,
}

/// One notification that is owed. The id is stable: attempts repeat, ids do not multiply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    /// `<lead>.<cycle>.<cause>`; ids only.
    pub id: String,
    /// What is to be told.
    pub kind: EffectKind,
}

impl Effect {
    /// Names an effect by its lead, cycle and cause.
    pub fn new(lead: &LeadId, cycle: u32, kind: EffectKind) -> Self {
        let cause = match &kind {
            EffectKind::Acknowledge { submission_id } => format!("ack.{submission_id}"),
            EffectKind::Offer { offer, .. } => format!("offer.{offer}"),
            EffectKind::Reminder { offer, clock, step, round, .. } => {
                format!("remind.{offer}.{}.{step}{}", clock.name(), of_round(*round))
            }
            EffectKind::ManagerAlert { offer, clock, step, round, .. } => {
                format!("manager.{offer}.{}.{step}{}", clock.name(), of_round(*round))
            }
            EffectKind::OfferMoved { offer, .. } => format!("moved.{offer}"),
            EffectKind::NewTouch { submission_id, .. } => format!("touch.{submission_id}"),
            EffectKind::OwnerGone { offer, .. } => format!("gone.{offer}"),
            EffectKind::ParkedAlert { version } => format!("parked.{version}"),
            EffectKind::ReturnedToMarketing { version } => format!("returned.{version}"),
            EffectKind::ReviewAsked { version } => format!("review.{version}"),
            EffectKind::HandedOver { offer, .. } => format!("given.{offer}"),
        };
        Self { id: format!("{lead}.{cycle}.{cause}"), kind }
    }

    /// The row that carries this effect through one channel's retries.
    pub fn delivery_id(&self, channel: &str) -> DeliveryId {
        let digest = crate::seal::sha256_hex(format!("{}/{channel}", self.id).as_bytes());
        let mut bits = [0_u8; 16];
        for (i, byte) in bits.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&digest[2 * i..2 * i + 2], 16).unwrap_or(0);
        }
        DeliveryId::from_bits(bits)
    }
}

/// The part of a step's name that tells one round of its clock from the next.
fn of_round(round: u32) -> String {
    if is_first(&round) { String::new() } else { format!(".round-{round}") }
}

fn is_first(round: &u32) -> bool {
    *round == 0
}

/// What is to be told, and to whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum EffectKind {
    /// To the prospect: we have your request.
    Acknowledge {
        /// Which request.
        submission_id: SubmissionId,
    },
    /// To a rep: this lead is offered to you.
    Offer {
        /// The rep.
        rep_id: RepId,
        /// Which offer of the cycle.
        offer: u32,
    },
    /// To a rep: the time for this lead is running out.
    Reminder {
        /// The rep.
        rep_id: RepId,
        /// Which offer of the cycle.
        offer: u32,
        /// Which clock.
        clock: ClockKind,
        /// Which step of its ladder.
        step: u32,
        /// Which round of the clock, from 0.
        #[serde(skip_serializing_if = "is_first", default)]
        round: u32,
    },
    /// To the manager: a deadline was missed.
    ManagerAlert {
        /// The rep who held the lead.
        rep_id: RepId,
        /// Which offer of the cycle.
        offer: u32,
        /// Which clock.
        clock: ClockKind,
        /// Which step of its ladder.
        step: u32,
        /// Which round of the clock, from 0.
        #[serde(skip_serializing_if = "is_first", default)]
        round: u32,
    },
    /// To a rep: the lead has gone to somebody else.
    OfferMoved {
        /// The rep who had it.
        rep_id: RepId,
        /// Which offer of the cycle.
        offer: u32,
    },
    /// To the manager: the owner is deactivated and holds the lead.
    OwnerGone {
        /// The rep who holds it.
        rep_id: RepId,
        /// Which offer of the cycle it was taken from.
        offer: u32,
    },
    /// To the owner: the person has been in touch again.
    NewTouch {
        /// The owner.
        rep_id: RepId,
        /// The new submission.
        submission_id: SubmissionId,
    },
    /// To whoever watches the system: a lead had to be parked.
    ParkedAlert {
        /// The version that parked it.
        version: u64,
    },
    /// To marketing: sales did not take this lead in time.
    ReturnedToMarketing {
        /// The version that returned it.
        version: u64,
    },
    /// To marketing: this lead has been round often enough; decide whether sales gets it again.
    ReviewAsked {
        /// The version that asked.
        version: u64,
    },
    /// To a rep: this opportunity is yours now.
    HandedOver {
        /// The rep.
        rep_id: RepId,
        /// Which offer of the cycle.
        offer: u32,
    },
}
