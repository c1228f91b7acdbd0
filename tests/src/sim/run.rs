//! One world from its beginning until it has settled.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use leadline_core::ids::LeadId;
use leadline_core::seal::sha256_hex;
use leadline_store::access::Scope;

use super::actors::{Call, Planned, answer, leads, plan, request};
use super::check::{Harm, check};
use super::executor::{Done, Work, poll};
use super::faults::{Fault, Faults};
use super::ports::SimPorts;
use super::world::{MAX_RECEIVES, VISIBILITY_MS, World};
use crate::deployment::{Deployment, make_key, publish};

/// What became of one world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Submissions that clients sent.
    pub submissions: usize,
    /// Those that were acknowledged.
    pub acked: usize,
    /// What is wrong, if anything.
    pub harm: Vec<Harm>,
    /// Which faults fired.
    pub faults: Faults,
    /// A digest of everything that is in the table in the end.
    pub digest: String,
}

const START_MS: i64 = 1_790_000_000_000;
const HEAL_AFTER_MS: i64 = 150_000;
const AT_LEAST_UNTIL_MS: i64 = 420_000;
const AT_MOST_TICKS: u32 = 240;
const MOST_STEPS: u32 = 400_000;
/// How long sales is in a rush as well.
const RUSH_MS: i64 = 10_000;
const WORKERS: usize = 6;
const KEY_ID: &str = "0123456789abcdef";

struct Task {
    work: Work,
    skew_ms: i64,
    call: Option<usize>,
}

struct Run {
    world: Arc<World>,
    ports: SimPorts,
    deployment: Deployment,
    tasks: Vec<Task>,
    planned: Vec<Planned>,
    calls: Vec<Call>,
    /// Calls to be made, by time.
    agenda: BTreeMap<(i64, usize), usize>,
    api_key: String,
    next_tick_ms: i64,
    next_answer_ms: i64,
    ticks: u32,
    rush: bool,
}

/// Runs the world of a seed.
pub fn run(seed: u64) -> Outcome {
    let start = Timestamp::from_millisecond(START_MS).expect("a valid instant");
    let world = World::new(seed, start);
    let by = "simulator";
    publish(&world.twin, include_str!("playbook.yaml"), by, start);
    let api_key = make_key(&world.twin, KEY_ID, &"ab".repeat(32), by, &Scope::ALL, start);

    // Half of the worlds are in a rush: everybody comes within a third of a second.
    let rush = world.lock().random.chance(500);
    let planned = plan(&mut world.lock().random, rush);
    let mut run = Run {
        ports: SimPorts::new(&world),
        deployment: Deployment::new("https://sim.example"),
        tasks: Vec::new(),
        calls: Vec::new(),
        agenda: BTreeMap::new(),
        api_key,
        next_tick_ms: START_MS + 60_000,
        next_answer_ms: START_MS + 2_000,
        ticks: 0,
        rush,
        planned,
        world,
    };
    for index in 0..run.planned.len() {
        let at = START_MS + run.world.lock().random.between(0, if rush { 300 } else { 60_000 });
        for _ in 0..run.planned[index].at_once {
            run.schedule(at, Call::Submit(index));
        }
    }
    run.drive();
    run.outcome()
}

impl Run {
    fn now_ms(&self) -> i64 {
        self.world.lock().now_ms
    }

    fn schedule(&mut self, at_ms: i64, call: Call) {
        self.calls.push(call);
        let index = self.calls.len() - 1;
        self.agenda.insert((at_ms, index), index);
    }

    fn drive(&mut self) {
        // A world that does not come to an end is a finding of its own: the checker reports it as stuck.
        for _ in 0..MOST_STEPS {
            self.begin();
            if self.tasks.is_empty() {
                if self.is_over() {
                    return;
                }
                self.sleep();
                continue;
            }
            let (index, killed) = {
                let mut inner = self.world.lock();
                let index = usize::try_from(inner.random.below(self.tasks.len() as u64)).unwrap_or(0);
                (index, inner.strikes(Fault::Kill))
            };
            if killed {
                let task = self.tasks.swap_remove(index);
                if let Some(call) = task.call {
                    self.answered(call, 0, "");
                }
                continue;
            }
            self.world.skew_to(self.tasks[index].skew_ms);
            let done = poll(&mut self.tasks[index].work);
            self.world.skew_to(0);
            if let Some(done) = done {
                self.tasks.swap_remove(index);
                self.finish(done);
            }
            let mut inner = self.world.lock();
            inner.now_ms += inner.random.between(0, 3);
            let now_ms = inner.now_ms;
            drop(inner);
            self.world.twin.set_time(now_ms);
        }
    }

