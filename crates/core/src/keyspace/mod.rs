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
//! * A key is hashed once per command, and looked up with one probe.
//! * Iteration order depends on the seed and the history alone.

pub mod cut;
pub mod digest;
pub mod evict;
mod expire;
pub mod hash;
mod item;
pub mod list;
pub mod load;
mod notice;
pub mod set;
mod size;
pub mod small;
pub mod string;
pub mod table;
mod value;
mod walk;
pub mod watch;
pub mod zset;

pub use hash::Hash;
pub use list::List;
pub use notice::{KeyEvent, Notice};
pub use set::Set;
pub use small::SmallBytes;
pub use string::Str;
pub use value::Value;
pub use zset::ZSet;

use cut::Cut;
use expire::Deadlines;
use item::Item;
use notice::Notices;
use table::{Hasher, Table};
use watch::Watched;

/// What a lookup does with a key whose time has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Expiry {
    /// A master deletes it, and streams the deletion.
    #[default]
    Delete,
    /// A replica hides it from clients, and waits for its master's `DEL`. Only a write to such a
    /// key deletes it, without a word to anyone.
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
    /// It expires once this Unix time in milliseconds is past.
    At(u64),
}

/// Counters for `INFO stats`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Stats {
    /// `keyspace_hits`: reading lookups that found a key.
    pub hits: u64,
    /// `keyspace_misses`: reading lookups that found none.
    pub misses: u64,
    /// `expired_keys`: keys deleted because their time had come.
    pub expired: u64,
}

/// All databases of a node.
#[derive(Debug, Clone, Hash)]
pub struct Keyspace {
    dbs: Vec<Db>,
    hasher: Hasher,
    now_ms: u64,
    /// `now_ms` in seconds, for access times.
    clock: u32,
    expiry: Expiry,
    expired: Vec<(usize, Vec<u8>)>,
    watched: Watched,
    notices: Notices,
    cut: Option<Box<Cut>>,
    /// Version that the last snapshot gave to the buckets it had dealt with.
    epoch: u32,
    stats: Stats,
}

/// One database.
#[derive(Debug, Clone, Hash)]
struct Db {
    table: Table<Item>,
    deadlines: Deadlines,
    /// Which part of the snapshot in progress these keys are, if any.
    source: Option<usize>,
}

impl Db {
    fn new(hasher: Hasher) -> Self {
        Self { table: Table::with_hasher(hasher), deadlines: Deadlines::new(hasher), source: None }
    }
}

impl Keyspace {
    /// Empty databases, with hashing keyed by `seed`.
    pub fn new(seed: u64, databases: usize) -> Self {
        Self::with_hasher(Hasher::new(seed), databases)
    }

    fn with_hasher(hasher: Hasher, databases: usize) -> Self {
        Self {
            dbs: vec![Db::new(hasher); databases],
            hasher,
            now_ms: 0,
            clock: 0,
            expiry: Expiry::Delete,
            expired: Vec::new(),
            watched: Watched::default(),
            notices: Notices::default(),
            cut: None,
            epoch: 0,
            stats: Stats::default(),
        }
    }

    /// Empty databases, as many as here and hashed alike, in which to load a dataset that then
    /// takes the place of this one ([`Keyspace::replace_data`]).
    pub fn fresh(&self) -> Self {
        let mut fresh = Self::with_hasher(self.hasher, self.dbs.len());
        fresh.begin(self.now_ms, Expiry::Ignore);
        fresh
    }

    /// Sets the time at which the next commands happen, and how they treat expired keys.
    pub fn begin(&mut self, now_ms: u64, expiry: Expiry) {
        self.now_ms = now_ms;
        self.clock = (now_ms / 1000) as u32;
        self.expiry = expiry;
    }

    /// The time given to [`Keyspace::begin`].
    pub fn now_ms(&self) -> u64 {
        self.now_ms
    }

