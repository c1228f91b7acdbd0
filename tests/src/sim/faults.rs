//! Which faults there are, how likely each is, and how often each fired.

use std::collections::BTreeMap;

/// A class of faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fault {
    /// The table asks to slow down.
    Throttle,
    /// A transaction meets another.
    Conflict,
    /// A write happens, its answer is lost.
    LostAcknowledgement,
    /// A write does not happen, and that is not told either.
    LostRequest,
    /// A worker dies between two steps.
    Kill,
    /// A message comes twice.
    Duplicate,
    /// A message comes late.
    Delay,
    /// A message never comes.
    Drop,
    /// A queue does not take a message.
    SendFails,
    /// A message comes back while the first worker is still at it.
    VisibilityExpires,
    /// An index is behind.
    StaleIndex,
    /// A tick of the schedule does not come.
    MissedTick,
    /// A tick comes twice.
    DoubledTick,
    /// A worker's clock is off.
    SkewedClock,
    /// Mail, bus or a webhook fails.
    ReceiverFails,
    /// A receiver takes it, and its answer is lost.
    ReceiverLies,
}

impl Fault {
    /// All classes.
    pub const ALL: [Fault; 16] = [
        Fault::Throttle,
        Fault::Conflict,
        Fault::LostAcknowledgement,
        Fault::LostRequest,
        Fault::Kill,
        Fault::Duplicate,
        Fault::Delay,
        Fault::Drop,
        Fault::SendFails,
        Fault::VisibilityExpires,
        Fault::StaleIndex,
        Fault::MissedTick,
        Fault::DoubledTick,
        Fault::SkewedClock,
        Fault::ReceiverFails,
        Fault::ReceiverLies,
    ];

    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Fault::Throttle => "throttle",
            Fault::Conflict => "conflict",
            Fault::LostAcknowledgement => "lost_acknowledgement",
            Fault::LostRequest => "lost_request",
            Fault::Kill => "kill",
            Fault::Duplicate => "duplicate",
            Fault::Delay => "delay",
            Fault::Drop => "drop",
            Fault::SendFails => "send_fails",
            Fault::VisibilityExpires => "visibility_expires",
            Fault::StaleIndex => "stale_index",
            Fault::MissedTick => "missed_tick",
            Fault::DoubledTick => "doubled_tick",
            Fault::SkewedClock => "skewed_clock",
            Fault::ReceiverFails => "receiver_fails",
            Fault::ReceiverLies => "receiver_lies",
        }
    }

    /// How often in a thousand occasions it fires while the world is not healed.
    pub(crate) const fn per_mille(self) -> u64 {
        match self {
            Fault::Throttle | Fault::Conflict | Fault::LostAcknowledgement => 40,
            Fault::LostRequest => 20,
            Fault::Kill => 8,
            Fault::Duplicate | Fault::Delay => 100,
            Fault::Drop | Fault::SendFails => 60,
            Fault::VisibilityExpires => 30,
            Fault::StaleIndex => 300,
            Fault::MissedTick | Fault::DoubledTick => 150,
            Fault::SkewedClock => 100,
            Fault::ReceiverFails | Fault::ReceiverLies => 80,
        }
    }
}

/// How often each fault fired.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    fired: BTreeMap<Fault, u64>,
}

impl Faults {
    pub(crate) fn count(&mut self, fault: Fault) {
        *self.fired.entry(fault).or_default() += 1;
    }

    /// How often a fault fired.
    pub fn fired(&self, fault: Fault) -> u64 {
        self.fired.get(&fault).copied().unwrap_or(0)
    }

    /// Adds another world's counts.
    pub fn add(&mut self, other: &Faults) {
        for (fault, count) in &other.fired {
            *self.fired.entry(*fault).or_default() += count;
        }
    }
}
