//! How far a state of a long history is in a browser. What the allocator says of the same history
//! is in `memory.rs`.
#![cfg(target_arch = "wasm32")]

use lockstep_core::rng::Rng;
use lockstep_sim::scenarios::{self, MASTER, REPLICA_A};
use lockstep_sim::{Cut, Grain, Intervention, Timeline};
use wasm_bindgen_test::{console_log, wasm_bindgen_test};

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

const STEPS: u64 = 100_000;

/// Milliseconds; a test that is not optimised may take longer than the page.
const SEEK_MS_MAX: f64 = if cfg!(debug_assertions) { 250.0 } else { 50.0 };

/// The same with 3 MB of state, of which memory holds few copies: the longest way is longer.
const LARGE_SEEK_MS_MAX: f64 = if cfg!(debug_assertions) { 1_000.0 } else { 200.0 };

#[wasm_bindgen_test]
fn any_of_a_hundred_thousand_states_is_near() {
    let longest = measure(scenarios::handshake(), "a small world");
    assert!(longest < SEEK_MS_MAX, "{longest} ms");
}

#[wasm_bindgen_test]
fn a_state_of_a_world_with_three_megabytes_is_not_far() {
    let mut t = scenarios::handshake();
    // The console is connected by then.
    t.seek(100);
    t.act(Intervention::Console { node: MASTER, line: "DEBUG POPULATE 6000 key 100".into() });
    let longest = measure(t, "3 MB of state");
    assert!(longest < LARGE_SEEK_MS_MAX, "{longest} ms");
}

/// Lets a history become long, and goes to random places of it from its start. The longest of the
/// ways, in milliseconds.
fn measure(mut t: Timeline, name: &str) -> f64 {
    let begin = js_sys::Date::now();
    t.act(Intervention::Traffic { node: MASTER, every_ms: 20 });
    let (a, b) = (MASTER, REPLICA_A);
    // To act at the start again would be another branch.
    for turn in 1..STEPS / 2_000 {
        t.seek(turn * 2_000);
        t.act(match turn % 2 {
            0 => Intervention::CutLink { a, b, cut: Cut::Reset },
            _ => Intervention::RestoreLink { a, b },
        });
    }
    t.seek(STEPS);
    let made = js_sys::Date::now() - begin;
    let keys = t.world().node(MASTER).and_then(|node| node.live).map_or(0, |live| live.keys);
    let mut rng = Rng::new(1);
    let (mut longest, mut all): (f64, f64) = (0.0, 0.0);
    for _ in 0..50 {
        let to = rng.below(STEPS);
        let took = (0..3).map(|_| {
            t.seek(0);
            let begin = js_sys::Date::now();
            t.seek(to);
            js_sys::Date::now() - begin
        });
        let best = took.fold(f64::INFINITY, f64::min);
        (longest, all) = (longest.max(best), all + best);
    }
    let begin = js_sys::Date::now();
    let back = (0..1_000).filter(|_| t.back(Grain::Event)).count();
    let back = (js_sys::Date::now() - begin) / back.max(1) as f64;
    assert!(keys > 10, "{keys} keys: nobody has written");
    console_log!(
        "{name}, {keys} keys: {STEPS} steps in {made} ms; a seek {} ms, at most {longest} ms; a step back \
         {back} ms",
        all / 50.0
    );
    longest
}
