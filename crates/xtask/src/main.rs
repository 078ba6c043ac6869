//! The project's own commands, run as `cargo xtask <command>`.
//!
//! Each one works on a fresh machine that has rustup and nothing else: it says what it installs
//! and why, and where it cannot install it says which command to run by hand.
#![allow(clippy::print_stdout, clippy::print_stderr)] // This is a program for people at a terminal.

mod bench;
mod cmd;
mod html;
mod lessons;
mod offline;
mod play;
mod profile;
mod test;
mod tools;
mod wasm;
mod web;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    about = "Build, test and measure Lockstep"
)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build everything that is needed and serve the playground.
    Play(play::Args),
    /// Run every check there is: format, lints, native and wasm tests, real Redis, real browser.
    Test(test::Args),
    /// Measure lockstep beside redis-server: rates, CPU, memory, full resynchronisations.
    Bench(bench::Args),
    /// Build the page into dist/, ready for any static host.
    Web(web::Args),
    /// Check lessons: that their texts and scenarios agree, and that their solutions do.
    Lessons(lessons::Args),
    /// Run one wasm test binary in a headless browser: what `test` gives to cargo as its runner.
    #[command(hide = true)]
    WasmRunner(wasm::Args),
}

fn main() -> ExitCode {
    let result = match Cli::parse().task {
        Task::Play(args) => play::run(&args),
        Task::Test(args) => test::run(&args),
        Task::Bench(args) => bench::run(&args),
        Task::Web(args) => web::run(&args),
        Task::Lessons(args) => lessons::run(&args),
        Task::WasmRunner(args) => wasm::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
