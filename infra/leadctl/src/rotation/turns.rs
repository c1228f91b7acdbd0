//! Turns taken by the product's own pick, held against exact shares.

use leadline_core::ids::RepId;
use leadline_core::routing::{Candidate, PoolState, pick};
use num_bigint::BigInt;
use num_integer::Integer as _;

use super::arguments::Absence;
use super::decimal::Fraction;

/// The most that members times picks may be.
const MAX_WORK: u64 = 20_000_000;

/// Why no turns can be taken.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RotationFault {
    /// More than one run may take.
    #[error(
        "{members} members and {count} leads are more than one run takes. With {members} members, --count may be {most} at most."
    )]
    TooMuch {
        /// How many members.
        members: usize,
        /// How many leads.
        count: u32,
        /// How many leads are possible.
        most: u64,
    },
    /// An absence of somebody else.
    #[error("{0} is absent but has no weight. Write it into --weights, or leave its --absent out.")]
    UnknownMember(RepId),
    /// An absence that never comes.
    #[error(
        "{rep_id} is absent from pick {first} on, but the last pick is {count}. Raise --count or leave it out."
    )]
    AfterTheLast {
        /// Who.
        rep_id: RepId,
        /// From when.
        first: u32,
        /// How many picks there are.
        count: u32,
    },
    /// Nobody is left.
    #[error("At pick {0} everybody is absent, so nobody can be picked. Shorten one of the absences.")]
    Nobody(u32),
}

/// What came of it. Members are numbered as they were given.
#[derive(Debug)]
pub(super) struct Turns {
    /// Who was picked, pick by pick.
    pub(super) picks: Vec<usize>,
    /// What each member was entitled to, in leads: its weight among those of the members present, added up over the picks
    /// at which it was present.
    pub(super) share: Vec<Fraction>,
    /// Leads assigned less share at the end.
    pub(super) drift: Vec<Fraction>,
    /// The largest distance of any member from its share after any pick.
    pub(super) max_drift: Fraction,
    /// Who was that far off first, and after which pick.
    pub(super) furthest: (usize, u32),
}

/// Picks that have the same members present.
struct Stretch {
    first: u32,
    last: u32,
    present: Vec<usize>,
    weight: BigInt,
}

/// Takes `count` turns.
pub(super) fn take(members: &[Candidate], absent: &[Absence], count: u32) -> Result<Turns, RotationFault> {
    let most = MAX_WORK / (members.len() as u64).max(1);
    if u64::from(count) > most {
        return Err(RotationFault::TooMuch { members: members.len(), count, most });
    }
    let stretches = stretches(members, absent, count)?;
    // Everything is counted in parts of a lead of which every share has a whole number.
    let parts = stretches.iter().fold(BigInt::from(1), |parts, stretch| parts.lcm(&stretch.weight));

    let mut state = PoolState::default();
    let mut picks = Vec::new();
    let mut drift = vec![BigInt::ZERO; members.len()];
    let (mut max_drift, mut furthest) = (BigInt::ZERO, (0, 1));
    for stretch in &stretches {
        let candidates: Vec<Candidate> = stretch.present.iter().map(|at| members[*at].clone()).collect();
        let shares: Vec<BigInt> =
            candidates.iter().map(|member| &parts / &stretch.weight * member.weight).collect();
        for number in stretch.first..=stretch.last {
            let (record, next) = pick(&state, &candidates).ok_or(RotationFault::Nobody(number))?;
            state = next;
            for ((member, candidate), share) in stretch.present.iter().zip(&candidates).zip(&shares) {
                drift[*member] -= share;
                if candidate.rep_id == record.rep_id {
                    drift[*member] += &parts;
                    picks.push(*member);
                }
                if drift[*member].magnitude() > max_drift.magnitude() {
                    max_drift = drift[*member].magnitude().clone().into();
                    furthest = (*member, number);
                }
            }
        }
    }
    let mut assigned = vec![0_u32; members.len()];
    picks.iter().for_each(|member| assigned[*member] += 1);
    let fraction = |numerator| Fraction { numerator, denominator: parts.clone() };
    let share =
        assigned.iter().zip(&drift).map(|(assigned, drift)| fraction(&parts * *assigned - drift)).collect();
    let max_drift = fraction(max_drift);
    Ok(Turns { picks, share, drift: drift.into_iter().map(fraction).collect(), max_drift, furthest })
}

