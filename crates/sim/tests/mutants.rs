//! The mutation check: the search finds every deliberate fault of `lockstep_core::mutants`.
//!
//! Built with `--cfg lockstep_mutants` alone, by `cargo xtask test mutants`.
#![cfg(lockstep_mutants)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use lockstep_core::mutants::{MUTANTS, Mutant, activate};
use lockstep_sim::search::{Coverage, Plan};

/// How long a fault may hide, on one core of the two.
const TIME_MAX: Duration = Duration::from_secs(60);

/// What the search finds first, and how long that takes.
struct Found {
    seed: u64,
    what: String,
    time: Duration,
}

/// Runs seeds one after the other. A panic inside a faulty core is no find: only a checker is.
fn search(mutant: Mutant) -> Option<Found> {
    activate(Some(mutant));
    let start = Instant::now();
    let mut coverage = Coverage::default();
    for seed in 0.. {
        let failure = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            Plan::generate(seed).run(&mut coverage).err()
        }));
        if let Ok(Some(failure)) = failure {
            let what = failure.violation.to_string();
            return Some(Found { seed, what, time: start.elapsed() });
        }
        if start.elapsed() > TIME_MAX {
            break;
        }
    }
    None
}

#[test]
fn every_mutant_has_a_sentence_of_its_own() {
    for (at, (mutant, text)) in MUTANTS.iter().enumerate() {
        let twin = MUTANTS[..at].iter().find(|(m, t)| m == mutant || t == text);
        assert!(twin.is_none(), "{text} is there twice");
    }
    assert!(MUTANTS.len() >= 30, "{} mutants", MUTANTS.len());
}

#[test]
fn without_a_fault_the_same_seeds_find_nothing() {
    activate(None);
    for seed in 0..300 {
        let result = Plan::generate(seed).run(&mut Coverage::default());
        assert!(result.is_ok(), "seed {seed}: {}", result.unwrap_err().violation);
    }
}

#[test]
fn the_search_finds_every_deliberate_fault_within_a_minute() {
    let next = AtomicUsize::new(0);
    let survivors = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((mutant, text)) = MUTANTS.get(next.fetch_add(1, Ordering::Relaxed)) {
                    match search(*mutant) {
                        Some(Found { seed, what, time }) => {
                            println!(
                                "{:>6.2} s, seed {seed}: {text}\n         {what}",
                                time.as_secs_f64()
                            );
                        }
                        None => {
                            println!("survives: {text}");
                            survivors.lock().unwrap_or_else(PoisonError::into_inner).push(*text);
                        }
                    }
                }
            });
        }
    });
    let survivors = survivors.into_inner().unwrap_or_else(PoisonError::into_inner);
    assert!(survivors.is_empty(), "the search does not find: {survivors:#?}");
}
