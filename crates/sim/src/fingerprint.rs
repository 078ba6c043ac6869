//! A hash over states: fast, and the same everywhere.

use std::hash::Hasher;

/// An odd number with bits all over: the golden ratio.
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

/// A hasher whose result depends on nothing but what it is given: not on the process, and, since
/// every integer counts as 64 bits in a fixed order, not on the machine.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct StateHasher(u64);

impl StateHasher {
    /// Not inlined: a state has a thousand places that call it.
    #[inline(never)]
    fn add(&mut self, word: u64) {
        let mixed = (self.0 ^ word).wrapping_mul(FACTOR);
        self.0 = (mixed ^ mixed >> 32).wrapping_add(FACTOR);
    }
}

impl Hasher for StateHasher {
    fn finish(&self) -> u64 {
        let mut last = *self;
        last.add(0);
        last.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.add(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, value: u8) {
        self.add(value.into());
    }

    fn write_u16(&mut self, value: u16) {
        self.add(value.into());
    }

    fn write_u32(&mut self, value: u32) {
        self.add(value.into());
    }

    fn write_u64(&mut self, value: u64) {
        self.add(value);
    }

    fn write_usize(&mut self, value: usize) {
        self.add(value as u64);
    }

    fn write_isize(&mut self, value: isize) {
        self.add(value as u64);
    }
}

/// A hasher that keeps what it is given.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl Hasher for Bytes {
    fn finish(&self) -> u64 {
        self.0.len() as u64
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests {
    use std::hash::Hash;

    use super::*;

    fn hash(value: impl Hash) -> u64 {
        let mut hasher = StateHasher::default();
        value.hash(&mut hasher);
        hasher.finish()
    }

    #[test]
    fn values_are_told_apart_by_place_and_length() {
        let mut seen = vec![
            hash(0_u8),
            hash((0_u8, 0_u8)),
            hash((1_u8, 0_u8)),
            hash((0_u8, 1_u8)),
            hash(b"a"),
            hash([b"a".to_vec(), b"bc".to_vec()]),
            hash([b"ab".to_vec(), b"c".to_vec()]),
            hash("12345678"),
            hash("123456789"),
        ];
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 9);
    }

    #[test]
    fn the_hash_is_the_same_in_every_process() {
        assert_eq!(hash((7_usize, "offset", Some(-1_i64))), 0x50ef_baaa_cee9_00dd);
    }
}
