//! What is due for one lead, one transition after the other, until nothing is.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use leadline_core::ids::{DeliveryId, ErasureId, LeadId, SubmissionId};
use leadline_core::lead::{
    Actor, AnswerError, Forgetting, Lead, MAX_REDRIVES, Move, ParkReason, Stage, Step,
};
use leadline_core::plant::Plant;
use leadline_core::sla::{Clock, ClockKind, Due, StepAction};
use leadline_runtime::assignment::{Credit, Found, InForce, find, find_fallback, release, started_with};
use leadline_runtime::erasure::carry_out;
use leadline_runtime::fail_point::{self, Place};
use leadline_runtime::follow_up::{
    HandleError, Tries, after_commit, after_offer, load, send_again, step, timer,
};
use leadline_runtime::ports::Ports;
use leadline_runtime::room::drain_parked;
use leadline_runtime::shelf::Shelf;
use leadline_runtime::wake::{Hop, WakeUp};
use leadline_store::leads;
use leadline_store::records::{self, Record, RecordKind};
use leadline_store::{CommitError, Table as _, Write, claims, due, submissions};

use crate::lateness::Lateness;
use crate::rep::settle_rep;

/// Handles one timer message.
pub async fn handle<P: Ports>(
    shelf: &Shelf,
    ports: &P,
    wake_up: &WakeUp,
    lateness: &Lateness,
) -> Result<(), HandleError> {
    if let Some(due_ms) = wake_up.due_ms {
        let due = Timestamp::from_millisecond(due_ms).map_err(|_| HandleError::Malformed)?;
        let now = ports.now();
        if due > now {
            // Early: a queue's clock and ours differ. Back in line for the rest of the time.
            if let Some(rest) = timer(&wake_up.id, wake_up.version, due, now) {
                let failed = ports.wake(vec![rest]).await;
                return if failed.is_empty() { Ok(()) } else { Err(HandleError::Missing) };
            }
            return Ok(());
        }
    }
    settle(shelf, ports, &wake_up.id, lateness).await
}

/// Brings whatever is behind an id up to date: a lead, a delivery that is to be tried again, an erasure, or a rep.
pub async fn settle<P: Ports>(
    shelf: &Shelf,
    ports: &P,
    id: &str,
    lateness: &Lateness,
) -> Result<(), HandleError> {
    if let Ok(lead_id) = LeadId::parse(id) {
        settle_lead(shelf, ports, &lead_id, lateness).await
    } else if DeliveryId::parse(id).is_ok() {
        wake(ports, Hop::Notify, id, 0).await;
        Ok(())
    } else if let Ok(erasure_id) = ErasureId::parse(id) {
        carry_out(shelf, ports, &erasure_id, ports.now() + ERASING).await.map(|_| ())
    } else if let Some(rep_id) = due::rep_of(id) {
        settle_rep(shelf, ports, &rep_id).await
    } else {
        Err(HandleError::Malformed)
    }
}

/// How long one run works on one erasure; the next goes on with it.
const ERASING: SignedDuration = SignedDuration::from_secs(20);

async fn wake<P: Ports>(ports: &P, hop: Hop, id: &str, version: u64) {
    let wake_up = WakeUp { v: 1, hop, id: id.to_owned(), version, due_ms: None, delay_s: 0 };
    if !ports.wake(vec![wake_up]).await.is_empty() {
        tracing::warn!(row.id = id, hop = hop.name(), "wake-up not accepted; the next sweep sends it again");
    }
}

/// One thing that is due.
enum Task {
    /// An entry of a clock's schedule.
    Clock(ClockKind),
    /// A pause is over.
    Resume,
    /// A recycled lead comes back.
    Wake,
    /// A lead in nurturing is scored again.
    Review,
    /// Marketing is asked again to look at a lead.
    AskAgain,
    /// A parked lead is looked at again.
    Route,
    /// A lead that was stuck is tried again after a day without a person's help.
    Unstick,
    /// What is owed is sent again.
    Redrive,
    /// A provider is asked again.
    Lookup,
    /// The answers of a submission have been kept for long enough.
    Forget,
}

