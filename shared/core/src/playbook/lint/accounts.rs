//! Named accounts: lists that nobody asks for, owners who get nothing, names that no account has.

use std::collections::{BTreeMap, BTreeSet};

use super::conditions::{all, leaves, scalars, written};
use super::words::listed;
use super::{Code, Finding};
use crate::condition::{Condition, Scalar, Subject, Test};
use crate::playbook::{Playbook, PlaybookDoc};

/// What conditions can see of the accounts as they are listed: nothing, or one of these.
pub(super) fn as_listed(doc: &PlaybookDoc, condition: &Condition) -> Condition {
    let names = |subject: &Subject| {
        let names = values(doc, subject).into_iter().map(|name| Scalar::Text(name.to_owned())).collect();
        let one_of = |test| Condition::Field(subject.clone(), test);
        Condition::Any(vec![one_of(Test::Known(false)), one_of(Test::In(names))])
    };
    let looked_at: BTreeSet<&Subject> = condition.subjects().into_iter().filter(|s| is_account(s)).collect();
    Condition::All(looked_at.into_iter().map(names).collect())
}

/// What conditions can see of the accounts before they are looked up.
pub(super) fn none(condition: &Condition) -> Condition {
    let looked_at = condition.subjects().into_iter().filter(|s| is_account(s));
    Condition::All(looked_at.map(|s| Condition::Field(s.clone(), Test::Known(false))).collect())
}

/// Whether a subject is looked up among the named accounts.
pub(super) fn is_account(subject: &Subject) -> bool {
    matches!(subject, Subject::Account | Subject::AccountList)
}

fn values<'d>(doc: &'d PlaybookDoc, subject: &Subject) -> BTreeSet<&'d str> {
    let named = &doc.accounts.named;
    match subject {
        Subject::Account => named.keys().map(|domain| domain.as_str()).collect(),
        _ => named.values().filter_map(|account| Some(account.list.as_ref()?.as_str())).collect(),
    }
}

/// Accounts and lists that a condition names and that are not listed.
pub(super) fn unknown(doc: &PlaybookDoc, place: &str, subject: &Subject, test: &Test) -> Option<Finding> {
    if !is_account(subject) {
        return None;
    }
    let known = values(doc, subject);
    let is_known = |text: &str| known.iter().any(|name| name.eq_ignore_ascii_case(text));
    let missing: Vec<&Scalar> =
        scalars(test).iter().filter(|s| !matches!(s, Scalar::Text(text) if is_known(text))).collect();
    let first = missing.first()?;
    let names = listed(missing.iter().map(|s| written(s)), 5);
    let (what, fix) = match subject {
        Subject::Account => {
            let main = doc.accounts.named.iter().find(|(_, account)| {
                let is_it = |domain: &str| matches!(first, Scalar::Text(t) if t.eq_ignore_ascii_case(domain));
                account.also.iter().any(|other| is_it(other.as_str()))
            });
            let fix = main.map_or_else(
                || "list it under accounts.named, or mend its domain".to_owned(),
                |(domain, _)| format!("write {domain}, under which the account is listed"),
            );
            (format!("there is no account {names} under accounts.named"), fix)
        }
        _ if known.is_empty() => (
            format!("no account is on the list {names}"),
            "give accounts under accounts.named this list, or delete the value".to_owned(),
        ),
        _ => {
            let fix = format!("use one of {}, or give accounts this list", listed(known, 8));
            (format!("no account is on the list {names}"), fix)
        }
    };
    Some(Finding::new(Code::UnknownAccount, place, what, fix))
}

pub(super) fn found(playbook: &Playbook) -> Vec<Finding> {
    let doc = playbook.doc();
    let mut found = lists_for_nothing(doc);
    let mut idle: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (domain, account) in &doc.accounts.named {
        if let Some(owner) = &account.owner
            && doc.reps.get(owner).is_some_and(|rep| !rep.active)
        {
            idle.entry(owner).or_default().push(domain);
        }
    }
    for (owner, domains) in idle {
        found.push(Finding::new(
            Code::OwnerInactive,
            "accounts.named",
            format!(
                "{owner}, who owns {}, is not active: their leads go to whose turn it is",
                listed(domains, 3)
            ),
            format!("give these accounts to somebody who is active, or make {owner} active"),
        ));
    }
    found
}

/// Lists that no rule asks for, if nothing else follows from an account on them.
fn lists_for_nothing(doc: &PlaybookDoc) -> Vec<Finding> {
    // A rule that asks for an account, or for anything but certain lists, may mean any of them.
    let (mut asked, mut any) = (BTreeSet::new(), false);
    for placed in all(doc) {
        leaves(placed.when, &mut |subject, test| match test {
            Test::Is(_) | Test::In(_) if *subject == Subject::AccountList => {
                asked.extend(scalars(test).iter().map(|s| written(s).to_lowercase()));
            }
            _ => any |= is_account(subject),
        });
    }
    let mut unused: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (domain, account) in doc.accounts.named.iter().filter(|(_, account)| account.owner.is_none()) {
        if let Some(list) = &account.list
            && !any
            && !asked.contains(&format!("{:?}", list.as_str()))
        {
            unused.entry(list).or_default().push(domain);
        }
    }
    let finding = |(list, domains): (_, Vec<_>)| {
        Finding::new(
            Code::UnusedList,
            "accounts.named",
            format!(
                "no rule asks for the list {list}, so nothing follows from {} being on it",
                listed(domains, 3)
            ),
            format!(
                "add a route such as {{field: account.list, is: {list}}}, or give these accounts an owner"
            ),
        )
    };
    unused.into_iter().map(finding).collect()
}
