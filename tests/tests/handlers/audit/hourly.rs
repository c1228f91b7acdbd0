//! The hourly audit: what it looks at each time, how it gets round, what it costs, what it tells.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use leadline_audit::{SHARE, metrics};
use leadline_core::audit::{Invariant, Rule};
use leadline_core::ids::LeadId;
use leadline_core::lead::{Lead, Stage};
use leadline_runtime::embedded::Meter;
use leadline_store::leads::lead_item;
use leadline_store::{Key, Write};
use leadline_tests::calm::{Calm, logged};
use serde_json::json;

use super::super::scene::secs;
use super::peopled;

const FOUR_MINUTES: SignedDuration = SignedDuration::from_mins(4);

fn spoil(calm: &Calm, mut lead: Lead) -> LeadId {
    lead.touches += 1;
    calm.twin().write_now(Write::Put { item: lead_item(&lead).unwrap(), only_if: None }).unwrap();
    lead.lead_id
}

fn mend(calm: &Calm, lead_id: &LeadId) {
    let mut lead = calm.leads().into_iter().find(|l| l.lead_id == *lead_id).unwrap();
    lead.touches -= 1;
    calm.twin().write_now(Write::Put { item: lead_item(&lead).unwrap(), only_if: None }).unwrap();
}

#[test]
fn a_healthy_world_counts_nothing_and_says_so() {
    let calm = peopled();
    let (run, log) = logged(|| calm.hourly_audit(FOUR_MINUTES));
    assert_eq!(run.findings.total(), 0, "{:?}", run.findings.violations);
    let line = metrics(&Meter::of("calm"), &run);
    assert_eq!(line["AuditViolations"], 0);
    for invariant in Invariant::ALL {
        assert_eq!(line[invariant.count_name()], 0);
    }
    assert!(!log.contains("\"ERROR\""), "{log}");
    // Every lead is new, so all were looked at as changed and all again by the pass over everything.
    let leads = calm.leads().len() as u64;
    assert_eq!(line["AuditedLeads"], 2 * leads);
    assert_eq!(run.progress.pass_ended_at, Some(run.as_of));
}

#[test]
fn what_was_wrong_is_looked_at_every_hour_until_it_is_mended() {
    let calm = peopled();
    calm.stop_ticks(true);
    calm.purge();
    // Closed, so that time alone makes nothing worse.
    let closed = calm.leads().into_iter().find(|l| l.stage == Stage::Won).unwrap();
    let wrong = spoil(&calm, closed);
    let hours: Vec<usize> = (0..4)
        .map(|hour| {
            if hour == 3 {
                mend(&calm, &wrong);
            }
            let run = calm.hourly_audit(FOUR_MINUTES);
            assert_eq!(run.progress.suspects.contains(&wrong), hour < 3);
            calm.advance(secs(3_600));
            run.findings.by_rule().get(&Rule::MiscountedTouches).map_or(0, BTreeSet::len)
        })
        .collect();
    assert_eq!(hours, [1, 1, 1, 0]);
}

/// A world with so many leads in nurturing, all told, and nothing to do for a month.
fn sleeping(leads: usize) -> Calm {
    let calm = Calm::default();
    for n in 0..leads {
        calm.submitted("demo", &json!({ "email": format!("p{n}@firm.example"), "wish": "look" }));
    }
    calm.run_queues();
    // The updated index goes by the hour.
    calm.advance(secs(3 * 3_600));
    calm
}

#[test]
fn time_that_runs_out_is_gone_on_with_in_the_next_hour_and_nobody_is_left_out() {
    let calm = peopled();
    calm.stop_ticks(true);
    calm.purge();
    // The touches of a merged lead count elsewhere, those of an erased one nowhere.
    let here = calm.leads().into_iter().filter(|l| !l.stage.is_final());
    let all: BTreeSet<LeadId> = here.map(|l| spoil(&calm, l)).collect();
    // Each read takes as long as there is: no run gets further than the pages it must look at.
    let clock = calm.clone();
    calm.before_reads(move || clock.advance(secs(1)));
    let mut seen = BTreeSet::new();
    let mut runs = 0;
    while seen != all {
        runs += 1;
        assert!(runs < 60, "{} of {} leads after {runs} runs", seen.len(), all.len());
        let run = calm.hourly_audit(secs(1));
        let touched = run.findings.by_rule().remove(&Rule::MiscountedTouches).unwrap_or_default();
        seen.extend(touched.iter().map(|id| LeadId::parse(id).unwrap()));
    }
    assert!(runs > 1, "one run was enough, so this shows nothing");
}

