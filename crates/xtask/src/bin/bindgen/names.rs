//! Functions by names that outlive a build: without the hashes of crates and the numbers of
//! closures, and the list of those the page starts with.

use std::collections::{BTreeMap, BTreeSet};

/// What a function is called in [`List`]s: its name in the source, type arguments included.
pub(crate) fn stable(symbol: &str) -> String {
    let symbol = symbol.split(".llvm.").next().unwrap_or_default();
    let name = format!("{:#}", rustc_demangle::demangle(symbol));
    let mut text = String::with_capacity(name.len());
    let mut numbered = false;
    for char in name.chars() {
        numbered = char == '#' || numbered && char.is_ascii_digit();
        if !numbered {
            text.push(char);
        }
    }
    text
}

/// The functions that the page starts with.
pub(crate) struct List(BTreeSet<String>);

impl List {
    /// Reads a list: a name on each line, comments after `#`.
    pub(crate) fn parse(text: &str) -> Self {
        let lines = text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#'));
        Self(lines.map(str::to_owned).collect())
    }

    /// Whether the list has the function of this symbol.
    pub(crate) fn has(&self, symbol: &str) -> bool {
        self.0.contains(&stable(symbol))
    }

    /// How many of its names none of these symbols has, and how many there are.
    pub(crate) fn missing<'a>(&self, symbols: impl Iterator<Item = &'a str>) -> (usize, usize) {
        let known: BTreeMap<String, ()> = symbols.map(|symbol| (stable(symbol), ())).collect();
        (self.0.iter().filter(|name| !known.contains_key(*name)).count(), self.0.len())
    }
}
