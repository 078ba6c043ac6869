//! Running other programs, and the places they work in.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail};

/// The top of the checkout.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("crates/xtask is two levels down").to_path_buf()
}

/// Cargo's target directory.
pub(crate) fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// `cargo`, at the top of the checkout.
pub(crate) fn cargo<I: IntoIterator<Item = S>, S: AsRef<std::ffi::OsStr>>(args: I) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(args).current_dir(root());
    // Set by the outer `cargo run`; to an inner cargo they are noise that would differ from a
    // direct call and so spoil its cache.
    for name in ["CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "CARGO_PKG_NAME", "CARGO_PKG_VERSION"]
    {
        cargo.env_remove(name);
    }
    cargo
}

/// Shows a command as a person would type it.
pub(crate) fn show(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let mut text = String::from("$");
    for (index, word) in words.enumerate() {
        let mut word = word.to_string_lossy().into_owned();
        if index == 0 {
            word = word.rsplit('/').next().unwrap_or(&word).to_owned();
        }
        text.push(' ');
        if word.contains(' ') {
            text.push_str(&format!("{word:?}"));
        } else {
            text.push_str(&word);
        }
    }
    text
}

/// Shows a command, runs it, and fails unless it succeeds.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    println!("{}", show(command));
    let status = command
        .status()
        .with_context(|| format!("cannot run {}", command.get_program().display()))?;
    if !status.success() {
        bail!("{} ended with {status}", command.get_program().display());
    }
    Ok(())
}

/// Becomes another program, so that signals and the exit code are its own. Comes back only if the
/// program cannot be run.
pub(crate) fn replace(mut command: Command) -> Result<()> {
    println!("{}", show(&command));
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        let error = command.exec();
        Err(error).with_context(|| format!("cannot run {}", command.get_program().display()))
    }
    #[cfg(not(unix))]
    run(&mut command)
}

/// Runs a command without showing anything unless it fails, and returns what it printed.
pub(crate) fn output(command: &mut Command) -> Result<Output> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run {}", command.get_program().display()))?;
    if !output.status.success() {
        bail!("{}\n{}", show(command), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(output)
}

/// Where a program is, if it is on `PATH`.
pub(crate) fn which(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(program)).find(|file| file.is_file())
}
