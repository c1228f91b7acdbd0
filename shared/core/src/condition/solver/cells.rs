//! What a subject's value can be, cut into cells: within a cell every test of the question gives the same answer.
//!
//! A country, a rank or a number has so few cells that all of them are listed. A free text has one for each text that
//! is named, and "another text", of which only contradictions are known.

use std::collections::{BTreeSet, HashSet};

use super::super::{Scalar, Seen, Subject, Test, TouchSubject};
use crate::contact::{CountryCode, JobFunction, Postcode, Seniority, Subdivision, compact};
use crate::lead::Field;
use crate::submission::Channel;

/// A set of cells.
pub(super) type Bits = Vec<u64>;

/// The cells of one subject.
#[derive(Debug)]
pub(super) struct Cells {
    /// Who it is about.
    pub(super) subject: Subject,
    /// One value out of each cell; of a number, the least.
    pub(super) values: Vec<Seen>,
    /// Whether there are texts besides those named.
    pub(super) others: bool,
    /// Whether the value may be unknown.
    pub(super) unknown: bool,
    /// Whether its texts are codes, in which spaces and hyphens do not count.
    pub(super) codes: bool,
    /// The greatest number there is, for numbers.
    greatest: Option<i64>,
    /// The tests that look at it.
    pub(super) tests: Vec<Test>,
    /// For each test, the cells in which it passes.
    pub(super) passing: Vec<Bits>,
}

enum Kind {
    /// These values and no other.
    Closed(Vec<&'static str>),
    Flag,
    Number(i64, i64),
    Text,
    /// Texts that are written so.
    Shaped(fn(&str) -> bool),
    /// The same, where spaces and hyphens do not count.
    Code(fn(&str) -> bool),
}

impl Cells {
    /// The cells of a subject as these tests tell them apart.
    pub(super) fn of(subject: Subject, tests: Vec<Test>) -> Self {
        let mut greatest = None;
        let kind = kind(&subject);
        let codes = matches!(kind, Kind::Code(_));
        let tests: Vec<Test> = if codes { tests.into_iter().map(compacted).collect() } else { tests };
        let (values, others) = match kind {
            Kind::Closed(names) => (names.into_iter().map(|n| Seen::Text(n.to_owned())).collect(), false),
            Kind::Flag => (vec![Seen::Flag(true), Seen::Flag(false)], false),
            Kind::Number(least, most) => {
                greatest = Some(most);
                let starts = starts(&tests, least, most);
                (starts.into_iter().map(Seen::Number).collect(), false)
            }
            Kind::Text => (texts(&tests, |_| true).into_iter().map(Seen::Text).collect(), true),
            Kind::Shaped(fits) => (texts(&tests, fits).into_iter().map(Seen::Text).collect(), true),
            Kind::Code(fits) => (texts(&tests, fits).into_iter().map(Seen::Code).collect(), true),
        };
        let passing = tests.iter().map(|test| passing(test, &values)).collect();
        let unknown = may_be_unknown(&subject);
        Self { subject, values, others, unknown, codes, greatest, tests, passing }
    }

    /// All cells.
    pub(super) fn all(&self) -> Bits {
        let mut bits = vec![u64::MAX; self.values.len().div_ceil(64)];
        if let (Some(last), rest @ 1..) = (bits.last_mut(), self.values.len() % 64) {
            *last = (1 << rest) - 1;
        }
        bits
    }

    /// Whether these are all the values there can be.
    pub(super) fn is_closed(&self) -> bool {
        !self.others
    }

    /// A cell in words: a text, a number or `50 to 99`.
    pub(super) fn words(&self, cell: usize) -> String {
        match (&self.values[cell], self.end(cell)) {
            (Seen::Number(from), Some(to)) if to == *from => from.to_string(),
            (Seen::Number(from), Some(to)) if Some(to) == self.greatest => format!("{from} and more"),
            (Seen::Number(from), Some(to)) => format!("{from} to {to}"),
            (value, _) => words(value),
        }
    }

    /// One value of a cell. Of the lowest numbers the highest, as the more likely one.
    pub(super) fn likely(&self, cell: usize) -> Seen {
        match (cell, self.end(cell)) {
            (0, Some(to)) if self.values.len() > 1 => Seen::Number(to),
            _ => self.values[cell].clone(),
        }
    }

