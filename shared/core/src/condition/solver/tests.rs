use proptest::prelude::*;

use super::*;
use crate::condition::{Scalar, Truth, View};
use crate::lead::samples::{captured, noon, submission};
use crate::lead::{Field, FieldValue, Lead, Origin};
use crate::submission::{Touch, VerdictKind};

fn conditions(yaml: &[&str]) -> Vec<Condition> {
    yaml.iter().map(|y| serde_yaml_ng::from_str(y).unwrap()).collect()
}

/// Whether all of the first hold and none of the others.
fn ask(holds: &[&str], fails: &[&str]) -> Answer {
    let all = conditions(&[holds, fails].concat());
    let (holds, fails) = ((0..holds.len()).collect(), (holds.len()..all.len()).collect());
    Solver::over(&all).ask(&Question { holds, fails, given: Vec::new() })
}

fn example(holds: &[&str], fails: &[&str]) -> String {
    match ask(holds, fails) {
        Answer::Example(example) => example.to_string(),
        other => format!("{other:?}"),
    }
}

#[test]
fn what_contradicts_itself_is_impossible() {
    for (holds, fails) in [
        (vec!["{field: country, is: DE}", "{field: country, is: fr}"], vec![]),
        (vec!["{field: country, is: DE}"], vec!["{field: country, in: [de, FR]}"]),
        (vec!["{field: country, is: UK}"], vec![]),
        (vec!["{field: company.employees, is: '250'}"], vec![]),
        (vec!["{field: company.employees, contains: '25'}"], vec![]),
        (vec!["{field: company.employees, at_least: 10, at_most: 9}"], vec![]),
        (vec!["{field: company.employees, at_least: 10}"], vec!["{field: company.employees, at_least: 5}"]),
        (vec!["{field: company.employees, at_most: -1}"], vec![]),
        (vec!["{field: email.free, is: yes}"], vec![]),
        (vec!["{field: email.free, is: true}", "{field: email.free, is: false}"], vec![]),
        (vec!["{field: email.free, known: false}"], vec![]),
        (vec![], vec!["{any: [{field: email.free, is: true}, {field: email.free, is: false}]}"]),
        (vec!["{field: phone, known: false}", "{field: phone, starts_with: '+49'}"], vec![]),
        (vec!["{not: {field: phone, is: x}}", "{field: phone, known: false}"], vec![]),
        (vec!["{field: seniority, is: boss}"], vec![]),
        (vec!["{field: score.fit, at_least: 101}"], vec![]),
        (vec!["{field: score.grade, is: D1}"], vec![]),
        (vec!["{field: title, contains: sales director}"], vec!["{field: title, contains: SALES}"]),
        (vec!["{field: title, starts_with: sales}"], vec!["{field: title, contains: ale}"]),
        (vec!["{field: title, starts_with: sales}", "{field: title, starts_with: head}"], vec![]),
        (vec!["{field: title, is: head of sales}"], vec!["{field: title, contains: sales}"]),
        (vec!["{field: answers.seats, at_least: 40}"], vec!["{field: answers.seats, at_least: 30}"]),
        (vec!["{field: answers.seats, is: 40}"], vec!["{field: answers.seats, at_least: 30}"]),
        (vec!["{field: answers.seats, at_least: 4}", "{field: answers.seats, contains: x}"], vec![]),
        (vec!["{field: title, in: []}"], vec![]),
        (vec!["{any: []}"], vec![]),
        (vec![], vec!["{all: []}"]),
        // Spaces and hyphens of a postcode do not count, its beginning is no whole one, and it is no number.
        (vec!["{field: postcode, is: '80-331'}"], vec!["{field: postcode, starts_with: '80 3'}"]),
        (vec!["{field: postcode, is: 80331}"], vec!["{field: postcode, is: '80 331'}"]),
        (
            vec!["{field: postcode, starts_with: sw1}", "{field: postcode, contains: '-1A'}"],
            vec!["{field: postcode, contains: 'w 1'}"],
        ),
        (vec!["{field: postcode, starts_with: '80 3'}"], vec!["{field: postcode, starts_with: '803'}"]),
        (vec!["{field: postcode, is: '80'}"], vec![]),
        (vec!["{field: postcode, is: -80331}"], vec![]),
        (vec!["{field: subdivision, is: California}"], vec![]),
        (vec!["{field: subdivision, in: [US-XX]}"], vec![]),
        // Each of three ways is closed by another condition.
        (
            vec!["{any: [{field: country, is: DE}, {field: country, is: FR}, {field: cycle, at_least: 2}]}"],
            vec!["{field: country, is: DE}", "{field: country, is: FR}", "{field: cycle, at_least: 1}"],
        ),
        // Two ranges that meet cover whatever is known.
        (
            vec!["{field: company.employees, known: true}"],
            vec!["{field: company.employees, at_most: 50}", "{field: company.employees, at_least: 51}"],
        ),
    ] {
        assert_eq!(ask(&holds, &fails), Answer::Impossible, "{holds:?} {fails:?}");
    }
}

