//! Wake-ups: the messages between functions. They carry ids and a version, ASCII, never state or personal data.

use serde::{Deserialize, Serialize};

/// Which queue, and so which function, a wake-up is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hop {
    /// The enrich function.
    Enrich,
    /// The score function.
    Score,
    /// The route function.
    Route,
    /// The notify function.
    Notify,
    /// The timer queue, read by the escalate function.
    Timer,
}

impl Hop {
    /// All queues.
    pub const ALL: [Hop; 5] = [Hop::Enrich, Hop::Score, Hop::Route, Hop::Notify, Hop::Timer];

    /// Its name in configuration and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Hop::Enrich => "enrich",
            Hop::Score => "score",
            Hop::Route => "route",
            Hop::Notify => "notify",
            Hop::Timer => "timer",
        }
    }
}

/// What a wake-up is about: the partition key of a row that has something to do.
///
/// On the wire: `{"v":1,"hop":"score","id":"ld_…","version":3}`, and for timers `"due_ms"`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WakeUp {
    /// Version of this envelope; always 1.
    pub v: u8,
    /// The receiving function.
    pub hop: Hop,
    /// A lead id (`ld_…`) or a delivery id (`dl_…`).
    pub id: String,
    /// The row's version when this was sent; a hint for logs, never trusted.
    pub version: u64,
    /// Timers only: the due time this was armed for, in milliseconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub due_ms: Option<i64>,
    /// How long the queue shall hold it back, in whole seconds, at most 900; not part of the body.
    #[serde(skip)]
    pub delay_s: u16,
}

/// Reads a message of the current version of the envelope; `None` for anything else.
pub fn parse(body: &str) -> Option<WakeUp> {
    serde_json::from_str::<WakeUp>(body).ok().filter(|wake_up| wake_up.v == 1)
}
