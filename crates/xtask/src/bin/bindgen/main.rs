//! `xtask-bindgen`: what becomes of the page's module after the compiler, as a program of its own.
//!
//! ```text
//! bind LINKED.wasm NAME OUT_DIR [--names]     wasm-bindgen: OUT_DIR/NAME_bg.wasm and NAME.js
//! mark BOUND.wasm OUT.wasm                    the module, remembering what of it has run
//! divide LINKED.wasm BOUND.wasm RAN           the module in two, by what has run: BOUND.wasm,
//!                                             BOUND_later.wasm, BOUND_parts.txt; and its script
//!                                             for these
//! ```
//!
//! wasm-bindgen comes from its library, so its version is the one in Cargo.lock: cargo refuses a
//! lock file in which the two differ, and nobody has to install anything by hand.
#![allow(clippy::print_stdout)] // Its reader is whoever builds the page.

mod data;
mod glue;
mod outline;
mod pieces;
mod profile;
mod split;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        ["bind", linked, name, out] => bind(linked, name, out, false),
        ["bind", linked, name, out, "--names"] => bind(linked, name, out, true),
        ["mark", bound, out] => {
            fs::write(out, profile::instrument(&read(bound)?)?).with_context(|| (*out).to_owned())
        }
        ["divide", linked, bound, ran] => divide(linked, bound, ran),
        _ => bail!("usage: xtask-bindgen bind | mark | divide ..."),
    }
}

fn read(path: &str) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| path.to_owned())
}

fn bind(linked: &str, name: &str, out: &str, names: bool) -> Result<()> {
    Bindgen::new()
        .input_path(linked)
        .out_name(name)
        .web(true)?
        .typescript(false)
        .demangle(false)
        .remove_name_section(!names)
        .remove_producers_section(true)
        .generate(out)
        .with_context(|| format!("wasm-bindgen failed on {linked}"))
}

fn divide(linked: &str, bound: &str, ran: &str) -> Result<()> {
    let data = data::Data::read(&read(linked)?)
        .inspect_err(|error| println!("All data stays in the first part: {error:#}."))
        .unwrap_or_default();
    let ran: Vec<bool> = read(ran)?.iter().map(|byte| *byte == b'1').collect();
    let outlined = outline::outline(&read(bound)?, &ran, outline::WORTH)?;
    let mut parts = split::split(&outlined, &data)?;
    let stem = Path::new(bound).with_extension("");
    let beside = |end: &str| format!("{}{end}", stem.display());
    let script = beside(".js").replace("_bg.js", ".js");
    let text = String::from_utf8(read(&script)?).context("the script is no text")?;
    fs::write(&script, glue::shorten(&mut parts, &text)?)?;
    fs::write(bound, parts.first)?;
    fs::write(beside("_later.wasm"), parts.second)?;
    fs::write(beside("_parts.txt"), parts.listing)?;
    Ok(())
}
