//! What follows a commit: the wake-ups it owes and the timer it arms; and how a handler deals with races.

use jiff::Timestamp;
use leadline_core::ids::{AttemptId, LeadId, PlaybookVersion};
use leadline_core::lead::{Actor, Hop as Owed, IllegalMove, Lead, Step};
use leadline_core::plant::Plant;
use leadline_core::routing::RepState;
use leadline_store::{CommitError, ReadError, TableError, due, leads, playbooks};

use crate::fail_point::{self, Place};
use crate::ports::Ports;
use crate::wake::{Hop, WakeUp};

/// A deadline nearer than this gets a timer message; the sweep, which looks as far ahead, arms all later ones.
pub const ARM_WITHIN_S: i64 = 150;

/// How far behind a run that is under way the next one for the same lead is sent, in seconds.
const BEHIND_S: u16 = 2;

/// How often a handler loads and decides again after somebody else was faster. Of a crowd that is after one row, one gets
/// through at a time; all pauses together take three seconds at most, of the ten that a function has behind the API.
pub const TRIES: u32 = 16;

/// Why a handler did not finish. The message is delivered again, and the row's watchdog does not forget it either.
#[derive(Debug, thiserror::Error)]
pub enum HandleError {
    /// The table did not answer, or too many others were faster.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// A row that must exist is not there (yet).
    #[error("no such row")]
    Missing,
    /// The move is not in the table of transitions: a bug in a handler.
    #[error(transparent)]
    Illegal(#[from] IllegalMove),
    /// The playbook version a lead was decided with cannot be had.
    #[error("playbook version {0} cannot be read")]
    Playbook(u32),
    /// A deadline cannot be computed from the playbook.
    #[error(transparent)]
    Calendar(#[from] leadline_core::calendar::CalendarError),
    /// A message that is not one of ours.
    #[error("not a wake-up of ours")]
    Malformed,
}

impl From<ReadError> for HandleError {
    fn from(error: ReadError) -> Self {
        HandleError::Commit(error.into())
    }
}

impl From<TableError> for HandleError {
    fn from(error: TableError) -> Self {
        HandleError::Commit(error.into())
    }
}

impl From<leadline_store::rows::Corrupt> for HandleError {
    fn from(error: leadline_store::rows::Corrupt) -> Self {
        HandleError::Commit(CommitError::Corrupt(error))
    }
}

impl HandleError {
    /// A stable name for logs and metrics.
    pub fn name(&self) -> &'static str {
        match self {
            HandleError::Commit(CommitError::Corrupt(_)) => "corrupt_row",
            HandleError::Commit(CommitError::Table(TableError::Refused(_))) => "table_refused",
            HandleError::Commit(CommitError::Table(_)) => "table_unavailable",
            HandleError::Commit(_) => "too_many_races",
            HandleError::Missing => "row_missing",
            HandleError::Illegal(_) => "illegal_move",
            HandleError::Playbook(_) => "playbook_missing",
            HandleError::Calendar(_) => "calendar",
            HandleError::Malformed => "malformed_message",
        }
    }
}

/// The tries of one handler: a fresh step for each, and a pause with jitter between.
#[derive(Debug)]
pub struct Tries {
    left: u32,
}

impl Default for Tries {
    fn default() -> Self {
        Self { left: TRIES }
    }
}

impl Tries {
    /// Decides over a commit that failed: `Ok` after a pause when the handler shall load and decide again.
    pub async fn again<P: Ports>(&mut self, ports: &P, error: CommitError) -> Result<(), HandleError> {
        if !error.is_race() || self.left == 0 {
            return Err(error.into());
        }
        let round = TRIES - self.left;
        self.left -= 1;
        ports.pause(pause_ms(round, ports.random()[0])).await;
        Ok(())
    }
}

/// The pause after the `round`-th race that was lost, from 0, in milliseconds: anywhere in a window that doubles from 8 to
/// 256 ms, which spreads a crowd until few enough try at a time ("full jitter" of the AWS Architecture Blog, "Exponential
/// Backoff and Jitter").
fn pause_ms(round: u32, jitter: u8) -> u64 {
    let window = 8 << round.min(5);
    (window * (u64::from(jitter) + 1)).div_ceil(256)
}

/// A fresh step: this instant, this function, a new attempt.
pub fn step<P: Ports>(ports: &P, actor: Actor) -> Step {
    Step { at: ports.now(), actor, attempt: AttemptId::from_bits(ports.random()) }
}

/// Loads the lead that a message is about.
pub async fn load<P: Ports>(ports: &P, lead_id: &LeadId) -> Result<Lead, HandleError> {
    leads::load(ports.table(), lead_id).await?.ok_or(HandleError::Missing)
}

/// The same with the version of the playbook that is in force, in one request.
pub async fn load_with_active<P: Ports>(
    ports: &P,
    lead_id: &LeadId,
) -> Result<(Lead, PlaybookVersion), HandleError> {
    let (lead, version) = playbooks::active_with_lead(ports.table(), lead_id).await?;
    Ok((lead.ok_or(HandleError::Missing)?, version))
}

/// Sends what a commit newly owes: the functions that have something to do now and had not before, and a timer for a
/// deadline that is near and has changed. What is not sent, or gets lost, the sweep finds.
pub async fn after_commit<P: Ports>(ports: &P, before: Option<&Lead>, after: &Lead) {
    after_commit_with(ports, before, after, None).await;
}

/// The same after a commit that gave the lead to a rep. If something is near for him, such as the beginning of an absence,
/// that is armed as well: whoever was to do so may have died, and the offer would stay with somebody who is gone.
pub async fn after_offer<P: Ports>(ports: &P, before: &Lead, after: &Lead, rep: &RepState) {
    after_commit_with(ports, Some(before), after, rep_timer(rep, ports.now())).await;
}

async fn after_commit_with<P: Ports>(ports: &P, before: Option<&Lead>, after: &Lead, beside: Option<WakeUp>) {
    fail_point::pass(Place::AfterCommit);
    let had = before.map(Lead::wake_ups).unwrap_or_default();
    let told = |id: &str| before.is_some_and(|b| b.effects.iter().any(|e| e.id == id));
    let news = after.effects.iter().any(|e| !told(&e.id));
    let mut wake_ups: Vec<WakeUp> = after
        .wake_ups()
        .into_iter()
        .filter(|hop| !had.contains(hop) || (*hop == Owed::Notify && news))
        .map(|hop| {
            // The run that is under way may tell the news as well; a second one beside it would tell them twice.
            let delay_s = if had.contains(&hop) { BEHIND_S } else { 0 };
            WakeUp { delay_s, ..wake_up(after, hop) }
        })
        .collect();
    if let Some(due) = to_arm(before, after).filter(|_| !Plant::EarlierUnarmed.is_on()) {
        wake_ups.extend(timer(after.lead_id.as_str(), after.version, due, ports.now()));
    }
    wake_ups.extend(beside);
    send(ports, wake_ups).await;
    fail_point::pass(Place::AfterSend);
}

/// The deadline that a commit arms: the row's next one where the commit has changed that, or else the next of those that
/// it has added. They may stand behind one that has passed without anybody seeing it, where no sweep looks for them.
fn to_arm(before: Option<&Lead>, after: &Lead) -> Option<Timestamp> {
    let next = after.exact_due_at();
    if before.and_then(Lead::exact_due_at) != next {
        return next;
    }
    let added = |at: &Timestamp| before.is_none_or(|b| b.exact_timers().all(|had| had != *at));
    after.exact_timers().filter(added).min()
}

/// Sends every wake-up that a row owes once more.
pub async fn send_again<P: Ports>(ports: &P, lead: &Lead) {
    let wake_ups = lead.wake_ups().into_iter().map(|hop| wake_up(lead, hop)).collect();
    send(ports, wake_ups).await;
}

async fn send<P: Ports>(ports: &P, wake_ups: Vec<WakeUp>) {
    if wake_ups.is_empty() {
        return;
    }
    let failed = ports.wake(wake_ups).await;
    if !failed.is_empty() {
        tracing::warn!(
            wake_ups.failed = failed.len(),
            "wake-ups not accepted; the sweep will send them again"
        );
    }
}

fn wake_up(lead: &Lead, hop: Owed) -> WakeUp {
    let hop = match hop {
        Owed::Enrich => Hop::Enrich,
        Owed::Score => Hop::Score,
        Owed::Route => Hop::Route,
        Owed::Notify => Hop::Notify,
    };
    WakeUp { v: 1, hop, id: lead.lead_id.to_string(), version: lead.version, due_ms: None, delay_s: 0 }
}

/// The timer message of a rep's row, if whatever is next for the rep is near enough to be armed.
pub fn rep_timer(rep: &RepState, now: Timestamp) -> Option<WakeUp> {
    timer(&due::name_of_rep(&rep.rep_id), rep.version, rep.next_at?, now)
}

/// The timer message for a due time, if it is near enough to be armed. Its delay is rounded up, so that it does not
/// come early.
pub fn timer(id: &str, version: u64, due: Timestamp, now: Timestamp) -> Option<WakeUp> {
    let ahead_ms = due.as_millisecond() - now.as_millisecond();
    if ahead_ms > ARM_WITHIN_S * 1_000 {
        return None;
    }
    let delay_s = u16::try_from((ahead_ms.max(0) + 999) / 1_000).unwrap_or(900);
    let due_ms = Some(due.as_millisecond());
    Some(WakeUp { v: 1, hop: Hop::Timer, id: id.to_owned(), version, due_ms, delay_s })
}

#[cfg(test)]
mod tests {
    use std::cmp::Reverse;
    use std::collections::BinaryHeap;

