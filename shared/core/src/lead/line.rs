//! The line of those who are parked for a pool: the best grade first, the longest waiting first among equals. Whoever has
//! waited for a day goes before everybody else, so that a steady stream of better leads starves nobody.

use jiff::{SignedDuration, Timestamp};

use super::Lead;

/// Waiting so long puts a lead before every grade.
const LONG_ENOUGH: SignedDuration = SignedDuration::from_hours(24);

/// How much later the next grade is looked at, when several become possible at the same instant.
const BETWEEN_GRADES: SignedDuration = SignedDuration::from_secs(2);

impl Lead {
    /// Where a parked lead stands in line, in the order of texts; `None` for one that is not parked. It follows from the
    /// row alone: the next look lies ahead by a quarter of an hour at most and tells how long the lead has waited.
    pub fn place_in_line(&self) -> Option<String> {
        let parked = self.parked.as_ref()?;
        let waited = self.wake_at.is_some_and(|at| at.duration_since(parked.since) >= LONG_ENOUGH);
        let grade = self.score.as_ref().map_or("Z", |score| score.grade.as_str());
        Some(if waited { "0".to_owned() } else { grade.to_owned() })
    }

    /// When a lead that is parked, or is about to be, is looked at again at the latest. Where time makes room for several
    /// at the same instant, better grades come first.
    pub fn look_again_in_line(&self, now: Timestamp, chance: Option<Timestamp>) -> Timestamp {
        let grade = self.score.as_ref().map_or("", |score| score.grade.as_str());
        let place = |c: Option<u8>, first: u8| c.map_or(2, |c| c.saturating_sub(first).min(2));
        let mut letters = grade.bytes();
        let behind = place(letters.next(), b'A') * 3 + place(letters.next(), b'1');
        let waited = self.parked.as_ref().is_some_and(|p| now.duration_since(p.since) >= LONG_ENOUGH);
        let behind = if waited { 0 } else { i32::from(behind) };
        Lead::look_again(now, chance.map(|at| at + BETWEEN_GRADES * behind))
    }
}

#[cfg(test)]
mod tests {
    use super::super::ParkReason;
    use super::super::samples::{after, captured, card, pool, step};
    use super::*;
    use crate::enrichment::Findings;
    use crate::qualification::Verdict;
    use crate::submission::VerdictKind;

    fn parked(grade: &str, at: i64) -> Lead {
        let lead = captured(VerdictKind::Clean);
        let lead = lead.enriched(lead.profile.clone(), Findings::default(), None, &step(after(10))).unwrap();
        let card = crate::scoring::ScoreCard { grade: grade.to_owned(), ..card(60, 60) };
        let lead = lead.scored(&card, &Verdict::Qualified, &step(after(20))).unwrap();
        lead.parked(&pool(), ParkReason::NobodyEligible, after(at + 900), &step(after(at))).unwrap()
    }

    #[test]
    fn the_best_grade_is_first_and_who_has_waited_for_a_day_before_all() {
        let line = |grade, at| parked(grade, at).place_in_line().unwrap();
        let order = ["A1", "A2", "A3", "B1", "B2", "B3", "C1", "C2", "C3"];
        assert!(order.windows(2).all(|pair| line(pair[0], 900) < line(pair[1], 30)));
        let waited = parked("C3", 30).still_parked(None, after(30 + 86_400));
        assert!(waited.place_in_line().unwrap() < line("A1", 30));
        let not_yet = parked("C3", 30).still_parked(None, after(30 + 86_399));
        assert_eq!(not_yet.place_in_line().as_deref(), Some("C3"));
        assert_eq!(captured(VerdictKind::Clean).place_in_line(), None);
    }

    #[test]
    fn better_grades_are_looked_at_first_when_time_makes_room_for_several() {
        let (now, midnight) = (after(60), after(600));
        let look = |grade| parked(grade, 30).look_again_in_line(now, Some(midnight));
        assert_eq!([look("A1"), look("A2"), look("C3")], [midnight, after(602), after(616)]);
        let day_later = after(30 + 86_400);
        let chance = after(30 + 86_400 + 60);
        assert_eq!(parked("C3", 30).look_again_in_line(day_later, Some(chance)), chance);
        assert_eq!(
            parked("C3", 30).look_again_in_line(now, None),
            after(60 + 900),
            "a quarter of an hour at most"
        );
    }
}
