//! The witness: sees every write as it happens and holds the invariants against it at once, so that what was wrong for
//! a moment is found whatever the end looks like. It knows the product's rows, and none of its rules.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use leadline_core::ids::{LeadId, PlaybookVersion, RepId};
use leadline_core::lead::{Effect, Event, EventKind, Lead, Stage};
use leadline_core::routing::{Basis, Limit};
use leadline_core::sla::{ClockKind, ClockStatus};
use leadline_store::rows::from_item;
use leadline_store::{AttributeValue, Item, Key, Twin, Write, playbooks};

use super::check::Harm;
use super::companies::Companies;
use super::erasures::Erasures;
use super::fairness::Fairness;
use super::lateness::Lateness;
use super::line::Line;
use super::loads::Loads;
use super::looks::Looks;
use super::narrowing::Narrowing;
use super::playbooks::{Rules, Terms, worth};
use super::presence::Presence;
use super::receivers::Receivers;
use super::reports::Reports;
use super::returns::Returns;
use super::silence::Silence;
use super::{effects, sales, transitions};
use crate::deployment::now_or_never;

/// So many may have a lead in one cycle before its ladder goes on without reassigning, as `playbook.yaml` has it.
const MAX_OFFERS: usize = 3;

/// What has been seen so far.
#[derive(Default)]
pub(crate) struct Witness {
    /// Every lead as its row stands.
    pub(crate) leads: BTreeMap<LeadId, Arc<Lead>>,
    /// Under which lead each submission is kept.
    pub(crate) kept: BTreeMap<String, BTreeSet<LeadId>>,
    /// Every event as it was committed.
    pub(crate) events: BTreeMap<(LeadId, u64), Event>,
    /// Every effect that a row ever owed, by id.
    pub(crate) owed: BTreeMap<String, (LeadId, Effect)>,
    /// The id of each cause.
    pub(crate) causes: BTreeMap<(LeadId, u32, String), String>,
    /// Each step of a ladder that was taken.
    pub(crate) steps: BTreeSet<effects::Taken>,
    /// Each offer that was made.
    pub(crate) offers: BTreeSet<(LeadId, u32, u32)>,
    /// Who was offered what in which cycle.
    pub(crate) tried: BTreeSet<(LeadId, u32, String)>,
    /// What each lead was worth when it was offered last.
    pub(crate) worth: BTreeMap<LeadId, u32>,
    /// How many leads each rep was given.
    pub(crate) given: BTreeMap<RepId, u32>,
    pub(crate) loads: Loads,
    pub(crate) presence: Presence,
    pub(crate) fairness: Fairness,
    pub(crate) lateness: Lateness,
    pub(crate) erasures: Erasures,
    pub(crate) companies: Companies,
    returns: Returns,
    looks: Looks,
    pub(crate) reports: Reports,
    pub(crate) silence: Silence,
    narrowing: Narrowing,
    pub(crate) line: Line,
    pub(crate) harm: BTreeSet<Harm>,
    rules: BTreeMap<PlaybookVersion, &'static Rules>,
}

/// A text attribute of an item.
pub(crate) fn text<'i>(item: &'i Item, name: &str) -> &'i str {
    match item.get(name) {
        Some(AttributeValue::S(text)) => text,
        _ => "",
    }
}

/// The id of a lead, for messages.
pub(crate) fn short(lead_id: &LeadId) -> String {
    lead_id.as_str().chars().take(11).collect()
}

/// What a check may look at besides the row itself.
pub(crate) struct Scene<'a> {
    pub(crate) twin: &'a Twin,
    pub(crate) receivers: &'a Receivers,
    pub(crate) now_ms: i64,
}

