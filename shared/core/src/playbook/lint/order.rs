//! Rules of which the first that holds wins: what comes too late.

use super::conditions::too_large;
use super::words::listed;
use super::{Code, Finding};
use crate::condition::{Answer, Condition, Question, Solver};
use crate::playbook::Playbook;

/// One rule of an ordered list.
struct Ordered<'d> {
    place: String,
    name: &'d str,
    /// `None` holds for every lead.
    when: Option<&'d Condition>,
    /// What comes of it; two rules with the same end differ in name only.
    end: &'d str,
}

pub(super) fn found(playbook: &Playbook) -> Vec<Finding> {
    let doc = playbook.doc();
    let routes = doc.routing.routes.iter().enumerate().map(|(i, route)| Ordered {
        place: format!("routing.routes[{i}]"),
        name: route.route.as_str(),
        when: Some(&route.when),
        end: route.pool.as_str(),
    });
    let policies = doc.sla.iter().enumerate().map(|(i, policy)| Ordered {
        place: format!("sla[{i}]"),
        name: policy.policy.as_str(),
        when: policy.when.as_ref(),
        end: policy.policy.as_str(),
    });
    // Whichever veto or suppression is named, the lead is stopped: only its reason is never heard.
    let vetoes = doc.vetoes.iter().enumerate().map(|(i, veto)| Ordered {
        place: format!("vetoes[{i}]"),
        name: veto.veto.as_str(),
        when: Some(&veto.when),
        end: "disqualified",
    });
    let suppressions = doc.routing.suppressions.iter().enumerate().map(|(i, suppression)| Ordered {
        place: format!("routing.suppressions[{i}]"),
        name: suppression.suppress.as_str(),
        when: Some(&suppression.when),
        end: "suppressed",
    });
    let mut found = too_late(&routes.collect::<Vec<_>>());
    found.extend(too_late(&policies.collect::<Vec<_>>()));
    found.extend(too_late(&vetoes.collect::<Vec<_>>()));
    found.extend(too_late(&suppressions.collect::<Vec<_>>()));
    found
}

/// What [`too_late`] asks: would any lead be left for the rule `at`? For the solver a rule without a condition is
/// `all` of nothing.
fn too_late(rules: &[Ordered<'_>]) -> Vec<Finding> {
    let always = Condition::All(Vec::new());
    let solver = Solver::over(rules.iter().map(|rule| rule.when.unwrap_or(&always)));
    let mut found = Vec::new();
    let mut live: Vec<usize> = Vec::new();
    for (at, rule) in rules.iter().enumerate() {
        let ask = |fails: Vec<usize>| solver.ask(&Question { holds: vec![at], fails, given: Vec::new() });
        // What never holds is told elsewhere.
        if ask(Vec::new()) == Answer::Impossible {
            continue;
        }
        match ask(live.clone()) {
            Answer::Impossible => {
                let alone = live.iter().copied().find(|before| ask(vec![*before]) == Answer::Impossible);
                let before = alone.map_or_else(|| needed(&live, &ask), |one| vec![one]);
                found.push(shadowed(rules, rule, &before));
            }
            Answer::TooLarge => {
                found.push(too_large(&rule.place));
                live.push(at);
            }
            Answer::Example(_) | Answer::Unclear => live.push(at),
        }
    }
    found
}

/// Those of the rules without which something would be left.
fn needed(live: &[usize], ask: &impl Fn(Vec<usize>) -> Answer) -> Vec<usize> {
    let mut needed = live.to_vec();
    for rule in live {
        let without: Vec<usize> = needed.iter().copied().filter(|r| r != rule).collect();
        if ask(without.clone()) == Answer::Impossible {
            needed = without;
        }
    }
    needed
}

fn shadowed(rules: &[Ordered<'_>], rule: &Ordered<'_>, before: &[usize]) -> Finding {
    let names = listed(before.iter().map(|at| rules[*at].name), 5);
    let (takes, together) = match before {
        [_] => ("takes", ""),
        _ => ("take", " together"),
    };
    let same = before.iter().all(|at| rules[*at].end == rule.end);
    let code = if same { Code::Redundant } else { Code::Shadowed };
    let what =
        format!("never used: {names} before it{together} {takes} every lead that {} would take", rule.name);
    let fix = if same {
        format!("delete {}; nothing changes", rule.name)
    } else {
        format!("move {} before {}, narrow that, or delete {}", rule.name, rules[before[0]].name, rule.name)
    };
    Finding::new(code, &rule.place, what, fix)
}