#[test]
fn what_is_possible_has_an_example() {
    for (holds, fails, expected) in [
        (vec!["{field: country, in: [DE, FR]}"], vec!["{field: country, is: DE}"], "country FR"),
        (vec!["{field: company.employees, at_least: 50}"], vec![], "company.employees 50"),
        (
            vec!["{field: country, is: DE}"],
            vec!["{field: company.employees, at_most: 50}", "{field: company.employees, at_least: 52}"],
            "country DE and company.employees 51",
        ),
        // Two ranges that meet leave what is unknown.
        (
            vec![],
            vec!["{field: company.employees, at_most: 50}", "{field: company.employees, at_least: 51}"],
            "company.employees unknown",
        ),
        (vec!["{field: phone, known: false}"], vec![], "phone unknown"),
        (vec!["{not: {field: email.free, is: true}}"], vec![], "email.free false"),
        (vec![], vec!["{field: form, is: demo}"], "form something else"),
        (
            vec!["{field: title, starts_with: head}", "{field: title, contains: sales}"],
            vec![],
            "title headsales",
        ),
        (vec!["{field: title, starts_with: head}"], vec!["{field: title, is: Head}"], "title headx"),
        (vec!["{field: answers.seats, at_least: 40, at_most: 40}"], vec![], "answers.seats 40"),
        (
            vec!["{field: postcode, in: ['80-331', 1067]}"],
            vec!["{field: postcode, at_most: 2000}"],
            "postcode 80331",
        ),
        (
            vec!["{field: postcode, starts_with: '80 3'}"],
            vec!["{field: postcode, is: '803'}"],
            "postcode 8030",
        ),
        (
            vec!["{field: postcode, starts_with: '80 3'}", "{field: postcode, starts_with: 803-3}"],
            vec![],
            "postcode 8033",
        ),
        (vec!["{field: subdivision, is: us-ca}"], vec![], "subdivision us-ca"),
        (vec!["{field: account.list, is: big}"], vec![], "account.list big"),
        // `not` of what is unknown is unknown, and so does not hold.
        (
            vec!["{not: {field: country, is: DE}}"],
            vec!["{not: {field: country, in: [DE, AD]}}"],
            "country AD",
        ),
    ] {
        assert_eq!(example(&holds, &fails), expected, "{holds:?} {fails:?}");
    }
    // Nothing matters: any lead will do.
    assert_eq!(example(&[], &[]), "");
}

#[test]
fn given_values_are_kept_to() {
    let all = conditions(&["{field: country, in: [DE, FR]}", "{field: title, is: x}"]);
    let solver = Solver::over(&all);
    let (country, title) = (0, 1);
    let cell = |subject: usize, word: &str| {
        solver.cells(subject).find(|(_, words)| words == word).map(|(cell, _)| cell).unwrap()
    };
    let given = |given: Vec<(usize, Cell)>, holds: Vec<usize>| {
        solver.ask(&Question { holds, fails: Vec::new(), given })
    };
    assert_eq!(given(vec![(country, cell(country, "AD"))], vec![0]), Answer::Impossible);
    assert_eq!(given(vec![(country, Cell::Unknown)], vec![0]), Answer::Impossible);
    assert_eq!(given(vec![(country, Cell::Other)], vec![]), Answer::Impossible, "there is no other country");
    assert!(matches!(given(vec![(country, cell(country, "FR"))], vec![0]), Answer::Example(_)));
    assert_eq!(given(vec![(title, Cell::Other)], vec![1]), Answer::Impossible);
    assert!(matches!(given(vec![(title, Cell::Other)], vec![0]), Answer::Example(_)));
}