impl Witness {
    /// Takes note of one write or transaction that has just happened. Returns the leads that it changed.
    pub(crate) fn observe(
        &mut self,
        writes: &[Write],
        now_ms: i64,
        twin: &Twin,
        receivers: &Receivers,
    ) -> Vec<(Option<Arc<Lead>>, Arc<Lead>)> {
        let scene = Scene { twin, receivers, now_ms };
        let mut changed: Vec<(Option<Arc<Lead>>, Arc<Lead>)> = Vec::new();
        let mut submitted = Vec::new();
        for write in writes {
            match write {
                Write::Put { item, .. } => match (text(item, "pk"), text(item, "sk")) {
                    (pk, "LEAD") if pk.starts_with("LEAD#") => {
                        let Some((before, after)) = self.lead(item, &scene) else { continue };
                        changed.push((before, after));
                    }
                    (pk, sk) if pk.starts_with("LEAD#") && sk.starts_with("SUB#") => {
                        if let Ok(lead_id) = LeadId::parse(&pk[5..]) {
                            submitted.push((lead_id.clone(), item));
                            self.kept.entry(sk[4..].to_owned()).or_default().insert(lead_id);
                        }
                    }
                    (pk, sk) if pk.starts_with("LEAD#") && sk.starts_with("T#") => self.event(item),
                    (_, "REP") => {
                        self.loads.rep(item, now_ms);
                        self.presence.rep(item, now_ms);
                        self.companies.rep(item, now_ms);
                    }
                    (_, "POOL") => self.fairness.pool(item),
                    _ => {}
                },
                Write::Delete { key, .. } => self.deleted(key),
                Write::Check { .. } => {}
            }
        }
        for (lead_id, item) in submitted {
            self.erasures.kept(&self.leads, &lead_id, item, &mut self.harm);
        }
        for (before, after) in &changed {
            self.erasures.changed(before.as_deref(), after, &self.leads, twin, &mut self.harm);
        }
        for (before, after) in &changed {
            self.changed(before.as_deref(), after, &scene);
            self.line.changed(after, now_ms);
        }
        for (_, after) in &changed {
            let late = self.presence.moved(after, &self.lateness, now_ms);
            self.harm.extend(late);
        }
        self.presence.look(now_ms);
        if !changed.is_empty() {
            let harm = self.loads.check(&self.leads, &self.worth);
            self.harm.extend(harm);
            let harm = self.fairness.check(changed.iter().map(|(_, after)| &**after), &scene);
            self.harm.extend(harm);
        }
        changed
    }

    fn deleted(&mut self, key: &Key) {
        let lead_id = key.pk.strip_prefix("LEAD#").and_then(|id| LeadId::parse(id).ok());
        match (lead_id, key.sk.strip_prefix("SUB#")) {
            (Some(lead_id), Some(submission)) => {
                if let Some(at) = self.kept.get_mut(submission) {
                    at.remove(&lead_id);
                }
            }
            (Some(lead_id), None) if key.sk == "LEAD" => {
                self.harm.insert(Harm::Illegal(format!("{} was deleted", short(&lead_id))));
            }
            _ => {}
        }
    }

    /// History does not change.
    fn event(&mut self, item: &Item) {
        let Ok(lead_id) = LeadId::parse(text(item, "pk").trim_start_matches("LEAD#")) else { return };
        let Ok(event) = from_item::<Event>(item.clone()) else {
            self.harm.insert(Harm::Illegal(format!("{} has an event that cannot be read", short(&lead_id))));
            return;
        };
        match self.events.get(&(lead_id.clone(), event.seq)) {
            Some(before) if *before == event => {}
            // The words that somebody chose go with an erasure; everything else stays.
            Some(before)
                if self.leads.get(&lead_id).is_some_and(|l| l.stage == Stage::Erased)
                    && before.kind.without_words().as_ref() == Some(&event.kind)
                    && before.attempt == event.attempt => {}
            _ => {
                let what = format!("{} history at {} is not what happened", short(&lead_id), event.seq);
                self.harm.insert(Harm::Illegal(what));
            }
        }
    }

    fn lead(&mut self, item: &Item, scene: &Scene<'_>) -> Option<(Option<Arc<Lead>>, Arc<Lead>)> {
        let Ok(after) = from_item::<Lead>(item.clone()) else {
            self.harm.insert(Harm::Illegal(format!("{} cannot be read", text(item, "pk"))));
            return None;
        };
        let after = Arc::new(after);
        let before = self.leads.insert(after.lead_id.clone(), Arc::clone(&after));
        transitions::check(before.as_deref(), &after, item, scene, &mut self.harm);
        Some((before, after))
    }

