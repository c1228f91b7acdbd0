//! The people of a world: clients who submit and retry, sales who answer or do not.

use std::collections::BTreeSet;

use jiff::Timestamp;
use leadline_core::lead::{Lead, Stage};
use leadline_runtime::http::Request;
use leadline_store::rows::from_item;

use super::random::Random;
use super::world::World;

/// What a client sends, and what came of it.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    pub(crate) body: String,
    pub(crate) key: Option<String>,
    pub(crate) is_spam: bool,
    pub(crate) email: String,
    pub(crate) tries_left: u32,
    /// The submission ids of all 2xx answers: one and the same, or something is wrong.
    pub(crate) acked: BTreeSet<String>,
    /// How many requests go out at the same instant, as when somebody presses the button twice.
    pub(crate) at_once: u32,
    pub(crate) sent: u32,
}

/// One request by somebody.
#[derive(Debug, Clone)]
pub(crate) enum Call {
    /// A client sends a planned submission.
    Submit(usize),
    /// Somebody answers for a lead.
    Answer { lead_id: String, verb: &'static str, body: String },
    /// Marketing releases a quarantined lead.
    Release { lead_id: String },
}

/// Plans the submissions of a world: several people, some more than once, some by several addresses of the same
/// mailbox, some twice the same, some spam. In a rush there are more of them than sales has room for.
pub(crate) fn plan(random: &mut Random, rush: bool) -> Vec<Planned> {
    let people = if rush { 6 + random.below(7) } else { 2 + random.below(5) };
    let mut planned = Vec::new();
    for person in 0..people {
        let domain = match random.below(10) {
            0 => "rival.example",
            1 => "gmail.com",
            _ => "firm.example",
        };
        for visit in 0..=random.below(3) {
            let email = match random.below(4) {
                0 => format!("P{person}+tag{visit}@{domain}"),
                _ => format!("p{person}@{domain}"),
            };
            let is_spam = random.chance(120);
            let fax = if is_spam { r#","fax":"1""# } else { "" };
            let wish = random.below(3);
            let body = format!(r#"{{"email":"{email}","first_name":"N{visit}","wish":"{wish}"{fax}}}"#);
            let key = random.chance(700).then(|| format!("key-{person}-{visit}-{}", random.below(1_000_000)));
            let at_once = if random.chance(300) { 2 } else { 1 };
            let acked = BTreeSet::new();
            planned.push(Planned { body, key, is_spam, email, tries_left: 8, acked, at_once, sent: 0 });
        }
    }
    planned
}

/// The HTTP request behind a call.
pub(crate) fn request(call: &Call, planned: &[Planned], api_key: &str) -> Request {
    let mut request =
        Request { method: "POST".to_owned(), source_ip: "192.0.2.1".to_owned(), ..Request::default() };
    request.headers.insert("content-type".to_owned(), "application/json".to_owned());
    match call {
        Call::Submit(index) => {
            let plan = &planned[*index];
            request.path = vec!["forms".to_owned(), "demo".to_owned(), "submissions".to_owned()];
            request.body = plan.body.clone().into_bytes();
            if let Some(key) = &plan.key {
                request.headers.insert("idempotency-key".to_owned(), key.clone());
            }
        }
        Call::Answer { lead_id, verb, body } => {
            request.path = vec!["leads".to_owned(), lead_id.clone(), (*verb).to_owned()];
            request.body = body.clone().into_bytes();
            request.headers.insert("authorization".to_owned(), format!("Bearer {api_key}"));
        }
        Call::Release { lead_id } => {
            request.path = vec!["leads".to_owned(), lead_id.clone(), "release".to_owned()];
            request.headers.insert("authorization".to_owned(), format!("Bearer {api_key}"));
        }
    }
    request
}

/// Every lead of the world as its row stands.
pub(crate) fn leads(world: &World) -> Vec<Lead> {
    let mut leads = Vec::new();
    for item in world.twin.snapshot() {
        let is_lead = matches!(item.get("sk"), Some(leadline_store::AttributeValue::S(sk)) if sk == "LEAD");
        if is_lead {
            leads.push(from_item::<Lead>(item).expect("a lead's row can be read"));
        }
    }
    leads
}

/// What somebody in sales or marketing does next, if anything.
pub(crate) fn answer(random: &mut Random, leads: &[Lead], now: Timestamp) -> Option<Call> {
    let lead = random.pick(leads)?;
    let lead_id = lead.lead_id.to_string();
    let rep = lead.owner.as_ref().map(|o| o.rep_id.to_string());
    let by = |rest: &str| rep.as_ref().map(|rep| format!(r#"{{"rep_id":"{rep}"{rest}}}"#));
    let contact = format!(
        r#","channel":"phone","direction":"outbound","outcome":"connected","occurred_at":"{}""#,
        now.max(lead.received_at)
    );
    let recycle = format!(r#","reason":"later","wake_at":"{}""#, now + jiff::SignedDuration::from_secs(40));
    let (verb, body) = match (lead.stage, random.below(6)) {
        (Stage::Quarantined, 0..=2) => return Some(Call::Release { lead_id }),
        (Stage::Offered, 0..=1) => ("accept", by("")?),
        (Stage::Offered, 2) => ("reject", by(r#","reason":"not-mine""#)?),
        (Stage::Accepted, 0..=2) => ("contact", by(&contact)?),
        (Stage::Working, 0) => ("recycle", by(&recycle)?),
        (Stage::Working, 1) => ("qualify", by("")?),
        (Stage::Working | Stage::Qualified, 2) => ("win", by("")?),
        (Stage::Working | Stage::Qualified, 3) => ("lose", by(r#","reason":"price""#)?),
        _ => return None,
    };
    Some(Call::Answer { lead_id, verb, body })
}