#[test]
fn what_is_too_large_is_given_up() {
    // A puzzle of pigeons and holes: seven subjects, six texts, no two the same.
    let subjects =
        ["title", "phone", "first_name", "last_name", "company.name", "source", "medium", "campaign", "page"];
    let texts = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let any = |subject: &str| {
        format!("{{any: [{}]}}", texts.map(|t| format!("{{field: {subject}, is: {t}}}")).join(", "))
    };
    let mut holds: Vec<String> = subjects.iter().map(|s| any(s)).collect();
    for (i, a) in subjects.iter().enumerate() {
        for b in &subjects[i + 1..] {
            for text in texts {
                holds.push(format!(
                    "{{any: [{{not: {{field: {a}, is: {text}}}}}, {{not: {{field: {b}, is: {text}}}}}]}}"
                ));
            }
        }
    }
    let holds: Vec<&str> = holds.iter().map(String::as_str).collect();
    assert_eq!(ask(&holds, &[]), Answer::TooLarge);
}

fn scalar() -> impl Strategy<Value = Scalar> {
    prop_oneof![
        (0..4_i64).prop_map(Scalar::Number),
        prop_oneof![Just("DE"), Just("fr"), Just("a"), Just("AB"), Just("b"), Just("2"), Just("UK")]
            .prop_map(|text| Scalar::Text(text.to_owned())),
        any::<bool>().prop_map(Scalar::Flag),
    ]
}

fn test_of_a_value() -> impl Strategy<Value = Test> {
    let part = || {
        prop_oneof![Just(""), Just("a"), Just("B"), Just("ab"), Just("2"), Just("d")].prop_map(str::to_owned)
    };
    prop_oneof![
        scalar().prop_map(Test::Is),
        prop::collection::vec(scalar(), 0..4).prop_map(Test::In),
        part().prop_map(Test::Contains),
        part().prop_map(Test::StartsWith),
        (-1..4_i64).prop_map(Test::AtLeast),
        (-1..4_i64).prop_map(Test::AtMost),
        any::<bool>().prop_map(Test::Known),
    ]
}

fn test_of_a_postcode() -> impl Strategy<Value = Test> {
    let part = || {
        prop_oneof![Just("80"), Just("80 3"), Just("8-03"), Just("-31"), Just("sw1"), Just("1 a")]
            .prop_map(str::to_owned)
    };
    let text = prop_oneof![Just("80331"), Just("80-331"), Just("sw1a 1aa"), Just("80"), Just("0803")];
    let scalar = prop_oneof![
        text.prop_map(|text| Scalar::Text(text.to_owned())),
        prop_oneof![Just(80_331), Just(803), Just(-803)].prop_map(Scalar::Number),
    ];
    prop_oneof![
        scalar.clone().prop_map(Test::Is),
        prop::collection::vec(scalar, 0..3).prop_map(Test::In),
        part().prop_map(Test::StartsWith),
        part().prop_map(Test::Contains),
        (800..900_i64).prop_map(Test::AtMost),
        any::<bool>().prop_map(Test::Known),
    ]
}

/// A small condition over few subjects and values, so that random ones meet.
pub(crate) fn small() -> impl Strategy<Value = Condition> {
    let subject = prop_oneof![
        Just("country"),
        Just("company.employees"),
        Just("title"),
        Just("answers.x"),
        Just("email.free"),
        Just("cycle"),
    ];
    let leaf =
        (subject, test_of_a_value()).prop_map(|(s, t)| Condition::Field(Subject::parse(s).unwrap(), t));
    let postcode = Subject::Profile(Field::Postcode);
    let leaf = prop_oneof![
        6 => leaf,
        1 => test_of_a_postcode().prop_map(move |test| Condition::Field(postcode.clone(), test)),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Condition::All),
            prop::collection::vec(inner.clone(), 0..4).prop_map(Condition::Any),
            inner.prop_map(|c| Condition::Not(Box::new(c))),
        ]
    })
}

