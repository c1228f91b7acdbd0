//! Each rule from a row made by hand, and a healthy lead of every stage that gives no reason to complain.

use std::collections::BTreeSet;

use super::story::{Story, fresh, kept, others, story};
use super::*;
use crate::ids::PlaybookVersion;
use crate::lead::samples::playbooks;
use crate::lead::samples::{after, assignment, captured, rep, step, submission_id};
use crate::lead::{Answer, EffectKind, EventKind, ParkReason};
use crate::playbook::Rejection;
use crate::sla::ClockKind;
use crate::submission::VerdictKind;

mod people;

fn found(kept: &Kept, now: Timestamp) -> BTreeSet<Violation> {
    lead(kept, &playbooks(), now)
}

/// The rules that a reading violates, each with the id that reports list.
fn broken(kept: &Kept, now: Timestamp) -> Vec<(Rule, String)> {
    found(kept, now).iter().map(|v| (v.rule(), v.id())).collect()
}

#[test]
fn a_healthy_lead_of_every_stage_gives_no_reason_to_complain() {
    for stage in Stage::ALL {
        let kept = kept(stage);
        assert_eq!(kept.lead.stage, stage);
        assert_eq!(found(&kept, fresh()), BTreeSet::new(), "{}", stage.name());
    }
}

#[test]
fn a_long_life_is_healthy_too() {
    let rejected = |story: Story, s| {
        let reason = "not-mine".to_owned();
        story.answered(&Answer::Reject { rep_id: rep("anna"), reason, means: Rejection::Reroute }, s)
    };
    let offered_to = |story: Story, name: &'static str, s| {
        story.then(move |l| l.offered(&assignment(l, name, after(s)), &step(after(s))).unwrap())
    };
    let second = offered_to(rejected(story(Stage::Offered), 60), "bert", 70).notified(75);
    assert_eq!(found(&second.kept(), fresh()), BTreeSet::new());

    // Everybody had it: marketing has it again, and in the next cycle anna may have it again as the first.
    let home = rejected(story(Stage::Offered), 60).then(|l| l.exhausted(&step(after(70))).unwrap());
    let again = home.then(|l| l.review_due(&step(after(80))).unwrap()).then(|l| {
        let card = crate::lead::samples::card(60, 60);
        l.scored(&card, &crate::qualification::Verdict::Qualified, &step(after(90))).unwrap()
    });
    let again = offered_to(again, "anna", 100).notified(110);
    assert_eq!((again.lead.cycle, again.lead.offers), (2, 1));
    assert_eq!(found(&again.kept(), fresh()), BTreeSet::new());

    // The ladder: reminded, breached, moved on, and the manager told.
    let ladder = story(Stage::Offered).notified(40).then(|l| {
        let clock = l.running_clock(ClockKind::Accept).unwrap();
        let rules = crate::lead::samples::accept_rules();
        let stepped = clock.stepped(&rules, &crate::lead::samples::always()).unwrap();
        l.reminded(stepped, &step(after(930))).unwrap()
    });
    assert_eq!(found(&ladder.kept(), after(940)), BTreeSet::new());
}

#[test]
fn whoever_works_on_a_lead_has_a_due_time_and_a_lead_without_one_is_accused() {
    for stage in [Stage::Accepted, Stage::Working, Stage::Qualified] {
        let rests = story(stage).notified(200).kept();
        assert!(rests.lead.due_at().is_some_and(|at| at > after(200)), "{}", stage.name());
        assert_eq!(found(&rests, fresh()), BTreeSet::new(), "{}", stage.name());
    }
    for stage in Stage::ALL {
        let mut kept = kept(stage);
        (kept.lead.watchdog, kept.lead.wake_at, kept.lead.lookup) = (None, None, None);
        kept.lead.clocks.clear();
        let accused = broken(&kept, fresh()).iter().any(|(rule, _)| *rule == Rule::Timeless);
        assert_eq!(accused, stage.is_open(), "{}", stage.name());
    }
}

/// What a corruption does to a healthy lead.
type Spoil = fn(&mut Kept);

