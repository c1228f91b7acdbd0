//! Reps: load, presence, limits set by hand.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use leadline_core::calendar::Calendar;
use leadline_core::ids::{PoolId, RepId};
use leadline_core::playbook::Playbook;
use leadline_core::routing::{Absence, CapKind, Limit, Pool, RepState, check};
use leadline_runtime::follow_up::{Tries, timer};
use leadline_runtime::http::{Problem, Request, Response};
use leadline_runtime::ports::Ports;
use leadline_runtime::wake::WakeUp;
use leadline_store::due;
use leadline_store::{CommitError, Table as _, TableError, people};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use crate::{Answered, Crm, Failure, answer};

/// `GET /reps/{rep_id}`.
pub(crate) async fn rep<P: Ports>(crm: &Crm, ports: &P, id: &str) -> Answered {
    let (_, playbook) = crm.shelf.active(ports.table()).await?;
    let rep_id = known(&playbook, id)?;
    let state = people::rep(ports.table(), &rep_id).await?;
    Ok(Response::json(200, &show(&playbook, &state, ports.now())))
}

fn known(playbook: &Playbook, id: &str) -> Result<RepId, Problem> {
    RepId::parse(id)
        .ok()
        .filter(|id| playbook.doc().reps.contains_key(id))
        .ok_or_else(|| {
            let detail = "No such rep in the playbook in force. What somebody still has who was taken out of it is listed by `GET /leads?owner=`; give each lead to somebody else with `reassign`.";
            Problem::new(404, "not-found", "Not found", detail)
        })
}

