//! A lead as it stands in its row. The row is written with each of a lead's ten or so events and billed by the
//! kilobyte, so an ordinary lead has to stay below one: what is as usual is left out, what the row says already is not
//! said again, and what belongs together is short ([`clocks`], [`profile`], [`Instant`]).

mod clocks;
mod event;
mod instant;
mod profile;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Effect, EffectKind, Lead, Lookup, Owner, Parking, Pause, Stage, Watchdog};
use crate::ids::{
    AttemptId, CompanyKey, ErasureId, FormId, LeadId, PlaybookVersion, PoolId, RepId, VisitorId,
};
use crate::routing::{Basis, LastOwner};
use crate::scoring::{Score, ScoreSummary};
use clocks::ClockLines;
use event::EventRow;
use instant::Instant;
use profile::ProfileRow;

const PARTITION: &str = "LEAD#";

impl LeadId {
    /// The partition of the lead's row and of everything beside it.
    pub fn partition(&self) -> String {
        format!("{PARTITION}{self}")
    }
}

/// What cannot be a lead.
#[derive(Debug, thiserror::Error)]
#[error("{0} makes no sense")]
pub(super) struct Unreadable(&'static str);

/// The row. The names `version` and `erasure` are in conditions.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Row {
    /// The key, which says whose row it is.
    pk: String,
    version: u64,
    stage: Stage,
    #[serde(skip_serializing_if = "is_one", default = "one")]
    cycle: u32,
    #[serde(skip_serializing_if = "is_zero", default)]
    unasked: u32,
    form: FormId,
    created_at: Instant,
    /// Unless it is when the lead was created.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    received_at: Option<Instant>,
    updated_at: Instant,
    profile: ProfileRow,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    visitor: Option<VisitorId>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    company_key: Option<CompanyKey>,
    playbook: PlaybookVersion,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    score: Option<ScoreRow>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    qualified_at: Option<Instant>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    owner: Option<OwnerRow>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    last_owner: Option<LastOwner>,
    #[serde(skip_serializing_if = "is_zero", default)]
    offers: u32,
    /// Unless it is the owner and nobody else.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    tried: Option<Vec<RepId>>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    withdrawn: Vec<RepId>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    parked: Option<Parking>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    merged_into: Option<LeadId>,
    #[serde(skip_serializing_if = "ClockLines::is_empty", default)]
    clocks: ClockLines,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    paused: Option<Pause>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    effects: Vec<EffectRow>,
    published: u64,
    to_publish: u64,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    watchdog: Option<WatchdogRow>,
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    score_due: bool,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    lookup: Option<Lookup>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    given_back_at: Option<Instant>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    wake_at: Option<Instant>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    forget_at: Option<Instant>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    erasure: Option<ErasureId>,
    #[serde(skip_serializing_if = "is_one", default = "one")]
    touches: u32,
    /// Unless it is when the lead was created.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    burst_from: Option<Instant>,
    #[serde(skip_serializing_if = "is_one", default = "one")]
    burst: u32,
    event: EventRow,
}

#[derive(Debug, Serialize, Deserialize)]
struct ScoreRow {
    fit: Score,
    interest: Score,
    grade: String,
    record: AttemptId,
    /// Unless it is the playbook of the latest decision.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    playbook: Option<PlaybookVersion>,
}

#[derive(Debug, Serialize, Deserialize)]
struct OwnerRow {
    rep: RepId,
    pool: PoolId,
    offer: u32,
    at: Instant,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    accepted: Option<Instant>,
    #[serde(skip_serializing_if = "is_zero", default)]
    value: u32,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    gone_told: Option<Instant>,
    #[serde(skip_serializing_if = "Basis::took_turn", default)]
    basis: Basis,
}

#[derive(Debug, Serialize, Deserialize)]
struct WatchdogRow {
    at: Instant,
    #[serde(skip_serializing_if = "is_zero", default)]
    redrives: u32,
}

#[derive(Debug, Serialize, Deserialize)]
struct EffectRow {
    /// Unless it follows from the lead, the cycle that it is in and the kind.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    id: Option<String>,
    #[serde(flatten)]
    kind: EffectKind,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde asks for")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde asks for")]
fn is_one(number: &u32) -> bool {
    *number == 1
}

fn one() -> u32 {
    1
}

/// A value, unless it is the usual one.
fn unless<T: PartialEq>(value: T, usual: &T) -> Option<T> {
    Some(value).filter(|value| value != usual)
}