/// A stage, what is done to a lead there, and the one rule that tells.
const SPOILT: [(Stage, Rule, Spoil); 36] = [
    (Stage::Nurturing, Rule::MiscountedTouches, |k| k.lead.touches = 2),
    (Stage::Nurturing, Rule::StraySubmission, |k| k.submissions[0].receipt = ReceiptAt::Missing),
    (Stage::Nurturing, Rule::StraySubmission, |k| k.submissions[0].receipt = ReceiptAt::Elsewhere),
    (Stage::Nurturing, Rule::StraySubmission, |k| k.submissions[0].lead_id = others().1),
    (Stage::Nurturing, Rule::DoubledSubmission, |k| {
        k.submissions[0].receipt = ReceiptAt::Doubled(others().1)
    }),
    (Stage::Merged, Rule::StraySubmission, |k| {
        k.submissions = super::story::kept(Stage::Quarantined).submissions;
    }),
    (Stage::Offered, Rule::UnclaimedAddress, |k| k.claim = Claimed::ByNobody),
    (Stage::Won, Rule::StrayClaim, |k| k.claim = Claimed::ByAnother(others().1, Holder::Gone)),
    (Stage::Offered, Rule::StrayClaim, |k| k.claim = Claimed::ByAnother(others().1, Holder::OtherAddress)),
    (Stage::Offered, Rule::DoubledAddress, |k| k.claim = Claimed::ByAnother(others().1, Holder::SameAddress)),
    (Stage::Offered, Rule::Unaccountable, |k| k.lead.owner = None),
    (Stage::Parked, Rule::Unaccountable, |k| k.lead.parked = None),
    (Stage::Nurturing, Rule::Timeless, |k| {
        (k.lead.wake_at, k.lead.published, k.lead.watchdog) = (None, k.lead.to_publish, None);
        k.lead.effects.clear();
    }),
    (Stage::Offered, Rule::Overdue, |k| k.lead.watchdog.as_mut().unwrap().at = after(59)),
    (Stage::Received, Rule::Unwatched, |k| {
        (k.lead.watchdog, k.lead.wake_at) = (None, Some(after(3_600)));
    }),
    (Stage::Offered, Rule::Unwatched, |k| k.lead.watchdog = None),
    (Stage::Working, Rule::WrongIndex, |k| k.wrong_indexes = vec!["owner"]),
    (Stage::Parked, Rule::Stuck, |k| k.lead.parked.as_mut().unwrap().reason = ParkReason::Stuck),
    (Stage::Offered, Rule::UnknownRep, |k| k.holder_row = HolderRow::Missing),
    (Stage::Accepted, Rule::WrongAssignment, |k| k.lead.owner.as_mut().unwrap().rep_id = rep("bert")),
    (Stage::Accepted, Rule::WrongAssignment, |k| k.lead.owner.as_mut().unwrap().offer = 2),
    (Stage::Accepted, Rule::WrongAssignment, |k| k.lead.offers = 2),
    (Stage::Accepted, Rule::WrongAssignment, |k| k.lead.tried.clear()),
    (Stage::Nurturing, Rule::WrongAssignment, |k| k.lead.cycle = 2),
    (Stage::Offered, Rule::DoubledEffect, |k| {
        let again = k.lead.effects[0].clone();
        k.lead.effects.push(again);
    }),
    (Stage::Nurturing, Rule::MissingRecord, |k| k.scores.clear()),
    (Stage::Offered, Rule::MissingRecord, |k| k.routes.clear()),
    (Stage::Working, Rule::Gap, |k| drop(k.events.remove(2))),
    (Stage::Working, Rule::IllegalStep, |k| k.events[1].stage = Stage::Won),
    (Stage::Received, Rule::IllegalStep, |k| k.lead.last_event.kind = EventKind::Released),
    (Stage::Qualified, Rule::WrongVersion, |k| k.lead.version = 8),
    (Stage::Qualified, Rule::WrongVersion, |k| k.lead.stage = Stage::Working),
    (Stage::Working, Rule::Backwards, |k| k.events[1].at = after(600)),
    (Stage::Offered, Rule::WrongDeadline, |k| k.lead.clocks[0].due_at = after(86_400)),
    (Stage::Offered, Rule::WrongDeadline, |k| k.lead.clocks[1].next_at = Some(after(86_400))),
    (Stage::Erased, Rule::DataLeft, |k| k.lead.profile.contact.first_name = Some("Ada".to_owned())),
];

#[test]
fn each_corruption_is_counted_under_its_own_name() {
    for (n, (stage, rule, spoil)) in SPOILT.into_iter().enumerate() {
        let mut kept = kept(stage);
        assert_eq!(found(&kept, fresh()), BTreeSet::new());
        spoil(&mut kept);
        let now = if rule == Rule::Backwards { after(300) } else { fresh() };
        let id = match rule {
            Rule::StraySubmission | Rule::DoubledSubmission => submission_id(1).to_string(),
            _ => kept.lead.lead_id.to_string(),
        };
        let rules = broken(&kept, now);
        assert!(rules.contains(&(rule, id)), "{n}: {rule:?} is not in {rules:?}");
        // What tells that a version is missing tells no more than that.
        let beside = [Rule::Gap, Rule::Timeless, Rule::StraySubmission, Rule::Overdue, Rule::IllegalStep];
        let others = rules.iter().filter(|(r, _)| *r != rule && !beside.contains(r)).count();
        assert_eq!(others, 0, "{n}: {rule:?} comes with {rules:?}");
    }
}

