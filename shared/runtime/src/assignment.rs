//! Finding a rep: load pool and reps, decide, and put together what has to be written with the lead in one commit.

use std::sync::Arc;

use jiff::Timestamp;
use leadline_core::condition::View;
use leadline_core::ids::{PlaybookVersion, PoolId, RepId, RuleId};
use leadline_core::lead::{Assignment, Event, EventKind, Lead, Owner};
use leadline_core::plant::Plant;
use leadline_core::playbook::Playbook;
use leadline_core::routing::{
    Basis, Load, Outcome, PickRecord, RepState, Suppression, Wanted, choose_pool, decide, needs_of,
    suppressed,
};
use leadline_core::sla::{self, Clock, ClockKind};
use leadline_core::submission::Touch;
use leadline_store::records::{self, Record, RecordKind};
use leadline_store::{Table, Write, leads, people};

use crate::follow_up::HandleError;
use crate::relations::{Company, Outside, Search, fall_back, follow};
use crate::route_record::{AccountLook, OutsideTurn, PoolLook, RouteRecord};
use crate::shelf::Shelf;

/// What was found.
#[derive(Debug)]
pub enum Found {
    /// A rep, with the writes that take the turn and the load.
    Rep(Box<Pick>),
    /// Nobody.
    Nobody {
        /// The pool that should have taken it.
        pool_id: PoolId,
        /// When time alone may change that.
        chance: Option<Timestamp>,
        /// When the fallback answers for it.
        falls_back_at: Option<Timestamp>,
        /// Who fell out, and why.
        record: Box<RouteRecord>,
    },
}

/// A rep that was found.
#[derive(Debug)]
pub struct Pick {
    /// The assignment.
    pub assignment: Assignment,
    /// The rep with one more lead.
    pub rep: RepState,
    /// The pool's and the rep's rows.
    pub writes: Vec<Write>,
    /// The decision in full.
    pub record: RouteRecord,
}

/// The playbooks that an assignment is decided with.
#[derive(Debug, Clone, Copy)]
pub struct InForce<'p> {
    /// The number of the one in force.
    pub version: PlaybookVersion,
    /// The one in force: a new offer is a new decision.
    pub playbook: &'p Playbook,
    /// The one that the lead's first-touch clock was started with, if it runs: a running deadline keeps its rules.
    pub started: Option<&'p Playbook>,
}

/// The playbook that the lead's first-touch clock was started with, if it runs.
pub async fn started_with<T: Table>(
    shelf: &Shelf,
    table: &T,
    lead: &Lead,
) -> Result<Option<Arc<Playbook>>, HandleError> {
    match lead.running_clock(ClockKind::FirstTouch) {
        Some(clock) => Ok(Some(shelf.version(table, clock.playbook).await?)),
        None => Ok(None),
    }
}

/// Whether something keeps a qualified lead from sales for now, with the record of that.
pub fn held_back<'p>(
    in_force: InForce<'p>,
    lead: &Lead,
    touch: Option<&Touch>,
) -> Option<(&'p Suppression, RouteRecord)> {
    let playbook = in_force.playbook;
    let view = View { lead, touch, account: playbook.accounts().of(&lead.profile) };
    let by = suppressed(&playbook.doc().routing.suppressions, view)?;
    let record = RouteRecord { suppressed: Some(by.suppress.clone()), ..empty_record(in_force, view) };
    Some((by, record))
}

fn empty_record(in_force: InForce<'_>, view: View<'_>) -> RouteRecord {
    let account = view.account.map(|a| AccountLook { account: a.domain.clone(), found_by: a.rule });
    RouteRecord {
        suppressed: None,
        account,
        relations: Vec::new(),
        route: None,
        policy: None,
        pools: Vec::new(),
        pick: None,
        outside: None,
        playbook: in_force.version,
    }
}

/// What the offer of a lead is decided on, whoever gets it.
struct Ground<'p> {
    in_force: InForce<'p>,
    lead: &'p Lead,
    view: View<'p>,
    policy: &'p sla::Policy,
    route: Option<&'p RuleId>,
    /// The pool of the route that held, and its overflow.
    chain: Vec<&'p PoolId>,
    company: Option<Company>,
    /// What whoever gets it has to have, and what it counts towards caps by value.
    wanted: Wanted,
    now: Timestamp,
}

