//! A random search for violations: see `lockstep_sim::search`.

use lockstep_sim::search::{Coverage, Plan, report, shrink, why_never};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[cfg(target_arch = "wasm32")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

/// Seeds of the ordinary test; fewer in a browser. `LOCKSTEP_SEEDS=from..to` runs others.
const SEEDS: std::ops::Range<u64> = if cfg!(target_arch = "wasm32") { 0..40 } else { 0..2_000 };

/// Plans tried to shrink a failure.
const TRIES_MAX: u64 = 2_000;

fn seeds() -> std::ops::Range<u64> {
    let wanted = std::env::var("LOCKSTEP_SEEDS").ok();
    let range = wanted.as_deref().and_then(|text| {
        let (from, to) = text.split_once("..")?;
        Some(from.parse().ok()?..to.parse().ok()?)
    });
    range.unwrap_or(SEEDS)
}

#[test]
fn random_faults_violate_nothing_and_everybody_converges_after_them() {
    let mut coverage = Coverage::default();
    let mut failures = Vec::new();
    for seed in seeds() {
        let plan = Plan::generate(seed);
        if let Err(failure) = plan.run(&mut coverage) {
            failures.push((seed, plan, failure));
        }
    }
    let failed: Vec<String> =
        failures.iter().map(|(seed, _, f)| format!("{seed}: {}", f.violation)).collect();
    let shortest = failures.into_iter().next().map(|(_, plan, failure)| {
        let shrunk = shrink(plan, failure, TRIES_MAX);
        report(&shrunk.plan, &shrunk.failure)
    });
    let first = shortest.unwrap_or_default();
    assert!(failed.is_empty(), "{} seeds fail:\n{}\n\n{first}", failed.len(), failed.join("\n"));
    if seeds().count() >= 2_000 {
        let mut missed = coverage.unreached().transitions;
        missed.retain(|why| why_never(why).is_none());
        assert!(missed.is_empty(), "never reached: {missed:?}");
    }
}
