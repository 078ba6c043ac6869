//! `cargo xtask play`: everything from nothing to a page in the browser.

use std::process::Command;
use std::time::Instant;

use anyhow::Result;

use crate::cmd::{self, cargo};
use crate::web;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Where the page is served, on 127.0.0.1.
    #[arg(long, default_value_t = 8379)]
    http_port: u16,
    /// Further arguments for `lockstep play`.
    #[arg(last = true)]
    rest: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let start = Instant::now();
    web::build(&web::Args::default())?;
    println!("Compiling the program `lockstep`, which carries the page inside.");
    let mut build = cargo(["build", "--release", "--package", "lockstep-server"]);
    cmd::run(web::embed(&mut build))?;
    let program = cmd::target_dir().join("release/lockstep");
    println!(
        "Ready after {} s. From now on this is enough: {} play",
        start.elapsed().as_secs(),
        program.strip_prefix(cmd::root()).unwrap_or(&program).display()
    );
    println!("\n    http://127.0.0.1:{}/\n\nCtrl-C ends it.", args.http_port);
    let mut play = Command::new(program);
    play.args(["play", "--http-port", &args.http_port.to_string()]).args(&args.rest);
    cmd::replace(play)
}
