use std::collections::BTreeMap;

use super::*;
use crate::doctor::facts::{Alarm, Queues};

fn healthy() -> Facts {
    let version = Some(env!("CARGO_PKG_VERSION").to_owned());
    Facts {
        door: Look::Seen(Door { status: 200, version, ahead: Some(SignedDuration::from_secs(-1)) }),
        key: Look::Seen(Key::Good),
        playbook: Look::Seen(InForce::Read { name: "Acme".to_owned(), errors: Vec::new(), warnings: 1 }),
        audit: Look::Seen(Audited { violations: BTreeMap::new(), leads: 5 }),
        queues: queues(2, Some(1), DeadOf::Messages, 0),
        alarms: Look::Seen(Vec::new()),
    }
}

fn queues(waiting: u64, oldest_s: Option<u64>, of: DeadOf, messages: u64) -> Look<Queues> {
    let depth = Depth { queue: "ScoreQueue".to_owned(), waiting, oldest_s: Look::Seen(oldest_s) };
    let dead = Dead { name: "score".to_owned(), of, messages };
    Look::Seen(Queues { depths: vec![depth], dead: vec![dead] })
}

fn states(facts: &Facts) -> Vec<(&'static str, State)> {
    judge(facts).into_iter().map(|f| (f.check, f.state)).collect()
}

/// What is not well when something of a healthy deployment is otherwise.
fn wrong(change: impl FnOnce(&mut Facts)) -> Vec<(&'static str, State, String)> {
    let mut facts = healthy();
    change(&mut facts);
    let found = judge(&facts).into_iter().filter(|f| f.state != State::Well);
    found.map(|f| (f.check, f.state, f.what)).collect()
}

