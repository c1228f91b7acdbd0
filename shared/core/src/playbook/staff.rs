//! What must fit together about the people: their caps, what leads are worth, what routes ask of them.

use super::PlaybookDoc;
use super::parse::Mistake;
use crate::ids::PoolId;
use crate::routing::{CapKind, CatchUp, Rep};

/// What a lead may be worth: the sum over a rep's leads is a 32-bit number and has to stay exact.
const MOST_WORTH: u32 = 1_000_000;

pub(super) fn check(doc: &PlaybookDoc, found: &mut Vec<Mistake>) {
    for (id, rep) in &doc.reps {
        for kind in CapKind::ALL {
            if rep.caps.get(kind) == Some(0) {
                found.push(Mistake::new(
                    format!("reps.{id}.caps.{}", kind.name()),
                    "a cap of 0 gives no leads at all; write active: false instead",
                ));
            }
        }
        if rep.caps.value.is_some() && doc.value.is_nothing() {
            found.push(Mistake::new(
                format!("reps.{id}.caps.value"),
                "nothing says what a lead is worth; write value: {by_grade: {A1: 10}, otherwise: 1}",
            ));
        }
    }
    let worths = doc.value.by_grade.iter().map(|(grade, points)| (format!("by_grade.{grade}"), points));
    for (place, _) in
        worths.chain([("otherwise".to_owned(), &doc.value.otherwise)]).filter(|(_, p)| **p > MOST_WORTH)
    {
        found.push(Mistake::new(format!("value.{place}"), format!("use {MOST_WORTH} points at most")));
    }
    for grade in doc.value.by_grade.keys() {
        if !matches!(grade.as_bytes(), [b'A'..=b'C', b'1'..=b'3']) {
            found.push(Mistake::new(
                format!("value.by_grade.{grade}"),
                format!("there is no grade {grade:?}; grades are A1 to C3"),
            ));
        }
    }
    for (id, pool) in &doc.pools {
        if pool.catch_up == CatchUp::PerDay(0) {
            let detail = "use at least 1, or write catch_up: none";
            found.push(Mistake::new(format!("pools.{id}.catch_up.per_day"), detail));
        }
    }
    needs(doc, found);
}

/// Everybody whom a lead of this pool may get to.
fn reachable<'d>(doc: &'d PlaybookDoc, first: &'d PoolId) -> Vec<&'d Rep> {
    let mut chain = vec![first];
    while let Some(next) = chain.last().and_then(|p| doc.pools.get(*p)).and_then(|p| p.overflow.as_ref()) {
        if chain.contains(&next) {
            break;
        }
        chain.push(next);
    }
    let pools = chain.into_iter().filter_map(|pool| doc.pools.get(pool));
    pools.flat_map(|pool| &pool.members).filter_map(|member| doc.reps.get(member)).collect()
}

/// Whatever a route asks for, somebody in its pool or in those that it overflows to must have.
fn needs(doc: &PlaybookDoc, found: &mut Vec<Mistake>) {
    for (i, route) in doc.routing.routes.iter().enumerate() {
        let at = format!("routing.routes[{i}].needs");
        let people = reachable(doc, &route.pool);
        if people.is_empty() {
            continue;
        }
        for (j, skill) in route.needs.skills.iter().enumerate() {
            if !people.iter().any(|rep| rep.skills.contains(skill)) {
                let detail = format!(
                    "nobody in pool {} has the skill {skill}; list it under somebody's skills",
                    route.pool
                );
                found.push(Mistake::new(format!("{at}.skills[{j}]"), detail));
            }
        }
        if let Some(language) = &route.needs.language {
            if !people.iter().any(|rep| rep.languages.contains(language)) {
                let detail = format!(
                    "nobody in pool {} speaks {}; list it under somebody's languages",
                    route.pool,
                    language.as_str()
                );
                found.push(Mistake::new(format!("{at}.language"), detail));
            }
            if route.needs.language_of.is_some() {
                let detail = "write either language or language_of: with a fixed language the lead's own is not looked at";
                found.push(Mistake::new(format!("{at}.language_of"), detail));
            }
        }
        let looked_up = route.needs.language_of.iter().flat_map(|of| &of.map);
        for (value, languages) in looked_up {
            let path = || format!("{at}.language_of.map.{value}");
            if languages.is_empty() {
                found.push(Mistake::new(path(), "list at least one language, or leave the value out"));
            } else if !languages.iter().any(|l| people.iter().any(|rep| rep.languages.contains(l))) {
                let detail = format!(
                    "nobody in pool {} speaks any of these; list one under somebody's languages, or leave the value out",
                    route.pool
                );
                found.push(Mistake::new(path(), detail));
            }
        }
    }
}
