//! `leadctl rotation`: whose turn it is for the next leads, and how far from their exact shares that leaves the members.

mod arguments;
mod decimal;
mod turns;

use std::collections::BTreeMap;
use std::io::Write;
use std::process::ExitCode;

use leadline_core::ids::RepId;
use leadline_core::routing::Candidate;
use serde::Serialize;
use serde_json::Number;

use crate::failure::Failure;
use crate::screen;
use crate::table;

pub(crate) use arguments::Rotation;
use decimal::{Fraction, number};
pub(crate) use turns::RotationFault;
use turns::{Turns, take};

/// How many picks are written out for people.
const SHOWN: usize = 60;

/// The answer for programs.
#[derive(Serialize)]
struct Answer<'t> {
    picks: Vec<&'t RepId>,
    share: BTreeMap<&'t RepId, Number>,
    max_drift: Number,
}

/// Takes the turns and tells.
pub(crate) fn run(wanted: &Rotation, out: &mut impl Write) -> Result<ExitCode, Failure> {
    let members = &wanted.weights.0;
    let turns = take(members, &wanted.absent, wanted.count)?;
    if wanted.json {
        let answer = serde_json::to_string(&answer(members, &turns)).map_err(std::io::Error::other)?;
        writeln!(out, "{answer}")?;
    } else {
        write!(out, "{}", told(members, &turns, screen::styled()))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn answer<'t>(members: &'t [Candidate], turns: &Turns) -> Answer<'t> {
    Answer {
        picks: turns.picks.iter().map(|member| &members[*member].rep_id).collect(),
        share: members.iter().zip(&turns.share).map(|(m, share)| (&m.rep_id, number(share))).collect(),
        max_drift: number(&turns.max_drift),
    }
}

fn told(members: &[Candidate], turns: &Turns, styled: bool) -> String {
    let row = |(at, member): (usize, &Candidate)| {
        let assigned = turns.picks.iter().filter(|pick| **pick == at).count();
        vec![
            member.rep_id.to_string(),
            member.weight.to_string(),
            assigned.to_string(),
            rounded(&turns.share[at]),
            signed(&turns.drift[at]),
        ]
    };
    let rows = members.iter().enumerate().map(row).collect();
    let table = table::render(&["MEMBER", "WEIGHT", "ASSIGNED", "SHARE", "DRIFT"], rows, styled);
    let order: Vec<&str> = turns.picks.iter().take(SHOWN).map(|at| members[*at].rep_id.as_str()).collect();
    let more = match turns.picks.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" … and {more} more, which --json prints"),
    };
    let (member, pick) = turns.furthest;
    format!(
        "{table}\nOrder: {}{more}\nLargest drift: {} of a lead, {} after pick {pick}.\n",
        order.join(" "),
        rounded(&turns.max_drift),
        members[member].rep_id,
    )
}

/// To thousandths, for people.
fn rounded(fraction: &Fraction) -> String {
    fraction.decimal(3)
}

fn signed(fraction: &Fraction) -> String {
    let text = rounded(fraction);
    if text == "0" || text.starts_with('-') { text } else { format!("+{text}") }
}

#[cfg(test)]
mod tests {
    use super::arguments::{Absence, Members};
    use super::*;

    fn turns(weights: &str, absent: &[&str], count: u32) -> (Vec<Candidate>, Turns) {
        let members = Members::parse(weights).unwrap().0;
        let absent: Vec<Absence> = absent.iter().map(|text| Absence::parse(text).unwrap()).collect();
        let turns = take(&members, &absent, count).unwrap();
        (members, turns)
    }

    /// By hand: the bound for three members is 1 − 1/4. After n picks a is entitled to 10n/12. A fifth lead in a row would
    /// put it 5 − 50/12 = 10/12 ahead, so the fifth goes to somebody else; b and c are equal, and b comes first.
    #[test]
    fn ten_to_one_to_one() {
        let (members, turns) = turns("a=10,b=1,c=1", &[], 12);
        let json = serde_json::to_value(answer(&members, &turns)).unwrap();
        assert_eq!(json.as_object().unwrap().keys().collect::<Vec<_>>(), ["max_drift", "picks", "share"]);
        assert_eq!(json["share"], serde_json::json!({"a": 10.0, "b": 1.0, "c": 1.0}));
        let got = |name: &str| json["picks"].as_array().unwrap().iter().filter(|pick| **pick == name).count();
        assert_eq!((got("a"), got("b"), got("c")), (10, 1, 1));
        assert_eq!(json["picks"].as_array().unwrap()[..5], ["a", "a", "a", "a", "b"]);
        assert!(json["max_drift"].as_f64().unwrap() < 0.75, "{json}");
        let text = told(&members, &turns, false);
        assert!(
            text.starts_with("MEMBER  WEIGHT  ASSIGNED  SHARE  DRIFT\na       10      10        10     0\n"),
            "{text}"
        );
    }

    #[test]
    fn words_show_sixty_picks_and_say_how_many_more() {
        let (members, turns) = turns("a=1,b=1", &[], 100);
        let text = told(&members, &turns, false);
        assert!(text.contains("\nOrder: a b a b a b "), "{text}");
        assert!(text.contains(" b … and 40 more, which --json prints\n"), "{text}");
        assert!(text.ends_with("\nLargest drift: 0.5 of a lead, a after pick 1.\n"), "{text}");
    }
}
