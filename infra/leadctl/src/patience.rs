//! How often to try again, and how long to wait before.

use std::time::Duration;

const FIRST_PAUSE_MS: u64 = 250;
const LONGEST_PAUSE_MS: u64 = 20_000;
/// What a server may ask for with `Retry-After`.
const LONGEST_WISH: Duration = Duration::from_secs(300);
/// Requests that failed together are spread over this when they come again.
const SPREAD_MS: u64 = 250;

/// How often to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Patience {
    /// Tries in all.
    pub(crate) tries: u32,
    /// Tells apart what runs at the same time.
    pub(crate) turn: u64,
}

impl Patience {
    /// Somebody waits for the answer.
    pub(crate) const SHORT: Patience = Patience { tries: 4, turn: 0 };

    /// A row of a file: about two minutes, more where the server asks for it.
    pub(crate) fn long(turn: u64) -> Patience {
        Patience { tries: 10, turn }
    }

    /// The pause after so many tries, from 1; `None` when it is time to give up.
    pub(crate) fn pause_after(self, tried: u32, retry_after: Option<Duration>) -> Option<Duration> {
        if tried >= self.tries {
            return None;
        }
        let doublings = tried.saturating_sub(1).min(16);
        let own = (FIRST_PAUSE_MS << doublings).min(LONGEST_PAUSE_MS);
        // A prime, so that neighbours do not come at the same time.
        let spread = Duration::from_millis(self.turn.wrapping_mul(97) % SPREAD_MS);
        let wish = retry_after.unwrap_or_default().min(LONGEST_WISH);
        Some(Duration::from_millis(own).max(wish) + spread)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(n: u64) -> Option<Duration> {
        Some(Duration::from_secs(n))
    }

    #[test]
    fn pauses_double_and_end() {
        let pauses: Vec<_> = (1..=10).map(|n| Patience::long(0).pause_after(n, None)).collect();
        let millis = |ms| Some(Duration::from_millis(ms));
        assert_eq!(
            pauses,
            [
                millis(250),
                millis(500),
                seconds(1),
                seconds(2),
                seconds(4),
                seconds(8),
                seconds(16),
                seconds(20),
                seconds(20),
                None
            ]
        );
    }

    #[test]
    fn the_servers_wish_counts_when_it_is_longer_and_sensible() {
        let patience = Patience::SHORT;
        assert_eq!(patience.pause_after(1, seconds(7)), seconds(7));
        assert_eq!(patience.pause_after(3, seconds(0)), seconds(1));
        assert_eq!(patience.pause_after(1, seconds(86_400)), seconds(300));
        assert_eq!(patience.pause_after(4, seconds(1)), None);
    }

    #[test]
    fn neighbours_are_spread_over_less_than_the_first_pause() {
        let pauses: std::collections::BTreeSet<_> =
            (0..8).filter_map(|turn| Patience::long(turn).pause_after(1, None)).collect();
        assert_eq!(pauses.len(), 8);
        assert!(pauses.iter().all(|p| (250..500).contains(&p.as_millis())));
    }
}