    use super::*;

    #[test]
    fn pauses_grow_and_end_well_before_the_door_closes() {
        let longest: Vec<u64> = (0..TRIES).map(|round| pause_ms(round, u8::MAX)).collect();
        assert_eq!(longest[..7], [8, 16, 32, 64, 128, 256, 256]);
        assert!(longest.iter().sum::<u64>() <= 3_500);
        assert!((0..TRIES).all(|round| pause_ms(round, 0) >= 1));
    }

    /// How many of a crowd run out of tries, if the table deals with one request at a time and takes `each_ms` for it. A
    /// try is a read and a write, and the write counts if nobody else's came between.
    fn left_over(crowd: u32, each_ms: u64, seed: u64) -> usize {
        let mut state = seed;
        let mut jitter = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        };
        let (mut version, mut free, mut left_over) = (0, 0, 0);
        // When, who, after how many races; the version that was read, for a write.
        let mut queue: BinaryHeap<_> = (0..crowd).map(|who| Reverse((0, who, 0, None))).collect();
        while let Some(Reverse((at, who, round, read))) = queue.pop() {
            free = at.max(free) + each_ms;
            match read {
                None => queue.push(Reverse((free, who, round, Some(version)))),
                Some(seen) if seen == version => version += 1,
                Some(_) if round == TRIES => left_over += 1,
                Some(_) => {
                    queue.push(Reverse((free + pause_ms(round, jitter()), who, round + 1, None)));
                }
            }
        }
        left_over
    }

    #[test]
    fn everybody_of_a_crowd_gets_through_to_one_row_on_a_slow_table() {
        for (crowd, each_ms) in [(2, 40), (20, 20), (40, 5)] {
            for seed in 0..200 {
                assert_eq!(left_over(crowd, each_ms, seed), 0, "{crowd} at {each_ms} ms, seed {seed}");
            }
        }
    }
}
