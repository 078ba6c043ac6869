//! The rules of `lockstep_tests::tidy`, applied to every file of the checkout.

use std::fs;
use std::path::{Path, PathBuf};

use lockstep_tests::{root, tidy};

/// Directories that hold nothing of ours.
const SKIPPED: &[&str] = &["target", "dist", "dist.new", "node_modules", "data", "corpus"];
/// Kinds of files that are text.
const TEXT: &[&str] = &["rs", "toml", "md", "html", "css", "js", "json", "txt", "tsv", "yml", ""];

fn files() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![root()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(&dir).expect("a directory of the checkout") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let hidden = name.starts_with('.') && name != ".ci" && name != ".cargo";
            if path.is_dir() {
                if !hidden && !SKIPPED.contains(&name.as_str()) {
                    open.push(path);
                }
            } else if !hidden {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).expect("below the top").display().to_string()
}

#[test]
fn every_file_keeps_the_rules() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for path in files() {
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
        if !TEXT.contains(&extension) {
            continue;
        }
        let text =
            fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        wrong.extend(tidy::check(&relative(&path), &text));
        count += 1;
    }
    assert!(count > 50, "only {count} files were looked at");
    assert!(wrong.is_empty(), "{} findings:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_crate_and_all_borrowed_data_have_a_licence() {
    for name in ["LICENSE-MIT", "LICENSE-APACHE"] {
        assert!(root().join(name).is_file(), "{name} is missing");
    }
    for entry in fs::read_dir(root().join("tests/data")).expect("tests/data") {
        let dir = entry.expect("an entry").path();
        if dir.is_dir() {
            let licensed = dir.join("LICENSE").is_file();
            assert!(licensed, "{} has no LICENSE of what it holds", relative(&dir));
        }
    }
}
