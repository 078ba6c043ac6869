//! The clocks of a host: how its time relates to the world's.
//!
//! A host has one oscillator, so a skew shows on its monotonic clock and on its wall clock alike.
//! Setting the wall clock leaves the monotonic one alone.
//!
//! # Invariants
//!
//! * The monotonic clock never goes back.
//! * `local(true_time(t)) >= t`, and it is the first moment at which that is so: a timer does not
//!   fire before its time.

use lockstep_core::time::{Instant, Now};

const MILLION: u64 = 1_000_000;

/// The clocks of a host.
#[derive(Debug, Clone, Copy, Hash)]
pub(super) struct Clock {
    /// When the skew was set, in the world's time.
    base: Instant,
    /// What the monotonic clock showed then.
    shown: Instant,
    /// Parts per million.
    ppm: i64,
    /// Wall clock minus monotonic clock, in milliseconds.
    wall_ms: u64,
}

impl Clock {
    /// Right clocks; `unix_ms` is the wall clock at the start of the world.
    pub(super) fn new(unix_ms: u64) -> Self {
        Self { base: Instant(0), shown: Instant(0), ppm: 0, wall_ms: unix_ms }
    }

    /// What both clocks show.
    pub(super) fn read(&self, now: Instant) -> Now {
        let instant = self.local(now);
        let unix_ms = self.wall_ms.saturating_add(instant.0 / 1_000);
        Now { instant, unix_ms, micros: (instant.0 % 1_000) as u16 }
    }

    /// What the monotonic clock shows.
    pub(super) fn local(&self, now: Instant) -> Instant {
        let passed = now.micros_since(self.base);
        if self.ppm == 0 {
            return self.shown + passed;
        }
        self.shown + scale(passed, MILLION.saturating_add_signed(self.ppm), MILLION)
    }

    /// The world's time when the monotonic clock shows `local`.
    pub(super) fn true_time(&self, local: Instant) -> Instant {
        let left = local.micros_since(self.shown);
        if self.ppm == 0 {
            return self.base + left;
        }
        let rate = MILLION.saturating_add_signed(self.ppm);
        let mut time = self.base + scale(left, MILLION, rate);
        // What was rounded off.
        while self.local(time) < local && time.0 < u64::MAX {
            time = time + 1;
        }
        time
    }

    /// From now on it runs at another rate.
    pub(super) fn skew(&mut self, now: Instant, ppm: i64) {
        (self.shown, self.base, self.ppm) = (self.local(now), now, ppm);
    }

    /// The skew, in parts per million.
    pub(super) fn ppm(&self) -> i64 {
        self.ppm
    }

    /// Sets the wall clock to a time.
    pub(super) fn set(&mut self, now: Instant, unix_ms: u64) {
        self.wall_ms = unix_ms.saturating_sub(self.local(now).0 / 1_000);
    }

    /// Sets the wall clock forward or back.
    pub(super) fn jump(&mut self, ms: i64) {
        self.wall_ms = self.wall_ms.saturating_add_signed(ms);
    }
}

/// `value * by / per`, rounded down, without overflow for the numbers that occur here.
fn scale(value: u64, by: u64, per: u64) -> u64 {
    let whole = (value / per).saturating_mul(by);
    whole.saturating_add((value % per) * by / per)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timer_fires_at_the_first_moment_at_which_the_hosts_clock_has_reached_it() {
        for ppm in [-500_000, -50, -1, 0, 1, 3, 999, 500_000] {
            let mut clock = Clock::new(0);
            clock.skew(Instant(12_345), ppm);
            for local in [12_345, 12_346, 20_000, 1_000_000, 86_400_000_000] {
                let time = clock.true_time(Instant(local));
                assert!(clock.local(time) >= Instant(local), "{ppm} {local}");
                let before = Instant(time.0 - 1);
                let early = before < Instant(12_345) || clock.local(before) < Instant(local);
                assert!(early, "{ppm} {local}");
            }
        }
    }

    #[test]
    fn a_fast_clock_gains_a_second_in_a_hundred() {
        let mut clock = Clock::new(1_000);
        clock.skew(Instant(0), 10_000);
        let now = clock.read(Instant(100_000_000));
        assert_eq!(now.instant, Instant(101_000_000));
        assert_eq!(now.unix_ms, 102_000);
    }

    #[test]
    fn setting_the_wall_clock_leaves_the_monotonic_one_alone() {
        let mut clock = Clock::new(5_000);
        clock.jump(-2_000);
        let now = Now { instant: Instant(7_042), unix_ms: 3_007, micros: 42 };
        assert_eq!(clock.read(Instant(7_042)), now);
        clock.jump(-10_000);
        assert_eq!(clock.read(Instant(7_000)).unix_ms, 7, "not before 1970");
    }
}
