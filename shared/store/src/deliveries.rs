//! Deliveries: one notification on one channel that did not get through at once, with its own retries.

use jiff::{SignedDuration, Timestamp};
use leadline_core::ids::{DeliveryId, LeadId};
use leadline_core::lead::Effect;
use serde::{Deserialize, Serialize};

use crate::due;
use crate::leads::{self, CommitError, ReadError};
use crate::rows::{Corrupt, from_item, number, to_item};
use crate::table::{AttributeValue, Condition, Consistency, Item, Key, Table, TableError, Write};

/// How a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Still to be tried.
    Pending,
    /// Got through.
    Done,
    /// Beside the point: the offer has moved on, or the lead is gone.
    Dropped,
    /// Given up after the last try; an operator has to look.
    Dead,
}

/// One delivery.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// Stable: derived from the effect and the channel.
    pub delivery_id: DeliveryId,
    /// The lead.
    pub lead_id: LeadId,
    /// The notification.
    pub effect: Effect,
    /// The channel's name.
    pub channel: String,
    /// Goes up by one with every write.
    pub version: u64,
    /// How it stands.
    pub state: DeliveryState,
    /// Tries so far.
    pub attempts: u32,
    /// When it is tried next.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next_at: Option<Timestamp>,
    /// Seconds since the epoch after which the table may forget it, once it is over.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expires_at: Option<i64>,
}

/// Seconds between tries: the schedule of the Standard Webhooks specification, 75.5 hours in all.
const SCHEDULE: [i64; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];

impl Delivery {
    /// A delivery whose first try has just failed.
    pub fn after_first_failure(
        lead_id: &LeadId,
        effect: &Effect,
        channel: &str,
        now: Timestamp,
        wait_s: Option<u32>,
    ) -> Self {
        let fresh = Self {
            delivery_id: effect.delivery_id(channel),
            lead_id: lead_id.clone(),
            effect: effect.clone(),
            channel: channel.to_owned(),
            version: 0,
            state: DeliveryState::Pending,
            attempts: 0,
            next_at: None,
            expires_at: None,
        };
        fresh.failed(now, wait_s)
    }

    /// After one more failed try. `wait_s` is what the receiver asked for; it can only lengthen the pause.
    pub fn failed(&self, now: Timestamp, wait_s: Option<u32>) -> Self {
        let pause = SCHEDULE.get(self.attempts as usize).copied();
        let pause = pause.map(|s| s.max(wait_s.map_or(0, i64::from).min(86_400)));
        let next_at = pause.map(|s| now + SignedDuration::from_secs(s));
        let state = if next_at.is_some() { DeliveryState::Pending } else { DeliveryState::Dead };
        Self { version: self.version + 1, attempts: self.attempts + 1, state, next_at, ..self.clone() }
    }

    /// Over, one way or the other; forgotten after thirty days.
    pub fn over(&self, state: DeliveryState, now: Timestamp) -> Self {
        let expires_at = Some(now.as_second() + 30 * 86_400);
        Self { version: self.version + 1, state, next_at: None, expires_at, ..self.clone() }
    }
}

fn key(delivery_id: &DeliveryId) -> Key {
    Key::new(format!("DLV#{delivery_id}"), "DLV")
}

fn item(delivery: &Delivery) -> Result<Item, Corrupt> {
    let mut item = to_item(key(&delivery.delivery_id), delivery)?;
    for (name, value) in due::keys(delivery.delivery_id.as_str(), delivery.next_at) {
        item.insert(name.to_owned(), AttributeValue::S(value));
    }
    Ok(item)
}

/// Reads a delivery.
pub async fn load<T: Table>(table: &T, delivery_id: &DeliveryId) -> Result<Option<Delivery>, ReadError> {
    let item = table.get(&key(delivery_id), Consistency::Strong).await?;
    Ok(item.map(from_item).transpose()?)
}

/// Leads from a lead to one of its deliveries.
#[derive(Debug, Serialize, Deserialize)]
struct Pointer {
    delivery_id: DeliveryId,
}

/// Starts a delivery's own retries, unless it has them already: then those go on. For a lead that is erased meanwhile
/// nothing is started.
pub async fn start<T: Table>(table: &T, delivery: &Delivery) -> Result<(), CommitError> {
    let beside = leads::beside(&delivery.lead_id, &format!("{BESIDE}{}", delivery.delivery_id));
    let pointer = Pointer { delivery_id: delivery.delivery_id.clone() };
    let writes = vec![
        Write::Put { item: item(delivery)?, only_if: Some(Condition::Absent) },
        Write::Put { item: to_item(beside, &pointer)?, only_if: None },
        leads::unless_erased(&delivery.lead_id),
    ];
    match table.transact(writes).await {
        Ok(()) | Err(TableError::ConditionFailed { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Begins the sort keys of what leads from a lead to its deliveries.
pub(crate) const BESIDE: &str = "DLV#";

/// The delivery that stands under a sort key beside a lead.
pub(crate) fn named_by(sk: &str) -> Option<Key> {
    DeliveryId::parse(sk.strip_prefix(BESIDE)?).ok().map(|id| key(&id))
}

/// The deliveries of a lead that had to be tried again, as far as the table has not forgotten them.
pub async fn of_lead<T: Table>(table: &T, lead_id: &LeadId) -> Result<Vec<Delivery>, ReadError> {
    let pointers: Vec<Pointer> = leads::all(table, lead_id, BESIDE).await?;
    let keys: Vec<Key> = pointers.iter().map(|p| key(&p.delivery_id)).collect();
    let items = if keys.is_empty() { Vec::new() } else { table.get_many(&keys).await? };
    let mut found = items.into_iter().map(from_item).collect::<Result<Vec<Delivery>, _>>()?;
    found.sort_by(|a, b| a.delivery_id.cmp(&b.delivery_id));
    Ok(found)
}

/// Writes a delivery's next state, if nobody came between.
pub async fn advance<T: Table>(table: &T, next: &Delivery) -> Result<(), CommitError> {
    let only_if = Some(Condition::Equals("version", number(next.version - 1)));
    match table.write(Write::Put { item: item(next)?, only_if }).await {
        Ok(()) => Ok(()),
        Err(TableError::ConditionFailed { .. }) => Err(CommitError::LeadChanged),
        Err(error) => Err(error.into()),
    }
}
