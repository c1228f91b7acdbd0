//! Why a lead went where it went, as it is kept and told.

use leadline_core::company::MatchRule;
use leadline_core::contact::Domain;
use leadline_core::ids::{PlaybookVersion, PoolId, RepId, RuleId};
use leadline_core::routing::{Basis, Ineligible, Narrowed, PickRecord, RelationLook};
use serde::{Deserialize, Serialize};

/// Why a lead went where it went, for people and auditors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteRecord {
    /// The suppression that keeps it from sales; nothing else was looked at then.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub suppressed: Option<RuleId>,
    /// The named account that its company is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub account: Option<AccountLook>,
    /// Whom it belongs to, in the order in which they were asked, with why it did not go to them.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub relations: Vec<RelationLook>,
    /// The route that held; none when the rest goes to the last pool.
    pub route: Option<RuleId>,
    /// The policy that sets the deadlines.
    pub policy: Option<RuleId>,
    /// The pools that were looked at, in order, with the members that fell out of each.
    pub pools: Vec<PoolLook>,
    /// The pick, if there was one.
    pub pick: Option<PickRecord>,
    /// Who got it outside the turn, and why.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub outside: Option<OutsideTurn>,
    /// The playbook.
    pub playbook: PlaybookVersion,
}

/// A named account that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountLook {
    /// The domain under which it is listed.
    pub account: Domain,
    /// How it was found.
    pub found_by: MatchRule,
}

/// An assignment that took no turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutsideTurn {
    /// Who got it.
    pub rep_id: RepId,
    /// The pool whose manager looks after it.
    pub pool_id: PoolId,
    /// Why.
    pub basis: Basis,
}

impl RouteRecord {
    /// Whether nobody is left because everybody who could ever take the lead has had it in this cycle. For the others
    /// neither time nor room changes anything.
    pub fn everybody_had_it(&self) -> bool {
        let fell_out = || self.pools.iter().flat_map(|p| &p.fell_out).map(|n| n.why);
        self.pick.is_none()
            && self.outside.is_none()
            && !self.relations.iter().any(may_take_it_yet)
            && fell_out().any(|why| why == Ineligible::AlreadyTried)
            && fell_out().all(|why| {
                use Ineligible::{AlreadyTried, Inactive, OtherLanguage, Unskilled};
                matches!(why, AlreadyTried | Inactive | OtherLanguage | Unskilled)
            })
    }
}

/// Whether whoever the lead belongs to, and who was passed over, may be there or have room for it one day. It may be worth
/// more than they may ever hold, and is not waited with for that.
fn may_take_it_yet(look: &RelationLook) -> bool {
    use Ineligible::{
        Absent, AlreadyTried, AtDailyCap, AtMonthCap, AtOpenCap, AtUnacceptedCap, AtValueCap, AtWeekCap,
        Away, GivesWay, Inactive, OffHours, OtherLanguage, Unskilled,
    };
    look.why.is_some_and(|why| match why {
        Away | Absent | OffHours | GivesWay => true,
        AtDailyCap | AtWeekCap | AtMonthCap => look.until.is_some(),
        AtOpenCap | AtUnacceptedCap => look.cap != Some(0),
        AtValueCap | AlreadyTried | Inactive | OtherLanguage | Unskilled => false,
    })
}

/// One pool that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolLook {
    /// The pool.
    pub pool_id: PoolId,
    /// Who fell out, and why.
    pub fell_out: Vec<Narrowed>,
}
