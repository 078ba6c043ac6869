//! Entries at stable ids.

use crate::keyspace::size::VEC_BYTES;

/// Entries in a chunk, a power of two. Only the first chunk starts smaller.
const CHUNK: usize = 512;
const FIRST: usize = 4;

/// A store of entries under ids that do not change while an entry lives. Freed ids are reused, the
/// last freed first.
#[derive(Debug, Clone, Hash)]
pub(super) struct Slab<E> {
    chunks: Vec<Vec<Option<E>>>,
    /// Entries alive in each chunk: a chunk that has none gives its memory back.
    alive: Vec<u16>,
    free: Vec<u32>,
    /// Ids given out so far, freed ones included.
    ids: u32,
}

impl<E> Slab<E> {
    pub(super) fn new() -> Self {
        Self { chunks: Vec::new(), alive: Vec::new(), free: Vec::new(), ids: 0 }
    }

    /// One more than the largest id ever given out.
    pub(super) fn ids(&self) -> u32 {
        self.ids
    }

    #[inline]
    pub(super) fn get(&self, id: u32) -> Option<&E> {
        self.chunks.get(id as usize / CHUNK)?.get(id as usize % CHUNK)?.as_ref()
    }

    #[inline]
    pub(super) fn get_mut(&mut self, id: u32) -> Option<&mut E> {
        self.chunks.get_mut(id as usize / CHUNK)?.get_mut(id as usize % CHUNK)?.as_mut()
    }

    pub(super) fn insert(&mut self, entry: E) -> u32 {
        let id = self.free.pop().unwrap_or_else(|| {
            assert!(self.ids < u32::MAX, "more entries than ids");
            self.ids += 1;
            self.ids - 1
        });
        let (chunk, slot) = (id as usize / CHUNK, id as usize % CHUNK);
        if chunk == self.chunks.len() {
            self.chunks.push(Vec::new());
            self.alive.push(0);
        }
        let slots = &mut self.chunks[chunk];
        if slots.len() <= slot {
            let room = if chunk == 0 { (slot + 1).next_power_of_two().max(FIRST) } else { CHUNK };
            slots.reserve_exact(room.saturating_sub(slots.len()));
            slots.resize_with(slot + 1, || None);
        }
        slots[slot] = Some(entry);
        self.alive[chunk] += 1;
        id
    }

    pub(super) fn remove(&mut self, id: u32) -> Option<E> {
        let (chunk, slot) = (id as usize / CHUNK, id as usize % CHUNK);
        let entry = self.chunks.get_mut(chunk)?.get_mut(slot)?.take()?;
        self.free.push(id);
        self.alive[chunk] -= 1;
        if self.alive[chunk] == 0 {
            self.chunks[chunk] = Vec::new();
        }
        Some(entry)
    }

    /// The entries from id `from` on with their ids, in the order of ids.
    pub(super) fn iter_from(&self, from: u32) -> impl Iterator<Item = (u32, &E)> {
        let first = from as usize / CHUNK;
        self.chunks.iter().enumerate().skip(first).flat_map(move |(chunk, slots)| {
            let base = (chunk * CHUNK) as u32;
            slots
                .iter()
                .enumerate()
                .skip(from.saturating_sub(base) as usize)
                .filter_map(move |(slot, e)| e.as_ref().map(|e| (base + slot as u32, e)))
        })
    }

    pub(super) fn memory(&self) -> usize {
        let slots: usize = self.chunks.iter().map(Vec::capacity).sum();
        slots * size_of::<Option<E>>()
            + self.chunks.capacity() * (VEC_BYTES + size_of::<u16>())
            + self.free.capacity() * size_of::<u32>()
    }
}
