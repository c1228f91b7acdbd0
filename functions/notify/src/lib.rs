//! Notify: tells people and systems what is owed, and confirms it in the row. What does not get through at once goes
//! on in a delivery row with its own retries; ids never change over attempts.

mod deliver;
mod events;
mod retry;

use std::collections::BTreeSet;

use jiff::SignedDuration;
use leadline_core::ids::{DeliveryId, LeadId};
use leadline_core::lead::{Actor, Effect, Lead};
use leadline_core::notification::channels_for;
use leadline_core::plant::Plant;
use leadline_core::playbook::Playbook;
use leadline_core::seal::Seal;
use leadline_runtime::batch::Concurrency;
use leadline_runtime::fail_point::{self, Place};
use leadline_runtime::follow_up::{HandleError, Tries, after_commit, load_with_active, step};
use leadline_runtime::ports::Courier;
use leadline_runtime::shelf::Shelf;
use leadline_runtime::wake::WakeUp;
use leadline_store::deliveries::{self, Delivery};
use leadline_store::leads;

use deliver::{Outcome, deliver};

/// Leads do not get into each other's way here.
pub const CONCURRENCY: Concurrency = Concurrency::AtOnce(10);

/// What the function keeps between messages.
#[derive(Debug)]
pub struct Notify {
    /// Links and keyed hashes.
    pub seal: Seal,
    /// Playbooks.
    pub shelf: Shelf,
    /// Where our own API is, for links; no slash at the end.
    pub public_url: String,
}

/// After so long in one round, what has been told is confirmed before anything else is.
const ENOUGH: SignedDuration = SignedDuration::from_secs(2);

/// Handles one wake-up: a lead that owes something, or a delivery whose next try has come.
pub async fn handle<P: Courier>(notify: &Notify, ports: &P, wake_up: &WakeUp) -> Result<(), HandleError> {
    if let Ok(delivery_id) = DeliveryId::parse(&wake_up.id) {
        return retry::retry(notify, ports, &delivery_id).await;
    }
    let lead_id = LeadId::parse(&wake_up.id).map_err(|_| HandleError::Malformed)?;
    let mut done: BTreeSet<String> = BTreeSet::new();
    let mut tries = Tries::default();
    loop {
        let (lead, version) = load_with_active(ports, &lead_id).await?;
        if lead.in_pipeline() || !lead.owes_delivery() {
            return Ok(());
        }
        let playbook = notify.shelf.version(ports.table(), version).await?;
        let began = ports.now();
        for effect in lead.effects.iter().filter(|e| !done.contains(&e.id)).cloned().collect::<Vec<_>>() {
            if !Plant::ConfirmBeforeSend.is_on() {
                tell(notify, ports, &playbook, &lead, &effect).await?;
                fail_point::pass(Place::AfterTelling);
            }
            done.insert(effect.id);
            if ports.now().duration_since(began) > ENOUGH {
                // Slow receivers: confirm what has been told before the function's time is over, then go on.
                break;
            }
        }
        let published = events::publish(ports, &lead).await?;
        let told: Vec<String> =
            lead.effects.iter().map(|e| e.id.clone()).filter(|id| done.contains(id)).collect();
        if told.is_empty() && published == lead.published {
            // The bus takes nothing now; the watchdog tries again.
            return Ok(());
        }
        let after = if told.is_empty() {
            lead.published_up_to(published)
        } else {
            lead.notified(&told, published, &step(ports, Actor::system("notify")))?
        };
        fail_point::pass(Place::BeforeCommit);
        let outcome = if told.is_empty() {
            leads::amend(ports.table(), &after).await
        } else {
            leads::commit(ports.table(), Some(&lead), &after, Vec::new()).await
        };
        match outcome {
            Ok(()) => {
                tracing::info!(lead.id = %lead_id, lead.version = after.version, told = told.len(), published, "notified");
                after_commit(ports, Some(&lead), &after).await;
                for effect in lead.effects.iter().filter(|_| Plant::ConfirmBeforeSend.is_on()) {
                    tell(notify, ports, &playbook, &lead, effect).await?;
                }
                // What somebody else adds from here on comes with a wake-up of its own.
                if !after.owes_delivery() {
                    return Ok(());
                }
            }
            // What has been told is remembered over tries, so that a race does not tell it twice.
            Err(error) => tries.again(ports, error).await?,
        }
    }
}

/// Sends an effect over every channel it has. A channel that fails gets a delivery row, which is durable before the
/// effect counts as told.
async fn tell<P: Courier>(
    notify: &Notify,
    ports: &P,
    playbook: &Playbook,
    lead: &Lead,
    effect: &Effect,
) -> Result<(), HandleError> {
    // All channels at once: a slow one does not keep the others waiting.
    let targets = channels_for(&playbook.doc().notifications, &effect.kind);
    let tries = targets.iter().map(|target| deliver(notify, ports, playbook, lead, effect, target));
    let outcomes = futures_util::future::join_all(tries).await;
    for (target, outcome) in targets.iter().zip(outcomes) {
        if let Outcome::Failed { wait_s } = outcome? {
            let delivery =
                Delivery::after_first_failure(&lead.lead_id, effect, target.name(), ports.now(), wait_s);
            let mut tries = Tries::default();
            // Somebody may be at work on the lead's row, which is looked at in the same transaction.
            while let Err(error) = deliveries::start(ports.table(), &delivery).await {
                tries.again(ports, error).await?;
            }
            retry::arm(ports, &delivery).await;
        }
    }
    Ok(())
}
