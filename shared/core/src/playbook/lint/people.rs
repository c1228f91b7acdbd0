//! People and pools: who is in none, which take nothing.

use std::collections::BTreeSet;

use super::words::listed;
use super::{Code, Finding};
use crate::ids::PoolId;
use crate::playbook::Playbook;

/// Where leads enter: the places in the document that send them to a pool.
pub(super) fn entries(playbook: &Playbook) -> Vec<(String, &PoolId)> {
    let routing = &playbook.doc().routing;
    let routes = routing.routes.iter().enumerate();
    let mut entries: Vec<(String, &PoolId)> =
        routes.map(|(i, route)| (format!("routing.routes[{i}].pool"), &route.pool)).collect();
    entries.push(("routing.otherwise".to_owned(), &routing.otherwise));
    entries
}

pub(super) fn found(playbook: &Playbook) -> Vec<Finding> {
    let doc = playbook.doc();
    let active = |pool: &PoolId| playbook.active_members(pool).count();
    let mut found = Vec::new();
    for (place, entry) in entries(playbook) {
        let chain = playbook.overflow_chain(entry);
        // With a fallback they come to somebody in the end.
        if doc.routing.fallback.is_none() && chain.iter().all(|pool| active(pool) == 0) {
            let pools = listed(chain, 5);
            found.push(Finding::new(
                Code::DeadPool,
                place,
                format!("leads are sent to {pools}, where no member is active: they stay parked"),
                "make a member active, name an overflow with people in it, or send these leads elsewhere",
            ));
        }
    }
    let used: BTreeSet<&PoolId> =
        entries(playbook).into_iter().flat_map(|(_, entry)| playbook.overflow_chain(entry)).collect();
    for (id, pool) in &doc.pools {
        let place = format!("pools.{id}");
        if !used.contains(id) {
            found.push(Finding::new(
                Code::UnusedPool,
                &place,
                format!("no route leads to pool {id}, and no pool that is used overflows to it"),
                "name it in a route or as an overflow, or delete it",
            ));
        }
        if active(id) == 0 {
            let (what, fix) = match &pool.overflow {
                Some(next) => {
                    (format!("no member of pool {id} is active: all its leads overflow to {next}"), next)
                }
                None => (format!("no member of pool {id} is active: it takes no lead"), id),
            };
            let fix = format!("make a member active, or send the leads to {fix} at once and delete the pool");
            let fix = if pool.overflow.is_some() {
                fix
            } else {
                "make a member active, or delete the pool".to_owned()
            };
            found.push(Finding::new(Code::NobodyActive, format!("{place}.members"), what, fix));
        }
    }
    let members = doc.pools.values().flat_map(|pool| &pool.members);
    let owners = doc.accounts.named.values().filter_map(|account| account.owner.as_ref());
    let members: BTreeSet<_> =
        members.chain(owners).chain(doc.routing.fallback.iter().map(|fallback| &fallback.rep)).collect();
    for (id, _) in doc.reps.iter().filter(|(id, rep)| rep.active && !members.contains(id)) {
        found.push(Finding::new(
            Code::RepInNoPool,
            format!("reps.{id}"),
            format!("{id} is active and in no pool, so gets no lead"),
            format!("add {id} to a pool, or write active: false"),
        ));
    }
    let calendars: BTreeSet<_> = doc.reps.values().map(|rep| &rep.calendar).collect();
    for id in doc.calendars.keys().filter(|id| !calendars.contains(id)) {
        found.push(Finding::new(
            Code::UnusedCalendar,
            format!("calendars.{id}"),
            "no rep works by this calendar",
            "give it to a rep, or delete it",
        ));
    }
    if doc.rejections.is_empty() {
        found.push(Finding::new(
            Code::NoRejections,
            "rejections",
            "there is no reason to reject with, so no rep can reject a lead",
            "name reasons, such as `not-mine: reroute` and `wrong-fit: disqualify`",
        ));
    } else if !doc.rejections.values().any(|what| *what == crate::playbook::Rejection::Reroute) {
        found.push(Finding::new(
            Code::NoReroute,
            "rejections",
            "no reason sends a rejected lead to another rep",
            "add a reason for it, such as `not-mine: reroute`",
        ));
    }
    found
}
