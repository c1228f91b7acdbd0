//! The same for what people can do and how much they take.

use super::kinds::{none, one, routes};
use super::*;
use crate::routing::{CapKind, Rep};

const ANNA: &str = "anna: {name: Anna, ";
const VALUE: &str = "sla:\n";

fn anna(more: &str) -> (&'static str, String) {
    (ANNA, format!("{ANNA}{more}, "))
}

/// What is said of Anna's caps, by kind.
fn capped(caps: &str, value: &str) -> Vec<(Code, String)> {
    let (from, to) = anna(&format!("caps: {{{caps}}}"));
    let value = format!("{value}sla:\n");
    let report = report(&[(from, to.as_str()), (VALUE, value.as_str())]);
    let of_caps = |f: &Finding| matches!(f.code, Code::CapNeverReached | Code::CapBelowAnyLead);
    let kind = |place: String| place.strip_prefix("reps.anna.caps.").unwrap().to_owned();
    report.findings.into_iter().filter(of_caps).map(|f| (f.code, kind(f.place))).collect()
}

#[test]
fn caps_that_another_is_always_reached_before() {
    let never = |kind: &str| vec![(Code::CapNeverReached, kind.to_owned())];
    for (caps, kind) in [
        // Whoever has had ten on a day has had ten in seven days.
        ("per_day: 10, per_7_days: 10", "per_day"),
        ("per_day: 11, per_30_days: 10", "per_day"),
        ("per_7_days: 10, per_30_days: 10", "per_7_days"),
        // Seven days of three are twenty-one.
        ("per_day: 3, per_7_days: 21", "per_7_days"),
        // Thirty days of three are ninety; four weeks of ten and two days of three are forty-six.
        ("per_day: 3, per_30_days: 90", "per_30_days"),
        ("per_day: 3, per_7_days: 10, per_30_days: 46", "per_30_days"),
        // Without a cap on days the last two of thirty may hold what a week may.
        ("per_7_days: 10, per_30_days: 50", "per_30_days"),
        // An unanswered offer is an open lead.
        ("unaccepted: 5, open: 5", "unaccepted"),
    ] {
        assert_eq!(capped(caps, ""), never(kind), "{caps}");
    }
    for caps in [
        "per_day: 9, per_7_days: 10",
        "per_7_days: 9, per_30_days: 10",
        "per_day: 3, per_7_days: 20",
        "per_day: 3, per_30_days: 89",
        "per_day: 3, per_7_days: 10, per_30_days: 45",
        "per_7_days: 10, per_30_days: 49",
        "unaccepted: 4, open: 5",
        // Leads given and leads held have nothing to do with each other.
        "per_day: 50, open: 5",
        "open: 50, per_30_days: 5",
    ] {
        assert_eq!(capped(caps, ""), [], "{caps}");
    }
}

#[test]
fn caps_on_value() {
    let value = "value: {by_grade: {A1: 10, C3: 3}, otherwise: 5}\n";
    let of = |caps: &str| capped(caps, value);
    // Four leads are worth forty at most.
    assert_eq!(of("open: 4, value: 40"), [(Code::CapNeverReached, "value".to_owned())]);
    assert_eq!(of("open: 4, value: 39"), []);
    assert_eq!(of("value: 2"), [(Code::CapBelowAnyLead, "value".to_owned())]);
    assert_eq!(of("value: 3"), []);
    // A lead of any other grade is worth nothing and fits always.
    assert_eq!(capped("value: 2", "value: {by_grade: {A1: 10}}\n"), []);
    let (from, to) = anna("active: false, caps: {per_day: 10, per_7_days: 10}");
    none(&[(from, to.as_str())], Code::CapNeverReached);
}