impl<'p> Ground<'p> {
    async fn load<T: Table>(
        table: &T,
        in_force: InForce<'p>,
        lead: &'p Lead,
        touch: Option<&'p Touch>,
        now: Timestamp,
    ) -> Result<Self, HandleError> {
        let InForce { version, playbook, .. } = in_force;
        let doc = playbook.doc();
        let view = View { lead, touch, account: playbook.accounts().of(&lead.profile) };
        let (first, route) = choose_pool(&doc.routing, view);
        let policy = sla::choose(&doc.sla, view).ok_or(HandleError::Playbook(version.0))?;
        let chain = playbook.overflow_chain(first);
        let company = Box::pin(Company::load(table, &doc.routing.relationships, lead)).await?;
        let wanted = Wanted::of(needs_of(&doc.routing, route), &doc.value, view);
        Ok(Self { in_force, lead, view, policy, route, chain, company, wanted, now })
    }

    fn record(&self) -> RouteRecord {
        RouteRecord {
            route: self.route.cloned(),
            policy: Some(self.policy.policy.clone()),
            ..empty_record(self.in_force, self.view)
        }
    }

    fn search(&self) -> Search<'_> {
        let playbook = self.in_force.playbook;
        Search {
            roster: playbook.roster(),
            rules: &playbook.doc().routing.relationships,
            lead: self.lead,
            account_owner: self.view.account.and_then(|a| a.account.owner.as_ref()),
            chain: &self.chain,
            value: self.wanted.value,
            now: self.now,
        }
    }

    fn assign(&self, rep_id: RepId, pool_id: PoolId, basis: Basis) -> Result<Assignment, HandleError> {
        let clocks = clocks(self.in_force, self.policy, self.lead, &rep_id, self.now)?;
        let route = self.route.cloned().unwrap_or_else(otherwise);
        let (playbook, value) = (self.in_force.version, self.wanted.value);
        Ok(Assignment { rep_id, pool_id, basis, route, clocks, playbook, value })
    }

    /// The write by which other leads of the company know of the offer.
    async fn known<T: Table>(&self, table: &T, rep_id: &RepId) -> Result<Vec<Write>, HandleError> {
        match &self.company {
            Some(company) => Box::pin(company.offered(table, rep_id, self.now)).await,
            None => Ok(Vec::new()),
        }
    }

    /// The lead goes to a rep outside the turn.
    async fn give<T: Table>(
        &self,
        table: &T,
        outside: Outside,
        mut record: RouteRecord,
    ) -> Result<Found, HandleError> {
        let Outside { basis, rep_id, pool_id, rep, mut writes } = outside;
        writes.extend(self.known(table, &rep_id).await?);
        record.outside = Some(OutsideTurn { rep_id: rep_id.clone(), pool_id: pool_id.clone(), basis });
        let assignment = self.assign(rep_id, pool_id, basis)?;
        Ok(Found::Rep(Box::new(Pick { assignment, rep, writes, record })))
    }

    fn nobody(
        &self,
        chance: Option<Timestamp>,
        falls_back_at: Option<Timestamp>,
        record: RouteRecord,
    ) -> Result<Found, HandleError> {
        let first = self.chain.first().copied().ok_or(HandleError::Playbook(self.in_force.version.0))?;
        Ok(Found::Nobody { pool_id: first.clone(), chance, falls_back_at, record: Box::new(record) })
    }

    /// The lead goes to whoever answers in the end, if there is somebody and that is possible. `chance` is when time
    /// alone may make another way possible.
    async fn fall_back<T: Table>(
        &self,
        table: &T,
        chance: Option<Timestamp>,
        mut record: RouteRecord,
    ) -> Result<Found, HandleError> {
        let Some(fallback) = &self.in_force.playbook.doc().routing.fallback else {
            return self.nobody(chance, None, record);
        };
        let (outside, look) = Box::pin(fall_back(table, self.search(), &fallback.rep)).await?;
        let chance = [chance, look.until].into_iter().flatten().min();
        record.relations.push(look);
        match outside {
            Some(outside) => self.give(table, outside, record).await,
            None => self.nobody(chance, None, record),
        }
    }
}

