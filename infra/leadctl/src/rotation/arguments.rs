//! What can be typed behind `leadctl rotation`.

use clap::Args;
use leadline_core::ids::RepId;
use leadline_core::routing::Candidate;

/// The heaviest weight; a playbook takes up to 1,000.
const MAX_WEIGHT: u32 = 1_000_000;
/// The most picks of one run.
const MAX_COUNT: i64 = 1_000_000;

/// `leadctl rotation`.
#[derive(Debug, Args)]
pub(crate) struct Rotation {
    /// The members in the order of the playbook with their weights of 1 to 1000000, such as a=10,b=1,c=1
    #[arg(long, value_name = "NAME=WEIGHT,…", value_parser = Members::parse)]
    pub(crate) weights: Members,
    /// How many leads to assign: 1 to 1000000, and no more than 20000000 divided by the number of members
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=MAX_COUNT))]
    pub(crate) count: u32,
    /// Who is absent when, such as b:100-200: from the 100th pick to the 200th, both included, the first pick being 1.
    /// May be given several times
    #[arg(long, value_name = "NAME:FIRST-LAST", value_parser = Absence::parse)]
    pub(crate) absent: Vec<Absence>,
    /// {"picks", "share", "max_drift"}: share in leads, and how far any member ever was from it after any pick; exact
    /// fractions, rounded once to 15 digits
    #[arg(long)]
    pub(crate) json: bool,
}

/// Members with their weights, each once.
#[derive(Debug, Clone)]
pub(crate) struct Members(pub(crate) Vec<Candidate>);

impl Members {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut members: Vec<Candidate> = Vec::new();
        for part in text.split(',') {
            let (name, weight) = part
                .split_once('=')
                .ok_or_else(|| format!("“{part}” has no weight; write a name and a weight, such as a=10"))?;
            let rep_id = RepId::parse(name).map_err(|error| format!("“{name}” is {error}"))?;
            let weight = weight.parse().ok().filter(|weight| (1..=MAX_WEIGHT).contains(weight));
            let weight = weight.ok_or_else(|| {
                format!("the weight of {name} is not a whole number from 1 to {MAX_WEIGHT}; who gets nothing is no member")
            })?;
            if members.iter().any(|member| member.rep_id == rep_id) {
                return Err(format!("{name} is there twice; write each member once"));
            }
            members.push(Candidate { rep_id, weight });
        }
        Ok(Self(members))
    }
}

/// A member that is absent from one pick to another, both included; the first pick is 1.
#[derive(Debug, Clone)]
pub(crate) struct Absence {
    pub(super) rep_id: RepId,
    pub(super) first: u32,
    pub(super) last: u32,
}

impl Absence {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let malformed =
            || format!("“{text}” is not a name and two numbers of picks; write for example b:100-200");
        let (name, picks) = text.split_once(':').ok_or_else(malformed)?;
        let (first, last) = picks.split_once('-').ok_or_else(malformed)?;
        let rep_id = RepId::parse(name).map_err(|error| format!("“{name}” is {error}"))?;
        let number = |text: &str| text.parse::<u32>().map_err(|_| malformed());
        let (first, last) = (number(first)?, number(last)?);
        if first == 0 {
            return Err(format!("“{text}” begins before the first pick, which is 1"));
        }
        if last < first {
            return Err(format!("“{text}” ends before it begins; write the smaller number first"));
        }
        Ok(Self { rep_id, first, last })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_said() {
        for (text, expected) in [
            ("", "“” has no weight"),
            ("a=1,", "“” has no weight"),
            ("a=0", "the weight of a is not a whole number from 1 to 1000000"),
            ("a=-1", "the weight of a is not"),
            ("a=1.5", "the weight of a is not"),
            ("a=99999999999", "the weight of a is not"),
            ("A=1", "“A” is not a valid rep id"),
            ("a=1,b=2,a=3", "a is there twice"),
        ] {
            let error = Members::parse(text).unwrap_err();
            assert!(error.starts_with(expected), "{text}: {error}");
        }
        for (text, expected) in [
            ("b", "“b” is not a name and two numbers"),
            ("b:5", "“b:5” is not a name and two numbers"),
            ("b:x-y", "“b:x-y” is not a name and two numbers"),
            ("B:1-2", "“B” is not a valid rep id"),
            ("b:0-2", "“b:0-2” begins before the first pick"),
            ("b:3-2", "“b:3-2” ends before it begins"),
        ] {
            let error = Absence::parse(text).unwrap_err();
            assert!(error.starts_with(expected), "{text}: {error}");
        }
    }
}
