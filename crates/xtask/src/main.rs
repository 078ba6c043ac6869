//! Build, test and measure: see README.md.
fn main() {}
