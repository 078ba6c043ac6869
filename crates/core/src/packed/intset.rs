//! Intset: a sorted array of distinct integers of one width.
//!
//! `<width u32: 2, 4 or 8><length u32> integer*`, little-endian, ascending. The width only grows.

use super::PackedError;

const HEADER: usize = 8;

/// A valid intset, owned.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Intset(Vec<u8>);

impl Default for Intset {
    fn default() -> Self {
        Self::new()
    }
}

impl Intset {
    /// An empty intset.
    pub fn new() -> Self {
        Self(vec![2, 0, 0, 0, 0, 0, 0, 0])
    }

    /// Takes bytes from outside, after checking them.
    ///
    /// # Errors
    /// The width is unknown, the length is not that of the bytes, or the integers do not ascend.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, PackedError> {
        let error = |offset, what| PackedError { structure: "intset", offset, what };
        if bytes.len() < HEADER {
            return Err(error(0, "shorter than its header"));
        }
        let set = Self(bytes);
        let width = u32::from_le_bytes([set.0[0], set.0[1], set.0[2], set.0[3]]);
        if ![2, 4, 8].contains(&width) {
            return Err(error(0, "unknown width"));
        }
        if set.len() as u64 * u64::from(width) != (set.0.len() - HEADER) as u64 {
            return Err(error(4, "the length in the header is not its length"));
        }
        let unsorted = set.iter().zip(set.iter().skip(1)).position(|(a, b)| a >= b);
        if let Some(index) = unsorted {
            return Err(error(HEADER + (index + 1) * set.width(), "integers do not ascend"));
        }
        Ok(set)
    }

    /// The bytes, as in an RDB file.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// How many bytes it takes.
    pub fn byte_len(&self) -> usize {
        self.0.len()
    }

    /// How many bytes are allocated for it.
    pub fn capacity(&self) -> usize {
        self.0.capacity()
    }

    /// How many integers it holds.
    pub fn len(&self) -> usize {
        u32::from_le_bytes([self.0[4], self.0[5], self.0[6], self.0[7]]) as usize
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The integer at `index` in ascending order.
    pub fn get(&self, index: usize) -> Option<i64> {
        (index < self.len()).then(|| self.at(index, self.width()))
    }

    /// Whether it holds `value`.
    pub fn contains(&self, value: i64) -> bool {
        width_of(value) <= self.width() && self.search(value).is_ok()
    }

    /// Adds an integer; false if it was there.
    pub fn insert(&mut self, value: i64) -> bool {
        let width = width_of(value);
        if width > self.width() {
            self.widen(width);
        }
        let Err(index) = self.search(value) else { return false };
        let (width, old) = (self.width(), self.0.len());
        self.0.resize(old + width, 0);
        let at = HEADER + index * width;
        self.0.copy_within(at..old, at + width);
        self.0[at..at + width].copy_from_slice(&value.to_le_bytes()[..width]);
        self.write_len(self.len() + 1);
        true
    }

    /// Takes an integer out; false if it was not there. The width stays, as in Redis.
    pub fn remove(&mut self, value: i64) -> bool {
        if width_of(value) > self.width() {
            return false;
        }
        let Ok(index) = self.search(value) else { return false };
        let at = HEADER + index * self.width();
        self.0.drain(at..at + self.width());
        self.write_len(self.len() - 1);
        true
    }

    /// The integers in ascending order.
    pub fn iter(&self) -> IntsetIter<'_> {
        IntsetIter { set: self, front: 0, back: self.len() }
    }

    fn width(&self) -> usize {
        usize::from(self.0[0])
    }

    fn at(&self, index: usize, width: usize) -> i64 {
        let start = HEADER + index * width;
        super::signed_le(&self.0[start..start + width])
    }

    fn search(&self, value: i64) -> Result<usize, usize> {
        let (width, mut low, mut high) = (self.width(), 0, self.len());
        // Sets often grow at their end.
        if high > 0 && self.at(high - 1, width) < value {
            return Err(high);
        }
        while low < high {
            let middle = low + (high - low) / 2;
            match self.at(middle, width).cmp(&value) {
                std::cmp::Ordering::Equal => return Ok(middle),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        Err(low)
    }

    fn widen(&mut self, width: usize) {
        let mut wide = Vec::with_capacity(HEADER + (self.len() + 1) * width);
        wide.extend_from_slice(&[width as u8, 0, 0, 0]);
        wide.extend_from_slice(&self.0[4..HEADER]);
        for value in self.iter() {
            wide.extend_from_slice(&value.to_le_bytes()[..width]);
        }
        self.0 = wide;
    }

    fn write_len(&mut self, len: usize) {
        self.0[4..HEADER].copy_from_slice(&(len as u32).to_le_bytes());
    }
}

fn width_of(value: i64) -> usize {
    if i16::try_from(value).is_ok() {
        2
    } else if i32::try_from(value).is_ok() {
        4
    } else {
        8
    }
}

/// The integers of an intset.
#[derive(Debug, Clone)]
pub struct IntsetIter<'a> {
    set: &'a Intset,
    front: usize,
    back: usize,
}

