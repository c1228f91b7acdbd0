//! Ladders: steps that never come or come to nothing, and ladders that end with the lead still there.

use std::collections::BTreeSet;

use super::{Code, Finding};
use crate::calendar::Span;
use crate::ids::PoolId;
use crate::playbook::Playbook;
use crate::sla::{ClockKind, ClockRules, LadderStep, Policy, StepAction, StepTime};

pub(super) fn found(playbook: &Playbook) -> Vec<Finding> {
    let mut found = Vec::new();
    for (i, policy) in playbook.doc().sla.iter().enumerate() {
        for kind in ClockKind::ALL {
            if let Some(rules) = policy.rules(kind) {
                ladder(&format!("sla[{i}].{}", kind.name()), rules, policy, &mut found);
            }
        }
        let accept = format!("sla[{i}].accept");
        if !returns(&policy.accept) {
            found.push(Finding::new(
                Code::NoReturn,
                format!("{accept}.ladder"),
                format!("a lead that nobody accepts under {} stays with the rep once the ladder has ended: only its manager is told again and again", policy.policy),
                "end the ladder with a step such as {at: +PT2H, do: return_to_marketing}",
            ));
        }
        if let Some(rules) = &policy.first_touch {
            let place = format!("sla[{i}].first_touch");
            if !returns(rules) {
                found.push(Finding::new(
                    Code::LadderEnds,
                    format!("{place}.ladder"),
                    format!("an accepted lead that nobody contacts under {} stays with its rep once this ladder has ended, and only the stalled clock goes on", policy.policy),
                    "add a late step such as {at: 300%, do: return_to_marketing}, or leave it so if the manager follows up",
                ));
            }
        }
        people(playbook, i, policy, &mut found);
    }
    found
}

fn returns(rules: &ClockRules) -> bool {
    rules.ladder.iter().any(|step| step.action == StepAction::ReturnToMarketing)
}

/// When a step comes, in an order that holds for every start: seconds after the deadline where they can be told, and
/// per cent before it otherwise. `None` where it depends on the calendar.
fn position(within: Span, at: StepTime) -> Option<i64> {
    let total = match within {
        Span::Elapsed(seconds) | Span::BusinessTime(seconds) => Some(i64::from(seconds)),
        Span::BusinessDays(_) => None,
    };
    match (at, total) {
        (StepTime::Share(share), Some(total)) => Some(total * i64::from(share) / 100 - total),
        (StepTime::Offset(offset), Some(total)) => Some(offset.max(-total)),
        (StepTime::Share(share), None) if share <= 100 => Some(i64::from(share) - 100),
        (StepTime::Offset(offset), None) if offset >= 0 => Some(offset),
        _ => None,
    }
}

fn ladder(place: &str, rules: &ClockRules, policy: &Policy, found: &mut Vec<Finding>) {
    let at = |step: &LadderStep| position(rules.within, step.at);
    // At the same instant steps come as they are listed.
    let end = rules
        .ladder
        .iter()
        .enumerate()
        .filter(|(_, step)| step.action == StepAction::ReturnToMarketing)
        .filter_map(|(i, step)| Some((at(step)?, i)))
        .min();
    for (i, step) in rules.ladder.iter().enumerate() {
        let here = format!("{place}.ladder[{i}]");
        if let (Some((ends_at, end)), Some(comes_at)) = (end, at(step))
            && (comes_at, i) > (ends_at, end)
        {
            found.push(Finding::new(
                Code::StepAfterReturn,
                &here,
                format!("this step never comes: ladder[{end}] has taken the lead back to marketing by then"),
                format!("give it an earlier time than ladder[{end}], list it before that at the same time, or delete it"),
            ));
        }
        if step.action == StepAction::Reassign && policy.max_offers == 1 {
            found.push(Finding::new(
                Code::ReassignNever,
                &here,
                format!(
                    "this step never reassigns: {} allows one offer, and that is made already",
                    policy.policy
                ),
                format!("set max_offers of {} to at least 2, or delete the step", policy.policy),
            ));
        }
        if let (StepTime::Offset(offset), Span::Elapsed(total) | Span::BusinessTime(total)) =
            (step.at, rules.within)
            && -offset >= i64::from(total)
            && offset < 0
        {
            found.push(Finding::new(
                Code::StepBeforeStart,
                format!("{here}.at"),
                "this step would come before the clock starts, so it comes at once",
                format!(
                    "use a shorter time before the deadline than the {} there are, or a share such as 50%",
                    rules.within.human()
                ),
            ));
        }
        if rules.ladder[..i].contains(step) {
            found.push(Finding::new(
                Code::StepTwice,
                &here,
                "the same step stands there twice, and is taken twice",
                "delete one of the two, or give it another time",
            ));
        }
    }
}

/// What a step needs: somebody else to reassign to, a manager to tell.
fn people(playbook: &Playbook, i: usize, policy: &Policy, found: &mut Vec<Finding>) {
    let doc = playbook.doc();
    let has = |action: StepAction| {
        ClockKind::ALL.into_iter().find_map(|kind| {
            let step = policy.rules(kind)?.ladder.iter().position(|step| step.action == action)?;
            Some(format!("sla[{i}].{}.ladder[{step}]", kind.name()))
        })
    };
    let entries: BTreeSet<&PoolId> =
        super::people::entries(playbook).into_iter().map(|(_, pool)| pool).collect();
    if let Some(place) = has(StepAction::Reassign) {
        for pool in &entries {
            let chain = playbook.overflow_chain(pool);
            let people: BTreeSet<_> =
                chain.iter().flat_map(|p| playbook.active_members(p)).map(|(rep, _)| rep).collect();
            let count = u32::try_from(people.len()).unwrap_or(u32::MAX);
            if count == 1 {
                found.push(Finding::new(
                    Code::NobodyElse,
                    &place,
                    format!("pool {pool} has one person and no overflow with others: there is nobody to reassign its leads to"),
                    format!("add a member to pool {pool} or name an overflow; until then the ladder goes on without reassigning"),
                ));
            } else if (2..policy.max_offers).contains(&count) {
                found.push(Finding::new(
                    Code::FewerThanOffers,
                    format!("sla[{i}].max_offers"),
                    format!("{} offers are allowed, but leads of pool {pool} can only be offered to {count} people", policy.max_offers),
                    "nothing to do, unless more people were meant to be in the pool or its overflow",
                ));
            }
        }
    }
    if let Some(place) = has(StepAction::NotifyManager) {
        let deaf: Vec<&&PoolId> = entries
            .iter()
            .filter(|pool| doc.pools.get(**pool).is_some_and(|p| p.manager.is_none()))
            .collect();
        if !deaf.is_empty()
            && doc.notifications.alert_email.is_none()
            && doc.notifications.escalations.is_empty()
        {
            found.push(Finding::new(
                Code::NobodyToTell,
                place,
                format!(
                    "nobody hears of this: {} has no manager, and there is no alert_email",
                    super::words::listed(deaf, 5)
                ),
                "give each pool a manager, or set notifications.alert_email",
            ));
        }
    }
}