    /// The hash function of this keyspace's tables, for those of its collections.
    pub fn hasher(&self) -> Hasher {
        self.hasher
    }

    /// Hits, misses and expired keys so far.
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// Sets the counters to zero (`CONFIG RESETSTAT`).
    pub fn reset_stats(&mut self) {
        self.stats = Stats::default();
    }

    /// How many databases there are.
    pub fn databases(&self) -> usize {
        self.dbs.len()
    }

    /// How many keys database `db` holds, expired ones that were not yet deleted included.
    pub fn len(&self, db: usize) -> usize {
        self.dbs[db].table.len()
    }

    /// Whether database `db` holds no key.
    pub fn is_empty(&self, db: usize) -> bool {
        self.len(db) == 0
    }

    /// How many keys of a database have a time to live.
    pub fn volatile_len(&self, db: usize) -> usize {
        self.dbs[db].deadlines.len()
    }

    /// The value of a key, for reading. An expired one is deleted or hidden, see [`Expiry`].
    #[inline]
    pub fn get(&mut self, db: usize, key: &[u8]) -> Option<&Value> {
        let clock = self.clock;
        let item = self.read(db, key)?;
        item.touch(clock);
        Some(&item.value)
    }

    /// As [`Keyspace::get`], without counting as an access to the key (`TYPE`, `TTL`, `OBJECT`).
    pub fn inspect(&mut self, db: usize, key: &[u8]) -> Option<&Value> {
        self.read(db, key).map(|item| &item.value)
    }

    /// As [`Keyspace::get`], without any effect: for commands that look at several values at once,
    /// after [`Keyspace::get`] saw to each. What expired is found by the master's commands alone.
    pub fn peek(&self, db: usize, key: &[u8]) -> Option<&Value> {
        let base = &self.dbs[db];
        let id = base.table.find(self.hasher.hash(key), key)?;
        let item = base.table.by_id(id)?;
        let hidden = self.expiry != Expiry::Ignore && item.is_volatile() && self.is_due(db, id);
        (!hidden).then_some(&item.value)
    }

    /// As [`Keyspace::get`], for a change in place. The caller removes a collection that it
    /// emptied, with [`Keyspace::remove`].
    #[inline]
    pub fn get_mut(&mut self, db: usize, key: &[u8]) -> Option<&mut Value> {
        let hash = self.hasher.hash(key);
        let id = self.find(db, hash, key, true)?;
        self.show_to_cut(db, hash);
        let clock = self.clock;
        let item = self.dbs[db].table.by_id_mut(id)?;
        item.touch(clock);
        Some(&mut item.value)
    }

    /// The value of a key, inserted without a time to live if there is none.
    #[inline]
    pub fn get_or_insert_with(
        &mut self,
        db: usize,
        key: &[u8],
        new: impl FnOnce() -> Value,
    ) -> &mut Value {
        let hash = self.hasher.hash(key);
        let found = self.find(db, hash, key, true);
        self.show_to_cut(db, hash);
        if found.is_none() {
            self.key_added(db, key);
            self.notice_new(db, key);
        }
        let (clock, table) = (self.clock, &mut self.dbs[db].table);
        let id = found.unwrap_or_else(|| table.insert_new(hash, Item::new(key, new(), clock)));
        let item = table.by_id_mut(id).expect("it was found or inserted");
        item.touch(clock);
        &mut item.value
    }

    /// Whether a key is there for this command, which is about to set it. Counts as no access.
    pub fn exists(&mut self, db: usize, key: &[u8]) -> bool {
        self.find(db, self.hasher.hash(key), key, true).is_some()
    }

