//! What can be typed behind the commands that look after a deployment.

use clap::{Args, ValueEnum};
use jiff::{SignedDuration, Timestamp};
use leadline_core::ids::LeadId;

use crate::stack::StackName;
use crate::tail::Level;

/// `leadctl doctor`.
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// The stack that was deployed; without it queues and alarms are not looked at
    #[arg(long, env = "STACK", value_name = "NAME", value_parser = StackName::parse)]
    pub(crate) stack: Option<StackName>,
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `leadctl tail`.
#[derive(Debug, Args)]
pub(crate) struct Tail {
    /// The stack that was deployed
    #[arg(long, env = "STACK", value_name = "NAME", value_parser = StackName::parse)]
    pub(crate) stack: StackName,
    /// Only lines that name this lead
    #[arg(long, value_name = "ID", value_parser = LeadId::parse)]
    pub(crate) lead: Option<LeadId>,
    /// Only lines of this function
    #[arg(long, value_name = "NAME")]
    pub(crate) function: Option<Function>,
    /// Only lines of this level and above
    #[arg(long)]
    pub(crate) level: Option<Level>,
    /// From when on: so long ago, such as 15m, or an instant
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = Since::parse)]
    pub(crate) since: Since,
    /// Show those there are and end
    #[arg(long)]
    pub(crate) once: bool,
    /// The lines as the functions wrote them
    #[arg(long)]
    pub(crate) json: bool,
}

/// A function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "ARCHITECTURE.md says what each does")]
pub(crate) enum Function {
    Audit,
    Capture,
    Crm,
    Enrich,
    Escalate,
    Notify,
    Route,
    Score,
}

impl Function {
    /// Its name, as the folder has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Function::Audit => "audit",
            Function::Capture => "capture",
            Function::Crm => "crm",
            Function::Enrich => "enrich",
            Function::Escalate => "escalate",
            Function::Notify => "notify",
            Function::Route => "route",
            Function::Score => "score",
        }
    }
}

/// From when on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Since {
    /// So long ago.
    Ago(SignedDuration),
    /// From this instant.
    At(Timestamp),
}

impl Since {
    fn parse(text: &str) -> Result<Since, String> {
        let ago = text.parse().ok().filter(|ago: &SignedDuration| !ago.is_negative()).map(Since::Ago);
        let at = || text.parse().ok().map(Since::At);
        ago.or_else(at).ok_or_else(|| "use a time such as 15m or 2h, or 2026-01-31T12:00:00Z".to_owned())
    }

    /// The instant.
    pub(crate) fn before(self, now: Timestamp) -> Timestamp {
        match self {
            Since::Ago(ago) => now.saturating_sub(ago).unwrap_or(Timestamp::UNIX_EPOCH),
            Since::At(at) => at,
        }
    }
}

/// `leadctl redrive`.
#[derive(Debug, Args)]
pub(crate) struct Redrive {
    /// Which one, such as score; all of them unless given. `MissedTicks` has to be named: its messages are deleted
    pub(crate) queue: Option<String>,
    /// The stack that was deployed
    #[arg(long, env = "STACK", value_name = "NAME", value_parser = StackName::parse)]
    pub(crate) stack: StackName,
    /// Only show how many there are, and the ids in some of them
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}
