//! The binary `lockstep`; see the library of this crate.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: lockstep_server::Counted = lockstep_server::Counted;

fn main() -> ExitCode {
    lockstep_server::run(std::env::args_os().collect())
}