    /// Puts a value under a key, replacing what was there. Returns whether the key is new.
    pub fn insert(&mut self, db: usize, key: &[u8], value: Value, ttl: Ttl) -> bool {
        let hash = self.hasher.hash(key);
        let found = self.find(db, hash, key, true);
        self.show_to_cut(db, hash);
        let (clock, table) = (self.clock, &mut self.dbs[db].table);
        let id = match found {
            Some(id) => {
                let item = table.by_id_mut(id).expect("it was found");
                item.value = value;
                item.touch(clock);
                id
            }
            None => table.insert_new(hash, Item::new(key, value, clock)),
        };
        self.set_ttl(db, id, ttl);
        if found.is_none() {
            self.key_added(db, key);
            self.notice_new(db, key);
        }
        found.is_none()
    }

    /// Puts a string under a key, in the place of the one that was there if it fits. Returns
    /// whether the key is new.
    #[inline]
    pub fn set_str(&mut self, db: usize, key: &[u8], bytes: &[u8], ttl: Ttl) -> bool {
        let hash = self.hasher.hash(key);
        let found = self.find(db, hash, key, true);
        self.show_to_cut(db, hash);
        let (clock, table) = (self.clock, &mut self.dbs[db].table);
        let id = match found {
            Some(id) => {
                let item = table.by_id_mut(id).expect("it was found");
                match &mut item.value {
                    Value::Str(old) => old.set(bytes),
                    other => *other = Value::Str(Str::new(bytes)),
                }
                item.touch(clock);
                id
            }
            None => table.insert_new(hash, Item::new(key, Value::Str(Str::new(bytes)), clock)),
        };
        self.set_ttl(db, id, ttl);
        if found.is_none() {
            self.notice_new(db, key);
        }
        found.is_none()
    }

    /// Takes a key out.
    pub fn remove(&mut self, db: usize, key: &[u8]) -> Option<Value> {
        let hash = self.hasher.hash(key);
        let id = self.find(db, hash, key, true)?;
        self.take(db, hash, id)
    }

    /// When a key expires: `None` if there is no such key, `Some(None)` if it never does.
    pub fn expire_at(&mut self, db: usize, key: &[u8]) -> Option<Option<u64>> {
        let id = self.find(db, self.hasher.hash(key), key, false)?;
        let base = &self.dbs[db];
        let volatile = base.table.by_id(id)?.is_volatile();
        Some(if volatile { base.deadlines.get(id) } else { None })
    }

    /// Sets or clears a key's time to live (Unix milliseconds). False if there is no such key.
    pub fn set_expire_at(&mut self, db: usize, key: &[u8], at_ms: Option<u64>) -> bool {
        let hash = self.hasher.hash(key);
        let Some(id) = self.find(db, hash, key, true) else { return false };
        self.show_to_cut(db, hash);
        self.set_ttl(db, id, at_ms.map_or(Ttl::Clear, Ttl::At));
        true
    }

    /// Seconds since a key was last read or written, without this counting as such.
    pub fn idle_seconds(&mut self, db: usize, key: &[u8]) -> Option<u64> {
        let clock = self.clock;
        let id = self.find(db, self.hasher.hash(key), key, false)?;
        self.dbs[db].table.by_id(id).map(|item| u64::from(item.idle(clock)))
    }

    /// Makes a key look as if it had last been used so many seconds ago (`RESTORE IDLETIME`).
    pub fn set_idle_seconds(&mut self, db: usize, key: &[u8], seconds: u64) {
        let clock = self.clock.wrapping_sub(seconds as u32);
        if let Some(item) = self.dbs[db].table.get_mut(key) {
            item.touch(clock);
        }
    }

    /// The keys deleted because their time had come, since the last call: the master streams a
    /// `DEL` for each.
    pub fn take_expired(&mut self) -> Vec<(usize, Vec<u8>)> {
        std::mem::take(&mut self.expired)
    }

    /// Whether [`Keyspace::take_expired`] has something to give.
    #[inline]
    pub fn has_expired(&self) -> bool {
        !self.expired.is_empty()
    }
}