/// The first thing that is due. Deadlines come before watchdogs, in the order of their time.
fn first_due(lead: &Lead, now: Timestamp) -> Option<Task> {
    let clock = lead
        .clocks
        .iter()
        .filter_map(|c| Some((c.next_at.filter(|at| *at <= now)?, c.kind)))
        .min()
        .map(|(_, kind)| Task::Clock(kind));
    let past = |at: Option<Timestamp>| at.is_some_and(|at| at <= now);
    clock
        .or_else(|| past(lead.paused.as_ref().map(|p| p.until)).then_some(Task::Resume))
        .or_else(|| {
            past(lead.wake_at).then(|| match (&lead.parked, lead.stage) {
                (Some(parking), _) if parking.reason == ParkReason::Stuck => Task::Unstick,
                (Some(parking), _) if parking.reason == ParkReason::Review => Task::AskAgain,
                (_, Stage::Recycled) => Task::Wake,
                (_, Stage::Nurturing) => Task::Review,
                _ => Task::Route,
            })
        })
        .or_else(|| past(lead.watchdog.as_ref().map(|w| w.at)).then_some(Task::Redrive))
        .or_else(|| past(lead.forget_at).then_some(Task::Forget))
        .or_else(|| past(lead.lookup.as_ref().map(|l| l.at)).then_some(Task::Lookup))
}

async fn settle_lead<P: Ports>(
    shelf: &Shelf,
    ports: &P,
    lead_id: &LeadId,
    lateness: &Lateness,
) -> Result<(), HandleError> {
    let mut tries = Tries::default();
    let mut armed: Option<Option<Timestamp>> = None;
    loop {
        let lead = load(ports, lead_id).await?;
        // A commit arms a deadline that it changes. One that it does not change may have stood behind an earlier timer
        // of the row until now, where no sweep could see it.
        let unchanged = *armed.get_or_insert(lead.exact_due_at()) == lead.exact_due_at();
        let Some(task) = first_due(&lead, ports.now()) else {
            if unchanged && !Plant::HiddenDeadline.is_on() {
                arm(ports, &lead).await;
            }
            return Ok(());
        };
        if Plant::BatchFailureSwallowed.is_on() && matches!(task, Task::Redrive) {
            return Ok(());
        }
        let step = step(ports, Actor::system("escalate"));
        let done = match task {
            Task::Clock(kind) => {
                let taken = clock(shelf, ports, &lead, kind, &step).await;
                taken.map(|late| lateness.note(late))
            }
            Task::Resume => resume(shelf, ports, &lead, &step).await,
            Task::Wake => {
                let (_, playbook) = shelf.active(ports.table()).await?;
                let back = playbook.doc().recycling.on_date(&lead, step.at);
                commit(ports, &lead, lead.back(&back, &step)?, Vec::new()).await
            }
            Task::AskAgain => commit(ports, &lead, lead.sent_for_review(&step)?, Vec::new()).await,
            Task::Review => commit(ports, &lead, lead.review_due(&step)?, Vec::new()).await,
            Task::Unstick => commit(ports, &lead, lead.unparked(&step)?, Vec::new()).await,
            Task::Redrive => redrive(ports, &lead, &step).await,
            Task::Forget => forget(shelf, ports, &lead, &step).await,
            Task::Route => {
                wake(ports, Hop::Route, lead_id.as_str(), lead.version).await;
                return Ok(());
            }
            Task::Lookup => {
                wake(ports, Hop::Enrich, lead_id.as_str(), lead.version).await;
                if unchanged {
                    arm(ports, &lead).await;
                }
                return Ok(());
            }
        };
        match done {
            Ok(()) => {}
            Err(HandleError::Commit(error)) => tries.again(ports, error).await?,
            Err(error) => return Err(error),
        }
    }
}

/// Arms the timer of the row's next deadline, if that is near.
async fn arm<P: Ports>(ports: &P, lead: &Lead) {
    let now = ports.now();
    let ahead = lead.exact_due_at().filter(|due| *due > now);
    if let Some(next) = ahead.and_then(|due| timer(lead.lead_id.as_str(), lead.version, due, now)) {
        // Not sent? The next sweep sees it.
        ports.wake(vec![next]).await;
    }
}

pub(crate) async fn commit<P: Ports>(
    ports: &P,
    before: &Lead,
    after: Lead,
    extras: Vec<Write>,
) -> Result<(), HandleError> {
    settled(ports, before, &after, extras).await?;
    after_commit(ports, Some(before), &after).await;
    Ok(())
}

async fn settled<P: Ports>(
    ports: &P,
    before: &Lead,
    after: &Lead,
    extras: Vec<Write>,
) -> Result<(), HandleError> {
    fail_point::pass(Place::BeforeCommit);
    leads::commit(ports.table(), Some(before), after, extras).await?;
    tracing::info!(
        lead.id = %after.lead_id,
        lead.version = after.version,
        stage = after.stage.name(),
        event = after.last_event.kind.name(),
        "settled"
    );
    Ok(())
}

