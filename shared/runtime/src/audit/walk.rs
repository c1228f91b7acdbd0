//! The walk: page by page through the parts of an audit, until the end or as far as its budget reaches.

use jiff::Timestamp;
use leadline_core::audit::{self, Findings, OVERDUE_AFTER, Violation};
use leadline_core::ids::{DeliveryId, LeadId};
use leadline_store::audit::lead_of;
use leadline_store::deliveries::{self, DeliveryState};
use leadline_store::due;
use leadline_store::leads::updated_query;
use leadline_store::{Item, Key, ReadError, Table};

use super::place::{Part, Place};
use super::{Auditor, SECOND_LOOK_MS};
use crate::follow_up::HandleError;
use crate::ports::Ports;

const PAGE: u32 = 100;

/// How far a walk may go.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// No page is begun at or after this instant, but for the first.
    pub until: Timestamp,
    /// How many leads may be looked at.
    pub leads: u64,
}

/// How far a walk has come.
#[derive(Debug)]
pub struct Walked {
    /// What it has found.
    pub findings: Findings,
    /// Where the next walk goes on; `None` when this one came to the end.
    pub next: Option<Place>,
}

impl<P: Ports> Auditor<'_, P> {
    /// Walks from `place` on. At least one page is looked at, so that walks with the smallest budget get to the end.
    pub async fn walk(&self, place: Place, budget: &Budget) -> Result<Walked, HandleError> {
        self.walk_through(&[Part::People, Part::Due, Part::Leads], place, budget).await
    }

    /// What is cheap enough to be looked at every time: reps and pools, and whatever is overdue.
    pub async fn standing(&self, budget: &Budget) -> Result<Findings, HandleError> {
        let place = Place::beginning(Some(self.ports.now()));
        Ok(self.walk_through(&[Part::People, Part::Due], place, budget).await?.findings)
    }

    async fn walk_through(
        &self,
        parts: &[Part],
        place: Place,
        budget: &Budget,
    ) -> Result<Walked, HandleError> {
        let mut findings = Findings::default();
        let mut at = place;
        let mut left = budget.leads.max(1);
        loop {
            let before = findings.checked.leads;
            let next = self.page(&at, left, &mut findings).await?;
            left = left.saturating_sub(findings.checked.leads - before);
            match next {
                Some(next) if parts.contains(&next.part) && left > 0 && self.ports.now() < budget.until => {
                    at = next;
                }
                next => return Ok(Walked { findings, next }),
            }
        }
    }

    /// Looks at certain leads.
    pub async fn these(&self, lead_ids: Vec<LeadId>) -> Result<Findings, HandleError> {
        let (mut findings, holders) = self.leads(lead_ids).await?;
        findings.merge(self.loads(holders).await?);
        Ok(findings)
    }

    /// Looks at one page, at most `left` leads of it, and returns where the next begins.
    async fn page(
        &self,
        at: &Place,
        left: u64,
        findings: &mut Findings,
    ) -> Result<Option<Place>, HandleError> {
        let limit = u32::try_from(left).unwrap_or(PAGE).min(PAGE);
        let table = self.ports.table();
        match at.part {
            Part::People => {
                findings.merge(self.people().await?);
                Ok(at.after(None))
            }
            Part::Due => {
                let long_ago = self.ports.now() - OVERDUE_AFTER;
                let page = table.query(due::query(at.shard, long_ago, limit, at.start())).await?;
                findings.merge(self.deliveries(&page.items).await?);
                // A pass over all leads comes by these anyway.
                if at.since.is_some() {
                    findings.merge(self.these(page.items.iter().filter_map(lead_of).collect()).await?);
                }
                Ok(at.after(page.next))
            }
            Part::Leads => {
                let page = table.query(updated_query(at.shard, at.since, limit, at.start())).await?;
                findings.merge(self.these(page.items.iter().filter_map(lead_of).collect()).await?);
                Ok(at.after(page.next))
            }
        }
    }

    /// The deliveries among the entries of the due index, each looked at twice when its next try is long overdue.
    async fn deliveries(&self, entries: &[Item]) -> Result<Findings, HandleError> {
        let mut findings = Findings::default();
        let mut suspects = Vec::new();
        let ids = entries
            .iter()
            .filter_map(|entry| DeliveryId::parse(Key::of(entry)?.pk.strip_prefix("DLV#")?).ok());
        for delivery_id in ids {
            findings.checked.deliveries += 1;
            if self.delivery(&delivery_id).await?.is_some() {
                suspects.push(delivery_id);
            }
        }
        if !suspects.is_empty() {
            self.ports.pause(SECOND_LOOK_MS).await;
        }
        for delivery_id in suspects {
            findings.violations.extend(self.delivery(&delivery_id).await?);
        }
        Ok(findings)
    }

    async fn delivery(&self, delivery_id: &DeliveryId) -> Result<Option<Violation>, HandleError> {
        match deliveries::load(self.ports.table(), delivery_id).await {
            Ok(found) => {
                Ok(found.filter(|delivery| delivery.state == DeliveryState::Pending).and_then(|delivery| {
                    audit::delivery(delivery_id, &delivery.lead_id, delivery.next_at, self.ports.now())
                }))
            }
            Err(ReadError::Corrupt(_)) => {
                Ok(Some(Violation::Unreadable { row_of: delivery_id.to_string(), kind: "delivery" }))
            }
            Err(error) => Err(error.into()),
        }
    }
}
