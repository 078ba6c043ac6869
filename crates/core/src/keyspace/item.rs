//! What a database's table stores: a key, a few bits about it, and its value.

use std::fmt;

use super::Value;
use super::table::Entry;

/// Longest key kept in place.
const INLINE: usize = 19;

/// Set if the key has a time to live.
const VOLATILE: u8 = 1 << 7;

/// Seconds of access times before they wrap: 24 bits, 194 days, as in Redis.
const CLOCK_MASK: u32 = (1 << 24) - 1;

/// A key with its value: 48 bytes, and nothing on the heap if both are short.
#[derive(Debug, Clone, Hash)]
pub(super) struct Item {
    key: Key,
    pub(super) value: Value,
}

const _: () = assert!(size_of::<Item>() == 48 && size_of::<Option<Item>>() == 48);

impl Item {
    pub(super) fn new(key: &[u8], value: Value, clock: u32) -> Self {
        let mut key = Key::new(key);
        key.set_clock(clock);
        Self { key, value }
    }

    /// Whether the database's deadlines have an entry for it.
    #[inline]
    pub(super) fn is_volatile(&self) -> bool {
        self.key.meta() & VOLATILE != 0
    }

    pub(super) fn set_volatile(&mut self, volatile: bool) {
        let meta = self.key.meta_mut();
        *meta = (*meta & !VOLATILE) | if volatile { VOLATILE } else { 0 };
    }

    /// Notes an access at this time, in seconds.
    #[inline]
    pub(super) fn touch(&mut self, clock: u32) {
        self.key.set_clock(clock);
    }

    /// Seconds from the last access to `clock`.
    pub(super) fn idle(&self, clock: u32) -> u32 {
        clock.wrapping_sub(u32::from_le_bytes(self.key.clock())) & CLOCK_MASK
    }
}

impl Entry for Item {
    #[inline]
    fn key(&self) -> &[u8] {
        self.key.bytes()
    }

    #[inline]
    fn warm(&self) -> usize {
        match &self.value {
            Value::Str(text) => text.bytes().first().map_or(0, |byte| usize::from(*byte)),
            _ => 0,
        }
    }
}

/// A key in 24 bytes, with an access time and a flag in what alignment would waste.
#[derive(Clone, Hash)]
enum Key {
    Inline { meta: u8, clock: [u8; 3], bytes: [u8; INLINE] },
    Heap { meta: u8, clock: [u8; 3], bytes: Box<[u8]> },
}

const _: () = assert!(size_of::<Key>() == 24);

impl Key {
    #[inline]
    fn new(key: &[u8]) -> Self {
        if key.len() > INLINE {
            return Self::Heap { meta: 0, clock: [0; 3], bytes: key.into() };
        }
        let mut bytes = [0; INLINE];
        bytes[..key.len()].copy_from_slice(key);
        Self::Inline { meta: key.len() as u8, clock: [0; 3], bytes }
    }

    #[inline]
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Inline { meta, bytes, .. } => &bytes[..usize::from(meta & !VOLATILE)],
            Self::Heap { bytes, .. } => bytes,
        }
    }

    #[inline]
    fn meta(&self) -> u8 {
        match self {
            Self::Inline { meta, .. } | Self::Heap { meta, .. } => *meta,
        }
    }

    fn meta_mut(&mut self) -> &mut u8 {
        match self {
            Self::Inline { meta, .. } | Self::Heap { meta, .. } => meta,
        }
    }

    /// The access time as a little-endian number of 24 bits.
    fn clock(&self) -> [u8; 4] {
        let (Self::Inline { clock, .. } | Self::Heap { clock, .. }) = self;
        [clock[0], clock[1], clock[2], 0]
    }

    #[inline]
    fn set_clock(&mut self, now: u32) {
        let [a, b, c, _] = now.to_le_bytes();
        let (Self::Inline { clock, .. } | Self::Heap { clock, .. }) = self;
        // An unneeded write would make the cache line dirty.
        if *clock != [a, b, c] {
            *clock = [a, b, c];
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.bytes().escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyspace::Str;

    #[test]
    fn keys_keep_bytes_flag_and_clock_apart() {
        for len in 0..40 {
            let key = vec![b'x'; len];
            let mut item = Item::new(&key, Value::Str(Str::new(b"v")), 0x0112_3456);
            item.set_volatile(true);
            assert_eq!((item.key(), item.is_volatile()), (&key[..], true));
            assert_eq!((item.idle(0x0112_3456), item.idle(0x0112_3460)), (0, 10));
            assert_eq!(item.idle(0x1_0000_0000_u64 as u32), 0xed_cbaa);
            item.set_volatile(false);
            assert_eq!((item.key(), item.is_volatile()), (&key[..], false));
        }
    }
}
