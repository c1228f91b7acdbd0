//! How a lead found its owner, or why it has none: every step that narrowed the choice, and all of it in words that a
//! sales manager understands.

use leadline_core::ids::RepId;
use leadline_core::playbook::Playbook;
use leadline_core::routing::{Basis, Ineligible, Narrowed, Obstacle, RelationLook};
use leadline_runtime::route_record::RouteRecord;
use serde_json::{Value, json};

/// The record as the API shows it. `playbook` is the version that it was decided with, where it can be read.
pub(crate) fn route(record: &RouteRecord, playbook: Option<&Playbook>) -> Value {
    let told = Teller { playbook };
    let pools: Vec<Value> = record
        .pools
        .iter()
        .map(|look| {
            let fell_out: Vec<Value> = look
                .fell_out
                .iter()
                .map(|n| {
                    json!({
                        "rep_id": n.rep_id,
                        "why": n.why,
                        "until": n.until,
                        "cap": n.cap,
                        "because": told.fell_out(n),
                    })
                })
                .collect();
            json!({ "pool_id": look.pool_id, "fell_out": fell_out })
        })
        .collect();
    let relations: Vec<Value> = record
        .relations
        .iter()
        .map(|look| {
            json!({
                "basis": look.basis,
                "rep_id": look.rep_id,
                "lead_id": look.lead_id,
                "why_not": look.why,
                "until": look.until,
                "cap": look.cap,
                "because": told.relation(look),
            })
        })
        .collect();
    let pick = record.pick.as_ref().map(|pick| {
        let candidates: Vec<Value> = pick
            .candidates
            .iter()
            .map(|(rep_id, weight, milli)| json!({ "rep_id": rep_id, "weight": weight, "behind_by_milli_leads": milli }))
            .collect();
        json!({ "rep_id": pick.rep_id, "turn": pick.turn, "candidates": candidates })
    });
    let account = record.account.as_ref().map(|look| {
        let rule = look.found_by;
        json!({ "account": look.account, "grade": rule.grade(), "because": rule.words() })
    });
    let outside = record.outside.as_ref();
    json!({
        "suppressed": record.suppressed,
        "account": account,
        "relations": relations,
        "route": record.route,
        "policy": record.policy,
        "playbook_version": record.playbook,
        "pools": pools,
        "pick": pick,
        "basis": outside.map(|o| o.basis).or(record.pick.as_ref().map(|_| Basis::Turn)),
        "because": told.whole(record),
    })
}

/// The record in words.
pub(crate) fn because(record: &RouteRecord, playbook: Option<&Playbook>) -> String {
    Teller { playbook }.whole(record)
}

/// Tells of people by their names.
struct Teller<'p> {
    playbook: Option<&'p Playbook>,
}

impl Teller<'_> {
    fn name(&self, rep_id: &RepId) -> String {
        let rep = self.playbook.and_then(|p| p.doc().reps.get(rep_id));
        rep.map_or_else(|| rep_id.to_string(), |rep| rep.name.clone())
    }

    fn whole(&self, record: &RouteRecord) -> String {
        let mut sentences = vec![self.outcome(record)];
        for look in record.relations.iter().filter(|look| look.why.is_some()) {
            sentences.push(format!("{}.", self.relation(look)));
        }
        let fell_out: Vec<String> =
            record.pools.iter().flat_map(|p| &p.fell_out).map(|n| self.fell_out(n)).collect();
        if !fell_out.is_empty() {
            sentences.push(format!("{}.", fell_out.join("; ")));
        }
        sentences.join(" ")
    }

    fn outcome(&self, record: &RouteRecord) -> String {
        if let Some(name) = &record.suppressed {
            let rules = self.playbook.map(|p| &p.doc().routing.suppressions);
            let reason = rules.and_then(|r| r.iter().find(|s| s.suppress == *name)).map(|s| &s.reason);
            let reason = reason.map_or_else(String::new, |reason| format!(": {reason}"));
            return format!("Kept from sales for now by {name}{reason}.");
        }
        if let Some(outside) = &record.outside {
            let name = self.name(&outside.rep_id);
            return match (outside.basis, &record.account) {
                (Basis::Fallback, _) => {
                    format!(
                        "Nobody else could take it, so it went to {name}, who answers for such leads; no turn was taken."
                    )
                }
                (Basis::AccountOwner, Some(account)) => format!(
                    "{name} owns the account {} ({}) and was free, so no turn was taken.",
                    account.account,
                    account.found_by.words()
                ),
                (basis, _) => format!("{name}, {}, was free, so no turn was taken.", basis.words()),
            };
        }
        let by = match &record.route {
            Some(route) => format!("Route {route} held"),
            None => "No route held, so the pool for everything else applied".to_owned(),
        };
        match (&record.pick, record.pools.first(), record.pools.last()) {
            (Some(pick), _, Some(pool)) => format!(
                "{by}; of pool {} it was {}'s turn (turn {}, {} could take it).",
                pool.pool_id,
                self.name(&pick.rep_id),
                pick.turn,
                pick.candidates.len()
            ),
            (_, Some(pool), _) => {
                format!("{by}, but nobody of pool {} or its overflow could take it.", pool.pool_id)
            }
            _ => format!("{by}."),
        }
    }

    fn relation(&self, look: &RelationLook) -> String {
        let who = format!("{}, {},", self.name(&look.rep_id), look.basis.words());
        match look.why {
            None => format!("{who} was free"),
            Some(why) => format!(
                "{who} {}",
                self.reason(&look.rep_id, Obstacle { why, until: look.until, cap: look.cap })
            ),
        }
    }

    fn fell_out(&self, member: &Narrowed) -> String {
        let Narrowed { rep_id, why, until, cap } = member;
        let obstacle = Obstacle { why: *why, until: *until, cap: *cap };
        format!("{} {}", self.name(rep_id), self.reason(rep_id, obstacle))
    }

    /// Why somebody may not take it, with the number or the time that it hangs on.
    fn reason(&self, rep_id: &RepId, Obstacle { why, until, cap }: Obstacle) -> String {
        if let Some(cap) = cap {
            return format!("{} ({cap})", why.words());
        }
        let rep = self.playbook.and_then(|p| p.doc().reps.get(rep_id));
        let calendar = rep.and_then(|r| self.playbook?.calendar(&r.calendar));
        let local = until.zip(calendar).map(|(at, c)| at.to_zoned(c.zone().clone()));
        match local.filter(|_| matches!(why, Ineligible::OffHours | Ineligible::Absent)) {
            Some(at) => format!("{} until {}", why.words(), at.strftime("%a %-d %b %H:%M %Z")),
            None => why.words().to_owned(),
        }
    }
}
