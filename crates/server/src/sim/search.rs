//! `lockstep sim search`: looks for violations, on several threads.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::{Arg, ArgMatches, Command, value_parser};
use lockstep_sim::search::{Coverage, Failure, Plan, report, shrink};

use crate::say;

/// Plans tried to shrink a failure.
const TRIES_MAX: u64 = 3_000;

/// Failures shown at most; all are counted.
const SHOWN_MAX: usize = 5;

/// How often a long search says where it is.
const PROGRESS_EVERY: Duration = Duration::from_secs(60);

const HELP: &str = "\
Every seed is a world of its own, with traffic and faults of its own, and checked after every step.
A failure is shrunk to the fewest interventions that still fail in the same way, and printed as a
scenario (for `lockstep sim run`) and as a link that opens it in the page at that very step.

Examples:
  lockstep sim search
  lockstep sim search --seeds 1000000 --jobs 2
  lockstep sim search --minutes 60 --from 5000000 --coverage";

/// The subcommand.
pub(super) fn command() -> Command {
    let number = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).value_parser(value_parser!(u64)).help(help)
    };
    Command::new("search")
        .about("Search for violations in random worlds")
        .after_help(HELP)
        .arg(number("seeds", "N", "Seeds to try; 10000 if neither this nor --minutes is given"))
        .arg(number("minutes", "M", "Minutes to search"))
        .arg(number("jobs", "J", "Threads; as many as there are cores if not given"))
        .arg(number("from", "SEED", "The first seed").default_value("0"))
        .arg(
            Arg::new("coverage")
                .long("coverage")
                .action(clap::ArgAction::SetTrue)
                .help("Tell what was reached, how often, and what never"),
        )
}

/// What all threads work on.
struct Search {
    next: AtomicU64,
    end: u64,
    until: Option<Instant>,
    start: Instant,
    from: u64,
    stop: AtomicBool,
    found: Mutex<Found>,
}

/// What they have found.
#[derive(Default)]
struct Found {
    coverage: Coverage,
    seeds: u64,
    steps: u64,
    failures: u64,
    told: Duration,
}

/// Does what was asked for. Fails if a violation was found.
pub(super) fn run(matches: &ArgMatches) -> ExitCode {
    let number = |name: &str| matches.get_one::<u64>(name).copied();
    let minutes = number("minutes");
    let seeds = number("seeds").unwrap_or(if minutes.is_some() { u64::MAX } else { 10_000 });
    let from = number("from").unwrap_or(0);
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    let jobs = number("jobs").unwrap_or(cores).clamp(1, 1_024);
    let start = Instant::now();
    let search = Search {
        next: AtomicU64::new(from),
        end: from.saturating_add(seeds),
        until: minutes.map(|m| start + Duration::from_secs(m.saturating_mul(60).min(1 << 32))),
        start,
        from,
        stop: AtomicBool::new(false),
        found: Mutex::new(Found::default()),
    };
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| search.work());
        }
    });
    let found = search.found.into_inner().unwrap_or_else(PoisonError::into_inner);
    if matches.get_flag("coverage") {
        say(found.coverage.to_string().trim_end());
    }
    say(&found.summary(start.elapsed()));
    if found.failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl Found {
    fn summary(&self, time: Duration) -> String {
        let (seconds, seeds, steps) = (time.as_secs_f64().max(0.001), self.seeds, self.steps);
        format!(
            "{seeds} seeds, {steps} steps in {seconds:.1} s ({:.0} seeds/s, {:.0} steps/s): {} \
             violations",
            seeds as f64 / seconds,
            steps as f64 / seconds,
            self.failures
        )
    }
}

impl Search {
    fn work(&self) {
        let mut coverage = Coverage::default();
        let mut seeds = 0;
        while !self.stop.load(Ordering::Relaxed) {
            let seed = self.next.fetch_add(1, Ordering::Relaxed);
            if seed >= self.end || self.until.is_some_and(|until| Instant::now() >= until) {
                break;
            }
            let plan = Plan::generate(seed);
            let result = plan.run(&mut coverage);
            seeds += 1;
            if let Err(failure) = result {
                self.failed(seed, plan, failure);
            }
            if seeds % 256 == 0 {
                self.merge(&mut coverage, &mut seeds);
            }
        }
        self.merge(&mut coverage, &mut seeds);
    }

    fn merge(&self, coverage: &mut Coverage, seeds: &mut u64) {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.steps += coverage.steps;
        found.coverage.merge(std::mem::take(coverage));
        found.seeds += std::mem::take(seeds);
        let time = self.start.elapsed();
        if time >= found.told + PROGRESS_EVERY {
            found.told = time;
            say(&format!("from seed {}: {}", self.from, found.summary(time)));
        }
    }

    fn failed(&self, seed: u64, plan: Plan, failure: Box<Failure>) {
        let count = {
            let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
            found.failures += 1;
            found.failures
        };
        let mut text = format!("seed {seed}: {}\n", failure.violation);
        if count > SHOWN_MAX as u64 {
            return say(text.trim_end());
        }
        let (before, after) = (plan.moves.len(), shrink(plan, failure, TRIES_MAX));
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "shrunk from {before} interventions to {}, by {} trials\n",
            after.plan.moves.len(),
            after.tries
        );
        text.push_str(&report(&after.plan, &after.failure));
        say(text.trim_end());
    }
}