/// A lead with values that the small conditions look at; some unknown.
pub(crate) fn a_lead() -> impl Strategy<Value = (Lead, Touch)> {
    let country = prop_oneof![Just(None), Just(Some("DE")), Just(Some("FR")), Just(Some("GB"))];
    let employees = prop_oneof![Just(None), (0..5_i64).prop_map(Some)];
    let text = || {
        const TEXTS: [&str; 12] = ["a", "AB", "b", "2", " 2 ", "+3", "dab", "xy", "1", "0", "ba b", "é"];
        prop_oneof![Just(None), prop::sample::select(&TEXTS[..]).prop_map(Some)]
    };
    let postcode =
        prop::sample::select(&[None, Some("80331"), Some("SW1A 1AA"), Some("0803"), Some("80-341")][..]);
    let values = (country, employees, text(), text(), postcode, 1..5_u32);
    values.prop_map(|(country, employees, title, answer, postcode, cycle)| {
        let mut lead = captured(VerdictKind::Clean);
        lead.cycle = cycle;
        let mut set = |field, value: Option<FieldValue>| {
            if let Some(value) = value {
                lead.profile.set(field, &value, Origin::Form);
            }
        };
        set(Field::Country, country.map(|c| FieldValue::Text(c.to_owned())));
        set(Field::Employees, employees.map(FieldValue::Number));
        set(Field::Postcode, postcode.map(|p| FieldValue::Text(p.to_owned())));
        set(Field::Title, title.map(|t| FieldValue::Text(t.to_owned())));
        let mut submission = submission(1, noon());
        if let Some(answer) = answer {
            submission.answers.insert("x".to_owned(), answer.to_owned());
        }
        let touch = submission.touch();
        (lead, touch)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Soundness: no lead does what was proven impossible, and an example says what is so.
    #[test]
    fn nothing_proven_impossible_happens(
        holds in prop::collection::vec(small(), 0..3),
        fails in prop::collection::vec(small(), 0..3),
        leads in prop::collection::vec(a_lead(), 40),
    ) {
        let all: Vec<Condition> = holds.iter().chain(&fails).cloned().collect();
        let question = Question {
            holds: (0..holds.len()).collect(),
            fails: (holds.len()..all.len()).collect(),
            given: Vec::new(),
        };
        let answer = Solver::over(&all).ask(&question);
        let happens = leads.iter().any(|(lead, touch)| {
            let view = View::new(lead, Some(touch));
            holds.iter().all(|c| c.holds(view) == Truth::Yes) && fails.iter().all(|c| c.holds(view) != Truth::Yes)
        });
        prop_assert!(!(happens && answer == Answer::Impossible), "{:?} {:?}", holds, fails);
        if let Answer::Example(example) = &answer {
            check_example(example, &holds, &fails)?;
        }
    }
}

/// Builds the lead that an example describes, where one can be built, and holds the conditions to it.
fn check_example(example: &Example, holds: &[Condition], fails: &[Condition]) -> Result<(), TestCaseError> {
    let mut lead = captured(VerdictKind::Clean);
    let mut submission = submission(1, noon());
    for (subject, value) in example.values() {
        match (subject, value) {
            (Subject::Profile(field), Some(value)) => {
                let value = match value.parse() {
                    Ok(number) if *field == Field::Employees => FieldValue::Number(number),
                    _ => FieldValue::Text(value.clone()),
                };
                lead.profile.set(*field, &value, Origin::Form);
                // A profile keeps no white space at the ends, and nothing empty.
                if lead.profile.get(*field) != Some(value) {
                    return Ok(());
                }
            }
            (Subject::Answer(name), Some(value)) => {
                submission.answers.insert(name.clone(), value.clone());
            }
            (Subject::Cycle, Some(value)) => lead.cycle = value.parse().unwrap(),
            // The address of the sample is no free one.
            (Subject::EmailFree, Some(value)) if value == "true" => return Ok(()),
            _ => {}
        }
    }
    let touch = submission.touch();
    let view = View::new(&lead, Some(&touch));
    for condition in holds {
        prop_assert_eq!(condition.holds(view), Truth::Yes, "{} does not do for {:?}", example, condition);
    }
    for condition in fails {
        prop_assert!(condition.holds(view) != Truth::Yes, "{} does for {:?}", example, condition);
    }
    Ok(())
}
