//! Sample leads for tests, made the way the functions make them.

use std::sync::{Arc, LazyLock};

use jiff::{SignedDuration, Timestamp};

use super::{
    Actor, Answer, Assignment, Capture, Contacted, EffectKind, Lead, Origin, ParkReason, Profile, Stage, Step,
};
use crate::calendar::{Calendar, CalendarDoc};
use crate::contact::EmailAddress;
use crate::enrichment::Findings;
use crate::ids::{
    AttemptId, CalendarId, ErasureId, FormId, LeadId, PlaybookVersion, PoolId, RepId, RuleId, SubmissionId,
    VisitorId,
};
use crate::playbook::{Playbook, Versions};
use crate::qualification::Verdict;
use crate::routing::Basis;
use crate::scoring::{Score, ScoreCard};
use crate::sla::{self, Clock, ClockKind, ClockRules, ContactChannel, ContactDirection, ContactOutcome};
use crate::submission::{SpamVerdict, Submission, VerdictKind};

/// Reads an instant.
pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Monday, 23 November 2026, noon in UTC: when the sample submission is received.
pub(crate) fn noon() -> Timestamp {
    at("2026-11-23T12:00:00Z")
}

/// So many seconds after [`noon`].
pub(crate) fn after(seconds: i64) -> Timestamp {
    noon() + SignedDuration::from_secs(seconds)
}

/// A system's step at an instant, with an attempt of its own.
pub(crate) fn step(at: Timestamp) -> Step {
    let attempt = AttemptId::from_bits(at.as_nanosecond().to_be_bytes());
    Step { at, actor: Actor::system("test"), attempt }
}

/// A rep's name.
pub(crate) fn rep(name: &str) -> RepId {
    RepId::parse(name).unwrap()
}

/// A rule's name.
pub(crate) fn rule(name: &str) -> RuleId {
    RuleId::parse(name).unwrap()
}

/// The sample pool.
pub(crate) fn pool() -> PoolId {
    PoolId::parse("emea").unwrap()
}

/// A submission's id from one byte.
pub(crate) fn submission_id(n: u8) -> SubmissionId {
    SubmissionId::from_bits([n; 16])
}

/// A visitor's id from one byte.
pub(crate) fn visitor(n: u8) -> VisitorId {
    VisitorId::from_bits([n; 16])
}

/// The sample lead's id.
pub(crate) fn lead_id() -> LeadId {
    LeadId::from_bits([1; 16])
}

/// A profile of which only the address is known.
pub(crate) fn profile(address: &str) -> Profile {
    Profile::new(EmailAddress::parse(address).unwrap(), Origin::Form)
}

/// A clean submission through the demo form, without answers or tracking.
pub(crate) fn submission(n: u8, received_at: Timestamp) -> Submission {
    Submission {
        submission_id: submission_id(n),
        lead_id: lead_id(),
        form: FormId::parse("demo-request").unwrap(),
        received_at,
        answers: Default::default(),
        tracking: Default::default(),
        consents: Vec::new(),
        verdict: SpamVerdict { verdict: VerdictKind::Clean, points: 0, signals: Vec::new() },
        visitor: None,
        sender: "hash".to_owned(),
        mailboxes: Vec::new(),
        forgotten_at: None,
    }
}

/// A lead from a submission received at [`noon`].
pub(crate) fn captured(verdict: VerdictKind) -> Lead {
    let mut submission = submission(1, noon());
    submission.verdict.verdict = verdict;
    submission.visitor = Some(visitor(7));
    let capture = Capture {
        lead_id: lead_id(),
        submission: &submission,
        profile: profile("ada@acme.example"),
        playbook: PlaybookVersion(1),
        acknowledge: Some(EffectKind::Acknowledge { submission_id: submission_id(1) }),
    };
    Lead::capture(capture, &step(noon()))
}

/// A calendar that is always open.
pub(crate) fn always() -> Calendar {
    let days =
        ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].map(|d| format!("{d}: [['00:00', '24:00']]"));
    calendar(&format!("{{zone: UTC, weekly: {{{}}}}}", days.join(", ")))
}

