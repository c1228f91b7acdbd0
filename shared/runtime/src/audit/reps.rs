//! Reps and pools: loads and caps against the leads that are held, turns against themselves.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, TryStreamExt};
use leadline_core::audit::{self, Findings, Violation};
use leadline_core::ids::{LeadId, PlaybookVersion, RepId};
use leadline_core::lead::Lead;
use leadline_core::playbook::Playbook;
use leadline_core::routing::Candidate;
use leadline_store::audit::lead_of;
use leadline_store::rows::from_item;
use leadline_store::{Item, Key, ReadError, Table, leads, people};

use super::look::unreadable_playbook;
use super::{AT_ONCE, Auditor, LOOKS, SECOND_COUNT_MS};
use crate::follow_up::HandleError;
use crate::ports::Ports;

/// A rep's row at one moment: the version proves that nothing was taken or given back between two reads of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Row {
    version: u64,
    open: u32,
}

/// What a count has shown.
enum Count {
    /// Nothing is wrong, or what is.
    Sure(BTreeSet<Violation>),
    /// Leads came and went all the time.
    Unsettled,
}

impl<P: Ports> Auditor<'_, P> {
    /// The reps and pools of the playbook in force, and the reps that a pool remembers.
    pub(super) async fn people(&self) -> Result<Findings, HandleError> {
        let mut findings = Findings::default();
        let table = self.ports.table();
        let playbook = match self.shelf.active(table).await {
            Ok((_, playbook)) => playbook,
            Err(HandleError::Playbook(version)) => {
                let version = PlaybookVersion(version);
                findings.violations.insert(Violation::UnreadablePlaybook { version });
                return Ok(findings);
            }
            Err(error) => return Err(error),
        };
        let doc = playbook.doc();
        let mut reps: BTreeSet<RepId> = doc.reps.keys().cloned().collect();
        for (pool_id, pool) in &doc.pools {
            let state = match people::snapshot(table, pool_id, &[]).await {
                Ok(seen) => seen.snapshot.pool,
                Err(ReadError::Corrupt(_)) => {
                    findings.violations.insert(unreadable(pool_id.as_str(), "pool"));
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            findings.checked.pools += 1;
            reps.extend(state.members.keys().cloned());
            let weight = |rep_id: &RepId| doc.reps.get(rep_id).map_or(1, |rep| rep.weight);
            let candidate = |rep_id: &RepId| Candidate { rep_id: rep_id.clone(), weight: weight(rep_id) };
            let members: Vec<Candidate> = pool.members.iter().map(candidate).collect();
            // One row, read strongly consistent, is one moment.
            findings.violations.extend(audit::pool(pool_id, &state, &members));
        }
        findings.merge(self.loads(reps).await?);
        Ok(findings)
    }

    /// The loads of these reps, but for those that this audit has counted already.
    pub(super) async fn loads(&self, reps: BTreeSet<RepId>) -> Result<Findings, HandleError> {
        let mut findings = Findings::default();
        let fresh: Vec<RepId> = {
            let mut seen = self.seen();
            reps.into_iter().filter(|rep_id| seen.counted.insert(rep_id.clone())).collect()
        };
        findings.checked.reps += fresh.len() as u64;
        let first: Vec<(RepId, Option<Row>)> = futures_util::stream::iter(fresh)
            .map(|rep_id| async move {
                let suspicion = self.suspicion(&rep_id).await?;
                Ok::<_, HandleError>((rep_id, suspicion))
            })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        let suspects: Vec<(RepId, Row)> =
            first.into_iter().filter_map(|(rep_id, row)| Some((rep_id, row?))).collect();
        if !suspects.is_empty() {
            self.ports.pause(SECOND_COUNT_MS).await;
        }
        let counts: Vec<Count> = futures_util::stream::iter(suspects)
            .map(|(rep_id, row)| async move { self.count_again(&rep_id, row).await })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        for count in counts {
            match count {
                Count::Sure(violations) => findings.violations.extend(violations),
                Count::Unsettled => findings.checked.unsettled += 1,
            }
        }
        Ok(findings)
    }

    /// A rep's row when it does not agree with the owner index, or goes beyond the cap of the playbook in force.
    async fn suspicion(&self, rep_id: &RepId) -> Result<Option<Row>, HandleError> {
        let table = self.ports.table();
        let row = match self.row(rep_id).await {
            // Counting again tells that it cannot be read.
            Err(ReadError::Corrupt(_)) => return Ok(Some(Row { version: 0, open: 0 })),
            row => row?,
        };
        let (mut start, mut held) = (None, 0);
        loop {
            let page = table.query(leads::held_by_query(rep_id, 1_000, start)).await?;
            held += page.items.len();
            start = page.next;
            if start.is_none() {
                break;
            }
        }
        let (_, playbook) = self.shelf.active(table).await?;
        let over = cap(&playbook, rep_id).is_some_and(|cap| row.open > cap);
        Ok((held != row.open as usize || over).then_some(row))
    }

    async fn row(&self, rep_id: &RepId) -> Result<Row, ReadError> {
        let state = people::rep(self.ports.table(), rep_id).await?;
        Ok(Row { version: state.version, open: state.open })
    }

    /// Counts by the rows of the leads, between two reads of the rep's row that must be the first one still.
    async fn count_again(&self, rep_id: &RepId, first: Row) -> Result<Count, HandleError> {
        let mut seen = first;
        for _ in 0..LOOKS {
            let held = self.held(rep_id).await?;
            let row = match self.row(rep_id).await {
                Err(ReadError::Corrupt(_)) => {
                    return Ok(Count::Sure([unreadable(rep_id.as_str(), "rep")].into()));
                }
                row => row?,
            };
            if row == seen {
                let mut found: BTreeSet<Violation> =
                    audit::load(rep_id, row.open, held.len()).into_iter().collect();
                found.extend(self.over_cap(rep_id, &held).await?);
                return Ok(Count::Sure(found));
            }
            seen = row;
            self.ports.pause(SECOND_COUNT_MS).await;
        }
        Ok(Count::Unsettled)
    }

    /// The leads that a rep holds, by their rows.
    async fn held(&self, rep_id: &RepId) -> Result<Vec<Lead>, HandleError> {
        let table = self.ports.table();
        let (mut held, mut start) = (Vec::new(), None);
        loop {
            let page = table.query(leads::held_by_query(rep_id, 100, start)).await?;
            let ids: Vec<LeadId> = page.items.iter().filter_map(lead_of).collect();
            let keys: Vec<Key> = ids.iter().map(leads::lead_key).collect();
            let rows: Vec<Item> = if keys.is_empty() { Vec::new() } else { table.get_many(&keys).await? };
            // A row that cannot be read is told where leads are looked at.
            let leads = rows.into_iter().filter_map(|row| from_item::<Lead>(row).ok());
            held.extend(leads.filter(|lead| lead.held_by() == Some(rep_id)));
            start = page.next;
            if start.is_none() {
                return Ok(held);
            }
        }
    }

    async fn over_cap(&self, rep_id: &RepId, held: &[Lead]) -> Result<Option<Violation>, HandleError> {
        // Which version counts is the rule's to say; all that the leads' clocks name are at hand.
        let versions: BTreeSet<PlaybookVersion> =
            held.iter().flat_map(|lead| lead.clocks.iter().map(|clock| clock.playbook)).collect();
        let mut caps: BTreeMap<PlaybookVersion, Option<u32>> = BTreeMap::new();
        for version in versions {
            match self.shelf.version(self.ports.table(), version).await {
                Ok(playbook) => drop(caps.insert(version, cap(&playbook, rep_id))),
                Err(error) => unreadable_playbook(error)?,
            }
        }
        Ok(audit::cap(rep_id, held, |version| caps.get(&version).copied().flatten()))
    }
}

fn cap(playbook: &Playbook, rep_id: &RepId) -> Option<u32> {
    playbook.doc().reps.get(rep_id).and_then(|rep| rep.caps.open)
}

fn unreadable(row_of: &str, kind: &'static str) -> Violation {
    Violation::Unreadable { row_of: row_of.to_owned(), kind }
}
