//! Zipmap: how Redis up to 2.4 packed small hashes. Read only.
//!
//! `<pairs u8> (<len><field><len><free u8><value><free bytes>)* 0xff`. A length is one byte up to
//! 253, or 254 and four little-endian bytes. 254 pairs or more mean "count them".

use super::{Listpack, PackedError, bytes_at};

const END: u8 = 0xff;
const BIG: u8 = 254;

/// A valid zipmap, owned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zipmap(Vec<u8>);

impl Zipmap {
    /// Takes bytes from outside, after checking every pair of them.
    ///
    /// # Errors
    /// A length passes the end, the count is wrong, or the end mark is not at the end.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, PackedError> {
        let error = |offset, what| PackedError { structure: "zipmap", offset, what };
        let [pairs, .., END] = bytes[..] else {
            return Err(error(0, "shorter than its header, or no end mark"));
        };
        let end = bytes.len() - 1;
        let (mut at, mut count) = (1, 0u64);
        while at < end {
            (_, at) = pair(&bytes[..end], at).ok_or(error(at, "a pair passes the end"))?;
            count += 1;
        }
        if pairs < BIG && u64::from(pairs) != count {
            return Err(error(0, "the count in the header is not its count"));
        }
        Ok(Self(bytes))
    }

    /// The pairs of field and value, in order.
    pub fn iter(&self) -> ZipmapIter<'_> {
        ZipmapIter { buf: &self.0[..self.0.len() - 1], at: 1 }
    }

    /// Whether it has no pair.
    pub fn is_empty(&self) -> bool {
        self.0.len() == 2
    }

    /// Fields and values in turn, as a listpack.
    pub fn to_listpack(&self) -> Listpack {
        let mut list = Listpack::with_capacity(self.0.len() + 8);
        for (field, value) in self.iter() {
            list.push_back(field);
            list.push_back(value);
        }
        list
    }
}

/// The pairs of a zipmap.
#[derive(Debug, Clone)]
pub struct ZipmapIter<'a> {
    /// Without the end mark.
    buf: &'a [u8],
    at: usize,
}

impl<'a> Iterator for ZipmapIter<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (found, end) = pair(self.buf, self.at)?;
        self.at = end;
        Some(found)
    }
}

/// A field and its value.
type Pair<'a> = (&'a [u8], &'a [u8]);

/// The pair at `at` and the offset after it.
fn pair(buf: &[u8], at: usize) -> Option<(Pair<'_>, usize)> {
    let (len, at) = length(buf, at)?;
    let field = buf.get(at..at.checked_add(len)?)?;
    let (len, at) = length(buf, at + len)?;
    let free = usize::from(*buf.get(at)?);
    let value = buf.get(at + 1..(at + 1).checked_add(len)?)?;
    let end = at + 1 + len + free;
    (end <= buf.len()).then_some(((field, value), end))
}

fn length(buf: &[u8], at: usize) -> Option<(usize, usize)> {
    match *buf.get(at)? {
        END => None,
        BIG => Some((u32::from_le_bytes(bytes_at(buf, at + 1)?) as usize, at + 5)),
        len => Some((usize::from(len), at + 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &[u8] = b"\x02\x03foo\x03\x02barXX\x05hello\xfe\x05\0\0\0\0world\xff";

    #[test]
    fn pairs_are_read_and_free_bytes_passed_over() {
        let map = Zipmap::from_bytes(SAMPLE.to_vec()).unwrap();
        let pairs: Vec<_> = map.iter().collect();
        assert_eq!(pairs, [(&b"foo"[..], &b"bar"[..]), (b"hello", b"world")]);
        assert_eq!(map.to_listpack().len(), 4);
        assert!(Zipmap::from_bytes(vec![0, END]).unwrap().is_empty());
    }

    #[test]
    fn lies_are_found() {
        for len in 0..SAMPLE.len() {
            assert!(Zipmap::from_bytes(SAMPLE[..len].to_vec()).is_err(), "cut to {len}");
        }
        for (at, value) in [(0, 3), (1, 200), (5, 200), (6, 3), (18, 0xff)] {
            let mut bad = SAMPLE.to_vec();
            bad[at] = value;
            assert!(Zipmap::from_bytes(bad).is_err(), "byte {at} changed to {value}");
        }
    }
}
