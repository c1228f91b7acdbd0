//! What can be said about a free text that is none of the texts named: whether tests of it contradict each other, and
//! one that passes them.

use super::super::{Scalar, Seen, Test};
use super::cells::{Cells, is_postcode, scalars, words};
use crate::contact::compact;

/// Tests of one text: the test, and whether it is to pass.
pub(super) type Wanted<'t> = Vec<(&'t Test, bool)>;

/// Excluding more numbers than this one by one is not tried.
const MOST_EXCLUDED: i64 = 1_000;

/// Whether no text that is named nowhere can fulfil them all. `true` is a proof, `false` is none of the contrary.
pub(super) fn contradict(wanted: &Wanted<'_>) -> bool {
    let parts = Parts::of(wanted);
    parts.words_contradict() || parts.numbers_contradict()
}

/// Whether a test asks for one of the texts that are named: no other can pass it. A number can be written in several
/// ways, but for a code in one.
pub(super) fn names_its_texts(test: &Test, codes: bool) -> bool {
    let number = |scalar: &Scalar| matches!(scalar, Scalar::Number(_));
    matches!(test, Test::Is(_) | Test::In(_)) && (codes || !scalars(test).iter().any(number))
}

/// A text that fulfils them all and is none of those named, if one is found by trying.
pub(super) fn example(wanted: &Wanted<'_>, cells: &Cells) -> Option<Seen> {
    let parts = Parts::of(wanted);
    let tried = if cells.codes { codes(&parts) } else { texts(&parts) };
    let is_named = |text: &Seen| {
        let named = |value: &Seen| words(value).to_lowercase() == words(text).to_lowercase();
        cells.values.iter().any(named)
    };
    tried
        .into_iter()
        .find(|text| wanted.iter().all(|(test, pass)| test.passes(text) == *pass) && !is_named(text))
}

fn texts(parts: &Parts) -> Vec<Seen> {
    let (start, inside) = (parts.start(), parts.inside());
    let mut tried = vec!["something else".to_owned()];
    for glue in ["", " ", "-", "x"] {
        for tail in ["", "x", " something", "~"] {
            let before = if start.is_empty() { "" } else { glue };
            tried.push(format!("{start}{before}{}{tail}", inside.join(glue)));
        }
    }
    let numbers =
        parts.at_least.into_iter().chain(parts.at_most).chain(parts.one_of.clone().unwrap_or_default());
    tried.extend(
        numbers
            .flat_map(|n| [n.to_string(), n.saturating_add(1).to_string(), n.saturating_sub(1).to_string()]),
    );
    tried.into_iter().map(Seen::Text).collect()
}

fn codes(parts: &Parts) -> Vec<Seen> {
    let beginning = compact(&format!("{}{}", parts.start(), parts.inside().concat()));
    let tails = ["", "0", "00", "000", "0000", "00000", "1", "11"].map(|tail| format!("{beginning}{tail}"));
    let bounds = parts.at_least.into_iter().chain(parts.at_most).map(|bound| bound.to_string());
    tails.into_iter().chain(bounds).filter(|code| is_postcode(code)).map(Seen::Code).collect()
}

/// The tests, sorted. Texts are in lower case.
#[derive(Default)]
struct Parts {
    starts: Vec<String>,
    contains: Vec<String>,
    not_starts: Vec<String>,
    not_contains: Vec<String>,
    /// It is a number.
    number: bool,
    at_least: Option<i64>,
    at_most: Option<i64>,
    /// It is one of these numbers.
    one_of: Option<Vec<i64>>,
    /// If it is a number, it is not at least this …
    below: Option<i64>,
    /// … not at most this …
    above: Option<i64>,
    /// … and none of these.
    none_of: Vec<i64>,
}

impl Parts {
    /// The longest of the beginnings.
    fn start(&self) -> &str {
        self.starts.iter().max_by_key(|start| start.len()).map_or("", String::as_str)
    }

