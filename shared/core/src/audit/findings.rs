//! What an audit has found so far.

use std::collections::{BTreeMap, BTreeSet};

use super::{Invariant, Rule, Violation};

/// How much was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Checked {
    /// Leads.
    pub leads: u64,
    /// Reps.
    pub reps: u64,
    /// Pools.
    pub pools: u64,
    /// Deliveries that were due.
    pub deliveries: u64,
    /// Leads and reps that looked wrong and kept changing while they were looked at again: neither right nor wrong, the
    /// next audit decides.
    pub unsettled: u64,
}

/// Everything found, and how much was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Findings {
    /// What is wrong.
    pub violations: BTreeSet<Violation>,
    /// How much was looked at.
    pub checked: Checked,
}

impl Findings {
    /// Adds what another part of the audit has found.
    pub fn merge(&mut self, other: Findings) {
        self.violations.extend(other.violations);
        let (sum, more) = (&mut self.checked, other.checked);
        sum.leads += more.leads;
        sum.reps += more.reps;
        sum.pools += more.pools;
        sum.deliveries += more.deliveries;
        sum.unsettled += more.unsettled;
    }

    /// For each rule that is violated the ids, each once: their number is the count.
    pub fn by_rule(&self) -> BTreeMap<Rule, BTreeSet<String>> {
        let mut counted: BTreeMap<Rule, BTreeSet<String>> = BTreeMap::new();
        for violation in &self.violations {
            counted.entry(violation.rule()).or_default().insert(violation.id());
        }
        counted
    }

    /// How many violations there are in all.
    pub fn total(&self) -> usize {
        self.by_rule().values().map(BTreeSet::len).sum()
    }

    /// How many violations there are of each invariant, the kept ones too.
    pub fn by_invariant(&self) -> BTreeMap<Invariant, usize> {
        let mut counts: BTreeMap<Invariant, usize> = Invariant::ALL.into_iter().map(|i| (i, 0)).collect();
        for (rule, ids) in self.by_rule() {
            *counts.entry(rule.invariant()).or_default() += ids.len();
        }
        counts
    }
}
