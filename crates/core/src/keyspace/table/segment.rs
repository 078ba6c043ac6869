//! A group of buckets that grows, splits and shrinks on its own.

use super::bucket::{Bucket, SLOTS, tag_of};
use crate::keyspace::size::VEC_BYTES;

/// Home buckets of a full segment; beyond it splits.
pub(super) const BUCKETS: usize = 64;

const LINE_BYTES: usize = size_of::<Bucket>();

/// A slot of the index.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// A home bucket, or beyond them a line of the stash.
    pub(super) line: usize,
    pub(super) slot: usize,
    pub(super) id: u32,
}

/// 1 to [`BUCKETS`] home buckets, in the order of the hash, and the stash: lines for entries whose
/// home is full.
///
/// The home buckets are an allocation of their own, since its size is a power of two: allocators
/// give 4,096 bytes for 4,096, and align them at no cost, but 5,120 for two lines more.
#[derive(Debug, Clone, Hash)]
pub(super) struct Segment {
    buckets: Box<[Bucket]>,
    #[allow(clippy::box_collection)] // most segments have none, and a vector would make all larger
    stash: Option<Box<Vec<Bucket>>>,
    /// Binary logarithm of the number of home buckets.
    bits: u8,
    /// How many top bits of the hash all entries here have in common.
    pub(super) depth: u8,
    pub(super) len: u32,
}

impl Segment {
    pub(super) fn new(bits: u8, depth: u8) -> Self {
        let buckets = vec![Bucket::new(0); 1 << bits].into_boxed_slice();
        Self { buckets, stash: None, bits, depth, len: 0 }
    }

    pub(super) fn bits(&self) -> u8 {
        self.bits
    }

    pub(super) fn homes(&self) -> usize {
        1 << self.bits
    }

    /// Slots of the home buckets.
    pub(super) fn capacity(&self) -> usize {
        self.homes() * SLOTS
    }

    pub(super) fn memory(&self) -> usize {
        let stash = self.stash.as_ref().map_or(0, |s| VEC_BYTES + s.capacity() * LINE_BYTES);
        self.buckets.len() * LINE_BYTES + stash
    }

    fn stash(&self) -> &[Bucket] {
        self.stash.as_ref().map_or(&[], |lines| lines.as_slice())
    }

    fn line_mut(&mut self, line: usize) -> Option<&mut Bucket> {
        match line.checked_sub(self.buckets.len()) {
            None => self.buckets.get_mut(line),
            Some(line) => self.stash.as_mut()?.get_mut(line),
        }
    }

    /// The home bucket of a hash: the top bits of its lower half, so that growing keeps the order.
    #[inline]
    pub(super) fn home(&self, hash: u64) -> usize {
        (u64::from(hash as u32) >> (32 - self.bits)) as usize
    }

    #[inline]
    pub(super) fn bucket(&self, home: usize) -> &Bucket {
        &self.buckets[home]
    }

    pub(super) fn bucket_mut(&mut self, home: usize) -> &mut Bucket {
        &mut self.buckets[home]
    }

    /// Finds the id with this hash for which `is` holds.
    #[inline]
    pub(super) fn find(&self, hash: u64, mut is: impl FnMut(u32) -> bool) -> Option<Place> {
        let tag = tag_of(hash);
        let home = self.home(hash);
        let bucket = &self.buckets[home];
        for slot in bucket.matches(tag) {
            let id = bucket.id(slot);
            if is(id) {
                return Some(Place { line: home, slot, id });
            }
        }
        if bucket.overflows() { self.find_in_stash(tag, is) } else { None }
    }

    #[cold]
    fn find_in_stash(&self, tag: u8, mut is: impl FnMut(u32) -> bool) -> Option<Place> {
        for (line, bucket) in (self.homes()..).zip(self.stash()) {
            for slot in bucket.matches(tag) {
                let id = bucket.id(slot);
                if is(id) {
                    return Some(Place { line, slot, id });
                }
            }
        }
        None
    }

