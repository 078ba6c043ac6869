//! The native server: a Redis node of `lockstep-core` on real sockets, and the web server of the
//! playground.
//!
//! * [`run`] is the whole program: subcommands, and the name `redis-server`.
//! * `serve` follows redis-server from the command line to the log's last line; `settings` reads
//!   config files, `log` writes lines, `driver` is the event loop.
//! * `tracer` writes what happens to a file; `trace_tool` prints, filters and compares such files.
//! * `play` serves the embedded page; `live` runs real nodes beside it, and tells it what they do.
//! * `sim` runs scenarios of the simulator.
//!
//! # Invariants
//!
//! * One thread owns the node. Other threads resolve names, wait for the disk, or serve the page.
//! * `unsafe` is in `sys` and `alloc` alone.
#![deny(unsafe_code)]

#[allow(unsafe_code)]
mod alloc;
mod cli;
mod driver;
mod live;
mod log;
mod play;
mod serve;
mod settings;
mod sim;
mod stopwatch;
#[allow(unsafe_code)]
mod sys;
mod trace_tool;
mod tracer;

pub use alloc::Counted;
pub use cli::run;

/// The Redis version whose behaviour this server has.
pub const REDIS_VERSION: &str = "7.0.15";

/// Tells the user on standard error. Nothing can be done when that is closed.
#[expect(clippy::print_stderr, reason = "the one place that speaks to the user")]
fn complain(text: &str) {
    eprintln!("{text}");
}

/// Answers the user on standard output.
#[expect(clippy::print_stdout, reason = "the one place that speaks to the user")]
fn say(text: &str) {
    println!("{text}");
}
