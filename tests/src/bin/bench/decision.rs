//! The decision alone: match with the named accounts, route, pick, and start the clocks, without reading or writing.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Instant;

use jiff::Timestamp;
use leadline_core::condition::View;
use leadline_core::enrichment::{Findings, apply, derive};
use leadline_core::ids::{AttemptId, FormId, LeadId, PlaybookVersion, PoolId, SubmissionId};
use leadline_core::lead::{Actor, Capture, Lead, Step};
use leadline_core::playbook::Playbook;
use leadline_core::qualification::Verdict;
use leadline_core::routing::{Outcome, Snapshot, choose_pool, decide, suppressed};
use leadline_core::scoring::score;
use leadline_core::sla::{self, ClockKind};
use leadline_core::submission::{SpamVerdict, Submission, Touch, VerdictKind, read};
use leadline_tests::figures::Figure;

const LEADS: usize = 1_000;
const ROUNDS: usize = 31;
const ACCOUNTS: usize = 5_000;
/// The budget of a decision, in microseconds.
const BUDGET_US: f64 = 20.0;

/// A Monday noon in Europe: some pools are at work, others overflow.
const NOON: &str = "2026-11-23T11:00:00Z";

/// The median over several rounds with the sample playbook and a list of named accounts such as large companies have, over leads that come from
/// named accounts, from their look-alikes, from other companies and from mail providers.
pub(crate) fn measure() -> Result<Vec<Figure>, String> {
    let now: Timestamp = NOON.parse().map_err(|e| format!("{NOON}: {e}"))?;
    let playbook = Playbook::read(&with_accounts(Playbook::BUNDLED)).map_err(|m| format!("{m:?}"))?;
    let leads: Vec<(Lead, Touch)> = (0..LEADS).map(|n| lead(&playbook, n, now)).collect::<Result<_, _>>()?;
    let mut pools: BTreeMap<PoolId, Snapshot> =
        playbook.doc().pools.keys().map(|id| (id.clone(), Snapshot::default())).collect();
    let mut rounds = Vec::with_capacity(ROUNDS);
    let mut owned = 0;
    for _ in 0..ROUNDS {
        let began = Instant::now();
        owned = leads.iter().filter(|(lead, touch)| one(&playbook, lead, touch, &mut pools, now)).count();
        rounds.push(began.elapsed().as_secs_f64() * 1e6 / LEADS as f64);
        // Everybody starts the next round with empty hands, or caps would make it cheaper than the first.
        pools.values_mut().for_each(|snapshot| snapshot.reps.clear());
    }
    if owned < LEADS / 2 {
        return Err(format!("only {owned} of {LEADS} leads found a rep: this measures something else"));
    }
    rounds.sort_by(f64::total_cmp);
    let median = rounds[ROUNDS / 2];
    Ok(vec![
        Figure::at_most("decision", median, "us per lead", BUDGET_US),
        Figure::told("decisions_per_second", 1e6 / median, "on one core"),
    ])
}

/// Decides over one lead as `route` does, and says whether it has a rep.
fn one(
    playbook: &Playbook,
    lead: &Lead,
    touch: &Touch,
    pools: &mut BTreeMap<PoolId, Snapshot>,
    now: Timestamp,
) -> bool {
    let doc = playbook.doc();
    let view = View { lead, touch: Some(touch), account: playbook.accounts().of(&lead.profile) };
    if suppressed(&doc.routing.suppressions, view).is_some() {
        return false;
    }
    let (first, _) = choose_pool(&doc.routing, view);
    let Some(policy) = sla::choose(&doc.sla, view) else { return false };
    for pool_id in playbook.overflow_chain(first) {
        let (Some(pool), Some(snapshot)) = (doc.pools.get(pool_id), pools.get_mut(pool_id)) else { continue };
        let decision = decide(pool, &doc.reps, playbook.calendars(), snapshot, &lead.tried, now);
        let Outcome::Picked { record, pool: state, rep } = decision.outcome else { continue };
        snapshot.pool = state;
        let calendar_id = doc.reps.get(&record.rep_id).map(|r| &r.calendar);
        snapshot.reps.insert(record.rep_id.clone(), *rep);
        let Some((id, calendar)) = calendar_id.and_then(|id| Some((id, playbook.calendar(id)?))) else {
            return false;
        };
        let version = PlaybookVersion(1);
        let start =
            |kind, rules, from| sla::start(kind, rules, &policy.policy, version, (id, calendar), from);
        let accept = start(ClockKind::Accept, &policy.accept, now);
        let touch =
            policy.first_touch.as_ref().map(|rules| start(ClockKind::FirstTouch, rules, lead.received_at));
        return black_box((record, accept, touch)).1.is_ok();
    }
    false
}

