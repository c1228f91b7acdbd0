//! What can be typed behind `leadctl`.

mod operate;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;
use jiff::civil::{Date, ISOWeekDate, Weekday};
use jiff::tz::TimeZone;
use leadline_core::ids::{FormId, LeadId, PlaybookVersion, RepId};
use leadline_core::lead::Stage;
use leadline_core::routing::ReferenceWeek;

use crate::between::Between;
use crate::deadline::Deadline;
use crate::erase::Mailbox;
use crate::keys::{KeyId, Scopes, Subject};
use crate::rotation::Rotation;
pub(crate) use operate::{Doctor, Redrive, Tail};

/// Operates a Leadline deployment.
///
/// Settings come from the environment: API_URL and API_KEY for everything that goes through the API, TABLE_NAME and AWS
/// credentials for `keys`, STACK and AWS credentials for redrive, tail and parts of doctor; deadline, between and rotation need neither. After `make run` they are in .local/env: set -a; source .local/env; set +a
#[derive(Debug, Parser)]
#[command(name = "leadctl", version)]
pub(crate) struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Makes, lists and revokes API keys, straight in the table with your AWS credentials
    #[command(subcommand)]
    Keys(Keys),
    /// Sends leads from a CSV or NDJSON file through the public door; a second run of the same file doubles nothing
    Submit(Submit),
    /// Lists leads, the best grades first
    Leads(Leads),
    /// Shows one lead and why it is where it is
    Lead(Lead),
    /// Shows everything that happened to a lead
    Timeline(Lead),
    /// Erases a lead or a person for good, and prints the receipt
    Erase(Erase),
    /// Prints everything that is held on a lead or a person, as one JSON document
    Export(Whom),
    /// Counts what is wrong with the stored leads, reps and pools; exits with 1 if anything is
    Audit(Audit),
    /// Says in words what is wrong with a deployment and what to do; exits with 1 for doubts, with 2 for what is wrong
    ///
    /// Each thing is looked at on its own. Queues and alarms need STACK and AWS credentials.
    Doctor(Doctor),
    /// Follows what the functions log, with your AWS credentials; ends with Ctrl-C
    Tail(Tail),
    /// Sends what was given up back to the queue that it came from, with your AWS credentials
    Redrive(Redrive),
    /// Checks, publishes and shows playbooks
    #[command(subcommand)]
    Playbook(Playbook),
    /// Judges a playbook on this machine: rules that never apply, territories nobody has, hours nobody works
    ///
    /// Exits with 0 when there is no error, with 1 when there is one, with 2 when the file is no playbook.
    Lint(Lint),
    /// Shows how many people of each pool work at each hour of a week
    Coverage(Coverage),
    /// Says when a promise falls due in a calendar, and how that is counted
    Deadline(Deadline),
    /// Says how much working time lies between two instants in a calendar
    Between(Between),
    /// Shows whose turn it is for the next leads, and how far that is from everybody's exact share
    Rotation(Rotation),
}

/// `leadctl lint`.
#[derive(Debug, Args)]
pub(crate) struct Lint {
    /// The playbook, YAML or JSON
    pub(crate) file: PathBuf,
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `leadctl coverage`.
#[derive(Debug, Args)]
pub(crate) struct Coverage {
    /// The playbook, YAML or JSON
    pub(crate) file: PathBuf,
    /// The zone of the rows and columns
    #[arg(long, default_value = "UTC", value_name = "ZONE", value_parser = zone)]
    pub(crate) zone: TimeZone,
    /// The week to look at, such as 2026-W49; the next one unless given
    #[arg(long, value_name = "WEEK", value_parser = week, conflicts_with = "from")]
    pub(crate) week: Option<Date>,
    /// The week that holds this date
    #[arg(long, value_name = "DATE")]
    pub(crate) from: Option<Date>,
    /// Also draw it into this file
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// The commands for API keys.
#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// Makes a key and shows it, this once
    Create {
        /// Who will use it; timelines name this subject
        #[arg(long = "name", value_name = "SUBJECT", value_parser = Subject::parse)]
        subject: Subject,
        /// What it may do: `all`, or some of leads:read,leads:write,playbook:write,admin
        #[arg(long, value_parser = Scopes::parse)]
        scopes: Scopes,
        /// Print the key and nothing else
        #[arg(long)]
        quiet: bool,
    },
    /// Lists the keys, without their secrets
    List,
    /// Revokes a key: from the next request on it opens nothing
    Revoke {
        /// Its id, as `keys list` shows it; the whole key will do, too
        #[arg(value_parser = KeyId::parse)]
        key_id: KeyId,
    },
}

/// `leadctl submit`.
#[derive(Debug, Args)]
pub(crate) struct Submit {
    /// The form to send the rows to; a row's `_form` goes before it
    #[arg(long, value_parser = FormId::parse)]
    pub(crate) form: FormId,
    /// CSV with the inputs' names in its first row, or NDJSON with one JSON object a line
    pub(crate) file: PathBuf,
    /// What is in the file, where its name does not say it
    #[arg(long)]
    pub(crate) format: Option<Format>,
    /// How many rows may be under way at the same time
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) concurrency: u16,
    /// Exit with 0 also when rows were refused
    #[arg(long)]
    pub(crate) allow_refused: bool,
    /// Wait until every lead has been enriched, scored and routed (needs API_KEY)
    #[arg(long)]
    pub(crate) wait: bool,
    /// How many seconds to wait at most
    #[arg(long, default_value_t = 120, requires = "wait")]
    pub(crate) wait_seconds: u64,
    /// Show no progress
    #[arg(long)]
    pub(crate) quiet: bool,
}

