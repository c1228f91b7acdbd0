//! Deliveries that did not get through at once.

use leadline_core::ids::DeliveryId;
use leadline_core::lead::Stage;
use leadline_core::notification::Target;
use leadline_runtime::fail_point::{self, Place};
use leadline_runtime::follow_up::{HandleError, timer};
use leadline_runtime::ports::Courier;
use leadline_store::CommitError;
use leadline_store::deliveries::{self, Delivery, DeliveryState};
use leadline_store::leads;

use crate::Notify;
use crate::deliver::{Outcome, deliver};

/// Arms the timer of a delivery's next try, if that is near; the sweep finds later ones.
pub(crate) async fn arm<P: Courier>(ports: &P, delivery: &Delivery) {
    let next = delivery
        .next_at
        .and_then(|at| timer(delivery.delivery_id.as_str(), delivery.version, at, ports.now()));
    if let Some(next) = next {
        // Not sent? The sweep finds the row.
        ports.wake(vec![next]).await;
    }
}

/// Tries a delivery again, if its time has come.
pub(crate) async fn retry<P: Courier>(
    notify: &Notify,
    ports: &P,
    delivery_id: &DeliveryId,
) -> Result<(), HandleError> {
    // Its timer is armed after it is durable: what is not there is erased, or forgotten since it was over.
    let Some(delivery) = deliveries::load(ports.table(), delivery_id).await? else { return Ok(()) };
    let is_due = delivery.next_at.is_some_and(|at| at <= ports.now());
    if delivery.state != DeliveryState::Pending || !is_due {
        return Ok(());
    }
    let lead = leads::load(ports.table(), &delivery.lead_id).await?.filter(|l| l.stage != Stage::Erased);
    let target = Target::parse(&delivery.channel);
    let (_, playbook) = notify.shelf.active(ports.table()).await?;
    let outcome = match (&lead, &target) {
        (Some(lead), Some(target)) => {
            deliver(notify, ports, &playbook, lead, &delivery.effect, target).await?
        }
        _ => Outcome::Beside,
    };
    fail_point::pass(Place::AfterTelling);
    let next = match outcome {
        Outcome::Delivered => delivery.over(DeliveryState::Done, ports.now()),
        Outcome::Beside => delivery.over(DeliveryState::Dropped, ports.now()),
        Outcome::Failed { wait_s } => delivery.failed(ports.now(), wait_s),
    };
    if next.state == DeliveryState::Dead {
        tracing::error!(delivery.id = %delivery_id, lead.id = %delivery.lead_id, alarm = "delivery_dead", "given up after the last try");
    }
    match deliveries::advance(ports.table(), &next).await {
        Ok(()) => arm(ports, &next).await,
        // Another worker was faster; its result counts.
        Err(CommitError::LeadChanged) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(())
}
