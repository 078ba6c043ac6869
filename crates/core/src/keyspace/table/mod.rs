//! A hash table without a global rehash: the index of every database, and of large hashes, sets and
//! sorted sets.
//!
//! Entries live in chunks, at ids that stay the same as long as the entry does. The index over them
//! is extendible hashing: a directory over the top bits of the hash names segments, a segment has 1
//! to 64 buckets in the order of the lower half of the hash, and a bucket is one cache line of tags
//! and ids. A segment doubles until it is full size and then splits in two, so an insertion moves a
//! few hundred ids at worst, however large the table.
//!
//! # Invariants
//!
//! * The order of iteration and the choices of [`Table::random`] follow from the seed and the
//!   history alone.
//! * Buckets keep their order and divide evenly as the table grows. A cursor (see [`Table::scan`])
//!   stays meaningful, and so does a bucket's version.
//! * An index that lost most of its entries shrinks, so that walking it costs what it holds.

mod bucket;
mod hash;
mod segment;
mod slab;
mod walk;

pub use hash::Hasher;

use crate::keyspace::size::{Bytes, bytes};
use crate::rng::Rng;
use segment::{BUCKETS, Segment};
use slab::Slab;

bytes! { Segment = 32; Table<u8> = 192; }

/// Of any table, without what it points to.
pub(super) const TABLE_BYTES: usize = Table::<u8>::BYTES;

/// What a [`Table`] stores: something that carries its own key.
pub trait Entry {
    /// The key, which must not change while the entry is in a table.
    fn key(&self) -> &[u8];

    /// Reads a byte of what the entry owns elsewhere, so that it is in the cache soon. The result
    /// means nothing.
    fn warm(&self) -> usize {
        self.key().first().map_or(0, |byte| usize::from(*byte))
    }
}

/// Depth of the directory beyond what the number of entries asks for. Only keys with the same hash
/// could need more; they go to the stash.
const EXTRA_DEPTH: u32 = 4;

/// Entries for which [`Table::reserve`] prepares at most, whoever asks.
const RESERVE_MAX: usize = 1 << 21;

/// Home buckets (as a power of two) below which a segment tries to merge with its buddy.
const MERGE_BITS: u8 = 4;

/// A hash table of `E`, see the [module](self).
#[derive(Debug, Clone, Hash)]
pub struct Table<E> {
    hasher: Hasher,
    slab: Slab<E>,
    /// Segment of each value of the hash's top `depth` bits.
    directory: Vec<u32>,
    segments: Vec<Segment>,
    /// Places in `segments` that merging left free.
    free_segments: Vec<u32>,
    depth: u8,
    len: usize,
    /// While a snapshot walks the table its buckets only divide.
    pinned: bool,
}

impl<E: Entry> Table<E> {
    /// An empty table whose hashes are keyed by `seed`.
    pub fn new(seed: u64) -> Self {
        Self::with_hasher(Hasher::new(seed))
    }

