//! How long messages took.

use super::Outcome;
use hdrhistogram::Histogram;
use std::time::Duration;

/// The longest time that is told from a longer one: an hour.
const LONGEST: u64 = 3_600_000_000_000;
const DIGITS: u8 = 3;

/// A histogram with buckets that grow with the latency, so that each is as exact as the others.
pub(super) struct Latencies(Option<Histogram<u64>>);

impl Latencies {
    pub(super) fn new() -> Self {
        Self(Histogram::new_with_bounds(1, LONGEST, DIGITS).ok())
    }

    pub(super) fn record(&mut self, latency: Duration) {
        let nanoseconds = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX).max(1);
        if let Some(histogram) = &mut self.0 {
            histogram.saturating_record(nanoseconds);
        }
    }

    /// An outcome with the quantiles of what was recorded.
    pub(super) fn outcome(&self) -> Outcome {
        let at = |quantile| self.0.as_ref().map_or(0, |histogram| histogram.value_at_quantile(quantile));
        let max = self.0.as_ref().map_or(0, Histogram::max);
        Outcome { p50: at(0.5), p99: at(0.99), p999: at(0.999), max, ..Outcome::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_exact_to_three_digits_from_nanoseconds_to_an_hour() {
        for unit in [1, 1_000, 1_000_000, 1_000_000_000] {
            let mut latencies = Latencies::new();
            for number in 1..=1000 {
                latencies.record(Duration::from_nanos(number * unit));
            }
            let Outcome { p50, p99, p999, max, .. } = latencies.outcome();
            for (found, exact) in [(p50, 500), (p99, 990), (p999, 999), (max, 1000)] {
                assert!(
                    found >= exact * unit && found - exact * unit <= exact * unit / 1000,
                    "{found} {exact}"
                );
            }
        }
    }

    #[test]
    fn nothing_is_lost_above_the_longest_time() {
        let mut latencies = Latencies::new();
        latencies.record(Duration::from_secs(100_000));
        assert!(latencies.outcome().p50 >= LONGEST);
    }
}