    /// What has to stand in it besides.
    fn inside(&self) -> Vec<&str> {
        let start = self.start();
        self.contains.iter().map(String::as_str).filter(|part| !start.contains(part)).collect()
    }

    fn of(wanted: &Wanted<'_>) -> Self {
        let mut parts = Parts::default();
        let least = |a: Option<i64>, b: i64| Some(a.map_or(b, |a| a.min(b)));
        let most = |a: Option<i64>, b: i64| Some(a.map_or(b, |a| a.max(b)));
        for (test, pass) in wanted {
            match (test, pass) {
                (Test::StartsWith(part), true) => parts.starts.push(part.to_lowercase()),
                (Test::StartsWith(part), false) => parts.not_starts.push(part.to_lowercase()),
                (Test::Contains(part), true) => parts.contains.push(part.to_lowercase()),
                (Test::Contains(part), false) => parts.not_contains.push(part.to_lowercase()),
                (Test::AtLeast(bound), true) => {
                    parts.number = true;
                    parts.at_least = most(parts.at_least, *bound);
                }
                (Test::AtMost(bound), true) => {
                    parts.number = true;
                    parts.at_most = least(parts.at_most, *bound);
                }
                (Test::AtLeast(bound), false) => parts.below = least(parts.below, *bound),
                (Test::AtMost(bound), false) => parts.above = most(parts.above, *bound),
                (Test::Is(_) | Test::In(_), pass) => {
                    let numbers = scalars(test).iter().filter_map(|s| match s {
                        Scalar::Number(number) => Some(*number),
                        _ => None,
                    });
                    if *pass {
                        parts.number = true;
                        let before = parts.one_of.take();
                        let both = numbers.filter(|n| before.as_ref().is_none_or(|b| b.contains(n)));
                        parts.one_of = Some(both.collect());
                    } else {
                        parts.none_of.extend(numbers);
                    }
                }
                (Test::Known(_), _) => {}
            }
        }
        parts
    }

    fn words_contradict(&self) -> bool {
        let diverge = |a: &String, b: &String| !a.starts_with(b.as_str()) && !b.starts_with(a.as_str());
        let starts_diverge = self.starts.iter().any(|a| self.starts.iter().any(|b| diverge(a, b)));
        let mut present = self.starts.iter().chain(&self.contains);
        let holds_unwanted = self
            .not_contains
            .iter()
            .any(|part| part.is_empty() || present.clone().any(|p| p.contains(part.as_str())));
        let starts_unwanted = self
            .not_starts
            .iter()
            .any(|part| part.is_empty() || self.starts.iter().any(|s| s.starts_with(part.as_str())));
        // What has a letter is no number: only digits, a sign and white space around them are.
        let no_number =
            |p: &String| p.chars().any(|c| !c.is_ascii_digit() && !"+-".contains(c) && !c.is_whitespace());
        starts_diverge || holds_unwanted || starts_unwanted || (self.number && present.any(no_number))
    }

    fn numbers_contradict(&self) -> bool {
        if !self.number {
            return false;
        }
        let from =
            self.at_least.unwrap_or(i64::MIN).max(self.above.map_or(i64::MIN, |a| a.saturating_add(1)));
        let to = self.at_most.unwrap_or(i64::MAX).min(self.below.map_or(i64::MAX, |b| b.saturating_sub(1)));
        // At the ends of the numbers there is nothing beyond to be excluded to.
        if self.above == Some(i64::MAX) || self.below == Some(i64::MIN) {
            return true;
        }
        let fits = |n: &i64| (from..=to).contains(n) && !self.none_of.contains(n);
        match &self.one_of {
            Some(list) => !list.iter().any(fits),
            None if from > to => true,
            None => {
                to.checked_sub(from).is_some_and(|width| width < MOST_EXCLUDED)
                    && !(from..=to).any(|n| fits(&n))
            }
        }
    }
}
