//! What the facts mean: one finding or more for each look, in words, with what to do.

use jiff::SignedDuration;
use leadline_core::audit::Rule;
use serde::Serialize;

use super::facts::{Audited, Dead, DeadOf, Depth, Door, Facts, InForce, Key, Look};
use crate::failure::SIGN_IN;

/// How bad something is. The order is that of the exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// As it should be.
    Well,
    /// Nobody has said how to look.
    NotLooked,
    /// It may be wrong, or could not be seen.
    Doubtful,
    /// It is wrong.
    Wrong,
}

impl State {
    /// The convention of monitoring programs: 0 well, 1 a warning, 2 critical.
    pub(super) fn exit_status(self) -> u8 {
        match self {
            State::Well | State::NotLooked => 0,
            State::Doubtful => 1,
            State::Wrong => 2,
        }
    }

    /// For people.
    pub(super) fn word(self) -> &'static str {
        match self {
            State::Well => "well",
            State::NotLooked => "not looked at",
            State::Doubtful => "doubtful",
            State::Wrong => "WRONG",
        }
    }
}

/// One thing that is well or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    /// What was looked at.
    pub(super) check: &'static str,
    pub(super) state: State,
    /// What was seen.
    pub(super) what: String,
    /// What to do about it.
    pub(super) fix: Option<String>,
}

fn well(check: &'static str, what: impl Into<String>) -> Finding {
    Finding { check, state: State::Well, what: what.into(), fix: None }
}

fn bad(check: &'static str, state: State, what: impl Into<String>, fix: impl Into<String>) -> Finding {
    Finding { check, state, what: what.into(), fix: Some(fix.into()) }
}

fn not_looked(check: &'static str, why: impl Into<String>) -> Finding {
    Finding { check, state: State::NotLooked, what: why.into(), fix: None }
}

/// Clocks that are less apart than this are not worth a word: the header is cut to the second and travels.
const SAME: SignedDuration = SignedDuration::from_secs(10);
/// AWS refuses requests that were signed further off than this.
const REFUSED: SignedDuration = SignedDuration::from_mins(5);
/// When `WaitingAlarm` goes off, in seconds.
const TOO_OLD_S: u64 = 300;
/// A wake-up is picked up within a second; after so many the sweep has sent it again.
const OLD_S: u64 = 60;
/// What keeps everybody from looking into AWS.
const NO_CREDENTIALS: &str = "there are no AWS credentials in the environment";
/// What the audit counts when nothing visits what is due.
const OF_THE_SWEEP: [Rule; 2] = [Rule::Overdue, Rule::Lingering];

/// Judges everything that was looked at.
pub(super) fn judge(facts: &Facts) -> Vec<Finding> {
    let mut findings = of_door(&facts.door);
    let closed = match (&facts.door, &facts.key) {
        (Look::Failed(_), _) => Some("the API does not answer"),
        (_, Look::Seen(Key::Refused)) => Some("the key opens nothing"),
        _ => None,
    };
    findings.push(key(&facts.key, closed));
    findings.extend(seen("playbook", &facts.playbook, closed, playbook));
    findings.extend(seen("audit", &facts.audit, closed, audit));
    findings.extend(seen("sweep", &facts.audit, closed, sweep));
    if facts.queues == Look::SignedOut {
        findings.push(bad("credentials", State::Doubtful, NO_CREDENTIALS, SIGN_IN));
    }
    findings.extend(seen("dead letters", &facts.queues, None, |queues| dead_letters(&queues.dead)));
    findings.extend(seen("queues", &facts.queues, None, |queues| of_queues(&queues.depths)));
    findings.extend(seen("alarms", &facts.alarms, None, |on| {
        if on.is_empty() {
            return vec![well("alarms", "none is on")];
        }
        let one = |alarm: &super::facts::Alarm| {
            let what = format!("{} is on: {}", alarm.name, alarm.reason);
            bad("alarms", State::Wrong, what, "see the table of alarms in ARCHITECTURE.md")
        };
        on.iter().map(one).collect()
    }));
    findings
}

