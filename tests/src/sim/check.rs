//! The checker: the invariants, over what clients know and what is in the table in the end.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use leadline_core::contact::EmailAddress;
use leadline_core::ids::{PoolId, RepId, SubmissionId};
use leadline_core::lead::{Event, EventKind, Lead, Stage};
use leadline_core::routing::{PoolState, RepState};
use leadline_store::rows::from_item;
use leadline_store::{AttributeValue, Item, Write};
use serde::Deserialize;

use super::actors::{Planned, leads};
use super::run::short;
use super::world::World;

/// Something that must never be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Harm {
    /// An acknowledged submission is nowhere.
    Lost(String),
    /// A submission that nobody sent.
    Unexpected(String),
    /// One address, two leads; one key, two submissions.
    Doubled(String),
    /// Two assignments where one belongs, or a load that does not match.
    DoubleRouted(String),
    /// One cause, two effect ids, or an effect that never came.
    Effects(String),
    /// A lead that does not come to rest.
    Stuck(String),
    /// A hole or an illegal step in a timeline.
    Timeline(String),
}

/// Whether nothing more is owed and nothing overdue.
pub(crate) fn is_at_rest(lead: &Lead, now: Timestamp) -> bool {
    !lead.in_pipeline() && !lead.owes_delivery() && !lead.score_due && lead.due_at().is_none_or(|at| at > now)
}

pub(crate) fn check(world: &World, planned: &[Planned]) -> Vec<Harm> {
    let mut harm = Vec::new();
    let leads = leads(world);
    let items = world.twin.snapshot();
    let now = world.local_now();
    submissions(&leads, &items, planned, &mut harm);
    addresses(&leads, planned, &mut harm);
    for lead in &leads {
        if !is_at_rest(lead, now) {
            harm.push(Harm::Stuck(format!(
                "{} {} watchdog {:?} due {:?} effects {} published {}/{} score_due {}",
                short(&lead.lead_id),
                lead.stage.name(),
                lead.watchdog,
                lead.due_at(),
                lead.effects.len(),
                lead.published,
                lead.to_publish,
                lead.score_due,
            )));
        }
        history(world, lead, &items, &mut harm);
    }
    loads(&leads, &items, &mut harm);
    turns(&leads, &items, &mut harm);
    harm.extend(world.lock().witnessed.iter().cloned());
    harm.sort();
    harm
}

fn text<'i>(item: &'i Item, name: &str) -> &'i str {
    match item.get(name) {
        Some(AttributeValue::S(text)) => text,
        _ => "",
    }
}

/// Every acknowledged submission is with exactly one lead, and nothing is there that nobody sent.
fn submissions(leads: &[Lead], items: &[Item], planned: &[Planned], harm: &mut Vec<Harm>) {
    let mut kept: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for item in
        items.iter().filter(|i| text(i, "pk").starts_with("LEAD#") && text(i, "sk").starts_with("SUB#"))
    {
        kept.entry(text(item, "sk")[4..].to_owned()).or_default().push(text(item, "pk")[5..].to_owned());
    }
    let by_id: BTreeMap<&str, &Lead> = leads.iter().map(|l| (l.lead_id.as_str(), l)).collect();
    for plan in planned {
        if plan.acked.len() > 1 {
            harm.push(Harm::Doubled(format!("one submission has {} ids", plan.acked.len())));
        }
        let Some(id) = plan.acked.first() else { continue };
        match kept.get(id).map(Vec::as_slice) {
            None => harm.push(Harm::Lost(format!("{id} is acknowledged but not kept"))),
            Some([lead_id]) => match by_id.get(lead_id.as_str()) {
                None => harm.push(Harm::Lost(format!("{id} is kept beside a lead that is not there"))),
                Some(lead) if lead.in_pipeline() => {
                    harm.push(Harm::Lost(format!("{id} is still on its way")))
                }
                Some(_) => {}
            },
            Some(_) => harm.push(Harm::Doubled(format!("{id} is kept with several leads"))),
        }
    }
    for (id, at) in &kept {
        if SubmissionId::parse(id).is_err() || !at.iter().all(|lead| by_id.contains_key(lead.as_str())) {
            harm.push(Harm::Unexpected(format!("{id} belongs to no lead")));
        }
    }
    let sent = planned.iter().filter(|p| p.sent > 0).count();
    // Without a key, a retry after ten minutes would be another submission; nobody here waits that long.
    if kept.len() > sent {
        harm.push(Harm::Doubled(format!("{} submissions kept of {sent} sent", kept.len())));
    }
    let touches: u32 = leads.iter().filter(|l| l.stage != Stage::Merged).map(|l| l.touches).sum();
    if touches as usize != kept.len() {
        harm.push(Harm::Doubled(format!("{touches} touches for {} submissions", kept.len())));
    }
}

