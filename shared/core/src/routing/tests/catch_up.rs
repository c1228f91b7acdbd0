//! What happens to the turns that went by during an absence: nothing, or so many extra turns a day until made whole.

use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;

fn pool_with(catch_up: CatchUp) -> Pool {
    Pool { catch_up, always_open: true, ..a_pool("{members: [anna, bruno, chloe]}") }
}

/// A pool, who is away, and what has happened so far.
struct Desk {
    pool: Pool,
    reps: BTreeMap<RepId, Rep>,
    snapshot: Snapshot,
    now: Timestamp,
}

impl Desk {
    fn new(catch_up: CatchUp) -> Self {
        let reps = reps(&["anna", "bruno", "chloe"]);
        Self { pool: pool_with(catch_up), reps, snapshot: Snapshot::default(), now: monday() }
    }

    fn away(&mut self, name: &str, away: bool) {
        let fresh = || RepState::new(rep(name));
        self.snapshot.reps.entry(rep(name)).or_insert_with(fresh).away = away;
    }

    /// Who is next, or nobody; and whether it was an extra turn.
    fn lead(&mut self) -> Option<(String, bool)> {
        let decision = decide(&self.pool, &self.reps, &calendars(), &self.snapshot, &[], self.now);
        let Outcome::Picked { record, pool, rep } = decision.outcome else { return None };
        self.snapshot.pool = pool;
        self.snapshot.reps.insert(record.rep_id.clone(), *rep);
        let extra = decision.fell_out.iter().any(|n| n.why == Ineligible::GivesWay);
        Some((record.rep_id.to_string(), extra))
    }

    fn leads(&mut self, n: usize) -> Vec<(String, bool)> {
        (0..n).filter_map(|_| self.lead()).collect()
    }

    fn owed(&self, name: &str) -> u64 {
        self.snapshot.pool.owed(&rep(name))
    }
}

#[test]
fn without_a_policy_what_went_by_is_gone() {
    let mut desk = Desk::new(CatchUp::None);
    desk.away("chloe", true);
    desk.leads(12);
    assert_eq!(desk.owed("chloe"), 0);
    desk.away("chloe", false);
    let next = desk.leads(6);
    assert_eq!(next.iter().filter(|(name, _)| name == "chloe").count(), 2, "a third, as before: {next:?}");
}

/// Twelve leads went by of which a third was hers: four extra turns, two a day.
#[test]
fn a_member_is_made_whole_by_so_many_extra_turns_a_day() {
    let mut desk = Desk::new(CatchUp::PerDay(2));
    desk.away("chloe", true);
    desk.leads(12);
    assert_eq!(desk.owed("chloe"), 4);
    desk.away("chloe", false);
    let deviations =
        |desk: &Desk| -> Vec<i64> { desk.snapshot.pool.members.values().map(|m| m.deviation).collect() };
    for day in 0..2 {
        desk.now = monday() + SignedDuration::from_hours(24 * day);
        let before = deviations(&desk);
        let extra = desk.leads(2);
        assert_eq!(extra, [("chloe".to_owned(), true), ("chloe".to_owned(), true)], "day {day}");
        assert_eq!(deviations(&desk), before, "an extra turn moves nobody's deviation");
        let ordinary = desk.leads(6);
        assert!(ordinary.iter().all(|(_, extra)| !extra), "{ordinary:?}");
        assert_eq!(ordinary.iter().filter(|(name, _)| name == "chloe").count(), 2, "{ordinary:?}");
    }
    assert_eq!(desk.owed("chloe"), 0);
    desk.now = monday() + SignedDuration::from_hours(24 * 9);
    assert!(desk.leads(9).iter().all(|(_, extra)| !extra), "made whole is made whole");
    assert!(desk.snapshot.pool.adds_up());
}