#[test]
fn what_a_veto_disqualifies_has_a_score_card() {
    let vetoed = story(Stage::Enriched).then(|lead| {
        let card = crate::lead::samples::card(60, 60);
        let verdict = crate::qualification::Verdict::Disqualified("competitor".to_owned());
        lead.scored(&card, &verdict, &step(after(20))).unwrap()
    });
    let mut kept = vetoed.kept();
    assert_eq!(broken(&kept, fresh()), [(Rule::MissingRecord, kept.lead.lead_id.to_string())]);
    kept.scores.insert(kept.lead.attempt().clone());
    assert_eq!(found(&kept, fresh()), BTreeSet::new());
}

#[test]
fn a_submission_that_the_timeline_tells_of_is_missed() {
    let mut kept = kept(Stage::Offered);
    kept.submissions.clear();
    assert!(found(&kept, fresh()).contains(&Violation::LostSubmission {
        submission_id: submission_id(1),
        lead_id: kept.lead.lead_id.clone(),
    }));
    // One that nobody tells of is one too many.
    let mut kept = super::story::kept(Stage::Offered);
    kept.submissions[0].submission_id = others().0;
    let rules: Vec<(Rule, String)> = broken(&kept, fresh());
    assert_eq!(
        rules,
        [
            (Rule::LostSubmission, submission_id(1).to_string()),
            (Rule::StraySubmission, others().0.to_string())
        ]
    );
}

#[test]
fn a_receipt_may_be_forgotten_after_four_hundred_days() {
    let mut kept = kept(Stage::Won);
    kept.submissions[0].receipt = ReceiptAt::Missing;
    let accused = |now| broken(&kept, now).iter().any(|(rule, _)| *rule == Rule::StraySubmission);
    assert!(accused(after(398 * 86_400)));
    assert!(!accused(after(400 * 86_400)));
}

#[test]
fn what_takes_too_long_is_told_by_the_clock() {
    let over = |stage, rule: Rule, at: i64| broken(&kept(stage), after(at)).iter().any(|(r, _)| *r == rule);
    // The watchdog of a sample is due a minute after it began to owe something: two ticks and a minute more are slack.
    assert!(!over(Stage::Received, Rule::Overdue, 240));
    assert!(over(Stage::Received, Rule::Overdue, 241));
    for stage in [Stage::Received, Stage::Enriched, Stage::Scored] {
        assert!(!over(stage, Rule::Lingering, 600), "{}", stage.name());
        assert!(over(stage, Rule::Lingering, 601), "{}", stage.name());
    }
    // Offered at 30, and told from then on: what is acknowledged waits for the same moment.
    assert!(!over(Stage::Offered, Rule::OverdueEffect, 630));
    assert!(over(Stage::Offered, Rule::OverdueEffect, 631));
    // A lead of which all is told owes nothing, however long ago that was.
    let told = story(Stage::Nurturing).notified(30).kept();
    assert_eq!(found(&told, after(86_400)), BTreeSet::new());
}

#[test]
fn re_drives_and_touches_do_not_start_the_ten_minutes_anew() {
    let redriven = |s: i64| move |lead: &Lead| lead.redriven(&step(after(s))).unwrap();
    let story = self::story(Stage::Enriched).then(redriven(60)).then(redriven(180)).then(redriven(420));
    let lingers = |now| broken(&story.clone().kept(), now).iter().any(|(r, _)| *r == Rule::Lingering);
    assert!(!lingers(after(600)));
    assert!(lingers(after(601)));
    let mut owes = self::story(Stage::Offered).then(redriven(90)).kept();
    owes.lead.effects.retain(|e| matches!(e.kind, EffectKind::Offer { .. }));
    let effect = owes.lead.effects[0].id.clone();
    let overdue = Violation::OverdueEffect { lead_id: owes.lead.lead_id.clone(), effect };
    assert!(found(&owes, after(631)).contains(&overdue));
}

