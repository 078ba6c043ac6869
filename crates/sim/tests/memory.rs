//! A long history takes little memory, and every place in it is near. Native only: it counts what
//! the allocator gives out.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::print_stderr, reason = "what it measures is worth seeing")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use lockstep_core::rng::Rng;
use lockstep_sim::scenarios::{self, MASTER, REPLICA_A, REPLICA_B};
use lockstep_sim::{Cut, Grain, Intervention, Stop, Timeline};

/// The system's allocator, counted.
struct Counted;

static USED: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every method hands its arguments to the system's allocator and returns what it returns.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let used = USED.fetch_add(layout.size(), Relaxed) + layout.size();
        PEAK.fetch_max(used, Relaxed);
        // SAFETY: the caller's promises are those that the system's allocator asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        USED.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counted = Counted;

const STEPS: u64 = 100_000;
const BYTES_MAX: usize = 64 << 20;

/// A history of writes, with a fault and its end every 2,000 steps.
fn busy(line: &str) -> Timeline {
    let mut t = scenarios::handshake();
    let (node, line) = (MASTER, line.to_owned());
    t.act(Intervention::AddWriter { node, every_us: 20_000, line, keys: 500 });
    let (a, b) = (MASTER, REPLICA_A);
    let faults = [
        Intervention::CutLink { a, b, cut: Cut::Reset },
        Intervention::RestoreLink { a, b },
        Intervention::StopNode { node: REPLICA_B, stop: Stop::Crash },
        Intervention::StartNode { node: REPLICA_B },
    ];
    for what in faults.into_iter().cycle() {
        t.seek((t.len() + 2_000).min(STEPS));
        if t.len() >= STEPS {
            break;
        }
        t.act(what);
    }
    t
}

fn stays_small_and_near(line: &str, seek_ms_max: u64) {
    let before = USED.load(Relaxed);
    PEAK.store(before, Relaxed);
    let mut t = busy(line);
    assert_eq!(t.len(), STEPS);
    let mut rng = Rng::new(1);
    let mut longest = Duration::ZERO;
    for _ in 0..24 {
        let to = rng.below(STEPS);
        // Other processes may take the core now and then: the best of a few counts.
        let took = (0..3).map(|_| {
            t.seek(0);
            let begin = Instant::now();
            t.seek(to);
            begin.elapsed()
        });
        longest = longest.max(took.min().unwrap());
        assert!(t.current().is_none_or(|step| step.index == to), "its record is there again");
    }
    let mut back = Duration::ZERO;
    t.seek(STEPS);
    for _ in 0..500 {
        let begin = Instant::now();
        t.back(Grain::Event);
        back += begin.elapsed();
    }
    let peak = PEAK.load(Relaxed) - before;
    eprintln!("{} KB; a seek {longest:?} at most, a step back {:?}", peak >> 10, back / 500);
    assert!(peak < BYTES_MAX, "{} MB", peak >> 20);
    assert!(longest < Duration::from_millis(seek_ms_max), "{longest:?}");
}

#[test]
fn a_hundred_thousand_events_take_less_than_64_megabytes_and_any_is_less_than_50_ms_away() {
    stays_small_and_near("", 50);
    // Each write is a kilobyte here, and with it every record of it; three nodes hold 500 of them.
    // Keyframes of so large a world must be few, and this test is not optimised: more time.
    stays_small_and_near(&format!("SET key:__rand_int__ {}", "x".repeat(1_000)), 500);
}
