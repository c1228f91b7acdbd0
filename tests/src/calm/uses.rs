//! What each function asks AWS for that its role has to allow by name.

use std::collections::BTreeSet;

use leadline_runtime::wake::Hop;
use leadline_store::{Index, Write};

/// Something that a role allows, or that a function is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Use {
    /// Something with rows of the table, by the name of the operation that a role allows. A transaction has none of its own.
    Rows(&'static str),
    /// A query of an index.
    Query(Index),
    /// A message to a queue.
    Wake(Hop),
    /// A secret of the playbook.
    Secret,
    /// An event on the bus.
    Publish,
    /// A mail.
    Mail,
}

/// A function of the deployment, by the name of its folder.
pub(super) type Function = &'static str;

/// Which functions have used what.
pub type Uses = BTreeSet<(&'static str, Use)>;

/// What a write takes, by itself or in a transaction.
pub(super) const fn of_write(write: &Write) -> Use {
    Use::Rows(match write {
        Write::Put { .. } => "PutItem",
        Write::Delete { .. } => "DeleteItem",
        Write::Check { .. } => "ConditionCheckItem",
    })
}

/// The function that reads a queue.
pub(super) const fn behind(hop: Hop) -> Function {
    match hop {
        Hop::Enrich => "enrich",
        Hop::Score => "score",
        Hop::Route => "route",
        Hop::Notify => "notify",
        Hop::Timer => "escalate",
    }
}