    /// The last number of a cell.
    fn end(&self, cell: usize) -> Option<i64> {
        let greatest = self.greatest?;
        Some(match self.values.get(cell + 1) {
            Some(Seen::Number(next)) => next - 1,
            _ => greatest,
        })
    }
}

/// A value as people read it.
pub(super) fn words(value: &Seen) -> String {
    match value {
        Seen::Text(text) | Seen::Code(text) => text.clone(),
        Seen::Number(number) => number.to_string(),
        Seen::Flag(flag) => flag.to_string(),
    }
}

fn kind(subject: &Subject) -> Kind {
    match subject {
        Subject::Profile(Field::Country | Field::CompanyCountry) => {
            Kind::Closed(CountryCode::codes().collect())
        }
        Subject::Profile(Field::Seniority) => Kind::Closed(Seniority::ALL.map(Seniority::name).to_vec()),
        Subject::Profile(Field::Function) => Kind::Closed(JobFunction::ALL.map(JobFunction::name).to_vec()),
        Subject::Profile(Field::Employees) => Kind::Number(0, i64::from(u32::MAX)),
        Subject::Touch(TouchSubject::Channel) => Kind::Closed(Channel::ALL.map(Channel::name).to_vec()),
        Subject::EmailFree | Subject::EmailDisposable | Subject::EmailRole => Kind::Flag,
        Subject::Touches | Subject::Cycle => Kind::Number(0, i64::from(u32::MAX)),
        Subject::Fit | Subject::Interest => Kind::Number(0, 100),
        Subject::Grade => Kind::Closed(vec!["A1", "A2", "A3", "B1", "B2", "B3", "C1", "C2", "C3"]),
        Subject::Profile(Field::Subdivision) => Kind::Shaped(|text| Subdivision::parse(text, None).is_ok()),
        Subject::Profile(Field::Postcode) => Kind::Code(is_postcode),
        Subject::Profile(_)
        | Subject::EmailDomain
        | Subject::Form
        | Subject::Touch(_)
        | Subject::Account
        | Subject::AccountList
        | Subject::Answer(_) => Kind::Text,
    }
}

/// Whether a text is a postcode as it is compared.
pub(super) fn is_postcode(text: &str) -> bool {
    compact(text) == text && Postcode::parse(text, None).is_ok()
}

fn may_be_unknown(subject: &Subject) -> bool {
    !matches!(
        subject,
        Subject::Profile(Field::Email)
            | Subject::EmailDomain
            | Subject::EmailFree
            | Subject::EmailDisposable
            | Subject::EmailRole
            | Subject::Form
            | Subject::Touches
            | Subject::Cycle
    )
}

/// Where the answer of a test may change: the first number of each cell.
fn starts(tests: &[Test], least: i64, most: i64) -> BTreeSet<i64> {
    let mut starts = BTreeSet::from([least]);
    let mut change = |at: i64| {
        if (least..=most).contains(&at) {
            starts.insert(at);
        }
    };
    for test in tests {
        match test {
            Test::AtLeast(bound) => change(*bound),
            Test::AtMost(bound) => change(bound.saturating_add(1)),
            Test::Is(_) | Test::In(_) => {
                for scalar in scalars(test) {
                    if let Scalar::Number(number) = scalar {
                        change(*number);
                        change(number.saturating_add(1));
                    }
                }
            }
            Test::Contains(_) | Test::StartsWith(_) | Test::Known(_) => {}
        }
    }
    starts
}

/// A test of a code, with its texts as they are compared.
fn compacted(test: Test) -> Test {
    let scalar = |scalar| match scalar {
        Scalar::Text(text) => Scalar::Text(compact(&text)),
        other => other,
    };
    match test {
        Test::Is(one) => Test::Is(scalar(one)),
        Test::In(list) => Test::In(list.into_iter().map(scalar).collect()),
        Test::Contains(part) => Test::Contains(compact(&part)),
        Test::StartsWith(part) => Test::StartsWith(compact(&part)),
        other => other,
    }
}

/// Every text that is named, and every number as a text, if there can be such a value.
fn texts(tests: &[Test], fits: fn(&str) -> bool) -> Vec<String> {
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for scalar in tests.iter().flat_map(scalars) {
        let text = match scalar {
            Scalar::Text(text) => text.clone(),
            Scalar::Number(number) => number.to_string(),
            Scalar::Flag(_) => continue,
        };
        if fits(&text) && seen.insert(text.to_lowercase()) {
            found.push(text);
        }
    }
    found
}

/// The scalars that a test compares with.
pub(super) fn scalars(test: &Test) -> &[Scalar] {
    match test {
        Test::Is(scalar) => std::slice::from_ref(scalar),
        Test::In(list) => list,
        _ => &[],
    }
}

/// The cells in which a test passes. A list of thousands is looked up, not walked through; a property test holds this
/// to [`Test::passes`].
fn passing(test: &Test, values: &[Seen]) -> Bits {
    let mut bits = vec![0; values.len().div_ceil(64)];
    let looked_up = match test {
        Test::In(list) => Some(OneOf::new(list)),
        _ => None,
    };
    for (at, value) in values.iter().enumerate() {
        let passes = looked_up.as_ref().map_or_else(|| test.passes(value), |list| list.has(value));
        if passes {
            bits[at / 64] |= 1 << (at % 64);
        }
    }
    bits
}

struct OneOf {
    texts: HashSet<String>,
    codes: HashSet<String>,
    numbers: HashSet<i64>,
    flags: Vec<bool>,
}

impl OneOf {
    fn new(list: &[Scalar]) -> Self {
        let mut one_of = OneOf {
            texts: HashSet::new(),
            codes: HashSet::new(),
            numbers: HashSet::new(),
            flags: Vec::new(),
        };
        for scalar in list {
            match scalar {
                Scalar::Text(text) => {
                    one_of.texts.insert(text.to_lowercase());
                    one_of.codes.insert(compact(text));
                }
                Scalar::Number(number) => {
                    one_of.numbers.insert(*number);
                }
                Scalar::Flag(flag) => one_of.flags.push(*flag),
            }
        }
        one_of
    }

