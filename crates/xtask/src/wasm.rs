//! Tests of wasm code, run inside a headless browser.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::cmd::{self, cargo};
use crate::tools;

/// The packages whose tests run in the browser.
pub(crate) const PACKAGES: &[&str] = &["lockstep-core", "lockstep-sim", "lockstep-web"];

/// Options of the browser. It may run as root in a container, without a display, and it should
/// talk to nobody.
pub(crate) const BROWSER_ARGS: &[&str] = lockstep_tests::webdriver::BROWSER_ARGS;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The wasm file cargo built, and what it was given after `--`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<String>,
}

/// `cargo test` for wasm32, with this program as the runner.
pub(crate) fn test() -> Result<()> {
    let traces = trace_table()?;
    let this = std::env::current_exe().context("where is this program?")?;
    let mut command = cargo(["test", "--target", "wasm32-unknown-unknown", "--no-fail-fast"]);
    for package in PACKAGES {
        command.args(["--package", package]);
    }
    command.args(["--lib", "--tests"]);
    let runner = format!("{} wasm-runner", this.display());
    command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", runner);
    command.env(TRACE_TABLE, traces);
    cmd::run(&mut command)
}

/// Tells the simulator's test of determinism what another build has found.
const TRACE_TABLE: &str = "LOCKSTEP_TRACE_TABLE";

/// The hashes of a thousand traces, as the debug build makes them; the optimised build must agree.
fn trace_table() -> Result<String> {
    let path = cmd::target_dir().join("trace-table.txt");
    let test = |profile: &str| {
        let mut command = cargo(["test", "--quiet", "--package", "lockstep-sim"]);
        command.args([
            "--profile",
            profile,
            "--test",
            "determinism",
            "a_seed_gives_the_same_trace",
        ]);
        command
    };
    println!("the traces of 1,000 seeds, in a debug build, an optimised one and Chromium");
    cmd::run(test("dev").env_remove(TRACE_TABLE).env("LOCKSTEP_TRACE_TABLE_TO", &path))?;
    let table = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    cmd::run(test("fast").env(TRACE_TABLE, &table))?;
    Ok(table)
}

/// Runs one test binary. wasm-bindgen's runner reads webdriver.json from the directory it is
/// started in, which to cargo is each package's own: this gives all of them the same one.
pub(crate) fn run(args: &Args) -> Result<()> {
    let home = tools::dir().join("webdriver");
    fs::create_dir_all(&home)?;
    let mut options = serde_json::json!({ "args": BROWSER_ARGS });
    if let Some(browser) = tools::BROWSER[0].programs.iter().find_map(|name| cmd::which(name)) {
        options["binary"] = browser.display().to_string().into();
    }
    let capabilities = serde_json::json!({ "goog:chromeOptions": options });
    fs::write(home.join("webdriver.json"), capabilities.to_string())?;
    let driver: PathBuf = cmd::which("chromedriver").context("chromedriver is not installed")?;
    let mut runner = Command::new(tools::wasm_test_runner()?);
    // The file's name is relative to where cargo started this.
    let here = std::env::current_dir()?;
    let args = args.args.iter().enumerate().map(|(index, arg)| {
        if index == 0 { here.join(arg).display().to_string() } else { arg.clone() }
    });
    runner.args(args).current_dir(home).env("CHROMEDRIVER", driver);
    runner.env("WASM_BINDGEN_USE_BROWSER", "1").env("WASM_BINDGEN_TEST_TIMEOUT", "300");
    cmd::replace(runner)
}
