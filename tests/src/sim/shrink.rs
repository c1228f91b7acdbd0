//! From a failing seed to a short history: leaves out what happened by chance, piece by piece, as long as the same kind
//! of harm is still done (Zeller's ddmin, with a limit on the number of runs).

use std::collections::BTreeSet;

use super::faults::{Cause, Occurrence};
use super::run::{Options, run};

/// More runs than that are not worth waiting for.
const MOST_RUNS: u32 = 400;

/// The occurrences that are enough for the same kind of harm.
pub fn shrink(seed: u64, class: &str, happened: &[Occurrence]) -> Vec<Occurrence> {
    let mut left = happened.to_vec();
    let mut runs = 0;
    let mut pieces = 2;
    while pieces <= left.len() && runs < MOST_RUNS {
        let size = left.len().div_ceil(pieces);
        let mut shorter = None;
        for start in (0..left.len()).step_by(size) {
            let without: Vec<Occurrence> = left
                .iter()
                .enumerate()
                .filter(|(i, _)| *i < start || *i >= start + size)
                .map(|(_, o)| *o)
                .collect();
            runs += 1;
            if fails(seed, class, &without) {
                shorter = Some(without);
                break;
            }
            if runs >= MOST_RUNS {
                break;
            }
        }
        match shorter {
            Some(without) => {
                left = without;
                pieces = pieces.saturating_sub(1).max(2);
            }
            None if size == 1 => break,
            None => pieces = (pieces * 2).min(left.len().max(2)),
        }
    }
    left
}

fn fails(seed: u64, class: &str, keep: &[Occurrence]) -> bool {
    let options = Options { keep: Some(keep.iter().copied().collect()), ..Options::default() };
    run(seed, &options).harm.iter().any(|h| h.class() == class)
}

/// Occurrences as they are written in `KEEP=…`: `visit.0,drop.3`.
pub fn keep_text(keep: &[Occurrence]) -> String {
    let words: Vec<String> =
        keep.iter().map(|(cause, number)| format!("{}.{number}", cause.name())).collect();
    words.join(",")
}

/// Reads `KEEP=…`; `None` when it makes no sense.
pub fn keep_of(text: &str) -> Option<BTreeSet<Occurrence>> {
    text.split(',')
        .filter(|word| !word.is_empty())
        .map(|word| {
            let (name, number) = word.rsplit_once('.')?;
            Some((Cause::parse(name)?, number.parse().ok()?))
        })
        .collect()
}
