//! Strings.

use std::fmt;

use crate::keyspace::size::VEC_BYTES;
use crate::num::parse_i64;
use crate::resp::reply::IntBuf;

/// Longest string kept in place.
const INLINE: usize = 22;

/// Longest string that Redis stores in one allocation with its header (`embstr`).
const EMBSTR_MAX: usize = 44;

/// A string value of 24 bytes. Up to 22 bytes, so every integer, lie in place; what grows
/// (`APPEND`, `SETRANGE`, `SETBIT`) has a buffer with room to spare.
#[derive(Clone, Hash)]
#[expect(
    clippy::derived_hash_with_manual_eq,
    reason = "the hash is one of states, in which equal bytes in two encodings are two things"
)]
pub struct Str(pub(super) Repr);

/// Public to the keyspace alone, so that the enum of values can use what is free in its tag.
#[derive(Clone, Hash)]
pub(super) enum Repr {
    /// Bytes in place, which Redis would store as an integer if they are one.
    Short { len: u8, bytes: [u8; INLINE] },
    /// Bytes in place that are a string to Redis even if they look like an integer.
    Text { len: u8, bytes: [u8; INLINE] },
    /// Longer bytes, exactly as large as needed.
    Heap(Box<[u8]>),
    /// Bytes that were changed in place.
    #[allow(clippy::box_collection)] // a vector would make every value larger
    Grown(Box<Vec<u8>>),
}

impl Str {
    /// A copy of `bytes` as a client's value: a canonical integer counts as one.
    #[inline]
    pub fn new(bytes: &[u8]) -> Self {
        if bytes.len() > INLINE {
            return Self(Repr::Heap(bytes.into()));
        }
        let (len, bytes) = inline(bytes);
        Self(Repr::Short { len, bytes })
    }

    /// A copy of `bytes` that `OBJECT ENCODING` calls a string even if it is a number, as the
    /// result of `INCRBYFLOAT` is.
    pub fn text(bytes: &[u8]) -> Self {
        if bytes.len() > INLINE {
            return Self(Repr::Heap(bytes.into()));
        }
        let (len, bytes) = inline(bytes);
        Self(Repr::Text { len, bytes })
    }

    /// An integer.
    pub fn from_int(value: i64) -> Self {
        Self::new(IntBuf::new().format(value))
    }

    /// A string of its own buffer, `raw` to Redis.
    pub fn raw(bytes: Vec<u8>) -> Self {
        Self(Repr::Grown(Box::new(bytes)))
    }

    /// The bytes.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        match &self.0 {
            Repr::Short { len, bytes } | Repr::Text { len, bytes } => &bytes[..usize::from(*len)],
            Repr::Heap(bytes) => bytes,
            Repr::Grown(bytes) => bytes,
        }
    }

    /// How many bytes.
    pub fn len(&self) -> usize {
        self.bytes().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value as an integer, if it is one in canonical form.
    pub fn as_int(&self) -> Option<i64> {
        parse_i64(self.bytes())
    }

    /// Replaces the value by a client's, in place if it fits.
    #[inline]
    pub fn set(&mut self, value: &[u8]) {
        match &mut self.0 {
            Repr::Heap(old) if old.len() == value.len() => old.copy_from_slice(value),
            _ => *self = Self::new(value),
        }
    }

    /// Replaces the value by an integer.
    #[inline]
    pub fn set_int(&mut self, value: i64) {
        *self = Self::from_int(value);
    }

    /// The bytes to be changed in place. From then on the string is `raw`.
    pub fn make_mut(&mut self) -> &mut Vec<u8> {
        if !matches!(self.0, Repr::Grown(_)) {
            *self = Self::raw(self.bytes().to_vec());
        }
        match &mut self.0 {
            Repr::Grown(bytes) => bytes,
            _ => unreachable!("it has just been made a buffer"),
        }
    }

    /// What `OBJECT ENCODING` says: `int`, `embstr` or `raw`.
    pub fn encoding(&self) -> &'static str {
        match &self.0 {
            Repr::Short { .. } if self.as_int().is_some() => "int",
            Repr::Short { .. } | Repr::Text { .. } => "embstr",
            Repr::Heap(bytes) if bytes.len() <= EMBSTR_MAX => "embstr",
            Repr::Heap(_) | Repr::Grown(_) => "raw",
        }
    }

    /// Bytes on the heap.
    pub fn heap_memory(&self) -> usize {
        match &self.0 {
            Repr::Short { .. } | Repr::Text { .. } => 0,
            Repr::Heap(bytes) => bytes.len(),
            Repr::Grown(bytes) => VEC_BYTES + bytes.capacity(),
        }
    }
}

fn inline(bytes: &[u8]) -> (u8, [u8; INLINE]) {
    let mut inline = [0; INLINE];
    inline[..bytes.len()].copy_from_slice(bytes);
    (bytes.len() as u8, inline)
}

impl PartialEq for Str {
    fn eq(&self, other: &Self) -> bool {
        self.bytes() == other.bytes()
    }
}

impl Eq for Str {}

impl fmt::Debug for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.bytes().escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_redis_s() {
        for (value, encoding) in [
            ("12", "int"),
            ("-9223372036854775808", "int"),
            ("9223372036854775808", "embstr"),
            ("012", "embstr"),
            ("", "embstr"),
            ("exactly twenty-two byt", "embstr"),
            ("forty-four bytes are what an embstr can hold", "embstr"),
            ("forty-five bytes are more than embstr can hold", "raw"),
        ] {
            assert_eq!(Str::new(value.as_bytes()).encoding(), encoding, "{value}");
        }
        assert_eq!(Str::text(b"12").encoding(), "embstr");
        let mut grown = Str::new(b"12");
        grown.make_mut().push(b'3');
        assert_eq!((grown.encoding(), grown.as_int()), ("raw", Some(123)));
    }

    #[test]
    fn setting_keeps_the_allocation_of_the_same_size() {
        let mut value = Str::new(&[b'a'; 30]);
        let before = value.bytes().as_ptr();
        value.set(&[b'b'; 30]);
        assert_eq!((value.bytes().as_ptr(), value.bytes()), (before, &[b'b'; 30][..]));
        value.set(b"short");
        assert_eq!((value.bytes(), value.heap_memory()), (&b"short"[..], 0));
    }
}
