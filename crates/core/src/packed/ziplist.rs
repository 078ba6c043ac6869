//! Ziplist: what listpacks replaced in Redis 7.0. Read only.
//!
//! `<bytes u32><offset of the last entry u32><entries u16> entry* 0xff`, little-endian. An entry is
//! the length of the one before it (one byte, or 254 and four), an encoding, and data. 65535
//! entries mean "count them".

use super::{Elem, Listpack, PackedError, bytes_at, signed_le};

const HEADER: usize = 10;
const END: u8 = 0xff;
const COUNT_UNKNOWN: u16 = u16::MAX;

/// A valid ziplist, owned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ziplist(Vec<u8>);

impl Ziplist {
    /// Takes bytes from outside, after checking every entry of them.
    ///
    /// # Errors
    /// The header, an encoding, a length in either direction, the count or the end is wrong.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, PackedError> {
        validate(&bytes)?;
        Ok(Self(bytes))
    }

    /// How many entries it has; linear.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether it has no entry.
    pub fn is_empty(&self) -> bool {
        self.0.len() == HEADER + 1
    }

    /// The elements in order.
    pub fn iter(&self) -> ZiplistIter<'_> {
        ZiplistIter { buf: &self.0[..self.0.len() - 1], at: HEADER }
    }

    /// The same elements as a listpack.
    pub fn to_listpack(&self) -> Listpack {
        let mut list = Listpack::with_capacity(self.0.len());
        self.iter().for_each(|element| list.push_back(element));
        list
    }
}

/// The elements of a ziplist.
#[derive(Debug, Clone)]
pub struct ZiplistIter<'a> {
    /// Without the end mark.
    buf: &'a [u8],
    at: usize,
}

impl<'a> Iterator for ZiplistIter<'a> {
    type Item = Elem<'a>;

    fn next(&mut self) -> Option<Elem<'a>> {
        let entry = Entry::read(self.buf, self.at)?;
        self.at = entry.end;
        Some(entry.elem)
    }
}

impl<'a> IntoIterator for &'a Ziplist {
    type Item = Elem<'a>;
    type IntoIter = ZiplistIter<'a>;

    fn into_iter(self) -> ZiplistIter<'a> {
        self.iter()
    }
}

struct Entry<'a> {
    /// What the entry says of the length of the one before.
    previous: usize,
    elem: Elem<'a>,
    end: usize,
}

impl<'a> Entry<'a> {
    /// The entry at `at`; `None` if it passes the end or its encoding is unknown.
    fn read(buf: &'a [u8], at: usize) -> Option<Self> {
        let (previous, head_at) = match *buf.get(at)? {
            254 => (u32::from_le_bytes(bytes_at(buf, at + 1)?) as usize, at + 5),
            255 => return None,
            len => (usize::from(len), at + 1),
        };
        let head = *buf.get(head_at)?;
        let (data, len) = match head {
            0..=0x3f => (head_at + 1, usize::from(head)),
            0x40..=0x7f => {
                let [high, low] = bytes_at(buf, head_at)?;
                (head_at + 2, usize::from(high & 0x3f) << 8 | usize::from(low))
            }
            0x80..=0xbf => (head_at + 5, u32::from_be_bytes(bytes_at(buf, head_at + 1)?) as usize),
            _ => return Self::int(buf, head_at, previous),
        };
        let end = data.checked_add(len)?;
        Some(Self { previous, elem: Elem::Bytes(buf.get(data..end)?), end })
    }

    fn int(buf: &'a [u8], head_at: usize, previous: usize) -> Option<Self> {
        let head = buf[head_at];
        let width = match head {
            0xfe => 1,
            0xc0 => 2,
            0xf0 => 3,
            0xd0 => 4,
            0xe0 => 8,
            0xf1..=0xfd => {
                let elem = Elem::Int(i64::from(head & 0x0f) - 1);
                return Some(Self { previous, elem, end: head_at + 1 });
            }
            _ => return None,
        };
        let end = head_at + 1 + width;
        let elem = Elem::Int(signed_le(buf.get(head_at + 1..end)?));
        Some(Self { previous, elem, end })
    }
}

