//! What types cannot say: names that must exist, numbers that must fit together.

use std::collections::BTreeSet;

use serde_json::Value;

use super::parse::Mistake;
use super::{PlaybookDoc, relations, staff};
use crate::calendar::Span;
use crate::condition::{Condition, Subject};
use crate::ids::{PoolId, RuleId};
use crate::notification::ChannelRules;
use crate::sla::{ClockKind, Policy, StepAction};
use crate::submission::{Form, InputType, LEAST_QUARANTINE, TRACKING};

/// Every mistake between the parts. Names are looked up in the document as written, so that a part with a mistake of
/// its own is not also reported as missing.
pub(super) fn check(doc: &PlaybookDoc, whole: &Value) -> Vec<Mistake> {
    let mut found = Vec::new();
    let exists = |part: &str, name: &str| whole.get(part).and_then(|p| p.get(name)).is_some();
    let mut need = |path: String, part: &str, kind: &str, name: &str| {
        if !exists(part, name) {
            let names = whole.get(part).and_then(Value::as_object).map(|p| p.keys().map(String::as_str));
            let names: Vec<&str> = names.into_iter().flatten().take(MOST_NAMED + 1).collect();
            let mut use_one = format!("; use one of {}", names[..names.len().min(MOST_NAMED)].join(", "));
            if names.is_empty() {
                use_one.clear();
            } else if names.len() > MOST_NAMED {
                use_one.push_str(" and others");
            }
            found.push(Mistake::new(path, format!("there is no {kind} {name:?} under {part}{use_one}")));
        }
    };

    for (id, rep) in &doc.reps {
        need(format!("reps.{id}.calendar"), "calendars", "calendar", rep.calendar.as_str());
    }
    for (id, pool) in &doc.pools {
        for (i, member) in pool.members.iter().enumerate() {
            need(format!("pools.{id}.members[{i}]"), "reps", "rep", member.as_str());
        }
        if let Some(overflow) = &pool.overflow {
            need(format!("pools.{id}.overflow"), "pools", "pool", overflow.as_str());
        }
    }
    for (i, route) in doc.routing.routes.iter().enumerate() {
        need(format!("routing.routes[{i}].pool"), "pools", "pool", route.pool.as_str());
    }
    need("routing.otherwise".to_owned(), "pools", "pool", doc.routing.otherwise.as_str());
    if let Some(fallback) = &doc.routing.fallback {
        need("routing.fallback.rep".to_owned(), "reps", "rep", fallback.rep.as_str());
    }
    for (domain, account) in &doc.accounts.named {
        if let Some(owner) = &account.owner {
            need(format!("accounts.named.{domain}.owner"), "reps", "rep", owner.as_str());
        }
    }

    forms(doc, &mut found);
    relations::check(doc, &mut found);
    people(doc, &mut found);
    scoring(doc, &mut found);
    sla(doc, &mut found);
    outside(doc, whole, &mut found);
    conditions(doc, &mut found);
    found
}

/// Each address beside the identity is written with the lead, so that it can be found by it.
const MOST_ADDRESSES: usize = 6;

