//! `MEMORY`

use super::super::Node;
use super::super::conn::{CONN_BYTES, Conn, Kind};
use super::{Sub, help};
use crate::commands::{CmdError, Outcome};
use crate::num::parse_i64;
use crate::resp::Args;
use crate::trace::Trace;

/// What memory is used for, in bytes, as estimated.
#[derive(Debug, Clone, Copy)]
pub(super) struct MemoryUse {
    pub(super) dataset: u64,
    pub(super) backlog: u64,
    pub(super) clients: u64,
    pub(super) replicas: u64,
    total: u64,
}

impl MemoryUse {
    pub(super) fn overhead(&self) -> u64 {
        self.backlog + self.clients + self.replicas
    }

    pub(super) fn total(&self) -> u64 {
        self.total
    }
}

impl<T: Trace> Node<T> {
    /// Estimates what memory is used for, and notes the peak.
    pub(super) fn memory_use(&mut self, conn: &Conn) -> MemoryUse {
        let (mut clients, mut replicas) = (0, 0);
        for conn in self.conns.iter().chain([conn]) {
            let bytes = CONN_BYTES + conn.pending.capacity() + conn.out.bytes().len();
            match conn.kind {
                Kind::Replica(_) => replicas += bytes as u64,
                Kind::Client | Kind::Master => clients += bytes as u64,
            }
        }
        let backlog = self.stream.memory() as u64;
        let overhead = backlog + clients + replicas;
        let total = match self.admin.memory_gauge {
            Some(gauge) => gauge(),
            None => self.keyspace.memory() + overhead,
        };
        let dataset = total.saturating_sub(overhead);
        let used = MemoryUse { dataset, backlog, clients, replicas, total };
        self.admin.memory_peak = self.admin.memory_peak.max(used.total());
        used
    }

    pub(super) fn memory(&mut self, conn: &mut Conn, args: Args<'_>) -> Outcome {
        let sub = Sub::new("memory", args);
        if sub.is("usage", -3)? {
            return self.memory_usage(conn, args);
        } else if sub.is("stats", 2)? {
            self.memory_stats(conn);
        } else if sub.is("doctor", 2)? {
            let text = "Sizes here are estimates of what values need; the allocator is not \
                        watched, so there is nothing to diagnose. See INFO memory.\n";
            conn.out.verbatim("txt", text.as_bytes());
        } else if sub.is("malloc-stats", 2)? {
            conn.out.verbatim("txt", b"Stats not supported for the current allocator");
        } else if sub.is("purge", 2)? {
            conn.out.ok();
        } else if sub.is("help", 2)? {
            help(&mut conn.out, "MEMORY", HELP);
        } else {
            return Err(sub.unknown());
        }
        Ok(())
    }

    /// `MEMORY USAGE key [SAMPLES count]`; everything is counted, nothing sampled.
    fn memory_usage(&mut self, conn: &mut Conn, args: Args<'_>) -> Outcome {
        let mut at = 3;
        while let Some(option) = args.get(at) {
            let count = args.get(at + 1).filter(|_| option.eq_ignore_ascii_case(b"samples"));
            let count = parse_i64(count.ok_or(CmdError::SYNTAX)?).ok_or(CmdError::NOT_INT)?;
            if count < 0 {
                return Err(CmdError::SYNTAX);
            }
            at += 2;
        }
        self.begin_read();
        let key = args.at(2);
        match self.keyspace.inspect(conn.db, key) {
            None => conn.out.null(),
            Some(value) => {
                let heap_key = if key.len() > 22 { key.len() } else { 0 };
                let own = size_of_val(value) + 24;
                conn.out.count(own + heap_key + value.heap_memory());
            }
        }
        Ok(())
    }

    fn memory_stats(&mut self, conn: &mut Conn) {
        let used = self.memory_use(conn);
        let keys: usize = (0..self.keyspace.databases()).map(|db| self.keyspace.len(db)).sum();
        let numbers = [
            ("peak.allocated", self.admin.memory_peak),
            ("total.allocated", used.total()),
            ("startup.allocated", 0),
            ("replication.backlog", used.backlog),
            ("clients.slaves", used.replicas),
            ("clients.normal", used.clients),
            ("cluster.links", 0),
            ("aof.buffer", 0),
            ("lua.caches", 0),
            ("functions.caches", 0),
            ("overhead.total", used.overhead()),
            ("keys.count", keys as u64),
            ("keys.bytes-per-key", used.dataset / (keys as u64).max(1)),
            ("dataset.bytes", used.dataset),
        ];
        let percent = |part: u64, whole: u64| part as f64 * 100.0 / whole.max(1) as f64;
        conn.out.map(numbers.len() + 2);
        for (name, value) in numbers {
            conn.out.bulk(name.as_bytes());
            conn.out.int(value as i64);
        }
        conn.out.bulk(b"dataset.percentage");
        conn.out.double(percent(used.dataset, used.total()));
        conn.out.bulk(b"peak.percentage");
        conn.out.double(percent(used.total(), self.admin.memory_peak));
    }
}

const HELP: &[&str] = &[
    "DOCTOR",
    "    Say why there is no report.",
    "MALLOC-STATS",
    "    Nothing: the allocator keeps no statistics.",
    "PURGE",
    "    Accepted, without effect.",
    "STATS",
    "    Return information about the memory usage of the server.",
    "USAGE <key> [SAMPLES <count>]",
    "    Return memory in bytes used by <key> and its value.",
];
