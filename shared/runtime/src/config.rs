//! Configuration: the environment, read once at start, typed.

use leadline_core::playbook::Reach;

use crate::wake::Hop;

/// A variable is missing or senseless; the function cannot start.
#[derive(Debug, thiserror::Error)]
#[error("environment variable {name}: {problem}")]
pub struct ConfigError {
    name: &'static str,
    problem: &'static str,
}

impl ConfigError {
    /// The variable.
    pub fn name(&self) -> &'static str {
        self.name
    }
}

#[allow(clippy::disallowed_methods, reason = "the one place that reads the environment")]
fn read(name: &'static str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A variable that must be set.
pub fn required(name: &'static str) -> Result<String, ConfigError> {
    read(name).ok_or(ConfigError { name, problem: "is not set" })
}

/// A variable that may be set.
pub fn optional(name: &'static str) -> Option<String> {
    read(name)
}

/// The address of a queue; `None` for queues this function never sends to.
pub fn queue_url(hop: Hop) -> Option<String> {
    read(match hop {
        Hop::Enrich => "QUEUE_ENRICH",
        Hop::Score => "QUEUE_SCORE",
        Hop::Route => "QUEUE_ROUTE",
        Hop::Notify => "QUEUE_NOTIFY",
        Hop::Timer => "QUEUE_TIMER",
    })
}

/// How far playbooks may reach here: `ALLOW_LOCAL_TARGETS` and `SECRET_PREFIX`.
pub fn reach() -> Result<Reach, ConfigError> {
    Ok(Reach { local: local_targets(), secret_prefix: required("SECRET_PREFIX")? })
}

/// Whether outbound requests may go to this machine: for tests only.
pub fn local_targets() -> crate::guard::LocalTargets {
    if read("ALLOW_LOCAL_TARGETS").as_deref() == Some("true") {
        crate::guard::LocalTargets::Allowed
    } else {
        crate::guard::LocalTargets::Refused
    }
}
