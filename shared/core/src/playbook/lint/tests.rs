use proptest::prelude::*;

use super::*;
use crate::condition::{View, a_lead, small};
use crate::routing::choose_pool;

mod accounts;
mod kinds;
mod staff;
mod times;

/// A playbook in which there is nothing to find.
pub(super) const QUIET: &str = "playbook: Quiet
calendars:
  always:
    zone: UTC
    weekly: {mon: [['00:00', '24:00']], tue: [['00:00', '24:00']], wed: [['00:00', '24:00']], thu: [['00:00', '24:00']],
             fri: [['00:00', '24:00']], sat: [['00:00', '24:00']], sun: [['00:00', '24:00']]}
forms:
  demo:
    title: Demo
    fields: [{name: email, label: E-mail, type: email, required: true}, {name: seats, label: Seats}]
    thanks: {message: Thank you}
scoring:
  fit:
    rules:
      - {rule: boss, because: decides, points: 70, when: {field: seniority, is: director}}
  interest:
    rules:
      - {rule: demo, because: asked, points: 60, when: {field: form, is: demo}}
  bands: {a: 60, b: 35, one: 50, two: 25}
qualification:
  at: {fit: 30, interest: 30}
  until: {fit: 20, interest: 15}
vetoes:
  - {veto: rival, reason: competitor, when: {field: email.domain, is: rival.example}}
reps:
  anna: {name: Anna, email: anna@acme.example, calendar: always}
  bruno: {name: Bruno, email: bruno@acme.example, calendar: always}
  carla: {name: Carla, email: carla@acme.example, calendar: always}
  dan: {name: Dan, email: dan@acme.example, calendar: always}
pools:
  desk: {members: [anna, bruno, carla]}
  field: {members: [dan], overflow: desk}
routing:
  routes:
    - {route: all, pool: field, when: {field: email.free, is: false}}
    - {route: free, pool: desk, when: {field: email.free, is: true}}
  otherwise: desk
sla:
  - policy: rest
    accept: {within: PT4H, ladder: [{at: 75%, do: remind}, {at: due, do: reassign}, {at: +PT1H, do: return_to_marketing}]}
notifications: {from: leads@acme.example, alert_email: ops@acme.example}
";

/// Wednesday, 25 November 2026.
pub(super) fn now() -> Timestamp {
    "2026-11-25T12:00:00Z".parse().unwrap()
}

/// The report on the quiet playbook with parts of its text replaced.
pub(super) fn report(changes: &[(&str, &str)]) -> Report {
    let text = changes.iter().fold(QUIET.to_owned(), |text, (old, new)| {
        assert_eq!(text.matches(old).count(), 1, "{old} stands there once");
        text.replace(old, new)
    });
    lint(&Playbook::read(&text).unwrap_or_else(|mistakes| panic!("{mistakes:?}")), now())
}

#[test]
fn in_the_quiet_playbook_there_is_only_that_all_is_taken() {
    let report = report(&[]);
    let codes: Vec<Code> = report.findings.iter().map(|f| f.code).collect();
    assert_eq!(codes, [Code::OtherwiseUnused], "{:#?}", report.findings);
    assert_eq!((report.errors, report.warnings, report.notes), (0, 0, 1));
    // The clock on the wall seldom shows a whole second.
    let fraction = "2026-11-25T12:00:00.123456789Z".parse().unwrap();
    assert_eq!(lint(&Playbook::read(QUIET).unwrap(), fraction), report);
}

#[test]
fn the_sample_playbook_has_nothing_that_is_wrong() {
    let report = lint(&Playbook::bundled(), now());
    let serious: Vec<&Finding> = report.findings.iter().filter(|f| f.severity != Severity::Note).collect();
    assert!(serious.is_empty(), "{serious:#?}");
    let notes: Vec<(&str, &str)> =
        report.findings.iter().map(|f| (f.code.name(), f.place.as_str())).collect();
    let expected = [
        ("gap", "routing.otherwise"),
        ("ladder_ends", "sla[0].first_touch.ladder"),
        ("ladder_ends", "sla[1].first_touch.ladder"),
    ];
    assert_eq!(notes, expected, "{:#?}", report.findings);
}

#[test]
fn the_worst_comes_first_and_codes_have_one_word_each() {
    let report = report(&[
        ("policy: rest\n", "policy: rest\n    max_offers: 1\n"),
        ("email.free, is: true", "country, in: [UK, FR]"),
    ]);
    let severities: Vec<Severity> = report.findings.iter().map(|f| f.severity).collect();
    assert!(severities.is_sorted(), "{severities:?}");
    let mut names: Vec<&str> = Code::ALL.iter().map(|c| c.name()).collect();
    for code in Code::ALL {
        assert_eq!(serde_json::to_value(code).unwrap(), code.name());
    }
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Code::ALL.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// What is said never to be used is used by no lead.
    #[test]
    fn no_lead_reaches_a_route_that_is_said_to_be_dead(
        conditions in prop::collection::vec(small(), 1..6),
        leads in prop::collection::vec(a_lead(), 40),
    ) {
        let routes: String = conditions
            .iter()
            .enumerate()
            .map(|(i, when)| {
                let pool = if i % 2 == 0 { "desk" } else { "field" };
                format!("    - {{route: r{i}, pool: {pool}, when: {}}}\n", serde_json::to_string(when).unwrap())
            })
            .collect();
        let (before, after) = (QUIET.find("    - {route: all").unwrap(), QUIET.find("  otherwise:").unwrap());
        let text = format!("{}{routes}{}", &QUIET[..before], &QUIET[after..]);
        let playbook = Playbook::read(&text).unwrap();
        let dead: Vec<String> = lint(&playbook, now())
            .findings
            .into_iter()
            .filter(|f| matches!(f.code, Code::NeverHolds | Code::Shadowed | Code::Redundant))
            .map(|f| f.place)
            .collect();
        let otherwise = lint(&playbook, now()).findings.iter().any(|f| f.code == Code::OtherwiseUnused);
        for (lead, touch) in &leads {
            let view = View::new(lead, Some(touch));
            let (_, route) = choose_pool(&playbook.doc().routing, view);
            prop_assert!(!(otherwise && route.is_none()));
            let Some(route) = route else { continue };
            let place = format!("routing.routes[{}]", &route.as_str()[1..]);
            prop_assert!(!dead.iter().any(|d| d.strip_suffix(".when").unwrap_or(d) == place), "{} {:?}", place, conditions);
        }
    }
}
