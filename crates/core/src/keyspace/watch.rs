//! Keys that clients watch (`WATCH`), so that their transactions fail if another changes them, and
//! keys that blocked clients wait for.

use std::collections::BTreeMap;

use super::{Expiry, Keyspace};

/// Watched and awaited keys by database, with how many watch them and how often they changed.
#[derive(Debug, Clone, Default, Hash)]
pub(super) struct Watched {
    keys: BTreeMap<(usize, Vec<u8>), Counts>,
    /// Awaited keys that came into being, in this order, each once.
    ready: Vec<(usize, Vec<u8>)>,
    /// Grows with every change, so that a key watched again does not repeat a version.
    clock: u64,
}

#[derive(Debug, Clone, Default, Hash)]
struct Counts {
    clients: u32,
    version: u64,
    /// Somebody waits for the key.
    awaited: bool,
    /// It is in `ready`.
    ready: bool,
}

/// What a client remembers of a key it watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WatchVersion {
    version: u64,
    /// The key's time had already come: that it is then deleted is no change.
    expired: bool,
}

impl Keyspace {
    /// Begins to watch a key. Every call needs a [`Keyspace::unwatch`].
    pub fn watch(&mut self, db: usize, key: &[u8]) -> WatchVersion {
        let expired = self.is_expired(db, key);
        let counts = self.watched.keys.entry((db, key.to_vec())).or_default();
        counts.clients += 1;
        if counts.clients == 1 {
            counts.version = self.watched.clock;
        }
        WatchVersion { version: counts.version, expired }
    }

    /// Ends one [`Keyspace::watch`].
    pub fn unwatch(&mut self, db: usize, key: &[u8]) {
        let name = (db, key.to_vec());
        if let Some(counts) = self.watched.keys.get_mut(&name) {
            counts.clients -= 1;
            if counts.clients == 0 && !counts.awaited {
                self.watched.keys.remove(&name);
            }
        }
    }

    /// Whether a watched key changed since, or its time has come.
    pub fn watch_changed(&self, db: usize, key: &[u8], since: WatchVersion) -> bool {
        if !since.expired && self.is_expired(db, key) {
            return true;
        }
        let version = self.watched.keys.get(&(db, key.to_vec())).map(|counts| counts.version);
        let deletion_of_expired = since.expired && !self.contains(db, key);
        version != Some(since.version) && !deletion_of_expired
    }

    /// Notes that a key changed, for those who watch it.
    #[inline]
    pub fn touch_watched(&mut self, db: usize, key: &[u8]) {
        if !self.watched.keys.is_empty() {
            self.touch_watched_key(db, key);
        }
    }

    #[cold]
    fn touch_watched_key(&mut self, db: usize, key: &[u8]) {
        if let Some(counts) = self.watched.keys.get_mut(&(db, key.to_vec())) {
            self.watched.clock += 1;
            counts.version = self.watched.clock;
        }
    }

    /// Says whether somebody waits for a key to come into being.
    pub fn set_awaited(&mut self, db: usize, key: &[u8], awaited: bool) {
        let name = (db, key.to_vec());
        let counts = self.watched.keys.entry(name).or_default();
        counts.awaited = awaited;
        if counts.clients == 0 && !awaited {
            self.watched.keys.remove(&(db, key.to_vec()));
        }
    }

    /// Notes that a key came into being, for those who wait for it. As in Redis, a value that takes
    /// the place of another in one step (`SORT ... STORE`) wakes nobody.
    #[inline]
    pub fn key_added(&mut self, db: usize, key: &[u8]) {
        if !self.watched.keys.is_empty() {
            self.awaited_key_added(db, key);
        }
    }

    #[cold]
    fn awaited_key_added(&mut self, db: usize, key: &[u8]) {
        let name = (db, key.to_vec());
        if let Some(counts) = self.watched.keys.get_mut(&name)
            && counts.awaited
            && !counts.ready
        {
            counts.ready = true;
            self.watched.ready.push(name);
        }
    }

    /// Whether [`Keyspace::take_ready`] has something to give.
    #[inline]
    pub fn has_ready(&self) -> bool {
        !self.watched.ready.is_empty()
    }