/// Whoever has one mailbox is one lead, quarantine aside.
fn addresses(leads: &[Lead], planned: &[Planned], harm: &mut Vec<Harm>) {
    let mut holders: BTreeMap<String, u32> = BTreeMap::new();
    for lead in leads.iter().filter(|l| !matches!(l.stage, Stage::Quarantined | Stage::Merged)) {
        *holders.entry(lead.profile.contact.email.canonical().as_str().to_owned()).or_default() += 1;
    }
    for (email, count) in &holders {
        if *count > 1 {
            harm.push(Harm::Doubled(format!("{count} leads for one mailbox {}", email.len())));
        }
    }
    for plan in planned.iter().filter(|p| !p.acked.is_empty() && !p.is_spam) {
        let canonical = EmailAddress::parse(&plan.email).map(|e| e.canonical().as_str().to_owned());
        if !canonical.is_ok_and(|c| holders.contains_key(&c)) {
            harm.push(Harm::Lost("an acknowledged address has no lead".to_owned()));
        }
    }
}

/// The timeline of a lead, in order.
fn events_of(lead: &Lead, items: &[Item]) -> Vec<Event> {
    let partition = format!("LEAD#{}", lead.lead_id);
    let mut events: Vec<Event> = items
        .iter()
        .filter(|i| text(i, "pk") == partition && text(i, "sk").starts_with("T#"))
        .filter_map(|i| from_item::<Event>(i.clone()).ok())
        .filter(|e| e.seq < lead.version)
        .collect();
    events.push(lead.last_event.clone());
    events.sort_by_key(|e| e.seq);
    events
}

/// The timeline is whole and legal, each offer is one assignment, each event is on the bus, each offer was told.
fn history(world: &World, lead: &Lead, items: &[Item], harm: &mut Vec<Harm>) {
    let events = events_of(lead, items);
    let name = short(&lead.lead_id);
    let whole = events.iter().map(|e| e.seq).eq(1..=lead.version);
    if !whole {
        harm.push(Harm::Timeline(format!(
            "{name} has holes: {:?} of {}",
            events.iter().map(|e| e.seq).collect::<Vec<_>>(),
            lead.version
        )));
    }
    let mut cycle = 1;
    let mut offers = BTreeSet::new();
    let mut tried = BTreeSet::new();
    let inner = world.lock();
    for event in &events {
        match &event.kind {
            EventKind::Woken { cycle: next } => {
                cycle = *next;
                tried.clear();
            }
            // Marketing has it again: what follows is another pass.
            EventKind::ReturnedToMarketing { .. } => {
                cycle += 1;
                tried.clear();
            }
            EventKind::Offered { offer, rep_id, .. } | EventKind::Reassigned { offer, rep_id, .. } => {
                if !offers.insert((cycle, *offer)) {
                    harm.push(Harm::DoubleRouted(format!("{name} cycle {cycle} offer {offer} twice")));
                }
                if !tried.insert(rep_id.clone()) {
                    harm.push(Harm::DoubleRouted(format!(
                        "{name} offered to {rep_id} twice in cycle {cycle}"
                    )));
                }
            }
            _ => {}
        }
        let id = format!("{}.{}", lead.lead_id, event.seq);
        if event.kind.domain_name().is_some() && !inner.events.contains_key(&id) {
            harm.push(Harm::Effects(format!("{name} event {} never reached the bus", event.seq)));
        }
    }
    if lead.owner.is_none() && lead.stage.is_held() {
        harm.push(Harm::Stuck(format!("{name} is {} without an owner", lead.stage.name())));
    }
    // The present offer was told, unless it was answered before its mail went out.
    if let (Stage::Offered, Some(owner)) = (lead.stage, &lead.owner) {
        let kind =
            leadline_core::lead::EffectKind::Offer { rep_id: owner.rep_id.clone(), offer: owner.offer };
        let effect = leadline_core::lead::Effect::new(&lead.lead_id, lead.cycle, kind);
        let pending = items.iter().any(|i| text(i, "pk") == format!("DLV#{}", effect.delivery_id("mail")));
        if !inner.mails.contains_key(effect.delivery_id("mail").as_str()) && !pending {
            harm.push(Harm::Effects(format!("{name} offer {} was never told", owner.offer)));
        }
    }
}

