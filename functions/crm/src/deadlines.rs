//! How the deadlines of a lead were counted: `GET /leads/{lead_id}/deadlines`.

use leadline_core::calendar::{LedgerEntry, Span, describe};
use leadline_core::playbook::Playbook;
use leadline_core::sla::Clock;
use leadline_runtime::http::Response;
use leadline_runtime::ports::Ports;
use serde_json::{Value, json};

use crate::{Answered, Crm, reads};

/// A deadline with every interval that was counted, and in one line.
pub(crate) struct Counted {
    /// From the start to the deadline, pauses aside.
    ledger: Vec<LedgerEntry>,
    within: Span,
    /// One line.
    pub(crate) because: String,
}

/// Counts a deadline again, by the rules that it keeps.
pub(crate) fn counted(clock: &Clock, playbook: &Playbook) -> Option<Counted> {
    let rules = playbook.clock_rules(&clock.policy, clock.kind)?;
    let calendar = playbook.calendar(&clock.calendar)?;
    let ledger = calendar.add(clock.started_at, &rules.within).ok()?.ledger;
    let mut because = describe(&ledger, calendar.zone());
    if clock.held_s > 0 {
        let paused = match rules.within {
            Span::Elapsed(_) => Span::Elapsed(clock.held_s),
            Span::BusinessTime(_) | Span::BusinessDays(_) => Span::BusinessTime(clock.held_s),
        };
        because.push_str(&format!("; and {} of pauses", paused.human()));
    }
    Some(Counted { ledger, within: rules.within, because })
}

pub(crate) async fn of_lead<P: Ports>(crm: &Crm, ports: &P, id: &str) -> Answered {
    let lead = reads::find(ports, id).await?;
    let playbooks = crm.shelf.of_clocks(ports.table(), &lead).await?;
    let deadlines: Vec<Value> = lead
        .clocks
        .iter()
        .map(|clock| {
            let counted = playbooks.get(&clock.playbook).and_then(|playbook| counted(clock, playbook));
            json!({
                "clock": clock.kind,
                "policy": clock.policy,
                "playbook_version": clock.playbook,
                "calendar": clock.calendar,
                "status": clock.status,
                "started_at": clock.started_at,
                "due_at": clock.due_at,
                "within": counted.as_ref().map(|c| c.within.human()),
                "paused_seconds": clock.held_s,
                "because": counted.as_ref().map(|c| &c.because),
                "ledger": counted.iter().flat_map(|c| &c.ledger).collect::<Vec<_>>(),
            })
        })
        .collect();
    Ok(Response::json(200, &json!({ "deadlines": deadlines })))
}
