//! `maxmemory`: keys are given up, or writes refused, before memory is used up.

use super::Node;
use crate::commands::{CmdError, CommandSpec, Flags};
use crate::keyspace::evict::Victim;
use crate::resp::request::encode;
use crate::trace::{Event, Fed, Level, Trace};

pub(super) const OOM: CmdError =
    CmdError::fixed("OOM command not allowed when used memory > 'maxmemory'.");

/// Keys given up for one command at most: the next command goes on.
const EVICTIONS_MAX: usize = 64;

impl<T: Trace> Node<T> {
    /// Bytes in use: counted by the driver's allocator, or else estimated.
    pub(super) fn used_memory(&self) -> u64 {
        match self.admin.memory_gauge {
            Some(gauge) => gauge(),
            None => self.keyspace.memory() + self.stream.memory() as u64,
        }
    }

    /// Bytes that `maxmemory` is not about: what replicas have yet to be sent.
    pub(super) fn uncounted_memory(&self) -> u64 {
        (self.stream.memory() as u64).saturating_sub(self.config.repl_backlog_size)
    }

    fn is_full(&self) -> bool {
        self.used_memory().saturating_sub(self.uncounted_memory()) > self.config.maxmemory
    }

    /// Makes room; true if that was not possible and this command would need some. `in_multi`:
    /// whether a command that is queued, or is about to be, would.
    #[cold]
    pub(super) fn out_of_memory(&mut self, spec: &CommandSpec, in_multi: bool) -> bool {
        let is_replica = self.config.replicaof.is_some();
        if (is_replica && self.config.replica_ignore_maxmemory) || self.is_paused() {
            return false;
        }
        for _ in 0..EVICTIONS_MAX {
            if !self.is_full() {
                return false;
            }
            if !self.evict_one() {
                return spec.flags.has(Flags::DENYOOM) || in_multi;
            }
        }
        false
    }

    fn evict_one(&mut self) -> bool {
        let policy = self.config.maxmemory_policy.as_str();
        let by = match policy.split_once('-').map(|(_, by)| by) {
            // There are no counters of accesses: what was not used for long is used seldom.
            Some("lru" | "lfu") => Victim::Idle,
            Some("random") => Victim::Random,
            Some("ttl") => Victim::Deadline,
            _ => return false,
        };
        let volatile = policy.starts_with("volatile");
        let samples = self.config.maxmemory_samples;
        self.begin_read();
        let victim = self.keyspace.victim(by, volatile, samples, &mut self.rng);
        let Some((db, key)) = victim else { return false };
        let used = self.used_memory();
        self.keyspace.evict(db, &key);
        if self.keyspace.has_notices() {
            self.waiting.come_back();
        }
        self.stats.evicted_keys += 1;
        self.saving.dirty += 1;
        if self.feeds_stream() {
            let mut bytes = Vec::new();
            encode(&mut bytes, &[b"DEL".as_slice(), &key]);
            self.feed_select(db);
            self.feed(&bytes, Fed::Evict);
        }
        let limit = self.config.maxmemory;
        self.record(Event::Evicted { db, key, used, limit });
        true
    }

    /// A new `maxmemory` may be less than what is used already.
    pub(super) fn check_maxmemory(&mut self) {
        let (limit, used) = (self.config.maxmemory, self.used_memory());
        if limit > 0 && used > limit {
            let text = format!(
                "WARNING: the new maxmemory value set via CONFIG SET ({limit}) is smaller than the \
                 current memory usage ({used}). This will result in key eviction and/or the \
                 inability to accept new write commands depending on the maxmemory-policy."
            );
            self.log(Level::Warning, text);
        }
    }
}
