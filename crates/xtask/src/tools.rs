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

/// Where rustc keeps what belongs to it.
fn sysroot() -> Result<PathBuf> {
    let sysroot = cmd::output(Command::new("rustc").args(["--print", "sysroot"]))?;
    Ok(PathBuf::from(String::from_utf8_lossy(&sysroot.stdout).trim()))
}

/// The standard library for wasm, through rustup.
pub(crate) fn wasm_target() -> Result<()> {
    const TARGET: &str = "wasm32-unknown-unknown";
    if sysroot()?.join("lib/rustlib").join(TARGET).join("lib").is_dir() {
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

/// The source of the standard library, through rustup: built anew for the page, it is smaller.
pub(crate) fn rust_source() -> Result<()> {
    if sysroot()?.join("lib/rustlib/src/rust/library/std").is_dir() {
        return Ok(());
    }
    if cmd::which("rustup").is_none() {
        bail!("the source of Rust's standard library is not here, nor rustup to install it");
    }
    println!("Installing the Rust component rust-src: the page gets a smaller standard library.");
    cmd::run(Command::new("rustup").args(["component", "add", "rust-src"]).current_dir(cmd::root()))
}

/// rustfmt and clippy, through rustup.
pub(crate) fn components() -> Result<()> {
    for (program, component, why) in [
        ("cargo-fmt", "rustfmt", "checks the format"),
        ("cargo-clippy", "clippy", "finds mistakes"),
    ] {
        // The proxies of rustup are always there; what they stand for may not be.
        let works = Command::new(program).arg("--version").current_dir(cmd::root()).output();
        if works.is_ok_and(|output| output.status.success()) {
            continue;
        }
        if cmd::which("rustup").is_none() {
            bail!("{component} is missing, and there is no rustup to install it: it {why}");
        }
        println!("Installing the Rust component {component}: it {why}.");
        let mut rustup = Command::new("rustup");
        cmd::run(rustup.args(["component", "add", component]).current_dir(cmd::root()))?;
    }
    Ok(())
}

/// A program of the system: the names it goes by, the package that holds it, what it is for.
pub(crate) struct Package {
    /// Any of these on `PATH` will do.
    pub(crate) programs: &'static [&'static str],
    /// Its package in Debian.
    pub(crate) debian: &'static str,
    /// Its package in Ubuntu.
    pub(crate) ubuntu: &'static str,
    /// What it is for, to be read after "needed ".
    pub(crate) why: &'static str,
}

/// redis-server and its tools: the reference that the tests compare with.
pub(crate) const REDIS: &[Package] = &[
    Package {
        programs: &["redis-server"],
        debian: "redis-server",
        ubuntu: "redis-server",
        why: "as the reference and the partner of replication",
    },
    Package {
        programs: &["redis-cli"],
        debian: "redis-tools",
        ubuntu: "redis-tools",
        why: "to drive the articles' experiment as a person would",
    },
];

/// A browser and its driver.
pub(crate) const BROWSER: &[Package] = &[
    Package {
        programs: &["chromium", "chromium-browser", "google-chrome"],
        debian: "chromium",
        ubuntu: "chromium-browser",
        why: "to test the page where people will use it",
    },
    Package {
        programs: &["chromedriver"],
        debian: "chromium-driver",
        ubuntu: "chromium-chromedriver",
        why: "to drive the browser from the tests",
    },
];

impl Package {
    fn found(&self) -> bool {
        self.programs.iter().any(|program| cmd::which(program).is_some())
    }

    fn name(&self) -> &'static str {
        let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
        let ubuntu = release.lines().any(|line| line.trim_matches('"') == "ID=ubuntu");
        if ubuntu { self.ubuntu } else { self.debian }
    }
}

/// Whether all of them are here.
pub(crate) fn have(packages: &[Package]) -> bool {
    packages.iter().all(Package::found)
}

/// Installs what is missing, or says how.
pub(crate) fn apt(packages: &[Package]) -> Result<()> {
    let missing: Vec<&Package> = packages.iter().filter(|p| !p.found()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    for package in &missing {
        println!("{} is missing: needed {}.", package.programs[0], package.why);
    }
    let names: Vec<&str> = missing.iter().map(|p| p.name()).collect();
    let by_hand = format!("apt-get install --yes --no-install-recommends {}", names.join(" "));
    if cmd::which("apt-get").is_none() {
        bail!(
            "this is not Debian or Ubuntu: install {} with your system's package manager, so that \
             these programs are on PATH: {}",
            names.join(", "),
            missing.iter().map(|p| p.programs[0]).collect::<Vec<_>>().join(", ")
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
        if !package.found() {
            bail!("{} was installed, but {} is not on PATH", package.name(), package.programs[0]);
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

/// The version of a package in Cargo.lock.
pub(crate) fn locked(package: &str) -> Result<String> {
    let lock = fs::read_to_string(cmd::root().join("Cargo.lock")).context("Cargo.lock")?;
    let entry = format!("name = \"{package}\"\nversion = \"");
    let (_, rest) =
        lock.split_once(&entry).with_context(|| format!("Cargo.lock does not name {package}"))?;
    Ok(rest.split('"').next().unwrap_or_default().to_owned())
}

/// wasm-bindgen's test runner, built once for each version in Cargo.lock.
pub(crate) fn wasm_test_runner() -> Result<PathBuf> {
    let version = locked("wasm-bindgen")?;
    let home = dir().join(format!("wasm-bindgen-{version}"));
    let program = home.join("bin/wasm-bindgen-test-runner");
    if program.is_file() {
        return Ok(program);
    }
    println!("Installing wasm-bindgen-test-runner {version}: it runs tests inside a browser.");
    let mut install = cmd::cargo(["install", "wasm-bindgen-cli", "--version", &version]);
    // Without its default features, which are TLS for downloads it never makes here.
    install.args(["--bin", "wasm-bindgen-test-runner", "--no-default-features", "--root"]);
    install.arg(&home);
    install.arg("--target-dir").arg(dir().join("build"));
    // It is used for seconds: a quick build is worth more than a quick program.
    install.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1").env("CARGO_PROFILE_RELEASE_LTO", "off");
    cmd::run(&mut install)?;
    let _ = fs::remove_dir_all(dir().join("build"));
    Ok(program)
}
