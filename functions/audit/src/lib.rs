//! Audit: counts the invariants on live data once an hour. What has changed, what is overdue, reps and pools, whatever was
//! wrong last time, and a share of all leads, so that the cost of an hour is bounded and every lead is looked at in time.

mod metrics;

use jiff::{SignedDuration, Timestamp};
use leadline_core::audit::{Findings, Violation};
use leadline_core::ids::LeadId;
use leadline_core::seal::Seal;
use leadline_runtime::audit::{Auditor, Budget, Place};
use leadline_runtime::follow_up::HandleError;
use leadline_runtime::ports::Ports;
use leadline_runtime::shelf::Shelf;
use leadline_store::audit::{Progress, keep_progress, progress};

pub use metrics::metrics;

/// What the function keeps between runs.
#[derive(Debug)]
pub struct Audit {
    /// Finds the claims on addresses.
    pub seal: Seal,
    /// Playbooks.
    pub shelf: Shelf,
}

/// How many leads of the pass over all leads an hour looks at: a million within a week.
pub const SHARE: u64 = 6_000;

/// What changed shortly before the last run began is looked at again: its index may not have shown it yet.
const OVERLAP: SignedDuration = SignedDuration::from_mins(10);
/// How far back the very first run looks for changes; the pass over all leads finds everything older.
const FIRST_LOOK_BACK: SignedDuration = SignedDuration::from_hours(1);
/// How many leads that were wrong are remembered by id. More than this is a disaster that needs no list.
const REMEMBERED: usize = 2_000;

/// What a run has found, and how far it has come.
#[derive(Debug)]
pub struct Run {
    /// When it began.
    pub as_of: Timestamp,
    /// Everything found.
    pub findings: Findings,
    /// What the next run goes on from.
    pub progress: Progress,
}

/// One run. No page is begun at or after `until`.
pub async fn run<P: Ports>(audit: &Audit, ports: &P, until: Timestamp) -> Result<Run, HandleError> {
    let as_of = ports.now();
    let before = progress(ports.table()).await?;
    let auditor = Auditor::new(ports, &audit.seal, &audit.shelf);
    let mut findings = Box::pin(auditor.these(before.suspects.clone())).await?;

    findings.merge(Box::pin(auditor.standing(&Budget { until, leads: u64::MAX })).await?);

    let since = before.changed_since.unwrap_or(as_of - FIRST_LOOK_BACK);
    let place = before.changed_place.as_deref().and_then(Place::parse);
    let changed_began_at = before.changed_began_at.filter(|_| place.is_some()).unwrap_or(as_of);
    // A flood of changes leaves a third of the time to the pass over all leads.
    let enough = as_of + until.duration_since(as_of) * 2 / 3;
    let place = place.unwrap_or_else(|| Place::leads(Some(since)));
    let changed = Box::pin(auditor.walk(place, &Budget { until: enough, leads: u64::MAX })).await?;
    findings.merge(changed.findings);
    let changed_place = changed.next.map(|place| place.to_text());
    // What changes behind it is for the look after this one, which therefore begins when this one began.
    let changed_since = if changed_place.is_some() { since } else { changed_began_at - OVERLAP };

    let place = before.pass_place.as_deref().and_then(Place::parse);
    let pass_began_at = before.pass_began_at.filter(|_| place.is_some()).unwrap_or(as_of);
    let share = Budget { until, leads: SHARE };
    let pass = Box::pin(auditor.walk(place.unwrap_or_else(|| Place::leads(None)), &share)).await?;
    findings.merge(pass.findings);
    let pass_ended_at = if pass.next.is_none() { Some(as_of) } else { before.pass_ended_at };

    let progress = Progress {
        changed_since: Some(changed_since),
        changed_began_at: changed_place.is_some().then_some(changed_began_at),
        changed_place,
        pass_place: pass.next.map(|place| place.to_text()),
        pass_began_at: Some(pass_began_at),
        pass_ended_at,
        suspects: suspects(&findings),
    };
    tell(&findings, &progress);
    keep_progress(ports.table(), &progress).await?;
    Ok(Run { as_of, findings, progress })
}

/// The leads to look at again next time, so that an alarm lasts until what caused it is mended.
fn suspects(findings: &Findings) -> Vec<LeadId> {
    let of = |violation: &Violation| -> Option<LeadId> {
        let id = |name: &str| violation.ids().into_iter().find(|(n, _)| *n == name).map(|(_, id)| id);
        LeadId::parse(&id("lead_id").or_else(|| id("row_of"))?).ok()
    };
    let mut wrong: Vec<LeadId> = findings.violations.iter().filter_map(of).collect();
    wrong.sort();
    wrong.dedup();
    if wrong.len() > REMEMBERED {
        tracing::error!(
            leads.wrong = wrong.len(),
            leads.remembered = REMEMBERED,
            "more leads are wrong than are remembered; the pass over all leads finds the others again"
        );
        wrong.truncate(REMEMBERED);
    }
    wrong
}

/// A line for each violation and one for the run. Ids only.
fn tell(findings: &Findings, progress: &Progress) {
    for violation in &findings.violations {
        let ids: Vec<String> = violation.ids().iter().map(|(name, id)| format!("{name}={id}")).collect();
        let rule = violation.rule();
        tracing::error!(
            alarm = "audit",
            rule = rule.key(),
            invariant = rule.invariant().number(),
            ids = ids.join(" "),
            "{}",
            rule.meaning()
        );
    }
    let checked = findings.checked;
    tracing::info!(
        violations = findings.total(),
        leads = checked.leads,
        reps = checked.reps,
        pools = checked.pools,
        deliveries = checked.deliveries,
        unsettled = checked.unsettled,
        changes_done = progress.changed_place.is_none(),
        pass_began_at = progress.pass_began_at.map(tracing::field::display),
        pass_ended_at = progress.pass_ended_at.map(tracing::field::display),
        "audited"
    );
}
