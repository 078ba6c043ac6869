//! Walking the keys of a database: scanning, choosing at random, listing, warming the cache.

use std::hint::black_box;

use super::table::Entry;
use super::{Expiry, Keyspace, Value};
use crate::rng::Rng;

/// Keys tried by [`Keyspace::random_key`] when those it meets have expired but may not be deleted.
const RANDOM_TRIES: usize = 100;

impl Keyspace {
    /// A key chosen at random.
    pub fn random_key(&mut self, db: usize, rng: &mut Rng) -> Option<&[u8]> {
        let mut tries = 0;
        let id = loop {
            let table = &self.dbs[db].table;
            let item = table.random(rng)?;
            let hash = table.hash(item.key());
            let id = table.find(hash, item.key())?;
            tries += 1;
            if !item.is_volatile() || !self.expire_if_due(db, hash, id, false) {
                break id;
            }
            // All keys of a replica may have expired: then one of those is the answer.
            if self.expiry == Expiry::Hide && tries == RANDOM_TRIES {
                break id;
            }
        };
        self.key_by_id(db, id)
    }

    /// One step of `SCAN`: the ids of the keys that pass `keep`, and the next cursor. Their names
    /// are at [`Keyspace::key_by_id`]. See [`super::table::Table::scan`] for what is guaranteed.
    pub fn scan(
        &mut self,
        db: usize,
        cursor: u64,
        count: usize,
        mut keep: impl FnMut(&[u8], &Value) -> bool,
    ) -> (u64, Vec<u32>) {
        let table = &self.dbs[db].table;
        let mut ids = Vec::new();
        let next = table.scan(cursor, count, |id, item| {
            if keep(item.key(), &item.value) {
                ids.push(id);
            }
        });
        self.drop_expired(db, &mut ids);
        (next, ids)
    }

    /// The ids of all keys that pass `keep`. What has expired is passed over, not deleted: as in
    /// Redis, this one reading command is no reason to.
    pub fn keys(&self, db: usize, mut keep: impl FnMut(&[u8]) -> bool) -> Vec<u32> {
        let hides = self.expiry != Expiry::Ignore;
        let found = self.dbs[db].table.iter_ids().filter(|(id, item)| {
            keep(item.key()) && !(hides && item.is_volatile() && self.is_due(db, *id))
        });
        found.map(|(id, _)| id).collect()
    }

    /// The name of a key given by its id, valid until the next change of the database.
    pub fn key_by_id(&self, db: usize, id: u32) -> Option<&[u8]> {
        self.dbs[db].table.by_id(id).map(Entry::key)
    }

    /// All keys of a database with their values and deadlines, expired ones included.
    pub fn iter(&self, db: usize) -> impl Iterator<Item = (&[u8], &Value, Option<u64>)> {
        let base = &self.dbs[db];
        base.table.iter_ids().map(|(id, item)| {
            let at = if item.is_volatile() { base.deadlines.get(id) } else { None };
            (item.key(), &item.value, at)
        })
    }

    /// Bytes of memory that keys and values take, estimated from some of them.
    pub fn memory(&self) -> u64 {
        const SAMPLES: usize = 32;
        let estimate = |db: &super::Db| {
            let tables = db.table.memory() + db.deadlines.memory();
            let sampled: usize = db.table.iter().take(SAMPLES).map(|i| i.value.heap_memory()).sum();
            let samples = db.table.len().clamp(1, SAMPLES);
            tables as u64 + sampled as u64 * db.table.len() as u64 / samples as u64
        };
        self.dbs.iter().map(estimate).sum()
    }

    fn drop_expired(&mut self, db: usize, ids: &mut Vec<u32>) {
        if self.dbs[db].deadlines.len() == 0 {
            return;
        }
        ids.retain(|id| {
            let table = &self.dbs[db].table;
            let Some(item) = table.by_id(*id) else { return false };
            let hash = table.hash(item.key());
            !item.is_volatile() || !self.expire_if_due(db, hash, *id, false)
        });
    }
}

/// Batches of commands overlap the cache misses of their lookups.
impl Keyspace {
    /// The hash of a key, for [`Keyspace::warm`].
    #[inline]
    pub fn hash(&self, key: &[u8]) -> u64 {
        self.hasher.hash(key)
    }

    /// Brings what lookups of these keys (given by their hashes) will read into the cache. Best for
    /// some 8 to 32 keys that are looked up right afterwards.
    pub fn warm(&self, db: usize, hashes: &[u64], scratch: &mut Vec<u32>) {
        let table = &self.dbs[db].table;
        scratch.clear();
        scratch.extend(hashes.iter().map(|hash| table.warm(*hash)));
        let sum = scratch.iter().fold(0, |sum, id| sum + table.warm_entry(*id));
        let owned = scratch.iter().fold(0, |sum, id| sum + table.warm_owned(*id));
        black_box(sum + owned);
    }
}
