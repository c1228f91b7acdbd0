//! Recycling: how a lead that sales has given back finds its way to sales again.
//!
//! It comes back on the date that was agreed, or earlier when the person asks again or, after a cool-down, when the
//! score is over the upper mark. Without the cool-down it would go to and fro between marketing and sales on its old
//! points. After so many cycles on dates and scores alone marketing looks at it first.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::calendar::Span;
use crate::condition::{Condition, Truth, View};
use crate::lead::{Lead, Stage};
use crate::plant::Plant;
use crate::qualification::Verdict;
use crate::submission::Touch;

/// What a playbook says about recycled leads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RecyclingRules {
    /// For how long after it was given back its score alone does not bring it back.
    pub cool_down: Rest,
    /// Which submissions are strong interest, so that the person is called at once, whatever was agreed; all of them when
    /// it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strong_interest: Option<Condition>,
    /// After so many cycles marketing looks at it before sales does: the first, and those that a date or a score began.
    pub most_cycles: u32,
}

impl Default for RecyclingRules {
    fn default() -> Self {
        Self { cool_down: Rest::days(14), strong_interest: None, most_cycles: 3 }
    }
}

/// A time by the clock, such as `P14D`; a day has 24 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rest(u32);

impl Rest {
    const fn days(days: u32) -> Self {
        Self(days * 24 * 60 * 60)
    }

    /// As a length of time.
    pub const fn duration(self) -> SignedDuration {
        SignedDuration::from_secs(self.0 as i64)
    }
}

impl TryFrom<String> for Rest {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match Span::parse_elapsed(&text).map_err(|mistake| mistake.to_string())? {
            Span::Elapsed(seconds) if seconds > 0 => Ok(Self(seconds)),
            _ => Err(format!("{text:?} is no time at all; write for example P14D")),
        }
    }
}

impl From<Rest> for String {
    fn from(rest: Rest) -> String {
        Span::Elapsed(rest.0).iso()
    }
}

/// Why a recycled lead is back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WakeCause {
    /// The date that was agreed has come.
    #[default]
    Date,
    /// The person showed strong interest.
    StrongInterest,
    /// Its score is over the upper mark, and the cool-down is over.
    Score,
}

impl WakeCause {
    /// Whether the person asked for it.
    pub const fn is_asked(self) -> bool {
        matches!(self, WakeCause::StrongInterest)
    }
}

/// A recycled lead's return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Return {
    /// Why.
    pub because: WakeCause,
    /// From when the buyer waits.
    pub waits_from: Timestamp,
}

impl Return {
    /// On the date that was agreed.
    pub const fn on_date(now: Timestamp) -> Self {
        Self { because: WakeCause::Date, waits_from: now }
    }
}

/// Where a lead goes that comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Through the pipeline once more.
    Cycle(Return),
    /// To marketing, for a person to look at.
    Review,
}

impl RecyclingRules {
    /// Whether a lead that sales gave back comes back before its date, now that it has a fresh score. `touches` are those
    /// of its submissions, in any order.
    ///
    /// Somebody who asks is called, however often the lead has been round, and also while marketing is asked whether it
    /// shall go round once more; only dates and scores are counted.
    pub fn early(&self, lead: &Lead, touches: &[Touch], verdict: &Verdict, now: Timestamp) -> Option<Next> {
        let asleep = lead.stage == Stage::Recycled;
        let given_back = lead.given_back_at.filter(|_| asleep || lead.is_in_review())?;
        if matches!(verdict, Verdict::Disqualified(_)) {
            return None;
        }
        let asks = |touch: &&Touch| {
            let view = View::new(lead, Some(touch));
            touch.at > given_back && self.strong_interest.as_ref().is_none_or(|c| c.holds(view) == Truth::Yes)
        };
        if let Some(since) = touches.iter().filter(asks).map(|touch| touch.at).min() {
            return Some(Next::Cycle(Return { because: WakeCause::StrongInterest, waits_from: since }));
        }
        let rested = given_back + self.cool_down.duration() <= now || Plant::NoCoolDown.is_on();
        let back = Return { because: WakeCause::Score, waits_from: now };
        (*verdict == Verdict::Qualified && rested && asleep).then(|| self.counted(lead, back))
    }

    /// Where a recycled lead goes on its date.
    pub fn on_date(&self, lead: &Lead, now: Timestamp) -> Next {
        self.counted(lead, Return::on_date(now))
    }

