//! A calm world for tests of handlers: the table's twin, queues that deliver, receivers that answer what a test tells
//! them to, and a clock that stands still until it is advanced. Nothing fails here unless a test asks for it.

mod crowd;
mod logs;
mod ports;
mod uses;
mod world;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use leadline_core::lead::Lead;
use leadline_escalate::{Lateness, Swept};
use leadline_runtime::follow_up::HandleError;
use leadline_runtime::http::{Request, Response};
use leadline_runtime::wake::WakeUp;
use leadline_store::access::{self, Scope};
use leadline_store::rows::from_item;
use leadline_store::{AttributeValue, Item, Key, Twin};
use serde_json::Value;

use crate::deployment::{Deployment, make_key, now_or_never, publish};
use ports::CalmPorts;
use world::World;

pub use logs::logged;
pub use uses::{Use, Uses};
pub use world::{LostAnswer, Receivers, Record, Timed};

/// The playbook of a calm world: short deadlines, four reps in two pools, a form for each kind of trouble.
pub const PLAYBOOK: &str = include_str!("calm/playbook.yaml");

/// Where the API of a calm world is.
pub const PUBLIC_URL: &str = "https://calm.example";

/// When a calm world begins.
pub const START: Timestamp = Timestamp::constant(1_790_000_000, 0);

/// A world. Clones are the same world.
#[derive(Clone)]
pub struct Calm {
    world: Arc<World>,
    ports: CalmPorts,
    deployment: Deployment,
    /// A key with every scope.
    pub api_key: String,
}

impl Default for Calm {
    fn default() -> Self {
        Calm::new(PLAYBOOK)
    }
}

impl Calm {
    /// A world in which this playbook is in force.
    pub fn new(playbook: &str) -> Self {
        let world = World::new(START);
        publish(&world.twin, playbook, "calm", START);
        let api_key =
            make_key(&world.twin, "0123456789abcdef", &"ab".repeat(32), "calm-tests", &Scope::ALL, START);
        let ports = CalmPorts::new(&world);
        Self { world, ports, deployment: Deployment::new(PUBLIC_URL), api_key }
    }

    /// The current instant.
    pub fn now(&self) -> Timestamp {
        self.world.now()
    }

    /// The table, to look at without being metered.
    pub fn twin(&self) -> &Twin {
        &self.world.twin
    }

    /// Every row that is not a counter or an API key, in the order of the keys.
    pub fn rows(&self) -> Vec<Item> {
        let beside = ["RATE#", "BURST#", "KEYS"];
        let counts = |item: &Item| beside.iter().any(|prefix| text(item, "pk").starts_with(prefix));
        self.twin().snapshot().into_iter().filter(|item| !counts(item)).collect()
    }

    /// Every lead as its row stands, the oldest first.
    pub fn leads(&self) -> Vec<Lead> {
        let rows = self.twin().snapshot().into_iter().filter(|item| text(item, "sk") == "LEAD");
        let mut leads: Vec<Lead> = rows.map(|item| from_item(item).expect("a lead's row")).collect();
        leads.sort_by(|a, b| (a.created_at, &a.lead_id).cmp(&(b.created_at, &b.lead_id)));
        leads
    }

    /// Makes another key.
    pub fn key(&self, scopes: &[Scope]) -> String {
        let n = self.twin().len();
        make_key(self.twin(), &format!("{n:016x}"), &format!("{n:064x}"), "another", scopes, self.now())
    }

    /// Revokes a key.
    pub fn revoke(&self, key: &str) {
        let (key_id, _) = access::split(key).expect("a key of ours");
        let done = now_or_never(access::revoke(self.twin(), key_id, self.now()));
        assert!(done.expect("the twin answers"), "there is no such key");
    }

    /// Publishes another playbook.
    pub fn publish(&self, playbook: &str) {
        publish(self.twin(), playbook, "calm", self.now());
    }

    /// Sends any request.
    pub fn send(&self, request: Request) -> Response {
        let function = Deployment::door(&request);
        now_or_never(self.deployment.answer(&self.ports.of(function), request))
    }

    /// A program without a browser submits a form.
    pub fn submit(&self, form: &str, answers: &Value) -> Response {
        self.send(submission(form, answers))
    }

    /// Submits a form, which must be taken, and returns the submission id.
    pub fn submitted(&self, form: &str, answers: &Value) -> String {
        let response = self.submit(form, answers);
        assert_eq!(response.status, 202, "{}", response.body);
        json(&response)["submission_id"].as_str().expect("a submission id").to_owned()
    }

