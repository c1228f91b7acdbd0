//! Whom a lead belongs to before anybody's turn.

use super::*;
use crate::ids::LeadId;
use crate::lead::samples::{after, assignment, lead_at, noon, pool, step};
use crate::lead::{Answer, Lead, Stage};
use crate::recycling::Return;

fn rules(yaml: &str) -> Relationships {
    serde_yaml_ng::from_str(yaml).unwrap()
}

/// Another lead of the company, which a rep holds.
fn held_by(n: u8, name: &str) -> Lead {
    let lead = Lead { lead_id: LeadId::from_bits([n; 16]), ..lead_at(Stage::Scored) };
    lead.offered(&assignment(&lead, name, after(30)), &step(after(30))).unwrap()
}

fn names(found: &[Relation]) -> Vec<(Basis, String)> {
    found.iter().map(|r| (r.basis, r.rep_id.to_string())).collect()
}

#[test]
fn open_lead_comes_before_together_before_the_account_before_the_last_owner() {
    let all = rules("{open_lead: true, together: PT30M, account_owner: true, last_owner_days: 2}");
    let last = LastOwner { rep_id: rep("dora"), pool_id: pool(), at: noon() };
    let lead = Lead { last_owner: Some(last), ..lead_at(Stage::Scored) };
    let held = [held_by(7, "anna"), held_by(8, "emil")];
    let latest = rep("bruno");
    let siblings = Siblings { held: &held, latest: Some((&latest, noon())) };
    let owner = rep("chloe");
    let related = |rules: &Relationships, lead: &Lead, siblings, minutes: i64| {
        names(&related(rules, lead, siblings, Some(&owner), after(minutes * 60)))
    };
    let is = |basis, name: &str| (basis, name.to_owned());
    assert_eq!(
        related(&all, &lead, siblings, 10),
        [
            is(Basis::OpenLead, "anna"),
            is(Basis::OpenLead, "emil"),
            is(Basis::Together, "bruno"),
            is(Basis::AccountOwner, "chloe"),
            is(Basis::LastOwner, "dora"),
        ]
    );
    // Each by itself, and none unless it is asked for.
    assert_eq!(related(&Relationships::default(), &lead, siblings, 10), []);
    let only = |yaml: &str| related(&rules(yaml), &lead, siblings, 10);
    assert_eq!(only("{together: PT30M}"), [is(Basis::Together, "bruno")]);
    assert_eq!(only("{account_owner: true}"), [is(Basis::AccountOwner, "chloe")]);
    assert_eq!(only("{last_owner_days: 1}"), [is(Basis::LastOwner, "dora")]);
    // Thirty minutes and two days, to the second.
    let late = |seconds: i64| names(&super::related(&all, &lead, siblings, None, after(seconds)));
    assert!(late(1_799).contains(&is(Basis::Together, "bruno")));
    assert!(!late(1_800).contains(&is(Basis::Together, "bruno")));
    assert!(late(2 * 86_400 - 1).contains(&is(Basis::LastOwner, "dora")));
    assert!(!late(2 * 86_400).contains(&is(Basis::LastOwner, "dora")));
    // Whoever stands in several relations is asked once, in the first.
    let own = [held_by(7, "chloe")];
    let once = Siblings { held: &own, latest: None };
    assert_eq!(related(&all, &lead, once, 10)[0], is(Basis::OpenLead, "chloe"));
    assert_eq!(related(&all, &lead, once, 10).len(), 2);
    // The lead itself is not another lead of its company.
    let itself = [held_by(1, "anna")];
    let lead = Lead { lead_id: LeadId::from_bits([1; 16]), last_owner: None, ..lead };
    assert_eq!(related(&rules("{open_lead: true}"), &lead, Siblings { held: &itself, latest: None }, 10), []);
}

#[test]
fn whoever_hands_a_lead_back_is_remembered_until_it_is_offered_again() {
    let lead = lead_at(Stage::Working);
    let answer = Answer::Recycle { reason: "later".to_owned(), wake_at: after(86_400) };
    let back = lead.answered(&answer, &step(after(600))).unwrap();
    let expected = LastOwner { rep_id: rep("anna"), pool_id: pool(), at: after(600) };
    assert_eq!(back.last_owner, Some(expected.clone()));
    let woken = back.woken(&Return::on_date(after(86_400)), &step(after(86_400))).unwrap();
    assert_eq!(woken.last_owner, Some(expected), "it is there when the lead is routed");
    let scored = Lead { stage: Stage::Scored, ..woken };
    let offered = scored.offered(&assignment(&scored, "bruno", after(90_000)), &step(after(90_000))).unwrap();
    assert_eq!(offered.last_owner, None);
}

