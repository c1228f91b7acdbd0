//! Mistakes in what comes before and after the turn: suppressions, relationships, named accounts, the fallback.

use std::collections::BTreeMap;

use super::PlaybookDoc;
use super::check::named_once;
use super::parse::Mistake;
use crate::company::CompanyName;
use crate::contact::Domain;

pub(super) fn check(doc: &PlaybookDoc, found: &mut Vec<Mistake>) {
    let routing = &doc.routing;
    named_once("routing.suppressions", routing.suppressions.iter().map(|s| &s.suppress), found);
    named_once("routing.routes", routing.routes.iter().map(|r| &r.route), found);
    for (i, suppression) in routing.suppressions.iter().enumerate() {
        if suppression.reason.trim().is_empty() {
            let at = format!("routing.suppressions[{i}].reason");
            found.push(Mistake::new(at, "say in a few words why, for whoever asks where the lead is"));
        }
    }
    let rules = &routing.relationships;
    if rules.last_owner_days.is_some_and(|days| !(1..=3_650).contains(&days)) {
        found.push(Mistake::new("routing.relationships.last_owner_days", "use 1 to 3650 days"));
    }
    let owned = doc.accounts.named.values().any(|a| a.owner.is_some());
    if rules.account_owner && !owned {
        found.push(Mistake::new(
            "routing.relationships.account_owner",
            "no account has an owner; give accounts under accounts.named an owner, or leave this out",
        ));
    }
    if owned && !rules.account_owner {
        found.push(Mistake::new(
            "accounts.named",
            "owners get nothing unless routing.relationships has account_owner: true",
        ));
    }
    if let Some(fallback) = &routing.fallback
        && doc.reps.get(&fallback.rep).is_some_and(|rep| !rep.active)
    {
        found.push(Mistake::new("routing.fallback.rep", "name somebody who is active"));
    }
    accounts(doc, found);
}

fn accounts(doc: &PlaybookDoc, found: &mut Vec<Mistake>) {
    let mut listed: BTreeMap<&Domain, &Domain> = BTreeMap::new();
    for domain in doc.accounts.named.keys() {
        listed.insert(domain, domain);
    }
    for (domain, account) in &doc.accounts.named {
        let at = format!("accounts.named.{domain}");
        business(&at, domain, found);
        for (i, other) in account.also.iter().enumerate() {
            let at = format!("{at}.also[{i}]");
            business(&at, other, found);
            if let Some(first) = listed.insert(other, domain) {
                found.push(Mistake::new(at, format!("{other} belongs to the account {first} already")));
            }
        }
        if account.name.as_deref().is_some_and(|name| CompanyName::parse(name).is_none()) {
            found.push(Mistake::new(format!("{at}.name"), "a name has letters or digits"));
        }
        if account.owner.is_none() && account.list.is_none() {
            found.push(Mistake::new(at, "an account needs an owner or a list, or nothing follows from it"));
        }
    }
}

/// A domain that stands for one company, written as it is registered.
fn business(at: &str, domain: &Domain, found: &mut Vec<Mistake>) {
    if domain.is_free_mail() || domain.is_disposable() {
        found.push(Mistake::new(at, format!("{domain} is a mail provider's: it stands for no company")));
    } else {
        match domain.registrable() {
            None => found.push(Mistake::new(at, format!("under {domain} many register: name one of them"))),
            Some(own) if own != domain.as_str() => {
                found.push(Mistake::new(at, format!("write the registered domain: {own}")));
            }
            Some(_) => {}
        }
    }
}
