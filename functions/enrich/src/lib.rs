//! Enrich: adds facts about person and company, from our own lists at once and from providers as they answer. A slow
//! or failing provider never holds a lead up.

mod ask;
mod breaker;

use leadline_core::enrichment::{Fact, Findings, apply, derive};
use leadline_core::ids::LeadId;
use leadline_core::lead::{Actor, Lead, Lookup, Stage, Step};
use leadline_core::playbook::Playbook;
use leadline_runtime::batch::Concurrency;
use leadline_runtime::fail_point::{self, Place};
use leadline_runtime::follow_up::{HandleError, Tries, after_commit, load_with_active, step};
use leadline_runtime::ports::Outbound;
use leadline_runtime::shelf::Shelf;
use leadline_runtime::wake::WakeUp;
use leadline_store::records::{self, Record, RecordKind};
use leadline_store::{leads, submissions};

pub use breaker::Breakers;

/// Leads do not get into each other's way here.
pub const CONCURRENCY: Concurrency = Concurrency::AtOnce(10);

/// What the function keeps between messages.
#[derive(Debug, Default)]
pub struct Enrich {
    /// Playbooks.
    pub shelf: Shelf,
    /// Which providers are not asked for a while.
    pub breakers: Breakers,
}

/// Handles one wake-up: the first enrichment of a lead, or a late look-up.
pub async fn handle<P: Outbound>(enrich: &Enrich, ports: &P, wake_up: &WakeUp) -> Result<(), HandleError> {
    let lead_id = LeadId::parse(&wake_up.id).map_err(|_| HandleError::Malformed)?;
    let mut asked: Option<ask::Answers> = None;
    let mut tries = Tries::default();
    loop {
        let (lead, version) = load_with_active(ports, &lead_id).await?;
        let first = lead.stage == Stage::Received;
        let late = lead.lookup.as_ref().is_some_and(|l| l.at <= ports.now()) && !lead.stage.is_final();
        if !first && !late {
            return Ok(());
        }
        let playbook = enrich.shelf.version(ports.table(), version).await?;
        let submissions = submissions::all(ports.table(), &lead_id).await?;
        let latest = submissions.iter().max_by_key(|s| s.received_at);
        let mut facts = if first { derive(&lead.profile, latest, ports.now()) } else { Vec::new() };
        let answers = match asked.take() {
            Some(answers) => answers,
            None => {
                // Providers see what our own lists found, such as the company's domain.
                let (profile, _) = apply(&lead.profile, &facts);
                let patience_ms = if first { ask::FIRST_PATIENCE_MS } else { u64::MAX };
                ask::all(ports, &enrich.breakers, &playbook, &profile, patience_ms).await
            }
        };
        facts.extend(answers.facts.iter().cloned());
        let step = step(ports, Actor::system("enrich"));
        let after = decide(&lead, &facts, &answers, &playbook, &step)?;
        // What our own lists found is told by the event and the row.
        let extras = if answers.facts.is_empty() {
            Vec::new()
        } else {
            let record = Record { version: after.version, at: step.at, decision: &facts };
            vec![records::put(&lead_id, RecordKind::Enrich, &step.attempt, &record)?]
        };
        // The facts are personal: they are written with the row or not at all, so that they cannot outlive the lead.
        fail_point::pass(Place::BeforeCommit);
        match leads::commit(ports.table(), Some(&lead), &after, extras).await {
            Ok(()) => {
                tracing::info!(lead.id = %lead_id, lead.version = after.version, playbook = %version, facts = facts.len(), "enriched");
                after_commit(ports, Some(&lead), &after).await;
                return Ok(());
            }
            Err(error) => {
                asked = Some(answers);
                tries.again(ports, error).await?;
            }
        }
    }
}

/// The lead with its new facts, and when to ask again the providers that did not answer.
fn decide(
    lead: &Lead,
    facts: &[Fact],
    answers: &ask::Answers,
    playbook: &Playbook,
    step: &Step,
) -> Result<Lead, HandleError> {
    let (profile, fields) = apply(&lead.profile, facts);
    let attempts = lead.lookup.as_ref().map_or(0, |l| l.attempts) + 1;
    let patience = playbook.doc().enrichment.providers.iter().map(|p| p.attempts).max().unwrap_or(0);
    let lookup = (answers.unanswered && attempts < patience).then(|| Lookup {
        at: step.at + jiff::SignedDuration::from_mins(1 << (attempts - 1).min(6)),
        attempts,
    });
    let found = Findings::of(facts, fields, answers.providers.clone());
    Ok(if lead.stage == Stage::Received {
        lead.enriched(profile, found, lookup, step)?
    } else {
        lead.facts_added(profile, found, lookup, step)?
    })
}
