//! `xtask-bindgen INPUT.wasm NAME OUT_DIR [LIST]`: wasm-bindgen as a small program of its own.
//!
//! It comes from the library, so its version is the one in Cargo.lock: cargo refuses a lock file
//! in which the two differ, and nobody has to install anything by hand.
//!
//! With a list of beginnings of functions' names, what it names goes into a module of its own,
//! `NAME_later.wasm`; `NAME_parts.txt` tells what went where.

mod split;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (input, name, out, list) = match args.as_slice() {
        [input, name, out] => (input, name, out, None),
        [input, name, out, list] => (input, name, out, Some(list)),
        _ => bail!("usage: xtask-bindgen INPUT.wasm NAME OUT_DIR [LIST]"),
    };
    Bindgen::new()
        .input_path(input)
        .out_name(name)
        .web(true)?
        .typescript(false)
        .remove_name_section(list.is_none())
        .remove_producers_section(true)
        .generate(out)
        .with_context(|| format!("wasm-bindgen failed on {input}"))?;
    let Some(list) = list else { return Ok(()) };
    let bound = Path::new(out).join(format!("{name}_bg.wasm"));
    let bytes = fs::read(&bound).with_context(|| bound.display().to_string())?;
    let later = split::List::parse(&fs::read_to_string(list).with_context(|| list.clone())?);
    let parts = split::split(&bytes, &later)?;
    fs::write(&bound, parts.first)?;
    fs::write(Path::new(out).join(format!("{name}_later.wasm")), parts.second)?;
    fs::write(Path::new(out).join(format!("{name}_parts.txt")), parts.listing)?;
    Ok(())
}
