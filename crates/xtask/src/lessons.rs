//! `cargo xtask lessons`: the lessons, checked, or built into a page.
//!
//! What reads them is a program of its own (`bin/lessons`), so that other commands start without
//! the simulator.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::cmd::{self, cargo};

/// Where the lessons are.
pub(crate) const LESSONS: &str = "web/lessons";

#[derive(clap::Args, Clone)]
pub(crate) struct Args {
    /// The folders of lessons to check; without any: all of web/lessons.
    folders: Vec<PathBuf>,
    /// Write all lessons, as the page fetches them, into this directory.
    #[arg(long)]
    out: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    match &args.out {
        Some(out) => write(out),
        // Trunk runs it when it has built the page (Trunk.toml).
        None => match std::env::var_os("TRUNK_STAGING_DIR") {
            Some(dir) if args.folders.is_empty() => write(&Path::new(&dir).join("lessons")),
            _ => program("check", args.folders.iter().map(|folder| folder.as_os_str())),
        },
    }
}

/// Writes all lessons into a directory of the page.
pub(crate) fn write(out: &Path) -> Result<()> {
    program("write", [out.as_os_str()])
}

fn program<'a>(what: &str, args: impl IntoIterator<Item = &'a OsStr>) -> Result<()> {
    let mut command = cargo(["run", "--quiet", "--package", "xtask", "--features", "lessons"]);
    command.args(["--bin", "xtask-lessons", "--", what]);
    // Relative to where the caller is, while cargo runs at the top of the checkout.
    let here = std::env::current_dir()?;
    command.arg(cmd::root().join(LESSONS));
    cmd::run(command.args(args.into_iter().map(|arg| here.join(arg))))
}