/// Whole databases.
impl Keyspace {
    /// Empties one database and returns how many keys it held.
    pub fn flush(&mut self, db: usize) -> usize {
        self.touch_watched_of(&[db], |watched, keys: &Self| keys.contains(db, watched));
        let old = std::mem::replace(&mut self.dbs[db], Db::new(self.hasher));
        let keys = old.table.len();
        self.leave_to_cut(old);
        keys
    }

    /// Empties all databases and returns how many keys they held.
    pub fn flush_all(&mut self) -> usize {
        (0..self.dbs.len()).map(|db| self.flush(db)).sum()
    }

    /// Exchanges two databases (`SWAPDB`).
    pub fn swap_db(&mut self, a: usize, b: usize) {
        let either =
            |watched: &[u8], keys: &Self| keys.contains(a, watched) || keys.contains(b, watched);
        self.touch_watched_of(&[a, b], either);
        self.dbs.swap(a, b);
        self.swapped_keys_are_ready(&[a, b]);
    }

    /// Puts another dataset in the place of this one, which stays as it was for a snapshot in
    /// progress. Counters and watched keys remain.
    pub fn replace_data(&mut self, mut new: Self) {
        for db in 0..self.dbs.len() {
            let theirs = &new;
            let either = |watched: &[u8], keys: &Self| {
                keys.contains(db, watched)
                    || (db < theirs.dbs.len() && theirs.contains(db, watched))
            };
            self.touch_watched_of(&[db], either);
        }
        new.dbs.resize_with(self.dbs.len(), || Db::new(new.hasher));
        let old = std::mem::replace(&mut self.dbs, new.dbs);
        self.hasher = new.hasher;
        old.into_iter().for_each(|db| self.leave_to_cut(db));
    }

    /// Prepares a database for so many keys in all.
    pub fn reserve(&mut self, db: usize, keys: usize) {
        self.dbs[db].table.reserve(keys);
    }

    /// Whether a key is there, expired or not.
    fn contains(&self, db: usize, key: &[u8]) -> bool {
        self.dbs[db].table.get_id(key).is_some()
    }
}

/// Looking up.
impl Keyspace {
    /// The id of a key that is there for this command. `write` tells whether it is about to be
    /// changed.
    #[inline]
    fn find(&mut self, db: usize, hash: u64, key: &[u8], write: bool) -> Option<u32> {
        let table = &self.dbs[db].table;
        let id = table.find(hash, key)?;
        if table.by_id(id)?.is_volatile() && self.expire_if_due(db, hash, id, write) {
            return None;
        }
        Some(id)
    }

    /// Looks a key up for reading and counts whether it was there.
    #[inline]
    fn read(&mut self, db: usize, key: &[u8]) -> Option<&mut Item> {
        let Some(id) = self.find(db, self.hasher.hash(key), key, false) else {
            self.stats.misses += 1;
            self.notice_miss(db, key);
            return None;
        };
        self.stats.hits += 1;
        self.dbs[db].table.by_id_mut(id)
    }

    /// Takes a key out by its id.
    fn take(&mut self, db: usize, hash: u64, id: u32) -> Option<Value> {
        self.show_to_cut(db, hash);
        let base = &mut self.dbs[db];
        let item = base.table.remove_id(hash, id)?;
        if item.is_volatile() {
            base.deadlines.remove(id);
        }
        Some(item.value)
    }

    #[inline]
    fn set_ttl(&mut self, db: usize, id: u32, ttl: Ttl) {
        let own = self.expiry == Expiry::Hide;
        let base = &mut self.dbs[db];
        let Some(item) = base.table.by_id_mut(id) else { return };
        match ttl {
            Ttl::Keep => {}
            Ttl::Clear => {
                if item.is_volatile() {
                    item.set_volatile(false);
                    base.deadlines.remove(id);
                }
            }
            Ttl::At(ms) => {
                item.set_volatile(true);
                base.deadlines.set(id, ms, own);
            }
        }
    }
}

#[cfg(test)]
mod tests;
