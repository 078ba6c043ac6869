//! A group of buckets that grows, splits and shrinks on its own.

use super::bucket::{Bucket, SLOTS, tag_of};

/// Home buckets of a full segment; beyond it splits.
pub(super) const BUCKETS: usize = 64;

/// A slot of the index.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) slot: usize,
    pub(super) id: u32,
}

/// 1 to [`BUCKETS`] home buckets, in the order of the hash, then the stash: lines for entries whose
/// home is full.
#[derive(Debug, Clone, Hash)]
pub(super) struct Segment {
    lines: Vec<Bucket>,
    /// Binary logarithm of the number of home buckets.
    bits: u8,
    /// How many top bits of the hash all entries here have in common.
    pub(super) depth: u8,
    pub(super) len: u32,
}

impl Segment {
    pub(super) fn new(bits: u8, depth: u8) -> Self {
        Self { lines: vec![Bucket::new(0); 1 << bits], bits, depth, len: 0 }
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
        self.lines.capacity() * size_of::<Bucket>()
    }

    /// The home bucket of a hash: the top bits of its lower half, so that growing keeps the order.
    #[inline]
    pub(super) fn home(&self, hash: u64) -> usize {
        (u64::from(hash as u32) >> (32 - self.bits)) as usize
    }

    #[inline]
    pub(super) fn bucket(&self, home: usize) -> &Bucket {
        &self.lines[home]
    }

    pub(super) fn bucket_mut(&mut self, home: usize) -> &mut Bucket {
        &mut self.lines[home]
    }

    /// Finds the id with this hash for which `is` holds.
    #[inline]
    pub(super) fn find(&self, hash: u64, mut is: impl FnMut(u32) -> bool) -> Option<Place> {
        let tag = tag_of(hash);
        let home = self.home(hash);
        let bucket = &self.lines[home];
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
        for line in self.homes()..self.lines.len() {
            for slot in self.lines[line].matches(tag) {
                let id = self.lines[line].id(slot);
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
        if let Some(slot) = self.lines[home].matches(0).next() {
            self.lines[home].put(slot, tag, id);
            self.len += 1;
            return true;
        }
        let homes = self.homes();
        let free =
            (homes..self.lines.len()).find_map(|l| self.lines[l].matches(0).next().map(|s| (l, s)));
        let (line, slot) = match free {
            Some(place) => place,
            None if stretch || self.may_stash() => {
                self.lines.reserve_exact(1);
                self.lines.push(Bucket::new(0));
                (self.lines.len() - 1, 0)
            }
            None => return false,
        };
        self.lines[home].set_overflows(true);
        self.lines[line].put(slot, tag, id);
        self.len += 1;
        true
    }

    /// Whether another line of stash is better than growing: one for 32 home buckets, so that they
    /// fill to about four fifths, or any while the segment is less than half full.
    fn may_stash(&self) -> bool {
        let stashed = self.lines.len() - self.homes();
        stashed < self.homes() / 32 || (self.len as usize) * 2 < self.capacity()
    }

    pub(super) fn remove(&mut self, place: Place) {
        self.lines[place.line].clear(place.slot);
        self.len -= 1;
        let homes = self.homes();
        if place.line >= homes && self.lines[homes..].iter().all(|l| l.used().next().is_none()) {
            self.lines.truncate(homes);
            self.lines.iter_mut().for_each(|line| line.set_overflows(false));
        }
    }

    /// Every id of the segment.
    pub(super) fn ids(&self) -> impl Iterator<Item = u32> + '_ {
        self.lines.iter().flat_map(|line| line.used().map(|(id, _)| id))
    }

    /// The ids at home in one bucket. `hash_of` is asked about those in the stash.
    pub(super) fn ids_of<'a>(
        &'a self,
        home: usize,
        hash_of: impl Fn(u32) -> u64 + 'a,
    ) -> impl Iterator<Item = u32> + 'a {
        let bucket = &self.lines[home];
        let stash =
            if bucket.overflows() { &self.lines[self.homes()..] } else { &self.lines[0..0] };
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
            let version = self.lines[from].version();
            let first = home == 0 || (home - 1) * new.homes() / most != to;
            let kept = new.lines[to].version();
            new.lines[to].set_version(if first { version } else { version.min(kept) });
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
                half.lines[home].set_version(self.lines[home].version());
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