/// A calendar from its document.
pub(crate) fn calendar(yaml: &str) -> Calendar {
    let doc: CalendarDoc = serde_yaml_ng::from_str(yaml).unwrap();
    Calendar::try_from(doc).unwrap()
}

/// The rules of a clock from their document.
pub(crate) fn clock_rules(yaml: &str) -> ClockRules {
    serde_yaml_ng::from_str(yaml).unwrap()
}

/// Half an hour to accept: a reminder at half time, a breach, a reassignment.
pub(crate) fn accept_rules() -> ClockRules {
    clock_rules("{within: PT30M, ladder: [{at: 50%, do: remind}, {at: due, do: reassign}]}")
}

/// Two hours to the first touch: a reminder at three quarters, a breach, word to the manager.
pub(crate) fn touch_rules() -> ClockRules {
    clock_rules("{within: PT2H, ladder: [{at: 75%, do: remind}, {at: due, do: notify_manager}]}")
}

/// The sample rules of a clock.
pub(crate) fn rules_of(kind: ClockKind) -> ClockRules {
    playbooks()[&PlaybookVersion(1)].clock_rules(&rule("hot"), kind).unwrap().clone()
}

/// A clock of the sample policy in a calendar that is always open.
pub(crate) fn clock(kind: ClockKind, started_at: Timestamp) -> Clock {
    let rules = rules_of(kind);
    let calendar_id = CalendarId::parse("always").unwrap();
    sla::start(kind, &rules, &rule("hot"), PlaybookVersion(1), (&calendar_id, &always()), started_at).unwrap()
}

/// An assignment as routing makes it: a fresh accept clock, and the first-touch clock started or taken up again.
pub(crate) fn assignment(lead: &Lead, rep_name: &str, now: Timestamp) -> Assignment {
    let mut clocks = vec![clock(ClockKind::Accept, now)];
    match lead.clocks.iter().find(|c| c.kind == ClockKind::FirstTouch) {
        Some(running) if running.is_running() && running.next_at.is_none() => {
            clocks.push(running.resumed(&touch_rules(), &always()).unwrap());
        }
        Some(_) => {}
        None => clocks.push(clock(ClockKind::FirstTouch, lead.received_at)),
    }
    Assignment {
        rep_id: rep(rep_name),
        pool_id: pool(),
        basis: Basis::Turn,
        route: rule("europe"),
        clocks,
        playbook: PlaybookVersion(1),
        value: 0,
    }
}

/// A score card with nothing but numbers.
pub(crate) fn card(fit: i64, interest: i64) -> ScoreCard {
    ScoreCard {
        fit: Score::try_from(fit).unwrap(),
        interest: Score::try_from(interest).unwrap(),
        grade: "B2".to_owned(),
        reasons: Vec::new(),
        unknown: Vec::new(),
        as_of: noon(),
        playbook_version: PlaybookVersion(1),
    }
}

/// A contact as reported by a rep.
pub(crate) fn contact(
    rep_name: &str,
    direction: ContactDirection,
    outcome: ContactOutcome,
    occurred_at: Timestamp,
) -> Answer {
    let channel = ContactChannel::Phone;
    Answer::Contact(Contacted { rep_id: rep(rep_name), channel, direction, outcome, occurred_at })
}

/// A call of the rep that reached the prospect.
pub(crate) fn call(rep_name: &str, occurred_at: Timestamp) -> Answer {
    contact(rep_name, ContactDirection::Outbound, ContactOutcome::Connected, occurred_at)
}

/// Enriched ten seconds, scored twenty seconds after receipt.
pub(crate) fn scored() -> Lead {
    let lead = captured(VerdictKind::Clean);
    let enriched = lead.enriched(lead.profile.clone(), Findings::default(), None, &step(after(10))).unwrap();
    enriched.scored(&card(60, 60), &Verdict::Qualified, &step(after(20))).unwrap()
}

/// Offered to `anna` thirty seconds after receipt.
pub(crate) fn offered() -> Lead {
    let lead = scored();
    lead.offered(&assignment(&lead, "anna", after(30)), &step(after(30))).unwrap()
}

