//! What comes before the turn: suppressions that keep a lead from sales, relationships by which it goes to the rep who
//! has it already in some sense, and the fallback that answers for what nobody else can take.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::eligibility::{under_caps, with_one_more};
use super::{Ineligible, Obstacle, Pool, Rep, RepState, check};
use crate::calendar::{Calendar, Span};
use crate::condition::{Condition, Truth, View};
use crate::ids::{CalendarId, LeadId, PoolId, RepId, RuleId};
use crate::lead::Lead;

/// Keeps a qualified lead from sales for now: a customer with an open support case, somebody who asked not to be called.
/// The lead waits in nurturing and is looked at again with its next score. Who is not wanted at all is a veto's matter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suppression {
    /// Its name.
    pub suppress: RuleId,
    /// Why, in a few words for people.
    pub reason: String,
    /// Which leads. An unknown value does not match.
    pub when: Condition,
}

/// The first suppression that holds.
pub fn suppressed<'r>(suppressions: &'r [Suppression], view: View<'_>) -> Option<&'r Suppression> {
    suppressions.iter().find(|s| s.when.holds(view) == Truth::Yes)
}

/// A length of time by the clock, such as `PT30M` or `P2D`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Elapsed(u32);

impl Elapsed {
    /// The instant so long after another.
    pub fn after(self, from: Timestamp) -> Timestamp {
        from.saturating_add(SignedDuration::from_secs(i64::from(self.0))).unwrap_or(Timestamp::MAX)
    }
}

impl TryFrom<String> for Elapsed {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match Span::parse_elapsed(&text) {
            Ok(Span::Elapsed(seconds)) => Ok(Elapsed(seconds)),
            Ok(_) => Err("write elapsed time, such as PT30M".to_owned()),
            Err(mistake) => Err(mistake.to_string()),
        }
    }
}

impl From<Elapsed> for String {
    fn from(elapsed: Elapsed) -> String {
        Span::Elapsed(elapsed.0).iso()
    }
}

/// Which relationships come before the turn. None unless written; an owner that may not take the lead now is passed
/// over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct Relationships {
    /// A rep who holds another lead of the same company gets this one too.
    pub open_lead: bool,
    /// Leads of one company that come within so long of the latest offer go to the same rep, whatever became of that one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub together: Option<Elapsed>,
    /// The owner of a named account gets its leads.
    pub account_owner: bool,
    /// Whoever handed the lead back gets it again within so many days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_owner_days: Option<u32>,
}

impl Relationships {
    /// Whether nothing comes before the turn.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether leads of one company have to be known of each other.
    pub fn looks_at_company(&self) -> bool {
        self.open_lead || self.together.is_some()
    }
}

/// Who answers for a lead that nobody else can take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fallback {
    /// Who. Outside turns, working hours and caps; need not be in a pool.
    pub rep: RepId,
    /// After so long in parking; at once when left out.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub after: Option<Elapsed>,
}

impl Fallback {
    /// From when on the fallback answers for a lead that is parked since then.
    pub fn due_at(&self, parked_since: Timestamp) -> Timestamp {
        self.after.map_or(parked_since, |after| after.after(parked_since))
    }
}

/// How a rep came to a lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// It was the rep's turn.
    #[default]
    Turn,
    /// The rep holds another lead of the company.
    OpenLead,
    /// The rep was given another lead of the company just before.
    Together,
    /// The account is the rep's.
    AccountOwner,
    /// The rep had this lead before.
    LastOwner,
    /// Nobody else can take it.
    Fallback,
    /// A person named the rep.
    ByHand,
}

impl Basis {
    /// Whether it took a turn of the pool, which a rejection may give back.
    pub fn took_turn(&self) -> bool {
        *self == Basis::Turn
    }

    /// In words, after the rep's name.
    pub const fn words(self) -> &'static str {
        match self {
            Basis::Turn => "whose turn it was",
            Basis::OpenLead => "who has another lead of this company",
            Basis::Together => "who was given another lead of this company just before",
            Basis::AccountOwner => "who owns this account",
            Basis::LastOwner => "who had this lead before",
            Basis::Fallback => "who answers for what nobody else can take",
            Basis::ByHand => "whom somebody named",
        }
    }
}

/// Who had the lead until sales gave it back, and when that was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastOwner {
    /// The person.
    pub rep_id: RepId,
    /// The pool that the person had it from.
    pub pool_id: PoolId,
    /// When the person let go.
    pub at: Timestamp,
}

/// What is known of other leads of the same company.
#[derive(Debug, Clone, Copy, Default)]
pub struct Siblings<'a> {
    /// Those that somebody in sales holds, the latest offered first.
    pub held: &'a [Lead],
    /// Who was given the latest, and when.
    pub latest: Option<(&'a RepId, Timestamp)>,
}

/// A rep to whom the lead belongs in some sense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// In which.
    pub basis: Basis,
    /// Who.
    pub rep_id: RepId,
    /// The lead that relates them, where it is another one.
    pub lead_id: Option<LeadId>,
}

