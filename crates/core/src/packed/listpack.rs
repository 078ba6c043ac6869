//! Listpack: a sequence of strings and integers in one allocation.
//!
//! `<total bytes u32><entries u16> entry* 0xff`, little-endian. An entry is its encoding and data
//! followed by the length of both, in base 128 and readable from its right end, so that the list
//! can be walked in either direction. 65535 in the header means "count them".

use super::{Elem, PackedError, bytes_at, signed_le};

const HEADER: usize = 6;
const END: u8 = 0xff;
const COUNT_UNKNOWN: u16 = u16::MAX;

/// A position: an entry of the listpack that gave it, valid until that listpack changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pos(u32);

impl Pos {
    fn at(self) -> usize {
        self.0 as usize
    }
}

/// A valid listpack, owned.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Listpack(Vec<u8>);

impl Default for Listpack {
    fn default() -> Self {
        Self::new()
    }
}

impl Listpack {
    /// The largest size that Redis lets a listpack grow to (1 GB). Whoever adds entries keeps to
    /// it, see [`Listpack::has_room`].
    pub const MAX_BYTES: usize = 1 << 30;

    /// An empty listpack.
    pub fn new() -> Self {
        Self::with_capacity(HEADER + 1)
    }

    /// An empty listpack with room for this many bytes (header included).
    pub fn with_capacity(bytes: usize) -> Self {
        let mut buf = Vec::with_capacity(bytes.max(HEADER + 1));
        buf.extend_from_slice(&[HEADER as u8 + 1, 0, 0, 0, 0, 0, END]);
        Self(buf)
    }