    /// An empty table with this hash function.
    pub fn with_hasher(hasher: Hasher) -> Self {
        Self {
            hasher,
            slab: Slab::new(),
            directory: Vec::new(),
            segments: Vec::new(),
            free_segments: Vec::new(),
            depth: 0,
            len: 0,
            pinned: false,
        }
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Hash function of this table.
    pub fn hasher(&self) -> Hasher {
        self.hasher
    }

    /// The hash of a key, for the methods that take one.
    #[inline]
    pub fn hash(&self, key: &[u8]) -> u64 {
        self.hasher.hash(key)
    }

    /// The entry with this key.
    #[inline]
    pub fn get(&self, key: &[u8]) -> Option<&E> {
        self.slab.get(self.find(self.hash(key), key)?)
    }

    /// The entry with this key, to be changed; its key must stay the same.
    #[inline]
    pub fn get_mut(&mut self, key: &[u8]) -> Option<&mut E> {
        let id = self.find(self.hash(key), key)?;
        self.slab.get_mut(id)
    }

    /// The id of the entry with this key.
    #[inline]
    pub fn get_id(&self, key: &[u8]) -> Option<u32> {
        self.find(self.hash(key), key)
    }

    /// As [`Table::get_id`], for a caller that has the key's hash.
    #[inline]
    pub fn find(&self, hash: u64, key: &[u8]) -> Option<u32> {
        let segment = self.segments.get(self.segment_of(hash)?)?;
        let is = |id| self.slab.get(id).is_some_and(|e: &E| e.key() == key);
        segment.find(hash, is).map(|place| place.id)
    }

    /// The entry with this id, if it is in use.
    #[inline]
    pub fn by_id(&self, id: u32) -> Option<&E> {
        self.slab.get(id)
    }

    /// The entry with this id, to be changed; its key must stay the same.
    #[inline]
    pub fn by_id_mut(&mut self, id: u32) -> Option<&mut E> {
        self.slab.get_mut(id)
    }

    /// Adds an entry, or replaces the one with the same key (which keeps its id) and returns it.
    pub fn insert(&mut self, entry: E) -> Option<E> {
        let hash = self.hash(entry.key());
        if let Some(id) = self.find(hash, entry.key()) {
            return self.slab.get_mut(id).map(|old| std::mem::replace(old, entry));
        }
        self.insert_new(hash, entry);
        None
    }

    /// Adds an entry whose key (of this hash) is not in the table, and returns its id.
    pub fn insert_new(&mut self, hash: u64, entry: E) -> u32 {
        debug_assert!(self.find(hash, entry.key()).is_none(), "the key is already there");
        if self.segments.is_empty() {
            self.segments = Vec::from([Segment::new(0, 0)]);
            self.directory = Vec::from([0]);
        }
        let id = self.slab.insert(entry);
        let mut index = self.directory[self.directory_index(hash)] as usize;
        if !self.segments[index].insert(hash, id, false) {
            index = self.grow(index, hash);
            self.segments[index].insert(hash, id, true);
        }
        self.len += 1;
        id
    }

    /// Takes out the entry with this key.
    pub fn remove(&mut self, key: &[u8]) -> Option<E> {
        let hash = self.hash(key);
        let id = self.find(hash, key)?;
        self.remove_id(hash, id)
    }

    /// Takes out the entry with this id, whose key has this hash.
    pub fn remove_id(&mut self, hash: u64, id: u32) -> Option<E> {
        let index = self.segment_of(hash)?;
        let place = self.segments[index].find(hash, |other| other == id)?;
        self.segments[index].remove(place);
        self.len -= 1;
        let entry = self.slab.remove(id);
        if self.len == 0 && !self.pinned {
            self.clear();
        } else {
            self.shrink(index, hash);
        }
        entry
    }

    /// Takes out everything and gives the memory back.
    pub fn clear(&mut self) {
        *self = Self::with_hasher(self.hasher);
    }

    /// All entries, in the order of their ids: the order of insertion, except that removed entries
    /// leave places for later ones.
    pub fn iter(&self) -> impl Iterator<Item = &E> {
        self.slab.iter_from(0).map(|(_, entry)| entry)
    }

    /// As [`Table::iter`], with the ids.
    pub fn iter_ids(&self) -> impl Iterator<Item = (u32, &E)> {
        self.slab.iter_from(0)
    }

    /// As [`Table::iter_ids`], from this id on: to go on with what was left off, if nothing was
    /// changed in between.
    pub fn iter_ids_from(&self, from: u32) -> impl Iterator<Item = (u32, &E)> {
        self.slab.iter_from(from)
    }

    /// An entry chosen at random, each with the same chance (nearly, once most entries of a large
    /// table were removed).
    pub fn random(&self, rng: &mut Rng) -> Option<&E> {
        let ids = u64::from(self.slab.ids());
        if (self.len as u64) * 8 >= ids {
            for _ in 0..256 {
                if let Some(entry) = self.slab.get(rng.below(ids) as u32) {
                    return Some(entry);
                }
            }
        }
        self.random_by_index(rng)
    }

    /// Prepares for `entries` entries in all (up to some millions), if the table is empty.
    pub fn reserve(&mut self, entries: usize) {
        if !self.segments.is_empty() {
            return;
        }
        // Three quarters full at most, since chance gives more to some segments than to others.
        let buckets = (entries.min(RESERVE_MAX) * 4).div_ceil(3 * bucket::SLOTS).max(1);
        let bits = buckets.next_power_of_two().trailing_zeros() as u8;
        let home_bits = bits.min(BUCKETS.trailing_zeros() as u8);
        self.depth = bits - home_bits;
        self.segments = vec![Segment::new(home_bits, self.depth); 1 << self.depth];
        self.directory = (0..1 << self.depth).collect();
    }

    /// Bytes of memory the table takes, without what entries own elsewhere.
    pub fn memory(&self) -> usize {
        self.slab.memory()
            + self.directory.capacity() * size_of::<u32>()
            + self.segments.capacity() * Segment::BYTES
            + self.segments.iter().map(Segment::memory).sum::<usize>()
    }

    /// Loads the cache line in which a lookup of this hash begins. The result is of use only to
    /// [`Table::warm_entry`]; independent calls in a loop overlap their cache misses.
    #[inline]
    pub fn warm(&self, hash: u64) -> u32 {
        let Some(index) = self.segment_of(hash) else { return u32::MAX };
        let segment = &self.segments[index];
        let bucket = segment.bucket(segment.home(hash));
        bucket.matches(bucket::tag_of(hash)).next().map_or(u32::MAX, |slot| bucket.id(slot))
    }

    /// Loads the entry that [`Table::warm`] pointed to.
    #[inline]
    pub fn warm_entry(&self, warmed: u32) -> usize {
        self.slab.get(warmed).map_or(0, |entry| entry.key().len())
    }

    /// Loads what the entry that [`Table::warm_entry`] loaded owns elsewhere.
    #[inline]
    pub fn warm_owned(&self, warmed: u32) -> usize {
        self.slab.get(warmed).map_or(0, Entry::warm)
    }

    #[inline]
    fn directory_index(&self, hash: u64) -> usize {
        ((hash >> 1) >> (63 - self.depth)) as usize
    }

    #[inline]
    fn segment_of(&self, hash: u64) -> Option<usize> {
        self.directory.get(self.directory_index(hash)).map(|index| *index as usize)
    }

    fn hash_of(&self, id: u32) -> u64 {
        self.slab.get(id).map_or(0, |entry| self.hasher.hash(entry.key()))
    }
}

/// Growing and shrinking, a segment at a time.
impl<E: Entry> Table<E> {
    /// Makes room in a segment, and returns the one that now is responsible for `hash`. The id that
    /// waits for room is not in the index yet.
    fn grow(&mut self, index: usize, hash: u64) -> usize {
        let bits = self.segments[index].bits();
        if self.segments[index].homes() < BUCKETS {
            self.segments[index] = self.segments[index].rebuilt(bits + 1, |id| self.hash_of(id));
            return index;
        }
        let depth = self.segments[index].depth;
        let deepest = (self.len / BUCKETS).max(1).ilog2() + EXTRA_DEPTH;
        if u32::from(depth) >= deepest {
            return index;
        }
        if depth == self.depth {
            self.directory = self.directory.iter().flat_map(|index| [*index; 2]).collect();
            self.depth += 1;
        }
        let mut low = std::mem::replace(&mut self.segments[index], Segment::new(0, 0));
        let high = low.split(|id| self.hash_of(id));
        self.segments[index] = low;
        let high_index = match self.free_segments.pop() {
            Some(free) => {
                self.segments[free as usize] = high;
                free
            }
            None => {
                self.segments.push(high);
                self.segments.len() as u32 - 1
            }
        };
        let range = self.directory_range(hash, depth);
        self.directory[range.start + range.len() / 2..range.end].fill(high_index);
        self.directory[self.directory_index(hash)] as usize
    }

