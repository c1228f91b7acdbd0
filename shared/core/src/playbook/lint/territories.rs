//! Territories: what no route takes, and what fits several.
//!
//! A route inside another one before which it stands is how exceptions are written, and no overlap worth a word; nor is
//! one for named accounts before those for everybody else.

use std::collections::{BTreeMap, BTreeSet};

use super::accounts::is_account;
use super::conditions::{leaves, scalars};
use super::words::listed;
use super::{Code, Finding};
use crate::condition::{Answer, Cell, Condition, Example, Question, Reach, Scalar, Solver, Subject, Test};
use crate::contact::{CountryCode, Subdivision, compact};
use crate::lead::Field;
use crate::playbook::Playbook;

/// Of more values than this, combinations are not looked for.
const MOST_VALUES: usize = 1_000;

/// Of more routes than this, overlaps are not looked for.
const MOST_ROUTES: usize = 300;

pub(super) fn found(playbook: &Playbook) -> Vec<Finding> {
    let doc = playbook.doc();
    if doc.routing.routes.is_empty() {
        return Vec::new();
    }
    let geography = geography(playbook);
    let routes = doc.routing.routes.iter().map(|route| &route.when);
    let solver = Solver::over(routes.chain([&geography]));
    let map = Map { playbook, solver: &solver, routes: doc.routing.routes.len() };
    let mut found = Vec::new();
    if map.routes > MOST_ROUTES {
        found.push(not_analysed(format!(
            "more than {MOST_ROUTES} routes: overlaps and gaps were not looked for"
        )));
        return found;
    }
    let taken = map.taken();
    found.extend(map.overlaps(&taken));
    found.extend(taken.into_values().map(|taken| taken.finding));
    found.extend(map.gaps());
    found
}

fn not_analysed(what: String) -> Finding {
    Finding::new(
        Code::NotAnalysed,
        "routing.routes",
        what,
        "check them by hand, or split the playbook's territories",
    )
}

/// A state lies in its country. A profile may have it otherwise for a while, so what follows is no proof, but it is what
/// overlaps and gaps are about.
fn geography(playbook: &Playbook) -> Condition {
    let (country, state) = (Subject::Profile(Field::Country), Subject::Profile(Field::Subdivision));
    let routes = || playbook.doc().routing.routes.iter().map(|route| &route.when);
    let mut states: BTreeMap<CountryCode, Vec<Scalar>> = BTreeMap::new();
    if routes().any(|when| when.subjects().contains(&&country)) {
        for name in routes().flat_map(|when| every_text(when, &state)) {
            if let Ok(code) = Subdivision::parse(name, None) {
                states.entry(code.country()).or_default().push(Scalar::Text(name.to_owned()));
            }
        }
    }
    let lies = |(code, names): (CountryCode, Vec<Scalar>)| {
        let of_the_state = |test| Condition::Field(state.clone(), test);
        Condition::Any(vec![
            of_the_state(Test::Known(false)),
            Condition::Not(Box::new(of_the_state(Test::In(names)))),
            Condition::Field(country.clone(), Test::Is(Scalar::Text(code.as_str().to_owned()))),
        ])
    };
    Condition::All(states.into_iter().map(lies).collect())
}

struct Map<'p> {
    playbook: &'p Playbook,
    /// Over the routes, and what holds of places.
    solver: &'p Solver,
    routes: usize,
}

/// A finding about values that earlier routes take, and who takes them.
struct Taken {
    by: Vec<usize>,
    finding: Finding,
}

