//! One world from its beginning until it has settled.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use leadline_runtime::http::Response;
use leadline_store::access::Scope;

use super::actors::{Call, Given, Planned, operations, plan};
use super::check::{Harm, check, is_at_rest};
use super::digest::digest;
use super::executor::{Done, Polled, Task};
use super::faults::{Cause, Fault, Faults, Occurrence};
use super::playbooks;
use super::ports::SimPorts;
use super::reports;
use super::witness::text;
use super::world::World;
use crate::deployment::{Deployment, make_key, publish};

/// How a world is run.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Only these occurrences happen; all of them when left out.
    pub keep: Option<BTreeSet<Occurrence>>,
    /// Whether a history for people is kept.
    pub history: bool,
    /// Whether a digest of the final state is computed.
    pub digest: bool,
}

/// What became of one world.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// Submissions that clients sent.
    pub submissions: usize,
    /// Those that were acknowledged.
    pub acked: usize,
    /// Those that were not and are there all the same.
    pub recovered: usize,
    /// Deadline steps whose time was judged.
    pub judged: u64,
    /// What is wrong, if anything.
    pub harm: Vec<Harm>,
    /// Which faults fired.
    pub faults: Faults,
    /// What happened by chance, in order.
    pub happened: Vec<Occurrence>,
    /// What happened, for people; empty unless asked for.
    pub history: Vec<String>,
    /// A digest of everything that is in the table in the end; empty unless asked for.
    pub digest: String,
}

pub(crate) const START_MS: i64 = 1_790_000_000_000;
/// Until then things go wrong.
const HEAL_MS: i64 = START_MS + 150_000;
/// Until then people are at work.
pub(super) const BUSY_MS: i64 = START_MS + 250_000;
const AT_LEAST_UNTIL_MS: i64 = START_MS + 420_000;
pub(super) const TICK_MS: i64 = 60_000;
const AT_MOST_TICKS: u32 = 240;
/// Ordinary worlds end within 8,000 steps. One that runs away grows its rows, and with them the time of every step.
const MOST_STEPS: u32 = 40_000;
pub(super) const WORKERS: usize = 6;
const KEY_ID: &str = "0123456789abcdef";

pub(super) struct Run {
    pub(super) world: Arc<World>,
    pub(super) ports: SimPorts,
    pub(super) deployment: Deployment,
    pub(super) tasks: Vec<Task>,
    pub(super) planned: Vec<Planned>,
    pub(super) given: Vec<Given>,
    pub(super) calls: Vec<Call>,
    /// Calls to be made, by time.
    pub(super) agenda: BTreeMap<(i64, usize), usize>,
    pub(super) api_key: String,
    /// The schedule, and the ticks that it brings, which may be late or doubled.
    pub(super) next_tick_ms: i64,
    pub(super) due_ticks: Vec<i64>,
    pub(super) next_answer_ms: i64,
    pub(super) ticks: u32,
    pub(super) rush: bool,
}

/// Runs the world of a seed.
pub fn run(seed: u64, options: &Options) -> Outcome {
    let mut run = Run::new(seed, options);
    // Half of the worlds are in a rush: everybody comes within a third of a second.
    run.rush = run.world.lock().random.chance(500);
    run.planned = plan(&mut run.world.lock().random, run.rush);
    for index in 0..run.planned.len() {
        if run.world.lock().chances.happens(Cause::Visit) {
            for _ in 0..run.planned[index].at_once {
                run.schedule(START_MS + run.planned[index].at_ms, Call::Submit(index));
            }
        }
    }
    let operations = operations(run.world.lock().chances.random(Cause::Operation), &run.planned);
    for (at_ms, call) in operations {
        if run.world.lock().chances.happens(Cause::Operation) {
            run.schedule(START_MS + at_ms, call);
        }
    }
    run.drive();
    run.outcome(options)
}

impl Run {
    /// A deployment of which nobody has made use yet.
    pub(super) fn new(seed: u64, options: &Options) -> Self {
        let start = Timestamp::from_millisecond(START_MS).expect("a valid instant");
        let world = World::new(seed, start, options);
        let by = "simulator";
        publish(&world.twin, &playbooks::ALL[0].text(), by, start);
        let api_key = make_key(&world.twin, KEY_ID, &"ab".repeat(32), by, &Scope::ALL, start);
        Run {
            ports: SimPorts::new(&world),
            deployment: Deployment::new("https://sim.example"),
            tasks: Vec::new(),
            planned: Vec::new(),
            given: Vec::new(),
            calls: Vec::new(),
            agenda: BTreeMap::new(),
            api_key,
            next_tick_ms: START_MS + TICK_MS,
            due_ticks: Vec::new(),
            next_answer_ms: START_MS + 2_000,
            ticks: 0,
            rush: false,
            world,
        }
    }

