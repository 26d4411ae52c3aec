//! Latencies in logarithmic buckets: 32 per power of two, so a percentile is at most 3 % off.

use std::time::Duration;

const BITS: u32 = 5;
const PER_POWER: u64 = 1 << BITS;

#[derive(Clone, Default)]
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
}

impl Histogram {
    pub fn record(&mut self, latency: Duration) {
        let bucket = bucket(u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX));
        if bucket >= self.counts.len() {
            self.counts.resize(bucket + 1, 0);
        }
        self.counts[bucket] += 1;
        self.total += 1;
    }

    pub fn merge(&mut self, other: &Self) {
        if other.counts.len() > self.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine += theirs;
        }
        self.total += other.total;
    }

    pub fn total(&self) -> u64 {
        self.total
    }

    /// The latency that `share` of all requests stay within, in milliseconds; 0 if nothing was recorded.
    pub fn percentile_ms(&self, share: f64) -> f64 {
        let rank = (self.total as f64 * share).ceil() as u64;
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank && *count > 0 {
                return upper_end(bucket as u64) as f64 / 1e6;
            }
        }
        0.0
    }
}

/// Small values have a bucket each; larger ones are grouped by their leading bit and the `BITS` bits after it.
fn bucket(nanos: u64) -> usize {
    if nanos < PER_POWER {
        return nanos as usize;
    }
    let shift = nanos.ilog2() - BITS;
    ((u64::from(shift) << BITS) + (nanos >> shift)) as usize
}

fn upper_end(bucket: u64) -> u64 {
    if bucket < 2 * PER_POWER {
        return bucket;
    }
    let shift = (bucket >> BITS) - 1;
    let leading = bucket - (shift << BITS);
    ((leading + 1) << shift) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_holds_what_is_near() {
        for nanos in [0, 1, 31, 32, 33, 63, 64, 65, 1000, 123_456, 98_765_432_100] {
            let upper = upper_end(bucket(nanos) as u64);
            assert!(upper >= nanos && upper - nanos <= nanos / PER_POWER, "{nanos} {upper}");
            assert_eq!(bucket(upper), bucket(nanos));
            assert!(bucket(upper + 1) == bucket(nanos) + 1, "{nanos} {upper}");
        }
    }

    #[test]
    fn percentiles_of_a_merged_histogram() {
        let (mut low, mut high) = (Histogram::default(), Histogram::default());
        (1..=90).for_each(|ms| low.record(Duration::from_millis(ms)));
        (91..=100).for_each(|ms| high.record(Duration::from_millis(ms)));
        low.merge(&high);
        assert_eq!(low.total(), 100);
        for (share, expected) in [(0.5, 50.0), (0.99, 99.0), (1.0, 100.0), (0.0, 1.0)] {
            let found = low.percentile_ms(share);
            assert!((found - expected).abs() <= expected * 0.04, "{share}: {found}");
        }
        assert!(Histogram::default().percentile_ms(0.5).abs() < f64::EPSILON);
    }
}
