//! Finding a rep: load pool and reps, decide, and put together what has to be written with the lead in one commit.

use std::sync::Arc;

use jiff::Timestamp;
use leadline_core::condition::View;
use leadline_core::ids::{PlaybookVersion, PoolId, RepId, RuleId};
use leadline_core::lead::{Assignment, Lead};
use leadline_core::plant::Plant;
use leadline_core::playbook::Playbook;
use leadline_core::routing::{Ineligible, Narrowed, Outcome, PickRecord, RepState, choose_pool, decide};
use leadline_core::sla::{self, Clock, ClockKind};
use leadline_core::submission::Touch;
use leadline_store::{Table, Write, leads, people};
use serde::{Deserialize, Serialize};

use crate::follow_up::HandleError;
use crate::ports::Ports;
use crate::shelf::Shelf;
use crate::wake::{Hop, WakeUp};

/// Why a lead went where it went, for people and auditors.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RouteRecord {
    /// The route that held; none when the rest goes to the last pool.
    pub route: Option<RuleId>,
    /// The policy that sets the deadlines.
    pub policy: Option<RuleId>,
    /// The pools that were looked at, in order, with the members that fell out of each.
    pub pools: Vec<PoolLook>,
    /// The pick, if there was one.
    pub pick: Option<PickRecord>,
    /// The playbook.
    pub playbook: PlaybookVersion,
}

impl RouteRecord {
    /// Whether nobody is left only because everybody has had the lead in this cycle.
    pub fn everybody_had_it(&self) -> bool {
        let mut fell_out = self.pools.iter().flat_map(|p| &p.fell_out).peekable();
        self.pick.is_none()
            && fell_out.peek().is_some()
            && fell_out.all(|n| n.why == Ineligible::AlreadyTried)
    }
}

/// One pool that was looked at.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PoolLook {
    /// The pool.
    pub pool_id: PoolId,
    /// Who fell out, and why.
    pub fell_out: Vec<Narrowed>,
}

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
        /// Who fell out, and why.
        record: RouteRecord,
    },
}

