//! `leadctl coverage`: how many people of each pool work at each hour of a week.

mod svg;

use std::fmt::Write as _;
use std::io::Write;
use std::process::ExitCode;

use jiff::Timestamp;
use jiff::civil::Date;
use leadline_core::routing::{Coverage, HourCover, ReferenceWeek};
use serde_json::{Value, json};

use crate::arguments;
use crate::failure::Failure;
use crate::lint::open;
use crate::screen::{bold, on_colour, plain, styled};

/// The days as rows are labelled, Monday first.
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// What the cells mean.
const LEGEND: [&str; 3] = [
    "A number is the fewest members on duty at any moment of that hour.",
    "+ not always the pool, but then one it overflows to;  ~ somebody for a part of the hour;  · nobody;  - no such hour.",
    "Holidays and clock changes count; absences, presence and caps do not.",
];

/// Runs `leadctl coverage`.
pub(crate) fn run(
    wanted: &arguments::Coverage,
    now: Timestamp,
    out: &mut impl Write,
) -> Result<ExitCode, Failure> {
    let playbook = match open(&wanted.file, wanted.json, out)? {
        Ok(playbook) => playbook,
        Err(status) => return Ok(status),
    };
    let zone = wanted.zone.clone();
    let week = match wanted.week.or(wanted.from) {
        Some(date) => ReferenceWeek::of(date, zone),
        None => ReferenceWeek::after(now, zone),
    };
    let week = week.ok_or(Failure::NoSuchWeek)?;
    for (id, calendar) in playbook.calendars() {
        let days = week.dates().map(|date| date.to_zoned(week.zone().clone()).map(|day| day.timestamp()));
        for day in days.into_iter().flatten() {
            calendar
                .knows(day, day)
                .map_err(|fault| Failure::Uncounted { calendar: id.to_string(), fault })?;
        }
    }
    let pools = Coverage::of(&playbook, &week);
    if let Some(file) = &wanted.svg {
        let drawn = svg::drawn(&playbook.doc().playbook, &week, &pools);
        std::fs::write(file, drawn).map_err(|error| Failure::Written { path: file.clone(), error })?;
    }
    if wanted.json {
        writeln!(out, "{}", numbers(&week, &pools))?;
    } else {
        write!(out, "{}", shown(&week, &pools, styled()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// `2026-W49 (30 November to 6 December 2026), UTC`.
fn heading(week: &ReferenceWeek) -> String {
    let day = |date: Date| date.strftime("%-d %B %Y").to_string();
    let [first, .., last] = week.dates();
    let zone = week.zone().iana_name().unwrap_or("UTC");
    format!("{} ({} to {}), {zone}", iso(week), day(first), day(last))
}

fn iso(week: &ReferenceWeek) -> String {
    let number = week.monday().iso_week_date();
    format!("{:04}-W{:02}", number.year(), number.week())
}

/// What stands in a cell.
fn cell(hour: Option<&HourCover>) -> String {
    match hour {
        None => "-".to_owned(),
        Some(hour) if hour.least > 0 => hour.least.to_string(),
        Some(hour) if hour.uncovered_seconds == 0 => "+".to_owned(),
        Some(hour) if hour.uncovered_seconds < hour.seconds => "~".to_owned(),
        Some(_) => "·".to_owned(),
    }
}

/// How an hour is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heat {
    /// There is no such hour.
    NoHour,
    /// Nobody.
    Nobody,
    /// Somebody for a part of it.
    Partly,
    /// Those that it overflows to.
    Overflow,
    /// Members, from few (0) to as many as ever (4).
    Members(usize),
}

impl Heat {
    fn of(hour: Option<&HourCover>, most: u32) -> Self {
        match hour {
            None => Heat::NoHour,
            Some(hour) if hour.least > 0 => {
                Heat::Members((hour.least as usize * 4 / most.max(1) as usize).min(4))
            }
            Some(hour) if hour.uncovered_seconds == 0 => Heat::Overflow,
            Some(hour) if hour.uncovered_seconds < hour.seconds => Heat::Partly,
            Some(_) => Heat::Nobody,
        }
    }

    /// Ground and ink out of the 256 colours of terminals.
    fn terminal(self) -> (u8, u8) {
        match self {
            Heat::NoHour => (231, 240),
            Heat::Nobody => (224, 88),
            Heat::Partly => (223, 94),
            Heat::Overflow => (255, 240),
            Heat::Members(share) => [(195, 16), (153, 16), (110, 16), (32, 231), (25, 231)][share],
        }
    }

    /// Ground and ink of the picture; words stay readable on each.
    fn picture(self) -> (&'static str, &'static str) {
        const SHADES: [(&str, &str); 5] = [
            ("#d6e6f4", "#1b2733"),
            ("#abd0e6", "#1b2733"),
            ("#6aaed6", "#10202e"),
            ("#2b7bba", "#ffffff"),
            ("#0b4f8f", "#ffffff"),
        ];
        match self {
            Heat::NoHour => ("#ffffff", "#44515c"),
            Heat::Nobody => ("#f8d7d4", "#7a1712"),
            Heat::Partly => ("#fde7c4", "#6b4300"),
            Heat::Overflow => ("#eceff1", "#44515c"),
            Heat::Members(share) => SHADES[share],
        }
    }
}

/// `emea: 3 members, then inbound-desk; nobody for 128 of 168 hours`.
fn about(pool: &Coverage) -> String {
    let mut text =
        format!("{}: {} member{}", pool.pool, pool.members, if pool.members == 1 { "" } else { "s" });
    if !pool.overflow.is_empty() {
        let names: Vec<&str> = pool.overflow.iter().map(|pool| pool.as_str()).collect();
        let _ = write!(text, ", then {}", names.join(", "));
    }
    let (_, uncovered) = pool.empty_seconds();
    let week: i64 = pool.days.iter().flatten().flatten().map(|hour| hour.seconds).sum();
    match uncovered {
        0 => text.push_str("; never without anybody"),
        _ => {
            let _ = write!(text, "; nobody for {} of {} hours", decimal(uncovered), decimal(week));
        }
    }
    text
}

/// Seconds as hours with at most two decimals, cut.
fn decimal(seconds: i64) -> String {
    let hundredths = seconds / 36;
    let text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn shown(week: &ReferenceWeek, pools: &[Coverage], styled: bool) -> String {
    let mut text = format!("{}\n", bold(&heading(week), styled));
    for pool in pools {
        let _ = writeln!(text, "\n{}", bold(&plain(&about(pool)), styled));
        let hours: Vec<String> = (0..24).map(|hour| format!("{hour:02}")).collect();
        let _ = writeln!(text, "     {}", hours.join(" "));
        for (name, hours) in DAYS.iter().zip(&pool.days) {
            let _ = write!(text, "{name}  ");
            for hour in hours {
                let shown = format!("{:>2} ", cell(hour.as_ref()));
                let (ground, ink) = Heat::of(hour.as_ref(), pool.most()).terminal();
                text.push_str(&on_colour(&shown, ground, ink, styled));
            }
            text.truncate(text.trim_end_matches(' ').len());
            text.push('\n');
        }
    }
    let _ = writeln!(text, "\n{}", LEGEND.join("\n"));
    text
}

fn numbers(week: &ReferenceWeek, pools: &[Coverage]) -> Value {
    let pools: Vec<Value> = pools
        .iter()
        .map(|pool| {
            let days: Vec<Value> = DAYS
                .iter()
                .zip(week.dates())
                .zip(&pool.days)
                .map(
                    |((day, date), hours)| json!({ "day": day.to_lowercase(), "date": date, "hours": hours }),
                )
                .collect();
            let (empty, uncovered) = pool.empty_seconds();
            json!({
                "pool": pool.pool, "members": pool.members, "overflow": pool.overflow,
                "empty_seconds": empty, "uncovered_seconds": uncovered, "days": days,
            })
        })
        .collect();
    json!({ "week": iso(week), "from": week.monday(), "zone": week.zone().iana_name(), "pools": pools })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn covers(json: bool, week: Option<&str>, zone: &str) -> String {
        let wanted = arguments::Coverage {
            file: Path::new(env!("CARGO_MANIFEST_DIR")).join("../playbooks/acme.yaml"),
            zone: ReferenceWeek::zone_named(zone).unwrap(),
            week: week.map(|date| date.parse().unwrap()),
            from: None,
            svg: None,
            json,
        };
        let mut out = Vec::new();
        run(&wanted, "2026-11-25T12:00:00Z".parse().unwrap(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_week_of_which_the_public_holidays_are_not_known_is_not_shown_as_work() {
        let wanted = arguments::Coverage {
            file: Path::new(env!("CARGO_MANIFEST_DIR")).join("../playbooks/acme.yaml"),
            zone: ReferenceWeek::zone_named("UTC").unwrap(),
            week: Some("2040-12-24".parse().unwrap()),
            from: None,
            svg: None,
            json: false,
        };
        let mut out = Vec::new();
        let failed = run(&wanted, "2026-11-25T12:00:00Z".parse().unwrap(), &mut out).unwrap_err();
        assert!(failed.to_string().starts_with("calendar "), "{failed}");
        assert!(out.is_empty());
    }

    #[test]
    fn the_sample_in_the_terminal() {
        let text = covers(false, None, "Europe/Berlin");
        assert!(
            text.starts_with("2026-W49 (30 November 2026 to 6 December 2026), Europe/Berlin\n"),
            "{text}"
        );
        let emea = text.split("\n\n").find(|part| part.starts_with("emea: ")).unwrap();
        let expected = "emea: 3 members, then inbound-desk; never without anybody
     00 01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 20 21 22 23
Mon   +  +  +  +  +  +  +  +  +  3  3  3  3  3  3  3  3  +  +  +  +  +  +  +
Tue   +  +  +  +  +  +  +  +  +  3  3  3  3  3  3  3  3  +  +  +  +  +  +  +
Wed   +  +  +  +  +  +  +  +  +  3  3  3  3  3  3  3  3  +  +  +  +  +  +  +
Thu   +  +  +  +  +  +  +  +  +  3  3  3  3  3  3  3  3  +  +  +  +  +  +  +
Fri   +  +  +  +  +  +  +  +  +  3  3  3  3  3  3  3  3  +  +  +  +  +  +  +
Sat   +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +
Sun   +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +  +";
        assert_eq!(emea, expected);
        assert!(text.lines().all(|line| line.chars().count() <= 120));
        assert!(!text.contains('\u{1b}'), "nobody looks");
    }

    #[test]
    fn where_somebody_looks_it_is_coloured_and_says_the_same() {
        let zone = ReferenceWeek::zone_named("Europe/Berlin").unwrap();
        let week = ReferenceWeek::of("2026-11-30".parse().unwrap(), zone).unwrap();
        let pools = Coverage::of(&leadline_core::playbook::Playbook::bundled(), &week);
        let coloured = shown(&week, &pools, true);
        assert!(coloured.contains("\u{1b}[48;5;25;38;5;231m 3 \u{1b}[0m"), "{coloured:?}");
        let mut words = String::new();
        for (at, part) in coloured.split('\u{1b}').enumerate() {
            words.push_str(if at == 0 { part } else { part.split_once('m').unwrap().1 });
        }
        let words: Vec<&str> = words.lines().map(str::trim_end).collect();
        assert_eq!(words, shown(&week, &pools, false).lines().collect::<Vec<_>>());
    }

    #[test]
    fn few_are_pale_and_as_many_as_ever_are_dark() {
        let hour = HourCover {
            least: 1,
            most: 8,
            member_seconds: 1,
            empty_seconds: 0,
            uncovered_seconds: 0,
            seconds: 3600,
        };
        let heat = |least| Heat::of(Some(&HourCover { least, ..hour }), 8);
        assert_eq!([1, 2, 4, 6, 8].map(heat), [0, 1, 2, 3, 4].map(Heat::Members));
        assert_eq!(heat(0), Heat::Overflow);
        assert_eq!(Heat::of(None, 8), Heat::NoHour);
    }

    #[test]
    fn the_numbers_as_json() {
        let json: Value = serde_json::from_str(&covers(true, Some("2026-12-23"), "Europe/Berlin")).unwrap();
        assert_eq!((&json["week"], &json["from"]), (&"2026-W52".into(), &"2026-12-21".into()));
        assert_eq!(json["zone"], "Europe/Berlin");
        let pools = json["pools"].as_array().unwrap();
        let emea = pools.iter().find(|pool| pool["pool"] == "emea").unwrap();
        let hour = |day: usize, hour: usize| &emea["days"][day]["hours"][hour];
        // Christmas Eve until noon, Christmas not at all; an ordinary day until 17:30.
        assert_eq!(
            (&emea["days"][3]["day"], &emea["days"][3]["date"]),
            (&"thu".into(), &"2026-12-24".into())
        );
        assert_eq!((&hour(3, 11)["least"], &hour(3, 12)["most"]), (&3.into(), &0.into()));
        assert_eq!(hour(4, 10)["empty_seconds"], 3600);
        let half = json!({"least": 0, "most": 3, "member_seconds": 5400, "empty_seconds": 1800, "uncovered_seconds": 0, "seconds": 3600});
        assert_eq!(hour(0, 17), &half);
        assert_eq!(emea["overflow"], json!(["inbound-desk"]));
    }

    #[test]
    fn cells_and_hours() {
        let hour = HourCover {
            least: 0,
            most: 1,
            member_seconds: 60,
            empty_seconds: 3540,
            uncovered_seconds: 3540,
            seconds: 3600,
        };
        assert_eq!(cell(None), "-");
        assert_eq!(cell(Some(&hour)), "~");
        assert_eq!(cell(Some(&HourCover { uncovered_seconds: 3600, ..hour })), "·");
        assert_eq!(cell(Some(&HourCover { uncovered_seconds: 0, ..hour })), "+");
        assert_eq!(cell(Some(&HourCover { least: 12, ..hour })), "12");
        assert_eq!(
            (decimal(3600), decimal(460_800), decimal(600)),
            ("1".into(), "128".into(), "0.16".into())
        );
    }
}
