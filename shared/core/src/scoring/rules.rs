//! The rules of both axes and the computation.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Decay, Points, Score, remaining};
use crate::condition::{Condition, Truth, View};
use crate::ids::{AttemptId, PlaybookVersion, RuleId};
use crate::lead::Lead;
use crate::submission::Touch;

/// Which of the two axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Axis {
    /// How well person and company fit what we sell.
    Fit,
    /// How much they want it.
    Interest,
}

/// Both axes and the grid over them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoringRules {
    /// Rules over the profile; these points do not fade.
    pub fit: AxisRules<FitRule>,
    /// Rules over each touch.
    pub interest: AxisRules<InterestRule>,
    /// The grade grid.
    pub bands: Bands,
    /// What the interest counts for that a person showed before sales gave the lead back.
    #[serde(default, skip_serializing_if = "Carried::is_all")]
    pub after_recycle: Carried,
}

/// What remains of earlier interest when a lead has been recycled. Fit stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Carried {
    /// All of it; it fades with its age anyway.
    #[default]
    Keep,
    /// Half of it.
    Halve,
    /// Nothing: only what comes afterwards counts.
    Reset,
}

impl Carried {
    fn is_all(&self) -> bool {
        *self == Carried::Keep
    }

    /// The points of a touch from before.
    pub(crate) fn of(self, points: Points) -> Points {
        match self {
            Carried::Keep => points,
            // Half away from zero, as everywhere in scoring.
            Carried::Halve => Points::from_milli((points.milli() + points.milli().signum()) / 2),
            Carried::Reset => Points::ZERO,
        }
    }
}

/// The rules of one axis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AxisRules<R> {
    /// Bounds on what rules of a group give together.
    #[serde(default = "BTreeMap::new")]
    pub groups: BTreeMap<RuleId, Group>,
    /// The rules, in the order in which they are explained.
    pub rules: Vec<R>,
}

/// What a group's rules may give together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// At most so much.
    pub max: Points,
    /// At least so much; 0 unless given.
    #[serde(default)]
    pub min: Points,
}

/// A rule over the profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FitRule {
    /// Its name.
    pub rule: RuleId,
    /// The words that explain it.
    pub because: String,
    /// When it gives its points.
    pub when: Condition,
    /// The points; may be negative.
    pub points: Points,
    /// The group whose bounds apply.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub group: Option<RuleId>,
}

/// A rule over each touch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InterestRule {
    /// Its name.
    pub rule: RuleId,
    /// The words that explain it.
    pub because: String,
    /// Which touches it counts.
    pub when: Condition,
    /// The points for each that counts; may be negative.
    pub points: Points,
    /// How often it counts.
    #[serde(default)]
    pub repeats: Repeats,
    /// How its points fade.
    #[serde(default)]
    pub decay: Decay,
    /// The group whose bounds apply.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub group: Option<RuleId>,
}

/// How often a rule counts. The newest touches count first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Repeats {
    /// Once, for the newest.
    #[default]
    Once,
    /// Every time.
    Each,
    /// At most so often.
    AtMost(u32),
}

impl Repeats {
    fn limit(self) -> usize {
        match self {
            Repeats::Once => 1,
            Repeats::Each => usize::MAX,
            Repeats::AtMost(n) => n as usize,
        }
    }
}

/// The grade grid: a letter for fit, a digit for interest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bands {
    /// Fit from which a lead is `A`.
    pub a: Score,
    /// Fit from which it is `B`; below it is `C`.
    pub b: Score,
    /// Interest from which it is `1`.
    pub one: Score,
    /// Interest from which it is `2`; below it is `3`.
    pub two: Score,
}

impl Bands {
    /// The grade, such as `A1`.
    pub fn grade(&self, fit: Score, interest: Score) -> String {
        let letter = if fit >= self.a {
            'A'
        } else if fit >= self.b {
            'B'
        } else {
            'C'
        };
        let digit = if interest >= self.one {
            '1'
        } else if interest >= self.two {
            '2'
        } else {
            '3'
        };
        format!("{letter}{digit}")
    }
}

/// Why there are points, or why not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// The rule.
    pub rule: RuleId,
    /// Its axis.
    pub axis: Axis,
    /// What it added after its own limits and decay; the group's clamp is a reason of its own.
    pub points: Points,
    /// In words.
    pub because: String,
}

/// A score with everything that explains it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScoreCard {
    /// Fit.
    pub fit: Score,
    /// Interest.
    pub interest: Score,
    /// Grade.
    pub grade: String,
    /// A reason for every point.
    pub reasons: Vec<Reason>,
    /// Rules that could not be decided because a value is unknown.
    pub unknown: Vec<RuleId>,
    /// The instant for which decay was computed.
    pub as_of: Timestamp,
    /// The playbook.
    pub playbook_version: PlaybookVersion,
}