/// Held to what the product counts: of all ways in which leads may come, none ends at the cap alone that is said never to
/// be reached.
#[test]
fn whoever_takes_all_that_is_allowed_never_stops_at_such_a_cap() {
    let capped_by = |state: &[u32], rep: &Rep, kind: CapKind| {
        let days = match kind {
            CapKind::PerDay => 1,
            CapKind::PerWeek => 7,
            _ => 30,
        };
        let given: u32 = state.iter().rev().take(days).sum();
        rep.caps.get(kind).is_some_and(|cap| given >= cap)
    };
    let kinds = [CapKind::PerDay, CapKind::PerWeek, CapKind::PerMonth];
    let weeks = [1, 2, 3, 6, 7, 8, 13, 14, 20, 21, 22];
    for (day, week, month) in (1..4).flat_map(|d| weeks.map(move |w| (d, w))).flat_map(|(d, w)| {
        [w - 1, w, 4 * w + 1, 4 * w + d, 4 * w + 2 * d, 5 * w, 30 * d].map(move |m| (d, w, m.max(1)))
    }) {
        let caps = format!("per_day: {day}, per_7_days: {week}, per_30_days: {month}");
        let said = capped(&caps, "");
        let (from, to) = anna(&format!("caps: {{{caps}}}"));
        let playbook = Playbook::read(&QUIET.replace(from, &to)).unwrap();
        let rep = &playbook.doc().reps[&crate::ids::RepId::parse("anna").unwrap()];
        // As many as possible on each day, after some days without any.
        let mut alone = std::collections::BTreeSet::new();
        for quiet in 0..7 {
            let mut given: Vec<u32> = Vec::new();
            for today in 0..60 {
                given.push(0);
                while today % 7 >= quiet && !kinds.iter().any(|kind| capped_by(&given, rep, *kind)) {
                    *given.last_mut().unwrap() += 1;
                }
                let at: Vec<CapKind> =
                    kinds.into_iter().filter(|kind| capped_by(&given, rep, *kind)).collect();
                if let [kind] = at[..] {
                    alone.insert(kind.name());
                }
            }
        }
        for (_, kind) in &said {
            assert!(!alone.contains(kind.as_str()), "{caps}: {kind} is reached alone");
        }
    }
}

const ASKED: &str = "    - {route: all, pool: field, needs: {NEEDS}, when: {field: email.free, is: false}}
    - {route: free, pool: desk, when: {field: email.free, is: true}}
";

#[test]
fn needs_that_nobody_active_meets() {
    let asked = |needs: &str| ASKED.replace("NEEDS", needs);
    let dan = ("dan: {name: Dan, ", "dan: {name: Dan, languages: [de, en], skills: [fintech], ");
    let (from, to) = anna("languages: [fr], skills: [health]");
    let anna = (from, to.as_str());
    let place = "routing.routes[0].needs";
    for (needs, met) in [
        ("skills: [fintech]", true),
        ("language: fr", true),
        ("skills: [health], language: fr", true),
        // Each is there, but nobody has both.
        ("skills: [fintech, health]", false),
        ("skills: [fintech], language: fr", false),
    ] {
        let text = asked(needs);
        let [route] = routes(&text);
        if met {
            none(&[route, dan, anna], Code::NeedsNobodyMeets);
        } else {
            one(
                &[route, dan, anna],
                Code::NeedsNobodyMeets,
                place,
                "leads of this route stay parked",
                "ask for less",
            );
        }
    }
    // Dan, who alone knows it, is not active.
    let text = asked("skills: [fintech], language: de");
    let [route] = routes(&text);
    let idle = ("dan: {name: Dan, ", "dan: {name: Dan, active: false, languages: [de], skills: [fintech], ");
    let what = "nobody active in pool field or where it overflows to has the skill fintech and speaks de";
    one(&[route, idle], Code::NeedsNobodyMeets, place, what, "who has the skill fintech and speaks de");
    let fallback = ("  otherwise: desk", "  otherwise: desk\n  fallback: {rep: bruno}");
    one(
        &[route, idle, fallback],
        Code::NeedsLeftToFallback,
        place,
        "wait for the fallback bruno",
        "ask for less",
    );
    none(&[route, idle, fallback], Code::NeedsNobodyMeets);
    // By the lead's own language: only some of the leads find nobody.
    let text = asked(
        "skills: [fintech], language_of: {field: country, map: {AT: [de], CH: [fr, it], BE: [fr, de]}}",
    );
    let [route] = routes(&text);
    let at = format!("{place}.language_of.map.CH");
    one(&[route, dan, anna], Code::NeedsNobodyMeets, &at, "its leads with CH stay parked", "speaks fr or it");
    let found = report(&[route, dan, anna]).findings;
    assert_eq!(found.iter().filter(|f| f.code == Code::NeedsNobodyMeets).count(), 1, "{found:#?}");
    // With nobody active at all, that is what is told.
    let nobody = ["Anna", "Bruno", "Carla"]
        .map(|name| (format!("name: {name}, "), format!("name: {name}, active: false, ")));
    let mut changes: Vec<(&str, &str)> = nobody.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let text = asked("skills: [fintech]");
    let [route] = routes(&text);
    changes.extend([route, idle]);
    none(&changes, Code::NeedsNobodyMeets);
}