    fn counted(&self, lead: &Lead, back: Return) -> Next {
        // The first pass and those that nobody asked for.
        if 1 + lead.unasked >= self.most_cycles && !Plant::CyclesUncounted.is_on() {
            Next::Review
        } else {
            Next::Cycle(back)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lead::samples::{after, lead_at, step, submission};

    fn rules(yaml: &str) -> RecyclingRules {
        serde_yaml_ng::from_str(yaml).unwrap()
    }

    /// Given back an hour after noon, until the next day.
    fn asleep(cycle: u32) -> Lead {
        Lead { cycle, unasked: cycle - 1, given_back_at: Some(after(3_600)), ..lead_at(Stage::Recycled) }
    }

    fn touch(seconds: i64) -> Touch {
        submission(9, after(seconds)).touch()
    }

    const DEMO: &str = "{cool_down: PT2H, strong_interest: {field: form, is: demo-request}}";

    #[test]
    fn whoever_asks_again_is_called_at_once_and_waits_since_then() {
        let asked =
            Some(Next::Cycle(Return { because: WakeCause::StrongInterest, waits_from: after(3_700) }));
        for verdict in [Verdict::Qualified, Verdict::Nurturing] {
            let touches = [touch(3_900), touch(3_700)];
            assert_eq!(rules(DEMO).early(&asleep(1), &touches, &verdict, after(4_000)), asked);
            // However often it has been round.
            assert_eq!(rules(DEMO).early(&asleep(7), &touches, &verdict, after(4_000)), asked);
        }
        let veto = Verdict::Disqualified("competitor".into());
        assert_eq!(rules(DEMO).early(&asleep(1), &[touch(3_700)], &veto, after(4_000)), None);
        // What was known when it was given back is no news.
        assert_eq!(rules(DEMO).early(&asleep(1), &[touch(3_600)], &Verdict::Nurturing, after(4_000)), None);
        // Without a word about it, every submission is.
        assert_eq!(rules("{}").early(&asleep(1), &[touch(3_700)], &Verdict::Nurturing, after(4_000)), asked);
        // Another form is not what the playbook calls strong.
        let other = rules("{cool_down: PT2H, strong_interest: {field: form, is: newsletter}}");
        assert_eq!(other.early(&asleep(1), &[touch(3_700)], &Verdict::Qualified, after(4_000)), None);
    }

    #[test]
    fn a_score_brings_it_back_after_the_cool_down_and_not_before() {
        let quiet = rules("{cool_down: PT2H, strong_interest: {field: form, is: newsletter}}");
        let early = |seconds, verdict| quiet.early(&asleep(1), &[touch(3_700)], verdict, after(seconds));
        assert_eq!(early(3_600 + 7_199, &Verdict::Qualified), None);
        let now = after(3_600 + 7_200);
        let back = Return { because: WakeCause::Score, waits_from: now };
        assert_eq!(early(3_600 + 7_200, &Verdict::Qualified), Some(Next::Cycle(back)));
        assert_eq!(early(3_600 + 7_200, &Verdict::Nurturing), None);
    }

    #[test]
    fn after_so_many_cycles_marketing_looks_first() {
        let rules = rules("{most_cycles: 2, cool_down: PT1S}");
        let now = after(10_000);
        assert_eq!(rules.on_date(&asleep(1), now), Next::Cycle(Return::on_date(now)));
        assert_eq!(rules.on_date(&asleep(2), now), Next::Review);
        assert_eq!(rules.early(&asleep(2), &[], &Verdict::Qualified, now), Some(Next::Review));
    }

    #[test]
    fn whoever_asks_while_marketing_is_asked_is_called_and_no_score_goes_past_marketing() {
        let review = asleep(3).sent_for_review(&step(after(5_000))).unwrap();
        assert!(review.is_in_review());
        // Also when they asked just before the date came, and the score of that is made only now.
        for seconds in [4_900, 5_100] {
            let asked = Return { because: WakeCause::StrongInterest, waits_from: after(seconds) };
            let early = rules(DEMO).early(&review, &[touch(seconds)], &Verdict::Nurturing, after(5_200));
            assert_eq!(early, Some(Next::Cycle(asked)));
        }
        let quiet = rules("{cool_down: PT1S, strong_interest: {field: form, is: newsletter}}");
        assert_eq!(quiet.early(&review, &[touch(5_100)], &Verdict::Qualified, after(90_000)), None);
    }

    #[test]
    fn only_leads_that_were_given_back_come_back_in_this_way() {
        for stage in Stage::ALL.into_iter().filter(|s| *s != Stage::Recycled) {
            let lead = Lead { given_back_at: Some(after(0)), ..lead_at(stage) };
            assert_eq!(rules(DEMO).early(&lead, &[touch(90_000)], &Verdict::Qualified, after(90_001)), None);
        }
    }

    #[test]
    fn the_defaults_are_those_of_the_field_and_nonsense_is_refused() {
        let defaults = rules("{}");
        assert_eq!(defaults.cool_down.duration(), SignedDuration::from_hours(14 * 24));
        assert_eq!(defaults.most_cycles, 3);
        assert_eq!(serde_yaml_ng::to_string(&defaults.cool_down).unwrap().trim(), "P14D");
        for wrong in ["P0D", "PT0S", "14 days", "P1M", "-P1D"] {
            let yaml = format!("{{cool_down: {wrong}}}");
            assert!(serde_yaml_ng::from_str::<RecyclingRules>(&yaml).is_err(), "{wrong}");
        }
    }
}
