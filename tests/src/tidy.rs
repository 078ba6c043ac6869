//! Rules about the sources themselves, each of which a reviewer would otherwise have to remember.
//!
//! [`check`] looks at one file and says what is wrong with it; `tests/tests/tidy.rs` shows it every
//! file of the checkout. It works on text: it knows comments, strings and `use` trees, not types.

mod scan;

use scan::{code_only, module_paths};

/// Lines in a file of Rust at most.
pub const LINES_MAX: usize = 700;
/// Columns in a line of Rust at most.
pub const COLUMNS_MAX: usize = 100;

/// In `crates/core/src`: which top module must not name which others. Arrows of the picture in
/// core's lib.rs point the other way.
const DIRECTION: &[(&str, &[&str])] = &[
    ("resp", &["keyspace", "commands", "replication", "node", "packed", "rdb", "config", "trace"]),
    ("packed", &["keyspace", "commands", "replication", "node", "resp", "rdb", "config", "trace"]),
    ("rdb", &["keyspace", "commands", "replication", "node", "trace"]),
    ("keyspace", &["commands", "replication", "node"]),
    ("commands", &["replication", "node"]),
    ("replication", &["keyspace", "commands", "rdb", "packed", "node"]),
    ("config", &["keyspace", "commands", "replication", "node", "rdb"]),
    ("id", &["keyspace", "commands", "replication", "node", "rdb", "resp", "config", "trace"]),
    ("num", &["keyspace", "commands", "replication", "node", "rdb", "resp", "config", "trace"]),
    ("glob", &["keyspace", "commands", "replication", "node", "rdb", "resp", "config", "trace"]),
    ("rng", &["keyspace", "commands", "replication", "node", "rdb", "resp", "config", "trace"]),
    ("time", &["keyspace", "commands", "replication", "node", "rdb", "resp", "config", "trace"]),
];

/// Words that core and sim must not contain, because with them the same inputs would not give the
/// same bytes on every platform.
const NONDETERMINISTIC: &[(&str, &str)] = &[
    ("std::time", "time is an argument: crate::time"),
    ("SystemTime", "time is an argument: crate::time"),
    ("Instant::now", "time is an argument: crate::time"),
    ("std::net", "IO belongs to the drivers"),
    ("std::fs", "IO belongs to the drivers"),
    ("std::env", "IO belongs to the drivers"),
    ("std::process", "IO belongs to the drivers"),
    ("std::thread", "one thread owns a node"),
    ("thread::", "one thread owns a node"),
    ("HashMap", "its order is random: the keyspace's own table, or BTreeMap"),
    ("HashSet", "its order is random: BTreeSet"),
    ("RandomState", "randomness is an argument: crate::rng"),
    ("thread_rng", "randomness is an argument: crate::rng"),
    ("getrandom", "randomness is an argument: crate::rng"),
    ("rand::", "randomness is an argument: crate::rng"),
];

/// Text that no file may contain. Put together at compile time so that this file passes.
const MACHINE: &[(&str, &str)] = &[
    (concat!("/wo", "rk/"), "a path of one machine"),
    (concat!("/tm", "p/wt"), "a path of one machine"),
    (concat!("/ro", "ot/"), "a path of one machine"),
    (concat!("/ho", "me/"), "a path of one machine"),
    (concat!("/Us", "ers/"), "a path of one machine"),
];

/// Names of values that count bytes of a replication stream.
const OFFSETS: &[&str] = &["offset", "offsets", "reploff", "psync_offset", "histlen", "first_byte"];

/// Everything wrong with one file, as `path:line: what, and what to do`.
#[must_use]
pub fn check(path: &str, text: &str) -> Vec<String> {
    let mut found = Findings { path, all: Vec::new() };
    machine_paths(text, &mut found);
    if path.ends_with(".rs") {
        rust_shape(text, &mut found);
        let code = code_only(text);
        let code = without_tests(path, &code);
        unfinished(&code, &mut found);
        if let Some(file) = path.strip_prefix("crates/core/src/") {
            direction(file, &code, &mut found);
        }
        if ["crates/core/src/", "crates/sim/src/"].iter().any(|dir| path.starts_with(dir)) {
            determinism(&code, &mut found);
            offsets(path, &code, &mut found);
        }
        if ["crates/core/src/", "crates/sim/src/", "web/src/"]
            .iter()
            .any(|dir| path.starts_with(dir))
        {
            debug_texts(text, &code, &mut found);
        }
    }
    if path.ends_with("Cargo.toml") && text.contains("[package]") && !text.contains("license") {
        found.add(1, "no licence: license.workspace = true");
    }
    found.all
}

