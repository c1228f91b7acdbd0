//! One world from its beginning until it has settled.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use jiff::{SignedDuration, Timestamp};
use leadline_core::seal::sha256_hex;
use leadline_runtime::http::Response;
use leadline_runtime::wake::Hop;
use leadline_store::access::Scope;
use leadline_store::{AttributeValue, Item};

use super::actors::{Call, Given, Planned, answer, operations, plan, request};
use super::check::{Harm, check, is_at_rest};
use super::executor::{Done, Polled, Task, Work};
use super::faults::{Cause, Fault, Faults, Occurrence};
use super::playbooks;
use super::ports::SimPorts;
use super::witness::text;
use super::world::{MAX_RECEIVES, VISIBILITY_MS, World};
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
const BUSY_MS: i64 = START_MS + 250_000;
const AT_LEAST_UNTIL_MS: i64 = START_MS + 420_000;
const TICK_MS: i64 = 60_000;
const AT_MOST_TICKS: u32 = 240;
/// Ordinary worlds end within 8,000 steps. One that runs away grows its rows, and with them the time of every step.
const MOST_STEPS: u32 = 40_000;
/// How long sales is in a rush as well.
const RUSH_MS: i64 = 10_000;
const WORKERS: usize = 6;
const TIME_LEFT: Duration = Duration::from_millis(9_500);
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

    /// Starts whatever is due, as far as there are workers for it.
    pub(super) fn begin(&mut self) {
        let now_ms = self.now_ms();
        while now_ms >= self.next_tick_ms {
            self.schedule_tick();
        }
        while self.tasks.len() < WORKERS {
            if let Some(place) = self.due_ticks.iter().position(|at| *at <= now_ms) {
                self.due_ticks.swap_remove(place);
                self.world.lock().witness.lateness.tick(now_ms);
                let work = self.tick();
                self.start(work, None, "sweep".to_owned());
            } else if let Some((hop, messages)) = self.receive(now_ms) {
                let what = format!("{} {messages:?}", hop.name());
                let work = self.batch(hop, messages);
                self.start(work, None, what);
            } else if let Some((&key, &index)) =
                self.agenda.iter().next().filter(|((at, _), _)| *at <= now_ms)
            {
                self.agenda.remove(&key);
                if let Call::Submit(plan) = self.calls[index] {
                    self.planned[plan].sent += 1;
                }
                let work = self.call(index);
                let what = self.describe(index);
                self.world.note(|| format!("> {what}"));
                self.start(work, Some(index), what);
            } else if now_ms >= self.next_answer_ms && now_ms < BUSY_MS {
                self.sales(now_ms);
            } else {
                return;
            }
        }
    }

    fn describe(&self, index: usize) -> String {
        match &self.calls[index] {
            Call::Submit(plan) => format!("submission {plan}"),
            Call::Answer { lead_id, verb, .. } => format!("{verb} {}", &lead_id[..11.min(lead_id.len())]),
            Call::Operate { method, path, body, .. } if *method == "PATCH" => {
                format!("{} {body}", path.join("/"))
            }
            Call::Operate { method, path, .. } => format!("{method} {}", path.join("/")),
            Call::Rebase { version, .. } => format!("re-base on version {version}"),
        }
    }

    /// Sales does something, or several things at once in a rush.
    fn sales(&mut self, now_ms: i64) {
        let in_rush = self.rush && now_ms < START_MS + RUSH_MS;
        let (slowest, at_once) = if in_rush { (600, 4) } else { (4_000, 1) };
        let now = self.world.local_now();
        for _ in 0..at_once {
            let mut inner = self.world.lock();
            let inner = &mut *inner;
            self.next_answer_ms = now_ms + inner.random.between(slowest / 8, slowest);
            let random = inner.chances.random(Cause::Answer);
            let Some((lead_id, verb, body, makes)) = answer(random, &inner.witness.leads, now) else {
                continue;
            };
            let key = format!("answer-{}", random.next());
            if !inner.chances.happens(Cause::Answer) {
                continue;
            }
            self.given.push(Given { lead_id: lead_id.clone(), makes, acknowledged: false, unclear: false });
            let given = self.given.len() - 1;
            self.calls.push(Call::Answer { lead_id, verb, body, key, given, tries_left: 5 });
            let index = self.calls.len() - 1;
            self.agenda.insert((now_ms, index), index);
        }
    }

    fn schedule_tick(&mut self) {
        let at = self.next_tick_ms;
        self.next_tick_ms += TICK_MS;
        self.ticks += 1;
        let mut inner = self.world.lock();
        if inner.strikes(Fault::MissedTick) {
            return;
        }
        let late =
            if inner.strikes(Fault::LateTick) { inner.detail(Fault::LateTick, 1_000, 59_000) } else { 0 };
        self.due_ticks.push(at + late);
        if inner.strikes(Fault::DoubledTick) {
            self.due_ticks.push(at + late);
        }
        if inner.strikes(Fault::OverlappingTick) {
            self.due_ticks.push(at + late + inner.detail(Fault::OverlappingTick, 1, 60));
        }
    }

    fn start(&mut self, work: Work, call: Option<usize>, what: String) {
        let skewed = self.world.strikes(Fault::SkewedClock);
        let (skew_ms, now_ms) = {
            let mut inner = self.world.lock();
            (if skewed { inner.detail(Fault::SkewedClock, -300_000, 300_000) } else { 0 }, inner.now_ms)
        };
        self.tasks.push(Task::new(work, skew_ms, call, what, now_ms));
    }

    /// Takes the next visible messages of one queue out of sight.
    pub(super) fn receive(&self, now_ms: i64) -> Option<(Hop, Vec<u64>)> {
        let mut inner = self.world.lock();
        if inner.queue.values().all(|m| m.visible_ms > now_ms) {
            return None;
        }
        let mut visible: Vec<(i64, u64)> =
            inner.queue.values().filter(|m| m.visible_ms <= now_ms).map(|m| (m.visible_ms, m.id)).collect();
        visible.sort_unstable();
        let mut first = visible.first()?.1;
        if visible.len() > 1 && inner.strikes(Fault::Reorder) {
            first = visible[usize::try_from(inner.random.below(visible.len() as u64)).unwrap_or(0)].1;
        }
        let hop = inner.queue.get(&first)?.wake_up.hop;
        let room = usize::try_from(inner.random.below(4)).unwrap_or(0);
        let rest = visible.iter().map(|(_, id)| *id).filter(|id| *id != first);
        let rest = rest.filter(|id| inner.queue.get(id).is_some_and(|m| m.wake_up.hop == hop)).take(room);
        let mut batch: Vec<u64> = std::iter::once(first).chain(rest.collect::<Vec<_>>()).collect();
        let expires = inner.strikes(Fault::VisibilityExpires);
        let hidden = if expires { inner.detail(Fault::VisibilityExpires, 1, 40) } else { VISIBILITY_MS };
        batch.retain(|id| {
            let Some(message) = inner.queue.get_mut(id) else { return false };
            message.received += 1;
            message.visible_ms = now_ms + hidden;
            let poison = message.received > MAX_RECEIVES;
            if poison {
                inner.queue.remove(id);
            }
            !poison
        });
        (!batch.is_empty()).then_some((hop, batch))
    }

    pub(super) fn batch(&self, hop: Hop, messages: Vec<u64>) -> Work {
        let mut event = SqsEvent::default();
        let inner = self.world.lock();
        for message in messages.iter().filter_map(|id| inner.queue.get(id)) {
            let mut record = SqsMessage::default();
            record.message_id = Some(message.id.to_string());
            record.body = serde_json::to_string(&message.wake_up).ok();
            event.records.push(record);
        }
        drop(inner);
        let (ports, deployment) = (self.ports.clone(), self.deployment.clone());
        Box::pin(async move {
            let response = deployment.batch(&ports, hop, event, TIME_LEFT).await;
            let again = response.batch_item_failures.into_iter().map(|f| f.item_identifier).collect();
            Done::Batch { messages, again }
        })
    }

    pub(super) fn tick(&self) -> Work {
        let (ports, shelf) = (self.ports.clone(), Arc::clone(&self.deployment.shelf));
        Box::pin(async move {
            use leadline_runtime::ports::Ports as _;
            let until = ports.now() + SignedDuration::from_secs(50);
            // A sweep that fails is a sweep that the next one makes up for.
            let _ = leadline_escalate::sweep(&shelf, &ports, until).await;
            Done::Tick
        })
    }

    pub(super) fn call(&self, index: usize) -> Work {
        let request = request(&self.calls[index], &self.planned, &self.api_key);
        let (ports, deployment) = (self.ports.clone(), self.deployment.clone());
        Box::pin(async move {
            let response = deployment.answer(&ports, request).await;
            Done::Call { call: index, response }
        })
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

/// A digest of all items, the same for the same content whatever order a map has.
fn digest(items: &[Item]) -> String {
    let mut text = String::new();
    for item in items {
        write_map(item, &mut text);
        text.push('\n');
    }
    sha256_hex(text.as_bytes())
}

fn write_map(map: &Item, text: &mut String) {
    let sorted: BTreeMap<_, _> = map.iter().collect();
    text.push('{');
    for (name, value) in sorted {
        text.push_str(name);
        text.push('=');
        write_value(value, text);
        text.push(',');
    }
    text.push('}');
}

fn write_value(value: &AttributeValue, text: &mut String) {
    match value {
        AttributeValue::M(map) => write_map(map, text),
        AttributeValue::L(list) => {
            text.push('[');
            for value in list {
                write_value(value, text);
                text.push(',');
            }
            text.push(']');
        }
        other => text.push_str(&format!("{other:?}")),
    }
}
