//! What our functions do to a lead.

use super::*;
use crate::lead::samples::{assignment, captured, card, offered, pool, profile};
use crate::qualification::Verdict;
use crate::recycling::Return;
use crate::sla::ClockKind;
use crate::submission::VerdictKind;

fn veto() -> Verdict {
    Verdict::Disqualified("competitor".to_owned())
}

#[test]
fn a_score_moves_only_what_sales_and_people_have_not_decided() {
    let all = [Verdict::Qualified, Verdict::Nurturing, veto()];
    let after_score = |stage: Stage, verdict: &Verdict| {
        lead_at(stage).scored(&card(50, 50), verdict, &step(after(900))).unwrap().stage
    };
    // Expected: over the threshold, under it, vetoed.
    let decided = [
        (Stage::Enriched, [Stage::Scored, Stage::Nurturing, Stage::Disqualified]),
        (Stage::Nurturing, [Stage::Scored, Stage::Nurturing, Stage::Disqualified]),
        (Stage::Parked, [Stage::Parked, Stage::Nurturing, Stage::Disqualified]),
    ];
    for (stage, expected) in decided {
        for (verdict, wanted) in all.iter().zip(expected) {
            assert_eq!(after_score(stage, verdict), wanted, "{} {verdict:?}", stage.name());
        }
    }
    let untouched = [
        Stage::Scored,
        Stage::Offered,
        Stage::Accepted,
        Stage::Working,
        Stage::Qualified,
        Stage::Recycled,
        Stage::Won,
        Stage::Lost,
        // By a person, in the samples.
        Stage::Disqualified,
    ];
    for stage in untouched {
        for verdict in &all {
            assert_eq!(after_score(stage, verdict), stage, "{} {verdict:?}", stage.name());
        }
    }
}

#[test]
fn what_a_veto_disqualified_comes_back_when_the_facts_change() {
    let vetoed = lead_at(Stage::Enriched).scored(&card(50, 50), &veto(), &step(after(20))).unwrap();
    assert_eq!(vetoed.stage, Stage::Disqualified);
    assert!(vetoed.reason.as_deref().is_some_and(|r| r.contains("competitor")));
    for (verdict, stage) in [(Verdict::Qualified, Stage::Scored), (Verdict::Nurturing, Stage::Nurturing)] {
        let back = vetoed.scored(&card(50, 50), &verdict, &step(after(60))).unwrap();
        assert_eq!((back.stage, back.reason), (stage, None));
    }
    let still = vetoed.scored(&card(50, 50), &veto(), &step(after(60))).unwrap();
    assert_eq!(still.stage, Stage::Disqualified);
}

#[test]
fn the_threshold_is_stamped_once_a_cycle() {
    let lead = lead_at(Stage::Scored);
    assert_eq!(lead.qualified_at, Some(after(20)));
    let again = lead.scored(&card(90, 90), &Verdict::Qualified, &step(after(500))).unwrap();
    assert_eq!(again.qualified_at, Some(after(20)));
    let woken =
        lead_at(Stage::Recycled).woken(&Return::on_date(after(86_400)), &step(after(86_400))).unwrap();
    assert_eq!((woken.stage, woken.cycle, woken.qualified_at), (Stage::Received, 2, None));
    assert_eq!((woken.offers, woken.tried.len(), woken.clocks.len()), (0, 0, 0));
    assert_eq!((woken.wake_at, woken.reason.clone(), woken.owner.clone()), (None, None, None));
    assert_eq!(woken.received_at, after(86_400), "the wait of the new cycle begins now");
}

#[test]
fn late_facts_ask_for_a_new_score_only_where_one_exists_already() {
    let news = vec!["company.employees".to_owned()];
    for (stage, fields, due) in [
        (Stage::Received, news.clone(), false),
        (Stage::Enriched, news.clone(), false),
        (Stage::Nurturing, news.clone(), true),
        (Stage::Offered, news, true),
        (Stage::Offered, Vec::new(), false),
    ] {
        let lead = lead_at(stage);
        let with = profile("ada@acme.example");
        let next = lead
            .facts_added(
                with,
                Findings { fields, providers: vec!["firm".into()], ..Findings::default() },
                None,
                &step(after(300)),
            )
            .unwrap();
        assert_eq!((next.score_due, next.stage), (due, stage), "{}", stage.name());
        assert_eq!(next.wake_ups().contains(&Hop::Score), due || stage == Stage::Enriched);
    }
}

