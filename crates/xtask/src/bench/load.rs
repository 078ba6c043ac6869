//! redis-benchmark against each server in turn.

use std::process::Command;

use anyhow::{Context, Result};
use lockstep_tests::server::{Launch, Server};

use super::report::{Better, Report};
use super::{KINDS, Plan, median, name};
use crate::cmd;

/// The commands, in redis-benchmark's names. GET comes after SET, whose keys it reads.
const COMMANDS: &[&str] = &["set", "get", "incr", "lpush", "sadd", "hset", "zadd"];

/// What one run of redis-benchmark gave.
#[derive(Clone, Copy)]
struct Sample {
    /// Requests per second.
    rate: f64,
    /// Server CPU per request, in microseconds.
    cpu: f64,
    /// Peak memory of the server since it started, in bytes.
    peak: f64,
}

pub(super) fn measure(plan: &Plan, report: &mut Report) -> Result<()> {
    let wanted: Vec<&str> = COMMANDS.iter().copied().filter(|c| plan.wants(c)).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    for &(pipeline, requests) in &plan.pipelines {
        // samples[command][server] is a list of runs.
        let mut samples = vec![[Vec::new(), Vec::new()]; wanted.len()];
        for _ in 0..plan.runs {
            for (side, kind) in KINDS.into_iter().enumerate() {
                let server = Launch::new(kind).start();
                for (index, command) in wanted.iter().enumerate() {
                    samples[index][side].push(run(plan, &server, command, pipeline, requests)?);
                }
            }
        }
        report.title(&format!("pipeline {pipeline}"));
        for (command, sides) in wanted.iter().zip(samples) {
            let row = format!("{} P{pipeline}", command.to_uppercase());
            for (what, unit, better, field) in [
                ("rate", "k/s", Better::More, (|s| s.rate / 1e3) as fn(&Sample) -> f64),
                ("cpu", "us/op", Better::Less, |s| s.cpu),
                ("peak memory", "MB", Better::Less, |s| s.peak / 1e6),
            ] {
                let values = sides.each_ref().map(|runs| median(runs.iter().map(field).collect()));
                report.pair(&row, what, unit, better, values);
            }
        }
    }
    Ok(())
}

/// One command against one server, from an empty dataset (except GET).
fn run(plan: &Plan, server: &Server, test: &str, pipeline: usize, count: usize) -> Result<Sample> {
    let reads = test == "get";
    if reads {
        benchmark(plan, server, "set", 16, 200_000.min(count * 2))?;
    } else {
        server.client().run("FLUSHALL");
    }
    let before = server.cpu();
    let rate = benchmark(plan, server, test, pipeline, count)
        .with_context(|| format!("{test} against {}", name(server.kind)))?;
    let used = server.cpu() - before;
    #[allow(clippy::cast_precision_loss)]
    let sample = Sample {
        rate,
        cpu: used.as_secs_f64() * 1e6 / count as f64,
        peak: server.peak_memory() as f64,
    };
    Ok(sample)
}

/// Runs redis-benchmark and returns its requests per second.
fn benchmark(
    plan: &Plan,
    server: &Server,
    test: &str,
    pipeline: usize,
    count: usize,
) -> Result<f64> {
    let mut command = Command::new("redis-benchmark");
    command.args(["-h", "127.0.0.1", "-p", &server.port.to_string(), "--csv", "-c", "50"]);
    command.args(["-r", "100000", "-t", test, "-n", &count.to_string()]);
    command.args(["-P", &pipeline.to_string(), "-d", &plan.size.to_string()]);
    let output = cmd::output(&mut command)?;
    let text = String::from_utf8_lossy(&output.stdout);
    parse(&text).with_context(|| format!("redis-benchmark said:\n{text}"))
}

/// The rate in the last line of redis-benchmark's CSV.
fn parse(csv: &str) -> Option<f64> {
    csv.lines().last()?.split(',').nth(1)?.trim_matches('"').parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_the_second_column() {
        let csv = "\"test\",\"rps\",\"avg_latency_ms\"\n\"SET\",\"86206.90\",\"0.302\"\n";
        assert_eq!(parse(csv), Some(86_206.90));
        assert_eq!(parse("\"ERR\"\n"), None);
    }
}