#[test]
fn whoever_is_owed_most_goes_first_and_nobody_is_owed_for_being_inactive_or_off_duty() {
    let mut desk = Desk::new(CatchUp::PerDay(1));
    desk.away("bruno", true);
    desk.leads(2);
    desk.away("chloe", true);
    desk.leads(6);
    // Bruno missed a third of two and of six, chloe a third of six.
    assert_eq!((desk.owed("bruno"), desk.owed("chloe")), (2, 2));
    desk.away("bruno", false);
    desk.away("chloe", false);
    assert_eq!(desk.lead(), Some(("bruno".to_owned(), true)));
    assert_eq!(desk.lead(), Some(("chloe".to_owned(), true)));
    assert_eq!(desk.lead().map(|(_, extra)| extra), Some(false));

    let mut desk = Desk::new(CatchUp::PerDay(5));
    if let Some(chloe) = desk.reps.get_mut(&rep("chloe")) {
        chloe.active = false;
    }
    desk.leads(9);
    assert_eq!(desk.owed("chloe"), 0, "whoever is not active misses nothing");

    // Nor for the hours, the caps and the languages that would have kept them from it anyhow.
    let evening = at("2026-11-23T18:00:00Z");
    let on_call = |extra: &str| Rep {
        calendar: CalendarId::parse("always").unwrap(),
        ..a_rep(&format!(", languages: [de]{extra}"))
    };
    let french = a_rep(", languages: [fr]");
    let cases = [
        ("off duty", a_rep(", languages: [de]"), 0),
        ("full", on_call(", caps: {open: 0}"), 0),
        ("of another language", Rep { languages: french.languages, ..on_call("") }, 0),
        ("there otherwise", on_call(""), 3),
    ];
    for (why, chloe, owed) in cases {
        let mut desk = Desk::new(CatchUp::PerDay(5));
        desk.pool.always_open = false;
        desk.now = evening;
        desk.snapshot.wanted.languages = on_call("").languages.into_iter().collect();
        desk.reps = [("anna", on_call("")), ("bruno", on_call("")), ("chloe", chloe)]
            .map(|(name, rep_of)| (rep(name), rep_of))
            .into();
        desk.away("chloe", true);
        assert_eq!((desk.leads(9).len(), desk.owed("chloe")), (9, owed), "{why}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn extra_turns_never_pass_what_is_owed_nor_the_days_limit(
        most in 1_u32..4,
        steps in prop::collection::vec((0_u8..8, 0_i64..4), 1..120),
    ) {
        let mut desk = Desk::new(CatchUp::PerDay(most));
        let mut extras: BTreeMap<(String, jiff::civil::Date), u32> = BTreeMap::new();
        let owed = |desk: &Desk| desk.snapshot.pool.members.values().map(|m| m.owed).sum::<i64>();
        for (present, quarters) in steps {
            desk.now += SignedDuration::from_hours(6 * quarters);
            let names = ["anna", "bruno", "chloe"];
            for (i, name) in names.iter().enumerate() {
                desk.away(name, present >> i & 1 == 0);
            }
            let here = present.count_ones();
            let before = owed(&desk);
            let Some((name, extra)) = desk.lead() else {
                prop_assert_eq!(here, 0);
                continue;
            };
            let moved = owed(&desk) - before;
            if extra {
                *extras.entry((name, berlin().local_date(desk.now))).or_default() += 1;
                prop_assert_eq!(moved, -TURN);
            } else {
                // Three equals: whoever is not there misses a third of a turn. With one there, an extra turn gives way
                // to nobody and looks like any other.
                let missed = TURN / 3 * i64::from(3 - here);
                prop_assert!(moved == missed || (here == 1 && moved == -TURN), "{} {}", moved, missed);
                if moved == -TURN {
                    *extras.entry((name, berlin().local_date(desk.now))).or_default() += 1;
                }
            }
            prop_assert!(desk.snapshot.pool.members.values().all(|m| m.owed >= 0));
            prop_assert!(desk.snapshot.pool.adds_up());
        }
        prop_assert!(extras.values().all(|n| *n <= most), "{extras:?}");
    }
}
