//! A run of listpack entries with room to grow at both ends.
//!
//! The entries are those of a listpack, byte for byte; the listpack's header and terminator are
//! added when it is saved. The room in front is what a listpack lacks: pushing to the head of one
//! moves all its bytes.

use crate::packed::{Elem, Encoded, Listpack, decode, entry_after, entry_before};

/// Entries one after the other in `buf[head..]`.
#[derive(Debug, Clone, Default, Hash)]
pub(super) struct Chunk {
    buf: Vec<u8>,
    /// Unused bytes at the front.
    head: u32,
    count: u32,
}

impl Chunk {
    /// Bytes of a listpack before its entries.
    const HEADER: u32 = 6;

    /// The entries of a listpack, `count` of them.
    pub(super) fn from_listpack(listpack: Listpack, count: usize) -> Self {
        let mut buf = listpack.into_bytes();
        buf.pop(); // the end mark
        Self { buf, head: Self::HEADER, count: count as u32 }
    }

    /// How many entries there are.
    pub(super) fn len(&self) -> usize {
        self.count as usize
    }

    /// The entries, as in a listpack between header and terminator.
    pub(super) fn entries(&self) -> &[u8] {
        &self.buf[self.head as usize..]
    }

    /// Replaces `out` by the listpack of these entries.
    pub(super) fn write_listpack(&self, out: &mut Vec<u8>) {
        let entries = self.entries();
        // 65535 says that the entries must be counted.
        let count = u16::try_from(self.count).unwrap_or(u16::MAX);
        out.clear();
        out.reserve(super::OVERHEAD + entries.len());
        out.extend_from_slice(&((super::OVERHEAD + entries.len()) as u32).to_le_bytes());
        out.extend_from_slice(&count.to_le_bytes());
        out.extend_from_slice(entries);
        out.push(0xff);
    }

    /// Bytes reserved on the heap.
    pub(super) fn capacity(&self) -> usize {
        self.buf.capacity()
    }

    pub(super) fn push_front(&mut self, new: &Encoded<'_>) {
        let len = new.len();
        if (self.head as usize) < len {
            self.make_room_in_front(len);
        }
        let start = self.head as usize - len;
        new.write(&mut self.buf[start..start + len]);
        self.head = start as u32;
        self.count += 1;
    }

    pub(super) fn push_back(&mut self, new: &Encoded<'_>) {
        let used = self.buf.len() - self.head as usize;
        if self.buf.capacity() - self.buf.len() < new.len() && self.head as usize >= used {
            // What a queue took off in front is more than what it holds: use that space again.
            self.buf.drain(..self.head as usize);
            self.head = 0;
        }
        self.splice(self.buf.len(), 0, new);
        self.count += 1;
    }

    /// Doubles the buffer and moves the entries to its end.
    #[cold]
    fn make_room_in_front(&mut self, len: usize) {
        const SMALLEST: usize = 32;
        let used = self.entries().len();
        let spare = self.buf.capacity() - used;
        let room = if spare >= len && spare >= used {
            spare
        } else {
            (used + len).next_power_of_two().max(SMALLEST) - used
        };
        let mut buf = Vec::with_capacity(room + used);
        buf.resize(room, 0);
        buf.extend_from_slice(self.entries());
        self.buf = buf;
        self.head = room as u32;
    }

