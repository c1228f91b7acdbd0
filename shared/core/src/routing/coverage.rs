//! Coverage: how many members of a pool work at each hour of a week.
//!
//! Counted to the second from the calendars, holidays and clock changes included; what only the day shows (absences,
//! presence, caps) is left out. The least number within an hour is what exposes a gap of ten minutes.

use jiff::civil::{Date, Weekday};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, ToSpan as _};

use crate::calendar::{Calendar, Stretch};
use crate::ids::PoolId;
use crate::playbook::Playbook;

/// A stretch of time in which the same number of members work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duty {
    /// Its first instant.
    pub from: Timestamp,
    /// The instant after its last.
    pub to: Timestamp,
    /// How many work.
    pub members: u32,
}

impl Duty {
    /// Its length in seconds.
    pub fn seconds(self) -> i64 {
        self.to.as_second() - self.from.as_second()
    }
}

/// How many of these calendars are open in `from..to`: without holes, neighbours differ.
pub fn on_duty<'c>(
    calendars: impl IntoIterator<Item = &'c Calendar>,
    from: Timestamp,
    to: Timestamp,
) -> Vec<Duty> {
    let members = calendars.into_iter().map(|calendar| calendar.stretches(from, to));
    count(members, from, to)
}

fn count(members: impl Iterator<Item = Vec<Stretch>>, from: Timestamp, to: Timestamp) -> Vec<Duty> {
    let mut changes: Vec<(Timestamp, i64)> =
        members.flatten().flat_map(|s| [(s.from, 1), (s.to, -1)]).collect();
    changes.sort_unstable();
    let mut pieces: Vec<Duty> = Vec::new();
    let (mut reached, mut working) = (from, 0);
    for (at, change) in changes.into_iter().chain([(to, 0)]) {
        if reached < at {
            let members = u32::try_from(working).unwrap_or(0);
            match pieces.last_mut().filter(|last| last.members == members) {
                Some(last) => last.to = at,
                None => pieces.push(Duty { from: reached, to: at, members }),
            }
            reached = at;
        }
        working += change;
    }
    pieces
}

/// A week from Monday to Sunday on the wall clocks of a zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceWeek {
    monday: Date,
    zone: TimeZone,
}

impl ReferenceWeek {
    /// The week that holds a date. `None` at the very ends of the calendar.
    pub fn of(date: Date, zone: TimeZone) -> Option<Self> {
        let monday = date.checked_sub(i32::from(date.weekday().to_monday_zero_offset()).days()).ok()?;
        monday.checked_add(8.days()).ok()?;
        Some(Self { monday, zone })
    }

    /// The first whole week after `now`: the one that begins with the next Monday.
    pub fn after(now: Timestamp, zone: TimeZone) -> Option<Self> {
        let date = zone.to_datetime(now).date();
        Self::of(date.nth_weekday(1, Weekday::Monday).ok()?, zone)
    }

    /// A zone by its IANA name, from the database in the binary.
    pub fn zone_named(name: &str) -> Option<TimeZone> {
        TimeZoneDatabase::bundled().get(name).ok().filter(|zone| !zone.is_unknown())
    }

    /// Its Monday.
    pub fn monday(&self) -> Date {
        self.monday
    }

    /// The zone.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Its days, Monday first.
    pub fn dates(&self) -> [Date; 7] {
        std::array::from_fn(|day| self.date(day))
    }

    /// The first instant and the one after the last.
    pub fn bounds(&self) -> (Timestamp, Timestamp) {
        (self.instant(0, 0), self.instant(7, 0))
    }

    fn date(&self, day: usize) -> Date {
        // Eight days were tried when it was made.
        self.monday.saturating_add(i64::try_from(day).unwrap_or(0).days())
    }

    /// When the wall clock comes to a full hour: of a time that is left out the later instant, of one that occurs twice
    /// the earlier, so that an hour which is repeated is twice as long and one that is left out is empty.
    fn instant(&self, day: usize, hour: i8) -> Timestamp {
        let (day, hour) = if hour == 24 { (day + 1, 0) } else { (day, hour) };
        let wall = self.date(day).at(hour, 0, 0, 0);
        self.zone.to_ambiguous_timestamp(wall).compatible().unwrap_or(Timestamp::MAX)
    }
}