/// A rep's load is the number of leads the rep holds.
fn loads(leads: &[Lead], items: &[Item], harm: &mut Vec<Harm>) {
    let mut held: BTreeMap<RepId, u32> = BTreeMap::new();
    for rep in leads.iter().filter_map(Lead::held_by) {
        *held.entry(rep.clone()).or_default() += 1;
    }
    let mut stored: BTreeMap<RepId, u32> = BTreeMap::new();
    for item in items.iter().filter(|i| text(i, "sk") == "REP") {
        if let Ok(state) = from_item::<RepState>(item.clone()) {
            stored.insert(state.rep_id.clone(), state.open);
        }
    }
    for rep in held.keys().chain(stored.keys()).collect::<BTreeSet<_>>() {
        let (is, says) = (held.get(rep).copied().unwrap_or(0), stored.get(rep).copied().unwrap_or(0));
        if is != says {
            harm.push(Harm::DoubleRouted(format!("{rep} holds {is} leads, the load says {says}")));
        }
    }
}

/// The reps whose rows a transaction wrote with more leads than the playbook lets them have.
pub(crate) fn over_cap(writes: &[Write]) -> Vec<Harm> {
    let mut harm = Vec::new();
    for write in writes {
        let Write::Put { item, .. } = write else { continue };
        if text(item, "sk") != "REP" {
            continue;
        }
        if let Ok(state) = from_item::<RepState>(item.clone()) {
            let cap = if matches!(state.rep_id.as_str(), "ann" | "bob") { 3 } else { 2 };
            if state.open > cap {
                harm.push(Harm::DoubleRouted(format!("{} has {} of {cap} leads", state.rep_id, state.open)));
            }
        }
    }
    harm
}

#[derive(Deserialize)]
struct PoolRow {
    pool_id: PoolId,
    #[serde(flatten)]
    state: PoolState,
}

/// Every offer took one turn of its pool, and every rejection, all of which are reroutes here, gave one back.
fn turns(leads: &[Lead], items: &[Item], harm: &mut Vec<Harm>) {
    let mut offered: BTreeMap<PoolId, u64> = BTreeMap::new();
    let mut given_back: BTreeMap<PoolId, u64> = BTreeMap::new();
    for lead in leads {
        let mut last = None;
        for event in events_of(lead, items) {
            match event.kind {
                EventKind::Offered { pool_id, .. } | EventKind::Reassigned { pool_id, .. } => {
                    *offered.entry(pool_id.clone()).or_default() += 1;
                    last = Some(pool_id);
                }
                EventKind::Rejected { .. } => {
                    if let Some(pool_id) = &last {
                        *given_back.entry(pool_id.clone()).or_default() += 1;
                    }
                }
                _ => {}
            }
        }
    }
    for item in items.iter().filter(|i| text(i, "sk") == "POOL") {
        let Ok(PoolRow { pool_id, state }) = from_item::<PoolRow>(item.clone()) else { continue };
        let took = offered.get(&pool_id).copied().unwrap_or(0);
        let back = given_back.get(&pool_id).copied().unwrap_or(0);
        let assigned: u64 = state.members.values().map(|m| m.assigned).sum();
        if state.picks != took || assigned + back != took {
            harm.push(Harm::DoubleRouted(format!(
                "pool {pool_id} counts {} turns and {assigned} leads for {took} offers, {back} of them given back",
                state.picks
            )));
        }
    }
}