fn validate(buf: &[u8]) -> Result<(), PackedError> {
    let error = |offset, what| PackedError { structure: "ziplist", offset, what };
    if buf.len() < HEADER + 1 {
        return Err(error(0, "shorter than its header"));
    }
    if u32::from_le_bytes([buf[0], buf[1], buf[2], buf[3]]) as usize != buf.len() {
        return Err(error(0, "the size in the header is not its size"));
    }
    let end = buf.len() - 1;
    if buf[end] != END {
        return Err(error(end, "no end mark"));
    }
    let (mut at, mut last, mut previous, mut count) = (HEADER, HEADER, 0, 0u64);
    while at < end {
        let entry = Entry::read(&buf[..end], at)
            .ok_or(error(at, "an entry passes the end or has an unknown encoding"))?;
        if entry.previous != previous {
            return Err(error(at, "an entry is wrong about the length of the one before"));
        }
        (last, previous, at) = (at, entry.end - at, entry.end);
        count += 1;
    }
    if u32::from_le_bytes([buf[4], buf[5], buf[6], buf[7]]) as usize != last {
        return Err(error(4, "the header is wrong about the last entry"));
    }
    let header = u16::from_le_bytes([buf[8], buf[9]]);
    if header != COUNT_UNKNOWN && u64::from(header) != count {
        return Err(error(8, "the count in the header is not its count"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A ziplist of entries that are given without the length of the one before.
    fn ziplist(entries: &[&[u8]]) -> Vec<u8> {
        let mut body = Vec::new();
        let (mut previous, mut last) = (0, HEADER);
        for entry in entries {
            last = HEADER + body.len();
            if previous < 254 {
                body.push(previous as u8);
            } else {
                body.push(254);
                body.extend_from_slice(&(previous as u32).to_le_bytes());
            }
            body.extend_from_slice(entry);
            previous = HEADER + body.len() - last;
        }
        let mut out = ((HEADER + body.len() + 1) as u32).to_le_bytes().to_vec();
        out.extend_from_slice(&(last as u32).to_le_bytes());
        out.extend_from_slice(&(entries.len() as u16).to_le_bytes());
        out.extend_from_slice(&body);
        out.push(END);
        out
    }

    fn sample() -> Vec<u8> {
        let mut medium = vec![0x41, 0x00];
        medium.extend_from_slice(&[b'm'; 256]);
        let mut long = vec![0x80, 0, 0, 0, 3];
        long.extend_from_slice(b"xyz");
        ziplist(&[
            b"\x03abc",
            &medium,
            &long,
            &[0xf1],
            &[0xfd],
            &[0xfe, 0x80],
            &[0xc0, 0xfe, 0xff],
            &[0xf0, 0, 0, 0x80],
            &[0xd0, 0, 0, 0, 0x80],
            &[0xe0, 0, 0, 0, 0, 0, 0, 0, 0x80],
        ])
    }

    #[test]
    fn every_encoding_is_read() {
        let list = Ziplist::from_bytes(sample()).unwrap();
        let medium = [b'm'; 256];
        let expected = [
            Elem::Bytes(b"abc"),
            Elem::Bytes(&medium),
            Elem::Bytes(b"xyz"),
            Elem::Int(0),
            Elem::Int(12),
            Elem::Int(-128),
            Elem::Int(-2),
            Elem::Int(-0x80_0000),
            Elem::Int(i64::from(i32::MIN)),
            Elem::Int(i64::MIN),
        ];
        assert!(list.iter().eq(expected));
        assert!(list.to_listpack().iter().eq(expected));
        assert_eq!(list.len(), 10);
        assert!(Ziplist::from_bytes(ziplist(&[])).unwrap().is_empty());
    }

    #[test]
    fn lies_are_found() {
        let good = sample();
        for len in 0..good.len() {
            assert!(Ziplist::from_bytes(good[..len].to_vec()).is_err(), "cut to {len}");
        }
        for (entry, what) in [
            (&b"\x05abc"[..], "an entry passes the end or has an unknown encoding"),
            (b"\xff", "an entry passes the end or has an unknown encoding"),
            (b"\xc1\x00\x00", "an entry passes the end or has an unknown encoding"),
            (b"\x80\xff\xff\xff\xff", "an entry passes the end or has an unknown encoding"),
        ] {
            assert_eq!(Ziplist::from_bytes(ziplist(&[entry])).unwrap_err().what, what);
        }
        for (at, what) in [
            (4, "the header is wrong about the last entry"),
            (8, "the count in the header is not its count"),
            (HEADER, "an entry is wrong about the length of the one before"),
        ] {
            let mut bad = good.clone();
            bad[at] ^= 1;
            assert_eq!(Ziplist::from_bytes(bad).unwrap_err().what, what);
        }
    }
}