    /// Takes bytes from outside, after checking every entry of them.
    ///
    /// # Errors
    /// The header, an encoding, a length in either direction, the count or the end is wrong.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, PackedError> {
        validate(&bytes)?;
        Ok(Self(bytes))
    }

    /// The bytes, as in an RDB file.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes, owned.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// How many bytes it takes.
    pub fn byte_len(&self) -> usize {
        self.0.len()
    }

    /// How many bytes are allocated for it.
    pub fn capacity(&self) -> usize {
        self.0.capacity()
    }

    /// Gives back memory that is allocated but not used.
    pub fn shrink_to_fit(&mut self) {
        self.0.shrink_to_fit();
    }

    /// Whether an element of `len` bytes can be added without passing
    /// [`Listpack::MAX_BYTES`].
    pub fn has_room(&self, len: usize) -> bool {
        len <= Self::MAX_BYTES && self.0.len() + len + 10 <= Self::MAX_BYTES
    }

    /// How many entries it has. Constant time below 65535, linear above.
    pub fn len(&self) -> usize {
        match self.header_count() {
            COUNT_UNKNOWN => self.positions().count(),
            count => usize::from(count),
        }
    }

    /// Whether it has no entry.
    pub fn is_empty(&self) -> bool {
        self.0.len() == HEADER + 1
    }

    // Walking.

    /// The first entry.
    pub fn first(&self) -> Option<Pos> {
        self.pos_at(HEADER)
    }

    /// The last entry.
    pub fn last(&self) -> Option<Pos> {
        self.before(self.end())
    }

    /// The entry after `pos`.
    pub fn next(&self, pos: Pos) -> Option<Pos> {
        self.pos_at(self.after(pos.at()))
    }

    /// The entry before `pos`.
    pub fn prev(&self, pos: Pos) -> Option<Pos> {
        self.before(pos.at())
    }

    /// The entry at `index`; negative ones count from the end (-1 is the last).
    pub fn seek(&self, index: i64) -> Option<Pos> {
        let mut index = index;
        let count = self.header_count();
        if count != COUNT_UNKNOWN {
            let count = i64::from(count);
            if index >= count || index < -count {
                return None;
            }
            // Walk from the nearer end.
            if index >= 0 && index > count / 2 {
                index -= count;
            } else if index < 0 && -index > count / 2 + 1 {
                index += count;
            }
        }
        if index >= 0 {
            let mut pos = self.first()?;
            for _ in 0..index {
                pos = self.next(pos)?;
            }
            Some(pos)
        } else {
            let mut pos = self.last()?;
            for _ in index..-1 {
                pos = self.prev(pos)?;
            }
            Some(pos)
        }
    }

    /// The element at `pos`.
    #[inline]
    pub fn get(&self, pos: Pos) -> Elem<'_> {
        decode(&self.0, pos.at())
    }

    /// The first entry from `start` on whose bytes are `needle`, comparing one entry and then
    /// passing over `skip` of them (1 to look at the fields of a hash only).
    pub fn find(&self, needle: &[u8], start: Option<Pos>, skip: usize) -> Option<Pos> {
        let as_int = crate::num::parse_i64(needle);
        let mut at = start?.at();
        while self.0[at] != END {
            let found = match decode(&self.0, at) {
                Elem::Bytes(bytes) => bytes == needle,
                Elem::Int(value) => as_int == Some(value),
            };
            if found {
                return self.pos_at(at);
            }
            at = self.after(at);
            for _ in 0..skip {
                if self.0[at] == END {
                    return None;
                }
                at = self.after(at);
            }
        }
        None
    }

    /// The elements in order, from both ends.
    pub fn iter(&self) -> ListpackIter<'_> {
        ListpackIter { buf: &self.0, front: HEADER, back: self.end() }
    }

    /// The positions in order.
    pub fn positions(&self) -> impl Iterator<Item = Pos> + '_ {
        std::iter::successors(self.first(), |&pos| self.next(pos))
    }

    // Changing. Positions given out before are no longer valid; those returned are.

    /// Adds an element at the front.
    pub fn push_front<'e>(&mut self, value: impl Into<Elem<'e>>) {
        self.splice(HEADER, 0, &Encoded::new(value.into()));
        self.count_changed(1);
    }

    /// Adds an element at the back.
    pub fn push_back<'e>(&mut self, value: impl Into<Elem<'e>>) {
        self.splice(self.end(), 0, &Encoded::new(value.into()));
        self.count_changed(1);
    }

    /// Adds an element before `pos`, and returns its position.
    pub fn insert_before<'e>(&mut self, pos: Pos, value: impl Into<Elem<'e>>) -> Pos {
        self.splice(pos.at(), 0, &Encoded::new(value.into()));
        self.count_changed(1);
        pos
    }

    /// Adds an element after `pos`, and returns its position.
    pub fn insert_after<'e>(&mut self, pos: Pos, value: impl Into<Elem<'e>>) -> Pos {
        let at = self.after(pos.at());
        self.splice(at, 0, &Encoded::new(value.into()));
        self.count_changed(1);
        Pos(at as u32)
    }

    /// Puts another element in the place of the one at `pos`, which remains valid.
    pub fn replace<'e>(&mut self, pos: Pos, value: impl Into<Elem<'e>>) {
        let at = pos.at();
        self.splice(at, self.after(at) - at, &Encoded::new(value.into()));
    }

    /// Removes the entry at `pos`, and returns the position of the one that followed it.
    pub fn remove(&mut self, pos: Pos) -> Option<Pos> {
        self.remove_run(pos, 1)
    }

    /// Removes up to `count` entries from `pos` on, and returns the position of the one that
    /// followed them.
    pub fn remove_run(&mut self, pos: Pos, count: usize) -> Option<Pos> {
        let (start, mut end) = (pos.at(), pos.at());
        let mut removed = 0;
        while removed < count && self.0[end] != END {
            end = self.after(end);
            removed += 1;
        }
        self.0.drain(start..end);
        self.write_total();
        self.count_changed(-(removed as i64));
        self.pos_at(start)
    }

    /// Removes up to `count` entries from `index` on (negative: from the end).
    pub fn remove_range(&mut self, index: i64, count: usize) {
        if let Some(pos) = self.seek(index) {
            self.remove_run(pos, count);
        }
    }

    /// Adds all entries of `other` at the back.
    pub fn append(&mut self, other: &Listpack) {
        let count = self.len() + other.len();
        self.0.pop();
        self.0.extend_from_slice(&other.0[HEADER..]);
        self.write_total();
        self.write_count(count);
    }

    /// Takes the entries from `pos` on into a listpack of their own.
    pub fn split_off(&mut self, pos: Pos) -> Listpack {
        let count = self.len();
        let mut tail = Listpack::with_capacity(HEADER + self.0.len() - pos.at());
        tail.0.pop();
        tail.0.extend_from_slice(&self.0[pos.at()..]);
        self.0.truncate(pos.at());
        self.0.push(END);
        self.write_total();
        tail.write_total();
        tail.0[4..HEADER].copy_from_slice(&COUNT_UNKNOWN.to_le_bytes());
        let moved = tail.len();
        tail.write_count(moved);
        self.write_count(count - moved);
        tail
    }

    /// Forgets every entry, keeping the allocation.
    pub fn clear(&mut self) {
        self.0.truncate(HEADER);
        self.0.push(END);
        self.write_total();
        self.write_count(0);
    }

    /// Exchanges `old` bytes at `at` for an entry.
    fn splice(&mut self, at: usize, old: usize, new: &Encoded<'_>) {
        let (len, tail) = (new.len(), self.0.len());
        assert!(tail + len <= u32::MAX as usize, "a listpack's size has 32 bits: see has_room");
        if len > old {
            self.grow(len - old);
            self.0.resize(tail + len - old, 0);
            self.0.copy_within(at + old..tail, at + len);
        } else if len < old {
            self.0.copy_within(at + old..tail, at + len);
            self.0.truncate(tail + len - old);
        }
        new.write(&mut self.0[at..at + len]);
        self.write_total();
    }

    /// Makes room for `more` bytes with an eighth to spare: doubling would waste memory in
    /// millions of small collections.
    fn grow(&mut self, more: usize) {
        if self.0.capacity() - self.0.len() < more {
            self.0.reserve_exact(more + self.0.len() / 8);
        }
    }

    fn write_total(&mut self) {
        let total = self.0.len() as u32;
        self.0[..4].copy_from_slice(&total.to_le_bytes());
    }

    fn write_count(&mut self, count: usize) {
        let count = u16::try_from(count).unwrap_or(COUNT_UNKNOWN);
        self.0[4..HEADER].copy_from_slice(&count.to_le_bytes());
    }

    /// Once unknown, the count stays so, as in Redis.
    fn count_changed(&mut self, by: i64) {
        let count = self.header_count();
        if count != COUNT_UNKNOWN {
            self.write_count((i64::from(count) + by) as usize);
        }
    }

    fn header_count(&self) -> u16 {
        u16::from_le_bytes([self.0[4], self.0[5]])
    }

    /// Offset of the end mark.
    fn end(&self) -> usize {
        self.0.len() - 1
    }

    fn pos_at(&self, at: usize) -> Option<Pos> {
        (self.0[at] != END).then_some(Pos(at as u32))
    }

    /// Offset of the entry after the one at `at`.
    #[inline]
    fn after(&self, at: usize) -> usize {
        entry_after(&self.0, at)
    }

    fn before(&self, at: usize) -> Option<Pos> {
        (at > HEADER).then(|| Pos(entry_before(&self.0, at) as u32))
    }
}

