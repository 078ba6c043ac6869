//! One cache line of the index.

/// Entries a bucket can name.
pub(super) const SLOTS: usize = 12;

const OVERFLOW: u32 = 1 << 31;

/// Twelve tags (one byte of the hash, 0 for a free slot), twelve ids, and a version for snapshots:
/// 64 bytes, so that a lookup among millions of keys misses the cache once here.
#[derive(Debug, Clone, Hash)]
#[repr(C, align(64))]
pub(super) struct Bucket {
    tags: [u8; SLOTS],
    /// The version, and in the top bit whether an entry of this bucket lies in the stash.
    state: u32,
    ids: [u32; SLOTS],
}

const _: () = assert!(size_of::<Bucket>() == 64);

/// The tag of a hash; never 0.
#[inline]
pub(super) fn tag_of(hash: u64) -> u8 {
    (hash as u8).max(1)
}

impl Bucket {
    pub(super) fn new(version: u32) -> Self {
        Self { tags: [0; SLOTS], state: version, ids: [0; SLOTS] }
    }

    /// Slots whose tag is `tag`, lowest first.
    #[inline]
    pub(super) fn matches(&self, tag: u8) -> Matches {
        let low = u64::from_le_bytes(self.tags[..8].try_into().expect("eight tags"));
        let high = u32::from_le_bytes(self.tags[8..].try_into().expect("four tags"));
        let low = zero_bytes(low ^ (u64::from(tag) * LOW_BITS));
        let high = zero_bytes((u64::from(high) | !0xffff_ffff) ^ (u64::from(tag) * 0x0101_0101));
        Matches(u128::from(low) | u128::from(high & 0xffff_ffff) << 64)
    }

    #[inline]
    pub(super) fn id(&self, slot: usize) -> u32 {
        self.ids[slot]
    }

    pub(super) fn put(&mut self, slot: usize, tag: u8, id: u32) {
        self.tags[slot] = tag;
        self.ids[slot] = id;
    }

    pub(super) fn clear(&mut self, slot: usize) {
        self.tags[slot] = 0;
    }

    /// Ids and tags in use.
    pub(super) fn used(&self) -> impl Iterator<Item = (u32, u8)> + '_ {
        self.ids.iter().copied().zip(self.tags).filter(|(_, tag)| *tag != 0)
    }

    pub(super) fn version(&self) -> u32 {
        self.state & !OVERFLOW
    }

    pub(super) fn set_version(&mut self, version: u32) {
        self.state = (self.state & OVERFLOW) | (version & !OVERFLOW);
    }

    pub(super) fn overflows(&self) -> bool {
        self.state & OVERFLOW != 0
    }

    pub(super) fn set_overflows(&mut self, overflows: bool) {
        self.state = (self.state & !OVERFLOW) | if overflows { OVERFLOW } else { 0 };
    }
}

const LOW_BITS: u64 = 0x0101_0101_0101_0101;
const LOW_SEVEN: u64 = 0x7f7f_7f7f_7f7f_7f7f;

/// 0x80 in every byte of `x` that is zero, 0 in the others.
#[inline]
fn zero_bytes(x: u64) -> u64 {
    !(((x & LOW_SEVEN) + LOW_SEVEN) | x | LOW_SEVEN)
}

/// Slots found by [`Bucket::matches`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Matches(u128);

impl Iterator for Matches {
    type Item = usize;
    #[inline]
    fn next(&mut self) -> Option<usize> {
        if self.0 == 0 {
            return None;
        }
        let slot = self.0.trailing_zeros() as usize / 8;
        self.0 &= self.0 - 1;
        Some(slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_are_exact_for_every_tag_and_slot() {
        let mut bucket = Bucket::new(5);
        for slot in 0..SLOTS {
            for tag in 1..=255_u8 {
                bucket.put(slot, tag, 7);
                for probe in 0..=255_u8 {
                    let expected: Vec<usize> =
                        (0..SLOTS).filter(|s| bucket.tags[*s] == probe).collect();
                    if probe.abs_diff(tag) < 3 || probe < 3 {
                        assert_eq!(bucket.matches(probe).collect::<Vec<_>>(), expected);
                    }
                }
            }
            bucket.put(slot, slot as u8 % 3 + 1, 7);
        }
    }

    #[test]
    fn version_and_overflow_do_not_mix() {
        let mut bucket = Bucket::new(0);
        bucket.set_overflows(true);
        bucket.set_version(12);
        assert_eq!((bucket.version(), bucket.overflows()), (12, true));
        bucket.set_overflows(false);
        assert_eq!((bucket.version(), bucket.overflows()), (12, false));
    }
}
