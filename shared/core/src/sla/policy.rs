//! Policies: which clocks run for which leads, and their ladders.

use serde::{Deserialize, Serialize};

use super::ClockKind;
use crate::calendar::Span;
use crate::condition::{Condition, Truth, View};
use crate::ids::RuleId;
use crate::plant::Plant;

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
    /// How often sales tries, from acceptance, before a lead may be given up as unreachable.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub attempts: Option<AttemptRules>,
    /// From acceptance until sales confirms the lead as an opportunity.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub qualified_by: Option<ClockRules>,
    /// From the last thing that sales did. Every policy has it, so that whoever holds a lead has a due time.
    #[serde(default = "five_days")]
    pub stalled: ClockRules,
    /// How many reps may be offered the lead in one cycle before the ladder goes on without reassigning. Whoever was gone
    /// before answering does not count, nor does a person who is named a second time.
    #[serde(default = "three")]
    pub max_offers: u32,
}

fn three() -> u32 {
    3
}

/// Five working days without anything from sales, and the manager hears of it.
fn five_days() -> ClockRules {
    let told =
        LadderStep { at: StepTime::Share(100), action: StepAction::NotifyManager, hours: Hours::Inside };
    ClockRules { within: Span::BusinessDays(5), ladder: vec![told], repeat: None }
}

impl Policy {
    /// The rules of one clock, if this policy has it.
    pub fn rules(&self, kind: ClockKind) -> Option<&ClockRules> {
        match kind {
            ClockKind::Accept => Some(&self.accept),
            ClockKind::FirstTouch => self.first_touch.as_ref(),
            ClockKind::Attempts => self.attempts.as_ref().map(|a| &a.clock),
            ClockKind::QualifiedBy => self.qualified_by.as_ref(),
            ClockKind::Stalled => Some(&self.stalled),
        }
    }
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
    /// How often the manager is told again when the ladder is at its end and the lead is still there. `accept` does so
    /// each working day and `stalled` each time as long again, unless this says otherwise; the others only if it does.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub repeat: Option<Span>,
}

impl ClockRules {
    /// How often the manager is told again after the ladder's end. An offer and a stalled lead may have no other clock,
    /// so theirs never ends without one.
    pub(super) fn repeated(&self, kind: ClockKind) -> Option<Span> {
        if self.ladder.iter().any(|step| step.action == StepAction::ReturnToMarketing) {
            return None;
        }
        self.repeat.or(match kind {
            ClockKind::Accept => Some(Span::BusinessDays(1)),
            ClockKind::Stalled => Some(self.within),
            ClockKind::FirstTouch | ClockKind::Attempts | ClockKind::QualifiedBy => None,
        })
    }
}

/// How often sales has to try, and until when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "AttemptDoc", into = "AttemptDoc")]
pub struct AttemptRules {
    /// How many times a human reaches out at least.
    pub at_least: u32,
    /// The clock.
    pub clock: ClockRules,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AttemptDoc {
    at_least: u32,
    within: Span,
    #[serde(default)]
    ladder: Vec<LadderStep>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    repeat: Option<Span>,
}

impl From<AttemptDoc> for AttemptRules {
    fn from(AttemptDoc { at_least, within, ladder, repeat }: AttemptDoc) -> Self {
        Self { at_least, clock: ClockRules { within, ladder, repeat } }
    }
}

impl From<AttemptRules> for AttemptDoc {
    fn from(AttemptRules { at_least, clock }: AttemptRules) -> Self {
        let ClockRules { within, ladder, repeat } = clock;
        Self { at_least, within, ladder, repeat }
    }
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
    /// Whether it waits for the calendar's next opening.
    #[serde(skip_serializing_if = "Hours::is_inside", default)]
    pub hours: Hours,
}

/// At which hours a step may be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hours {
    /// A step that would come outside the calendar's hours waits for the next opening.
    #[default]
    Inside,
    /// Day and night.
    Any,
}

impl Hours {
    fn is_inside(&self) -> bool {
        *self == Hours::Inside
    }
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
    /// Give it to whoever answers in the end, by the routing's `fallback`.
    Fallback,
    /// Take it back to marketing; the end.
    ReturnToMarketing,
}

impl StepAction {
    /// Whether it takes the lead from whoever has it.
    pub const fn takes_away(self) -> bool {
        matches!(self, StepAction::Reassign | StepAction::Fallback | StepAction::ReturnToMarketing)
    }
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
    let mut holding = policies.iter().filter(|p| p.when.as_ref().is_none_or(|w| w.holds(view) == Truth::Yes));
    if Plant::LastPolicyWins.is_on() { holding.next_back() } else { holding.next() }
}