#[test]
fn an_offer_hands_over_and_a_reassignment_tells_the_one_before() {
    let lead = offered();
    let kinds = |lead: &Lead| lead.effects.iter().map(|e| e.kind.clone()).collect::<Vec<_>>();
    let offer = |name: &str, offer| EffectKind::Offer { rep_id: rep(name), offer };
    assert!(kinds(&lead).contains(&offer("anna", 1)));
    assert_eq!((lead.offers, lead.tried.clone(), lead.wake_at), (1, vec![rep("anna")], None));
    let accept_by = after(30 + 1_800);
    assert!(
        matches!(&lead.last_event.kind, EventKind::Offered { accept_by: Some(by), .. } if *by == accept_by)
    );

    let moved = lead
        .reassigned(&assignment(&lead, "bruno", after(1_830)), &lead.clocks[0], &step(after(1_830)))
        .unwrap();
    assert_eq!((moved.stage, moved.offers, moved.held_by()), (Stage::Offered, 2, Some(&rep("bruno"))));
    assert_eq!(moved.tried, [rep("anna"), rep("bruno")]);
    assert!(!kinds(&moved).contains(&offer("anna", 1)), "the first offer need not be told any more");
    assert!(kinds(&moved).contains(&offer("bruno", 2)));
    assert!(kinds(&moved).contains(&EffectKind::OfferMoved { rep_id: rep("anna"), offer: 1 }));
    let clocks: Vec<_> = moved.clocks.iter().map(|c| (c.kind, c.started_at)).collect();
    assert_eq!(clocks.len(), 2, "one of each kind");
    assert!(clocks.contains(&(ClockKind::Accept, after(1_830))));
    assert!(clocks.contains(&(ClockKind::FirstTouch, noon())), "the buyer has waited since receipt");
}

#[test]
fn a_parked_lead_alerts_once_for_each_reason_and_goes_back_to_where_it_was() {
    let alerts = |lead: &Lead| {
        lead.effects.iter().filter(|e| matches!(e.kind, EffectKind::ParkedAlert { .. })).count()
    };
    let parked = lead_at(Stage::Parked);
    assert_eq!(alerts(&parked), 1);
    let again = parked.parked(&pool(), ParkReason::NobodyEligible, after(900), &step(after(600))).unwrap();
    assert_eq!((alerts(&again), again.parked.as_ref().unwrap().since), (1, after(30)));
    let stuck = parked.parked(&pool(), ParkReason::Stuck, after(900), &step(after(600))).unwrap();
    assert_eq!((alerts(&stuck), stuck.parked.as_ref().unwrap().since), (2, after(600)));
    let later = parked.still_parked(None, after(700));
    assert_eq!(
        (later.version, later.due_at()),
        (parked.version, Some(after(60))),
        "the watchdog comes first"
    );
    assert_eq!(later.exact_due_at(), Some(after(700)));

    let back = parked.unparked(&step(after(600))).unwrap();
    assert_eq!(
        (back.stage, back.wake_at, back.parked),
        (Stage::Parked, Some(after(600)), parked.parked.clone())
    );
    let back = stuck.unparked(&step(after(600))).unwrap();
    assert_eq!((back.stage, back.wake_at, back.parked), (Stage::Scored, None, None));
    let early = captured(VerdictKind::Clean).parked(&pool(), ParkReason::Stuck, after(900), &step(after(60)));
    assert_eq!(early.unwrap().unparked(&step(after(600))).unwrap().stage, Stage::Received);
    // In a second cycle the score of the first opens no way to sales.
    let woken =
        lead_at(Stage::Recycled).woken(&Return::on_date(after(86_400)), &step(after(86_400))).unwrap();
    assert!(woken.score.is_some());
    let stuck = woken.parked(&pool(), ParkReason::Stuck, after(90_000), &step(after(86_500))).unwrap();
    assert_eq!(stuck.unparked(&step(after(90_000))).unwrap().stage, Stage::Received);
}

