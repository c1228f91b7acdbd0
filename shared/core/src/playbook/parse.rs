//! Reading a playbook so that every mistake is told at once.
//!
//! The types stop at the first mistake they meet. So the text becomes a tree first; whatever the types refuse is
//! noted with its path and cut out of the tree, and the rest is tried again until it fits.

use std::fmt::Display;

use serde::Serialize;
use serde_json::Value;

use super::{Playbook, PlaybookDoc, check, tree};
use crate::calendar::{Calendar, CalendarDoc};
use crate::company::Accounts;

/// The most a playbook may measure: 2 MiB.
pub const MAX_BYTES: usize = 2 * 1024 * 1024;

/// More than this many mistakes are not worth listing.
const MAX_MISTAKES: usize = 200;

/// One mistake in a playbook.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Mistake {
    /// Where, such as `scoring.fit.rules[2].points`; empty for the document as a whole.
    pub path: String,
    /// What is wrong and how to mend it.
    pub detail: String,
}

impl Mistake {
    pub(super) fn new(path: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { path: path.into(), detail: detail.into() }
    }
}

pub(super) fn read(text: &str) -> Result<Playbook, Vec<Mistake>> {
    if text.len() > MAX_BYTES {
        return Err(vec![Mistake::new("", format!("the playbook is larger than {MAX_BYTES} bytes"))]);
    }
    let unreadable =
        |error: &dyn Display| vec![Mistake::new("", format!("not readable as YAML or JSON: {error}"))];
    let whole = tree::read(text).map_err(|error| unreadable(&error))?;
    if !whole.is_object() {
        return Err(vec![Mistake::new("", "a playbook is a mapping with forms, scoring, pools and so on")]);
    }

    let mut tree = whole.clone();
    let mut cut = Vec::new();
    let mut mistakes: Vec<Mistake> = Vec::new();
    let doc = loop {
        match serde_path_to_error::deserialize::<_, PlaybookDoc>(tree.clone()) {
            Ok(doc) => break Some(doc),
            Err(error) => {
                let steps = steps(error.path());
                let path = render(&original(&steps, &cut));
                let detail = plain(&error.inner().to_string());
                // What is missing only because it was cut out has been told already.
                let place = missing(&detail).map_or_else(|| path.clone(), |name| below(&path, name));
                if !mistakes.iter().any(|m| is_below(&m.path, &place)) {
                    mistakes.push(Mistake::new(path, detail));
                }
                if mistakes.len() >= MAX_MISTAKES || !prune(&mut tree, &steps, &mut cut) {
                    break None;
                }
            }
        }
    };
    let Some(doc) = doc else { return Err(mistakes) };

    let mut calendars = std::collections::BTreeMap::new();
    let mut found = Vec::new();
    for (id, calendar) in &doc.calendars {
        match Calendar::try_from(calendar.clone()) {
            Ok(calendar) => {
                calendars.insert(id.clone(), calendar);
            }
            Err(wrong) => found.extend(
                wrong
                    .into_iter()
                    .map(|m| Mistake::new(format!("calendars.{id}.{}", m.path), m.problem.to_string())),
            ),
        }
    }
    found.extend(check::check(&doc, &whole));
    let found = found.into_iter().map(|m| Mistake { path: render(&original(&turns(&m.path), &cut)), ..m });
    // What was cut out may be all that seems to be wrong with the place it came from.
    let found: Vec<Mistake> =
        found.filter(|f| !mistakes.iter().any(|m| is_below(&m.path, &f.path))).collect();
    mistakes.extend(found);
    if mistakes.is_empty() {
        let accounts = Accounts::new(&doc.accounts);
        Ok(Playbook { doc, calendars, accounts })
    } else {
        Err(mistakes)
    }
}