/// One hour of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct HourCover {
    /// The fewest members on duty at any moment of it.
    pub least: u32,
    /// The most.
    pub most: u32,
    /// Member-seconds on duty; by 3600 they are the average of an hour.
    pub member_seconds: i64,
    /// Seconds in which nobody of the pool is on duty.
    pub empty_seconds: i64,
    /// Seconds in which nobody of the pool and of the pools that it overflows to is on duty.
    pub uncovered_seconds: i64,
    /// How long the hour is: 3600, but for clock changes.
    pub seconds: i64,
}

/// The coverage of one pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// The pool.
    pub pool: PoolId,
    /// Its active members.
    pub members: u32,
    /// Where its leads go when nobody can take them, in order.
    pub overflow: Vec<PoolId>,
    /// Monday first, 24 hours each; `None` for an hour that a clock change leaves out.
    pub days: Vec<[Option<HourCover>; 24]>,
}

impl Coverage {
    /// Of every pool, in the order of their names.
    pub fn of(playbook: &Playbook, week: &ReferenceWeek) -> Vec<Coverage> {
        playbook.doc().pools.keys().map(|pool| Coverage::of_pool(playbook, pool, week)).collect()
    }

    fn of_pool(playbook: &Playbook, pool_id: &PoolId, week: &ReferenceWeek) -> Coverage {
        let chain = playbook.overflow_chain(pool_id);
        let (from, to) = week.bounds();
        let own = taking(playbook, &chain[..1], from, to);
        let all = taking(playbook, &chain, from, to);
        let days = (0..7).map(|day| {
            std::array::from_fn(|hour| {
                let hour = i8::try_from(hour).unwrap_or(0);
                hour_cover(&own, &all, week.instant(day, hour), week.instant(day, hour + 1))
            })
        });
        let members = playbook.active_members(pool_id).count();
        Coverage {
            pool: pool_id.clone(),
            members: u32::try_from(members).unwrap_or(u32::MAX),
            overflow: chain[1..].iter().map(|pool| (*pool).clone()).collect(),
            days: days.collect(),
        }
    }

    /// The most members on duty at any moment of the week.
    pub fn most(&self) -> u32 {
        self.hours().map(|hour| hour.most).max().unwrap_or(0)
    }

    /// Seconds of the week in which nobody of the pool is on duty, and those in which nobody is who it overflows to
    /// either.
    pub fn empty_seconds(&self) -> (i64, i64) {
        let hours = || self.hours();
        (hours().map(|h| h.empty_seconds).sum(), hours().map(|h| h.uncovered_seconds).sum())
    }

    fn hours(&self) -> impl Iterator<Item = &HourCover> {
        self.days.iter().flatten().flatten()
    }
}

/// How many members of these pools can take a lead: those who work, and in a pool that is always open all who are
/// active. A member of several pools is one person.
fn taking(playbook: &Playbook, pools: &[&PoolId], from: Timestamp, to: Timestamp) -> Vec<Duty> {
    let mut members: std::collections::BTreeMap<_, Vec<Stretch>> = std::collections::BTreeMap::new();
    for pool_id in pools {
        let always = playbook.doc().pools.get(*pool_id).is_some_and(|pool| pool.always_open);
        for (rep_id, calendar) in playbook.active_members(pool_id) {
            let open = if always { vec![Stretch { from, to }] } else { calendar.stretches(from, to) };
            let known = members.entry(rep_id).or_default();
            if always || known.is_empty() {
                *known = open;
            }
        }
    }
    count(members.into_values(), from, to)
}

fn hour_cover(own: &[Duty], all: &[Duty], from: Timestamp, to: Timestamp) -> Option<HourCover> {
    if from >= to {
        return None;
    }
    let within = |pieces: &[Duty]| -> Vec<Duty> {
        let cut =
            |duty: &Duty| Duty { from: duty.from.max(from), to: duty.to.min(to), members: duty.members };
        // Sorted, so only those around the hour are looked at.
        let first = pieces.partition_point(|duty| duty.to <= from);
        pieces[first..].iter().take_while(|duty| duty.from < to).map(cut).collect()
    };
    let empty = |pieces: &[Duty]| pieces.iter().filter(|d| d.members == 0).map(|d| d.seconds()).sum();
    let (own, all) = (within(own), within(all));
    Some(HourCover {
        least: own.iter().map(|duty| duty.members).min()?,
        most: own.iter().map(|duty| duty.members).max()?,
        member_seconds: own.iter().map(|duty| i64::from(duty.members) * duty.seconds()).sum(),
        empty_seconds: empty(&own),
        uncovered_seconds: empty(&all),
        seconds: to.as_second() - from.as_second(),
    })
}

#[cfg(test)]
mod tests;
