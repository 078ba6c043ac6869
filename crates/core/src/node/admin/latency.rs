//! The clock that commands are timed with, and `LATENCY`.
//!
//! A node takes its time from its inputs, so that every run can be repeated exactly. A driver may
//! give it a clock all the same, for statistics: nothing is ever decided by what it reads. Without
//! one (in a simulation) every command takes no time.

use crate::sorted::Sorted;
use std::collections::VecDeque;

use super::super::Node;
use super::super::conn::Conn;
use super::sparkline::graph;
use super::{Sub, help};
use crate::commands::{CmdError, CommandSpec, Flags, Outcome, lookup};
use crate::resp::Args;
use crate::trace::Trace;

/// Samples kept of each event, as in Redis.
const SAMPLES_MAX: usize = 160;

/// Measures commands, one after the other: where one ends, the next begins.
#[derive(Debug, Clone, Copy, Default, Hash)]
pub(in crate::node) struct Stopwatch {
    /// Reads the clock, in nanoseconds.
    pub(in crate::node) clock: Option<fn() -> u64>,
    /// The last reading.
    pub(in crate::node) at: u64,
    /// Time that the command at work will take when it is over (`DEBUG SLEEP`).
    pub(in crate::node) owed: u64,
}

impl Stopwatch {
    /// Reads the clock: what comes is measured from here.
    #[inline]
    pub(in crate::node) fn start(&mut self) {
        if let Some(clock) = self.clock {
            self.at = clock();
        }
    }

    /// Nanoseconds since `from`, an earlier reading.
    #[inline]
    pub(in crate::node) fn lap(&mut self, from: u64) -> u64 {
        self.start();
        self.at.saturating_sub(from) + std::mem::take(&mut self.owed)
    }
}

/// Latency spikes of one kind: seconds and milliseconds, the oldest first, and the worst ever.
#[derive(Debug, Clone, Default, Hash)]
pub(super) struct Spikes {
    samples: VecDeque<(u64, u64)>,
    worst: u64,
}

/// Spikes by event.
pub(in crate::node) type Events = Sorted<&'static str, Spikes>;

impl<T: Trace> Node<T> {
    /// Counts and times a command that ran. `began` is the stopwatch's reading from before.
    #[inline]
    pub(in crate::node) fn ran(
        &mut self,
        conn: &Conn,
        spec: &CommandSpec,
        args: Args<'_>,
        began: u64,
        failed: bool,
    ) {
        let nanos = self.admin.watch.lap(began);
        // A container's handler leaves the subcommand's name.
        let name = match conn.last_command.strip_prefix(spec.name) {
            Some(rest) if rest.starts_with('|') => conn.last_command,
            _ => spec.name,
        };
        let timed = self.config.latency_tracking && self.admin.watch.clock.is_some();
        self.admin.commands.called(name, failed, nanos, timed);
        if self.config.slowlog_micros >= 0 && nanos >= self.config.slowlog_micros as u64 * 1000 {
            self.note_slow(conn, spec, args, nanos / 1000);
        }
        let threshold = self.config.latency_threshold_ms;
        if threshold > 0 && nanos / 1_000_000 >= threshold {
            let fast = spec.flags.has(Flags::FAST);
            self.note_latency(if fast { "fast-command" } else { "command" }, nanos / 1_000_000);
        }
    }

    #[cold]
    fn note_latency(&mut self, event: &'static str, millis: u64) {
        let second = self.now.unix_ms / 1000;
        let spikes = self.admin.events.or_default(event);
        spikes.worst = spikes.worst.max(millis);
        match spikes.samples.back_mut() {
            // One sample a second, the worst.
            Some((at, worst)) if *at == second => *worst = millis.max(*worst),
            _ => spikes.samples.push_back((second, millis)),
        }
        if spikes.samples.len() > SAMPLES_MAX {
            spikes.samples.pop_front();
        }
    }

