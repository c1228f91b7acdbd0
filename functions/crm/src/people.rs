//! Reps and pools: load, presence, shares, drift.

use jiff::Timestamp;
use leadline_core::ids::{PoolId, RepId};
use leadline_core::playbook::Playbook;
use leadline_core::routing::{RepState, TURN, check};
use leadline_runtime::assignment::drain_parked;
use leadline_runtime::follow_up::Tries;
use leadline_runtime::http::{Problem, Request, Response};
use leadline_runtime::ports::Ports;
use leadline_store::{CommitError, people};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Answered, Crm, answer};

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
        .ok_or_else(|| Problem::not_found("rep"))
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
    json!({
        "rep_id": state.rep_id,
        "name": rep.name,
        "weight": rep.weight,
        "calendar": rep.calendar,
        "caps": rep.caps,
        "active": rep.active,
        "open": state.open,
        "today": calendar.map_or(0, |c| state.given_on(c.local_date(now))),
        "away": state.away,
        "absent_from": state.absent_from,
        "absent_until": state.absent_until,
        "pools": pools,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    #[serde(default)]
    away: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    absent_from: Option<Option<Timestamp>>,
    #[serde(default, deserialize_with = "given")]
    absent_until: Option<Option<Timestamp>>,
}

/// Tells a value that is sent as null from one that is not sent.
fn given<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Option<Timestamp>>, D::Error> {
    Option::<Timestamp>::deserialize(deserializer).map(Some)
}

/// `PATCH /reps/{rep_id}`: away by hand, or absent between two instants. Null takes an instant back.
pub(crate) async fn change_rep<P: Ports>(crm: &Crm, ports: &P, request: &Request, id: &str) -> Answered {
    let change: Change = answer::body(request)?;
    let (_, playbook) = crm.shelf.active(ports.table()).await?;
    let rep_id = known(&playbook, id)?;
    let mut tries = Tries::default();
    loop {
        let before = people::rep(ports.table(), &rep_id).await?;
        let after = RepState {
            version: before.version + 1,
            away: change.away.unwrap_or(before.away),
            absent_from: change.absent_from.unwrap_or(before.absent_from),
            absent_until: change.absent_until.unwrap_or(before.absent_until),
            ..before.clone()
        };
        if after.absent_from.is_some() && after.absent_until.is_none() {
            let detail =
                "An absence needs an end: send `absent_until` as well, or `away` for an absence without end.";
            return Err(Problem::new(422, "invalid-body", "Invalid body", detail).into());
        }
        if after.absent_from.zip(after.absent_until).is_some_and(|(from, until)| from >= until) {
            let detail = "`absent_from` must lie before `absent_until`.";
            return Err(Problem::new(422, "invalid-body", "Invalid body", detail).into());
        }
        use leadline_store::Table as _;
        match ports.table().write(people::rep_put(&after)?).await {
            Ok(()) => {
                drain_parked(ports, &playbook, &rep_id).await;
                return Ok(Response::json(200, &show(&playbook, &after, ports.now())));
            }
            Err(leadline_store::TableError::ConditionFailed { .. }) => {
                tries.again(ports, CommitError::LeadChanged).await?;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// `GET /pools/{pool_id}`: what each member has had, what its share is, and how far the two are apart.
pub(crate) async fn pool<P: Ports>(crm: &Crm, ports: &P, id: &str) -> Answered {
    let (_, playbook) = crm.shelf.active(ports.table()).await?;
    let doc = playbook.doc();
    let missing = || Problem::not_found("pool");
    let pool_id = PoolId::parse(id).map_err(|_| missing())?;
    let pool = doc.pools.get(&pool_id).ok_or_else(missing)?;
    let seen = people::snapshot(ports.table(), &pool_id, &pool.members).await?;
    let now = ports.now();
    let leads = |turns: i64| milli(turns) / 1_000.0;
    let mut most = 0_i64;
    let members: Vec<Value> = pool
        .members
        .iter()
        .filter_map(|rep_id| {
            let rep = doc.reps.get(rep_id)?;
            let calendar = playbook.calendar(&rep.calendar)?;
            let fresh = RepState::new(rep_id.clone());
            let state = seen.snapshot.reps.get(rep_id).unwrap_or(&fresh);
            let turn = seen.snapshot.pool.members.get(rep_id).copied().unwrap_or_default();
            most = most.max(turn.deviation.abs());
            let why = check(rep, state, pool, calendar, &[], now).err();
            let because = match why {
                Some(why) => format!("{} {}", rep.name, why.words()),
                None => format!("{} can take a lead", rep.name),
            };
            Some(json!({
                "rep_id": rep_id,
                "weight": rep.weight,
                "assigned": turn.assigned,
                "behind_share_by": leads(turn.deviation),
                "open": state.open,
                "eligible": why.is_none(),
                "why": why,
                "because": because,
            }))
        })
        .collect();
    let fair = most < TURN;
    Ok(Response::json(
        200,
        &json!({
            "pool_id": pool_id,
            "turns": seen.snapshot.pool.picks,
            "members": members,
            "overflow": pool.overflow,
            "drift": leads(most),
            "within_one_lead": fair,
        }),
    ))
}

/// Turns in thousandths of a lead.
#[allow(clippy::cast_precision_loss, reason = "shown to people, with three decimals")]
fn milli(turns: i64) -> f64 {
    (turns / (TURN / 1_000)) as f64
}
