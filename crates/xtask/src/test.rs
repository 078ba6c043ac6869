//! `cargo xtask test`: every check there is, in steps that do not hide each other.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::cmd::{self, cargo};
use crate::{tools, wasm, web};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Run only these steps.
    #[arg(value_name = "STEP")]
    only: Vec<String>,
    /// List the steps.
    #[arg(long)]
    list: bool,
}

/// A part of the whole that passes or fails by itself.
struct Step {
    name: &'static str,
    about: &'static str,
    run: fn() -> Result<()>,
}

/// In this order: what is quick and often fails comes first.
const STEPS: &[Step] = &[
    Step { name: "fmt", about: "rustfmt changes nothing", run: fmt },
    Step { name: "tidy", about: "rules about the sources themselves", run: tidy },
    Step { name: "clippy", about: "no warning in native code", run: clippy },
    Step { name: "clippy-wasm", about: "no warning in wasm code", run: clippy_wasm },
    Step { name: "native", about: "unit tests and doc tests", run: native },
    Step { name: "mutants", about: "the search finds every deliberate fault", run: mutants },
    Step {
        name: "wasm",
        about: "tests of core, sim and web in headless Chromium",
        run: in_browser,
    },
    Step { name: "web", about: "the page builds and is small enough", run: page },
    Step { name: "redis", about: "lockstep and the real redis-server", run: redis },
    Step { name: "page", about: "the page in a real browser, through WebDriver", run: end_to_end },
    Step {
        name: "bench",
        about: "the benchmark runs (a smoke test, not a measurement)",
        run: bench,
    },
];

pub(crate) fn run(args: &Args) -> Result<()> {
    if args.list {
        for step in STEPS {
            println!("{:<12} {}", step.name, step.about);
        }
        return Ok(());
    }
    if let Some(unknown) = args.only.iter().find(|o| STEPS.iter().all(|s| s.name != o.as_str())) {
        bail!("there is no step {unknown:?}; `cargo xtask test --list` names them");
    }
    let start = Instant::now();
    let mut results = Vec::new();
    for step in STEPS {
        if !args.only.is_empty() && !args.only.iter().any(|only| only == step.name) {
            continue;
        }
        println!("\n=== {}: {}", step.name, step.about);
        let begin = Instant::now();
        let result = (step.run)();
        if let Err(error) = &result {
            println!("{}: FAILED: {error:#}", step.name);
        }
        results.push((step, result, begin.elapsed()));
    }
    summary(&results, start.elapsed())
}

fn summary(results: &[(&Step, Result<()>, Duration)], total: Duration) -> Result<()> {
    println!("\n=== summary");
    for (step, result, time) in results {
        let word = if result.is_ok() { "ok" } else { "FAILED" };
        println!("{word:<7} {:<12} {:>6.1} s", step.name, time.as_secs_f64());
        if let Err(error) = result {
            println!("        {}", format!("{error:#}").lines().next().unwrap_or_default());
        }
    }
    println!("total   {:<12} {:>6.1} s", "", total.as_secs_f64());
    let failed: Vec<&str> =
        results.iter().filter(|(_, result, _)| result.is_err()).map(|(s, ..)| s.name).collect();
    if !failed.is_empty() {
        bail!("failed: {} (alone: cargo xtask test {})", failed.join(", "), failed.join(" "));
    }
    Ok(())
}

fn fmt() -> Result<()> {
    tools::components()?;
    cmd::run(&mut cargo(["fmt", "--all", "--check"]))
}

fn tidy() -> Result<()> {
    cmd::run(&mut cargo([
        "test",
        "--quiet",
        "--package",
        "lockstep-tests",
        "--lib",
        "--test",
        "tidy",
    ]))
}

fn clippy() -> Result<()> {
    tools::components()?;
    let mut command =
        cargo(["clippy", "--workspace", "--exclude", "lockstep-web", "--all-targets"]);
    cmd::run(command.args(["--", "--deny", "warnings"]))
}

fn clippy_wasm() -> Result<()> {
    tools::components()?;
    tools::wasm_target()?;
    let mut command = cargo(["clippy", "--target", "wasm32-unknown-unknown"]);
    for package in wasm::PACKAGES {
        command.args(["--package", package]);
    }
    cmd::run(command.args(["--lib", "--bins", "--tests", "--", "--deny", "warnings"]))
}

/// What is native and needs neither Redis nor a browser.
fn native() -> Result<()> {
    let mut command = cargo(["test", "--workspace", "--no-fail-fast"]);
    for elsewhere in ["lockstep-web", "lockstep-tests"] {
        command.args(["--exclude", elsewhere]);
    }
    cmd::run(&mut command)?;
    // What the page's logic makes of files: in a browser its tests have none to read.
    cmd::run(&mut cargo(["test", "--package", "lockstep-web", "--lib"]))
}

/// A build of its own, with faults in it that one thread at a time can switch on.
fn mutants() -> Result<()> {
    let mut command = cargo(["test", "--profile", "fast", "--package", "lockstep-sim"]);
    command.args(["--test", "mutants", "--", "--nocapture"]);
    command.env("CARGO_TARGET_DIR", cmd::root().join("target/mutants"));
    command.env("RUSTFLAGS", "--cfg lockstep_mutants");
    cmd::run(&mut command)
}

fn in_browser() -> Result<()> {
    tools::wasm_target()?;
    tools::apt(tools::BROWSER)?;
    tools::wasm_test_runner()?;
    wasm::test()
}

fn page() -> Result<()> {
    tools::apt(tools::BROWSER)?;
    for (feature, program) in [("bindgen", "xtask-bindgen"), ("lessons", "xtask-lessons")] {
        let tests = ["test", "--package", "xtask", "--features", feature, "--bin", program];
        cmd::run(&mut cargo(tests))?;
    }
    web::build(&web::Args::default())?.checked().map(drop)
}

/// Builds the program under test, with the speed it will have and without the long link.
fn program() -> Result<()> {
    let mut build = cargo(["build", "--profile", "fast", "--package", "lockstep-server"]);
    cmd::run(web::embed(&mut build))
}

fn redis() -> Result<()> {
    tools::apt(tools::REDIS)?;
    program()?;
    let mut command = cargo(["test", "--package", "lockstep-tests", "--no-fail-fast"]);
    // Every file of tests/tests that is not a step of its own.
    for entry in std::fs::read_dir(cmd::root().join("tests/tests"))? {
        let path = entry?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let rust = path.extension().is_some_and(|e| e == "rs");
        if rust && !["page", "tidy"].contains(&name.as_str()) {
            command.args(["--test", &name]);
        }
    }
    cmd::run(&mut command)
}

fn end_to_end() -> Result<()> {
    tools::apt(tools::BROWSER)?;
    if !cmd::root().join(web::DIST).join("index.html").is_file() {
        page()?;
    }
    program()?;
    cmd::run(&mut cargo(["test", "--package", "lockstep-tests", "--test", "page"]))
}

fn bench() -> Result<()> {
    tools::apt(tools::REDIS)?;
    cmd::run(&mut cargo(["xtask", "bench", "--quick"]))
}