/// Reads one calendar, as it would stand below its name in a playbook.
pub(super) fn read_calendar(text: &str) -> Result<Calendar, Vec<Mistake>> {
    if text.len() > MAX_BYTES {
        return Err(vec![Mistake::new("", format!("the calendar is larger than {MAX_BYTES} bytes"))]);
    }
    let tree = tree::read(text)
        .map_err(|error| vec![Mistake::new("", format!("not readable as YAML or JSON: {error}"))])?;
    if !tree.is_object() {
        return Err(vec![Mistake::new("", "a calendar is a mapping with zone, weekly and holidays")]);
    }
    let doc: CalendarDoc = serde_path_to_error::deserialize(tree).map_err(|error| {
        vec![Mistake::new(render(&steps(error.path())), plain(&error.inner().to_string()))]
    })?;
    Calendar::try_from(doc).map_err(|wrong| {
        wrong.into_iter().map(|mistake| Mistake::new(mistake.path, mistake.problem.to_string())).collect()
    })
}

/// Whether a mistake at `told` explains one at `path`: the same place, or something inside it was cut out.
fn is_below(told: &str, path: &str) -> bool {
    told.strip_prefix(path)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']) || path.is_empty())
}

/// The name in serde's words for a missing field.
fn missing(detail: &str) -> Option<&str> {
    detail.strip_prefix("missing field `")?.strip_suffix('`')
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// One turn on the way from the root to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Turn {
    Key(String),
    Index(usize),
}

/// What was cut out of lists: the list and the index in it, both as in the document as written.
type Cut = Vec<(Vec<Turn>, usize)>;

fn steps(path: &serde_path_to_error::Path) -> Vec<Turn> {
    use serde_path_to_error::Segment;
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Seq { index } => Some(Turn::Index(*index)),
            Segment::Map { key } => Some(Turn::Key(key.clone())),
            Segment::Enum { variant } => Some(Turn::Key(variant.clone())),
            Segment::Unknown => None,
        })
        .collect()
}

/// Reads a path that [`render`] could have written.
fn turns(path: &str) -> Vec<Turn> {
    path.split('.')
        .flat_map(|part| {
            let (key, indices) = part.split_once('[').unwrap_or((part, ""));
            let indices =
                indices.split('[').filter_map(|i| i.trim_end_matches(']').parse().ok()).map(Turn::Index);
            std::iter::once(Turn::Key(key.to_owned())).chain(indices)
        })
        .collect()
}

/// The same way in the document as written, before anything was cut out of its lists.
fn original(steps: &[Turn], cut: &Cut) -> Vec<Turn> {
    let mut way = Vec::with_capacity(steps.len());
    for step in steps {
        let turn = match step {
            Turn::Key(_) => step.clone(),
            Turn::Index(index) => {
                let mut gone: Vec<usize> =
                    cut.iter().filter(|(list, _)| *list == way).map(|(_, index)| *index).collect();
                gone.sort_unstable();
                Turn::Index(
                    gone.into_iter().fold(*index, |at, removed| if removed <= at { at + 1 } else { at }),
                )
            }
        };
        way.push(turn);
    }
    way
}

fn render(way: &[Turn]) -> String {
    way.iter().fold(String::new(), |path, turn| match turn {
        Turn::Key(key) => below(&path, key),
        Turn::Index(index) => format!("{path}[{index}]"),
    })
}

/// Cuts the refused place out of the tree: a missing or refused value takes along what holds it.
fn prune(tree: &mut Value, steps: &[Turn], cut: &mut Cut) -> bool {
    for depth in (1..=steps.len()).rev() {
        let (parents, last) = (&steps[..depth - 1], &steps[depth - 1]);
        match (walk(tree, parents), last) {
            (Some(Value::Object(map)), Turn::Key(key)) if map.contains_key(key) => {
                map.remove(key);
                return true;
            }
            (Some(Value::Array(list)), Turn::Index(index)) if *index < list.len() => {
                list.remove(*index);
                let mut way = original(&steps[..depth], cut);
                if let Some(Turn::Index(index)) = way.pop() {
                    cut.push((way, index));
                }
                return true;
            }
            _ => {}
        }
    }
    false
}

fn walk<'t>(tree: &'t mut Value, steps: &[Turn]) -> Option<&'t mut Value> {
    steps.iter().try_fold(tree, |at, step| match (at, step) {
        (Value::Object(map), Turn::Key(key)) => map.get_mut(key),
        (Value::Array(list), Turn::Index(index)) => list.get_mut(*index),
        _ => None,
    })
}

/// The types' own words without the position, which the path already gives.
fn plain(message: &str) -> String {
    message.split(" at line ").next().unwrap_or(message).to_owned()
}