/// Judges what was seen; says it when nothing was.
fn seen<T>(
    check: &'static str,
    look: &Look<T>,
    closed: Option<&str>,
    judge: impl FnOnce(&T) -> Vec<Finding>,
) -> Vec<Finding> {
    vec![match (look, closed) {
        (Look::Seen(seen), _) => return judge(seen),
        (Look::NotAsked(name), _) => not_looked(check, format!("{name} is not set")),
        (Look::SignedOut, _) => not_looked(check, NO_CREDENTIALS),
        (Look::Failed(_), Some(closed)) => not_looked(check, closed),
        // What failed says what to do.
        (Look::Failed(why), None) => Finding { check, state: State::Doubtful, what: why.clone(), fix: None },
    }]
}

fn of_door(door: &Look<Door>) -> Vec<Finding> {
    let Look::Seen(door) = door else {
        return vec![match door {
            Look::Failed(why) => {
                Finding { check: "endpoint", state: State::Wrong, what: why.clone(), fix: None }
            }
            _ => not_looked("endpoint", "API_URL is not set"),
        }];
    };
    if door.status != 200 {
        let what = format!("the API's description is answered with status {}", door.status);
        return vec![bad(
            "endpoint",
            State::Wrong,
            what,
            "check API_URL; `leadctl tail --function crm` tells more",
        )];
    }
    vec![well("endpoint", "answers"), version(door), skew(door.ahead)]
}

fn version(door: &Door) -> Finding {
    let ours = env!("CARGO_PKG_VERSION");
    match door.version.as_deref() {
        Some(theirs) if theirs == ours => well("versions", format!("leadctl and deployment are both {ours}")),
        theirs => bad(
            "versions",
            State::Doubtful,
            format!("leadctl is {ours}, the deployment {}", theirs.unwrap_or("does not say")),
            "use the leadctl of the release that is deployed",
        ),
    }
}

fn skew(ahead: Option<SignedDuration>) -> Finding {
    let Some(ahead) = ahead else {
        return not_looked("clock", "the API does not say what time it is");
    };
    let (by, way) = (ahead.abs(), if ahead.is_negative() { "behind" } else { "ahead of" });
    if by < SAME {
        return well("clock", "this machine's agrees with the API's");
    }
    let what = format!("this machine's is {} s {way} the API's", by.as_secs());
    let state = if by < REFUSED { State::Doubtful } else { State::Wrong };
    bad("clock", state, what, "set it by NTP; AWS refuses requests signed more than five minutes off")
}

fn key(key: &Look<Key>, closed: Option<&str>) -> Finding {
    match key {
        Look::Seen(Key::Good) => well("key", "opens the API"),
        Look::Seen(Key::Refused) => bad(
            "key",
            State::Wrong,
            "the API does not take this API_KEY",
            "make one with `leadctl keys create --name SUBJECT --scopes all` and set API_KEY to it",
        ),
        Look::Seen(Key::Narrow) => bad(
            "key",
            State::Doubtful,
            "this API_KEY may not read leads",
            "use one with the scope leads:read; `leadctl keys list` shows what each may do",
        ),
        other => {
            let mut found = seen("key", other, closed, |_| Vec::new());
            found.pop().unwrap_or_else(|| not_looked("key", "nothing was seen"))
        }
    }
}

fn playbook(in_force: &InForce) -> Vec<Finding> {
    vec![match in_force {
        InForce::Unreadable { mistakes } => bad(
            "playbook",
            State::Doubtful,
            format!("this leadctl finds {mistakes} mistakes in the one in force"),
            "`leadctl playbook show > FILE; leadctl playbook validate FILE` lists them; leadctl may be older than it",
        ),
        InForce::Read { name, errors, warnings } if errors.is_empty() => {
            well("playbook", format!("{name} has no errors and {warnings} warnings"))
        }
        InForce::Read { name, errors, .. } => bad(
            "playbook",
            State::Wrong,
            format!("{name} has {} errors, the first at {}", errors.len(), errors[0]),
            "`leadctl playbook show > FILE; leadctl lint FILE` says what to do about each",
        ),
    }]
}

