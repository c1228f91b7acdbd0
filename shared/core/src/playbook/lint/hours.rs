//! Hours: when nobody works, and which deadlines pass meanwhile.
//!
//! Weeks are looked at without holidays, and the days of a year with them. Gaps are those of a pool together with the
//! pools that it overflows to.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use super::people::entries;
use super::words::{length, listed, percent};
use super::{Code, Finding};
use crate::calendar::{Calendar, Span};
use crate::condition::{Answer, Condition, Question, Solver};
use crate::ids::PoolId;
use crate::playbook::Playbook;
use crate::playbook::countable::SHORTER;
use crate::routing::{Duty, ReferenceWeek, on_duty};
use crate::sla::ClockKind;

/// A calendar that stays shut longer than this is worth a word.
const LONG: SignedDuration = SignedDuration::from_hours(10 * 24);

/// How far deadlines by the clock are followed beyond the week.
const AHEAD: i64 = 4 * 7 * 24 * 3600;

pub(super) fn found(playbook: &Playbook, now: Timestamp) -> Vec<Finding> {
    let mut found = calendars(playbook, now);
    let used: BTreeSet<&PoolId> = entries(playbook).into_iter().map(|(_, pool)| pool).collect();
    for pool in used {
        found.extend(empty(playbook, pool, now));
    }
    found.extend(fallback(playbook, now));
    found.extend(deadlines(playbook, now));
    found
}

fn calendars(playbook: &Playbook, now: Timestamp) -> Vec<Finding> {
    let mut found = Vec::new();
    for (id, calendar) in playbook.calendars() {
        let place = format!("calendars.{id}");
        let today = calendar.local_date(now);
        match calendar.next_open(now) {
            Some(open) if open.duration_since(now) > LONG => found.push(Finding::new(
                Code::OpensLate,
                &place,
                format!("it does not open before {}", calendar.local_date(open)),
                "mend its weekly hours or holidays, or make those who work by it inactive",
            )),
            _ => {}
        }
        match calendar.holidays().next_back() {
            Some(last) if last < today => found.push(Finding::new(
                Code::HolidaysPast,
                format!("{place}.holidays"),
                format!("all holidays are past; the last was {last}, so every day to come counts as worked"),
                "add the holidays of this year and the next",
            )),
            None if !is_never_shut(calendar, now) => found.push(Finding::new(
                Code::NoHolidays,
                format!("{place}.holidays"),
                "it has no holidays, so deadlines run and leads are offered on public holidays, too",
                "add the public holidays of the region, or leave it so if people work on them",
            )),
            _ => {}
        }
    }
    found
}

fn is_never_shut(calendar: &Calendar, now: Timestamp) -> bool {
    let to = now + SignedDuration::from_hours(7 * 24);
    on_duty([calendar], now, to).iter().all(|duty| duty.members > 0)
}

/// The active members of a pool or of it and the pools it overflows to, by calendar, without holidays.
fn weekly(playbook: &Playbook, pools: &[&PoolId]) -> Vec<Calendar> {
    let members = pools.iter().flat_map(|pool| playbook.active_members(pool));
    members.map(|(_, calendar)| calendar.without_holidays()).collect()
}

/// Whether one of the pools takes leads at any hour.
fn is_always_open(playbook: &Playbook, pools: &[&PoolId]) -> bool {
    pools.iter().any(|pool| {
        let is_open = playbook.doc().pools.get(*pool).is_some_and(|p| p.always_open);
        is_open && playbook.active_members(pool).next().is_some()
    })
}

fn gaps(duties: &[Duty]) -> impl Iterator<Item = &Duty> {
    duties.iter().filter(|duty| duty.members == 0)
}