    /// Entries of the directory for the hashes that share the top `depth` bits of `hash`.
    fn directory_range(&self, hash: u64, depth: u8) -> std::ops::Range<usize> {
        let width = self.depth - depth;
        let start = self.directory_index(hash) >> width << width;
        start..start + (1 << width)
    }

    /// Gives up buckets of a segment that lost most of its entries.
    fn shrink(&mut self, index: usize, hash: u64) {
        let segment = &self.segments[index];
        if self.pinned || segment.len as usize * 8 > segment.capacity() {
            return;
        }
        let (bits, depth) = (segment.bits(), segment.depth);
        if bits <= MERGE_BITS && depth > 0 && self.merge(index, hash) {
            return;
        }
        if bits > 0 {
            self.segments[index] = self.segments[index].rebuilt(bits - 1, |id| self.hash_of(id));
        }
    }

    /// Joins a nearly empty segment with the other half of what it once was. False if that half is
    /// divided further, or not as empty.
    fn merge(&mut self, index: usize, hash: u64) -> bool {
        let depth = self.segments[index].depth;
        let buddy_hash = hash ^ 1 << (64 - depth);
        let buddy = self.directory[self.directory_index(buddy_hash)];
        let other = &self.segments[buddy as usize];
        if other.depth != depth || other.len as usize * 4 > bucket::SLOTS << MERGE_BITS {
            return false;
        }
        let other = std::mem::replace(&mut self.segments[buddy as usize], Segment::new(0, 0));
        let mut joined = self.segments[index].rebuilt(MERGE_BITS, |id| self.hash_of(id));
        joined.merge(&other, |id| self.hash_of(id));
        self.segments[index] = joined;
        self.free_segments.push(buddy);
        let range = self.directory_range(hash, depth - 1);
        self.directory[range].fill(index as u32);
        self.shrink_directory();
        true
    }

    /// Halves the directory if that loses nothing. Checked only when the directory is large for
    /// what is in the table, so that merging costs no scan each time.
    fn shrink_directory(&mut self) {
        let live = self.segments.len() - self.free_segments.len();
        while self.depth > 0
            && live * 4 <= self.directory.len()
            && self.directory.chunks_exact(2).all(|pair| pair[0] == pair[1])
        {
            self.directory = self.directory.iter().copied().step_by(2).collect();
            self.depth -= 1;
        }
    }
}

#[cfg(test)]
mod tests;
