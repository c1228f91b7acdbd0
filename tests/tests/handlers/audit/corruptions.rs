//! Each way to spoil a healthy world, done straight in its table: counted under its own name, with its id, by the API and
//! by the hourly run.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use leadline_core::audit::Rule;
use leadline_core::ids::{DeliveryId, PlaybookVersion, RepId};
use leadline_core::lead::{Actor, Event, EventKind, Lead, Move, ParkReason, Stage, Step};
use leadline_core::routing::{MemberTurn, PoolState, RepState, TURN};
use leadline_store::leads::lead_item;
use leadline_store::rows::to_item;
use leadline_store::{Item, Key};
use leadline_tests::calm::{Calm, PLAYBOOK, text};
use serde_json::json;

use super::super::scene::{secs, wants_demo};
use super::rows::*;
use super::{audit, peopled, violated};

/// What is done to a healthy world; the id that is to be counted.
type Spoil = fn(&Calm) -> String;

/// The rules that are violated then, the one that is meant first.
const CORRUPTIONS: [(&[Rule], Spoil); 39] = [
    (&[Rule::LostSubmission, Rule::MiscountedTouches], |calm| {
        let lead = lead_at(calm, Stage::Offered);
        let (_, submission_id) = submission_of(calm, &lead);
        remove(calm, &partition(&lead), &format!("SUB#{submission_id}"));
        submission_id
    }),
    (&[Rule::StraySubmission], |calm| {
        let (_, submission_id) = submission_of(calm, &lead_at(calm, Stage::Won));
        remove(calm, &format!("SUB#{submission_id}"), "SUB");
        submission_id
    }),
    (&[Rule::StraySubmission], |calm| {
        let (_, submission_id) = submission_of(calm, &lead_at(calm, Stage::Won));
        let key = Key::new(format!("SUB#{submission_id}"), "SUB");
        let mut receipt = calm.twin().peek(&key).unwrap();
        set(&mut receipt, "lead_id", nobody().as_str());
        put(calm, receipt);
        submission_id
    }),
    (&[Rule::DoubledSubmission, Rule::MiscountedTouches], |calm| {
        let other = sleeper(calm);
        let (mut item, submission_id) = submission_of(calm, &lead_at(calm, Stage::Offered));
        set(&mut item, "pk", &partition(&other));
        set(&mut item, "lead_id", other.lead_id.as_str());
        put(calm, item);
        submission_id
    }),
    (&[Rule::MiscountedTouches], |calm| rewrite(calm, lead_at(calm, Stage::Won), |l| l.touches = 5)),
    (&[Rule::UnclaimedAddress], |calm| {
        let lead = sleeper(calm);
        remove(calm, text(&claim_of(calm, &lead), "pk"), "ID");
        lead.lead_id.to_string()
    }),
    (&[Rule::StrayClaim], |calm| {
        let lead = sleeper(calm);
        let mut claim = claim_of(calm, &lead);
        set(&mut claim, "lead_id", nobody().as_str());
        put(calm, claim);
        lead.lead_id.to_string()
    }),
    (&[Rule::StrayClaim], |calm| {
        let lead = sleeper(calm);
        let mut claim = claim_of(calm, &lead);
        set(&mut claim, "lead_id", lead_at(calm, Stage::Won).lead_id.as_str());
        put(calm, claim);
        lead.lead_id.to_string()
    }),
    (&[Rule::DoubledAddress], |calm| {
        let same = lead_at(calm, Stage::Offered).profile.contact.email;
        rewrite(calm, sleeper(calm), |l| l.profile.contact.email = same)
    }),
    (&[Rule::Unaccountable, Rule::WrongLoad], |calm| {
        rewrite(calm, lead_at(calm, Stage::Offered), |l| l.owner = None)
    }),
    (&[Rule::Timeless], |calm| rewrite(calm, sleeper(calm), |l| l.wake_at = None)),
    (&[Rule::Overdue], |calm| {
        let long_ago = calm.now() - secs(181);
        rewrite(calm, sleeper(calm), |l| l.wake_at = Some(long_ago))
    }),
    (&[Rule::Unwatched, Rule::Timeless], |calm| rewrite(calm, on_its_way(calm), |l| l.watchdog = None)),
    (&[Rule::WrongIndex], |calm| {
        let lead = lead_at(calm, Stage::Recycled);
        let mut row = lead_item(&lead).unwrap();
        row.remove("due_shard");
        row.remove("due_key");
        put(calm, row);
        lead.lead_id.to_string()
    }),
    (&[Rule::WrongIndex], |calm| {
        let lead = sleeper(calm);
        let mut row = lead_item(&lead).unwrap();
        // Nobody holds it, and the owner index says somebody does.
        set(&mut row, "own_key", "POOL#first");
        set(&mut row, "own_sort", "0000000000001");
        put(calm, row);
        lead.lead_id.to_string()
    }),
    (&[Rule::Lingering], |calm| rewrite(calm, on_its_way(calm), |l| l.last_event.at -= secs(601))),
    (&[Rule::Stuck], |calm| {
        for rep in ["ann", "bob", "cat", "dot"] {
            assert_eq!(calm.ask("PATCH", &format!("/reps/{rep}"), &json!({ "away": true })).0, 200);
        }
        calm.submitted("demo", &wants_demo("parked@firm.example"));
        calm.run_queues();
        let stuck = |l: &mut Lead| l.parked.as_mut().unwrap().reason = ParkReason::Stuck;
        rewrite(calm, lead_at(calm, Stage::Parked), stuck)
    }),
    (&[Rule::Unreadable], |calm| {
        let lead = sleeper(calm);
        let mut row = lead_item(&lead).unwrap();
        set(&mut row, "stage", "sleeping");
        put(calm, row);
        lead.lead_id.to_string()
    }),
    (&[Rule::Unreadable], |calm| {
        let rep_id = RepId::parse("dot").unwrap();
        let mut row = to_item(Key::new("REP#dot", "REP"), &RepState::new(rep_id.clone())).unwrap();
        set(&mut row, "open", "many");
        put(calm, row);
        rep_id.to_string()
    }),
    (&[Rule::RepeatedOffer], |calm| {
        let lead = moved(calm);
        let first = |e: &Event| matches!(e.kind, EventKind::Offered { offer: 1, .. });
        rewrite_event(calm, &lead, first, |e| {
            if let EventKind::Offered { offer, .. } = &mut e.kind {
                *offer = 2;
            }
        });
        lead.lead_id.to_string()
    }),
    (&[Rule::RepeatedRep], |calm| {
        let lead = moved(calm);
        let now_with = lead.owner.clone().unwrap().rep_id;
        let first = |e: &Event| matches!(e.kind, EventKind::Offered { offer: 1, .. });
        let again = now_with.clone();
        rewrite_event(calm, &lead, first, |e| {
            if let EventKind::Offered { rep_id, .. } = &mut e.kind {
                *rep_id = again;
            }
        });
        rewrite(calm, lead, |l| l.tried = vec![now_with])
    }),
    (&[Rule::WrongAssignment], |calm| {
        rewrite(calm, lead_at(calm, Stage::Accepted), |l| l.owner.as_mut().unwrap().offer = 9)
    }),
    (&[Rule::UnknownRep, Rule::WrongLoad], |calm| {
        let lead = moved(calm);
        remove(calm, &format!("REP#{}", lead.held_by().unwrap()), "REP");
        lead.lead_id.to_string()
    }),
    (&[Rule::WrongLoad], |calm| {
        let state = rep_row(calm, &lead_at(calm, Stage::Offered));
        put_rep(calm, &RepState { version: state.version + 1, open: state.open + 1, ..state.clone() });
        state.rep_id.to_string()
    }),
    (&[Rule::WrongTurns], |calm| {
        let state = pool_row(calm);
        put_pool(calm, &PoolState { picks: state.picks + 1, ..state })
    }),
    (&[Rule::Drift], |calm| {
        let turn = |assigned, deviation| MemberTurn {
            assigned,
            deviation: deviation * TURN,
            ..MemberTurn::default()
        };
        let [ann, bob] = ["ann", "bob"].map(|rep| RepId::parse(rep).unwrap());
        put_pool(
            calm,
            &PoolState { picks: 10, members: [(ann, turn(8, -3)), (bob, turn(2, 3))].into(), given_back: 0 },
        )
    }),
    (&[Rule::DoubledEffect], |calm| {
        let lead = sleeper(calm);
        let owed = acknowledgement(calm, &lead);
        // On its way, nothing is overdue.
        rewrite(calm, lead, |l| (l.effects, l.watchdog) = (vec![owed.clone(), owed], watchdog(calm)))
    }),
    (&[Rule::OverdueEffect], |calm| {
        let lead = sleeper(calm);
        let owed = acknowledgement(calm, &lead);
        rewrite_all_events(calm, &lead, |e| e.at -= secs(601));
        rewrite(calm, lead, |l| {
            l.last_event.at -= secs(601);
            (l.effects, l.watchdog) = (vec![owed], watchdog(calm));
        })
    }),
    (&[Rule::OverdueEffect], |calm| {
        // A domain event that never got to the bus.
        let lead = sleeper(calm);
        rewrite_all_events(calm, &lead, |e| e.at -= secs(601));
        rewrite(calm, lead, |l| {
            l.last_event.at -= secs(601);
            (l.published, l.watchdog) = (0, watchdog(calm));
        })
    }),
    (&[Rule::OverdueDelivery], |calm| {
        let lead = sleeper(calm);
        let delivery_id = DeliveryId::from_bits([5; 16]);
        let at = calm.now() - secs(181);
        let delivery = json!({
            "delivery_id": delivery_id, "lead_id": lead.lead_id, "effect": acknowledgement(calm, &lead),
            "channel": "mail", "version": 1, "state": "pending", "attempts": 1, "next_at": at,
        });
        let mut row = to_item(Key::new(format!("DLV#{delivery_id}"), "DLV"), &delivery).unwrap();
        set(&mut row, "due_shard", "DUE#0");
        set(&mut row, "due_key", &format!("{:013}", at.as_millisecond()));
        put(calm, row);
        delivery_id.to_string()
    }),
    (&[Rule::MissingRecord], |calm| {
        let lead = sleeper(calm);
        let record = beside(calm, &lead, "SCORE#").remove(0);
        remove(calm, &partition(&lead), text(&record, "sk"));
        lead.lead_id.to_string()
    }),
    (&[Rule::MissingRecord], |calm| {
        let lead = lead_at(calm, Stage::Working);
        let record = beside(calm, &lead, "ROUTE#").remove(0);
        remove(calm, &partition(&lead), text(&record, "sk"));
        lead.lead_id.to_string()
    }),
    (&[Rule::Gap], |calm| {
        let lead = lead_at(calm, Stage::Working);
        remove(calm, &partition(&lead), "T#0000000003");
        lead.lead_id.to_string()
    }),
    (&[Rule::IllegalStep], |calm| {
        let lead = lead_at(calm, Stage::Working);
        rewrite_event(calm, &lead, |e| e.seq == 2, |e| e.stage = Stage::Nurturing);
        lead.lead_id.to_string()
    }),
    (&[Rule::WrongVersion], |calm| rewrite(calm, lead_at(calm, Stage::Lost), |l| l.stage = Stage::Won)),
    (&[Rule::Backwards], |calm| {
        let lead = lead_at(calm, Stage::Won);
        rewrite_event(calm, &lead, |e| e.seq == 2, |e| e.at += secs(301));
        lead.lead_id.to_string()
    }),
    (&[Rule::WrongDeadline], |calm| {
        rewrite(calm, lead_at(calm, Stage::Accepted), |l| l.clocks[0].due_at += secs(1))
    }),
    (&[Rule::UnreadablePlaybook], |calm| {
        rewrite(calm, lead_at(calm, Stage::Accepted), |l| l.clocks[0].playbook = PlaybookVersion(7));
        "7".to_owned()
    }),
    (&[Rule::DataLeft], |calm| {
        let lead = sleeper(calm);
        put(
            calm,
            to_item(Key::new(partition(&lead), format!("T#{:010}", lead.version)), &lead.last_event).unwrap(),
        );
        let attempt = lead.attempt().clone();
        let step = Step { at: calm.now(), actor: Actor::system("test"), attempt };
        let gone = lead.advance(&step, Move::Erase, Stage::Erased, EventKind::Erased, |_| {}).unwrap();
        rewrite(calm, gone, |l| l.profile.contact.first_name = Some("Ada".to_owned()))
    }),
];

