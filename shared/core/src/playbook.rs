//! The playbook: one document with every rule of the business, readable by a revenue-operations person.
//!
//! A published version is immutable. Reading one gives either a playbook whose references all hold, or every mistake
//! with its path.

mod check;
mod countable;
pub mod lint;
mod parse;
mod published;
mod reach;
mod relations;
mod staff;
mod tree;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::calendar::{Calendar, CalendarDoc};
use crate::company::{AccountRules, Accounts};
use crate::enrichment::EnrichmentRules;
use crate::ids::{CalendarId, FormId, PlaybookVersion, PoolId, RepId, RuleId};
use crate::lead::RetentionRules;
use crate::notification::Notifications;
use crate::qualification::{Thresholds, Veto};
use crate::recycling::RecyclingRules;
use crate::routing::{LeadValue, Pool, Rep, Roster, Routing};
use crate::scoring::ScoringRules;
use crate::sla::{ClockKind, ClockRules, Policy};
use crate::submission::Form;

pub use parse::{MAX_BYTES, Mistake};
pub use published::Unreadable;
pub use reach::Reach;

/// The document as written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaybookDoc {
    /// Its name, for people.
    pub playbook: String,
    /// Working hours.
    pub calendars: BTreeMap<CalendarId, CalendarDoc>,
    /// Forms.
    pub forms: BTreeMap<FormId, Form>,
    /// Enrichment.
    #[serde(default)]
    pub enrichment: EnrichmentRules,
    /// Scoring.
    pub scoring: ScoringRules,
    /// When a lead is ready for sales.
    pub qualification: Thresholds,
    /// Who is not wanted.
    #[serde(default)]
    pub vetoes: Vec<Veto>,
    /// Salespeople.
    pub reps: BTreeMap<RepId, Rep>,
    /// Pools of them.
    pub pools: BTreeMap<PoolId, Pool>,
    /// Named accounts.
    #[serde(default, skip_serializing_if = "AccountRules::is_empty")]
    pub accounts: AccountRules,
    /// Which pool takes which leads.
    pub routing: Routing,
    /// What a lead is expected to be worth, for caps by value.
    #[serde(default, skip_serializing_if = "LeadValue::is_nothing")]
    pub value: LeadValue,
    /// Deadlines; the first that holds wins, and the last must hold for every lead.
    pub sla: Vec<Policy>,
    /// What a rep may say when rejecting, and what follows.
    #[serde(default = "default_rejections")]
    pub rejections: BTreeMap<RuleId, Rejection>,
    /// How recycled leads come back.
    #[serde(default)]
    pub recycling: RecyclingRules,
    /// Who is told what.
    pub notifications: Notifications,
    /// How long what was typed is kept.
    #[serde(default, skip_serializing_if = "RetentionRules::is_empty")]
    pub retention: RetentionRules,
}

/// What follows when a rep rejects a lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rejection {
    /// It goes to somebody else, and the turn is credited back: it was not theirs to have.
    Reroute,
    /// It is disqualified.
    Disqualify,
    /// It goes back to marketing for thirty days.
    Recycle,
}

fn default_rejections() -> BTreeMap<RuleId, Rejection> {
    let reasons = [
        ("not-mine", Rejection::Reroute),
        ("no-capacity", Rejection::Reroute),
        ("wrong-fit", Rejection::Disqualify),
        ("not-ready", Rejection::Recycle),
    ];
    reasons.into_iter().filter_map(|(name, what)| Some((RuleId::parse(name).ok()?, what))).collect()
}

/// Playbooks by version, for whatever keeps the version it began with.
pub type Versions = BTreeMap<PlaybookVersion, Arc<Playbook>>;
/// Reads one calendar by itself, YAML or JSON, as it would stand below its name in a playbook.
///
/// # Errors
/// Mistakes with their paths: the first of the document's shape, or all of its content.
pub fn read_calendar(text: &str) -> Result<Calendar, Vec<Mistake>> {
    parse::read_calendar(text)
}

/// A playbook whose references all hold.
#[derive(Debug, Clone)]
pub struct Playbook {
    doc: PlaybookDoc,
    calendars: BTreeMap<CalendarId, Calendar>,
    accounts: Accounts,
}

impl Playbook {
    /// Reads YAML or JSON that anybody may have written. Every mistake comes with its path.
    pub fn read(text: &str) -> Result<Playbook, Vec<Mistake>> {
        parse::read(text)
    }

    /// Reads a playbook that was published, and so checked, before. Whoever only decides by playbooks does not carry, nor
    /// start with, what tells mistakes.
    ///
    /// # Errors
    /// The text is none that was published by this version or a compatible one.
    pub fn published(text: &str) -> Result<Playbook, Unreadable> {
        published::read(text)
    }

    /// The one bundled with the code, in force until another is published.
    pub fn bundled() -> Playbook {
        Playbook::published(Playbook::BUNDLED).expect("the bundled playbook is checked by a test")
    }

    /// The text of the bundled playbook.
    pub const BUNDLED: &str = include_str!("../../../infra/playbooks/acme.yaml");

    /// The document.
    pub fn doc(&self) -> &PlaybookDoc {
        &self.doc
    }

    /// The calendars, ready to count in.
    pub fn calendars(&self) -> &BTreeMap<CalendarId, Calendar> {
        &self.calendars
    }

    /// The named accounts, ready to be looked up.
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// The people, as decisions about one of them need them.
    pub fn roster(&self) -> Roster<'_> {
        Roster { reps: &self.doc.reps, pools: &self.doc.pools, calendars: &self.calendars }
    }

    /// A calendar by name.
    pub fn calendar(&self, id: &CalendarId) -> Option<&Calendar> {
        self.calendars.get(id)
    }

    /// An enabled form by name; a disabled one is as good as none.
    pub fn form(&self, id: &FormId) -> Option<&Form> {
        self.doc.forms.get(id).filter(|f| f.enabled)
    }

    /// A policy by name.
    pub fn policy(&self, id: &RuleId) -> Option<&Policy> {
        self.doc.sla.iter().find(|p| p.policy == *id)
    }

    /// The rules of one clock of a policy.
    pub fn clock_rules(&self, policy: &RuleId, kind: ClockKind) -> Option<&ClockRules> {
        self.policy(policy)?.rules(kind)
    }

    /// A pool and the pools that it overflows to, in order.
    pub fn overflow_chain<'p>(&'p self, first: &'p PoolId) -> Vec<&'p PoolId> {
        let mut chain = vec![first];
        let mut at = first;
        while let Some(next) = self.doc.pools.get(at).and_then(|p| p.overflow.as_ref()) {
            if chain.contains(&next) {
                break;
            }
            chain.push(next);
            at = next;
        }
        chain
    }

    /// The members of a pool who take leads at all, with their calendars.
    pub fn active_members(&self, pool: &PoolId) -> impl Iterator<Item = (&RepId, &Calendar)> {
        let members = self.doc.pools.get(pool).map(|p| p.members.as_slice()).unwrap_or_default();
        members.iter().filter_map(|member| {
            let rep = self.doc.reps.get(member).filter(|rep| rep.active)?;
            Some((member, self.calendars.get(&rep.calendar)?))
        })
    }
}

#[cfg(test)]
mod tests;