fn empty(playbook: &Playbook, pool: &PoolId, now: Timestamp) -> Option<Finding> {
    let chain = playbook.overflow_chain(pool);
    let first = chain.iter().flat_map(|pool| playbook.active_members(pool)).next()?.1;
    if is_always_open(playbook, &chain) {
        return None;
    }
    let zone = first.zone().clone();
    let week = ReferenceWeek::after(now, zone.clone())?;
    let (from, to) = week.bounds();
    let calendars = weekly(playbook, &chain);
    let duties = on_duty(&calendars, from, to);
    let nobody = match chain.as_slice() {
        [_] => format!("nobody of pool {pool} works"),
        [_, rest @ ..] => format!("nobody of pool {pool} works, nor of {}", listed(rest, 3)),
        [] => return None,
    };
    let place = format!("pools.{pool}");
    let fix = "add members who work then, name an overflow that is covered, or leave it so: leads wait for the next opening";
    let seconds: i64 = gaps(&duties).map(|gap| gap.seconds()).sum();
    if seconds > 0 {
        let what = format!(
            "{nobody} {} ({}): {} of the week",
            when(&duties, &week),
            zone.iana_name().unwrap_or("UTC"),
            length(seconds)
        );
        return Some(Finding::new(Code::PoolEmpty, place, what, fix));
    }
    // Covered in the week to come; clock changes in two regions and holidays may yet open a gap.
    let year = to + SignedDuration::from_hours(366 * 24);
    let with_holidays: Vec<&Calendar> =
        chain.iter().flat_map(|pool| playbook.active_members(pool)).map(|(_, c)| c).collect();
    let duties = on_duty(with_holidays, from, year);
    let dates: BTreeSet<Date> = gaps(&duties).map(|gap| zone.to_datetime(gap.from).date()).collect();
    (!dates.is_empty()).then(|| {
        let what =
            format!("{nobody} at some hours of {}, though the ordinary week is covered", listed(dates, 6));
        let fix = "let somebody work then, or leave it so: leads wait for the next opening";
        Finding::new(Code::EmptyOnSomeDays, place, what, fix)
    })
}

/// Leads that wait for a pool to open come to the fallback first, if that is sooner.
fn fallback(playbook: &Playbook, now: Timestamp) -> Option<Finding> {
    let fallback = playbook.doc().routing.fallback.as_ref()?;
    let after = fallback.due_at(now).as_second() - now.as_second();
    let entries: BTreeSet<&PoolId> = entries(playbook).into_iter().map(|(_, pool)| pool).collect();
    let waits = entries.iter().filter(|pool| !is_always_open(playbook, &playbook.overflow_chain(pool)));
    let (pool, longest, share) = waits
        .filter_map(|pool| shorter(playbook, pool, after, now))
        .max_by_key(|(_, longest, _)| *longest)?;
    let comes = if after == 0 { "at once".to_owned() } else { format!("after {}", length(after)) };
    let what = format!(
        "{} of the leads of pool {pool} that arrive evenly over the week come to {}: the fallback comes {comes}, and \
         nobody of the pool and its overflow works for up to {}",
        percent(share, 1_000),
        fallback.rep,
        length(longest)
    );
    let fix = format!(
        "let it come `after` {} or more, or leave it so if {} answers in those hours",
        length(longest),
        fallback.rep
    );
    Some(Finding::new(Code::FallbackBeforeOpening, "routing.fallback", what, fix))
}

/// The empty hours of a week: days with the same hours together, such as `Mon–Fri 00:00–09:00 and 17:00–24:00`.
fn when(duties: &[Duty], week: &ReferenceWeek) -> String {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let days: Vec<String> = week.dates().iter().map(|date| hours(duties, *date, week.zone())).collect();
    let mut parts = Vec::new();
    let mut first = 0;
    for day in 0..7 {
        if days.get(day + 1) == Some(&days[day]) {
            continue;
        }
        let span =
            if first == day { DAYS[day].to_owned() } else { format!("{}–{}", DAYS[first], DAYS[day]) };
        if !days[day].is_empty() {
            parts.push(format!("{span} {}", days[day]));
        }
        first = day + 1;
    }
    parts.join(", ")
}