#[test]
fn a_rep_outside_the_turn_must_be_free_and_the_fallback_only_there() {
    let reps = BTreeMap::from([
        (rep("anna"), a_rep(", caps: {open: 1}")),
        (rep("fay"), a_rep(", caps: {open: 1, per_day: 1}")),
        (rep("gone"), a_rep(", active: false")),
    ]);
    let id = |name| crate::ids::PoolId::parse(name).unwrap();
    let pools = BTreeMap::from([
        (id("apac"), a_pool("{members: [anna]}")),
        (id("emea"), a_pool("{members: [anna]}")),
        (id("us"), a_pool("{members: [gone]}")),
    ]);
    let calendars = calendars();
    let roster = Roster { reps: &reps, pools: &pools, calendars: &calendars };
    let (emea, us) = (id("emea"), id("us"));
    // The pool of the route first, else any that has the rep, else the route's for its manager.
    assert_eq!(roster.home(&rep("anna"), &[&us, &emea]), Some(&emea));
    assert_eq!(roster.home(&rep("anna"), &[&us]), Some(&id("apac")));
    assert_eq!(roster.home(&rep("fay"), &[&us, &emea]), Some(&us));

    let full = |name: &str| RepState { open: 5, ..RepState::new(rep(name)) };
    let evening = at("2026-11-23T16:00:00Z");
    let why = |r: Result<(), Obstacle>| r.err().map(|it| it.why);
    assert_eq!(why(roster.may_take(&full("anna"), 0, &emea, &[], monday())), Some(Ineligible::AtOpenCap));
    let off = roster.may_take(&RepState::new(rep("anna")), 0, &emea, &[], evening);
    assert_eq!(
        off,
        Err(Obstacle { why: Ineligible::OffHours, until: Some(at("2026-11-24T08:00:00Z")), cap: None })
    );
    assert_eq!(roster.may_take(&RepState::new(rep("anna")), 0, &emea, &[], monday()), Ok(()));
    let stranger = RepState::new(rep("nobody"));
    assert_eq!(why(roster.may_take(&stranger, 0, &emea, &[], monday())), Some(Ineligible::Inactive));
    // Neither hours nor caps keep the fallback; being away does.
    assert_eq!(roster.may_fall_back(&full("fay"), &emea, &[], evening), Ok(()));
    let away = RepState { away: true, ..full("fay") };
    assert_eq!(why(roster.may_fall_back(&away, &emea, &[], evening)), Some(Ineligible::Away));
    let tried = roster.may_fall_back(&full("fay"), &emea, &[rep("fay")], evening);
    assert_eq!(why(tried), Some(Ineligible::AlreadyTried));
}

#[test]
fn the_first_suppression_that_holds_counts_and_the_unknown_does_not() {
    let all: Vec<Suppression> = serde_yaml_ng::from_str(
        "[{suppress: open-case, reason: has an open case, when: {field: answers.case, is: open}},
          {suppress: reseller, reason: is a reseller, when: {field: email.domain, is: acme.example}}]",
    )
    .unwrap();
    let lead = lead_at(Stage::Scored);
    let found = suppressed(&all, View::new(&lead, None)).map(|s| s.suppress.to_string());
    assert_eq!(found.as_deref(), Some("reseller"));
    assert!(suppressed(&all[..1], View::new(&lead, None)).is_none());
    let held_back = lead.suppressed(&all[1], &step(after(60))).unwrap();
    assert_eq!((held_back.stage, held_back.reason.as_deref()), (Stage::Nurturing, Some("is a reseller")));
    assert!(held_back.wake_at.is_some(), "it is looked at again");
    assert!(
        lead_at(Stage::Offered).suppressed(&all[1], &step(after(60))).is_err(),
        "it is taken from nobody"
    );
}

#[test]
fn the_fallback_waits_as_long_as_it_is_told() {
    let fallback = |yaml: &str| serde_yaml_ng::from_str::<Fallback>(yaml).unwrap();
    assert_eq!(fallback("{rep: fay}").due_at(noon()), noon());
    assert_eq!(fallback("{rep: fay, after: PT4H}").due_at(noon()), after(4 * 3_600));
    assert!(serde_yaml_ng::from_str::<Fallback>("{rep: fay, after: soon}").is_err());
}