impl Map<'_> {
    fn name(&self, route: usize) -> &str {
        self.playbook.doc().routing.routes[route].route.as_str()
    }

    fn pool(&self, route: usize) -> &str {
        self.playbook.doc().routing.routes[route].pool.as_str()
    }

    fn ask(&self, mut holds: Vec<usize>, fails: Vec<usize>, given: Vec<(usize, Cell)>) -> Answer {
        holds.push(self.routes);
        self.solver.ask(&Question { holds, fails, given })
    }

    fn is_impossible(&self, holds: Vec<usize>, fails: Vec<usize>, given: Vec<(usize, Cell)>) -> bool {
        self.ask(holds, fails, given) == Answer::Impossible
    }

    /// Most leads come from no named account.
    fn no_account(&self) -> Vec<(usize, Cell)> {
        let accounts = self.solver.subjects().filter(|(_, name, _)| is_account(name));
        accounts.map(|(subject, _, _)| (subject, Cell::Unknown)).collect()
    }

    /// Values that a route names and never gets: by route.
    fn taken(&self) -> BTreeMap<usize, Taken> {
        let mut found = BTreeMap::new();
        for route in 1..self.routes {
            let before: Vec<usize> = (0..route).collect();
            let left = Question { holds: vec![route], fails: before.clone(), ..Question::default() };
            if self.solver.ask(&left) == Answer::Impossible {
                continue;
            }
            let when = &self.playbook.doc().routing.routes[route].when;
            for (subject, name, _) in self.solver.subjects() {
                let named = named(when, name);
                let given = |cell: Cell| vec![(subject, cell)];
                if self.solver.cells(subject).count() > MOST_VALUES {
                    // Said once, where gaps are looked for.
                    continue;
                }
                let lost: Vec<(Cell, String)> = self
                    .solver
                    .cells(subject)
                    .filter(|(_, words)| named.contains(&words.to_lowercase()))
                    .filter(|(cell, _)| !self.is_impossible(vec![route], Vec::new(), given(*cell)))
                    .filter(|(cell, _)| self.is_impossible(vec![route], before.clone(), given(*cell)))
                    .collect();
                if lost.is_empty() {
                    continue;
                }
                let by: Vec<usize> = before
                    .iter()
                    .copied()
                    .filter(|b| {
                        lost.iter().any(|(c, _)| self.is_impossible(vec![route], vec![*b], given(*c)))
                    })
                    .filter(|b| self.pool(*b) != self.pool(route))
                    .collect();
                if by.is_empty() {
                    continue;
                }
                let names = listed(by.iter().map(|b| self.name(*b)), 5);
                let values = listed(lost.iter().map(|(_, words)| words), 12);
                let finding = Finding::new(
                    Code::ValueTaken,
                    format!("routing.routes[{route}].when"),
                    format!(
                        "{} never gets {} {values}: {names} before it takes that",
                        self.name(route),
                        name.name()
                    ),
                    format!(
                        "take {values} out of one of the two routes, or move {} before {}",
                        self.name(route),
                        self.name(by[0])
                    ),
                );
                found.insert(route, Taken { by, finding });
            }
        }
        found
    }

    /// One note for each route that shares leads with routes to other pools before it.
    fn overlaps(&self, taken: &BTreeMap<usize, Taken>) -> Vec<Finding> {
        let mut found = Vec::new();
        for late in 1..self.routes {
            let mut shared: Vec<(usize, Example)> = Vec::new();
            for early in 0..late {
                let told = taken.get(&late).is_some_and(|taken| taken.by.contains(&early));
                if told || self.pool(early) == self.pool(late) {
                    continue;
                }
                let exception = || {
                    self.is_impossible(vec![early], vec![late], Vec::new())
                        || self.is_impossible(vec![early], Vec::new(), self.no_account())
                };
                let shadowed = || self.is_impossible(vec![late], vec![early], Vec::new());
                if let Answer::Example(example) = self.ask(vec![early, late], Vec::new(), Vec::new())
                    && !exception()
                    && !shadowed()
                {
                    shared.push((early, example));
                }
            }
            let Some((first, example)) = shared.first() else { continue };
            let names = listed(shared.iter().map(|(early, _)| self.name(*early)), 5);
            found.push(Finding::new(
                Code::Overlap,
                format!("routing.routes[{late}]"),
                format!(
                    "{} also fits leads of {names}, which comes first: one with {example} goes to pool {}",
                    self.name(late),
                    self.pool(*first)
                ),
                "leave it so if that order is meant; otherwise move the route or narrow one of them",
            ));
        }
        found
    }

    fn gaps(&self) -> Vec<Finding> {
        let doc = self.playbook.doc();
        let all: Vec<usize> = (0..self.routes).collect();
        let otherwise = &doc.routing.otherwise;
        let (place, last) = ("routing.otherwise", format!("go to pool {otherwise}"));
        let fix = format!("add them to a route, or leave it so if pool {otherwise} is meant to take them");
        match self.ask(Vec::new(), all.clone(), Vec::new()) {
            Answer::Impossible => {
                let what = format!("no lead is left for pool {otherwise}: the routes take every one");
                let fix = "nothing to do; the last pool stands in for what is added later".to_owned();
                return vec![Finding::new(Code::OtherwiseUnused, place, what, fix)];
            }
            Answer::TooLarge => return vec![super::conditions::too_large("routing.routes")],
            Answer::Example(_) | Answer::Unclear => {}
        }
        let mut found = Vec::new();
        for (subject, name, reach) in self.solver.subjects().filter(|(_, name, _)| !is_account(name)) {
            let given = |cell: Cell| [self.no_account(), vec![(subject, cell)]].concat();
            let nobody =
                |cell: Cell| all.iter().all(|r| self.is_impossible(vec![*r], Vec::new(), given(cell)));
            let cells: Vec<(Cell, String)> = self.solver.cells(subject).collect();
            if cells.len() > MOST_VALUES {
                found.push(not_analysed(format!(
                    "routes name more than {MOST_VALUES} values of {}: they were not looked at one by one",
                    name.name()
                )));
                continue;
            }
            let (missing, had): (Vec<_>, Vec<_>) = cells.into_iter().partition(|(cell, _)| nobody(*cell));
            let mut words: Vec<String> = Vec::new();
            if !missing.is_empty() {
                words.push(format!("{} {}", name.name(), listed(missing.iter().map(|(_, words)| words), 12)));
            }
            if reach == Reach::Open && nobody(Cell::Other) {
                words.push(format!("any other {}", name.name()));
            }
            if self.solver.may_be_unknown(subject) && nobody(Cell::Unknown) {
                words.push(format!("{} unknown", name.name()));
            }
            if !words.is_empty() {
                let what = format!("no route takes leads with {}; they {last}", words.join(", or with "));
                found.push(Finding::new(Code::Gap, place, what, fix.clone()));
            }
            let named: BTreeSet<String> =
                doc.routing.routes.iter().flat_map(|route| named(&route.when, name)).collect();
            // Values that some route takes, but not with everything else: grouped by what is missing.
            let mut combined: BTreeMap<Example, Vec<String>> = BTreeMap::new();
            for (cell, words) in had.into_iter().filter(|(_, words)| named.contains(&words.to_lowercase())) {
                if let Answer::Example(example) = self.ask(Vec::new(), all.clone(), given(cell)) {
                    let rest = self.no_account().iter().fold(example.without(name), |rest, (account, _)| {
                        self.solver
                            .subjects()
                            .nth(*account)
                            .map_or_else(|| rest.clone(), |(_, s, _)| rest.without(s))
                    });
                    combined.entry(rest).or_default().push(words);
                }
            }
            for (rest, values) in combined.into_iter().filter(|(rest, _)| !rest.values().is_empty()) {
                let what = format!(
                    "no route takes leads with {} {} when they have {rest}; they {last}",
                    name.name(),
                    listed(values, 12)
                );
                found.push(Finding::new(Code::Gap, place, what, fix.clone()));
            }
        }
        found
    }
}

