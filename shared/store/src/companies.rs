//! What the leads of one company know of each other: which of them sales has, and who was given the latest. Written in
//! the transaction of each offer, on condition that it stands as it was read, so that two leads on their way at once
//! cannot miss each other. It holds ids only, under a keyed hash.

use jiff::{SignedDuration, Timestamp};
use leadline_core::ids::{CompanyKey, LeadId, RepId};
use serde::{Deserialize, Serialize};

use crate::leads::ReadError;
use crate::rows::{Corrupt, from_item, number, to_item};
use crate::table::{Condition, Consistency, Key, Table, Write};

/// After so long without another offer nothing is known any more: 400 days.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24 * 400);

/// So many of a company's open leads are remembered; whoever had more of them would have one owner long since.
const MOST_LEADS: usize = 5;

/// The row of a company.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompanyClaim {
    /// Goes up by one with every write.
    pub version: u64,
    /// The leads that were offered to somebody, the latest first.
    pub leads: Vec<LeadId>,
    /// Who was given the latest; none when its person was erased.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rep_id: Option<RepId>,
    /// When that was.
    pub at: Timestamp,
    /// Seconds since the epoch after which the table may forget it.
    pub expires_at: i64,
}

fn key(company: &CompanyKey) -> Key {
    Key::new(format!("ACCT#{company}"), "ACCT")
}

/// Reads the row of a company.
pub async fn claim<T: Table>(table: &T, company: &CompanyKey) -> Result<Option<CompanyClaim>, ReadError> {
    let item = table.get(&key(company), Consistency::Strong).await?;
    Ok(item.map(from_item).transpose()?)
}

impl CompanyClaim {
    /// After one more offer. Of the leads before only those are kept that sales still has.
    pub fn with_offer<'l>(
        seen: Option<&CompanyClaim>,
        held: impl Iterator<Item = &'l LeadId>,
        lead_id: &LeadId,
        rep_id: &RepId,
        at: Timestamp,
    ) -> Self {
        let others = held.filter(|id| *id != lead_id).cloned();
        Self {
            version: seen.map_or(0, |s| s.version) + 1,
            leads: std::iter::once(lead_id.clone()).chain(others).take(MOST_LEADS).collect(),
            rep_id: Some(rep_id.clone()),
            at,
            expires_at: (at + REMEMBERED).as_second(),
        }
    }

    /// Without a lead whose person was erased; `None` when it does not name the lead.
    pub fn without(&self, lead_id: &LeadId) -> Option<Self> {
        let latest = self.leads.first() == Some(lead_id);
        let leads: Vec<LeadId> = self.leads.iter().filter(|id| *id != lead_id).cloned().collect();
        (leads.len() < self.leads.len()).then(|| Self {
            version: self.version + 1,
            leads,
            rep_id: self.rep_id.clone().filter(|_| !latest),
            ..self.clone()
        })
    }
}

/// The write of a company's next row, if it stands as it was read.
pub fn put(company: &CompanyKey, next: &CompanyClaim) -> Result<Write, Corrupt> {
    let only_if = match next.version {
        1 => Condition::Absent,
        version => Condition::Equals("version", number(version - 1)),
    };
    Ok(Write::Put { item: to_item(key(company), next)?, only_if: Some(only_if) })
}
