//! wasm-bindgen's script, made small: what only a reader of it would miss is left out.
//!
//! The names by which the script and the module know each other's functions hold their types and a
//! hash each, in both files: they become numbers. What starts a page in one piece goes, for the
//! divided page has its own start (`web/later.js`).

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use walrus::Module;

use crate::split::Parts;

/// The module in which the script's functions are, to wasm: `./NAME_bg.js`.
const SCRIPT: &str = "_bg.js";
/// Where the script begins to start a page in one piece; nothing after it is used.
const START: &str = "function initSync(";

/// Gives what the two modules and their script lend each other short names; returns the script.
pub(crate) fn shorten(parts: &mut Parts, script: &str) -> Result<String> {
    let mut names = BTreeMap::new();
    for part in [&mut parts.first, &mut parts.second] {
        *part = renumbered(part, &mut names)?;
    }
    let (kept, _) = script.split_once(START).context("the script does not begin as it should")?;
    let mut text = String::with_capacity(kept.len());
    for line in kept.lines() {
        ensure!(line.matches('`').count().is_multiple_of(2), "a text of more than one line");
        let line = line.trim();
        if !line.is_empty() && !line.starts_with("//") {
            renamed(line, &names, &mut text);
            text.push('\n');
        }
    }
    Ok(text)
}

/// A module with short names for what it lends to the script, and the script to it.
fn renumbered(module: &[u8], names: &mut BTreeMap<String, String>) -> Result<Vec<u8>> {
    let mut module = Module::from_buffer(module).context("a part cannot be read")?;
    let mut short = |name: &mut String| {
        // Others are words that the script uses for other things, too.
        if name.starts_with('_') {
            let next = format!("_{}", names.len());
            *name = names.entry(std::mem::take(name)).or_insert(next).clone();
        }
    };
    for import in module.imports.iter_mut().filter(|import| import.module.ends_with(SCRIPT)) {
        short(&mut import.name);
    }
    for export in module.exports.iter_mut() {
        short(&mut export.name);
    }
    Ok(module.emit_wasm())
}

/// Adds the line with its identifiers renamed.
fn renamed(line: &str, names: &BTreeMap<String, String>, out: &mut String) {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
    let mut rest = line;
    while let Some(start) = rest.find(is_name) {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        let (name, after) = rest.split_at(rest.find(|c| !is_name(c)).unwrap_or(rest.len()));
        out.push_str(names.get(name).map_or(name, String::as_str));
        rest = after;
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_parts_and_the_script_get_the_same_short_names() {
        let part = |text: &str| wat::parse_str(text).expect("well formed");
        let mut parts = Parts {
            first: part(
                "(module (import \"./page_bg.js\" \"__wbg_log_0f3a\" (func))
                   (memory (export \"memory\") 1)
                   (func (export \"__closure_9c\") (call 0)))",
            ),
            second: part(
                "(module (import \"./page_bg.js\" \"__wbg_log_0f3a\" (func))
                   (import \"first\" \"f0\" (func)) (func (export \"run\") (call 0) (call 1)))",
            ),
            listing: String::new(),
        };
        let script = "  // About it.\n  __wbg_log_0f3a: () => wasm.__closure_9c(wasm.memory),\n\n\
                      const __wbg_log_0f3a_too = 1;\nfunction initSync(module) {}\n";
        let script = shorten(&mut parts, script).expect("it is made smaller");
        let short = "_0: () => wasm._1(wasm.memory),\nconst __wbg_log_0f3a_too = 1;\n";
        assert_eq!(script, short);
        let names = |bytes: &[u8]| -> Vec<String> {
            let module = Module::from_buffer(bytes).expect("a module");
            let imports = module.imports.iter().map(|import| import.name.clone());
            imports.chain(module.exports.iter().map(|export| export.name.clone())).collect()
        };
        assert_eq!(names(&parts.first), ["_0", "memory", "_1"]);
        assert_eq!(names(&parts.second), ["_0", "f0", "run"]);
    }
}
