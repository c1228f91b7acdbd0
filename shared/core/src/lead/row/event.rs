//! The event of the current version as it stands in the row, which says version, time and stage already.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::instant::Instant;
use super::{Unreadable, unless};
use crate::ids::{AttemptId, LeadId, RepId};
use crate::lead::{Actor, Event, EventKind, Stage};

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct EventRow {
    by: String,
    attempt: AttemptId,
    kind: EventKind,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    seq: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    at: Option<Instant>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    stage: Option<Stage>,
}

impl EventRow {
    pub(super) fn of(event: Event, lead_id: &LeadId, version: u64, at: Timestamp, stage: Stage) -> Self {
        let own = format!("{lead_id}.");
        Self {
            by: written(event.actor),
            attempt: event.attempt,
            kind: with_ids(event.kind, |id| id.strip_prefix(&own).map(|rest| format!(".{rest}"))),
            seq: unless(event.seq, &version),
            at: unless(event.at, &at).map(Instant),
            stage: unless(event.stage, &stage),
        }
    }

    pub(super) fn read(
        self,
        lead_id: &LeadId,
        version: u64,
        at: Timestamp,
        stage: Stage,
    ) -> Result<Event, Unreadable> {
        Ok(Event {
            seq: self.seq.unwrap_or(version),
            at: self.at.map_or(at, |at| at.0),
            actor: read(&self.by).ok_or(Unreadable("event.by"))?,
            attempt: self.attempt,
            stage: self.stage.unwrap_or(stage),
            kind: with_ids(self.kind, |id| id.strip_prefix('.').map(|rest| format!("{lead_id}.{rest}"))),
        })
    }
}

/// The ids of effects begin with the lead's, which need not be said for each.
fn with_ids(kind: EventKind, change: impl Fn(&str) -> Option<String>) -> EventKind {
    match kind {
        EventKind::Notified { effects } => {
            EventKind::Notified { effects: effects.into_iter().map(|id| change(&id).unwrap_or(id)).collect() }
        }
        other => other,
    }
}

fn written(actor: Actor) -> String {
    match actor {
        Actor::Prospect => "prospect".to_owned(),
        Actor::System { function } => format!("system:{function}"),
        Actor::Rep { rep_id } => format!("rep:{rep_id}"),
        Actor::Key { subject } => format!("key:{subject}"),
    }
}

fn read(text: &str) -> Option<Actor> {
    Some(match text.split_once(':') {
        None if text == "prospect" => Actor::Prospect,
        Some(("system", function)) => Actor::system(function),
        Some(("rep", rep_id)) => Actor::Rep { rep_id: RepId::parse(rep_id).ok()? },
        Some(("key", subject)) => Actor::Key { subject: subject.to_owned() },
        _ => return None,
    })
}
