//! Turns, parking and companies when everything has come to rest.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use leadline_core::ids::LeadId;
use leadline_core::lead::{EventKind, ParkReason, Stage};
use leadline_core::routing::Basis;
use leadline_store::AttributeValue;

use super::check::{Harm, Table};
use super::playbooks::{FALLBACK, FALLBACK_MS};
use super::witness::short;

pub(super) fn check(table: &Table, now: Timestamp, harm: &mut BTreeSet<Harm>) {
    turns(table, harm);
    parked(table, now, harm);
    companies(table, harm);
}

/// Nobody waits in parking for longer than until the fallback answers, who is always there.
fn parked(table: &Table, now: Timestamp, harm: &mut BTreeSet<Harm>) {
    for lead in table.leads.values() {
        let Some(parking) = lead.parked.as_ref().filter(|p| p.reason == ParkReason::NobodyEligible) else {
            continue;
        };
        let has_had_it = lead.tried.iter().any(|rep_id| rep_id.as_str() == FALLBACK);
        if !has_had_it && parking.since.as_millisecond() + FALLBACK_MS < now.as_millisecond() {
            let what =
                format!("{} is parked since {} without its fallback", short(&lead.lead_id), parking.since);
            harm.insert(Harm::Stuck(what));
        }
    }
}

/// No company knows of a lead that is erased.
fn companies(table: &Table, harm: &mut BTreeSet<Harm>) {
    for (key, item) in table.items.iter().filter(|(key, _)| key.sk == "ACCT") {
        let Some(AttributeValue::L(known)) = item.get("leads") else { continue };
        for lead in known {
            let AttributeValue::S(id) = lead else { continue };
            let there = LeadId::parse(id).ok().and_then(|id| table.leads.get(&id));
            if there.is_none_or(|l| l.stage == Stage::Erased) {
                harm.insert(Harm::Resurrected(format!("{} names {id}, which is erased", key.pk)));
            }
        }
    }
}

/// Every offer took one turn of its pool, and every rejection, all of which are reroutes here, and every offer taken back gave one back.
fn turns(table: &Table, harm: &mut BTreeSet<Harm>) {
    let mut taken: BTreeMap<String, i64> = BTreeMap::new();
    for timeline in table.timelines.values() {
        let mut last = None;
        for event in timeline {
            match &event.kind {
                EventKind::Offered { basis, .. } | EventKind::Reassigned { basis, .. }
                    if *basis != Basis::Turn =>
                {
                    last = None;
                }
                EventKind::Offered { pool_id, .. } | EventKind::Reassigned { pool_id, .. } => {
                    *taken.entry(pool_id.to_string()).or_default() += 1;
                    last = Some(pool_id.to_string());
                }
                // By hand, no turn is taken.
                EventKind::HandedOver { .. } => last = None,
                EventKind::Rejected { .. } | EventKind::Withdrawn { .. } => {
                    if let Some(pool_id) = last.take() {
                        *taken.entry(pool_id).or_default() -= 1;
                    }
                }
                _ => {}
            }
        }
    }
    for (key, item) in table.items.iter().filter(|(key, _)| key.sk == "POOL") {
        let pool_id = key.pk.trim_start_matches("POOL#");
        let Some(AttributeValue::M(members)) = item.get("members") else { continue };
        let assigned: i64 = members
            .values()
            .filter_map(|m| match m {
                AttributeValue::M(m) => match m.get("assigned") {
                    Some(AttributeValue::N(n)) => n.parse::<i64>().ok(),
                    _ => None,
                },
                _ => None,
            })
            .sum();
        let expected = taken.get(pool_id).copied().unwrap_or(0);
        if assigned != expected {
            harm.insert(Harm::Drift(format!(
                "pool {pool_id} counts {assigned} leads of {expected} that it gave"
            )));
        }
    }
}
