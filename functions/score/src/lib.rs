//! Score: fit and interest with a reason for every point, and what follows for the lead.

use leadline_core::condition::View;
use leadline_core::ids::LeadId;
use leadline_core::lead::{Actor, Stage};
use leadline_core::qualification::qualify;
use leadline_core::scoring::score;
use leadline_core::submission::Touch;
use leadline_runtime::batch::Concurrency;
use leadline_runtime::fail_point::{self, Place};
use leadline_runtime::follow_up::{HandleError, Tries, after_commit, load_with_active, step};
use leadline_runtime::ports::Ports;
use leadline_runtime::shelf::Shelf;
use leadline_runtime::wake::WakeUp;
use leadline_store::records::{self, Record, RecordKind};
use leadline_store::{Table as _, leads, submissions};

/// Leads do not get into each other's way here.
pub const CONCURRENCY: Concurrency = Concurrency::AtOnce(10);

/// Handles one wake-up: a lead that has been enriched, or of which something new is known since its last score.
pub async fn handle<P: Ports>(shelf: &Shelf, ports: &P, wake_up: &WakeUp) -> Result<(), HandleError> {
    let lead_id = LeadId::parse(&wake_up.id).map_err(|_| HandleError::Malformed)?;
    let mut tries = Tries::default();
    loop {
        let (lead, version) = load_with_active(ports, &lead_id).await?;
        let wanted = lead.stage == Stage::Enriched
            || (lead.score_due && !lead.in_pipeline() && !lead.stage.is_final());
        if !wanted {
            return Ok(());
        }
        let playbook = shelf.version(ports.table(), version).await?;
        let doc = playbook.doc();
        let submissions = submissions::all(ports.table(), &lead_id).await?;
        let touches: Vec<Touch> = submissions.iter().map(|s| s.touch()).collect();
        let step = step(ports, Actor::system("score"));
        let card = score(&doc.scoring, &lead, &touches, version, step.at);
        let view = View::new(&lead, touches.iter().max_by_key(|t| t.at));
        let verdict =
            qualify(&doc.qualification, &doc.vetoes, view, card.fit, card.interest, lead.standing());
        let early = doc.recycling.early(&lead, &touches, &verdict, step.at);
        if let Some(back) = early {
            // Another cycle begins; its score is made when its facts are in.
            let after = lead.back(&back, &step)?;
            match leads::commit(ports.table(), Some(&lead), &after, Vec::new()).await {
                Ok(()) => {
                    tracing::info!(lead.id = %lead_id, lead.version = after.version, "back before its date");
                    after_commit(ports, Some(&lead), &after).await;
                    return Ok(());
                }
                Err(error) => {
                    tries.again(ports, error).await?;
                    continue;
                }
            }
        }
        let after = lead.scored(&card, &verdict, &step)?;
        let record = Record { version: after.version, at: step.at, decision: card };
        let put = records::put(&lead_id, RecordKind::Score, &step.attempt, &record)?;
        // Before the commit, under the attempt's own key: a card without its event is nobody's decision.
        ports.table().write(put).await?;
        fail_point::pass(Place::BeforeCommit);
        match leads::commit(ports.table(), Some(&lead), &after, Vec::new()).await {
            Ok(()) => {
                tracing::info!(lead.id = %lead_id, lead.version = after.version, stage = after.stage.name(), grade = record.decision.grade, "scored");
                after_commit(ports, Some(&lead), &after).await;
                return Ok(());
            }
            Err(error) => tries.again(ports, error).await?,
        }
    }
}