fn forms(doc: &PlaybookDoc, found: &mut Vec<Mistake>) {
    if doc.forms.is_empty() {
        found.push(Mistake::new("forms", "a playbook needs at least one form"));
    }
    for (id, form) in &doc.forms {
        let at = format!("forms.{id}");
        if !form.fields.iter().any(|f| f.input == InputType::Email && f.required) {
            found.push(Mistake::new(
                format!("{at}.fields"),
                "a form needs a required field of type email: it is the lead's identity",
            ));
        }
        if form.fields.iter().filter(|f| f.input == InputType::Email).count() > MOST_ADDRESSES {
            let detail = format!("a form has at most {MOST_ADDRESSES} fields of type email");
            found.push(Mistake::new(format!("{at}.fields"), detail));
        }
        let mut names = BTreeSet::new();
        let consents = form.consent.iter().map(|c| &c.name);
        for (i, name) in form.fields.iter().map(|f| &f.name).chain(consents).enumerate() {
            let place = || match form.fields.get(i) {
                Some(_) => format!("{at}.fields[{i}].name"),
                None => format!("{at}.consent[{}].name", i - form.fields.len()),
            };
            let plain = (1..=64).contains(&name.len())
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
                && !name.starts_with('_');
            if !plain {
                found.push(Mistake::new(
                    place(),
                    "use 1 to 64 of A-Z, a-z, 0-9, `_`, `-` and `.`, not beginning with `_`",
                ));
            }
            if !names.insert(name) {
                found.push(Mistake::new(
                    place(),
                    format!("the name {name:?} is used twice in this form; choose another"),
                ));
            }
            if TRACKING.contains(&name.as_str()) {
                let detail = "this name is kept for tracking, which every form takes without being told";
                found.push(Mistake::new(place(), detail));
            }
            if *name == form.spam.honeypot {
                found.push(Mistake::new(
                    place(),
                    "this is the name of the honeypot, which people never fill in",
                ));
            }
        }
        for (i, field) in form.fields.iter().enumerate() {
            if field.input == InputType::Select && field.options.is_empty() {
                found.push(Mistake::new(format!("{at}.fields[{i}].options"), "a select needs options"));
            }
            if !(1..=10_000).contains(&field.max) {
                found.push(Mistake::new(format!("{at}.fields[{i}].max"), "use 1 to 10000 characters"));
            }
        }
        spam(form, &at, found);
        for (i, origin) in form.origins.iter().enumerate() {
            let good = url::Url::parse(origin).is_ok_and(|u| u.origin().ascii_serialization() == *origin);
            if !good {
                found.push(Mistake::new(
                    format!("{at}.origins[{i}]"),
                    "write an origin such as https://www.acme.example, without a path",
                ));
            }
        }
        if let Some(url) = &form.thanks.url
            && !url::Url::parse(url).is_ok_and(|u| matches!(u.scheme(), "http" | "https"))
        {
            found.push(Mistake::new(format!("{at}.thanks.url"), "write a whole http(s) address"));
        }
    }
}

fn spam(form: &Form, at: &str, found: &mut Vec<Mistake>) {
    if form.spam.quarantine_at < LEAST_QUARANTINE {
        found.push(Mistake::new(
            format!("{at}.spam.quarantine_at"),
            format!("use at least {LEAST_QUARANTINE}, or honest integrations without a form token would be quarantined"),
        ));
    }
    if form.spam.suspect_at > form.spam.quarantine_at {
        found.push(Mistake::new(format!("{at}.spam.suspect_at"), "must not be above quarantine_at"));
    }
    if form.per_address.count == 0 || form.per_address.seconds == 0 {
        found.push(Mistake::new(format!("{at}.per_address"), "count and seconds must be at least 1"));
    }
}

fn people(doc: &PlaybookDoc, found: &mut Vec<Mistake>) {
    for (id, rep) in &doc.reps {
        if !(1..=1_000).contains(&rep.weight) {
            found.push(Mistake::new(
                format!("reps.{id}.weight"),
                "use 1 to 1000; to give somebody no leads, write active: false",
            ));
        }
    }
    staff::check(doc, found);
    for (id, pool) in &doc.pools {
        if pool.members.is_empty() {
            found.push(Mistake::new(format!("pools.{id}.members"), "a pool needs at least one member"));
        }
        let mut seen = BTreeSet::new();
        for (i, member) in pool.members.iter().enumerate() {
            if !seen.insert(member) {
                found.push(Mistake::new(
                    format!("pools.{id}.members[{i}]"),
                    format!("{member} is listed twice; leave one out"),
                ));
            }
        }
        if overflow_circles(doc, id) {
            let detail = "the overflow leads back to this pool; leave it out of one of those on the way";
            found.push(Mistake::new(format!("pools.{id}.overflow"), detail));
        }
    }
}

fn overflow_circles(doc: &PlaybookDoc, start: &PoolId) -> bool {
    let mut at = start;
    for _ in 0..doc.pools.len() {
        match doc.pools.get(at).and_then(|p| p.overflow.as_ref()) {
            None => return false,
            Some(next) if next == start => return true,
            Some(next) => at = next,
        }
    }
    false
}

