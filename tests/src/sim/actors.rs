//! The people of a world: clients who submit and retry, sales who answer or do not, operators who change the rules.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use leadline_core::ids::LeadId;
use leadline_core::lead::{Lead, Stage};
use leadline_runtime::http::Request;

use super::playbooks;
use super::random::Random;
use super::reports::{Holding, Reports};
use super::run::START_MS;

/// What a client sends, and what came of it.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    pub(crate) body: String,
    pub(crate) key: Option<String>,
    pub(crate) is_spam: bool,
    pub(crate) email: String,
    pub(crate) tries_left: u32,
    /// When it is sent first, in milliseconds from the beginning.
    pub(crate) at_ms: i64,
    /// The submission ids of all 2xx answers: one and the same, or something is wrong.
    pub(crate) acked: BTreeSet<String>,
    /// How many requests go out at the same instant, as when somebody presses the button twice.
    pub(crate) at_once: u32,
    pub(crate) sent: u32,
}

/// What somebody did to a lead, and what came of it.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    pub(crate) lead_id: String,
    /// The names of the events that it may make; none when it is to be refused.
    pub(crate) makes: &'static [&'static str],
    pub(crate) acknowledged: bool,
    pub(crate) unclear: bool,
    /// For a report of somebody who had the lead before: who had it when it was told.
    pub(crate) told: Option<Holding>,
}

