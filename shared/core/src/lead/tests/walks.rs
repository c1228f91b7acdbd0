//! Laws that hold on every way through the table, walked at random through the real methods.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::identity;
use crate::lead::samples::{
    always, assignment, call, captured, card, contact, playbooks, pool, profile, rep, rules_of, submission,
    visitor,
};
use crate::playbook::Rejection;
use crate::qualification::Verdict;
use crate::recycling::Return;
use crate::sla::{ClockKind, ContactDirection, ContactOutcome};
use crate::submission::VerdictKind;

const DAY: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);

/// Every transition that the lead can make now, in a fixed order.
fn ways(lead: &Lead, now: Timestamp, fresh: u8) -> Vec<Lead> {
    let step = &step(now);
    let held = lead.owner.as_ref().map_or_else(|| rep("anna"), |o| o.rep_id.clone());
    let soon = now + jiff::SignedDuration::from_hours(1);
    let reason = || "because".to_owned();
    let mut found: Vec<Option<Lead>> = Vec::new();

    let facts = |lead: &Lead| (lead.profile.clone(), vec!["title".to_owned()], Vec::new());
    let (profile_now, fields, providers) = facts(lead);
    let lookup = Some(Lookup { at: soon, attempts: 1 });
    let findings = Findings { fields, providers, ..Findings::default() };
    found.push(lead.enriched(profile_now.clone(), findings.clone(), lookup, step).ok());
    found.push(lead.facts_added(profile_now, findings, None, step).ok());
    for verdict in [Verdict::Qualified, Verdict::Nurturing, Verdict::Disqualified("veto".into())] {
        found.push(lead.scored(&card(50, 50), &verdict, step).ok());
    }
    let untried =
        ["anna", "bruno", "chloe", "dan", "ella"].into_iter().find(|n| !lead.tried.contains(&rep(n)));
    if let Some(name) = untried {
        let to = assignment(lead, name, now);
        found.push(lead.offered(&to, step).ok());
        if let Some(clock) = lead.clocks.first() {
            found.push(lead.reassigned(&to, clock, step).ok());
        }
    }
    for reason in [ParkReason::NobodyEligible, ParkReason::Stuck] {
        found.push(lead.parked(&pool(), reason, soon, step).ok());
    }
    let mut said = vec![
        Answer::Accept { rep_id: held.clone() },
        Answer::Qualify { rep_id: held.clone(), checklist: Default::default() },
        Answer::Recycle { reason: reason(), wake_at: soon },
        Answer::Disqualify { reason: reason() },
        Answer::Pause { rep_id: held.clone(), reason: reason(), until: soon },
        Answer::Resume { rep_id: held.clone() },
        Answer::Win,
        Answer::Lose { reason: reason() },
        Answer::Unpark,
        call(held.as_str(), now),
        call(held.as_str(), lead.received_at),
        contact(held.as_str(), ContactDirection::Outbound, ContactOutcome::Automated, now),
    ];
    for means in [Rejection::Reroute, Rejection::Disqualify, Rejection::Recycle] {
        said.push(Answer::Reject { rep_id: held.clone(), reason: reason(), means });
    }
    let playbooks = playbooks();
    found.extend(said.iter().map(|answer| lead.answered_under(answer, &playbooks, step).ok()));
    found.push(lead.pause_over(&playbooks, step).ok());
    found.push(lead.released(step).ok());
    found.push(lead.merged(&LeadId::from_bits([2; 16]), step).ok());
    found.push(lead.woken(&Return::on_date(now), step).ok());
    found.push(lead.sent_for_review(step).ok());
    for name in ["anna", "bruno"].into_iter().filter(|n| *n != held.as_str()) {
        let taken_up = lead.unpaused(&playbooks, now).unwrap();
        found.push(taken_up.handed_over(&assignment(&taken_up, name, now), "territory", step).ok());
    }
    if let Some(at) = lead.forget_at {
        found.push(lead.forgotten(vec![submission(fresh, now).submission_id], Some(at + DAY), step).ok());
    }
    // Late, so that there is something to erase.
    if fresh >= 50 {
        found.push(lead.erased(&ErasureId::from_bits([fresh; 16]), step).ok());
    }
    let mut joins = submission(fresh, now);
    let joined = identity::join(lead, &joins, &profile("ada@acme.example"), step).ok();
    found.push(joined.map(|lead| lead.kept_until(Some(now + DAY))));
    joins.visitor = Some(visitor(7));
    found.push(identity::join(lead, &joins, &profile("ada@acme.example"), step).ok());
    for clock in lead.clocks.iter().filter(|c| c.next_at.is_some()) {
        let next = clock.stepped(&rules_of(clock.kind), &always()).unwrap();
        found.push(lead.breached(next.clone(), step).ok());
        found.push(lead.reminded(next.clone(), step).ok());
        found.push(lead.manager_told(next.clone(), step).ok());
        found.push(lead.overtaken(next.clone(), step).ok());
        found.push(lead.nobody_left(next, step).ok());
        found.push(lead.returned(clock.kind, clock.step + 1, step).ok());
    }
    if !lead.wake_ups().is_empty() {
        found.push(lead.redriven(step).ok());
    }
    let owed: Vec<String> = lead.effects.iter().map(|e| e.id.clone()).collect();
    found.push(lead.notified(&owed, lead.version, step).ok());
    found.push(lead.notified(&owed[..owed.len().min(1)], lead.published, step).ok());
    found.into_iter().flatten().collect()
}

