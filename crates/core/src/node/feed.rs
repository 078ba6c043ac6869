//! What the replication stream says about a command.
//!
//! A *unit* is one command of a client, or one EXEC: everything it propagates goes out together.
//! One command goes out as it is; several are wrapped in MULTI and EXEC, so that a replica applies
//! them at once.

use super::Node;
use crate::commands::deletion;
use crate::config::Era;
use crate::mutants::{Mutant, mutant};
use crate::resp::Args;
use crate::resp::request::encode;
use crate::trace::{Event, Fed, Trace};

/// Capacity kept for collecting a unit, at most.
const UNIT_KEEP_BYTES: usize = 64 * 1024;

/// The commands that the current unit propagates, when they cannot go straight to the stream.
#[derive(Debug, Clone, Default, Hash)]
pub(super) struct Unit {
    /// Inside EXEC: commands are collected until it ends.
    pub(super) collecting: bool,
    bytes: Vec<u8>,
    /// Database and end in `bytes` of each command, and why it is there.
    ops: Vec<(usize, usize, Fed)>,
}

impl Unit {
    fn push(&mut self, db: usize, why: Fed, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.bytes);
        self.ops.push((db, self.bytes.len(), why));
    }
}

impl<T: Trace> Node<T> {
    /// Propagates what the command just run did (`self.effects`), and the deletion of keys that it
    /// found expired.
    pub(super) fn propagate(&mut self, db: usize, args: Args<'_>) {
        let expired = self.keyspace.take_expired();
        let effective = self.effects.dirty > 0 || self.effects.force;
        if !effective && expired.is_empty() {
            return;
        }
        self.saving.dirty += self.effects.dirty + expired.len() as u64;
        if !self.feeds_stream() {
            return;
        }
        let verbatim = match self.effects.rewritten() {
            None => true,
            Some(_) if mutant(Mutant::NotRewritten) => true,
            Some(_) if mutant(Mutant::SpopVerbatim) && is_spop(args.at(0)) => true,
            Some(_) if self.config.era.is_modern() => false,
            Some((bytes, _)) => is_verbatim_before_7(args.at(0), bytes),
        };
        if verbatim && expired.is_empty() && !self.unit.collecting {
            self.feed_select(db);
            self.feed(args.raw(), Fed::Command);
            return;
        }
        for (db, key) in expired {
            self.push_expired(db, &key);
        }
        if effective {
            let effects = &self.effects;
            match effects.rewritten() {
                _ if verbatim => {
                    self.unit.push(db, Fed::Command, |out| out.extend_from_slice(args.raw()));
                }
                None => {}
                Some((bytes, _)) if let Some(plain) = without_keepttl(self.config.era, bytes) => {
                    self.unit.push(db, Fed::Command, |out| out.extend_from_slice(&plain));
                }
                Some((bytes, count)) => {
                    for command in split(bytes, count) {
                        self.unit.push(db, Fed::Command, |out| out.extend_from_slice(command));
                    }
                }
            }
        }
        if !self.unit.collecting {
            self.flush_unit();
        }
    }

    /// Propagates a command of the node's own (`FLUSHALL`, `SWAPDB`) as the client gave it.
    pub(super) fn propagate_own(&mut self, db: usize, args: Args<'_>, dirty: u64) {
        if mutant(Mutant::FlushNotStreamed) {
            return;
        }
        self.effects.clear();
        self.effects.dirty = dirty;
        self.effects.force = true;
        self.propagate(db, args);
    }

    /// Streams the deletion of keys that the active cycle, not a command, found expired: each is a
    /// unit of its own.
    pub(super) fn propagate_expired(&mut self) {
        let expired = self.keyspace.take_expired();
        self.saving.dirty += expired.len() as u64;
        self.feed_expired(expired);
    }

    /// Streams a `DEL` for each of these keys, which are gone already.
    pub(super) fn feed_expired(&mut self, expired: Vec<(usize, Vec<u8>)>) {
        for (db, key) in expired {
            self.push_expired(db, &key);
            if self.feeds_stream() && !mutant(Mutant::ExpiryNotStreamed) {
                self.flush_unit();
            } else {
                self.unit.ops.clear();
                self.unit.bytes.clear();
            }
        }
    }

    fn push_expired(&mut self, db: usize, key: &[u8]) {
        let name = deletion(self.config.lazyfree_lazy_expire);
        self.unit.push(db, Fed::Expire, |out| encode(out, &[name, key]));
        self.record(Event::Expired { db, key: key.to_vec() });
    }

    /// Ends the unit: sends what was collected to the stream.
    pub(super) fn flush_unit(&mut self) {
        let collected = std::mem::take(&mut self.unit.collecting);
        self.flush_ops_as(collected && !self.config.era.is_modern());
    }

    /// Sends the collected commands to the stream, as a transaction if there are several.
    pub(super) fn flush_ops(&mut self) {
        self.flush_ops_as(false);
    }

