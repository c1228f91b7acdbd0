//! The sweep: everything that is due, and a timer for everything that will be before the next sweep is sure to have
//! come. Level-triggered: it looks at what is due now, never at what became due since last time.

use futures_util::StreamExt;
use jiff::{SignedDuration, Timestamp};
use leadline_core::plant::Plant;
use leadline_runtime::follow_up::{ARM_WITHIN_S, HandleError, timer};
use leadline_runtime::ports::Ports;
use leadline_runtime::shelf::Shelf;
use leadline_runtime::wake::WakeUp;
use leadline_store::Table;
use leadline_store::due::{self, SHARDS};

use crate::due::settle;
use crate::lateness::Lateness;

/// What a sweep did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Rows that were due.
    pub due: usize,
    /// Rows of those that could not be settled; the next sweep finds them again.
    pub failed: usize,
    /// Timers that were armed.
    pub armed: usize,
    /// Whether everything was looked at; a sweep that runs out of time leaves the rest to the next.
    pub complete: bool,
}

const PAGE: u32 = 100;
const AT_ONCE: usize = 8;

/// Sweeps all shards until everything has been looked at or `until` has come.
///
/// # Errors
/// [`HandleError`] when nothing could be read: then this was no sweep, and the run has to count as failed, or no alarm
/// would tell. A single shard is left to the next sweep.
pub async fn sweep<P: Ports>(
    shelf: &Shelf,
    ports: &P,
    until: Timestamp,
    lateness: &Lateness,
) -> Result<Swept, HandleError> {
    let mut swept = Swept { complete: true, ..Swept::default() };
    let (mut pages, mut unread) = (0_usize, None);
    // Another shard goes first each minute, so that a sweep that runs out of time does not always leave the same one.
    let first =
        u8::try_from(ports.now().as_second().div_euclid(60).rem_euclid(i64::from(SHARDS))).unwrap_or(0);
    for shard in (0..SHARDS).map(|i| (i + first) % SHARDS) {
        let mut start = None;
        loop {
            let now = ports.now();
            if now >= until {
                swept.complete = false;
                break;
            }
            let horizon = now + SignedDuration::from_secs(ARM_WITHIN_S);
            let page = match ports.table().query(due::query(shard, horizon, PAGE, start)).await {
                Ok(page) => page,
                Err(error) => {
                    tracing::warn!(shard, detail = %error, "shard not read; the next sweep reads it");
                    swept.complete = false;
                    unread = Some(error);
                    break;
                }
            };
            pages += 1;
            let rows: Vec<(i64, String)> = page.items.iter().filter_map(due::entry).collect();
            let now_ms = now.as_millisecond();
            let recent = |row: &(i64, String)| row.0 > now_ms - 60_000 || !Plant::SweepSinceLastRun.is_on();
            let rows: Vec<(i64, String)> = rows.into_iter().filter(recent).collect();
            let (due, ahead): (Vec<_>, Vec<_>) = rows.into_iter().partition(|(due_ms, _)| *due_ms <= now_ms);
            swept.due += due.len();
            let results: Vec<bool> = futures_util::stream::iter(due)
                .map(|(_, id)| async move {
                    match settle(shelf, ports, &id, lateness).await {
                        Ok(()) => true,
                        Err(error) => {
                            tracing::warn!(row.id = id, error = error.name(), detail = %error, "not settled; the next sweep finds it");
                            false
                        }
                    }
                })
                .buffer_unordered(AT_ONCE)
                .collect()
                .await;
            swept.failed += results.iter().filter(|ok| !**ok).count();
            swept.armed += arm(ports, ahead, now).await;
            start = page.next;
            if start.is_none() {
                break;
            }
        }
    }
    tracing::info!(
        due = swept.due,
        failed = swept.failed,
        armed = swept.armed,
        complete = swept.complete,
        "swept"
    );
    match unread {
        Some(error) if pages == 0 => Err(error.into()),
        _ => Ok(swept),
    }
}

async fn arm<P: Ports>(ports: &P, ahead: Vec<(i64, String)>, now: Timestamp) -> usize {
    let timers: Vec<WakeUp> = ahead
        .into_iter()
        .filter_map(|(due_ms, id)| timer(&id, 0, Timestamp::from_millisecond(due_ms).ok()?, now))
        .collect();
    let wanted = timers.len();
    if timers.is_empty() { 0 } else { wanted - ports.wake(timers).await.len() }
}