#[test]
fn changes_behind_an_unfinished_look_are_for_the_next_one() {
    let calm = sleeping(40);
    let first = calm.hourly_audit(FOUR_MINUTES);
    assert!(first.progress.changed_place.is_none());
    let began = calm.now();
    // Changes on every shard, and a run that stops early.
    for n in 0..40 {
        calm.submitted("demo", &json!({ "email": format!("p{n}@firm.example"), "wish": "read" }));
    }
    calm.run_queues();
    let clock = calm.clone();
    calm.before_reads(move || clock.advance(secs(1)));
    let unfinished = calm.hourly_audit(secs(1)).progress;
    calm.undisturbed();
    assert!(unfinished.changed_place.is_some());
    // It goes on, and the look after it begins again where the unfinished one began, not where that ended.
    calm.advance(secs(3_600));
    let finished = calm.hourly_audit(FOUR_MINUTES).progress;
    assert!(finished.changed_place.is_none());
    assert!(finished.changed_since.unwrap() <= unfinished.changed_began_at.unwrap());
    assert!(finished.changed_since.unwrap() >= began - secs(600));
}

#[test]
fn an_hour_costs_what_changed_and_a_fixed_share_however_many_leads_are_stored() {
    let cost = |leads: usize| {
        let calm = sleeping(leads);
        // The first run has everything to look at as changed; from the second on only the share is left.
        calm.hourly_audit(FOUR_MINUTES);
        calm.advance(secs(3_600));
        let (before, calls) = (calm.twin().units(), calm.twin().calls());
        let run = calm.hourly_audit(FOUR_MINUTES);
        let used = calm.twin().units().since(before);
        let seen = run.findings.checked.leads;
        assert_eq!(run.findings.total(), 0);
        assert_eq!(seen, leads as u64);
        assert!(used.write <= 2, "{used:?}");
        let queries = calm.twin().calls().query - calls.query;
        println!("{leads} leads: {} read units, {} writes, {queries} queries", used.read(), used.write);
        used.read()
    };
    let (some, more) = (cost(100), cost(400));
    let per_lead = (more - some) / 300.0;
    println!("{per_lead} read units a lead; {} for the share of an hour", per_lead * SHARE as f64);
    assert!(per_lead <= 5.0, "{per_lead}");
    // Reps, pools and the row of progress.
    let fixed = some - 100.0 * per_lead;
    assert!(fixed <= 40.0, "{fixed}");
}

#[test]
fn a_lead_with_a_long_life_costs_little_more() {
    let calm = peopled();
    let before = calm.twin().units();
    let run = calm.hourly_audit(FOUR_MINUTES);
    let used = calm.twin().units().since(before);
    let per_lead = used.read() / run.findings.checked.leads as f64;
    println!("{per_lead} read units a lead, reps and pools included");
    assert!(per_lead <= 5.0, "{per_lead}");
}

#[test]
fn a_row_of_progress_from_elsewhere_is_begun_anew() {
    let calm = peopled();
    let key = Key::new("AUDIT", "PROGRESS");
    calm.hourly_audit(FOUR_MINUTES);
    let mut row = calm.twin().peek(&key).unwrap();
    row.insert("pass_place".to_owned(), leadline_store::AttributeValue::S("elsewhere".to_owned()));
    calm.twin().write_now(Write::Put { item: row, only_if: None }).unwrap();
    let run = calm.hourly_audit(FOUR_MINUTES);
    assert_eq!(run.progress.pass_ended_at, Some(run.as_of));
}
