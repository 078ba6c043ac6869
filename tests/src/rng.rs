//! Randomness that can be repeated: tests print their seed, `LOCKSTEP_SEED` sets it.

/// The seed of every run that asks for no other.
const USUAL_SEED: u64 = 3;

/// `SplitMix64`.
#[derive(Debug, Clone)]
pub struct Rng(u64);

impl Rng {
    /// A generator with a seed of its own.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A generator with the seed in `LOCKSTEP_SEED` (`random`: a fresh one), or else the same one
    /// every time, so that a change is judged by what it did. The seed is printed, and the test
    /// harness shows it when the test fails.
    ///
    /// # Panics
    /// If `LOCKSTEP_SEED` is neither a number nor `random`.
    #[must_use]
    #[allow(clippy::print_stderr)]
    pub fn from_env(test: &str) -> Self {
        let seed = match std::env::var("LOCKSTEP_SEED") {
            Err(_) => USUAL_SEED,
            Ok(text) if text != "random" => text.parse().expect("LOCKSTEP_SEED: not a number"),
            Ok(_) => {
                let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
                now.map_or(1, |d| u64::from(d.subsec_nanos()) ^ d.as_secs())
            }
        };
        eprintln!("{test}: seed {seed} (repeat with LOCKSTEP_SEED={seed})");
        Self(seed)
    }

    /// 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.next_u64() % limit.max(1) as u64) as usize
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = high.wrapping_sub(low) as u64;
        low.wrapping_add((self.next_u64() % span.saturating_add(1).max(1)) as i64)
    }

    /// True once in `n`.
    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// One of these.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// Random bytes, all values.
    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.next_u64() as u8).collect()
    }
}
