mod parts;
mod relations;

use super::*;
use crate::condition::{Condition, Scalar, Test};
use crate::ids::{PoolId, RuleId};

/// The smallest playbook that is complete; two of everything that is a list of rules.
const SMALL: &str = "playbook: Small
calendars:
  office: {zone: UTC, weekly: {mon: [['09:00', '17:00']]}}
forms:
  demo:
    title: Demo
    fields: [{name: email, label: E-mail, type: email, required: true}]
    thanks: {message: Thank you}
scoring:
  fit:
    groups: {person: {max: 45}}
    rules:
      - {rule: first, because: a, points: 1, when: {field: title, is: a}}
      - {rule: second, because: b, points: 2, when: {field: title, is: b}, group: person}
      - {rule: third, because: c, points: 3, when: {field: title, is: c}}
      - {rule: fourth, because: d, points: 4, when: {field: title, is: d}}
  interest:
    rules:
      - {rule: demo, because: e, points: 5, when: {field: form, is: demo}}
  bands: {a: 60, b: 35, one: 50, two: 25}
qualification:
  at: {fit: 30, interest: 30}
  until: {fit: 20, interest: 15}
reps:
  anna: {name: Anna, email: anna@acme.example, calendar: office}
  bruno: {name: Bruno, email: bruno@acme.example, calendar: office}
pools:
  desk: {members: [anna, bruno]}
routing:
  routes: []
  otherwise: desk
sla:
  - policy: hot
    when: {field: score.grade, is: A1}
    accept: {within: PT30M, ladder: [{at: 50%, do: remind}, {at: due, do: reassign}]}
  - policy: rest
    accept: {within: PT4H, ladder: [{at: 75%, do: remind}, {at: due, do: notify_manager}]}
notifications:
  from: leads@acme.example
";

/// The small playbook with parts of its text replaced.
fn with(changes: &[(&str, &str)]) -> String {
    changes.iter().fold(SMALL.to_owned(), |text, (old, new)| {
        assert_eq!(text.matches(old).count(), 1, "{old} stands there once");
        text.replace(old, new)
    })
}

fn told(text: &str) -> Vec<Mistake> {
    Playbook::read(text).err().unwrap_or_default()
}

fn paths(changes: &[(&str, &str)]) -> Vec<String> {
    told(&with(changes)).into_iter().map(|m| m.path).collect()
}

#[test]
fn the_bundled_playbook_and_the_small_one_hold() {
    assert_eq!(told(SMALL), []);
    let bundled = Playbook::read(Playbook::BUNDLED).unwrap();
    assert_eq!(bundled.doc().playbook, "Acme Analytics");
    assert_eq!(bundled.calendars().len(), bundled.doc().calendars.len());
    for rep in bundled.doc().reps.values() {
        assert!(bundled.calendar(&rep.calendar).is_some());
    }
    // In YAML of old, NO was a no.
    let europe = &bundled.doc().routing.routes[0].when;
    let Condition::Field(_, Test::In(countries)) = europe else { panic!("{europe:?}") };
    assert!(countries.contains(&Scalar::Text("NO".into())));
    assert!(countries.iter().all(|c| matches!(c, Scalar::Text(code) if code.len() == 2)));
}

#[test]
fn a_playbook_is_written_as_it_is_read() {
    for text in [SMALL, Playbook::BUNDLED] {
        let doc = Playbook::read(text).unwrap().doc().clone();
        // By way of a tree: the YAML library alone would write choices as tags, which no person would.
        let yaml = serde_yaml_ng::to_string(&serde_json::to_value(&doc).unwrap()).unwrap();
        assert_eq!(Playbook::read(&yaml).unwrap().doc(), &doc);
        let json = serde_json::to_string(&doc).unwrap();
        assert_eq!(Playbook::read(&json).unwrap().doc(), &doc, "JSON is read by the same way");
    }
}

#[test]
fn what_is_no_playbook_is_refused_as_a_whole() {
    for (text, words) in [
        ("", "a playbook is a mapping"),
        ("- 1", "a playbook is a mapping"),
        ("a: [", "not readable as YAML or JSON"),
        ("a: 1\na: 2", "not readable as YAML or JSON"),
        ("{}", "missing field"),
    ] {
        let mistakes = told(text);
        assert_eq!((mistakes.len(), mistakes[0].path.as_str()), (1, ""), "{text}");
        assert!(mistakes[0].detail.contains(words), "{text}: {}", mistakes[0].detail);
    }
    let large = format!("{SMALL}# {}", "x".repeat(MAX_BYTES));
    assert!(told(&large)[0].detail.contains("larger than 2097152 bytes"));
}

/// Each of these is told in one go, with the index that it has in the file.
#[test]
fn every_mistake_is_told_at_once_with_its_place_in_the_file() {
    let changes = [
        ("points: 1,", "points: one,"),
        ("when: {field: title, is: b}", "when: {field: titel, is: b}"),
        ("points: 4,", "points: 4.00001, weight: 3,"),
        ("at: 50%", "at: half"),
        ("at: 75%", "at: three quarters"),
        ("max: 45", "max: many"),
        ("calendar: office}\n  bruno", "calendar: office, wait: 3}\n  bruno"),
        ("  otherwise: desk", "  otherwise: Desk 1"),
        ("from: leads@acme.example", "from: leads"),
    ];
    let mut found = paths(&changes);
    found.sort();
    let expected = [
        "notifications.from",
        "reps.anna.wait",
        "routing.otherwise",
        "scoring.fit.groups.person.max",
        "scoring.fit.rules[0].points",
        "scoring.fit.rules[1].when",
        "scoring.fit.rules[3].points",
        "scoring.fit.rules[3].weight",
        "sla[0].accept.ladder[0].at",
        "sla[1].accept.ladder[0].at",
    ];
    assert_eq!(found, expected);
}

