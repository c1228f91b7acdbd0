//! The simulator about itself: a seed replays exactly, with or without parts of it left out.

use leadline_tests::sim::{Options, keep_of, keep_text, run};

#[test]
fn a_seed_replays_exactly() {
    let options = Options { history: true, digest: true, ..Options::default() };
    for seed in [3, 7, 11] {
        let (first, second) = (run(seed, &options), run(seed, &options));
        assert!(!first.digest.is_empty() && !first.history.is_empty());
        assert_eq!(first, second, "seed {seed}");
    }
}

#[test]
fn a_shrunk_history_replays_exactly() {
    let whole = run(5, &Options::default());
    let some: Vec<_> = whole.happened.iter().copied().step_by(3).collect();
    assert!(some.len() > 5);
    let keep = keep_of(&keep_text(&some)).expect("it can be read back");
    assert_eq!(keep, some.iter().copied().collect());
    let options = Options { keep: Some(keep.clone()), digest: true, ..Options::default() };
    let (first, second) = (run(5, &options), run(5, &options));
    assert_eq!(first, second);
    assert!(first.happened.iter().all(|o| keep.contains(o)));
}