fn hours(duties: &[Duty], date: Date, zone: &TimeZone) -> String {
    let start = |date: Date| zone.to_ambiguous_timestamp(date.at(0, 0, 0, 0)).compatible().ok();
    let (Some(from), Some(to)) = (start(date), start(date.saturating_add(1.day()))) else {
        return String::new();
    };
    let clock = |at: Timestamp| {
        if at == to { "24:00".to_owned() } else { zone.to_datetime(at).strftime("%H:%M").to_string() }
    };
    let today = gaps(duties).filter(|gap| gap.from < to && from < gap.to);
    let shown: Vec<String> =
        today.map(|gap| format!("{}–{}", clock(gap.from.max(from)), clock(gap.to.min(to)))).collect();
    match shown.as_slice() {
        [all] if all == "00:00–24:00" => "all day".to_owned(),
        _ => listed(shown, 6),
    }
}

/// Which pools leads of a policy can enter: the solver rules out what cannot meet.
fn entered(playbook: &Playbook) -> Vec<BTreeSet<&PoolId>> {
    let doc = playbook.doc();
    let always = Condition::All(Vec::new());
    let routes = doc.routing.routes.iter().map(|route| &route.when);
    let policies = doc.sla.iter().map(|policy| policy.when.as_ref().unwrap_or(&always));
    let solver = Solver::over(routes.chain(policies));
    let count = doc.routing.routes.len();
    let pools = |policy: usize| {
        let before = (count..count + policy).collect::<Vec<_>>();
        let possible = |route: Option<usize>| {
            let holds = route.into_iter().chain([count + policy]).collect();
            let fails = (0..route.unwrap_or(count)).chain(before.iter().copied()).collect();
            solver.ask(&Question { holds, fails, given: Vec::new() }) != Answer::Impossible
        };
        let routed =
            doc.routing.routes.iter().enumerate().filter(|(i, _)| possible(Some(*i))).map(|(_, r)| &r.pool);
        routed.chain(possible(None).then_some(&doc.routing.otherwise)).collect()
    };
    (0..doc.sla.len()).map(pools).collect()
}

fn deadlines(playbook: &Playbook, now: Timestamp) -> Vec<Finding> {
    let untimed = playbook.uncountable(now).into_iter();
    let mut found: Vec<Finding> = untimed
        .map(|clock| {
            let what = format!("{} (for {})", clock.what, listed(clock.reps.iter(), 5));
            Finding::new(Code::ClockCannotRun, clock.place, what, SHORTER)
        })
        .collect();
    for (i, (policy, entries)) in playbook.doc().sla.iter().zip(entered(playbook)).enumerate() {
        for (clock, rules) in
            ClockKind::ALL.into_iter().filter_map(|clock| Some((clock, policy.rules(clock)?)))
        {
            let place = format!("sla[{i}].{}.within", clock.name());
            let chain: BTreeSet<&PoolId> =
                entries.iter().flat_map(|pool| playbook.overflow_chain(pool)).collect();
            match rules.within {
                Span::Elapsed(0) => {}
                Span::Elapsed(seconds) if clock == ClockKind::Accept => {
                    let lapses =
                        chain.iter().filter_map(|pool| lapses(playbook, pool, i64::from(seconds), now));
                    found.extend(lapsing(&place, rules.within, &lapses.collect::<Vec<_>>()));
                }
                Span::Elapsed(seconds) if clock == ClockKind::FirstTouch => {
                    let short =
                        entries.iter().filter_map(|pool| shorter(playbook, pool, i64::from(seconds), now));
                    found.extend(too_short(&place, rules.within, &short.collect::<Vec<_>>()));
                }
                // The others begin with somebody who works on the lead.
                Span::Elapsed(_) => {}
                // Working time is told of when it cannot be counted.
                Span::BusinessTime(_) | Span::BusinessDays(_) => {}
            }
        }
    }
    found
}

/// The pool, and the seconds of offers that lapse off duty out of those in which offers are made.
type Share<'p> = (&'p PoolId, i64, i64);