    /// Starts whatever is due, as far as there are workers for it.
    fn begin(&mut self) {
        let now_ms = self.now_ms();
        {
            let mut inner = self.world.lock();
            if !inner.healed && now_ms >= START_MS + HEAL_AFTER_MS {
                inner.healed = true;
            }
        }
        while self.tasks.len() < WORKERS {
            if now_ms >= self.next_tick_ms {
                self.next_tick_ms += 60_000;
                self.ticks += 1;
                let missed = self.world.strikes(Fault::MissedTick);
                let doubled = self.world.strikes(Fault::DoubledTick);
                for _ in 0..if missed {
                    0
                } else if doubled {
                    2
                } else {
                    1
                } {
                    let work = self.tick();
                    self.start(work, None);
                }
            } else if let Some(id) = self.receive(now_ms) {
                let work = self.message(id);
                self.start(work, None);
            } else if let Some((&key, &index)) =
                self.agenda.iter().next().filter(|((at, _), _)| *at <= now_ms)
            {
                self.agenda.remove(&key);
                if let Call::Submit(plan) = self.calls[index] {
                    self.planned[plan].sent += 1;
                }
                let work = self.call(index);
                self.start(work, Some(index));
            } else if now_ms >= self.next_answer_ms && now_ms < START_MS + HEAL_AFTER_MS {
                let in_rush = self.rush && now_ms < START_MS + RUSH_MS;
                let (slowest, at_once) = if in_rush { (600, 4) } else { (4_000, 1) };
                self.next_answer_ms = now_ms + self.world.lock().random.between(slowest / 8, slowest);
                let leads = leads(&self.world);
                let now = self.world.local_now();
                for _ in 0..at_once {
                    let call = answer(&mut self.world.lock().random, &leads, now);
                    if let Some(call) = call {
                        self.schedule(now_ms, call);
                    }
                }
            } else {
                return;
            }
        }
    }

    fn start(&mut self, work: Work, call: Option<usize>) {
        let skewed = self.world.strikes(Fault::SkewedClock);
        let skew_ms = if skewed { self.world.lock().random.between(-120_000, 120_000) } else { 0 };
        self.tasks.push(Task { work, skew_ms, call });
    }

    /// Takes the next visible message out of sight.
    fn receive(&self, now_ms: i64) -> Option<u64> {
        let mut inner = self.world.lock();
        let id =
            inner.queue.values().filter(|m| m.visible_ms <= now_ms).min_by_key(|m| (m.visible_ms, m.id))?.id;
        let expires = inner.strikes(Fault::VisibilityExpires);
        let hidden = if expires { inner.random.between(1, 40) } else { VISIBILITY_MS };
        let message = inner.queue.get_mut(&id)?;
        message.received += 1;
        message.visible_ms = now_ms + hidden;
        if message.received > MAX_RECEIVES {
            inner.queue.remove(&id);
            inner.dead_letters += 1;
        }
        Some(id)
    }

    fn message(&self, id: u64) -> Work {
        let found = self.world.lock().queue.get(&id).map(|m| m.wake_up.clone());
        let ports = self.ports.clone();
        let deployment = self.deployment.clone();
        Box::pin(async move {
            let Some(wake_up) = found else { return Done::Message { id, handled: true } };
            let result = deployment.wake(&ports, &wake_up).await;
            Done::Message { id, handled: result.is_ok() }
        })
    }

    fn tick(&self) -> Work {
        let (ports, shelf) = (self.ports.clone(), Arc::clone(&self.deployment.shelf));
        let until = self.world.local_now() + SignedDuration::from_secs(50);
        Box::pin(async move {
            // A sweep that fails is a sweep that the next one makes up for.
            let _ = leadline_escalate::sweep(&shelf, &ports, until).await;
            Done::Tick
        })
    }