    /// A lead has changed, and so has everything that was written with it.
    fn changed(&mut self, before: Option<&Lead>, after: &Arc<Lead>, scene: &Scene<'_>) {
        let name = short(&after.lead_id);
        self.looks.changed(before, after, &self.loads, scene, &mut self.harm);
        if before.is_some_and(|b| b.version == after.version) {
            self.lateness.moved(before, after, scene);
            return;
        }
        self.events.insert((after.lead_id.clone(), after.version), after.last_event.clone());
        self.companies.changed(before, after, scene.now_ms);
        self.assignment(before, after, scene);
        self.reports.changed(after);
        self.narrowing.check(before, after, &self.kept, scene, &mut self.harm);
        effects::check(self, before, after, scene);
        sales::check(self, before, after, scene);
        let with_it = self.kept.iter().filter(|(_, at)| at.contains(&after.lead_id)).map(|(id, _)| id);
        self.returns.changed(before, after, with_it, scene.twin, &mut self.harm);
        let late = self.lateness.moved(before, after, scene);
        self.harm.extend(late);
        // Every submission that counts as a touch is kept with the lead.
        let kept = self.kept.values().filter(|at| at.contains(&after.lead_id)).count();
        if !matches!(after.stage, Stage::Merged | Stage::Erased) && after.touches as usize != kept {
            let what = format!("{name} counts {} touches, {kept} submissions are kept", after.touches);
            self.harm.insert(Harm::Lost(what));
        }
    }

    /// One offer, one assignment, to somebody who has not had it, under the deadline that the rules set.
    fn assignment(&mut self, before: Option<&Lead>, after: &Lead, scene: &Scene<'_>) {
        let (rep_id, pool_id, offer, basis) = match &after.last_event.kind {
            EventKind::Offered { rep_id, pool_id, offer, basis, .. }
            | EventKind::Reassigned { rep_id, pool_id, offer, basis, .. } => (rep_id, pool_id, offer, *basis),
            EventKind::HandedOver { rep_id, pool_id, offer, .. } => (rep_id, pool_id, offer, Basis::ByHand),
            EventKind::Withdrawn { rep_id, .. } => {
                // The rep had no chance to answer.
                self.tried.remove(&(after.lead_id.clone(), after.cycle, rep_id.to_string()));
                if let Some(given) = self.given.get_mut(rep_id) {
                    *given -= 1;
                }
                return;
            }
            _ => return,
        };
        let grade = after.score.as_ref().map(|s| s.grade.as_str());
        self.worth.insert(after.lead_id.clone(), worth(grade));
        *self.given.entry(rep_id.clone()).or_default() += 1;
        let name = short(&after.lead_id);
        let mut wrong = Vec::new();
        if !self.offers.insert((after.lead_id.clone(), after.cycle, *offer)) {
            wrong.push(format!("{name} cycle {} offer {offer} twice", after.cycle));
        }
        // Whom a person names may have had it before.
        let tried = (after.lead_id.clone(), after.cycle, rep_id.to_string());
        if !self.tried.insert(tried) && basis != Basis::ByHand {
            wrong.push(format!("{name} offered to {rep_id} twice in cycle {}", after.cycle));
        }
        let this_cycle =
            |(lead_id, cycle, _): &&(LeadId, u32, String)| (lead_id, *cycle) == (&after.lead_id, after.cycle);
        let had = self.tried.iter().filter(this_cycle).count();
        let by_turn =
            matches!(after.last_event.kind, EventKind::Reassigned { .. }) && basis != Basis::Fallback;
        if by_turn && had > MAX_OFFERS {
            wrong.push(format!("{name} is reassigned to more than {MAX_OFFERS} in cycle {}", after.cycle));
        }
        if after
            .owner
            .as_ref()
            .is_none_or(|o| o.rep_id != *rep_id || o.offer != *offer || o.pool_id != *pool_id)
        {
            wrong.push(format!("{name} is offered to {rep_id} and owned by somebody else"));
        }
        if before.is_some_and(|b| b.offers + 1 != *offer) {
            wrong.push(format!("{name} offer {offer} does not follow the one before"));
        }
        let Some(rules) = self.rules(after.playbook, scene.twin) else {
            wrong.push(format!("{name} is offered by a playbook that is not there"));
            self.harm.extend(wrong.into_iter().map(Harm::DoubleRouted));
            return;
        };
        let in_pool = super::playbooks::POOLS
            .iter()
            .any(|(p, m)| *p == pool_id.as_str() && m.contains(&rep_id.as_str()));
        // Outside the turn it may be somebody of no pool, whose offer the manager of this one looks after.
        if !in_pool && basis == Basis::Turn {
            wrong.push(format!("{name} is offered to {rep_id}, who is not in {pool_id}"));
        }
        if let Some(terms) = rules.terms(rep_id.as_str()) {
            self.caps(rep_id, terms, &mut wrong);
        }
        if self.loads.was_away(rep_id) {
            wrong.push(format!("{name} is offered to {rep_id}, who is away"));
        }
        self.harm.extend(wrong.into_iter().map(Harm::DoubleRouted));
        self.harm.extend(self.companies.offer(after, (rep_id, basis), &self.leads, rules, scene.now_ms));
        if after.stage == Stage::Qualified {
            // An opportunity changes hands without a deadline to accept it.
            return;
        }
        let clock = after.clocks.iter().find(|c| c.kind == ClockKind::Accept && c.is_running());
        let owner_since = after.last_event.at.as_millisecond();
        if clock.is_none_or(|c| c.due_at.as_millisecond() != owner_since + rules.accept_s * 1_000) {
            self.harm
                .insert(Harm::Late(format!("{name} offer {offer} has not the deadline that the rules set")));
        }
        let touched = after.clocks.iter().any(|c| c.kind == ClockKind::FirstTouch && c.is_met());
        let running = after.clocks.iter().find(|c| c.kind == ClockKind::FirstTouch && c.is_running());
        let from = after.received_at.as_millisecond();
        // A first-touch clock keeps the rules that it was started with.
        let kept =
            running.and_then(|c| self.rules(c.playbook, scene.twin)).map(|r| from + r.first_touch_s * 1_000);
        // Pauses put it off; by how much is held against each of them when it ends.
        let fits = kept.zip(running).is_some_and(|(kept, c)| {
            let (due, put_off) = (c.due_at.as_millisecond(), kept + i64::from(c.held_s) * 1_000);
            // What was missed before a pause is not put off by it.
            due == put_off || (c.status == ClockStatus::Breached && (kept..put_off).contains(&due))
        });
        if !touched && !fits {
            self.harm
                .insert(Harm::Late(format!("{name} offer {offer} has no first-touch deadline from receipt")));
        }
    }