/// Looks for a rep who has not had the lead in this cycle: whom it belongs to already, then the pool of the first route
/// that holds and the pools it overflows to.
pub async fn find<T: Table>(
    table: &T,
    in_force: InForce<'_>,
    lead: &Lead,
    touch: Option<&Touch>,
    now: Timestamp,
) -> Result<Found, HandleError> {
    let ground = Ground::load(table, in_force, lead, touch, now).await?;
    let playbook = in_force.playbook;
    let doc = playbook.doc();
    let mut record = ground.record();
    // Boxed, like the fallback: what is awaited here rarely shall not make every caller large.
    let (outside, looks) = Box::pin(follow(table, ground.search(), ground.company.as_ref())).await?;
    record.relations = looks;
    if let Some(outside) = outside {
        return ground.give(table, outside, record).await;
    }
    let mut chance = record.relations.iter().filter_map(|look| look.until).min();
    for &pool_id in &ground.chain {
        let Some(pool) = doc.pools.get(pool_id) else { continue };
        let mut seen = people::snapshot(table, pool_id, &pool.members).await?;
        seen.snapshot.wanted = ground.wanted.clone();
        let decision = decide(pool, &doc.reps, playbook.calendars(), &seen.snapshot, &lead.tried, now);
        record.pools.push(PoolLook { pool_id: pool_id.clone(), fell_out: decision.fell_out });
        match decision.outcome {
            Outcome::Nobody(at) => chance = [chance, at].into_iter().flatten().min(),
            Outcome::Picked { record: pick, pool: state, rep } => {
                let assignment = ground.assign(pick.rep_id.clone(), pool_id.clone(), Basis::Turn)?;
                let mut writes =
                    vec![people::pool_put(pool_id, &state, seen.pool_version)?, people::rep_put(&rep)?];
                writes.extend(ground.known(table, &pick.rep_id).await?);
                record.pick = Some(pick);
                return Ok(Found::Rep(Box::new(Pick { assignment, rep: *rep, writes, record })));
            }
        }
    }
    // Nobody. A lead on its way to sales waits, and comes to the fallback in the end; one that everybody has had has
    // nothing to wait for. One that somebody has stays where its ladder leads.
    let fallback = doc.routing.fallback.as_ref();
    let fallback = fallback.filter(|_| lead.held_by().is_none() && !Plant::FallbackForgotten.is_on());
    let Some(fallback) = fallback else { return ground.nobody(chance, None, record) };
    let since = lead.parked.as_ref().map_or(now, |p| p.since);
    let due_at = if record.everybody_had_it() { now } else { fallback.due_at(since) };
    if due_at > now {
        return ground.nobody(chance, Some(due_at), record);
    }
    ground.fall_back(table, chance, record).await
}

/// The rep who answers in the end, for a lead whose ladder has come to that.
pub async fn find_fallback<T: Table>(
    table: &T,
    in_force: InForce<'_>,
    lead: &Lead,
    touch: Option<&Touch>,
    now: Timestamp,
) -> Result<Found, HandleError> {
    let ground = Ground::load(table, in_force, lead, touch, now).await?;
    let record = ground.record();
    ground.fall_back(table, None, record).await
}

fn otherwise() -> RuleId {
    RuleId::parse("otherwise").expect("a valid name")
}