    pub(super) fn now_ms(&self) -> i64 {
        self.world.lock().now_ms
    }

    pub(super) fn schedule(&mut self, at_ms: i64, call: Call) {
        self.calls.push(call);
        let index = self.calls.len() - 1;
        self.agenda.insert((at_ms, index), index);
    }

    pub(super) fn drive(&mut self) {
        // A world that does not come to an end is a finding of its own: the checker reports it as stuck.
        for _ in 0..MOST_STEPS {
            if !self.turn() {
                return;
            }
        }
    }

    /// Somebody makes one step, or time passes. False when there is nothing left to wait for.
    pub(super) fn turn(&mut self) -> bool {
        self.heal();
        self.begin();
        let ready: Vec<usize> = (0..self.tasks.len()).filter(|i| self.tasks[*i].is_ready()).collect();
        if ready.is_empty() {
            if self.tasks.is_empty() && self.is_over() {
                return false;
            }
            self.sleep();
            return true;
        }
        let (index, killed) = {
            let mut inner = self.world.lock();
            let index = inner.random.pick(&ready).copied().unwrap_or(0);
            (index, inner.strikes(Fault::Kill))
        };
        if killed {
            let task = self.tasks.swap_remove(index);
            self.world.note(|| format!("  {} is killed", task.what));
            if let Some(call) = task.call {
                self.answered(call, None);
            }
            return true;
        }
        self.world.skew_to(self.tasks[index].skew_ms);
        let polled = self.tasks[index].poll();
        self.world.skew_to(0);
        match polled {
            Polled::Pending => {}
            Polled::Done(done) => {
                self.tasks.swap_remove(index);
                self.finish(done);
            }
            Polled::Panicked => {
                let task = self.tasks.swap_remove(index);
                self.world.lock().witness.harm.insert(Harm::Panicked(task.what));
            }
        }
        let now_ms = {
            let mut inner = self.world.lock();
            inner.now_ms + inner.random.between(0, 3)
        };
        self.world.advance_to(now_ms);
        true
    }

    /// Faults end at a certain time; everything is healthy when the last worker from before is done.
    pub(super) fn heal(&mut self) {
        let mut inner = self.world.lock();
        if !inner.healed && inner.now_ms >= HEAL_MS {
            inner.healed = true;
            inner.note(|| "healed".to_owned());
        }
        if inner.healed
            && !inner.witness.lateness.is_healthy()
            && self.tasks.iter().all(|t| t.began_ms >= HEAL_MS)
        {
            let now_ms = inner.now_ms;
            inner.witness.lateness.healthy(now_ms);
        }
    }

    pub(super) fn finish(&mut self, done: Done) {
        match done {
            Done::Tick => {}
            Done::Batch { messages, again } => {
                let mut inner = self.world.lock();
                let failed: BTreeSet<u64> = again.iter().filter_map(|id| id.parse().ok()).collect();
                // A failure without a name that SQS knows fails the whole batch.
                let whole = failed.len() < again.len() || failed.iter().any(|id| !messages.contains(id));
                for id in messages {
                    if whole || failed.contains(&id) {
                        let pause = inner.now_ms + inner.random.between(1_000, 20_000);
                        if let Some(message) = inner.queue.get_mut(&id) {
                            message.visible_ms = pause;
                        }
                    } else {
                        inner.queue.remove(&id);
                    }
                }
            }
            Done::Call { call, response } => self.answered(call, Some(response)),
        }
    }

