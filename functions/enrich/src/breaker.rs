//! Circuit breakers: a provider that fails five times in a row is left alone for half a minute.
//!
//! Each worker has its own; a fleet of workers probes a provider that is down once per worker and half minute.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

const FAILURES: u32 = 5;
const PAUSE: SignedDuration = SignedDuration::from_secs(30);

#[derive(Debug, Default)]
struct Breaker {
    failures: u32,
    open_until: Option<Timestamp>,
}

/// The breakers of all providers, by name.
#[derive(Debug, Default)]
pub struct Breakers {
    by_name: Mutex<BTreeMap<String, Breaker>>,
}

impl Breakers {
    /// Whether a provider is to be asked now.
    pub fn may_ask(&self, provider: &str, now: Timestamp) -> bool {
        self.with(provider, |b| b.open_until.is_none_or(|until| now >= until))
    }

    /// It answered.
    pub fn answered(&self, provider: &str) {
        self.with(provider, |b| *b = Breaker::default());
    }

    /// It did not.
    pub fn failed(&self, provider: &str, now: Timestamp) {
        self.with(provider, |b| {
            b.failures += 1;
            if b.failures >= FAILURES {
                b.open_until = Some(now + PAUSE);
            }
        });
    }

    fn with<R>(&self, provider: &str, act: impl FnOnce(&mut Breaker) -> R) -> R {
        let mut all = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        act(all.entry(provider.to_owned()).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_failures_in_a_row_open_it_for_half_a_minute() {
        let breakers = Breakers::default();
        let start = Timestamp::from_second(1_000).unwrap();
        for _ in 0..4 {
            breakers.failed("p", start);
        }
        assert!(breakers.may_ask("p", start));
        breakers.answered("p");
        for _ in 0..5 {
            assert!(breakers.may_ask("p", start));
            breakers.failed("p", start);
        }
        assert!(!breakers.may_ask("p", start + SignedDuration::from_secs(29)));
        assert!(breakers.may_ask("p", start + SignedDuration::from_secs(30)));
        assert!(breakers.may_ask("q", start));
    }
}
