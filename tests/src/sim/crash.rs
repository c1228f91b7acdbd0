//! Crash points, enumerated: every handler in every situation that matters to it, killed after each of its steps (each
//! port call is a step before and a step after its effect), its message or request then delivered one to three times
//! more. Nothing else goes wrong, so that whatever harm is done is the crash's.

mod situations;

use std::collections::BTreeSet;

use leadline_runtime::wake::Hop;

use super::actors::Call;
use super::check::Harm;
use super::executor::{Polled, Task, Work};
use super::run::{Options, Run};

pub use situations::SITUATIONS;

/// A situation, and the work that is done in it and killed.
pub struct Situation {
    /// What it is called.
    pub name: &'static str,
    prepare: fn(&mut Run),
    act: fn(&mut Run) -> Act,
}

/// One invocation of a handler.
enum Act {
    /// The messages of a queue that can be received now.
    Messages(Hop),
    /// A tick of the schedule.
    Tick,
    /// A request.
    Request(Call),
}

/// What became of all crash points of a situation.
#[derive(Debug, Default)]
pub struct Crashes {
    /// How many were tried.
    pub tried: u32,
    /// Those that did harm: the step, how often it was delivered again, and the harm.
    pub harm: Vec<(u32, u32, Vec<Harm>)>,
}

/// No handler needs more steps.
const MOST_STEPS: u32 = 2_000;

impl Situation {
    /// Kills the work after each of its steps.
    pub fn crash_everywhere(&self) -> Crashes {
        let mut crashes = Crashes::default();
        for step in 0..MOST_STEPS {
            let mut finished = false;
            for deliveries in 1..=3 {
                let (done, harm) = self.crash(step, deliveries);
                finished |= done;
                crashes.tried += 1;
                if !harm.is_empty() {
                    crashes.harm.push((step, deliveries, harm));
                }
            }
            if finished {
                return crashes;
            }
        }
        crashes.harm.push((MOST_STEPS, 0, vec![Harm::Stuck(format!("{} does not end", self.name))]));
        crashes
    }

    /// Kills the work after so many steps and delivers it again. Tells whether it had ended by then.
    fn crash(&self, steps: u32, deliveries: u32) -> (bool, Vec<Harm>) {
        let options = Options { keep: Some(BTreeSet::new()), ..Options::default() };
        let mut run = Run::new(u64::from(steps) * 3 + u64::from(deliveries), &options);
        (self.prepare)(&mut run);
        let act = (self.act)(&mut run);
        let before = run.given.len();
        let (work, again) = begin(&mut run, act);
        let now_ms = run.now_ms();
        let mut task = Task::new(work, 0, None, self.name.to_owned(), now_ms);
        let mut finished = false;
        for _ in 0..steps {
            while !task.is_ready() {
                let next = run.world.lock().next_timer_ms().expect("whoever waits waits for a time");
                run.world.advance_to(next);
            }
            match task.poll() {
                Polled::Pending => run.world.advance_to(run.now_ms() + 1),
                Polled::Done(_) => {
                    finished = true;
                    break;
                }
                Polled::Panicked => return (true, vec![Harm::Panicked(self.name.to_owned())]),
            }
        }
        drop(task);
        again.deliver(&mut run, deliveries);
        run.drive();
        let mut harm = run.outcome(&options).harm;
        let unanswered = run.planned.iter().any(|p| p.acked.is_empty())
            || run.given[before.min(run.given.len())..].iter().any(|g| !g.acknowledged);
        if unanswered {
            harm.push(Harm::Lost("the client has no answer in the end".to_owned()));
        }
        (finished, harm)
    }
}

/// How the work comes again.
enum Again {
    Messages(Vec<u64>),
    Tick,
    Request(usize),
}

fn begin(run: &mut Run, act: Act) -> (Work, Again) {
    match act {
        Act::Messages(hop) => {
            let now_ms = run.now_ms();
            let (received, messages) = run.receive(now_ms).expect("a message is there");
            assert_eq!(received, hop, "the situation has come about");
            (run.batch(hop, messages.clone()), Again::Messages(messages))
        }
        Act::Tick => (run.tick(), Again::Tick),
        Act::Request(call) => {
            run.calls.push(call);
            let index = run.calls.len() - 1;
            if let Call::Submit(plan) = run.calls[index] {
                run.planned[plan].sent += 1;
            }
            (run.call(index), Again::Request(index))
        }
    }
}

impl Again {
    fn deliver(self, run: &mut Run, times: u32) {
        let now_ms = run.now_ms();
        match self {
            Again::Messages(messages) => {
                let mut inner = run.world.lock();
                for id in messages {
                    let Some(message) = inner.queue.get_mut(&id) else { continue };
                    message.visible_ms = now_ms;
                    let wake_up = message.wake_up.clone();
                    for _ in 1..times {
                        inner.enqueue(wake_up.clone());
                    }
                }
            }
            Again::Tick => run.due_ticks.extend((0..times).map(|i| now_ms + i64::from(i))),
            Again::Request(call) => {
                run.answered(call, None);
                for i in 1..times {
                    // The same client presses the button again, or another copy of the request is on its way.
                    run.schedule(now_ms + i64::from(i) * 7, run.calls[call].clone());
                }
            }
        }
    }
}
