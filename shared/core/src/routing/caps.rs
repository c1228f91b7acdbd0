//! How much a rep takes: the playbook's limits, limits set by hand, and what a lead counts towards them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::lead::{Lead, Stage};

/// A kind of limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CapKind {
    /// Leads given on one day of the rep's zone.
    PerDay,
    /// Leads given on the last seven days of the rep's zone, today included.
    #[serde(rename = "per_7_days")]
    PerWeek,
    /// Leads given on the last thirty days of the rep's zone, today included.
    #[serde(rename = "per_30_days")]
    PerMonth,
    /// Offers that the rep has not answered yet.
    Unaccepted,
    /// Leads offered to or held by the rep.
    Open,
    /// What those leads are worth together, in points.
    Value,
}

impl CapKind {
    /// All kinds.
    pub const ALL: [CapKind; 6] = [
        CapKind::PerDay,
        CapKind::PerWeek,
        CapKind::PerMonth,
        CapKind::Unaccepted,
        CapKind::Open,
        CapKind::Value,
    ];

    /// The name in a playbook.
    pub const fn name(self) -> &'static str {
        match self {
            CapKind::PerDay => "per_day",
            CapKind::PerWeek => "per_7_days",
            CapKind::PerMonth => "per_30_days",
            CapKind::Unaccepted => "unaccepted",
            CapKind::Open => "open",
            CapKind::Value => "value",
        }
    }

    /// How many local days a cap on leads given looks back over, today included.
    pub(super) const fn days(self) -> Option<u16> {
        match self {
            CapKind::PerDay => Some(1),
            CapKind::PerWeek => Some(7),
            CapKind::PerMonth => Some(30),
            CapKind::Unaccepted | CapKind::Open | CapKind::Value => None,
        }
    }
}

/// Limits of a rep; none unless given. A limit of 0 gives no lead at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct Caps {
    /// Leads a day, in the rep's zone.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub per_day: Option<u32>,
    /// Leads on the last seven days, today included.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub per_7_days: Option<u32>,
    /// Leads on the last thirty days, today included.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub per_30_days: Option<u32>,
    /// Offers not answered yet, at a time.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub unaccepted: Option<u32>,
    /// Leads offered or held at a time.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub open: Option<u32>,
    /// Points that those leads are worth together, by the playbook's `value`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub value: Option<u32>,
}

impl Caps {
    /// One of them.
    pub const fn get(&self, kind: CapKind) -> Option<u32> {
        match kind {
            CapKind::PerDay => self.per_day,
            CapKind::PerWeek => self.per_7_days,
            CapKind::PerMonth => self.per_30_days,
            CapKind::Unaccepted => self.unaccepted,
            CapKind::Open => self.open,
            CapKind::Value => self.value,
        }
    }

    fn slot(&mut self, kind: CapKind) -> &mut Option<u32> {
        match kind {
            CapKind::PerDay => &mut self.per_day,
            CapKind::PerWeek => &mut self.per_7_days,
            CapKind::PerMonth => &mut self.per_30_days,
            CapKind::Unaccepted => &mut self.unaccepted,
            CapKind::Open => &mut self.open,
            CapKind::Value => &mut self.value,
        }
    }

    /// What holds once limits set by hand go before those of the playbook.
    #[must_use]
    pub fn under(&self, by_hand: &BTreeMap<CapKind, Limit>) -> Caps {
        let mut caps = *self;
        for (kind, limit) in by_hand {
            *caps.slot(*kind) = match limit {
                Limit::AtMost(most) => Some(*most),
                Limit::Unlimited => None,
            };
        }
        caps
    }
}

/// A limit set by hand: a number, or the word `unlimited`, which lifts the playbook's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "LimitDoc", into = "LimitDoc")]
pub enum Limit {
    /// So many, not more.
    AtMost(u32),
    /// Any number.
    Unlimited,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum LimitDoc {
    AtMost(u32),
    Word(Word),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Word {
    Unlimited,
}

impl From<LimitDoc> for Limit {
    fn from(doc: LimitDoc) -> Self {
        match doc {
            LimitDoc::AtMost(most) => Limit::AtMost(most),
            LimitDoc::Word(Word::Unlimited) => Limit::Unlimited,
        }
    }
}

impl From<Limit> for LimitDoc {
    fn from(limit: Limit) -> Self {
        match limit {
            Limit::AtMost(most) => LimitDoc::AtMost(most),
            Limit::Unlimited => LimitDoc::Word(Word::Unlimited),
        }
    }
}

/// What one lead, or several, weigh on a rep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Load {
    /// Leads offered or held.
    pub open: u32,
    /// Those of them that are offered and not answered.
    pub unaccepted: u32,
    /// What they are worth, in points.
    pub value: u32,
}

impl Load {
    /// What a lead weighs on whoever holds it: nothing when nobody does. Its worth is the one that it was given with.
    pub fn of(lead: &Lead) -> Load {
        let Some(owner) = lead.owner.as_ref().filter(|_| lead.stage.is_held()) else {
            return Load::default();
        };
        Load { open: 1, unaccepted: u32::from(lead.stage == Stage::Offered), value: owner.value }
    }

    /// What several leads weigh together.
    pub fn of_all<'l>(leads: impl IntoIterator<Item = &'l Lead>) -> Load {
        leads.into_iter().map(Load::of).fold(Load::default(), |sum, one| Load {
            open: sum.open + one.open,
            unaccepted: sum.unaccepted + one.unaccepted,
            value: sum.value.saturating_add(one.value),
        })
    }
}

/// What a lead is expected to be worth, in whole points that mean whatever the company likes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct LeadValue {
    /// By its grade, such as `A1`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub by_grade: BTreeMap<String, u32>,
    /// With any other grade, or none.
    #[serde(default)]
    pub otherwise: u32,
}

impl LeadValue {
    /// Whether every lead is worth nothing.
    pub fn is_nothing(&self) -> bool {
        self.otherwise == 0 && self.by_grade.values().all(|points| *points == 0)
    }

    /// What a lead is worth now.
    pub fn of(&self, lead: &Lead) -> u32 {
        let grade = lead.score.as_ref().map(|score| score.grade.as_str());
        grade.and_then(|grade| self.by_grade.get(grade)).copied().unwrap_or(self.otherwise)
    }
}