    pub(super) fn front(&self) -> Elem<'_> {
        decode(self.entries(), 0)
    }

    pub(super) fn back(&self) -> Elem<'_> {
        let entries = self.entries();
        decode(entries, entry_before(entries, entries.len()))
    }

    /// Takes `count` entries off the front; there must be as many.
    pub(super) fn drop_front(&mut self, count: usize) {
        self.head += self.offset(count) as u32;
        self.count -= count as u32;
    }

    /// Takes `count` entries off the back; there must be as many.
    pub(super) fn drop_back(&mut self, count: usize) {
        let keep = self.offset(self.len() - count);
        self.buf.truncate(self.head as usize + keep);
        self.count -= count as u32;
    }

    /// Where entry `index` starts within [`Chunk::entries`]; the end for one past the last.
    pub(super) fn offset(&self, index: usize) -> usize {
        let entries = self.entries();
        let len = self.len();
        if index <= len / 2 {
            (0..index).fold(0, |at, _| entry_after(entries, at))
        } else {
            (index..len).fold(entries.len(), |at, _| entry_before(entries, at))
        }
    }

    /// Entry `index`; there must be one.
    pub(super) fn get(&self, index: usize) -> Elem<'_> {
        decode(self.entries(), self.offset(index))
    }

    /// Puts an entry before entry `index`.
    pub(super) fn insert(&mut self, index: usize, new: &Encoded<'_>) {
        if index == 0 {
            return self.push_front(new);
        }
        let at = self.head as usize + self.offset(index);
        self.splice(at, 0, new);
        self.count += 1;
    }

    /// Replaces entry `index`.
    pub(super) fn set(&mut self, index: usize, new: &Encoded<'_>) {
        let start = self.offset(index);
        let end = entry_after(self.entries(), start);
        self.splice(self.head as usize + start, end - start, new);
    }

    /// Writes an entry at byte `at` of the buffer in place of `old` bytes.
    fn splice(&mut self, at: usize, old: usize, new: &Encoded<'_>) {
        let (len, before) = (new.len(), self.buf.len());
        if len > old {
            self.buf.resize(before + len - old, 0);
        }
        self.buf.copy_within(at + old..before, at + len);
        self.buf.truncate(before + len - old);
        new.write(&mut self.buf[at..at + len]);
    }

    /// Removes `count` entries from `index` on; there must be as many.
    pub(super) fn remove(&mut self, index: usize, count: usize) {
        let start = self.offset(index);
        let entries = self.entries();
        let end = (0..count).fold(start, |at, _| entry_after(entries, at));
        let head = self.head as usize;
        self.buf.drain(head + start..head + end);
        self.count -= count as u32;
    }

    /// Splits off the entries from `index` on.
    pub(super) fn split_off(&mut self, index: usize) -> Self {
        let at = self.head as usize + self.offset(index);
        let buf = self.buf.split_off(at);
        let count = self.count - index as u32;
        self.count = index as u32;
        Self { buf, head: 0, count }
    }

    /// Removes the entries for which `gone` says so, front to back.
    pub(super) fn remove_where(&mut self, mut gone: impl FnMut(Elem<'_>) -> bool) -> usize {
        let before = self.count;
        let (mut from, mut to) = (self.head as usize, self.head as usize);
        while from < self.buf.len() {
            let next = entry_after(&self.buf, from);
            if gone(decode(&self.buf, from)) {
                self.count -= 1;
            } else {
                if from != to {
                    self.buf.copy_within(from..next, to);
                }
                to += next - from;
            }
            from = next;
        }
        self.buf.truncate(to);
        (before - self.count) as usize
    }

    pub(super) fn iter(&self) -> Run<'_> {
        let entries = self.entries();
        Run { entries, start: 0, end: entries.len() }
    }

    /// The entries from `index` on.
    pub(super) fn iter_from(&self, index: usize) -> Run<'_> {
        Run { start: self.offset(index), ..self.iter() }
    }
}

/// Iterator over a chunk's entries, from either end.
#[derive(Debug, Clone, Hash)]
pub(super) struct Run<'a> {
    entries: &'a [u8],
    start: usize,
    end: usize,
}

impl<'a> Iterator for Run<'a> {
    type Item = Elem<'a>;

    fn next(&mut self) -> Option<Elem<'a>> {
        if self.start >= self.end {
            return None;
        }
        let elem = decode(self.entries, self.start);
        self.start = entry_after(self.entries, self.start);
        Some(elem)
    }
}

impl DoubleEndedIterator for Run<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        if self.start >= self.end {
            return None;
        }
        self.end = entry_before(self.entries, self.end);
        Some(decode(self.entries, self.end))
    }
}
