//! Leads of one company go to one owner, also while the first is on its way; and whoever gets a lead outside the turn has
//! the reason that is given. Judged from what was offered to whom, without the product's own record of companies.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use leadline_core::ids::{LeadId, RepId};
use leadline_core::lead::{EventKind, Lead};
use leadline_core::routing::{Basis, CapKind, Limit, RepState};
use leadline_store::Item;
use leadline_store::rows::from_item;

use super::check::Harm;
use super::playbooks::{ACCOUNT, FALLBACK, Rules, SHIFT_WORKER, Terms, is_closed, worth};
use super::witness::short;

/// Whoever could not take a lead so many milliseconds before an offer may have been passed over when it was decided.
const DECIDING_MS: i64 = 20_000;

/// The product remembers so many leads of a company; with more than that the judgement is off.
const AT_MOST: usize = 5;

/// What has been offered to whom.
#[derive(Default)]
pub(crate) struct Companies {
    /// Every lead of a company that was ever offered, with everybody it was offered to.
    offered: BTreeMap<String, BTreeMap<LeadId, BTreeSet<RepId>>>,
    /// When somebody let go of a lead of a company last.
    let_go: BTreeMap<(String, RepId), i64>,
    /// Every rep's row, from when on it held.
    reps: BTreeMap<RepId, Vec<(i64, RepState)>>,
}

/// The domain of a company, not of a mail provider: of those the simulator knows one.
fn company(lead: &Lead) -> Option<String> {
    let domain = lead.profile.contact.email.domain().as_str();
    (domain != "gmail.com").then(|| domain.to_owned())
}

impl Companies {
    /// A rep's row was written.
    pub(crate) fn rep(&mut self, item: &Item, now_ms: i64) {
        if let Ok(state) = from_item::<RepState>(item.clone()) {
            self.reps.entry(state.rep_id.clone()).or_default().push((now_ms, state));
        }
    }

    /// A lead has made a transition.
    pub(crate) fn changed(&mut self, before: Option<&Lead>, after: &Lead, now_ms: i64) {
        let had = before.and_then(|lead| lead.held_by().cloned().zip(company(lead)));
        if let Some((rep_id, company)) = had.filter(|(rep_id, _)| after.held_by() != Some(rep_id)) {
            self.let_go.insert((company, rep_id), now_ms);
        }
    }

    /// A lead was offered or handed over.
    pub(crate) fn offer(
        &mut self,
        after: &Lead,
        (rep_id, basis): (&RepId, Basis),
        leads: &BTreeMap<LeadId, Arc<Lead>>,
        rules: &Rules,
        now_ms: i64,
    ) -> Vec<Harm> {
        let name = short(&after.lead_id);
        let mut harm = Vec::new();
        let mut wrong = |what: String| harm.push(Harm::DoubleRouted(what));
        let Some(company) = company(after) else {
            if matches!(basis, Basis::OpenLead | Basis::Together | Basis::AccountOwner) {
                wrong(format!("{name} goes to {rep_id} for a company that it does not have"));
            }
            return harm;
        };
        let known = self.offered.entry(company.clone()).or_default();
        let others = || known.iter().filter(|(id, _)| **id != after.lead_id);
        let has_reason = match basis {
            Basis::Turn | Basis::ByHand => true,
            Basis::OpenLead | Basis::Together => others().any(|(_, reps)| reps.contains(rep_id)),
            Basis::AccountOwner => (company.as_str(), rep_id.as_str()) == ACCOUNT,
            Basis::LastOwner => known.get(&after.lead_id).is_some_and(|reps| reps.contains(rep_id)),
            Basis::Fallback => rep_id.as_str() == FALLBACK,
        };
        if !has_reason {
            wrong(format!("{name} goes to {rep_id} as {basis:?} without being that"));
        }
        // What a ladder gives to the fallback goes past everybody.
        let past_everybody =
            basis == Basis::Fallback && matches!(after.last_event.kind, EventKind::Reassigned { .. });
        let holders: BTreeSet<RepId> = others()
            .filter(|_| !past_everybody)
            .filter_map(|(id, _)| leads.get(id)?.owner.clone().filter(|_| leads[id].stage.is_held()))
            .map(|owner| owner.rep_id)
            .collect();
        // Somebody who had another of them while it was decided, and let go of it before it was written.
        let had = basis == Basis::OpenLead
            && self
                .let_go
                .get(&(company.clone(), rep_id.clone()))
                .is_some_and(|at| *at >= now_ms - DECIDING_MS);
        let others_come_first = !holders.is_empty() && !holders.contains(rep_id) && !had;
        if basis != Basis::ByHand && known.len() < AT_MOST && others_come_first {
            for holder in &holders {
                let terms = rules.terms(holder.as_str());
                let decided_ms = after.last_event.at.as_millisecond();
                let off_hours = holder.as_str() == SHIFT_WORKER && is_closed(decided_ms);
                if !after.tried.contains(holder)
                    && !off_hours
                    && !self.could_not(holder, terms, now_ms, decided_ms)
                {
                    let what = format!("{name} goes to {rep_id}, though {holder} has a lead of its company");
                    harm.push(Harm::DoubleRouted(what));
                }
            }
        }
        self.offered
            .entry(company)
            .or_default()
            .entry(after.lead_id.clone())
            .or_default()
            .insert(rep_id.clone());
        harm
    }

    /// Whether a rep was gone or at a limit at some time while the offer may have been decided; gone also by the clock of
    /// whoever decided it.
    fn could_not(&self, rep_id: &RepId, terms: Option<&Terms>, now_ms: i64, decided_ms: i64) -> bool {
        let states = self.reps.get(rep_id).map(Vec::as_slice).unwrap_or_default();
        states.iter().enumerate().any(|(i, (_, row))| {
            let until = states.get(i + 1).map_or(i64::MAX, |(at, _)| *at);
            let gone = was_gone(row, now_ms) || was_gone(row, decided_ms);
            until >= now_ms - DECIDING_MS && (gone || terms.is_some_and(|t| is_full(row, t)))
        })
    }
}

fn was_gone(row: &RepState, now_ms: i64) -> bool {
    let first = row.absent_from.zip(row.absent_until).into_iter();
    let spans = first.chain(row.absences.iter().map(|a| (a.from, a.until)));
    let mut spans = spans.map(|(from, until)| (from.as_millisecond(), until.as_millisecond()));
    row.away
        || row.active == Some(false)
        || spans.any(|(from, until)| from <= now_ms && until >= now_ms - DECIDING_MS)
}

/// Whether there was no room for a lead of the highest worth.
fn is_full(row: &RepState, terms: &Terms) -> bool {
    let open = match row.caps.get(&CapKind::Open) {
        Some(Limit::AtMost(most)) => Some(*most),
        Some(Limit::Unlimited) => None,
        None => Some(terms.cap),
    };
    let given = row.today + row.earlier.iter().sum::<u32>();
    [
        (row.open + 1, open),
        (row.unaccepted + 1, terms.unaccepted),
        (given + 1, terms.week),
        (row.value + worth(Some("B1")), terms.value),
    ]
    .into_iter()
    .any(|(after, cap)| cap.is_some_and(|cap| after > cap))
}
