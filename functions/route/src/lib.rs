//! Route: gives a qualified lead to exactly one rep under a deadline, or parks it with an alarm.

use leadline_core::ids::{AttemptId, LeadId};
use leadline_core::lead::{Actor, Lead, ParkReason, Stage, Step};
use leadline_core::plant::Plant;
use leadline_runtime::assignment::{Found, InForce, Pick, find, held_back, started_with};
use leadline_runtime::batch::Concurrency;
use leadline_runtime::fail_point::{self, Place};
use leadline_runtime::follow_up::{HandleError, Tries, after_commit, after_offer, load_with_active, step};
use leadline_runtime::ports::Ports;
use leadline_runtime::route_record::RouteRecord;
use leadline_runtime::shelf::Shelf;
use leadline_runtime::wake::WakeUp;
use leadline_store::records::{self, Record, RecordKind};
use leadline_store::{Table as _, leads, submissions};

/// Leads of one batch often want the same pool: one after the other they do not race.
pub const CONCURRENCY: Concurrency = Concurrency::OneByOne;

/// Keeps why nobody can take a parked lead now, unless it is for the same reasons as at the last look; the attempt under
/// which the reasons are kept, if they have ever changed.
async fn looked_again<P: Ports>(
    ports: &P,
    lead: &Lead,
    decision: RouteRecord,
    step: &Step,
) -> Result<Option<AttemptId>, HandleError> {
    let kept = lead.parked.as_ref().and_then(|parked| parked.looked.clone());
    if Plant::ReasonsOfYesterday.is_on() {
        return Ok(kept);
    }
    let (table, kind) = (ports.table(), RecordKind::Route);
    let known: Vec<Record<RouteRecord>> = records::decided(table, &lead.lead_id, kind, kept.iter()).await?;
    if known.first().is_some_and(|known| known.decision == decision) {
        return Ok(kept);
    }
    let attempt = kept.unwrap_or_else(|| step.attempt.clone());
    let record = Record { version: lead.version, at: step.at, decision };
    table.write(records::put(&lead.lead_id, kind, &attempt, &record)?).await?;
    Ok(Some(attempt))
}

/// Handles one wake-up: a lead that needs an owner, be it fresh from scoring or parked until now.
pub async fn handle<P: Ports>(shelf: &Shelf, ports: &P, wake_up: &WakeUp) -> Result<(), HandleError> {
    let lead_id = LeadId::parse(&wake_up.id).map_err(|_| HandleError::Malformed)?;
    let mut tries = Tries::default();
    loop {
        let (lead, version) = load_with_active(ports, &lead_id).await?;
        let waits = lead.parked.as_ref().is_some_and(|p| p.reason == ParkReason::NobodyEligible);
        if lead.stage != Stage::Scored && !(lead.stage == Stage::Parked && waits) {
            return Ok(());
        }
        let playbook = shelf.version(ports.table(), version).await?;
        let submissions = submissions::all(ports.table(), &lead_id).await?;
        let touch = submissions.iter().max_by_key(|s| s.received_at).map(|s| s.touch());
        let step = step(ports, Actor::system("route"));
        let started = started_with(shelf, ports.table(), &lead).await?;
        let in_force = InForce { version, playbook: &playbook, started: started.as_deref() };
        let held_back = held_back(in_force, &lead, touch.as_ref());
        let (after, extras, record, rep) = if let Some((by, record)) = held_back {
            (lead.suppressed(by, &step)?, Vec::new(), record, None)
        } else {
            match find(ports.table(), in_force, &lead, touch.as_ref(), step.at).await? {
                Found::Rep(pick) => {
                    let Pick { assignment, rep, writes, record } = *pick;
                    (lead.offered(&assignment, &step)?, writes, record, Some(rep))
                }
                Found::Nobody { record, .. } if record.everybody_had_it() => {
                    (lead.exhausted(&step)?, Vec::new(), *record, None)
                }
                Found::Nobody { pool_id, chance, falls_back_at, record } => {
                    let in_line = lead.look_again_in_line(step.at, chance);
                    let wake_at = falls_back_at.map_or(in_line, |at| at.min(in_line));
                    let in_its_line = waits && lead.parked.as_ref().is_some_and(|p| p.pool_id == pool_id);
                    if in_its_line || (waits && Plant::FirstLineKept.is_on()) {
                        // Nothing to tell anybody that is not known: only the next look is put off.
                        let looked = looked_again(ports, &lead, *record, &step).await?;
                        let later = lead.still_parked(looked, wake_at);
                        match leads::amend(ports.table(), &later).await {
                            Ok(()) => {
                                after_commit(ports, Some(&lead), &later).await;
                                return Ok(());
                            }
                            Err(error) => {
                                tries.again(ports, error).await?;
                                continue;
                            }
                        }
                    }
                    let after = lead.parked(&pool_id, ParkReason::NobodyEligible, wake_at, &step)?;
                    (after, Vec::new(), *record, None)
                }
            }
        };
        let record = Record { version: after.version, at: step.at, decision: record };
        let put = records::put(&lead_id, RecordKind::Route, &step.attempt, &record)?;
        // Before the commit, under the attempt's own key: a record without its event is nobody's decision.
        ports.table().write(put).await?;
        fail_point::pass(Place::BeforeCommit);
        match leads::commit(ports.table(), Some(&lead), &after, extras).await {
            Ok(()) => {
                tracing::info!(
                    lead.id = %lead_id,
                    lead.version = after.version,
                    stage = after.stage.name(),
                    waited_ms = after.updated_at.duration_since(lead.received_at).as_millis(),
                    "routed"
                );
                if after.stage == Stage::Parked {
                    tracing::warn!(lead.id = %lead_id, alarm = "parked", "nobody can take this lead");
                }
                match rep {
                    Some(rep) => after_offer(ports, &lead, &after, &rep).await,
                    None => after_commit(ports, Some(&lead), &after).await,
                }
                return Ok(());
            }
            Err(error) => tries.again(ports, error).await?,
        }
    }
}
