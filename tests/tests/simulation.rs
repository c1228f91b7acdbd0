//! The simulation: `LEADLINE_SEEDS` worlds from `LEADLINE_FROM` on. A failing seed prints itself and what is wrong.

use leadline_tests::sim::{Fault, Faults, run};

#[allow(clippy::disallowed_methods, reason = "a test's settings")]
fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(otherwise)
}

#[test]
fn no_lead_is_lost_doubled_or_forgotten() {
    let from = setting("LEADLINE_FROM", 1);
    let seeds = setting("LEADLINE_SEEDS", 200);
    let started = std::time::Instant::now();
    let (mut submissions, mut acked, mut harmed) = (0, 0, Vec::new());
    let mut faults = Faults::default();
    for seed in from..from + seeds {
        let outcome = run(seed);
        submissions += outcome.submissions;
        acked += outcome.acked;
        faults.add(&outcome.faults);
        if !outcome.harm.is_empty() {
            println!("seed {seed}: {:#?}", outcome.harm);
            println!("again: make simulate FROM={seed} SEEDS=1");
            harmed.push(seed);
        }
    }
    let fired: Vec<String> =
        Fault::ALL.iter().map(|f| format!("\"{}\":{}", f.name(), faults.fired(*f))).collect();
    println!(
        "{{\"seeds\":{seeds},\"submissions\":{submissions},\"acked\":{acked},\"harmed\":{},\"faults\":{{{}}},\"seconds\":{:.1}}}",
        harmed.len(),
        fired.join(","),
        started.elapsed().as_secs_f64()
    );
    assert!(harmed.is_empty(), "harm in seeds {harmed:?}");
    assert!(
        acked * 10 >= submissions * 9,
        "only {acked} of {submissions} were acknowledged: a green run proves little"
    );
    if seeds >= 100 {
        let silent: Vec<_> = Fault::ALL.iter().filter(|f| faults.fired(**f) == 0).collect();
        assert!(silent.is_empty(), "these faults never fired: {silent:?}");
    }
}

#[test]
fn a_seed_replays_exactly() {
    for seed in [3, 7, 11] {
        assert_eq!(run(seed), run(seed));
    }
}