fn scoring(doc: &PlaybookDoc, found: &mut Vec<Mistake>) {
    let scoring = &doc.scoring;
    let fit = scoring.fit.rules.iter().map(|r| (&r.rule, r.group.as_ref()));
    named_once("scoring.fit.rules", fit.clone().map(|(rule, _)| rule), found);
    groups("scoring.fit", fit, &scoring.fit.groups.keys().collect(), found);
    let interest = scoring.interest.rules.iter().map(|r| (&r.rule, r.group.as_ref()));
    named_once("scoring.interest.rules", interest.clone().map(|(rule, _)| rule), found);
    groups("scoring.interest", interest, &scoring.interest.groups.keys().collect(), found);
    for (axis, all) in [("fit", &scoring.fit.groups), ("interest", &scoring.interest.groups)] {
        for (name, group) in all {
            if group.min > group.max {
                found
                    .push(Mistake::new(format!("scoring.{axis}.groups.{name}.min"), "must not be above max"));
            }
        }
    }
    if scoring.bands.a < scoring.bands.b {
        found.push(Mistake::new("scoring.bands.a", "must not be below b"));
    }
    if scoring.bands.one < scoring.bands.two {
        found.push(Mistake::new("scoring.bands.one", "must not be below two"));
    }
    if doc.recycling.most_cycles == 0 {
        found.push(Mistake::new("recycling.most_cycles", "use at least 1"));
    }
    named_once("qualification.checklist", doc.qualification.checklist.iter().map(|q| &q.item), found);
    named_once("vetoes", doc.vetoes.iter().map(|v| &v.veto), found);
    let (at, until) = (doc.qualification.at, doc.qualification.until);
    for (axis, up, down) in [("fit", at.fit, until.fit), ("interest", at.interest, until.interest)] {
        if down > up {
            found.push(Mistake::new(
                format!("qualification.until.{axis}"),
                "must not be above qualification.at",
            ));
        }
    }
}

fn groups<'d>(
    axis: &str,
    rules: impl Iterator<Item = (&'d RuleId, Option<&'d RuleId>)>,
    known: &BTreeSet<&RuleId>,
    found: &mut Vec<Mistake>,
) {
    for (i, (_, group)) in rules.enumerate() {
        if let Some(group) = group.filter(|g| !known.contains(g)) {
            let detail = format!("there is no group {:?} under {axis}.groups", group.as_str());
            found.push(Mistake::new(format!("{axis}.rules[{i}].group"), detail));
        }
    }
}

pub(super) fn named_once<'d>(list: &str, names: impl Iterator<Item = &'d RuleId>, found: &mut Vec<Mistake>) {
    let mut seen = BTreeSet::new();
    for (i, name) in names.enumerate() {
        if !seen.insert(name) {
            found.push(Mistake::new(
                format!("{list}[{i}]"),
                format!("the name {name} is used twice; choose another"),
            ));
        }
    }
}

fn sla(doc: &PlaybookDoc, found: &mut Vec<Mistake>) {
    named_once("sla", doc.sla.iter().map(|p| &p.policy), found);
    match doc.sla.iter().position(|p| p.when.is_none()) {
        None => found.push(Mistake::new(
            "sla",
            "the last policy must have no `when`, so that every lead has a deadline",
        )),
        Some(i) if i + 1 < doc.sla.len() => found.push(Mistake::new(
            format!("sla[{}]", i + 1),
            format!(
                "never used: policy {} before it holds for every lead; put that one last, or give it a `when`",
                doc.sla[i].policy
            ),
        )),
        Some(_) => {}
    }
    for (i, policy) in doc.sla.iter().enumerate() {
        if policy.max_offers == 0 {
            found.push(Mistake::new(format!("sla[{i}].max_offers"), "use at least 1"));
        }
        clocks(doc, i, policy, found);
    }
}

/// More tries than anybody would make; each that counts is kept in the lead's row.
const MOST_TRIES: u32 = 20;

/// So many names are listed for one that is not there.
const MOST_NAMED: usize = 8;

fn clocks(doc: &PlaybookDoc, i: usize, policy: &Policy, found: &mut Vec<Mistake>) {
    for kind in ClockKind::ALL {
        let Some(rules) = policy.rules(kind) else { continue };
        let at = format!("sla[{i}].{}", kind.name());
        if rules.repeat.is_some_and(Span::is_zero) {
            found.push(Mistake::new(format!("{at}.repeat"), "use a time, such as {business: P1D}"));
        }
        if rules.within.is_zero() {
            let detail = "nobody can keep a deadline that is due at once; use a time, such as PT30M or {business: P5D}";
            found.push(Mistake::new(format!("{at}.within"), detail));
        }
        let falls_back = rules.ladder.iter().position(|step| step.action == StepAction::Fallback);
        if let (Some(n), None) = (falls_back, &doc.routing.fallback) {
            let detail = "name the rep who gets it as routing.fallback";
            found.push(Mistake::new(format!("{at}.ladder[{n}].do"), detail));
        }
    }
    if let Some(attempts) = &policy.attempts
        && !(1..=MOST_TRIES).contains(&attempts.at_least)
    {
        let detail = format!("use 1 to {MOST_TRIES} tries");
        found.push(Mistake::new(format!("sla[{i}].attempts.at_least"), detail));
    }
}

