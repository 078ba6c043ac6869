//! Redis's data commands, as functions over the keyspace.
//!
//! One file (or folder) per family, each with its `COMMANDS` table: name, arity, flags, key
//! positions, documentation and handler sit side by side. Commands about connections, the server
//! and replication are listed in [`server`] and carried out by the node, which alone has what they
//! need.

pub mod bitmap;
pub mod error;
#[cfg(test)]
mod from_master;
pub mod hash;
pub mod keys;
pub mod list;
pub mod pubsub;
pub(crate) mod random;
pub(crate) mod scan;
pub mod server;
pub mod set;
pub mod string;
pub mod table;
#[cfg(test)]
pub(crate) mod testing;
pub(crate) mod timeout;
pub mod zset;

pub use error::CmdError;
pub use table::{CommandSpec, Flags, Group, Keys, Run, lookup};

use crate::keyspace::{KeyEvent, Keyspace, Value};
use crate::resp::{Args, Reply};
use crate::rng::Rng;

/// Elements of packed collections as replies.
pub(crate) trait ReplyElem {
    /// Writes the element as a bulk string.
    fn reply(&self, reply: &mut Reply);
}

impl ReplyElem for crate::packed::Elem<'_> {
    #[inline]
    fn reply(&self, reply: &mut Reply) {
        match self {
            Self::Int(value) => reply.bulk_int(*value),
            Self::Bytes(bytes) => reply.bulk(bytes),
        }
    }
}

/// What a handler returns: an error becomes the reply. A handler must not have written to the reply
/// nor changed anything before it fails.
pub type Outcome = Result<(), CmdError>;

/// A data command's implementation.
pub type Handler = fn(&mut Ctx<'_>, Args<'_>) -> Outcome;

/// All that a data command may touch.
#[derive(Debug)]
pub struct Ctx<'a> {
    /// The databases.
    pub keyspace: &'a mut Keyspace,
    /// The client's selected database.
    pub db: usize,
    /// Where the reply goes.
    pub reply: &'a mut Reply,
    /// What the command did to the data, for replication.
    pub effects: &'a mut Effects,
    /// Randomness (`SPOP`, `RANDOMKEY`...).
    pub rng: &'a mut Rng,
    /// Redis's encoding thresholds (`hash-max-listpack-entries`...), which `CONFIG SET` changes.
    pub limits: &'a crate::config::EncodingLimits,
    /// Whether what is past is left to a master: the command comes from ours, or a client changes a
    /// replica that may be written to.
    pub from_master: bool,
    /// `lazyfree-lazy-expire`: the stream says `UNLINK` for keys whose time has come.
    pub lazy_expire: bool,
}

impl Ctx<'_> {
    /// Wall clock of this command, Unix milliseconds.
    pub fn now_ms(&self) -> u64 {
        self.keyspace.now_ms()
    }

    /// Says what happened to `key` of the selected database, and by how many units of Redis's
    /// `dirty` counter it changed: the command will be propagated, and who watches the key will
    /// know. To be called once for each key changed, never when nothing changed.
    #[inline]
    pub fn changed(&mut self, event: KeyEvent, key: &[u8], changes: u64) {
        let db = self.db;
        self.changed_in(event, db, key, changes);
    }

    /// As [`Ctx::changed`], for a key of another database.
    #[inline]
    pub fn changed_in(&mut self, event: KeyEvent, db: usize, key: &[u8], changes: u64) {
        self.keyspace.touch_watched(db, key);
        self.keyspace.notice(event, db, key);
        self.effects.dirty += changes;
    }

    /// Says what else happened to `key` of the selected database: it was told that it changed.
    pub fn notice(&mut self, event: KeyEvent, key: &[u8]) {
        self.keyspace.notice(event, self.db, key);
    }

    /// A member or an element of `key` is gone, and with the last one (`emptied`) the key.
    pub fn removed(&mut self, event: KeyEvent, key: &[u8], emptied: bool, changes: u64) {
        if emptied {
            self.keyspace.remove(self.db, key);
        }
        self.changed(event, key, changes);
        if emptied {
            self.notice(KeyEvent::DEL, key);
        }
    }

    /// Propagates the deletion of `key`, whose time had come when it was set.
    pub fn stream_expired(&mut self, key: &[u8]) {
        self.effects.rewrite(&[deletion(self.lazy_expire), key]);
    }

    /// The value under `key`, for reading.
    pub fn read(&mut self, key: &[u8]) -> Option<&Value> {
        self.keyspace.get(self.db, key)
    }
}

/// How the stream deletes a key whose time has come.
pub(crate) fn deletion(lazy: bool) -> &'static [u8] {
    if lazy { b"UNLINK" } else { b"DEL" }
}

/// What a command did, for replication: how much it changed, and what the stream must say if it is
/// not the client's own words.
#[derive(Debug, Clone, Default, Hash)]
pub struct Effects {
    /// Units of change, Redis's `dirty`. Zero: nothing is propagated.
    pub dirty: u64,
    /// The commands to propagate instead of the client's, as RESP, one after the other.
    rewrite: Vec<u8>,
    /// How many commands `rewrite` holds. Two or more are wrapped in MULTI/EXEC.
    rewrites: usize,
    rewritten: bool,
    /// Propagate the command even if it changed nothing (`PUBLISH`, `SCRIPT`, `PFCOUNT`).
    pub force: bool,
    /// A blocking command found nothing, and would wait for its keys. Its reply is what it says
    /// where nobody may wait: inside a transaction.
    pub wait: Option<Wait>,
}

/// How a blocking command would wait for its keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Wait {
    /// Milliseconds; 0 is for ever.
    pub timeout_ms: u64,
    /// Index of the first key among the arguments.
    pub first_key: usize,
    /// How many keys.
    pub keys: usize,
}

impl Effects {
    /// Forgets everything, keeping the buffer.
    pub fn clear(&mut self) {
        self.dirty = 0;
        self.rewrite.clear();
        self.rewrites = 0;
        self.rewritten = false;
        self.force = false;
        self.wait = None;
    }

    /// Says that a blocking command found nothing under its keys.
    pub fn wait(&mut self, timeout_ms: u64, first_key: usize, keys: usize) {
        self.wait = Some(Wait { timeout_ms, first_key, keys });
    }

    /// Propagates `args` in place of the client's command; called again, it appends a command.
    pub fn rewrite(&mut self, args: &[&[u8]]) {
        self.rewritten = true;
        self.rewrites += 1;
        crate::resp::request::encode(&mut self.rewrite, args);
    }

    /// Propagates nothing at all in place of the client's command.
    pub fn rewrite_to_nothing(&mut self) {
        self.rewritten = true;
    }

    /// The commands that replace the client's: their RESP and their number; `None` to propagate the
    /// client's own bytes.
    pub fn rewritten(&self) -> Option<(&[u8], usize)> {
        self.rewritten.then_some((self.rewrite.as_slice(), self.rewrites))
    }
}
