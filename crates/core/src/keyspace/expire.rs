//! Times to live, apart from the keys: a key without one costs nothing.

use std::collections::BTreeSet;
use std::num::NonZeroU64;

use super::table::{Entry, Hasher, Table};
use super::{Expiry, Keyspace};
use crate::mutants::{Mutant, mutant};
use crate::rng::Rng;

/// The deadlines of a database's keys, by the key's id in the table, and in the order of time: the
/// node knows exactly when the next key is due, and sleeps until then.
#[derive(Debug, Clone, Hash)]
pub(super) struct Deadlines {
    by_id: Table<Deadline>,
    by_time: BTreeSet<(u64, u32)>,
    /// The sum of the deadlines, for their average.
    sum: u128,
    /// Those of them that a client of a writable replica has set: no master will delete the keys.
    own: BTreeSet<(u64, u32)>,
}

#[derive(Debug, Clone, Hash)]
struct Deadline {
    id: [u8; 4],
    /// One more than the Unix time in milliseconds, so that a free place in the table is smaller.
    at: NonZeroU64,
}

impl Entry for Deadline {
    fn key(&self) -> &[u8] {
        &self.id
    }
}

impl Deadlines {
    pub(super) fn new(hasher: Hasher) -> Self {
        let (by_time, own) = (BTreeSet::new(), BTreeSet::new());
        Self { by_id: Table::with_hasher(hasher), by_time, sum: 0, own }
    }

    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// When the key with this id expires.
    pub(super) fn get(&self, id: u32) -> Option<u64> {
        self.by_id.get(&id.to_le_bytes()).map(|d| d.at.get() - 1)
    }

    /// Sets a deadline and returns the one there was. `own`: not by the master's word.
    pub(super) fn set(&mut self, id: u32, at_ms: u64, own: bool) -> Option<u64> {
        let at = NonZeroU64::MIN.saturating_add(at_ms);
        let old = self.by_id.insert(Deadline { id: id.to_le_bytes(), at });
        let old = old.map(|d| d.at.get() - 1);
        if let Some(old) = old {
            self.forget(old, id);
        }
        self.by_time.insert((at.get() - 1, id));
        self.sum += u128::from(at.get() - 1);
        if own {
            self.own.insert((at.get() - 1, id));
        }
        old
    }

    /// Takes a deadline away.
    pub(super) fn remove(&mut self, id: u32) -> Option<u64> {
        let at = self.by_id.remove(&id.to_le_bytes())?.at.get() - 1;
        self.forget(at, id);
        Some(at)
    }

    fn forget(&mut self, at: u64, id: u32) {
        self.by_time.remove(&(at, id));
        self.sum -= u128::from(at);
        if !self.own.is_empty() {
            self.own.remove(&(at, id));
        }
    }

    /// The id of a key with a deadline, chosen at random.
    pub(super) fn random(&self, rng: &mut Rng) -> Option<u32> {
        self.by_id.random(rng).map(|deadline| u32::from_le_bytes(deadline.id))
    }

    /// The earliest deadline and whose it is.
    pub(super) fn first(&self) -> Option<(u64, u32)> {
        self.by_time.first().copied()
    }

    /// The same, perhaps only of the replica's own.
    fn first_of(&self, own: bool) -> Option<(u64, u32)> {
        if own { self.own.first().copied() } else { self.first() }
    }

    pub(super) fn memory(&self) -> usize {
        self.by_id.memory()
            + (self.by_time.len() + self.own.len()) * size_of::<(u64, u32)>() * 4 / 3
    }
}

impl Keyspace {
    /// Deletes keys whose time has come, up to `budget` of them, as a master does all the time, or
    /// only those whose time a writable replica's clients have set (`own`).
    /// Returns how many; fewer than `budget` means that none is left.
    pub fn expire_cycle(&mut self, budget: usize, own: bool) -> usize {
        let mut deleted = 0;
        for db in 0..self.dbs.len() {
            while deleted < budget {
                let Some((at, id)) = self.dbs[db].deadlines.first_of(own) else { break };
                if at >= self.now_ms {
                    break;
                }
                let table = &self.dbs[db].table;
                let Some(item) = table.by_id(id) else { break };
                let hash = table.hash(item.key());
                self.expire(db, hash, id);
                deleted += 1;
            }
        }
        deleted
    }

    /// The first Unix time in milliseconds at which a key will have expired; `None` if no key has a
    /// time to live. `own` as for [`Self::expire_cycle`].
    pub fn next_expire_hint(&self, own: bool) -> Option<u64> {
        self.dbs.iter().filter_map(|db| db.deadlines.first_of(own)).map(|(at, _)| at + 1).min()
    }

    /// The average time to live at `now_ms` of a database's keys that have one, in milliseconds.
    pub fn average_ttl(&self, db: usize, now_ms: u64) -> u64 {
        let deadlines = &self.dbs[db].deadlines;
        let average = deadlines.sum.checked_div(deadlines.len() as u128).unwrap_or(0);
        u64::try_from(average).unwrap_or(u64::MAX).saturating_sub(now_ms)
    }

    /// How many times to live a writable replica's clients have set.
    pub fn own_deadlines(&self) -> usize {
        self.dbs.iter().map(|db| db.deadlines.own.len()).sum()
    }

    /// Whether the time of the key with this id has come.
    pub(super) fn is_due(&self, db: usize, id: u32) -> bool {
        self.dbs[db].deadlines.get(id).is_some_and(|at| at < self.now_ms)
    }

    /// Whether the command must not see a key that has a time to live. A master deletes it then.
    #[cold]
    pub(super) fn expire_if_due(&mut self, db: usize, hash: u64, id: u32, write: bool) -> bool {
        let readable = mutant(Mutant::ExpiredReadable) && self.expiry == Expiry::Hide && !write;
        if readable || self.expiry == Expiry::Ignore || !self.is_due(db, id) {
            return false;
        }
        if self.expiry == Expiry::Delete {
            self.expire(db, hash, id);
        } else if write {
            self.take(db, hash, id);
        }
        true
    }

    /// Deletes a key because its time has come, and queues its name.
    fn expire(&mut self, db: usize, hash: u64, id: u32) {
        let Some(key) = self.key_by_id(db, id).map(<[u8]>::to_vec) else { return };
        self.take(db, hash, id);
        self.touch_watched(db, &key);
        self.stats.expired += 1;
        self.notice_expired(db, &key);
        self.expired.push((db, key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_are_ordered_and_replaced() {
        let mut deadlines = Deadlines::new(Hasher::new(1));
        assert_eq!(deadlines.set(7, 300, false), None);
        assert_eq!(deadlines.set(9, 200, false), None);
        assert_eq!(deadlines.first(), Some((200, 9)));
        assert_eq!(deadlines.set(9, 400, false), Some(200));
        assert_eq!((deadlines.first(), deadlines.get(9)), (Some((300, 7)), Some(400)));
        assert_eq!(deadlines.sum, 700);
        assert_eq!((deadlines.remove(7), deadlines.remove(7)), (Some(300), None));
        assert_eq!((deadlines.first(), deadlines.len(), deadlines.sum), (Some((400, 9)), 1, 400));
        deadlines.set(1, u64::MAX, false);
        assert_eq!(deadlines.get(1), Some(u64::MAX - 1));
    }
}
