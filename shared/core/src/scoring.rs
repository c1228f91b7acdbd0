//! Scoring: fit and interest, 0 to 100 each, a pure function of profile, touches, rules and the instant.
//!
//! The order is fixed: a rule's points, its limit on repeats, its decay, the clamp of its group, the clamp of the
//! axis. Points are fixed-point thousandths; a score is rounded once, half up, at the very end.

mod decay;
mod points;
mod rules;

pub use decay::{Decay, remaining};
pub use points::{Points, Score};
pub use rules::{
    Axis, AxisRules, Bands, FitRule, Group, InterestRule, Reason, Repeats, ScoreCard, ScoreSummary,
    ScoringRules, score,
};

#[cfg(test)]
mod tests;
