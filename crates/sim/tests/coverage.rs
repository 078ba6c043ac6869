//! The lists of what a search may reach are complete: the core's sources hold nothing else.
#![cfg(not(target_arch = "wasm32"))]

use std::path::{Path, PathBuf};

use lockstep_sim::search::{LINES, TRANSITIONS};

/// The files of the core that tell of replication, beside those of `node/replica`.
const FILES: &[&str] = &[
    "node/failover.rs",
    "node/full_sync.rs",
    "node/limits.rs",
    "node/load.rs",
    "node/primary.rs",
    "node/shutdown.rs",
    "node/snapshot.rs",
    "node/timers.rs",
    "replication/handshake.rs",
    "replication/transfer.rs",
];

/// Texts that look like log lines and are none: replies of commands, parts of lines, reasons.
const NO_LINES: &[&str] = &[
    "Background saving scheduled",
    "Background saving started",
    "Connection timed out",
    "Failover manually aborted",
    "Failover target rejected psync request",
    "FULLRESYNC * *",
    "NOMASTERLINK *",
    "OK Already connected to specified master",
    "RDB transfer",
    "Replica never caught up before timeout",
    "ERR *",
];

fn core() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/src")
}

fn files() -> Vec<PathBuf> {
    let replica = std::fs::read_dir(core().join("node/replica")).expect("the replica's side");
    let replica = replica.map(|entry| entry.expect("an entry").path());
    let replica = replica.filter(|path| path.extension().is_some_and(|e| e == "rs"));
    FILES.iter().map(|file| core().join(file)).chain(replica).collect()
}

/// The string literals of a source, comments and tests left out, with `*` for what is filled in.
fn literals(source: &str) -> Vec<String> {
    let code = source.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    let code: Vec<&str> = lines.collect();
    let code = code.join("\n");
    let (mut found, mut rest) = (Vec::new(), code.as_str());
    while let Some(start) = rest.find('"') {
        let (mut text, mut end) = (String::new(), start + 1);
        let mut chars = rest[end..].chars().peekable();
        while let Some(c) = chars.next() {
            end += c.len_utf8();
            match c {
                '"' => break,
                '\\' => {
                    let Some(next) = chars.next() else { break };
                    end += next.len_utf8();
                    if next != '\n' {
                        text.push(next);
                    }
                    while next == '\n'
                        && let Some(space) = chars.next_if(|c| c.is_whitespace())
                    {
                        end += space.len_utf8();
                    }
                }
                other => text.push(other),
            }
        }
        found.push(filled(&text));
        rest = &rest[end..];
    }
    found
}

fn filled(text: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in text.chars() {
        match c {
            '{' => {
                inside = true;
                out.push('*');
            }
            '}' => inside = false,
            _ if inside => {}
            other => out.push(other),
        }
    }
    out
}

fn listed(list: &[&str], text: &str) -> bool {
    list.iter().any(|known| {
        *known == text
            || known.strip_suffix('*').is_some_and(|start| text.starts_with(start))
            || known.strip_suffix(" (reply: *)") == Some(text)
    })
}

/// Whether a text may be a log line: a sentence with a capital letter, or one of the exceptions.
fn may_be_a_line(text: &str) -> bool {
    let capital = text.starts_with(|c: char| c.is_ascii_uppercase());
    let numbers = text.ends_with("Saving...") || text.ends_with("when shutting down.");
    let marked = text.starts_with("== ") || text.starts_with("(Non critical)");
    text.len() >= 12 && text.contains(' ') && (capital || numbers || marked)
}

#[test]
fn every_log_line_of_replication_is_in_the_list() {
    let mut unknown = Vec::new();
    let mut seen = 0;
    for file in files() {
        let source = std::fs::read_to_string(&file).expect("a source of the core");
        for text in literals(&source).into_iter().filter(|text| may_be_a_line(text)) {
            seen += 1;
            if !listed(LINES, &text) && !listed(NO_LINES, &text) && !listed(TRANSITIONS, &text) {
                unknown.push(format!("{}: {text:?}", file.display()));
            }
        }
    }
    assert!(seen > 100, "only {seen} texts were looked at");
    assert!(unknown.is_empty(), "crates/sim/src/search/lines.rs misses:\n{}", unknown.join("\n"));
}

#[test]
fn every_reason_of_a_transition_is_in_the_list() {
    let mut unknown = Vec::new();
    let mut seen = 0;
    for file in files() {
        let source = std::fs::read_to_string(&file).expect("a source of the core");
        for call in source.split("set_link_state(").skip(1) {
            let arguments = call.split(");").next().unwrap_or_default();
            for text in literals(arguments) {
                seen += 1;
                if !TRANSITIONS.contains(&text.as_str()) {
                    unknown.push(text);
                }
            }
        }
    }
    assert!(seen >= 15, "only {seen} reasons were looked at");
    assert!(unknown.is_empty(), "crates/sim/src/search/lines.rs misses: {unknown:?}");
}
