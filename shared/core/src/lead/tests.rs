//! The table of moves, the watchdog, and what every transition writes.

mod answers;
mod erasure;
mod pipeline;
mod retention;
mod sales_clocks;
mod walks;

use super::samples::{after, lead_at, noon, rep, step};
use super::*;
use crate::enrichment::Findings;

/// One letter a stage, in the order of [`Stage::ALL`].
const LETTERS: &str = "RESQNDPOAWKYVLMX";

/// Which stages each move may be made from: open means any that is not closed for good.
const TABLE: [(Move, &str); 31] = [
    // A quarantined submission has no claim on the address, so nothing can join it.
    (Move::Join, "RESNDPOAWKYVL"),
    (Move::Enrich, "R"),
    (Move::AddFacts, "RESQNDPOAWKYVL"),
    // What sales has is never taken away by a score.
    (Move::Promote, "END"),
    (Move::Nurture, "EDP"),
    (Move::Rescore, "RESQNDPOAWKYVL"),
    (Move::Disqualify, "ESQNPOAWKY"),
    (Move::Offer, "SP"),
    (Move::Reassign, "OAW"),
    (Move::HandOver, "POAWK"),
    (Move::Suppress, "SP"),
    // Recycled too often, it waits for marketing.
    (Move::Park, "RESPY"),
    (Move::Unpark, "P"),
    (Move::Accept, "O"),
    (Move::Reject, "OA"),
    // Whoever had it before may tell of a call while nobody has it.
    (Move::Contact, "SPOAWK"),
    (Move::Qualify, "AW"),
    (Move::Pause, "AWK"),
    (Move::Resume, "AWK"),
    (Move::Recycle, "OAWK"),
    (Move::Wake, "PY"),
    (Move::Win, "WK"),
    (Move::Lose, "AWK"),
    (Move::Release, "Q"),
    (Move::Merge, "Q"),
    // Ladders climb only while a rep is to act.
    (Move::Escalate, "OAWK"),
    (Move::Return, "SPOAWK"),
    // A merged lead's submission has gone along, so that nothing is left there to forget.
    (Move::Forget, "RESQNDPOAWKYVL"),
    // A merged or erased lead still has to tell that it was, and a merged one can be erased.
    (Move::Redrive, "RESQNDPOAWKYVLMX"),
    (Move::Confirm, "RESQNDPOAWKYVLMX"),
    (Move::Erase, "RESQNDPOAWKYVLM"),
];

#[test]
fn the_table_of_moves_is_the_one_written_here() {
    let moves: std::collections::BTreeSet<Move> = TABLE.iter().map(|(m, _)| *m).collect();
    assert_eq!(moves.len(), TABLE.len());
    for (made, stages) in TABLE {
        for (stage, letter) in Stage::ALL.into_iter().zip(LETTERS.chars()) {
            assert_eq!(made.is_legal_from(stage), stages.contains(letter), "{made:?} from {}", stage.name());
        }
    }
}

#[test]
fn an_illegal_move_changes_nothing_and_names_what_people_may_do() {
    for (made, stages) in TABLE {
        for (stage, letter) in Stage::ALL.into_iter().zip(LETTERS.chars()) {
            let lead = lead_at(stage);
            assert_eq!(lead.stage, stage);
            let tried = lead.advance(&step(after(900)), made, Stage::Won, EventKind::Released, |_| {});
            assert_eq!(tried.is_ok(), stages.contains(letter), "{made:?} from {}", stage.name());
            if let Err(error) = tried {
                assert_eq!(error, IllegalMove { tried: made, stage });
            }
        }
    }
    let allowed = |stage| IllegalMove { tried: Move::Accept, stage }.allowed();
    assert_eq!(
        allowed(Stage::Working),
        [
            "contact",
            "qualify",
            "pause",
            "resume",
            "recycle",
            "disqualify",
            "win",
            "lose",
            "reassign",
            "erase"
        ]
    );
    assert_eq!(allowed(Stage::Parked), ["disqualify", "reassign", "unpark", "erase"]);
    assert_eq!(allowed(Stage::Quarantined), ["disqualify", "release", "erase"]);
    assert_eq!(allowed(Stage::Merged), ["erase"]);
    assert!(allowed(Stage::Erased).is_empty());
}

#[test]
fn every_stage_reads_its_own_word() {
    let words = "received enriched scored quarantined nurturing disqualified parked offered accepted working \
                 qualified recycled won lost merged erased";
    let named: Vec<&str> = Stage::ALL.iter().map(|s| s.name()).collect();
    assert_eq!(named, words.split_whitespace().collect::<Vec<_>>());
    for stage in Stage::ALL {
        assert_eq!(Stage::parse(stage.name()), Some(stage));
        assert_eq!(serde_json::to_value(stage).unwrap(), stage.name());
    }
    assert_eq!(Stage::parse("Won"), None);
}

