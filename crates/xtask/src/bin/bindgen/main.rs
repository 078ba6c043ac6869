//! `xtask-bindgen INPUT.wasm NAME OUT_DIR [--first LIST | --profile]`: wasm-bindgen as a small
//! program of its own.
//!
//! It comes from the library, so its version is the one in Cargo.lock: cargo refuses a lock file
//! in which the two differ, and nobody has to install anything by hand.
//!
//! With `--first` and a list of functions, everything else goes into a module of its own,
//! `NAME_later.wasm`; `NAME_parts.txt` tells what went where. With `--profile` the module remembers
//! which functions have run; `NAME_names.txt` has their names.
#![allow(clippy::print_stdout)] // Its reader is whoever builds the page.

mod data;
mod names;
mod profile;
mod split;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

/// What becomes of the module.
enum Mode {
    Whole,
    First(String),
    Profile,
}

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (input, name, out, mode) = match args.as_slice() {
        [input, name, out] => (input, name, out, Mode::Whole),
        [input, name, out, flag] if flag == "--profile" => (input, name, out, Mode::Profile),
        [input, name, out, flag, list] if flag == "--first" => {
            (input, name, out, Mode::First(list.clone()))
        }
        _ => bail!("usage: xtask-bindgen INPUT.wasm NAME OUT_DIR [--first LIST | --profile]"),
    };
    let linked = fs::read(input).with_context(|| input.clone())?;
    let whole = matches!(mode, Mode::Whole);
    Bindgen::new()
        .input_path(input)
        .out_name(name)
        .web(true)?
        .typescript(false)
        .demangle(false)
        .remove_name_section(whole)
        .remove_producers_section(true)
        .generate(out)
        .with_context(|| format!("wasm-bindgen failed on {input}"))?;
    let out = Path::new(out);
    let bound = out.join(format!("{name}_bg.wasm"));
    let bytes = fs::read(&bound).with_context(|| bound.display().to_string())?;
    match mode {
        Mode::Whole => {}
        Mode::Profile => {
            let (module, names) = profile::instrument(&bytes)?;
            fs::write(&bound, module)?;
            fs::write(out.join(format!("{name}_names.txt")), names)?;
        }
        Mode::First(list) => {
            let first = fs::read_to_string(&list).with_context(|| list.clone())?;
            let first = names::List::parse(&first);
            let data = data::Data::read(&linked)
                .inspect_err(|error| println!("All data stays in the first part: {error:#}."))
                .unwrap_or_default();
            let parts = split::split(&bytes, &first, &data)?;
            fs::write(&bound, parts.first)?;
            fs::write(out.join(format!("{name}_later.wasm")), parts.second)?;
            fs::write(out.join(format!("{name}_parts.txt")), parts.listing)?;
            let (missing, all) = parts.stale;
            if missing > 0 {
                println!(
                    "{missing} of the {all} functions in {list} are no longer there: \
                     `cargo xtask web --profile` writes it anew."
                );
            }
        }
    }
    Ok(())
}
