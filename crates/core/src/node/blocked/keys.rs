//! Clients that wait for elements of lists and sorted sets.
//!
//! As Redis 7.0 does it: a key that came into being is *ready*; once the command (or the whole
//! transaction) is over, its first waiter is served from that very key, then the next, as long as
//! it holds elements. Serving may make other keys ready (`BLMOVE`): they come after.

use super::{Node, Wait};
use crate::commands::{CommandSpec, Effects, Group, Run};
use crate::id::ConnId;
use crate::keyspace::Value;
use crate::node::conn::Conn;
use crate::resp::{Args, OwnedArgs};
use crate::trace::Trace;

/// A blocking command that found nothing.
#[derive(Debug, Clone, Hash)]
pub(in crate::node) struct OnKeys {
    spec: &'static CommandSpec,
    db: usize,
    command: OwnedArgs,
    first: usize,
    count: usize,
}

impl OnKeys {
    pub(super) fn command(&self) -> Args<'_> {
        self.command.args()
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &[u8]> {
        self.command.args().from(self.first).take(self.count)
    }

    /// Whether a value of this kind is what the command waits for.
    fn wants(&self, value: &Value) -> bool {
        match value {
            Value::List(_) => self.spec.group == Group::List,
            Value::ZSet(_) => self.spec.group == Group::SortedSet,
            _ => false,
        }
    }

    /// The same command, for one of its keys only.
    fn narrowed_to(&self, key: &[u8]) -> OwnedArgs {
        let args = self.command.args();
        let mut words: Vec<&[u8]> = args.from(0).collect();
        if self.first > 1 {
            // What precedes the keys is their number.
            words[self.first - 1] = b"1";
        }
        words.splice(self.first..self.first + self.count, [key]);
        // Redis streams its own words for the ends of a list.
        for word in words.iter_mut().skip(3) {
            for end in [&b"left"[..], b"right"] {
                if word.eq_ignore_ascii_case(end) {
                    *word = end;
                }
            }
        }
        OwnedArgs::new(&words)
    }
}

impl<T: Trace> Node<T> {
    /// The command just run found nothing and may wait for it.
    pub(in crate::node) fn block_on_keys(
        &mut self,
        conn: &mut Conn,
        spec: &'static CommandSpec,
        args: Args<'_>,
    ) {
        let Some(wait) = self.effects.wait else { return };
        let (first, count) = (wait.first_key, wait.keys);
        let on_keys = OnKeys { spec, db: conn.db, command: args.into(), first, count };
        self.block(conn, Wait::Keys(on_keys), wait.timeout_ms);
    }

    pub(super) fn await_keys(&mut self, id: ConnId, wait: &OnKeys) {
        for key in wait.keys() {
            let name = (wait.db, key.to_vec());
            let queue = self.waiting.keys.entry(name).or_default();
            if queue.is_empty() {
                self.keyspace.set_awaited(wait.db, key, true);
            }
            // The same key given twice counts once.
            if queue.back() != Some(&id) {
                queue.push_back(id);
            }
        }
    }

    pub(super) fn await_keys_no_more(&mut self, id: ConnId, wait: &OnKeys) {
        for key in wait.keys() {
            let name = (wait.db, key.to_vec());
            let Some(queue) = self.waiting.keys.get_mut(&name) else { continue };
            if queue.front() == Some(&id) {
                queue.pop_front();
            } else {
                queue.retain(|waiting| *waiting != id);
            }
            if queue.is_empty() {
                self.waiting.keys.remove(&name);
                self.keyspace.set_awaited(wait.db, key, false);
            }
        }
    }

    /// Serves whoever waits for keys that came into being.
    #[cold]
    pub(in crate::node) fn serve_ready_keys(&mut self) {
        while self.keyspace.has_ready() {
            for (db, key) in self.keyspace.take_ready() {
                self.serve_key(db, &key);
            }
        }
    }

    fn serve_key(&mut self, db: usize, key: &[u8]) {
        let name = (db, key.to_vec());
        loop {
            self.begin_read();
            let Some(value) = self.keyspace.peek(db, key) else { return };
            let Some(queue) = self.waiting.keys.get(&name) else { return };
            let wants = |id: &&ConnId| {
                let waiter = self.conns.get(**id).and_then(|conn| conn.blocked.as_deref());
                matches!(waiter.map(|blocked| &blocked.wait), Some(Wait::Keys(w)) if w.wants(value))
            };
            // Who is served leaves the queue, so this comes to an end.
            let Some(id) = queue.iter().find(wants).copied() else { return };
            let Some(mut conn) = self.conns.take(id) else { return };
            self.serve(&mut conn, key);
            self.put_back(conn);
        }
    }

    /// Runs the command that the client waits with, for this key.
    fn serve(&mut self, conn: &mut Conn, key: &[u8]) {
        let Some(Wait::Keys(wait)) = self.release(conn, "served") else { return };
        let Run::Data(handler) = wait.spec.run else { return };
        let mark = conn.out.bytes().len();
        let command = wait.narrowed_to(key);
        // As in Redis, the call was counted when the client was blocked, and what it takes is no
        // change more than what was put there.
        let dirty = self.saving.dirty;
        let outcome = self.call_data(conn, wait.spec, handler, command.args());
        self.saving.dirty = dirty;
        if let Err(error) = outcome {
            self.admin.commands.failed(wait.spec.name);
            self.stats.error_reply(error.code());
            conn.out.error_bytes(error.bytes());
        }
        conn.write_offset = self.stream.master_repl_offset();
        self.settle_reply(conn, mark);
    }
}

impl Effects {
    /// Whether the command asked to wait.
    #[inline]
    pub(in crate::node) fn waits(&self) -> bool {
        self.wait.is_some()
    }
}