fn is_of_the_sweep(rule: &str) -> bool {
    OF_THE_SWEEP.iter().any(|of| of.key() == rule)
}

fn audit(audited: &Audited) -> Vec<Finding> {
    // What is due and not visited has a finding of its own.
    let others = audited.violations.iter().filter(|(rule, _)| !is_of_the_sweep(rule));
    let counts: Vec<String> =
        others.map(|(rule, count)| format!("{count} {}", rule.trim_end_matches("_violations"))).collect();
    if counts.is_empty() {
        let what = format!("no violations among {} leads that changed within the hour", audited.leads);
        return vec![well("audit", what)];
    }
    vec![bad(
        "audit",
        State::Wrong,
        format!("violations: {}", counts.join(", ")),
        "`leadctl audit` lists their ids; ARCHITECTURE.md says what each means and what to do",
    )]
}

/// Nobody can ask a schedule from outside whether it runs. But what it does not visit is overdue.
fn sweep(audited: &Audited) -> Vec<Finding> {
    let overdue: u64 =
        audited.violations.iter().filter(|(rule, _)| is_of_the_sweep(rule)).map(|(_, count)| count).sum();
    if overdue == 0 {
        return vec![well("sweep", "nothing is overdue")];
    }
    vec![bad(
        "sweep",
        State::Wrong,
        format!("{overdue} leads are overdue: it does not run, or fails on them"),
        "`leadctl tail --function escalate --since 10m --level warn`; without any lines look at the schedule's rule",
    )]
}

fn dead_letters(dead: &[Dead]) -> Vec<Finding> {
    let held: Vec<Finding> = dead
        .iter()
        .filter(|end| end.messages > 0)
        .map(|Dead { name, of, messages }| match of {
            DeadOf::Messages => bad(
                "dead letters",
                State::Wrong,
                format!("{messages} of {name}"),
                format!(
                    "`leadctl redrive {name} --dry-run` shows ids, `leadctl tail --lead ID` why; then `leadctl redrive {name}`"
                ),
            ),
            DeadOf::Ticks => bad(
                "dead letters",
                State::Doubtful,
                format!("{messages} ticks of a schedule were missed"),
                format!("find out why, then `leadctl redrive {name}` deletes them: the next tick did their work"),
            ),
        })
        .collect();
    if held.is_empty() { vec![well("dead letters", "none")] } else { held }
}

fn of_queues(depths: &[Depth]) -> Vec<Finding> {
    let bad_ones: Vec<Finding> = depths.iter().filter_map(depth).collect();
    if !bad_ones.is_empty() {
        return bad_ones;
    }
    let waiting: u64 = depths.iter().map(|d| d.waiting).sum();
    vec![well("queues", format!("{waiting} wake-ups wait, none for long"))]
}

/// What is wrong with a queue, if anything. CloudWatch has no age of a queue that nobody uses.
fn depth(depth: &Depth) -> Option<Finding> {
    let Depth { queue, waiting, oldest_s } = depth;
    let slow =
        "`leadctl tail --level warn` shows whether its function fails; the dashboard whether it is held back";
    match oldest_s {
        Look::Seen(Some(age)) if *age > TOO_OLD_S => {
            Some(bad("queues", State::Wrong, format!("a message in {queue} has waited for {age} s"), slow))
        }
        Look::Seen(Some(age)) if *age > OLD_S => {
            Some(bad("queues", State::Doubtful, format!("a message in {queue} has waited for {age} s"), slow))
        }
        Look::Seen(None) if *waiting > 0 => {
            let what = format!("{waiting} wait in {queue}, and nobody publishes for how long");
            Some(not_looked("queues", what))
        }
        Look::Failed(why) => {
            Some(Finding { check: "queues", state: State::Doubtful, what: why.clone(), fix: None })
        }
        Look::Seen(_) | Look::NotAsked(_) | Look::SignedOut => None,
    }
}

#[cfg(test)]
mod tests;