/// The clocks of a fresh offer: a new accept clock, and the first-touch clock that the buyer's wait started.
pub(crate) fn clocks(
    in_force: InForce<'_>,
    policy: &sla::Policy,
    lead: &Lead,
    rep_id: &RepId,
    now: Timestamp,
) -> Result<Vec<Clock>, HandleError> {
    let InForce { version, playbook, started } = in_force;
    let doc = playbook.doc();
    let calendar =
        doc.reps.get(rep_id).and_then(|r| playbook.calendar(&r.calendar).map(|c| (&r.calendar, c)));
    let calendar = calendar.ok_or(HandleError::Playbook(version.0))?;
    let mut clocks =
        vec![sla::start(ClockKind::Accept, &policy.accept, &policy.policy, version, calendar, now)?];
    let running = lead.running_clock(ClockKind::FirstTouch);
    match (running, &policy.first_touch) {
        // The buyer has been waiting since receipt, whoever has the lead and whatever was published meanwhile: its clock
        // goes on as it was started.
        (Some(_), Some(rules)) if Plant::ClockStartsAnew.is_on() => {
            let kind = ClockKind::FirstTouch;
            clocks.push(sla::start(kind, rules, &policy.policy, version, calendar, lead.received_at)?);
        }
        (Some(clock), _) if clock.next_at.is_some() => {}
        (Some(clock), _) => {
            let rules = started.and_then(|s| s.clock_rules(&clock.policy, clock.kind));
            let calendar = started.and_then(|s| s.calendar(&clock.calendar));
            let (rules, calendar) = rules.zip(calendar).ok_or(HandleError::Playbook(clock.playbook.0))?;
            clocks.push(clock.resumed(rules, calendar)?);
        }
        // The first touch has been made in this cycle; another rep does not start it again.
        _ if lead.clocks.iter().any(|c| c.kind == ClockKind::FirstTouch && c.is_met()) => {}
        (_, Some(rules)) => {
            let kind = ClockKind::FirstTouch;
            clocks.push(sla::start(kind, rules, &policy.policy, version, calendar, lead.received_at)?);
        }
        (_, None) => {}
    }
    Ok(clocks)
}

/// The writes that change a rep's load when a lead is answered or leaves the rep's hands; with `credit` the turn goes back
/// too. Exactly what the offer added is taken off again.
pub async fn release<T: Table>(
    table: &T,
    playbook: &Playbook,
    before: &Lead,
    after: &Lead,
    credit: Credit,
) -> Result<Vec<Write>, HandleError> {
    let (Some(rep_id), Some(owner)) = (before.held_by(), &before.owner) else { return Ok(Vec::new()) };
    let stays = after.held_by() == Some(rep_id);
    let (weighed, weighs) = (Load::of(before), if stays { Load::of(after) } else { Load::default() });
    let kept = if stays { Plant::UnacceptedKept } else { Plant::LoadKept };
    if weighed == weighs || kept.is_on() {
        return Ok(Vec::new());
    }
    let state: RepState = people::rep(table, rep_id).await?;
    let mut state = state.with_load(weighed, weighs);
    if matches!(after.last_event.kind, EventKind::Withdrawn { .. }) {
        state = playbook.roster().with_one_less(state, owner.offered_at);
    }
    let mut writes = vec![people::rep_put(&state)?];
    if credit == Credit::Turn
        && owner.basis.took_turn()
        && !Plant::TurnKept.is_on()
        && let Some(pool) = playbook.doc().pools.get(&owner.pool_id)
        && let Some(turn) = Box::pin(turn_of(table, before, owner)).await?
    {
        let mut seen = people::snapshot(table, &owner.pool_id, &pool.members).await?;
        seen.snapshot.pool.give_back(&turn);
        writes.push(people::pool_put(&owner.pool_id, &seen.snapshot.pool, seen.pool_version)?);
    }
    Ok(writes)
}

/// The turn by which its owner came to the lead, as the decision record of the offer has it.
async fn turn_of<T: Table>(table: &T, lead: &Lead, owner: &Owner) -> Result<Option<PickRecord>, HandleError> {
    const PAGE: u32 = 50;
    let made_it = |event: &&Event| match &event.kind {
        EventKind::Offered { rep_id, offer, .. } | EventKind::Reassigned { rep_id, offer, .. } => {
            (rep_id, *offer) == (&owner.rep_id, owner.offer)
        }
        _ => false,
    };
    let mut until = lead.version;
    while until > 0 {
        let from = until.saturating_sub(u64::from(PAGE)) + 1;
        let events = leads::events(table, lead, from, PAGE).await?;
        if let Some(offer) = events.iter().rev().find(made_it) {
            let attempt = std::iter::once(&offer.attempt);
            let decided: Vec<Record<RouteRecord>> =
                records::decided(table, &lead.lead_id, RecordKind::Route, attempt).await?;
            return Ok(decided.into_iter().next().and_then(|record| record.decision.pick));
        }
        until = from - 1;
    }
    Ok(None)
}

/// Whether a turn is given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credit {
    /// The lead was not the rep's to have.
    Turn,
    /// It was.
    None,
}