fn outside(doc: &PlaybookDoc, whole: &Value, found: &mut Vec<Mistake>) {
    let channels = whole.get("notifications").and_then(|n| n.get("channels"));
    let rules = &doc.notifications;
    for (list, names) in
        [("offers", &rules.offers), ("escalations", &rules.escalations), ("alerts", &rules.alerts)]
    {
        for (i, name) in names.iter().enumerate() {
            if channels.and_then(|c| c.get(name.as_str())).is_none() {
                let detail = format!("there is no channel {:?} under notifications.channels", name.as_str());
                found.push(Mistake::new(format!("notifications.{list}[{i}]"), detail));
            }
        }
    }
    for (name, channel) in &rules.channels {
        if let ChannelRules::Webhook { url, .. } = channel
            && !url::Url::parse(url).is_ok_and(|u| matches!(u.scheme(), "http" | "https"))
        {
            let path = format!("notifications.channels.{name}.webhook.url");
            found.push(Mistake::new(path, "write a whole https address"));
        }
        if name.as_str() == "mail" {
            found.push(Mistake::new(
                format!("notifications.channels.{name}"),
                "mail is built in; choose another name",
            ));
        }
    }
    named_once("enrichment.providers", doc.enrichment.providers.iter().map(|p| &p.provider), found);
    for (i, provider) in doc.enrichment.providers.iter().enumerate() {
        let at = format!("enrichment.providers[{i}]");
        for name in provider.unknown_placeholders() {
            found.push(Mistake::new(
                format!("{at}.url"),
                format!("there is no field {name:?} to put in braces"),
            ));
        }
        if !provider.has_sound_placeholders() {
            let detail = "write braces in pairs, and only behind the host: no value may decide whom we ask";
            found.push(Mistake::new(format!("{at}.url"), detail));
        }
        if !provider.url.starts_with("https://") && !provider.url.starts_with("http://") {
            found.push(Mistake::new(format!("{at}.url"), "write a whole https address"));
        }
        if !(50..=3_000).contains(&provider.timeout_ms) {
            found.push(Mistake::new(format!("{at}.timeout_ms"), "use 50 to 3000 milliseconds"));
        }
        if !(1..=65_536).contains(&provider.max_bytes) {
            found.push(Mistake::new(format!("{at}.max_bytes"), "use 1 to 65536 bytes"));
        }
        if !(1..=10).contains(&provider.attempts) {
            found.push(Mistake::new(format!("{at}.attempts"), "use 1 to 10"));
        }
    }
}

/// Conditions may look only at what is known when they are decided.
fn conditions(doc: &PlaybookDoc, found: &mut Vec<Mistake>) {
    let mut score_free = |path: String, condition: &Condition| {
        for subject in condition.subjects() {
            if matches!(subject, Subject::Account | Subject::AccountList) {
                let detail = format!(
                    "{} is looked up when a lead is routed; use it in routes, suppressions and policies",
                    subject.name()
                );
                found.push(Mistake::new(path.clone(), detail));
            }
            if matches!(subject, Subject::Fit | Subject::Interest | Subject::Grade) {
                let detail =
                    format!("{} is not known before scoring; use it in routes and policies", subject.name());
                found.push(Mistake::new(path.clone(), detail));
            }
        }
    };
    for (i, rule) in doc.scoring.fit.rules.iter().enumerate() {
        score_free(format!("scoring.fit.rules[{i}].when"), &rule.when);
    }
    for (i, rule) in doc.scoring.interest.rules.iter().enumerate() {
        score_free(format!("scoring.interest.rules[{i}].when"), &rule.when);
    }
    for (i, veto) in doc.vetoes.iter().enumerate() {
        score_free(format!("vetoes[{i}].when"), &veto.when);
    }
}