#[test]
fn what_follows_from_a_mistake_is_not_another() {
    // Rule by rule out of the same list: none is missing, none moves.
    let three = [("points: 1,", "points: x,"), ("points: 3,", "points: y,"), ("points: 4,", "points: z,")];
    let expected =
        ["scoring.fit.rules[0].points", "scoring.fit.rules[2].points", "scoring.fit.rules[3].points"];
    assert_eq!(paths(&three), expected);
    // A part of its own that is wrong is still there to be referred to.
    assert_eq!(
        paths(&[("{members: [anna, bruno]}", "{members: [anna, bruno], size: 2}")]),
        ["pools.desk.size"]
    );
    assert_eq!(paths(&[("name: Bruno, ", "name: 5, ")]), ["reps.bruno.name"]);
    // The last policy was wrong, not left out.
    assert_eq!(paths(&[("within: PT4H", "within: 4h")]), ["sla[1].accept.within"]);
    assert_eq!(paths(&[("label: E-mail, ", "label: [], ")]), ["forms.demo.fields[0].label"]);
}

#[test]
fn what_is_missing_is_told_beside_what_is_wrong() {
    let found = told(&with(&[("because: b, points: 2,", "points: two,")]));
    let said: Vec<_> = found.iter().map(|m| (m.path.as_str(), m.detail.as_str())).collect();
    assert_eq!(said.len(), 2, "{said:?}");
    assert_eq!(said[0].0, "scoring.fit.rules[1].points");
    assert_eq!(said[1], ("scoring.fit.rules[1]", "missing field `because`"));
    let found = told(&with(&[("points: 1,", "points: one,"), ("playbook: Small\n", "")]));
    assert_eq!(found[1].detail, "missing field `playbook`");
}

/// What only the whole shows, with the place it has in the file even after something before it was cut out.
#[test]
fn names_that_do_not_exist_are_told_with_their_place_in_the_file() {
    let changes = [
        ("points: 1,", "points: one,"),
        ("is: d}}", "is: d}, group: people}"),
        ("rule: third", "rule: second"),
        ("at: 50%", "at: half"),
        ("policy: hot", "policy: rest"),
        ("members: [anna, bruno]", "members: [Anna, carla, anna, anna]"),
    ];
    let found = told(&with(&changes));
    let said: Vec<_> = found.iter().map(|m| (m.path.as_str(), m.detail.as_str())).collect();
    let has = |path: &str, words: &str| said.iter().any(|(p, d)| *p == path && d.contains(words));
    assert!(has("scoring.fit.rules[0].points", "expected f64"), "{said:?}");
    assert!(has("scoring.fit.rules[2]", "the name second is used twice"), "{said:?}");
    assert!(has("scoring.fit.rules[3].group", "there is no group \"people\""), "{said:?}");
    assert!(has("sla[0].accept.ladder[0].at", "is not a step time"), "{said:?}");
    assert!(has("sla[1]", "the name rest is used twice"), "{said:?}");
    assert!(has("pools.desk.members[0]", "rep id"), "{said:?}");
    assert!(has("pools.desk.members[1]", "there is no rep \"carla\""), "{said:?}");
    assert!(has("pools.desk.members[3]", "anna is listed twice"), "{said:?}");
    assert_eq!(said.len(), 8, "{said:?}");
}

#[test]
fn too_many_mistakes_end_the_list() {
    let rules: String = (0..500).map(|i| format!("      - {{rule: r{i}, points: x}}\n")).collect();
    let found = told(&with(&[(
        "    rules:\n      - {rule: demo, because: e, points: 5, when: {field: form, is: demo}}\n",
        &format!("    rules:\n{rules}"),
    )]));
    assert_eq!(found.len(), 200);
}

#[test]
fn parts_are_found_by_name() {
    let text = with(&[
        (
            "  desk: {members: [anna, bruno]}",
            "  a: {members: [anna], overflow: b}\n  b: {members: [bruno], overflow: desk}\n  desk: {members: [anna, bruno]}",
        ),
        ("    title: Demo\n", "    title: Demo\n    enabled: false\n"),
        ("    accept: {within: PT4H", "    first_touch: {within: PT8H}\n    accept: {within: PT4H"),
    ]);
    let playbook = Playbook::read(&text).unwrap();
    let pool = |name| PoolId::parse(name).unwrap();
    let names =
        |first: &PoolId| playbook.overflow_chain(first).iter().map(|p| p.to_string()).collect::<Vec<_>>();
    assert_eq!(names(&pool("a")), ["a", "b", "desk"]);
    assert_eq!(names(&pool("desk")), ["desk"]);
    assert!(playbook.form(&FormId::parse("demo").unwrap()).is_none(), "a disabled form is as good as none");
    let rule = |name| RuleId::parse(name).unwrap();
    assert!(playbook.clock_rules(&rule("rest"), ClockKind::FirstTouch).is_some());
    assert!(playbook.clock_rules(&rule("hot"), ClockKind::FirstTouch).is_none());
    assert!(playbook.clock_rules(&rule("hot"), ClockKind::Accept).is_some());
    assert!(playbook.policy(&rule("cold")).is_none());
    let means = |name| playbook.doc().rejections.get(&rule(name)).copied();
    assert_eq!(means("not-mine"), Some(Rejection::Reroute));
    assert_eq!(
        (means("wrong-fit"), means("not-ready")),
        (Some(Rejection::Disqualify), Some(Rejection::Recycle))
    );
}