/// What the lead's row keeps of its score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScoreSummary {
    /// Fit.
    pub fit: Score,
    /// Interest.
    pub interest: Score,
    /// Grade.
    pub grade: String,
    /// The playbook.
    pub playbook_version: PlaybookVersion,
    /// The attempt under which the whole card is kept.
    pub record: AttemptId,
}

/// Scores a lead as of an instant. `touches` are those of its submissions, in any order.
pub fn score(
    rules: &ScoringRules,
    lead: &Lead,
    touches: &[Touch],
    playbook_version: PlaybookVersion,
    as_of: Timestamp,
) -> ScoreCard {
    let mut touches: Vec<&Touch> = touches.iter().collect();
    // Newest first; the submission id settles equal times, so that the order of reading does not matter.
    touches.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.submission_id.cmp(&b.submission_id)));
    let latest = touches.first().copied();
    let mut unknown = Vec::new();

    let fit = rules.fit.rules.iter().filter_map(|rule| match rule.when.holds(View::new(lead, latest)) {
        Truth::Yes => {
            Some((rule.group.as_ref(), reason(&rule.rule, Axis::Fit, rule.points, rule.because.clone())))
        }
        Truth::No => None,
        Truth::Unknown => {
            unknown.push(rule.rule.clone());
            None
        }
    });
    let (fit_points, mut reasons) = total(fit.collect(), &rules.fit.groups, Axis::Fit);

    let interest = rules.interest.rules.iter().filter_map(|rule| {
        let counted: Vec<&Touch> = touches
            .iter()
            .copied()
            .filter(|touch| rule.when.holds(View::new(lead, Some(touch))) == Truth::Yes)
            .take(rule.repeats.limit())
            .collect();
        let earlier = |t: &Touch| lead.given_back_at.is_some_and(|at| t.at <= at);
        let points = |t: &&Touch| {
            let points = remaining(rule.points, rule.decay, as_of.duration_since(t.at));
            if earlier(t) { rules.after_recycle.of(points) } else { points }
        };
        let mut because = match counted.len() {
            0 => return None,
            1 => rule.because.clone(),
            n => format!("{} ({n} times)", rule.because),
        };
        if counted.iter().any(|t| earlier(t)) {
            match rules.after_recycle {
                Carried::Keep => {}
                Carried::Halve => because.push_str("; what came before it was recycled counts half"),
                Carried::Reset => because.push_str("; what came before it was recycled does not count"),
            }
        }
        let points: Points = counted.iter().map(points).sum();
        Some((rule.group.as_ref(), reason(&rule.rule, Axis::Interest, points, because)))
    });
    let (interest_points, interest_reasons) =
        total(interest.collect(), &rules.interest.groups, Axis::Interest);
    reasons.extend(interest_reasons);

    reasons.extend(limit(Axis::Fit, fit_points));
    reasons.extend(limit(Axis::Interest, interest_points));

    let (fit, interest) = (Score::from_points(fit_points), Score::from_points(interest_points));
    ScoreCard {
        fit,
        interest,
        grade: rules.bands.grade(fit, interest),
        reasons,
        unknown,
        as_of,
        playbook_version,
    }
}

/// What the clamp of an axis takes or gives is a reason of its own, so that the reasons add up to the score.
fn limit(axis: Axis, points: Points) -> Option<Reason> {
    let clamped = points.clamp(Points::ZERO, Points::whole(100));
    let difference = Points::from_milli(clamped.milli() - points.milli());
    let rule = RuleId::parse("axis-limit").ok()?;
    (clamped != points).then(|| reason(&rule, axis, difference, "an axis goes from 0 to 100".to_owned()))
}

fn reason(rule: &RuleId, axis: Axis, points: Points, because: String) -> Reason {
    Reason { rule: rule.clone(), axis, points, because }
}

/// Adds up an axis: groups are clamped, and what a clamp takes or gives is a reason of its own, as is what the clamp of
/// the axis takes.
fn total(
    given: Vec<(Option<&RuleId>, Reason)>,
    groups: &BTreeMap<RuleId, Group>,
    axis: Axis,
) -> (Points, Vec<Reason>) {
    let mut sums: BTreeMap<&RuleId, Points> = BTreeMap::new();
    let mut sum = Points::ZERO;
    let mut reasons = Vec::with_capacity(given.len());
    for (group, reason) in given {
        match group {
            Some(name) => {
                let sum = sums.entry(name).or_default();
                *sum = *sum + reason.points;
            }
            None => sum = sum + reason.points,
        }
        reasons.push(reason);
    }
    for (name, points) in sums {
        let clamped = groups.get(name).map_or(points, |g| points.clamp(g.min, g.max.max(g.min)));
        sum = sum + clamped;
        if clamped != points {
            let difference = Points::from_milli(clamped.milli() - points.milli());
            reasons.push(reason(name, axis, difference, format!("the group {name} is limited")));
        }
    }
    (sum, reasons)
}
