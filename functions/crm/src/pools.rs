//! Pools: what each member has had, what its share is, how far the two are apart, and why.

use leadline_core::ids::PoolId;
use leadline_core::routing::{CatchUp, MemberTurn, RepState, TURN, check};
use leadline_runtime::http::{Problem, Response};
use leadline_runtime::ports::Ports;
use leadline_store::people;
use serde_json::{Value, json};

use crate::{Answered, Crm};

/// `GET /pools/{pool_id}`.
pub(crate) async fn pool<P: Ports>(crm: &Crm, ports: &P, id: &str) -> Answered {
    let (_, playbook) = crm.shelf.active(ports.table()).await?;
    let doc = playbook.doc();
    let missing = || Problem::not_found("pool");
    let pool_id = PoolId::parse(id).map_err(|_| missing())?;
    let pool = doc.pools.get(&pool_id).ok_or_else(missing)?;
    let seen = people::snapshot(ports.table(), &pool_id, &pool.members).await?;
    let now = ports.now();
    let members: Vec<_> = pool
        .members
        .iter()
        .filter_map(|rep_id| {
            let rep = doc.reps.get(rep_id)?;
            let calendar = playbook.calendar(&rep.calendar)?;
            let fresh = RepState::new(rep_id.clone());
            let state = seen.snapshot.reps.get(rep_id).unwrap_or(&fresh).clone();
            let turn = seen.snapshot.pool.members.get(rep_id).copied().unwrap_or_default();
            let why = check(rep, &state, pool, calendar, &[], now).err();
            Some((rep_id, rep, state, turn, why))
        })
        .collect();
    let most = members.iter().map(|(_, _, _, turn, _)| turn.deviation.abs()).max().unwrap_or(0);
    let weights: u32 = members.iter().filter(|(.., why)| why.is_none()).map(|(_, rep, ..)| rep.weight).sum();
    let shown: Vec<Value> = members
        .iter()
        .map(|(rep_id, rep, state, turn, why)| {
            let because = match why {
                Some(why) => format!("{} {}", rep.name, why.words()),
                None => format!("{} can take a lead", rep.name),
            };
            let share_now = why.is_none().then(|| format!("{}/{weights}", rep.weight));
            json!({
                "rep_id": rep_id,
                "weight": rep.weight,
                "share_now": share_now,
                "assigned": turn.assigned,
                "share_so_far": leads(turn.entitled()),
                "behind_share_by": leads(i128::from(turn.deviation)),
                "owed_for_absence": seen.snapshot.pool.owed(rep_id),
                "open": state.open,
                "eligible": why.is_none(),
                "why": why,
                "because": because,
                "standing": standing(&rep.name, turn, pool.catch_up, seen.snapshot.pool.owed(rep_id)),
            })
        })
        .collect();
    Ok(Response::json(
        200,
        &json!({
            "pool_id": pool_id,
            "turns": seen.snapshot.pool.picks,
            "members": shown,
            "overflow": pool.overflow,
            "catch_up": pool.catch_up,
            "drift": leads(i128::from(most)),
            "within_one_lead": most < TURN,
            "because": drift(most),
        }),
    ))
}

/// How a member stands, in words.
fn standing(name: &str, turn: &MemberTurn, policy: CatchUp, owed: u64) -> String {
    let apart = leads(i128::from(turn.deviation.abs()));
    let (had, share) = (turn.assigned, leads(turn.entitled()));
    let mut words = if turn.deviation == 0 {
        format!("{name} has had {had} by turn, exactly the share")
    } else {
        let side = if turn.deviation > 0 { "behind" } else { "ahead of" };
        format!("{name} has had {had} by turn of a share of {share}: {apart} {side} it")
    };
    if let (CatchUp::PerDay(most), 1..) = (policy, owed) {
        words.push_str(&format!("; {owed} more went by during an absence and follow, {most} a day at most"));
    }
    words
}

fn drift(most: i64) -> &'static str {
    if most < TURN {
        "Everybody is less than one lead away from the share."
    } else {
        "Somebody is a lead or more away from the share. That comes of turns given back, or of members who came and went; whoever is furthest behind is next."
    }
}

/// Turns in leads, with three decimals.
#[allow(clippy::cast_precision_loss, reason = "shown to people, with three decimals")]
fn leads(turns: i128) -> f64 {
    (turns / i128::from(TURN / 1_000)) as f64 / 1_000.0
}
