//! What events are called: in the timeline, and on the bus.

use super::EventKind;

impl EventKind {
    /// The name of the domain event on the bus; `None` for what only we care about.
    pub fn domain_name(&self) -> Option<&'static str> {
        Some(match self {
            EventKind::Captured { .. } => "lead.captured",
            EventKind::Quarantined { .. } => "lead.quarantined",
            EventKind::Released => "lead.released",
            EventKind::Merged { .. } => "lead.merged",
            EventKind::Touched { .. } => "lead.touched",
            EventKind::Enriched { .. } => "lead.enriched",
            EventKind::Scored { .. } | EventKind::Rescored { .. } => "lead.scored",
            EventKind::Nurtured { .. } => "lead.nurturing",
            EventKind::Disqualified { .. } => "lead.disqualified",
            EventKind::Suppressed { .. } => "lead.suppressed",
            EventKind::Offered { .. } => "lead.offered",
            EventKind::Reassigned { .. } | EventKind::HandedOver { .. } => "lead.reassigned",
            EventKind::Withdrawn { .. } => "lead.withdrawn",
            EventKind::Parked { .. } => "lead.parked",
            EventKind::Unparked => "lead.unparked",
            EventKind::Accepted { .. } => "lead.accepted",
            EventKind::Rejected { .. } => "lead.rejected",
            EventKind::Contacted { .. } => "lead.contacted",
            EventKind::Qualified { .. } => "lead.qualified",
            EventKind::Paused { .. } => "lead.paused",
            EventKind::Resumed { .. } => "lead.resumed",
            EventKind::Recycled { .. } => "lead.recycled",
            EventKind::Woken { .. } => "lead.woken",
            EventKind::Won { .. } => "lead.won",
            EventKind::Lost { .. } => "lead.lost",
            EventKind::Breached { .. } | EventKind::ManagerTold { .. } | EventKind::OwnerGone { .. } => {
                "lead.escalated"
            }
            EventKind::ReturnedToMarketing { .. } => "lead.returned",
            EventKind::Erased => "lead.erased",
            EventKind::Reminded { .. }
            | EventKind::NobodyLeft { .. }
            | EventKind::Overtaken { .. }
            | EventKind::Rebased { .. }
            | EventKind::ReviewDue
            | EventKind::Redriven { .. }
            | EventKind::Forgotten { .. }
            | EventKind::Notified { .. } => return None,
        })
    }

    /// The word for it in the timeline.
    pub fn name(&self) -> &'static str {
        match self {
            EventKind::Reminded { .. } => "reminded",
            EventKind::NobodyLeft { .. } => "nobody_left",
            EventKind::Overtaken { .. } => "overtaken",
            EventKind::Rebased { .. } => "rebased",
            EventKind::ReviewDue => "review_due",
            EventKind::Redriven { .. } => "redriven",
            EventKind::Notified { .. } => "notified",
            EventKind::Forgotten { .. } => "forgotten",
            EventKind::Rescored { .. } => "rescored",
            EventKind::Breached { .. } => "breached",
            EventKind::ManagerTold { .. } => "manager_told",
            EventKind::OwnerGone { .. } => "owner_gone",
            EventKind::ReturnedToMarketing { .. } => "returned_to_marketing",
            EventKind::Nurtured { .. } => "nurtured",
            EventKind::HandedOver { .. } => "handed_over",
            other => other.domain_name().and_then(|n| n.strip_prefix("lead.")).unwrap_or("changed"),
        }
    }
}