/// The sample lead at a stage, led there by legal moves within five minutes of receipt.
pub(crate) fn lead_at(stage: Stage) -> Lead {
    let answer = |lead: Lead, answer: Answer, s: i64| lead.answered(&answer, &step(after(s))).unwrap();
    let anna = || rep("anna");
    let reason = || "a reason".to_owned();
    let accepted = || answer(offered(), Answer::Accept { rep_id: anna() }, 60);
    let working = || answer(accepted(), call("anna", after(90)), 90);
    match stage {
        Stage::Received => captured(VerdictKind::Clean),
        Stage::Quarantined => captured(VerdictKind::Spam),
        Stage::Enriched => {
            let lead = captured(VerdictKind::Clean);
            lead.enriched(lead.profile.clone(), Findings::default(), None, &step(after(10))).unwrap()
        }
        Stage::Scored => scored(),
        Stage::Nurturing => {
            let lead = lead_at(Stage::Enriched);
            lead.scored(&card(10, 10), &Verdict::Nurturing, &step(after(20))).unwrap()
        }
        Stage::Disqualified => answer(lead_at(Stage::Nurturing), Answer::Disqualify { reason: reason() }, 40),
        Stage::Parked => {
            scored().parked(&pool(), ParkReason::NobodyEligible, after(600), &step(after(30))).unwrap()
        }
        Stage::Offered => offered(),
        Stage::Accepted => accepted(),
        Stage::Working => working(),
        Stage::Qualified => {
            answer(working(), Answer::Qualify { rep_id: anna(), checklist: Default::default() }, 120)
        }
        Stage::Recycled => {
            answer(working(), Answer::Recycle { reason: reason(), wake_at: after(86_400) }, 120)
        }
        Stage::Won => answer(working(), Answer::Win, 120),
        Stage::Lost => answer(working(), Answer::Lose { reason: reason() }, 120),
        Stage::Merged => {
            captured(VerdictKind::Spam).merged(&LeadId::from_bits([2; 16]), &step(after(60))).unwrap()
        }
        Stage::Erased => {
            lead_at(Stage::Nurturing).erased(&ErasureId::from_bits([9; 16]), &step(after(60))).unwrap()
        }
    }
}

/// The playbook that the sample clocks follow, as version 1.
pub(crate) fn playbooks() -> Versions {
    static READ: LazyLock<Arc<Playbook>> = LazyLock::new(|| Arc::new(Playbook::read(PLAYBOOK).unwrap()));
    Versions::from([(PlaybookVersion(1), READ.clone())])
}

/// The sample rules as a playbook has them.
const PLAYBOOK: &str = r#"
playbook: Sample
calendars:
  always:
    zone: UTC
    weekly:
      mon: [["00:00", "24:00"]]
      tue: [["00:00", "24:00"]]
      wed: [["00:00", "24:00"]]
      thu: [["00:00", "24:00"]]
      fri: [["00:00", "24:00"]]
      sat: [["00:00", "24:00"]]
      sun: [["00:00", "24:00"]]
forms:
  demo-request:
    title: See it
    fields: [{name: email, label: E-mail, type: email, required: true}]
    thanks: {message: Thank you}
scoring:
  fit: {rules: []}
  interest: {rules: []}
  bands: {a: 60, b: 35, one: 50, two: 25}
qualification: {at: {fit: 30, interest: 30}, until: {fit: 20, interest: 15}}
reps:
  anna: {name: Anna, email: anna@acme.example, calendar: always}
pools:
  emea: {members: [anna]}
routing: {routes: [], otherwise: emea}
sla:
  - policy: hot
    accept: {within: PT30M, ladder: [{at: 50%, do: remind}, {at: due, do: reassign}]}
    first_touch: {within: PT2H, ladder: [{at: 75%, do: remind}, {at: due, do: notify_manager}]}
    attempts: {at_least: 3, within: PT24H, ladder: [{at: due, do: notify_manager}]}
    qualified_by: {within: P5D, ladder: [{at: due, do: notify_manager}]}
    stalled: {within: P2D, ladder: [{at: due, do: notify_manager}]}
notifications:
  from: leads@acme.example
"#;
