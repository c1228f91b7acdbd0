//! The situations in which a handler is killed, and how a world comes to be in each.

use std::collections::BTreeSet;

use leadline_core::lead::{Lead, Stage};
use leadline_core::sla::ClockKind;
use leadline_runtime::wake::Hop;

use super::super::actors::{Call, Given, Planned};
use super::super::executor::{Polled, Task, Work};
use super::super::playbooks;
use super::super::run::Run;
use super::{Act, Situation};

/// No situation needs more turns to come about.
const MOST_TURNS: u32 = 50_000;

impl Run {
    fn until(&mut self, what: &str, mut holds: impl FnMut(&Run) -> bool) {
        for _ in 0..MOST_TURNS {
            if self.tasks.is_empty() && holds(self) {
                return;
            }
            assert!(self.turn(), "the world ends before {what}");
        }
        panic!("never {what}");
    }

    fn visit(&mut self, who: &str, wish: &str, key: Option<&str>, fax: bool) -> usize {
        let email = format!("{who}@firm.example");
        let spam = if fax { r#","fax":"1""# } else { "" };
        self.planned.push(Planned {
            body: format!(r#"{{"email":"{email}","first_name":"N","wish":"{wish}"{spam}}}"#),
            key: key.map(str::to_owned),
            is_spam: fax,
            email,
            tries_left: 10,
            at_ms: 0,
            acked: BTreeSet::new(),
            at_once: 1,
            sent: 0,
        });
        self.planned.len() - 1
    }

    fn submit(&mut self, who: &str, wish: &str, key: Option<&str>, fax: bool) {
        let index = self.visit(who, wish, key, fax);
        self.schedule(self.now_ms(), Call::Submit(index));
        self.until("the submission is taken", |run| !run.planned[index].acked.is_empty());
    }

    fn lead(&self) -> Lead {
        let inner = self.world.lock();
        let newest = inner.witness.leads.values().max_by_key(|l| l.created_at);
        newest.map(|l| Lead::clone(l)).expect("there is a lead")
    }

    /// Everything has been told and nothing is waiting but time.
    fn until_stage(&mut self, stage: Stage) {
        self.until(stage.name(), |run| {
            let lead = run.lead();
            lead.stage == stage && !lead.owes_delivery()
        });
    }

    fn until_next(&mut self, hop: Hop) {
        self.until(hop.name(), |run| {
            let inner = run.world.lock();
            let visible = inner.queue.values().filter(|m| m.visible_ms <= inner.now_ms);
            visible.min_by_key(|m| (m.visible_ms, m.id)).is_some_and(|m| m.wake_up.hop == hop)
        });
    }

    /// The same when whoever sends the message goes on with something else: it waits until that is done.
    fn until_left(&mut self, hop: Hop) {
        let is_there = |run: &Run| run.world.lock().queue.values().any(|m| m.wake_up.hop == hop);
        while !is_there(self) {
            assert!(self.turn(), "the world ends before {}", hop.name());
        }
        let put_off = |run: &Run, ms: i64| {
            let mut inner = run.world.lock();
            let visible_ms = inner.now_ms + ms;
            inner.queue.values_mut().filter(|m| m.wake_up.hop == hop).for_each(|m| m.visible_ms = visible_ms);
        };
        put_off(self, 60_000);
        self.until("the sender is done", |_| true);
        put_off(self, 0);
    }

    fn operate(&mut self, method: &'static str, path: &[&str], body: &str) -> Call {
        let path = path.iter().map(|s| (*s).to_owned()).collect();
        Call::Operate { method, path, body: body.to_owned(), tries_left: 6 }
    }

    fn operated(&mut self, method: &'static str, path: &[&str], body: &str) {
        let call = self.operate(method, path, body);
        self.schedule(self.now_ms(), call);
        self.until("the operator is done", |run| run.agenda.is_empty());
    }

    /// A request of which nobody waits for the answer.
    fn detached(&mut self, call: Call) -> Work {
        self.calls.push(call);
        self.call(self.calls.len() - 1)
    }

    fn everybody(&mut self, away: &str) {
        for rep in ["ann", "bob", "cat", "dot"] {
            self.operated("PATCH", &["reps", rep], &format!(r#"{{"away":{away}}}"#));
        }
    }

    /// Somebody answers for the newest lead; in these worlds the rep is the owner.
    fn answer(&mut self, verb: &'static str, rest: &str, makes: &'static [&'static str]) -> Call {
        let lead = self.lead();
        let rep = lead.owner.as_ref().map(|o| format!(r#""rep_id":"{}""#, o.rep_id));
        let comma = if rep.is_some() && !rest.is_empty() { "," } else { "" };
        let rep = if verb == "erase" || verb == "release" { None } else { rep };
        let body = format!("{{{}{comma}{rest}}}", rep.unwrap_or_default());
        let lead_id = lead.lead_id.to_string();
        self.given.push(Given {
            lead_id: lead_id.clone(),
            makes,
            acknowledged: false,
            unclear: false,
            told: None,
        });
        let given = self.given.len() - 1;
        Call::Answer { lead_id, verb, body, key: format!("{verb}-{given}"), given, tries_left: 10 }
    }

    fn answered_with(&mut self, verb: &'static str, rest: &str, makes: &'static [&'static str]) {
        let call = self.answer(verb, rest, makes);
        self.schedule(self.now_ms(), call);
        let given = self.given.len() - 1;
        self.until("the answer is taken", |run| run.given[given].acknowledged);
    }

    fn contact(&self) -> String {
        let now = self.world.local_now();
        format!(r#""channel":"phone","direction":"outbound","outcome":"connected","occurred_at":"{now}""#)
    }

    fn working(&mut self) {
        self.submit("eva", "x", None, false);
        self.until_stage(Stage::Offered);
        self.answered_with("accept", "", &["accepted"]);
        let contact = self.contact();
        self.answered_with("contact", &contact, &["contacted"]);
    }

    fn wake_at(&self) -> String {
        format!(
            r#""reason":"later","wake_at":"{}""#,
            self.world.local_now() + jiff::SignedDuration::from_secs(30)
        )
    }
}

macro_rules! situations {
    ($($name:literal: $prepare:expr => $act:expr;)+) => {
        /// All situations.
        pub const SITUATIONS: &[Situation] = &[$(Situation { name: $name, prepare: $prepare, act: $act },)+];
    };
}

situations! {
    "a first submission": |_| {} => |run| Act::Request(Call::Submit(run.visit("eva", "x", None, false)));
    "a first submission with a key": |_| {} => |run| Act::Request(Call::Submit(run.visit("eva", "x", Some("k-1"), false)));
    "a submission that joins": |run| {
        run.submit("eva", "x", None, false);
        run.until_stage(Stage::Offered);
    } => |run| Act::Request(Call::Submit(run.visit("eva", "y", Some("k-2"), false)));
    "a submission in quarantine": |_| {} => |run| Act::Request(Call::Submit(run.visit("eva", "x", None, true)));
    "the first enrichment": |run| {
        run.submit("eva", "x", None, false);
        run.until_next(Hop::Enrich);
    } => |_| Act::Messages(Hop::Enrich);
    "the first score": |run| {
        run.submit("eva", "x", None, false);
        run.until_next(Hop::Score);
    } => |_| Act::Messages(Hop::Score);
    "an offer": |run| {
        run.submit("eva", "x", None, false);
        run.until_next(Hop::Route);
    } => |_| Act::Messages(Hop::Route);
    "parking": |run| {
        run.everybody("true");
        run.submit("eva", "x", None, false);
        run.until_next(Hop::Route);
    } => |_| Act::Messages(Hop::Route);
    "telling of an offer": |run| {
        run.submit("eva", "x", None, false);
        run.until("an offer", |run| run.lead().stage == Stage::Offered);
        run.until_next(Hop::Notify);
    } => |_| Act::Messages(Hop::Notify);
    "telling while receivers are down": |run| {
        run.submit("eva", "x", None, false);
        run.until_next(Hop::Notify);
        run.world.lock().receivers.down = true;
    } => |_| Act::Messages(Hop::Notify);
    "a delivery's next try": |run| {
        run.submit("eva", "x", None, false);
        run.until_next(Hop::Notify);
        run.world.lock().receivers.down = true;
        run.until_stage(Stage::Offered);
        run.world.lock().receivers.down = false;
        run.until_next(Hop::Notify);
    } => |_| Act::Messages(Hop::Notify);
    "a reminder": |run| {
        run.submit("eva", "x", None, false);
        run.until_stage(Stage::Offered);
        run.until_next(Hop::Timer);
    } => |_| Act::Messages(Hop::Timer);
    "a breach and a reassignment": |run| {
        run.submit("eva", "x", None, false);
        run.until_stage(Stage::Offered);
        let due = run.lead().clocks[0].due_at;
        run.until("the deadline", |run| run.world.local_now() >= due);
        run.until_next(Hop::Timer);
    } => |_| Act::Messages(Hop::Timer);
    "a return to marketing": |run| {
        run.submit("eva", "x", None, false);
        // Reminder, breach, reassignment and the manager are behind it.
        run.until("the last step", |run| {
            let lead = run.lead();
            lead.offers == 3 && lead.clocks.iter().any(|c| c.kind == ClockKind::Accept && c.step == 4)
        });
        run.until_next(Hop::Timer);
    } => |_| Act::Messages(Hop::Timer);
    "a sweep over a deadline": |run| {
        run.submit("eva", "x", None, false);
        run.until_stage(Stage::Offered);
        run.world.lock().queue.clear();
        run.world.advance_to(run.now_ms() + 21_000);
    } => |_| Act::Tick;
    "a sweep over a lead that got stuck": |run| {
        run.submit("eva", "x", None, false);
        run.world.lock().queue.clear();
        run.world.advance_to(run.now_ms() + 61_000);
    } => |_| Act::Tick;
    "accepting": |run| {
        run.submit("eva", "x", None, false);
        run.until_stage(Stage::Offered);
    } => |run| Act::Request(run.answer("accept", "", &["accepted"]));
    "rejecting": |run| {
        run.submit("eva", "x", None, false);
        run.until_stage(Stage::Offered);
    } => |run| Act::Request(run.answer("reject", r#""reason":"not-mine""#, &["rejected"]));
    "a contact": |run| {
        run.submit("eva", "x", None, false);
        run.until_stage(Stage::Offered);
    } => |run| { let contact = run.contact(); Act::Request(run.answer("contact", &contact, &["contacted"])) };
    "qualifying": |run| run.working() => |run| Act::Request(run.answer("qualify", "", &["qualified"]));
    "winning": |run| run.working() => |run| Act::Request(run.answer("win", "", &["won"]));
    "losing": |run| run.working() => |run| Act::Request(run.answer("lose", r#""reason":"price""#, &["lost"]));
    "disqualifying": |run| run.working()
        => |run| Act::Request(run.answer("disqualify", r#""reason":"no-budget""#, &["disqualified"]));
    "recycling": |run| run.working()
        => |run| { let until = run.wake_at(); Act::Request(run.answer("recycle", &until, &["recycled"])) };
    "waking": |run| {
        run.working();
        let until = run.wake_at();
        run.answered_with("recycle", &until, &["recycled"]);
        let at = run.lead().wake_at.expect("it will wake");
        run.until("it wakes", |run| run.world.local_now() >= at);
        run.until_next(Hop::Timer);
    } => |_| Act::Messages(Hop::Timer);
    "a release": |run| {
        run.submit("eva", "x", None, true);
        run.until_stage(Stage::Quarantined);
    } => |run| Act::Request(run.answer("release", "", &["released"]));
    "a release that merges": |run| {
        run.submit("eva", "x", None, false);
        run.until_stage(Stage::Offered);
        run.submit("eva", "y", None, true);
        run.until_stage(Stage::Quarantined);
    } => |run| Act::Request(run.answer("release", "", &["merged"]));
    "unparking": |run| {
        run.everybody("true");
        run.submit("eva", "x", None, false);
        run.until_stage(Stage::Parked);
    } => |run| Act::Request(run.answer("unpark", "", &["unparked"]));
    "a rep who comes back": |run| {
        run.everybody("true");
        run.submit("eva", "x", None, false);
        run.until_stage(Stage::Parked);
    } => |run| Act::Request(run.operate("PATCH", &["reps", "ann"], r#"{"away":false}"#));
    "a look at a rep who is back": |run| {
        run.everybody("true");
        run.submit("eva", "x", None, false);
        run.until_stage(Stage::Parked);
        run.operated("PATCH", &["reps", "ann"], r#"{"away":false}"#);
        run.until_next(Hop::Timer);
    } => |_| Act::Messages(Hop::Timer);
    "a drained lead": |run| {
        run.everybody("true");
        run.submit("eva", "x", None, false);
        run.until_stage(Stage::Parked);
        run.operated("PATCH", &["reps", "ann"], r#"{"away":false}"#);
        run.until_left(Hop::Route);
    } => |_| Act::Messages(Hop::Route);
    "an offer of a rep who leaves": |run| {
        run.submit("eva", "x", None, false);
        run.until_stage(Stage::Offered);
        let rep = run.lead().owner.map(|o| o.rep_id.to_string()).expect("it is offered to somebody");
        let away = run.operate("PATCH", &["reps", &rep], r#"{"away":true}"#);
        run.schedule(run.now_ms(), away);
        run.until_next(Hop::Timer);
    } => |_| Act::Messages(Hop::Timer);
    "erasing": |run| run.working() => |run| Act::Request(run.answer("erase", "", &["erased"]));
    "a sweep over an erasure": |run| {
        run.working();
        let call = run.answer("erase", "", &["erased"]);
        run.given.pop();
        let (mut task, now_ms) = (Task::new(run.detached(call), 0, None, "erase".to_owned(), 0), run.now_ms());
        while run.lead().stage != Stage::Erased {
            assert!(matches!(task.poll(), Polled::Pending), "the erasure ends before the lead is erased");
        }
        drop(task);
        run.world.lock().queue.clear();
        run.world.advance_to(now_ms + 70_000);
    } => |_| Act::Tick;
    "publishing": |run| {
        run.submit("eva", "x", None, false);
        run.until_stage(Stage::Offered);
    } => |run| { let text = playbooks::ALL[1].text(); Act::Request(run.operate("PUT", &["playbook"], &text)) };
}
