//! Percentiles by the nearest rank, over all values: no buckets, no interpolation.

/// The smallest of the values that is not exceeded by so many in a hundred of them; `None` when there are none.
/// <https://en.wikipedia.org/wiki/Percentile#The_nearest-rank_method>
pub fn percentile(values: &mut [f64], hundredths: usize) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let rank = (values.len() * hundredths).div_ceil(100).max(1);
    values.get(rank - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the article.
    #[test]
    fn the_nearest_rank() {
        let mut values = [50.0, 15.0, 40.0, 20.0, 35.0];
        let found = [5, 30, 40, 50, 100].map(|p| percentile(&mut values, p));
        assert_eq!(found, [15.0, 20.0, 20.0, 35.0, 50.0].map(Some));
    }

    #[test]
    fn the_ninety_ninth_of_two_hundred_leaves_two_above() {
        let mut values: Vec<f64> = (1..=200).map(f64::from).collect();
        assert_eq!(percentile(&mut values, 99), Some(198.0));
    }

    #[test]
    fn of_nothing_there_is_none() {
        assert_eq!(percentile(&mut [], 50), None);
    }
}
