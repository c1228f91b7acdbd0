//! The lead as the API shows it: the row, with everything that explains it.

use jiff::Timestamp;
use leadline_core::enrichment::Fact;
use leadline_core::identity::alternatives;
use leadline_core::lead::{Accountable, Field, FieldValue, Lead, Origin, Profile, Stage};
use leadline_core::playbook::Playbook;
use leadline_core::scoring::ScoreCard;
use leadline_core::sla::{Clock, ClockKind};
use leadline_core::submission::{Form, Submission};
use leadline_runtime::route_record::RouteRecord;
use serde_json::{Map, Value, json};

use crate::deadlines;
use crate::route_json::route;

/// What lists show: the row without its explanations.
pub(crate) fn summary(lead: &Lead) -> Value {
    let contact = &lead.profile.contact;
    let company = &lead.profile.company;
    json!({
        "lead_id": lead.lead_id,
        "version": lead.version,
        "stage": lead.stage,
        "cycle": lead.cycle,
        "form_id": lead.form,
        "accountable": accountable(lead),
        "contact": {
            // What stands there once it is erased is nobody's.
            "email": (lead.stage != Stage::Erased).then_some(&contact.email),
            "phone": contact.phone.as_ref().map(|p| p.as_str()),
            "first_name": contact.first_name,
            "last_name": contact.last_name,
            "title": contact.title,
            "seniority": contact.seniority,
            "function": contact.function,
            "country": contact.country,
            "subdivision": contact.subdivision,
            "postcode": contact.postcode,
        },
        "company": {
            "name": company.name,
            "domain": company.domain,
            "employees": company.employees,
            "industry": company.industry,
            "country": company.country,
        },
        "score": lead.score.as_ref().map(|s| json!({
            "fit": s.fit,
            "interest": s.interest,
            "grade": s.grade,
            "playbook_version": s.playbook_version,
        })),
        "owner": lead.owner.as_ref().map(|o| json!({
            "rep_id": o.rep_id,
            "pool_id": o.pool_id,
            "offer": o.offer,
            "offered_at": o.offered_at,
            "accepted_at": o.accepted_at,
            "basis": o.basis,
        })),
        "clocks": lead.clocks.iter().map(clock).collect::<Vec<_>>(),
        "paused": lead.paused.as_ref().map(|p| json!({ "since": p.since, "until": p.until, "reason": p.reason })),
        "parked": lead.parked.as_ref().map(|p| json!({
            "pool_id": p.pool_id,
            "reason": p.reason,
            "since": p.since,
        })),
        "reason": lead.reason,
        "merged_into": lead.merged_into,
        "erasure_id": lead.erasure,
        "forget_at": lead.forget_at,
        "wake_at": lead.wake_at,
        "given_back_at": lead.given_back_at,
        "due_at": lead.due_at(),
        "qualified_at": lead.qualified_at,
        "received_at": lead.received_at,
        "created_at": lead.created_at,
        "updated_at": lead.updated_at,
    })
}

fn accountable(lead: &Lead) -> Value {
    match lead.accountable() {
        Accountable::Rep(rep_id) => json!({ "rep_id": rep_id }),
        Accountable::Pool(pool_id) => json!({ "pool_id": pool_id }),
        Accountable::Queue(queue) => json!({ "queue": queue }),
    }
}

fn clock(clock: &Clock) -> Value {
    json!({
        "clock": clock.kind,
        "due_at": clock.due_at,
        "warn_at": clock.warn_at,
        "next_step_at": clock.next_at,
        "status": clock.status,
        "policy": clock.policy,
        "playbook_version": clock.playbook,
        "started_at": clock.started_at,
        "paused_seconds": clock.held_s,
        "tries": (clock.kind == ClockKind::Attempts).then_some(clock.tries.len()),
    })
}

/// What stands beside the row.
#[derive(Debug, Default)]
pub(crate) struct Beside {
    pub(crate) submissions: Vec<Submission>,
    pub(crate) card: Option<ScoreCard>,
    pub(crate) facts: Vec<Fact>,
    pub(crate) route: Option<RouteRecord>,
    /// The playbook that it was routed with.
    pub(crate) routed_with: Option<std::sync::Arc<Playbook>>,
    /// The playbooks of the running clocks.
    pub(crate) playbooks: Vec<std::sync::Arc<Playbook>>,
}