/// Every text that a condition compares a subject with.
fn every_text<'c>(condition: &'c Condition, subject: &Subject) -> Vec<&'c str> {
    let mut texts = Vec::new();
    leaves(condition, &mut |field, test| {
        if field == subject {
            let text =
                |scalar: &'c Scalar| if let Scalar::Text(text) = scalar { Some(text.as_str()) } else { None };
            texts.extend(scalars(test).iter().filter_map(text));
        }
    });
    texts
}

/// The values of a subject that a condition names, in lower case; those behind a `not` aside.
fn named(condition: &Condition, subject: &Subject) -> BTreeSet<String> {
    let named = match condition {
        Condition::All(parts) | Condition::Any(parts) => {
            return parts.iter().flat_map(|part| named(part, subject)).collect();
        }
        Condition::Field(field, test) if field == subject => scalars(test),
        Condition::Not(_) | Condition::Field(..) => &[],
    };
    let words = named.iter().map(|scalar| match scalar {
        Scalar::Text(text) if *subject == Subject::Profile(Field::Postcode) => compact(text).to_lowercase(),
        Scalar::Text(text) => text.to_lowercase(),
        Scalar::Number(number) => number.to_string(),
        Scalar::Flag(flag) => flag.to_string(),
    });
    words.collect()
}