/// Every instant of a timer of the lead, listed once more by hand.
fn timers(lead: &Lead) -> Vec<Timestamp> {
    let mut timers: Vec<Timestamp> = lead.clocks.iter().filter_map(|clock| clock.next_at).collect();
    timers.extend(lead.wake_at);
    timers.extend(lead.forget_at);
    timers.extend(lead.watchdog.as_ref().map(|watchdog| watchdog.at));
    timers.extend(lead.lookup.as_ref().map(|lookup| lookup.at));
    timers.extend(lead.paused.as_ref().map(|pause| pause.until));
    timers
}

fn check_row(lead: &Lead) {
    let word = lead.stage.name();
    let row = serde_json::to_value(lead).unwrap();
    assert_eq!(&serde_json::from_value::<Lead>(row.clone()).unwrap(), lead, "the stored form says it all");

    assert_eq!(lead.due_at(), timers(lead).into_iter().min(), "one due time: the earliest timer");
    let on_its_way = ["received", "enriched", "scored"].contains(&word);
    let to_score = lead.score_due && !["merged", "erased"].contains(&word);
    let owed = on_its_way || to_score || !lead.effects.is_empty() || lead.published < lead.to_publish;
    assert_eq!(lead.watchdog.is_some(), owed, "a watchdog runs exactly while something is owed: {word}");

    let held = ["offered", "accepted", "working", "qualified"].contains(&word);
    assert_eq!(lead.held_by().is_some(), held, "{word}");
    assert!(!held || lead.owner.is_some(), "{word}");
    assert_eq!(lead.parked.is_some(), word == "parked");
    assert_eq!(lead.wake_at.is_some(), ["parked", "recycled", "nurturing"].contains(&word), "{word}");
    let climbing = lead.clocks.iter().any(|c| c.next_at.is_some());
    assert!(!climbing || held, "a ladder nobody can climb at {word}");
    let waits = lead.exact_due_at().is_some();
    assert!(!held || waits, "{word}: whoever holds a lead has a due time");
    assert!(lead.paused.is_none() || (held && !climbing), "a paused lead climbs no ladder: {word}");
    for kind in ClockKind::ALL {
        assert!(lead.clocks.iter().filter(|c| c.kind == kind).count() <= 1);
    }

    let tried: BTreeSet<_> = lead.tried.iter().collect();
    assert_eq!(tried.len(), lead.tried.len(), "nobody is tried twice");
    assert!(lead.offers as usize >= lead.tried.len(), "a person may name the same rep again");
    let ids: BTreeSet<_> = lead.effects.iter().map(|e| &e.id).collect();
    assert_eq!(ids.len(), lead.effects.len(), "an effect stands once in the row");
    assert!(lead.published <= lead.version && lead.to_publish <= lead.version);
}

fn check_transition(before: &Lead, after: &Lead, now: Timestamp, causes: &mut BTreeMap<String, EffectKind>) {
    assert_eq!(after.version, before.version + 1);
    let event = &after.last_event;
    assert_eq!((event.seq, event.at, event.stage), (after.version, now, after.stage));
    assert_eq!(after.updated_at, now);
    assert_eq!(event.kind.domain_name().is_some(), after.to_publish == after.version);
    assert!(!event.kind.summary().is_empty() && event.kind.name() != "changed");
    let erased = after.stage == Stage::Erased;
    assert!(!before.stage.is_final() || after.stage == before.stage || erased, "final is final");
    assert!(before.stage != Stage::Erased || erased, "erased stays erased");
    if erased {
        assert!(after.due_at() == after.watchdog.as_ref().map(|w| w.at), "nothing but what is to be told");
        assert!(!format!("{after:?}{}", serde_json::to_string(after).unwrap()).contains("acme.example"));
    }
    assert!(
        after.cycle == before.cycle
            || (after.cycle == before.cycle + 1
                && (before.stage == Stage::Recycled
                    || before.is_in_review()
                    || after.stage == Stage::Nurturing))
    );
    for effect in &after.effects {
        let told = causes.entry(effect.id.clone()).or_insert_with(|| effect.kind.clone());
        assert_eq!(*told, effect.kind, "one id, one cause");
        let cycle = effect.id.split('.').nth(1).unwrap().parse::<u32>().unwrap();
        let again = Effect::new(&after.lead_id, cycle, effect.kind.clone());
        assert_eq!(again.id, effect.id, "the id follows from lead, cycle and cause");
        assert!(cycle <= after.cycle && effect.id.is_ascii());
    }
}

fn walk(spam: bool, picks: &[(u16, u16)], mut visit: impl FnMut(&Lead)) {
    let mut lead = captured(if spam { VerdictKind::Spam } else { VerdictKind::Clean });
    let mut now = noon();
    let mut causes = BTreeMap::new();
    check_row(&lead);
    for (i, (pick, seconds)) in picks.iter().enumerate() {
        now += jiff::SignedDuration::from_secs(i64::from(*seconds) + 1);
        let ways = ways(&lead, now, u8::try_from(i % 200).unwrap() + 10);
        assert!(!ways.is_empty());
        let next = ways[usize::from(*pick) % ways.len()].clone();
        check_transition(&lead, &next, now, &mut causes);
        check_row(&next);
        lead = next;
        visit(&lead);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_laws_of_the_row_hold_on_every_way(
        spam in prop::bool::weighted(0.1),
        picks in prop::collection::vec((any::<u16>(), 0_u16..5_000), 1..60),
    ) {
        walk(spam, &picks, |_| {});
    }
}

/// The walks above are worth something only if they come around.
#[test]
fn the_walks_reach_every_stage() {
    let mut seen = BTreeSet::new();
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        u16::try_from(state >> 16).unwrap()
    };
    for round in 0..240 {
        let picks: Vec<(u16, u16)> = (0..60).map(|_| (next(), next() % 5_000)).collect();
        walk(round % 5 == 0, &picks, |lead| {
            seen.insert(lead.stage);
        });
    }
    assert_eq!(seen, Stage::ALL.into_iter().collect());
}