    /// Calls the API with a key.
    pub fn crm(&self, method: &str, path: &str, body: &Value, key: &str) -> Response {
        let mut request = request(method, path);
        request.headers.insert("authorization".to_owned(), format!("Bearer {key}"));
        if !body.is_null() {
            request.body = body.to_string().into_bytes();
        }
        self.send(request)
    }

    /// Calls the API with every scope; the status and the document.
    pub fn ask(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let response = self.crm(method, path, body, &self.api_key);
        (response.status, json(&response))
    }

    /// The lead that a submission made or joined, as the API shows it.
    pub fn lead_of(&self, submission_id: &str) -> Value {
        let (status, found) = self.ask("GET", &format!("/submissions/{submission_id}"), &Value::Null);
        assert_eq!(status, 200, "{found}");
        self.lead(found["lead_id"].as_str().expect("a lead id"))
    }

    /// A lead as the API shows it.
    pub fn lead(&self, lead_id: &str) -> Value {
        let (status, lead) = self.ask("GET", &format!("/leads/{lead_id}"), &Value::Null);
        assert_eq!(status, 200, "{lead}");
        lead
    }

    /// The whole timeline of a lead.
    pub fn timeline(&self, lead_id: &str) -> Vec<Value> {
        let (status, page) = self.ask("GET", &format!("/leads/{lead_id}/timeline?limit=200"), &Value::Null);
        assert_eq!(status, 200, "{page}");
        assert_eq!(page["next_cursor"], Value::Null, "a longer timeline than any test makes");
        page["events"].as_array().expect("events").clone()
    }

    /// Delivers every message that can be received now, and what follows from it, until nothing is left.
    pub fn run_queues(&self) {
        for _ in 0..10_000 {
            if !self.run_one() {
                return;
            }
        }
        panic!("the queues do not empty");
    }

    /// Delivers one message that can be received now; whether there was one.
    pub fn run_one(&self) -> bool {
        let Some(message) = self.world.receive() else { return false };
        let handled = self.handle(&message.wake_up);
        self.world.handled(message, handled);
        true
    }

    /// Hands one message to its function, past the queues; whether it was handled.
    pub fn handle(&self, wake_up: &WakeUp) -> bool {
        let ports = self.ports.of(uses::behind(wake_up.hop));
        now_or_never(self.deployment.wake(&ports, wake_up)).is_ok()
    }

    /// One sweep, now; by how much the steps that it took were late.
    pub fn sweep(&self) -> Lateness {
        let lateness = Lateness::default();
        self.try_sweep(&lateness).expect("the twin answers");
        lateness
    }

    /// One sweep, now, of a table that may not answer.
    pub fn try_sweep(&self, lateness: &Lateness) -> Result<Swept, HandleError> {
        let until = self.now() + SignedDuration::from_secs(50);
        let ports = self.ports.of("escalate");
        now_or_never(leadline_escalate::sweep(&self.deployment.shelf, &ports, until, lateness))
    }

    /// Lets time pass: whatever is due on the way happens at its time, message by message and tick by tick.
    pub fn advance(&self, by: SignedDuration) {
        let end = self.now() + by;
        self.run_queues();
        while let Some(next) = self.world.next().filter(|next| *next <= end) {
            self.world.set_now(next);
            self.run_queues();
            if self.world.is_tick() {
                self.sweep();
                self.run_queues();
            }
        }
        self.world.set_now(end);
    }

    /// Which function has used what so far that its role has to allow.
    pub fn uses(&self) -> Uses {
        self.world.lock().uses.clone()
    }

    /// What has gone out so far.
    pub fn record(&self) -> Record {
        self.world.lock().record.clone()
    }

    /// What has gone out so far, of which nothing is remembered any more.
    pub fn take_record(&self) -> Record {
        std::mem::take(&mut self.world.lock().record)
    }

    /// Everything in the queues is gone.
    pub fn purge(&self) {
        self.world.lock().queue.clear();
    }

    /// From now on no message arrives anywhere, although each is accepted; or they do again.
    pub fn lose_messages(&self, lose: bool) {
        self.world.lock().losing = lose;
    }

    /// From now on the schedule does not tick; or it does again.
    pub fn stop_ticks(&self, stop: bool) {
        self.world.lock().ticking = !stop;
    }

    /// From now on no counter answers; or they do again.
    pub fn break_counters(&self, broken: bool) {
        self.world.lock().counters_down = broken;
    }

    /// The next lead's row is written, and the answer to that gets lost.
    pub fn lose_answer(&self, heard: LostAnswer) {
        self.world.lock().lost_answer = Some(heard);
    }

