//! The search for a lead: what is left of each subject, and the alternatives that are still open.

use super::cells::{self, Bits, Cells};
use super::{Cell, Example, MOST_NESTED, MOST_STEPS, Node, Solver, Test, Want, text};

/// What is left of one subject.
#[derive(Debug, Clone)]
pub(super) struct Left {
    bits: Bits,
    others: bool,
    unknown: bool,
    /// The tests that a text named nowhere has to pass or not.
    wanted: Vec<(usize, bool)>,
}

impl Left {
    /// Everything.
    pub(super) fn whole(cells: &Cells) -> Left {
        Left { bits: cells.all(), others: cells.others, unknown: cells.unknown, wanted: Vec::new() }
    }

    /// One cell, if it is left.
    pub(super) fn only(&self, cell: Cell) -> Left {
        let mut bits = vec![0; self.bits.len()];
        if let Cell::Value(cell) = cell {
            bits[cell / 64] |= self.bits[cell / 64] & (1 << (cell % 64));
        }
        let (others, unknown) = (self.others && cell == Cell::Other, self.unknown && cell == Cell::Unknown);
        Left { bits, others, unknown, wanted: Vec::new() }
    }

    /// Whether nothing is.
    pub(super) fn is_empty(&self) -> bool {
        !self.others && !self.unknown && self.bits.iter().all(|word| *word == 0)
    }
}

/// What applying a test has done.
enum Applied {
    /// Nothing is left.
    Empty,
    /// It was so anyway.
    Same,
    /// This is left.
    Narrower(Left),
}

/// It takes more steps than are allowed.
pub(super) struct TooLarge;

/// A search for one lead.
pub(super) struct Search<'s> {
    solver: &'s Solver,
    steps: u32,
    /// Some way led to a text of which neither an example nor a contradiction is known.
    unclear: bool,
}

/// What a condition is to be.
pub(super) type Asked<'s> = (&'s Node, Want);

impl<'s> Search<'s> {
    pub(super) fn through(solver: &'s Solver) -> Self {
        Self { solver, steps: 0, unclear: false }
    }

    /// Whether finding nothing proves nothing.
    pub(super) fn is_unclear(&self) -> bool {
        self.unclear
    }

    /// Finds a lead for which all that is pending is as it is asked to be.
    pub(super) fn run(
        &mut self,
        mut pending: Vec<Asked<'s>>,
        mut left: Vec<Left>,
        nested: usize,
    ) -> Result<Option<Example>, TooLarge> {
        if nested > MOST_NESTED {
            return Err(TooLarge);
        }
        let mut choices: Vec<Asked<'s>> = Vec::new();
        loop {
            while let Some((node, want)) = pending.pop() {
                match node {
                    Node::Leaf(subject, test) => match self.apply(&left, *subject, *test, want)? {
                        Applied::Empty => return Ok(None),
                        Applied::Same => {}
                        Applied::Narrower(narrower) => left[*subject] = narrower,
                    },
                    Node::Not(inner) => pending.push((inner, want.negated())),
                    Node::All(parts) if want.passes() => {
                        pending.extend(parts.iter().map(|part| (part, want)))
                    }
                    Node::Any(parts) if !want.passes() => {
                        pending.extend(parts.iter().map(|part| (part, want)))
                    }
                    Node::All(_) | Node::Any(_) => choices.push((node, want)),
                }
            }
            // Alternatives of which one is left are none.
            let mut open: Vec<(Asked<'s>, Vec<&'s Node>)> = Vec::new();
            for (node, want) in std::mem::take(&mut choices) {
                match self.ways(&left, node, want)? {
                    Ways::Settled => {}
                    Ways::Left(ways) => match ways.as_slice() {
                        [] => return Ok(None),
                        [only] => pending.push((only, want)),
                        _ => open.push(((node, want), ways)),
                    },
                }
            }
            if pending.is_empty() {
                return self.choose(open, left, nested);
            }
            choices.extend(open.into_iter().map(|(asked, _)| asked));
        }
    }

