//! Times of a command's calls, counted by length: what `INFO latencystats` and `LATENCY HISTOGRAM`
//! show. The buckets are those of Redis's histograms (two significant digits, up to a second), so
//! that the same times give the same figures.

/// Longer times count as this: a second, in nanoseconds.
const LONGEST_NS: u64 = 1_000_000_000;
/// Values below twice this have a bucket each; each further doubling has this many buckets.
const HALF: u64 = 128;

/// Counts by length of time.
#[derive(Debug, Clone, Default, Hash)]
pub(super) struct Histogram {
    /// Grows to the longest time seen: 24 KB at most.
    counts: Vec<u64>,
    total: u64,
}

impl Histogram {
    #[inline]
    pub(super) fn add(&mut self, nanos: u64) {
        let index = index(nanos.clamp(1, LONGEST_NS));
        if index >= self.counts.len() {
            self.counts.resize(index + 1, 0);
        }
        self.counts[index] += 1;
        self.total += 1;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// The time in nanoseconds that this share of the calls (0 to 100) did not exceed.
    pub(super) fn percentile(&self, percent: f64) -> u64 {
        let wanted = ((percent / 100.0 * self.total as f64 + 0.5) as u64).max(1);
        let mut seen = 0;
        let at = self.counts.iter().position(|count| {
            seen += count;
            seen >= wanted
        });
        at.map_or(0, highest)
    }

    /// For each power of two of about a microsecond: how many calls took no longer. Only those
    /// where the number differs from the one before.
    pub(super) fn cumulative(&self) -> Vec<(u64, u64)> {
        let mut shown: Vec<(u64, u64)> = Vec::new();
        let (mut seen, mut limit) = (0, 1024);
        for (at, count) in self.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            while highest(at) >= limit {
                limit *= 2;
            }
            seen += count;
            let micros = (limit - 1) / 1000;
            match shown.last_mut() {
                Some(last) if last.0 == micros => last.1 = seen,
                _ => shown.push((micros, seen)),
            }
        }
        shown
    }
}

fn index(nanos: u64) -> usize {
    let shift = u64::from((nanos | HALF).ilog2()) - u64::from(HALF.ilog2());
    (shift * HALF + (nanos >> shift)) as usize
}

/// The longest time that a bucket counts.
fn highest(index: usize) -> u64 {
    let index = index as u64;
    let shift = (index / HALF).saturating_sub(1);
    ((index - shift * HALF + 1) << shift) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_those_of_redis() {
        // Measured: `INFO latencystats` of redis-server 7.0.15 for calls of 1, 2, 10, 391 and 725
        // microseconds.
        for (micros, shown) in
            [(1, 1_003), (2, 2_007), (10, 10_047), (390, 391_167), (725, 729_087), (0, 1)]
        {
            let mut one = Histogram::default();
            one.add(micros * 1000);
            assert_eq!(one.percentile(50.0), shown, "{micros}");
            assert_eq!(one.percentile(99.9), shown, "{micros}");
        }
    }

    #[test]
    fn every_time_is_in_its_bucket_and_buckets_are_in_order() {
        let times = (1..3000).chain((3000..2_000_000).step_by(777));
        let mut last = 0;
        for nanos in times.chain([LONGEST_NS]) {
            let at = index(nanos);
            assert!(at == last || at > last && highest(last) < nanos, "{nanos}");
            assert!(highest(at) >= nanos && highest(at) - nanos <= nanos / 128, "{nanos}");
            last = at;
        }
        assert!(last < 3072);
    }

    #[test]
    fn cumulative_counts_are_by_powers_of_two() {
        let mut some = Histogram::default();
        for micros in [10, 10, 3, 100] {
            some.add(micros * 1000);
        }
        assert_eq!(some.cumulative(), [(4, 1), (16, 3), (131, 4)]);
    }
}
