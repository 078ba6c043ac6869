//! Time as an argument.

use std::ops::{Add, Sub};

/// A point on the driver's monotonic clock: microseconds since an arbitrary start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Instant(pub u64);

impl Instant {
    /// This instant plus a number of milliseconds.
    pub const fn plus_ms(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms.saturating_mul(1_000)))
    }

    /// Microseconds from `earlier` to this instant, 0 if `earlier` is later.
    pub const fn micros_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Whole milliseconds from `earlier` to this instant, 0 if `earlier` is later.
    pub const fn millis_since(self, earlier: Self) -> u64 {
        self.micros_since(earlier) / 1_000
    }

    /// Seconds from `earlier` to this instant, as Redis counts them: the difference of the two
    /// readings of a clock that shows whole seconds. 0 if `earlier` is later.
    pub const fn secs_since(self, earlier: Self) -> u64 {
        (self.0 / 1_000_000).saturating_sub(earlier.0 / 1_000_000)
    }
}

impl Add<u64> for Instant {
    type Output = Self;
    /// Adds microseconds.
    fn add(self, micros: u64) -> Self {
        Self(self.0.saturating_add(micros))
    }
}

impl Sub for Instant {
    type Output = u64;
    /// Microseconds between two instants, 0 if the right one is later.
    fn sub(self, earlier: Self) -> u64 {
        self.micros_since(earlier)
    }
}

/// Both clocks at the moment of an input: the monotonic one drives timers, the wall clock decides
/// about keys that expire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Now {
    /// Monotonic clock.
    pub instant: Instant,
    /// Wall clock: milliseconds since the Unix epoch.
    pub unix_ms: u64,
    /// Microseconds of the wall clock beyond those milliseconds, below 1,000: some replies show
    /// them, nothing is decided by them.
    pub micros: u16,
}

impl Now {
    /// The wall clock as Redis shows it: seconds since the Unix epoch, and microseconds.
    pub(crate) const fn wall(self) -> (u64, u64) {
        (self.unix_ms / 1_000, self.unix_ms % 1_000 * 1_000 + self.micros as u64)
    }
}