/// Offers are made while somebody works (or always): which fall due while nobody of the pool does?
fn lapses<'p>(playbook: &'p Playbook, pool: &&'p PoolId, within: i64, now: Timestamp) -> Option<Share<'p>> {
    let calendars = weekly(playbook, &[*pool]);
    let zone = playbook.active_members(pool).next()?.1.zone().clone();
    let (from, to) = ReferenceWeek::after(now, zone)?.bounds();
    let within = within.min(AHEAD);
    let duties = on_duty(&calendars, from, to + SignedDuration::from_secs(within));
    let always = playbook.doc().pools.get(*pool).is_some_and(|p| p.always_open);
    let second = |at: Timestamp| at.as_second();
    let (from, to) = (second(from), second(to));
    let offered: Vec<(i64, i64)> = if always {
        vec![(from, to)]
    } else {
        duties.iter().filter(|d| d.members > 0).map(|d| (second(d.from), second(d.to).min(to))).collect()
    };
    let all: i64 = offered.iter().map(|(a, b)| (b - a).max(0)).sum();
    let shared = |gap: &Duty| -> i64 {
        // Offers that fall due in this gap were made so much earlier.
        let (first, last) = (second(gap.from) - within, second(gap.to) - within);
        offered.iter().map(|(a, b)| (last.min(*b) - first.max(*a)).max(0)).sum()
    };
    let lost = gaps(&duties).map(shared).sum();
    (lost > 0).then_some((*pool, lost, all))
}

fn lapsing(place: &str, within: Span, shares: &[Share<'_>]) -> Option<Finding> {
    let (pool, lost, all) = shares.iter().max_by_key(|(_, lost, all)| (lost * 1_000 / all.max(&1), *lost))?;
    let others = shares.len() - 1;
    let more = if others == 0 { String::new() } else { format!(" (and of {others} other pools)") };
    let what = format!(
        "{} of the offers to pool {pool}{more} lapse while nobody of the pool works: {} by the clock goes on at night",
        percent(*lost, *all),
        within.human()
    );
    let fix = format!("write {{business: {}}}, or let somebody of the pool work on", within.iso());
    Some(Finding::new(Code::LapsesOffDuty, place, what, fix))
}

/// Leads arrive at any time: which are due before anybody has worked?
fn shorter<'p>(
    playbook: &'p Playbook,
    pool: &&'p PoolId,
    within: i64,
    now: Timestamp,
) -> Option<(&'p PoolId, i64, i64)> {
    let chain = playbook.overflow_chain(pool);
    let calendars = weekly(playbook, &chain);
    let zone = chain.iter().flat_map(|pool| playbook.active_members(pool)).next()?.1.zone().clone();
    let (from, to) = ReferenceWeek::after(now, zone)?.bounds();
    let week = to.as_second() - from.as_second();
    // Two weeks, so that a gap over the end of the first is whole.
    let duties = on_duty(&calendars, from, to + SignedDuration::from_secs(week));
    let longest = gaps(&duties).map(|gap| gap.seconds()).max()?;
    let lost: i64 = gaps(&duties)
        .filter(|gap| gap.from < to)
        .map(|gap| (gap.seconds() - within).max(0).min(to.as_second() - gap.from.as_second()))
        .sum();
    (lost > 0).then_some((*pool, longest, lost * 1_000 / week.max(1)))
}

fn too_short(place: &str, within: Span, pools: &[(&PoolId, i64, i64)]) -> Option<Finding> {
    let (pool, longest, share) = pools.iter().max_by_key(|(_, longest, _)| *longest)?;
    let what = format!(
        "{} by the clock is shorter than the {} in which nobody works who gets leads of pool {pool}: {} of the leads that \
         arrive evenly over the week are late before anybody could have called",
        within.human(),
        length(*longest),
        percent(*share, 1_000)
    );
    let fix = format!("write {{business: {}}}, or cover those hours", within.iso());
    Some(Finding::new(Code::ShorterThanGap, place, what, fix))
}
