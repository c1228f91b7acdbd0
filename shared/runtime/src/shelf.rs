//! Playbooks in memory. A published version never changes, so what was read once is kept.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};

use leadline_core::ids::PlaybookVersion;
use leadline_core::lead::Lead;
use leadline_core::playbook::{Playbook, Versions};
use leadline_store::{Table, playbooks};

use crate::follow_up::HandleError;

/// Versions read so far. A clone is the same shelf.
#[derive(Debug, Clone, Default)]
pub struct Shelf {
    kept: Arc<Mutex<BTreeMap<PlaybookVersion, Arc<Playbook>>>>,
}

/// More versions than a function ever needs at once.
const ROOM: usize = 16;

impl Shelf {
    /// The version in force. Which one that is, is asked each time, so that a publish counts from the next lead on.
    pub async fn active<T: Table>(&self, table: &T) -> Result<(PlaybookVersion, Arc<Playbook>), HandleError> {
        let version = playbooks::active(table).await?;
        Ok((version, self.version(table, version).await?))
    }

    /// A certain version.
    pub async fn version<T: Table>(
        &self,
        table: &T,
        version: PlaybookVersion,
    ) -> Result<Arc<Playbook>, HandleError> {
        if let Some(kept) = self.lock().get(&version) {
            return Ok(Arc::clone(kept));
        }
        let playbook = if version == PlaybookVersion(0) {
            Playbook::bundled()
        } else {
            let text = playbooks::text(table, version).await?.ok_or(HandleError::Playbook(version.0))?;
            Playbook::published(&text).map_err(|_| HandleError::Playbook(version.0))?
        };
        let playbook = Arc::new(playbook);
        let mut kept = self.lock();
        if kept.len() >= ROOM {
            kept.pop_first();
        }
        kept.insert(version, Arc::clone(&playbook));
        Ok(playbook)
    }

    /// The versions that the clocks of a lead were started with, and keep.
    pub async fn of_clocks<T: Table>(&self, table: &T, lead: &Lead) -> Result<Versions, HandleError> {
        let mut versions = Versions::new();
        for clock in &lead.clocks {
            if let Entry::Vacant(place) = versions.entry(clock.playbook) {
                place.insert(self.version(table, clock.playbook).await?);
            }
        }
        Ok(versions)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<PlaybookVersion, Arc<Playbook>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
