//! Many seeds on all cores, what they came to, and the line of JSON that says so.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::faults::{Fault, Faults, Occurrence};
use super::run::{Options, Outcome, run};
use super::{Harm, keep_text, shrink};

/// What to run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The first seed.
    pub from: u64,
    /// How many.
    pub seeds: u64,
    /// Ends earlier when that much time has passed.
    pub seconds: Option<u64>,
    /// Only these occurrences happen.
    pub keep: Option<BTreeSet<Occurrence>>,
    /// Ends with the first seed that fails.
    pub stop_at_first: bool,
}

/// What all worlds came to.
#[derive(Debug, Default)]
pub struct Report {
    /// How many seeds were run.
    pub seeds: u64,
    /// Submissions sent, acknowledged, and recovered.
    pub submissions: usize,
    /// Acknowledged ones.
    pub acked: usize,
    /// Not acknowledged, and there all the same.
    pub recovered: usize,
    /// Deadline steps that were judged.
    pub judged: u64,
    /// Seeds in which less than half was acknowledged: they prove little.
    pub weak: Vec<u64>,
    /// How often each class of harm was done.
    pub harm: BTreeMap<&'static str, u64>,
    /// Seeds with harm, and what it was.
    pub failed: BTreeMap<u64, Vec<Harm>>,
    /// How often each fault fired.
    pub faults: Faults,
    /// How long it took.
    pub elapsed: Duration,
}

/// So few seeds may miss a class of faults by chance.
const ENOUGH_SEEDS: u64 = 200;

/// Runs the seeds on all cores. `progress` is called now and then with how many are done.
#[allow(clippy::disallowed_methods, reason = "a run of the simulator takes real time")]
pub fn simulate(plan: &Plan, progress: impl Fn(u64) + Sync) -> Report {
    let began = Instant::now();
    let (next, done, stop) = (AtomicU64::new(0), AtomicU64::new(0), AtomicBool::new(false));
    let report = Mutex::new(Report::default());
    let options = Options { keep: plan.keep.clone(), ..Options::default() };
    let worker = || {
        let mut own = Report::default();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let over = plan.seconds.is_some_and(|most| began.elapsed() >= Duration::from_secs(most));
            if index >= plan.seeds || over || stop.load(Ordering::Relaxed) {
                break;
            }
            let seed = plan.from + index;
            own.add(seed, run(seed, &options));
            if plan.stop_at_first && !own.failed.is_empty() {
                stop.store(true, Ordering::Relaxed);
            }
            progress(done.fetch_add(1, Ordering::Relaxed) + 1);
        }
        if let Ok(mut all) = report.lock() {
            all.merge(own);
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(worker);
        }
    });
    let mut report = report.into_inner().unwrap_or_default();
    report.elapsed = began.elapsed();
    report
}

impl Report {
    fn add(&mut self, seed: u64, outcome: Outcome) {
        self.seeds += 1;
        self.submissions += outcome.submissions;
        self.acked += outcome.acked;
        self.recovered += outcome.recovered;
        self.judged += outcome.judged;
        self.faults.add(&outcome.faults);
        if outcome.acked * 2 < outcome.submissions {
            self.weak.push(seed);
        }
        for harm in &outcome.harm {
            *self.harm.entry(harm.class()).or_default() += 1;
        }
        if !outcome.harm.is_empty() {
            self.failed.insert(seed, outcome.harm);
        }
    }

    fn merge(&mut self, other: Report) {
        self.seeds += other.seeds;
        self.submissions += other.submissions;
        self.acked += other.acked;
        self.recovered += other.recovered;
        self.judged += other.judged;
        self.weak.extend(other.weak);
        self.faults.add(&other.faults);
        for (class, count) in other.harm {
            *self.harm.entry(class).or_default() += count;
        }
        self.failed.extend(other.failed);
    }

    /// Classes of faults that never fired although there were seeds enough.
    pub fn silent(&self) -> Vec<&'static str> {
        let silent = Fault::ALL.iter().filter(|f| self.faults.fired(**f) == 0).map(|f| f.name());
        if self.seeds < ENOUGH_SEEDS { Vec::new() } else { silent.collect() }
    }

    /// Why this run is not green; nothing when it is.
    pub fn objections(&self) -> Vec<String> {
        let mut objections = Vec::new();
        if !self.failed.is_empty() {
            objections.push(format!("{} of {} seeds did harm", self.failed.len(), self.seeds));
        }
        if self.acked * 10 < self.submissions * 9 {
            objections
                .push(format!("only {} of {} submissions were acknowledged", self.acked, self.submissions));
        }
        if !self.weak.is_empty() {
            objections.push(format!("little was acknowledged in the seeds {:?}", self.weak));
        }
        if !self.silent().is_empty() {
            objections.push(format!("these faults never fired: {}", self.silent().join(", ")));
        }
        if self.seeds == 0 {
            objections.push("no seed was run".to_owned());
        }
        objections
    }

    /// The line that says it all.
    pub fn json(&self) -> String {
        // Written by hand for the order of its members, which people read; names and numbers need no escaping.
        let mut line = format!(
            r#"{{"seeds":{},"submissions":{},"acked":{},"recovered":{}"#,
            self.seeds, self.submissions, self.acked, self.recovered
        );
        for class in Harm::CLASSES {
            line.push_str(&format!(r#","{class}":{}"#, self.harm.get(class).copied().unwrap_or(0)));
        }
        line.push_str(&format!(
            r#","weak_seeds":{},"steps_judged":{},"faults":{{"#,
            self.weak.len(),
            self.judged
        ));
        let faults = Fault::ALL.iter().map(|f| format!(r#""{}":{}"#, f.name(), self.faults.fired(*f)));
        line.push_str(&faults.collect::<Vec<_>>().join(","));
        line.push_str(&format!(r#"}},"seconds":{:.1}}}"#, self.elapsed.as_secs_f64()));
        line
    }
}

/// What there is to tell about a failing seed: the harm, a shrunk history, and how to see it again.
pub fn explain(seed: u64, harm: &[Harm], again: &str) -> String {
    let mut text = format!("\nseed {seed}:\n");
    for one in harm {
        text.push_str(&format!("  {}: {one:?}\n", one.class()));
    }
    let Some(class) = harm.first().map(Harm::class) else { return text };
    let full = run(seed, &Options::default());
    let keep = shrink(seed, class, &full.happened);
    let options = Options { keep: Some(keep.iter().copied().collect()), history: true, digest: false };
    let shrunk = run(seed, &options);
    text.push_str(&format!(
        "\nwhat is left of {} occurrences when it is shrunk, and the history of it:\n",
        full.happened.len()
    ));
    let most = 120;
    for line in shrunk.history.iter().take(most) {
        text.push_str(&format!("{line}\n"));
    }
    if shrunk.history.len() > most {
        text.push_str(&format!("… {} more lines\n", shrunk.history.len() - most));
    }
    for one in &shrunk.harm {
        text.push_str(&format!("  {}: {one:?}\n", one.class()));
    }
    text.push_str(&format!("\nagain, whole:  {again} SEEDS=1 FROM={seed}\n"));
    text.push_str(&format!("again, shrunk: {again} SEEDS=1 FROM={seed} KEEP={}\n", keep_text(&keep)));
    text
}