    fn has(&self, value: &Seen) -> bool {
        match value {
            Seen::Text(text) => {
                self.texts.contains(&text.to_lowercase())
                    || text.trim().parse().is_ok_and(|number: i64| self.numbers.contains(&number))
            }
            Seen::Code(code) => {
                self.codes.contains(code)
                    || code.parse().is_ok_and(|number: i64| {
                        self.numbers.contains(&number) && number.to_string() == *code
                    })
            }
            Seen::Number(number) => self.numbers.contains(number),
            Seen::Flag(flag) => self.flags.contains(flag),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scalar() -> impl Strategy<Value = Scalar> {
        prop_oneof![
            any::<bool>().prop_map(Scalar::Flag),
            (-3..4_i64).prop_map(Scalar::Number),
            "[aAbBΣςI1-3 -]{0,3}".prop_map(Scalar::Text),
        ]
    }

    fn value() -> impl Strategy<Value = Seen> {
        prop_oneof![
            any::<bool>().prop_map(Seen::Flag),
            (-3..4_i64).prop_map(Seen::Number),
            "[aAbBΣςI1-3 +]{0,3}".prop_map(Seen::Text),
            "[ABI0-3]{0,3}".prop_map(Seen::Code),
        ]
    }

    proptest! {
        #[test]
        fn looking_up_is_the_same_as_walking_through(
            list in prop::collection::vec(scalar(), 0..5),
            values in prop::collection::vec(value(), 1..70),
        ) {
            let test = Test::In(list);
            let bits = passing(&test, &values);
            for (at, value) in values.iter().enumerate() {
                prop_assert_eq!(bits[at / 64] >> (at % 64) & 1 == 1, test.passes(value), "{:?}", value);
            }
        }
    }

    #[test]
    fn numbers_are_cut_where_answers_change() {
        let tests = vec![Test::AtLeast(50), Test::AtMost(5000), Test::Is(Scalar::Number(7))];
        let cells = Cells::of(Subject::Profile(Field::Employees), tests);
        let words: Vec<String> = (0..cells.values.len()).map(|i| cells.words(i)).collect();
        assert_eq!(words, ["0 to 6", "7", "8 to 49", "50 to 5000", "5001 and more"]);
        assert_eq!(cells.likely(0), Seen::Number(6));
        assert_eq!(cells.likely(4), Seen::Number(5001));
    }
}