/// The elements of a listpack.
#[derive(Debug, Clone)]
pub struct ListpackIter<'a> {
    buf: &'a [u8],
    front: usize,
    back: usize,
}

impl<'a> Iterator for ListpackIter<'a> {
    type Item = Elem<'a>;

    #[inline]
    fn next(&mut self) -> Option<Elem<'a>> {
        if self.front >= self.back {
            return None;
        }
        let elem = decode(self.buf, self.front);
        self.front = entry_after(self.buf, self.front);
        Some(elem)
    }
}

impl DoubleEndedIterator for ListpackIter<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        if self.front >= self.back {
            return None;
        }
        self.back = entry_before(self.buf, self.back);
        Some(decode(self.buf, self.back))
    }
}

impl<'a> IntoIterator for &'a Listpack {
    type Item = Elem<'a>;
    type IntoIter = ListpackIter<'a>;

    fn into_iter(self) -> ListpackIter<'a> {
        self.iter()
    }
}

impl<'e, E: Into<Elem<'e>>> FromIterator<E> for Listpack {
    fn from_iter<I: IntoIterator<Item = E>>(elements: I) -> Self {
        let mut list = Self::new();
        elements.into_iter().for_each(|element| list.push_back(element));
        list
    }
}

/// How an element is written: a head, and the bytes of a string.
pub(crate) struct Encoded<'a> {
    head: [u8; 9],
    head_len: usize,
    body: &'a [u8],
}