impl Iterator for IntsetIter<'_> {
    type Item = i64;

    fn next(&mut self) -> Option<i64> {
        (self.front < self.back).then(|| {
            self.front += 1;
            self.set.at(self.front - 1, self.set.width())
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.back - self.front, Some(self.back - self.front))
    }
}

impl DoubleEndedIterator for IntsetIter<'_> {
    fn next_back(&mut self) -> Option<i64> {
        (self.front < self.back).then(|| {
            self.back -= 1;
            self.set.at(self.back, self.set.width())
        })
    }
}

impl ExactSizeIterator for IntsetIter<'_> {}

impl<'a> IntoIterator for &'a Intset {
    type Item = i64;
    type IntoIter = IntsetIter<'a>;

    fn into_iter(self) -> IntsetIter<'a> {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn widths_grow_and_stay() {
        let mut set = Intset::new();
        assert!(set.insert(-1) && set.insert(300) && !set.insert(300));
        assert_eq!(set.as_bytes(), [2, 0, 0, 0, 2, 0, 0, 0, 0xff, 0xff, 0x2c, 0x01]);
        assert!(set.insert(40_000));
        assert_eq!((set.byte_len(), set.get(2), set.get(3)), (8 + 12, Some(40_000), None));
        assert!(set.insert(i64::MIN));
        assert_eq!(set.iter().collect::<Vec<_>>(), [i64::MIN, -1, 300, 40_000]);
        assert!(set.remove(i64::MIN) && !set.remove(i64::MAX));
        assert_eq!(set.as_bytes()[0], 8);
        assert_eq!(set.iter().rev().collect::<Vec<_>>(), [40_000, 300, -1]);
    }

    #[test]
    fn bytes_from_outside_are_checked() {
        let good = [2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 2, 0];
        assert_eq!(Intset::from_bytes(good.to_vec()).unwrap().len(), 2);
        for (at, value, what) in [
            (0, 3, "unknown width"),
            (1, 1, "unknown width"),
            (4, 1, "the length in the header is not its length"),
            (7, 0xff, "the length in the header is not its length"),
            (8, 2, "integers do not ascend"),
            (9, 0x7f, "integers do not ascend"),
        ] {
            let mut bad = good.to_vec();
            bad[at] = value;
            assert_eq!(Intset::from_bytes(bad).unwrap_err().what, what);
        }
        for len in 0..good.len() {
            assert!(Intset::from_bytes(good[..len].to_vec()).is_err());
        }
    }

    proptest! {
        #[test]
        fn behaves_as_a_set(values in prop::collection::vec(
            (any::<bool>(), prop_oneof![-9i64..9, -70_000i64..70_000, any::<i64>()]), 0..60,
        )) {
            let (mut set, mut model) = (Intset::new(), BTreeSet::new());
            for (insert, value) in values {
                if insert {
                    prop_assert_eq!(set.insert(value), model.insert(value));
                } else {
                    prop_assert_eq!(set.remove(value), model.remove(&value));
                }
                prop_assert_eq!(set.contains(value), model.contains(&value));
            }
            prop_assert!(set.iter().eq(model.iter().copied()));
            prop_assert_eq!(Intset::from_bytes(set.as_bytes().to_vec()).unwrap(), set);
        }
    }
}
