//! How the deadlines of a lead were counted: `GET /leads/{lead_id}/deadlines`.

use leadline_core::calendar::{Span, describe};
use leadline_core::playbook::Playbook;
use leadline_core::sla::{Clock, ClockLedger};
use leadline_runtime::http::Response;
use leadline_runtime::ports::Ports;
use serde_json::{Value, json};

use crate::{Answered, Crm, reads};

/// A deadline with every interval that was counted, and in one line.
pub(crate) struct Counted {
    ledger: ClockLedger,
    within: Span,
    /// One line.
    pub(crate) because: String,
}

/// Counts a deadline again, by the rules that it keeps.
pub(crate) fn counted(clock: &Clock, playbook: &Playbook) -> Option<Counted> {
    let rules = playbook.clock_rules(&clock.policy, clock.kind)?;
    let calendar = playbook.calendar(&clock.calendar)?;
    let ledger = clock.ledger(rules, calendar).ok()?;
    let mut because = describe(&ledger.counted, calendar.zone());
    if !ledger.made_up.is_empty() {
        let made_up = rules.within.of_its_kind(clock.held_s).human();
        because.push_str(&format!("; and {made_up} for pauses"));
    }
    Some(Counted { ledger, within: rules.within, because })
}

impl Counted {
    /// From the start to the deadline without a gap.
    fn entries(&self) -> Vec<Value> {
        let made_up = self.ledger.made_up.iter().map(|entry| {
            let mut shown = json!(entry);
            if entry.what.is_counted() {
                shown["what"] = json!("made_up");
            }
            shown
        });
        self.ledger.counted.iter().map(|entry| json!(entry)).chain(made_up).collect()
    }
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
                "ledger": counted.as_ref().map(Counted::entries).unwrap_or_default(),
            })
        })
        .collect();
    Ok(Response::json(200, &json!({ "deadlines": deadlines })))
}
