//! Enough of Rust's grammar to tell code from comments and strings, and to read `use` trees.

/// The text with comments and the insides of strings blanked out; lines stay where they are.
pub(super) fn code_only(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let (keep, end) = match skipped(bytes, at) {
            Some(end) => (false, end),
            None => (true, at + 1),
        };
        for &byte in &bytes[at..end] {
            out.push(if keep || byte == b'\n' { byte } else { b' ' });
        }
        at = end;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The end of the comment, string or character that starts at `at`, if one does.
fn skipped(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = &bytes[at..];
    let before = at.checked_sub(1).map(|before| bytes[before]);
    let in_word = before.is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_');
    if rest.starts_with(b"//") {
        return Some(find(bytes, at, b"\n"));
    }
    if rest.starts_with(b"/*") {
        return Some(find(bytes, at + 2, b"*/") + 2).map(|end| end.min(bytes.len()));
    }
    let raw = rest.strip_prefix(b"b").unwrap_or(rest);
    if !in_word && raw.first() == Some(&b'r') {
        let hashes = raw[1..].iter().take_while(|b| **b == b'#').count();
        if raw.get(1 + hashes) == Some(&b'"') {
            let start = at + (rest.len() - raw.len()) + 2 + hashes;
            let mut close = vec![b'"'];
            close.resize(1 + hashes, b'#');
            return Some((find(bytes, start, &close) + close.len()).min(bytes.len()));
        }
    }
    match rest {
        [b'"', ..] => Some(string_end(bytes, at + 1, b'"')),
        // A character, not a lifetime: it closes soon.
        [b'\'', b'\\', ..] => Some(string_end(bytes, at + 1, b'\'')),
        [b'\'', first, ..] => {
            let width = match first {
                0xf0.. => 4,
                0xe0.. => 3,
                0xc0.. => 2,
                _ => 1,
            };
            (rest.get(1 + width) == Some(&b'\'')).then_some(at + 2 + width)
        }
        _ => None,
    }
}

fn string_end(bytes: &[u8], mut at: usize, quote: u8) -> usize {
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn find(bytes: &[u8], from: usize, what: &[u8]) -> usize {
    let from = from.min(bytes.len());
    let found = bytes[from..].windows(what.len()).position(|window| window == what);
    found.map_or(bytes.len(), |at| from + at)
}

/// The crate's top modules that `code` names by a path from the crate's root, with line numbers.
/// `file` is relative to `src/`.
pub(super) fn module_paths(file: &str, code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let macro_or_word = code[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric());
        if !macro_or_word {
            names(code, at + "crate::".len(), &mut found);
        }
    }
    let up = "super::".repeat(depth(file));
    for (at, _) in code.match_indices(&up) {
        let longer = code[..at].ends_with("super::") || code[at + up.len()..].starts_with("super");
        if !longer {
            names(code, at + up.len(), &mut found);
        }
    }
    found.sort();
    found.dedup();
    found
}

/// How many `super` lead from a file's module to the crate's root.
fn depth(file: &str) -> usize {
    let parts = file.split('/').count();
    if file.ends_with("/mod.rs") { parts - 1 } else { parts }
}

/// The names at the start of each branch of the `use` tree (or the one path) at `at`.
fn names(code: &str, at: usize, found: &mut Vec<(usize, String)>) {
    let rest = &code[at..];
    let Some(tree) = rest.strip_prefix('{') else {
        push_name(code, at, found);
        return;
    };
    let mut level = 1;
    let mut branch = true;
    for (index, char) in tree.char_indices() {
        match char {
            '{' => level += 1,
            '}' => level -= 1,
            ',' if level == 1 => branch = true,
            c if branch && level == 1 && !c.is_whitespace() => {
                push_name(code, at + 1 + index, found);
                branch = false;
            }
            _ => {}
        }
        if level == 0 {
            return;
        }
    }
}

fn push_name(code: &str, at: usize, found: &mut Vec<(usize, String)>) {
    let end = code[at..].find(|c: char| !c.is_alphanumeric() && c != '_');
    let name = &code[at..end.map_or(code.len(), |end| at + end)];
    let line = code[..at].matches('\n').count() + 1;
    found.push((line, name.to_owned()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_strings_are_blanked() {
        let text =
            "a // b\n\"c\\\"d\" e /* f\ng */ h r#\"i\"j\"# 'k' '\\'' fn<'l>(m: &'l str) b\"n\"";
        let code = code_only(text);
        let words: Vec<&str> = code.split_whitespace().collect();
        assert_eq!(words, ["a", "e", "h", "fn<'l>(m:", "&'l", "str)", "b"]);
        assert_eq!(code.matches('\n').count(), text.matches('\n').count());
    }

    #[test]
    fn use_trees_are_read() {
        let code = "use crate::{a::{x, y}, b, c::d};\nlet e = crate::f::g();\nuse super::h;";
        let found = module_paths("m.rs", code);
        let names: Vec<&str> = found.iter().map(|(_, name)| name.as_str()).collect();
        assert_eq!(names, ["a", "b", "c", "f", "h"]);
        assert_eq!(module_paths("m/mod.rs", "use super::h;").len(), 1);
        assert_eq!(module_paths("m/n.rs", "use super::h;").len(), 0);
        assert_eq!(module_paths("m/n.rs", "use super::super::h;").len(), 1);
    }
}
