use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;
use crate::ids::PlaybookVersion;
use crate::lead::samples::{captured, noon, submission};
use crate::lead::{Field, FieldValue, Lead, Origin};
use crate::submission::{Touch, VerdictKind};

const DAY: i64 = 86_400;

/// Reads rules by the way that a playbook takes: YAML into a tree, the tree into types.
fn rules(yaml: &str) -> ScoringRules {
    let tree: serde_json::Value = serde_yaml_ng::from_str(yaml).unwrap();
    serde_json::from_value(tree).unwrap()
}

/// Scoring with these fit rules and interest rules.
fn both(groups: &str, fit: &str, interest: &str) -> ScoringRules {
    rules(&format!(
        "fit: {{groups: {groups}, rules: [{fit}]}}\ninterest: {{groups: {groups}, rules: [{interest}]}}\n\
         bands: {{a: 60, b: 35, one: 50, two: 25}}"
    ))
}

/// A touch of the sample form, so many days before [`noon`], through a campaign or not.
fn touch(n: u8, days: i64, source: Option<&str>) -> Touch {
    let mut submission = submission(n, noon() - SignedDuration::from_secs(days * DAY));
    submission.tracking.extend(source.map(|s| ("utm_source".to_owned(), s.to_owned())));
    submission.touch()
}

fn card(rules: &ScoringRules, lead: &Lead, touches: &[Touch]) -> ScoreCard {
    score(rules, lead, touches, PlaybookVersion(3), noon())
}

fn lead() -> Lead {
    captured(VerdictKind::Clean)
}

fn points(text: &str) -> Points {
    serde_yaml_ng::from_str(text).unwrap()
}

fn given(card: &ScoreCard) -> Vec<(String, i64)> {
    card.reasons.iter().map(|r| (r.rule.to_string(), r.points.milli())).collect()
}

#[test]
fn points_fade_as_the_formulas_say() {
    let half = Decay::HalfLifeDays(30);
    let linear = Decay::LinearDays(30);
    let expires = Decay::ExpiresDays(90);
    let (day, ms) = (|d: i64| SignedDuration::from_secs(d * DAY), SignedDuration::from_millis);
    for (whole, decay, age, milli) in [
        (50, half, day(0), 50_000),
        (50, half, day(30), 25_000),
        (50, half, day(60), 12_500),
        (50, half, day(90), 6_250),
        // 50/√2 and 50/∛2.
        (50, half, day(15), 35_355),
        (50, half, day(10), 39_685),
        (-50, half, day(30), -25_000),
        (50, half, day(30 * 63), 0),
        (50, half, day(365_000), 0),
        (15, linear, day(0), 15_000),
        (15, linear, day(1), 14_500),
        (15, linear, day(10), 10_000),
        (15, linear, day(30), 0),
        (15, linear, day(31), 0),
        (-15, linear, day(10), -10_000),
        (20, expires, ms(90 * DAY * 1_000 - 1), 20_000),
        (20, expires, day(90), 0),
        (20, Decay::None, day(10_000), 20_000),
        // A clock that is behind makes nothing worth more.
        (50, half, day(-30), 50_000),
        (15, linear, day(-1), 15_000),
        (50, half, ms(-500), 50_000),
    ] {
        assert_eq!(
            remaining(Points::whole(whole), decay, age),
            Points::from_milli(milli),
            "{whole} {decay:?} {age}"
        );
    }
}

