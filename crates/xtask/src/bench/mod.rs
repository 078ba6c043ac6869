//! `cargo xtask bench`: lockstep beside redis-server, in one run on one machine.
//!
//! Absolute figures move with the machine, ratios much less; so both servers are measured in turn,
//! run by run, and what counts is the ratio of their medians. Server CPU per operation says more
//! than throughput: without pipelining, redis-benchmark itself is the bottleneck.

mod latency;
mod load;
mod report;
mod resync;

use std::path::PathBuf;

use anyhow::{Context, Result};
use lockstep_tests::server::Kind;

use crate::cmd::{self, cargo};
use crate::{tools, web};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// A smoke run: small numbers, once. Its figures mean nothing.
    #[arg(long)]
    quick: bool,
    /// Runs of which the median counts.
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Measure with 64 commands in a pipeline too.
    #[arg(long)]
    deep: bool,
    /// Bytes in a value.
    #[arg(long, default_value_t = 3)]
    size: usize,
    /// Only these commands (`set`, `get`...), or `resync`, `memory`, `latency`, `fifty`.
    #[arg(value_name = "WHAT")]
    only: Vec<String>,
    /// Where the figures go as JSON.
    #[arg(long, default_value = "target/bench.json")]
    json: PathBuf,
}

/// What is measured, in numbers.
pub(crate) struct Plan {
    runs: usize,
    size: usize,
    /// Commands in a pipeline and how many requests to make.
    pipelines: Vec<(usize, usize)>,
    /// Keys in a full resynchronisation.
    keys: usize,
    only: Vec<String>,
}

impl Plan {
    fn new(args: &Args) -> Self {
        let mut pipelines = vec![(1, 200_000), (16, 1_000_000)];
        if args.deep {
            pipelines.push((64, 2_000_000));
        }
        let (mut runs, mut keys) = (args.runs.max(1), 1_000_000);
        if args.quick {
            pipelines.iter_mut().for_each(|(_, requests)| *requests /= 50);
            (runs, keys) = (1, 20_000);
        }
        Self { runs, size: args.size, pipelines, keys, only: args.only.clone() }
    }

    fn wants(&self, what: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only.eq_ignore_ascii_case(what))
    }
}

/// Both servers, the reference first.
pub(crate) const KINDS: [Kind; 2] = [Kind::Redis, Kind::Lockstep];

/// A server's name in tables and JSON.
pub(crate) fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Redis => "redis",
        Kind::Lockstep => "lockstep",
    }
}

/// The middle one.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => values[n / 2],
        n => f64::midpoint(values[n / 2 - 1], values[n / 2]),
    }
}

pub(crate) fn run(args: &Args) -> Result<()> {
    tools::apt(tools::REDIS)?;
    // The smoke run takes the build that the tests use; figures come from the real one.
    let (profile, folder) = if args.quick { ("fast", "fast") } else { ("release", "release") };
    let mut build = cargo(["build", "--profile", profile, "--package", "lockstep-server"]);
    cmd::run(web::embed(&mut build))?;
    let program = cmd::target_dir().join(folder).join("lockstep");
    lockstep_tests::server::use_lockstep(program.clone());
    let plan = Plan::new(args);
    println!(
        "{} with {} runs each, {} B values, 50 clients, 100,000 random keys.",
        program.strip_prefix(cmd::root()).unwrap_or(&program).display(),
        plan.runs,
        plan.size
    );
    let mut report = report::Report::default();
    load::measure(&plan, &mut report)?;
    if plan.wants("memory") {
        resync::memory(&plan, &mut report);
    }
    if plan.wants("resync") {
        resync::measure(&plan, &mut report);
    }
    if plan.wants("latency") {
        latency::measure(&plan, &mut report);
    }
    if plan.wants("fifty") {
        latency::fifty(&plan, &mut report);
    }
    if args.quick {
        println!("(a smoke run: these figures mean nothing)");
    }
    let path = cmd::root().join(&args.json);
    let text = serde_json::to_string_pretty(&report.json()).context("JSON")?;
    std::fs::write(&path, text + "\n").with_context(|| path.display().to_string())?;
    println!("\nAs JSON: {}", args.json.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert!((median(vec![3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((median(vec![4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < 1e-9);
        assert!(median(Vec::new()).is_nan());
    }
}
