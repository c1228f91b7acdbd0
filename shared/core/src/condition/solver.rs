//! Whether there can be a lead for which some conditions hold and others do not.
//!
//! The answer "impossible" is a proof: subjects are taken to be independent and every value that a subject might have
//! is allowed, so whatever leads there are lie within what is searched. An example is a proof of the contrary, as far
//! as subjects are independent. What is neither, or takes more than [`MOST_STEPS`], is unclear.
//!
//! The search takes conditions apart: what must hold alone is settled at once, of alternatives one after the other is
//! tried, and each test narrows the cells that are left of its subject.

mod cells;
mod search;
mod text;

use std::collections::BTreeMap;

use super::{Condition, Subject, Test};
use cells::Cells;
use search::{Left, Search, TooLarge};

/// How many tests one question may apply before it is given up as unclear.
pub const MOST_STEPS: u32 = 50_000;

/// How many alternatives may be open within each other; more are given up as unclear.
const MOST_NESTED: usize = 200;

/// A question: is there a lead for which all of `holds` are true, none of `fails` is true, and `given` have those
/// values? Conditions by their number in [`Solver::over`]. A condition that is unknown fails.
#[derive(Debug, Clone, Default)]
pub struct Question {
    /// Those that are true.
    pub holds: Vec<usize>,
    /// Those that are false or unknown.
    pub fails: Vec<usize>,
    /// Values of subjects.
    pub given: Vec<(usize, Cell)>,
}

/// What is known about a subject's value, by its number in [`Solver::subjects`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cell {
    /// A value or a range of numbers, by its number in [`Solver::cells`].
    Value(usize),
    /// A text that no condition names.
    Other,
    /// Nobody knows it.
    Unknown,
}

/// Whether all values of a subject can be listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// They are all among the cells.
    Closed,
    /// There are other texts than those that are named.
    Open,
}

/// The answer to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Proven: there is no such lead.
    Impossible,
    /// There is, and this would be one.
    Example(Example),
    /// Neither could be shown.
    Unclear,
    /// Given up: the question is too large.
    TooLarge,
}

/// What a lead is like that answers a question; what is not in it does not matter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Example(Vec<(Subject, Option<String>)>);

impl Example {
    /// The values, `None` for unknown.
    pub fn values(&self) -> &[(Subject, Option<String>)] {
        &self.0
    }

    /// Without one subject.
    #[must_use]
    pub fn without(&self, subject: &Subject) -> Example {
        Example(self.0.iter().filter(|(s, _)| s != subject).cloned().collect())
    }
}

impl std::fmt::Display for Example {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, (subject, value)) in self.0.iter().enumerate() {
            let before = match at {
                0 => "",
                _ if at + 1 == self.0.len() => " and ",
                _ => ", ",
            };
            match value {
                Some(value) => write!(f, "{before}{} {value}", subject.name())?,
                None => write!(f, "{before}{} unknown", subject.name())?,
            }
        }
        Ok(())
    }
}

/// Conditions made ready to be asked about.
#[derive(Debug)]
pub struct Solver {
    subjects: Vec<Cells>,
    conditions: Vec<Node>,
}

/// A condition over numbered subjects and tests.
#[derive(Debug, Clone)]
enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Leaf(usize, usize),
}

/// What a condition is asked to be. A condition is true, false or unknown; each of the three may be ruled out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Want {
    True,
    False,
    NotTrue,
    NotFalse,
}

impl Want {
    fn negated(self) -> Want {
        match self {
            Want::True => Want::False,
            Want::False => Want::True,
            Want::NotTrue => Want::NotFalse,
            Want::NotFalse => Want::NotTrue,
        }
    }

    /// Whether the test itself has to pass, where the value is known.
    fn passes(self) -> bool {
        matches!(self, Want::True | Want::NotFalse)
    }
}

impl Solver {
    /// Over these conditions; they are known by their place.
    pub fn over<'c>(conditions: impl IntoIterator<Item = &'c Condition>) -> Self {
        let mut tests: BTreeMap<Subject, (usize, Vec<Test>)> = BTreeMap::new();
        let conditions = conditions.into_iter().map(|condition| number(condition, &mut tests)).collect();
        let mut numbered: Vec<(usize, Subject, Vec<Test>)> =
            tests.into_iter().map(|(subject, (at, tests))| (at, subject, tests)).collect();
        numbered.sort_by_key(|(at, _, _)| *at);
        let subjects = numbered.into_iter().map(|(_, subject, tests)| Cells::of(subject, tests)).collect();
        Self { subjects, conditions }
    }

    /// The subjects that the conditions look at, by number.
    pub fn subjects(&self) -> impl Iterator<Item = (usize, &Subject, Reach)> {
        self.subjects.iter().enumerate().map(|(at, cells)| {
            (at, &cells.subject, if cells.is_closed() { Reach::Closed } else { Reach::Open })
        })
    }

    /// The cells of a subject and what is in them, in words.
    pub fn cells(&self, subject: usize) -> impl Iterator<Item = (Cell, String)> {
        let cells = &self.subjects[subject];
        (0..cells.values.len()).map(|cell| (Cell::Value(cell), cells.words(cell)))
    }

    /// Whether a value may be unknown.
    pub fn may_be_unknown(&self, subject: usize) -> bool {
        self.subjects[subject].unknown
    }

    /// Answers a question.
    pub fn ask(&self, question: &Question) -> Answer {
        let mut left: Vec<Left> = self.subjects.iter().map(Left::whole).collect();
        for (subject, cell) in &question.given {
            left[*subject] = left[*subject].only(*cell);
            if left[*subject].is_empty() {
                return Answer::Impossible;
            }
        }
        let wants = question.holds.iter().map(|c| (*c, Want::True));
        let wants = wants.chain(question.fails.iter().map(|c| (*c, Want::NotTrue)));
        let pending = wants.map(|(condition, want)| (&self.conditions[condition], want)).collect();
        let mut search = Search::through(self);
        match search.run(pending, left, 0) {
            Ok(Some(example)) => Answer::Example(example),
            Ok(None) if search.is_unclear() => Answer::Unclear,
            Ok(None) => Answer::Impossible,
            Err(TooLarge) => Answer::TooLarge,
        }
    }
}

fn number(condition: &Condition, tests: &mut BTreeMap<Subject, (usize, Vec<Test>)>) -> Node {
    let mut all = |parts: &[Condition]| parts.iter().map(|part| number(part, tests)).collect();
    match condition {
        Condition::All(parts) => Node::All(all(parts)),
        Condition::Any(parts) => Node::Any(all(parts)),
        Condition::Not(inner) => Node::Not(Box::new(number(inner, tests))),
        Condition::Field(subject, test) => {
            let next = tests.len();
            let (at, known) = tests.entry(subject.clone()).or_insert((next, Vec::new()));
            let test_at = known.iter().position(|t| t == test).unwrap_or_else(|| {
                known.push(test.clone());
                known.len() - 1
            });
            Node::Leaf(*at, test_at)
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