#[test]
fn each_corruption_is_counted_under_its_own_name_with_its_id() {
    let mut wrong = Vec::new();
    for (n, (rules, spoil)) in CORRUPTIONS.into_iter().enumerate() {
        let calm = peopled();
        let id = spoil(&calm);
        let found = violated(&audit(&calm, ""));
        let key = |rule: &Rule| rule.key().trim_end_matches("_violations").to_owned();
        let wanted: BTreeSet<String> = rules.iter().map(key).collect();
        let named = found.get(&key(&rules[0])).is_some_and(|ids| ids.contains(&id));
        if !named || found.keys().cloned().collect::<BTreeSet<_>>() != wanted {
            wrong.push(format!("{n}: {wanted:?} with {id}, counted {found:?}"));
        }
        // The hourly run finds the same, and again in the next hour.
        let counted = |run: &leadline_audit::Run| -> BTreeSet<String> {
            run.findings.by_rule().keys().map(key).collect()
        };
        calm.stop_ticks(true);
        for hour in 0..2 {
            let run = calm.hourly_audit(SignedDuration::from_mins(4));
            if counted(&run) != wanted {
                wrong.push(format!("{n} in hour {hour}: {wanted:?}, counted {:?}", counted(&run)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_of_rows_is_among_the_corruptions() {
    // A cap needs another playbook and has its own test, and it takes years until holidays end.
    let tried: BTreeSet<Rule> = CORRUPTIONS.iter().map(|(rules, _)| rules[0]).collect();
    let all: BTreeSet<Rule> =
        Rule::ALL.iter().copied().filter(|r| !matches!(r, Rule::OverCap | Rule::HolidaysEnd)).collect();
    assert_eq!(tried, all);
}

#[test]
fn a_rep_over_the_cap_is_found_and_one_whose_cap_was_lowered_later_is_not() {
    let of = |open: u32| {
        PLAYBOOK.replace("members: [ann, bob], overflow: second", "members: [ann]").replace(
            "ann: {name: Ann, email: ann@calm.example, calendar: always}",
            &format!("ann: {{name: Ann, email: ann@calm.example, calendar: always, caps: {{open: {open}}}}}"),
        )
    };
    let world = || {
        let calm = Calm::new(&of(2));
        for n in 0..2 {
            calm.submitted("demo", &wants_demo(&format!("p{n}@firm.example")));
        }
        calm.run_queues();
        assert_eq!(calm.leads().iter().filter(|l| l.stage == Stage::Offered).count(), 2);
        calm
    };
    let lowered = world();
    lowered.publish(&of(1));
    assert_eq!(violated(&audit(&lowered, "")), BTreeMap::new());

    // The cap was one when both were offered: the version that their clocks name says so.
    let over = world();
    let is_chunk = |i: &Item| text(i, "sk").starts_with("C#");
    let mut chunk = over.rows().into_iter().find(is_chunk).unwrap();
    set(&mut chunk, "text", &of(1));
    put(&over, chunk);
    let ann = BTreeSet::from(["ann".to_owned()]);
    assert_eq!(violated(&audit(&over, "")), BTreeMap::from([("over_cap".to_owned(), ann)]));
}

#[test]
fn a_rep_whom_the_playbook_no_longer_knows_is_counted_all_the_same() {
    let calm = peopled();
    let lead = lead_at(&calm, Stage::Offered);
    let state = rep_row(&calm, &lead);
    put_rep(&calm, &RepState { version: state.version + 1, open: 9, ..state.clone() });
    // Without this rep from now on.
    let name = state.rep_id.as_str();
    let line = PLAYBOOK.lines().find(|l| l.trim().starts_with(&format!("{name}:"))).unwrap();
    let members = PLAYBOOK.replace("[ann, bob]", if name == "ann" { "[bob]" } else { "[ann]" });
    calm.publish(&members.replace(&format!("{line}\n"), ""));
    let found = violated(&audit(&calm, ""));
    assert_eq!(found, BTreeMap::from([("wrong_load".to_owned(), BTreeSet::from([name.to_owned()]))]));
}

/// Several corruptions that do not get into each other's way, in one world.
pub(super) fn several(calm: &Calm) {
    let together = [
        Rule::LostSubmission,
        Rule::MiscountedTouches,
        Rule::UnclaimedAddress,
        Rule::Timeless,
        Rule::WrongAssignment,
        Rule::WrongLoad,
        Rule::WrongTurns,
        Rule::MissingRecord,
        Rule::Backwards,
    ];
    for (_, spoil) in CORRUPTIONS.iter().filter(|(rules, _)| together.contains(&rules[0])) {
        spoil(calm);
    }
}
