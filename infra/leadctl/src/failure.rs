//! What can go wrong, each with its next step.

use std::error::Error;
use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use leadline_store::ReadError;

use crate::api::Problem;
use crate::calendar_file::CalendarFault;
use crate::rotation::RotationFault;
use crate::submit::rows::BadRow;

/// The exit status when what was given makes no sense, as for arguments that cannot be read.
const MISUSE: u8 = 2;

/// Puts the credentials of a profile into the environment. What leadctl is built from cannot sign in by SSO itself.
pub(crate) const SIGN_IN: &str = "eval \"$(aws configure export-credentials --profile NAME --format env)\"";

/// Why a command came to nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A variable is missing.
    #[error(
        "{name} is not set. Run `make run` and then `set -a; source .local/env; set +a`, or set it to that of your own \
         deployment."
    )]
    Unset {
        /// Its name.
        name: &'static str,
    },
    /// Nobody has AWS credentials for us.
    #[error(
        "There are no AWS credentials in the environment. Take those of a profile, also one of SSO, by\n  {SIGN_IN}"
    )]
    Unconfigured,
    /// `API_URL` is no address.
    #[error("API_URL is not an address. Set it to something like http://127.0.0.1:4566/… or https://….")]
    ApiUrl,
    /// A file cannot be read.
    #[error("{path} cannot be read: {error}. {remedy}", path = .path.display(), remedy = unread(error))]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// What a calendar says of a week cannot be told.
    #[error("calendar {calendar}: {fault}")]
    Uncounted {
        /// Which.
        calendar: String,
        /// Why.
        fault: leadline_core::calendar::CalendarError,
    },
    /// A file cannot be written.
    #[error("{path} cannot be written: {error}. Check the directory and try again.", path = .path.display())]
    Written {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The name of a file does not say what is in it.
    #[error("{path} is neither .csv nor .ndjson. Say what it is with `--format csv` or `--format ndjson`.", path = .path.display())]
    UnknownFormat {
        /// The file.
        path: PathBuf,
    },
    /// A file has no rows.
    #[error("There is nothing to send in {path}. A CSV file needs a header and a row, an NDJSON file an object.", path = .path.display())]
    NoRows {
        /// The file.
        path: PathBuf,
    },
    /// Rows of a file make no sense.
    #[error("{}", bad_rows(.0))]
    BadRows(Vec<BadRow>),
    /// What was typed is no address. It is not repeated.
    #[error("This is no e-mail address. Nothing was done.")]
    NoAddress,
    /// Nobody answered.
    #[error("{host} does not answer ({reason}). Check API_URL, and that the deployment runs: `make run`.")]
    Unreachable {
        /// Whom we asked.
        host: String,
        /// Why not.
        reason: String,
    },
    /// The API refused.
    #[error("{0}")]
    Problem(Problem),
    /// The API's answer makes no sense.
    #[error(
        "The API answered something this leadctl cannot read. Check API_URL, and whether both are of one version."
    )]
    Answer,
    /// Another version of the playbook is in force than the one that was looked at.
    #[error(
        "Version {in_force} is in force by now, not {named}. Look at what it would change with \
         `leadctl playbook rebase`, then name that one."
    )]
    OtherVersion {
        /// The version that was named.
        named: u64,
        /// The version in force.
        in_force: u64,
    },
    /// The table did not do as it should.
    #[error(
        "The table could not be used: {}. Check TABLE_NAME, AWS_REGION and your AWS credentials, and AWS_ENDPOINT_URL \
         for an emulator.",
        chain(.0)
    )]
    Table(#[from] ReadError),
    /// AWS did not do as it should.
    #[error(
        "{what} could not be had: {reason}. Check STACK, AWS_REGION and your AWS credentials, and AWS_ENDPOINT_URL for an \
         emulator."
    )]
    Aws {
        /// What was asked for.
        what: &'static str,
        /// What AWS said.
        reason: String,
    },
    /// Nothing belongs to such a stack.
    #[error(
        "No queue belongs to a stack named {name} in this account and region. Check STACK and AWS_REGION."
    )]
    NoSuchStack {
        /// Its name.
        name: String,
    },
    /// Nobody has logged for such a stack.
    #[error(
        "No log group belongs to a stack named {name} in this account and region. Check STACK and AWS_REGION."
    )]
    NoLogs {
        /// Its name.
        name: String,
    },
    /// There is no such queue.
    #[error("There is no such queue. These hold what could not be done: {}.", .there.join(", "))]
    NoSuchQueue {
        /// The names of those there are.
        there: Vec<String>,
    },
    /// A calendar, or what is asked of it, makes no sense.
    #[error("{0}")]
    Calendar(#[from] CalendarFault),
    /// Members and absences make no sense together.
    #[error("{0}")]
    Rotation(#[from] RotationFault),
    /// There is no such key.
    #[error("There is no key with this id. `leadctl keys list` shows those there are.")]
    NoSuchKey,
    /// A date at the very end of the calendar.
    #[error("There is no whole week around this date. Choose another with --week or --from.")]
    NoSuchWeek,
    /// Standard output is closed or full.
    #[error("The output cannot be written: {0}")]
    Output(#[from] io::Error),
}

impl Failure {
    /// Says it on standard error. A reader who has seen enough, as in `leadctl leads | head`, is no failure.
    pub(crate) fn report(&self) -> ExitCode {
        if let Failure::Output(error) = self
            && error.kind() == io::ErrorKind::BrokenPipe
        {
            return ExitCode::SUCCESS;
        }
        eprintln!("leadctl: {self}");
        match self {
            Failure::Calendar(_) | Failure::Rotation(_) => ExitCode::from(MISUSE),
            _ => ExitCode::FAILURE,
        }
    }
}

/// An error and what caused it, in one line. The SDK's own words say only which layer failed.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !words.ends_with(&next) {
            let _ = write!(words, ": {next}");
        }
        cause = error.source();
    }
    words
}

fn bad_rows(rows: &[BadRow]) -> String {
    let listed: Vec<String> =
        rows.iter().map(|row| format!("\n  row {}: {}", row.number, row.problem)).collect();
    format!("Nothing was sent. Mend these rows and run it again:{}", listed.concat())
}

/// What to do about a file that cannot be read.
pub(crate) fn unread(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::InvalidData => "Save it as UTF-8 and try again.",
        _ => "Check the name and try again.",
    }
}