fn show(playbook: &Playbook, state: &RepState, now: Timestamp) -> Value {
    let doc = playbook.doc();
    let Some(rep) = doc.reps.get(&state.rep_id) else { return Value::Null };
    let calendar = playbook.calendar(&rep.calendar);
    let pools: Vec<Value> = doc
        .pools
        .iter()
        .filter(|(_, pool)| pool.members.contains(&state.rep_id))
        .map(|(pool_id, pool)| {
            let why = calendar.and_then(|c| check(rep, state, pool, c, &[], now).err());
            json!({ "pool_id": pool_id, "eligible": why.is_none(), "why": why })
        })
        .collect();
    let given = |days| calendar.map_or(0, |c| state.given_within(c.local_date(now), days));
    // Every kind by name, so that no limit is told from an unknown one.
    let caps = state.caps(rep);
    let caps: BTreeMap<&str, Option<u32>> =
        CapKind::ALL.into_iter().map(|kind| (kind.name(), caps.get(kind))).collect();
    json!({
        "rep_id": state.rep_id,
        "name": rep.name,
        "weight": rep.weight,
        "calendar": rep.calendar,
        "languages": rep.languages,
        "skills": rep.skills,
        "caps": caps,
        "caps_by_hand": state.caps,
        "active": state.active.unwrap_or(rep.active),
        "active_by_hand": state.active,
        "open": state.open,
        "unaccepted": state.unaccepted,
        "value": state.value,
        "today": given(1),
        "last_7_days": given(7),
        "last_30_days": given(30),
        "away": state.away,
        "absent_from": state.absent_from,
        "absent_until": state.absent_until,
        "absences": state.absences,
        "pools": pools,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    #[serde(default, deserialize_with = "given")]
    away: Option<Option<bool>>,
    #[serde(default, deserialize_with = "given")]
    active: Option<Option<bool>>,
    #[serde(default, deserialize_with = "given")]
    absent_from: Option<Option<Timestamp>>,
    #[serde(default, deserialize_with = "given")]
    absent_until: Option<Option<Timestamp>>,
    #[serde(default, deserialize_with = "given")]
    absences: Option<Option<Vec<Absence>>>,
    /// By kind; null gives a limit back to the playbook.
    #[serde(default)]
    caps: BTreeMap<CapKind, Option<Limit>>,
}

/// Tells a value that is sent as null from one that is not sent.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

/// A clock that is further ahead than this is broken.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// So many absences can be announced; what is over is forgotten.
const MOST_ABSENCES: usize = 50;

impl Change {
    /// The rep's row after it, or what does not fit.
    fn applied(&self, before: &RepState, now: Timestamp) -> Result<RepState, Problem> {
        let invalid = |detail: &str| Problem::new(422, "invalid-body", "Invalid body", detail);
        let mut caps = before.caps.clone();
        for (kind, limit) in &self.caps {
            match limit {
                Some(limit) => drop(caps.insert(*kind, *limit)),
                None => drop(caps.remove(kind)),
            }
        }
        let told = self.absences.clone().map(Option::unwrap_or_default);
        let mut absences = told.unwrap_or_else(|| before.absences.clone());
        if absences.iter().any(|a| a.from >= a.until) {
            return Err(invalid("In `absences` each `from` must lie before its `until`."));
        }
        absences.retain(|a| a.until > now);
        absences.sort_unstable();
        if absences.len() > MOST_ABSENCES {
            return Err(invalid("Announce at most 50 absences that lie ahead."));
        }
        let after = RepState {
            version: before.version + 1,
            away: self.away.map_or(before.away, Option::unwrap_or_default),
            active: self.active.unwrap_or(before.active),
            absent_from: self.absent_from.unwrap_or(before.absent_from),
            absent_until: self.absent_until.unwrap_or(before.absent_until),
            absences,
            caps_set_at: if caps == before.caps { before.caps_set_at } else { Some(now) },
            caps,
            // Open offers move on, or there is room again: whoever looks at due rows sees to it, at once and for as long as it
            // takes. If this clock is ahead, its now is still to come for the others.
            next_at: Some(now - AHEAD),
            ..before.clone()
        };
        if self.absent_until.flatten().is_some_and(|until| until <= now) {
            return Err(invalid(
                "`absent_until` lies in the past, so nobody would be absent. Send an end that lies ahead, or null to take an absence back.",
            ));
        }
        if after.absent_from.is_some() && after.absent_until.is_none() {
            return Err(invalid(
                "An absence needs an end: send `absent_until` as well, or `away` for an absence without end.",
            ));
        }
        if after.absent_from.zip(after.absent_until).is_some_and(|(from, until)| from >= until) {
            return Err(invalid("`absent_from` must lie before `absent_until`."));
        }
        Ok(after)
    }
}

/// `PATCH /reps/{rep_id}`: presence, absences, limits set by hand. Null takes back what was set.
pub(crate) async fn change_rep<P: Ports>(crm: &Crm, ports: &P, request: &Request, id: &str) -> Answered {
    let change: Change = answer::body(request)?;
    let (_, playbook) = crm.shelf.active(ports.table()).await?;
    let rep_id = known(&playbook, id)?;
    if matches!(change.caps.get(&CapKind::Value), Some(Some(Limit::AtMost(_))))
        && playbook.doc().value.is_nothing()
    {
        let detail = "The playbook does not say what a lead is worth, so that this cap would never be reached: publish `value` first.";
        return Err(Problem::new(422, "invalid-body", "Invalid body", detail).into());
    }
    let mut tries = Tries::default();
    loop {
        let before = people::rep(ports.table(), &rep_id).await?;
        let after = change.applied(&before, ports.now())?;
        match ports.table().write(people::rep_put(&after)?).await {
            Ok(()) => {
                wake_reps(ports, [&after.rep_id]).await;
                return Ok(Response::json(200, &show(&playbook, &after, ports.now())));
            }
            Err(TableError::ConditionFailed { .. }) => {
                tries.again(ports, CommitError::LeadChanged).await?;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Has these reps looked at now. What is not sent is found by the sweep, since their rows are due.
async fn wake_reps<'r, P: Ports>(ports: &P, reps: impl IntoIterator<Item = &'r RepId>) {
    let now = ports.now();
    let wake_ups: Vec<WakeUp> =
        reps.into_iter().filter_map(|rep_id| timer(&due::name_of_rep(rep_id), 0, now, now)).collect();
    if !wake_ups.is_empty() && !ports.wake(wake_ups).await.is_empty() {
        tracing::warn!("reps not woken; the sweep finds them");
    }
}

/// How long a publish may take before its reps are looked at without it.
const PUBLISHING: SignedDuration = SignedDuration::from_secs(60);

/// The reps for whom a new version changes anything: who they are, what they may take, and which pools they are in.
/// All of them when the version before cannot be read, which is no reason not to mend it.
fn affected(old: Option<&Playbook>, new: &Playbook) -> Vec<RepId> {
    let Some(old) = old else { return new.doc().reps.keys().cloned().collect() };
    // The pools whose leads can come to a rep, by their overflow as well.
    let pools = |playbook: &Playbook, rep_id: &RepId| -> Vec<(PoolId, Pool)> {
        let pools = &playbook.doc().pools;
        let has = |id: &PoolId| pools.get(id).is_some_and(|pool| pool.members.contains(rep_id));
        let reach = pools.iter().filter(|(id, _)| playbook.overflow_chain(id).into_iter().any(has));
        reach.map(|(id, pool)| (id.clone(), pool.clone())).collect()
    };
    let hours = |playbook: &Playbook, rep_id: &RepId| -> Option<Calendar> {
        playbook.doc().reps.get(rep_id).and_then(|rep| playbook.calendar(&rep.calendar)).cloned()
    };
    let everybody: BTreeSet<&RepId> = old.doc().reps.keys().chain(new.doc().reps.keys()).collect();
    let changes = |rep_id: &&RepId| {
        old.doc().reps.get(*rep_id) != new.doc().reps.get(*rep_id)
            || pools(old, rep_id) != pools(new, rep_id)
            || hours(old, rep_id) != hours(new, rep_id)
    };
    everybody.into_iter().filter(changes).cloned().collect()
}

/// Makes the rows due of all for whom a new version changes anything, before it is put in force: whatever happens to the
/// publisher then, deactivated reps lose their offers and new room is filled. Returns who they are.
pub(crate) async fn announce<P: Ports>(
    ports: &P,
    old: Option<&Playbook>,
    new: &Playbook,
) -> Result<Vec<RepId>, Failure> {
    let reps = affected(old, new);
    let due = ports.now() + PUBLISHING;
    for rep_id in &reps {
        let mut tries = Tries::default();
        loop {
            let before = people::rep(ports.table(), rep_id).await?;
            if before.next_at.is_some_and(|at| at <= due) {
                break;
            }
            let after = RepState { version: before.version + 1, next_at: Some(due), ..before };
            match ports.table().write(people::rep_put(&after)?).await {
                Ok(()) => break,
                Err(TableError::ConditionFailed { .. }) => {
                    tries.again(ports, CommitError::LeadChanged).await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(reps)
}

/// A version is in force: those for whom it changes anything are looked at.
pub(crate) async fn in_force<P: Ports>(ports: &P, reps: &[RepId]) {
    wake_reps(ports, reps).await;
}