    fn call(&self, index: usize) -> Work {
        let request = request(&self.calls[index], &self.planned, &self.api_key);
        let (ports, deployment) = (self.ports.clone(), self.deployment.clone());
        Box::pin(async move {
            let response = deployment.answer(&ports, request).await;
            Done::Call { call: index, status: response.status, body: response.body }
        })
    }

    fn finish(&mut self, done: Done) {
        match done {
            Done::Tick => {}
            Done::Message { id, handled } => {
                let mut inner = self.world.lock();
                if handled {
                    inner.queue.remove(&id);
                } else {
                    let now_ms = inner.now_ms;
                    let pause = inner.random.between(1_000, 20_000);
                    if let Some(message) = inner.queue.get_mut(&id) {
                        message.visible_ms = now_ms + pause;
                    }
                }
            }
            Done::Call { call, status, body } => self.answered(call, status, &body),
        }
    }

    /// A client has its answer, or none: status 0.
    fn answered(&mut self, call: usize, status: u16, body: &str) {
        let Call::Submit(index) = self.calls[call] else { return };
        let now_ms = self.now_ms();
        let retry = {
            let plan = &mut self.planned[index];
            if status == 202 {
                let id = body.split('"').nth(3).map(str::to_owned);
                plan.acked.extend(id);
            }
            let again = (status == 0 || status >= 500) && plan.tries_left > 0 && plan.acked.is_empty();
            plan.tries_left = plan.tries_left.saturating_sub(1);
            again
        };
        if retry {
            let pause = self.world.lock().random.between(300, 4_000);
            self.schedule(now_ms + pause, Call::Submit(index));
        }
    }

    /// Nobody is at work: on to the next thing that happens.
    fn sleep(&mut self) {
        let mut inner = self.world.lock();
        let message = inner.queue.values().map(|m| m.visible_ms).min();
        let call = self.agenda.keys().next().map(|(at, _)| *at);
        let answer = (inner.now_ms < START_MS + HEAL_AFTER_MS).then_some(self.next_answer_ms);
        let next = [message, call, answer, Some(self.next_tick_ms)].into_iter().flatten().min();
        inner.now_ms = next.unwrap_or(self.next_tick_ms).max(inner.now_ms + 1);
        let now_ms = inner.now_ms;
        drop(inner);
        self.world.twin.set_time(now_ms);
    }

    /// Healed, everything sent, and every lead at rest; or given up.
    fn is_over(&self) -> bool {
        if self.ticks > AT_MOST_TICKS {
            return true;
        }
        let now = self.world.local_now();
        let idle = {
            let inner = self.world.lock();
            inner.healed && inner.now_ms >= START_MS + AT_LEAST_UNTIL_MS && inner.queue.is_empty()
        };
        idle && self.agenda.is_empty() && leads(&self.world).iter().all(|l| super::check::is_at_rest(l, now))
    }

    fn outcome(&self) -> Outcome {
        let sent: Vec<&Planned> = self.planned.iter().filter(|p| p.sent > 0).collect();
        let harm = check(&self.world, &self.planned);
        let mut state = String::new();
        for item in self.world.twin.snapshot() {
            let sorted: BTreeMap<_, _> = item.iter().collect();
            state.push_str(&format!("{sorted:?}\n"));
        }
        Outcome {
            submissions: sent.len(),
            acked: sent.iter().filter(|p| !p.acked.is_empty()).count(),
            harm,
            faults: self.world.lock().faults.clone(),
            digest: sha256_hex(normal(&state).as_bytes()),
        }
    }
}

/// Nested maps print in the order of a hash map: their characters, sorted, tell two states apart well enough.
fn normal(state: &str) -> String {
    state
        .lines()
        .map(|line| {
            let mut bytes = line.as_bytes().to_vec();
            bytes.sort_unstable();
            sha256_hex(&bytes)
        })
        .collect()
}

/// The id of a lead, for messages.
pub(crate) fn short(lead_id: &LeadId) -> String {
    lead_id.as_str().chars().take(11).collect()
}