    /// The awaited keys that came into being since the last call, in that order.
    pub fn take_ready(&mut self) -> Vec<(usize, Vec<u8>)> {
        let ready = std::mem::take(&mut self.watched.ready);
        for name in &ready {
            if let Some(counts) = self.watched.keys.get_mut(name) {
                counts.ready = false;
            }
        }
        ready
    }

    /// Two databases were exchanged: awaited keys that are there now are ready.
    pub(super) fn swapped_keys_are_ready(&mut self, dbs: &[usize]) {
        for db in dbs {
            let awaited = self.watched.keys.range((*db, Vec::new())..(*db + 1, Vec::new()));
            let awaited = awaited.filter(|(_, counts)| counts.awaited);
            let there = awaited.filter(|((_, key), _)| self.contains(*db, key));
            let there: Vec<Vec<u8>> = there.map(|((_, key), _)| key.clone()).collect();
            there.iter().for_each(|key| self.awaited_key_added(*db, key));
        }
    }

    /// Notes a change of every watched key of these databases for which `changed` holds.
    pub(super) fn touch_watched_of(
        &mut self,
        dbs: &[usize],
        changed: impl Fn(&[u8], &Self) -> bool,
    ) {
        if self.watched.keys.is_empty() {
            return;
        }
        let mut watched = std::mem::take(&mut self.watched);
        for ((db, key), counts) in &mut watched.keys {
            if dbs.contains(db) && changed(key, self) {
                watched.clock += 1;
                counts.version = watched.clock;
            }
        }
        self.watched = watched;
    }

    /// Whether a key is there but its time has come.
    fn is_expired(&self, db: usize, key: &[u8]) -> bool {
        self.expiry != Expiry::Ignore
            && self.dbs[db].table.get_id(key).is_some_and(|id| self.is_due(db, id))
    }
}

#[cfg(test)]
mod tests {
    use crate::keyspace::{Expiry, Keyspace, Str, Ttl, Value};

    fn value() -> Value {
        Value::Str(Str::new(b"v"))
    }

    #[test]
    fn only_changes_of_the_watched_key_count() {
        let mut keys = Keyspace::new(1, 2);
        keys.begin(1_000, Expiry::Delete);
        let version = keys.watch(0, b"k");
        keys.touch_watched(0, b"other");
        keys.touch_watched(1, b"k");
        assert!(!keys.watch_changed(0, b"k", version));
        keys.touch_watched(0, b"k");
        assert!(keys.watch_changed(0, b"k", version));
        keys.unwatch(0, b"k");
        let again = keys.watch(0, b"k");
        assert!(!keys.watch_changed(0, b"k", again));
        assert!(keys.watch_changed(0, b"k", version));
    }

    #[test]
    fn a_deadline_that_passes_is_a_change_unless_it_had_passed() {
        let mut keys = Keyspace::new(1, 1);
        keys.begin(1_000, Expiry::Delete);
        keys.insert(0, b"k", value(), Ttl::At(1_500));
        let before = keys.watch(0, b"k");
        keys.begin(1_501, Expiry::Delete);
        assert!(keys.watch_changed(0, b"k", before));
        let after = keys.watch(0, b"k");
        assert!(!keys.watch_changed(0, b"k", after));
        assert!(keys.get(0, b"k").is_none());
        assert!(!keys.watch_changed(0, b"k", after), "deleting what had expired is no change");
        keys.insert(0, b"k", value(), Ttl::Clear);
        keys.touch_watched(0, b"k");
        assert!(keys.watch_changed(0, b"k", after));
    }

    #[test]
    fn emptying_and_swapping_touch_the_keys_that_were_there() {
        let mut keys = Keyspace::new(1, 2);
        keys.insert(0, b"here", value(), Ttl::Clear);
        let here = keys.watch(0, b"here");
        let nowhere = keys.watch(0, b"nowhere");
        keys.swap_db(0, 1);
        assert!(keys.watch_changed(0, b"here", here));
        assert!(!keys.watch_changed(0, b"nowhere", nowhere));
        let there = keys.watch(1, b"here");
        keys.flush_all();
        assert!(keys.watch_changed(1, b"here", there));
        assert!(!keys.watch_changed(0, b"nowhere", nowhere));
    }
}