#[test]
fn one_offer_twice_and_one_rep_twice_are_two_different_things() {
    // Back to the pool and offered again, as a worker without conditions would do it.
    let twice = |name: &'static str, offers: u32| {
        story(Stage::Offered)
            .answered(
                &Answer::Reject {
                    rep_id: rep("anna"),
                    reason: "not-mine".to_owned(),
                    means: Rejection::Reroute,
                },
                60,
            )
            .then(move |lead| {
                let lead = Lead { offers, ..lead.clone() };
                lead.offered(&assignment(&lead, name, after(70)), &step(after(70))).unwrap()
            })
            .kept()
    };
    let rules = |kept: &Kept| broken(kept, fresh()).into_iter().map(|(r, _)| r).collect::<Vec<_>>();
    assert_eq!(rules(&twice("bert", 0)), [Rule::RepeatedOffer, Rule::WrongAssignment]);
    assert_eq!(rules(&twice("anna", 1)), [Rule::RepeatedRep]);
    assert!(rules(&twice("bert", 1)).is_empty());
}

#[test]
fn a_clock_of_an_unknown_playbook_is_counted_by_its_version() {
    let mut kept = kept(Stage::Offered);
    kept.lead.clocks[0].playbook = PlaybookVersion(7);
    assert_eq!(broken(&kept, fresh()), [(Rule::UnreadablePlaybook, "7".to_owned())]);
}

#[test]
fn who_needs_a_claim() {
    for stage in Stage::ALL {
        let lead = kept(stage).lead;
        let none = matches!(stage, Stage::Quarantined | Stage::Merged | Stage::Erased);
        assert_eq!(needs_claim(&lead), !none, "{}", stage.name());
    }
    // Disqualified straight from quarantine: it never had one.
    let reason = "junk".to_owned();
    let junk = story(Stage::Quarantined).answered(&Answer::Disqualify { reason }, 60);
    assert!(!needs_claim(&junk.lead));
    let mut role = captured(VerdictKind::Clean);
    role.profile = crate::lead::samples::profile("info@acme.example");
    assert!(!needs_claim(&role));
}

#[test]
fn an_address_that_could_be_somebodys_is_data_left() {
    let mut kept = kept(Stage::Erased);
    kept.lead.profile = crate::lead::samples::profile("ada@acme.example");
    assert_eq!(broken(&kept, fresh()), [(Rule::DataLeft, kept.lead.lead_id.to_string())]);
}

#[test]
fn an_erased_lead_has_ten_minutes_for_what_stands_beside_it() {
    let mut kept = kept(Stage::Erased);
    kept.submissions = super::story::kept(Stage::Nurturing).submissions;
    kept.lead.watchdog = None;
    let accused = |now| broken(&kept, now).iter().any(|(rule, _)| *rule == Rule::DataLeft);
    assert!(!accused(after(660)));
    assert!(accused(after(661)));
}

#[test]
fn a_delivery_is_overdue_after_two_ticks_and_slack() {
    let id = crate::ids::DeliveryId::from_bits([3; 16]);
    let lead_id = others().1;
    let at = |s| delivery(&id, &lead_id, Some(after(0)), after(s)).map(|v| v.id());
    assert_eq!(at(180), None);
    assert_eq!(at(181), Some(id.to_string()));
    assert_eq!(delivery(&id, &lead_id, None, after(9_999)), None);
}

#[test]
fn every_rule_has_a_name_of_its_own_and_counts_ids() {
    let keys: BTreeSet<&str> = Rule::ALL.iter().map(|r| r.key()).collect();
    assert_eq!(keys.len(), Rule::ALL.len());
    for rule in Rule::ALL {
        assert!(rule.key().ends_with("_violations"), "{rule:?}");
        assert!(rule.meaning().ends_with('.'), "{rule:?}");
        assert_eq!(Rule::parse(rule.key()), Some(*rule));
    }
    let numbers: Vec<u8> = Invariant::ALL.iter().map(|i| i.number()).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7, 8, 9, 11]);

    let mut sum = Findings::default();
    let (submission_id, lead_id) = others();
    for other in [LeadId::from_bits([1; 16]), LeadId::from_bits([2; 16])] {
        let (submission_id, lead_id) = (submission_id.clone(), lead_id.clone());
        sum.violations.insert(Violation::DoubledSubmission { submission_id, lead_id, other_lead_id: other });
    }
    let mut more = Findings::default();
    more.violations.insert(Violation::Stuck { lead_id: lead_id.clone() });
    (more.checked.leads, sum.checked.leads) = (2, 3);
    sum.merge(more);
    // One submission with two others is one submission that is doubled.
    assert_eq!((sum.total(), sum.checked.leads), (2, 5));
    assert_eq!(sum.by_rule()[&Rule::Stuck], BTreeSet::from([lead_id.to_string()]));
    assert_eq!(sum.by_invariant()[&Invariant::Durable], 1);
    assert_eq!(sum.by_invariant()[&Invariant::Time], 0);
    let stuck = Violation::Stuck { lead_id: lead_id.clone() };
    assert_eq!(stuck.ids(), [("lead_id", lead_id.to_string())]);
}