    /// `always`: also one command is a transaction, as EXEC had it before Redis 7.
    fn flush_ops_as(&mut self, always: bool) {
        let mut unit = std::mem::take(&mut self.unit);
        if let Some((first_db, ..)) = unit.ops.first() {
            let transaction = (always || unit.ops.len() > 1) && !mutant(Mutant::MultiNotWrapped);
            if transaction {
                self.feed_select(*first_db);
                self.feed(b"*1\r\n$5\r\nMULTI\r\n", Fed::Transaction);
            }
            let mut start = 0;
            for (db, end, why) in &unit.ops {
                self.feed_select(*db);
                self.feed(&unit.bytes[start..*end], *why);
                start = *end;
            }
            if transaction {
                self.feed(b"*1\r\n$4\r\nEXEC\r\n", Fed::Transaction);
            }
        }
        unit.bytes.clear();
        unit.bytes.shrink_to(UNIT_KEEP_BYTES);
        unit.ops.clear();
        self.unit = unit;
    }

    /// Whether this node produces a stream: it is a master, or a replica before Redis 4.0, and
    /// somebody may want it.
    pub(super) fn feeds_stream(&self) -> bool {
        let own = self.config.replicaof.is_none() || !self.config.era.has_psync2();
        own && self.stream.is_active()
    }

    /// Emits SELECT if the stream's database is another one.
    pub(super) fn feed_select(&mut self, db: usize) {
        if self.selected == Some(db) {
            return;
        }
        self.selected = Some(db);
        let mut select = Vec::with_capacity(32);
        if self.config.era.has_psync() {
            encode(&mut select, &[b"SELECT", db.to_string().as_bytes()]);
        } else {
            select.extend_from_slice(format!("select {db}\r\n").as_bytes());
        }
        self.feed(&select, Fed::Select);
    }

    /// A snapshot begins: what follows it must say its database. Redis 2.6 keeps that for each
    /// replica, and a fresh one is in database 0.
    pub(super) fn select_anew(&mut self) {
        if mutant(Mutant::SelectNotReemitted) {
            return;
        }
        let fresh =
            !self.config.era.has_psync() && (self.replicas.len() == 1 || self.selected == Some(0));
        self.selected = fresh.then_some(0);
    }

    /// Appends bytes to the stream of a master.
    pub(super) fn feed(&mut self, bytes: &[u8], why: Fed) {
        if self.trace.is_fine() {
            let from = self.stream.master_repl_offset() + 1;
            self.record(Event::Fed { from, bytes: bytes.to_vec(), why });
        }
        self.stream.append(bytes);
        self.stream_grew = true;
    }

    /// `PING` to the replicas, every `repl-ping-replica-period`.
    pub(super) fn feed_ping(&mut self) {
        if self.feeds_stream() && !self.makes_last_snapshot() && !self.failover_holds_ping() {
            let ping: &[u8] = match self.config.era {
                Era::V7 => b"*1\r\n$4\r\nping\r\n",
                _ => b"*1\r\n$4\r\nPING\r\n",
            };
            self.feed(ping, Fed::Ping);
        }
    }
}

fn is_spop(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"spop")
}

/// Before Redis 7 commands with a time to live were streamed as they came, unless that time was
/// over.
fn is_verbatim_before_7(name: &[u8], rewritten: &[u8]) -> bool {
    let timed: [&[u8]; 7] =
        [b"expire", b"pexpire", b"expireat", b"pexpireat", b"set", b"setex", b"psetex"];
    let deleted = [&b"*2\r\n$3\r\nDEL"[..], b"*2\r\n$6\r\nUNLINK"];
    timed.iter().any(|timed| name.eq_ignore_ascii_case(timed))
        && !deleted.iter().any(|deletion| rewritten.starts_with(deletion))
}

/// `INCRBYFLOAT` is streamed as SET; its KEEPTTL came with Redis 6.
fn without_keepttl(era: Era, bytes: &[u8]) -> Option<Vec<u8>> {
    let set = bytes.strip_prefix(b"*4\r\n$3\r\nSET\r\n").filter(|_| !era.is_modern())?;
    let plain = set.strip_suffix(b"$7\r\nKEEPTTL\r\n")?;
    Some([b"*3\r\n$3\r\nSET\r\n", plain].concat())
}

/// Splits `count` commands that [`encode`] wrote one after the other.
fn split(mut bytes: &[u8], count: usize) -> impl Iterator<Item = &[u8]> {
    (0..count).map(move |_| {
        let (command, rest) = bytes.split_at(encoded_len(bytes));
        bytes = rest;
        command
    })
}

/// Length of the first command in bytes that [`encode`] wrote.
fn encoded_len(bytes: &[u8]) -> usize {
    let number = |at: &mut usize| {
        let mut value = 0;
        *at += 1;
        while let Some(digit) = bytes.get(*at).filter(|b| b.is_ascii_digit()) {
            value = value * 10 + usize::from(digit - b'0');
            *at += 1;
        }
        *at += 2;
        value
    };
    let mut at = 0;
    for _ in 0..number(&mut at) {
        let len = number(&mut at);
        at += len + 2;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_commands_split_where_they_end() {
        let mut bytes = Vec::new();
        encode(&mut bytes, &[b"SREM", b"s", b"a\r\nb"]);
        let first = bytes.len();
        encode(&mut bytes, &[b"DEL", b""]);
        let parts: Vec<_> = split(&bytes, 2).collect();
        assert_eq!(parts, [&bytes[..first], &bytes[first..]]);
    }
}
