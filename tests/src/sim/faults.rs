//! Which faults there are and how likely each is, and the one place where the world is asked whether something happens.

use std::collections::{BTreeMap, BTreeSet};

use super::random::Random;

macro_rules! faults {
    ($($(#[$meta:meta])* $name:ident = $word:literal, $per_mille:literal;)+) => {
        /// A class of faults.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Fault {
            $($(#[$meta])* $name,)+
        }

        impl Fault {
            /// All classes.
            pub const ALL: &'static [Fault] = &[$(Fault::$name,)+];

            /// Its name in reports.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Fault::$name => $word,)+
                }
            }

            /// How often in a thousand occasions it fires while the world is not healed.
            const fn per_mille(self) -> u64 {
                match self {
                    $(Fault::$name => $per_mille,)+
                }
            }
        }
    };
}

faults! {
    /// The table asks to slow down.
    Throttle = "throttle", 30;
    /// A transaction meets another.
    Conflict = "conflict", 40;
    /// A write happens, its answer is lost.
    LostAcknowledgement = "lost_acknowledgement", 40;
    /// A write does not happen, and that is not told either.
    LostRequest = "lost_request", 20;
    /// A worker dies between two steps.
    Kill = "kill", 8;
    /// A message comes twice.
    Duplicate = "duplicate", 100;
    /// A message overtakes another.
    Reorder = "reorder", 100;
    /// A message comes late.
    Delay = "delay", 100;
    /// A message never comes.
    Drop = "drop", 60;
    /// A queue or the bus takes some of a batch and not the rest.
    PartialSend = "partial_send", 60;
    /// A message comes back while the first worker is still at it.
    VisibilityExpires = "visibility_expires", 40;
    /// An index is up to five seconds behind.
    StaleIndex = "stale_index", 300;
    /// A tick of the schedule does not come.
    MissedTick = "missed_tick", 150;
    /// A tick comes up to a minute late.
    LateTick = "late_tick", 150;
    /// A tick comes twice at once.
    DoubledTick = "doubled_tick", 150;
    /// A tick comes again while its sweep is under way.
    OverlappingTick = "overlapping_tick", 150;
    /// A worker's clock is off by up to five minutes.
    SkewedClock = "skewed_clock", 80;
    /// A receiver takes its time.
    ReceiverSlow = "receiver_slow", 60;
    /// A receiver does not answer.
    ReceiverHangs = "receiver_hangs", 40;
    /// A receiver, mail or a secret cannot be had.
    ReceiverFails = "receiver_fails", 80;
    /// A receiver takes it and says that it has not, or answers with rubbish.
    ReceiverLies = "receiver_lies", 60;
}

/// What the world decides by chance and can be told not to do when a history is shrunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cause {
    /// Something goes wrong.
    Fault(Fault),
    /// Somebody fills in a form.
    Visit,
    /// Sales or marketing does something.
    Answer,
    /// An operator changes the playbook or a rep's presence.
    Operation,
}

/// One occurrence of a cause: the first, the second …
pub type Occurrence = (Cause, u32);

impl Cause {
    /// Its name in reports and in `KEEP=…`.
    pub const fn name(self) -> &'static str {
        match self {
            Cause::Fault(fault) => fault.name(),
            Cause::Visit => "visit",
            Cause::Answer => "answer",
            Cause::Operation => "operation",
        }
    }

    /// Reads the name.
    pub fn parse(name: &str) -> Option<Cause> {
        let faults = Fault::ALL.iter().map(|f| Cause::Fault(*f));
        faults.chain([Cause::Visit, Cause::Answer, Cause::Operation]).find(|c| c.name() == name)
    }
}

/// How often each fault fired.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    fired: BTreeMap<Fault, u64>,
}

impl Faults {
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

/// Decides whether something happens. Each cause has its own random numbers, so that leaving one occurrence out does
/// not turn the others into something else.
pub(crate) struct Chances {
    seed: u64,
    streams: BTreeMap<Cause, (Random, u32)>,
    keep: Option<BTreeSet<Occurrence>>,
    /// What has happened, in order.
    pub(crate) happened: Vec<Occurrence>,
    pub(crate) faults: Faults,
}

impl Chances {
    pub(crate) fn new(seed: u64, keep: Option<BTreeSet<Occurrence>>) -> Self {
        Self { seed, streams: BTreeMap::new(), keep, happened: Vec::new(), faults: Faults::default() }
    }

    /// Whether a fault fires at this occasion.
    pub(crate) fn strikes(&mut self, fault: Fault) -> bool {
        let stream = self.stream(Cause::Fault(fault));
        if !stream.0.chance(fault.per_mille()) || !self.happens(Cause::Fault(fault)) {
            return false;
        }
        *self.faults.fired.entry(fault).or_default() += 1;
        true
    }

    /// Whether the next occurrence of a cause happens, or is left out of a shrunk history.
    pub(crate) fn happens(&mut self, cause: Cause) -> bool {
        let stream = self.stream(cause);
        let occurrence = (cause, stream.1);
        stream.1 += 1;
        if self.keep.as_ref().is_some_and(|keep| !keep.contains(&occurrence)) {
            return false;
        }
        self.happened.push(occurrence);
        true
    }

    /// The random numbers of a cause, for its details.
    pub(crate) fn random(&mut self, cause: Cause) -> &mut Random {
        &mut self.stream(cause).0
    }

    fn stream(&mut self, cause: Cause) -> &mut (Random, u32) {
        let seed = self.seed;
        self.streams.entry(cause).or_insert_with(|| {
            // The place of a name in the alphabet of causes would change with every new fault; the name does not.
            let salt =
                cause.name().bytes().fold(0_u64, |sum, b| sum.wrapping_mul(131).wrapping_add(u64::from(b)));
            (
                Random::new(
                    seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ salt.wrapping_mul(0xd6e8_feb8_6659_fd93),
                ),
                0,
            )
        })
    }
}
