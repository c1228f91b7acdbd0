//! Scores: rules that give nothing, marks that no lead can reach.
//!
//! The most that an axis can give is an upper bound: what excludes itself is left out, but rules that exclude each
//! other are added up. So what is out of reach is out of reach for certain.

use std::collections::BTreeMap;

use super::{Code, Finding};
use crate::condition::{Answer, Condition, Question, Solver};
use crate::ids::RuleId;
use crate::playbook::{Playbook, PlaybookDoc};
use crate::scoring::{Decay, Group, Points, Repeats, Score};

/// What a rule of either axis can give.
#[derive(Clone, Copy)]
struct Gives<'d> {
    name: &'d RuleId,
    when: &'d Condition,
    group: Option<&'d RuleId>,
    /// At most, over all touches.
    most: Points,
}

pub(super) fn found(playbook: &Playbook) -> Vec<Finding> {
    let doc = playbook.doc();
    let fit: Vec<Gives<'_>> = doc
        .scoring
        .fit
        .rules
        .iter()
        .map(|r| Gives { name: &r.rule, when: &r.when, group: r.group.as_ref(), most: r.points })
        .collect();
    let interest: Vec<Gives<'_>> = doc
        .scoring
        .interest
        .rules
        .iter()
        .map(|r| {
            let most =
                if r.decay == Decay::ExpiresDays(0) { Points::ZERO } else { often(r.points, r.repeats) };
            Gives { name: &r.rule, when: &r.when, group: r.group.as_ref(), most }
        })
        .collect();
    let mut found = Vec::new();
    axis("fit", &fit, &mut found);
    axis("interest", &interest, &mut found);
    let top = (most(&fit, &doc.scoring.fit.groups), most(&interest, &doc.scoring.interest.groups));
    marks(doc, top, &mut found);
    if top.1 >= doc.qualification.at.interest {
        found.extend(on_its_date(doc, &interest));
    }
    found
}

/// Where every submission brings a recycled lead back, there are only old ones when its date comes.
fn on_its_date(doc: &PlaybookDoc, interest: &[Gives<'_>]) -> Option<Finding> {
    let (carried, asked) = (doc.scoring.after_recycle, doc.qualification.at.interest);
    let old = interest.iter().map(|rule| Gives { most: carried.of(rule.most), ..*rule }).collect::<Vec<_>>();
    let most = most(&old, &doc.scoring.interest.groups);
    (doc.recycling.strong_interest.is_none() && most < asked).then(|| {
        let what = format!(
            "a recycled lead never goes to sales on the date that was agreed: what it did before gives at most {most} points \
             of interest then, and qualification.at asks for {asked}"
        );
        let fix = "carry more over with halve or keep, ask for less interest, or leave it so if only those who come again are called";
        Finding::new(Code::DateBringsNobody, "scoring.after_recycle", what, fix)
    })
}

fn often(points: Points, repeats: Repeats) -> Points {
    match repeats {
        Repeats::Once => points,
        Repeats::AtMost(times) => Points::from_milli(points.milli().saturating_mul(i64::from(times))),
        // No axis goes further than 100, however often.
        Repeats::Each => Points::from_milli(points.milli().saturating_mul(i64::from(u32::MAX))),
    }
}

fn axis(name: &str, rules: &[Gives<'_>], found: &mut Vec<Finding>) {
    for (at, rule) in rules.iter().enumerate() {
        let place = format!("scoring.{name}.rules[{at}]");
        if rule.most == Points::ZERO {
            found.push(Finding::new(
                Code::NoPoints,
                &place,
                format!("{} never gives or takes a point", rule.name),
                "give it points, repeats and days of at least 1, or delete it",
            ));
        }
        if let Some(same) = rules[..at].iter().find(|before| before.when == rule.when) {
            found.push(Finding::new(
                Code::SameCondition,
                format!("{place}.when"),
                format!("{} has the same condition as {}: both count", rule.name, same.name),
                "make one rule of the two, or mend one of the conditions",
            ));
        }
    }
}

/// The most points that rules can give together.
fn most(rules: &[Gives<'_>], groups: &BTreeMap<RuleId, Group>) -> Score {
    let can_hold = |when: &Condition| {
        let holds = Question { holds: vec![0], ..Question::default() };
        Solver::over([when]).ask(&holds) != Answer::Impossible
    };
    let mut sums: BTreeMap<&RuleId, Points> = BTreeMap::new();
    let mut sum = Points::ZERO;
    for rule in rules.iter().filter(|rule| can_hold(rule.when)) {
        let gives = rule.most.max(Points::ZERO);
        match rule.group {
            Some(group) => {
                let sum = sums.entry(group).or_default();
                *sum = *sum + gives;
            }
            None => sum = sum + gives,
        }
    }
    for (name, points) in sums {
        let clamped = groups.get(name).map_or(points, |g| points.clamp(g.min, g.max.max(g.min)));
        // No rule of the group need hold, and then it gives nothing.
        sum = sum + clamped.max(Points::ZERO);
    }
    Score::from_points(sum)
}

fn marks(doc: &PlaybookDoc, (fit, interest): (Score, Score), found: &mut Vec<Finding>) {
    let (at, until, bands) = (doc.qualification.at, doc.qualification.until, doc.scoring.bands);
    for (axis, mark, most) in [("fit", at.fit, fit), ("interest", at.interest, interest)] {
        if mark > most {
            found.push(Finding::new(
                Code::NeverQualifies,
                format!("qualification.at.{axis}"),
                format!("no lead ever qualifies: {mark} points of {axis} are asked for, and the rules give at most {most}"),
                format!("ask for at most {most}, or let the rules of scoring.{axis} give more"),
            ));
        }
    }
    let grades = [
        ("a", "A", bands.a, fit, "fit", None),
        ("b", "B", bands.b, fit, "fit", Some(bands.a)),
        ("one", "1", bands.one, interest, "interest", None),
        ("two", "2", bands.two, interest, "interest", Some(bands.one)),
    ];
    for (band, grade, from, most, axis, above) in grades {
        let place = format!("scoring.bands.{band}");
        if from > most {
            let what = format!(
                "no lead is ever {grade}: it takes {from} points of {axis}, and the rules give at most {most}"
            );
            let fix = format!("use at most {most}, or let the rules of scoring.{axis} give more");
            found.push(Finding::new(Code::BandUnreachable, place, what, fix));
        } else if above == Some(from) {
            let what = format!("no lead is ever {grade}: the band above begins at {from}, too");
            found.push(Finding::new(Code::BandUnreachable, place, what, "use a lower number"));
        }
    }
    for (band, grade, lowest) in [("b", "C", bands.b), ("two", "3", bands.two)] {
        if i64::from(lowest) == 0 {
            let what = format!("no lead is ever {grade}: the band above begins at 0");
            found.push(Finding::new(
                Code::BandUnreachable,
                format!("scoring.bands.{band}"),
                what,
                "use at least 1",
            ));
        }
    }
    let positive = i64::from(at.fit) > 0 || i64::from(at.interest) > 0;
    if at == until && positive {
        found.push(Finding::new(
            Code::NoHysteresis,
            "qualification.until",
            "a lead rises and falls at the same mark, so one at the border may go back and forth",
            "set `until` some points below `at`",
        ));
    }
}
