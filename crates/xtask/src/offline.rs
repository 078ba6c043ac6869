//! The list of the page's files for its service worker (`web/sw.js`), by which it keeps one whole
//! build for when there is no network.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::web;

/// The worker, beside the page it works for.
const WORKER: &str = "sw.js";
/// What stands there before the list is known.
const BUILD: &str = "const BUILD = \"\";";
const FILES: &str = "const FILES = {};";

/// Writes the list into the worker of a page that is complete.
pub(crate) fn write(dist: &Path) -> Result<()> {
    let path = dist.join(WORKER);
    let worker = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let mut files = Vec::new();
    list(dist, dist, &mut files)?;
    files.retain(|name| name != WORKER);
    files.sort();
    let lines: Vec<String> = files
        .iter()
        .zip(sums(dist, &files)?)
        .map(|(name, sum)| format!("  {}: \"{sum}\",\n", serde_json::Value::from(name.as_str())))
        .collect();
    let files = lines.concat();
    let build = format!("{:016x}", web::hash(files.as_bytes()));
    for line in [BUILD, FILES] {
        ensure!(worker.matches(line).count() == 1, "{WORKER} has no line `{line}`");
    }
    let worker = worker
        .replace(BUILD, &format!("const BUILD = \"{build}\";"))
        .replace(FILES, &format!("const FILES = {{\n{files}}};"));
    fs::write(&path, worker).with_context(|| path.display().to_string())
}

/// The files below a directory, as a page asks for them.
fn list(root: &Path, dir: &Path, files: &mut Vec<String>) -> Result<()> {
    for entry in fs::read_dir(dir).with_context(|| dir.display().to_string())? {
        let path: PathBuf = entry?.path();
        if path.is_dir() {
            list(root, &path, files)?;
        } else {
            let name = path.strip_prefix(root)?.to_str().context("a name that is not UTF-8")?;
            files.push(name.replace('\\', "/"));
        }
    }
    Ok(())
}

/// The SHA-256 of each file, in hexadecimal digits.
fn sums(dist: &Path, files: &[String]) -> Result<Vec<String>> {
    let output = Command::new("sha256sum").current_dir(dist).arg("--").args(files).output();
    let output = output.context("cannot run sha256sum, which names what the page keeps")?;
    ensure!(output.status.success(), "sha256sum: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout)?;
    let sums: Vec<String> = text.lines().map(|line| line.chars().take(64).collect()).collect();
    let whole = |sum: &String| sum.len() == 64 && sum.bytes().all(|b| b.is_ascii_hexdigit());
    ensure!(sums.len() == files.len() && sums.iter().all(whole), "sha256sum said {text:?}");
    Ok(sums)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worker_knows_every_file_but_itself() {
        let dist = std::env::temp_dir().join(format!("lockstep-offline-{}", std::process::id()));
        fs::create_dir_all(dist.join("lessons")).unwrap();
        fs::write(dist.join("index.html"), "abc").unwrap();
        fs::write(dist.join("lessons/one.html"), "").unwrap();
        let worker = include_str!("../../../web/sw.js");
        fs::write(dist.join(WORKER), worker).unwrap();
        write(&dist).unwrap();
        let written = fs::read_to_string(dist.join(WORKER)).unwrap();
        // The digests of FIPS 180, and of nothing.
        let files = "const FILES = {\n  \"index.html\": \
            \"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\",\n  \
            \"lessons/one.html\": \
            \"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\",\n};";
        assert!(written.contains(files), "{written}");
        assert!(!written.contains(BUILD));
        assert!(write(&dist).is_err(), "a list is written once");
        fs::remove_dir_all(&dist).unwrap();
    }
}
