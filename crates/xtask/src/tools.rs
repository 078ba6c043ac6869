//! What a fresh machine lacks, and how it gets there.
//!
//! Nothing is installed twice, nothing silently, and nothing outside `target/tools` except what
//! the system's own package manager and rustup own.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::cmd;

/// The version of binaryen from npm; any newer one will do.
const BINARYEN: &str = "132.0.0";

/// Tools of our own, next to the build they serve.
pub(crate) fn dir() -> PathBuf {
    cmd::target_dir().join("tools")
}

/// The standard library for wasm, through rustup.
pub(crate) fn wasm_target() -> Result<()> {
    const TARGET: &str = "wasm32-unknown-unknown";
    let sysroot = cmd::output(Command::new("rustc").args(["--print", "sysroot"]))?;
    let sysroot = PathBuf::from(String::from_utf8_lossy(&sysroot.stdout).trim());
    if sysroot.join("lib/rustlib").join(TARGET).join("lib").is_dir() {
        return Ok(());
    }
    if cmd::which("rustup").is_none() {
        bail!(
            "the page needs Rust's standard library for {TARGET}, and there is no rustup to \
             install it.\nInstall the package of your system that holds it (Debian: \
             apt-get install libstd-rust-dev-wasm32), or rustup from https://rustup.rs"
        );
    }
    println!("Installing the Rust target {TARGET}: the page is compiled to WebAssembly.");
    cmd::run(Command::new("rustup").args(["target", "add", TARGET]).current_dir(cmd::root()))
}

/// A package of Debian or Ubuntu and the program that shows it is there.
pub(crate) struct Package {
    /// The program looked for on `PATH`.
    pub(crate) program: &'static str,
    /// The package that holds it.
    pub(crate) package: &'static str,
    /// What it is for, to be read after "needed ".
    pub(crate) why: &'static str,
}

/// Installs what is missing, or says how.
pub(crate) fn apt(packages: &[Package]) -> Result<()> {
    let missing: Vec<&Package> =
        packages.iter().filter(|p| cmd::which(p.program).is_none()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    for package in &missing {
        println!("{} is missing: needed {}.", package.program, package.why);
    }
    let names: Vec<&str> = missing.iter().map(|p| p.package).collect();
    let by_hand = format!("apt-get install --yes --no-install-recommends {}", names.join(" "));
    if cmd::which("apt-get").is_none() {
        bail!(
            "this is not Debian or Ubuntu: install {} with your system's package manager, so that \
             these programs are on PATH: {}",
            names.join(", "),
            missing.iter().map(|p| p.program).collect::<Vec<_>>().join(", ")
        );
    }
    if !is_root() {
        bail!("only root can install packages. Run: sudo {by_hand}");
    }
    println!("Installing with apt-get: {}.", names.join(", "));
    let mut update = Command::new("apt-get");
    if let Err(error) = cmd::run(update.args(["update", "--quiet=2"])) {
        println!("{error:#}; trying with the package lists that are here.");
    }
    let mut install = Command::new("apt-get");
    install.args(["install", "--yes", "--quiet=2", "--no-install-recommends"]).args(&names);
    cmd::run(install.env("DEBIAN_FRONTEND", "noninteractive"))
        .with_context(|| format!("installation failed. Run: {by_hand}"))?;
    for package in &missing {
        if cmd::which(package.program).is_none() {
            bail!("{} was installed, but {} is not on PATH", package.package, package.program);
        }
    }
    Ok(())
}

/// Whether this user may install packages.
fn is_root() -> bool {
    let id = cmd::output(Command::new("id").arg("-u"));
    id.is_ok_and(|id| String::from_utf8_lossy(&id.stdout).trim() == "0")
}

/// wasm-opt, from `PATH` or npm. It makes the page smaller and nothing else, so without it the
/// build goes on: `None`, after saying how to get it.
pub(crate) fn wasm_opt() -> Option<Command> {
    if cmd::which("wasm-opt").is_some() {
        return Some(Command::new("wasm-opt"));
    }
    let home = dir().join("npm");
    let program = home.join("node_modules/.bin/wasm-opt");
    if cmd::which("npm").is_none() || cmd::which("node").is_none() {
        println!(
            "wasm-opt is not here, so the page will be larger than it could be. To have it: \
             apt-get install npm (then it is installed by itself), or binaryen from \
             https://github.com/WebAssembly/binaryen/releases on PATH."
        );
        return None;
    }
    if !program.is_file() {
        println!("Installing binaryen {BINARYEN} from npm: its wasm-opt makes the page smaller.");
        let made = fs::create_dir_all(&home).context("cannot create the tools directory");
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--silent", "--prefix"]).arg(&home);
        npm.arg(format!("binaryen@{BINARYEN}"));
        if let Err(error) = made.and_then(|()| cmd::run(&mut npm)) {
            println!("{error:#}\nGoing on without wasm-opt: the page will be larger.");
            return None;
        }
    }
    Some(Command::new(program))
}
