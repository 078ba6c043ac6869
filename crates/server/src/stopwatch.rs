//! The clock that commands are timed with: it is read once per command, so it has to be cheap.
//!
//! Asking the system takes as long as a tenth of a small command; reading the processor's cycle
//! counter takes a third of that. Its rate is measured once, against the system's clock.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::sys::{cycles, cycles_are_steady};

/// How long the counter's rate is measured. The system's clock is exact to some 50 ns.
const MEASURED: Duration = Duration::from_millis(2);

/// Nanoseconds per cycle, as a fixed-point number with 32 bits behind the point.
static RATE: AtomicU64 = AtomicU64::new(0);

/// The cheapest clock there is, which reads nanoseconds since some moment.
pub(crate) fn choose() -> fn() -> u64 {
    if !cycles_are_steady() {
        return by_the_system;
    }
    let (start, first) = (Instant::now(), cycles());
    std::thread::sleep(MEASURED);
    let (took, counted) = (start.elapsed(), cycles().saturating_sub(first));
    let rate = (took.as_nanos() << 32).checked_div(u128::from(counted));
    match rate.and_then(|rate| u64::try_from(rate).ok()) {
        Some(rate) if rate > 0 => {
            RATE.store(rate, Ordering::Relaxed);
            by_cycles
        }
        _ => by_the_system,
    }
}

fn by_cycles() -> u64 {
    ((u128::from(cycles()) * u128::from(RATE.load(Ordering::Relaxed))) >> 32) as u64
}

fn by_the_system() -> u64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed().as_nanos() as u64
}
