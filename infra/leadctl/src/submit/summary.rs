//! What became of the rows of a file.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::send::Outcome;

/// The count, and what is to be said about rows that were not acknowledged.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    /// The submissions that the door named; fewer than rows where rows repeat each other.
    pub(crate) submissions: BTreeSet<String>,
    acknowledged: usize,
    refused: Vec<(usize, String)>,
    unanswered: Vec<(usize, String)>,
    not_sent: usize,
}

impl Summary {
    /// Adds a row's outcome.
    pub(crate) fn add(&mut self, row: usize, outcome: Outcome) {
        match outcome {
            Outcome::Acknowledged(submission_id) => {
                self.acknowledged += 1;
                self.submissions.insert(submission_id);
            }
            Outcome::Refused(problem) => self.refused.push((row, problem.to_string())),
            Outcome::Unanswered(failure) => self.unanswered.push((row, failure.to_string())),
            Outcome::NotSent => self.not_sent += 1,
        }
    }

    /// Rows that have been tried.
    pub(crate) fn sent(&self) -> usize {
        self.acknowledged + self.problems()
    }

    /// Rows that have been tried and not been acknowledged.
    pub(crate) fn problems(&self) -> usize {
        self.refused.len() + self.unanswered.len()
    }

    /// Whether all rows were acknowledged, refused ones aside where that is allowed.
    pub(crate) fn is_good(&self, allow_refused: bool) -> bool {
        self.unanswered.is_empty() && self.not_sent == 0 && (allow_refused || self.refused.is_empty())
    }

    /// In words, by row.
    pub(crate) fn text(&self) -> String {
        let rows = self.sent() + self.not_sent;
        let mut text =
            format!("{} of {rows} row{} acknowledged", self.acknowledged, if rows == 1 { "" } else { "s" });
        let repeated = self.acknowledged - self.submissions.len();
        if repeated > 0 {
            let _ = write!(text, " ({repeated} the same as another)");
        }
        let counts = [
            (self.refused.len(), "refused"),
            (self.unanswered.len(), "without an answer"),
            (self.not_sent, "not sent"),
        ];
        for (count, what) in counts.into_iter().filter(|(count, _)| *count > 0) {
            let _ = write!(text, ", {count} {what}");
        }
        text.push_str(".\n");
        let mut told: Vec<&(usize, String)> = self.refused.iter().chain(&self.unanswered).collect();
        told.sort();
        for (row, why) in told {
            let _ = writeln!(text, "  row {row}: {why}");
        }
        if self.unanswered.len() + self.not_sent > 0 {
            text.push_str("Run the same command again for the rest; what was acknowledged is not doubled.\n");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Failure;

    fn unreachable() -> Outcome {
        Outcome::Unanswered(Failure::Answer)
    }

    #[test]
    fn rows_with_the_same_content_are_one_submission() {
        let mut summary = Summary::default();
        for (row, id) in [(2, "sub_a"), (3, "sub_b"), (4, "sub_a")] {
            summary.add(row, Outcome::Acknowledged(id.to_owned()));
        }
        assert_eq!(summary.text(), "3 of 3 rows acknowledged (1 the same as another).\n");
        assert!(summary.is_good(false));
    }

    #[test]
    fn what_did_not_arrive_is_never_good() {
        let mut summary = Summary::default();
        summary.add(1, unreachable());
        summary.add(2, Outcome::NotSent);
        assert!(!summary.is_good(true));
        let text = summary.text();
        assert!(
            text.starts_with("0 of 2 rows acknowledged, 1 without an answer, 1 not sent.\n  row 1: "),
            "{text}"
        );
        assert!(text.ends_with("is not doubled.\n"));
        assert_eq!((summary.sent(), summary.problems()), (1, 1));
    }
}
