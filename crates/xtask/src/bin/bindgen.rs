//! `xtask-bindgen INPUT.wasm NAME OUT_DIR`: wasm-bindgen as a small program of its own.
//!
//! It comes from the library, so its version is the one in Cargo.lock: cargo refuses a lock file
//! in which the two differ, and nobody has to install anything by hand.
use anyhow::{Context, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [input, name, out] = args.as_slice() else {
        bail!("usage: xtask-bindgen INPUT.wasm NAME OUT_DIR");
    };
    Bindgen::new()
        .input_path(input)
        .out_name(name)
        .web(true)?
        .typescript(false)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(out)
        .with_context(|| format!("wasm-bindgen failed on {input}"))
}