    /// Adds an id if there is room for it. `stretch` allows the stash to grow beyond its share.
    pub(super) fn insert(&mut self, hash: u64, id: u32, stretch: bool) -> bool {
        let tag = tag_of(hash);
        let home = self.home(hash);
        if let Some(slot) = self.buckets[home].matches(0).next() {
            self.buckets[home].put(slot, tag, id);
            self.len += 1;
            return true;
        }
        let more = stretch || self.may_stash();
        if !more && self.stash.is_none() {
            return false;
        }
        let stash = self.stash.get_or_insert_default();
        let has_room = |line: &Bucket| line.matches(0).next().is_some();
        let line = match stash.iter().position(has_room) {
            Some(line) => line,
            None if more => {
                stash.reserve_exact(1);
                stash.push(Bucket::new(0));
                stash.len() - 1
            }
            None => return false,
        };
        if let Some(slot) = stash[line].matches(0).next() {
            stash[line].put(slot, tag, id);
        }
        self.buckets[home].set_overflows(true);
        self.len += 1;
        true
    }

    /// Whether another line of stash is better than growing: one for 32 home buckets, so that they
    /// fill to about four fifths, or any while the segment is less than half full.
    fn may_stash(&self) -> bool {
        self.stash().len() < self.homes() / 32 || (self.len as usize) * 2 < self.capacity()
    }

    pub(super) fn remove(&mut self, place: Place) {
        if let Some(line) = self.line_mut(place.line) {
            line.clear(place.slot);
        }
        self.len -= 1;
        let stashed = place.line >= self.homes();
        if stashed && self.stash().iter().all(|line| line.used().next().is_none()) {
            self.stash = None;
            self.buckets.iter_mut().for_each(|bucket| bucket.set_overflows(false));
        }
    }

    /// Every id of the segment.
    pub(super) fn ids(&self) -> impl Iterator<Item = u32> + '_ {
        self.buckets.iter().chain(self.stash()).flat_map(|line| line.used().map(|(id, _)| id))
    }

    /// The ids at home in one bucket. `hash_of` is asked about those in the stash.
    pub(super) fn ids_of<'a>(
        &'a self,
        home: usize,
        hash_of: impl Fn(u32) -> u64 + 'a,
    ) -> impl Iterator<Item = u32> + 'a {
        let bucket = &self.buckets[home];
        let stash = if bucket.overflows() { self.stash() } else { &[] };
        let stashed = stash
            .iter()
            .flat_map(|line| line.used().map(|(id, _)| id))
            .filter(move |id| self.home(hash_of(*id)) == home);
        bucket.used().map(|(id, _)| id).chain(stashed)
    }

    /// A segment for the same ids with `1 << bits` home buckets. Versions are kept where buckets
    /// divide; where they are joined the older one counts.
    pub(super) fn rebuilt(&self, bits: u8, hash_of: impl Fn(u32) -> u64) -> Self {
        let mut new = Self::new(bits, self.depth);
        for home in 0..new.homes().max(self.homes()) {
            let (from, to) = (home * self.homes(), home * new.homes());
            let most = new.homes().max(self.homes());
            let (from, to) = (from / most, to / most);
            let version = self.buckets[from].version();
            let first = home == 0 || (home - 1) * new.homes() / most != to;
            let kept = new.buckets[to].version();
            new.buckets[to].set_version(if first { version } else { version.min(kept) });
        }
        for id in self.ids() {
            new.insert(hash_of(id), id, true);
        }
        new
    }

    /// Divides the segment by the next bit of the hash. What stays is `self`.
    pub(super) fn split(&mut self, hash_of: impl Fn(u32) -> u64) -> Self {
        let depth = self.depth + 1;
        let mut halves = [Self::new(self.bits, depth), Self::new(self.bits, depth)];
        for half in &mut halves {
            for home in 0..self.homes() {
                half.buckets[home].set_version(self.buckets[home].version());
            }
        }
        for id in self.ids() {
            let hash = hash_of(id);
            halves[(hash >> (64 - depth)) as usize & 1].insert(hash, id, true);
        }
        let [low, high] = halves;
        *self = low;
        high
    }

    /// Takes in all ids of the buddy this segment was once split from.
    pub(super) fn merge(&mut self, buddy: &Self, hash_of: impl Fn(u32) -> u64) {
        self.depth -= 1;
        for id in buddy.ids() {
            self.insert(hash_of(id), id, true);
        }
    }
}
