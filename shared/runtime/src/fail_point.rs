//! Fail points: places where a worker can be made to die or to stop, to see what becomes of its leads.
//!
//! Only with the feature `fail-points`, which no deployable binary has: without it a fail point is an empty function and
//! nothing reads the environment. With it, `FAIL_POINTS` says what happens where and how often, such as
//! `after_commit=abort:1,before_commit=stop:0.5`, and `FAIL_POINTS_JOURNAL` names the file in which every death is noted
//! before it happens.

/// A place in the work of every function where a death makes a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Decided, nothing written.
    BeforeCommit,
    /// The row has changed, nobody has been woken.
    AfterCommit,
    /// Everybody has been woken, nothing acknowledged.
    AfterSend,
    /// A receiver has a notification, the row still owes it.
    AfterTelling,
}

/// Passes a place, unless the worker is to die there.
#[cfg(not(feature = "fail-points"))]
#[inline(always)]
pub fn pass(_place: Place) {}

#[cfg(feature = "fail-points")]
pub use armed::pass;

#[cfg(any(test, feature = "fail-points"))]
mod rules {
    use super::Place;

    /// What happens to a worker.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(super) enum Fate {
        /// It is gone at once, as when its machine is.
        Abort,
        /// It stands still until somebody continues it.
        Stop,
    }

    /// What happens where, and how likely.
    #[derive(Debug, Clone, PartialEq)]
    pub(super) struct Rules(Vec<(Place, Fate, f64)>);

    impl Rules {
        /// Reads `place=fate:chance,…`; the chance lies between 0 and 1. `None` when anything makes no sense, because
        /// a test that injects nothing proves nothing.
        pub(super) fn read(text: &str) -> Option<Rules> {
            text.split(',').filter(|rule| !rule.is_empty()).map(rule).collect::<Option<_>>().map(Rules)
        }

        /// The fate of a worker that passes a place and has drawn a number from 0 up to 1.
        pub(super) fn fate(&self, place: Place, drawn: f64) -> Option<Fate> {
            self.0.iter().find(|(at, _, chance)| *at == place && drawn < *chance).map(|(_, fate, _)| *fate)
        }
    }

    fn rule(text: &str) -> Option<(Place, Fate, f64)> {
        let (name, rest) = text.split_once('=')?;
        let (fate, chance) = rest.split_once(':')?;
        let place = [Place::BeforeCommit, Place::AfterCommit, Place::AfterSend, Place::AfterTelling]
            .into_iter()
            .find(|place| place.name() == name)?;
        let fate = match fate {
            "abort" => Fate::Abort,
            "stop" => Fate::Stop,
            _ => return None,
        };
        let chance = chance.parse().ok().filter(|chance| (0.0..=1.0).contains(chance))?;
        Some((place, fate, chance))
    }

    impl Place {
        /// Its name in rules and in the journal.
        pub(super) const fn name(self) -> &'static str {
            match self {
                Place::BeforeCommit => "before_commit",
                Place::AfterCommit => "after_commit",
                Place::AfterSend => "after_send",
                Place::AfterTelling => "after_telling",
            }
        }
    }
}

#[cfg(feature = "fail-points")]
mod armed {
    use std::fs::OpenOptions;
    use std::io::Write as _;
    use std::path::Path;
    use std::process::Command;
    use std::sync::LazyLock;

    use super::Place;
    use super::rules::{Fate, Rules};
    use crate::config::optional;

    /// What this worker has been told, once at start.
    struct Armed {
        rules: Rules,
        journal: String,
        function: String,
    }

    static ARMED: LazyLock<Option<Armed>> = LazyLock::new(|| {
        let rules = Rules::read(&optional("FAIL_POINTS")?).expect("FAIL_POINTS is a list of rules");
        let journal = optional("FAIL_POINTS_JOURNAL").expect("FAIL_POINTS_JOURNAL names a file");
        let function = optional("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default();
        Some(Armed { rules, journal, function })
    });

    /// Passes a place, unless the worker is to die there.
    pub fn pass(place: Place) {
        let Some(armed) = ARMED.as_ref() else { return };
        let (high, _) = uuid::Uuid::new_v4().as_u64_pair();
        // A version 4 UUID's first 32 bits are random.
        let drawn = f64::from((high >> 32) as u32) / (f64::from(u32::MAX) + 1.0);
        match armed.rules.fate(place, drawn) {
            None => {}
            Some(Fate::Abort) => {
                armed.note(Path::new(&armed.journal), place, "abort", Existing::AddTo);
                std::process::abort();
            }
            // One worker at a time stands still: the one that takes its message over is not to stop as well.
            Some(Fate::Stop) => {
                let stopped = format!("{}.stopped", armed.journal);
                if armed.note(Path::new(&stopped), place, "stop", Existing::Refuse) {
                    let me = std::process::id().to_string();
                    let _ = Command::new("kill").args(["-STOP", &me]).status();
                }
            }
        }
    }

    /// What to do about a journal that is there.
    #[derive(PartialEq)]
    enum Existing {
        AddTo,
        Refuse,
    }

    impl Armed {
        /// Notes in one write what is about to happen; false when the journal is there and must not be.
        fn note(&self, journal: &Path, place: Place, fate: &str, existing: Existing) -> bool {
            let line = format!("{} {} {fate} {}\n", self.function, place.name(), std::process::id());
            let mut options = OpenOptions::new();
            let options = options.append(true).create(true).create_new(existing == Existing::Refuse);
            tracing::error!(function = self.function, place = place.name(), fate, "fail point");
            options.open(journal).and_then(|mut file| file.write_all(line.as_bytes())).is_ok()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Place;
    use super::rules::{Fate, Rules};

    #[test]
    fn a_rule_fires_at_its_place_and_below_its_chance() {
        let rules = Rules::read("after_commit=abort:0.25,before_commit=stop:1").unwrap();
        assert_eq!(rules.fate(Place::AfterCommit, 0.0), Some(Fate::Abort));
        assert_eq!(rules.fate(Place::AfterCommit, 0.249), Some(Fate::Abort));
        assert_eq!(rules.fate(Place::AfterCommit, 0.25), None);
        assert_eq!(rules.fate(Place::BeforeCommit, 0.999), Some(Fate::Stop));
        assert_eq!(rules.fate(Place::AfterSend, 0.0), None);
        let never = Rules::read("after_telling=abort:0").unwrap();
        assert_eq!(never.fate(Place::AfterTelling, 0.0), None);
    }

    #[test]
    fn what_makes_no_sense_is_not_taken_for_nothing() {
        for text in ["after_commit", "after_commit=abort", "after_commit=die:1", "somewhere=abort:1"] {
            assert_eq!(Rules::read(text), None, "{text}");
        }
        for text in ["after_commit=abort:1.5", "after_commit=abort:-1", "after_commit=abort:NaN"] {
            assert_eq!(Rules::read(text), None, "{text}");
        }
    }

    /// Passing a place is free of consequences unless the feature is on and the environment says otherwise.
    #[test]
    fn a_worker_that_nobody_told_to_die_lives() {
        super::pass(Place::AfterCommit);
    }
}
