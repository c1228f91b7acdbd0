//! One small playbook for each kind of finding, with its place and its remedy.

use super::*;

pub(super) const ROUTES: &str = "    - {route: all, pool: field, when: {field: email.free, is: false}}
    - {route: free, pool: desk, when: {field: email.free, is: true}}
";

/// The only finding of a kind, and words of what and fix.
pub(super) fn one(changes: &[(&str, &str)], code: Code, place: &str, what: &str, fix: &str) {
    let report = report(changes);
    let found: Vec<&Finding> = report
        .findings
        .iter()
        .filter(|f| f.code == code && f.place == place && f.what.contains(what) && f.fix.contains(fix))
        .collect();
    assert_eq!(found.len(), 1, "{code:?} at {place}, {what:?}: {:#?}", report.findings);
    assert_eq!(found[0].severity, code.severity());
}

/// Nothing of a kind is found.
pub(super) fn none(changes: &[(&str, &str)], code: Code) {
    let found: Vec<Finding> = report(changes).findings.into_iter().filter(|f| f.code == code).collect();
    assert_eq!(found, []);
}

pub(super) fn routes(text: &str) -> [(&'static str, &str); 1] {
    [(ROUTES, text)]
}

#[test]
fn conditions_that_never_hold() {
    let change = [("field: seniority, is: director", "field: company.employees, in: ['250']")];
    one(
        &change,
        Code::NeverHolds,
        "scoring.fit.rules[0].when",
        "gives no points",
        "write 250 without quotation marks",
    );
    let change = routes("    - {route: uk, pool: field, when: {field: country, is: UK}}\n");
    one(&change, Code::NeverHolds, "routing.routes[0].when", "takes nothing", "write GB instead of \"UK\"");
    let change = routes(
        "    - {route: x, pool: field, when: {all: [{field: country, is: DE}, {field: country, is: FR}]}}\n",
    );
    one(&change, Code::NeverHolds, "routing.routes[0].when", "takes nothing", "exclude each other");
    let veto = "field: email.domain, is: rival.example";
    one(&[(veto, "all: []")], Code::StopsEverybody, "vetoes[0].when", "disqualified as competitor", "narrow");
}

#[test]
fn values_that_nothing_has() {
    let change = routes("    - {route: a, pool: field, when: {field: country, in: [UK, FR]}}\n");
    one(
        &change,
        Code::ImpossibleValue,
        "routing.routes[0].when",
        "country is never \"UK\"",
        "write GB instead of \"UK\"",
    );
    let change = [("seniority, is: director", "seniority, in: [director, boss]")];
    one(
        &change,
        Code::ImpossibleValue,
        "scoring.fit.rules[0].when",
        "never \"boss\"",
        "use one of student, individual",
    );
    let change = [("field: form, is: demo", "field: form, in: [demo, trial]")];
    one(
        &change,
        Code::UnknownForm,
        "scoring.interest.rules[0].when",
        "no enabled form \"trial\"",
        "use one of demo",
    );
    let change = [("field: form, is: demo", "field: answers.seat, at_least: 5")];
    one(
        &change,
        Code::UnknownAnswer,
        "scoring.interest.rules[0].when",
        "no form asks for \"seat\"",
        "add the input",
    );
    none(&[("field: form, is: demo", "field: answers.seats, at_least: 5")], Code::UnknownAnswer);
}

#[test]
fn rules_that_come_too_late() {
    let change = routes(
        "    - {route: dach, pool: field, when: {field: country, in: [DE, AT, CH]}}
    - {route: alps, pool: desk, when: {all: [{field: country, in: [AT, CH]}, {field: company.employees, at_least: 5}]}}\n",
    );
    one(
        &change,
        Code::Shadowed,
        "routing.routes[1]",
        "dach before it takes every lead",
        "move alps before dach",
    );
    none(&change, Code::Overlap);
    let change = routes(
        "    - {route: small, pool: field, when: {field: company.employees, at_most: 50}}
    - {route: other, pool: field, when: {field: country, is: DE}}
    - {route: large, pool: field, when: {field: company.employees, at_least: 51}}
    - {route: known, pool: desk, when: {field: company.employees, known: true}}\n",
    );
    one(
        &change,
        Code::Shadowed,
        "routing.routes[3]",
        "small and large before it together take",
        "delete known",
    );
    let change = routes(
        "    - {route: dach, pool: field, when: {field: country, in: [DE, AT, CH]}}
    - {route: swiss, pool: field, when: {field: country, is: ch}}\n",
    );
    one(
        &change,
        Code::Redundant,
        "routing.routes[1]",
        "dach before it takes",
        "delete swiss; nothing changes",
    );
    let change = [(
        "  - policy: rest",
        "  - policy: a\n    when: {field: score.grade, in: [A1, A2]}\n    accept: {within: PT1H}\n  - policy: b\n    when: {field: score.grade, is: a2}\n    accept: {within: PT1H}\n  - policy: rest",
    )];
    one(
        &change,
        Code::Shadowed,
        "sla[1]",
        "a before it takes every lead that b would take",
        "move b before a",
    );
    let veto = "  - {veto: rival, reason: competitor, when: {field: email.domain, is: rival.example}}";
    let again = format!(
        "{veto}\n  - {{veto: again, reason: rival, when: {{field: email.domain, is: RIVAL.example}}}}"
    );
    one(&[(veto, &again)], Code::Redundant, "vetoes[1]", "rival before it", "delete again");
}

#[test]
fn territories_that_meet_and_that_nobody_has() {
    let change = routes(
        "    - {route: big, pool: field, when: {field: company.employees, at_least: 1000}}
    - {route: german, pool: desk, when: {field: country, in: [DE, AT]}}\n",
    );
    one(
        &change,
        Code::Overlap,
        "routing.routes[1]",
        "one with company.employees 1000 and country AT goes to pool field",
        "leave it so",
    );
    // An exception before its rule is no overlap.
    let change = routes(
        "    - {route: big-german, pool: field, when: {all: [{field: country, is: DE}, {field: company.employees, at_least: 1000}]}}
    - {route: german, pool: desk, when: {field: country, in: [DE, AT]}}\n",
    );
    none(&change, Code::Overlap);
    let change = routes(
        "    - {route: west, pool: field, when: {field: country, in: [DE, FR]}}
    - {route: east, pool: desk, when: {field: country, in: [PL, DE]}}\n",
    );
    one(
        &change,
        Code::ValueTaken,
        "routing.routes[1].when",
        "east never gets country DE: west before it takes that",
        "take DE out",
    );
    none(&change, Code::Overlap);
    let change = routes(
        "    - {route: small, pool: field, when: {field: company.employees, at_most: 50}}
    - {route: large, pool: desk, when: {field: company.employees, at_least: 61, at_most: 900}}\n",
    );
    one(
        &change,
        Code::Gap,
        "routing.otherwise",
        "company.employees 51 to 60 and 901 and more, or with company.employees unknown; they go to pool desk",
        "add them to a route",
    );
    let change = routes(
        "    - {route: small, pool: field, when: {all: [{field: country, in: [DE, AT]}, {field: company.employees, at_most: 50}]}}
    - {route: large, pool: desk, when: {all: [{field: country, in: [DE, AT]}, {field: company.employees, at_least: 52}]}}
    - {route: rest, pool: desk, when: {not: {field: country, in: [DE, AT]}}}\n",
    );
    one(
        &change,
        Code::Gap,
        "routing.otherwise",
        "country AT and DE when they have company.employees 51; they go to pool desk",
        "add them",
    );
    one(&[], Code::OtherwiseUnused, "routing.otherwise", "no lead is left for pool desk", "nothing to do");
}

#[test]
fn scores_out_of_reach() {
    one(
        &[("at: {fit: 30", "at: {fit: 71")],
        Code::NeverQualifies,
        "qualification.at.fit",
        "at most 70",
        "ask for at most 70",
    );
    none(&[("at: {fit: 30", "at: {fit: 70")], Code::NeverQualifies);
    one(
        &[("bands: {a: 60", "bands: {a: 71")],
        Code::BandUnreachable,
        "scoring.bands.a",
        "no lead is ever A",
        "use at most 70",
    );
    one(
        &[("a: 60, b: 35", "a: 60, b: 60")],
        Code::BandUnreachable,
        "scoring.bands.b",
        "no lead is ever B",
        "lower",
    );
    one(
        &[("two: 25", "two: 0")],
        Code::BandUnreachable,
        "scoring.bands.two",
        "no lead is ever 3",
        "at least 1",
    );
    let group = [(
        "    rules:\n      - {rule: boss,",
        "    groups: {person: {max: 20}}\n    rules:\n      - {rule: boss, group: person,",
    )];
    one(
        &group,
        Code::NeverQualifies,
        "qualification.at.fit",
        "the rules give at most 20",
        "let the rules of scoring.fit give more",
    );
    one(
        &[("points: 70", "points: 0")],
        Code::NoPoints,
        "scoring.fit.rules[0]",
        "boss never gives",
        "delete it",
    );
    let rule = "      - {rule: demo, because: asked, points: 60, when: {field: form, is: demo}}\n";
    let twice = format!(
        "{rule}      - {{rule: again, because: asked, points: 6, when: {{field: form, is: demo}}}}\n"
    );
    one(
        &[(rule, &twice)],
        Code::SameCondition,
        "scoring.interest.rules[1].when",
        "same condition as demo",
        "one rule of the two",
    );
    one(
        &[("until: {fit: 20, interest: 15}", "until: {fit: 30, interest: 30}")],
        Code::NoHysteresis,
        "qualification.until",
        "back and forth",
        "below `at`",
    );
}

#[test]
fn pools_and_people_without_work() {
    let inactive = ("name: Dan, ", "name: Dan, active: false, ");
    one(
        &[inactive],
        Code::NobodyActive,
        "pools.field.members",
        "all its leads overflow to desk",
        "delete the pool",
    );
    let alone = [inactive, ("members: [dan], overflow: desk", "members: [dan]")];
    one(
        &alone,
        Code::DeadPool,
        "routing.routes[0].pool",
        "where no member is active",
        "make a member active",
    );
    one(&alone, Code::NobodyActive, "pools.field.members", "it takes no lead", "or delete the pool");
    one(
        &[("route: all, pool: field", "route: all, pool: desk")],
        Code::UnusedPool,
        "pools.field",
        "no route leads to pool field",
        "delete it",
    );
    one(
        &[("[anna, bruno, carla]", "[anna, bruno]")],
        Code::RepInNoPool,
        "reps.carla",
        "gets no lead",
        "add carla to a pool",
    );
    let spare = [("forms:\n", "  spare: {zone: UTC, weekly: {mon: [['09:00', '17:00']]}}\nforms:\n")];
    one(&spare, Code::UnusedCalendar, "calendars.spare", "no rep works", "delete it");
    let rejections = |text: &'static str| [("notifications:", text)];
    one(
        &rejections("rejections: {}\nnotifications:"),
        Code::NoRejections,
        "rejections",
        "no rep can reject",
        "not-mine: reroute",
    );
    one(
        &rejections("rejections: {no: recycle}\nnotifications:"),
        Code::NoReroute,
        "rejections",
        "another rep",
        "not-mine: reroute",
    );
}

#[test]
fn what_is_too_large_is_said() {
    let any = |field: &str, n: usize| {
        let parts: Vec<String> = (0..n).map(|i| format!("{{field: {field}, is: t{i}}}")).collect();
        format!("{{any: [{}]}}", parts.join(", "))
    };
    let fields =
        ["title", "phone", "first_name", "last_name", "company.name", "source", "medium", "campaign", "page"];
    let mut parts: Vec<String> = fields.iter().map(|f| any(f, 8)).collect();
    for (i, a) in fields.iter().enumerate() {
        for b in &fields[i + 1..] {
            parts.extend(
                (0..8).map(|t| {
                    format!("{{not: {{all: [{{field: {a}, is: t{t}}}, {{field: {b}, is: t{t}}}]}}}}")
                }),
            );
        }
    }
    let route = format!("    - {{route: knot, pool: field, when: {{all: [{}]}}}}\n", parts.join(", "));
    one(&routes(&route), Code::NotAnalysed, "routing.routes[0].when", "more than 50000 steps", "by hand");
    let domains: Vec<String> = (0..1_001).map(|i| format!("d{i}.example")).collect();
    let accounts = format!(
        "    - {{route: accounts, pool: field, when: {{field: company.domain, in: [{}]}}}}\n",
        domains.join(", ")
    );
    one(
        &routes(&accounts),
        Code::NotAnalysed,
        "routing.routes",
        "more than 1000 values of company.domain",
        "by hand",
    );
    let many: String = (0..301)
        .map(|i| format!("    - {{route: r{i}, pool: field, when: {{field: company.employees, is: {i}}}}}\n"))
        .collect();
    one(&routes(&many), Code::NotAnalysed, "routing.routes", "more than 300 routes", "by hand");
}

/// Every kind of finding is asserted above.
#[test]
fn no_kind_is_without_its_playbook() {
    let files = [
        include_str!("accounts.rs"),
        include_str!("kinds.rs"),
        include_str!("staff.rs"),
        include_str!("times.rs"),
    ];
    let here = files.concat();
    for code in Code::ALL {
        assert!(here.contains(&format!("Code::{code:?}")), "{code:?}");
    }
}