/// Sends what is owed again; after eight times without progress a lead on its way is parked for a person to look at.
async fn redrive<P: Ports>(ports: &P, lead: &Lead, step: &Step) -> Result<(), HandleError> {
    let redrives = lead.watchdog.as_ref().map_or(0, |w| w.redrives);
    if redrives >= MAX_REDRIVES {
        tracing::error!(lead.id = %lead.lead_id, alarm = "stuck", redrives, "what is owed does not get through");
    }
    if redrives >= MAX_REDRIVES && lead.in_pipeline() {
        let pool = leadline_core::ids::PoolId::parse("stuck").map_err(|_| HandleError::Malformed)?;
        let after = lead.parked(&pool, ParkReason::Stuck, step.at + SignedDuration::from_hours(24), step)?;
        return commit(ports, lead, after, Vec::new()).await;
    }
    let after = lead.redriven(step)?;
    fail_point::pass(Place::BeforeCommit);
    leads::commit(ports.table(), Some(lead), &after, Vec::new()).await?;
    fail_point::pass(Place::AfterCommit);
    tracing::warn!(lead.id = %lead.lead_id, stage = lead.stage.name(), redrives = redrives + 1, "re-driven");
    send_again(ports, &after).await;
    Ok(())
}

/// A pause ends by itself: every clock goes on with what was left when it began.
async fn resume<P: Ports>(shelf: &Shelf, ports: &P, lead: &Lead, step: &Step) -> Result<(), HandleError> {
    let playbooks = shelf.of_clocks(ports.table(), lead).await?;
    let after = lead.pause_over(&playbooks, step).map_err(|error| match error {
        AnswerError::Illegal(illegal) => HandleError::Illegal(illegal),
        _ => HandleError::Playbook(lead.playbook.0),
    })?;
    commit(ports, lead, after, Vec::new()).await
}

/// How many submissions lose their answers in one transaction, which takes a hundred writes at most.
const FORGET_AT_ONCE: usize = 12;

/// Deletes the answers of submissions that have been kept for as long as the playbook in force has it. Should it have
/// none by now, or another, only the timer changes.
async fn forget<P: Ports>(shelf: &Shelf, ports: &P, lead: &Lead, step: &Step) -> Result<(), HandleError> {
    let (_, playbook) = shelf.active(ports.table()).await?;
    let submissions = submissions::all(ports.table(), &lead.lead_id).await?;
    let keep = playbook.doc().retention.submissions;
    let Forgetting { left, next } = Forgetting::of(&submissions, keep, FORGET_AT_ONCE, step.at);
    if left.is_empty() {
        leads::amend(ports.table(), &Lead { forget_at: next, ..lead.clone() }).await?;
        return Ok(());
    }
    let gone: BTreeSet<&SubmissionId> = left.iter().map(|s| &s.submission_id).collect();
    let (without, with): (Vec<_>, Vec<_>) = submissions.iter().partition(|s| gone.contains(&s.submission_id));
    let mut extras = left.iter().map(submissions::put).collect::<Result<Vec<Write>, _>>()?;
    // A mailbox that stood in no other submission leads here no longer.
    let others: BTreeSet<&String> = without.iter().flat_map(|s| &s.mailboxes).collect();
    for mailbox in others.into_iter().filter(|m| !with.iter().any(|s| s.mailboxes.contains(m))) {
        extras.push(claims::pointer_delete(mailbox, &lead.lead_id));
    }
    let after = lead.forgotten(left.iter().map(|s| s.submission_id.clone()).collect(), next, step)?;
    commit(ports, lead, after, extras).await
}