proptest! {
    #[test]
    fn half_lives_agree_with_the_exponential(milli in -100_000_i64..100_000, days in 1_u32..400, age in 0_i64..4_000_000) {
        let left = remaining(Points::from_milli(milli), Decay::HalfLifeDays(days), SignedDuration::from_secs(age));
        #[allow(clippy::cast_precision_loss)]
        let exact = milli as f64 * (-(age as f64) / (f64::from(days) * DAY as f64)).exp2();
        #[allow(clippy::cast_precision_loss)]
        let off = (left.milli() as f64 - exact).abs();
        prop_assert!(off <= 1.0, "{} {exact}", left.milli());
        let later = SignedDuration::from_secs(age + 977);
        let later = remaining(Points::from_milli(milli), Decay::HalfLifeDays(days), later);
        prop_assert!(later.milli().abs() <= left.milli().abs(), "points only fade");
    }

    #[test]
    fn points_are_written_as_they_are_read(milli in -1_000_000_000_i64..=1_000_000_000) {
        let points = Points::from_milli(milli);
        let json = serde_json::to_string(&points).unwrap();
        prop_assert_eq!(serde_json::from_str::<Points>(&json).unwrap(), points);
        let yaml = serde_yaml_ng::to_string(&points).unwrap();
        prop_assert_eq!(serde_yaml_ng::from_str::<Points>(&yaml).unwrap(), points);
        prop_assert!(json.split_once('.').is_none_or(|(_, decimals)| decimals.len() <= 3), "{}", json);
    }

    /// Three group names, of which one has no bounds; the reasons add up to the axis.
    #[test]
    fn the_reasons_add_up_to_the_axis(
        fit in prop::collection::vec((-40_000_i64..40_000, 0_usize..3), 0..8),
        interest in prop::collection::vec((-40_000_i64..40_000, 0_usize..3, 1_u32..60), 0..8),
        ages in prop::collection::vec(0_i64..100, 0..6),
        (min, width) in (-30_i64..0, 0_i64..60),
    ) {
        let group = |g: usize| ["", ", group: one", ", group: two"][g];
        let milli = |m: i64| format!("{}{}.{:03}", if m < 0 { "-" } else { "" }, m.abs() / 1_000, m.abs() % 1_000);
        let when = "when: {field: form, known: true}, because: x";
        let fit: Vec<String> = fit
            .iter()
            .enumerate()
            .map(|(i, (m, g))| format!("{{rule: f{i}, points: {}, {when}{}}}", milli(*m), group(*g)))
            .collect();
        let interest: Vec<String> = interest
            .iter()
            .enumerate()
            .map(|(i, (m, g, days))| {
                let decay = format!("decay: {{half_life_days: {days}}}, repeats: each");
                format!("{{rule: i{i}, points: {}, {decay}, {when}{}}}", milli(*m), group(*g))
            })
            .collect();
        let groups = format!("{{one: {{min: {min}, max: {}}}, two: {{max: 25}}}}", min + width);
        let rules = both(&groups, &fit.join(", "), &interest.join(", "));
        let touches: Vec<Touch> = ages.iter().zip(1..).map(|(days, n)| touch(n, *days, None)).collect();
        let card = card(&rules, &lead(), &touches);
        for (axis, score) in [(Axis::Fit, card.fit), (Axis::Interest, card.interest)] {
            let sum: i64 = card.reasons.iter().filter(|r| r.axis == axis).map(|r| r.points.milli()).sum();
            let rounded = (sum.clamp(0, 100_000) + 500) / 1_000;
            prop_assert_eq!(i64::from(score), rounded, "{:?}", card.reasons);
        }
    }

    #[test]
    fn the_order_in_which_touches_are_read_does_not_matter(
        ages in prop::collection::vec((0_i64..40, any::<bool>()), 0..10),
        seed in any::<u64>(),
    ) {
        let rules = both(
            "{}",
            "{rule: last, because: x, points: 7, when: {field: source, is: ads}}",
            "{rule: ads, because: x, points: 11, repeats: {at_most: 2}, decay: {half_life_days: 9},
              when: {field: source, is: ads}},
             {rule: any, because: x, points: 3.3, decay: {linear_days: 20}, when: {field: form, known: true}}",
        );
        let mut touches: Vec<Touch> =
            ages.iter().zip(1..).map(|((days, ads), n)| touch(n, *days, ads.then_some("ads"))).collect();
        let first = card(&rules, &lead(), &touches);
        touches.sort_by_key(|t| crate::seal::sha256_hex(format!("{seed}{}", t.submission_id).as_bytes()));
        prop_assert_eq!(card(&rules, &lead(), &touches), first);
    }
}

#[test]
fn a_rule_counts_as_often_as_it_may_and_the_newest_first() {
    let rule = |name: &str, repeats: &str| {
        format!(
            "{{rule: {name}, because: it, points: 10, repeats: {repeats}, decay: {{linear_days: 10}},
               when: {{field: source, is: ads}}}}"
        )
    };
    let interest = [rule("once", "once"), rule("twice", "{at_most: 2}"), rule("each", "each")].join(", ");
    let rules = both("{}", "", &interest);
    let touches =
        [touch(1, 3, Some("ads")), touch(2, 1, Some("ads")), touch(3, 0, None), touch(4, 2, Some("ads"))];
    let card = card(&rules, &lead(), &touches);
    // One, two and three days old are worth 9, 8 and 7.
    assert_eq!(given(&card), [("once".into(), 9_000), ("twice".into(), 17_000), ("each".into(), 24_000)]);
    let words: Vec<_> = card.reasons.iter().map(|r| r.because.as_str()).collect();
    assert_eq!(words, ["it", "it (2 times)", "it (3 times)"]);
    assert_eq!(card.interest.points(), 50);
}