/// One request by somebody.
#[derive(Debug, Clone)]
pub(crate) enum Call {
    /// A client sends a planned submission.
    Submit(usize),
    /// Somebody answers for a lead, under a key of their own, and again when nothing comes back.
    Answer { lead_id: String, verb: &'static str, body: String, key: String, given: usize, tries_left: u32 },
    /// An operator publishes these rules, or changes a rep's presence.
    Operate { method: &'static str, path: Vec<String>, body: String, tries_left: u32 },
    /// An operator puts the deadlines that run on the version in force, if it is this one; page by page.
    Rebase { version: u64, cursor: Option<String>, tries_left: u32 },
}

/// Plans the submissions of a world: several people, some more than once, some by several addresses of the same
/// mailbox, some twice the same, some spam, some after everything has healed. In a rush there are more of them than
/// sales has room for.
pub(crate) fn plan(random: &mut Random, rush: bool) -> Vec<Planned> {
    let people = if rush { 5 + random.below(5) } else { 2 + random.below(4) };
    let mut planned = Vec::new();
    for person in 0..people {
        let alone = format!("c{person}.example");
        let domain = match random.below(10) {
            0 => "rival.example",
            1 => "gmail.com",
            2..=5 => "firm.example",
            6 => "acme.example",
            // Most people are the only ones of their company here.
            _ => alone.as_str(),
        };
        let visits = 1 + u64::from(random.chance(350)) + u64::from(random.chance(150));
        for visit in 0..visits {
            let email = match random.below(4) {
                0 => format!("P{person}+tag{visit}@{domain}"),
                _ => format!("p{person}@{domain}"),
            };
            let is_spam = random.chance(120);
            let fax = if is_spam { r#","fax":"1""# } else { "" };
            let wish = match random.below(20) {
                0 => "wait".to_owned(),
                1..=3 => playbooks::GERMAN_WISH.to_owned(),
                some => (some % 3).to_string(),
            };
            let body = format!(r#"{{"email":"{email}","first_name":"N{visit}","wish":"{wish}"{fax}}}"#);
            let key = random.chance(700).then(|| format!("key-{person}-{visit}-{}", random.below(1_000_000)));
            let at_once = if random.chance(300) { 2 } else { 1 };
            let at_ms = match random.below(10) {
                0..=1 => 160_000 + random.between(0, 60_000),
                _ if rush => random.between(0, 300),
                _ => random.between(0, 60_000),
            };
            let acked = BTreeSet::new();
            planned.push(Planned {
                body,
                key,
                is_spam,
                email,
                tries_left: 10,
                at_ms,
                acked,
                at_once,
                sent: 0,
            });
        }
    }
    planned
}

/// Plans what operators do: reps leave and come back, the rules change, and people are erased, some of them while
/// something of theirs is on its way.
pub(crate) fn operations(random: &mut Random, planned: &[Planned]) -> Vec<(i64, Call)> {
    let mut calls = Vec::new();
    let operate = |method, path: &[&str], body: String| Call::Operate {
        method,
        path: path.iter().map(|s| (*s).to_owned()).collect(),
        body,
        tries_left: 6,
    };
    for _ in 0..random.below(6) {
        let rep = *random.pick(&["ann", "bob", "cat", "dot"]).unwrap_or(&"ann");
        let (leaves, stays) = (random.between(0, 230_000), random.between(1_000, 60_000));
        let at = |ms: i64| {
            Timestamp::from_millisecond(START_MS + ms).map_or_else(|_| String::new(), |t| t.to_string())
        };
        let (gone, back) = match random.below(6) {
            0..=1 => (r#"{"away":true}"#.to_owned(), Some(r#"{"away":false}"#)),
            2 => (r#"{"active":false}"#.to_owned(), Some(r#"{"active":null}"#)),
            3 => (r#"{"caps":{"open":1}}"#.to_owned(), Some(r#"{"caps":{"open":null}}"#)),
            // Two absences with a moment between, announced when the first begins, or some time before.
            _ => {
                let from = leaves + random.between(0, 40_000);
                let (until, again) = (from + stays, from + stays + random.between(0, 5_000));
                let spans = [(from, until), (again, again + stays)]
                    .map(|(from, until)| format!(r#"{{"from":"{}","until":"{}"}}"#, at(from), at(until)));
                (format!(r#"{{"absences":[{}]}}"#, spans.join(",")), None)
            }
        };
        calls.push((leaves, operate("PATCH", &["reps", rep], gone)));
        if let Some(back) = back {
            calls.push((leaves + stays, operate("PATCH", &["reps", rep], back.to_owned())));
        }
    }
    // Turns go by from the first moment on, and whoever was away is back while people still come.
    if random.chance(250) {
        let rep = *random.pick(&["ann", "bob"]).unwrap_or(&"ann");
        let back = random.between(5_000, 45_000);
        for (at_ms, away) in [(0, true), (back, false)] {
            calls.push((at_ms, operate("PATCH", &["reps", rep], format!(r#"{{"away":{away}}}"#))));
        }
    }
    for plan in planned {
        if random.chance(120) {
            let body = format!(r#"{{"email":"{}","reason":"asked-to"}}"#, plan.email);
            let soon = if random.chance(700) { random.between(0, 40) } else { random.between(0, 90_000) };
            calls.push((plan.at_ms + soon, operate("POST", &["erasures"], body)));
        }
    }
    let mut published: Vec<i64> = (0..random.below(3)).map(|_| random.between(500, 200_000)).collect();
    published.sort_unstable();
    for (at_ms, version) in published.into_iter().zip(2..) {
        let rules = &playbooks::ALL[usize::try_from(random.below(3)).unwrap_or(0)];
        calls.push((at_ms, operate("PUT", &["playbook"], rules.text())));
        if random.chance(600) {
            let soon = random.between(0, 30_000);
            calls.push((at_ms + soon, Call::Rebase { version, cursor: None, tries_left: 6 }));
        }
    }
    calls
}

/// The HTTP request behind a call.
pub(crate) fn request(call: &Call, planned: &[Planned], api_key: &str) -> Request {
    let mut request =
        Request { method: "POST".to_owned(), source_ip: "192.0.2.1".to_owned(), ..Request::default() };
    let mut header = |name: &str, value: String| request.headers.insert(name.to_owned(), value);
    match call {
        Call::Submit(index) => {
            let plan = &planned[*index];
            header("content-type", "application/json".to_owned());
            if let Some(key) = &plan.key {
                header("idempotency-key", key.clone());
            }
            request.path = vec!["forms".to_owned(), "demo".to_owned(), "submissions".to_owned()];
            request.body = plan.body.clone().into_bytes();
        }
        Call::Answer { lead_id, verb, body, key, .. } => {
            header("content-type", "application/json".to_owned());
            header("authorization", format!("Bearer {api_key}"));
            header("idempotency-key", key.clone());
            request.path = vec!["leads".to_owned(), lead_id.clone(), (*verb).to_owned()];
            request.body = body.clone().into_bytes();
        }
        Call::Rebase { version, cursor, .. } => {
            header("authorization", format!("Bearer {api_key}"));
            request.path = vec!["playbook".to_owned(), "rebase".to_owned()];
            request.query.insert("version".to_owned(), version.to_string());
            request.query.extend(cursor.iter().map(|cursor| ("cursor".to_owned(), cursor.clone())));
        }
        Call::Operate { method, path, body, .. } => {
            let is_text = *method == "PUT";
            header("content-type", if is_text { "application/yaml" } else { "application/json" }.to_owned());
            header("authorization", format!("Bearer {api_key}"));
            request.method = (*method).to_owned();
            request.path = path.clone();
            request.body = body.clone().into_bytes();
        }
    }
    request
}

/// What somebody in sales or marketing does next, if anything: the verb, its body, and the event that it makes.
pub(crate) fn answer(
    random: &mut Random,
    leads: &BTreeMap<LeadId, Arc<Lead>>,
    reports: &Reports,
    now: Timestamp,
) -> Option<(&'static str, String, Given)> {
    let place = usize::try_from(random.below(leads.len().max(1) as u64)).ok()?;
    let lead = leads.values().nth(place)?;
    let rep = lead.owner.as_ref().map(|o| o.rep_id.to_string());
    let by = |rest: &str| rep.as_ref().map(|rep| format!(r#"{{"rep_id":"{rep}"{rest}}}"#));
    let contact = |outcome: &str, at: Timestamp| {
        format!(
            r#","channel":"phone","direction":"outbound","outcome":"{outcome}","occurred_at":"{}""#,
            at.max(lead.received_at)
        )
    };
    let pause = random.between(20, 70);
    let aside = format!(r#","reason":"holiday","until":"{}""#, now + jiff::SignedDuration::from_secs(pause));
    // Some tell of a call when it is long over, some of a machine's.
    let waited = now.duration_since(lead.received_at).as_secs().max(0);
    let earlier = now - jiff::SignedDuration::from_secs(random.between(0, waited));
    let outcome = *random.pick(&["no_answer", "connected", "automated"]).unwrap_or(&"no_answer");
    let why_lost = *random.pick(&["price", "unreachable"]).unwrap_or(&"price");
    let recycle =
        format!(r#","reason":"later","wake_at":"{}""#, now + jiff::SignedDuration::from_secs(pause));
    let erases = random.chance(60);
    let by_hand = random.chance(500);
    let named = random.pick(&["ann", "bob", "cat", "dot"]).unwrap_or(&"ann");
    let named = format!(r#"{{"to":"{named}","reason":"territory"}}"#);
    let told_late = Holding::of(lead).filter(|_| by_hand).and_then(|_| {
        let before = *random.pick(&reports.before(lead))?;
        let second = jiff::SignedDuration::from_secs(1);
        let at = lead.owner.as_ref().map_or(earlier, |owner| earlier.min(owner.offered_at - second));
        // Nobody had it before it was there.
        if at < lead.received_at {
            return None;
        }
        Some(format!(r#"{{"rep_id":"{before}"{}}}"#, contact("no_answer", at)))
    });
    let (verb, body, makes): (_, _, &[&str]) = match (lead.stage, random.below(11)) {
        (Stage::Quarantined, 0..=2) => ("release", Some(String::new()), &["released", "merged"]),
        (Stage::Offered, 0..=1) => ("accept", by(""), &["accepted"]),
        (Stage::Offered, 2) => ("reject", by(r#","reason":"not-mine""#), &["rejected"]),
        // Somebody else reaches for it: refused, whatever else is going on.
        (Stage::Offered, 3) => ("accept", Some(r#"{"rep_id":"eve"}"#.to_owned()), &[]),
        (Stage::Offered | Stage::Accepted, 4) => ("recycle", by(&recycle), &["recycled"]),
        (Stage::Offered | Stage::Accepted, 5) => {
            ("disqualify", by(r#","reason":"no-budget""#), &["disqualified"])
        }
        (Stage::Accepted, 0..=2) => ("contact", by(&contact("connected", now)), &["contacted"]),
        // Somebody who had it before tells late of a call.
        (Stage::Scored | Stage::Parked, 8..=10) | (Stage::Offered | Stage::Accepted | Stage::Working, 8)
            if told_late.is_some() =>
        {
            ("contact", told_late.clone(), &["contacted"])
        }
        (Stage::Accepted | Stage::Working | Stage::Qualified, 8) => {
            ("contact", by(&contact(outcome, earlier)), &["contacted"])
        }
        (Stage::Accepted | Stage::Working | Stage::Qualified, 9) if lead.paused.is_some() => {
            ("resume", by(""), &["resumed"])
        }
        (Stage::Accepted | Stage::Working | Stage::Qualified, 9) => ("pause", by(&aside), &["paused"]),
        (Stage::Accepted | Stage::Working, 10) => {
            ("disqualify", by(r#","reason":"unreachable""#), &["disqualified"])
        }
        (Stage::Working, 0) => ("recycle", by(&recycle), &["recycled"]),
        (Stage::Working, 1) => ("qualify", by(r#","checklist":{"need":true}"#), &["qualified"]),
        // Not without an answer to the checklist.
        (Stage::Working, 4) => ("qualify", by(""), &[]),
        (Stage::Parked, 5) if by_hand => ("reassign", Some(named), &["handed_over"]),
        (stage, 6) if by_hand && stage.is_held() => ("reassign", Some(named), &["handed_over"]),
        (Stage::Working | Stage::Qualified, 2) => ("win", by(""), &["won"]),
        (Stage::Working | Stage::Qualified, 3) => {
            ("lose", by(&format!(r#","reason":"{why_lost}""#)), &["lost"])
        }
        (_, 7) if erases => ("erase", Some("{}".to_owned()), &["erased"]),
        (Stage::Parked, 0) => ("unpark", Some("{}".to_owned()), &["unparked"]),
        _ => return None,
    };
    let body = body?;
    let told = Holding::of(lead).filter(|_| told_late.as_ref() == Some(&body));
    let lead_id = lead.lead_id.to_string();
    Some((verb, body, Given { lead_id, makes, acknowledged: false, unclear: false, told }))
}
