//! Deadlines are kept to the second: a step is late when it comes more than two seconds after the first moment, at or
//! past its due time, when a healthy timer or tick could have taken it.

use std::collections::BTreeMap;

use leadline_core::ids::LeadId;
use leadline_core::lead::{Actor, EventKind, Lead, Stage};

use super::check::Harm;
use super::witness::{Scene, short};

/// A healthy function may take so long.
const GRACE_MS: i64 = 2_000;
/// Whoever commits a due time nearer than this arms a timer for it, and so does each sweep.
const ARMED_WITHIN_MS: i64 = 150_000;

/// What is to happen when, and since when that is known.
#[derive(Default)]
pub(crate) struct Lateness {
    /// By lead and timer: when it is due, and when that was committed.
    running: BTreeMap<(LeadId, &'static str), (i64, i64)>,
    /// From then on every worker, message and tick is healthy.
    healthy_from: Option<i64>,
    /// When healthy sweeps began.
    ticks: Vec<i64>,
    pub(crate) judged: u64,
}

impl Lateness {
    /// From now on nothing goes wrong any more.
    pub(crate) fn healthy(&mut self, now_ms: i64) {
        self.healthy_from.get_or_insert(now_ms);
    }

    pub(crate) fn is_healthy(&self) -> bool {
        self.healthy_from.is_some()
    }

    /// A sweep begins.
    pub(crate) fn tick(&mut self, now_ms: i64) {
        if self.is_healthy() {
            self.ticks.push(now_ms);
        }
    }

    /// A row has changed: what was due may have happened, what comes next may be due at another time.
    pub(crate) fn moved(&mut self, before: Option<&Lead>, after: &Lead, scene: &Scene<'_>) -> Option<Harm> {
        let fired = fired(before, after);
        let mut late = None;
        for (timer, due) in timers(after) {
            let key = (after.lead_id.clone(), timer);
            let known = self.running.get(&key).copied();
            if known.is_some_and(|(known, _)| known == due) {
                continue;
            }
            if let (Some(known), Some(true)) = (known, fired.map(|f| f == timer)) {
                late = late.or(self.judge(after, timer, known, scene.now_ms));
            }
            self.running.insert(key, (due, scene.now_ms));
        }
        let still: Vec<&str> = timers(after).map(|(timer, _)| timer).collect();
        for timer in TIMERS.iter().filter(|t| !still.contains(t)) {
            if let Some(known) = self.running.remove(&(after.lead_id.clone(), *timer))
                && fired == Some(*timer)
            {
                late = late.or(self.judge(after, timer, known, scene.now_ms));
            }
        }
        late
    }

    /// What is still waiting in the end although its time has come.
    pub(crate) fn overdue(&self, now_ms: i64) -> Vec<Harm> {
        let past =
            |due: i64, since: i64| self.opportunity(due, since).is_some_and(|at| at + GRACE_MS < now_ms);
        self.running
            .iter()
            .filter(|(_, (due, since))| past(*due, *since))
            .map(|((lead_id, timer), _)| Harm::Late(format!("{} {timer} has not come", short(lead_id))))
            .collect()
    }

    fn judge(&mut self, lead: &Lead, timer: &str, (due, since): (i64, i64), now_ms: i64) -> Option<Harm> {
        let at = self.opportunity(due, since)?;
        self.judged += 1;
        (now_ms > at + GRACE_MS).then(|| {
            Harm::Late(format!(
                "{} {timer} came {} ms after it could have ({} ms after it was due)",
                short(&lead.lead_id),
                now_ms - at,
                now_ms - due
            ))
        })
    }

    /// The first moment at or past its due time when something healthy could have taken it.
    pub(crate) fn opportunity(&self, due: i64, since: i64) -> Option<i64> {
        let healthy = self.healthy_from?;
        if since >= healthy && due <= since + ARMED_WITHIN_MS {
            return Some(due.max(since));
        }
        // A sweep that comes before its time arms it, a later one takes it.
        self.ticks
            .iter()
            .find(|tick| **tick >= since && **tick + ARMED_WITHIN_MS >= due)
            .map(|tick| due.max(*tick))
    }
}

const TIMERS: [&str; 7] = ["accept", "first_touch", "attempts", "qualified_by", "stalled", "wake", "pause"];

/// The timers that have to be kept to the second.
fn timers(lead: &Lead) -> impl Iterator<Item = (&'static str, i64)> + '_ {
    let clocks = lead.clocks.iter().filter_map(|c| Some((c.kind.name(), c.next_at?.as_millisecond())));
    let wake = lead.wake_at.filter(|_| lead.stage == Stage::Recycled);
    let pause = lead.paused.as_ref().map(|p| ("pause", p.until.as_millisecond()));
    clocks.chain(wake.map(|at| ("wake", at.as_millisecond()))).chain(pause)
}

/// Which timer the transition has taken, if it was a timer's.
fn fired(before: Option<&Lead>, after: &Lead) -> Option<&'static str> {
    if !matches!(&after.last_event.actor, Actor::System { function } if function == "escalate") {
        return None;
    }
    let before = before?;
    match &after.last_event.kind {
        EventKind::Reminded { clock, .. }
        | EventKind::ManagerTold { clock, .. }
        | EventKind::Overtaken { clock, .. }
        | EventKind::Breached { clock } => Some(clock.name()),
        EventKind::Resumed { .. } => Some("pause"),
        EventKind::Woken { .. } => Some("wake"),
        EventKind::Parked { .. } if before.stage == Stage::Recycled => Some("wake"),
        EventKind::Reassigned { .. }
        | EventKind::NobodyLeft { .. }
        | EventKind::ReturnedToMarketing { .. } => {
            // Whichever clock was the first to be due asked for it.
            let clocks = before.clocks.iter().filter_map(|c| Some((c.next_at?, c.kind)));
            clocks.min().map(|(_, kind)| kind.name())
        }
        _ => None,
    }
}
