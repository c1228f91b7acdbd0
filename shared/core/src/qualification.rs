//! Qualification: what a score means for the way of a lead.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::condition::{Condition, Truth, View};
use crate::ids::RuleId;
use crate::scoring::Score;

/// The thresholds, with hysteresis: over `at` a lead is qualified, and stays so until it falls under `until`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// Both axes must reach these for a lead to qualify.
    pub at: Mark,
    /// A qualified lead falls back when either axis is under these; at most `at`.
    pub until: Mark,
    /// What sales has to answer before it calls a lead qualified.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub checklist: Vec<Question>,
}

/// A question of the checklist, answered with yes or no.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Its name.
    pub item: RuleId,
    /// The question in words.
    pub ask: String,
    /// What the answer has to be.
    #[serde(default)]
    pub needs: Needs,
}

/// What a question of the checklist needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Needs {
    /// The answer yes.
    #[default]
    Yes,
    /// Any answer.
    Answer,
}

/// What is wrong with the answers to a checklist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gap {
    /// There is no answer.
    Open(Question),
    /// The answer is no, and has to be yes.
    No(Question),
    /// Nobody asked this.
    NotAsked(RuleId),
}

/// What is missing in the answers to a checklist, in the order of the questions; nothing when a lead may be called
/// qualified.
pub fn gaps(checklist: &[Question], answers: &BTreeMap<RuleId, bool>) -> Vec<Gap> {
    let mut found = Vec::new();
    for question in checklist {
        match answers.get(&question.item) {
            None => found.push(Gap::Open(question.clone())),
            Some(false) if question.needs == Needs::Yes => found.push(Gap::No(question.clone())),
            Some(_) => {}
        }
    }
    let asked = |item: &RuleId| checklist.iter().any(|q| q.item == *item);
    found.extend(answers.keys().filter(|item| !asked(item)).cloned().map(Gap::NotAsked));
    found
}

/// A point on the two axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// Fit, 0 to 100.
    pub fit: Score,
    /// Interest, 0 to 100.
    pub interest: Score,
}

/// A named reason to not want a lead at all; shown before any points.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Veto {
    /// Its name.
    pub veto: RuleId,
    /// The reason in words, such as `competitor`.
    pub reason: String,
    /// When it applies. An unknown value is no veto.
    pub when: Condition,
}

/// Whether a lead was over the threshold before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It was qualified when last decided.
    Qualified,
    /// It was not.
    NotYet,
}

/// What becomes of a lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// To sales.
    Qualified,
    /// To marketing.
    Nurturing,
    /// Nowhere, and why.
    Disqualified(String),
}

/// Decides. Vetoes come first, then the thresholds.
pub fn qualify(
    thresholds: &Thresholds,
    vetoes: &[Veto],
    view: View<'_>,
    fit: Score,
    interest: Score,
    standing: Standing,
) -> Verdict {
    if let Some(veto) = vetoes.iter().find(|v| v.when.holds(view) == Truth::Yes) {
        return Verdict::Disqualified(veto.reason.clone());
    }
    let mark = match standing {
        Standing::Qualified => thresholds.until,
        Standing::NotYet => thresholds.at,
    };
    if fit >= mark.fit && interest >= mark.interest { Verdict::Qualified } else { Verdict::Nurturing }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lead::samples::captured;
    use crate::submission::VerdictKind;

    fn decide(vetoes: &str, fit: i64, interest: i64, standing: Standing) -> Verdict {
        let thresholds: Thresholds =
            serde_yaml_ng::from_str("{at: {fit: 30, interest: 40}, until: {fit: 20, interest: 15}}").unwrap();
        let vetoes: Vec<Veto> = serde_yaml_ng::from_str(vetoes).unwrap();
        let lead = captured(VerdictKind::Clean);
        let score = |n| Score::try_from(n).unwrap();
        let view = View::new(&lead, None);
        qualify(&thresholds, &vetoes, view, score(fit), score(interest), standing)
    }

    #[test]
    fn a_lead_rises_at_one_mark_and_falls_under_another() {
        use Standing::{NotYet, Qualified as Before};
        use Verdict::{Nurturing, Qualified};
        for (fit, interest, standing, expected) in [
            (30, 40, NotYet, Qualified),
            (29, 100, NotYet, Nurturing),
            (100, 39, NotYet, Nurturing),
            // Between the marks it stays what it was.
            (20, 15, NotYet, Nurturing),
            (20, 15, Before, Qualified),
            (29, 39, Before, Qualified),
            (19, 100, Before, Nurturing),
            (100, 14, Before, Nurturing),
        ] {
            assert_eq!(decide("[]", fit, interest, standing), expected, "{fit} {interest} {standing:?}");
        }
    }

    #[test]
    fn a_checklist_says_what_is_missing_in_the_order_of_its_questions() {
        let checklist: Vec<Question> = serde_yaml_ng::from_str(
            "[{item: need, ask: Is there a need?}, {item: budget, ask: Is there a budget?},
              {item: rival, ask: Is a rival in?, needs: answer}]",
        )
        .unwrap();
        let name = |text: &str| RuleId::parse(text).unwrap();
        let given = |answers: &[(&str, bool)]| {
            let answers = answers.iter().map(|(item, yes)| (name(item), *yes)).collect();
            gaps(&checklist, &answers)
        };
        assert_eq!(given(&[("need", true), ("budget", true), ("rival", false)]), []);
        assert_eq!(
            given(&[("budget", false), ("colour", true)]),
            [
                Gap::Open(checklist[0].clone()),
                Gap::No(checklist[1].clone()),
                Gap::Open(checklist[2].clone()),
                Gap::NotAsked(name("colour")),
            ]
        );
        assert_eq!(gaps(&[], &BTreeMap::new()), []);
    }

    #[test]
    fn a_veto_beats_every_score_and_the_first_one_is_named() {
        let vetoes = "[{veto: unknown-land, reason: country, when: {field: country, in: [XX]}},
                       {veto: rival, reason: competitor, when: {field: email.domain, is: acme.example}},
                       {veto: form, reason: form, when: {field: form, is: demo-request}}]";
        for standing in [Standing::Qualified, Standing::NotYet] {
            let verdict = decide(vetoes, 100, 100, standing);
            assert_eq!(verdict, Verdict::Disqualified("competitor".into()));
        }
    }

    #[test]
    fn what_nobody_knows_is_no_veto() {
        let unknown = "[{veto: land, reason: country, when: {field: country, in: [XX]}},
                        {veto: not-land, reason: country, when: {not: {field: country, in: [DE]}}}]";
        assert_eq!(decide(unknown, 30, 40, Standing::NotYet), Verdict::Qualified);
    }
}
