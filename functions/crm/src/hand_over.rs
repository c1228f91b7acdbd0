//! By hand: a person names the rep who is to have a lead.

use leadline_core::ids::{AttemptId, RepId};
use leadline_core::lead::{Lead, Move, Step};
use leadline_runtime::by_hand::{self, Given, Refusal};
use leadline_runtime::follow_up::{Tries, after_offer};
use leadline_runtime::http::{Problem, Request};
use leadline_runtime::ports::Ports;
use leadline_store::leads;
use serde::Deserialize;

use crate::access::Caller;
use crate::answer::{attempt, body, code, expected, illegal_move, is_done, refused as refused_answer};
use crate::{Answered, Crm, reads};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    to: RepId,
    reason: String,
    #[serde(default)]
    rep_id: Option<RepId>,
}

/// `POST /leads/{lead_id}/reassign`.
pub(crate) async fn reassign<P: Ports>(
    crm: &Crm,
    ports: &P,
    caller: &Caller,
    request: &Request,
    id: &str,
) -> Answered {
    let Body { to, reason, rep_id } = body(request)?;
    let reason = code(&reason)?;
    let attempt = attempt(crm, ports, caller, request, id)?;
    let expected = expected(request)?;
    let mut tries = Tries::default();
    loop {
        let lead = reads::find(ports, id).await?;
        if let Some(attempt) = &attempt
            && is_done(ports, &lead, attempt).await?
        {
            return reads::show(crm, ports, &lead).await;
        }
        if expected.is_some_and(|v| v != lead.version) {
            let detail = "The lead has changed since you read it. Read it again and decide anew.";
            let problem = Problem::new(412, "version-mismatch", "Version mismatch", detail);
            return Err(problem.with("version", lead.version).into());
        }
        lead.legal(Move::HandOver).map_err(|illegal| illegal_move(&illegal))?;
        if lead.is_in_review() {
            let detail =
                "Marketing is to look at this lead first. Unpark it; then it finds its way to sales.";
            return Err(Problem::new(409, "in-review", "In review", detail).into());
        }
        let step = Step {
            at: ports.now(),
            actor: Lead::acting(rep_id.as_ref(), &caller.subject),
            attempt: attempt.clone().unwrap_or_else(|| AttemptId::from_bits(ports.random())),
        };
        // Whoever gets it takes it up: a pause is the one's before.
        let versions = crm.shelf.of_clocks(ports.table(), &lead).await?;
        let found = lead.unpaused(&versions, step.at).and_then(|lead| lead.watched_anew(&versions, step.at));
        let found = found.map_err(|error| refused_answer(&lead, &error))?;
        let given = by_hand::assign(&crm.shelf, ports.table(), &found, &to, step.at).await?;
        let Given { assignment, rep, mut writes } = given.map_err(|refusal| refused(&to, &refusal))?;
        let after = found.handed_over(&assignment, &reason, &step)?;
        writes.extend(by_hand::take_back(&crm.shelf, ports.table(), &lead, &after).await?);
        match leads::commit(ports.table(), Some(&lead), &after, writes).await {
            Ok(()) => {
                tracing::info!(lead.id = %after.lead_id, lead.version = after.version, "given by hand");
                after_offer(ports, &lead, &after, &rep).await;
                by_hand::room_again(&crm.shelf, ports, &lead).await?;
                return reads::show(crm, ports, &after).await;
            }
            Err(error) => tries.again(ports, error).await?,
        }
    }
}

fn refused(to: &RepId, refusal: &Refusal) -> Problem {
    match refusal {
        Refusal::Unknown => {
            let detail = "`to` is no rep of the playbook in force.";
            let errors = [serde_json::json!({ "field": "to", "detail": "name a rep of the playbook" })];
            Problem::new(422, "unknown-rep", "Unknown rep", detail).with("errors", errors)
        }
        Refusal::HasIt => {
            Problem::new(409, "has-it", "Has it already", format!("{to} has this lead already."))
        }
        Refusal::Cannot(why) => {
            let detail = format!("{to} {}. Choose somebody else, or change that first.", why.words());
            Problem::new(409, "cannot-take", "Cannot take it", detail).with("why", why)
        }
    }
}
