//! Whom a lead belongs to before anybody's turn: loads what is known of its company and of the reps in question, and
//! puts together what has to be written with the offer.

use jiff::Timestamp;
use leadline_core::ids::{CompanyKey, LeadId, PoolId, RepId};
use leadline_core::lead::Lead;
use leadline_core::plant::Plant;
use leadline_core::routing::{
    Basis, Candidate, Relation, RelationLook, Relationships, RepState, Roster, Siblings, pick, related,
};
use leadline_store::companies::{self, CompanyClaim};
use leadline_store::{Table, Write, leads, people};

use crate::follow_up::HandleError;

/// What is known of a lead's company.
#[derive(Debug)]
pub(crate) struct Company {
    key: CompanyKey,
    lead_id: LeadId,
    claim: Option<CompanyClaim>,
    held: Vec<Lead>,
}

impl Company {
    /// Loads it, when the rules look at companies and the lead has one.
    pub(crate) async fn load<T: Table>(
        table: &T,
        rules: &Relationships,
        lead: &Lead,
    ) -> Result<Option<Self>, HandleError> {
        let Some(key) = lead.company_key.clone().filter(|_| rules.looks_at_company()) else {
            return Ok(None);
        };
        let claim = companies::claim(table, &key).await?;
        let others = claim.iter().flat_map(|c| &c.leads).filter(|id| **id != lead.lead_id);
        let mut held = leads::load_many(table, others).await?;
        held.retain(|other| other.held_by().is_some());
        Ok(Some(Self { key, lead_id: lead.lead_id.clone(), claim, held }))
    }

    fn siblings(&self) -> Siblings<'_> {
        // A lead that comes back is not another lead of its company.
        let claim = self.claim.as_ref().filter(|c| c.leads.first() != Some(&self.lead_id));
        let latest = claim.and_then(|c| Some((c.rep_id.as_ref()?, c.at)));
        Siblings { held: &self.held, latest }
    }

    /// The write by which the next lead of the company knows of this offer.
    pub(crate) async fn offered<T: Table>(
        &self,
        table: &T,
        rep_id: &RepId,
        at: Timestamp,
    ) -> Result<Vec<Write>, HandleError> {
        let held = self.held.iter().map(|l| &l.lead_id);
        let next = CompanyClaim::with_offer(self.claim.as_ref(), held, &self.lead_id, rep_id, at);
        let put = companies::put(&self.key, &next)?;
        if Plant::CompanyClaimOutsideCommit.is_on() {
            let Write::Put { item, .. } = put else { return Ok(Vec::new()) };
            table.write(Write::Put { item, only_if: None }).await?;
            return Ok(Vec::new());
        }
        Ok(vec![put])
    }
}

/// A rep to whom a lead goes outside the turn.
#[derive(Debug)]
pub(crate) struct Outside {
    /// How the rep comes to it.
    pub(crate) basis: Basis,
    /// Who, and from which pool.
    pub(crate) rep_id: RepId,
    pub(crate) pool_id: PoolId,
    /// The rep with one more lead.
    pub(crate) rep: RepState,
    /// The rep's row.
    pub(crate) writes: Vec<Write>,
}

/// What relations are looked for with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Search<'s> {
    pub(crate) roster: Roster<'s>,
    pub(crate) rules: &'s Relationships,
    pub(crate) lead: &'s Lead,
    pub(crate) account_owner: Option<&'s RepId>,
    /// The pool of the route that held, and its overflow.
    pub(crate) chain: &'s [&'s PoolId],
    /// What the lead counts towards caps by value.
    pub(crate) value: u32,
    pub(crate) now: Timestamp,
}

/// The first rep to whom the lead belongs and who may take it now; and everybody who was looked at.
pub(crate) async fn follow<T: Table>(
    table: &T,
    search: Search<'_>,
    company: Option<&Company>,
) -> Result<(Option<Outside>, Vec<RelationLook>), HandleError> {
    let Search { roster, rules, lead, account_owner, chain, value, now } = search;
    let siblings = company.map(Company::siblings).unwrap_or_default();
    let mut looks = Vec::new();
    for relation in related(rules, lead, siblings, account_owner, now) {
        let (basis, rep_id) = (relation.basis, relation.rep_id.clone());
        let Some(pool_id) = roster.home(&rep_id, chain) else { continue };
        let state: RepState = people::rep(table, &rep_id).await?;
        let may = roster.may_take(&state, value, pool_id, &lead.tried, now);
        looks.push(RelationLook::new(relation, may.err()));
        if may.is_ok() {
            let rep = roster.with_one_more(&state, value, now);
            let mut writes = vec![people::rep_put(&rep)?];
            if Plant::RelationshipTakesATurn.is_on() {
                writes.push(turn(table, &roster, pool_id, &rep_id).await?);
            }
            return Ok((Some(Outside { basis, rep_id, pool_id: pool_id.clone(), rep, writes }), looks));
        }
    }
    Ok((None, looks))
}

/// A turn that is nobody's to take: what [`Plant::RelationshipTakesATurn`] does wrong.
async fn turn<T: Table>(
    table: &T,
    roster: &Roster<'_>,
    pool_id: &PoolId,
    rep_id: &RepId,
) -> Result<Write, HandleError> {
    let members = roster.pools.get(pool_id).map(|p| p.members.as_slice()).unwrap_or_default();
    let seen = people::snapshot(table, pool_id, members).await?;
    let alone = [Candidate { rep_id: rep_id.clone(), weight: 1 }];
    let after = pick(&seen.snapshot.pool, &alone).map_or(seen.snapshot.pool, |(_, after)| after);
    Ok(people::pool_put(pool_id, &after, seen.pool_version)?)
}

/// The rep who answers for a lead that nobody else can take; or why not now.
pub(crate) async fn fall_back<T: Table>(
    table: &T,
    search: Search<'_>,
    rep_id: &RepId,
) -> Result<(Option<Outside>, RelationLook), HandleError> {
    let Search { roster, lead, chain, value, now, .. } = search;
    let basis = Basis::Fallback;
    let relation = Relation { basis, rep_id: rep_id.clone(), lead_id: None };
    let Some(pool_id) = chain.first().copied() else { return Ok((None, RelationLook::new(relation, None))) };
    let state = people::rep(table, rep_id).await?;
    match roster.may_fall_back(&state, pool_id, &lead.tried, now) {
        Err(obstacle) => Ok((None, RelationLook::new(relation, Some(obstacle)))),
        Ok(()) => {
            let rep = roster.with_one_more(&state, value, now);
            let writes = vec![people::rep_put(&rep)?];
            let outside = Outside { basis, rep_id: rep_id.clone(), pool_id: pool_id.clone(), rep, writes };
            Ok((Some(outside), RelationLook::new(relation, None)))
        }
    }
}
