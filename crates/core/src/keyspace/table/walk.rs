//! Walking a table bit by bit while it changes: cursors, random choice, snapshots.
//!
//! A cursor is a place in the order of the hash: the segment (as a prefix of the hash and the
//! length of that prefix) and the bucket in it, in 64ths of a segment. It stays below 2^53, since
//! some client libraries keep cursors in doubles.

use std::hint::black_box;

use super::segment::{BUCKETS, Segment};
use super::{Entry, Table};
use crate::rng::Rng;

const BUCKET_BITS: u32 = 6;
const DEPTH_BITS: u32 = 6;
/// Buckets visited for each element asked for, at most, when many are empty.
const EMPTY_MAX: usize = 10;

/// A decoded cursor.
#[derive(Debug, Clone, Copy)]
struct Position {
    prefix: u64,
    depth: u32,
    /// In 64ths of the segment.
    bucket: usize,
}

impl Position {
    fn decode(cursor: u64) -> Option<Self> {
        let bucket = (cursor & ((1 << BUCKET_BITS) - 1)) as usize;
        let depth = (cursor >> BUCKET_BITS & ((1 << DEPTH_BITS) - 1)) as u32;
        let prefix = cursor >> (BUCKET_BITS + DEPTH_BITS);
        (depth < 40 && prefix < 1 << depth).then_some(Self { prefix, depth, bucket })
    }

    fn encode(self) -> u64 {
        self.prefix << (BUCKET_BITS + DEPTH_BITS)
            | u64::from(self.depth) << BUCKET_BITS
            | self.bucket as u64
    }

    /// The lowest hash with this prefix.
    fn hash(self) -> u64 {
        if self.depth == 0 { 0 } else { self.prefix << (64 - self.depth) }
    }

    /// The first bucket of `segment` that is not known to be done. Where the segment joins several
    /// of the time of the cursor, only the cursor being in the last of them says that the others
    /// are done.
    fn first_bucket(self, segment: &Segment) -> usize {
        let within = self.depth.saturating_sub(u32::from(segment.depth));
        let last = (1 << within) - 1;
        if self.prefix & last == last { self.bucket * segment.homes() / BUCKETS } else { 0 }
    }

    /// The place after bucket `home` of the segment at this position; `None` at the end.
    fn after(self, segment: &Segment, home: usize) -> Option<Self> {
        let depth = u32::from(segment.depth);
        let prefix = if depth == 0 { 0 } else { self.hash() >> (64 - depth) };
        let bucket = (home + 1) * BUCKETS / segment.homes();
        if bucket < BUCKETS {
            Some(Self { prefix, depth, bucket })
        } else {
            (prefix + 1 < 1 << depth).then_some(Self { prefix: prefix + 1, depth, bucket: 0 })
        }
    }
}

impl<E: Entry> Table<E> {
    /// Calls `visit` with the id and the entry of about `count` entries from `cursor` on (0: the
    /// start) and returns the cursor for the next call, 0 at the end. As with Redis, every entry
    /// that is in the table from the first call to the last is visited at least once, however the
    /// table grows or shrinks in between. A made-up cursor is harmless.
    pub fn scan(&self, cursor: u64, count: usize, mut visit: impl FnMut(u32, &E)) -> u64 {
        let Some(mut position) = Position::decode(cursor).filter(|_| self.len > 0) else {
            return 0;
        };
        let (mut seen, mut buckets) = (0, 0);
        loop {
            let segment =
                &self.segments[self.directory[self.directory_index(position.hash())] as usize];
            let home = position.first_bucket(segment);
            for id in segment.ids_of(home, |id| self.hash_of(id)) {
                if let Some(entry) = self.slab.get(id) {
                    visit(id, entry);
                    seen += 1;
                }
            }
            buckets += 1;
            match position.after(segment, home) {
                None => return 0,
                Some(next) => position = next,
            }
            if seen >= count || buckets >= count.saturating_mul(EMPTY_MAX) {
                return position.encode();
            }
        }
    }

    /// An entry of the first bucket that has one, from a random place on.
    pub(super) fn random_by_index(&self, rng: &mut Rng) -> Option<&E> {
        if self.len == 0 {
            return None;
        }
        let bucket = rng.below(BUCKETS as u64) as usize;
        let depth = u32::from(self.depth);
        let prefix = rng.below(1 << depth);
        let mut position = Position { prefix, depth, bucket };
        loop {
            let index = self.directory[self.directory_index(position.hash())] as usize;
            let segment = &self.segments[index];
            let home = position.first_bucket(segment);
            let count = segment.ids_of(home, |id| self.hash_of(id)).count();
            if count > 0 {
                let chosen = rng.below(count as u64) as usize;
                let id = segment.ids_of(home, |id| self.hash_of(id)).nth(chosen)?;
                return self.slab.get(id);
            }
            position = position.after(segment, home).unwrap_or(Position {
                prefix: 0,
                depth: 0,
                bucket: 0,
            });
        }
    }
}

/// Versions of buckets, for snapshots.
impl<E: Entry> Table<E> {
    /// Keeps buckets from being joined, so that their versions keep their meaning, or allows it
    /// again.
    pub fn pin(&mut self, pinned: bool) {
        self.pinned = pinned;
        if !pinned && self.len == 0 {
            self.clear();
        }
    }

    /// If the bucket of `hash` is older than `version`, brings it up to that version and calls
    /// `visit` for its entries.
    pub fn advance(&mut self, hash: u64, version: u32, visit: impl FnMut(u32, &E)) {
        if let Some(index) = self.segment_of(hash) {
            let home = self.segments[index].home(hash);
            self.advance_bucket(index, home, version, visit);
        }
    }

    /// As [`Table::advance`], for the bucket at `cursor`. Returns the cursor of the next bucket, 0
    /// after the last.
    pub fn advance_at(&mut self, cursor: u64, version: u32, visit: impl FnMut(u32, &E)) -> u64 {
        let Some(position) = Position::decode(cursor).filter(|_| !self.segments.is_empty()) else {
            return 0;
        };
        let index = self.directory[self.directory_index(position.hash())] as usize;
        let home = position.first_bucket(&self.segments[index]);
        self.warm_ahead(&self.segments[index], home);
        self.advance_bucket(index, home, version, visit);
        position.after(&self.segments[index], home).map_or(0, Position::encode)
    }

    /// A walk in the order of buckets meets entries in no order at all: their cache misses overlap
    /// if the entries of the buckets to come are loaded now, and then what those own.
    fn warm_ahead(&self, segment: &Segment, home: usize) {
        let ids = |ahead: usize| {
            let bucket = (home + ahead < segment.homes()).then(|| segment.bucket(home + ahead));
            bucket.into_iter().flat_map(|bucket| bucket.used().map(|(id, _)| id))
        };
        let entries: usize = ids(2).map(|id| self.warm_entry(id)).sum();
        let owned: usize = ids(1).map(|id| self.warm_owned(id)).sum();
        black_box(entries + owned);
    }

    fn advance_bucket(
        &mut self,
        index: usize,
        home: usize,
        version: u32,
        mut visit: impl FnMut(u32, &E),
    ) {
        let segment = &self.segments[index];
        if segment.bucket(home).version() >= version {
            return;
        }
        for id in segment.ids_of(home, |id| self.hash_of(id)) {
            if let Some(entry) = self.slab.get(id) {
                visit(id, entry);
            }
        }
        self.segments[index].bucket_mut(home).set_version(version);
    }
}
