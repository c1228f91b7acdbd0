//! Leads: one look, and the second that makes sure.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt};
use leadline_core::audit::{
    self, Claimed, Findings, Holder, HolderRow, Kept, KeptSubmission, Playbooks, ReceiptAt, Violation,
    needs_claim,
};
use leadline_core::identity::claim_key;
use leadline_core::ids::{LeadId, RepId};
use leadline_core::lead::Lead;
use leadline_store::audit::{Partition, SubmissionRow, partition};
use leadline_store::claims::{self, Remembered};
use leadline_store::{Consistency, ReadError, Table, TableError, leads, people, submissions};

use super::{AT_ONCE, Auditor, LOOKS, SECOND_LOOK_MS};
use crate::follow_up::HandleError;
use crate::ports::Ports;

/// What one look at a lead has shown.
#[derive(Debug, Default)]
struct Look {
    violations: BTreeSet<Violation>,
    held_by: Option<RepId>,
}

/// What a second look has shown.
enum Second {
    /// What was wrong both times, perhaps nothing.
    Sure(BTreeSet<Violation>),
    /// It changed each time.
    Unsettled,
}

/// Takes a row that cannot be read for none, and tells.
fn readable<T>(
    read: Result<Option<T>, ReadError>,
    kind: &'static str,
    of: &str,
    found: &mut BTreeSet<Violation>,
) -> Result<Option<T>, TableError> {
    match read {
        Ok(value) => Ok(value),
        Err(ReadError::Corrupt(_)) => {
            found.insert(Violation::Unreadable { row_of: of.to_owned(), kind });
            Ok(None)
        }
        Err(ReadError::Table(error)) => Err(error),
    }
}