/// Cuts the picks wherever somebody leaves or comes back.
fn stretches(members: &[Candidate], absent: &[Absence], count: u32) -> Result<Vec<Stretch>, RotationFault> {
    for Absence { rep_id, first, .. } in absent {
        if !members.iter().any(|member| member.rep_id == *rep_id) {
            return Err(RotationFault::UnknownMember(rep_id.clone()));
        }
        if *first > count {
            return Err(RotationFault::AfterTheLast { rep_id: rep_id.clone(), first: *first, count });
        }
    }
    let mut begins: Vec<u32> = absent
        .iter()
        .flat_map(|absence| [absence.first, absence.last.saturating_add(1)])
        .chain([1])
        .filter(|begin| *begin <= count)
        .collect();
    begins.sort_unstable();
    begins.dedup();
    let ends = begins.iter().skip(1).map(|next| next - 1).chain([count]);
    begins
        .iter()
        .zip(ends)
        .map(|(first, last)| {
            let away = |member: &Candidate| {
                absent.iter().any(|a| a.rep_id == member.rep_id && (a.first..=a.last).contains(first))
            };
            let present: Vec<usize> =
                members.iter().enumerate().filter(|(_, member)| !away(member)).map(|(at, _)| at).collect();
            let weight: u64 = present.iter().map(|at| u64::from(members[*at].weight)).sum();
            if weight == 0 {
                return Err(RotationFault::Nobody(*first));
            }
            Ok(Stretch { first: *first, last, present, weight: weight.into() })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::arguments::Members;
    use super::super::decimal::number;
    use super::*;

    fn run(weights: &str, absent: &[&str], count: u32) -> Result<Turns, RotationFault> {
        let absent: Vec<Absence> = absent.iter().map(|text| Absence::parse(text).unwrap()).collect();
        take(&Members::parse(weights).unwrap().0, &absent, count)
    }

    /// The next of a row of numbers that look random (a linear congruential generator, constants by Knuth).
    fn next(seed: &mut u64) -> u64 {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *seed >> 33
    }

    /// Tijdeman's bound is 1 − 1/(2k − 2) for k members, so less than one.
    #[test]
    fn nobody_is_a_whole_lead_off_for_300_random_weights() {
        let mut seed = 1;
        for _ in 0..300 {
            let members = 2 + next(&mut seed) % 11;
            let weights: Vec<String> =
                (0..members).map(|at| format!("r{at}={}", 1 + next(&mut seed) % 100)).collect();
            let turns = run(&weights.join(","), &[], 400).unwrap();
            let Fraction { numerator, denominator } = &turns.max_drift;
            let k = 2 * members - 2;
            assert!(numerator * k <= denominator * (k - 1), "{weights:?}: {}", number(&turns.max_drift));
            let total = turns.share.iter().map(|share| &share.numerator).sum::<BigInt>();
            assert_eq!(total, denominator * 400, "shares add up to the leads");
        }
    }

    /// Shares by hand: 99 picks at 1/2, 101 alone, 100 at 1/2.
    #[test]
    fn an_absence_freezes_the_deviation_and_nothing_is_caught_up() {
        let with = run("a=1,b=1", &["b:100-200"], 300).unwrap();
        let got = |turns: &Turns, member: usize, range: std::ops::Range<usize>| {
            turns.picks[range].iter().filter(|pick| **pick == member).count()
        };
        assert_eq!(got(&with, 1, 99..200), 0);
        assert!((49..=51).contains(&got(&with, 1, 200..300)), "a share like everybody's and no more");
        assert!((4..=6).contains(&got(&with, 1, 200..210)));
        let halves = |turns: &Turns, member: usize| number(&turns.share[member]).as_f64().unwrap();
        assert!((halves(&with, 0) - 200.5).abs() < f64::EPSILON);
        assert!((halves(&with, 1) - 99.5).abs() < f64::EPSILON);
        // What b was off when it left, it still was when it came back.
        let left = run("a=1,b=1", &[], 99).unwrap();
        let back = run("a=1,b=1", &["b:100-200"], 200).unwrap();
        let drift = |turns: &Turns| number(&turns.drift[1]);
        assert_eq!(drift(&left), drift(&back));
        assert_ne!(drift(&left).as_f64(), Some(0.0), "after 99 picks one of two is half a lead ahead");
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let refused = |weights, absent: &[&str], count| run(weights, absent, count).unwrap_err();
        let b = || RepId::parse("b").unwrap();
        assert_eq!(refused("a=1", &["b:1-2"], 9), RotationFault::UnknownMember(b()));
        assert_eq!(
            refused("a=1,b=1", &["b:10-12"], 9),
            RotationFault::AfterTheLast { rep_id: b(), first: 10, count: 9 }
        );
        assert_eq!(refused("a=1,b=1", &["b:2-6", "a:5-9"], 9), RotationFault::Nobody(5));
        assert_eq!(refused("a=1", &["a:1-1"], 9), RotationFault::Nobody(1));
        let crowd: Vec<String> = (0..100).map(|at| format!("r{at}=1")).collect();
        assert_eq!(
            refused(&crowd.join(","), &[], 200_001),
            RotationFault::TooMuch { members: 100, count: 200_001, most: 200_000 }
        );
        // An absence may go on after the last pick, and absences may overlap.
        assert_eq!(run("a=1,b=1", &["b:2-6", "b:4-9999"], 9).unwrap().picks[1..], [0; 8]);
    }
}
