//! Embeds the playground page: every file of `dist/`, if it has been built.
//!
//! `cargo xtask play` builds the page first and sets `LOCKSTEP_DIST`, so that a binary built
//! without the page is built again.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=LOCKSTEP_DIST");
    let manifest = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default();
    let dist = env::var_os("LOCKSTEP_DIST")
        .map_or_else(|| Path::new(&manifest).join("../../dist"), PathBuf::from);
    let mut files = Vec::new();
    if dist.join("index.html").is_file() {
        println!("cargo::rerun-if-changed={}", dist.display());
        list(&dist, &mut files)?;
    }
    files.sort();
    let mut code = String::from("&[\n");
    for path in files {
        let name = path.strip_prefix(&dist).map_err(io::Error::other)?;
        let (name, path) = (name.display().to_string(), path.canonicalize()?);
        let path = path.display().to_string();
        let _ = writeln!(code, "    ({name:?}, include_bytes!({path:?})),");
    }
    code.push_str("]\n");
    let out = env::var_os("OUT_DIR").unwrap_or_default();
    fs::write(Path::new(&out).join("page.rs"), code)
}

fn list(dir: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            list(&entry.path(), files)?;
        } else {
            files.push(entry.path());
        }
    }
    Ok(())
}