impl<'a> Encoded<'a> {
    pub(crate) fn new(value: Elem<'a>) -> Self {
        let mut this = Self { head: [0; 9], head_len: 0, body: &[] };
        match value {
            Elem::Int(value) => this.int(value),
            Elem::Bytes(bytes) => this.bytes(bytes),
        }
        this
    }

    fn int(&mut self, value: i64) {
        let le = value.to_le_bytes();
        match value {
            0..=127 => self.head(&[le[0]]),
            -4096..=4095 => self.head(&[0xc0 | (le[1] & 0x1f), le[0]]),
            -0x8000..=0x7fff => self.head(&[0xf1, le[0], le[1]]),
            -0x80_0000..=0x7f_ffff => self.head(&[0xf2, le[0], le[1], le[2]]),
            -0x8000_0000..=0x7fff_ffff => self.head(&[0xf3, le[0], le[1], le[2], le[3]]),
            _ => {
                self.head[0] = 0xf4;
                self.head[1..].copy_from_slice(&le);
                self.head_len = 9;
            }
        }
    }

    fn bytes(&mut self, bytes: &'a [u8]) {
        let le = (bytes.len() as u32).to_le_bytes();
        match bytes.len() {
            0..=63 => self.head(&[0x80 | le[0]]),
            64..=4095 => self.head(&[0xe0 | le[1], le[0]]),
            _ => self.head(&[0xf0, le[0], le[1], le[2], le[3]]),
        }
        self.body = bytes;
    }

    fn head(&mut self, head: &[u8]) {
        self.head[..head.len()].copy_from_slice(head);
        self.head_len = head.len();
    }

    /// Bytes of the entry, its length at the end included.
    pub(crate) fn len(&self) -> usize {
        let len = self.head_len + self.body.len();
        len + backlen_size(len)
    }

    /// Writes the entry into a place of exactly its length.
    pub(crate) fn write(&self, out: &mut [u8]) {
        let len = self.head_len + self.body.len();
        out[..self.head_len].copy_from_slice(&self.head[..self.head_len]);
        out[self.head_len..len].copy_from_slice(self.body);
        let mut rest = len;
        let back = &mut out[len..];
        for (index, byte) in back.iter_mut().enumerate().rev() {
            *byte = (rest & 0x7f) as u8 | if index > 0 { 0x80 } else { 0 };
            rest >>= 7;
        }
    }
}

/// Bytes that hold an entry's length at its end. The limits are Redis's own: a length of 16383
/// would fit in two bytes and takes three.
#[inline]
fn backlen_size(len: usize) -> usize {
    match len {
        0..=127 => 1,
        128..16_383 => 2,
        16_383..2_097_151 => 3,
        2_097_151..268_435_455 => 4,
        _ => 5,
    }
}

/// Length of the encoding and data at `at`.
#[inline]
fn entry_len(buf: &[u8], at: usize) -> usize {
    let head = buf[at];
    match head {
        0..=0x7f => 1,
        0x80..=0xbf => 1 + usize::from(head & 0x3f),
        0xc0..=0xdf => 2,
        0xe0..=0xef => 2 + (usize::from(head & 0x0f) << 8 | usize::from(buf[at + 1])),
        0xf0 => 5 + string32_len(buf, at),
        0xf1 => 3,
        0xf2 => 4,
        0xf3 => 5,
        _ => 9,
    }
}