    /// Somebody has an answer, or none.
    pub(super) fn answered(&mut self, call: usize, response: Option<Response>) {
        let now_ms = self.now_ms();
        let status = response.as_ref().map_or(0, |r| r.status);
        let what = self.describe(call);
        self.world.note(|| format!("< {what}: {status}"));
        let unclear = status == 0 || status >= 500;
        let mut next = None;
        let again = match &mut self.calls[call] {
            Call::Submit(index) => {
                let plan = &mut self.planned[*index];
                if status == 202 {
                    plan.acked.extend(response.and_then(|r| r.body.split('"').nth(3).map(str::to_owned)));
                }
                let again = unclear && plan.tries_left > 0 && plan.acked.is_empty();
                plan.tries_left = plan.tries_left.saturating_sub(1);
                again
            }
            Call::Answer { given, tries_left, .. } => {
                let given = &mut self.given[*given];
                given.acknowledged |= (200..300).contains(&status);
                // A definite refusal says that it was not done, whatever the tries before came to.
                given.unclear = unclear;
                if status == 409 && response.as_ref().is_some_and(|r| r.body.contains("not-yours")) {
                    let mut inner = self.world.lock();
                    let harm = reports::refused(&given.lead_id, given.told, &inner.witness.leads);
                    inner.witness.harm.extend(harm);
                }
                *tries_left = tries_left.saturating_sub(1);
                unclear && *tries_left > 0
            }
            Call::Rebase { version, tries_left, .. } => {
                let page = response.as_ref().filter(|_| status == 200);
                let document = page.and_then(|r| serde_json::from_str::<serde_json::Value>(&r.body).ok());
                let cursor = document.and_then(|d| d["next_cursor"].as_str().map(str::to_owned));
                next = cursor.map(|c| Call::Rebase { version: *version, cursor: Some(c), tries_left: 6 });
                *tries_left = tries_left.saturating_sub(1);
                (unclear || status == 409) && *tries_left > 0
            }
            Call::Operate { tries_left, .. } => {
                *tries_left = tries_left.saturating_sub(1);
                (unclear || status == 409) && *tries_left > 0
            }
        };
        if let Some(next) = next {
            self.schedule(now_ms, next);
        }
        if again {
            let pause = self.world.lock().random.between(300, 4_000);
            self.agenda.insert((now_ms + pause, call), call);
        }
    }

    /// Nobody has anything to do: on to the next thing that happens.
    pub(super) fn sleep(&mut self) {
        let now_ms = {
            let inner = self.world.lock();
            let free = self.tasks.len() < WORKERS;
            let message = inner.queue.values().map(|m| m.visible_ms).min().filter(|_| free);
            let call = self.agenda.keys().next().map(|(at, _)| *at).filter(|_| free);
            let tick = self.due_ticks.iter().min().copied().filter(|_| free);
            let answer = (free && inner.now_ms < BUSY_MS).then_some(self.next_answer_ms);
            let next = [message, call, tick, answer, inner.next_timer_ms(), Some(self.next_tick_ms)];
            next.into_iter().flatten().min().unwrap_or(self.next_tick_ms).max(inner.now_ms + 1)
        };
        self.world.advance_to(now_ms);
    }

    /// Healed, everything sent, and every lead at rest; or given up.
    pub(super) fn is_over(&self) -> bool {
        if self.ticks > AT_MOST_TICKS {
            return true;
        }
        let now = self.world.local_now();
        let inner = self.world.lock();
        let idle = inner.healed && inner.now_ms >= AT_LEAST_UNTIL_MS && inner.queue.is_empty();
        if !idle || !self.agenda.is_empty() || !inner.witness.leads.values().all(|l| is_at_rest(l, now)) {
            return false;
        }
        let (mut busy, now_ms) = (false, inner.now_ms);
        self.world.twin.for_each(|key, item| {
            let due = text(item, "due_key").parse::<i64>().ok();
            busy |= match key.sk.as_str() {
                "ERASE" => due.is_some(),
                "REP" => due.is_some_and(|due| due <= now_ms),
                _ => false,
            };
        });
        !busy
    }

    pub(super) fn outcome(&self, options: &Options) -> Outcome {
        let sent: Vec<&Planned> = self.planned.iter().filter(|p| p.sent > 0).collect();
        let (harm, recovered) = check(&self.world, &self.planned, &self.given);
        let digest = if options.digest { digest(&self.world.twin.snapshot()) } else { String::new() };
        let inner = self.world.lock();
        let (faults, happened) = (inner.chances.faults.clone(), inner.chances.happened.clone());
        let judged = inner.witness.lateness.judged;
        drop(inner);
        Outcome {
            submissions: sent.len(),
            acked: sent.iter().filter(|p| !p.acked.is_empty()).count(),
            recovered,
            judged,
            harm,
            faults,
            happened,
            history: self.world.history(),
            digest,
        }
    }
}