/// Whoever the lead belongs to, in the order in which they are asked; everybody once.
pub fn related(
    rules: &Relationships,
    lead: &Lead,
    siblings: Siblings<'_>,
    account_owner: Option<&RepId>,
    now: Timestamp,
) -> Vec<Relation> {
    let mut found: Vec<Relation> = Vec::new();
    let mut add = |basis: Basis, rep_id: &RepId, lead_id: Option<&LeadId>| {
        if found.iter().all(|r| r.rep_id != *rep_id) {
            found.push(Relation { basis, rep_id: rep_id.clone(), lead_id: lead_id.cloned() });
        }
    };
    if rules.open_lead {
        for other in siblings.held.iter().filter(|l| l.lead_id != lead.lead_id) {
            if let Some(rep_id) = other.held_by() {
                add(Basis::OpenLead, rep_id, Some(&other.lead_id));
            }
        }
    }
    if let (Some(window), Some((rep_id, at))) = (rules.together, siblings.latest)
        && now < window.after(at)
    {
        add(Basis::Together, rep_id, None);
    }
    if let Some(rep_id) = account_owner.filter(|_| rules.account_owner) {
        add(Basis::AccountOwner, rep_id, None);
    }
    if let (Some(days), Some(last)) = (rules.last_owner_days, &lead.last_owner)
        && now < Elapsed(days.saturating_mul(86_400)).after(last.at)
    {
        add(Basis::LastOwner, &last.rep_id, None);
    }
    found
}

/// A relation that was looked at, and why it was passed over, if it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelationLook {
    /// In which sense the lead belongs to the rep.
    pub basis: Basis,
    /// Who.
    pub rep_id: RepId,
    /// The lead that relates them, where it is another one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub lead_id: Option<LeadId>,
    /// Why it is not the rep's now; none for the one who got it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub why: Option<Ineligible>,
    /// When that may change by itself.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub until: Option<Timestamp>,
    /// The limit that was reached; releases before this one did not keep it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cap: Option<u32>,
}

impl RelationLook {
    /// A look at a rep; nothing stands in the way of the one who gets the lead.
    pub fn new(relation: Relation, obstacle: Option<Obstacle>) -> Self {
        let Relation { basis, rep_id, lead_id } = relation;
        let (why, until) = (obstacle.map(|it| it.why), obstacle.and_then(|it| it.until));
        Self { basis, rep_id, lead_id, why, until, cap: obstacle.and_then(|it| it.cap) }
    }
}

/// The people of a playbook, as decisions about one of them need them.
#[derive(Debug, Clone, Copy)]
pub struct Roster<'p> {
    /// Everybody.
    pub reps: &'p BTreeMap<RepId, Rep>,
    /// Pools.
    pub pools: &'p BTreeMap<PoolId, Pool>,
    /// Working hours.
    pub calendars: &'p BTreeMap<CalendarId, Calendar>,
}

impl<'p> Roster<'p> {
    /// The pool in which a rep works: the first of `chain` that has the rep, else the first by name, else the first of
    /// `chain`, whose manager then looks after the offer.
    pub fn home(&self, rep_id: &RepId, chain: &[&'p PoolId]) -> Option<&'p PoolId> {
        let has = |pool_id: &PoolId| self.pools.get(pool_id).is_some_and(|p| p.members.contains(rep_id));
        let listed = chain.iter().copied().find(|p| has(p));
        listed.or_else(|| self.pools.keys().find(|p| has(p))).or_else(|| chain.first().copied())
    }

    /// Whether a rep may take a lead worth `value` outside the turn: as for the turn, and not unknown to the playbook. What
    /// a route asks of its pool, languages and skills, is not asked of somebody to whom the lead belongs.
    pub fn may_take(
        &self,
        state: &RepState,
        value: u32,
        pool_id: &PoolId,
        tried: &[RepId],
        now: Timestamp,
    ) -> Result<(), Obstacle> {
        let rep = self.reps.get(&state.rep_id);
        let calendar = rep.and_then(|r| self.calendars.get(&r.calendar));
        let (Some(rep), Some(calendar), Some(pool)) = (rep, calendar, self.pools.get(pool_id)) else {
            return Err(Obstacle { why: Ineligible::Inactive, until: None, cap: None });
        };
        check(rep, state, pool, calendar, tried, now)
            .and_then(|()| under_caps(rep, state, calendar, value, now))
            .map_err(|why| Obstacle::new(rep, state, calendar, why, now))
    }

    /// Whether the fallback may be given a lead: hours and caps do not matter, being there does.
    pub fn may_fall_back(
        &self,
        state: &RepState,
        pool_id: &PoolId,
        tried: &[RepId],
        now: Timestamp,
    ) -> Result<(), Obstacle> {
        use Ineligible::{Absent, AlreadyTried, Away, Inactive};
        match self.may_take(state, 0, pool_id, tried, now) {
            Err(it) if matches!(it.why, Inactive | AlreadyTried | Away | Absent) => Err(it),
            _ => Ok(()),
        }
    }

    /// The rep without a lead that was taken back unanswered, as if it had not been given when it was.
    pub fn with_one_less(&self, state: RepState, offered_at: Timestamp) -> RepState {
        let rep = self.reps.get(&state.rep_id);
        match rep.and_then(|rep| self.calendars.get(&rep.calendar)) {
            Some(calendar) => state.with_one_less(calendar.local_date(offered_at)),
            None => state,
        }
    }

    /// The rep with one more lead, worth `value`.
    pub fn with_one_more(&self, state: &RepState, value: u32, now: Timestamp) -> RepState {
        let rep = self.reps.get(&state.rep_id);
        let Some((rep, calendar)) = rep.and_then(|r| Some((r, self.calendars.get(&r.calendar)?))) else {
            return state.with_one_more(Date::ZERO, value);
        };
        with_one_more(rep, state, calendar, value, now)
    }
}