impl<P: Ports> Auditor<'_, P> {
    /// Looks at leads, and a second time at those that look wrong. Returns the reps who hold them as well.
    pub(super) async fn leads(
        &self,
        lead_ids: Vec<LeadId>,
    ) -> Result<(Findings, BTreeSet<RepId>), HandleError> {
        let mut findings = Findings::default();
        let mut holders = BTreeSet::new();
        let looks: Vec<(LeadId, Option<Look>)> = futures_util::stream::iter(lead_ids)
            .map(|lead_id| async move {
                let look = self.look(&lead_id, Consistency::Eventual).await?;
                Ok::<_, HandleError>((lead_id, look))
            })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        let mut suspects = Vec::new();
        for (lead_id, look) in looks {
            // An index may still name a lead that is gone.
            let Some(look) = look else { continue };
            findings.checked.leads += 1;
            holders.extend(look.held_by);
            if !look.violations.is_empty() {
                suspects.push((lead_id, look.violations));
            }
        }
        if !suspects.is_empty() {
            self.ports.pause(SECOND_LOOK_MS).await;
        }
        let seconds: Vec<Second> = futures_util::stream::iter(suspects)
            .map(|(lead_id, first)| async move { self.look_again(&lead_id, &first).await })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        for second in seconds {
            match second {
                Second::Sure(violations) => findings.violations.extend(violations),
                Second::Unsettled => findings.checked.unsettled += 1,
            }
        }
        Ok((findings, holders))
    }

    /// What is still wrong in a reading during which the lead's row did not change.
    async fn look_again(&self, lead_id: &LeadId, first: &BTreeSet<Violation>) -> Result<Second, HandleError> {
        let table = self.ports.table();
        let key = leads::lead_key(lead_id);
        for _ in 0..LOOKS {
            let before = table.get(&key, Consistency::Strong).await?;
            let look = self.look(lead_id, Consistency::Strong).await?;
            let after = table.get(&key, Consistency::Strong).await?;
            if before == after {
                let now = look.map(|look| look.violations).unwrap_or_default();
                return Ok(Second::Sure(first.intersection(&now).cloned().collect()));
            }
            self.ports.pause(SECOND_LOOK_MS).await;
        }
        Ok(Second::Unsettled)
    }

    /// Reads everything about a lead and judges it; `None` when there is nothing under its id.
    async fn look(&self, lead_id: &LeadId, consistency: Consistency) -> Result<Option<Look>, HandleError> {
        let Partition { lead, wrong_indexes, events, submissions, scores, routes, unreadable } =
            partition(self.ports.table(), lead_id, consistency).await?;
        let mut look = Look::default();
        for kind in &unreadable {
            look.violations.insert(Violation::Unreadable { row_of: lead_id.to_string(), kind });
        }
        let Some(lead) = lead else { return Ok((!unreadable.is_empty()).then_some(look)) };
        look.held_by = lead.held_by().cloned();
        let claim = self.claim(&lead, &mut look.violations).await?;
        let submissions = self.receipts(&lead, submissions, &mut look.violations).await?;
        let holder_row = self.holder_row(look.held_by.as_ref(), &mut look.violations).await?;
        let playbooks = self.playbooks_of(&lead).await?;
        let kept = Kept { lead, events, submissions, scores, routes, claim, wrong_indexes, holder_row };
        look.violations.extend(audit::lead(&kept, &playbooks, self.ports.now()));
        Ok(Some(look))
    }

    async fn claim(&self, lead: &Lead, found: &mut BTreeSet<Violation>) -> Result<Claimed, HandleError> {
        if !needs_claim(lead) {
            return Ok(Claimed::Unneeded);
        }
        let table = self.ports.table();
        let address = lead.profile.contact.email.canonical();
        let claim = claims::claim(table, &claim_key(self.seal, &address)).await;
        // What an erasure has left of a claim is nobody's.
        let claim = readable(claim, "claim", lead.lead_id.as_str(), found)?;
        let Some(claimed_by) = claim.and_then(|c| c.lead_id) else { return Ok(Claimed::ByNobody) };
        if claimed_by == lead.lead_id {
            return Ok(Claimed::ByIt);
        }
        let holder = leads::load(table, &claimed_by).await;
        let holder = match readable(holder, "lead", claimed_by.as_str(), found)? {
            Some(holder) if !needs_claim(&holder) => Holder::Gone,
            Some(holder) if holder.profile.contact.email.canonical() == address => Holder::SameAddress,
            Some(_) => Holder::OtherAddress,
            None => Holder::Gone,
        };
        Ok(Claimed::ByAnother(claimed_by, holder))
    }

    async fn receipts(
        &self,
        lead: &Lead,
        submissions: Vec<SubmissionRow>,
        found: &mut BTreeSet<Violation>,
    ) -> Result<Vec<KeptSubmission>, HandleError> {
        let table = self.ports.table();
        let mut kept = Vec::with_capacity(submissions.len());
        for SubmissionRow { submission_id, lead_id, received_at } in submissions {
            let read = claims::receipt(table, &submission_id).await;
            let receipt = match readable(read, "receipt", submission_id.as_str(), found)? {
                None | Some(Remembered::Erased) => ReceiptAt::Missing,
                Some(Remembered::Kept(receipt)) if receipt.lead_id == lead.lead_id => ReceiptAt::Here,
                Some(Remembered::Kept(receipt)) => {
                    let there = submissions::one(table, &receipt.lead_id, &submission_id).await;
                    match readable(there, "submission", receipt.lead_id.as_str(), found)? {
                        Some(_) => ReceiptAt::Doubled(receipt.lead_id),
                        None => ReceiptAt::Elsewhere,
                    }
                }
            };
            kept.push(KeptSubmission { submission_id, lead_id, received_at, receipt });
        }
        Ok(kept)
    }

    async fn holder_row(
        &self,
        held_by: Option<&RepId>,
        found: &mut BTreeSet<Violation>,
    ) -> Result<HolderRow, HandleError> {
        let Some(rep_id) = held_by.filter(|rep_id| !self.seen().rows.contains(*rep_id)) else {
            return Ok(HolderRow::There);
        };
        let state = people::rep(self.ports.table(), rep_id).await.map(Some);
        // A rep of whom nothing is stored has version 0.
        match readable(state, "rep", rep_id.as_str(), found)? {
            Some(state) if state.version == 0 => Ok(HolderRow::Missing),
            _ => {
                self.seen().rows.insert(rep_id.clone());
                Ok(HolderRow::There)
            }
        }
    }

    /// The playbooks that a lead's clocks follow, as far as they can be read.
    async fn playbooks_of(&self, lead: &Lead) -> Result<Playbooks, HandleError> {
        let mut playbooks = BTreeMap::new();
        for clock in &lead.clocks {
            if playbooks.contains_key(&clock.playbook) {
                continue;
            }
            match self.shelf.version(self.ports.table(), clock.playbook).await {
                Ok(playbook) => drop(playbooks.insert(clock.playbook, Arc::clone(&playbook))),
                Err(error) => unreadable_playbook(error)?,
            }
        }
        Ok(playbooks)
    }
}

/// Passes over a playbook that cannot be read as such, for the rules to tell; anything else went wrong here.
pub(super) fn unreadable_playbook(error: HandleError) -> Result<(), HandleError> {
    match error.name() {
        "playbook_missing" | "corrupt_row" => Ok(()),
        _ => Err(error),
    }
}
