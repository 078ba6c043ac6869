//! Which key to give up when memory is full: the best of a few chosen at random, as Redis does.

use super::Keyspace;
use super::table::Entry as _;
use crate::rng::Rng;

/// What makes a key a good one to give up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Victim {
    /// Nothing: any will do.
    Random,
    /// It was not used for long.
    Idle,
    /// Its time is nearest.
    Deadline,
}

impl Keyspace {
    /// Database and name of a key to give up; `volatile`: only of those with a time to live.
    /// `None` if there is no such key.
    pub fn victim(
        &self,
        by: Victim,
        volatile: bool,
        samples: usize,
        rng: &mut Rng,
    ) -> Option<(usize, Vec<u8>)> {
        let mut best: Option<(u64, usize, &[u8])> = None;
        for db in 0..self.dbs.len() {
            for _ in 0..samples.max(1) {
                let Some((score, key)) = self.candidate(db, by, volatile, rng) else { break };
                if best.is_none_or(|(other, ..)| score > other) {
                    best = Some((score, db, key));
                }
                if by == Victim::Deadline {
                    break; // It is the very nearest.
                }
            }
        }
        best.map(|(_, db, key)| (db, key.to_vec()))
    }

    fn candidate(
        &self,
        db: usize,
        by: Victim,
        volatile: bool,
        rng: &mut Rng,
    ) -> Option<(u64, &[u8])> {
        let (table, deadlines) = (&self.dbs[db].table, &self.dbs[db].deadlines);
        if by == Victim::Deadline {
            let (at, id) = deadlines.first()?;
            return Some((u64::MAX - at, table.by_id(id)?.key()));
        }
        let item = match volatile {
            true => table.by_id(deadlines.random(rng)?)?,
            false => table.random(rng)?,
        };
        let score = match by {
            Victim::Idle => u64::from(item.idle(self.clock)),
            _ => rng.next_u64(),
        };
        Some((score, item.key()))
    }

    /// Deletes a key that was chosen.
    pub fn evict(&mut self, db: usize, key: &[u8]) {
        let hash = self.hasher.hash(key);
        let table = &self.dbs[db].table;
        if let Some(id) = table.find(hash, key) {
            self.take(db, hash, id);
            self.touch_watched(db, key);
            self.notice_evicted(db, key);
        }
    }
}