/// The sample playbook with a list of named accounts.
fn with_accounts(sample: &str) -> String {
    let mut text = sample.to_owned();
    text.push_str("\naccounts:\n  named:\n");
    for n in 0..ACCOUNTS {
        let _ = writeln!(text, "    account{n}.example: {{name: Account Number {n} GmbH, list: strategic}}");
    }
    text
}

/// The n-th lead, scored.
fn lead(playbook: &Playbook, n: usize, now: Timestamp) -> Result<(Lead, Touch), String> {
    let form = FormId::parse("demo-request").map_err(|e| e.to_string())?;
    let rules = playbook.form(&form).ok_or("the sample playbook has no form demo-request")?;
    let domain = match n % 4 {
        0 => format!("account{}.example", n * 7 % ACCOUNTS),
        1 => format!("mail.account{}.example", n * 11 % ACCOUNTS),
        2 => format!("company{n}.example"),
        _ => "gmail.com".to_owned(),
    };
    let countries = ["DE", "US", "FR", "GB", "SG", "BR", "CH", "ZA"];
    let inputs = vec![
        ("email".to_owned(), format!("person{n}@{domain}")),
        ("first_name".to_owned(), "Ada".to_owned()),
        ("last_name".to_owned(), format!("Lovelace {n}")),
        ("company".to_owned(), format!("Account Number {} Gmbh", n * 13 % ACCOUNTS)),
        ("title".to_owned(), "Head of Operations".to_owned()),
        ("country".to_owned(), countries[n % countries.len()].to_owned()),
    ];
    let reading = read(rules, inputs, now).map_err(|e| format!("{e:?}"))?;
    let lead_id = LeadId::from_bits((n as u128).to_be_bytes());
    let submission = Submission {
        submission_id: SubmissionId::from_bits((n as u128).to_be_bytes()),
        lead_id: lead_id.clone(),
        form,
        received_at: now,
        answers: reading.answers,
        tracking: reading.tracking,
        consents: reading.consents,
        verdict: SpamVerdict { verdict: VerdictKind::Clean, points: 0, signals: Vec::new() },
        visitor: None,
        sender: String::new(),
        mailboxes: Vec::new(),
        forgotten_at: None,
    };
    let facts = derive(&reading.profile, Some(&submission), now);
    let (profile, _) = apply(&reading.profile, &facts);
    let touch = submission.touch();
    let capture = Capture {
        lead_id,
        submission: &submission,
        profile,
        playbook: PlaybookVersion(1),
        acknowledge: None,
    };
    let step = Step { at: now, actor: Actor::Prospect, attempt: AttemptId::from_bits([0; 16]) };
    let lead = Lead::capture(capture, &step);
    let card = score(&playbook.doc().scoring, &lead, std::slice::from_ref(&touch), PlaybookVersion(1), now);
    let profile = lead.profile.clone();
    let enriched = lead.enriched(profile, Findings::default(), None, &step).map_err(|e| format!("{e:?}"))?;
    let scored = enriched.scored(&card, &Verdict::Qualified, &step).map_err(|e| format!("{e:?}"))?;
    Ok((scored, touch))
}
