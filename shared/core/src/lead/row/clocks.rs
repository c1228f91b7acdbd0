//! The clocks in a row: a line each, since there are up to five and they have much in common.
//!
//! `kind status|policy|playbook|calendar|started|due|warn|step|next|round|held|tries|put|pauses`. Kind and status are a letter each.
//! Policy, playbook, calendar and start are empty where they are those of the line before. The start is in seconds since
//! the epoch, other instants in seconds since the start, and the next entry may be `w`, the warning, or `d`, the
//! deadline. A pause is `from+to`. What is zero or not there is empty, and cut off at the end.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{CalendarId, PlaybookVersion, RuleId};
use crate::sla::{Clock, ClockKind, ClockStatus};

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct ClockLines(Vec<String>);

const KINDS: [(ClockKind, char); 5] = [
    (ClockKind::Accept, 'a'),
    (ClockKind::FirstTouch, 'f'),
    (ClockKind::Attempts, 't'),
    (ClockKind::QualifiedBy, 'q'),
    (ClockKind::Stalled, 's'),
];

const STATUSES: [(ClockStatus, char); 5] = [
    (ClockStatus::Running, 'r'),
    (ClockStatus::Breached, 'b'),
    (ClockStatus::Met, 'm'),
    (ClockStatus::MetLate, 'l'),
    (ClockStatus::Cancelled, 'c'),
];

impl ClockLines {
    pub(super) fn of(clocks: &[Clock]) -> Self {
        let before = std::iter::once(None).chain(clocks.iter().map(Some));
        Self(clocks.iter().zip(before).map(|(clock, before)| line(clock, before)).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The clocks; `None` if a line is none.
    pub(super) fn read(&self) -> Option<Vec<Clock>> {
        let mut clocks: Vec<Clock> = Vec::with_capacity(self.0.len());
        for line in &self.0 {
            clocks.push(clock(line, clocks.last())?);
        }
        Some(clocks)
    }
}

fn line(clock: &Clock, before: Option<&Clock>) -> String {
    let since = |at: Timestamp| seconds(at.as_nanosecond() - clock.started_at.as_nanosecond());
    let other = |text: String, as_before: bool| if as_before { String::new() } else { text };
    let some = |number: u32| other(number.to_string(), number == 0);
    let next = match clock.next_at {
        None => String::new(),
        at if at == clock.warn_at => "w".to_owned(),
        Some(at) if at == clock.due_at => "d".to_owned(),
        Some(at) => since(at),
    };
    let letter = |kind: Option<char>| kind.map(String::from).unwrap_or_default();
    let kind = letter(KINDS.iter().find(|(kind, _)| *kind == clock.kind).map(|(_, letter)| *letter));
    let status = letter(STATUSES.iter().find(|(s, _)| *s == clock.status).map(|(_, letter)| *letter));
    let fields = [
        kind + &status,
        other(clock.policy.to_string(), before.is_some_and(|b| b.policy == clock.policy)),
        other(clock.playbook.to_string(), before.is_some_and(|b| b.playbook == clock.playbook)),
        other(clock.calendar.to_string(), before.is_some_and(|b| b.calendar == clock.calendar)),
        other(
            seconds(clock.started_at.as_nanosecond()),
            before.is_some_and(|b| b.started_at == clock.started_at),
        ),
        since(clock.due_at),
        clock.warn_at.map(since).unwrap_or_default(),
        some(clock.step),
        next,
        some(clock.round),
        some(clock.held_s),
        clock.tries.iter().map(|at| since(*at)).collect::<Vec<_>>().join(","),
        clock.put_at.map(since).unwrap_or_default(),
        clock.pauses.iter().map(|(from, to)| since(*from) + "+" + &since(*to)).collect::<Vec<_>>().join(","),
    ];
    fields.join("|").trim_end_matches('|').to_owned()
}

fn clock(line: &str, before: Option<&Clock>) -> Option<Clock> {
    let mut fields = line.split('|');
    let mut next = || fields.next().unwrap_or_default();
    let mut letters = next().chars();
    let (kind, status) = (letters.next()?, letters.next()?);
    let kind = KINDS.iter().find(|(_, letter)| *letter == kind).map(|(kind, _)| *kind)?;
    let status = STATUSES.iter().find(|(_, letter)| *letter == status).map(|(status, _)| *status)?;
    let policy = match next() {
        "" => before?.policy.clone(),
        name => RuleId::parse(name).ok()?,
    };
    let playbook = match next() {
        "" => before?.playbook,
        number => PlaybookVersion(number.parse().ok()?),
    };
    let calendar = match next() {
        "" => before?.calendar.clone(),
        name => CalendarId::parse(name).ok()?,
    };
    let started_at = match next() {
        "" => before?.started_at,
        seconds => instant(seconds, 0)?,
    };
    let since = |text: &str| instant(text, started_at.as_nanosecond());
    let perhaps = |text: &str| if text.is_empty() { Some(None) } else { since(text).map(Some) };
    let pause = |text: &str| text.split_once('+').and_then(|(from, to)| since(from).zip(since(to)));
    let number = |text: &str| if text.is_empty() { Some(0) } else { text.parse().ok() };
    let (due_at, warn_at) = (since(next())?, perhaps(next())?);
    let clock = Clock {
        kind,
        policy,
        playbook,
        calendar,
        started_at,
        due_at,
        warn_at,
        step: number(next())?,
        next_at: match next() {
            "w" => Some(warn_at?),
            "d" => Some(due_at),
            text => perhaps(text)?,
        },
        status,
        round: number(next())?,
        held_s: number(next())?,
        tries: next().split(',').filter(|text| !text.is_empty()).map(since).collect::<Option<_>>()?,
        put_at: perhaps(next())?,
        pauses: next().split(',').filter(|text| !text.is_empty()).map(pause).collect::<Option<_>>()?,
    };
    (letters.next().is_none() && fields.next().is_none()).then_some(clock)
}

const SECOND: i128 = 1_000_000_000;

/// Nanoseconds as seconds, with as many decimals as it takes.
fn seconds(nanoseconds: i128) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let (whole, rest) = (nanoseconds.abs() / SECOND, nanoseconds.abs() % SECOND);
    let text = format!("{sign}{whole}.{rest:09}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn nanoseconds(seconds: &str) -> Option<i128> {
    let (sign, digits) = seconds.strip_prefix('-').map_or((1, seconds), |digits| (-1, digits));
    let (whole, rest) = digits.split_once('.').unwrap_or((digits, ""));
    let are_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || rest.len() > 9 || !are_digits(whole) || !are_digits(rest) {
        return None;
    }
    let rest: i128 = format!("{rest:0<9}").parse().ok()?;
    let whole: i128 = whole.parse().ok()?;
    Some(sign * whole.checked_mul(SECOND)?.checked_add(rest)?)
}

fn instant(seconds: &str, since: i128) -> Option<Timestamp> {
    Timestamp::from_nanosecond(nanoseconds(seconds)?.checked_add(since)?).ok()
}
