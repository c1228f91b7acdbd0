//! What begins when its time has come, as far as there are workers for it: ticks, batches of messages, calls.

use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use jiff::SignedDuration;
use leadline_escalate::Lateness;
use leadline_runtime::wake::Hop;

use super::actors::{Call, answer, request};
use super::executor::{Done, Task, Work};
use super::faults::{Cause, Fault};
use super::run::{BUSY_MS, Run, START_MS, TICK_MS, WORKERS};
use super::world::{MAX_RECEIVES, VISIBILITY_MS};

/// How long sales is in a rush as well.
const RUSH_MS: i64 = 10_000;
const TIME_LEFT: Duration = Duration::from_millis(9_500);

impl Run {
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

    pub(super) fn describe(&self, index: usize) -> String {
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
            let witness = &inner.witness;
            let Some((verb, body, given)) = answer(random, &witness.leads, &witness.reports, now) else {
                continue;
            };
            let key = format!("answer-{}", random.next());
            if !inner.chances.happens(Cause::Answer) {
                continue;
            }
            let lead_id = given.lead_id.clone();
            self.given.push(given);
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
            let _ = leadline_escalate::sweep(&shelf, &ports, until, &Lateness::default()).await;
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
}
