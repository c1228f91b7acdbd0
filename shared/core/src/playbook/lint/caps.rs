//! Caps that nobody ever comes to, because another is reached first, and caps under which no lead fits.

use std::collections::BTreeSet;

use super::{Code, Finding};
use crate::ids::RepId;
use crate::playbook::{Playbook, PlaybookDoc};
use crate::routing::{CapKind, Caps};

/// Local days that a week's cap looks back over.
const WEEK: u64 = 7;

/// A month's cap looks back over four such weeks and this many days.
const BEYOND_FOUR_WEEKS: u64 = 2;

pub(super) fn found(playbook: &Playbook) -> Vec<Finding> {
    let doc = playbook.doc();
    let active = doc.reps.iter().filter(|(_, rep)| rep.active);
    active.flat_map(|(id, rep)| of_rep(doc, id, rep.caps)).collect()
}

fn of_rep(doc: &PlaybookDoc, id: &RepId, caps: Caps) -> Vec<Finding> {
    let place = |kind: CapKind| format!("reps.{id}.caps.{}", kind.name());
    let mut found = Vec::new();
    for kind in CapKind::ALL {
        let Some(by) = reached_before(doc, caps, kind) else { continue };
        found.push(Finding::new(
            Code::CapNeverReached,
            place(kind),
            format!("{id} never comes to this cap: {by}"),
            format!("lower {}, or delete it", kind.name()),
        ));
    }
    let least = worths(doc).into_iter().min().unwrap_or(0);
    if caps.value.is_some_and(|cap| cap < least) {
        found.push(Finding::new(
            Code::CapBelowAnyLead,
            place(CapKind::Value),
            format!("every lead is worth {least} or more, so {id} gets none"),
            format!("raise it to {least} at least, or write active: false"),
        ));
    }
    found
}

/// Which other cap is reached before this one, or together with it, whatever happens.
fn reached_before(doc: &PlaybookDoc, caps: Caps, kind: CapKind) -> Option<String> {
    let cap = u64::from(caps.get(kind)?);
    let most = |kind: CapKind| caps.get(kind).map(u64::from);
    let longer =
        |longer: CapKind| most(longer).filter(|other| *other <= cap).map(|other| named(longer, other));
    match kind {
        CapKind::PerDay => longer(CapKind::PerWeek).or_else(|| longer(CapKind::PerMonth)),
        CapKind::PerWeek => longer(CapKind::PerMonth).or_else(|| {
            let day = most(CapKind::PerDay)?;
            (day * WEEK <= cap)
                .then(|| format!("{} makes {} at most", named(CapKind::PerDay, day), day * WEEK))
        }),
        CapKind::PerMonth => {
            // The last seven days, three times seven before, and the rest of thirty: each holds what its caps allow.
            let day = most(CapKind::PerDay);
            let week = [most(CapKind::PerWeek), day.map(|day| day * WEEK)].into_iter().flatten().min()?;
            let rest = day.map_or(week, |day| week.min(day * BEYOND_FOUR_WEEKS));
            let fit = week * 4 + rest;
            (fit <= cap).then(|| format!("its other caps make {fit} in thirty days at most"))
        }
        CapKind::Unaccepted => longer(CapKind::Open),
        CapKind::Value => {
            let (open, worth) = (most(CapKind::Open)?, worths(doc).into_iter().max().map(u64::from)?);
            let fit = open * worth;
            (fit <= cap).then(|| format!("{} are worth {fit} at most", named(CapKind::Open, open)))
        }
        CapKind::Open => None,
    }
}

fn named(kind: CapKind, cap: u64) -> String {
    format!("{}: {cap}", kind.name())
}

/// What leads can be worth. Grades that no lead gets may be among it, which only loses findings.
fn worths(doc: &PlaybookDoc) -> BTreeSet<u32> {
    doc.value.by_grade.values().copied().chain([doc.value.otherwise]).collect()
}