fn only(found: &[(&'static str, State, String)]) -> (&'static str, State) {
    assert_eq!(found.len(), 1, "{found:?}");
    (found[0].0, found[0].1)
}

fn violated(rule: Rule) -> Look<Audited> {
    let violations = [(rule.key().to_owned(), 3)].into();
    Look::Seen(Audited { violations, leads: 5 })
}

#[test]
fn all_is_well_and_each_check_says_so() {
    let checks = [
        "endpoint",
        "versions",
        "clock",
        "key",
        "playbook",
        "audit",
        "sweep",
        "dead letters",
        "queues",
        "alarms",
    ];
    assert_eq!(states(&healthy()), checks.map(|check| (check, State::Well)));
}

#[test]
fn each_thing_that_is_wrong_is_told_alone() {
    use State::{Doubtful, Wrong};
    let door = |status, version: &str, ahead_s| {
        let ahead = Some(SignedDuration::from_secs(ahead_s));
        Look::Seen(Door { status, version: Some(version.to_owned()), ahead })
    };
    let ours = env!("CARGO_PKG_VERSION");
    assert_eq!(only(&wrong(|f| f.door = door(200, "99.0.0", 0))), ("versions", Doubtful));
    assert_eq!(only(&wrong(|f| f.door = door(200, ours, 11))), ("clock", Doubtful));
    assert_eq!(only(&wrong(|f| f.door = door(200, ours, -301))), ("clock", Wrong));
    assert_eq!(only(&wrong(|f| f.key = Look::Seen(Key::Narrow))), ("key", Doubtful));
    let in_force = |errors: Vec<String>| Look::Seen(InForce::Read { name: "A".into(), errors, warnings: 0 });
    assert_eq!(only(&wrong(|f| f.playbook = in_force(vec!["x".into()]))), ("playbook", Wrong));
    let unreadable = Look::Seen(InForce::Unreadable { mistakes: 1 });
    assert_eq!(only(&wrong(|f| f.playbook = unreadable)), ("playbook", Doubtful));
    assert_eq!(only(&wrong(|f| f.audit = violated(Rule::WrongLoad))), ("audit", Wrong));
    assert_eq!(only(&wrong(|f| f.audit = violated(Rule::Overdue))), ("sweep", Wrong));
    let dead = |of| queues(0, Some(0), of, 2);
    assert_eq!(only(&wrong(|f| f.queues = dead(DeadOf::Messages))), ("dead letters", Wrong));
    assert_eq!(only(&wrong(|f| f.queues = dead(DeadOf::Ticks))), ("dead letters", Doubtful));
    let depth = |waiting, oldest| queues(waiting, oldest, DeadOf::Messages, 0);
    assert_eq!(only(&wrong(|f| f.queues = depth(1, Some(301)))), ("queues", Wrong));
    assert_eq!(only(&wrong(|f| f.queues = depth(1, Some(61)))), ("queues", Doubtful));
    assert_eq!(only(&wrong(|f| f.queues = depth(1, None))), ("queues", State::NotLooked));
    assert_eq!(wrong(|f| f.queues = depth(0, None)), []);
    let on = Look::Seen(vec![Alarm { name: "ErrorsAlarm".into(), reason: "crossed".into() }]);
    assert_eq!(only(&wrong(|f| f.alarms = on)), ("alarms", Wrong));
}

#[test]
fn a_key_that_is_refused_is_the_one_thing_that_is_wrong() {
    let refused = || Look::Failed("401".to_owned());
    let mut facts = healthy();
    facts.key = Look::Seen(Key::Refused);
    (facts.playbook, facts.audit) = (Look::Failed("401".to_owned()), refused());
    let found = judge(&facts);
    let bad: Vec<&str> = found.iter().filter(|f| f.state > State::NotLooked).map(|f| f.check).collect();
    assert_eq!(bad, ["key"]);
    assert!(found.iter().any(|f| f.fix.as_deref().is_some_and(|fix| fix.contains("keys create"))));
    // What does not need the key was looked at all the same.
    assert!(found.iter().any(|f| f.check == "dead letters" && f.state == State::Well));
}

#[test]
fn one_look_that_fails_hides_no_other() {
    let found = wrong(|f| f.alarms = Look::Failed("AccessDenied".to_owned()));
    assert_eq!(only(&found), ("alarms", State::Doubtful));
    let found = wrong(|f| {
        let silent = || "127.0.0.1 does not answer".to_owned();
        (f.door, f.key) = (Look::Failed(silent()), Look::Failed(silent()));
        (f.playbook, f.audit) = (Look::Failed(silent()), Look::Failed(silent()));
    });
    let told: Vec<_> = found.iter().filter(|f| f.1 > State::NotLooked).map(|f| (f.0, f.1)).collect();
    assert_eq!(told, [("endpoint", State::Wrong)], "{found:?}");
}

#[test]
fn whoever_is_not_signed_in_is_told_so_once_with_what_to_do() {
    let mut facts = healthy();
    (facts.queues, facts.alarms) = (Look::SignedOut, Look::SignedOut);
    let found = judge(&facts);
    let (worst, others): (Vec<_>, Vec<_>) =
        found.iter().filter(|f| f.state != State::Well).partition(|f| f.state == State::Doubtful);
    assert!(worst.len() == 1 && worst[0].check == "credentials", "{found:?}");
    assert!(worst[0].fix.as_deref().unwrap().contains("aws configure export-credentials"), "{found:?}");
    assert_eq!(others.iter().map(|f| f.check).collect::<Vec<_>>(), ["dead letters", "queues", "alarms"]);
    assert!(others.iter().all(|f| f.state == State::NotLooked));
}

#[test]
fn what_nobody_has_said_how_to_look_at_is_no_alarm() {
    let found = wrong(|f| {
        f.queues = Look::NotAsked("STACK");
        f.alarms = Look::NotAsked("STACK");
    });
    assert!(found.len() == 3 && found.iter().all(|f| f.1 == State::NotLooked), "{found:?}");
    let states = [State::Well, State::NotLooked, State::Doubtful, State::Wrong];
    assert_eq!(states.map(State::exit_status), [0, 0, 1, 2]);
}
