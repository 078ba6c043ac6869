//! What the administrative commands keep: counters per command, the slow log, switches of `DEBUG`.

use std::collections::VecDeque;

use super::config::Promise;
use super::histogram::Histogram;
use super::latency::{Events, Stopwatch};
use crate::time::Instant;

/// What the process around the node uses, which only the driver knows. Zeros where there is none:
/// in a simulation, in a page.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Usage {
    /// `used_memory_rss` in bytes.
    pub rss_bytes: u64,
    /// `total_system_memory` in bytes.
    pub system_memory_bytes: u64,
    /// `used_cpu_sys` in microseconds.
    pub cpu_sys_us: u64,
    /// `used_cpu_user` in microseconds.
    pub cpu_user_us: u64,
}

/// State of the administrative commands.
#[derive(Debug, Clone, Hash)]
pub(in crate::node) struct Admin {
    pub(in crate::node) usage: Usage,
    pub(in crate::node) commands: CommandStats,
    pub(in crate::node) rates: Rates,
    pub(in crate::node) watch: Stopwatch,
    pub(super) events: Events,
    pub(super) slowlog: VecDeque<Slow>,
    pub(super) next_slow: u64,
    /// Reads how many bytes are in use.
    pub(in crate::node) memory_gauge: Option<fn() -> u64>,
    /// Replies given for what the driver has yet to do.
    pub(super) promised: VecDeque<Promise>,
    /// `DEBUG SET-ACTIVE-EXPIRE`
    pub(in crate::node) active_expire: bool,
    /// Largest `used_memory` seen.
    pub(super) memory_peak: u64,
    /// Keys loaded and keys expired by the last load.
    pub(in crate::node) last_load: (u64, u64),
}

impl Default for Admin {
    fn default() -> Self {
        Self {
            usage: Usage::default(),
            commands: CommandStats::default(),
            rates: Rates::default(),
            watch: Stopwatch::default(),
            events: Events::default(),
            slowlog: VecDeque::new(),
            next_slow: 0,
            memory_gauge: None,
            promised: VecDeque::new(),
            active_expire: true,
            memory_peak: 0,
            last_load: (0, 0),
        }
    }
}

/// An entry of the slow log.
#[derive(Debug, Clone, Hash)]
pub(super) struct Slow {
    pub(super) id: u64,
    pub(super) unix_s: u64,
    pub(super) micros: u64,
    pub(super) args: Vec<Vec<u8>>,
    pub(super) peer: String,
    pub(super) name: Vec<u8>,
}

/// How often each command was called, by name.
#[derive(Debug, Clone, Default, Hash)]
pub(in crate::node) struct CommandStats {
    stats: Vec<CommandStat>,
    /// Where the last one was: the next one is likely to be the same.
    last: usize,
}

/// A line of `INFO commandstats`.
#[derive(Debug, Clone, Default, Hash)]
pub(super) struct CommandStat {
    pub(super) name: &'static str,
    pub(super) calls: u64,
    pub(super) rejected: u64,
    pub(super) failed: u64,
    pub(super) nanos: u64,
    pub(super) times: Histogram,
}

impl CommandStats {
    /// Counts a call that took this long; `timed`: also by its length.
    #[inline]
    pub(in crate::node) fn called(
        &mut self,
        name: &'static str,
        failed: bool,
        nanos: u64,
        timed: bool,
    ) {
        let stat = self.of(name);
        stat.calls += 1;
        stat.failed += u64::from(failed);
        stat.nanos += nanos;
        if timed {
            stat.times.add(nanos);
        }
    }

    /// Counts the failure of a call that was counted before.
    pub(in crate::node) fn failed(&mut self, name: &'static str) {
        self.of(name).failed += 1;
    }

    /// Counts a command that was refused before it ran.
    pub(in crate::node) fn rejected(&mut self, name: &'static str) {
        self.of(name).rejected += 1;
    }

    /// The lines, by name.
    pub(super) fn sorted(&self) -> Vec<&CommandStat> {
        let mut all: Vec<_> = self.stats.iter().collect();
        all.sort_unstable_by_key(|stat| stat.name);
        all
    }

    #[inline]
    fn of(&mut self, name: &'static str) -> &mut CommandStat {
        if self.stats.get(self.last).is_none_or(|stat| stat.name != name) {
            self.last = self.stats.iter().position(|stat| stat.name == name).unwrap_or_else(|| {
                self.stats.push(CommandStat { name, ..CommandStat::default() });
                self.stats.len() - 1
            });
        }
        &mut self.stats[self.last]
    }
}

/// Rates over the last second, for the `instantaneous` fields of `INFO stats`.
#[derive(Debug, Clone, Default, Hash)]
pub(in crate::node) struct Rates {
    at: Instant,
    totals: [u64; 5],
    /// Commands, then bytes in, out, in from the master, out to replicas; each per second.
    pub(super) per_second: [u64; 5],
}

impl Rates {
    /// Takes the totals at `now`, about once a second.
    pub(in crate::node) fn sample(&mut self, now: Instant, totals: [u64; 5]) {
        let micros = now.0.saturating_sub(self.at.0);
        if micros == 0 {
            return;
        }
        for (rate, (new, old)) in self.per_second.iter_mut().zip(totals.iter().zip(self.totals)) {
            *rate = new.saturating_sub(old).saturating_mul(1_000_000) / micros;
        }
        (self.at, self.totals) = (now, totals);
    }
}