    /// No limit is exceeded by an offer that was just made.
    fn caps(&self, rep_id: &RepId, terms: &Terms, wrong: &mut Vec<String>) {
        let held = || self.leads.values().filter(|l| l.held_by() == Some(rep_id));
        let open = u32::try_from(held().count()).unwrap_or(u32::MAX);
        let unaccepted =
            u32::try_from(held().filter(|l| l.stage == Stage::Offered).count()).unwrap_or(u32::MAX);
        let value: u32 = held().filter_map(|l| self.worth.get(&l.lead_id)).sum();
        let given = self.given.get(rep_id).copied().unwrap_or(0);
        let cap = match self.loads.by_hand(rep_id) {
            Some(Limit::AtMost(most)) => Some(most),
            Some(Limit::Unlimited) => None,
            None => Some(terms.cap),
        };
        for (what, have, cap) in [
            ("open leads", open, cap),
            ("unanswered offers", unaccepted, terms.unaccepted),
            ("leads in seven days", given, terms.week),
            ("points of value", value, terms.value),
        ] {
            if let Some(cap) = cap.filter(|cap| have > *cap) {
                wrong.push(format!("{rep_id} has {have} {what}, of {cap}"));
            }
        }
    }

    /// When the lead was put aside last.
    pub(crate) fn paused_at(&self, lead_id: &LeadId) -> Option<Timestamp> {
        let of_lead = self.events.range((lead_id.clone(), 0)..=(lead_id.clone(), u64::MAX));
        of_lead.rev().find(|(_, e)| matches!(e.kind, EventKind::Paused { .. })).map(|(_, e)| e.at)
    }

    /// The rules that a version of the playbook holds.
    pub(crate) fn rules(&mut self, version: PlaybookVersion, twin: &Twin) -> Option<&'static Rules> {
        if let Some(rules) = self.rules.get(&version) {
            return Some(rules);
        }
        let text = now_or_never(playbooks::text(twin, version)).ok().flatten()?;
        let rules = Rules::of(&text)?;
        self.rules.insert(version, rules);
        Some(rules)
    }
}
