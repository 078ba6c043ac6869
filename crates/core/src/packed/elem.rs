//! Elements of packed structures: integers and strings.

use crate::num::double;
use crate::num::{IntBuf, parse_i64};

/// An element, borrowed from the structure that holds it.
///
/// As a value it is always a byte string: `Int(12)` and `Bytes(b"12")` are equal.
#[derive(Debug, Clone, Copy)]
pub enum Elem<'a> {
    /// An integer, which stands for its decimal digits.
    Int(i64),
    /// A string.
    Bytes(&'a [u8]),
}

impl<'a> Elem<'a> {
    /// Whether the element's bytes are `other`.
    pub fn eq_bytes(&self, other: &[u8]) -> bool {
        match *self {
            Self::Bytes(bytes) => bytes == other,
            Self::Int(value) => parse_i64(other) == Some(value),
        }
    }

    /// The element's bytes; `digits` gives room for those of an integer.
    pub fn as_bytes<'b>(&self, digits: &'b mut IntBuf) -> &'b [u8]
    where
        'a: 'b,
    {
        match *self {
            Self::Bytes(bytes) => bytes,
            Self::Int(value) => digits.format(value),
        }
    }

    /// The element's bytes, owned.
    pub fn to_vec(&self) -> Vec<u8> {
        self.as_bytes(&mut IntBuf::new()).to_vec()
    }

    /// Appends the element's bytes.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes(&mut IntBuf::new()));
    }

    /// How many bytes the element has as a string.
    pub fn byte_len(&self) -> usize {
        self.as_bytes(&mut IntBuf::new()).len()
    }

    /// The element as an integer, if it is one in canonical form.
    pub fn as_i64(&self) -> Option<i64> {
        match *self {
            Self::Int(value) => Some(value),
            Self::Bytes(bytes) => parse_i64(bytes),
        }
    }

    /// The element as a double, if it is the text of one (`inf`, `-inf` and `nan` included).
    pub fn as_f64(&self) -> Option<f64> {
        match *self {
            Self::Int(value) => Some(value as f64),
            Self::Bytes(bytes) => double::parse(bytes),
        }
    }
}

impl PartialEq for Elem<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (*self, *other) {
            (Self::Int(a), Self::Int(b)) => a == b,
            (_, Self::Bytes(b)) => self.eq_bytes(b),
            (Self::Bytes(a), _) => other.eq_bytes(a),
        }
    }
}

impl Eq for Elem<'_> {}

/// The form Redis stores these bytes in: an integer if they are one in canonical form.
impl<'a> From<&'a [u8]> for Elem<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        parse_i64(bytes).map_or(Self::Bytes(bytes), Self::Int)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Elem<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        Self::from(bytes.as_slice())
    }
}

impl<'a> From<&'a Vec<u8>> for Elem<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        Self::from(bytes.as_slice())
    }
}

impl From<i64> for Elem<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_canonical_integers_are_integers() {
        for text in ["0", "1", "-1", "10", "9223372036854775807", "-9223372036854775808"] {
            assert_eq!(parse_i64(text.as_bytes()), Some(text.parse().unwrap()), "{text}");
        }
        for text in [
            "",
            "-",
            "-0",
            "00",
            "01",
            "-01",
            "+1",
            " 1",
            "1 ",
            "1a",
            "a",
            "1.0",
            "9223372036854775808",
            "-9223372036854775809",
            "18446744073709551616",
            "99999999999999999999",
            "-",
        ] {
            assert_eq!(parse_i64(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn integers_and_their_digits_are_equal() {
        assert_eq!(Elem::Int(12), Elem::Bytes(b"12"));
        assert_eq!(Elem::Bytes(b"-3"), Elem::Int(-3));
        assert_ne!(Elem::Bytes(b"012"), Elem::Int(12));
        assert_eq!(Elem::from(b"x"), Elem::Bytes(b"x"));
        assert!(matches!(Elem::from(b"77"), Elem::Int(77)));
        assert_eq!(Elem::Bytes(b"-inf").as_f64(), Some(f64::NEG_INFINITY));
        assert_eq!(Elem::Int(-120).byte_len(), 4);
    }

    proptest! {
        #[test]
        fn every_integer_round_trips(value: i64) {
            prop_assert_eq!(parse_i64(IntBuf::new().format(value)), Some(value));
        }
    }
}