    /// Tries each of the fewest alternatives, with all the others still open.
    fn choose(
        &mut self,
        mut open: Vec<(Asked<'s>, Vec<&'s Node>)>,
        left: Vec<Left>,
        nested: usize,
    ) -> Result<Option<Example>, TooLarge> {
        let Some(fewest) = (0..open.len()).min_by_key(|at| open[*at].1.len()) else {
            return Ok(self.example(&left));
        };
        let ((_, want), ways) = open.swap_remove(fewest);
        for way in ways {
            let pending = open.iter().map(|(asked, _)| *asked).chain([(way, want)]).collect();
            if let Some(found) = self.run(pending, left.clone(), nested + 1)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// What is left of alternatives: settled if one of them is so anyway.
    fn ways(&mut self, left: &[Left], node: &'s Node, want: Want) -> Result<Ways<'s>, TooLarge> {
        let parts: &'s [Node] = match node {
            Node::All(parts) | Node::Any(parts) => parts,
            Node::Not(_) | Node::Leaf(..) => std::slice::from_ref(node),
        };
        let mut ways = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                Node::Leaf(subject, test) => match self.apply(left, *subject, *test, want)? {
                    Applied::Empty => {}
                    Applied::Same => return Ok(Ways::Settled),
                    Applied::Narrower(_) => ways.push(part),
                },
                _ => ways.push(part),
            }
        }
        Ok(Ways::Left(ways))
    }

    fn apply(&mut self, left: &[Left], subject: usize, test: usize, want: Want) -> Result<Applied, TooLarge> {
        self.steps += 1;
        if self.steps > MOST_STEPS {
            return Err(TooLarge);
        }
        let (cells, before) = (&self.solver.subjects[subject], &left[subject]);
        let after = match &cells.tests[test] {
            Test::Known(known) => only_known(before, *known == want.passes()),
            looks => narrowed(cells, before, (test, looks), want),
        };
        Ok(if after.is_empty() {
            Applied::Empty
        } else if after.bits == before.bits
            && (after.others, after.unknown) == (before.others, before.unknown)
            && after.wanted.len() == before.wanted.len()
        {
            Applied::Same
        } else {
            Applied::Narrower(after)
        })
    }

    /// A lead out of what is left: known values before unknown ones.
    fn example(&mut self, left: &[Left]) -> Option<Example> {
        let mut values = Vec::new();
        for (cells, left) in self.solver.subjects.iter().zip(left) {
            if left.bits == cells.all() && left.others == cells.others && left.wanted.is_empty() {
                // Whatever it is, if only it is known or need not be.
                if left.unknown == cells.unknown {
                    continue;
                }
            }
            let first = left.bits.iter().position(|word| *word != 0);
            let known = first.map(|word| cells.likely(word * 64 + left.bits[word].trailing_zeros() as usize));
            let wanted = || left.wanted.iter().map(|(test, pass)| (&cells.tests[*test], *pass)).collect();
            let known = known.or_else(|| if left.others { text::example(&wanted(), cells) } else { None });
            match known {
                Some(value) => values.push((cells.subject.clone(), Some(cells::words(&value)))),
                None if left.unknown => values.push((cells.subject.clone(), None)),
                None => {
                    self.unclear = true;
                    return None;
                }
            }
        }
        Some(Example(values))
    }
}

/// What is left of alternatives.
enum Ways<'s> {
    /// One of them is so anyway.
    Settled,
    /// These.
    Left(Vec<&'s Node>),
}

fn only_known(before: &Left, known: bool) -> Left {
    if known {
        Left { unknown: false, ..before.clone() }
    } else {
        let bits = vec![0; before.bits.len()];
        Left { bits, others: false, unknown: before.unknown, wanted: Vec::new() }
    }
}

fn narrowed(cells: &Cells, before: &Left, (test, looks): (usize, &Test), want: Want) -> Left {
    let passing = cells.passing[test].iter();
    let pass = want.passes();
    let bits = before.bits.iter().zip(passing).map(|(b, p)| if pass { b & p } else { b & !p }).collect();
    let unknown = before.unknown && matches!(want, Want::NotTrue | Want::NotFalse);
    let mut after = Left { bits, unknown, others: before.others, wanted: before.wanted.clone() };
    if !before.others {
        return after;
    }
    if text::names_its_texts(looks, cells.codes) {
        after.others = !pass;
    } else if !after.wanted.contains(&(test, pass)) {
        after.wanted.push((test, pass));
        let wanted = after.wanted.iter().map(|(test, pass)| (&cells.tests[*test], *pass)).collect();
        after.others = !text::contradict(&wanted);
    }
    if !after.others {
        after.wanted.clear();
    }
    after
}
