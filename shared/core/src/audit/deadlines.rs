//! Time: every deadline follows from the policy, playbook version and calendar that its clock names.

use std::collections::BTreeSet;

use super::{Playbooks, Violation};
use crate::lead::Lead;
use crate::playbook::Playbook;
use crate::sla::Clock;

pub(super) fn check(lead: &Lead, playbooks: &Playbooks, found: &mut BTreeSet<Violation>) {
    for clock in &lead.clocks {
        let Some(playbook) = playbooks.get(&clock.playbook) else {
            found.insert(Violation::UnreadablePlaybook { version: clock.playbook });
            continue;
        };
        if !follows(clock, playbook) {
            let (lead_id, clock) = (lead.lead_id.clone(), clock.kind.name());
            found.insert(Violation::WrongDeadline { lead_id, clock });
        }
    }
}

fn follows(clock: &Clock, playbook: &Playbook) -> bool {
    let rules = playbook.clock_rules(&clock.policy, clock.kind);
    let calendar = playbook.calendar(&clock.calendar);
    let (Some(rules), Some(calendar)) = (rules, calendar) else { return false };
    clock.follows(rules, calendar).unwrap_or(false)
}