    /// `LATENCY`
    pub(super) fn latency(&mut self, conn: &mut Conn, args: Args<'_>) -> Outcome {
        let sub = Sub::new("latency", args);
        if sub.is("latest", 2)? {
            conn.out.array(self.admin.events.len());
            for (event, spikes) in self.admin.events.iter() {
                let (at, millis) = spikes.samples.back().copied().unwrap_or_default();
                conn.out.array(4);
                conn.out.bulk(event.as_bytes());
                [at, millis, spikes.worst].iter().for_each(|number| conn.out.int(*number as i64));
            }
        } else if sub.is("history", 3)? {
            let spikes = self.admin.events.iter().find(|(name, _)| name.as_bytes() == args.at(2));
            let samples = spikes.map(|(_, spikes)| &spikes.samples);
            conn.out.array(samples.map_or(0, VecDeque::len));
            for (at, millis) in samples.into_iter().flatten() {
                conn.out.array(2);
                [at, millis].iter().for_each(|number| conn.out.int(**number as i64));
            }
        } else if sub.is("graph", 3)? {
            let (event, spikes) = self
                .admin
                .events
                .iter()
                .find(|(name, _)| name.as_bytes() == args.at(2))
                .ok_or_else(|| {
                    CmdError::quoting("ERR No samples available for event '", args.at(2), "'")
                })?;
            let samples: Vec<(u64, u64)> = spikes.samples.iter().copied().collect();
            let text = graph(event, &samples, spikes.worst, self.now.unix_ms / 1000);
            conn.out.verbatim("txt", text.as_bytes());
        } else if sub.is("reset", -2)? {
            let before = self.admin.events.len();
            self.admin.events.retain(|event, _| {
                args.len() > 2 && args.from(2).all(|name| name != event.as_bytes())
            });
            conn.out.count(before - self.admin.events.len());
        } else if sub.is("histogram", -2)? {
            self.latency_histogram(conn, args);
        } else if sub.is("doctor", 2)? {
            conn.out.verbatim("txt", self.latency_report().as_bytes());
        } else if sub.is("help", 2)? {
            help(&mut conn.out, "LATENCY", HELP);
        } else {
            return Err(sub.unknown());
        }
        Ok(())
    }

    fn latency_histogram(&self, conn: &mut Conn, args: Args<'_>) {
        let asked: Vec<&[u8]> = args.from(2).collect();
        let wanted = |name: &str| {
            // A container's name stands for its subcommands.
            let is = |asked: &&[u8]| {
                let container = name.split('|').next().unwrap_or(name);
                asked.eq_ignore_ascii_case(name.as_bytes())
                    || (lookup(asked).is_some() && asked.eq_ignore_ascii_case(container.as_bytes()))
            };
            asked.is_empty() || asked.iter().any(is)
        };
        let all = self.admin.commands.sorted();
        let shown = || all.iter().filter(|s| !s.times.is_empty() && wanted(s.name));
        conn.out.map(shown().count());
        for stat in shown() {
            conn.out.bulk(stat.name.as_bytes());
            conn.out.map(2);
            conn.out.bulk(b"calls");
            conn.out.int(stat.calls as i64);
            conn.out.bulk(b"histogram_usec");
            let counts = stat.times.cumulative();
            conn.out.map(counts.len());
            for (micros, calls) in counts {
                conn.out.int(micros as i64);
                conn.out.int(calls as i64);
            }
        }
    }

    fn latency_report(&self) -> String {
        if self.config.latency_threshold_ms == 0 {
            return "I'm sorry, Dave, I can't do that. Latency monitoring is disabled in this Redis \
                    instance. You may use \"CONFIG SET latency-monitor-threshold <milliseconds>.\" \
                    in order to enable it. If we weren't in a deep space mission I'd suggest to \
                    take a look at https://redis.io/topics/latency-monitor.\n"
                .into();
        }
        if self.admin.events.is_empty() {
            return "Dave, no latency spike was observed during the lifetime of this Redis \
                    instance, not in the slightest bit. I honestly think you ought to sit down \
                    calmly, take a stress pill, and think things over.\n"
                .into();
        }
        let mut report =
            "Dave, I have observed latency spikes in this Redis instance.\n\n".to_owned();
        for (number, (event, spikes)) in self.admin.events.iter().enumerate() {
            let count = spikes.samples.len();
            let sum: u64 = spikes.samples.iter().map(|(_, millis)| millis).sum();
            report.push_str(&format!(
                "{}. {event}: {count} latency spikes (average {}ms, worst all time event {}ms).\n",
                number + 1,
                sum / count.max(1) as u64,
                spikes.worst
            ));
        }
        report.push_str("\nSLOWLOG GET shows the commands.\n");
        report
    }
}

const HELP: &[&str] = &[
    "DOCTOR",
    "    Return a human readable latency analysis report.",
    "GRAPH <event>",
    "    Return an ASCII latency graph for the <event> class.",
    "HISTORY <event>",
    "    Return time-latency samples for the <event> class.",
    "LATEST",
    "    Return the latest latency samples for all events.",
    "RESET [<event> ...]",
    "    Reset latency data of one or more <event> classes.",
    "    (default: reset all data for all event classes)",
    "HISTOGRAM [COMMAND ...]",
    "    Return a cumulative distribution of latencies in the format of a histogram for the \
     specified command names.",
    "    If no commands are specified then all histograms are replied.",
];