struct Findings<'a> {
    path: &'a str,
    all: Vec<String>,
}

impl Findings<'_> {
    fn add(&mut self, line: usize, what: impl AsRef<str>) {
        self.all.push(format!("{}:{line}: {}", self.path, what.as_ref()));
    }
}

fn machine_paths(text: &str, found: &mut Findings<'_>) {
    for (number, line) in lines(text) {
        for (word, why) in MACHINE {
            if line.contains(word) {
                found.add(number, format!("{word} is {why}"));
            }
        }
    }
}

/// In the page `{:?}` prints nothing.
fn debug_texts(text: &str, code: &str, found: &mut Findings<'_>) {
    const FAILURES: &[&str] = &["assert", "panic!", "unreachable!", "expect("];
    for ((number, line), (_, code)) in lines(text).zip(lines(code)) {
        let shown = line.contains(":?}") || line.contains(":#?}");
        if shown && !code.trim().is_empty() && !FAILURES.iter().any(|word| code.contains(word)) {
            found.add(number, "{:?} prints nothing in the page: implement Display, or give a name");
        }
    }
}

/// Opens with a doc comment, fits a room, fits a screen.
fn rust_shape(text: &str, found: &mut Findings<'_>) {
    if !text.starts_with("//!") {
        found.add(1, "does not open with a doc comment (//!) that says what it is for");
    }
    let count = text.lines().count();
    if count > LINES_MAX {
        found.add(count, format!("{count} lines; split it before {LINES_MAX}"));
    }
    for (number, line) in lines(text) {
        // A long string cannot be broken by rustfmt, and rarely should be by a person.
        if line.chars().count() > COLUMNS_MAX && !line.contains('"') {
            found.add(number, format!("longer than {COLUMNS_MAX} columns"));
        }
    }
}

/// A stub is not done, whatever it is called.
fn unfinished(code: &str, found: &mut Findings<'_>) {
    for (number, line) in lines(code) {
        for word in ["todo!(", "unimplemented!("] {
            if line.contains(word) {
                found.add(number, format!("{word}...) is not finished"));
            }
        }
    }
}

fn direction(file: &str, code: &str, found: &mut Findings<'_>) {
    let module = file.split('/').next().unwrap_or(file).trim_end_matches(".rs");
    let Some((_, forbidden)) = DIRECTION.iter().find(|(name, _)| *name == module) else { return };
    for (number, named) in module_paths(file, code) {
        if forbidden.contains(&named.as_str()) {
            let what = format!("{module} must not know {named}: see the picture in lib.rs");
            found.add(number, what);
        }
    }
}

fn determinism(code: &str, found: &mut Findings<'_>) {
    for (number, line) in lines(code) {
        for (word, why) in NONDETERMINISTIC {
            if contains_word(line, word) {
                found.add(number, format!("{word} breaks determinism: {why}"));
            }
        }
    }
}

/// Stream offsets are `u64` (or `i64` on the wire): a 32-bit browser must count as far as a server.
fn offsets(path: &str, code: &str, found: &mut Findings<'_>) {
    let streams = ["/replication/", "/node/", "core/src/trace.rs", "crates/sim/"];
    if !streams.iter().any(|part| path.contains(part)) {
        return;
    }
    for (number, line) in lines(code) {
        for (at, _) in line.match_indices(": usize") {
            let name = line[..at].rsplit(|c: char| !c.is_alphanumeric() && c != '_').next();
            let name = name.unwrap_or_default();
            if OFFSETS.iter().any(|word| name == *word || name.ends_with(&format!("_{word}"))) {
                found.add(number, format!("{name} counts bytes of a stream: u64, not usize"));
            }
        }
    }
}

/// The code without its tests, which may use what they like. Lines keep their numbers.
fn without_tests(path: &str, code: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    if name == "tests.rs" || name == "testing.rs" || path.contains("/tests/") {
        return String::new();
    }
    code.find("#[cfg(test)]\nmod ").map_or(code, |at| &code[..at]).to_owned()
}

