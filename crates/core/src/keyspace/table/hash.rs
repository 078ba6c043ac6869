//! Keyed hashing of short byte strings, the same on every platform.

/// A keyed hash function. Two of the same seed agree, on 32 and 64 bits alike.
///
/// It folds 128-bit products as wyhash and foldhash do. It is not for secrets: the seed keeps
/// clients from choosing keys that collide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hasher {
    first: u64,
    second: u64,
    last: u64,
}

impl Hasher {
    /// A hash function decided by `seed`.
    pub fn new(seed: u64) -> Self {
        let mut rng = crate::rng::Rng::new(seed ^ 0x9216_d5d9_8979_fb1b);
        // An odd multiplier never folds everything to zero.
        Self { first: rng.next_u64(), second: rng.next_u64(), last: rng.next_u64() | 1 }
    }

    /// Gives every key the same hash.
    #[cfg(test)]
    pub(super) fn constant() -> Self {
        Self { first: 0, second: 0, last: 0 }
    }

    /// The hash of `key`.
    #[inline]
    pub fn hash(&self, key: &[u8]) -> u64 {
        let len = key.len();
        let (a, b) = if len > 16 {
            return self.long(key);
        } else if len >= 8 {
            (u64_at(key, 0), u64_at(key, len - 8))
        } else if len >= 4 {
            (u32_at(key, 0), u32_at(key, len - 4))
        } else if len > 0 {
            let middle = u64::from(key[len / 2]) << 8 | u64::from(key[len - 1]);
            (u64::from(key[0]), middle)
        } else {
            (0, 0)
        };
        self.finish(fold(a ^ self.first, b ^ self.second), len)
    }

    fn long(&self, key: &[u8]) -> u64 {
        let len = key.len();
        let mut state = self.first;
        for block in key[..len - 1].chunks_exact(16) {
            state = fold(u64_at(block, 0) ^ state, u64_at(block, 8) ^ self.second);
        }
        let tail = fold(u64_at(key, len - 16) ^ state, u64_at(key, len - 8) ^ self.second);
        self.finish(tail, len)
    }

    #[inline]
    fn finish(&self, state: u64, len: usize) -> u64 {
        fold(state ^ len as u64, self.last)
    }
}

#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

#[inline]
fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

#[inline]
fn u32_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_same_everywhere() {
        let hasher = Hasher::new(1);
        let text = b"abcdefghijklmnopqrstuvwxyz0123456789";
        let sum = (0..=text.len())
            .fold(0_u64, |sum, n| sum.rotate_left(9).wrapping_add(hasher.hash(&text[..n])));
        assert_eq!(sum, 292_588_179_491_243_385);
    }

    #[test]
    fn every_bit_of_the_hash_is_used_evenly() {
        let hasher = Hasher::new(3);
        let mut ones = [0_u32; 64];
        for n in 0..4096 {
            let hash = hasher.hash(format!("key:{n:012}").as_bytes());
            for (bit, count) in ones.iter_mut().enumerate() {
                *count += (hash >> bit) as u32 & 1;
            }
        }
        assert!(ones.iter().all(|n| (1_850..2_250).contains(n)), "{ones:?}");
    }
}
