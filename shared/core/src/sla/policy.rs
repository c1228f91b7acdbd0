//! Policies: which clocks run for which leads, and their ladders.

use serde::{Deserialize, Serialize};

use crate::calendar::Span;
use crate::condition::{Condition, Truth, View};
use crate::ids::RuleId;

/// One policy. The first whose condition holds is the one that applies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Its name.
    pub policy: RuleId,
    /// For which leads; for all when left out.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub when: Option<Condition>,
    /// From the offer until the rep accepts.
    pub accept: ClockRules,
    /// From receipt until a human reaches out.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub first_touch: Option<ClockRules>,
    /// How many reps may be offered the lead in one cycle before the ladder goes on without reassigning.
    #[serde(default = "three")]
    pub max_offers: u32,
}

fn three() -> u32 {
    3
}

/// One clock of a policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockRules {
    /// How long there is.
    pub within: Span,
    /// What happens when, in any order.
    #[serde(default)]
    pub ladder: Vec<LadderStep>,
}

/// One step of a ladder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LadderStep {
    /// When.
    pub at: StepTime,
    /// What.
    #[serde(rename = "do")]
    pub action: StepAction,
}

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepAction {
    /// Remind the rep.
    Remind,
    /// Offer it to somebody who has not had it in this cycle.
    Reassign,
    /// Tell the pool's manager.
    NotifyManager,
    /// Take it back to marketing; the end.
    ReturnToMarketing,
}

/// When a step is taken: at a share of the time (`50%`), when it is `due`, or some time after (`+PT30M`) or before
/// (`-PT10M`) that, in the same kind of time as the deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum StepTime {
    /// Per cent of the time between start and due.
    Share(u32),
    /// Seconds after due; before it when negative.
    Offset(i64),
}

impl TryFrom<String> for StepTime {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not a step time: write 50%, due, +PT30M or -PT10M");
        if text == "due" {
            return Ok(StepTime::Share(100));
        }
        if let Some(number) = text.strip_suffix('%') {
            // `+50%` might be meant as 50 per cent after the deadline, so a sign is refused.
            let number = Some(number).filter(|n| n.bytes().all(|b| b.is_ascii_digit())).ok_or_else(wrong)?;
            return number.parse().ok().filter(|n| *n <= 1_000).map(StepTime::Share).ok_or_else(wrong);
        }
        let (sign, rest) = match text.split_at_checked(1) {
            Some(("+", rest)) => (1, rest),
            Some(("-", rest)) => (-1, rest),
            _ => return Err(wrong()),
        };
        // Days would be working days or 24 hours depending on the deadline, so an offset has none.
        if !rest.starts_with("PT") {
            return Err(wrong());
        }
        match Span::parse_elapsed(rest) {
            Ok(Span::Elapsed(seconds)) => Ok(StepTime::Offset(sign * i64::from(seconds))),
            _ => Err(wrong()),
        }
    }
}

impl From<StepTime> for String {
    fn from(time: StepTime) -> String {
        match time {
            StepTime::Share(100) => "due".to_owned(),
            StepTime::Share(percent) => format!("{percent}%"),
            StepTime::Offset(seconds) => {
                let sign = if seconds < 0 { '-' } else { '+' };
                format!("{sign}{}", jiff::SignedDuration::from_secs(seconds.abs()))
            }
        }
    }
}

/// The policy that applies; `None` when none does, which a published playbook rules out.
pub fn choose<'p>(policies: &'p [Policy], view: View<'_>) -> Option<&'p Policy> {
    policies.iter().find(|p| p.when.as_ref().is_none_or(|w| w.holds(view) == Truth::Yes))
}