/// A rep that was found.
#[derive(Debug)]
pub struct Pick {
    /// The assignment.
    pub assignment: Assignment,
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

/// Looks for a rep who has not had the lead in this cycle, in the pool of the first route that holds and in the pools
/// it overflows to.
pub async fn find<T: Table>(
    table: &T,
    in_force: InForce<'_>,
    lead: &Lead,
    touch: Option<&Touch>,
    now: Timestamp,
) -> Result<Found, HandleError> {
    let InForce { version, playbook, .. } = in_force;
    let doc = playbook.doc();
    let view = View { lead, touch };
    let (first, route) = choose_pool(&doc.routing, view);
    let policy = sla::choose(&doc.sla, view).ok_or(HandleError::Playbook(version.0))?;
    let mut record = RouteRecord {
        route: route.cloned(),
        policy: Some(policy.policy.clone()),
        pools: Vec::new(),
        pick: None,
        playbook: version,
    };
    let mut chance: Option<Timestamp> = None;
    for pool_id in playbook.overflow_chain(first) {
        let Some(pool) = doc.pools.get(pool_id) else { continue };
        let seen = people::snapshot(table, pool_id, &pool.members).await?;
        let decision = decide(pool, &doc.reps, playbook.calendars(), &seen.snapshot, &lead.tried, now);
        record.pools.push(PoolLook { pool_id: pool_id.clone(), fell_out: decision.fell_out });
        match decision.outcome {
            Outcome::Nobody(at) => chance = [chance, at].into_iter().flatten().min(),
            Outcome::Picked { record: pick, pool: state, rep } => {
                let clocks = clocks(in_force, policy, lead, &pick.rep_id, now)?;
                let assignment = Assignment {
                    rep_id: pick.rep_id.clone(),
                    pool_id: pool_id.clone(),
                    route: route.cloned().unwrap_or_else(otherwise),
                    clocks,
                    playbook: version,
                };
                let writes =
                    vec![people::pool_put(pool_id, &state, seen.pool_version)?, people::rep_put(&rep)?];
                record.pick = Some(pick);
                return Ok(Found::Rep(Box::new(Pick { assignment, writes, record })));
            }
        }
    }
    Ok(Found::Nobody { pool_id: first.clone(), chance, record })
}

fn otherwise() -> RuleId {
    RuleId::parse("otherwise").expect("a valid name")
}

/// The clocks of a fresh offer: a new accept clock, and the first-touch clock that the buyer's wait started.
fn clocks(
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

/// The writes that take a lead off a rep's load when it leaves the rep's hands; with `credit` the turn goes back too.
pub async fn release<T: Table>(
    table: &T,
    playbook: &Playbook,
    before: &Lead,
    after: &Lead,
    credit: Credit,
) -> Result<Vec<Write>, HandleError> {
    let (Some(rep_id), Some(owner)) = (before.held_by(), &before.owner) else { return Ok(Vec::new()) };
    if after.held_by() == Some(rep_id) {
        return Ok(Vec::new());
    }
    if Plant::LoadKept.is_on() {
        return Ok(Vec::new());
    }
    let state: RepState = people::rep(table, rep_id).await?;
    let mut writes = vec![people::rep_put(&state.with_one_less())?];
    if credit == Credit::Turn
        && !Plant::TurnKept.is_on()
        && let Some(pool) = playbook.doc().pools.get(&owner.pool_id)
    {
        let mut seen = people::snapshot(table, &owner.pool_id, &pool.members).await?;
        seen.snapshot.pool.credit(rep_id);
        writes.push(people::pool_put(&owner.pool_id, &seen.snapshot.pool, seen.pool_version)?);
    }
    Ok(writes)
}

/// Wakes leads that are parked for pools that this rep could take from, now that there is room again, the longest
/// waiting first and none that the rep has had already. It follows a commit and never undoes one: parked leads are looked
/// at by time as well, so that what fails here is only later.
pub async fn drain_parked<P: Ports>(ports: &P, playbook: &Playbook, rep_id: &RepId) {
    let pools = &playbook.doc().pools;
    for pool_id in pools.keys() {
        let chain = playbook.overflow_chain(pool_id);
        let reaches = chain.iter().any(|p| pools.get(*p).is_some_and(|p| p.members.contains(rep_id)));
        if reaches && let Err(error) = drain_pool(ports, pool_id, rep_id).await {
            tracing::warn!(pool.id = %pool_id, detail = %error, "parked leads not woken; they are looked at by time");
        }
    }
}

/// One answer makes room for one lead; a few more cost little and help when the first cannot be taken.
const DRAIN_AT_ONCE: usize = 5;

async fn drain_pool<P: Ports>(ports: &P, pool_id: &PoolId, rep_id: &RepId) -> Result<(), HandleError> {
    let mut wake_ups: Vec<WakeUp> = Vec::new();
    let mut start = None;
    loop {
        let page = leads::by_index(ports.table(), leads::parked_query(pool_id, 25, start)).await?;
        wake_ups.extend(page.leads.iter().filter(|lead| !lead.tried.contains(rep_id)).map(|lead| WakeUp {
            v: 1,
            hop: Hop::Route,
            id: lead.lead_id.to_string(),
            version: lead.version,
            due_ms: None,
            delay_s: 0,
        }));
        start = page.next;
        if wake_ups.len() >= DRAIN_AT_ONCE || start.is_none() {
            break;
        }
    }
    wake_ups.truncate(DRAIN_AT_ONCE);
    if !wake_ups.is_empty() {
        ports.wake(wake_ups).await;
    }
    Ok(())
}

/// Whether a turn is given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credit {
    /// The lead was not the rep's to have.
    Turn,
    /// It was.
    None,
}