#[test]
fn what_a_group_takes_or_gives_is_a_reason_of_its_own() {
    let rule = |name: &str, points: i64| {
        format!(
            "{{rule: {name}, because: x, points: {points}, group: person, when: {{field: form, known: true}}}}"
        )
    };
    let fit = |points: &[i64]| {
        let list: Vec<String> = points.iter().enumerate().map(|(i, p)| rule(&format!("r{i}"), *p)).collect();
        card(&both("{person: {max: 45, min: -20}}", &list.join(", "), ""), &lead(), &[])
    };
    let over = fit(&[30, 15, 15]);
    assert_eq!(over.fit.points(), 45);
    assert_eq!(given(&over).last(), Some(&("person".to_owned(), -15_000)));
    let under = fit(&[-15, -15]);
    // The group goes down to -20, the axis only to 0.
    assert_eq!(given(&under)[2..], [("person".to_owned(), 10_000), ("axis-limit".to_owned(), 20_000)]);
    assert_eq!(given(&fit(&[30])), [("r0".to_owned(), 30_000)], "nothing to say inside the bounds");
    // Without a lower bound a group takes nothing away.
    let free = card(&both("{person: {max: 45}}", &rule("r", -9), ""), &lead(), &[]);
    assert_eq!(given(&free), [("r".to_owned(), -9_000), ("person".to_owned(), 9_000)]);
}

#[test]
fn what_nobody_knows_gives_nothing_and_is_listed() {
    let fit = "{rule: size, because: x, points: 30, when: {field: company.employees, at_least: 50}},
               {rule: not-tiny, because: x, points: 30, when: {not: {field: company.employees, at_most: 9}}},
               {rule: land, because: x, points: 10, when: {field: email.free, is: false}}";
    let rules = both("{}", fit, "");
    let before = card(&rules, &lead(), &[]);
    assert_eq!((before.fit.points(), before.unknown.len()), (10, 2));
    assert_eq!(before.unknown.iter().map(|r| r.as_str()).collect::<Vec<_>>(), ["size", "not-tiny"]);
    let mut known = lead();
    assert!(known.profile.set(Field::Employees, &FieldValue::Number(250), Origin::Form));
    let after = card(&rules, &known, &[]);
    assert_eq!((after.fit.points(), after.unknown.len()), (70, 0));
}

#[test]
fn a_score_is_rounded_once_half_up_and_clamped() {
    let fit = |points: &[&str]| {
        let rule = |(i, p): (usize, &&str)| {
            format!("{{rule: r{i}, because: x, points: {p}, when: {{field: form, known: true}}}}")
        };
        let list: Vec<String> = points.iter().enumerate().map(rule).collect();
        card(&both("{}", &list.join(", "), ""), &lead(), &[]).fit.points()
    };
    for (points, score) in [
        (vec!["0.5"], 1),
        (vec!["0.499"], 0),
        (vec!["49.5"], 50),
        (vec!["49.499"], 49),
        // Rounded one by one these would give 0 and 3.
        (vec!["0.3", "0.2"], 1),
        (vec!["0.5", "0.5", "0.5"], 2),
        (vec!["-0.5"], 0),
        (vec!["-30"], 0),
        (vec!["100.4"], 100),
        (vec!["70", "70"], 100),
        (vec!["140", "-60"], 80),
        (vec![], 0),
    ] {
        assert_eq!(fit(&points), score, "{points:?}");
    }
}

#[test]
fn the_grid_of_grades() {
    let bands = both("{}", "", "").bands;
    for (fit, interest, grade) in [
        (100, 100, "A1"),
        (60, 50, "A1"),
        (60, 49, "A2"),
        (60, 25, "A2"),
        (60, 24, "A3"),
        (59, 50, "B1"),
        (35, 25, "B2"),
        (35, 0, "B3"),
        (34, 50, "C1"),
        (34, 49, "C2"),
        (0, 0, "C3"),
    ] {
        let score = |n: i64| Score::try_from(n).unwrap();
        assert_eq!(bands.grade(score(fit), score(interest)), grade, "{fit} {interest}");
    }
}

#[test]
fn points_and_scores_refuse_what_they_are_not() {
    for (text, milli) in
        [("30", 30_000), ("-15", -15_000), ("0.5", 500), ("12.345", 12_345), ("1e3", 1_000_000)]
    {
        assert_eq!(points(text).milli(), milli, "{text}");
    }
    for (text, words) in [
        ("0.0005", "at most three decimals"),
        ("1000000.001", "between -1000000 and 1000000"),
        (".nan", "between"),
        (".inf", "between"),
        ("ten", "expected f64"),
    ] {
        let error = serde_yaml_ng::from_str::<Points>(text).unwrap_err().to_string();
        assert!(error.contains(words), "{text}: {error}");
    }
    assert_eq!(
        serde_json::to_string(&[points("30"), points("0.5"), points("-0.125")]).unwrap(),
        "[30,0.5,-0.125]"
    );
    assert!(Score::try_from(101).is_err() && Score::try_from(-1).is_err());
    assert_eq!(Score::try_from(100).unwrap().to_string(), "100");
}
