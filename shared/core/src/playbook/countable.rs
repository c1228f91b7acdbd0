//! Clocks that can be counted. One that cannot would keep a lead from being offered, or whoever has it from accepting.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{Mistake, Playbook};
use crate::calendar::CalendarError;
use crate::ids::{CalendarId, PlaybookVersion, RepId};
use crate::sla::{self, ClockKind, ClockRules, Policy};

/// What to do about such a clock.
pub(super) const SHORTER: &str = "use a shorter time, or calendars with more working hours";

/// A clock that no deadline can be counted for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Uncountable {
    /// Where its rules are.
    pub(super) place: String,
    /// The reps in whose calendars it cannot be counted.
    pub(super) reps: BTreeSet<RepId>,
    /// What it is and why it cannot be counted.
    pub(super) what: String,
}

impl Playbook {
    /// The clocks that could not start at `now`, for publishing to refuse. A deadline, or a step of its ladder, may lie beyond
    /// all working time. Whatever the routes say, any lead may be given to any rep by hand.
    pub fn untimed(&self, now: Timestamp) -> Vec<Mistake> {
        let told = |clock: Uncountable| {
            let reps: Vec<&str> = clock.reps.iter().map(RepId::as_str).collect();
            let (first, others) = (reps.first().copied().unwrap_or_default(), reps.len().saturating_sub(1));
            let whom = if others == 0 { first.to_owned() } else { format!("{first} and {others} more") };
            Mistake::new(clock.place, format!("{} (for {whom}); {SHORTER}", clock.what))
        };
        self.uncountable(now).into_iter().map(told).collect()
    }

    pub(super) fn uncountable(&self, now: Timestamp) -> Vec<Uncountable> {
        let mut calendars: BTreeMap<&CalendarId, BTreeSet<RepId>> = BTreeMap::new();
        // Also of those who are not active: a person may switch them on.
        for (rep_id, rep) in &self.doc.reps {
            calendars.entry(&rep.calendar).or_default().insert(rep_id.clone());
        }
        let mut found = Vec::new();
        for (i, policy) in self.doc.sla.iter().enumerate() {
            for (kind, rules) in
                ClockKind::ALL.into_iter().filter_map(|kind| Some((kind, policy.rules(kind)?)))
            {
                let mut reps = BTreeSet::new();
                let mut why = None;
                for (id, of) in &calendars {
                    if let Err(error) = self.start((kind, policy, rules), id, now) {
                        reps.extend(of.iter().cloned());
                        why.get_or_insert(error);
                    }
                }
                if let Some(error) = why {
                    let place = format!("sla[{i}].{}.within", kind.name());
                    let what = format!("{} cannot be counted: {error}", rules.within.human());
                    found.push(Uncountable { place, reps, what });
                }
            }
        }
        found
    }

    fn start(
        &self,
        (kind, policy, rules): (ClockKind, &Policy, &ClockRules),
        id: &CalendarId,
        now: Timestamp,
    ) -> Result<(), CalendarError> {
        let Some(calendar) = self.calendars.get(id) else { return Ok(()) };
        sla::start(kind, rules, &policy.policy, PlaybookVersion(0), (id, calendar), now).map(|_| ())
    }
}