#[test]
fn somebody_answers_for_every_lead() {
    use Accountable::{Pool, Queue, Rep};
    let expected = |stage| match stage {
        Stage::Received | Stage::Enriched | Stage::Scored => Queue("intake"),
        Stage::Quarantined => Queue("quarantine"),
        Stage::Nurturing | Stage::Recycled => Queue("marketing"),
        Stage::Parked => Pool(super::samples::pool()),
        Stage::Offered | Stage::Accepted | Stage::Working | Stage::Qualified => Rep(rep("anna")),
        // Who won or lost it keeps the credit.
        Stage::Won | Stage::Lost => Rep(rep("anna")),
        Stage::Disqualified | Stage::Merged | Stage::Erased => Queue("closed"),
    };
    for stage in Stage::ALL {
        assert_eq!(lead_at(stage).accountable(), expected(stage), "{}", stage.name());
        let held = matches!(stage, Stage::Offered | Stage::Accepted | Stage::Working | Stage::Qualified);
        assert_eq!(lead_at(stage).held_by(), held.then(|| rep("anna")).as_ref(), "{}", stage.name());
    }
}

#[test]
fn the_watchdog_keeps_its_time_through_the_pipeline() {
    // Received at noon, so it fires a minute later, wherever the lead stands by then.
    for stage in [Stage::Received, Stage::Enriched, Stage::Scored, Stage::Offered] {
        assert_eq!(
            lead_at(stage).watchdog,
            Some(Watchdog { at: after(60), redrives: 0 }),
            "{}",
            stage.name()
        );
    }
}

#[test]
fn redrives_back_off_and_progress_starts_afresh() {
    let mut lead = lead_at(Stage::Received);
    let mut now = after(60);
    for (minutes, redrives) in [(1, 1), (2, 2), (4, 3), (8, 4), (16, 5), (30, 6), (30, 7), (30, MAX_REDRIVES)]
    {
        lead = lead.redriven(&step(now)).unwrap();
        now += jiff::SignedDuration::from_mins(minutes);
        assert_eq!(lead.watchdog, Some(Watchdog { at: now, redrives }));
        assert_eq!(lead.due_at(), Some(now));
    }
    let moved = lead.enriched(lead.profile.clone(), Findings::default(), None, &step(now)).unwrap();
    let minute = jiff::SignedDuration::from_mins(1);
    assert_eq!(moved.watchdog, Some(Watchdog { at: now + minute, redrives: 0 }));
}

#[test]
fn the_watchdog_ends_when_nothing_is_owed() {
    let lead = lead_at(Stage::Nurturing);
    let ids: Vec<String> = lead.effects.iter().map(|e| e.id.clone()).collect();
    assert_eq!(ids, [format!("{}.1.ack.{}", lead.lead_id, super::samples::submission_id(1))]);
    assert_eq!(lead.wake_ups(), [Hop::Notify]);
    let half = lead.notified(&ids, lead.version - 1, &step(after(30))).unwrap();
    assert!(half.watchdog.is_some(), "an event is still to be published");
    let whole = half.notified(&[], lead.version, &step(after(40))).unwrap();
    // What is left is the look at it in a month.
    assert_eq!((whole.watchdog.clone(), whole.due_at()), (None, whole.wake_at));
    assert!(whole.wake_ups().is_empty());
    assert_eq!(whole.notified(&[], 1, &step(after(50))).unwrap().published, lead.version, "never back");
}

#[test]
fn the_due_time_is_the_earliest_of_all_timers() {
    let mut lead = lead_at(Stage::Offered);
    // Reminder at half of thirty minutes; the watchdog comes first.
    assert_eq!(lead.due_at(), Some(after(60)));
    assert_eq!(lead.exact_due_at(), Some(after(30 + 900)));
    lead.lookup = Some(Lookup { at: after(50), attempts: 1 });
    assert_eq!(lead.due_at(), Some(after(50)));
    lead.wake_at = Some(after(45));
    assert_eq!((lead.due_at(), lead.exact_due_at()), (Some(after(45)), Some(after(45))));
    // Whether answers go a minute sooner or later hurts nobody: the sweep is good enough.
    lead.forget_at = Some(after(40));
    assert_eq!((lead.due_at(), lead.exact_due_at()), (Some(after(40)), Some(after(45))));
}

#[test]
fn a_delivery_has_one_id_for_each_effect_and_channel() {
    let submission_id = super::samples::submission_id(1);
    let effect = Effect::new(&super::samples::lead_id(), 2, EffectKind::Acknowledge { submission_id });
    assert_eq!(effect.delivery_id("mail"), effect.clone().delivery_id("mail"));
    assert_ne!(effect.delivery_id("mail"), effect.delivery_id("crm"));
    let other = Effect::new(&super::samples::lead_id(), 3, effect.kind.clone());
    assert_ne!(effect.delivery_id("mail"), other.delivery_id("mail"));
}

#[test]
fn nothing_personal_shows_in_debug_or_in_the_timeline() {
    let mut lead = lead_at(Stage::Offered);
    let secret = |field, text: &str| (field, FieldValue::Text(text.to_owned()));
    for (field, value) in [
        secret(Field::FirstName, "Zerlina"),
        secret(Field::LastName, "Quux"),
        secret(Field::Title, "Obersekretärin"),
        secret(Field::Phone, "+49 30 123456"),
        secret(Field::CompanyName, "Xylophon GmbH"),
        secret(Field::CompanyDomain, "xylophon.example"),
    ] {
        assert!(lead.profile.set(field, &value, Origin::Form));
    }
    let shown = format!("{lead:?} {}", serde_json::to_string(&lead.last_event).unwrap());
    for part in ["Zerlina", "Quux", "sekret", "123456", "Xylophon", "xylophon", "ada", "acme.example"] {
        assert!(!shown.contains(part), "{part}");
    }
}
