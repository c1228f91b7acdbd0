//! Domain events: the timeline is their outbox, the row's watermark says how far it has been put on the bus.

use leadline_core::lead::{Event, EventKind, Lead};
use leadline_core::plant::Plant;
use leadline_runtime::follow_up::HandleError;
use leadline_runtime::ports::{Courier, DomainEvent};
use leadline_store::leads;
use serde_json::json;

const PAGE: u32 = 100;

/// Publishes what is owed and returns the version up to which everything is on the bus.
pub(crate) async fn publish<P: Courier>(ports: &P, lead: &Lead) -> Result<u64, HandleError> {
    let mut published = lead.published;
    while published < lead.to_publish {
        let events = leads::events(ports.table(), lead, published + 1, PAGE).await?;
        let Some(last) = events.last().map(|e| e.seq) else { break };
        let batch: Vec<(u64, DomainEvent)> =
            events.iter().filter_map(|e| Some((e.seq, domain_event(lead, e)?))).collect();
        let failed = if batch.is_empty() {
            Vec::new()
        } else {
            ports.publish(batch.iter().map(|(_, e)| e.clone()).collect()).await
        };
        let failed = if Plant::BusAssumed.is_on() { Vec::new() } else { failed };
        if let Some((first_failed, _)) = batch.iter().find(|(_, e)| failed.contains(&e.id)) {
            tracing::warn!(lead.id = %lead.lead_id, events.failed = failed.len(), "bus did not take all events");
            // In order: what comes after the first that failed is put again with it, under the same ids.
            return Ok(first_failed - 1);
        }
        published = last;
    }
    Ok(published)
}

fn domain_event(lead: &Lead, event: &Event) -> Option<DomainEvent> {
    let kind = event.kind.domain_name()?;
    let mut detail = json!({
        "lead_id": lead.lead_id,
        "version": event.seq,
        "stage": event.stage,
        "occurred_at": event.at,
    });
    // Ids only: reasons and outcomes are read back through the API by whoever may.
    let ids = match &event.kind {
        EventKind::Captured { submission_id }
        | EventKind::Quarantined { submission_id, .. }
        | EventKind::Touched { submission_id, .. } => json!({ "submission_id": submission_id }),
        EventKind::Offered { rep_id, pool_id, offer, .. }
        | EventKind::Reassigned { rep_id, pool_id, offer, .. } => {
            json!({ "rep_id": rep_id, "pool_id": pool_id, "offer": offer })
        }
        EventKind::Accepted { rep_id }
        | EventKind::Withdrawn { rep_id, .. }
        | EventKind::OwnerGone { rep_id }
        | EventKind::Rejected { rep_id, .. }
        | EventKind::Contacted { rep_id, .. }
        | EventKind::Paused { rep_id, .. } => {
            json!({ "rep_id": rep_id })
        }
        EventKind::Merged { into } => json!({ "merged_into": into }),
        EventKind::Parked { pool_id, .. } => json!({ "pool_id": pool_id }),
        _ => json!({}),
    };
    let id = format!("{}.{}", lead.lead_id, event.seq);
    if let (Some(map), serde_json::Value::Object(ids)) = (detail.as_object_mut(), ids) {
        map.insert("event_id".to_owned(), json!(id));
        map.extend(ids);
    }
    Some(DomainEvent { id, kind: kind.to_owned(), detail: detail.to_string(), at: event.at })
}
