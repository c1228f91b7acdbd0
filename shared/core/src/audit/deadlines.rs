//! Time: every deadline follows from the policy, playbook version and calendar that its clock names.

use std::collections::BTreeSet;

use super::{Playbooks, Violation};
use crate::calendar::CalendarError;
use crate::lead::Lead;
use crate::playbook::Playbook;
use crate::sla::{self, Clock};

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
    let computed = || -> Result<bool, CalendarError> {
        let counted = (&clock.calendar, calendar);
        let fresh = sla::start(clock.kind, rules, &clock.policy, clock.playbook, counted, clock.started_at)?;
        // A clock that is held or has stopped has no next step; one that runs has the step it names.
        let step = clock.next_at.is_none() || clock.resumed(rules, calendar)?.next_at == clock.next_at;
        Ok(fresh.due_at == clock.due_at && fresh.warn_at == clock.warn_at && step)
    };
    computed().unwrap_or(false)
}