fn string32_len(buf: &[u8], at: usize) -> usize {
    u32::from_le_bytes([buf[at + 1], buf[at + 2], buf[at + 3], buf[at + 4]]) as usize
}

/// The element at `at` of a valid listpack.
#[inline]
pub(crate) fn decode(buf: &[u8], at: usize) -> Elem<'_> {
    let head = buf[at];
    let len = entry_len(buf, at);
    match head {
        0..=0x7f => Elem::Int(i64::from(head)),
        0x80..=0xbf => Elem::Bytes(&buf[at + 1..at + len]),
        0xc0..=0xdf => {
            // Thirteen bits, signed: shifted to the top of sixteen and back.
            let bits = i16::from_be_bytes([head, buf[at + 1]]) << 3;
            Elem::Int(i64::from(bits >> 3))
        }
        0xe0..=0xef => Elem::Bytes(&buf[at + 2..at + len]),
        0xf0 => Elem::Bytes(&buf[at + 5..at + len]),
        _ => Elem::Int(signed_le(&buf[at + 1..at + len])),
    }
}

/// Offset of the entry after the one at `at`, which may be the end.
#[inline]
pub(crate) fn entry_after(buf: &[u8], at: usize) -> usize {
    let len = entry_len(buf, at);
    at + len + backlen_size(len)
}

/// Offset of the entry that ends right before `at`.
pub(crate) fn entry_before(buf: &[u8], at: usize) -> usize {
    let (mut len, mut shift, mut byte) = (0, 0, at - 1);
    loop {
        len |= usize::from(buf[byte] & 0x7f) << shift;
        if buf[byte] & 0x80 == 0 {
            return byte - len;
        }
        shift += 7;
        byte -= 1;
    }
}

fn validate(buf: &[u8]) -> Result<(), PackedError> {
    let error = |offset, what| PackedError { structure: "listpack", offset, what };
    if buf.len() < HEADER + 1 {
        return Err(error(0, "shorter than its header"));
    }
    let total = u32::from_le_bytes([buf[0], buf[1], buf[2], buf[3]]) as usize;
    if total != buf.len() {
        return Err(error(0, "the size in the header is not its size"));
    }
    let end = buf.len() - 1;
    if buf[end] != END {
        return Err(error(end, "no end mark"));
    }
    let (mut at, mut count) = (HEADER, 0u64);
    while at < end {
        at = validate_entry(&buf[..end], at).map_err(|what| error(at, what))?;
        count += 1;
    }
    let header = u16::from_le_bytes([buf[4], buf[5]]);
    if header != COUNT_UNKNOWN && u64::from(header) != count {
        return Err(error(4, "the count in the header is not its count"));
    }
    Ok(())
}

/// Checks the entry at `at`, of a listpack without its end mark, and returns the offset after it.
fn validate_entry(buf: &[u8], at: usize) -> Result<usize, &'static str> {
    const PAST: &str = "an entry passes the end";
    let len = match buf[at] {
        0xf5..=0xff => return Err("unknown encoding"),
        0xe0..=0xef => bytes_at::<2>(buf, at).map(|_| entry_len(buf, at)),
        0xf0 => bytes_at::<5>(buf, at).map(|_| entry_len(buf, at)),
        _ => Some(entry_len(buf, at)),
    };
    let len = len.ok_or(PAST)?;
    let size = backlen_size(len);
    let back = buf.get(at + len..at + len + size).ok_or(PAST)?;
    let mut rest = len;
    for (index, &byte) in back.iter().enumerate().rev() {
        let expected = (rest & 0x7f) as u8 | if index > 0 { 0x80 } else { 0 };
        if byte != expected {
            return Err("an entry's two lengths differ");
        }
        rest >>= 7;
    }
    Ok(at + len + size)
}

#[cfg(test)]
mod tests;