/// Lines and their numbers, from 1.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(index, line)| (index + 1, line))
}

/// Whether `word` is there and is not the middle of a longer word.
fn contains_word(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        let open = word.ends_with("::");
        !before.is_some_and(part) && (open || !after.is_some_and(part))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wrong with a file of core that has `code` under its doc comment.
    fn core(file: &str, code: &str) -> Vec<String> {
        check(&format!("crates/core/src/{file}"), &format!("//! Doc.\n{code}\n"))
    }

    fn assert_one(found: &[String], part: &str) {
        assert_eq!(found.len(), 1, "{found:#?}");
        assert!(found[0].contains(part), "{found:#?}");
    }

    #[test]
    fn arrows_against_the_direction_are_found_however_they_are_written() {
        for code in [
            "use crate::keyspace::Db;",
            "use crate::{id::ConnId, keyspace::Db};",
            "use crate::{\n    id,\n    keyspace,\n};",
            "fn f(db: &crate::keyspace::Db) {}",
            "use super::super::keyspace;",
        ] {
            assert_one(&core("replication/psync.rs", code), "replication must not know keyspace");
        }
        assert_one(&core("keyspace/mod.rs", "use super::node::Node;"), "must not know node");
        assert_one(&core("rng.rs", "use crate::config::Config;"), "rng must not know config");
    }

    #[test]
    fn arrows_in_the_direction_pass() {
        assert!(core("replication/psync.rs", "use crate::{id, resp::Reply};").is_empty());
        assert!(core("node/mod.rs", "use crate::{keyspace, commands, replication};").is_empty());
        // `super` inside the module is the module itself, comments and strings are not code.
        assert!(core("replication/psync.rs", "use super::keyspace;").is_empty());
        assert!(
            core("resp/mod.rs", "// crate::keyspace\nconst A: &str = \"crate::node\";").is_empty()
        );
        let tests = "#[cfg(test)]\nmod tests {\n use crate::keyspace::Db;\n}";
        assert!(core("replication/psync.rs", tests).is_empty());
    }

    #[test]
    fn what_breaks_determinism_is_found() {
        for (code, part) in [
            ("use std::time::Duration;", "std::time"),
            ("let s = std::net::TcpStream::connect(a);", "std::net"),
            ("use std::collections::HashMap;", "HashMap"),
            ("let a: std::collections::HashSet<u8>;", "HashSet"),
            ("let x = rand::random();", "rand::"),
            ("getrandom::fill(&mut b);", "getrandom"),
        ] {
            assert_one(&core("node/mod.rs", code), part);
            assert_one(&check("crates/sim/src/world.rs", &format!("//! D.\n{code}\n")), part);
            assert!(check("crates/server/src/a.rs", &format!("//! D.\n{code}\n")).is_empty());
        }
        assert_one(&core("node/mod.rs", "use std::thread;"), "std::thread");
        assert!(core("node/mod.rs", "struct MyHashMapper; mod operand { }").is_empty());
    }

    #[test]
    fn offsets_are_not_usize() {
        assert_one(&core("replication/stream.rs", "fn at(psync_offset: usize) {}"), "u64");
        assert_one(&core("trace.rs", "Acked { offset: usize }"), "u64");
        assert!(core("replication/stream.rs", "fn at(offset: u64, block: usize) {}").is_empty());
        assert!(core("packed/listpack.rs", "fn at(offset: usize) {}").is_empty());
    }

    #[test]
    fn shape() {
        assert_one(&check("crates/server/src/a.rs", "fn a() {}\n"), "doc comment");
        let long = format!("//! Doc.\n{}", "\n".repeat(LINES_MAX));
        assert_one(&check("web/src/a.rs", &long), "split it");
        let wide = format!("//! Doc.\n// {}\n", "x".repeat(COLUMNS_MAX));
        assert_one(&check("web/src/a.rs", &wide), "columns");
        assert_one(&core("a.rs", "fn a() { todo!() }"), "not finished");
        assert_one(&check("README.md", MACHINE[0].0), "path of one machine");
        assert_one(&check("a/Cargo.toml", "[package]\nname = \"a\"\n"), "no licence");
    }
}
