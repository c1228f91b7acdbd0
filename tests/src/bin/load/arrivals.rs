//! When submissions come: at a steady rate, whatever becomes of those before.

use std::time::Duration;

/// A load: so many a second for so long.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Arrivals {
    rate: f64,
    /// How many there are.
    pub(crate) count: usize,
}

impl Arrivals {
    /// `rate` a second, for `seconds`; an error says what makes no sense.
    pub(crate) fn new(rate: f64, seconds: f64) -> Result<Arrivals, String> {
        let sensible = |value: f64, most: f64| value.is_finite() && value > 0.0 && value <= most;
        if !sensible(rate, 10_000.0) {
            return Err(format!("RATE={rate}: use more than 0 and at most 10000 submissions a second"));
        }
        if !sensible(seconds, 86_400.0) {
            return Err(format!("SECONDS={seconds}: use more than 0 and at most 86400"));
        }
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "both are bounded above")]
        let count = (rate * seconds).ceil() as usize;
        Ok(Arrivals { rate, count })
    }

    /// When the n-th is due, from the beginning on; the first is due at once.
    pub(crate) fn at(self, n: usize) -> Duration {
        Duration::from_secs_f64(n as f64 / self.rate)
    }

    /// The most that fall into any window of so many seconds.
    pub(crate) fn most_within(self, seconds: f64) -> f64 {
        (self.rate * seconds).ceil().min(self.count as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_rate() {
        let arrivals = Arrivals::new(4.0, 2.5).unwrap();
        let due: Vec<Duration> = (0..arrivals.count).map(|n| arrivals.at(n)).collect();
        assert_eq!(
            (due.len(), due[0], due[1], due[9]),
            (10, Duration::ZERO, Duration::from_millis(250), Duration::from_millis(2_250))
        );
        assert_eq!(Arrivals::new(0.5, 1.0).unwrap().count, 1);
    }

    #[test]
    fn windows_hold_no_more_than_there_are() {
        let arrivals = Arrivals::new(50.0, 20.0).unwrap();
        assert_eq!((arrivals.most_within(1.0), arrivals.most_within(60.0)), (50.0, 1_000.0));
    }

    #[test]
    fn what_makes_no_sense_is_told() {
        for (rate, seconds) in
            [(0.0, 1.0), (-1.0, 1.0), (f64::NAN, 1.0), (20_000.0, 1.0), (1.0, 0.0), (1.0, f64::INFINITY)]
        {
            assert!(Arrivals::new(rate, seconds).is_err(), "{rate} {seconds}");
        }
    }
}