/// What is in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Comma, semicolon or tab separated values.
    Csv,
    /// One JSON object a line.
    Ndjson,
}

/// `leadctl leads`.
#[derive(Debug, Args)]
pub(crate) struct Leads {
    /// Only those in this stage, such as offered or nurturing
    #[arg(long, value_parser = stage)]
    pub(crate) stage: Option<Stage>,
    /// Only those that this rep holds
    #[arg(long, value_parser = RepId::parse)]
    pub(crate) owner: Option<RepId>,
    /// How many to show at most
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..), conflicts_with = "all")]
    pub(crate) limit: u32,
    /// Show all there are
    #[arg(long)]
    pub(crate) all: bool,
    /// One JSON object a line, in the API's order
    #[arg(long)]
    pub(crate) json: bool,
}

/// `leadctl lead` and `leadctl timeline`.
#[derive(Debug, Args)]
pub(crate) struct Lead {
    /// The lead's id
    #[arg(value_parser = LeadId::parse)]
    pub(crate) lead_id: LeadId,
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `leadctl erase`.
#[derive(Debug, Args)]
pub(crate) struct Erase {
    /// Which lead or person
    #[command(flatten)]
    pub(crate) whom: Whom,
    /// Why, as a short code for the receipt, such as asked-to
    #[arg(long)]
    pub(crate) reason: Option<String>,
    /// The receipt as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `leadctl audit`.
#[derive(Debug, Args)]
pub(crate) struct Audit {
    /// Only leads that changed in or after the hour of this instant, and overdue ones, such as 2026-01-31T12:00:00Z
    #[arg(long)]
    pub(crate) since: Option<Timestamp>,
    /// All pages as one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

/// `leadctl export`, and whom `leadctl erase` is about.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Whom {
    /// One lead
    #[arg(long, value_name = "ID", value_parser = LeadId::parse)]
    pub(crate) lead: Option<LeadId>,
    /// Every lead behind an address; with `-` it is asked for or read from standard input, and so in no history
    #[arg(long, value_name = "ADDRESS", value_parser = Mailbox::parse)]
    pub(crate) email: Option<Mailbox>,
}

/// The commands for playbooks.
#[derive(Debug, Subcommand)]
pub(crate) enum Playbook {
    /// Checks a playbook on this machine and prints every mistake with its place
    Validate {
        /// The playbook, YAML or JSON
        file: PathBuf,
    },
    /// Checks a playbook, then puts it in force from the next lead on
    Publish {
        /// The playbook, YAML or JSON
        file: PathBuf,
    },
    /// Prints the playbook in force
    Show {
        /// An earlier version instead
        #[arg(long = "playbook-version", value_name = "N", value_parser = playbook_version)]
        version: Option<PlaybookVersion>,
    },
    /// Shows which running deadlines would change by the playbook in force, and who would flip
    Rebase(Rebase),
}

/// `leadctl playbook rebase`.
#[derive(Debug, Args)]
pub(crate) struct Rebase {
    /// Changes them; names the version in force that was looked at
    #[arg(long, value_name = "N")]
    pub(crate) apply: Option<u64>,
    /// One JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

fn stage(text: &str) -> Result<Stage, String> {
    let names = || Stage::ALL.map(Stage::name).join(", ");
    Stage::parse(text).ok_or_else(|| format!("use one of {}", names()))
}

fn zone(name: &str) -> Result<TimeZone, String> {
    ReferenceWeek::zone_named(name).ok_or_else(|| "use an IANA name such as Europe/Berlin".to_owned())
}

/// The Monday of a week as ISO 8601 numbers them.
fn week(text: &str) -> Result<Date, String> {
    let wrong = || format!("{text:?} is no week; write year and number, as in 2026-W49");
    let (year, week) = text.split_once("-W").ok_or_else(wrong)?;
    let (year, number) = (year.parse().map_err(|_| wrong())?, week.parse().map_err(|_| wrong())?);
    ISOWeekDate::new(year, number, Weekday::Monday).map(|week| week.date()).map_err(|_| wrong())
}

fn playbook_version(text: &str) -> Result<PlaybookVersion, std::num::ParseIntError> {
    text.parse().map(PlaybookVersion)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_definition_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn calls_as_the_local_deployment_makes_them() {
        for line in [
            "leadctl keys create --name local --scopes all --quiet",
            "leadctl playbook publish infra/playbooks/acme.yaml",
            "leadctl submit --form demo-request --allow-refused tests/data/leads.ndjson",
            "leadctl leads",
            "leadctl erase --lead ld_0123456789abcdef0123456789abcdef --reason asked-to",
            "leadctl erase --email -",
            "leadctl export --email ada@acme.example",
            "leadctl audit --json --since 2026-01-31T12:00:00Z",
            "leadctl doctor --json",
            "leadctl doctor --stack leadline",
            "leadctl tail --stack leadline --lead ld_0123456789abcdef0123456789abcdef --function score --level warn",
            "leadctl tail --stack leadline --since 15m --once --json",
            "leadctl tail --stack leadline --since 2026-01-31T12:00:00Z",
            "leadctl redrive --stack leadline",
            "leadctl redrive score --stack leadline --dry-run --json",
            "leadctl lint infra/playbooks/acme.yaml --json",
            "leadctl coverage infra/playbooks/acme.yaml --zone Europe/Berlin --week 2026-W49 --svg coverage.svg",
            "leadctl coverage infra/playbooks/acme.yaml --from 2026-12-25",
            "leadctl deadline --calendar c.yaml --start 2026-11-20T16:30:00+01:00 --business PT10H --json",
            "leadctl deadline --calendar c.yaml --start 2026-11-20T15:30:00Z --elapsed P1D",
            "leadctl between --calendar c.json --from 2026-11-20T15:30:00Z --to 2026-11-23T15:30:00Z --json",
            "leadctl rotation --weights a=10,b=1,c=1 --count 12",
            "leadctl rotation --weights a=2,b=1 --count 9 --absent b:2-3 --absent a:7-7 --json",
        ] {
            assert!(Arguments::try_parse_from(line.split(' ')).is_ok(), "{line}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for line in [
            "leadctl keys create --name local --scopes everything",
            "leadctl submit --form Demo!Request leads.csv",
            "leadctl submit --form demo-request --concurrency 0 leads.csv",
            "leadctl leads --stage fresh",
            "leadctl leads --limit 5 --all",
            "leadctl lead ld_1",
            "leadctl erase",
            "leadctl erase --email nobody",
            "leadctl export --email - --lead ld_0123456789abcdef0123456789abcdef",
            "leadctl audit --since yesterday",
            "leadctl doctor --stack lead/line",
            "leadctl tail --stack leadline --function sales",
            "leadctl tail --stack leadline --level loud",
            "leadctl tail --stack leadline --since -5m",
            "leadctl redrive score route --stack leadline",
            "leadctl lint",
            "leadctl coverage acme.yaml --zone Europe/Belrin",
            "leadctl coverage acme.yaml --week 2026-W54",
            "leadctl coverage acme.yaml --week 49",
            "leadctl coverage acme.yaml --week 2026-W49 --from 2026-12-01",
            "leadctl deadline --calendar c.yaml --start 2026-11-20 --business PT10H",
            "leadctl deadline --calendar c.yaml --start 2026-11-20T15:30:00Z",
            "leadctl deadline --calendar c.yaml --start 2026-11-20T15:30:00Z --business PT1H --elapsed PT1H",
            "leadctl deadline --calendar c.yaml --start 2026-11-20T15:30:00Z --business P1W",
            "leadctl deadline --calendar c.yaml --start 2026-11-20T15:30:00Z --elapsed 5",
            "leadctl between --calendar c.json --from 2026-11-20T15:30:00Z",
            "leadctl rotation --weights a=0 --count 1",
            "leadctl rotation --weights a=1,a=2 --count 1",
            "leadctl rotation --weights a=1000001 --count 1",
            "leadctl rotation --weights a --count 1",
            "leadctl rotation --weights a=1 --count 0",
            "leadctl rotation --weights a=1 --count 1000001",
            "leadctl rotation --weights a=1,b=1 --count 9 --absent b",
            "leadctl rotation --weights a=1,b=1 --count 9 --absent b:0-4",
            "leadctl rotation --weights a=1,b=1 --count 9 --absent b:4-3",
        ] {
            assert!(Arguments::try_parse_from(line.split(' ')).is_err(), "{line}");
        }
    }
}
