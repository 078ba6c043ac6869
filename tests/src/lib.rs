//! Fixtures for what crosses crates: real servers in temporary directories, a RESP client, random
//! data, a WebDriver client, and the tidy checker.
//!
//! The tests themselves are in `tests/tests`, one file per promise. They need `redis-server`,
//! `redis-cli` and a browser, and the program under test; `cargo xtask test` sees to all of that.
//! By hand: `cargo build --profile fast -p lockstep-server`, then
//! `cargo test -p lockstep-tests --test <name>`.
//!
//! # Invariants
//!
//! * Nothing here shares code with what it tests: the client parses RESP by itself.
//! * A fixture that cannot do its work panics with what happened and what to do about it.
//! * What a fixture started, it stops; what it wrote, it removes, unless the test failed.

pub mod dataset;
pub mod grammar;
pub mod info;
pub mod proxy;
pub mod resp;
pub mod rng;
pub mod server;
pub mod site;
pub mod sync;
pub mod temp;
pub mod tidy;
pub mod webdriver;
pub mod wire;

use std::time::{Duration, Instant};

/// How much longer than on an idle machine one waits before giving up: what does come, comes late
/// where many tests share few cores, and what does not costs only a failing test this time.
pub const BUSY: u32 = 5;

/// Asks every few milliseconds until `ready` says yes. `limit` is what an idle machine may take.
///
/// # Panics
/// After [`BUSY`] times `limit`, naming `what` and showing the last answer.
pub fn wait_for<T: std::fmt::Debug>(
    what: &str,
    limit: Duration,
    mut ready: impl FnMut() -> Result<T, String>,
) -> T {
    let limit = limit * BUSY;
    let start = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        match ready() {
            Ok(value) => return value,
            Err(last) if start.elapsed() > limit => {
                panic!("waited {limit:?} for {what}; at last: {last}")
            }
            Err(_) => std::thread::sleep(pause),
        }
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

/// The top of the checkout.
///
/// # Panics
/// Never: this package is one level below it.
pub fn root() -> std::path::PathBuf {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().expect("tests/ is below the top").to_path_buf()
}