impl From<Lead> for Row {
    fn from(lead: Lead) -> Row {
        let created = lead.created_at;
        let since_then = |at: Timestamp| unless(at, &created).map(Instant);
        Row {
            pk: lead.lead_id.partition(),
            version: lead.version,
            stage: lead.stage,
            cycle: lead.cycle,
            unasked: lead.unasked,
            form: lead.form,
            created_at: Instant(created),
            received_at: since_then(lead.received_at),
            updated_at: Instant(lead.updated_at),
            profile: lead.profile.into(),
            visitor: lead.visitor,
            company_key: lead.company_key,
            playbook: lead.playbook,
            score: lead.score.map(|score| ScoreRow {
                fit: score.fit,
                interest: score.interest,
                grade: score.grade,
                record: score.record,
                playbook: unless(score.playbook_version, &lead.playbook),
            }),
            qualified_at: lead.qualified_at.map(Instant),
            tried: unless(lead.tried, &alone(lead.owner.as_ref().map(|owner| &owner.rep_id))),
            owner: lead.owner.map(OwnerRow::from),
            last_owner: lead.last_owner,
            offers: lead.offers,
            withdrawn: lead.withdrawn,
            parked: lead.parked,
            reason: lead.reason,
            merged_into: lead.merged_into,
            clocks: ClockLines::of(&lead.clocks),
            paused: lead.paused,
            effects: lead.effects.into_iter().map(|e| EffectRow::of(e, &lead.lead_id, lead.cycle)).collect(),
            published: lead.published,
            to_publish: lead.to_publish,
            watchdog: lead.watchdog.map(|w| WatchdogRow { at: Instant(w.at), redrives: w.redrives }),
            score_due: lead.score_due,
            lookup: lead.lookup,
            given_back_at: lead.given_back_at.map(Instant),
            wake_at: lead.wake_at.map(Instant),
            forget_at: lead.forget_at.map(Instant),
            erasure: lead.erasure,
            touches: lead.touches,
            burst_from: since_then(lead.burst_from),
            burst: lead.burst,
            event: EventRow::of(lead.last_event, &lead.lead_id, lead.version, lead.updated_at, lead.stage),
        }
    }
}

impl TryFrom<Row> for Lead {
    type Error = Unreadable;

    fn try_from(row: Row) -> Result<Lead, Unreadable> {
        let lead_id = row.pk.strip_prefix(PARTITION).and_then(|id| LeadId::parse(id).ok());
        let lead_id = lead_id.ok_or(Unreadable("pk"))?;
        let created_at = row.created_at.0;
        let since_then = |at: Option<Instant>| at.map_or(created_at, |at| at.0);
        let owner = row.owner.map(Owner::from);
        Ok(Lead {
            version: row.version,
            stage: row.stage,
            cycle: row.cycle,
            unasked: row.unasked,
            form: row.form,
            created_at,
            received_at: since_then(row.received_at),
            updated_at: row.updated_at.0,
            profile: row.profile.try_into()?,
            visitor: row.visitor,
            company_key: row.company_key,
            playbook: row.playbook,
            score: row.score.map(|score| ScoreSummary {
                fit: score.fit,
                interest: score.interest,
                grade: score.grade,
                playbook_version: score.playbook.unwrap_or(row.playbook),
                record: score.record,
            }),
            qualified_at: row.qualified_at.map(|at| at.0),
            tried: row.tried.unwrap_or_else(|| alone(owner.as_ref().map(|owner| &owner.rep_id))),
            owner,
            last_owner: row.last_owner,
            offers: row.offers,
            withdrawn: row.withdrawn,
            parked: row.parked,
            reason: row.reason,
            merged_into: row.merged_into,
            clocks: row.clocks.read().ok_or(Unreadable("clocks"))?,
            paused: row.paused,
            effects: row.effects.into_iter().map(|e| e.read(&lead_id, row.cycle)).collect(),
            published: row.published,
            to_publish: row.to_publish,
            watchdog: row.watchdog.map(|w| Watchdog { at: w.at.0, redrives: w.redrives }),
            score_due: row.score_due,
            lookup: row.lookup,
            given_back_at: row.given_back_at.map(|at| at.0),
            wake_at: row.wake_at.map(|at| at.0),
            forget_at: row.forget_at.map(|at| at.0),
            erasure: row.erasure,
            touches: row.touches,
            burst_from: since_then(row.burst_from),
            burst: row.burst,
            last_event: row.event.read(&lead_id, row.version, row.updated_at.0, row.stage)?,
            lead_id,
        })
    }
}

fn alone(rep_id: Option<&RepId>) -> Vec<RepId> {
    rep_id.cloned().into_iter().collect()
}

impl From<Owner> for OwnerRow {
    fn from(owner: Owner) -> Self {
        Self {
            rep: owner.rep_id,
            pool: owner.pool_id,
            offer: owner.offer,
            at: Instant(owner.offered_at),
            accepted: owner.accepted_at.map(Instant),
            value: owner.value,
            gone_told: owner.gone_told_at.map(Instant),
            basis: owner.basis,
        }
    }
}

impl From<OwnerRow> for Owner {
    fn from(row: OwnerRow) -> Self {
        Self {
            rep_id: row.rep,
            pool_id: row.pool,
            offer: row.offer,
            offered_at: row.at.0,
            accepted_at: row.accepted.map(|at| at.0),
            value: row.value,
            gone_told_at: row.gone_told.map(|at| at.0),
            basis: row.basis,
        }
    }
}

impl EffectRow {
    fn of(effect: Effect, lead_id: &LeadId, cycle: u32) -> Self {
        let usual = Effect::new(lead_id, cycle, effect.kind.clone()).id;
        Self { id: unless(effect.id, &usual), kind: effect.kind }
    }

    fn read(self, lead_id: &LeadId, cycle: u32) -> Effect {
        let usual = Effect::new(lead_id, cycle, self.kind);
        Effect { id: self.id.unwrap_or(usual.id), kind: usual.kind }
    }
}