#[test]
fn a_parked_lead_is_looked_at_within_a_quarter_of_an_hour() {
    let quarter = after(900);
    for (chance, expected) in [
        (None, quarter),
        (Some(after(60)), after(60)),
        (Some(after(901)), quarter),
        (Some(after(0)), quarter),
        (Some(after(-60)), quarter),
    ] {
        assert_eq!(Lead::look_again(noon(), chance), expected);
    }
}

#[test]
fn the_ladder_tells_and_at_last_takes_the_lead_back() {
    let lead = offered();
    let accept = lead.running_clock(ClockKind::Accept).unwrap();
    let next = accept.stepped(&samples::accept_rules(), &samples::always()).unwrap();
    let reminded = lead.reminded(next.clone(), &step(after(930))).unwrap();
    let id = |cause: &str| format!("{}.1.{cause}", lead.lead_id);
    let has = |lead: &Lead, cause: &str| lead.effects.iter().any(|e| e.id == id(cause));
    assert!(has(&reminded, "remind.1.accept.1"));
    assert_eq!(reminded.running_clock(ClockKind::Accept), Some(&next));
    let told = reminded.manager_told(next.clone(), &step(after(1_830))).unwrap();
    assert!(has(&told, "manager.1.accept.1"));
    assert_eq!(told.held_by(), Some(&rep("anna")));
    let nobody = told.nobody_left(next, &step(after(1_831))).unwrap();
    assert_eq!((nobody.stage, nobody.last_event.kind.domain_name()), (Stage::Offered, None));
    let back = nobody.returned(ClockKind::Accept, 3, &step(after(3_630))).unwrap();
    // Marketing looks at it again in thirty days; for sales it is another cycle then.
    let in_a_month = after(3_630 + 30 * 86_400);
    assert_eq!(
        (back.stage, back.owner.clone(), back.exact_due_at()),
        (Stage::Nurturing, None, Some(in_a_month))
    );
    assert_eq!(back.reason.as_deref(), Some("accept deadline missed"));
    assert_eq!((back.cycle, back.offers, back.tried.len(), back.clocks.len()), (2, 0, 0, 0));
    assert!(has(&back, &format!("returned.{}", back.version)));
    assert!(!has(&back, "remind.1.accept.1") && has(&back, "manager.1.accept.1"));
}

#[test]
fn a_lead_that_waits_for_capacity_falls_back_when_it_is_no_longer_qualified() {
    let parked = lead_at(Stage::Parked);
    let low = card(10, 10);
    let kept = parked.scored(&low, &Verdict::Qualified, &step(after(90))).unwrap();
    assert_eq!(
        (kept.stage, kept.parked.clone(), kept.wake_at),
        (Stage::Parked, parked.parked.clone(), parked.wake_at)
    );
    let back = parked.scored(&low, &Verdict::Nurturing, &step(after(90))).unwrap();
    assert_eq!((back.stage, back.parked.clone()), (Stage::Nurturing, None));
    assert_eq!(back.wake_at, Some(after(90 + 30 * 86_400)));
    let out = parked.scored(&low, &Verdict::Disqualified("rival".into()), &step(after(90))).unwrap();
    assert_eq!((out.stage, out.parked.clone(), out.wake_at), (Stage::Disqualified, None, None));
}

#[test]
fn a_reassign_on_a_clock_that_goes_on_is_asked_for_once() {
    let lead = offered();
    let touch = lead.running_clock(ClockKind::FirstTouch).unwrap();
    let stepped = crate::sla::Clock { step: touch.step + 1, next_at: None, ..touch.clone() };
    let mut to = assignment(&lead, "bruno", after(1_830));
    to.clocks.retain(|c| c.kind == ClockKind::Accept);
    let moved = lead.reassigned(&to, &stepped, &step(after(1_830))).unwrap();
    assert_eq!(moved.running_clock(ClockKind::FirstTouch), Some(&stepped));
    assert_eq!(moved.running_clock(ClockKind::Accept), to.clocks.first());
}