/// The whole lead.
pub(crate) fn whole(lead: &Lead, beside: &Beside, forms: impl Fn(&Submission) -> Option<Form>) -> Value {
    let mut value = summary(lead);
    let Some(map) = value.as_object_mut() else { return value };
    if let (Some(Value::Object(score)), Some(card)) = (map.get_mut("score"), &beside.card) {
        score.insert("as_of".to_owned(), json!(card.as_of));
        score.insert("reasons".to_owned(), json!(card.reasons));
        score.insert("unknown".to_owned(), json!(card.unknown));
    }
    let mut submissions: Vec<&Submission> = beside.submissions.iter().collect();
    submissions.sort_by(|a, b| (a.received_at, &a.submission_id).cmp(&(b.received_at, &b.submission_id)));
    map.insert("touches".to_owned(), submissions.iter().map(|s| touch(s)).collect());
    map.insert("consents".to_owned(), submissions.iter().flat_map(|s| consents(s)).collect());
    map.insert("provenance".to_owned(), provenance(lead, &beside.facts));
    let typed: Vec<(&Submission, Profile)> =
        submissions.iter().filter_map(|s| Some((*s, retyped(s, forms(s).as_ref()?)?))).collect();
    let others = alternatives(lead, typed.iter().map(|(s, p)| (*s, p)));
    let others: Vec<Value> = others
        .into_iter()
        .map(|a| json!({ "field": a.field, "value": a.value, "submission_id": a.submission_id }))
        .collect();
    map.insert("alternatives".to_owned(), json!(others));
    map.insert("route".to_owned(), shown_route(beside));
    if let Some(Value::Array(clocks)) = map.get_mut("clocks") {
        for ((shown, clock), playbook) in clocks.iter_mut().zip(&lead.clocks).zip(&beside.playbooks) {
            if let (Some(shown), Some(because)) = (shown.as_object_mut(), ledger(clock, playbook)) {
                shown.insert("because".to_owned(), json!(because));
                shown.insert("rep_due_at".to_owned(), json!(rep_due_at(lead, clock, playbook)));
            }
        }
    }
    value
}

fn shown_route(beside: &Beside) -> Value {
    let shown = |record| route(record, beside.routed_with.as_deref());
    beside.route.as_ref().map_or(Value::Null, shown)
}

fn touch(submission: &Submission) -> Value {
    let touch = submission.touch();
    json!({
        "submission_id": submission.submission_id,
        "at": submission.received_at,
        "form_id": submission.form,
        "channel": touch.channel().name(),
        "source": touch.source,
        "medium": touch.medium,
        "campaign": touch.campaign,
        "page": touch.page,
        "referrer": touch.referrer,
        "tracking": submission.tracking,
        "answers": submission.answers,
        "verdict": submission.verdict,
    })
}

fn consents(submission: &Submission) -> Vec<Value> {
    let one = |c: &leadline_core::submission::Consent| {
        json!({
            "purpose": c.purpose,
            "version": c.version,
            "text": c.text,
            "given_at": c.given_at,
            "effective": c.effective,
            "submission_id": submission.submission_id,
        })
    };
    submission.consents.iter().map(one).collect()
}

/// Every value's origin; for what enrichment found also method, time and policy.
fn provenance(lead: &Lead, facts: &[Fact]) -> Value {
    let mut shown = Map::new();
    for (field, origin) in &lead.profile.origins {
        let mut entry = json!({ "source": origin });
        let found = matches!(origin, Origin::Derived | Origin::Provider(_));
        let fact = facts.iter().rev().find(|f| f.field == *field && f.source == *origin).filter(|_| found);
        if let (Some(map), Some(fact)) = (entry.as_object_mut(), fact) {
            map.insert("method".to_owned(), json!(fact.method));
            map.insert("at".to_owned(), json!(fact.at));
            map.insert("policy".to_owned(), json!(fact.policy));
        }
        shown.insert(field.name().to_owned(), entry);
    }
    Value::Object(shown)
}

/// What a submission's answers say, read again with today's form.
fn retyped(submission: &Submission, form: &Form) -> Option<Profile> {
    let email_input = form.fields.iter().find(|f| f.field() == Some(Field::Email))?;
    let email =
        leadline_core::contact::EmailAddress::parse(submission.answers.get(&email_input.name)?).ok()?;
    let mut profile = Profile::new(email, Origin::Form);
    for country_first in [true, false] {
        for input in &form.fields {
            let (Some(field), Some(value)) = (input.field(), submission.answers.get(&input.name)) else {
                continue;
            };
            if (field == Field::Country) == country_first {
                profile.set(field, &FieldValue::Text(value.clone()), Origin::Form);
            }
        }
    }
    Some(profile)
}

fn ledger(clock: &Clock, playbook: &Playbook) -> Option<String> {
    deadlines::counted(clock, playbook).map(|counted| counted.because)
}

/// The rep's view beside the buyer's wait: until when the first touch would be in time if it counted from the offer.
fn rep_due_at(lead: &Lead, clock: &Clock, playbook: &Playbook) -> Option<Timestamp> {
    let owner = lead.owner.as_ref().filter(|_| clock.kind == ClockKind::FirstTouch)?;
    let rules = playbook.clock_rules(&clock.policy, clock.kind)?;
    playbook.calendar(&clock.calendar)?.due_at(owner.offered_at, &rules.within).ok()
}