/// Deals with the next entry of a clock's schedule; by how much that was too late.
async fn clock<P: Ports>(
    shelf: &Shelf,
    ports: &P,
    lead: &Lead,
    kind: ClockKind,
    step: &Step,
) -> Result<SignedDuration, HandleError> {
    let Some(running) = lead.running_clock(kind) else { return Err(HandleError::Malformed) };
    // A running deadline keeps the version it was started with.
    let playbook = shelf.version(ports.table(), running.playbook).await?;
    let missing = || HandleError::Playbook(running.playbook.0);
    let rules = playbook.clock_rules(&running.policy, kind).ok_or_else(missing)?;
    let calendar = playbook.calendar(&running.calendar).ok_or_else(missing)?;
    let due = lead.due(running, rules, calendar, step.at)?;
    let after_entry = running.stepped(rules, calendar)?;
    let late = lead.could_step_at(running).map_or(SignedDuration::ZERO, |at| step.at.duration_since(at));
    let late_ms = late.as_millis();
    tracing::info!(lead.id = %lead.lead_id, clock = kind.name(), entry = ?due, late_ms, "deadline step");
    let taken = match due {
        // The schedule has no such entry: the clock only has to be told that nothing is left.
        None | Some(Due::Breach) => commit(ports, lead, lead.breached(after_entry, step)?, Vec::new()).await,
        Some(Due::Overtaken(_)) => commit(ports, lead, lead.overtaken(after_entry, step)?, Vec::new()).await,
        Some(Due::Step(StepAction::Remind)) => {
            let after_entry = if Plant::StepRepeated.is_on() { running.clone() } else { after_entry };
            commit(ports, lead, lead.reminded(after_entry, step)?, Vec::new()).await
        }
        Some(Due::Step(StepAction::NotifyManager)) => {
            commit(ports, lead, lead.manager_told(after_entry, step)?, Vec::new()).await
        }
        Some(Due::Step(StepAction::ReturnToMarketing)) => {
            let after = lead.returned(kind, after_entry.step, step)?;
            let writes = release(ports.table(), &playbook, lead, &after, Credit::None).await?;
            commit(ports, lead, after, writes).await?;
            room_again(shelf, ports, lead).await
        }
        Some(Due::Step(StepAction::Reassign)) => {
            let max_offers = playbook.policy(&running.policy).map_or(1, |p| p.max_offers);
            Box::pin(reassign(shelf, ports, lead, after_entry, To::TheNext { max_offers }, step)).await
        }
        Some(Due::Step(StepAction::Fallback)) => {
            Box::pin(reassign(shelf, ports, lead, after_entry, To::TheFallback, step)).await
        }
    };
    taken.map(|()| late)
}

/// Whom a ladder gives the lead to.
#[derive(Debug, Clone, Copy)]
enum To {
    /// Somebody who has not had it in this cycle, as long as fewer than so many have.
    TheNext { max_offers: u32 },
    /// Whoever answers in the end.
    TheFallback,
}

/// Offers the lead to somebody else; if there is nobody, or it has been offered often enough, the ladder goes on.
async fn reassign<P: Ports>(
    shelf: &Shelf,
    ports: &P,
    lead: &Lead,
    after_entry: Clock,
    to: To,
    step: &Step,
) -> Result<(), HandleError> {
    // Whoever was gone before answering has not had it: that offer is not used up.
    let often_enough = matches!(to, To::TheNext { max_offers } if lead.tried.len() >= max_offers as usize);
    // What sales has confirmed as an opportunity is not taken from whoever did.
    if often_enough || lead.legal(Move::Reassign).is_err() {
        return commit(ports, lead, lead.nobody_left(after_entry, step)?, Vec::new()).await;
    }
    // A new offer is a new decision: it is made with the playbook in force.
    let (version, playbook) = shelf.active(ports.table()).await?;
    let submissions = submissions::all(ports.table(), &lead.lead_id).await?;
    let touch = submissions.iter().max_by_key(|s| s.received_at).map(|s| s.touch());
    let started = started_with(shelf, ports.table(), lead).await?;
    let in_force = InForce { version, playbook: &playbook, started: started.as_deref() };
    let found = match to {
        To::TheNext { .. } => find(ports.table(), in_force, lead, touch.as_ref(), step.at).await?,
        To::TheFallback => find_fallback(ports.table(), in_force, lead, touch.as_ref(), step.at).await?,
    };
    match found {
        Found::Nobody { .. } => commit(ports, lead, lead.nobody_left(after_entry, step)?, Vec::new()).await,
        Found::Rep(pick) => {
            let after = lead.reassigned(&pick.assignment, &after_entry, step)?;
            let mut writes = pick.writes;
            writes.extend(release(ports.table(), &playbook, lead, &after, Credit::None).await?);
            let record = Record { version: after.version, at: step.at, decision: pick.record };
            let put = records::put(&lead.lead_id, RecordKind::Route, &step.attempt, &record)?;
            ports.table().write(put).await.map_err(CommitError::from)?;
            let done = settled(ports, lead, &after, writes.clone()).await;
            if Plant::LateSweepReassigns.is_on() && done.is_err() {
                // The step is taken on the row as it is by now, whatever happened to it meanwhile.
                let newer = load(ports, &lead.lead_id).await?;
                let after = newer.reassigned(&pick.assignment, &after_entry, step)?;
                return commit(ports, &newer, after, writes).await;
            }
            done?;
            after_offer(ports, lead, &after, &pick.rep).await;
            room_again(shelf, ports, lead).await
        }
    }
}

/// The rep who had the lead has room for another.
async fn room_again<P: Ports>(shelf: &Shelf, ports: &P, before: &Lead) -> Result<(), HandleError> {
    let Some(rep_id) = before.held_by() else { return Ok(()) };
    let (_, playbook) = shelf.active(ports.table()).await?;
    drain_parked(ports, &playbook, rep_id).await;
    Ok(())
}
