//! Reps and pools: loads and caps against the leads that are held, turns against themselves.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, TryStreamExt};
use leadline_core::audit::{self, Findings, Violation};
use leadline_core::ids::{LeadId, PlaybookVersion, RepId};
use leadline_core::lead::Lead;
use leadline_core::playbook::Playbook;
use leadline_core::routing::{Candidate, Caps, Load, RepState};
use leadline_store::audit::lead_of;
use leadline_store::rows::from_item;
use leadline_store::{Item, Key, ReadError, Table, leads, people};

use super::look::unreadable_playbook;
use super::{AT_ONCE, Auditor, LOOKS, SECOND_COUNT_MS};
use crate::follow_up::HandleError;
use crate::ports::Ports;

/// A rep with no more leads than this is counted lead by lead each time.
const THOROUGH: usize = 10;

/// The hour of the day in which a rep with many leads is counted lead by lead.
fn hour_of(rep_id: &RepId) -> i64 {
    rep_id.as_str().bytes().map(i64::from).sum::<i64>() % 24
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
        let now = self.ports.now();
        let ends =
            playbook.calendars().iter().filter_map(|(id, calendar)| audit::holidays(id, calendar, now));
        findings.violations.extend(ends);
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
        let first: Vec<(RepId, Option<RepState>)> = futures_util::stream::iter(fresh)
            .map(|rep_id| async move {
                let suspicion = self.suspicion(&rep_id).await?;
                Ok::<_, HandleError>((rep_id, suspicion))
            })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        let suspects: Vec<(RepId, RepState)> =
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
    async fn suspicion(&self, rep_id: &RepId) -> Result<Option<RepState>, HandleError> {
        let table = self.ports.table();
        let row = match self.row(rep_id).await {
            // Counting again tells that it cannot be read.
            Err(ReadError::Corrupt(_)) => {
                return Ok(Some(RepState::new(rep_id.clone())));
            }
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
        let (caps, load) = (caps(&playbook, &row), row.load());
        let over = [(caps.open, load.open), (caps.unaccepted, load.unaccepted), (caps.value, load.value)]
            .into_iter()
            .any(|(cap, counted)| cap.is_some_and(|cap| counted > cap));
        // What is unanswered and what it is worth takes a look at every lead: once a day for a rep who has many.
        let thorough = held <= THOROUGH
            || hour_of(rep_id) == self.ports.now().as_second().div_euclid(3_600).rem_euclid(24);
        let odd = thorough && {
            let weighs = Load::of_all(&self.held(rep_id).await?);
            // What changed in between says nothing: it is looked at in the next hour.
            weighs != load && matches!(self.row(rep_id).await, Ok(again) if again == row)
        };
        Ok((held != load.open as usize || over || odd).then_some(row))
    }

    /// The rep's row at one moment: its version proves that nothing was taken or given back between two reads of it.
    async fn row(&self, rep_id: &RepId) -> Result<RepState, ReadError> {
        people::rep(self.ports.table(), rep_id).await
    }

    /// Counts by the rows of the leads, between two reads of the rep's row that must be the first one still.
    async fn count_again(&self, rep_id: &RepId, first: RepState) -> Result<Count, HandleError> {
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
                    audit::load(rep_id, row.load(), &held).into_iter().collect();
                found.extend(self.over_cap(&row, &held).await?);
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

    async fn over_cap(&self, row: &RepState, held: &[Lead]) -> Result<Option<Violation>, HandleError> {
        // Which version counts is the rule's to say; all that the leads' clocks name are at hand.
        let versions: BTreeSet<PlaybookVersion> =
            held.iter().flat_map(|lead| lead.clocks.iter().map(|clock| clock.playbook)).collect();
        let mut of: BTreeMap<PlaybookVersion, Caps> = BTreeMap::new();
        for version in versions {
            match self.shelf.version(self.ports.table(), version).await {
                Ok(playbook) => drop(of.insert(version, caps(&playbook, row))),
                Err(error) => unreadable_playbook(error)?,
            }
        }
        Ok(audit::cap(&row.rep_id, held, row.caps_set_at, |version| of.get(&version).copied()))
    }
}

/// A rep's caps in a version, with what is set by hand.
fn caps(playbook: &Playbook, row: &RepState) -> Caps {
    playbook.doc().reps.get(&row.rep_id).map(|rep| row.caps(rep)).unwrap_or_default()
}

fn unreadable(row_of: &str, kind: &'static str) -> Violation {
    Violation::Unreadable { row_of: row_of.to_owned(), kind }
}
