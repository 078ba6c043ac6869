//! The native Lockstep server.
fn main() {}
