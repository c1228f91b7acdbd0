//! Which policy holds, and what one may leave out.

use super::*;
use crate::submission::Touch;

#[test]
fn policies_look_at_grade_source_and_segment_and_the_first_wins() {
    let policies: Vec<Policy> = serde_yaml_ng::from_str(
        "[{policy: campaign, when: {field: campaign, is: spring}, accept: {within: PT1M}},
          {policy: paid, when: {all: [{field: source, is: ads}, {field: medium, is: cpc}]}, accept: {within: PT2M}},
          {policy: enterprise, when: {field: company.employees, at_least: 1000}, accept: {within: PT3M}},
          {policy: graded, when: {field: score.grade, is: B2}, accept: {within: PT4M}},
          {policy: rest, accept: {within: PT5M}}]",
    )
    .unwrap();
    let touch = |source: &str, medium: &str, campaign: &str| Touch {
        source: Some(source.to_owned()),
        medium: Some(medium.to_owned()),
        campaign: Some(campaign.to_owned()),
        ..crate::lead::samples::submission(1, noon()).touch()
    };
    let name = |lead: &crate::lead::Lead, touch: Option<&Touch>| {
        choose(&policies, View { lead, touch, account: None }).unwrap().policy.to_string()
    };
    let graded = lead_at(Stage::Scored);
    let mut large = graded.clone();
    large.profile.company.employees = Some(5_000);
    assert_eq!(name(&large, Some(&touch("ads", "cpc", "spring"))), "campaign");
    assert_eq!(name(&large, Some(&touch("ads", "cpc", "autumn"))), "paid");
    assert_eq!(name(&large, Some(&touch("ads", "email", "autumn"))), "enterprise");
    assert_eq!(name(&large, None), "enterprise");
    assert_eq!(name(&graded, Some(&touch("letter", "email", "x"))), "graded");
    assert_eq!(name(&captured(VerdictKind::Clean), None), "rest");
}

#[test]
fn a_policy_that_says_nothing_of_it_watches_for_five_working_days_without_sales() {
    let yaml = "{policy: rest, accept: {within: PT5M}}";
    let policy: Policy = serde_yaml_ng::from_str(yaml).unwrap();
    assert_eq!(
        policy.stalled,
        clock_rules("{within: {business: P5D}, ladder: [{at: due, do: notify_manager}]}")
    );
    for kind in [ClockKind::FirstTouch, ClockKind::Attempts, ClockKind::QualifiedBy] {
        assert_eq!(policy.rules(kind), None);
    }
    let again: Policy = serde_yaml_ng::from_str(&serde_yaml_ng::to_string(&policy).unwrap()).unwrap();
    assert_eq!(again, policy);
}

#[test]
fn tries_are_counted_however_late_they_are_told() {
    let rules = clock_rules("{within: PT1H}");
    let minute = |m: i64| noon() + jiff::SignedDuration::from_mins(m);
    let clock = started(&rules, noon());
    let one = clock.tried(minute(10), 3).tried(minute(10), 3);
    assert_eq!((one.tries.len(), one.status), (1, ClockStatus::Running), "one instant, one try");
    let late = one.tried(minute(70), 3).tried(minute(20), 3);
    assert_eq!(late.status, ClockStatus::MetLate, "the third was made after an hour");
    // Another that nobody had told of: the third of all was made in time.
    let flipped = late.tried(minute(50), 3);
    assert_eq!((flipped.status, flipped.tries.len()), (ClockStatus::Met, 3));
}