    /// Something that happens just before the next transaction takes effect.
    pub fn before_transaction(&self, happens: impl FnOnce() + Send + 'static) {
        self.world.lock().before_transaction = Some(Box::new(happens));
    }

    /// Something that happens just before the next commit of a lead's row takes effect.
    pub fn before_commit(&self, happens: impl FnOnce() + Send + 'static) {
        self.before_write("LEAD#", "LEAD", happens);
    }

    /// Something that happens just before the next write takes effect to a row whose keys begin so.
    pub fn before_write(&self, pk: &'static str, sk: &'static str, happens: impl FnOnce() + Send + 'static) {
        self.world.lock().before_write = Some((pk, sk, Box::new(happens)));
    }

    /// After so many more writes the table does not answer any more, as for a worker that dies then; until [`Calm::heal`].
    pub fn stop_after_writes(&self, writes: u32) {
        self.world.lock().writes_left = Some(writes);
    }

    /// From now on these partitions, of the table or of an index, cannot be queried, and all others can.
    pub fn unreadable(&self, partitions: impl IntoIterator<Item = String>) {
        self.world.lock().unreadable = partitions.into_iter().collect();
    }

    /// The next read of this row, and that one only, finds the table overwhelmed.
    pub fn throttle_row(&self, pk: &str, sk: &str) {
        self.world.lock().throttled_row = Some(Key::new(pk, sk));
    }

    /// The table answers again; whether it had stopped.
    pub fn heal(&self) -> bool {
        self.world.lock().writes_left.take() == Some(0)
    }

    /// The clocks of all who do this are ahead by so much; those of the queues and of the table are not.
    pub fn with_clocks_ahead<R>(&self, by: SignedDuration, act: impl FnOnce() -> R) -> R {
        self.world.lock().ahead = by;
        let result = act();
        self.world.lock().ahead = SignedDuration::ZERO;
        result
    }

    /// Time passes, and nothing happens in it.
    pub fn wait(&self, by: SignedDuration) {
        self.world.set_now(self.now() + by);
    }

    /// Something that happens before each read from now on, and while somebody pauses; pauses take their time then.
    pub fn before_reads(&self, happens: impl FnMut() + Send + 'static) {
        self.world.lock().before_reads = Some(Box::new(happens));
    }

    /// Nothing happens between reads any more.
    pub fn undisturbed(&self) {
        self.world.lock().before_reads = None;
    }

    /// One run of the hourly audit, which begins no page at or after `by` from now.
    pub fn hourly_audit(&self, by: SignedDuration) -> leadline_audit::Run {
        let until = self.now() + by;
        let run = now_or_never(leadline_audit::run(&self.deployment.audit, &self.ports.of("audit"), until));
        run.expect("the twin answers")
    }

    /// The value of a secret.
    pub fn set_secret(&self, name: &str, value: &str) {
        self.world.lock().secrets.insert(name.to_owned(), value.to_owned());
    }

    /// What receivers out in the world do from now on.
    pub fn receivers(&self, change: impl FnOnce(&mut Receivers)) {
        change(&mut self.world.lock().receivers);
    }
}

/// A request without headers or body, from one address. The path may carry a query of plain words.
pub fn request(method: &str, path: &str) -> Request {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    Request {
        method: method.to_owned(),
        path: path.split('/').filter(|s| !s.is_empty()).map(str::to_owned).collect(),
        query: pairs.map(|(n, v)| (n.to_owned(), v.to_owned())).collect(),
        source_ip: "192.0.2.1".to_owned(),
        domain: "calm.example".to_owned(),
        ..Request::default()
    }
}

/// A program's submission in JSON.
pub fn submission(form: &str, answers: &Value) -> Request {
    let mut request = request("POST", &format!("/forms/{form}/submissions"));
    request.headers.insert("content-type".to_owned(), "application/json".to_owned());
    request.body = answers.to_string().into_bytes();
    request
}

/// The document in an answer; null when it is none.
pub fn json(response: &Response) -> Value {
    serde_json::from_str(&response.body).unwrap_or(Value::Null)
}

/// A header of an answer.
pub fn header<'r>(response: &'r Response, name: &str) -> Option<&'r str> {
    response.headers.iter().rev().find(|(n, _)| *n == name).map(|(_, value)| value.as_str())
}

/// A text attribute of a row; empty when there is none.
pub fn text<'i>(item: &'i Item, name: &str) -> &'i str {
    match item.get(name) {
        Some(AttributeValue::S(text)) => text,
        _ => "",
    }
}
